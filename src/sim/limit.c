#include "sim/limit.h"

#include <stdlib.h>

#include "base/mem.h"

#define NO_PENALTY INT64_MIN

void limit_init(struct limit *l, unsigned max, int64_t window_ms, int64_t penalty_ms)
{
	*l = (struct limit){
		.max = max,
		.window_ms = window_ms,
		.penalty_ms = penalty_ms,
		.taken_ms = mem_resize(NULL, max > 0 ? max : 1, sizeof *l->taken_ms),
		.penalty_until_ms = NO_PENALTY,
	};
}

void limit_clear(struct limit *l)
{
	free(l->taken_ms);
	*l = (struct limit){.penalty_until_ms = NO_PENALTY};
}

static void forget_old(struct limit *l, int64_t now_ms)
{
	while (l->n > 0 && l->taken_ms[l->first] + l->window_ms <= now_ms) {
		l->first = (l->first + 1) % l->max;
		l->n--;
	}
}

struct limit_verdict limit_refuse(struct limit *l, int64_t now_ms)
{
	struct limit_verdict verdict = {
		.in_penalty = l->penalty_until_ms != NO_PENALTY,
		.retry_after_ms = l->penalty_ms,
	};

	l->penalty_until_ms = now_ms + l->penalty_ms;
	return verdict;
}

struct limit_verdict limit_take(struct limit *l, int64_t now_ms)
{
	if (l->penalty_until_ms != NO_PENALTY) {
		if (now_ms < l->penalty_until_ms)
			return limit_refuse(l, now_ms);
		l->penalty_until_ms = NO_PENALTY;
		l->n = 0;
	}
	forget_old(l, now_ms);
	if (l->n == l->max)
		return limit_refuse(l, now_ms);
	l->taken_ms[(l->first + l->n) % l->max] = now_ms;
	l->n++;
	return (struct limit_verdict){.accepted = true,
				      .remaining = l->max - (unsigned)l->n};
}
