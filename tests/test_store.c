/* The store as its writer sees it: opening, jobs, what a commit is, rows. */
#include "store/store.h"

#include "lib/suite.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "lib/database.h"
#include "lib/fault_vfs.h"
#include "lib/keep.h"
#include "store/sqlite/conn.h"

#define T0 INT64_C(1795370462345) /* 2026-11-22T18:01:02.345Z */

static char path[300];

static void in_fresh_folder(void)
{
	snprintf(path, sizeof path, "%s/phonewatch.db", suite_dir());
}

static char *beside(const char *suffix)
{
	return keep_printf("%s%s", path, suffix);
}

static char *read_file(const char *name, size_t *len)
{
	FILE *f = fopen(name, "rb");
	char *bytes = keep(mem_alloc(1 << 20));

	ck_assert_msg(f != NULL, "%s", name);
	*len = fread(bytes, 1, 1 << 20, f);
	fclose(f);
	return bytes;
}

static void write_file(const char *name, const void *bytes, size_t len)
{
	FILE *f = fopen(name, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

/* What another connection, and another library's eyes, see. */
static int64_t ask(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t number;

	ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), 0);
	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &st, NULL) == 0, "%s",
		      sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	number = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return number;
}

static void tell_database(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), 0);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == 0, "%s",
		      sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* ---- opening ---- */

static int look_at_settings(struct store_conn *c, void *arg, struct err *err)
{
	sqlite3_stmt *st;
	int persist = -1;

	(void)arg;
	(void)err;
	ck_assert_int_eq(
		sqlite3_prepare_v2(c->db,
				   "SELECT journal_mode, synchronous, trusted_schema"
				   " FROM pragma_journal_mode, pragma_synchronous,"
				   " pragma_trusted_schema",
				   -1, &st, NULL),
		0);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ck_assert_str_eq((const char *)sqlite3_column_text(st, 0), "wal");
	ck_assert_int_eq(sqlite3_column_int(st, 1), 2 /* FULL */);
	ck_assert_int_eq(sqlite3_column_int(st, 2), 0);
	sqlite3_finalize(st);
	ck_assert_int_eq(
		sqlite3_file_control(c->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist),
		0);
	ck_assert_int_eq(persist, 1);
	return 0;
}

START_TEST(a_commit_is_on_the_disk_and_the_log_stays)
{
	struct database db;

	database_open(&db, path);
	ck_assert_int_eq(database_run(&db, look_at_settings, NULL, NULL), 0);
	database_close(&db);
	ck_assert_int_eq(access(beside("-wal"), F_OK), 0);
	ck_assert_int_eq(access(beside("-shm"), F_OK), 0);
}
END_TEST

START_TEST(every_table_is_strict)
{
	struct database db;

	database_open(&db, path);
	database_close(&db);
	ck_assert_int_gt(
		ask("SELECT count(*) FROM pragma_table_list WHERE schema = 'main'"
		    " AND name NOT LIKE 'sqlite%'"),
		8);
	ck_assert_int_eq(
		ask("SELECT count(*) FROM pragma_table_list WHERE schema = 'main'"
		    " AND name NOT LIKE 'sqlite%' AND strict = 0"),
		0);
}
END_TEST

START_TEST(files_are_for_us_and_our_group_whatever_the_umask)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
	static const mode_t umasks[] = {0, 022, 027, 077};
	struct database db;
	struct stat st;

	umask(umasks[_i]);
	database_open(&db, path);
	for (size_t i = 0; i < COUNT(suffixes); i++) {
		ck_assert_int_eq(stat(beside(suffixes[i]), &st), 0);
		ck_assert_msg((st.st_mode & 0777) == 0640, "%s is %03o", suffixes[i],
			      st.st_mode & 0777);
	}
	database_close(&db);
}
END_TEST

START_TEST(the_random_number_and_the_secret_stay)
{
	struct database db;
	unsigned char secret[STORE_SECRET_BYTES];
	static const unsigned char zeros[STORE_SECRET_BYTES];
	int64_t random;

	database_open(&db, path);
	random = store_random(db.store);
	memcpy(secret, store_secret(db.store), sizeof secret);
	database_close(&db);
	ck_assert_int_ge(random, 0);
	ck_assert_int_lt(random, INT64_C(1) << 34);
	ck_assert_int_ne(memcmp(secret, zeros, sizeof secret), 0);

	database_open(&db, path);
	ck_assert_int_eq(store_random(db.store), random);
	ck_assert_int_eq(memcmp(secret, store_secret(db.store), sizeof secret), 0);
	database_close(&db);
}
END_TEST

static int sample_account(struct store_conn *c, void *arg, struct err *err)
{
	struct store_account a;

	(void)arg;
	if (store_account_load(c, "acme", &a, err) != 0)
		return err->code;
	store_account_clear(&a);
	return 0;
}

/* ---- databases of older versions ---- */

/* The events, as a database that was saved with each schema has them. */
static const char saved_events[] =
	"01a208ea-efa2-7e36-84e8-4d0000000001 account.reachable acme\n"
	"01a208eb-0711-7e36-84e8-4d0000000002 device.offline 864416092000\n"
	"01a208eb-12cb-7e36-84e8-4d0000000003 device.online 864416092000\n";

static void on_saved_event(const struct event *ev, void *arg)
{
	buf_printf(arg, "%s %s %s\n", ev->id, event_type_name(ev->type),
		   ev->device_id != NULL ? ev->device_id : ev->account);
}

START_TEST(a_database_of_an_older_version_is_brought_up_and_reads_the_same)
{
	char *name = keep_printf("store/schema%d.sql", _i + 1);
	char *sql = suite_data(name, NULL);
	struct store_conn *reader;
	struct store_account *accounts;
	struct database db;
	struct store_budget budget;
	struct buf events;
	struct err err = {0};
	size_t n;
	bool found;
	struct store_spans spans = {0};

	tell_database(sql);
	free(sql);
	ck_assert_int_eq(store_open_reader(path, &reader, &err), ERR_STORE);
	ck_assert_ptr_nonnull(strstr(err.text, "start this version's phonewatchd once"));
	database_open(&db, path);
	database_close(&db);
	ck_assert_int_eq(store_open_reader(path, &reader, &err), 0);
	buf_init(&events, 10000);
	ck_assert_int_eq(store_events_each(reader, 1, 10, on_saved_event, &events, &err),
			 0);
	ck_assert_str_eq(events.data, saved_events);
	ck_assert_int_eq(store_accounts(reader, &accounts, &n, &err), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(accounts[0].n_online, 6);
	ck_assert_int_eq(accounts[0].route, ROUTE_ACCOUNT);
	ck_assert_int_eq(store_budget_load(reader, accounts[0].budget_scope, "medium",
					   &budget, &found, &err),
			 0);
	ck_assert(found);
	/* It was not kept when a penalty was told: it was an hour at most. */
	ck_assert_int_eq(budget.blocked_until_ms, _i >= 6 ? 1795445954000 : 0);
	ck_assert_int_eq(budget.blocked_at_ms, _i >= 6 ? 1795445954000 - 3600000 : 0);
	/* When nobody looked was not kept: the past begins with what was last seen. */
	ck_assert_int_eq(store_spans_load(reader, 1, 0, INT64_MAX, &spans, &err), 0);
	ck_assert_uint_eq(spans.n, 1);
	ck_assert_int_eq(spans.all[0].from_ms, accounts[0].whole_sent_at_ms);
	ck_assert_int_eq(spans.all[0].not_before_ms, 1795445950224);
	ck_assert_int_eq(spans.all[0].state, SPAN_ONLINE);
	free(spans.all);
	store_account_clear(&accounts[0]);
	free(accounts);
	buf_clear(&events);
	store_close_reader(reader);
}
END_TEST

static void on_saved_delivery(const struct store_owed_event *o, void *arg)
{
	const struct store_delivery *d = &o->delivery;

	buf_printf(arg, "%lld %s %s %d %lld %lld %lld %d %.8s\n", (long long)d->sequence,
		   o->sink, store_delivery_state_name(d->state), d->attempts,
		   (long long)d->first_at_ms, (long long)d->next_at_ms,
		   (long long)d->ended_at_ms, d->code, d->error != NULL ? d->error : "-");
}

/* In schema 6 all of them were in one table. When one began that has ended is not kept. */
START_TEST(deliveries_of_an_older_version_read_the_same)
{
	char *sql = suite_data("store/schema6.sql", NULL);
	struct store_conn *reader;
	struct database db;
	struct buf text;
	struct err err = {0};

	tell_database(sql);
	free(sql);
	database_open(&db, path);
	database_close(&db);
	ck_assert_int_eq(store_open_reader(path, &reader, &err), 0);
	buf_init(&text, 10000);
	ck_assert_int_eq(store_owed_after(reader, STORE_OWED_ALL, 0, 0, 100,
					  on_saved_delivery, &text, &err),
			 0);
	ck_assert_str_eq(text.data,
			 "1 local pending 5 1795445944226 1795445960964 0 0 Failed t\n"
			 "1 central delivered 1 0 0 1795445944326 0 -\n"
			 "1 gone canceled 0 0 0 1795445945226 0 -\n"
			 "2 local pending 4 1795445950227 1795445957455 0 0 Failed t\n"
			 "2 central dead 3 0 0 1795445957455 400 HTTP 400\n"
			 "3 local pending 0 0 0 0 0 -\n"
			 "3 central delivered 2 0 0 1795445954227 204 -\n");
	buf_clear(&text);
	store_close_reader(reader);
	ck_assert_int_eq(ask("SELECT count(*) FROM trouble"), 3);
	ck_assert_int_eq(ask("SELECT count(*) FROM pragma_foreign_key_check"), 0);
}
END_TEST

/* What no daemon may open: how it comes about, and what is said of it. */
static const struct {
	const char *sql;   /* makes it; NULL: bytes */
	const char *bytes; /* of the file */
	const char *said;
} strangers[] = {
	{"PRAGMA user_version = 11; PRAGMA application_id = 1886871924", NULL,
	 "its schema is version 11, this program knows up to 10; it was written by a newer"
	 " phonewatch"},
	{"CREATE TABLE songs (name TEXT)", NULL, "another program's database"},
	{"PRAGMA user_version = 1", NULL, "another program's database"},
	{"PRAGMA journal_mode = WAL; CREATE TABLE songs (name TEXT)", NULL,
	 "another program's database"},
	{"PRAGMA application_id = 7; CREATE TABLE songs (name TEXT)", NULL,
	 "another program's database"},
	{NULL,
	 "This is a shopping list, no database, and it is longer than a header: milk,"
	 " eggs, flour, butter, sugar, salt and a little patience.",
	 "file is not a database"},
};

START_TEST(what_is_not_ours_is_refused_and_left_as_it_is)
{
	struct err err = {0};
	uv_loop_t loop;
	struct store *store;
	struct store_conn *reader;
	char *before, *after, *said;
	size_t len_before, len_after;

	if (strangers[_i].sql != NULL)
		tell_database(strangers[_i].sql);
	else
		write_file(path, strangers[_i].bytes, strlen(strangers[_i].bytes));
	before = read_file(path, &len_before);
	said = keep_printf("database %s: %s", path, strangers[_i].said);

	uv_loop_init(&loop);
	ck_assert_int_eq(store_open(path, &loop, &store, &err), ERR_STORE);
	ck_assert_str_eq(err.text, said);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	err = (struct err){0};
	ck_assert_int_eq(store_open_reader(path, &reader, &err), ERR_STORE);
	ck_assert_str_eq(err.text, said);

	after = read_file(path, &len_after);
	ck_assert_uint_eq(len_after, len_before);
	ck_assert_int_eq(memcmp(before, after, len_before), 0);
	ck_assert_int_ne(access(beside(".lock"), F_OK), 0);
}
END_TEST

START_TEST(a_damaged_database_is_refused)
{
	struct database db;
	struct err err = {0};
	uv_loop_t loop;
	struct store *store;
	char *bytes;
	size_t len;

	database_open(&db, path);
	database_write(&db, sample_account, NULL);
	database_close(&db);
	bytes = read_file(path, &len);
	memset(bytes + 100, 0x5a, 4096); /* the schema's page, behind the header */
	write_file(path, bytes, len);

	uv_loop_init(&loop);
	ck_assert_int_eq(store_open(path, &loop, &store, &err), ERR_STORE);
	ck_assert_ptr_nonnull(strstr(err.text, "malformed"));
	uv_loop_close(&loop);
}
END_TEST

START_TEST(a_folder_that_is_missing_is_told)
{
	struct err err = {0};
	uv_loop_t loop;
	struct store *store;
	char *said;

	snprintf(path, sizeof path, "%s/nowhere/phonewatch.db", suite_dir());
	said = keep_printf("database %s: No such file or directory", path);
	uv_loop_init(&loop);
	ck_assert_int_eq(store_open(path, &loop, &store, &err), ERR_STORE);
	ck_assert_str_eq(err.text, said);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

/* A daemon in another process. Returns its id once it has the database. */
static pid_t other_daemon(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct database db;

		database_open(&db, path);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_by(pid_t pid, int signal)
{
	kill(pid, signal);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(a_second_daemon_is_refused_by_whatever_name)
{
	const char *names[] = {path, "phonewatch.db", "./phonewatch.db",
			       "../link/phonewatch.db", "link.db"};
	char *folder = keep_printf("%s/link", suite_dir());
	struct err err = {0};
	uv_loop_t loop;
	struct store *store;
	pid_t pid;
	char *said;

	mkdir(folder, 0700);
	snprintf(path, sizeof path, "%s/phonewatch.db", folder);
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(symlink("phonewatch.db", "link.db"), 0);
	pid = other_daemon();
	said = keep_printf("database %s: in use by another phonewatchd, process %d",
			   names[_i], (int)pid);
	uv_loop_init(&loop);
	ck_assert_int_eq(store_open(names[_i], &loop, &store, &err), ERR_STORE);
	ck_assert_str_eq(err.text, said);

	end_by(pid, SIGKILL); /* and its lock is gone with it */
	ck_assert_int_eq(store_open(names[_i], &loop, &store, &err), 0);
	store_close(store);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

START_TEST(a_reader_within_the_daemon_leaves_it_its_lock)
{
	struct database db;
	struct store_conn *reader;
	struct err err = {0};
	pid_t pid;
	int status;

	database_open(&db, path);
	database_close(&db);
	database_open(&db, path); /* its log is empty: the reader looks at the lock */
	ck_assert_int_eq(store_open_reader(path, &reader, &err), 0);
	store_close_reader(reader);
	pid = fork();
	if (pid == 0) {
		uv_loop_t loop;
		struct store *store;

		uv_loop_init(&loop);
		_exit(store_open(path, &loop, &store, &err) == ERR_STORE ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	database_close(&db);
}
END_TEST

/* ---- jobs ---- */

struct note {
	struct store_job job;
	char name;
	int rc;
	int n_done;
	struct store *store;
	struct note *submit_within; /* by its on_done */
};

static char order[64];
static size_t n_order;
static volatile int n_running;

static int note_run(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct note *n = (struct note *)job;

	(void)c;
	(void)err;
	ck_assert_int_eq(n_running++, 0);
	order[n_order++] = n->name;
	n_running--;
	return n->rc;
}

static void note_done(struct store_job *job, int rc)
{
	struct note *n = (struct note *)job;

	n->n_done++;
	n->rc = rc;
	if (n->submit_within != NULL)
		store_submit(n->store, &n->submit_within->job);
}

static struct note note(struct store *s, char name)
{
	return (struct note){
		.job = {.run = note_run, .on_done = note_done}, .name = name, .store = s};
}

START_TEST(jobs_run_one_at_a_time_in_their_order)
{
	struct database db;
	struct note notes[20];

	database_open(&db, path);
	for (int i = 0; i < 20; i++) {
		notes[i] = note(db.store, (char)('a' + i));
		store_submit(db.store, &notes[i].job);
		ck_assert_int_eq(notes[i].n_done, 0);
	}
	uv_run(&db.loop, UV_RUN_DEFAULT);
	ck_assert_str_eq(order, "abcdefghijklmnopqrst");
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(notes[i].n_done, 1);
	database_close(&db);
}
END_TEST

START_TEST(a_first_job_goes_before_those_that_wait)
{
	struct database db;
	struct note a, b, c, first;

	database_open(&db, path);
	a = note(db.store, 'a');
	b = note(db.store, 'b');
	c = note(db.store, 'c');
	first = note(db.store, '!');
	store_submit(db.store, &a.job);
	store_submit(db.store, &b.job);
	store_submit(db.store, &c.job);
	store_submit_first(db.store, &first.job);
	uv_run(&db.loop, UV_RUN_DEFAULT);
	ck_assert_str_eq(order, "a!bc"); /* a had begun */
	database_close(&db);
}
END_TEST

struct elsewhere {
	struct store_job job;
	uv_thread_t worker;
};

static int run_elsewhere(struct store_conn *c, struct store_job *job, struct err *err)
{
	(void)c;
	(void)err;
	((struct elsewhere *)job)->worker = uv_thread_self();
	return 0;
}

static void on_elsewhere(struct store_job *job, int rc)
{
	uv_thread_t here = uv_thread_self();

	ck_assert_int_eq(rc, 0);
	ck_assert(!uv_thread_equal(&here, &((struct elsewhere *)job)->worker));
}

/* Whatever it waits for there, the loop goes on. */
START_TEST(a_job_runs_beside_the_loop)
{
	struct database db;
	struct elsewhere e = {.job = {.run = run_elsewhere, .on_done = on_elsewhere}};

	database_open(&db, path);
	store_submit(db.store, &e.job);
	uv_run(&db.loop, UV_RUN_DEFAULT);
	ck_assert_uint_ne((unsigned long)e.worker, 0);
	database_close(&db);
}
END_TEST

START_TEST(a_job_may_submit_the_next_and_its_result_arrives)
{
	struct database db;
	struct note a, b;

	database_open(&db, path);
	a = note(db.store, 'a');
	b = note(db.store, 'b');
	a.rc = ERR_FORMAT;
	a.submit_within = &b;
	store_submit(db.store, &a.job);
	uv_run(&db.loop, UV_RUN_DEFAULT);
	ck_assert_str_eq(order, "ab");
	ck_assert_int_eq(a.rc, ERR_FORMAT);
	ck_assert_int_eq(b.rc, 0);
	database_close(&db);
}
END_TEST

static int half_a_job(struct store_conn *c, void *arg, struct err *err)
{
	if (store_begin(c, err) != 0 || sample_account(c, arg, err) != 0)
		return err->code;
	return err_set(err, ERR_FORMAT, "not today");
}

START_TEST(a_job_that_fails_half_way_leaves_nothing)
{
	struct database db;
	struct err err;

	database_open(&db, path);
	ck_assert_int_eq(database_run(&db, half_a_job, NULL, &err), ERR_FORMAT);
	ck_assert_str_eq(err.text, "not today");
	ck_assert_int_eq(ask("SELECT count(*) FROM account"), 0);
	database_write(&db, sample_account, NULL);
	ck_assert_int_eq(ask("SELECT count(*) FROM account"), 1);
	database_close(&db);
}
END_TEST

static int fill(struct store_conn *c, void *arg, struct err *err)
{
	struct store_budget b = {.group = "heavy", .n_slots = STORE_BUDGET_SLOTS};
	int *n = arg;

	for (int i = 0; i < 400; i++) {
		snprintf(b.scope, sizeof b.scope, "%d", (*n)++);
		if (store_budget_save(c, &b, err) != 0)
			return err->code;
	}
	return 0;
}

START_TEST(the_log_is_moved_into_the_database_as_it_grows)
{
	struct database db;
	struct stat log, file;
	int n = 0;

	database_open(&db, path);
	for (int i = 0; i < 60; i++)
		database_write(&db, fill, &n); /* each half a megabyte */
	ck_assert_int_eq(stat(beside("-wal"), &log), 0);
	ck_assert_int_eq(stat(path, &file), 0);
	ck_assert_int_gt(file.st_size, 20 << 20);
	ck_assert_int_lt(log.st_size, 8 << 20);
	database_close(&db);
}
END_TEST

/* The last job before the end: its commit makes the log so long that it is moved. */
struct last {
	struct store_job job;
	struct store *store;
};

static int fill_the_log(struct store_conn *c, struct store_job *job, struct err *err)
{
	int n = 0;

	(void)job;
	ck_assert_int_eq(store_begin(c, err), 0);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(fill(c, &n, err), 0);
	ck_assert_int_eq(store_commit(c, err), 0);
	fault_hold(); /* the next sync is the checkpoint's */
	return 0;
}

static void close_at_once(struct store_job *job, int rc)
{
	ck_assert_int_eq(rc, 0);
	fault_wait_held();
	store_close(((struct last *)job)->store);
	fault_release();
}

START_TEST(closing_waits_for_what_is_moved)
{
	struct last last = {.job = {.run = fill_the_log, .on_done = close_at_once}};
	struct database db;

	fault_vfs_install();
	database_open(&db, path);
	last.store = db.store;
	store_submit(db.store, &last.job);
	uv_run(&db.loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&db.loop), 0);
	database_open(&db, path);
	ck_assert_int_eq(ask("SELECT count(*) FROM budget"), 4000);
	database_close(&db);
}
END_TEST

/* ---- a commit is all or nothing ---- */

#define N_CHANGED 3
#define MAX_WRITES \
	60 /* far beyond what one page needs: 13, and closing as many as there are tables */

struct page {
	int64_t account_id;
	int64_t sinks[2];
};

static int begin_page(struct store_conn *c, void *arg, struct err *err)
{
	struct page *p = arg;
	struct store_account a;

	if (store_account_load(c, "acme", &a, err) != 0 ||
	    store_sink_load(c, "ops", &p->sinks[0], err) != 0 ||
	    store_sink_load(c, "central", &p->sinks[1], err) != 0)
		return err->code;
	p->account_id = a.account_id;
	store_account_clear(&a);
	return 0;
}

static int change_one(struct store_conn *c, const struct page *p, const char *id,
		      struct err *err)
{
	struct event ev = {.type = EVENT_DEVICE_OFFLINE,
			   .at_ms = T0,
			   .account = (char *)"acme",
			   .device_id = (char *)id,
			   .status = DEVICE_OFFLINE,
			   .previous = DEVICE_ONLINE};
	struct store_device d;
	int rc;

	if (store_device_load(c, p->account_id, id, &d, err) != 0)
		return err->code;
	d.status = DEVICE_OFFLINE;
	d.observed_at_ms = T0;
	rc = store_device_save(c, &d, err);
	if (rc == 0)
		rc = store_event_add(c, &ev, p->account_id, d.device_id, d.version_id,
				     p->sinks, 2, err);
	store_device_clear(&d);
	return rc;
}

static int three_changes(struct store_conn *c, void *arg, struct err *err)
{
	struct store_budget b = {.scope = "s", .group = "heavy", .told_at_ms = T0};

	if (store_begin(c, err) != 0 || store_budget_save(c, &b, err) != 0 ||
	    change_one(c, arg, "1", err) != 0 || change_one(c, arg, "2", err) != 0 ||
	    change_one(c, arg, "3", err) != 0)
		return err->code;
	return store_commit(c, err);
}

static void prepare_page(struct database *db, struct page *p)
{
	static const char *const ids[N_CHANGED] = {"1", "2", "3"};

	database_open(db, path);
	for (size_t i = 0; i < N_CHANGED; i++)
		database_set_device(
			db, &(struct database_device){.account = "acme",
						      .id = ids[i],
						      .name = "Lobby phone",
						      .status = DEVICE_ONLINE,
						      .observed_at_ms = T0 - 60000});
	database_write(db, begin_page, p);
}

/* Nothing, or everything; returns which. */
static bool all_is_there(void)
{
	int64_t n = ask("SELECT count(*) FROM event");

	ck_assert_msg(n == 0 || n == N_CHANGED, "%d events", (int)n);
	ck_assert_int_eq(ask("SELECT count(*) FROM device_state WHERE status = 2"), n);
	ck_assert_int_eq(ask("SELECT count(*) FROM outbox"), 2 * n);
	ck_assert_int_eq(ask("SELECT count(*) FROM budget"), n / N_CHANGED);
	ck_assert_int_eq(ask("SELECT count(*) FROM pragma_integrity_check"
			     " WHERE integrity_check != 'ok'"),
			 0);
	return n > 0;
}

/* The _i-th write fails. Then the disk is well again and the page is tried anew. */
START_TEST(a_commit_is_all_or_nothing_when_a_write_fails)
{
	struct database db;
	struct page page;
	int rc, struck;

	fault_vfs_install();
	prepare_page(&db, &page);
	fault_arm(FAULT_ONCE, _i);
	rc = database_run(&db, three_changes, &page, NULL);
	struck = fault_disarm();
	if (rc == 0)
		ck_assert(all_is_there());
	else
		ck_assert(struck);
	if (_i == MAX_WRITES)
		ck_assert(!struck); /* the sweep went past the last write */
	if (rc != 0 && !all_is_there())
		ck_assert_int_eq(database_run(&db, three_changes, &page, NULL), 0);
	database_close(&db);
	ck_assert(all_is_there());
}
END_TEST

/* From the _i-th write on the disk is gone, up to the end of the daemon. */
START_TEST(a_commit_is_all_or_nothing_when_the_disk_goes)
{
	struct database db;
	struct page page;
	int rc, struck;

	fault_vfs_install();
	prepare_page(&db, &page);
	fault_arm(FAULT_FOREVER, _i);
	rc = database_run(&db, three_changes, &page, NULL);
	database_close(&db);
	struck = fault_disarm();
	if (rc != 0)
		ck_assert(struck);
	if (all_is_there())
		return;
	ck_assert_int_ne(rc, 0);
	database_open(&db, path); /* with the disk back */
	ck_assert_int_eq(database_run(&db, three_changes, &page, NULL), 0);
	database_close(&db);
	ck_assert(all_is_there());
}
END_TEST

/* The daemon is killed at its _i-th write. */
START_TEST(a_commit_is_all_or_nothing_when_the_daemon_is_killed)
{
	struct database db;
	struct page page;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fault_vfs_install();
		prepare_page(&db, &page);
		fault_arm(FAULT_KILL, _i);
		if (database_run(&db, three_changes, &page, NULL) != 0)
			_exit(2);
		database_close(&db);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (_i == MAX_WRITES)
		ck_assert_int_eq(status, 0); /* the sweep went past the last write */
	ck_assert(status == 0 || WTERMSIG(status) == SIGKILL);
	if (!all_is_there()) {
		ck_assert_int_ne(status, 0);
		prepare_page(&db, &page);
		ck_assert_int_eq(database_run(&db, three_changes, &page, NULL), 0);
		database_close(&db);
	}
	ck_assert(all_is_there());
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_commit_is_on_the_disk_and_the_log_stays, 1},
		{every_table_is_strict, 1},
		{files_are_for_us_and_our_group_whatever_the_umask, 4},
		{the_random_number_and_the_secret_stay, 1},
		{a_database_of_an_older_version_is_brought_up_and_reads_the_same, 9},
		{deliveries_of_an_older_version_read_the_same, 1},
		{what_is_not_ours_is_refused_and_left_as_it_is, COUNT(strangers)},
		{a_damaged_database_is_refused, 1},
		{a_folder_that_is_missing_is_told, 1},
		{a_second_daemon_is_refused_by_whatever_name, 5},
		{a_reader_within_the_daemon_leaves_it_its_lock, 1},
		{jobs_run_one_at_a_time_in_their_order, 1},
		{a_first_job_goes_before_those_that_wait, 1},
		{a_job_runs_beside_the_loop, 1},
		{a_job_may_submit_the_next_and_its_result_arrives, 1},
		{a_job_that_fails_half_way_leaves_nothing, 1},
		{the_log_is_moved_into_the_database_as_it_grows, 1},
		{closing_waits_for_what_is_moved, 1},
		{a_commit_is_all_or_nothing_when_a_write_fails, MAX_WRITES + 1},
		{a_commit_is_all_or_nothing_when_the_disk_goes, MAX_WRITES + 1},
		{a_commit_is_all_or_nothing_when_the_daemon_is_killed, MAX_WRITES + 1},
	};

	return suite_run("store", tests, COUNT(tests), in_fresh_folder, NULL);
}
