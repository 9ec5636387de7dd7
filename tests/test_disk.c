/* A disk that fails at any of its calls, whatever the daemon is about to write: what it does is there as
 * a whole or not at all, and the next try makes it good.
 *
 * Each story is played once undisturbed, which gives the states between its transactions, and then from
 * the same files again and again: its first call of the disk fails, its second, and so on to the last. */
#include "lib/suite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/account.h"
#include "lib/fault_vfs.h"
#include "lib/keep.h"

#define DAY          INT64_C(86400000)
#define MAX_BYTES    (4u << 20) /* of a database, and of its text */
#define MAX_STATES   64
#define DESK(status) "{'id':'1','type':'HardPhone','status':'" status "'}"

static char path[300], template[300];
static struct account a;

/* ---- files ---- */

static void copy_file(const char *from, const char *to, const char *suffix)
{
	char *bytes = mem_alloc(MAX_BYTES);
	FILE *in = fopen(keep_printf("%s%s", from, suffix), "rb"), *out;
	size_t n;

	unlink(keep_printf("%s%s", to, suffix));
	if (in != NULL) {
		out = fopen(keep_printf("%s%s", to, suffix), "wb");
		n = fread(bytes, 1, MAX_BYTES, in);
		ck_assert_uint_lt(n, MAX_BYTES);
		ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
		fclose(in);
		fclose(out);
	}
	free(bytes);
}

/* A database as a daemon that is gone has left it. */
static void copy_database(const char *from, const char *to)
{
	copy_file(from, to, "");
	copy_file(from, to, "-wal");
	unlink(keep_printf("%s-shm", to));
}

/* ---- states ---- */

static void write_row(struct buf *out, sqlite3_stmt *row)
{
	for (int i = 0; i < sqlite3_column_count(row); i++) {
		const unsigned char *bytes = sqlite3_column_blob(row, i);
		int len = sqlite3_column_bytes(row, i);

		buf_printf(out, "%s=", sqlite3_column_name(row, i));
		for (int at = 0; at < len; at++)
			buf_printf(out,
				   bytes[at] >= ' ' && bytes[at] < 127 ? "%c" : "\\x%02x",
				   bytes[at]);
		buf_add_text(out, " ");
	}
	buf_add_text(out, "\n");
}

static void write_rows(struct buf *out, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st;
	int rc;

	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &st, NULL) == 0, "%s: %s", sql,
		      sqlite3_errmsg(db));
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		write_row(out, st);
	ck_assert_int_eq(rc, SQLITE_DONE);
	sqlite3_finalize(st);
}

static void write_tables(struct buf *out, sqlite3 *db)
{
	sqlite3_stmt *st;

	ck_assert_int_eq(
		sqlite3_prepare_v2(db,
				   "SELECT format('SELECT ''%w'' AS t, * FROM \"%w\"',"
				   " name, name) FROM sqlite_schema"
				   " WHERE type = 'table' ORDER BY 1",
				   -1, &st, NULL),
		0);
	while (sqlite3_step(st) == SQLITE_ROW)
		write_rows(out, db, (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
}

/* All that another program sees in the database, as a text, which is kept. */
static char *state(void)
{
	char *look = keep_printf("%s.look", path);
	struct buf out;
	sqlite3 *db;

	copy_database(path, look);
	buf_init(&out, MAX_BYTES);
	ck_assert_int_eq(sqlite3_open(look, &db), 0);
	write_rows(&out, db, "PRAGMA user_version");
	write_rows(&out, db, "PRAGMA integrity_check");
	write_rows(&out, db, "PRAGMA foreign_key_check");
	write_rows(&out, db, "SELECT type, name, sql FROM sqlite_schema ORDER BY name");
	write_tables(&out, db);
	sqlite3_close(db);
	return keep(out.data);
}

static struct {
	char *all[MAX_STATES];
	int n;
	bool taken; /* one for each transaction from now on */
} states;

static void add_state(void)
{
	ck_assert_int_lt(states.n, MAX_STATES);
	states.all[states.n++] = state();
}

/* Before each commit: what was there until then. */
static int on_commit(void *arg)
{
	(void)arg;
	if (states.taken) {
		states.taken = false; /* the look is no part of it */
		add_state();
		states.taken = true;
	}
	return 0;
}

static int on_connection(sqlite3 *db, const char **message, const void *api)
{
	(void)message;
	(void)api;
	sqlite3_commit_hook(db, on_commit, NULL);
	return 0;
}

static const char * final(void)
{
	return states.all[states.n - 1];
}

/* Fail with the first line that differs: all of it is too much for a message. */
static void fail_with(const char *what, int call, const char *now)
{
	const char *line = now, *should = final();

	for (size_t i = 0; now[i] != '\0' && now[i] == should[i]; i++)
		line = now[i] == '\n' ? now + i + 1 : line;
	ck_abort_msg("call %d: %s:\n%.500s\nat the end:\n%.500s", call, what, line,
		     should + (line - now));
}

static void expect_one_of_them(const char *now, int call)
{
	for (int i = 0; i < states.n; i++)
		if (strcmp(states.all[i], now) == 0)
			return;
	fail_with("half a transaction", call, now);
}

static void expect_final(const char *what, int call)
{
	const char *now = state();

	if (strcmp(now, final()) != 0)
		fail_with(what, call, now);
}

/* ---- stories ---- */

/* How the disk fails while a story is played, where it does. */
static struct {
	bool on, struck;
	enum fault_kind kind;
	int nth;
} plan;

static void arm(void)
{
	if (plan.on)
		fault_arm_any(plan.kind, plan.nth);
	else
		states.taken = true;
}

static void disarm(void)
{
	if (plan.on)
		plan.struck = fault_disarm();
	states.taken = false;
}

static struct rules *rules_of_a_desk(void)
{
	static char *desk[] = {"HardPhone"};
	const struct rule_settings settings = {.types = desk,
					       .n_types = 1,
					       .offline_for_ms = 30000,
					       .site_outage_share = 60,
					       .site_outage_min = 5,
					       .site_outage_within_ms = 600000,
					       .flap_changes = 6,
					       .flap_within_ms = 3600000,
					       .flap_clear_changes = 2};
	struct rules *rules = rules_create(1);

	rules->serial = 1;
	rule_copy(&rules->rules[0], "alerts", NULL, 0, &settings);
	return rules;
}

/* n_sweeps are behind it. */
static void open_account(int n_sweeps)
{
	account_open(&a, path, NULL);
	a.n_sweeps = n_sweeps;
	free(account_ask_text(&a, "PRAGMA synchronous=FULL"));
}

static void prepare_three(void)
{
	open_account(0);
	account_records(&a,
			DESK("Online") "," PHONE("2", "Online") "," PHONE("3", "Online"));
	account_close(&a);
}

static int play_page(void)
{
	int rc;

	open_account(1);
	arm();
	rc = account_records_page(
		&a,
		"{'id':'1','type':'HardPhone','name':'Hall',"
		"'status':'Offline'}," PHONE("2", "Offline") "," PHONE("4", "Online"),
		1, 1, 3);
	account_close(&a);
	disarm();
	return rc;
}

static const char fallen[] = DESK("Offline") "," PHONE("2", "Online");

/* In the list to come a phone is missing for the second time: it is removed. Another has been
 * offline for long enough by then, which is an alert. */
static void prepare_removal(void)
{
	prepare_three();
	open_account(1);
	account_take_rules(&a, rules_of_a_desk());
	account_records(&a, fallen);
	account_close(&a);
}

static int play_sweep(void)
{
	int rc;

	open_account(2);
	account_take_rules(&a, rules_of_a_desk());
	account_records_page(&a, fallen, 1, 1, 2);
	arm();
	rc = account_sweep(&a, 1);
	account_close(&a);
	disarm();
	return rc;
}

static void prepare_much(void)
{
	open_account(0);
	for (int i = 0; i < 8; i++)
		account_records(&a, i % 2 == 0 ? PHONE("1", "Online")
					       : PHONE("1", "Offline"));
	account_close(&a);
}

static int forget_all(struct store_conn *c, void *arg, struct err *err)
{
	int rc;

	do
		rc = store_forget_some(c, arg, err);
	while (rc == 1);
	return rc;
}

static int play_forget(void)
{
	const int64_t late = ACCOUNT_T0 + 100 * DAY;
	struct store_forget all = {.events_before_ms = late,
				   .spans_before_ms = late,
				   .deliveries_before_ms = late,
				   .days_before_ms = late};
	struct err err = {0};
	int rc;

	open_account(8);
	arm();
	rc = database_run(&a.db, forget_all, &all, &err);
	account_close(&a);
	disarm();
	return rc;
}

static void prepare_old(void)
{
	prepare_much();
	open_account(8);
	free(account_ask_text(&a, "INSERT INTO delivery SELECT sequence, sink_id, 1000,"
				  " 200 FROM outbox WHERE sequence <> 3"));
	free(account_ask_text(&a, "DELETE FROM outbox WHERE sequence <> 3"));
	account_sum_up_days(&a, ACCOUNT_T0 + 2 * DAY);
	free(account_ask_text(&a, "INSERT INTO place VALUES (100, 1, '', '')"));
	free(account_ask_text(&a,
			      "INSERT INTO days VALUES (1, 100000, 100, 1, x'0000')"));
	account_close(&a);
}

static void prepare_schema(void)
{
	char *sql = suite_data("store/schema1.sql", NULL);
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), 0);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), 0);
	sqlite3_close(db);
	free(sql);
}

/* Opening it is all that there is to it. */
static int play_migration(void)
{
	struct store *store = NULL;
	struct err err = {0};
	uv_loop_t loop;
	int rc;

	ck_assert_int_eq(uv_loop_init(&loop), 0);
	arm();
	rc = store_open(path, &loop, &store, &err);
	store_close(store);
	uv_run(&loop, UV_RUN_DEFAULT);
	disarm();
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	return rc;
}

static const struct {
	const char *name;
	void (*prepare)(void);
	int (*play)(void);
	int n_states; /* at least: its transactions, and how it was before */
} stories[] = {
	{"page", prepare_three, play_page, 2},
	{"sweep", prepare_removal, play_sweep, 3},
	{"retention", prepare_old, play_forget, 4},
	{"migration", prepare_schema, play_migration, 7},
};

/* ---- playing them ---- */

static void setup(void)
{
	fault_vfs_install();
	snprintf(path, sizeof path, "%s/phonewatch.db", suite_dir());
	snprintf(template, sizeof template, "%s/template.db", suite_dir());
}

/* The files that a story begins with, and the states that it leads through. */
static void play_undisturbed(int story)
{
	stories[story].prepare();
	copy_database(path, template);
	sqlite3_auto_extension((void (*)(void))on_connection);
	ck_assert_int_eq(stories[story].play(), 0);
	sqlite3_cancel_auto_extension((void (*)(void))on_connection);
	add_state();
	ck_assert_int_ge(states.n, stories[story].n_states);
	ck_assert_str_ne(states.all[0], final());
}

/* Returns whether a call was left to fail. */
static bool play_with(int story, enum fault_kind kind, int nth)
{
	int rc;

	copy_database(template, path);
	plan.on = true;
	plan.struck = false;
	plan.kind = kind;
	plan.nth = nth;
	rc = stories[story].play();
	plan.on = false;
	if (rc == 0)
		expect_final("lost", nth);
	else
		ck_assert_msg(plan.struck, "call %d: failed by itself", nth);
	return plan.struck;
}

static void expect_made_good(int story, int nth)
{
	expect_one_of_them(state(), nth);
	ck_assert_int_eq(stories[story].play(), 0);
	expect_final("not made good", nth);
}

START_TEST(a_call_that_fails_once_leaves_all_or_nothing)
{
	int n = 0;

	play_undisturbed(_i);
	while (play_with(_i, FAULT_ONCE, n))
		expect_made_good(_i, n++);
	ck_assert_int_gt(n, 10);
}
END_TEST

START_TEST(a_disk_that_goes_for_good_leaves_all_or_nothing)
{
	int n = 0;

	play_undisturbed(_i);
	while (play_with(_i, FAULT_FOREVER, n))
		expect_made_good(_i, n++);
	ck_assert_int_gt(n, 10);
}
END_TEST

START_TEST(a_kill_at_any_call_leaves_all_or_nothing)
{
	int status = -1;

	play_undisturbed(_i);
	for (int n = 0; status != 0; n++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(play_with(_i, FAULT_KILL, n) ? 1 : 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(status == 0 || WTERMSIG(status) == SIGKILL);
		expect_made_good(_i, n);
	}
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_call_that_fails_once_leaves_all_or_nothing, COUNT(stories)},
		{a_disk_that_goes_for_good_leaves_all_or_nothing, COUNT(stories)},
		{a_kill_at_any_call_leaves_all_or_nothing, COUNT(stories)},
	};

	return suite_run("disk", tests, COUNT(tests), setup, NULL);
}
