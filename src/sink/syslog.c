/*
 *   send -> transmit: it has ended at once
 *     \-> the host's addresses are not known: on_resolved -> transmit
 *     \-> the socket is full: on_writable -> on_closed (twice) -> transmit
 *           \-> on_deadline: full for long, so on_closed says to try again later
 *     -> the dispatch's on_done
 *   cancel: on_resolved follows, at once where the resolver has not begun; or on_closed
 *
 * A send that is not over at once is a struct pending, until its on_done.
 */
#include "sink/syslog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sink/syslog_address.h"
#include "sink/syslog_format.h"

#define RESOLVE_EVERY_MS (300 * 1000)
#define ADDRESSES_MAX    4
#define FULL_MS          5000 /* a socket may be full for so long */

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

struct syslog {
	uv_loop_t *loop;
	struct syslog_origin from;
	char own_host[SYSLOG_HOST_BYTES];
	int fd; /* -1: none */

	struct syslog_address to;

	/* A unix socket: */
	int type; /* SOCK_DGRAM or SOCK_STREAM, of fd */

	/* UDP: */
	struct address addresses[ADDRESSES_MAX];
	size_t n_addresses;
	int family;          /* of fd */
	int64_t resolved_ms; /* monotonic: when that was last tried */
};

/* A send that is not over at once. */
struct pending {
	struct syslog *sink;
	struct sink_send *send;
	bool canceled;
	enum { RESOLVING, WAITING } for_what;

	uv_getaddrinfo_t req; /* RESOLVING */

	uv_poll_t writable; /* WAITING */
	uv_timer_t deadline;
	unsigned n_open; /* of these two */
	bool late;
};

static void drop_socket(struct syslog *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

static void destroy(void *sink)
{
	struct syslog *l = sink;

	if (l == NULL)
		return;
	drop_socket(l);
	syslog_address_clear(&l->to);
	free(l);
}

static int create(const struct sink_settings *settings, const struct sink_env *env,
		  void **out, struct err *err)
{
	struct syslog *l = mem_zalloc(sizeof *l);

	l->loop = env->loop;
	l->fd = -1;
	l->from = syslog_origin_here(l->own_host);
	if (syslog_address_read(&l->to, settings->address, err) != 0) {
		destroy(l);
		return err->code;
	}
	*out = l;
	return 0;
}

static int render(const void *sink, const struct event *ev, struct buf *out)
{
	const struct syslog *l = sink;

	if (l->to.path == NULL)
		syslog_format(out, ev, &l->from, SYSLOG_UDP_BYTES);
	else if (strcmp(l->to.path, SYSLOG_LOCAL_PATH) == 0)
		syslog_format_local(out, ev, &l->from, SYSLOG_UNIX_BYTES);
	else
		syslog_format(out, ev, &l->from, SYSLOG_UNIX_BYTES);
	return 0;
}

/* ---- unix sockets ---- */

/* 0 or -errno. */
static int connect_as(struct syslog *l, int type)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int rc;

	memcpy(sun.sun_path, l->to.path,
	       strlen(l->to.path)); /* whoever read it saw it fit */
	l->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	l->type = type;
	if (l->fd >= 0 && connect(l->fd, (struct sockaddr *)&sun, sizeof sun) == 0)
		return 0;
	rc = -errno;
	drop_socket(l);
	return rc;
}

static int connect_unix(struct syslog *l)
{
	int rc = connect_as(l, SOCK_DGRAM);

	return rc == -EPROTOTYPE ? connect_as(l, SOCK_STREAM) : rc;
}

/* 0 or -errno. */
static int write_unix(struct syslog *l, const struct sink_send *s)
{
	struct iovec parts[] = {{(void *)s->data, s->len}, {(void *)"", 1}};
	struct msghdr msg = {.msg_iov = parts,
			     .msg_iovlen = l->type == SOCK_STREAM ? 2 : 1};
	ssize_t n = sendmsg(l->fd, &msg, MSG_NOSIGNAL);
	size_t whole = s->len + (l->type == SOCK_STREAM ? 1 : 0);

	if (n < 0)
		return -errno;
	/* A stream that took a part: the reader gets a broken message, and the whole one on a
	 * new connection. */
	return (size_t)n == whole ? 0 : -ECONNRESET;
}

/* The socket is as good as before. */
static bool is_harmless(int rc)
{
	return rc == -EAGAIN || rc == -ENOBUFS || rc == -EMSGSIZE;
}

static int transmit_unix(struct syslog *l, const struct sink_send *s)
{
	int rc = 0;

	/* Twice: the other side may have started anew since the last message. */
	for (int i = 0; i < 2; i++) {
		bool was_open = l->fd >= 0;

		if (!was_open && (rc = connect_unix(l)) != 0)
			return rc;
		rc = write_unix(l, s);
		if (rc == 0 || is_harmless(rc))
			return rc;
		drop_socket(l);
		if (!was_open)
			return rc;
	}
	return rc;
}

/* ---- UDP ---- */

/* 0 or -errno. The socket is not connected: so no answer to one message ends the next. */
static int transmit_to(struct syslog *l, const struct address *to,
		       const struct sink_send *s)
{
	if (l->fd < 0 || l->family != to->sa.ss_family) {
		drop_socket(l);
		l->family = to->sa.ss_family;
		l->fd = socket(l->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (l->fd < 0)
			return -errno;
	}
	if (sendto(l->fd, s->data, s->len, MSG_NOSIGNAL, (const struct sockaddr *)&to->sa,
		   to->len) < 0)
		return -errno;
	return 0;
}

static int transmit_udp(struct syslog *l, const struct sink_send *s)
{
	int rc = -EHOSTUNREACH;

	for (size_t i = 0; i < l->n_addresses && rc != 0; i++)
		rc = transmit_to(l, &l->addresses[i], s);
	return rc;
}

/* ---- sending ---- */

/* Hand it to the system. SINK_UNDER_WAY: the socket is full, and nothing has happened. */
static enum sink_progress transmit(struct syslog *l, struct sink_send *s)
{
	int rc = l->to.path != NULL ? transmit_unix(l, s) : transmit_udp(l, s);

	if (rc == 0) {
		s->end = SINK_DELIVERED;
		return SINK_ENDED;
	}
	if (rc == -EAGAIN && l->fd >= 0)
		return SINK_UNDER_WAY;
	s->end = rc == -EMSGSIZE ? SINK_DEAD : SINK_LATER;
	err_set(&s->err, ERR_RETRY, "%s: %s",
		l->to.path != NULL ? l->to.path : l->to.host, strerror(-rc));
	return SINK_ENDED;
}

static void end(struct pending *p)
{
	struct sink_send *s = p->send;

	if (p->canceled) {
		s->end = SINK_CANCELED;
		err_set(&s->err, ERR_CANCELED, "canceled");
	}
	free(p);
	s->on_done(s); /* the dispatch may free s here */
}

static void wait_for_room(struct pending *p);

static void on_closed(uv_handle_t *handle)
{
	struct pending *p = handle->data;
	struct syslog *l = p->sink;

	if (--p->n_open > 0)
		return;
	if (p->late && !p->canceled) {
		p->send->end = SINK_LATER;
		err_set(&p->send->err, ERR_RETRY, "%s: nobody reads from it",
			l->to.path != NULL ? l->to.path : l->to.host);
	} else if (!p->canceled && transmit(l, p->send) == SINK_UNDER_WAY) {
		wait_for_room(p);
		return;
	}
	end(p);
}

/* The poll must be closed before the socket may be. */
static void stop_waiting(struct pending *p)
{
	if (uv_is_closing((uv_handle_t *)&p->writable))
		return;
	uv_close((uv_handle_t *)&p->writable, on_closed);
	uv_close((uv_handle_t *)&p->deadline, on_closed);
}

static void on_writable(uv_poll_t *poll, int status, int events)
{
	(void)status; /* whatever it is, the next try to send sees it */
	(void)events;
	stop_waiting(poll->data);
}

static void on_deadline(uv_timer_t *timer)
{
	struct pending *p = timer->data;

	p->late = true;
	stop_waiting(p);
}

static void wait_for_room(struct pending *p)
{
	p->for_what = WAITING;
	p->n_open = 2;
	p->writable.data = p;
	p->deadline.data = p;
	uv_timer_init(p->sink->loop, &p->deadline);
	uv_timer_start(&p->deadline, on_deadline, FULL_MS, 0);
	if (uv_poll_init(p->sink->loop, &p->writable, p->sink->fd) != 0)
		abort(); /* only for what is no socket */
	uv_poll_start(&p->writable, UV_WRITABLE, on_writable);
}

static void keep_addresses(struct syslog *l, const struct addrinfo *found)
{
	l->n_addresses = 0;
	for (; found != NULL && l->n_addresses < ADDRESSES_MAX; found = found->ai_next) {
		struct address *a = &l->addresses[l->n_addresses++];

		memcpy(&a->sa, found->ai_addr, found->ai_addrlen);
		a->len = found->ai_addrlen;
	}
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
	struct pending *p = req->data;
	struct syslog *l = p->sink;

	if (status == 0)
		keep_addresses(l, found);
	l->resolved_ms = clock_mono_ms();
	uv_freeaddrinfo(found);
	if (!p->canceled && l->n_addresses == 0) {
		p->send->end = SINK_LATER;
		err_set(&p->send->err, ERR_RETRY, "%s cannot be resolved: %s", l->to.host,
			uv_strerror(status));
	} else if (!p->canceled && transmit(l, p->send) == SINK_UNDER_WAY) {
		/* Where the name does not resolve any more, its old addresses must do. */
		wait_for_room(p);
		return;
	}
	end(p);
}

static bool must_resolve(const struct syslog *l)
{
	return l->to.path == NULL &&
	       (l->n_addresses == 0 ||
		clock_mono_ms() - l->resolved_ms >= RESOLVE_EVERY_MS);
}

static enum sink_progress resolve(struct pending *p)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	struct syslog *l = p->sink;
	struct sink_send *s = p->send;
	int rc;

	p->for_what = RESOLVING;
	p->req.data = p;
	rc = uv_getaddrinfo(l->loop, &p->req, on_resolved, l->to.host, l->to.port,
			    &hints);
	if (rc == 0)
		return SINK_UNDER_WAY;
	free(p);
	s->end = SINK_LATER;
	err_set(&s->err, ERR_RETRY, "%s cannot be resolved: %s", l->to.host,
		uv_strerror(rc));
	return SINK_ENDED;
}

static enum sink_progress send_event(void *sink, struct sink_send *s)
{
	struct syslog *l = sink;
	struct pending *p;
	bool resolving = must_resolve(l);

	if (!resolving && transmit(l, s) == SINK_ENDED)
		return SINK_ENDED;
	p = mem_zalloc(sizeof *p);
	p->sink = l;
	p->send = s;
	s->state = p;
	if (resolving)
		return resolve(p);
	wait_for_room(p);
	return SINK_UNDER_WAY;
}

static void cancel(void *sink, struct sink_send *s)
{
	struct pending *p = s->state;

	(void)sink;
	p->canceled = true;
	if (p->for_what == WAITING)
		stop_waiting(p);
	else /* where the resolver has begun, its end must be waited for */
		(void)uv_cancel((uv_req_t *)&p->req);
}

const struct sink_ops syslog_ops = {
	.name = "syslog",
	.max_under_way = 1,
	.rules = RETRY_RULES(60 * 1000),
	.create = create,
	.destroy = destroy,
	.render = render,
	.send = send_event,
	.cancel = cancel,
};
