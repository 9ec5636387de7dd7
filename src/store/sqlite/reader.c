/* A reader of its own, without the right to write. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/lock.h"

#define BUSY_MS 2000
/* Of the log, before its first page (sqlite.org/fileformat2.html, section 4.1). */
#define LOG_HEAD_BYTES 32

/* Nobody writes it and its log holds nothing: only then may SQLite be told that it does not
 * change. Else it would miss what stands in the log, or what is written while it reads.
 * With the head of a log alone, as a kill behind its first write leaves it, SQLite without the right to
 * write tries for ten seconds and gives up: "locking protocol" (seen with 3.40). */
static bool is_at_rest(const char *path)
{
	char *wal = mem_printf("%s-wal", path);
	struct stat st;
	bool empty = stat(wal, &st) != 0 || st.st_size <= LOG_HEAD_BYTES;

	free(wal);
	return empty && !lock_is_held(path);
}

/* A file name as part of a URI (sqlite.org/uri.html). */
static char *encode_path(const char *path)
{
	char *out = mem_alloc(3 * strlen(path) + 1), *p = out;

	for (; *path != '\0'; path++) {
		if (*path == '?' || *path == '#' || *path == '%')
			p += sprintf(p, "%%%02x", (unsigned char)*path);
		else
			*p++ = *path;
	}
	*p = '\0';
	return out;
}

/* What is to be opened; sqlite3_free() frees it. */
static char *uri_of(const struct store_conn *c)
{
	char *path = encode_path(c->path), *uri;

	/* readonly_shm: never make or change a file, whatever the user's rights. */
	uri = sqlite3_mprintf("file:%s?mode=ro&readonly_shm=1%s", path,
			      c->immutable ? "&immutable=1" : "");
	free(path);
	return uri;
}

static int open_file(struct store_conn *c, struct err *err)
{
	char *uri;
	int rc;

	c->immutable = is_at_rest(c->path);
	uri = uri_of(c);
	rc = sqlite3_open_v2(uri, &c->db,
			     SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
			     NULL);
	sqlite3_free(uri);
	if (rc != SQLITE_OK)
		return conn_error(c, err);
	sqlite3_extended_result_codes(c->db, 1);
	sqlite3_busy_timeout(c->db, BUSY_MS);
	return 0;
}

int reader_check(const char *path, struct err *err)
{
	struct store_conn c = {.path = (char *)path};
	int rc = open_file(&c, err), why;

	if (rc == 0)
		rc = migrate_is_possible(&c, err);
	why = sqlite3_errcode(c.db) & 0xff;
	conn_close(&c);
	/* A log left by a crash may need the right to write before it can be read. */
	if (rc != 0 &&
	    (why == SQLITE_CANTOPEN || why == SQLITE_READONLY || why == SQLITE_PROTOCOL))
		return 0;
	return rc;
}

static int read_random(struct store_conn *c, struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_META, err, "");

	if (st == NULL || conn_step(c, st, err) != 1)
		return err->code != 0 ? err->code
				      : err_set(err, ERR_STORE, "no meta row");
	c->random = sqlite3_column_int64(st, 0);
	return conn_run(c, st, err);
}

/* A log without its index, as a copy of two files of the three has it: the index would have to
 * be made first. */
static void explain(const struct store_conn *c, struct err *err)
{
	char *index = mem_printf("%s-shm", c->path);

	if (c->db != NULL && (sqlite3_errcode(c->db) & 0xff) == SQLITE_CANTOPEN &&
	    access(index, F_OK) != 0)
		err_set(err, ERR_STORE,
			"its log (%s-wal) has not been taken in; start phonewatchd once",
			c->path);
	free(index);
}

static int check_file(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_set(err, ERR_STORE, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_STORE, "not a file");
	if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
		return err_set(err, ERR_STORE, "%s", strerror(errno));
	return 0;
}

int store_open_reader(const char *path, struct store_conn **out, struct err *err)
{
	struct store_conn *c = mem_zalloc(sizeof *c);

	c->path = mem_strdup(path);
	if (check_file(path, err) == 0 && open_file(c, err) == 0 &&
	    migrate_check(c, err) == 0 && read_random(c, err) == 0) {
		*out = c;
		return 0;
	}
	explain(c, err);
	store_close_reader(c);
	return err_wrap(err, "database %s", path);
}

void store_close_reader(struct store_conn *c)
{
	if (c == NULL)
		return;
	conn_close(c);
	free(c->path);
	free(c);
}

/* A daemon has come to a database at rest, or another file has taken the place of ours. */
static bool is_outdated(struct store_conn *c)
{
	int moved = 0;

	if (c->db == NULL || (c->immutable && !is_at_rest(c->path)))
		return true;
	sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved != 0;
}

int store_reader_version(struct store_conn *c, int64_t *version, struct err *err)
{
	sqlite3_stmt *st;

	if (is_outdated(c)) {
		conn_close(c);
		if (open_file(c, err) != 0 || migrate_check(c, err) != 0 ||
		    read_random(c, err) != 0) {
			conn_close(c);
			return err->code;
		}
		c->reopened++;
	}
	st = conn_bind(c, STMT_DATA_VERSION, err, "");
	if (st == NULL || conn_step(c, st, err) != 1)
		return err->code;
	*version = sqlite3_column_int64(st, 0) + (c->reopened << 32);
	return conn_run(c, st, err);
}

int64_t store_reader_random(const struct store_conn *c)
{
	return c->random;
}

bool store_reader_has_daemon(const struct store_conn *c)
{
	return lock_is_held(c->path);
}

int store_probe(const char *path, struct err *err)
{
	return reader_check(path, err) != 0 ? err_wrap(err, "database %s", path) : 0;
}
