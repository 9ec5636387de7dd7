/* What a request asked for, and the answers that it gets. */
#include "net/server_inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

#define STREAM_BLOCK (32 * 1024)

struct stream {
	struct server_request *req;
	struct server_stream calls;
	void *data;
};

/* ---- what was asked ---- */

const char *server_method(const struct server_request *req)
{
	return req->method;
}

const char *server_path(const struct server_request *req)
{
	return req->path;
}

const char *server_query(const struct server_request *req)
{
	return req->query;
}

const char *server_arg(const struct server_request *req, const char *name)
{
	const char *value = NULL;

	if (MHD_lookup_connection_value_n(req->conn, MHD_GET_ARGUMENT_KIND, name,
					  strlen(name), &value, NULL) != MHD_YES)
		return NULL;
	return value != NULL ? value : "";
}

const char *server_header(const struct server_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, name);
}

bool server_peer(const struct server_request *req, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	if (req->server->socket_path == NULL ||
	    getsockopt(server_descriptor_of(req->conn), SOL_SOCKET, SO_PEERCRED, &peer,
		       &len) != 0)
		return false;
	*uid = peer.uid;
	return true;
}

const char *server_content(const struct server_request *req, size_t *len)
{
	if (len != NULL)
		*len = req->body.len;
	return buf_text(&req->body);
}

/* ---- answers ---- */

struct server_body *server_body_create(const void *data, size_t len)
{
	struct server_body *body = mem_alloc(sizeof *body + len);

	body->n_refs = 1;
	body->len = len;
	if (data != NULL)
		memcpy(body->data, data, len);
	return body;
}

struct server_body *server_body_hold(struct server_body *body)
{
	body->n_refs++;
	return body;
}

void server_body_drop(struct server_body *body)
{
	if (body != NULL && --body->n_refs == 0)
		free(body);
}

static void on_body_sent(void *cls)
{
	server_body_drop(cls);
}

void server_add_header(struct server_request *req, const char *name, const char *value)
{
	req->headers = mem_grow(req->headers, req->n_headers, &req->headers_cap,
				sizeof *req->headers);
	req->headers[req->n_headers++] = (struct header){
		.name = mem_strdup(name),
		.value = mem_strdup(value),
	};
}

/* The answer is there. Within on_request, on_access goes on to queue it; otherwise the
 * connection is suspended, and resumes. */
static void answered(struct server_request *req, int status,
		     struct MHD_Response *response)
{
	assert(req->state < REQUEST_ANSWERED);
	req->status = status;
	req->response = response;
	req->state = REQUEST_ANSWERED;
	if (response != NULL)
		for (size_t i = 0; i < req->n_headers; i++)
			MHD_add_response_header(response, req->headers[i].name,
						req->headers[i].value);
	if (req->conn == NULL)
		server_request_destroy(req);
	else
		server_resume(req);
}

void server_answer(struct server_request *req, int status, struct server_body *body)
{
	static char none[1];

	if (body == NULL)
		answered(
			req, status,
			MHD_create_response_from_buffer(0, none, MHD_RESPMEM_PERSISTENT));
	else
		answered(req, status,
			 MHD_create_response_from_buffer_with_free_callback_cls(
				 body->len, body->data, on_body_sent,
				 server_body_hold(body)));
}

void server_answer_text(struct server_request *req, int status, const char *type,
			const char *text)
{
	struct server_body *body = server_body_create(text, strlen(text));

	server_add_header(req, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	server_answer(req, status, body);
	server_body_drop(body);
}

void server_answer_close(struct server_request *req)
{
	answered(req, 0, NULL);
}

void server_answer_never(struct server_request *req)
{
	req->never = true;
	answered(req, 0, NULL);
}

/* ---- streams ---- */

static ssize_t on_stream_read(void *cls, uint64_t at, char *out, size_t max)
{
	struct stream *stream = cls;
	ssize_t n;

	if (stream->req->lost)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	n = stream->calls.read(stream->data, at, out, max);
	if (n == SERVER_STREAM_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == SERVER_STREAM_BREAK)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	patience_takes(server_patient_of(stream->req->conn));
	if (n == SERVER_STREAM_WAIT) {
		patience_waits(server_patient_of(stream->req->conn));
		server_suspend(stream->req);
		server_guard(stream->req);
	}
	return n;
}

static void on_stream_done(void *cls)
{
	struct stream *stream = cls;

	stream->calls.done(stream->data);
	free(stream);
}

void server_answer_stream(struct server_request *req, int status, uint64_t len,
			  const struct server_stream *calls, void *data)
{
	struct stream *stream = mem_zalloc(sizeof *stream);

	stream->req = req;
	stream->calls = *calls;
	stream->data = data;
	answered(req, status,
		 MHD_create_response_from_callback(
			 len == SERVER_LENGTH_UNKNOWN ? MHD_SIZE_UNKNOWN : len,
			 STREAM_BLOCK, on_stream_read, stream, on_stream_done));
}

void server_stream_resume(struct server_request *req)
{
	server_resume(req);
}
