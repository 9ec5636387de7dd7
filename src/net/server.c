/*
 * libmicrohttpd has its sockets in an epoll set of its own, which is a descriptor that the loop
 * polls. Whatever may have work for it leads to run(), which lets it work and then sets the
 * timer to when it wants to be called again. What becomes of a request is in server_request.c.
 */
#include "net/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/local.h"
#include "net/server_inside.h"

#define CONNECTION_MAX 1000
/* Those that were shut down and that libmicrohttpd has yet to close; and it takes up to ten at a
 * time. */
#define CONNECTIONS_GOING 32
#define HEADER_MAX_BYTES  ((size_t)32 * 1024)
#define UNIX              "unix:"

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

void server_run_soon(void *data)
{
	struct server *s = data;

	s->again = true;
	uv_timer_start(&s->timer, on_timer, 0, 0);
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
		flags, 0, NULL, NULL, server_on_access, s, MHD_OPTION_EXTERNAL_LOGGER,
		on_complaint, s, MHD_OPTION_URI_LOG_CALLBACK, server_on_uri, s,
		MHD_OPTION_NOTIFY_COMPLETED, server_on_completed, s,
		MHD_OPTION_NOTIFY_CONNECTION, server_on_connection, s,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, most,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, header, MHD_OPTION_CONNECTION_TIMEOUT,
		config->idle_s, MHD_OPTION_ARRAY, config->cert != NULL ? tls : plain,
		MHD_OPTION_END);
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
		.on_dropped = server_run_soon,
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
		server_resume(req);
	}
	MHD_stop_daemon(s->daemon); /* completes every request */
	uv_close((uv_handle_t *)&s->timer, on_closed);
}

const char *server_url(const struct server *s)
{
	return s->url;
}
