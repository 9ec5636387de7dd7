#include "api/cost.h"

/* A fall by fewer may be a neighbour's. */
#define TELLING_FALL 5

void cost_init(struct cost *c)
{
	*c = (struct cost){0};
}

int64_t cost_of(const struct cost *c, int64_t n)
{
	return c->once ? 1 : n;
}

enum cost_change cost_refused(struct cost *c, int64_t now_ms)
{
	if (!c->once)
		return COST_SAME;
	c->once = false;
	c->doubted_until_ms = now_ms + COST_DOUBT_MS;
	return COST_IS_EACH;
}

/* Whether as much is gone as if each had counted. */
static bool falls_too_far(const struct cost_answer *a)
{
	int64_t fall = a->expected - a->remaining;

	return a->expected >= 0 && a->remaining >= 0 && fall >= a->n - 1 &&
	       fall >= TELLING_FALL;
}

/* Whoever else has asked: a request that counted as many would have used up as much. What is not
 * told with the answer proves nothing: the limit may be another than we assume. */
static bool proves_one(const struct cost_answer *a)
{
	return a->limit > 0 && a->remaining >= 0 && a->limit - a->remaining < a->n;
}

enum cost_change cost_learn(struct cost *c, const struct cost_answer *a, int64_t now_ms)
{
	if (c->once)
		return falls_too_far(a) ? cost_refused(c, now_ms) : COST_SAME;
	if (now_ms < c->doubted_until_ms || !proves_one(a))
		return COST_SAME;
	c->once = true;
	return COST_IS_ONCE;
}
