/* What is forgotten, and what is kept whatever its age: row by row in the store, and how the daemon
 * goes about it. */
#include "forget.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

#include "lib/account.h"

#define DAY INT64_C(86400000)

static struct account a;

static void open_account(void)
{
	account_open_here(&a, NULL);
}

static void close_account(void)
{
	account_close(&a);
}

/* ---- in the store ---- */

static int64_t n_steps;

static int forget_all(struct store_conn *c, void *arg, struct err *err)
{
	int rc;

	n_steps = 0;
	do {
		n_steps++;
		rc = store_forget_some(c, arg, err);
	} while (rc == 1);
	return rc;
}

static void forget(struct store_forget f)
{
	struct err err = {0};

	ck_assert_msg(database_run(&a.db, forget_all, &f, &err) == 0, "%s", err.text);
}

static void toggle(int n)
{
	for (int i = 0; i < n; i++)
		account_records(&a, i % 2 == 0 ? PHONE("1", "Online")
					       : PHONE("1", "Offline"));
}

static int64_t ask(const char *sql)
{
	return account_ask(&a, sql);
}

/* As if all of its days until long after had been summed up. */
static void sum_up(int device_id)
{
	char *sql = mem_printf("INSERT INTO days VALUES (%d, 100000, 1, 1, x'0000')",
			       device_id);
	free(account_ask_text(&a, "INSERT INTO place VALUES (1, 1, '', '')"));
	free(account_ask_text(&a, sql));
	free(sql);
}

/* Six lists, a minute apart: spans begin at 0, 60, ... 300 s; five events after the first. */
static const struct {
	const char *what;
	int64_t before_s;
	int64_t first_span_s, n_spans;
} spans[] = {
	{"nothing is so old", 0, 0, 6},
	{"nothing has ended", 59, 0, 6},
	{"the first had ended", 60, 60, 5},
	{"what was in force then is kept", 119, 60, 5},
	{"all but the last two", 100000, 240, 2},
};

START_TEST(a_span_is_forgotten_when_it_ended_before)
{
	toggle(6);
	sum_up(1);
	forget((struct store_forget){.spans_before_ms = ACCOUNT_T0 + ACCOUNT_ANSWER_MS +
							spans[_i].before_s * 1000});
	ck_assert_msg(ask("SELECT count(*) FROM span") == spans[_i].n_spans, "%s",
		      spans[_i].what);
	ck_assert_int_eq(ask("SELECT min(from_ms) FROM span"),
			 ACCOUNT_T0 + ACCOUNT_ANSWER_MS + spans[_i].first_span_s * 1000);
	ck_assert_int_eq(ask("SELECT count(*) FROM event"), 6);
}
END_TEST

/* A span that is kept needs its gaps: without them it would claim what nobody saw. */
START_TEST(gaps_go_with_the_spans_that_they_are_in)
{
	account_records(&a, PHONE("1", "Online") "," PHONE("2", "Online"));
	account_records(&a, PHONE("2", "Online"));
	account_records(&a, PHONE("1", "Online") "," PHONE("2", "Online"));
	a.n_sweeps += 5;
	toggle(1);
	ck_assert_int_eq(ask("SELECT count(*) FROM gap"), 2);
	forget((struct store_forget){.spans_before_ms = ACCOUNT_T0 + 100 * DAY});
	ck_assert_int_eq(ask("SELECT count(*) FROM gap"), 2);
	account_records(&a, PHONE("1", "Offline") "," PHONE("2", "Online"));
	toggle(4);
	sum_up(1);
	forget((struct store_forget){.spans_before_ms = ACCOUNT_T0 + 100 * DAY});
	ck_assert_int_eq(ask("SELECT count(*) FROM gap WHERE device_id = 1"), 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM gap WHERE device_id = 0"), 1);
}
END_TEST

/* All were told but the third, which is still owed. */
static void tell_all_but_the_third(void)
{
	toggle(6);
	free(account_ask_text(
		&a, "INSERT INTO delivery SELECT sequence, sink_id, 1000, 200 FROM outbox"
		    " WHERE sequence <> 3"));
	free(account_ask_text(&a, "DELETE FROM outbox WHERE sequence <> 3"));
	free(account_ask_text(&a,
			      "INSERT INTO trouble SELECT sequence, sink_id, 2, 9, NULL"
			      " FROM delivery WHERE sequence IN (4, 5)"));
}

START_TEST(a_delivery_is_forgotten_when_it_ended_before)
{
	tell_all_but_the_third();
	forget((struct store_forget){.deliveries_before_ms = ACCOUNT_T0 + 241300});
	/* 1, 2 and 4 ended before; 5 ended just then. */
	ck_assert_int_eq(ask("SELECT count(*) FROM delivery WHERE sequence IN (5, 6)"),
			 2);
	ck_assert_int_eq(ask("SELECT count(*) FROM delivery"), 2);
	ck_assert_int_eq(ask("SELECT sequence FROM outbox"), 3);
	ck_assert_int_eq(ask("SELECT group_concat(sequence) FROM trouble"), 5);
	ck_assert_int_eq(ask("SELECT count(*) FROM event"), 6);
}
END_TEST

START_TEST(an_event_is_forgotten_but_for_one_that_is_owed_and_the_last)
{
	tell_all_but_the_third();
	forget((struct store_forget){.events_before_ms = ACCOUNT_T0 + 100 * DAY});
	ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE sequence IN (3, 6)"), 2);
	ck_assert_int_eq(ask("SELECT count(*) FROM event"), 2);
	ck_assert_int_eq(ask("SELECT count(*) FROM delivery"), 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM trouble"), 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM span"), 6);
}
END_TEST

/* It was told much later. */
START_TEST(an_event_is_not_forgotten_before_what_was_told_of_it)
{
	tell_all_but_the_third();
	free(account_ask_text(
		&a, "UPDATE delivery SET took_ms = 86400000 WHERE sequence = 2"));
	forget((struct store_forget){.events_before_ms = ACCOUNT_T0 + DAY / 2});
	ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE sequence IN (2, 3, 6)"),
			 3);
	ck_assert_int_eq(ask("SELECT count(*) FROM event"), 3);
	ck_assert_int_eq(ask("SELECT sequence FROM delivery"), 2);
}
END_TEST

/* Until a day has its sum, its spans are all there is of it. */
START_TEST(a_span_of_a_day_without_a_sum_is_not_forgotten)
{
	toggle(6);
	forget((struct store_forget){.spans_before_ms = ACCOUNT_T0 + 100 * DAY});
	ck_assert_int_eq(ask("SELECT count(*) FROM span"), 6);
}
END_TEST

/* Runs end at days 110, 120 and 130 of 1970. */
static const struct {
	int64_t before_ms, n_left;
} runs[] = {{0, 3}, {110 * DAY - 1, 3}, {110 * DAY, 2}, {120 * DAY, 1}, {999 * DAY, 1}};

START_TEST(the_sums_of_a_run_are_forgotten_when_all_of_it_is_old_but_the_last)
{
	toggle(1);
	free(account_ask_text(&a, "INSERT INTO place VALUES (1, 1, '', '')"));
	free(account_ask_text(&a, "INSERT INTO days VALUES (1, 100, 1, 10, x'00'),"
				  " (1, 110, 1, 10, x'00'), (1, 120, 1, 10, x'00')"));
	forget((struct store_forget){.days_before_ms = runs[_i].before_ms});
	ck_assert_int_eq(ask("SELECT count(*) FROM days"), runs[_i].n_left);
	ck_assert_int_eq(ask("SELECT max(first_day) FROM days"), 120);
}
END_TEST

/* Thousands go, a few hundred in a transaction. */
/* Whether there is time for all that a step may do, or for no more than has to be done at once. */
static const struct {
	int64_t most_ms;
	int64_t n_least, n_most; /* steps */
} paces[] = {{INT64_MAX, 6, 12}, {0, 30, 60}};

START_TEST(much_is_forgotten_in_steps)
{
	free(account_ask_text(
		&a, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE"
		    " i < 3000) INSERT INTO span SELECT 7, i, 0, i % 2 FROM n"));
	toggle(2);
	free(account_ask_text(&a, "UPDATE span SET device_id = 1 WHERE device_id = 7"));
	sum_up(1);
	forget((struct store_forget){.most_ms = paces[_i].most_ms,
				     .spans_before_ms = ACCOUNT_T0 + 100 * DAY});
	ck_assert_int_eq(ask("SELECT count(*) FROM span"), 2);
	ck_assert_int_ge(n_steps, paces[_i].n_least);
	ck_assert_int_le(n_steps, paces[_i].n_most);
}
END_TEST

/* ---- the daemon's way ---- */

static bool stopped;

static void on_stopped(void *data)
{
	ck_assert_ptr_eq(data, &a);
	stopped = true;
}

static void start(struct forget *f)
{
	/* All is older than what will be in ten years, whatever the clock says. */
	const struct forget_after after = {-3650 * DAY, -3650 * DAY, -3650 * DAY,
					   -3650 * DAY};

	toggle(6);
	sum_up(1);
	forget_start(f, &a.db.loop, a.db.store, &after);
	uv_timer_start(&f->timer, f->timer.timer_cb, 0, 0); /* the minute is over */
}

/* At once, and within a step; the loop is empty then. */
START_TEST(forgetting_stops_whenever_it_is_told)
{
	struct forget f;

	start(&f);
	for (int i = 0; i < _i; i++)
		uv_run(&a.db.loop, UV_RUN_ONCE);
	forget_stop(&f, on_stopped, &a);
	uv_run(&a.db.loop, UV_RUN_DEFAULT);
	ck_assert(stopped);
}
END_TEST

START_TEST(forgetting_goes_on_until_all_that_is_old_is_gone)
{
	struct forget f;

	start(&f);
	do
		uv_run(&a.db.loop, UV_RUN_ONCE);
	while (f.under_way || uv_timer_get_due_in(&f.timer) < 1000000 /* an hour */);
	forget_stop(&f, on_stopped, &a);
	uv_run(&a.db.loop, UV_RUN_DEFAULT);
	ck_assert(stopped);
	ck_assert_int_eq(ask("SELECT count(*) FROM span"), 2);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_span_is_forgotten_when_it_ended_before, COUNT(spans)},
		{gaps_go_with_the_spans_that_they_are_in, 1},
		{a_delivery_is_forgotten_when_it_ended_before, 1},
		{an_event_is_forgotten_but_for_one_that_is_owed_and_the_last, 1},
		{an_event_is_not_forgotten_before_what_was_told_of_it, 1},
		{a_span_of_a_day_without_a_sum_is_not_forgotten, 1},
		{the_sums_of_a_run_are_forgotten_when_all_of_it_is_old_but_the_last,
		 COUNT(runs)},
		{much_is_forgotten_in_steps, COUNT(paces)},
		{forgetting_stops_whenever_it_is_told, 5},
		{forgetting_goes_on_until_all_that_is_old_is_gone, 1},
	};

	return suite_run("forget", tests, COUNT(tests), open_account, close_account);
}
