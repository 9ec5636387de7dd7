/* Days are summed up when nothing of them can change any more, and again where it has: the daemon's
 * jobs write the past, six hours from list to list. That sums say what the spans say, test_report
 * shows. */
#include "days.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lib/account.h"
#include "query/report.h"

#define DAY      STORE_DAY_MS
#define HOUR     INT64_C(3600000)
#define SLOW     360 /* the lists come at 18:01, 00:01, 06:01 and 12:01 */
#define MIDNIGHT (ACCOUNT_T0 / DAY * DAY + DAY) /* the first one */

static struct account a;
static char path[300];

static void open_account(void)
{
	snprintf(path, sizeof path, "%s/phonewatch.db", suite_dir());
	account_open(&a, path, NULL);
	a.slow = SLOW;
}

static void close_account(void)
{
	account_close(&a);
}

static int64_t now(void)
{
	return account_arrived_ms(&a, 1) + HOUR;
}

/* ---- which days ---- */

/* The runs, days from the first list on: "1: 0+3" has three, "1: 0+3 at Denver" where it says so. */
static char *runs(void)
{
	return account_ask_text(
		&a,
		"SELECT coalesce(group_concat(line, '; '), '') FROM (SELECT d.id || ': '"
		" || (first_day - 1795370462345 / 86400000) || '+' || n_days"
		" || CASE WHEN site <> '' OR model <> '' THEN ' at ' || site || model"
		" ELSE '' END AS line FROM days JOIN device d USING (device_id)"
		" JOIN place USING (place_id) ORDER BY d.id, first_day)");
}

#define ON1     PHONE("1", "Online")
#define OFF1    PHONE("1", "Offline")
#define ON2     PHONE("2", "Online")
#define UNREAD1 "{'id':'1','n':'\\ud800'}"
#define AT(site)                                                     \
	"{'id':'1','status':'Online','site':{'id':'7','name':'" site \
	"'},'model':{'id':'1',"                                      \
	"'name':'X'}}"

/* Whatever is no list of records: "+N": N lists do not come; "clock N": it is set by N hours;
 * "restart"; "sum": days are summed up. */
static void act(const char *step)
{
	if (step[0] == '+') {
		a.n_sweeps += strtol(step, NULL, 10);
	} else if (strncmp(step, "clock ", 6) == 0) {
		a.clock_set_ms += HOUR * strtol(step + 6, NULL, 10);
	} else if (strcmp(step, "restart") == 0) {
		account_restart(&a);
	} else if (strcmp(step, "sum") == 0) {
		account_sum_up_days(&a, now());
	} else {
		account_records(&a, step);
	}
}

static const struct {
	const char *what;
	const char *steps[11];
	const char *runs;
} stories[] = {
	{"a day that is not over", {ON1, "sum"}, ""},
	{"nobody has been seen since midnight", {ON1, "+3", "sum"}, ""},
	{"one that is over", {ON1, ON1, "sum"}, "1: 0+1"},
	{"who is missed may have been anything since he was last seen",
	 {ON1 "," ON2, ON1, "sum"},
	 "1: 0+1"},
	{"until he is removed", {ON1 "," ON2, ON1, ON1, "sum"}, "1: 0+1; 2: 0+1"},
	{"or seen again", {ON1 "," ON2, ON1, ON1 "," ON2, "sum"}, "1: 0+1; 2: 0+1"},
	{"a list that proves nothing says of nobody that he was seen",
	 {ON1 "," ON2, UNREAD1 "," ON2, "sum"},
	 ""},
	{"one that could not be read",
	 {ON1 "," ON2, UNREAD1 "," ON2, ON1 "," ON2, "sum"},
	 "1: 0+1; 2: 0+1"},
	{"days of a gap, once it is over", {ON1, "+9", ON1, "sum"}, "1: 0+3"},
	{"what came later",
	 {ON1, ON1, "+4", ON1 "," ON2, "+4", ON1 "," ON2, "sum"},
	 "1: 0+3; 2: 2+1"},
	{"more are added to what there is",
	 {ON1, ON1, "sum", OFF1, "+4", ON1, "sum", "restart", "+4", ON1, "sum"},
	 "1: 0+3"},
	{"more than a run can hold", {ON1, "+160", ON1, "sum"}, "1: 0+32; 1: 32+9"},
	{"and one that is full",
	 {ON1, "+126", ON1, "sum", "+4", ON1, "sum"},
	 "1: 0+32; 1: 32+1"},
	{"a device that moves: a day counts where it is then",
	 {AT("Bonn"), AT("Bonn"), "+4", AT("Bonn"), "sum", AT("Kiel"), "+4", AT("Kiel"),
	  "sum"},
	 "1: 0+2 at BonnX; 1: 2+1 at KielX"},
	{"a clock that is set back over midnight: the day was not over",
	 {ON1, "+4", ON1, "sum", "clock -30", ON1},
	 "1: 0+1"},
	{"and what comes next may have come in the days before",
	 {ON1, "+4", ON1, "sum", "clock -30", OFF1},
	 ""},
	{"and by days", {ON1, "+9", ON1, "sum", "clock -60", ON1}, "1: 0+1"},
	{"a clock that is set back within a day",
	 {ON1, "+5", ON1, "sum", "clock -2", ON1},
	 "1: 0+2"},
};

START_TEST(days_are_summed_up_when_nothing_of_them_can_change)
{
	char *text;

	for (size_t i = 0; i < COUNT(stories[_i].steps) && stories[_i].steps[i] != NULL;
	     i++)
		act(stories[_i].steps[i]);
	text = runs();
	ck_assert_msg(strcmp(text, stories[_i].runs) == 0, "%s:\n%s\ninstead of\n%s",
		      stories[_i].what, text, stories[_i].runs);
	free(text);
	ck_assert_int_eq(account_ask(&a, "SELECT days_end * 86400000 FROM meta") % DAY,
			 0);
}
END_TEST

/* ---- what a report makes of them ---- */

static struct err err;

static void report(struct report *r, enum report_by by, int64_t since_ms,
		   int64_t until_ms)
{
	struct store_conn *reader;

	*r = (struct report){.by = by, .since_ms = since_ms, .until_ms = until_ms};
	ck_assert_int_eq(store_open_reader(path, &reader, &err), 0);
	ck_assert_msg(report_run(r, reader, now(), &err) == 0, "%s", err.text);
	store_close_reader(reader);
}

static void check_same(const struct report *r, const struct report *other)
{
	ck_assert_uint_eq(r->n_lines, other->n_lines);
	for (size_t i = 0; i < r->n_lines; i++) {
		ck_assert_str_eq(r->lines[i].key, other->lines[i].key);
		ck_assert_mem_eq(&r->lines[i].tally, &other->lines[i].tally,
				 sizeof r->lines[i].tally);
	}
}

/* After a clock that was set back, what is still summed up says what the spans say. */
START_TEST(what_a_clock_leaves_of_the_sums_is_true)
{
	static const char *const steps[] = {OFF1,        "+4", ON1,  "+3", OFF1, "sum",
					    "clock -30", ON1,  OFF1, "+6", OFF1};
	struct report with, without;

	for (size_t i = 0; i < COUNT(steps); i++)
		act(steps[i]);
	for (int again = 0; again < 2; again++) {
		ck_assert_int_gt(account_ask(&a, "SELECT count(*) FROM days"), 0);
		report(&with, REPORT_BY_DEVICE, ACCOUNT_T0, now());
		free(account_ask_text(&a, "CREATE TABLE kept AS SELECT * FROM days"));
		free(account_ask_text(&a, "DELETE FROM days"));
		report(&without, REPORT_BY_DEVICE, ACCOUNT_T0, now());
		check_same(&with, &without);
		report_clear(&with);
		report_clear(&without);
		free(account_ask_text(&a, "INSERT INTO days SELECT * FROM kept"));
		free(account_ask_text(&a, "DROP TABLE kept"));
		account_sum_up_days(&a, now());
	}
}
END_TEST

static int forget_spans(struct store_conn *c, void *arg, struct err *e)
{
	struct store_forget f = {.spans_before_ms = *(int64_t *)arg};
	int rc;

	do
		rc = store_forget_some(c, &f, e);
	while (rc == 1);
	return rc;
}

/* By the day, that is; of a part of one nothing is known then. */
START_TEST(days_are_known_when_their_spans_are_forgotten)
{
	int64_t all = now() + 100 * DAY;
	struct report before, after, part;

	for (int i = 0; i < 40; i++)
		act(i % 3 == 0 ? OFF1 "," ON2 : ON1 "," ON2);
	account_sum_up_days(&a, now());
	report(&before, REPORT_BY_DEVICE, MIDNIGHT, MIDNIGHT + 7 * DAY);
	ck_assert_int_eq(database_run(&a.db, forget_spans, &all, &err), 0);
	/* Those of today, and what was in force before. */
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM span"), 4);
	report(&after, REPORT_BY_DEVICE, MIDNIGHT, MIDNIGHT + 7 * DAY);
	check_same(&after, &before);
	ck_assert_int_eq(after.lines[0].tally.outages, 10);
	report(&part, REPORT_BY_DEVICE, MIDNIGHT + DAY / 2, MIDNIGHT + 2 * DAY);
	ck_assert_int_eq(part.lines[0].tally.online_ms + part.lines[0].tally.offline_ms,
			 DAY);
	report_clear(&before);
	report_clear(&after);
	report_clear(&part);
}
END_TEST

/* Two days in Bonn, one in Kiel, one in Bonn again; offline all the time. */
#define OFF_AT(site) "{'id':'1','status':'Offline','site':{'id':'7','name':'" site "'}}"

START_TEST(a_day_counts_at_the_site_of_then)
{
	static const char *const sites[] = {OFF_AT("Bonn"), OFF_AT("Bonn"),
					    OFF_AT("Kiel"), OFF_AT("Bonn"),
					    OFF_AT("Bonn")};
	struct report r;

	for (size_t day = 0; day < COUNT(sites); day++) {
		for (int i = 0; i < 4; i++) /* at midnight, it is still where it was */
			act(sites[i == 0 && day > 0 ? day - 1 : day]);
		act("sum");
	}
	report(&r, REPORT_BY_SITE, MIDNIGHT, now());
	ck_assert_uint_eq(r.n_lines, 2);
	ck_assert_str_eq(r.lines[0].key, "Bonn");
	ck_assert_str_eq(r.lines[1].key, "Kiel");
	ck_assert_int_eq(r.lines[1].tally.offline_ms, DAY);
	ck_assert_int_eq(r.lines[0].tally.devices, 1);
	ck_assert_int_eq(r.lines[1].tally.devices, 1);
	ck_assert_int_eq(r.all.devices, 1);
	/* One outage; in Bonn it is two, since it was elsewhere in between. */
	ck_assert_int_eq(r.all.outages, 1);
	ck_assert_int_eq(r.lines[0].tally.outages, 2);
	ck_assert_int_eq(r.lines[1].tally.outages, 1);
	ck_assert_int_eq(r.all.longest_ms, r.all.offline_ms);
	ck_assert_int_gt(r.all.longest_ms, r.lines[0].tally.longest_ms);
	report_clear(&r);
	/* The rest of a day is where the day is. */
	report(&r, REPORT_BY_SITE, MIDNIGHT + DAY + HOUR, MIDNIGHT + DAY + 2 * HOUR);
	ck_assert_uint_eq(r.n_lines, 1);
	ck_assert_str_eq(r.lines[0].key, "Kiel");
	report_clear(&r);
}
END_TEST

/* ---- when somebody looks ---- */

static int step(struct store_conn *c, void *arg, struct err *e)
{
	return days_step(arg, c, now(), e);
}

static int walk(struct days_walk *w)
{
	int n = 0;

	do
		n++;
	while (database_run(&a.db, step, w, &err) == 1);
	ck_assert_int_eq(err.code, 0);
	return n;
}

START_TEST(a_walk_is_due_until_three_have_found_nothing_and_again_the_next_day)
{
	struct days_walk w = {0};

	act(ON1);
	act(ON1);
	ck_assert(days_are_due(&w, now()));
	for (int i = 0; i < 4; i++) { /* the first finds something */
		ck_assert(days_are_due(&w, now()));
		walk(&w);
		ck_assert_int_eq(w.n_days, i == 0);
	}
	ck_assert(!days_are_due(&w, now()));
	ck_assert(days_are_due(&w, now() + DAY));
	days_clear(&w);
}
END_TEST

/* Several accounts, one of them empty, and more devices than are read at once. */
START_TEST(a_walk_comes_by_every_device)
{
	struct days_walk w = {0};

	act(ON1);
	act(ON1);
	free(account_ask_text(&a,
			      "INSERT INTO account (account_id, name) VALUES (8, 'a'),"
			      " (9, 'z')"));
	free(account_ask_text(
		&a,
		"WITH RECURSIVE n(i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM n WHERE"
		" i < 1500) INSERT INTO device SELECT i, CASE WHEN i < 1200 THEN 1 ELSE 9"
		" END, 'x' || i, '{}', 1, NULL FROM n"));
	free(account_ask_text(
		&a,
		"INSERT INTO device_state SELECT n.device_id, 1, 1, NULL, not_before_ms,"
		" observed_ms, NULL, seen_ms + 86400000, 0, 0, NULL FROM (SELECT"
		" device_id FROM device WHERE device_id > 1000) n, (SELECT * FROM"
		" device_state s WHERE s.device_id = 1)"));
	free(account_ask_text(
		&a,
		"INSERT INTO span SELECT device_id, (SELECT min(from_ms) FROM span), 0, 1"
		" FROM device WHERE device_id > 1000"));
	free(account_ask_text(&a, "UPDATE account SET last_page_ms = (SELECT last_page_ms"
				  " FROM account WHERE account_id = 1), whole_sent_ms = 0"
				  " WHERE account_id = 9"));
	ck_assert_int_ge(walk(&w), 5);
	ck_assert_int_eq(w.n_days, 501);
	ck_assert_int_eq(account_ask(&a, "SELECT count(DISTINCT device_id) FROM days"),
			 501);
	days_clear(&w);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{days_are_summed_up_when_nothing_of_them_can_change, COUNT(stories)},
		{what_a_clock_leaves_of_the_sums_is_true, 1},
		{days_are_known_when_their_spans_are_forgotten, 1},
		{a_day_counts_at_the_site_of_then, 1},
		{a_walk_is_due_until_three_have_found_nothing_and_again_the_next_day, 1},
		{a_walk_comes_by_every_device, 1},
	};

	return suite_run("days", tests, COUNT(tests), open_account, close_account);
}
