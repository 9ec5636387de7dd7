#include "net/http.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"

#define MAX_IDLE_S 330L /* keep a connection over a poll interval of five minutes */

struct http_client {
	struct transfers *transfers;
	char *user_agent;
	void (*on_closed)(void *data);
	void *closed_data;
};

static void on_ended(struct transfer *t)
{
	struct http_request *req = OWNER_OF(t, struct http_request, transfer);

	if (t->easy != NULL)
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &req->status);
	req->done_at_ms = t->ended_at_ms;
	/* curl takes a head that ends behind its status line for a whole one. */
	if (t->err.code == 0 && !req->head_is_whole)
		err_set(&t->err, ERR_RETRY, "the answer ended within its head");
	req->err = t->err;
	req->on_done(req, req->err.code); /* the owner may free req here */
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct http_request *req = arg;

	if (buf_add(&req->answer, data, size * n) != 0) {
		err_set(&req->transfer.err, ERR_FORMAT,
			"the answer is larger than %zu bytes", req->max_bytes);
		return 0;
	}
	return size * n;
}

/* A line of a head, of which there may be several ("100 Continue"), or a trailer. */
static size_t on_head_line(char *line, size_t size, size_t n, void *arg)
{
	struct http_request *req = arg;

	if (size * n >= 5 && memcmp(line, "HTTP/", 5) == 0)
		req->head_is_whole = false;
	else if (line[0] == '\r' || line[0] == '\n')
		req->head_is_whole = true;
	return size * n;
}

struct http_client *http_client_create(uv_loop_t *loop, const char *user_agent)
{
	struct http_client *c = mem_zalloc(sizeof *c);

	c->transfers = transfers_create(loop);
	c->user_agent = mem_strdup(user_agent);
	return c;
}

struct transfers *http_client_transfers(const struct http_client *c)
{
	return c->transfers;
}

static void on_closed(void *data)
{
	struct http_client *c = data;
	void (*then)(void *) = c->on_closed;
	void *closed_data = c->closed_data;

	free(c->user_agent);
	free(c);
	if (then != NULL)
		then(closed_data);
}

void http_client_close(struct http_client *c, void (*on_client_closed)(void *data),
		       void *data)
{
	c->on_closed = on_client_closed;
	c->closed_data = data;
	transfers_close(c->transfers, on_closed, c);
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
	transfer_clear(&req->transfer);
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
	struct target t = {0};

	(void)read_url(url, &t); /* whatever its scheme */
	return t.loopback;
}

static void set_method(struct http_request *req)
{
	CURL *e = req->transfer.easy;

	if (req->body == NULL)
		return;
	curl_easy_setopt(e, CURLOPT_POST, 1L);
	curl_easy_setopt(e, CURLOPT_POSTFIELDS, req->body);
	curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_len);
	/* No "Expect: 100-continue": it costs a round trip, or a second where unheard. */
	req->headers = curl_slist_append(req->headers, "Expect:");
}

static void set_options(const struct http_client *c, struct http_request *req,
			const struct target *t)
{
	CURL *e = req->transfer.easy;

	curl_easy_setopt(e, CURLOPT_URL, req->url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	if (t->loopback)
		curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)req->connect_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)req->total_ms);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)((req->stall_ms + 999) / 1000));
	curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)req->max_bytes);
	curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, MAX_IDLE_S);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, c->user_agent);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_head_line);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, req);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, req);
	set_method(req);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, req->headers);
}

/* Check the URL and make a handle for it; else transfer.err says why not. */
static void open_request(const struct http_client *c, struct http_request *req)
{
	struct target t;

	if (read_url(req->url, &t) != 0) {
		err_set(&req->transfer.err, ERR_CONFIG, "not a URL of http or https");
		return;
	}
	if (t.plain && !t.loopback && !req->allow_plain) {
		err_set(&req->transfer.err, ERR_CONFIG,
			"plain http goes to this machine only; use https");
		return;
	}
	transfer_open(c->transfers, &req->transfer, req->ca_file);
	if (req->transfer.easy != NULL)
		set_options(c, req, &t);
}

void http_start(struct http_client *c, struct http_request *req)
{
	req->transfer = (struct transfer){.on_ended = on_ended};
	req->status = 0;
	req->head_is_whole = false;
	buf_init(&req->answer, req->max_bytes);
	req->sent_at_ms = clock_utc_ms();
	open_request(c, req);
	transfer_start(c->transfers, &req->transfer);
}

void http_cancel(struct http_request *req)
{
	transfer_cancel(&req->transfer);
}

const char *http_header(const struct http_request *req, const char *name)
{
	struct curl_header *h;

	if (req->transfer.easy == NULL)
		return NULL;
	/* Index 0 tells how many there are; the last one counts. */
	if (curl_easy_header(req->transfer.easy, name, 0, CURLH_HEADER, -1, &h) !=
	    CURLHE_OK)
		return NULL;
	if (h->amount > 1 && curl_easy_header(req->transfer.easy, name, h->amount - 1,
					      CURLH_HEADER, -1, &h) != CURLHE_OK)
		return NULL;
	/* Of an empty header curl 7.88 leaves the end of the line. */
	return h->value[strspn(h->value, " \t\r\n")] != '\0' ? h->value : "";
}
