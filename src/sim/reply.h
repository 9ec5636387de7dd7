/* An answer in the making: status, headers, body. */
#ifndef SIM_REPLY_H
#define SIM_REPLY_H

#include <stdbool.h>

struct buf;
struct server_body;
struct server_request;

#define REPLY_MAX_HEADERS 20
#define REPLY_NAME_BYTES  48
#define REPLY_VALUE_BYTES 160

struct reply {
	int status;
	const char *type;         /* of the body */
	struct server_body *body; /* held; NULL: none */
	bool packed;              /* body is gzip */
	bool packable;            /* body may be packed for a client that takes it */
	struct {
		char name[REPLY_NAME_BYTES];
		char value[REPLY_VALUE_BYTES];
	} headers[REPLY_MAX_HEADERS];
	int n_headers;
};

void reply_clear(struct reply *r);

/* Set status and body anew; the headers stay. text is taken. */
void reply_take_json(struct reply *r, int status, struct buf *text);
/* The same with a body that is held. */
void reply_take_body(struct reply *r, int status, const char *type,
		     struct server_body *body);

void reply_header(struct reply *r, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Take out all headers of that name; the body's type counts as one. */
void reply_drop_header(struct reply *r, const char *name);

/* Hand the headers and the type to the request; the body stays. */
void reply_apply_headers(const struct reply *r, struct server_request *req);

#endif
