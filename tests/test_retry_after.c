#include "net/retry_after.h"

#include "lib/suite.h"

#include <string.h>

#define NOW_MS INT64_C(1795284062345) /* 2026-11-21T18:01:02.345Z */
#define UNTIL  "Sat, 21 Nov 2026 18:01:27 GMT"
#define DAY_MS (INT64_C(24) * 3600 * 1000)

static const struct {
	const char *header;
	int64_t wait_ms;
} headers[] = {
	{NULL, 0},
	{"", 0},
	{"8", 8000},
	{" 8", 8000},
	{"3600", 3600000},
	{"86400", 86400000},
	{"1.5", 1500},
	{"0.001", 1},
	{"0.0001", 1},
	{"1e1", 10000},
	{"20261121", 20261121000},
	{"31535999", RETRY_AFTER_MAX_MS - 1000},
	{"31536000", RETRY_AFTER_MAX_MS},
	{"99999999999999999999", RETRY_AFTER_MAX_MS},
	{"1e300", RETRY_AFTER_MAX_MS},
	{"0", 0},
	{"-0", 0},
	{"-5", 0},
	{"-1e300", 0},
	{"1e400", 0},
	{"inf", 0},
	{"nan", 0},
	{"0x10", 0},
	{"soon", 0},
	{"8 s", 0},
	{"8,9", 0},
	{"8 9", 0},
	{".", 0},
	{"e", 0},
	{"+", 0},
	{"Sat, 21 Nov 2026 18:01:03 GMT", 655},
	{"Saturday, 21-Nov-26 18:02:02 GMT", 59655},
	{"Sat Nov 21 18:02:02 2026", 59655},
	{"Sun, 22 Nov 2026 18:01:02 GMT", 86399655},
	{"Tue, 19 Jan 2038 03:14:08 GMT", RETRY_AFTER_MAX_MS},
	{"Sat, 21 Nov 333333333 18:01:27 GMT", RETRY_AFTER_MAX_MS},
	{"Sat, 21 Nov 2026 18:01:02 GMT", 0},
	{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
	{"Sat, 21 Nov 2026", 0},
	{"Sat, 99 Nov 2026 18:01:03 GMT", 0},
	{"Fri", 0},
};

START_TEST(it_is_seconds_or_a_date_and_garbage_is_none)
{
	ck_assert_int_eq(retry_after_ms(headers[_i].header, NULL, NOW_MS, 0),
			 headers[_i].wait_ms);
	/* Seconds are seconds, and nonsense is none, whatever the clocks say. */
	if (strchr(headers[_i].header != NULL ? headers[_i].header : "", ':') == NULL)
		ck_assert_int_eq(retry_after_ms(headers[_i].header, UNTIL, NOW_MS, 5000),
				 headers[_i].wait_ms);
}
END_TEST

#define LEAST_MS 60000

static const struct {
	const char *date; /* as the answer said beside it */
	int64_t wait_ms;  /* until UNTIL */
} dates[] = {
	/* The sender's clock is the one that it counts by, wherever ours is. */
	{"Sat, 21 Nov 2026 18:01:02 GMT", 25000},
	{"Saturday, 21-Nov-26 18:01:26 GMT", 1000},
	{"Sat Nov 21 18:01:27 2026", 0},
	{"Sat, 21 Nov 2026 18:01:28 GMT", 0},
	{"Mon, 21 Nov 2033 18:01:28 GMT", 0},
	{"Sat, 21 Nov 333333333 18:01:28 GMT", 0},
	{"Fri, 20 Nov 2026 18:01:27 GMT", DAY_MS},
	/* Nonsense, or none. */
	{"Fri, 20 Nov 2026 18:01:26 GMT", LEAST_MS},
	{"Thu, 01 Jan 1970 00:00:00 GMT", LEAST_MS},
	{"some time", LEAST_MS},
	{"", LEAST_MS},
	{NULL, LEAST_MS},
};

START_TEST(a_date_is_counted_from_the_senders_clock)
{
	ck_assert_int_eq(retry_after_ms(UNTIL, dates[_i].date, NOW_MS, LEAST_MS),
			 dates[_i].wait_ms);
}
END_TEST

START_TEST(by_our_own_clock_it_is_never_near_however_wrong_that_is)
{
	static const struct {
		int64_t ahead_ms, wait_ms;
	} clocks[] = {
		{3600000, LEAST_MS},
		{25000, LEAST_MS},
		{-(LEAST_MS - 24656), LEAST_MS},
		{-(LEAST_MS - 24655), LEAST_MS},
		{-(LEAST_MS - 24654), LEAST_MS + 1},
		{-3600000, 3600000 + 24655},
	};

	ck_assert_int_eq(
		retry_after_ms(UNTIL, NULL, NOW_MS + clocks[_i].ahead_ms, LEAST_MS),
		clocks[_i].wait_ms);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{it_is_seconds_or_a_date_and_garbage_is_none, COUNT(headers)},
		{a_date_is_counted_from_the_senders_clock, COUNT(dates)},
		{by_our_own_clock_it_is_never_near_however_wrong_that_is, 6},
	};

	return suite_run("retry_after", tests, COUNT(tests), NULL, NULL);
}
