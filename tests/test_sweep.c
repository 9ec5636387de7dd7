/* The sweep job: what only the whole list can say. Time is an argument. */
#include "sweep.h"

#include "lib/suite.h"

#include <string.h>

#include "lib/account.h"
#include "lib/fault_vfs.h"

#define HOUR_MS (INT64_C(3600) * 1000)

static struct account a;

static void open_account(void)
{
	fault_vfs_install();
	account_open_here(&a, NULL);
}

static void close_account(void)
{
	account_close(&a);
}

/* A page with phones first to last, all Online. total < 0: as many as there are. */
static void give(int first, int last, int total)
{
	struct buf body;

	buf_init(&body, PAGE_MAX_BYTES);
	buf_add_text(&body, "{\"records\":[");
	for (int n = first; n <= last; n++)
		buf_printf(&body, "%s{\"id\":\"%d\",\"status\":\"Online\"}",
			   n > first ? "," : "", n);
	buf_printf(&body, "],\"paging\":{\"totalElements\":%d}}",
		   total < 0 ? last - first + 1 : total);
	ck_assert_int_eq(account_page(&a, 1, body.data, body.len), 0);
	buf_clear(&body);
}

static void list(int first, int last)
{
	give(first, last, -1);
	ck_assert_int_eq(account_sweep(&a, 1), 0);
	ck_assert(a.sweep.whole);
}

/* A whole list that ends so long after T0. */
static void list_at(int first, int last, int64_t after_ms)
{
	give(first, last, -1);
	ck_assert_int_eq(account_sweep_at(&a, 1, ACCOUNT_T0 + after_ms), 0);
}

static void check_events(const char *expected)
{
	const char *told = account_events(&a);

	ck_assert_msg(strcmp(told, expected) == 0, "told:\n%sexpected:\n%s", told,
		      expected);
}

static int64_t n_listed(void)
{
	return account_ask(&a, "SELECT count(*) FROM device WHERE removed_ms IS NULL");
}

/* ---- how many may be missing ---- */

static const struct {
	int64_t n_devices, most;
} bounds[] = {
	{0, 5},   {1, 5},    {5, 5},     {100, 5},      {119, 5},
	{120, 6}, {200, 10}, {1000, 50}, {20000, 1000}, {1000000, 50000},
};

START_TEST(the_larger_of_five_and_five_percent_may_be_missing)
{
	ck_assert_int_eq(sweep_most_missing(bounds[_i].n_devices), bounds[_i].most);
}
END_TEST

static const struct {
	int n, missing;
	bool shrunk;
} sizes[] = {
	{5, 5, false},    {6, 5, false},     {6, 6, true},    {100, 5, false},
	{100, 6, true},   {200, 10, false},  {200, 11, true}, {1000, 50, false},
	{1000, 51, true}, {1000, 999, true},
};

START_TEST(more_than_that_removes_nobody)
{
	int n = sizes[_i].n, left = n - sizes[_i].missing;

	list(1, n);
	for (int i = 0; i < 5; i++) {
		list(1, left);
		ck_assert_int_eq(a.sweep.shrunk, sizes[_i].shrunk);
		ck_assert_int_eq(a.sweep.n_removed,
				 i == 1 && !sizes[_i].shrunk ? sizes[_i].missing : 0);
	}
	ck_assert_int_eq(n_listed(), sizes[_i].shrunk ? n : left);
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM event WHERE type = 8"),
			 sizes[_i].shrunk);
}
END_TEST

/* ---- two whole lists in a row ---- */

START_TEST(missing_once_is_not_gone)
{
	list(1, 3);
	list(1, 2);
	ck_assert_int_eq(a.sweep.n_missing, 1);
	ck_assert_int_eq(a.sweep.n_removed, 0);
	list(1, 3);
	list(1, 2);
	ck_assert_int_eq(a.sweep.n_removed, 0);
	check_events("reachable (0.300]\n");
	list(1, 2);
	ck_assert_int_eq(a.sweep.n_removed, 1);
	check_events("removed 3 Online (120, 240.300]\n");
	list(1, 2);
	check_events("");
}
END_TEST

START_TEST(a_list_that_is_not_whole_neither_counts_nor_interrupts)
{
	list(1, 3);
	for (int i = 0; i < 3; i++) {
		give(1, 2, 3);
		ck_assert_int_eq(account_sweep(&a, 1), 0);
		ck_assert(!a.sweep.whole);
	}
	check_events("reachable (0.300]\n");
	list(1, 2);
	give(1, 2, 3);
	ck_assert_int_eq(account_sweep(&a, 1), 0);
	check_events("");
	list(1, 2);
	check_events("removed 3 Online (0, 360.300]\n");
}
END_TEST

START_TEST(one_whole_list_before_a_restart_counts)
{
	list(1, 3);
	list(1, 3);
	list(1, 2);
	account_restart(&a);
	check_events("reachable (0.300]\n");
	list(1, 2);
	check_events("removed 3 Online (60, 180.300]\n");
	account_restart(&a);
	list(1, 2);
	check_events("");
	list(1, 3);
	check_events("added 3 Online (240, 300.300]\n");
}
END_TEST

START_TEST(a_sweep_needs_all_its_pages)
{
	list(1, 3);
	give(1, 2, 2);
	ck_assert_int_eq(account_sweep(&a, 2), ERR_RETRY); /* the database is fine */
	check_events("reachable (0.300]\n");
	list(1, 2);
	ck_assert_int_eq(a.sweep.n_missing, 1);
}
END_TEST

START_TEST(a_list_with_copies_proves_no_absence)
{
	list(1, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(account_page_text(&a, 1,
						   "{\"records\":[{\"id\":\"1\"},{\"id\":"
						   "\"1\"}],\"paging\":{"
						   "\"totalElements\":1}}"),
				 0);
		ck_assert_int_eq(account_sweep(&a, 1), 0);
		ck_assert(!a.sweep.whole);
	}
	ck_assert_int_eq(n_listed(), 3);
}
END_TEST

/* ---- lists without totals ---- */

/* paging is a member or two of the envelope. */
static void give_paging(int first, int last, const char *paging)
{
	struct buf body;

	buf_init(&body, PAGE_MAX_BYTES);
	buf_add_text(&body, "{\"records\":[");
	for (int n = first; n <= last; n++)
		buf_printf(&body, "%s{\"id\":\"%d\"}", n > first ? "," : "", n);
	buf_printf(&body, "]%s}", paging);
	ck_assert_int_eq(account_page(&a, 1, body.data, body.len), 0);
	buf_clear(&body);
	ck_assert_int_eq(account_sweep(&a, 1), 0);
}

/* What a vendor that leaves totals out may say of the end. */
static const char *const no_totals[] = {
	"",
	",\"paging\":{\"page\":1,\"perPage\":1000}",
	",\"paging\":{\"totalPages\":1},\"navigation\":{}",
};

START_TEST(a_list_that_never_has_totals_is_whole_from_the_third_on)
{
	give_paging(1, 3, no_totals[_i]);
	ck_assert(!a.sweep.whole);
	check_events("reachable (0.300]\n"); /* every page came: that is all of it */
	give_paging(1, 2, no_totals[_i]);
	ck_assert(!a.sweep.whole);
	give_paging(1, 2, no_totals[_i]);
	ck_assert(a.sweep.whole);
	ck_assert_int_eq(a.sweep.n_missing, 1);
	check_events("");
	give_paging(1, 2, no_totals[_i]);
	check_events("removed 3 Unknown (0, 180.300]\n");
	account_restart(&a); /* and the three begin anew */
	give_paging(1, 3, no_totals[_i]);
	check_events("added 3 Unknown (180, 240.300]\n");
	give_paging(1, 2, no_totals[_i]);
	ck_assert_int_eq(a.sweep.n_missing, 0);
	give_paging(1, 2, no_totals[_i]);
	ck_assert_int_eq(a.sweep.n_missing, 1);
	check_events("");
}
END_TEST

/* Lists that lack phone 3, between those with totals. */
static const char *const no_proof[] = {
	"", /* the totals are lost for once */
	",\"navigation\":{\"nextPage\":{\"uri\":\"x\"}}",
	",\"paging\":{\"totalPages\":2}",
	",\"paging\":{\"totalElements\":\"3\"}",
	",\"paging\":{\"totalPages\":\"1\"}",
	",\"paging\":[]",
};

START_TEST(a_list_whose_totals_are_lost_for_once_proves_nothing)
{
	list(1, 3);
	check_events("reachable (0.300]\n");
	for (int i = 0; i < 3; i++) {
		give_paging(1, 2, no_proof[_i]);
		give_paging(1, 2, no_proof[_i]);
		ck_assert(!a.sweep.whole);
		list(1, 3);
	}
	ck_assert_int_eq(account_ask(&a, "SELECT sum(missed) FROM device_state"), 0);
}
END_TEST

START_TEST(a_list_that_claims_more_than_it_shows_is_never_whole)
{
	for (int i = 0; i < 5; i++) {
		give_paging(1, 3 - i / 2, no_proof[1 + _i]);
		ck_assert(!a.sweep.whole);
		ck_assert_int_eq(a.sweep.first, i == 2);
	}
	check_events("reachable (120.300]\n");
	ck_assert_int_eq(n_listed(), 3);
}
END_TEST

/* ---- first sweeps ---- */

static int64_t n_counted(void)
{
	return account_ask(&a, "SELECT detail ->> '$.counts.devices' FROM event"
			       " ORDER BY sequence DESC LIMIT 1");
}

START_TEST(who_a_first_list_missed_is_not_told_as_added)
{
	give(1, 2, 4);
	ck_assert_int_eq(account_sweep(&a, 1), 0);
	ck_assert(!a.sweep.first);
	check_events("");
	if (_i == 1)
		account_restart(&a);
	list(1, 4);
	ck_assert(a.sweep.first);
	check_events("reachable (60.300]\n");
	ck_assert_int_eq(n_counted(), 4);
	list(1, 5);
	ck_assert(!a.sweep.first);
	check_events("added 5 Online (60, 120.300]\n");
}
END_TEST

START_TEST(a_list_that_is_never_whole_is_settled_by_the_third)
{
	for (int i = 0; i < 3; i++) {
		check_events("");
		ck_assert_int_eq(account_page_text(&a, 1,
						   "{\"records\":[{\"id\":\"1\"},{\"id\":"
						   "\"1\"}],\"paging\":{"
						   "\"totalElements\":2}}"),
				 0);
		ck_assert_int_eq(account_sweep(&a, 1), 0);
		ck_assert_int_eq(a.sweep.first, i == 2);
	}
	check_events("reachable (120.300]\n");
	give(1, 2, 3);
	check_events("online 1 Unknown->Online (120, 180.300]\n"
		     "added 2 Online (60.300, 180.300]\n");
}
END_TEST

/* What a change of a device is does not depend on that: it was seen twice. */
START_TEST(a_transition_before_the_first_sweep_is_over_is_told)
{
	give(1, 2, 3);
	ck_assert_int_eq(account_sweep(&a, 1), 0);
	ck_assert_int_eq(account_page_text(&a, 1,
					   "{\"records\":[{\"id\":\"1\","
					   "\"status\":\"Offline\"}]}"),
			 0);
	check_events("offline 1 Online->Offline (0, 60.300]\n");
}
END_TEST

START_TEST(a_first_whole_list_is_not_compared_with_parts)
{
	give(1, 100, 150);
	ck_assert_int_eq(account_sweep(&a, 1), 0);
	list(101, 150);
	ck_assert(!a.sweep.shrunk);
	check_events("reachable (60.300]\n");
	list(101, 150);
	ck_assert(a.sweep.shrunk);
	check_events("unreachable (120.300] list_shrunk\n");
}
END_TEST

START_TEST(an_account_never_seen_is_back_with_all_its_devices)
{
	account_tell_unreachable(&a, "credentials");
	account_events(&a);
	account_records_page(&a, PHONE("1", "Online") "," PHONE("2", "Online"), 1, 2, 3);
	account_records_page(&a, PHONE("3", "Online"), 2, 2, 3);
	check_events("");
	ck_assert_int_eq(account_sweep(&a, 2), 0);
	check_events("reachable (1.300]\n");
	ck_assert_int_eq(n_counted(), 3);
	account_tell_unreachable(&a, "network");
	account_events(&a);
	account_records_page(&a, PHONE("1", "Online"), 1, 2, 3); /* now it is known */
	check_events("reachable (60.300]\n");
	ck_assert_int_eq(n_counted(), 3);
}
END_TEST

START_TEST(an_account_of_which_pages_do_not_come_is_back_with_the_others)
{
	account_tell_unreachable(&a, "credentials");
	account_events(&a);
	account_records_page(&a, PHONE("1", "Online"), 1, 2, 3);
	check_events("");
	ck_assert_int_eq(account_sweep_partial(&a, 2), 0);
	check_events("reachable (1.300]\n");
	/* And of which none came since: it is not. */
	account_tell_unreachable(&a, "network");
	account_records_page(&a, PHONE("1", "Online"), 1, 2, 3);
	account_tell_unreachable(&a, "vendor");
	check_events("unreachable (0.300] network\nunreachable (60.300] vendor\n");
	ck_assert_int_eq(account_sweep_partial(&a, 2), 0);
	check_events("");
	/* The first whole list is no news then, but it is counted. */
	account_records(&a, PHONE("1", "Online") "," PHONE("2", "Online"));
	check_events("reachable (120.300]\n");
	ck_assert(a.sweep.first);
	ck_assert_int_eq(a.watch.account.n_devices, 2);
}
END_TEST

START_TEST(the_end_of_the_first_sweep_counts_whether_it_is_told_or_not)
{
	account_tell_unreachable(&a, "credentials");
	give(1, 1, 3);
	ck_assert_int_eq(account_sweep_partial(&a, 2), 0);
	check_events("unreachable (-59.700] credentials\nreachable (1.300]\n");
	list(1, 3);
	check_events("");
	ck_assert(a.sweep.first);
	ck_assert_int_eq(a.watch.account.n_devices, 3);
	ck_assert_int_eq(a.watch.account.n_online, 3);
}
END_TEST

/* ---- a list that shrinks ---- */

START_TEST(a_shrunk_list_is_told_once_and_its_end_too)
{
	list(1, 100);
	list(1, 50);
	list(1, 50);
	list(1, 50);
	check_events("reachable (0.300]\nunreachable (60.300] list_shrunk\n");
	ck_assert_str_eq(
		a.watch.account.detail,
		"the list lacks 50 devices at once; nobody is removed until whole"
		" lists have agreed for 24 hours");
	list(1, 100);
	check_events("reachable (240.300]\n");
	list(1, 100);
	ck_assert_int_eq(account_ask(&a, "SELECT sum(missed) FROM device_state"), 0);
	give(1, 100, 101); /* not whole: that is no news of what is over */
	ck_assert_int_eq(account_sweep(&a, 1), 0);
	ck_assert(!a.sweep.shrunk);
	check_events("");
}
END_TEST

START_TEST(a_page_alone_does_not_end_it)
{
	list(1, 100);
	list(1, 50);
	give(1, 50, 100);
	ck_assert_int_eq(account_sweep(&a, 1), 0);
	ck_assert(!a.sweep.whole);
	ck_assert(a.sweep.shrunk);
	check_events("reachable (0.300]\nunreachable (60.300] list_shrunk\n");
}
END_TEST

START_TEST(what_is_left_still_tells)
{
	list(1, 100);
	list(1, 50);
	check_events("reachable (0.300]\nunreachable (60.300] list_shrunk\n");
	ck_assert_int_eq(account_page_text(&a, 1,
					   "{\"records\":[{\"id\":\"1\","
					   "\"status\":\"Offline\"}]}"),
			 0);
	check_events("offline 1 Online->Offline (60, 120.300]\n");
}
END_TEST

START_TEST(after_a_day_of_agreement_it_is_believed)
{
	list(1, 100);
	list_at(1, 50, HOUR_MS);
	list_at(1, 50, 12 * HOUR_MS);
	list_at(1, 50, 25 * HOUR_MS - 1);
	ck_assert(a.sweep.shrunk);
	ck_assert_int_eq(n_listed(), 100);
	list_at(1, 50, 25 * HOUR_MS);
	ck_assert(!a.sweep.shrunk);
	ck_assert_int_eq(a.sweep.n_removed, 50);
	ck_assert_int_eq(n_listed(), 50);
	ck_assert_int_eq(account_n_events(&a), 3 + 50);
	list_at(1, 50, 26 * HOUR_MS);
	list_at(1, 45, 27 * HOUR_MS); /* what may be missing is of what is left */
	list_at(1, 45, 28 * HOUR_MS);
	ck_assert_int_eq(n_listed(), 45);
}
END_TEST

/* Whatever proves no absence, after the day: its end is told once, and nothing begins again. */
START_TEST(what_was_believed_is_over)
{
	list(1, 100);
	list_at(1, 50, HOUR_MS);
	list_at(1, 50, 25 * HOUR_MS);
	ck_assert_int_eq(a.sweep.n_removed, 50);
	ck_assert_int_eq(account_n_events(&a), 3 + 50);
	if (_i == 1)
		account_restart(&a);
	give(1, 50, 100);
	ck_assert_int_eq(account_sweep_at(&a, 1, ACCOUNT_T0 + 26 * HOUR_MS), 0);
	ck_assert(!a.sweep.whole);
	ck_assert(!a.sweep.shrunk);
	list_at(1, 50, 27 * HOUR_MS);
	check_events("");
	list_at(1, 40, 28 * HOUR_MS); /* another one has its own day */
	list_at(1, 40, 51 * HOUR_MS);
	ck_assert(a.sweep.shrunk);
	check_events("unreachable (100800] list_shrunk\n");
}
END_TEST

/* An account that was away while its list had shrunk: that it still is, only a list that proves
 * it can say. */
static const char *const no_proofs[] = {
	"{\"records\":[{\"id\":\"1\",\"status\":\"Online\"}],"
	"\"paging\":{\"totalElements\":2}}",
	"{\"records\":[{\"id\":\"1\",\"status\":\"Online\"},{\"id\":\"2\",\"n\":NaN}],"
	"\"paging\":{\"totalElements\":2}}",
};

START_TEST(only_a_list_that_proves_absence_tells_that_it_lacks_many)
{
	list(1, 100);
	list(1, 2);
	check_events("reachable (0.300]\nunreachable (60.300] list_shrunk\n");
	account_tell_unreachable(&a, "network");
	check_events("unreachable (60.300] network\n");
	account_list(&a, no_proofs[_i]);
	ck_assert(a.sweep.shrunk);
	check_events("reachable (120.300]\n");
	list(1, 2);
	check_events("unreachable (180.300] list_shrunk\n");
	ck_assert_ptr_nonnull(
		strstr(a.watch.account.detail, "the list lacks 98 devices at once"));
}
END_TEST

START_TEST(a_restart_does_not_begin_the_day_anew)
{
	list(1, 100);
	list_at(1, 50, HOUR_MS);
	for (int i = 2; i < 25; i++) {
		account_restart(&a);
		list_at(1, 50, i * HOUR_MS);
		ck_assert(a.sweep.shrunk);
	}
	account_restart(&a);
	list_at(1, 50, 25 * HOUR_MS);
	ck_assert(!a.sweep.shrunk);
	ck_assert_int_eq(a.sweep.n_removed, 50);
}
END_TEST

START_TEST(a_day_that_a_wrong_clock_has_begun_is_begun_anew)
{
	list(1, 100);
	list_at(1, 50, 9000 * HOUR_MS); /* a year ahead */
	account_restart(&a);
	list_at(1, 50, HOUR_MS);
	list_at(1, 50, 25 * HOUR_MS - 1);
	ck_assert(a.sweep.shrunk);
	list_at(1, 50, 25 * HOUR_MS);
	ck_assert(!a.sweep.shrunk);
	ck_assert_int_eq(a.sweep.n_removed, 50);
}
END_TEST

/* Lists that lack as many, but others, do not agree. */
static const struct {
	int first, last;
} others[] = {{1, 49}, {1, 51}, {51, 100}, {2, 51}};

START_TEST(a_list_that_lacks_others_begins_the_day_anew)
{
	list(1, 100);
	list_at(1, 50, HOUR_MS);
	list_at(1, 50, 20 * HOUR_MS);
	list_at(others[_i].first, others[_i].last, 21 * HOUR_MS);
	list_at(others[_i].first, others[_i].last, 25 * HOUR_MS);
	ck_assert(a.sweep.shrunk);
	ck_assert_int_eq(n_listed(), 100);
	list_at(others[_i].first, others[_i].last, 45 * HOUR_MS - 1);
	ck_assert(a.sweep.shrunk);
	list_at(others[_i].first, others[_i].last, 45 * HOUR_MS);
	ck_assert(!a.sweep.shrunk);
	ck_assert_int_eq(n_listed(), others[_i].last - others[_i].first + 1);
}
END_TEST

START_TEST(a_few_that_stay_away_are_removed_when_the_others_return)
{
	list(1, 100);
	list(1, 50);
	list(1, 50);
	account_events(&a);
	list(1, 97);
	ck_assert_int_eq(a.sweep.n_removed, 3);
	check_events("removed 98 Online (0, 180.300]\nremoved 99 Online (0, 180.300]\n"
		     "removed 100 Online (0, 180.300]\nreachable (180.300]\n");
}
END_TEST

/* ---- the account's row ---- */

/* How the sweep ends does not matter: with every page and a total that lies, or with pages that
 * were given up. */
static int (*const ends[])(struct account *a, int64_t n_pages) = {account_sweep,
								  account_sweep_partial};

START_TEST(who_is_on_no_page_for_three_intervals_is_unobserved)
{
	static const char lapsed[] =
		"SELECT coalesce(sum(id), 0) FROM device JOIN device_state"
		" USING (device_id) WHERE lapsed";

	list(1, 3);
	for (int i = 1; i <= 4; i++) {
		give(1, 2, 3);
		ck_assert_int_eq(ends[_i](&a, 1), 0);
		ck_assert_int_eq(a.sweep.n_lapsed, i == 3);
		ck_assert_int_eq(account_ask(&a, lapsed), i < 3 ? 0 : 3);
	}
	ck_assert_int_eq(account_ask(&a, "SELECT seen_ms FROM device JOIN device_state"
					 " USING (device_id) WHERE id = 3"),
			 ACCOUNT_T0);
	ck_assert_int_eq(account_ask(&a, "SELECT last_page_ms FROM account"),
			 account_arrived_ms(&a, 1));
	account_restart(&a);
	check_events("reachable (0.300]\n");
	list(1, 3);
	check_events("");
	ck_assert_int_eq(account_ask(&a, lapsed), 0);
}
END_TEST

START_TEST(a_sweep_writes_what_queries_ask_for)
{
	list(1, 3);
	list(1, 4);
	ck_assert_int_eq(account_ask(&a, "SELECT swept FROM account"), 1);
	ck_assert_int_eq(account_ask(&a, "SELECT whole_sent_ms FROM account"),
			 account_sent_ms(&a, 1));
	ck_assert_int_eq(account_ask(&a, "SELECT last_sweep_ms FROM account"),
			 account_arrived_ms(&a, 1));
	ck_assert_int_eq(account_ask(&a, "SELECT interval_ms FROM account"),
			 ACCOUNT_SWEEP_MS);
	ck_assert_int_eq(account_ask(&a, "SELECT records_parsed FROM account"), 1);
	ck_assert_int_eq(account_ask(&a, "SELECT records_unchanged FROM account"), 3);
	give(1, 4, 5);
	ck_assert_int_eq(account_sweep(&a, 1), 0);
	/* Not whole: bounds still reach back to the list before. */
	ck_assert_int_eq(account_ask(&a, "SELECT whole_sent_ms FROM account"),
			 account_sent_ms(&a, 1) - ACCOUNT_SWEEP_MS);
}
END_TEST

START_TEST(a_sweep_is_committed_as_a_whole_or_not_at_all) /* the nth write fails */
{
	int n = 0;

	list(1, 5);
	list(1, 3);
	account_events(&a);
	account_ask_text(&a, "PRAGMA synchronous=FULL");
	for (;; n++) {
		int rc;

		give(1, 3, 3);
		fault_arm(FAULT_ONCE, n);
		rc = account_sweep(&a, 1);
		if (!fault_disarm() || rc == 0)
			break;
		ck_assert_int_eq(rc, ERR_STORE);
		check_events("");
		ck_assert_int_eq(n_listed(), 5);
		ck_assert_int_eq(account_ask(&a, "SELECT sum(missed) FROM device_state"),
				 2);
	}
	ck_assert_int_gt(n, 1);
	ck_assert_int_eq(a.sweep.n_removed, 2);
	ck_assert_int_eq(account_n_events(&a), 2);
	ck_assert_int_eq(n_listed(), 3);
}
END_TEST

START_TEST(a_first_sweep_that_fails_is_told_when_it_does_not)
{
	give(1, 3, 3);
	fault_arm(FAULT_FOREVER, 0);
	ck_assert_int_eq(account_sweep(&a, 1), ERR_STORE);
	fault_disarm();
	check_events("");
	list(1, 3);
	check_events("reachable (60.300]\n");
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{the_larger_of_five_and_five_percent_may_be_missing, COUNT(bounds)},
		{more_than_that_removes_nobody, COUNT(sizes)},
		{missing_once_is_not_gone, 1},
		{a_list_that_is_not_whole_neither_counts_nor_interrupts, 1},
		{one_whole_list_before_a_restart_counts, 1},
		{a_sweep_needs_all_its_pages, 1},
		{a_list_with_copies_proves_no_absence, 1},
		{a_list_that_never_has_totals_is_whole_from_the_third_on,
		 COUNT(no_totals)},
		{a_list_whose_totals_are_lost_for_once_proves_nothing, COUNT(no_proof)},
		{a_list_that_claims_more_than_it_shows_is_never_whole,
		 COUNT(no_proof) - 1},
		{who_a_first_list_missed_is_not_told_as_added, 2},
		{a_list_that_is_never_whole_is_settled_by_the_third, 1},
		{a_transition_before_the_first_sweep_is_over_is_told, 1},
		{a_first_whole_list_is_not_compared_with_parts, 1},
		{an_account_never_seen_is_back_with_all_its_devices, 1},
		{an_account_of_which_pages_do_not_come_is_back_with_the_others, 1},
		{the_end_of_the_first_sweep_counts_whether_it_is_told_or_not, 1},
		{a_shrunk_list_is_told_once_and_its_end_too, 1},
		{a_page_alone_does_not_end_it, 1},
		{what_is_left_still_tells, 1},
		{after_a_day_of_agreement_it_is_believed, 1},
		{what_was_believed_is_over, 2},
		{only_a_list_that_proves_absence_tells_that_it_lacks_many,
		 COUNT(no_proofs)},
		{a_restart_does_not_begin_the_day_anew, 1},
		{a_day_that_a_wrong_clock_has_begun_is_begun_anew, 1},
		{a_list_that_lacks_others_begins_the_day_anew, COUNT(others)},
		{a_few_that_stay_away_are_removed_when_the_others_return, 1},
		{who_is_on_no_page_for_three_intervals_is_unobserved, COUNT(ends)},
		{a_sweep_writes_what_queries_ask_for, 1},
		{a_sweep_is_committed_as_a_whole_or_not_at_all, 1},
		{a_first_sweep_that_fails_is_told_when_it_does_not, 1},
	};

	return suite_run("sweep", tests, COUNT(tests), open_account, close_account);
}
