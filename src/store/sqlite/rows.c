/* Transactions; and the small rows: extensions and budgets. */
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/conn.h"

/* Else we would go on writing, for nobody, to a file that has no name any more. */
static int check_place(struct store_conn *c, struct err *err)
{
	int moved = 0;

	if (sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) ==
		    SQLITE_OK &&
	    moved)
		return err_set(err, ERR_STORE,
			       "its file was deleted or moved; put it back, or restart"
			       " phonewatchd to begin a new one");
	return 0;
}

int store_begin(struct store_conn *c, struct err *err)
{
	if (check_place(c, err) != 0)
		return err->code;
	return conn_run(c, conn_bind(c, STMT_BEGIN, err, ""), err);
}

int store_commit(struct store_conn *c, struct err *err)
{
	return conn_run(c, conn_bind(c, STMT_COMMIT, err, ""), err);
}

void store_rollback(struct store_conn *c)
{
	struct err err; /* why we roll back has been told already */

	if (!sqlite3_get_autocommit(c->db))
		conn_run(c, conn_bind(c, STMT_ROLLBACK, &err, ""), &err);
}

int store_begin_read(struct store_conn *c, struct err *err)
{
	return conn_run(c, conn_bind(c, STMT_BEGIN_READ, err, ""), err);
}

void store_end_read(struct store_conn *c)
{
	store_rollback(c);
}

/* ---- extensions ---- */

int store_extensions_each(struct store_conn *c, int64_t account_id,
			  void (*each)(const struct extension *x, void *arg), void *arg,
			  struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_EXTENSIONS, err, "i", account_id);
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		struct extension x = {conn_text(st, 0), conn_text(st, 1)};

		each(&x, arg);
		free(x.id);
		free(x.name);
	}
	return rc;
}

int store_extension_save(struct store_conn *c, int64_t account_id,
			 const struct extension *x, struct err *err)
{
	return conn_run(
		c,
		conn_bind(c, STMT_EXTENSION_SAVE, err, "itt", account_id, x->id, x->name),
		err);
}

int store_extension_remove(struct store_conn *c, int64_t account_id, const char *id,
			   struct err *err)
{
	return conn_run(c, conn_bind(c, STMT_EXTENSION_REMOVE, err, "it", account_id, id),
			err);
}

/* ---- budgets ---- */

static void read_budget(sqlite3_stmt *st, struct store_budget *into)
{
	size_t bytes = (size_t)sqlite3_column_bytes(st, 7);

	*into = (struct store_budget){
		.limit = sqlite3_column_int64(st, 2),
		.window_ms = sqlite3_column_int64(st, 3),
		.remaining = sqlite3_column_int64(st, 4),
		.told_at_ms = sqlite3_column_int64(st, 5),
		.blocked_until_ms = sqlite3_column_int64(st, 6),
		.kinds = sqlite3_column_int64(st, 8),
		.blocked_at_ms = sqlite3_column_int64(st, 9),
	};
	sqlite3_snprintf(sizeof into->scope, into->scope, "%s",
			 sqlite3_column_text(st, 0));
	sqlite3_snprintf(sizeof into->group, into->group, "%s",
			 sqlite3_column_text(st, 1));
	if (bytes > sizeof into->slots)
		bytes = sizeof into->slots;
	into->n_slots = bytes / sizeof *into->slots;
	if (bytes > 0)
		memcpy(into->slots, sqlite3_column_blob(st, 7), bytes);
}

int store_budgets_each(struct store_conn *c,
		       void (*each)(const struct store_budget *b, void *arg), void *arg,
		       struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_BUDGETS, err, "");
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		struct store_budget b;

		read_budget(st, &b);
		each(&b, arg);
	}
	return rc;
}

int store_budget_load(struct store_conn *c, const char *scope, const char *group,
		      struct store_budget *into, bool *found, struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_BUDGET_LOAD, err, "tt", scope, group);
	int rc = st != NULL ? conn_step(c, st, err) : err->code;

	*found = rc == 1;
	if (rc != 1)
		return rc;
	read_budget(st, into);
	return conn_run(c, st, err);
}

int store_budget_save(struct store_conn *c, const struct store_budget *b, struct err *err)
{
	return conn_run(c,
			conn_bind(c, STMT_BUDGET_SAVE, err, "ttiiizzbiz", b->scope,
				  b->group, b->limit, b->window_ms, b->remaining,
				  b->told_at_ms, b->blocked_until_ms,
				  b->n_slots > 0 ? b->slots : NULL,
				  (int)(b->n_slots * sizeof *b->slots), b->kinds,
				  b->blocked_at_ms),
			err);
}

int store_budgets_cut(struct store_conn *c, int64_t now_at_ms, struct err *err)
{
	return conn_run(c, conn_bind(c, STMT_BUDGETS_CUT, err, "i", now_at_ms), err);
}
