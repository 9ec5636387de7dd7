/* What is owed to sinks, and how that ended.
 *
 * A row of outbox goes when its delivery ends, and one of delivery comes, which is as small as can
 * be: it stays for weeks, and there is one for each event and sink. What it does not say is in
 * trouble: who has no row there was told at the first attempt. */
#include <stdlib.h>

#include "base/mem.h"
#include "store/sqlite/conn.h"

/* ---- sinks ---- */

const char *store_delivery_state_name(enum delivery_state state)
{
	static const char *const names[] = {"pending", "delivered", "dead", "canceled"};

	return names[state];
}

int store_sink_load(struct store_conn *c, const char *name, int64_t *sink_id,
		    struct err *err)
{
	if (conn_run(c, conn_bind(c, STMT_SINK_ADD, err, "t", name), err) != 0)
		return err->code;
	return conn_number(c, conn_bind(c, STMT_SINK_LOAD, err, "t", name), sink_id, err);
}

static bool is_among(int64_t id, const int64_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* All that is owed to the sink. */
static int cancel(struct store_conn *c, int64_t sink_id, int64_t now_at_ms,
		  struct err *err)
{
	if (conn_run(c, conn_bind(c, STMT_CANCEL_DELIVERY, err, "ii", sink_id, now_at_ms),
		     err) != 0 ||
	    conn_run(c, conn_bind(c, STMT_CANCEL_TROUBLE, err, "i", sink_id), err) != 0)
		return err->code;
	return conn_run(c, conn_bind(c, STMT_CANCEL_OUTBOX, err, "i", sink_id), err);
}

int store_outbox_cancel_others(struct store_conn *c, const int64_t *sink_ids,
			       size_t n_sinks, int64_t now_at_ms, int64_t *n_canceled,
			       struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_OUTBOX_SINKS, err, "");
	int64_t *gone = NULL;
	size_t n = 0, cap = 0;
	int rc = st != NULL ? 1 : err->code;

	*n_canceled = 0;
	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		int64_t id = sqlite3_column_int64(st, 0);

		if (is_among(id, sink_ids, n_sinks))
			continue;
		gone = mem_grow(gone, n, &cap, sizeof *gone);
		gone[n++] = id;
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = cancel(c, gone[i], now_at_ms, err);
		*n_canceled += sqlite3_changes64(c->db);
	}
	free(gone);
	return rc;
}

static void read_delivery(sqlite3_stmt *st, int n, struct store_delivery *into)
{
	*into = (struct store_delivery){
		.state = (enum delivery_state)sqlite3_column_int(st, n),
		.attempts = sqlite3_column_int(st, n + 1),
		.first_at_ms = sqlite3_column_int64(st, n + 2),
		.next_at_ms = sqlite3_column_int64(st, n + 3),
		.ended_at_ms = sqlite3_column_int64(st, n + 4),
		.code = sqlite3_column_int(st, n + 5),
		.error = conn_text(st, n + 6),
	};
}

int store_outbox_each(struct store_conn *c, int64_t sink_id, int64_t after, int64_t max,
		      void (*each)(const struct store_delivery *d, const struct event *ev,
				   void *arg),
		      void *arg, struct err *err)
{
	sqlite3_stmt *st =
		conn_bind(c, STMT_OUTBOX_OWED, err, "iii", sink_id, after, max);
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		struct store_delivery d;
		struct event ev;

		read_delivery(st, 0, &d);
		conn_read_event(c, st, 7, &ev);
		d.sequence = ev.sequence;
		each(&d, &ev, arg);
		event_clear(&ev);
		free(d.error);
	}
	return rc;
}

int store_owed_after(struct store_conn *c, enum store_owed which, int64_t sequence,
		     int64_t sink_id, int64_t max,
		     void (*each)(const struct store_owed_event *o, void *arg), void *arg,
		     struct err *err)
{
	sqlite3_stmt *st = conn_bind(
		c, which == STORE_OWED_FAILED ? STMT_FAILED_AFTER : STMT_OWED_AFTER, err,
		"iii", sequence, sink_id, max);
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		char id[EVENT_ID_BYTES];
		struct store_owed_event o = {
			.sink_id = sqlite3_column_int64(st, 7),
			.sink = (const char *)sqlite3_column_text(st, 8),
			.event_id = id,
		};

		read_delivery(st, 0, &o.delivery);
		o.delivery.sequence = sqlite3_column_int64(st, 9);
		event_id(id, sqlite3_column_int64(st, 10), c->random,
			 o.delivery.sequence);
		each(&o, arg);
		free(o.delivery.error);
	}
	return rc;
}

int store_sinks_answered(struct store_conn *c, int code,
			 void (*each)(int64_t sink_id, const char *sink,
				      int64_t n_pending, void *arg),
			 void *arg, struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_OUTBOX_ANSWERED, err, "i", (int64_t)code);
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1)
		each(sqlite3_column_int64(st, 0),
		     (const char *)sqlite3_column_text(st, 1),
		     sqlite3_column_int64(st, 2), arg);
	return rc;
}

int store_outbox_lately(struct store_conn *c, int64_t sink_id, int64_t since_at_ms,
			int64_t *at_ms, size_t max, size_t *n, struct err *err)
{
	sqlite3_stmt *st =
		conn_bind(c, STMT_OUTBOX_LATELY, err, "iiii", sink_id, since_at_ms,
			  (int64_t)max, (int64_t)STORE_LATELY_MAX);
	int rc = st != NULL ? 1 : err->code;

	*n = 0;
	while (rc == 1 && (rc = conn_step(c, st, err)) == 1)
		at_ms[(*n)++] = sqlite3_column_int64(st, 0);
	return rc;
}

static int save_pending(struct store_conn *c, int64_t sink_id,
			const struct store_delivery *d, struct err *err)
{
	return conn_run(c,
			conn_bind(c, STMT_OUTBOX_SAVE, err, "iiizzzt", sink_id,
				  d->sequence, (int64_t)d->attempts, d->first_at_ms,
				  d->next_at_ms, (int64_t)d->code, d->error),
			err);
}

static int save_trouble(struct store_conn *c, int64_t sink_id,
			const struct store_delivery *d, struct err *err)
{
	return conn_run(c,
			conn_bind(c, STMT_TROUBLE_SAVE, err, "iiiit", sink_id,
				  d->sequence, (int64_t)d->state, (int64_t)d->attempts,
				  d->error),
			err);
}

int store_outbox_save(struct store_conn *c, int64_t sink_id,
		      const struct store_delivery *d, struct err *err)
{
	if (d->state == DELIVERY_PENDING)
		return save_pending(c, sink_id, d, err);
	if (conn_run(c, conn_bind(c, STMT_OUTBOX_REMOVE, err, "ii", sink_id, d->sequence),
		     err) != 0)
		return err->code;
	/* It was canceled while it was told. */
	if (sqlite3_changes64(c->db) == 0 &&
	    conn_run(c,
		     conn_bind(c, STMT_TROUBLE_REMOVE, err, "ii", sink_id, d->sequence),
		     err) != 0)
		return err->code;
	if (conn_run(c,
		     conn_bind(c, STMT_DELIVERY_SAVE, err, "iiiz", sink_id, d->sequence,
			       d->ended_at_ms, (int64_t)d->code),
		     err) != 0)
		return err->code;
	if (d->state == DELIVERY_DELIVERED && d->attempts == 1 && d->error == NULL)
		return 0;
	return save_trouble(c, sink_id, d, err);
}

int store_outbox_again(struct store_conn *c, int64_t sink_id, int64_t sequence,
		       bool *was_owed, struct err *err)
{
	static const enum stmt removes[] = {STMT_TROUBLE_REMOVE, STMT_DELIVERY_REMOVE};

	if (conn_run(c, conn_bind(c, STMT_OUTBOX_AGAIN, err, "ii", sink_id, sequence),
		     err) != 0)
		return err->code;
	*was_owed = sqlite3_changes64(c->db) == 0;
	for (size_t i = 0; !*was_owed && i < COUNT(removes); i++)
		if (conn_run(c, conn_bind(c, removes[i], err, "ii", sink_id, sequence),
			     err) != 0)
			return err->code;
	return 0;
}
