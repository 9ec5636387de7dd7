#include "sim/misbehave.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "net/server.h"
#include "sim/fault.h"

/*
 * A body that is sent in its own way.
 *
 *   misbehave_answer -> read... -> done -> on_timer_closed
 *     slow: read says WAIT where it is ahead of its time; on_tick resumes it
 *
 * Whatever happens to the connection, the server calls done once, which closes the timer; the
 * memory goes in its close callback.
 */
struct trickle {
	struct server_request *req;
	struct server_body *body;
	uint64_t bytes_per_s;
	uint64_t begun_ms;
	uv_timer_t timer;
};

#define TICK_MS 50

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void on_tick(uv_timer_t *timer)
{
	struct trickle *t = timer->data;

	server_stream_resume(t->req);
}

/* How many bytes may have gone by now. The first goes at once. */
static uint64_t allowed(const struct trickle *t)
{
	uint64_t ms = uv_now(t->timer.loop) - t->begun_ms;

	return 1 + ms * t->bytes_per_s / 1000;
}

static ssize_t read_trickle(void *data, uint64_t at, char *out, size_t max)
{
	struct trickle *t = data;
	uint64_t end = allowed(t);
	size_t n;

	if (end <= at) {
		uv_timer_start(&t->timer, on_tick, TICK_MS, 0);
		return SERVER_STREAM_WAIT;
	}
	if (end > t->body->len)
		end = t->body->len;
	n = end - at < max ? (size_t)(end - at) : max;
	memcpy(out, t->body->data + at, n);
	return (ssize_t)n;
}

static void trickle_done(void *data)
{
	struct trickle *t = data;

	server_body_drop(t->body);
	uv_close((uv_handle_t *)&t->timer, on_timer_closed);
}

static const struct server_stream trickle_stream = {read_trickle, trickle_done};

static void answer_slowly(struct server_request *req, uv_loop_t *loop,
			  uint64_t bytes_per_s, int status, struct server_body *body)
{
	struct trickle *t = mem_zalloc(sizeof *t);

	t->req = req;
	t->body = server_body_hold(body);
	t->bytes_per_s = bytes_per_s;
	t->begun_ms = uv_now(loop);
	t->timer.data = t;
	uv_timer_init(loop, &t->timer);
	server_answer_stream(req, status, body->len, &trickle_stream, t);
}

/* ---- cut off ---- */

struct stump {
	struct server_body *body;
	uint64_t len;
};

static ssize_t read_stump(void *data, uint64_t at, char *out, size_t max)
{
	struct stump *s = data;
	size_t n = s->len - at < max ? (size_t)(s->len - at) : max;

	if (n == 0)
		return SERVER_STREAM_BREAK;
	memcpy(out, s->body->data + at, n);
	return (ssize_t)n;
}

static void stump_done(void *data)
{
	struct stump *s = data;

	server_body_drop(s->body);
	free(s);
}

static const struct server_stream stump_stream = {read_stump, stump_done};

/* Content-Length tells of one byte more at least, else nothing would be missing. */
static void answer_truncated(struct server_request *req, uint64_t len, int status,
			     struct server_body *body)
{
	struct stump *s = mem_zalloc(sizeof *s);

	s->body = server_body_hold(body);
	s->len = len < body->len ? len : body->len;
	server_answer_stream(req, status, s->len < body->len ? body->len : s->len + 1,
			     &stump_stream, s);
}

/* ---- without end ---- */

static ssize_t read_blanks(void *data, uint64_t at, char *out, size_t max)
{
	static const char head[] = "{\"records\":[";

	(void)data;
	memset(out, ' ', max);
	if (at == 0 && max >= sizeof head)
		memcpy(out, head, sizeof head - 1);
	return (ssize_t)max;
}

static void blanks_done(void *data)
{
	(void)data;
}

static const struct server_stream blanks_stream = {read_blanks, blanks_done};

/* ---- the bomb: one gzip whose middle is the same piece again and again ---- */

#define PIECE_BYTES ((size_t)1 << 20)
#define HEAD_BYTES  10
#define TAIL_BYTES  10 /* an empty last block, the checksum, the length */

struct bomb {
	unsigned char *piece; /* raw deflate of 1 MiB of blanks, up to a full flush */
	size_t piece_len;
	uint64_t n_pieces;
	unsigned char head[HEAD_BYTES], tail[TAIL_BYTES];
};

static void make_piece(struct bomb *b)
{
	unsigned char *blanks = mem_alloc(PIECE_BYTES);
	z_stream z = {0};

	memset(blanks, ' ', PIECE_BYTES);
	b->piece = mem_alloc(PIECE_BYTES);
	if (deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		abort(); /* out of memory */
	z.next_in = blanks;
	z.avail_in = PIECE_BYTES;
	z.next_out = b->piece;
	z.avail_out = PIECE_BYTES;
	deflate(&z, Z_FULL_FLUSH);
	b->piece_len = PIECE_BYTES - z.avail_out;
	deflateEnd(&z);
	free(blanks);
}

static void put_le32(unsigned char *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		out[i] = (unsigned char)(value >> (8 * i));
}

static void make_ends(struct bomb *b)
{
	static const unsigned char head[HEAD_BYTES] = {0x1f, 0x8b, 8, 0, 0,
						       0,    0,    0, 0, 3};
	unsigned char *blanks = mem_alloc(PIECE_BYTES);
	uLong piece_crc, crc = crc32(0, NULL, 0);

	memset(blanks, ' ', PIECE_BYTES);
	piece_crc = crc32(crc, blanks, PIECE_BYTES);
	free(blanks);
	for (uint64_t i = 0; i < b->n_pieces; i++)
		crc = crc32_combine(crc, piece_crc, PIECE_BYTES);
	memcpy(b->head, head, sizeof head);
	b->tail[0] = 3; /* the last block, of fixed codes, ... */
	b->tail[1] = 0; /* ... which ends at once */
	put_le32(b->tail + 2, (uint32_t)crc);
	put_le32(b->tail + 6, (uint32_t)(b->n_pieces * PIECE_BYTES));
}

static size_t copy_part(char *out, size_t max, const unsigned char *part, size_t len,
			uint64_t from)
{
	size_t n = len - from < max ? len - (size_t)from : max;

	memcpy(out, part + from, n);
	return n;
}

static ssize_t read_bomb(void *data, uint64_t at, char *out, size_t max)
{
	const struct bomb *b = data;
	uint64_t middle = b->n_pieces * b->piece_len;

	if (at < HEAD_BYTES)
		return (ssize_t)copy_part(out, max, b->head, HEAD_BYTES, at);
	at -= HEAD_BYTES;
	if (at < middle)
		return (ssize_t)copy_part(out, max, b->piece, b->piece_len,
					  at % b->piece_len);
	return (ssize_t)copy_part(out, max, b->tail, TAIL_BYTES, at - middle);
}

static void bomb_done(void *data)
{
	struct bomb *b = data;

	free(b->piece);
	free(b);
}

static const struct server_stream bomb_stream = {read_bomb, bomb_done};

static void answer_bomb(struct server_request *req, uint64_t n_mib)
{
	struct bomb *b = mem_zalloc(sizeof *b);

	b->n_pieces = n_mib;
	make_piece(b);
	make_ends(b);
	server_answer_stream(req, 200,
			     HEAD_BYTES + b->n_pieces * b->piece_len + TAIL_BYTES,
			     &bomb_stream, b);
}

/* ---- which ---- */

uint64_t misbehave_bytes(const struct fault *fault, const struct server_body *body)
{
	uint64_t len = body != NULL ? body->len : 0;

	switch (fault->kind) {
	case FAULT_CLOSE:
	case FAULT_HANG:
		return 0;
	case FAULT_TRUNCATE:
		return fault->number < len ? fault->number : len;
	case FAULT_BOMB:
	case FAULT_HUGE:
		return UINT64_MAX;
	default:
		return len;
	}
}

void misbehave_answer(struct server_request *req, uv_loop_t *loop,
		      const struct fault *fault, int status, struct server_body *body)
{
	switch (fault->kind) {
	case FAULT_CLOSE:
		server_answer_close(req);
		return;
	case FAULT_HANG:
		server_answer_never(req);
		return;
	case FAULT_BOMB:
		answer_bomb(req, fault->number);
		return;
	case FAULT_HUGE:
		server_answer_stream(req, 200, SERVER_LENGTH_UNKNOWN, &blanks_stream,
				     NULL);
		return;
	case FAULT_TRUNCATE:
		if (body == NULL)
			break;
		answer_truncated(req, fault->number, status, body);
		return;
	case FAULT_SLOW:
		if (body == NULL)
			break;
		answer_slowly(req, loop, fault->number, status, body);
		return;
	default:
		break;
	}
	server_answer(req, status, body);
}
