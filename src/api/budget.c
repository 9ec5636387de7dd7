#include "api/budget.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_MS    INT64_C(1000)
#define MAX_LIMIT    100000
#define MAX_WINDOW_S 3600

void budget_init(struct budget *b, int64_t limit, int64_t window_ms)
{
	*b = (struct budget){.limit = limit, .window_ms = window_ms, .remaining = -1};
}

int64_t budget_allowance(const struct budget *b, int share)
{
	int64_t n = b->limit * share / 100;

	if (n > BUDGET_MAX_SENT)
		n = BUDGET_MAX_SENT;
	return n < 1 ? 1 : n;
}

/* Forget requests that have left the window. A second more: the vendor's clock counts. */
static void forget_old(struct budget *b, int64_t now_ms)
{
	size_t old = 0;

	while (old < b->n_sent && b->sent_ms[old] + b->window_ms + SECOND_MS <= now_ms)
		old++;
	b->n_sent -= old;
	memmove(b->sent_ms, b->sent_ms + old, b->n_sent * sizeof *b->sent_ms);
	if (b->remaining >= 0 && b->told_ms + b->window_ms + SECOND_MS <= now_ms)
		b->remaining = -1; /* said of a window that is over */
}

static int64_t at_most(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t at_least(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t budget_wait_ms(struct budget *b, int share, int64_t now_ms)
{
	int64_t allowance = budget_allowance(b, share);
	int64_t until = b->blocked_until_ms;

	forget_old(b, now_ms);
	if (b->n_sent >= (size_t)allowance)
		until = at_least(until, b->sent_ms[b->n_sent - (size_t)allowance] +
						b->window_ms + SECOND_MS);
	if (b->remaining == 0)
		until = at_least(until, b->told_ms + b->window_ms + SECOND_MS);
	return at_least(until - now_ms, 0);
}

void budget_spend(struct budget *b, int64_t now_ms)
{
	if (b->n_sent == BUDGET_MAX_SENT) {
		b->n_sent--;
		memmove(b->sent_ms, b->sent_ms + 1, b->n_sent * sizeof *b->sent_ms);
	}
	b->sent_ms[b->n_sent++] = now_ms;
	if (b->remaining > 0)
		b->remaining--;
}

/* A header's whole number from least to most, or -1. */
static int64_t read_number(const char *text, int64_t least, int64_t most)
{
	char *end;
	long long n;

	if (text == NULL || text[0] == '\0')
		return -1;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || n < least || n > most)
		return -1;
	return n;
}

void budget_told(struct budget *b, const char *limit, const char *remaining,
		 const char *window, int64_t now_ms)
{
	int64_t n_limit = read_number(limit, 1, MAX_LIMIT);
	int64_t n_remaining = read_number(remaining, 0, MAX_LIMIT);
	int64_t window_s = read_number(window, 1, MAX_WINDOW_S);

	if (n_limit > 0)
		b->limit = n_limit;
	if (window_s > 0)
		b->window_ms = window_s * SECOND_MS;
	if (n_remaining < 0)
		return;
	b->remaining = n_remaining;
	b->told_ms = now_ms;
}

void budget_block(struct budget *b, int64_t wait_ms, int64_t now_ms)
{
	if (wait_ms > BUDGET_MAX_WAIT_MS)
		wait_ms = BUDGET_MAX_WAIT_MS;
	if (now_ms + wait_ms > b->blocked_until_ms)
		b->blocked_until_ms = now_ms + wait_ms;
}

void budget_resume(struct budget *b, int64_t shift_ms, int64_t now_ms)
{
	for (size_t i = 0; i < b->n_sent; i++)
		b->sent_ms[i] = at_most(b->sent_ms[i] + shift_ms, now_ms);
	b->told_ms = at_most(b->told_ms + shift_ms, now_ms);
	if (b->blocked_until_ms != 0)
		b->blocked_until_ms = at_most(b->blocked_until_ms + shift_ms,
					      now_ms + BUDGET_MAX_WAIT_MS);
	forget_old(b, now_ms);
	budget_spend(b, now_ms); /* it may have been the last of its window */
}
