/* HTTP client, on transfers.
 *
 * HTTPS is always verified; plain http goes to loopback only, unless the request allows it.
 * HTTP/2 where offered. Redirects are not followed. Proxies come from the environment (curl's
 * http_proxy, https_proxy, no_proxy), never for loopback. Connections are kept and used again.
 * The body is kept as it came: what was asked for compressed stays compressed. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/transfer.h"

struct http_client;
struct http_request;

/*
 * The request is over, exactly once, never from within http_start or http_cancel.
 *
 * rc  0             an answer has wholly arrived; any status
 *     ERR_RETRY     the network, or a time-out
 *     ERR_FORMAT    the answer is larger than max_bytes, or not HTTP
 *     ERR_DENIED    the server's certificate does not hold
 *     ERR_CONFIG    the request cannot be sent: a bad URL, an unreadable CA file, plain http
 *     ERR_CANCELED  http_cancel came first
 *     req->err says what; http_request_clear is the owner's, here or later.
 */
typedef void (*http_done_cb)(struct http_request *req, int rc);

struct http_request {
	/* Set after http_request_init, borrowed until on_done. */
	const char *url;
	const char *body; /* NULL: GET; else POST of body_len bytes */
	size_t body_len;
	const char *ca_file; /* PEM; NULL: the system's authorities */
	bool allow_plain;    /* plain http to anywhere */
	int64_t connect_ms;  /* until connected, TLS included */
	int64_t stall_ms; /* without a byte; in seconds, and up to five more where some came */
	int64_t total_ms; /* from start to end */
	size_t max_bytes; /* of the body as it comes */
	http_done_cb on_done;
	void *data; /* the owner's */

	/* To be read in on_done and until http_request_clear. */
	long status;       /* 0 where no answer came */
	struct buf answer; /* the body, as it came */
	int64_t sent_at_ms; /* UTC: when the request was handed over; nothing was sent before */
	int64_t done_at_ms; /* UTC: when the answer had wholly arrived */
	struct err err;

	struct transfer transfer; /* private */
	void *headers;            /* private */
	bool head_is_whole;       /* private */
};

#define HTTP_CONNECT_MS 10000
#define HTTP_STALL_MS   30000
#define HTTP_TOTAL_MS   300000
#define HTTP_MAX_BYTES  (64u << 20)

/* user_agent is copied. The client must be closed before the loop is. */
struct http_client *http_client_create(uv_loop_t *loop, const char *user_agent);

/* What it works by, for others who use the network. */
struct transfers *http_client_transfers(const struct http_client *client);

/* Every request must have ended. on_closed (may be NULL) runs once the loop has let go of all
 * handles; the client is freed before it. */
void http_client_close(struct http_client *client, void (*on_closed)(void *data),
		       void *data);

/* Defaults: GET, the limits above, nothing else. */
void http_request_init(struct http_request *req);
/* Free what the request holds. It must not be under way. */
void http_request_clear(struct http_request *req);

/* Add a header line, as in "Accept: application/json". */
void http_add_header(struct http_request *req, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Start; on_done follows in any case. */
void http_start(struct http_client *client, struct http_request *req);

/* End it early; on_done follows with ERR_CANCELED, unless the answer was in already. Does
 * nothing to a request that is not under way. */
void http_cancel(struct http_request *req);

/* The value of an answer's header (the last, where it is repeated), without blanks around it;
 * NULL where there is none. Good until http_request_clear. */
const char *http_header(const struct http_request *req, const char *name);

/* Add a text to a URL as a part of its path that is no more than that, whatever it holds. */
void http_add_escaped(struct buf *url, const char *text);

/* Whether the host of the URL, of any scheme, is this machine: 127.0.0.0/8, ::1 or localhost. */
bool http_is_loopback(const char *url);

#endif
