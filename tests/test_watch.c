#include "watch.h"

#include "lib/suite.h"

#include <string.h>

#define HOUR_MS INT64_C(3600000)

static struct watch w;

static void open_watch(void)
{
	static const unsigned char secret[STORE_SECRET_BYTES] = {1};

	watch_init(&w, "acme", NULL, 0, secret);
	known_add(&w.known, "7");
	known_add(&w.known, "8");
	w.known.devices[0].seen_at_ms = 10 * HOUR_MS;
	w.known.devices[1].seen_at_ms = 0; /* never */
	w.account.shrunk_since_at_ms = 5 * HOUR_MS;
	w.account.whole_sent_at_ms = 9 * HOUR_MS;
	w.sweep.sent_at_ms = 10 * HOUR_MS;
}

static void close_watch(void)
{
	watch_clear(&w);
}

START_TEST(what_was_seen_moves_back_with_the_clock_but_not_forward)
{
	static const struct {
		int64_t step_ms, moved_ms;
	} rows[] = {{0, 0}, {-3 * HOUR_MS, -3 * HOUR_MS}, {3 * HOUR_MS, 0}};

	watch_clock_set(&w, rows[_i].step_ms);
	ck_assert_int_eq(w.known.devices[0].seen_at_ms, 10 * HOUR_MS + rows[_i].moved_ms);
	ck_assert_int_eq(w.known.devices[1].seen_at_ms, 0);
	ck_assert_int_eq(w.account.whole_sent_at_ms, 9 * HOUR_MS + rows[_i].moved_ms);
	ck_assert_int_eq(w.sweep.sent_at_ms, 10 * HOUR_MS + rows[_i].moved_ms);
	/* 24 hours must pass, whatever the clock says. */
	ck_assert_int_eq(w.account.shrunk_since_at_ms, 5 * HOUR_MS + rows[_i].step_ms);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{what_was_seen_moves_back_with_the_clock_but_not_forward, 3},
	};

	return suite_run("watch", tests, COUNT(tests), open_watch, close_watch);
}
