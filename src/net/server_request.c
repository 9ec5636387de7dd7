/*
 * One request:
 *
 *   on_uri -> on_access (headers) -> on_access (body)... -> on_access (end) -> on_request
 *     answered from within: queued at once
 *     else: the connection is suspended until server_answer(), which resumes it; on_access
 *     comes once more and queues the answer
 *   -> on_completed, where the client has it all, or the connection is lost
 *
 *   too large: answered with 413 from on_access, on_request never comes
 *   the client leaves before the end: on_completed, on_request never comes
 *   the client leaves before it is answered: on_completed, and the answer frees the request.
 *     A suspended connection is not looked at by libmicrohttpd, so where we wait for long
 *     (server_answer_never, SERVER_STREAM_WAIT, and where there is a limit of connections) a poll of
 *     our own watches for its end.
 *   a deadline passes, or another needs the room: the connection is shut down, and libmicrohttpd
 *     sees its end
 */
#include "net/server_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- connections ---- */

struct patient *server_patient_of(struct MHD_Connection *conn)
{
	return MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

int server_descriptor_of(struct MHD_Connection *conn)
{
	return MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)
		->connect_fd;
}

void server_on_connection(void *cls, struct MHD_Connection *conn, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct server *s = cls;

	if (!s->is_patient)
		return;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = patience_connected(&s->patience, server_descriptor_of(conn));
	} else {
		patience_gone(*context);
		*context = NULL;
	}
}

/* ---- suspending and resuming ---- */

void server_resume(struct server_request *req)
{
	struct server *s = req->server;

	if (!req->suspended)
		return;
	req->suspended = false;
	if (req->guard != NULL)
		uv_poll_stop(&req->guard->poll);
	MHD_resume_connection(req->conn);
	server_run_soon(s);
}

void server_suspend(struct server_request *req)
{
	if (req->suspended)
		return;
	req->suspended = true;
	MHD_suspend_connection(req->conn);
}

static void on_end_of_connection(uv_poll_t *poll, int status, int events)
{
	struct server_request *req = ((struct guard *)poll->data)->req;

	(void)status; /* an error is an end, too */
	(void)events;
	req->lost = true;
	server_resume(req);
}

void server_guard(struct server_request *req)
{
	if (req->guard == NULL) {
		req->guard = mem_zalloc(sizeof *req->guard);
		req->guard->req = req;
		req->guard->poll.data = req->guard;
		uv_poll_init(req->server->poll.loop, &req->guard->poll,
			     server_descriptor_of(req->conn));
	}
	uv_poll_start(&req->guard->poll, UV_DISCONNECT, on_end_of_connection);
}

static void on_guard_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void unguard(struct server_request *req)
{
	if (req->guard == NULL)
		return;
	req->guard->req = NULL;
	uv_close((uv_handle_t *)&req->guard->poll, on_guard_closed);
	req->guard = NULL;
}

/* ---- requests ---- */

void server_request_destroy(struct server_request *req)
{
	for (size_t i = 0; i < req->n_headers; i++) {
		free(req->headers[i].name);
		free(req->headers[i].value);
	}
	free(req->headers);
	buf_clear(&req->body);
	free(req->method);
	free(req->path);
	free(req->uri);
	if (req->response != NULL)
		MHD_destroy_response(req->response);
	free(req);
}

/* The first that libmicrohttpd tells of a request; what we return is its context from then on. */
void *server_on_uri(void *cls, const char *uri, struct MHD_Connection *conn)
{
	struct server *s = cls;
	struct server_request *req = mem_zalloc(sizeof *req);
	const char *mark;

	req->server = s;
	req->conn = conn;
	req->uri = mem_strdup(uri);
	mark = strchr(req->uri, '?');
	req->query = mark != NULL ? mark + 1 : "";
	buf_init(&req->body, s->body_max_bytes);
	req->next = s->requests;
	if (req->next != NULL)
		req->next->prev = req;
	s->requests = req;
	return req;
}

void server_on_completed(void *cls, struct MHD_Connection *conn, void **context,
			 enum MHD_RequestTerminationCode why)
{
	struct server *s = cls;
	struct server_request *req = *context;

	(void)why;
	patience_owes(server_patient_of(conn));
	if (req == NULL)
		return;
	*context = NULL;
	if (req->prev != NULL)
		req->prev->next = req->next;
	else
		s->requests = req->next;
	if (req->next != NULL)
		req->next->prev = req->prev;
	unguard(req);
	req->conn = NULL;
	if (req->state != REQUEST_ASKED) /* else the answer frees it */
		server_request_destroy(req);
}

static enum MHD_Result queue(struct server_request *req)
{
	enum MHD_Result result;

	if (req->never && !req->lost) {
		server_suspend(req);
		server_guard(req);
		return MHD_YES;
	}
	if (req->response == NULL)
		return MHD_NO; /* closes the connection */
	req->state = REQUEST_QUEUED;
	patience_takes(server_patient_of(req->conn));
	result = MHD_queue_response(req->conn, (unsigned)req->status, req->response);
	MHD_destroy_response(req->response); /* the connection holds it now */
	req->response = NULL;
	return result;
}

static enum MHD_Result begin(struct server_request *req, const char *url,
			     const char *method)
{
	const char *length = MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_CONTENT_LENGTH);

	req->state = REQUEST_READING;
	req->path = mem_strdup(url);
	req->method = mem_strdup(method);
	if (length == NULL || strtoull(length, NULL, 10) <= req->server->body_max_bytes)
		return MHD_YES;
	/* Before any of the body is read: libmicrohttpd closes the connection behind it. */
	server_answer_text(req, MHD_HTTP_CONTENT_TOO_LARGE, "text/plain", "too large\n");
	return queue(req);
}

static enum MHD_Result finish(struct server_request *req)
{
	struct server *s = req->server;

	req->state = REQUEST_ASKED;
	patience_waits(server_patient_of(req->conn));
	s->on_request(req, s->data);
	if (req->state == REQUEST_ANSWERED)
		return queue(req);
	server_suspend(req);
	if (s->is_patient)
		server_guard(req);
	return MHD_YES;
}

enum MHD_Result server_on_access(void *cls, struct MHD_Connection *conn, const char *url,
				 const char *method, const char *version,
				 const char *data, size_t *len, void **context)
{
	struct server_request *req = *context;

	(void)cls;
	(void)conn;
	(void)version;
	switch (req->state) {
	case REQUEST_NEW:
		return begin(req, url, method);
	case REQUEST_READING:
		if (*len == 0)
			return finish(req);
		if (buf_add(&req->body, data, *len) != 0)
			return MHD_NO; /* chunks without end */
		*len = 0;
		return MHD_YES;
	case REQUEST_ANSWERED:
		return queue(req);
	case REQUEST_ASKED: /* not yet answered, and lost */
		return MHD_NO;
	case REQUEST_QUEUED:
		break;
	}
	return MHD_YES;
}
