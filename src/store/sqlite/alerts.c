/* Alerts: rows that live as long as what they are about, and are kept a while as what was. */
#include <stdlib.h>

#include "base/mem.h"
#include "store/sqlite/conn.h"

static int add(struct store_conn *c, int64_t account_id, struct alert *a, struct err *err)
{
	if (conn_run(c,
		     conn_bind(c, STMT_ALERT_ADD, err, "iiitzizzzztttizzzzizz",
			       account_id, (int64_t)a->kind, (int64_t)a->state,
			       a->subject, a->device_id, a->since_ms, a->over_ms,
			       a->fired_ms, a->resolved_ms, (int64_t)a->end, a->why,
			       a->rule, a->name, a->count, a->absorbed_by,
			       a->fired_sequence, a->resolved_sequence, a->told_ms,
			       a->repeats, a->silenced_by, a->hold_ms),
		     err) != 0)
		return err->code;
	a->alert_id = sqlite3_last_insert_rowid(c->db);
	return 0;
}

int store_alert_save(struct store_conn *c, int64_t account_id, struct alert *a,
		     struct err *err)
{
	if (a->alert_id == 0)
		return add(c, account_id, a, err);
	return conn_run(c,
			conn_bind(c, STMT_ALERT_SAVE, err, "iizzzzttizzzzizzi",
				  (int64_t)a->state, a->since_ms, a->over_ms, a->fired_ms,
				  a->resolved_ms, (int64_t)a->end, a->why, a->name,
				  a->count, a->absorbed_by, a->fired_sequence,
				  a->resolved_sequence, a->told_ms, a->repeats,
				  a->silenced_by, a->hold_ms, a->alert_id),
			err);
}

int store_alert_forget(struct store_conn *c, int64_t alert_id, struct err *err)
{
	return conn_run(c, conn_bind(c, STMT_ALERT_FORGET, err, "i", alert_id), err);
}

static void read_alert(sqlite3_stmt *st, struct alert *into)
{
	*into = (struct alert){
		.alert_id = sqlite3_column_int64(st, 0),
		.kind = (enum alert_kind)sqlite3_column_int(st, 2),
		.state = (enum alert_state)sqlite3_column_int(st, 3),
		.subject = conn_text(st, 4),
		.device_id = sqlite3_column_int64(st, 5),
		.since_ms = sqlite3_column_int64(st, 6),
		.over_ms = sqlite3_column_int64(st, 7),
		.fired_ms = sqlite3_column_int64(st, 8),
		.resolved_ms = sqlite3_column_int64(st, 9),
		.end = (enum alert_end)sqlite3_column_int(st, 10),
		.why = conn_text(st, 11),
		.rule = conn_text(st, 12),
		.name = conn_text(st, 13),
		.count = sqlite3_column_int64(st, 14),
		.absorbed_by = sqlite3_column_int64(st, 15),
		.fired_sequence = sqlite3_column_int64(st, 16),
		.resolved_sequence = sqlite3_column_int64(st, 17),
		.told_ms = sqlite3_column_int64(st, 18),
		.repeats = sqlite3_column_int64(st, 19),
		.silenced_by = sqlite3_column_int64(st, 20),
		.hold_ms = sqlite3_column_int64(st, 21),
	};
}

int store_alerts_each(struct store_conn *c, enum store_alerts which, int64_t account_id,
		      void (*each)(struct alert *a, const char *account, void *arg),
		      void *arg, struct err *err)
{
	sqlite3_stmt *st = conn_bind(
		c, which == STORE_ALERTS_ALL ? STMT_ALERTS_ALL : STMT_ALERTS_LIVE, err,
		"i", account_id);
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		struct alert a;

		read_alert(st, &a);
		each(&a, (const char *)sqlite3_column_text(st, 1), arg);
		alert_clear(&a);
	}
	return rc;
}

int store_event_sinks(struct store_conn *c, int64_t sequence, int64_t *sink_ids,
		      size_t max, size_t *n, struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_EVENT_SINKS, err, "i", sequence);
	int rc = st != NULL ? 1 : err->code;

	*n = 0;
	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		if (*n < max)
			sink_ids[(*n)++] = sqlite3_column_int64(st, 0);
	}
	return rc;
}
