#include "sim/misbehave.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/server.h"
#include "sim/bomb.h"
#include "sim/exchange.h"
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

void misbehave_slow(const struct act *act, struct sender *sender, struct exchange *x)
{
	struct server_body *body = x->reply.body;
	struct trickle *t;

	if (body == NULL) {
		server_answer(x->req, x->reply.status, NULL);
		return;
	}
	t = mem_zalloc(sizeof *t);
	t->req = x->req;
	t->body = server_body_hold(body);
	t->bytes_per_s = act->number;
	t->begun_ms = uv_now(sender->loop);
	t->timer.data = t;
	uv_timer_init(sender->loop, &t->timer);
	server_answer_stream(x->req, x->reply.status, body->len, &trickle_stream, t);
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
void misbehave_truncate(const struct act *act, struct sender *sender, struct exchange *x)
{
	struct server_body *body = x->reply.body;
	struct stump *s;

	(void)sender;
	if (body == NULL) {
		server_answer(x->req, x->reply.status, NULL);
		return;
	}
	s = mem_zalloc(sizeof *s);
	s->body = server_body_hold(body);
	s->len = act->number < body->len ? act->number : body->len;
	server_answer_stream(x->req, x->reply.status,
			     s->len < body->len ? body->len : s->len + 1, &stump_stream,
			     s);
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

void misbehave_huge(const struct act *act, struct sender *sender, struct exchange *x)
{
	(void)act;
	(void)sender;
	server_answer_stream(x->req, 200, SERVER_LENGTH_UNKNOWN, &blanks_stream, NULL);
}

void misbehave_bomb(const struct act *act, struct sender *sender, struct exchange *x)
{
	(void)sender;
	bomb_answer(x->req, act->number);
}

/* ---- not at all, and late ---- */

void misbehave_close(const struct act *act, struct sender *sender, struct exchange *x)
{
	(void)act;
	(void)sender;
	server_answer_close(x->req);
}

void misbehave_hang(const struct act *act, struct sender *sender, struct exchange *x)
{
	(void)act;
	(void)sender;
	server_answer_never(x->req);
}

/*
 * An answer that waits.
 *
 *   misbehave_delay -> on_due or sender_stop -> on_delay_closed
 */
struct delayed {
	struct sender *sender;
	struct delayed *prev, *next;
	struct server_request *req;
	struct server_body *body; /* NULL: none */
	int status;
	uv_timer_t timer;
};

static void on_delay_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void answer_now(struct delayed *d)
{
	if (d->prev != NULL)
		d->prev->next = d->next;
	else
		d->sender->delayed = d->next;
	if (d->next != NULL)
		d->next->prev = d->prev;
	server_answer(d->req, d->status, d->body);
	server_body_drop(d->body);
	uv_close((uv_handle_t *)&d->timer, on_delay_closed);
}

static void on_due(uv_timer_t *timer)
{
	answer_now(timer->data);
}

void misbehave_delay(const struct act *act, struct sender *sender, struct exchange *x)
{
	struct delayed *d = mem_zalloc(sizeof *d);

	d->sender = sender;
	d->next = sender->delayed;
	if (d->next != NULL)
		d->next->prev = d;
	sender->delayed = d;
	d->req = x->req;
	d->status = x->reply.status;
	if (x->reply.body != NULL)
		d->body = server_body_hold(x->reply.body);
	d->timer.data = d;
	uv_timer_init(sender->loop, &d->timer);
	uv_timer_start(&d->timer, on_due, act->number, 0);
}

void sender_stop(struct sender *sender)
{
	while (sender->delayed != NULL)
		answer_now(sender->delayed);
}

/* ---- how much ---- */

uint64_t misbehave_all(const struct act *act, uint64_t len)
{
	(void)act;
	return len;
}

uint64_t misbehave_some(const struct act *act, uint64_t len)
{
	return act->number < len ? act->number : len;
}

uint64_t misbehave_none(const struct act *act, uint64_t len)
{
	(void)act;
	(void)len;
	return 0;
}

uint64_t misbehave_endless(const struct act *act, uint64_t len)
{
	(void)act;
	(void)len;
	return UINT64_MAX;
}
