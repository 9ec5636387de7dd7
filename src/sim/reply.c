#include "sim/reply.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "base/buf.h"
#include "net/server.h"

void reply_clear(struct reply *r)
{
	server_body_drop(r->body);
	*r = (struct reply){0};
}

void reply_take_json(struct reply *r, int status, struct buf *text)
{
	server_body_drop(r->body);
	r->status = status;
	r->type = "application/json;charset=utf-8";
	r->body = server_body_create(buf_text(text), text->len);
	r->packed = r->packable = false;
	buf_clear(text);
}

void reply_take_body(struct reply *r, int status, const char *type,
		     struct server_body *body)
{
	server_body_drop(r->body);
	r->status = status;
	r->type = type;
	r->body = body;
	r->packed = r->packable = false;
}

void reply_header(struct reply *r, const char *name, const char *fmt, ...)
{
	va_list ap;

	assert(r->n_headers < REPLY_MAX_HEADERS);
	snprintf(r->headers[r->n_headers].name, REPLY_NAME_BYTES, "%s", name);
	va_start(ap, fmt);
	vsnprintf(r->headers[r->n_headers].value, REPLY_VALUE_BYTES, fmt, ap);
	va_end(ap);
	r->n_headers++;
}

void reply_drop_header(struct reply *r, const char *name)
{
	int n = 0;

	for (int i = 0; i < r->n_headers; i++)
		if (strcasecmp(r->headers[i].name, name) != 0)
			r->headers[n++] = r->headers[i];
	r->n_headers = n;
	if (strcasecmp(name, "Content-Type") == 0)
		r->type = NULL;
}

void reply_apply_headers(const struct reply *r, struct server_request *req)
{
	if (r->type != NULL)
		server_add_header(req, "Content-Type", r->type);
	for (int i = 0; i < r->n_headers; i++)
		server_add_header(req, r->headers[i].name, r->headers[i].value);
}
