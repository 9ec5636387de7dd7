/* An answer in the making: status, headers, body. */
#ifndef SIM_REPLY_H
#define SIM_REPLY_H

#include <stdbool.h>

struct buf;
struct server_body;
struct server_request;

#define REPLY_MAX_HEADERS 10
#define REPLY_VALUE_BYTES 160

struct reply {
	int status;
	const char *type;         /* of the body */
	struct server_body *body; /* held; NULL: none */
	bool packed;              /* body is gzip */
	bool packable;            /* body may be packed for a client that takes it */
	struct {
		const char *name; /* a literal */
		char value[REPLY_VALUE_BYTES];
	} headers[REPLY_MAX_HEADERS];
	int n_headers;
};

void reply_clear(struct reply *r);

/* Each of these sets status and body anew and leaves the headers. */
void reply_take_json(struct reply *r, int status, struct buf *text); /* text is taken */
/* Source  api.md section 6.1, first shape.
 * word       the code at the top, often a word; NULL: the same as code
 * parameter  "NAME" of parameterName, or NULL */
void reply_api_error(struct reply *r, int status, const char *word, const char *code,
		     const char *message, const char *parameter);
/* Source  api.md section 6.1, second shape. */
void reply_oauth_error(struct reply *r, int status, const char *word, const char *code,
		       const char *message);

void reply_header(struct reply *r, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Hand the headers and the type to the request; the body stays. */
void reply_apply_headers(const struct reply *r, struct server_request *req);

#endif
