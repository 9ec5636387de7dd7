#include "api/budget.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_MS      INT64_C(1000)
#define MAX_LIMIT      1000000000
#define SLOTS_A_WINDOW 60
#define MAX_WINDOW_S   3600

void budget_init(struct budget *b, int64_t limit, int64_t window_ms)
{
	*b = (struct budget){.limit = limit, .window_ms = window_ms, .remaining = -1};
}

int64_t budget_allowance(const struct budget *b, int share)
{
	int64_t n = b->limit * share / 100;

	return n < 1 ? 1 : n;
}

/* When the slot's requests are out of the window. A second more: the vendor's clock counts. */
static int64_t slot_end(const struct budget *b, const struct budget_slot *slot)
{
	return slot->last_ms + b->window_ms + SECOND_MS;
}

static void drop_slots(struct budget *b, size_t n)
{
	b->n_slots -= n;
	memmove(b->slots, b->slots + n, b->n_slots * sizeof *b->slots);
}

static void forget_old(struct budget *b, int64_t now_ms)
{
	size_t old = 0;

	while (old < b->n_slots && slot_end(b, &b->slots[old]) <= now_ms)
		old++;
	drop_slots(b, old);
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

/* When fewer than so many requests count; 0: now. */
static int64_t room_ms(const struct budget *b, int64_t allowance)
{
	int64_t n = 0;

	for (size_t i = b->n_slots; i > 0; i--) {
		n += b->slots[i - 1].n;
		if (n >= allowance)
			return slot_end(b, &b->slots[i - 1]);
	}
	return 0;
}

int64_t budget_wait_ms(struct budget *b, int share, int64_t now_ms)
{
	return budget_wait_n_ms(b, share, 1, now_ms);
}

int64_t budget_wait_n_ms(struct budget *b, int share, int64_t n, int64_t now_ms)
{
	int64_t until = b->blocked_until_ms;
	int64_t room = at_least(budget_allowance(b, share) - n + 1, 1);

	forget_old(b, now_ms);
	until = at_least(until, room_ms(b, room));
	if (b->remaining >= 0 && b->remaining < n)
		until = at_least(until, b->told_ms + b->window_ms + SECOND_MS);
	return at_least(until - now_ms, 0);
}

void budget_spend(struct budget *b, int64_t now_ms)
{
	struct budget_slot *last = b->n_slots > 0 ? &b->slots[b->n_slots - 1] : NULL;

	if (b->remaining > 0)
		b->remaining--;
	if (last != NULL && now_ms - last->first_ms < b->window_ms / SLOTS_A_WINDOW) {
		last->n++;
		last->last_ms = now_ms;
		return;
	}
	if (b->n_slots == BUDGET_SLOTS) { /* a window that has become shorter */
		b->slots[1].n += b->slots[0].n;
		drop_slots(b, 1);
	}
	b->slots[b->n_slots++] = (struct budget_slot){now_ms, now_ms, 1};
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

int64_t budget_read(const char *header)
{
	return read_number(header, 0, MAX_LIMIT);
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

bool budget_has_plenty(const struct budget *b)
{
	return b->remaining >= 0 && 2 * b->remaining >= b->limit;
}

void budget_block(struct budget *b, int64_t wait_ms, int64_t now_ms)
{
	if (wait_ms > BUDGET_MAX_WAIT_MS)
		wait_ms = BUDGET_MAX_WAIT_MS;
	if (now_ms + wait_ms <= b->blocked_until_ms)
		return;
	b->blocked_at_ms = now_ms;
	b->blocked_until_ms = now_ms + wait_ms;
}

static void resume_block(struct budget *b, int64_t shift_ms, int64_t now_ms)
{
	int64_t lasts_ms =
		at_most(b->blocked_until_ms - b->blocked_at_ms, BUDGET_MAX_WAIT_MS);

	b->blocked_until_ms += shift_ms;
	b->blocked_at_ms += shift_ms;
	if (b->blocked_until_ms <= now_ms + lasts_ms)
		return;
	b->blocked_at_ms = now_ms;
	b->blocked_until_ms = now_ms + lasts_ms;
}

void budget_resume(struct budget *b, int64_t shift_ms, int64_t now_ms)
{
	for (size_t i = 0; i < b->n_slots; i++) {
		struct budget_slot *slot = &b->slots[i];

		slot->last_ms = at_most(slot->last_ms + shift_ms, now_ms);
		slot->first_ms = at_most(slot->first_ms + shift_ms, slot->last_ms);
	}
	b->told_ms = at_most(b->told_ms + shift_ms, now_ms);
	if (b->blocked_until_ms != 0)
		resume_block(b, shift_ms, now_ms);
	forget_old(b, now_ms);
	budget_spend(b, now_ms); /* it may have been the last of its window */
}
