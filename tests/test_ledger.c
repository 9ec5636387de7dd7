#include "ledger.h"

#include "lib/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/database.h"

/* Within this two readings of the clocks are taken as one. */
#define SLACK_MS 2000

/* The first digits are the server's. */
#define SCOPE     "0123456789abcdef-scope-of-acme"
#define NEIGHBOUR "0123456789abcdef-scope-of-another"
#define OTHER     "fedcba9876543210-scope-of-acme"

static struct database db;
static struct penalties *penalties;
static struct ledger *ledger;
static char path[300], penalty_path[320];

static struct penalty_now now(void)
{
	return (struct penalty_now){clock_utc_ms(), clock_mono_ms()};
}

static void open_ledger(void)
{
	struct err err;

	ck_assert_int_eq(penalties_open(penalty_path, now(), &penalties, &err), 0);
	ledger = ledger_create(penalties);
}

static void close_ledger(void)
{
	ledger_destroy(ledger);
	penalties_close(penalties);
}

static void open_world(void)
{
	snprintf(path, sizeof path, "%s/phonewatch.db", suite_dir());
	snprintf(penalty_path, sizeof penalty_path, "%s.penalties", path);
	database_open(&db, path);
	open_ledger();
}

static void close_world(void)
{
	close_ledger();
	database_close(&db);
}

static int save(struct store_conn *c, void *arg, struct err *err)
{
	return store_budget_save(c, arg, err);
}

static void save_budget(const struct budget *b)
{
	struct store_budget row;

	ledger_snapshot(b, &row);
	database_write(&db, save, &row);
}

static int load(struct store_conn *c, void *arg, struct err *err)
{
	return ledger_load(arg, c, err);
}

/* Another run: the process is new, database and penalties are as they were. */
static void restart(void)
{
	close_ledger();
	open_ledger();
	ck_assert_int_eq(database_run(&db, load, ledger, NULL), 0);
}

static struct budget *heavy(void)
{
	return ledger_budget(ledger, SCOPE, "heavy", 10);
}

/* What a run that is killed leaves behind, nothing saved. */
static void kill_after(void (*work)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		work();
		kill(getpid(), SIGKILL);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	restart();
}

static void check_about(int64_t is_ms, int64_t be_ms)
{
	ck_assert_int_le(is_ms, be_ms + SLACK_MS);
	ck_assert_int_ge(is_ms, be_ms - SLACK_MS);
}

static int64_t blocked_ms(const struct budget *b)
{
	return ledger_blocked_ms(b, clock_mono_ms());
}

/* ---- who shares what ---- */

static void make_account(struct account_config *a)
{
	*a = (struct account_config){.server = (char *)"https://one.example",
				     .client_id = (char *)"id"};
	secret_set(&a->client_secret, "secret", 6);
	secret_set(&a->jwt, "jwt", 3);
}

static void clear_account(struct account_config *a)
{
	secret_clear(&a->client_secret);
	secret_clear(&a->jwt);
}

START_TEST(who_has_the_same_server_app_and_user_shares_a_budget)
{
	static const struct {
		const char *server, *client_id, *secret, *jwt;
		bool same, same_auth;
	} others[] = {
		{"https://one.example", "id", "secret", "jwt", true, true},
		{"https://one.example", "id", "another", "jwt", true, true},
		{"https://one.example", "id", "secret", "another", false, true},
		{"https://one.example", "another", "secret", "jwt", false, false},
		{"https://two.example", "id", "secret", "jwt", false, false},
		{"https://one.examplei", "d", "secret", "jwt", false, false},
	};
	char scope[LEDGER_SCOPE_BYTES], other[LEDGER_SCOPE_BYTES];
	struct account_config a, b;

	make_account(&a);
	make_account(&b);
	b.server = (char *)others[_i].server;
	b.client_id = (char *)others[_i].client_id;
	secret_set(&b.client_secret, others[_i].secret, strlen(others[_i].secret));
	secret_set(&b.jwt, others[_i].jwt, strlen(others[_i].jwt));
	ledger_scope(scope, &a);
	ledger_scope(other, &b);
	ck_assert_int_eq(strcmp(scope, other) == 0, others[_i].same);
	ck_assert_uint_eq(strlen(scope), LEDGER_SCOPE_BYTES - 1);
	ledger_auth_scope(scope, &a);
	ledger_auth_scope(other, &b);
	ck_assert_int_eq(strcmp(scope, other) == 0, others[_i].same_auth);
	clear_account(&a);
	clear_account(&b);
}
END_TEST

START_TEST(a_budget_is_one_of_scope_and_group)
{
	struct budget *b = heavy();

	ck_assert_int_eq(b->limit, 10);
	ck_assert_int_eq(b->window_ms, BUDGET_WINDOW_MS);
	ck_assert_ptr_eq(ledger_budget(ledger, SCOPE, "heavy", 99), b);
	ck_assert_int_eq(b->limit, 10);
	ck_assert_ptr_ne(ledger_budget(ledger, SCOPE, "Heavy", 10), b);
	ck_assert_ptr_ne(ledger_budget(ledger, OTHER, "heavy", 10), b);
	ck_assert_ptr_eq(heavy(), b); /* where it was, whatever came after */
}
END_TEST

START_TEST(a_long_name_is_one_group_and_comes_back)
{
	static const size_t lengths[] = {62, 63, 64, 65, 200};
	char name[256] = "";
	struct budget *b;

	memset(name, 'g', lengths[_i]);
	b = ledger_budget(ledger, SCOPE, name, 10);
	ck_assert_ptr_eq(ledger_budget(ledger, SCOPE, name, 10), b);
	ck_assert_ptr_ne(ledger_budget(ledger, SCOPE, "ggg", 10), b);
	budget_block(b, 60000, clock_mono_ms());
	save_budget(b);
	restart();
	ck_assert_int_gt(blocked_ms(ledger_budget(ledger, SCOPE, name, 10)), 0);
}
END_TEST

/* As a name with the number of the request in it would be. */
START_TEST(who_is_told_another_name_each_time_has_few_budgets)
{
	struct budget *b, *last = NULL;
	struct store_budget rows[100];
	char name[16];
	size_t n;

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "heavy-%d", i);
		b = ledger_budget(ledger, SCOPE, name, 10);
		if (i >= LEDGER_GROUPS_MAX)
			ck_assert(last == NULL || b == last);
		last = i >= LEDGER_GROUPS_MAX ? b : NULL;
	}
	n = ledger_snapshot_all(ledger, SCOPE, rows, COUNT(rows));
	ck_assert_uint_eq(n, LEDGER_GROUPS_MAX + 1 + 1); /* the server's */
	ck_assert_str_eq(ledger_group(b), "heavy");
	/* The first ones are what they were, and so are those of others. */
	ck_assert_str_eq(ledger_group(ledger_budget(ledger, SCOPE, "heavy-7", 10)),
			 "heavy-7");
	ck_assert_str_eq(ledger_group(ledger_budget(ledger, OTHER, "heavy-9", 10)),
			 "heavy-9");
}
END_TEST

static int64_t wait_ms(struct budget *b)
{
	return ledger_wait_ms(ledger, b, 50, clock_mono_ms());
}

START_TEST(a_wait_is_of_the_group_or_of_all_that_the_account_asks_for)
{
	static const struct {
		enum answer_scope scope;
		int64_t heavy, light, auth, other, later;
		int64_t neighbour, neighbour_auth, later_neighbour;
	} rows[] = {
		{ANSWER_OF_GROUP, 30000, 0, 0, 0, 30000, 0, 0, 0},
		{ANSWER_OF_ACCOUNT, 30000, 30000, 0, 0, 30000, 0, 0, 0},
		{ANSWER_OF_ADDRESS, 30000, 30000, 30000, 0, 30000, 30000, 30000, 30000},
	};
	struct answer answer = {.next = ANSWER_WAIT,
				.reason = REASON_LIMITED,
				.scope = rows[_i].scope,
				.wait_ms = 30000};
	char scope[LEDGER_SCOPE_BYTES], auth_scope[LEDGER_SCOPE_BYTES];
	char neighbour[LEDGER_SCOPE_BYTES], neighbour_auth[LEDGER_SCOPE_BYTES];
	struct budget *a, *b, *auth, *c = ledger_budget(ledger, OTHER, "heavy", 10);
	struct budget *d, *e;
	struct account_config account;

	make_account(&account);
	account.client_id = (char *)"another";
	ledger_scope(neighbour, &account);
	ledger_auth_scope(neighbour_auth, &account);
	d = ledger_budget(ledger, neighbour, "heavy", 10);
	e = ledger_budget(ledger, neighbour_auth, LEDGER_AUTH_GROUP, 5);
	account.client_id = (char *)"id";
	ledger_scope(scope, &account);
	ledger_auth_scope(auth_scope, &account);
	a = ledger_budget(ledger, scope, "heavy", 10);
	b = ledger_budget(ledger, scope, "light", 50);
	auth = ledger_budget(ledger, auth_scope, LEDGER_AUTH_GROUP, 5);
	ledger_obey(ledger, a, &account, &answer, clock_mono_ms());
	check_about(wait_ms(a), rows[_i].heavy);
	check_about(wait_ms(b), rows[_i].light);
	check_about(wait_ms(auth), rows[_i].auth);
	check_about(wait_ms(c), rows[_i].other);
	/* What one that is named only later counts in, nobody knows: it waits. */
	check_about(wait_ms(ledger_budget(ledger, scope, "medium", 40)), rows[_i].later);
	check_about(wait_ms(d), rows[_i].neighbour);
	check_about(blocked_ms(d), rows[_i].neighbour);
	check_about(wait_ms(e), rows[_i].neighbour_auth);
	check_about(wait_ms(ledger_budget(ledger, neighbour, "medium", 40)),
		    rows[_i].later_neighbour);
	check_about(ledger_wait_all_ms(ledger, neighbour, 50, clock_mono_ms()),
		    rows[_i].later_neighbour);
	clear_account(&account);
}
END_TEST

static void refuse_address(void)
{
	struct answer answer = {.next = ANSWER_WAIT,
				.reason = REASON_LIMITED,
				.scope = ANSWER_OF_ADDRESS,
				.wait_ms = 45000};
	struct account_config account;

	make_account(&account);
	ledger_obey(ledger, heavy(), &account, &answer, clock_mono_ms());
	clear_account(&account);
}

static void check_address_is_blocked(void)
{
	check_about(wait_ms(ledger_budget(ledger, NEIGHBOUR, "heavy", 10)), 45000);
	check_about(wait_ms(ledger_budget(ledger, NEIGHBOUR, "new", 10)), 45000);
	check_about(wait_ms(heavy()), 45000);
	ck_assert_int_eq(wait_ms(ledger_budget(ledger, OTHER, "heavy", 10)), 0);
}

/* Killed, nothing saved; and saved, and the penalties' file gone. */
START_TEST(a_penalty_of_the_address_comes_back)
{
	struct store_budget rows[8], row;
	size_t n;

	ledger_snapshot(ledger_budget(ledger, NEIGHBOUR, "heavy", 10), &row);
	database_write(&db, save, &row);
	if (_i == 0) {
		kill_after(refuse_address);
		check_address_is_blocked();
		return;
	}
	refuse_address();
	n = ledger_snapshot_all(ledger, SCOPE, rows, COUNT(rows));
	ck_assert_uint_eq(n, 2); /* its own and the server's */
	for (size_t i = 0; i < n; i++)
		database_write(&db, save, &rows[i]);
	ck_assert_int_eq(unlink(penalty_path), 0);
	restart();
	check_address_is_blocked();
}
END_TEST

/* Whoever shows the budget shows what it is kept from. */
START_TEST(a_row_has_the_penalty_of_the_address_too)
{
	struct store_budget row;

	refuse_address();
	ledger_snapshot(ledger_budget(ledger, NEIGHBOUR, "heavy", 10), &row);
	check_about(row.blocked_until_ms - clock_utc_ms(), 45000);
}
END_TEST

START_TEST(another_process_keeps_the_address_quiet_too)
{
	struct budget *b = ledger_budget(ledger, NEIGHBOUR, "heavy", 10);
	struct penalties *others;
	struct ledger *own = ledger;
	struct err err;

	ck_assert_int_eq(penalties_join(penalty_path, now(), &others, &err), 0);
	ledger = ledger_create(others);
	refuse_address();
	ledger_destroy(ledger);
	penalties_close(others);
	ledger = own;
	check_about(wait_ms(b), 45000);
	check_about(wait_ms(ledger_budget(ledger, NEIGHBOUR, "new", 10)), 45000);
}
END_TEST

START_TEST(who_is_refused_a_login_keeps_others_from_it_too)
{
	struct answer answer = {.next = ANSWER_WAIT,
				.reason = REASON_LIMITED,
				.scope = ANSWER_OF_ACCOUNT,
				.wait_ms = 30000};
	char scope[LEDGER_SCOPE_BYTES], auth_scope[LEDGER_SCOPE_BYTES];
	struct account_config account;
	struct budget *list, *auth;

	make_account(&account);
	ledger_scope(scope, &account);
	ledger_auth_scope(auth_scope, &account);
	auth = ledger_budget(ledger, auth_scope, LEDGER_AUTH_GROUP, 5);
	if (_i == 0) /* else the account has asked for nothing yet */
		ledger_budget(ledger, scope, "heavy", 10);
	ledger_obey(ledger, auth, &account, &answer, clock_mono_ms());
	list = ledger_budget(ledger, scope, "heavy", 10);
	check_about(wait_ms(list), 30000);
	check_about(wait_ms(auth), 30000);
	clear_account(&account);
}
END_TEST

START_TEST(after_a_maintenance_not_all_return_at_once)
{
	struct answer answer = {
		.next = ANSWER_WAIT, .reason = REASON_MAINTENANCE, .wait_ms = 1000000};
	struct account_config account;
	struct budget *b = heavy();
	int64_t least = INT64_MAX, most = 0;

	make_account(&account);
	for (int i = 0; i < 100; i++) {
		b->blocked_until_ms = 0;
		ledger_obey(ledger, b, &account, &answer, 0);
		if (b->blocked_until_ms < least)
			least = b->blocked_until_ms;
		if (b->blocked_until_ms > most)
			most = b->blocked_until_ms;
	}
	ck_assert_int_ge(least, 1000000);
	ck_assert_int_le(most, 1200000);
	ck_assert_int_gt(most - least, 50000);
	clear_account(&account);
}
END_TEST

START_TEST(what_another_process_notes_counts_at_once)
{
	struct budget *b = heavy();
	struct penalties *others;
	struct ledger *beside;
	struct err err;

	ck_assert_int_eq(wait_ms(b), 0);
	ck_assert_int_eq(penalties_join(penalty_path, now(), &others, &err), 0);
	beside = ledger_create(others);
	ledger_block(beside, ledger_budget(beside, SCOPE, "light", 50), 30000,
		     clock_mono_ms());
	check_about(wait_ms(b), 30000);
	ledger_destroy(beside);
	penalties_close(others);
}
END_TEST

START_TEST(requests_of_a_kind_count_in_the_budget_that_was_named_last)
{
	struct budget *light = ledger_budget(ledger, SCOPE, "light", 50);
	int64_t now_ms = clock_mono_ms();

	ck_assert_ptr_null(ledger_named(ledger, SCOPE, 0));
	ledger_name(ledger, heavy(), 0);
	ledger_name(ledger, heavy(), 2);
	budget_told(heavy(), "10", "9", "60", now_ms - 2);
	save_budget(heavy());
	ledger_name(ledger, light, 0); /* the other row is not saved again */
	ck_assert_ptr_eq(ledger_named(ledger, SCOPE, 0), light);
	ck_assert_ptr_eq(ledger_named(ledger, SCOPE, 2), heavy());
	ck_assert_ptr_null(ledger_named(ledger, SCOPE, 1));
	ck_assert_ptr_null(ledger_named(ledger, OTHER, 0));
	budget_told(light, "50", "49", "60", now_ms - 1);
	save_budget(light);
	restart();
	ck_assert_str_eq(ledger_group(ledger_named(ledger, SCOPE, 0)), "light");
	ck_assert_str_eq(ledger_group(ledger_named(ledger, SCOPE, 2)), "heavy");
}
END_TEST

START_TEST(a_request_of_an_unknown_group_waits_for_all_of_its_scope)
{
	int64_t now_ms = clock_mono_ms();

	ck_assert_int_eq(ledger_wait_all_ms(ledger, SCOPE, 50, now_ms), 0);
	ledger_budget(ledger, SCOPE, "light", 50)->blocked_until_ms = now_ms + 20000;
	heavy()->blocked_until_ms = now_ms + 10000;
	ledger_budget(ledger, OTHER, "heavy", 10)->blocked_until_ms = now_ms + 30000;
	ck_assert_int_eq(ledger_wait_all_ms(ledger, SCOPE, 50, now_ms), 20000);
	/* Of a scope of which nothing else is known. */
	penalties_note(penalties, "new", 25000, now());
	check_about(ledger_wait_all_ms(ledger, "new", 50, now_ms), 25000);
	check_about(ledger_all_blocked_ms(ledger, "new", now_ms), 25000);
}
END_TEST

/* ---- over a restart ---- */

START_TEST(a_budget_comes_back_as_it_was_and_one_less)
{
	int64_t now_ms = clock_mono_ms();
	struct budget *b = heavy();

	for (int i = 0; i < 3; i++)
		ledger_ask(ledger, b, 1, now_ms - 10000);
	budget_told(b, "20", "17", "90", now_ms - 9000);
	save_budget(b);
	for (int i = 0; i < 3; i++)
		ledger_answered(ledger, b);
	restart();
	b = ledger_budget(ledger, SCOPE, "heavy", 10);
	ck_assert_int_eq(b->limit, 20);
	ck_assert_int_eq(b->window_ms, 90000);
	ck_assert_int_eq(b->remaining, 16);
	check_about(b->told_ms, now_ms - 9000);
	/* Three, and one assumed, of four. */
	now_ms = clock_mono_ms();
	check_about(budget_wait_ms(b, 20, now_ms), 90000 + 1000 - 10000);
	ck_assert_int_eq(budget_wait_ms(b, 25, now_ms), 0);
}
END_TEST

START_TEST(a_penalty_comes_back)
{
	struct budget *b = heavy();

	budget_block(b, 60000, clock_mono_ms()); /* in the database only */
	save_budget(b);
	restart();
	check_about(blocked_ms(heavy()), 60000);
}
END_TEST

START_TEST(a_row_of_another_clock_is_cut)
{
	struct store_budget row;
	struct budget *b;
	int64_t future_ms = clock_utc_ms() + INT64_C(365) * 24 * 3600 * 1000;

	budget_block(heavy(), 60000, clock_mono_ms());
	ledger_snapshot(heavy(), &row);
	row.blocked_until_ms = row.told_at_ms = future_ms;
	row.remaining = 5;
	row.n_slots = 2;
	row.slots[0] = row.slots[1] = (struct store_budget_slot){future_ms, 3};
	database_write(&db, save, &row);
	restart();
	b = heavy();
	check_about(blocked_ms(b), BUDGET_MAX_WAIT_MS);
	b->blocked_until_ms = 0;
	check_about(budget_wait_ms(b, 50, clock_mono_ms()), BUDGET_WINDOW_MS + 1000);
}
END_TEST

/* ---- killed ---- */

static void block(void)
{
	ledger_block(ledger, heavy(), 45000, clock_mono_ms());
}

START_TEST(
	a_penalty_is_known_after_a_kill) /* of a group with a row, and of one without */
{
	save_budget(heavy());
	kill_after(block);
	check_about(blocked_ms(heavy()), 45000);
	check_about(blocked_ms(ledger_budget(ledger, SCOPE, "light", 50)), 45000);
	ck_assert_int_eq(blocked_ms(ledger_budget(ledger, OTHER, "heavy", 10)), 0);
}
END_TEST

static void ask(void)
{
	ledger_ask(ledger, heavy(), 1, clock_mono_ms());
}

START_TEST(a_request_without_an_answer_may_have_been_refused)
{
	kill_after(ask);
	check_about(blocked_ms(heavy()), 61000);
}
END_TEST

static void ask_and_hear(void)
{
	ask();
	ledger_answered(ledger, heavy());
}

START_TEST(an_answered_request_leaves_nothing)
{
	kill_after(ask_and_hear);
	ck_assert_int_eq(blocked_ms(heavy()), 0);
}
END_TEST

static void ask_twice_and_hear_once(void)
{
	ask();
	ask();
	ledger_answered(ledger, heavy());
}

START_TEST(one_of_two_without_an_answer_counts)
{
	kill_after(ask_twice_and_hear_once);
	check_about(blocked_ms(heavy()), 61000);
}
END_TEST

static void ask_with_plenty_left(void)
{
	ask();
	budget_told(heavy(), "10", "9", "60", clock_mono_ms());
	ledger_answered(ledger, heavy());
	ask();
}

START_TEST(however_much_was_left_it_may_have_been_refused)
{
	kill_after(ask_with_plenty_left);
	check_about(blocked_ms(heavy()), 61000);
}
END_TEST

START_TEST(a_request_given_up_by_ourselves_counts_for_this_run)
{
	int64_t now_ms = clock_mono_ms();

	ledger_ask(ledger, heavy(), 1, now_ms - 10000);
	ledger_abandon(ledger, heavy(), now_ms);
	check_about(blocked_ms(heavy()), 51000);
	restart();
	check_about(blocked_ms(heavy()), 51000);
}
END_TEST

START_TEST(without_a_place_for_penalties_all_else_works)
{
	struct ledger *l = ledger_create(NULL);
	struct budget *b = ledger_budget(l, SCOPE, "heavy", 10);

	ledger_ask(l, b, 1, clock_mono_ms());
	ledger_block(l, b, 1000, clock_mono_ms());
	ledger_answered(l, b);
	ck_assert_int_gt(blocked_ms(b), 0);
	ledger_destroy(l);
	ledger_destroy(NULL);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{who_has_the_same_server_app_and_user_shares_a_budget, 6},
		{a_budget_is_one_of_scope_and_group, 1},
		{a_long_name_is_one_group_and_comes_back, 5},
		{who_is_told_another_name_each_time_has_few_budgets, 1},
		{a_wait_is_of_the_group_or_of_all_that_the_account_asks_for, 2},
		{a_penalty_of_the_address_comes_back, 2},
		{a_row_has_the_penalty_of_the_address_too, 1},
		{another_process_keeps_the_address_quiet_too, 1},
		{who_is_refused_a_login_keeps_others_from_it_too, 2},
		{after_a_maintenance_not_all_return_at_once, 1},
		{what_another_process_notes_counts_at_once, 1},
		{requests_of_a_kind_count_in_the_budget_that_was_named_last, 1},
		{a_request_of_an_unknown_group_waits_for_all_of_its_scope, 1},
		{a_budget_comes_back_as_it_was_and_one_less, 1},
		{a_penalty_comes_back, 1},
		{a_row_of_another_clock_is_cut, 1},
		{a_penalty_is_known_after_a_kill, 1},
		{a_request_without_an_answer_may_have_been_refused, 1},
		{an_answered_request_leaves_nothing, 1},
		{one_of_two_without_an_answer_counts, 1},
		{however_much_was_left_it_may_have_been_refused, 1},
		{a_request_given_up_by_ourselves_counts_for_this_run, 1},
		{without_a_place_for_penalties_all_else_works, 1},
	};

	return suite_run("ledger", tests, COUNT(tests), open_world, close_world);
}
