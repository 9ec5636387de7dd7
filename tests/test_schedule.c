#include "schedule.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)

static int by_size(const void *a, const void *b)
{
	const unsigned *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* No gap between the places of so many accounts, from the first one on, is larger than twice an
 * even share. */
static void check_even(unsigned first, unsigned n)
{
	unsigned places[1000], before;

	for (unsigned i = 0; i < n; i++)
		places[i] = schedule_place(first + i);
	qsort(places, n, sizeof *places, by_size);
	before = places[n - 1] - SCHEDULE_PLACES; /* it is round */
	for (unsigned i = 0; i < n; i++) {
		ck_assert_uint_lt(places[i], SCHEDULE_PLACES);
		ck_assert_msg(places[i] - before <= 2 * SCHEDULE_PLACES / n,
			      "%u from %u on: a gap of %u", n, first, places[i] - before);
		before = places[i];
	}
}

START_TEST(however_many_they_are_spread_and_so_is_any_part_in_a_row)
{
	static const unsigned firsts[] = {0, 1, 7, 290, 100000};

	ck_assert_uint_eq(schedule_place(0), 0);
	for (size_t i = 0; i < COUNT(firsts); i++)
		for (unsigned n = 1; n <= 1000; n += n < 50 ? 1 : 37)
			check_even(firsts[i], n);
}
END_TEST

static const struct {
	unsigned place;
	int64_t interval_ms;
	size_t n_accounts;
	int64_t first_ms;
} firsts[] = {
	{0, MINUTE_MS, 1, 0},
	{SCHEDULE_PLACES / 2, MINUTE_MS, 2, 5000},
	{SCHEDULE_PLACES / 2, 1000, 2, 500},
	{SCHEDULE_PLACES / 2, MINUTE_MS, 300, 15000},
	{SCHEDULE_PLACES / 2, MINUTE_MS, 5000, 30000},
	{SCHEDULE_PLACES - 1, INT64_C(400) * 86400 * 1000, 1, 9999},
};

START_TEST(first_sweeps_are_soon_but_not_all_at_once)
{
	ck_assert_int_eq(schedule_first_ms(firsts[_i].place, firsts[_i].interval_ms,
					   firsts[_i].n_accounts),
			 firsts[_i].first_ms);
}
END_TEST

static const struct {
	unsigned place;
	int64_t began_ms, next_ms;
} nexts[] = {
	{0, 0, 60000}, /* at its place */
	{0, 60000, 120000},
	{SCHEDULE_PLACES / 2, 30000, 90000},
	{0, 3, 60000}, /* a little late: sooner */
	{0, 30000, 60000},
	{0, 30001, 96001},  /* the other way round it is nearer */
	{0, 59997, 120000}, /* a little early: later */
	{0, 55000, 120000},
	{0, 50000, 116000}, /* no more than a tenth at a time */
	{SCHEDULE_PLACES / 4, 0, 66000},
	{SCHEDULE_PLACES / 4, 17000, 75000},
	{SCHEDULE_PLACES / 4, -3, 65997}, /* before the common moment */
};

START_TEST(the_next_sweep_moves_to_its_place)
{
	ck_assert_int_eq(schedule_next_ms(nexts[_i].place, nexts[_i].began_ms, MINUTE_MS),
			 nexts[_i].next_ms);
}
END_TEST

/* From wherever it begins, and with intervals that are no round numbers. */
START_TEST(after_a_few_sweeps_it_is_there_and_stays)
{
	static const int64_t intervals[] = {1, 1000, 61234, INT64_C(400) * 86400 * 1000};
	int64_t interval_ms = intervals[_i], at_ms, next_ms;

	for (unsigned place = 0; place < SCHEDULE_PLACES; place += 997) {
		at_ms = interval_ms / 7 * (place % 11);
		for (int sweep = 0; sweep < 8; sweep++) {
			next_ms = schedule_next_ms(place, at_ms, interval_ms);
			ck_assert_int_ge(next_ms - at_ms, interval_ms / 2);
			ck_assert_int_le(next_ms - at_ms, interval_ms + interval_ms / 10);
			at_ms = next_ms;
		}
		ck_assert_int_eq(schedule_next_ms(place, at_ms, interval_ms),
				 at_ms + interval_ms);
	}
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{however_many_they_are_spread_and_so_is_any_part_in_a_row, 1},
		{first_sweeps_are_soon_but_not_all_at_once, COUNT(firsts)},
		{the_next_sweep_moves_to_its_place, COUNT(nexts)},
		{after_a_few_sweeps_it_is_there_and_stays, 4},
	};

	return suite_run("schedule", tests, COUNT(tests), NULL, NULL);
}
