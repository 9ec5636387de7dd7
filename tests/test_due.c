#include "rule/due.h"

#include "lib/suite.h"

static struct due due;

static void clear(void)
{
	due_clear(&due);
}

/* Whatever the order in which they were put in: (n * 7919) mod 1000 is each number once. */
START_TEST(what_is_due_comes_in_order_of_time)
{
	int64_t last_ms = -1;
	uint32_t what;

	for (uint32_t n = 0; n < 1000; n++)
		due_add(&due, n * 7919 % 1000, n * 7919 % 1000);
	for (int64_t now_ms = 0; now_ms < 1000; now_ms += 10)
		while (due_take(&due, now_ms, &what)) {
			ck_assert_int_eq(what, last_ms + 1);
			ck_assert_int_le(what, now_ms);
			last_ms = what;
		}
	ck_assert_int_eq(last_ms, 990);
}
END_TEST

START_TEST(nothing_is_due_before_its_time_and_never_is_never)
{
	uint32_t what = 0;

	ck_assert(!due_take(&due, INT64_MAX, &what));
	due_add(&due, DUE_NEVER, 1);
	ck_assert_uint_eq(due.n, 0);
	due_add(&due, 50, 2);
	ck_assert(!due_take(&due, 49, &what));
	ck_assert(due_take(&due, 50, &what));
	ck_assert_uint_eq(what, 2);
	ck_assert(!due_take(&due, INT64_MAX, &what));
}
END_TEST

START_TEST(what_is_in_it_twice_comes_twice)
{
	uint32_t what;

	due_add(&due, 20, 7);
	due_add(&due, 10, 7);
	ck_assert(due_take(&due, 20, &what) && what == 7);
	ck_assert(due_take(&due, 20, &what) && what == 7);
	ck_assert(!due_take(&due, 20, &what));
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{what_is_due_comes_in_order_of_time, 1},
		{nothing_is_due_before_its_time_and_never_is_never, 1},
		{what_is_in_it_twice_comes_twice, 1},
	};

	return suite_run("due", tests, COUNT(tests), NULL, clear);
}
