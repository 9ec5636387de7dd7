#include "sim/reply.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "net/server.h"
#include "sim/record.h"

#define ERROR_MAX_BYTES 16384

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

void reply_api_error(struct reply *r, int status, const char *word, const char *code,
		     const char *message, const char *parameter)
{
	struct buf b, quoted, extra;

	buf_init(&b, ERROR_MAX_BYTES);
	buf_init(&quoted, ERROR_MAX_BYTES);
	buf_init(&extra, ERROR_MAX_BYTES);
	record_add_string(&quoted, message);
	if (parameter != NULL) {
		buf_add_text(&extra, ",\"parameterName\":");
		record_add_string(&extra, parameter);
	}
	buf_printf(
		&b,
		"{\"errorCode\":\"%s\",\"message\":%s,\"errors\":[{\"errorCode\":\"%s\","
		"\"message\":%s%s}]%s}",
		word != NULL ? word : code, buf_text(&quoted), code, buf_text(&quoted),
		buf_text(&extra), buf_text(&extra));
	reply_take_json(r, status, &b);
	buf_clear(&quoted);
	buf_clear(&extra);
}

void reply_oauth_error(struct reply *r, int status, const char *word, const char *code,
		       const char *message)
{
	struct buf b, quoted;

	buf_init(&b, ERROR_MAX_BYTES);
	buf_init(&quoted, ERROR_MAX_BYTES);
	record_add_string(&quoted, message);
	buf_printf(&b,
		   "{\"error\":\"%s\",\"errors\":[{\"errorCode\":\"%s\",\"message\":%s}],"
		   "\"error_description\":%s}",
		   word, code, buf_text(&quoted), buf_text(&quoted));
	reply_take_json(r, status, &b);
	buf_clear(&quoted);
}

void reply_header(struct reply *r, const char *name, const char *fmt, ...)
{
	va_list ap;

	assert(r->n_headers < REPLY_MAX_HEADERS);
	r->headers[r->n_headers].name = name;
	va_start(ap, fmt);
	vsnprintf(r->headers[r->n_headers].value, REPLY_VALUE_BYTES, fmt, ap);
	va_end(ap);
	r->n_headers++;
}

void reply_apply_headers(const struct reply *r, struct server_request *req)
{
	if (r->type != NULL)
		server_add_header(req, "Content-Type", r->type);
	for (int i = 0; i < r->n_headers; i++)
		server_add_header(req, r->headers[i].name, r->headers[i].value);
}
