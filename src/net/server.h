/* HTTP server on the loop. Whole requests go to one handler, which answers now or later.
 *
 * libmicrohttpd does HTTP and TLS without threads of its own: everything happens in callbacks
 * of the loop, the handler included. Connections are kept alive; requests on one connection are
 * answered in turn. A request that is malformed or too large never reaches the handler. */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "base/err.h"
#include "net/listen.h"

struct server;
struct server_request;

/*
 * One whole request has come.
 * req   to be answered exactly once, by one of server_answer...(), from within or later. It is
 *       gone then. Where the client left meanwhile, answering does nothing but that.
 * data  of the server_config
 */
typedef void (*server_request_cb)(struct server_request *req, void *data);

struct server_config {
	const char *address; /* listen.h; or "unix:PATH", see local.h */
	enum listen_reach reach;
	const char *cert; /* PEM text of the certificate (chain); NULL: plain HTTP */
	const char *key;  /* PEM text of its private key; NULL with cert only */
	/* A larger request body is answered with 413, or cut off where it comes in chunks. */
	size_t body_max_bytes;
	unsigned idle_s; /* close a connection that is silent for so long; 0: never */
	/* Of a server that others depend on; patience.h. All 0 of one that is on its own. */
	size_t header_max_bytes; /* about; a longer one is refused; 0: 32 KiB */
	unsigned connections_max;
	int64_t request_ms, answer_ms;
	server_request_cb on_request;
	void *data; /* handed to on_request */
};

/*
 * Listen. Everything in config is copied but data.
 * Returns 0 or ERR_CONFIG: it cannot listen there, or TLS refuses the PEM texts.
 */
int server_open(uv_loop_t *loop, const struct server_config *config, struct server **out,
		struct err *err);
/* Stop listening and close every connection. Its memory goes in a later turn of the loop.
 * Requests without an answer still wait for one. Not from within on_request. */
void server_close(struct server *server);
/* Where it listens, as in "https://127.0.0.1:4711", "unix:/run/phonewatch/phonewatch.sock". */
const char *server_url(const struct server *server);

/* ---- what was asked; good until the handler returns or answers, whichever is first ---- */

const char *server_method(const struct server_request *req);
/* Percent-decoded, without the query. */
const char *server_path(const struct server_request *req);
/* All behind the question mark as it was sent; "" without one. */
const char *server_query(const struct server_request *req);
/* One argument of the query, decoded; NULL where it is missing, "" where it has no value. */
const char *server_arg(const struct server_request *req, const char *name);
/* One header; NULL where it is missing. */
const char *server_header(const struct server_request *req, const char *name);
/* The body, with a NUL behind it; *len (where wanted) without the NUL. */
const char *server_content(const struct server_request *req, size_t *len);

/* Who asks, by a unix socket. False: another machine may be asking, or the system does not say. */
bool server_peer(const struct server_request *req, uid_t *uid);

/* ---- the answer ---- */

/* Bytes that many answers can share, and that go with their last holder. */
struct server_body {
	size_t n_refs;
	size_t len;
	char data[]; /* the creator may write it until it is first answered with */
};

/* A copy of data, or room for len bytes where data is NULL. The caller holds it. */
struct server_body *server_body_create(const void *data, size_t len);
struct server_body *server_body_hold(struct server_body *body);
void server_body_drop(struct server_body *body); /* NULL is fine */

/* Add a header to the answer to come. Content-Length, Date and Connection come by themselves. */
void server_add_header(struct server_request *req, const char *name, const char *value);

/* Answer with body (NULL: none); it is held as long as it is needed, without a copy. */
void server_answer(struct server_request *req, int status, struct server_body *body);
/* Answer with a copy of text. */
void server_answer_text(struct server_request *req, int status, const char *type,
			const char *text);

/* What a stream's read says instead of a number of bytes. */
enum {
	SERVER_STREAM_WAIT = 0,   /* nothing yet: server_stream_resume() will follow */
	SERVER_STREAM_END = -1,   /* that was all; only without a length */
	SERVER_STREAM_BREAK = -2, /* close the connection here, in the middle */
};
#define SERVER_LENGTH_UNKNOWN UINT64_MAX /* sent in chunks */

/* A body that is made while it is sent. */
struct server_stream {
	/* Write up to max bytes of the body from byte at on to out. Returns how many, or one of
	 * SERVER_STREAM_... */
	ssize_t (*read)(void *data, uint64_t at, char *out, size_t max);
	/* It is over, sent or not: read comes no more, and req is gone. Exactly once. */
	void (*done)(void *data);
};

/* Answer with a body of len bytes from a stream. Here req stays good until done(). */
void server_answer_stream(struct server_request *req, int status, uint64_t len,
			  const struct server_stream *stream, void *data);
/* After SERVER_STREAM_WAIT: ask read again. Not from within read. */
void server_stream_resume(struct server_request *req);

/* ---- answers of a server that fails ---- */

/* Close the connection without a word. */
void server_answer_close(struct server_request *req);
/* Keep the connection without a word, until the client leaves. */
void server_answer_never(struct server_request *req);

#endif
