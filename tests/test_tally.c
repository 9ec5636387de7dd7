/* What is counted in one piece is what is counted in parts and put together, wherever it is cut. */
#include "model/tally.h"

#include "lib/suite.h"

#include <string.h>

#include "base/mem.h"

#define N_STEPS 40

static uint32_t seed;

static uint32_t chance(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* One step of a device's past. */
struct step {
	enum { ONLINE, OFFLINE, UNKNOWN, GAP, GONE } what;
	int64_t ms, doubt_ms;
};

static void count(struct tally *t, const struct step *s)
{
	switch (s->what) {
	case ONLINE:
		tally_online(t, s->ms, s->doubt_ms);
		break;
	case OFFLINE:
		tally_offline(t, s->ms, s->doubt_ms);
		break;
	case UNKNOWN:
	case GAP:
		tally_unknown(t, s->ms, s->what == GAP ? s->ms : 0);
		break;
	case GONE:
		tally_end(t);
		break;
	}
}

START_TEST(parts_make_up_the_whole_wherever_it_is_cut)
{
	struct tally whole = {0}, together = {0}, part = {0};

	seed = (uint32_t)_i;
	for (int i = 0; i < N_STEPS; i++) {
		struct step s = {chance(5), 1 + chance(9), 0};

		s.doubt_ms = chance((uint32_t)s.ms + 1);
		count(&whole, &s);
		count(&part, &s);
		if (chance(3) != 0)
			continue;
		tally_append(&together, &part);
		part = (struct tally){0};
	}
	tally_append(&together, &part);
	ck_assert_mem_eq(&together, &whole, sizeof whole);
}
END_TEST

START_TEST(an_outage_lasts_until_online_whatever_is_not_known)
{
	struct tally t = {0};

	tally_offline(&t, 5, 0);
	tally_unknown(&t, 100, 100);
	tally_offline(&t, 7, 3);
	tally_online(&t, 10, 1);
	tally_offline(&t, 2, 0);
	tally_end(&t);
	tally_offline(&t, 1, 0);
	ck_assert_int_eq(t.outages, 3);
	ck_assert_int_eq(t.longest_ms, 12);
	ck_assert_int_eq(t.lead_ms, 12);
	ck_assert_int_eq(t.trail_ms, 1);
	ck_assert_int_eq(t.offline_ms, 15);
	ck_assert_int_eq(t.possible_ms, 113);
	ck_assert_int_eq(t.sure_ms, 9);
}
END_TEST

START_TEST(devices_add_up_and_the_longest_outage_is_one_devices)
{
	struct tally all = {0}, one = {0};

	tally_offline(&one, 5, 0);
	tally_merge(&all, &one);
	tally_merge(&all, &one);
	ck_assert_int_eq(all.devices, 2);
	ck_assert_int_eq(all.outages, 2);
	ck_assert_int_eq(all.longest_ms, 5);
	ck_assert_int_eq(all.offline_ms, 10);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{parts_make_up_the_whole_wherever_it_is_cut, 200},
		{an_outage_lasts_until_online_whatever_is_not_known, 1},
		{devices_add_up_and_the_longest_outage_is_one_devices, 1},
	};

	return suite_run("tally", tests, COUNT(tests), NULL, NULL);
}
