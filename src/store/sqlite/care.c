/* A copy of the database, and whether it is sound. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/sqlite/conn.h"

/* ---- check ---- */

#define MAX_FINDINGS 20 /* of one kind */
#define HEADLINE     "*** in database main ***\n"
#define STEPS        100000 /* of SQLite's machine: some milliseconds */

/* Each answers with what is wrong, a line each; no row where nothing is. They are asked for once in
 * a long while, by people, and are no statements of the daemon's. */
static const char *const questions[] = {
	"PRAGMA integrity_check(20)",
	"SELECT 'a row of ' || \"table\" || ' points to what is not there'"
	" FROM pragma_foreign_key_check LIMIT 20",
	"SELECT 'device ' || id || ' has no state' FROM device WHERE NOT EXISTS (SELECT 1"
	" FROM device_state s WHERE s.device_id = device.device_id) LIMIT 20",
	"SELECT 'device ' || d.id || ' has no facts of its own' FROM device d WHERE NOT EXISTS"
	" (SELECT 1 FROM device_version v WHERE v.version_id = d.version_id"
	" AND v.device_id = d.device_id) LIMIT 20",
	"SELECT 'event ' || e.sequence || ' is of a device without state' FROM event e"
	" WHERE e.device_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM device_state s"
	" WHERE s.device_id = e.device_id) LIMIT 20",
	"SELECT 'event ' || e.sequence || ' has the facts of another device' FROM event e"
	" JOIN device_version v ON v.version_id = e.version_id"
	" WHERE v.device_id IS NOT e.device_id LIMIT 20",
	"SELECT 'event ' || e.sequence || ' is owed to a sink that is not there' FROM outbox o"
	" JOIN event e ON e.sequence = o.sequence WHERE NOT EXISTS (SELECT 1 FROM sink k"
	" WHERE k.sink_id = o.sink_id) LIMIT 20",
	"SELECT 'event ' || sequence || ' is owed to a sink that was told of it' FROM outbox o"
	" JOIN delivery d USING (sequence, sink_id) LIMIT 20",
	"SELECT 'device ' || d.id || ' is '"
	" || CASE WHEN d.removed_ms IS NULL THEN 'listed' ELSE 'removed' END"
	" || ' with status ' || s.status || ', and its past ends with '"
	" || coalesce(p.state, 'nothing')"
	" FROM device d JOIN device_state s USING (device_id) LEFT JOIN span p"
	" ON p.device_id = d.device_id AND p.from_ms = (SELECT max(from_ms) FROM span"
	" WHERE device_id = d.device_id) WHERE CASE WHEN d.removed_ms IS NULL"
	" THEN p.state IS NOT s.status ELSE coalesce(p.state, 3) <> 3 END LIMIT 20",
	"SELECT 'a span of device ' || device_id || ' begins before it may' FROM span"
	" WHERE lead_ms < 0 OR state NOT BETWEEN 0 AND 3 LIMIT 20",
	"SELECT 'two spans of device ' || device_id || ' follow each other with one state'"
	" FROM (SELECT device_id, state, lag(state) OVER (PARTITION BY device_id"
	" ORDER BY from_ms) AS before FROM span) WHERE state = before LIMIT 20",
	"SELECT 'two gaps of ' || CASE device_id WHEN 0 THEN 'account ' || account_id"
	" ELSE 'device ' || device_id END || ' overlap' FROM (SELECT account_id, device_id,"
	" from_ms, to_ms, lag(to_ms) OVER (PARTITION BY account_id, device_id"
	" ORDER BY from_ms) AS before FROM gap) WHERE from_ms < before OR from_ms >= to_ms"
	" LIMIT 20",
	"SELECT 'silence ' || silence_id || ' is of nobody' FROM silence"
	" WHERE alert IS NULL AND (NOT json_valid(matches) OR json_array_length(matches) = 0)"
	" LIMIT 20",
	"SELECT 'alert ' || alert_id || ' lives, and so does another one of its key' FROM alert l"
	" WHERE state < 3 AND EXISTS (SELECT 1 FROM alert o WHERE o.state < 3"
	" AND o.account_id = l.account_id AND o.kind = l.kind AND o.subject = l.subject"
	" AND o.alert_id < l.alert_id) LIMIT 20",
	"SELECT 'alert ' || alert_id || ' is ' || CASE state WHEN 1 THEN 'pending, and has fired'"
	" WHEN 2 THEN 'firing, and nothing says so' ELSE 'resolved, and nothing says so' END"
	" FROM alert l WHERE CASE state WHEN 1 THEN fired_sequence IS NOT NULL"
	" WHEN 2 THEN NOT EXISTS (SELECT 1 FROM event WHERE sequence = fired_sequence"
	" AND type = 10) ELSE resolved_ms IS NULL OR reason IS NULL END LIMIT 20",
	"SELECT 'alert ' || alert_id || ' ends before it begins' FROM alert"
	" WHERE resolved_ms < since_ms LIMIT 20",
	"SELECT 'alert ' || alert_id || ' is part of none that fires' FROM alert l"
	" WHERE state < 3 AND absorbed_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM alert o"
	" WHERE o.alert_id = l.absorbed_by AND o.state = 2 AND o.account_id = l.account_id)"
	" LIMIT 20",
	"SELECT 'alert ' || alert_id || ' is of a device that is not of its account' FROM alert l"
	" WHERE device_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM device d"
	" WHERE d.device_id = l.device_id AND d.account_id = l.account_id"
	" AND d.id = l.subject) LIMIT 20",
	"SELECT 'two sums of one day of device ' || device_id FROM (SELECT device_id, first_day,"
	" lag(first_day + n_days) OVER (PARTITION BY device_id ORDER BY first_day) AS before"
	" FROM days) WHERE first_day < before LIMIT 20",
	"SELECT 'device ' || d.id || ' was in a place of another account' FROM days"
	" JOIN device d USING (device_id) JOIN place p USING (place_id)"
	" WHERE p.account_id <> d.account_id LIMIT 20",
};

static int ask(struct store_conn *c, const char *question,
	       void (*each)(const char *finding, void *arg), void *arg, struct err *err)
{
	sqlite3_stmt *st;
	int rc;

	if (sqlite3_prepare_v2(c->db, question, -1, &st, NULL) != SQLITE_OK)
		return conn_error(c, err);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);

		/* The engine puts a line in front that says nothing. */
		if (strncmp(text, HEADLINE, strlen(HEADLINE)) == 0)
			text += strlen(HEADLINE);
		if (strcmp(text, "ok") != 0)
			each(text, arg);
	}
	if (rc != SQLITE_DONE)
		conn_error(c, err);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : err->code;
}

/* What SQL cannot read. */
static int check_sums(struct store_conn *c, void (*each)(const char *finding, void *arg),
		      void *arg, struct err *err)
{
	sqlite3_stmt *st;
	int rc, n_told = 0;

	if (sqlite3_prepare_v2(c->db, "SELECT device_id, n_days, sums FROM days", -1, &st,
			       NULL) != SQLITE_OK)
		return conn_error(c, err);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW && n_told < MAX_FINDINGS) {
		struct store_days days = {.n = (size_t)sqlite3_column_int64(st, 1)};
		char finding[80];

		if (days.n > 0 && days.n <= STORE_RUN_DAYS &&
		    days_decode(&days, sqlite3_column_blob(st, 2),
				(size_t)sqlite3_column_bytes(st, 2)))
			continue;
		snprintf(finding, sizeof finding,
			 "sums of days of device %lld are damaged",
			 (long long)sqlite3_column_int64(st, 0));
		each(finding, arg);
		n_told++;
	}
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		conn_error(c, err);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : err->code;
}

struct examining {
	void (*on_progress)(void *arg);
	void *arg;
};

static int on_steps(void *arg)
{
	const struct examining *x = arg;

	x->on_progress(x->arg);
	return 0; /* go on */
}

int store_check(struct store_conn *c, void (*each)(const char *finding, void *arg),
		void (*on_progress)(void *arg), void *arg, struct err *err)
{
	struct examining x = {on_progress, arg};
	int rc = 0;

	if (on_progress != NULL)
		sqlite3_progress_handler(c->db, STEPS, on_steps, &x);
	for (size_t i = 0; rc == 0 && i < COUNT(questions); i++)
		rc = ask(c, questions[i], each, arg, err);
	if (rc == 0)
		rc = check_sums(c, each, arg, err);
	sqlite3_progress_handler(c->db, 0, NULL, NULL);
	return rc;
}

/* ---- backup ---- */

#define STEP_PAGES 2000

struct backup {
	const char *path;
	char *draft; /* beside it, until it is whole and sound */
	struct store_conn to;
	void (*on_progress)(int done, int all, void *arg);
	void *arg;
	char finding[200]; /* the first */
};

/* Nobody else's file, and no more rights than the database's own. */
static int make_draft(struct backup *b, struct err *err)
{
	int fd;

	if (access(b->path, F_OK) == 0)
		return err_set(err, ERR_FORMAT, "%s: there is one already", b->path);
	b->draft = mem_printf("%s.part", b->path);
	fd = open(b->draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0) {
		err_set(err, ERR_FORMAT, "%s: %s", b->draft, strerror(errno));
		free(b->draft);
		b->draft = NULL;
		return err->code;
	}
	close(fd);
	return 0;
}

/* All of it is of the moment at which the reader's state began. */
static int copy(struct backup *b, struct store_conn *c, struct err *err)
{
	sqlite3_backup *copying;
	int rc;

	if (sqlite3_open_v2(b->draft, &b->to.db, SQLITE_OPEN_READWRITE, NULL) !=
		    SQLITE_OK ||
	    (copying = sqlite3_backup_init(b->to.db, "main", c->db, "main")) == NULL)
		return conn_error(&b->to, err);
	do {
		rc = sqlite3_backup_step(copying, STEP_PAGES);
		if (b->on_progress != NULL)
			b->on_progress(sqlite3_backup_pagecount(copying) -
					       sqlite3_backup_remaining(copying),
				       sqlite3_backup_pagecount(copying), b->arg);
	} while (rc == SQLITE_OK);
	sqlite3_backup_finish(copying);
	if (rc != SQLITE_DONE)
		return conn_error(&b->to, err);
	/* One file, without a log beside it. */
	return conn_exec(&b->to, "PRAGMA journal_mode = DELETE", err);
}

static void on_finding(const char *finding, void *arg)
{
	struct backup *b = arg;

	if (b->finding[0] == '\0')
		snprintf(b->finding, sizeof b->finding, "%s", finding);
}

static int verify(struct backup *b, struct err *err)
{
	if (migrate_check(&b->to, err) != 0 ||
	    store_check(&b->to, on_finding, NULL, b, err) != 0)
		return err->code;
	if (b->finding[0] != '\0')
		return err_set(err, ERR_STORE, "the copy is not sound: %s", b->finding);
	return 0;
}

static int sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC), rc;

	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

/* On disk, and then under its name, which it takes from nobody. */
static int publish(struct backup *b, struct err *err)
{
	char *folder = mem_strdup(b->path), *slash = strrchr(folder, '/');

	if (slash != NULL)
		slash[slash == folder] = '\0';
	if (sync_path(b->draft, O_RDONLY) != 0 || link(b->draft, b->path) != 0 ||
	    sync_path(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY) != 0)
		err_set(err, ERR_FORMAT, "%s: %s", b->path, strerror(errno));
	free(folder);
	return err->code;
}

int store_backup(struct store_conn *c, const char *path,
		 void (*on_progress)(int done, int all, void *arg), void *arg,
		 struct err *err)
{
	struct backup b = {.path = path, .on_progress = on_progress, .arg = arg};

	if (make_draft(&b, err) != 0)
		return err->code;
	if (store_begin_read(c, err) == 0 && copy(&b, c, err) == 0)
		verify(&b, err);
	store_end_read(c);
	conn_close(&b.to);
	if (err->code == 0)
		publish(&b, err);
	unlink(b.draft); /* the copy has its name by now, or is none */
	free(b.draft);
	return err->code;
}
