/*
 *   http_start -> curl: on_socket, on_timer -> take_messages -> on_ended -> the owner's on_done
 *        \-> cannot be sent, http_cancel: straight to the ended queue, so on_ended follows
 *
 * Every request ends in the client's queue `ended`, which is emptied once in each turn of the loop:
 * so on_done never runs inside a call of curl, of http_start or of http_cancel.
 */
#include "net/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"

#define MAX_KEPT_CONNECTIONS 64L
#define MAX_IDLE_S           330L /* keep a connection over a poll interval of five minutes */

TAILQ_HEAD(request_list, http_request);

struct http_client {
	uv_loop_t *loop;
	CURLM *multi;
	char *user_agent;
	uv_timer_t curl_timer; /* curl's next deadline */
	bool in_timer;         /* it is running */
	uv_idle_t idle;        /* active: the queue is not empty */
	struct request_list ended;
	CURLSH *share;      /* TLS sessions, so that a connection anew is cheap */
	unsigned n_handles; /* of libuv, not yet closed */
	void (*on_closed)(void *data);
	void *closed_data;
};

/* One socket that curl wants watched. */
struct watched {
	uv_poll_t poll;
	struct http_client *client;
	curl_socket_t fd;
};

static void on_handle_closed(struct http_client *c)
{
	void (*on_closed)(void *) = c->on_closed;
	void *data = c->closed_data;

	if (--c->n_handles > 0)
		return;
	free(c->user_agent);
	free(c);
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
	struct http_client *c = w->client;

	free(w);
	on_handle_closed(c);
}

static int end_rc(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return 0;
	case CURLE_FILESIZE_EXCEEDED:
	case CURLE_WRITE_ERROR:          /* our own refusal in on_body */
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: begin() has seen the scheme */
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
		return ERR_FORMAT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return ERR_DENIED;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_URL_MALFORMAT:
		return ERR_CONFIG;
	default:
		return ERR_RETRY;
	}
}

static void queue_ended(struct http_request *req)
{
	struct http_client *c = req->client;

	req->state = HTTP_ENDED;
	TAILQ_INSERT_TAIL(&c->ended, req, entry);
}

static void on_ended(uv_idle_t *idle)
{
	struct http_client *c = idle->data;
	struct http_request *req;

	/* Only what is here now: an owner may start the next request at once, which waits for
	 * the next turn, so that a host that refuses at once cannot keep the loop here. */
	struct request_list now = TAILQ_HEAD_INITIALIZER(now);

	uv_idle_stop(idle);
	TAILQ_CONCAT(&now, &c->ended, entry);
	while ((req = TAILQ_FIRST(&now)) != NULL) {
		TAILQ_REMOVE(&now, req, entry);
		req->state = HTTP_IDLE;
		req->client = NULL;
		req->on_done(req, req->err.code); /* the owner may free req here */
	}
}

/* libuv before 1.45 runs a timer that is set to zero from within a timer at once, as often as it
 * is: the loop would never look at a socket again. */
static uint64_t next_turn(const struct http_client *c, uint64_t wait_ms)
{
	return wait_ms == 0 && c->in_timer ? 1 : wait_ms;
}

static void wake_ended(struct http_client *c)
{
	if (!TAILQ_EMPTY(&c->ended))
		uv_idle_start(&c->idle, on_ended);
}

/* curl's own words, but for those in which it repeats a URL: a proxy's may hold a password. */
static const char *text_of(const struct http_request *req, CURLcode code)
{
	const char *text = req->curl_error;

	if (text[0] == '\0' || strchr(text, '@') != NULL || strstr(text, "://") != NULL)
		return curl_easy_strerror(code);
	return text;
}

/* The handle stays for its headers; it may outlive the client, and so what the client shares. */
static void let_go(struct http_request *req)
{
	curl_multi_remove_handle(req->client->multi, req->easy);
	curl_easy_setopt(req->easy, CURLOPT_SHARE, NULL);
}

static void finish(struct http_request *req, CURLcode code)
{
	int rc = end_rc(code);

	req->done_at_ms = clock_utc_ms();
	let_go(req);
	curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE, &req->status);
	if (req->err.code == 0 && rc != 0)
		err_set(&req->err, rc, "%s", text_of(req, code));
	queue_ended(req);
}

static void take_messages(struct http_client *c)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(c->multi, &left)) != NULL) {
		struct http_request *req;
		CURLcode code = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&req);
		finish(req, code); /* msg is gone after this */
	}
	wake_ended(c);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct watched *w = poll->data;
	struct http_client *c = w->client;
	int flags = 0, running;

	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(c->multi, w->fd, flags, &running);
	take_messages(c);
}

static void on_deadline(uv_timer_t *timer)
{
	struct http_client *c = timer->data;
	int running;

	c->in_timer = true;
	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_messages(c);
	c->in_timer = false;
}

static int on_timer(CURLM *multi, long timeout_ms, void *data)
{
	struct http_client *c = data;

	(void)multi;
	if (timeout_ms < 0)
		uv_timer_stop(&c->curl_timer);
	else
		uv_timer_start(&c->curl_timer, on_deadline,
			       next_turn(c, (uint64_t)timeout_ms), 0);
	return 0;
}

static struct watched *watch_socket(struct http_client *c, curl_socket_t fd)
{
	struct watched *w = mem_zalloc(sizeof *w);

	w->client = c;
	w->fd = fd;
	if (uv_poll_init_socket(c->loop, &w->poll, fd) != 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	c->n_handles++;
	curl_multi_assign(c->multi, fd, w);
	return w;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data,
		     void *socket_data)
{
	struct http_client *c = data;
	struct watched *w = socket_data;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL) {
			curl_multi_assign(c->multi, fd, NULL);
			uv_close((uv_handle_t *)&w->poll, on_poll_closed);
		}
		return 0;
	}
	if (w == NULL && (w = watch_socket(c, fd)) == NULL)
		return -1; /* curl ends the request */
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	uv_poll_start(&w->poll, events, on_readable);
	return 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct http_request *req = arg;

	if (buf_add(&req->answer, data, size * n) != 0) {
		err_set(&req->err, ERR_FORMAT, "the answer is larger than %zu bytes",
			req->max_bytes);
		return 0;
	}
	return size * n;
}

struct http_client *http_client_create(uv_loop_t *loop, const char *user_agent)
{
	struct http_client *c = mem_zalloc(sizeof *c);

	curl_global_init(CURL_GLOBAL_DEFAULT);
	c->loop = loop;
	c->user_agent = mem_strdup(user_agent);
	c->multi = curl_multi_init();
	c->share = curl_share_init();
	curl_share_setopt(c->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	TAILQ_INIT(&c->ended);
	uv_timer_init(loop, &c->curl_timer);
	uv_idle_init(loop, &c->idle);
	c->curl_timer.data = c;
	c->idle.data = c;
	c->n_handles = 2;
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, MAX_KEPT_CONNECTIONS);
	return c;
}

void http_client_close(struct http_client *c, void (*on_closed)(void *data), void *data)
{
	c->on_closed = on_closed;
	c->closed_data = data;
	curl_multi_cleanup(c->multi); /* closes kept connections, so on_socket runs */
	curl_share_cleanup(c->share);
	uv_close((uv_handle_t *)&c->curl_timer, on_own_closed);
	uv_close((uv_handle_t *)&c->idle, on_own_closed);
}

void http_request_init(struct http_request *req)
{
	*req = (struct http_request){
		.connect_ms = HTTP_CONNECT_MS,
		.stall_ms = HTTP_STALL_MS,
		.total_ms = HTTP_TOTAL_MS,
		.max_bytes = HTTP_MAX_BYTES,
	};
}

void http_request_clear(struct http_request *req)
{
	curl_slist_free_all(req->headers);
	req->headers = NULL;
	if (req->easy != NULL)
		curl_easy_cleanup(req->easy);
	req->easy = NULL;
	buf_clear(&req->answer);
}

void http_add_header(struct http_request *req, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort(); /* out of memory */
	req->headers = curl_slist_append(req->headers, text);
	explicit_bzero(text, (size_t)len); /* it may hold a token */
	free(text);
}

/* What decides whether a URL may be asked, and how. */
struct target {
	bool plain; /* http, not https */
	bool loopback;
};

static bool is_loopback_host(const char *host)
{
	struct in_addr v4;

	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

/* Read the URL as curl will understand it. 0, or ERR_FORMAT where it is none of ours. */
static int read_url(const char *url, struct target *t)
{
	CURLU *u = curl_url();
	char *host = NULL, *scheme = NULL;
	int rc = ERR_FORMAT;

	if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		t->plain = strcmp(scheme, "http") == 0;
		t->loopback = is_loopback_host(host);
		if (t->plain || strcmp(scheme, "https") == 0)
			rc = 0;
	}
	curl_free(host);
	curl_free(scheme);
	curl_url_cleanup(u);
	return rc;
}

void http_add_escaped(struct buf *url, const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0);

	buf_add_text(url, escaped);
	curl_free(escaped);
}

bool http_is_loopback(const char *url)
{
	struct target t;

	return read_url(url, &t) == 0 && t.loopback;
}

static void set_method(struct http_request *req)
{
	if (req->body == NULL)
		return;
	curl_easy_setopt(req->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(req->easy, CURLOPT_POSTFIELDS, req->body);
	curl_easy_setopt(req->easy, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)req->body_len);
	/* No "Expect: 100-continue": it costs a round trip, or a second where unheard. */
	req->headers = curl_slist_append(req->headers, "Expect:");
}

static void set_options(struct http_request *req, const struct target *t)
{
	CURL *e = req->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, req);
	curl_easy_setopt(e, CURLOPT_SHARE, req->client->share);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, req->curl_error);
	curl_easy_setopt(e, CURLOPT_URL, req->url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* Else removing a request waits for its name to be resolved: 3.7 s measured. */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	/* Else a handshake reads the system's folder, 37 ms of CPU, and ca_file is not alone. */
	curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	if (req->ca_file != NULL)
		curl_easy_setopt(e, CURLOPT_CAINFO, req->ca_file);
	if (t->loopback)
		curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)req->connect_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)req->total_ms);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)((req->stall_ms + 999) / 1000));
	curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)req->max_bytes);
	curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, MAX_IDLE_S);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, req->client->user_agent);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, req);
	set_method(req);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, req->headers);
}

/* Check the URL and hand the request to curl. */
static int begin(struct http_client *c, struct http_request *req)
{
	struct target t;

	if (read_url(req->url, &t) != 0)
		return err_set(&req->err, ERR_CONFIG, "not a URL of http or https");
	if (t.plain && !t.loopback && !req->allow_plain)
		return err_set(&req->err, ERR_CONFIG,
			       "plain http goes to this machine only; use https");
	req->easy = curl_easy_init();
	if (req->easy == NULL)
		return err_set(&req->err, ERR_RETRY, "no handle for a request");
	set_options(req, &t);
	if (curl_multi_add_handle(c->multi, req->easy) != CURLM_OK)
		return err_set(&req->err, ERR_RETRY, "cannot start a request");
	return 0;
}

void http_start(struct http_client *c, struct http_request *req)
{
	req->client = c;
	req->status = 0;
	req->err = (struct err){0};
	req->curl_error[0] = '\0';
	buf_init(&req->answer, req->max_bytes);
	req->sent_at_ms = clock_utc_ms();
	req->done_at_ms = req->sent_at_ms;
	req->state = HTTP_RUNNING;
	if (begin(c, req) != 0) {
		queue_ended(req);
		wake_ended(c);
	}
}

void http_cancel(struct http_request *req)
{
	if (req->state != HTTP_RUNNING)
		return;
	let_go(req);
	err_set(&req->err, ERR_CANCELED, "canceled");
	queue_ended(req);
	wake_ended(req->client);
}

const char *http_header(const struct http_request *req, const char *name)
{
	struct curl_header *h;

	if (req->easy == NULL)
		return NULL;
	/* Index 0 tells how many there are; the last one counts. */
	if (curl_easy_header(req->easy, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
		return NULL;
	if (h->amount > 1 && curl_easy_header(req->easy, name, h->amount - 1,
					      CURLH_HEADER, -1, &h) != CURLHE_OK)
		return NULL;
	/* Of an empty header curl 7.88 leaves the end of the line. */
	return h->value[strspn(h->value, " \t\r\n")] != '\0' ? h->value : "";
}
