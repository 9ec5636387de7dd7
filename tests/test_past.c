/* What is written down of the past, list after list: spans where a status changes, gaps where
 * nobody looked, and nothing where nothing happened. */
#include "store/store.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

#include "lib/account.h"

static struct account a;

static void open_account(void)
{
	account_open_here(&a, "WebRTC");
}

static void close_account(void)
{
	account_close(&a);
}

/* ---- stories ---- */

#define ON1     PHONE("1", "Online")
#define OFF1    PHONE("1", "Offline")
#define ON2     PHONE("2", "Online")
#define OFF2    PHONE("2", "Offline")
#define UNREAD1 "{'id':'1','n':'\\ud800'}"

/* Whatever is not a list of records:
 *   +N        N sweeps do not come
 *   clock N   the clock is set by N seconds
 *   restart   the daemon stops and starts
 *   part ...  these records are page 1 of 2, and page 2 does not come */
static void act(const char *step)
{
	if (step[0] == '+') {
		a.n_sweeps += strtol(step, NULL, 10);
	} else if (strncmp(step, "clock ", 6) == 0) {
		a.clock_set_ms += 1000 * strtol(step + 6, NULL, 10);
	} else if (strcmp(step, "restart") == 0) {
		account_restart(&a);
	} else if (strncmp(step, "part ", 5) == 0) {
		ck_assert_int_eq(account_records_page(&a, step + 5, 1, 2, 2), 0);
		ck_assert_int_eq(account_sweep_partial(&a, 1), 0);
	} else {
		account_records(&a, step);
	}
}

/* All that is written of the past, in the order of the tables. */
static char *past(void)
{
	char *sql = mem_printf(
		"SELECT coalesce(group_concat(line, x'0a'), '') FROM (SELECT 'span ' || d.id"
		" || ' (' || ((from_ms - lead_ms - %lld) / 1000.0) || ', '"
		" || ((from_ms - %lld) / 1000.0) || '] ' || state AS line"
		" FROM span JOIN device d USING (device_id)"
		" UNION ALL SELECT 'gap ' || coalesce(d.id, 'all') || ' ('"
		" || ((from_ms - %lld) / 1000.0) || ', ' || ((to_ms - %lld) / 1000.0)"
		" || '] ' || why FROM gap LEFT JOIN device d USING (device_id))",
		(long long)ACCOUNT_T0, (long long)ACCOUNT_T0, (long long)ACCOUNT_T0,
		(long long)ACCOUNT_T0);
	char *text = account_ask_text(&a, sql);

	free(sql);
	return text;
}

static const struct {
	const char *what;
	const char *steps[9];
	const char *past;
} stories[] = {
	{"first sight and a quiet fleet", {ON1, ON1, ON1}, "span 1 (0.0, 0.3] 1"},
	{"transitions, and their bounds",
	 {ON1, OFF1, OFF1, ON1},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 1 (0.0, 60.3] 2\n"
	 "span 1 (120.0, 180.3] 1"},
	{"one that comes later was not there in the list before",
	 {ON1, ON1 "," OFF2},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 2 (0.0, 0.0] 3\n"
	 "span 2 (0.0, 60.3] 2"},
	{"of one that came with the first list nobody knows whether it was there before",
	 {"part " ON1, ON1 "," OFF2},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 2 (60.0, 60.3] 2"},
	{"of one that came later, since the first list",
	 {ON1, ON1, "restart", ON1, ON1 "," OFF2},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 2 (0.0, 0.0] 3\n"
	 "span 2 (120.0, 180.3] 2"},
	{"two lists that do not come are no gap",
	 {ON1, "+2", OFF1},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 1 (0.0, 180.3] 2"},
	{"three are: a fourth of a second over three intervals",
	 {ON1, "+3", OFF1},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 1 (0.0, 240.3] 2\n"
	 "gap all (0.3, 240.3] 1"},
	{"whether somebody looked again or not, when the daemon did not run",
	 {ON1, "restart", "+9", ON1},
	 "span 1 (0.0, 0.3] 1\n"
	 "gap all (0.3, 600.3] 1"},
	{"a device that the list lacks once",
	 {ON1 "," ON2, ON1, ON1 "," ON2},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 2 (0.0, 0.3] 1\n"
	 "gap 2 (0.3, 120.3] 2"},
	{"one that comes back as another",
	 {ON1 "," ON2, ON1, ON1 "," OFF2},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 2 (0.0, 0.3] 1\n"
	 "span 2 (0.0, 120.3] 2\n"
	 "gap 2 (0.3, 120.3] 2"},
	{"one that is removed, and returns",
	 {ON1 "," ON2, ON1, ON1, ON1, ON1 "," ON2},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 2 (0.0, 0.3] 1\n"
	 "span 2 (0.0, 120.3] 3\n"
	 "span 2 (180.0, 240.3] 1\n"
	 "gap 2 (0.3, 120.3] 2"},
	{"a record that cannot be read, for two intervals",
	 {ON1 "," ON2, UNREAD1 "," ON2, ON1 "," ON2},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 2 (0.0, 0.3] 1"},
	{"and for longer than three",
	 {ON1 "," ON2, UNREAD1 "," ON2, UNREAD1 "," ON2, UNREAD1 "," ON2, OFF1 "," ON2},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 1 (0.0, 240.3] 2\n"
	 "span 2 (0.0, 0.3] 1\n"
	 "gap 1 (0.3, 240.3] 1"},
	{"one whose record could never be read is unobserved from the first",
	 {ON2 "," UNREAD1, ON2 "," ON1},
	 "span 2 (0.0, 0.3] 1\n"
	 "span 1 (0.0, 0.3] 0\n"
	 "span 1 (-59.7, 60.3] 1\n"
	 "gap 1 (0.3, 60.3] 1"},
	{"one that is not listed, and then cannot be read",
	 {ON1 "," ON2, ON2, UNREAD1 "," ON2, "+2", UNREAD1 "," ON2, ON1 "," ON2},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 2 (0.0, 0.3] 1\n"
	 "gap 1 (0.3, 120.3] 2\n"
	 "gap 1 (120.3, 360.3] 1"},
	{"a page that does not come for longer than three intervals",
	 {ON1 "," ON2, "part " ON1, "part " ON1, "part " ON1, "part " ON1, ON1 "," ON2},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 2 (0.0, 0.3] 1\n"
	 "gap 2 (0.3, 300.3] 1"},
	{"no status is a status",
	 {ON1, "{'id':'1','status':'Initial'}", "{'id':'1'}", ON1},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 1 (0.0, 60.3] 0\n"
	 "span 1 (120.0, 180.3] 1"},
	{"a type that comes to be ignored is missed",
	 {ON1 "," ON2, "{'id':'1','type':'WebRTC'}," ON2,
	  "{'id':'1','type':'WebRTC'}," ON2},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 1 (0.0, 120.3] 3\n"
	 "span 2 (0.0, 0.3] 1\n"
	 "gap 1 (0.3, 120.3] 2"},
	{"a clock that is set forward, if only by a little",
	 {ON1, "clock 6", ON1},
	 "span 1 (0.0, 0.3] 1\n"
	 "gap all (0.3, 66.3] 1"},
	{"a clock that is set back: what is lived twice is not known",
	 {ON1, ON1, OFF1, "clock -3600", ON1, OFF1},
	 "span 1 (0.0, 0.3] 1\n"
	 "span 1 (60.0, 120.3] 2\n"
	 "span 1 (-3480.0, 120.301] 1\n"
	 "span 1 (-3420.0, 120.302] 2\n"
	 "gap all (-3419.7, 120.3] 1"},
	{"a clock that is set back while nobody looks",
	 {ON1, ON1, "restart", "clock -3600", ON1},
	 "span 1 (0.0, 0.3] 1\n"
	 "gap all (-3479.7, 60.3] 1"},
};

START_TEST(what_is_written_of_the_past_is_what_was_seen)
{
	char *text;

	for (size_t i = 0; i < COUNT(stories[_i].steps) && stories[_i].steps[i] != NULL;
	     i++)
		act(stories[_i].steps[i]);
	text = past();
	ck_assert_msg(strcmp(text, stories[_i].past) == 0, "%s:\n%s\ninstead of\n%s",
		      stories[_i].what, text, stories[_i].past);
	free(text);
}
END_TEST

/* ---- reading ---- */

/* The device's third state is in force from 180.3 on. */
static const struct {
	int64_t since_s, until_s;
	size_t n;
	int64_t first_ms; /* where the first one begins, after T0 */
} windows[] = {
	{0, 1000, 4, 300},     /* nothing before the first */
	{61, 1000, 3, 60300},  /* with the one that is in force */
	{61, 130, 3, 60300},   /* and the next one behind the end */
	{61, 100, 2, 60300},   /* */
	{-100, -50, 1, 300},   /* before all */
	{500, 1000, 1, 180300} /* after all */
};

static int load_window(struct store_conn *c, void *arg, struct err *err)
{
	struct store_spans spans = {0};
	int64_t since_ms = ACCOUNT_T0 + windows[*(int *)arg].since_s * 1000;
	int64_t until_ms = ACCOUNT_T0 + windows[*(int *)arg].until_s * 1000;

	for (int again = 0; again < 2; again++) { /* the array is used again */
		ck_assert_int_eq(store_spans_load(c, 1, since_ms, until_ms, &spans, err),
				 0);
		ck_assert_uint_eq(spans.n, windows[*(int *)arg].n);
		ck_assert_int_eq(spans.all[0].from_ms,
				 ACCOUNT_T0 + windows[*(int *)arg].first_ms);
	}
	free(spans.all);
	return 0;
}

START_TEST(spans_are_those_of_the_time_and_the_one_behind_it)
{
	int i = _i;

	account_records(&a, ON1);
	account_records(&a, OFF1);
	account_records(&a, "{'id':'1'}");
	account_records(&a, ON1);
	database_write(&a.db, load_window, &i);
}
END_TEST

static int load_gaps(struct store_conn *c, void *arg, struct err *err)
{
	struct store_gaps gaps = {0};

	(void)arg;
	ck_assert_int_eq(store_gaps_load(c, 1, 0, ACCOUNT_T0, &gaps, err), 0);
	ck_assert_uint_eq(gaps.n, 2);
	ck_assert_int_eq(gaps.all[0].to_ms, ACCOUNT_T0 + 300300);
	ck_assert_int_eq(gaps.all[1].why, GAP_UNOBSERVED);
	/* Within the first one; at its end; behind all. */
	ck_assert_int_eq(store_gaps_load(c, 1, 0, ACCOUNT_T0 + 300299, &gaps, err), 0);
	ck_assert_uint_eq(gaps.n, 2);
	ck_assert_int_eq(store_gaps_load(c, 1, 0, ACCOUNT_T0 + 300300, &gaps, err), 0);
	ck_assert_uint_eq(gaps.n, 1);
	ck_assert_int_eq(store_gaps_load(c, 1, 0, ACCOUNT_T0 + 9000000, &gaps, err), 0);
	ck_assert_uint_eq(gaps.n, 0);
	ck_assert_int_eq(store_gaps_load(c, 1, 1, ACCOUNT_T0, &gaps, err), 0);
	ck_assert_uint_eq(gaps.n, 0);
	free(gaps.all);
	return 0;
}

START_TEST(gaps_are_those_that_end_later)
{
	account_records(&a, ON1);
	act("+4");
	account_records(&a, ON1);
	act("+4");
	account_records(&a, ON1);
	database_write(&a.db, load_gaps, NULL);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{what_is_written_of_the_past_is_what_was_seen, COUNT(stories)},
		{spans_are_those_of_the_time_and_the_one_behind_it, COUNT(windows)},
		{gaps_are_those_that_end_later, 1},
	};

	return suite_run("past", tests, COUNT(tests), open_account, close_account);
}
