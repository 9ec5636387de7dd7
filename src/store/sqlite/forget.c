/* Forgetting what is old, a few hundred rows at a time: the writer has other work. */
#include "base/clock.h"
#include "store/sqlite/conn.h"

/* Rows or sequences between two looks at the clock: a millisecond, or some where the disk is slow or
 * others want the processor. */
#define CHUNK  100
#define CHUNKS 5 /* a transaction */

enum stage { STAGE_DELIVERIES, STAGE_EVENTS, STAGE_ALERTS, STAGE_SPANS, STAGE_END };

static int delete_rows(struct store_conn *c, sqlite3_stmt *st, struct store_forget *f,
		       int64_t *n, struct err *err)
{
	if (conn_run(c, st, err) != 0)
		return err->code;
	*n = sqlite3_changes64(c->db);
	f->n_forgotten += *n;
	return 0;
}

static void next_stage(struct store_forget *f)
{
	f->stage++;
	f->at = 0;
}

/* The next event from *sequence on: 0 where there is none. */
static int next_event(struct store_conn *c, int64_t *sequence, int64_t *at_ms,
		      struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_EVENT_NEXT, err, "i", *sequence);
	int rc = st != NULL ? conn_step(c, st, err) : err->code;

	*sequence = rc == 1 ? sqlite3_column_int64(st, 0) : 0;
	*at_ms = rc == 1 ? sqlite3_column_int64(st, 1) : 0;
	return rc == 1 ? conn_run(c, st, err) : rc;
}

/* Whether there is something to look at from f->at on; then it begins there. It ends with the first
 * event that is not old: those behind it are younger, but where a clock was set, and these come
 * another time. */
static int find_old(struct store_conn *c, struct store_forget *f, enum stmt first,
		    int64_t before_ms, bool *found, struct err *err)
{
	int64_t at_ms;

	*found = false;
	if (f->at == 0 && conn_number(c, conn_bind(c, first, err, ""), &f->at, err) != 0)
		return err->code;
	if (before_ms == 0 || f->at == 0)
		return 0;
	if (next_event(c, &f->at, &at_ms, err) != 0)
		return err->code;
	*found = f->at != 0 && at_ms < before_ms;
	return 0;
}

/* Those of the next sequences that ended before. */
static int forget_told(struct store_conn *c, struct store_forget *f, int64_t before_ms,
		       struct err *err)
{
	int64_t n, until = f->at + CHUNK;

	if (delete_rows(c,
			conn_bind(c, STMT_FORGET_DELIVERIES, err, "iii", f->at, until,
				  before_ms),
			f, &n, err) != 0)
		return err->code;
	return delete_rows(c, conn_bind(c, STMT_FORGET_TROUBLE, err, "ii", f->at, until),
			   f, &n, err);
}

static int forget_deliveries(struct store_conn *c, struct store_forget *f,
			     struct err *err)
{
	bool found;

	if (find_old(c, f, STMT_FIRST_DELIVERY, f->deliveries_before_ms, &found, err) !=
	    0)
		return err->code;
	if (!found) {
		next_stage(f);
		return 0;
	}
	if (forget_told(c, f, f->deliveries_before_ms, err) != 0)
		return err->code;
	f->at += CHUNK;
	return 0;
}

/* With what was told of them; what is still owed stays, and its event. */
static int forget_events(struct store_conn *c, struct store_forget *f, struct err *err)
{
	int64_t n;
	bool found;

	if (find_old(c, f, STMT_FIRST_EVENT, f->events_before_ms, &found, err) != 0)
		return err->code;
	if (!found) {
		next_stage(f);
		return 0;
	}
	if (forget_told(c, f, f->events_before_ms, err) != 0 ||
	    delete_rows(c,
			conn_bind(c, STMT_FORGET_EVENTS, err, "iii", f->at, f->at + CHUNK,
				  f->events_before_ms),
			f, &n, err) != 0)
		return err->code;
	f->at += CHUNK;
	return 0;
}

/* And silences. */
static int forget_alerts(struct store_conn *c, struct store_forget *f, struct err *err)
{
	int64_t n_alerts = 0, n_silences = 0;

	if (delete_rows(c,
			conn_bind(c, STMT_FORGET_ALERTS, err, "ii", f->events_before_ms,
				  (int64_t)CHUNK),
			f, &n_alerts, err) != 0 ||
	    delete_rows(c,
			conn_bind(c, STMT_FORGET_SILENCES, err, "ii", f->events_before_ms,
				  (int64_t)CHUNK),
			f, &n_silences, err) != 0)
		return err->code;
	if (n_alerts < CHUNK && n_silences < CHUNK)
		next_stage(f);
	return 0;
}

static int forget_device(struct store_conn *c, struct store_forget *f, int64_t device_id,
			 int64_t *n, struct err *err)
{
	int64_t n_rest;

	if (delete_rows(c,
			conn_bind(c, STMT_FORGET_SPANS, err, "iii", device_id,
				  f->spans_before_ms, (int64_t)CHUNK),
			f, n, err) != 0 ||
	    delete_rows(c, conn_bind(c, STMT_FORGET_GAPS, err, "i", device_id), f,
			&n_rest, err) != 0)
		return err->code;
	if (f->days_before_ms == 0)
		return 0;
	return delete_rows(
		c,
		conn_bind(c, STMT_FORGET_DAYS, err, "ii", device_id, f->days_before_ms),
		f, &n_rest, err);
}

static int next_device(struct store_conn *c, int64_t *device_id, struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_DEVICE_NEXT, err, "i", *device_id);
	int rc = st != NULL ? conn_step(c, st, err) : err->code;

	*device_id = rc == 1 ? sqlite3_column_int64(st, 0) : 0;
	return rc == 1 ? conn_run(c, st, err) : rc;
}

static int forget_spans(struct store_conn *c, struct store_forget *f, struct err *err)
{
	for (int64_t looked = 0, n = 0; looked < CHUNK; looked += 10 + n) {
		int64_t device_id = f->at;

		if (next_device(c, &device_id, err) != 0)
			return err->code;
		if (device_id == 0 ||
		    (f->spans_before_ms == 0 && f->days_before_ms == 0)) {
			next_stage(f);
			return 0;
		}
		if (forget_device(c, f, device_id, &n, err) != 0)
			return err->code;
		if (n < CHUNK) /* else it has more */
			f->at = device_id;
	}
	return 0;
}

/* Of one stage as much as there is time for, and a chunk whatever that takes. */
static int forget_chunks(struct store_conn *c, struct store_forget *f, struct err *err)
{
	int (*const stages[])(struct store_conn *, struct store_forget *,
			      struct err *) = {
		[STAGE_DELIVERIES] = forget_deliveries,
		[STAGE_EVENTS] = forget_events,
		[STAGE_ALERTS] = forget_alerts,
		[STAGE_SPANS] = forget_spans,
	};
	int64_t begun_ms = clock_mono_ms();
	int stage = f->stage;

	for (int n = 0; n < CHUNKS && f->stage == stage; n++) {
		if (stages[stage](c, f, err) != 0)
			return err->code;
		if (clock_mono_ms() - begun_ms >= f->most_ms)
			break;
	}
	return 0;
}

int store_forget_some(struct store_conn *c, struct store_forget *f, struct err *err)
{
	struct store_forget before = *f;

	if (f->stage == STAGE_END)
		return 0;
	if (store_begin(c, err) == 0 && forget_chunks(c, f, err) == 0 &&
	    store_commit(c, err) == 0)
		return f->stage != STAGE_END;
	*f = before;
	return err->code;
}
