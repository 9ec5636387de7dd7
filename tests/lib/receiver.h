/* An HTTP/1.1 server on the loop that does as the test says, also what no server should: it
 * answers with raw bytes, late, in pieces, or by hanging up. Plain, on loopback. */
#ifndef TESTS_RECEIVER_H
#define TESTS_RECEIVER_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct receiver;

/* A request that has wholly come. Good until receiver_done or receiver_hang_up; where the other
 * side leaves before, until the receiver is closed. */
struct receiver_request {
	struct receiver *receiver;
	unsigned connection; /* the number of its connection, from 1 */
	char *head;          /* the request line and the headers, as they came */
	char *body;          /* with a NUL behind it */
	size_t body_len;
	int64_t at_ms;     /* monotonic: when it had come */
	void *connection_; /* private */
};

typedef void (*receiver_cb)(struct receiver_request *req, void *data);

/* Listen on a free port of loopback. on_request comes once for each request. */
struct receiver *receiver_open(uv_loop_t *loop, receiver_cb on_request, void *data);
/* Listen on this port. */
struct receiver *receiver_open_at(uv_loop_t *loop, int port, receiver_cb on_request,
				  void *data);
/* Hang up on everybody. The memory goes in a later turn of the loop. */
void receiver_close(struct receiver *r);
int receiver_port(const struct receiver *r);
/* "http://127.0.0.1:4711", good until closed. */
const char *receiver_url(const struct receiver *r);
unsigned receiver_n_connections(const struct receiver *r); /* ever made */
unsigned receiver_n_open(const struct receiver *r); /* that the other side still holds */

/* A header's value, cut out of head into a buffer that the next call overwrites; NULL where there
 * is none. */
const char *receiver_header(const struct receiver_request *req, const char *name);

/* Send bytes of the answer; as often as wanted. */
void receiver_write(struct receiver_request *req, const char *bytes, size_t len);
/* The answer is whole: the connection waits for its next request. */
void receiver_done(struct receiver_request *req);
void receiver_hang_up(struct receiver_request *req);
/* All at once: a whole answer. lines: further header lines, each with its "\r\n"; or "". */
void receiver_answer(struct receiver_request *req, int status, const char *lines,
		     const char *body);

#endif
