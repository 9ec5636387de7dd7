/* Which requests are answered badly, and how. Pure. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include <stddef.h>
#include <stdint.h>

struct server_body;

enum fault_target { FAULT_ON_LIST, FAULT_ON_TOKEN, FAULT_ON_ANY };

enum fault_kind {
	FAULT_STATUS, /* number: the HTTP status */
	FAULT_CLOSE,  /* the connection is closed without an answer */
	FAULT_TRUNCATE, /* number: bytes of the body as sent, then the connection is closed */
	FAULT_CUT,      /* number: bytes of the JSON that are left; HTTP is right */
	FAULT_HANG,     /* no answer */
	FAULT_SLOW,     /* number: bytes a second */
	FAULT_BOMB,     /* number: MiB of blanks, packed */
	FAULT_GARBAGE, /* random bytes said to be gzip */
	FAULT_HTML,    /* 200 with a page for people */
	FAULT_BODY,    /* 200 with the body given */
	FAULT_TOTAL,   /* number: the total number of devices that is claimed */
	FAULT_HUGE,    /* an answer that does not end */
	FAULT_N_KINDS,
};

#define FAULT_ALWAYS     UINT64_MAX
#define FAULT_TEXT_BYTES 128

struct fault {
	enum fault_target on;
	unsigned page;  /* of the list; 0: any */
	uint64_t after; /* so many requests are spared first */
	uint64_t times; /* so many are hit then; FAULT_ALWAYS */
	enum fault_kind kind;
	uint64_t number;
	char retry_after[FAULT_TEXT_BYTES]; /* FAULT_STATUS: this header; "": none */
	char code[FAULT_TEXT_BYTES]; /* FAULT_STATUS: error code; "": a fitting one */
	struct server_body *body;    /* FAULT_BODY, FAULT_STATUS; NULL: none */
};

struct faults {
	struct fault *list;
	size_t n, cap;
};

void fault_clear(struct fault *f);
const char *fault_kind_name(enum fault_kind kind);

void faults_take_add(struct faults *faults,
		     struct fault *fault); /* all of *fault is taken */
void faults_clear(struct faults *faults);

/*
 * Count a request, and say how it is to be answered.
 * target  what it is for: FAULT_ON_LIST, FAULT_ON_TOKEN, or FAULT_ON_ANY for anything else
 * page    of the list, 0 elsewhere
 * Returns 1 with a copy in *out that holds its body (fault_clear() drops it), or 0.
 * Every fault that fits counts the request; the first that is due answers it.
 */
int faults_take(struct faults *faults, enum fault_target target, unsigned page,
		struct fault *out);

#endif
