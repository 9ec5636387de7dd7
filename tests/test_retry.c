#include "sink/retry.h"

#include "lib/suite.h"

#include "sink/webhook.h"

#define NOW_MS INT64_C(1795284062345) /* 2026-11-21T18:01:02.345Z */
#define MIDDLE (UINT32_C(1) << 31)    /* no jitter */
#define DAY_MS INT64_C(86400000)

static const struct {
	int status;
	enum sink_end end;
} statuses[] = {
	{200, SINK_DELIVERED}, {201, SINK_DELIVERED}, {202, SINK_DELIVERED},
	{204, SINK_DELIVERED}, {299, SINK_DELIVERED}, {100, SINK_LATER},
	{199, SINK_LATER},     {300, SINK_LATER},     {301, SINK_LATER},
	{302, SINK_LATER},     {307, SINK_LATER},     {308, SINK_LATER},
	{400, SINK_REFUSED},   {401, SINK_LATER},     {403, SINK_LATER},
	{404, SINK_LATER},     {408, SINK_LATER},     {409, SINK_LATER},
	{410, SINK_GONE},      {413, SINK_REFUSED},   {422, SINK_REFUSED},
	{429, SINK_LATER},     {500, SINK_LATER},     {502, SINK_LATER},
	{503, SINK_LATER},     {504, SINK_LATER},     {0, SINK_LATER},
};

START_TEST(a_status_means_what_the_contract_says)
{
	ck_assert_int_eq(retry_end_of_status(statuses[_i].status), statuses[_i].end);
}
END_TEST

/* Try again whenever due, always with the same end. Returns the time from the first try to the
 * verdict; counts the tries. */
static int64_t try_for_long(enum sink_end end, int64_t wait_ms, uint32_t random,
			    int64_t waits[], size_t max, enum retry_verdict *verdict)
{
	struct retry r = {0};
	int64_t now_ms = NOW_MS;

	for (size_t n = 0;; n++) {
		*verdict = retry_decide(&r, &webhook_ops.rules, end, wait_ms, now_ms,
					now_ms, random);
		ck_assert_int_eq(r.attempts, (int)n + 1);
		ck_assert_int_eq(r.first_at_ms, NOW_MS);
		if (*verdict != RETRY_AGAIN) {
			ck_assert_int_eq(r.next_at_ms, 0);
			return now_ms - NOW_MS;
		}
		ck_assert_int_gt(r.next_at_ms, now_ms);
		if (n < max)
			waits[n] = r.next_at_ms - now_ms;
		now_ms = r.next_at_ms;
	}
}

START_TEST(a_failure_is_tried_again_for_three_days)
{
	static const int64_t schedule[] = {500,    1000,    2000,    4000,    8000,
					   16000,  32000,   64000,   128000,  256000,
					   512000, 1024000, 2048000, 3600000, 3600000};
	enum retry_verdict verdict;
	int64_t waits[100], lasted_ms;

	lasted_ms = try_for_long(SINK_LATER, 0, MIDDLE, waits, COUNT(waits), &verdict);
	ck_assert_int_eq(verdict, RETRY_DEAD);
	ck_assert_int_ge(lasted_ms, 3 * DAY_MS);
	ck_assert_int_lt(lasted_ms, 3 * DAY_MS + 3600000);
	for (size_t i = 0; i < COUNT(schedule); i++)
		ck_assert_int_eq(waits[i], schedule[i]);
}
END_TEST

START_TEST(jitter_is_a_fifth_either_way)
{
	enum retry_verdict verdict;
	int64_t least[20], most[20];

	try_for_long(SINK_LATER, 0, 0, least, COUNT(least), &verdict);
	try_for_long(SINK_LATER, 0, UINT32_MAX, most, COUNT(most), &verdict);
	ck_assert_int_eq(least[0], 400);
	ck_assert_int_eq(most[0], 600);
	ck_assert_int_eq(least[19], 2880000);
	ck_assert_int_eq(most[19], 4320000);
}
END_TEST

START_TEST(a_refused_event_is_tried_four_times_within_a_minute)
{
	enum retry_verdict verdict;
	int64_t waits[4] = {0};

	ck_assert_int_lt(
		try_for_long(SINK_REFUSED, 0, UINT32_MAX, waits, COUNT(waits), &verdict),
		60000);
	ck_assert_int_eq(verdict, RETRY_DEAD);
	ck_assert_int_gt(waits[2], 0);
	ck_assert_int_eq(waits[3], 0);
}
END_TEST

START_TEST(refusals_count_in_a_row_and_not_with_failures)
{
	struct retry r = {0};
	const struct retry_rules *rules = &webhook_ops.rules;

	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(
			retry_decide(&r, rules, SINK_LATER, 0, NOW_MS, NOW_MS, 0),
			RETRY_AGAIN);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(
			retry_decide(&r, rules, SINK_REFUSED, 0, NOW_MS, NOW_MS, 0),
			RETRY_AGAIN);
	ck_assert_int_eq(retry_decide(&r, rules, SINK_LATER, 0, NOW_MS, NOW_MS, 0),
			 RETRY_AGAIN);
	ck_assert_int_eq(retry_decide(&r, rules, SINK_REFUSED, 0, NOW_MS, NOW_MS, 0),
			 RETRY_AGAIN);
	ck_assert_int_eq(r.refusals, 1);
	ck_assert_int_eq(r.attempts, 15);
}
END_TEST

static const struct {
	int64_t asked_ms, wait_ms;
} asked[] = {
	{8000, 8000},
	{1, 500},
	{500, 500},
	{3600000, 3600000},
	{18000000, 18000000},
	{3 * DAY_MS, 3 * DAY_MS},
	{3 * DAY_MS + 1, 3 * DAY_MS},
	{INT64_MAX / 4, 3 * DAY_MS},
};

START_TEST(what_the_receiver_asks_for_is_obeyed_for_as_long_as_there_are_tries)
{
	struct retry r = {.attempts = _i % 2 != 0 ? 12 : 0, .first_at_ms = NOW_MS};

	ck_assert_int_eq(retry_decide(&r, &webhook_ops.rules, SINK_LATER,
				      asked[_i].asked_ms, NOW_MS, NOW_MS, 12345),
			 RETRY_AGAIN);
	ck_assert_int_eq(r.next_at_ms, NOW_MS + asked[_i].wait_ms);
}
END_TEST

START_TEST(only_two_statuses_may_ask_for_a_wait)
{
	int status = statuses[_i].status;

	ck_assert(retry_may_ask(status) == (status == 429 || status == 503));
}
END_TEST

#define LONGEST_MS (3600000 * 12 / 10) /* of the schedule, with its jitter */

static const struct {
	int64_t wait_ms; /* as it was written */
	int code;
	int64_t left_ms;
} lefts[] = {
	{0, 500, 0},
	{-DAY_MS, 500, 0},
	{8000, 500, 8000},
	{LONGEST_MS, 0, LONGEST_MS},
	{LONGEST_MS + 1, 0, LONGEST_MS},
	{10 * DAY_MS, 500, LONGEST_MS},
	{5 * 3600000, 429, 5 * 3600000},
	{2 * DAY_MS, 503, 2 * DAY_MS},
	{10 * DAY_MS, 503, 3 * DAY_MS},
};

START_TEST(what_was_written_is_waited_for_unless_the_clock_was_set_back)
{
	struct retry r = {.attempts = 1,
			  .first_at_ms = NOW_MS,
			  .next_at_ms = NOW_MS + lefts[_i].wait_ms};

	ck_assert_int_eq(retry_left_ms(&r, &webhook_ops.rules, lefts[_i].code, NOW_MS),
			 lefts[_i].left_ms);
}
END_TEST

START_TEST(the_other_ends_are_ends_at_once)
{
	struct retry r = {0};
	const struct retry_rules *rules = &webhook_ops.rules;

	ck_assert_int_eq(retry_decide(&r, rules, SINK_DELIVERED, 0, NOW_MS, NOW_MS, 0),
			 RETRY_DELIVERED);
	ck_assert_int_eq(retry_decide(&r, rules, SINK_GONE, 0, NOW_MS, NOW_MS, 0),
			 RETRY_GONE);
	ck_assert_int_eq(retry_decide(&r, rules, SINK_DEAD, 0, NOW_MS, NOW_MS, 0),
			 RETRY_DEAD);
	ck_assert_int_eq(r.attempts, 3);
}
END_TEST

START_TEST(a_clock_that_steps_back_ends_nothing_early)
{
	struct retry r = {.attempts = 5, .first_at_ms = NOW_MS + 10 * DAY_MS};

	ck_assert_int_eq(retry_decide(&r, &webhook_ops.rules, SINK_LATER, 0, NOW_MS,
				      NOW_MS, MIDDLE),
			 RETRY_AGAIN);
	ck_assert_int_eq(r.next_at_ms, NOW_MS + 16000);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_status_means_what_the_contract_says, COUNT(statuses)},
		{only_two_statuses_may_ask_for_a_wait, COUNT(statuses)},
		{what_was_written_is_waited_for_unless_the_clock_was_set_back,
		 COUNT(lefts)},
		{a_failure_is_tried_again_for_three_days, 1},
		{jitter_is_a_fifth_either_way, 1},
		{a_refused_event_is_tried_four_times_within_a_minute, 1},
		{refusals_count_in_a_row_and_not_with_failures, 1},
		{what_the_receiver_asks_for_is_obeyed_for_as_long_as_there_are_tries,
		 COUNT(asked)},
		{the_other_ends_are_ends_at_once, 1},
		{a_clock_that_steps_back_ends_nothing_early, 1},
	};

	return suite_run("retry", tests, COUNT(tests), NULL, NULL);
}
