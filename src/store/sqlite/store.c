/*
 * Opening, and jobs.
 *
 *   store_submit -> (queue) -> on_worker -> on_worked -> the owner's on_done
 *   store_close -> close_files
 *     \-> a checkpoint is under way: on_checkpoint -> close_files
 *
 * One job at a time is with the thread pool.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/lock.h"

#define CHECKPOINT_PAGES 1000       /* 4 MB of log are moved into the database */
#define LOG_LIMIT_BYTES  "16777216" /* what the log file keeps of its size */
#define CACHE_KIB        "8192"     /* SQLite's page cache, the daemon's */
#define BUSY_MS          5000       /* a backup may hold the file for a moment */

TAILQ_HEAD(job_list, store_job);

struct store {
	struct store_conn conn;
	uv_loop_t *loop;
	uv_work_t work;
	struct store_job *under_way; /* NULL: the worker is idle */
	struct job_list waiting;
	struct store_job checkpoint;
	bool checkpoint_wanted; /* it is in the queue */
	bool closing;           /* as soon as the checkpoint is done */
	int lock_fd;
};

/* ---- opening ---- */

static int set_pragmas(struct store_conn *c, struct err *err)
{
	int on = 1;

	if (conn_exec(c,
		      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		      " PRAGMA wal_autocheckpoint=0;"
		      " PRAGMA journal_size_limit=" LOG_LIMIT_BYTES ";"
		      " PRAGMA cache_size=-" CACHE_KIB "; PRAGMA trusted_schema=OFF",
		      err) != 0)
		return err->code;
	/* Else the last one to close takes the log away, and a reader without the right to
	 * write cannot open the database any more. */
	if (sqlite3_file_control(c->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on) !=
	    SQLITE_OK)
		return conn_error(c, err);
	return 0;
}

static int on_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store_conn *c = arg;

	(void)db;
	(void)name;
	c->wal_pages = pages;
	return SQLITE_OK;
}

static int read_meta(struct store_conn *c, struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_META, err, "");

	if (st == NULL || conn_step(c, st, err) != 1 ||
	    sqlite3_column_bytes(st, 1) != STORE_SECRET_BYTES)
		return err->code != 0 ? err->code
				      : err_set(err, ERR_STORE, "no meta row");
	c->random = sqlite3_column_int64(st, 0);
	c->days_end = sqlite3_column_int64(st, 2);
	memcpy(c->secret, sqlite3_column_blob(st, 1), STORE_SECRET_BYTES);
	return conn_run(c, st, err);
}

/* The file first, so that it and what SQLite puts beside it get our mode, not the umask's. */
static int make_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_EXCL, 0640);

	if (fd >= 0) {
		fchmod(fd,
		       0640); /* whatever the umask; a failure leaves what it allows */
		close(fd);
		return 0;
	}
	if (errno == EEXIST)
		return 0;
	return err_set(err, ERR_STORE, "%s", strerror(errno));
}

static int open_conn(struct store_conn *c, const char *path, struct err *err)
{
	if (sqlite3_open_v2(path, &c->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
				    SQLITE_OPEN_NOFOLLOW,
			    NULL) != SQLITE_OK)
		return conn_error(c, err);
	sqlite3_extended_result_codes(c->db, 1);
	sqlite3_busy_timeout(c->db, BUSY_MS);
	if (set_pragmas(c, err) != 0 || migrate(c, err) != 0 ||
	    conn_prepare_all(c, err) != 0 || read_meta(c, err) != 0)
		return err->code;
	sqlite3_wal_hook(c->db, on_wal, c); /* wal_autocheckpoint takes the hook away */
	return 0;
}

static int run_checkpoint(struct store_conn *c, struct store_job *job, struct err *err)
{
	(void)job;
	return store_checkpoint(c, err);
}

static void close_files(struct store *s)
{
	conn_close(&s->conn);
	close(s->lock_fd);
	free(s);
}

static void on_checkpoint(struct store_job *job, int rc)
{
	struct store *s = OWNER_OF(job, struct store, checkpoint);

	/* A failure shows at the next write, whose owner tells it; this one is tried again. */
	(void)rc;
	s->checkpoint_wanted = false;
	if (s->closing)
		close_files(s);
}

int store_open(const char *path, uv_loop_t *loop, struct store **out, struct err *err)
{
	struct store *s = mem_zalloc(sizeof *s);
	char real[PATH_MAX];

	s->lock_fd = -1;
	if (make_file(path, err) != 0)
		goto fail;
	/* One name for one file: else two daemons could hold two locks on it. */
	if (realpath(path, real) == NULL) {
		err_set(err, ERR_STORE, "%s", strerror(errno));
		goto fail;
	}
	if (reader_check(real, err) != 0 || lock_take(real, &s->lock_fd, err) != 0 ||
	    open_conn(&s->conn, real, err) != 0)
		goto fail;

	s->loop = loop;
	TAILQ_INIT(&s->waiting);
	s->checkpoint =
		(struct store_job){.run = run_checkpoint, .on_done = on_checkpoint};
	*out = s;
	return 0;

fail:
	conn_close(&s->conn);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s);
	return err_wrap(err, "database %s", path);
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	assert(TAILQ_EMPTY(&s->waiting));
	if (s->under_way == NULL) {
		close_files(s);
	} else {
		assert(s->under_way == &s->checkpoint);
		s->closing = true;
	}
}

int64_t store_random(const struct store *s)
{
	return s->conn.random;
}

const unsigned char *store_secret(const struct store *s)
{
	return s->conn.secret;
}

/* ---- jobs ---- */

static void start_next(struct store *s);

static void on_worker(uv_work_t *work)
{
	struct store *s = work->data;
	struct store_job *job = s->under_way;

	job->rc = job->run(&s->conn, job, &job->err);
	store_rollback(&s->conn); /* a job that failed half-way leaves nothing behind */
}

static void want_checkpoint(struct store *s)
{
	if (s->conn.wal_pages < CHECKPOINT_PAGES || s->checkpoint_wanted)
		return;
	s->checkpoint_wanted = true;
	store_submit(s, &s->checkpoint);
}

static void on_worked(uv_work_t *work, int status)
{
	struct store *s = work->data;
	struct store_job *job = s->under_way;

	(void)status; /* never canceled */
	s->under_way = NULL;
	if (job != &s->checkpoint)
		want_checkpoint(s);
	start_next(s);
	job->on_done(job, job->rc); /* the owner may free job here, and close the store */
}

static void start_next(struct store *s)
{
	struct store_job *job = TAILQ_FIRST(&s->waiting);

	if (s->under_way != NULL || job == NULL)
		return;
	TAILQ_REMOVE(&s->waiting, job, entry);
	s->under_way = job;
	s->work.data = s;
	if (uv_queue_work(s->loop, &s->work, on_worker, on_worked) != 0)
		abort(); /* only for a missing callback */
}

void store_submit(struct store *s, struct store_job *job)
{
	job->err = (struct err){0};
	TAILQ_INSERT_TAIL(&s->waiting, job, entry);
	start_next(s);
}

void store_submit_first(struct store *s, struct store_job *job)
{
	job->err = (struct err){0};
	TAILQ_INSERT_HEAD(&s->waiting, job, entry);
	start_next(s);
}

int store_checkpoint(struct store_conn *c, struct err *err)
{
	int in_log, moved;

	if (sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log,
				      &moved) != SQLITE_OK)
		return conn_error(c, err);
	c->wal_pages = in_log - moved;
	return 0;
}
