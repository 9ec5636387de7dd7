#include "schedule.h"

#define GOLDEN        UINT32_C(2654435769) /* 2^32 by the golden ratio */
#define FIRST_MS      10000                /* first sweeps are spread over so long ... */
#define FIRST_EACH_MS 100 /* ... or over so long for each; but over an interval at most */
#define LATER_SHARE   10

unsigned schedule_place(unsigned n)
{
	return n * GOLDEN / (UINT32_MAX / SCHEDULE_PLACES + 1);
}

static int64_t part_of(int64_t ms, unsigned place)
{
	return ms / SCHEDULE_PLACES * place +
	       ms % SCHEDULE_PLACES * place / SCHEDULE_PLACES;
}

static int64_t at_most(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t schedule_first_ms(unsigned place, int64_t interval_ms, size_t n_accounts)
{
	int64_t spread_ms = (int64_t)n_accounts * FIRST_EACH_MS;

	if (spread_ms < FIRST_MS)
		spread_ms = FIRST_MS;
	return part_of(at_most(spread_ms, interval_ms), place);
}

int64_t schedule_next_ms(unsigned place, int64_t began_ms, int64_t interval_ms)
{
	int64_t next_ms = began_ms + interval_ms;
	int64_t behind_ms = (next_ms - part_of(interval_ms, place)) % interval_ms;

	if (behind_ms < 0)
		behind_ms += interval_ms;
	if (behind_ms <= interval_ms / 2)
		return next_ms - behind_ms;
	return next_ms + at_most(interval_ms - behind_ms, interval_ms / LATER_SHARE);
}
