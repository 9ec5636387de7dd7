/* The store as its readers see it: other users, other processes, whatever the daemon does. */
#include "store/store.h"

#include "lib/suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
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

/* Users and a group that need not exist. */
#define DAEMON_UID 61001
#define READER_UID 61002
#define GROUP_GID  61003

static char folder[280], path[300];

static void in_fresh_folder(void)
{
	snprintf(folder, sizeof folder, "%s/lib", suite_dir());
	snprintf(path, sizeof path, "%s/phonewatch.db", folder);
	ck_assert_int_eq(mkdir(folder, 0750), 0);
	ck_assert_int_eq(chmod(suite_dir(), 0711), 0);
}

static void become(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0) {
		perror("# become");
		_exit(99);
	}
}

/* ---- a daemon in another process, which does as it is told ---- */

struct other {
	pid_t pid;
	int to, from;
};

static void obey(char order)
{
	static struct database db;
	static int64_t at_ms = T0;

	switch (order) {
	case 'o': /* start */
		database_open(&db, path);
		break;
	case 'd': /* a device is seen */
		database_set_device(&db,
				    &(struct database_device){.account = "acme",
							      .id = "1",
							      .name = "Lobby phone",
							      .status = DEVICE_ONLINE,
							      .observed_at_ms = T0});
		break;
	case '+': /* it changes: one event more */
		database_transition(&db, "acme", "1", DEVICE_OFFLINE, at_ms,
				    at_ms + 1000);
		at_ms += 1000;
		break;
	case 'k': /* die in the middle of one more */
		fault_arm(FAULT_KILL, 3);
		database_transition(&db, "acme", "1", DEVICE_OFFLINE, at_ms,
				    at_ms + 1000);
		break;
	case 'c': /* stop */
		database_close(&db);
		break;
	case 'u':
		umask(077);
		break;
	}
}

static struct other other_start(uid_t uid)
{
	struct other o;
	int to[2], from[2];
	char order;

	ck_assert_int_eq(pipe2(to, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(from, O_CLOEXEC), 0);
	o.pid = fork();
	if (o.pid == 0) {
		close(to[1]);
		close(from[0]);
		if (uid != 0)
			become(uid, GROUP_GID);
		fault_vfs_install();
		while (read(to[0], &order, 1) == 1) {
			obey(order);
			if (write(from[1], &order, 1) != 1)
				break;
		}
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	o.to = to[1];
	o.from = from[0];
	return o;
}

/* Each letter is an order, carried out when this returns. */
static void tell(struct other *o, const char *orders)
{
	char done;

	for (; *orders != '\0'; orders++) {
		ck_assert_int_eq(write(o->to, orders, 1), 1);
		if (*orders == 'k') {
			ck_assert_int_eq(read(o->from, &done, 1), 0);
			return;
		}
		ck_assert_int_eq(read(o->from, &done, 1), 1);
	}
}

static void other_end(struct other *o)
{
	close(o->to);
	close(o->from);
	ck_assert_int_eq(waitpid(o->pid, NULL, 0), o->pid);
}

/* ---- reading ---- */

static void count_one(const struct event *ev, void *arg)
{
	ck_assert_str_eq(ev->account, "acme");
	++*(int *)arg;
}

static int count_events(struct store_conn *c)
{
	struct err err = {0};
	int n = 0;

	ck_assert_msg(store_begin_read(c, &err) == 0, "%s", err.text);
	ck_assert_msg(store_events_each(c, 1, 1000, count_one, &n, &err) == 0, "%s",
		      err.text);
	store_end_read(c);
	return n;
}

static int read_as(uid_t uid)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct store_conn *c;
		struct err err = {0};

		if (uid != 0)
			become(uid, GROUP_GID);
		if (store_open_reader(path, &c, &err) != 0) {
			fprintf(stderr, "# %s\n", err.text);
			_exit(98);
		}
		status = count_events(c);
		store_close_reader(c);
		_exit(status);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Names, modes, owners, times and contents of all in the folder. */
static char *snapshot(void)
{
	struct dirent **names;
	struct buf b;
	int n = scandir(folder, &names, NULL, alphasort);

	buf_init(&b, 64 << 20);
	for (int i = 0; i < n; i++) {
		char *name = keep_printf("%s/%s", folder, names[i]->d_name);
		char bytes[4096];
		struct stat st;
		int fd = open(name, O_RDONLY);
		ssize_t len;

		ck_assert_int_eq(lstat(name, &st), 0);
		buf_printf(&b, "%s %o %u %ld %ld.%ld\n", names[i]->d_name, st.st_mode,
			   st.st_uid, (long)st.st_size, (long)st.st_mtim.tv_sec,
			   st.st_mtim.tv_nsec);
		while ((len = read(fd, bytes, sizeof bytes)) > 0)
			for (ssize_t k = 0; k < len; k++)
				buf_printf(&b, "%02x", (unsigned char)bytes[k]);
		close(fd);
	}
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return keep(b.data);
}

/* What the daemon has done, and how many events there are. */
static const struct {
	const char *name;
	const char *orders;
	int n_events;
} scenes[] = {
	{"it runs", "od++", 2},
	{"it runs, and has just begun", "o", 0},
	{"it stopped", "od++c", 2},
	{"it stopped, twice", "od+co+c", 2},
	{"it was killed", "od++k", 2},
	{"it was killed after a restart", "od+co+k", 2},
	{"it runs with a narrow umask", "uod++", 2},
	{"it stopped with a narrow umask", "uod++c", 2},
	{"it was killed with a narrow umask", "uod++k", 2},
};

START_TEST(the_group_can_read_and_changes_nothing)
{
	static const uid_t readers[] = {READER_UID, DAEMON_UID, 0};
	struct other daemon;

	if (geteuid() != 0) {
		puts("# skipped: only root can become other users");
		return;
	}
	ck_assert_int_eq(chown(folder, DAEMON_UID, GROUP_GID), 0);
	daemon = other_start(DAEMON_UID);
	tell(&daemon, scenes[_i].orders);
	for (size_t i = 0; i < COUNT(readers); i++) {
		char *before = snapshot();

		ck_assert_msg(read_as(readers[i]) == scenes[_i].n_events, "%s, user %u",
			      scenes[_i].name, readers[i]);
		ck_assert_msg(strcmp(before, snapshot()) == 0, "%s, user %u",
			      scenes[_i].name, readers[i]);
	}
	other_end(&daemon);
}
END_TEST

START_TEST(reading_changes_nothing)
{
	struct other daemon = other_start(0);
	char *before;

	tell(&daemon, scenes[_i].orders);
	before = snapshot();
	ck_assert_int_eq(read_as(0), scenes[_i].n_events);
	ck_assert_str_eq(before, snapshot());
	other_end(&daemon);
}
END_TEST

/* ---- following ---- */

static int64_t version_of(struct store_conn *c)
{
	struct err err = {0};
	int64_t version;

	ck_assert_msg(store_reader_version(c, &version, &err) == 0, "%s", err.text);
	return version;
}

/* From what state the follower starts, then steps: after each it sees that there is something
 * new, and all there is. */
static const struct {
	const char *before;
	const char *steps[6];
	int n_before;
} lives[] = {
	{"od+c", {"o+", "+", "c", "o+", "+"}, 1},
	{"od+", {"+", "+c", "o+", "+", "c"}, 1},
	{"od+k", {"+", "+"}, 1},
	{"oc", {"od+", "+c", "o+c", "o+c"}, 0},
};

START_TEST(a_follower_sees_what_comes_whoever_writes)
{
	struct other daemon = other_start(0);
	struct store_conn *c;
	struct err err = {0};
	int64_t version;
	int n = lives[_i].n_before;

	tell(&daemon, lives[_i].before);
	if (strchr(lives[_i].before, 'k') != NULL) {
		other_end(&daemon);
		daemon = other_start(0);
	}
	ck_assert_msg(store_open_reader(path, &c, &err) == 0, "%s", err.text);
	version = version_of(c);
	ck_assert_int_eq(version_of(c), version);
	ck_assert_int_eq(count_events(c), n);
	if (strchr(lives[_i].before, 'k') != NULL)
		tell(&daemon, "o");
	for (const char *const *step = lives[_i].steps; *step != NULL; step++) {
		int more = 0;
		int64_t now;

		for (const char *p = *step; *p != '\0'; p++)
			more += *p == '+';
		tell(&daemon, *step);
		now = version_of(c);
		if (more > 0)
			ck_assert_int_ne(now, version);
		version = now;
		n += more;
		ck_assert_int_eq(count_events(c), n);
	}
	store_close_reader(c);
	other_end(&daemon);
}
END_TEST

START_TEST(a_follower_sees_that_the_file_was_replaced)
{
	struct other daemon = other_start(0);
	struct store_conn *c;
	struct err err = {0};
	int64_t version;
	char *old = keep_printf("%s.old", path);

	tell(&daemon, "od+++c");
	ck_assert_int_eq(store_open_reader(path, &c, &err), 0);
	version = version_of(c);
	ck_assert_int_eq(count_events(c), 3);

	ck_assert_int_eq(rename(path, old), 0);
	ck_assert_int_eq(store_reader_version(c, &version, &err), ERR_STORE);
	ck_assert_int_eq(store_reader_version(c, &version, &err), ERR_STORE);
	tell(&daemon, "od+c");
	ck_assert_int_ne(version_of(c), version);
	ck_assert_int_eq(count_events(c), 1);
	store_close_reader(c);
	other_end(&daemon);
}
END_TEST

/* Else it would read pages while a checkpoint changes them. */
START_TEST(a_database_is_at_rest_only_without_a_daemon)
{
	static const struct {
		const char *orders;
		bool at_rest;
	} cases[] = {{"od+c", true}, {"od+co", false}, {"od+", false}, {"od+k", false}};
	struct other daemon = other_start(0);
	struct store_conn *c;
	struct err err = {0};

	tell(&daemon, cases[_i].orders);
	ck_assert_int_eq(store_open_reader(path, &c, &err), 0);
	ck_assert_int_eq(c->immutable, cases[_i].at_rest);
	store_close_reader(c);
	other_end(&daemon);
}
END_TEST

/* As a kill behind the first write leaves it; SQLite alone gives up on it. */
START_TEST(a_log_of_its_head_alone_holds_nothing)
{
	struct other daemon = other_start(0);
	struct store_conn *c;
	struct err err = {0};
	char *log = keep_printf("%s-wal", path);

	tell(&daemon, "od+co+");
	other_end(&daemon); /* without closing it */
	ck_assert_int_eq(truncate(log, 32), 0);
	ck_assert_msg(store_open_reader(path, &c, &err) == 0, "%s", err.text);
	ck_assert(c->immutable);
	ck_assert_int_eq(count_events(c), 1);
	store_close_reader(c);
}
END_TEST

START_TEST(a_reader_keeps_its_state_while_the_daemon_writes)
{
	struct other daemon = other_start(0);
	struct store_conn *c;
	struct err err = {0};
	int n = 0;

	tell(&daemon, "od+");
	ck_assert_int_eq(store_open_reader(path, &c, &err), 0);
	ck_assert_int_eq(store_begin_read(c, &err), 0);
	ck_assert_int_eq(store_events_each(c, 1, 10, count_one, &n, &err), 0);
	tell(&daemon, "++");
	ck_assert_int_eq(store_events_each(c, 1, 10, count_one, &n, &err), 0);
	store_end_read(c);
	ck_assert_int_eq(n, 2); /* one, twice */
	ck_assert_int_eq(count_events(c), 3);
	store_close_reader(c);
	other_end(&daemon);
}
END_TEST

/* ---- what cannot be read ---- */

static const struct {
	const char *sql; /* makes it; NULL: an empty file */
	const char *said;
} unreadable[] = {
	{NULL, "empty: no phonewatchd has written it yet"},
	{"PRAGMA application_id = 1886871924; PRAGMA user_version = 99",
	 "its schema is version 99, this program knows up to 10; it was written by a newer"
	 " phonewatch"},
};

START_TEST(a_reader_says_what_it_cannot_read)
{
	struct store_conn *c;
	struct err err = {0};
	char *said = keep_printf("database %s: %s", path, unreadable[_i].said), *before;
	sqlite3 *db;

	fclose(fopen(path, "w"));
	if (unreadable[_i].sql != NULL) {
		ck_assert_int_eq(sqlite3_open(path, &db), 0);
		ck_assert_int_eq(sqlite3_exec(db, unreadable[_i].sql, NULL, NULL, NULL),
				 0);
		sqlite3_close(db);
	}
	before = snapshot();
	ck_assert_int_eq(store_open_reader(path, &c, &err), ERR_STORE);
	ck_assert_str_eq(err.text, said);
	ck_assert_str_eq(before, snapshot());
}
END_TEST

START_TEST(a_log_without_its_index_is_told)
{
	struct other daemon = other_start(0);
	struct store_conn *c;
	struct err err = {0};
	char *said =
		keep_printf("database %s: its log (%s-wal) has not been taken in; start"
			    " phonewatchd once",
			    path, path);
	char *before;

	tell(&daemon, "od+k");
	ck_assert_int_eq(unlink(keep_printf("%s-shm", path)), 0);
	before = snapshot();
	ck_assert_int_eq(store_open_reader(path, &c, &err), ERR_STORE);
	ck_assert_str_eq(err.text, said);
	ck_assert_str_eq(before, snapshot());
	other_end(&daemon);

	daemon = other_start(0); /* as it says */
	tell(&daemon, "oc");
	ck_assert_int_eq(store_open_reader(path, &c, &err), 0);
	ck_assert_int_eq(count_events(c), 1);
	store_close_reader(c);
	other_end(&daemon);
}
END_TEST

/* ---- the log's index in the middle of a change ---- */

static struct {
	int fd;
	int n_pauses; /* of the reader's, until it is whole */
} torn;

/* One bit of the first of its two heads; twice, and it is as before. */
static void change_index(void)
{
	unsigned char c;

	ck_assert_int_eq(pread(torn.fd, &c, 1, 8), 1);
	c ^= 1;
	ck_assert_int_eq(pwrite(torn.fd, &c, 1, 8), 1);
}

static int pause_once(sqlite3_vfs *vfs, int micros)
{
	(void)vfs;
	if (--torn.n_pauses == 0)
		change_index();
	return micros;
}

/* The next reader finds it so. */
static void tear_index(int n_pauses)
{
	static sqlite3_vfs vfs;

	vfs = *sqlite3_vfs_find(NULL);
	vfs.zName = "pauses";
	vfs.xSleep = pause_once;
	sqlite3_vfs_register(&vfs, 1);
	torn.fd = open(keep_printf("%s-shm", path), O_RDWR);
	torn.n_pauses = n_pauses;
	change_index();
}

START_TEST(a_reader_waits_while_the_index_of_the_log_changes)
{
	struct other daemon = other_start(0);
	struct store_conn *c;
	struct err err = {0};
	int64_t version;

	tell(&daemon, "od+");
	tear_index(3);
	ck_assert_msg(store_open_reader(path, &c, &err) == 0, "%s", err.text);
	tell(&daemon, "+");
	torn.n_pauses = 3;
	change_index();
	ck_assert_msg(_i == 0 ? store_reader_version(c, &version, &err) == 0
			      : count_events(c) == 2,
		      "%s", err.text);
	ck_assert_int_eq(torn.n_pauses, 0);
	tell(&daemon, "+");
	torn.n_pauses = -1; /* it stays so */
	change_index();
	ck_assert_int_eq(store_reader_version(c, &version, &err), ERR_STORE);
	change_index();
	store_close_reader(c);
	close(torn.fd);
	other_end(&daemon);
}
END_TEST

START_TEST(a_path_that_is_no_file_is_told)
{
	struct store_conn *c;
	struct err err = {0};
	char *said = keep_printf("database %s: No such file or directory", path);

	ck_assert_int_eq(store_open_reader(path, &c, &err), ERR_STORE);
	ck_assert_str_eq(err.text, said);
	said = keep_printf("database %s: not a file", folder);
	err = (struct err){0};
	ck_assert_int_eq(store_open_reader(folder, &c, &err), ERR_STORE);
	ck_assert_str_eq(err.text, said);
}
END_TEST

START_TEST(any_character_may_stand_in_a_path)
{
	static const char *const names[] = {"a b.db", "100%25.db", "why?mode=rw.db",
					    "#1.db", "&immutable=1.db"};
	struct database db;
	struct store_conn *c;
	struct err err = {0};

	snprintf(path, sizeof path, "%s/%s", folder, names[_i]);
	database_open(&db, path);
	ck_assert_msg(store_open_reader(path, &c, &err) == 0, "%s", err.text);
	ck_assert_int_eq(count_events(c), 0);
	store_close_reader(c);
	database_close(&db);
}
END_TEST

START_TEST(a_reader_cannot_write)
{
	struct other daemon = other_start(0);
	struct store_conn *c;
	struct store_account a;
	struct err err = {0};

	tell(&daemon, _i == 0 ? "o" : "oc");
	ck_assert_int_eq(store_open_reader(path, &c, &err), 0);
	ck_assert_int_eq(store_account_load(c, "new", &a, &err), ERR_STORE);
	ck_assert_ptr_nonnull(strstr(err.text, "readonly"));
	store_close_reader(c);
	other_end(&daemon);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{the_group_can_read_and_changes_nothing, COUNT(scenes)},
		{reading_changes_nothing, COUNT(scenes)},
		{a_follower_sees_what_comes_whoever_writes, COUNT(lives)},
		{a_follower_sees_that_the_file_was_replaced, 1},
		{a_database_is_at_rest_only_without_a_daemon, 4},
		{a_log_of_its_head_alone_holds_nothing, 1},
		{a_reader_keeps_its_state_while_the_daemon_writes, 1},
		{a_reader_says_what_it_cannot_read, COUNT(unreadable)},
		{a_log_without_its_index_is_told, 1},
		{a_reader_waits_while_the_index_of_the_log_changes, 2},
		{a_path_that_is_no_file_is_told, 1},
		{any_character_may_stand_in_a_path, 5},
		{a_reader_cannot_write, 2},
	};

	return suite_run("reader", tests, COUNT(tests), in_fresh_folder, NULL);
}
