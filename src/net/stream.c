/*
 *   stream_open -> transfer -> on_connected -> flush <-> on_ready
 *                       \          \-> on_look: is all taken? -> on_taken, or a later look
 *                        \-> lose -> on_look -> on_lost
 *
 *   stream_close: the transfer is canceled (on_connected), handles are closed (on_closed) -> release
 *
 * Whatever breaks is told by the timer: so never from within stream_write.
 */
#include "net/stream.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#define LOOK_FIRST_MS \
	1 /* nobody tells when bytes are acknowledged: we look, ever more seldom */
#define LOOK_MAX_MS 100

struct stream {
	struct stream_config config;
	struct transfer transfer;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned n_users; /* handles, and the transfer while it is under way */
	bool connected, lost, closed;
	curl_socket_t fd;
	struct err err; /* why it is lost */

	/* To be handed to the system. It never moves: TLS wants the very same bytes again. */
	struct buf waiting;
	size_t n_flushed;  /* bytes of it that were */
	size_t n_sending;  /* behind those: what was tried last */
	int64_t n_written; /* handed to the system, of all ever */
	/* Acknowledged, and taken if the connection still stands after a while. */
	int64_t n_acknowledged, acknowledged_ms;
	int64_t n_taken;
	int64_t look_ms;    /* how long until the next look */
	int64_t stalled_ms; /* monotonic: nothing was taken since */
};

static bool is_all_taken(const struct stream *s)
{
	return s->n_taken == s->n_written && s->waiting.len == 0;
}

/* ---- the end ---- */

static void release(struct stream *s)
{
	if (--s->n_users > 0)
		return;
	buf_clear(&s->waiting);
	free(s);
}

static void on_closed(uv_handle_t *handle)
{
	release(handle->data);
}

/* Nothing more is to be had of the socket; it must not be watched any more when it goes. */
static void let_go(struct stream *s)
{
	if (s->connected)
		uv_close((uv_handle_t *)&s->poll, on_closed);
	s->connected = false;
	if (s->transfer.state == TRANSFER_IDLE)
		transfer_clear(&s->transfer);
	else /* on_connected follows */
		transfer_cancel(&s->transfer);
}

void stream_close(struct stream *s)
{
	if (s == NULL)
		return;
	s->closed = true;
	let_go(s);
	uv_close((uv_handle_t *)&s->timer, on_closed);
}

/* ---- what the peer has ---- */

/* Whether all that was written is acknowledged. A connection that was reset has nothing to send any
 * more, either: so it must still stand after that look, if only from our side. */
static bool has_peer_all(const struct stream *s)
{
	struct tcp_info info;
	socklen_t len = sizeof info;
	int n_left = 0;

	return ioctl(s->fd, SIOCOUTQ, &n_left) == 0 && n_left == 0 &&
	       getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	       (info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_CLOSE_WAIT);
}

static void on_look(uv_timer_t *timer);

/* To be told from the loop. */
static void lose(struct stream *s, const char *why)
{
	if (s->lost)
		return;
	s->lost = true;
	err_set(&s->err, ERR_RETRY, "%s", why);
	if (s->connected && has_peer_all(s)) /* closed in order, by us or by them */
		s->n_taken = s->n_written;
	let_go(s);
	uv_timer_start(&s->timer, on_look, 0, 0);
}

void stream_abort(struct stream *s)
{
	lose(s, "canceled");
}

static void look_later(struct stream *s)
{
	uv_timer_start(&s->timer, on_look, (uint64_t)s->look_ms, 0);
	s->look_ms = s->look_ms * 2 < LOOK_MAX_MS ? s->look_ms * 2 : LOOK_MAX_MS;
}

/* True where more is taken than before. */
static bool look(struct stream *s, int64_t now_ms)
{
	if (s->n_acknowledged == s->n_taken && s->n_taken < s->n_written &&
	    has_peer_all(s)) {
		s->n_acknowledged = s->n_written;
		s->acknowledged_ms = now_ms;
		s->stalled_ms = now_ms;
	}
	if (s->n_acknowledged == s->n_taken ||
	    now_ms - s->acknowledged_ms < s->config.settle_ms)
		return false;
	s->n_taken = s->n_acknowledged;
	return true;
}

static void on_look(uv_timer_t *timer)
{
	struct stream *s = timer->data;
	int64_t now_ms = clock_mono_ms();
	bool more;

	if (s->lost) {
		s->config.on_lost(s->config.data, s->n_taken,
				  &s->err); /* the owner may close s here */
		return;
	}
	more = look(s, now_ms);
	if (more)
		s->look_ms = LOOK_FIRST_MS;
	if (now_ms - s->stalled_ms >= s->config.stall_ms)
		lose(s, "the receiver takes nothing any more");
	else if (!is_all_taken(s))
		look_later(s);
	if (more && s->config.on_taken != NULL)
		s->config.on_taken(s->config.data, s->n_taken); /* or here */
}

/* ---- writing and reading ---- */

/* Nothing is half sent: so the rest may move. */
static void forget_flushed(struct stream *s)
{
	s->waiting.len -= s->n_flushed;
	memmove(s->waiting.data, s->waiting.data + s->n_flushed, s->waiting.len);
	s->n_flushed = 0;
}

/* Hand over what the system takes. */
static void flush(struct stream *s)
{
	while (s->n_flushed < s->waiting.len) {
		size_t n = 0;
		CURLcode code;

		if (s->n_sending == 0)
			s->n_sending = s->waiting.len - s->n_flushed;
		code = curl_easy_send(s->transfer.easy, s->waiting.data + s->n_flushed,
				      s->n_sending, &n);
		if (code == CURLE_AGAIN) /* the same bytes again */
			return;
		if (code != CURLE_OK) {
			lose(s, "the connection broke while it was written to");
			return;
		}
		s->n_sending = 0;
		s->n_flushed += n;
		s->n_written += (int64_t)n;
		if (s->n_flushed == s->waiting.len || s->n_flushed > s->waiting.cap / 2)
			forget_flushed(s);
	}
}

/* The owner may close s, or it may be lost, in what he does about it. */
static bool hear(struct stream *s, const char *bytes, size_t n)
{
	if (s->config.on_said != NULL)
		s->config.on_said(s->config.data, bytes, n);
	return !s->lost && !s->closed;
}

static void read_all(struct stream *s)
{
	char bytes[4096];
	size_t n;
	CURLcode code;

	do {
		code = curl_easy_recv(s->transfer.easy, bytes, sizeof bytes, &n);
		if (code == CURLE_OK && n > 0 && !hear(s, bytes, n))
			return;
	} while (code == CURLE_OK && n > 0);
	if (code != CURLE_AGAIN)
		lose(s, code == CURLE_OK ? "the receiver closed the connection"
					 : curl_easy_strerror(code));
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct stream *s)
{
	int events = UV_READABLE | (s->waiting.len > 0 ? UV_WRITABLE : 0);

	if (!s->lost && !s->closed)
		uv_poll_start(&s->poll, events, on_ready);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct stream *s = poll->data;

	if (status < 0) { /* EBADF: an error is all there is to be had of it */
		lose(s, "the connection broke");
		return;
	}
	if (events & UV_READABLE)
		read_all(s);
	if (!s->lost && !s->closed && (events & UV_WRITABLE))
		flush(s);
	watch(s);
}

/* More is on its way: whether it is taken, the timer sees. */
static void pass_on(struct stream *s)
{
	if (s->n_taken == s->n_written)
		s->stalled_ms = clock_mono_ms();
	flush(s);
	if (s->lost)
		return;
	watch(s);
	s->look_ms = LOOK_FIRST_MS;
	if (!is_all_taken(s) && !uv_is_active((uv_handle_t *)&s->timer))
		look_later(s);
}

int stream_write(struct stream *s, const void *data, size_t len)
{
	if (s->lost || buf_add(&s->waiting, data, len) != 0)
		return ERR_RETRY;
	if (s->connected)
		pass_on(s);
	return 0;
}

/* ---- connecting ---- */

static void take_socket(struct stream *s)
{
	if (curl_easy_getinfo(s->transfer.easy, CURLINFO_ACTIVESOCKET, &s->fd) !=
		    CURLE_OK ||
	    uv_poll_init_socket(transfers_loop(s->config.transfers), &s->poll, s->fd) !=
		    0) {
		lose(s, "the connection broke");
		return;
	}
	s->connected = true;
	s->n_users++;
	s->poll.data = s;
	pass_on(s);
}

static void on_connected(struct transfer *t)
{
	struct stream *s = OWNER_OF(t, struct stream, transfer);

	if (s->closed)
		transfer_clear(t);
	else if (t->err.code != 0)
		lose(s, t->err.text);
	else
		take_socket(s);
	release(s);
}

static void set_address(const struct stream_config *c, CURL *e)
{
	bool is_v6 = strchr(c->host, ':') != NULL;
	char *url = mem_printf("%s://%s%s%s:%s", c->tls ? "https" : "http",
			       is_v6 ? "[" : "", c->host, is_v6 ? "]" : "", c->port);

	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	free(url);
}

/* curl connects as for a transfer, and stops there. */
static void set_options(struct stream *s)
{
	const struct stream_config *c = &s->config;
	CURL *e = s->transfer.easy;

	curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_ms);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_SSL_ENABLE_ALPN, 0L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	if (c->set_address != NULL)
		c->set_address(c->data, e);
	else
		set_address(c, e);
}

struct stream *stream_open(const struct stream_config *config)
{
	struct stream *s = mem_zalloc(sizeof *s);

	s->config = *config;
	buf_init(&s->waiting, config->max_bytes);
	buf_reserve(&s->waiting, config->max_bytes);
	uv_timer_init(transfers_loop(config->transfers), &s->timer);
	s->timer.data = s;
	s->n_users = 2;
	s->transfer = (struct transfer){.stays = true, .on_ended = on_connected};
	transfer_open(config->transfers, &s->transfer, config->ca_file);
	if (s->transfer.easy != NULL)
		set_options(s);
	transfer_start(config->transfers, &s->transfer);
	return s;
}
