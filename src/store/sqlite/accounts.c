/* Rows of accounts. */
#include <stdlib.h>

#include "base/mem.h"
#include "store/sqlite/conn.h"

const char *store_account_state_name(enum account_state state)
{
	static const char *const names[] = {"new", "reachable", "unreachable"};

	return names[state];
}

const char *store_route_name(enum store_route route)
{
	return route == ROUTE_EXTENSIONS ? "extensions" : "account";
}

void store_account_clear(struct store_account *a)
{
	free(a->name);
	free(a->reason);
	free(a->detail);
	free(a->budget_scope);
	free(a->budget_group);
	*a = (struct store_account){0};
}

static void read_account(sqlite3_stmt *st, struct store_account *into)
{
	*into = (struct store_account){
		.account_id = sqlite3_column_int64(st, 0),
		.name = conn_text(st, 1),
		.state = (enum account_state)sqlite3_column_int(st, 2),
		.reason = conn_text(st, 3),
		.detail = conn_text(st, 4),
		.since_at_ms = sqlite3_column_int64(st, 5),
		.swept = sqlite3_column_int(st, 6) != 0,
		.whole_sent_at_ms = sqlite3_column_int64(st, 7),
		.last_sweep_at_ms = sqlite3_column_int64(st, 8),
		.last_page_at_ms = sqlite3_column_int64(st, 9),
		.shrunk_since_at_ms = sqlite3_column_int64(st, 10),
		.interval_ms = sqlite3_column_int64(st, 11),
		.route = (enum store_route)sqlite3_column_int(st, 18),
		.route_tried_at_ms = sqlite3_column_int64(st, 19),
		.swept_sent_at_ms = sqlite3_column_int64(st, 20),
		.pages_unchanged = sqlite3_column_int64(st, 12),
		.records_unchanged = sqlite3_column_int64(st, 13),
		.records_parsed = sqlite3_column_int64(st, 14),
		.records_bad = sqlite3_column_int64(st, 15),
		.budget_scope = conn_text(st, 16),
		.budget_group = conn_text(st, 17),
	};
}

int store_account_load(struct store_conn *c, const char *name, struct store_account *into,
		       struct err *err)
{
	sqlite3_stmt *st;

	if (conn_run(c, conn_bind(c, STMT_ACCOUNT_ADD, err, "t", name), err) != 0)
		return err->code;
	st = conn_bind(c, STMT_ACCOUNT_LOAD, err, "t", name);
	if (st == NULL || conn_step(c, st, err) != 1)
		return err->code != 0
			       ? err->code
			       : err_set(err, ERR_STORE, "account %s: no row", name);
	read_account(st, into);
	return conn_run(c, st, err);
}

int store_account_save(struct store_conn *c, const struct store_account *a,
		       struct err *err)
{
	return conn_run(
		c,
		conn_bind(c, STMT_ACCOUNT_SAVE, err, "ittzizzzziiiiittizzi",
			  (int64_t)a->state, a->reason, a->detail, a->since_at_ms,
			  (int64_t)a->swept, a->whole_sent_at_ms, a->last_sweep_at_ms,
			  a->last_page_at_ms, a->shrunk_since_at_ms, a->interval_ms,
			  a->pages_unchanged, a->records_unchanged, a->records_parsed,
			  a->records_bad, a->budget_scope, a->budget_group,
			  (int64_t)a->route, a->route_tried_at_ms, a->swept_sent_at_ms,
			  a->account_id),
		err);
}

int store_account_count(struct store_conn *c, struct store_account *a, struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_ACCOUNT_COUNT, err, "ii", a->account_id,
				     a->last_page_at_ms - store_gap_ms(a->interval_ms));

	if (st == NULL || conn_step(c, st, err) != 1)
		return err->code;
	a->n_devices = sqlite3_column_int64(st, 0);
	a->n_online = sqlite3_column_int64(st, 1);
	a->n_offline = sqlite3_column_int64(st, 2);
	return conn_run(c, st, err);
}

static void clear_accounts(struct store_account *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		store_account_clear(&all[i]);
	free(all);
}

int store_accounts_uncounted(struct store_conn *c, struct store_account **out, size_t *n,
			     struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_ACCOUNTS, err, "");
	struct store_account *all = NULL;
	size_t count = 0, cap = 0;
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		all = mem_grow(all, count, &cap, sizeof *all);
		read_account(st, &all[count++]);
	}
	if (rc != 0) {
		clear_accounts(all, count);
		return rc;
	}
	*out = all;
	*n = count;
	return 0;
}

int store_accounts(struct store_conn *c, struct store_account **out, size_t *n,
		   struct err *err)
{
	struct store_account *all;
	size_t count;
	int rc = store_accounts_uncounted(c, &all, &count, err);

	if (rc != 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = store_account_count(c, &all[i], err);
	if (rc != 0) {
		clear_accounts(all, count);
		return rc;
	}
	*out = all;
	*n = count;
	return 0;
}
