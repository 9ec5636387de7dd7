#include "model/tally.h"

#include "base/number.h"

void tally_end(struct tally *t)
{
	t->ended = true;
	t->trail_ms = 0;
}

void tally_online(struct tally *t, int64_t ms, int64_t doubt_ms)
{
	t->devices = 1;
	t->online_ms += ms;
	t->possible_ms += ms;
	t->sure_ms += ms - doubt_ms;
	tally_end(t);
}

void tally_offline(struct tally *t, int64_t ms, int64_t doubt_ms)
{
	t->devices = 1;
	t->offline_ms += ms;
	t->possible_ms += doubt_ms;
	t->outages += t->trail_ms == 0;
	t->trail_ms += ms;
	if (!t->ended)
		t->lead_ms = t->trail_ms;
	t->longest_ms = larger(t->longest_ms, t->trail_ms);
}

void tally_unknown(struct tally *t, int64_t ms, int64_t gap_ms)
{
	t->devices = 1;
	t->unknown_ms += ms;
	t->possible_ms += ms;
	t->gap_ms += gap_ms;
}

static void add_times(struct tally *into, const struct tally *from)
{
	into->online_ms += from->online_ms;
	into->offline_ms += from->offline_ms;
	into->unknown_ms += from->unknown_ms;
	into->gap_ms += from->gap_ms;
	into->sure_ms += from->sure_ms;
	into->possible_ms += from->possible_ms;
	into->outages += from->outages;
	into->longest_ms = larger(into->longest_ms, from->longest_ms);
}

void tally_append(struct tally *into, const struct tally *next)
{
	add_times(into, next);
	into->devices = larger(into->devices, next->devices);
	into->outages -= into->trail_ms > 0 && next->lead_ms > 0;
	into->longest_ms = larger(into->longest_ms, into->trail_ms + next->lead_ms);
	if (!into->ended)
		into->lead_ms += next->lead_ms;
	into->trail_ms = next->trail_ms + (next->ended ? 0 : into->trail_ms);
	into->ended = into->ended || next->ended;
}

void tally_merge(struct tally *into, const struct tally *from)
{
	add_times(into, from);
	into->devices += from->devices;
}
