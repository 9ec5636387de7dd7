#include "net/server.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/local.h"
#include "net/patience.h"

/*
 * libmicrohttpd has its sockets in an epoll set of its own, which is a descriptor that the loop
 * polls. Whatever may have work for it leads to run(), which lets it work and then sets the
 * timer to when it wants to be called again.
 *
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

#define CONNECTION_MAX 1000
/* Those that were shut down and that libmicrohttpd has yet to close; and it takes up to ten at a
 * time. */
#define CONNECTIONS_GOING 32
#define STREAM_BLOCK      (32 * 1024)
#define HEADER_MAX_BYTES  ((size_t)32 * 1024)
#define UNIX              "unix:"

struct server {
	struct MHD_Daemon *daemon;
	uv_poll_t poll;   /* libmicrohttpd's epoll set */
	uv_timer_t timer; /* when libmicrohttpd wants to be called */
	bool again;       /* a connection was resumed: run once more */
	unsigned n_handles;
	struct server_request *requests; /* those with a connection */
	server_request_cb on_request;
	void *data;
	size_t body_max_bytes;
	bool is_patient; /* there are limits */
	struct patience patience;
	char *socket_path; /* NULL: none of ours */
	char *url;
	char complaint[200]; /* libmicrohttpd's last */
};

enum request_state {
	REQUEST_NEW,
	REQUEST_READING,
	REQUEST_ASKED,    /* on_request was called, the answer is owed */
	REQUEST_ANSWERED, /* to be queued */
	REQUEST_QUEUED,
};

/* Sees the end of a suspended connection. Its memory goes in its close callback. */
struct guard {
	uv_poll_t poll;
	struct server_request *req;
};

struct header {
	char *name, *value;
};

struct server_request {
	struct server_request *prev, *next;
	struct server *server;
	struct MHD_Connection *conn; /* NULL once it is lost or done */
	enum request_state state;
	char *method, *path, *uri;
	const char *query; /* within uri */
	struct buf body;
	struct header *headers;
	size_t n_headers, headers_cap;
	int status;
	struct MHD_Response *response; /* NULL while not made, and for a close */
	bool never;                    /* the answer is none */
	bool suspended;
	bool lost; /* the guard saw the end */
	struct guard *guard;
};

struct stream {
	struct server_request *req;
	struct server_stream calls;
	void *data;
};

/* ---- running ---- */

static void on_timer(uv_timer_t *timer);

static void run(struct server *s)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms;

	s->again = false;
	MHD_run(s->daemon);
	if (s->again)
		uv_timer_start(&s->timer, on_timer, 0, 0);
	else if (MHD_get_timeout(s->daemon, &timeout_ms) == MHD_YES)
		uv_timer_start(&s->timer, on_timer, timeout_ms, 0);
	else
		uv_timer_stop(&s->timer);
}

static void on_timer(uv_timer_t *timer)
{
	run(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)status; /* an epoll set has no errors but our own mistakes */
	(void)events;
	run(poll->data);
}

static void run_soon(void *data)
{
	struct server *s = data;

	s->again = true;
	uv_timer_start(&s->timer, on_timer, 0, 0);
}

/* ---- connections ---- */

/* NULL where there are no limits. */
static struct patient *patient_of(struct MHD_Connection *conn)
{
	return MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

static int descriptor_of(struct MHD_Connection *conn)
{
	return MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)
		->connect_fd;
}

static void on_connection(void *cls, struct MHD_Connection *conn, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct server *s = cls;

	if (!s->is_patient)
		return;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = patience_connected(&s->patience, descriptor_of(conn));
	} else {
		patience_gone(*context);
		*context = NULL;
	}
}

/* ---- suspending and resuming ---- */

static void resume(struct server_request *req)
{
	struct server *s = req->server;

	if (!req->suspended)
		return;
	req->suspended = false;
	if (req->guard != NULL)
		uv_poll_stop(&req->guard->poll);
	MHD_resume_connection(req->conn);
	run_soon(s);
}

static void suspend(struct server_request *req)
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
	resume(req);
}

static void guard(struct server_request *req)
{
	if (req->guard == NULL) {
		req->guard = mem_zalloc(sizeof *req->guard);
		req->guard->req = req;
		req->guard->poll.data = req->guard;
		uv_poll_init(req->server->poll.loop, &req->guard->poll,
			     descriptor_of(req->conn));
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

static void request_destroy(struct server_request *req)
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
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *conn)
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

static void on_completed(void *cls, struct MHD_Connection *conn, void **context,
			 enum MHD_RequestTerminationCode why)
{
	struct server *s = cls;
	struct server_request *req = *context;

	(void)why;
	patience_owes(patient_of(conn));
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
		request_destroy(req);
}

static enum MHD_Result queue(struct server_request *req)
{
	enum MHD_Result result;

	if (req->never && !req->lost) {
		suspend(req);
		guard(req);
		return MHD_YES;
	}
	if (req->response == NULL)
		return MHD_NO; /* closes the connection */
	req->state = REQUEST_QUEUED;
	patience_takes(patient_of(req->conn));
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
	patience_waits(patient_of(req->conn));
	s->on_request(req, s->data);
	if (req->state == REQUEST_ANSWERED)
		return queue(req);
	suspend(req);
	if (s->is_patient)
		guard(req);
	return MHD_YES;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *conn, const char *url,
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
	    getsockopt(descriptor_of(req->conn), SOL_SOCKET, SO_PEERCRED, &peer, &len) !=
		    0)
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
		request_destroy(req);
	else
		resume(req);
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
	patience_takes(patient_of(stream->req->conn));
	if (n == SERVER_STREAM_WAIT) {
		patience_waits(patient_of(stream->req->conn));
		suspend(stream->req);
		guard(stream->req);
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
	resume(req);
}

/* ---- opening and closing ---- */

static void on_complaint(void *cls, const char *fmt, va_list ap)
{
	struct server *s = cls;

	vsnprintf(s->complaint, sizeof s->complaint, fmt, ap);
	s->complaint[strcspn(s->complaint, "\n")] = '\0';
}

static struct MHD_Daemon *start_daemon(struct server *s, int fd,
				       const struct server_config *config)
{
	const struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)config->key},
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)config->cert},
		{MHD_OPTION_END, 0, NULL},
	};
	const struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	unsigned most = config->connections_max != 0
				? config->connections_max + CONNECTIONS_GOING
				: CONNECTION_MAX;
	size_t header = config->header_max_bytes != 0 ? config->header_max_bytes
						      : HEADER_MAX_BYTES;

	if (config->cert != NULL)
		flags |= MHD_USE_TLS;
	return MHD_start_daemon(
		flags, 0, NULL, NULL, on_access, s, MHD_OPTION_EXTERNAL_LOGGER,
		on_complaint, s, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_LISTEN_SOCKET,
		fd, MHD_OPTION_CONNECTION_LIMIT, most, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		header, MHD_OPTION_CONNECTION_TIMEOUT, config->idle_s, MHD_OPTION_ARRAY,
		config->cert != NULL ? tls : plain, MHD_OPTION_END);
}

static void set_limits(struct server *s, uv_loop_t *loop,
		       const struct server_config *config)
{
	s->is_patient = config->connections_max != 0;
	s->patience = (struct patience){
		.loop = loop,
		.max = config->connections_max,
		.request_ms = config->request_ms,
		.answer_ms = config->answer_ms,
		.on_dropped = run_soon,
		.data = s,
	};
	patience_init(&s->patience);
}

static int open_socket(struct server *s, const struct server_config *config, int *fd,
		       struct err *err)
{
	char url[LISTEN_URL_BYTES];

	if (strncmp(config->address, UNIX, strlen(UNIX)) != 0) {
		if (listen_open(config->address, config->reach, fd, err) != 0)
			return err->code;
		listen_url(url, *fd, config->cert != NULL ? "https" : "http");
		s->url = mem_strdup(url);
		return 0;
	}
	if (local_listen(config->address + strlen(UNIX), fd, err) != 0)
		return err_wrap(err, "listen on %s", config->address);
	s->socket_path = mem_strdup(config->address + strlen(UNIX));
	s->url = mem_strdup(config->address);
	return 0;
}

static void close_socket(struct server *s)
{
	if (s->socket_path != NULL)
		local_unlink(s->socket_path);
	free(s->socket_path);
	s->socket_path = NULL;
}

int server_open(uv_loop_t *loop, const struct server_config *config, struct server **out,
		struct err *err)
{
	struct server *s = mem_zalloc(sizeof *s);
	int fd = -1, rc;

	rc = open_socket(s, config, &fd, err);
	if (rc != 0) {
		free(s);
		return rc;
	}
	s->on_request = config->on_request;
	s->data = config->data;
	s->body_max_bytes = config->body_max_bytes;
	set_limits(s, loop, config);
	s->daemon = start_daemon(s, fd, config);
	if (s->daemon == NULL) { /* it has closed fd */
		rc = err_set(err, ERR_CONFIG, "serve %s: %s%s", s->url,
			     config->cert != NULL ? "certificate or key: " : "",
			     s->complaint);
		close_socket(s);
		free(s->url);
		free(s);
		return rc;
	}
	s->n_handles = 2;
	s->poll.data = s;
	s->timer.data = s;
	uv_timer_init(loop, &s->timer);
	uv_poll_init(loop, &s->poll,
		     MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
	uv_poll_start(&s->poll, UV_READABLE, on_readable);
	*out = s;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct server *s = handle->data;

	if (--s->n_handles > 0)
		return;
	free(s->url);
	free(s);
}

void server_close(struct server *s)
{
	if (s == NULL)
		return;
	uv_close((uv_handle_t *)&s->poll, on_closed); /* before its descriptor goes */
	close_socket(s); /* before another could listen there: he would lose his */
	for (struct server_request *req = s->requests; req != NULL; req = req->next) {
		req->lost = true;
		resume(req);
	}
	MHD_stop_daemon(s->daemon); /* completes every request */
	uv_close((uv_handle_t *)&s->timer, on_closed);
}

const char *server_url(const struct server *s)
{
	return s->url;
}
