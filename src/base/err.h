/* Errors: a code for the caller, a text for the operator.
 *
 * Codes are named after what the caller does next. They are negative; 0 is success. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum {
	ERR_RETRY = -1,    /* a passing failure: try again later */
	ERR_LIMITED = -2,  /* told to wait: wait as told */
	ERR_DENIED = -3,   /* refused: the operator must act */
	ERR_FORMAT = -4,   /* unusable input: keep the old state */
	ERR_STORE = -5,    /* the database failed: stop polling until it answers */
	ERR_CONFIG = -6,   /* refuse to start */
	ERR_CANCELED = -7, /* we were asked to stop: say nothing */
};

#define ERR_TEXT_BYTES 512

struct err {
	int code;                  /* 0 while nothing is wrong */
	char text[ERR_TEXT_BYTES]; /* UTF-8, NUL-terminated, cut where too long */
};

/* Write the text and return the code, as in: return err_set(err, ERR_FORMAT, "..."). */
int err_set(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "where: " in front of the text on its way up; returns the code. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
