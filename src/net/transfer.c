/*
 *   transfer_start -> curl: on_socket, on_timer -> take_messages -> on_ended -> the owner's on_ended
 *        \-> cannot be begun, transfer_cancel: straight to the queue of those that ended
 *
 * Every transfer ends in the queue `ended`, which is emptied once in each turn of the loop: so no
 * owner is told inside a call of curl, of transfer_start or of transfer_cancel.
 */
#include "net/transfer.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/explain.h"

#define MAX_KEPT_CONNECTIONS 64L

TAILQ_HEAD(transfer_list, transfer);

struct transfers {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t curl_timer; /* curl's next deadline */
	bool in_timer;         /* it is running */
	uv_idle_t idle;        /* active: the queue is not empty */
	struct transfer_list ended;
	CURLSH *share;      /* TLS sessions, so that a connection anew is cheap */
	unsigned n_handles; /* of libuv, not yet closed */
	void (*on_closed)(void *data);
	void *closed_data;
};

/* One socket that curl wants watched. */
struct watched {
	uv_poll_t poll;
	struct transfers *all;
	curl_socket_t fd;
};

/* ---- closing ---- */

static void on_handle_closed(struct transfers *all)
{
	void (*on_closed)(void *) = all->on_closed;
	void *data = all->closed_data;

	if (--all->n_handles > 0)
		return;
	free(all);
	if (on_closed != NULL)
		on_closed(data);
}

static void on_own_closed(uv_handle_t *handle)
{
	on_handle_closed(handle->data);
}

static void on_poll_closed(uv_handle_t *handle)
{
	struct watched *w = handle->data;
	struct transfers *all = w->all;

	free(w);
	on_handle_closed(all);
}

/* ---- the end of a transfer ---- */

static int end_rc(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return 0;
	case CURLE_FILESIZE_EXCEEDED:
	case CURLE_WRITE_ERROR:          /* the owner's refusal */
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: owners have seen the scheme */
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
		return ERR_FORMAT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_LOGIN_DENIED:
		return ERR_DENIED;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_URL_MALFORMAT:
		return ERR_CONFIG;
	default:
		return ERR_RETRY;
	}
}

static void queue_ended(struct transfers *all, struct transfer *t)
{
	t->ended_at_ms = clock_utc_ms();
	t->state = TRANSFER_ENDED;
	TAILQ_INSERT_TAIL(&all->ended, t, entry);
}

static void on_ended(uv_idle_t *idle)
{
	struct transfers *all = idle->data;
	struct transfer *t;

	/* Only what is here now: an owner may start the next transfer at once, which waits for
	 * the next turn, so that a host that refuses at once cannot keep the loop here. */
	struct transfer_list now = TAILQ_HEAD_INITIALIZER(now);

	uv_idle_stop(idle);
	TAILQ_CONCAT(&now, &all->ended, entry);
	while ((t = TAILQ_FIRST(&now)) != NULL) {
		TAILQ_REMOVE(&now, t, entry);
		t->state = TRANSFER_IDLE;
		if (!t->stays || t->err.code != 0)
			t->all = NULL;
		t->on_ended(t); /* the owner may free t here */
	}
}

static void wake_ended(struct transfers *all)
{
	if (!TAILQ_EMPTY(&all->ended))
		uv_idle_start(&all->idle, on_ended);
}

/* curl's own words, but for those in which it repeats a URL: a proxy's may hold a password. */
static const char *text_of(const struct transfer *t, CURLcode code)
{
	const char *text = t->curl_error;

	if (text[0] == '\0' || strchr(text, '@') != NULL || strstr(text, "://") != NULL)
		return curl_easy_strerror(code);
	return text;
}

/* The meaning first: what OpenSSL says is for whoever asks further. */
static void set_failure(struct transfer *t, CURLcode code, int rc)
{
	const char *text = text_of(t, code), *meaning = explain_failure(code, text);

	if (meaning != NULL)
		err_set(&t->err, rc, "%s (%s)", meaning, text);
	else
		err_set(&t->err, rc, "%s", text);
}

/* The handle stays for its headers; it may outlive us, and so what is shared. */
static void let_go(struct transfer *t)
{
	curl_multi_remove_handle(t->all->multi, t->easy);
	curl_easy_setopt(t->easy, CURLOPT_SHARE, NULL);
}

static void finish(struct transfer *t, CURLcode code)
{
	int rc = end_rc(code);

	if (t->err.code == 0 && rc != 0)
		set_failure(t, code, rc);
	if (!t->stays || t->err.code != 0)
		let_go(t);
	queue_ended(t->all, t);
}

static void take_messages(struct transfers *all)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(all->multi, &left)) != NULL) {
		struct transfer *t;
		CURLcode code = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		finish(t, code); /* msg is gone after this */
	}
	wake_ended(all);
}

/* ---- curl on the loop ---- */

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watched *w = poll->data;
	struct transfers *all = w->all;
	int flags = 0, running;

	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(all->multi, w->fd, flags, &running);
	take_messages(all);
}

static void on_deadline(uv_timer_t *timer)
{
	struct transfers *all = timer->data;
	int running;

	all->in_timer = true;
	curl_multi_socket_action(all->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_messages(all);
	all->in_timer = false;
}

/* libuv before 1.45 runs a timer that is set to zero from within a timer at once, as often as it
 * is: the loop would never look at a socket again. */
static uint64_t next_turn(const struct transfers *all, uint64_t wait_ms)
{
	return wait_ms == 0 && all->in_timer ? 1 : wait_ms;
}

static int on_timer(CURLM *multi, long timeout_ms, void *data)
{
	struct transfers *all = data;

	(void)multi;
	if (timeout_ms < 0)
		uv_timer_stop(&all->curl_timer);
	else
		uv_timer_start(&all->curl_timer, on_deadline,
			       next_turn(all, (uint64_t)timeout_ms), 0);
	return 0;
}

static struct watched *watch_socket(struct transfers *all, curl_socket_t fd)
{
	struct watched *w = mem_zalloc(sizeof *w);

	w->all = all;
	w->fd = fd;
	if (uv_poll_init_socket(all->loop, &w->poll, fd) != 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	all->n_handles++;
	curl_multi_assign(all->multi, fd, w);
	return w;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data,
		     void *socket_data)
{
	struct transfers *all = data;
	struct watched *w = socket_data;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL) {
			curl_multi_assign(all->multi, fd, NULL);
			uv_close((uv_handle_t *)&w->poll, on_poll_closed);
		}
		return 0;
	}
	if (w == NULL && (w = watch_socket(all, fd)) == NULL)
		return -1; /* curl ends the transfer */
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	uv_poll_start(&w->poll, events, on_ready);
	return 0;
}

struct transfers *transfers_create(uv_loop_t *loop)
{
	struct transfers *all = mem_zalloc(sizeof *all);

	curl_global_init(CURL_GLOBAL_DEFAULT);
	all->loop = loop;
	all->multi = curl_multi_init();
	all->share = curl_share_init();
	curl_share_setopt(all->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	TAILQ_INIT(&all->ended);
	uv_timer_init(loop, &all->curl_timer);
	uv_idle_init(loop, &all->idle);
	all->curl_timer.data = all;
	all->idle.data = all;
	all->n_handles = 2;
	curl_multi_setopt(all->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(all->multi, CURLMOPT_SOCKETDATA, all);
	curl_multi_setopt(all->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(all->multi, CURLMOPT_TIMERDATA, all);
	curl_multi_setopt(all->multi, CURLMOPT_MAXCONNECTS, MAX_KEPT_CONNECTIONS);
	return all;
}

uv_loop_t *transfers_loop(const struct transfers *all)
{
	return all->loop;
}

void transfers_close(struct transfers *all, void (*on_closed)(void *data), void *data)
{
	all->on_closed = on_closed;
	all->closed_data = data;
	curl_multi_cleanup(all->multi); /* closes kept connections, so on_socket runs */
	curl_share_cleanup(all->share);
	uv_close((uv_handle_t *)&all->curl_timer, on_own_closed);
	uv_close((uv_handle_t *)&all->idle, on_own_closed);
}

/* ---- one transfer ---- */

void transfer_open(struct transfers *all, struct transfer *t, const char *ca_file)
{
	t->err = (struct err){0};
	t->curl_error[0] = '\0';
	t->easy = curl_easy_init();
	if (t->easy == NULL) {
		err_set(&t->err, ERR_RETRY, "no handle for a request");
		return;
	}
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_SHARE, all->share);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->curl_error);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	/* Else removing a request waits for its name to be resolved: 3.7 s measured. */
	curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
	/* Else a handshake reads the system's folder, 37 ms of CPU, and ca_file is not alone. */
	curl_easy_setopt(t->easy, CURLOPT_CAPATH, NULL);
	if (ca_file == NULL)
		return;
	curl_easy_setopt(t->easy, CURLOPT_CAINFO, ca_file);
	/* Else curl knows what was in it for a day. */
	curl_easy_setopt(t->easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
}

void transfer_start(struct transfers *all, struct transfer *t)
{
	t->all = all;
	t->state = TRANSFER_RUNNING;
	if (t->err.code == 0 && curl_multi_add_handle(all->multi, t->easy) != CURLM_OK)
		err_set(&t->err, ERR_RETRY, "cannot start a request");
	if (t->err.code != 0) {
		queue_ended(all, t);
		wake_ended(all);
	}
}

void transfer_cancel(struct transfer *t)
{
	if (t->state != TRANSFER_RUNNING)
		return;
	let_go(t);
	err_set(&t->err, ERR_CANCELED, "canceled");
	queue_ended(t->all, t);
	wake_ended(t->all);
}

void transfer_clear(struct transfer *t)
{
	if (t->easy == NULL)
		return;
	if (t->all != NULL)
		let_go(t);
	curl_easy_cleanup(t->easy);
	t->easy = NULL;
	t->all = NULL;
}
