#include "lib/receiver.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#define HEAD_MAX (16u << 20)

/*
 *   on_connection -> on_read... -> (a request is whole) on_request -> receiver_done -> on_read...
 *     \-> the other side leaves, receiver_hang_up, receiver_close: on_connection_closed
 *
 * A connection's memory stays until the receiver's goes, so that a test may hold a request
 * whose asker has left.
 */
struct connection {
	uv_tcp_t tcp;
	struct receiver *receiver;
	unsigned number;
	struct buf in;
	bool asked; /* a request is with the test */
	bool closed;
	struct receiver_request req;
	TAILQ_ENTRY(connection) entry;
};

struct receiver {
	uv_tcp_t tcp;
	receiver_cb on_request;
	void *data;
	int port;
	char url[64];
	unsigned n_connections, n_open, n_handles;
	TAILQ_HEAD(, connection) connections;
};

struct write {
	uv_write_t req;
	char bytes[];
};

static void free_request(struct receiver_request *req)
{
	free(req->head);
	free(req->body);
	*req = (struct receiver_request){0};
}

static void let_go(struct receiver *r)
{
	struct connection *c;

	if (--r->n_handles > 0)
		return;
	while ((c = TAILQ_FIRST(&r->connections)) != NULL) {
		TAILQ_REMOVE(&r->connections, c, entry);
		free_request(&c->req);
		buf_clear(&c->in);
		free(c);
	}
	free(r);
}

static void on_closed(uv_handle_t *handle)
{
	let_go(handle->data);
}

static void on_connection_closed(uv_handle_t *handle)
{
	struct connection *c = handle->data;

	let_go(c->receiver);
}

static void hang_up(struct connection *c)
{
	if (c->closed)
		return;
	c->closed = true;
	c->receiver->n_open--;
	uv_close((uv_handle_t *)&c->tcp, on_connection_closed);
}

static const char *header_of(const char *head, const char *name)
{
	const char *line = head;

	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncasecmp(line, name, strlen(name)) == 0 &&
		    line[strlen(name)] == ':')
			return line + strlen(name) + 1;
	}
	return NULL;
}

static void take_request(struct connection *c)
{
	const char *end = c->in.len > 0 ? strstr(c->in.data, "\r\n\r\n") : NULL;
	size_t head_len, body_len = 0, rest;
	const char *length;
	char *head;

	if (c->asked || c->closed || end == NULL)
		return;
	head_len = (size_t)(end - c->in.data) + 4;
	head = mem_strndup(c->in.data, head_len);
	length = header_of(head, "Content-Length");
	if (length != NULL)
		body_len = (size_t)strtoul(length, NULL, 10);
	if (c->in.len < head_len + body_len) {
		free(head);
		return;
	}
	c->asked = true;
	c->req = (struct receiver_request){
		.receiver = c->receiver,
		.connection = c->number,
		.head = head,
		.body = mem_strndup(c->in.data + head_len, body_len),
		.body_len = body_len,
		.at_ms = clock_mono_ms(),
		.connection_ = c,
	};
	rest = c->in.len - head_len - body_len;
	memmove(c->in.data, c->in.data + head_len + body_len, rest + 1);
	c->in.len = rest;
	c->receiver->on_request(&c->req, c->receiver->data);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	static char block[65536];

	(void)handle;
	(void)suggested;
	*out = uv_buf_init(block, sizeof block);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *block)
{
	struct connection *c = stream->data;

	if (n < 0) {
		hang_up(c);
		return;
	}
	ck_assert_int_eq(buf_add(&c->in, block->base, (size_t)n), 0);
	take_request(c);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct receiver *r = stream->data;
	struct connection *c = mem_zalloc(sizeof *c);

	ck_assert_int_eq(status, 0);
	c->receiver = r;
	c->number = ++r->n_connections;
	buf_init(&c->in, HEAD_MAX);
	uv_tcp_init(stream->loop, &c->tcp);
	c->tcp.data = c;
	r->n_handles++;
	r->n_open++;
	TAILQ_INSERT_TAIL(&r->connections, c, entry);
	ck_assert_int_eq(uv_accept(stream, (uv_stream_t *)&c->tcp), 0);
	uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

struct receiver *receiver_open_at(uv_loop_t *loop, int port, receiver_cb on_request,
				  void *data)
{
	struct receiver *r = mem_zalloc(sizeof *r);
	struct sockaddr_in at;
	int len = sizeof at;

	r->on_request = on_request;
	r->data = data;
	r->n_handles = 1;
	TAILQ_INIT(&r->connections);
	uv_tcp_init(loop, &r->tcp);
	r->tcp.data = r;
	uv_ip4_addr("127.0.0.1", port, &at);
	ck_assert_int_eq(uv_tcp_bind(&r->tcp, (struct sockaddr *)&at, 0), 0);
	ck_assert_int_eq(uv_listen((uv_stream_t *)&r->tcp, 128, on_connection), 0);
	uv_tcp_getsockname(&r->tcp, (struct sockaddr *)&at, &len);
	r->port = ntohs(at.sin_port);
	snprintf(r->url, sizeof r->url, "http://127.0.0.1:%d", r->port);
	return r;
}

struct receiver *receiver_open(uv_loop_t *loop, receiver_cb on_request, void *data)
{
	return receiver_open_at(loop, 0, on_request, data);
}

void receiver_close(struct receiver *r)
{
	struct connection *c;

	TAILQ_FOREACH(c, &r->connections, entry)
	{
		hang_up(c);
	}
	uv_close((uv_handle_t *)&r->tcp, on_closed);
}

int receiver_port(const struct receiver *r)
{
	return r->port;
}

const char *receiver_url(const struct receiver *r)
{
	return r->url;
}

unsigned receiver_n_connections(const struct receiver *r)
{
	return r->n_connections;
}

unsigned receiver_n_open(const struct receiver *r)
{
	return r->n_open;
}

const char *receiver_header(const struct receiver_request *req, const char *name)
{
	static char value[1024];
	const char *from = header_of(req->head, name);

	if (from == NULL)
		return NULL;
	from += strspn(from, " \t");
	snprintf(value, sizeof value, "%.*s", (int)strcspn(from, "\r\n"), from);
	return value;
}

static void on_written(uv_write_t *req, int status)
{
	(void)status; /* the other side may leave at any time */
	free(req->data);
}

void receiver_write(struct receiver_request *req, const char *bytes, size_t len)
{
	struct connection *c = req->connection_;
	struct write *w = mem_alloc(sizeof *w + len);
	uv_buf_t part = uv_buf_init(w->bytes, (unsigned)len);

	memcpy(w->bytes, bytes, len);
	w->req.data = w;
	if (c->closed ||
	    uv_write(&w->req, (uv_stream_t *)&c->tcp, &part, 1, on_written) != 0)
		free(w);
}

void receiver_done(struct receiver_request *req)
{
	struct connection *c = req->connection_;

	c->asked = false;
	free_request(req);
	take_request(c);
}

void receiver_hang_up(struct receiver_request *req)
{
	hang_up(req->connection_);
}

void receiver_answer(struct receiver_request *req, int status, const char *lines,
		     const char *body)
{
	char *text = mem_printf("HTTP/1.1 %d Status\r\nContent-Length: %zu\r\n%s\r\n%s",
				status, strlen(body), lines, body);

	receiver_write(req, text, strlen(text));
	free(text);
	receiver_done(req);
}
