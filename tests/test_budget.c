#include "api/budget.h"

#include "lib/suite.h"

#include "lib/dice.h"

#define WINDOW_MS 60000
#define SPARE_MS  1000 /* the vendor's clock counts */
#define NOW_MS    INT64_C(5000000)
#define HOUR_MS   INT64_C(3600000)

static struct budget b;

static void start(int64_t limit)
{
	budget_init(&b, limit, WINDOW_MS);
}

static void spend(int n, int64_t now_ms)
{
	while (n-- > 0)
		budget_spend(&b, now_ms);
}

/* ---- our share ---- */

static const struct {
	int64_t limit;
	int share;
	int64_t allowance;
} shares[] = {
	{10, 50, 5},  {10, 100, 10}, {10, 1, 1},  {40, 50, 20},
	{50, 50, 25}, {5, 50, 2},    {1, 50, 1},  {1, 100, 1},
	{3, 33, 1},   {10, 19, 1},   {10, 20, 2}, {1000000000, 100, 1000000000},
};

START_TEST(we_take_our_share_and_one_at_least)
{
	start(shares[_i].limit);
	ck_assert_int_eq(budget_allowance(&b, shares[_i].share), shares[_i].allowance);
}
END_TEST

START_TEST(a_share_may_be_sent_at_once_then_a_window_passes)
{
	start(10);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(budget_wait_ms(&b, 50, NOW_MS), 0);
		budget_spend(&b, NOW_MS);
	}
	ck_assert_int_eq(budget_wait_ms(&b, 50, NOW_MS), WINDOW_MS + SPARE_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 60, NOW_MS), 0);
	ck_assert_int_eq(budget_wait_ms(&b, 50, NOW_MS + WINDOW_MS + SPARE_MS - 1), 1);
	ck_assert_int_eq(budget_wait_ms(&b, 50, NOW_MS + WINDOW_MS + SPARE_MS), 0);
}
END_TEST

START_TEST(the_window_slides)
{
	start(10);
	for (int i = 0; i < 5; i++)
		budget_spend(&b, NOW_MS + i * 10000);
	for (int i = 0; i < 5; i++) {
		int64_t free_ms = NOW_MS + i * 10000 + WINDOW_MS + SPARE_MS;

		ck_assert_int_eq(budget_wait_ms(&b, 50, free_ms - 1), 1);
		ck_assert_int_eq(budget_wait_ms(&b, 50, free_ms), 0);
		budget_spend(&b, free_ms);
	}
}
END_TEST

/* ---- what the vendor says ---- */

static const struct {
	const char *limit, *remaining, *window;
	int64_t now_limit, now_remaining, now_window_ms;
} headers[] = {
	{"40", "39", "60", 40, 39, 60000},
	{"50", "0", "30", 50, 0, 30000},
	{NULL, NULL, NULL, 10, -1, WINDOW_MS},
	{"", "", "", 10, -1, WINDOW_MS},
	{"many", "-1", "0", 10, -1,
	 WINDOW_MS}, /* the sample rate_limit_headers_garbage */
	{"0", "0", "-60", 10, 0, WINDOW_MS},
	{"-5", "3", "60", 10, 3, 60000},
	{"40 ", "39x", "60s", 10, -1, WINDOW_MS},
	{"4.5", "1e1", "6.0", 10, -1, WINDOW_MS},
	{"99999999999999999999", "99999999999999999999", "99999999999999999999", 10, -1,
	 WINDOW_MS},
	{"1000000", "999999", "3600", 1000000, 999999, HOUR_MS},
	{"1000000", "999999", "3601", 1000000, 999999, WINDOW_MS},
	{"40", NULL, "60", 40, -1, 60000},
	{NULL, "0", NULL, 10, 0, WINDOW_MS},
};

START_TEST(headers_are_believed_where_they_are_sensible_numbers)
{
	start(10);
	budget_told(&b, headers[_i].limit, headers[_i].remaining, headers[_i].window,
		    NOW_MS);
	ck_assert_int_eq(b.limit, headers[_i].now_limit);
	ck_assert_int_eq(b.remaining, headers[_i].now_remaining);
	ck_assert_int_eq(b.window_ms, headers[_i].now_window_ms);
	ck_assert_int_eq(budget_wait_ms(&b, 50, NOW_MS),
			 headers[_i].now_remaining == 0
				 ? headers[_i].now_window_ms + SPARE_MS
				 : 0);
}
END_TEST

START_TEST(nothing_remaining_is_a_window_to_wait)
{
	start(10);
	budget_spend(&b, NOW_MS);
	budget_told(&b, "10", "0", "60", NOW_MS + 200);
	ck_assert_int_eq(budget_wait_ms(&b, 100, NOW_MS + 200), WINDOW_MS + SPARE_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 100, NOW_MS + 200 + WINDOW_MS), SPARE_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 100, NOW_MS + 200 + WINDOW_MS + SPARE_MS), 0);
}
END_TEST

START_TEST(requests_under_way_use_up_what_remains)
{
	start(10);
	budget_told(&b, "10", "2", "60", NOW_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 100, NOW_MS), 0);
	budget_spend(&b, NOW_MS + 1);
	ck_assert_int_eq(budget_wait_ms(&b, 100, NOW_MS + 1), 0);
	budget_spend(&b, NOW_MS + 2);
	ck_assert_int_eq(budget_wait_ms(&b, 100, NOW_MS + 2), WINDOW_MS + SPARE_MS - 2);
}
END_TEST

START_TEST(what_was_said_of_a_window_that_is_over_is_forgotten)
{
	start(10);
	budget_told(&b, "10", "1", "60", NOW_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 100, NOW_MS + WINDOW_MS + SPARE_MS), 0);
	budget_spend(&b, NOW_MS + WINDOW_MS + SPARE_MS);
	ck_assert_int_eq(b.remaining, -1);
	ck_assert_int_eq(budget_wait_ms(&b, 100, NOW_MS + WINDOW_MS + SPARE_MS), 0);
}
END_TEST

START_TEST(a_smaller_limit_holds_at_once)
{
	start(50);
	spend(20, NOW_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 50, NOW_MS), 0);
	budget_told(&b, "10", NULL, NULL, NOW_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 50, NOW_MS), WINDOW_MS + SPARE_MS);
	budget_told(&b, "50", NULL, NULL, NOW_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 50, NOW_MS), 0);
}
END_TEST

/* ---- penalties ---- */

static const struct {
	int64_t wait_ms, lasts_ms;
} blocks[] = {
	{30000, 30000},
	{1, 1},
	{0, 0},
	{-5, 0},
	{7200000, 7200000},
	{BUDGET_MAX_WAIT_MS, 86400000},
	{BUDGET_MAX_WAIT_MS + 1, 86400000},
	{INT64_MAX, 86400000},
	{INT64_MIN / 2, 0},
};

START_TEST(a_penalty_lasts_as_told_and_a_day_at_most)
{
	start(10);
	budget_block(&b, blocks[_i].wait_ms, NOW_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 50, NOW_MS), blocks[_i].lasts_ms);
	ck_assert_int_eq(budget_wait_ms(&b, 50, NOW_MS + blocks[_i].lasts_ms), 0);
}
END_TEST

START_TEST(a_longer_wait_at_hand_stands)
{
	start(10);
	budget_block(&b, 30000, NOW_MS);
	budget_block(&b, 10000, NOW_MS + 1000);
	ck_assert_int_eq(budget_wait_ms(&b, 50, NOW_MS + 1000), 29000);
	budget_block(&b, 40000, NOW_MS + 1000);
	ck_assert_int_eq(budget_wait_ms(&b, 50, NOW_MS + 1000), 40000);
	budget_told(&b, "10", "9", "60", NOW_MS + 1000); /* headers do not end it */
	ck_assert_int_eq(budget_wait_ms(&b, 50, NOW_MS + 1000), 40000);
}
END_TEST

/* ---- after a restart ---- */

/* What was recorded at NOW_MS is taken up so much later by the wall clock, by a process whose
 * own clock begins near zero. */
#define BOOT_MS 7000

static void resume_after(int64_t passed_ms)
{
	budget_resume(&b, BOOT_MS - (NOW_MS + passed_ms), BOOT_MS);
}

START_TEST(a_restart_takes_up_what_was_sent_and_one_more)
{
	start(10);
	spend(3, NOW_MS);
	resume_after(10000);
	ck_assert_int_eq(budget_wait_ms(&b, 50, BOOT_MS), 0); /* 3, and the one assumed */
	budget_spend(&b, BOOT_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 50, BOOT_MS), WINDOW_MS + SPARE_MS - 10000);
	ck_assert_int_eq(budget_wait_ms(&b, 50, BOOT_MS + WINDOW_MS + SPARE_MS - 10000),
			 0);
}
END_TEST

START_TEST(one_more_is_assumed_even_where_nothing_was_sent)
{
	start(10);
	resume_after(HOUR_MS);
	spend(4, BOOT_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 50, BOOT_MS), WINDOW_MS + SPARE_MS);
}
END_TEST

START_TEST(a_penalty_goes_on_after_a_restart)
{
	start(10);
	budget_block(&b, 60000, NOW_MS);
	resume_after(5000);
	ck_assert_int_eq(budget_wait_ms(&b, 50, BOOT_MS), 55000);
}
END_TEST

START_TEST(nothing_remaining_goes_on_after_a_restart)
{
	start(10);
	budget_told(&b, "10", "0", "60", NOW_MS);
	resume_after(5000);
	ck_assert_int_eq(budget_wait_ms(&b, 100, BOOT_MS), WINDOW_MS + SPARE_MS - 5000);
}
END_TEST

START_TEST(what_remained_is_one_less_after_a_restart)
{
	start(10);
	budget_told(&b, "10", "1", "60", NOW_MS);
	resume_after(5000);
	ck_assert_int_eq(b.remaining, 0);
	ck_assert_int_eq(budget_wait_ms(&b, 100, BOOT_MS), WINDOW_MS + SPARE_MS - 5000);
}
END_TEST

START_TEST(a_clock_put_back_cuts_the_future)
{
	start(10);
	spend(5, NOW_MS);
	budget_told(&b, "10", "0", "60", NOW_MS);
	resume_after(-HOUR_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 50, BOOT_MS), WINDOW_MS + SPARE_MS);
	start(10);
	spend(5, NOW_MS - 10000);
	spend(1, NOW_MS);
	resume_after(-HOUR_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 50, BOOT_MS), WINDOW_MS + SPARE_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 50, BOOT_MS + WINDOW_MS + SPARE_MS), 0);
}
END_TEST

/* By how much the clock was put back, and how long the wait is that was one of 30 s then. */
static const struct {
	int64_t back_ms, wait_ms;
} backs[] = {
	{-40000, 0}, {-30000, 0}, {-20000, 10000},  {-1, 29999},
	{0, 30000},  {1, 30000},  {HOUR_MS, 30000}, {INT64_C(9000) * HOUR_MS, 30000},
};

START_TEST(a_clock_put_back_makes_no_penalty_longer_than_it_was)
{
	start(10);
	budget_block(&b, 30000, NOW_MS);
	resume_after(-backs[_i].back_ms);
	ck_assert_int_eq(budget_wait_ms(&b, 50, BOOT_MS), backs[_i].wait_ms);
}
END_TEST

START_TEST(a_clock_put_forward_forgets)
{
	start(10);
	spend(5, NOW_MS);
	budget_block(&b, BUDGET_MAX_WAIT_MS, NOW_MS);
	resume_after(365 * 24 * HOUR_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 50, BOOT_MS), 0);
	spend(4, BOOT_MS);
	ck_assert_int_eq(budget_wait_ms(&b, 50, BOOT_MS), WINDOW_MS + SPARE_MS);
}
END_TEST

/* ---- against a model that remembers every request ---- */

#define N_STEPS 20000

static const struct {
	int64_t limit;
	int share;
	int64_t window_ms;
} settings[] = {
	{10, 50, 60000},   {1, 100, 60000},  {5, 50, 60000},
	{40, 50, 60000},   {50, 100, 60000}, {600, 50, 60000},
	{1000, 100, 1000}, {3, 100, 1000},   {10, 50, HOUR_MS},
};

static int64_t sent_ms[N_STEPS];
static size_t n_sent;

/* Requests in the window that ends at now_ms and is open at its beginning. */
static int64_t n_in_window(int64_t now_ms, int64_t window_ms)
{
	int64_t n = 0;

	for (size_t i = n_sent; i > 0 && sent_ms[i - 1] > now_ms - window_ms; i--)
		n++;
	return n;
}

/* A step in time: mostly short, now and then just as long as we are told to wait. */
static int64_t next_ms(int64_t now_ms, int64_t window_ms, int64_t wait_ms)
{
	switch (dice(4)) {
	case 0:
		return now_ms;
	case 1:
		return now_ms + dice(10);
	case 2:
		return now_ms + dice((uint32_t)window_ms / 4);
	default:
		return now_ms + wait_ms - (wait_ms > 0 ? dice(2) : 0);
	}
}

/* The model's part: is this request allowed, and had it to wait any longer than that? */
START_TEST(no_window_ever_holds_more_than_our_share)
{
	int64_t window_ms = settings[_i].window_ms, now_ms = NOW_MS, allowance;
	int share = settings[_i].share;

	dice_seed(_i);
	budget_init(&b, settings[_i].limit, window_ms);
	allowance = budget_allowance(&b, share);
	for (int i = 0; i < N_STEPS; i++) {
		int64_t wait_ms = budget_wait_ms(&b, share, now_ms);

		ck_assert_int_ge(wait_ms, 0);
		ck_assert_int_le(wait_ms, window_ms + SPARE_MS);
		if (wait_ms == 0) {
			sent_ms[n_sent++] = now_ms;
			budget_spend(&b, now_ms);
			ck_assert_int_le(n_in_window(now_ms, window_ms + SPARE_MS),
					 allowance);
		} else {
			/* With what a 60th of the window, where requests stand together, can
			 * add; of short windows twice that. */
			ck_assert_int_ge(n_in_window(now_ms, window_ms + SPARE_MS +
								     window_ms / 30),
					 allowance);
		}
		now_ms = next_ms(now_ms, window_ms, wait_ms);
	}
	ck_assert_uint_gt(n_sent, 100);
}
END_TEST

/* More moments in a window than are told apart. */
START_TEST(a_steady_stream_in_a_short_window_is_counted_whole)
{
	budget_init(&b, 110, 1000);
	for (int64_t now_ms = NOW_MS; now_ms < NOW_MS + 20000; now_ms += 17) {
		if (budget_wait_ms(&b, 100, now_ms) > 0)
			continue;
		sent_ms[n_sent++] = now_ms;
		budget_spend(&b, now_ms);
		ck_assert_int_le(n_in_window(now_ms, 1000 + SPARE_MS), 110);
	}
	ck_assert_uint_gt(n_sent, 700); /* of the 1100 that would be right */
}
END_TEST

/* Everything else at random: a promise to wait is kept whatever happens in between. */
START_TEST(a_wait_is_never_broken_by_itself)
{
	int64_t now_ms = NOW_MS, free_ms = 0, blocked_ms = 0;

	dice_seed(_i + 100);
	start(10);
	for (int i = 0; i < N_STEPS; i++) {
		int64_t wait_ms = budget_wait_ms(&b, 50, now_ms);

		if (now_ms < blocked_ms)
			ck_assert_int_ge(wait_ms, blocked_ms - now_ms);
		if (now_ms < free_ms)
			ck_assert_int_eq(wait_ms, free_ms - now_ms);
		switch (dice(8)) {
		case 0:
			budget_block(&b, dice(100000), now_ms);
			if (b.blocked_until_ms > blocked_ms)
				blocked_ms = b.blocked_until_ms;
			break;
		case 1:
			budget_told(&b, "10", dice(2) ? "0" : "7", "60", now_ms);
			break;
		case 2:
			budget_resume(&b, 0, now_ms);
			break;
		default:
			if (wait_ms == 0)
				budget_spend(&b, now_ms);
		}
		free_ms = now_ms + budget_wait_ms(&b, 50, now_ms);
		now_ms += dice(3) == 0 ? free_ms - now_ms : dice(5000);
	}
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{we_take_our_share_and_one_at_least, COUNT(shares)},
		{a_share_may_be_sent_at_once_then_a_window_passes, 1},
		{the_window_slides, 1},
		{headers_are_believed_where_they_are_sensible_numbers, COUNT(headers)},
		{nothing_remaining_is_a_window_to_wait, 1},
		{requests_under_way_use_up_what_remains, 1},
		{what_was_said_of_a_window_that_is_over_is_forgotten, 1},
		{a_smaller_limit_holds_at_once, 1},
		{a_penalty_lasts_as_told_and_a_day_at_most, COUNT(blocks)},
		{a_longer_wait_at_hand_stands, 1},
		{a_restart_takes_up_what_was_sent_and_one_more, 1},
		{one_more_is_assumed_even_where_nothing_was_sent, 1},
		{a_penalty_goes_on_after_a_restart, 1},
		{nothing_remaining_goes_on_after_a_restart, 1},
		{what_remained_is_one_less_after_a_restart, 1},
		{a_clock_put_back_cuts_the_future, 1},
		{a_clock_put_back_makes_no_penalty_longer_than_it_was, COUNT(backs)},
		{a_clock_put_forward_forgets, 1},
		{no_window_ever_holds_more_than_our_share, COUNT(settings)},
		{a_steady_stream_in_a_short_window_is_counted_whole, 1},
		{a_wait_is_never_broken_by_itself, 5},
	};

	return suite_run("budget", tests, COUNT(tests), NULL, NULL);
}
