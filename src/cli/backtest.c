/*
 *   backtest_run -> for each account: backtest_history_read -> backtest_play -> compare
 */
#include "cli/backtest.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/backtest_inside.h"
#include "query/accounts.h"

#define FIRST_ALERT_ID (INT64_C(1) << 60) /* behind those of the database */

const char *backtest_verdict_name(enum backtest_verdict verdict)
{
	static const char *const names[] = {"same", "not_told", "only_told",
					    "not_tested"};

	return names[verdict];
}

/* ---- against what was told ---- */

struct comparing {
	struct backtest *test;
	size_t n_would; /* rows that came of the simulation */
};

static struct backtest_row *find_would(const struct comparing *x, const char *key)
{
	for (size_t i = 0; i < x->n_would; i++)
		if (x->test->rows[i].fired_ms == 0 &&
		    strcmp(x->test->rows[i].key, key) == 0)
			return &x->test->rows[i];
	return NULL;
}

static void on_alert(struct alert *a, const char *account, void *arg)
{
	struct comparing *x = arg;
	struct backtest *b = x->test;
	struct backtest_row *row;
	char *key;

	if (a->fired_ms == 0 || a->fired_ms < b->since_ms || a->fired_ms >= b->until_ms)
		return;
	key = alert_key(account, a);
	row = find_would(x, key);
	if (row == NULL) {
		b->rows = mem_grow(b->rows, b->n_rows, &b->rows_cap, sizeof *b->rows);
		row = &b->rows[b->n_rows++];
		*row = (struct backtest_row){.key = mem_strdup(key), .kind = a->kind};
	}
	row->fired_ms = a->fired_ms;
	row->resolved_ms = a->resolved_ms;
	free(key);
}

static enum backtest_verdict verdict_of(const struct backtest_row *row)
{
	if (row->fired_ms == 0)
		return BACKTEST_NOT_TOLD;
	if (row->kind == ALERT_EMERGENCY_INVALID || row->kind == ALERT_SILENCE_OVER)
		return BACKTEST_NOT_TESTED;
	return row->would_fire_ms != 0 ? BACKTEST_SAME : BACKTEST_ONLY_TOLD;
}

static int by_key(const void *a, const void *b)
{
	const struct backtest_row *x = a, *y = b;
	int64_t from = x->fired_ms != 0 ? x->fired_ms : x->would_fire_ms;
	int64_t to = y->fired_ms != 0 ? y->fired_ms : y->would_fire_ms;
	int order = strcmp(x->key, y->key);

	return order != 0 ? order : from < to ? -1 : from > to;
}

static int compare(struct backtest *b, struct store_conn *c, struct err *err)
{
	struct comparing x = {b, b->n_rows};

	if (store_alerts_each(c, STORE_ALERTS_ALL, 0, on_alert, &x, err) != 0)
		return err->code;
	for (size_t i = 0; i < b->n_rows; i++)
		b->rows[i].verdict = verdict_of(&b->rows[i]);
	if (b->n_rows > 1)
		qsort(b->rows, b->n_rows, sizeof *b->rows, by_key);
	return 0;
}

/* ---- all accounts ---- */

static int run_account(struct backtest *b, struct store_conn *c,
		       const struct store_account *a, int64_t now_at_ms, struct err *err)
{
	struct history h = {.test = b,
			    .account = a,
			    .c = c,
			    .interval_ms = a->interval_ms > 0 ? a->interval_ms : 60000,
			    .next_alert_id = FIRST_ALERT_ID};
	int rc = backtest_history_read(&h, now_at_ms, err);

	if (rc == 0)
		backtest_play(&h);
	if (h.err.code != 0)
		*err = h.err;
	backtest_history_clear(&h);
	return err->code;
}

int backtest_run(struct backtest *b, struct store_conn *c, int64_t now_at_ms,
		 struct err *err)
{
	struct store_account *accounts;
	size_t n;
	int rc = store_accounts_uncounted(c, &accounts, &n, err);

	if (rc != 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = run_account(b, c, &accounts[i], now_at_ms, err);
	accounts_free(accounts, n);
	return rc == 0 ? compare(b, c, err) : rc;
}

void backtest_clear(struct backtest *b)
{
	for (size_t i = 0; i < b->n_rows; i++)
		free(b->rows[i].key);
	free(b->rows);
	b->rows = NULL;
	b->n_rows = 0;
}
