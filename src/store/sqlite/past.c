/* What was: spans and gaps. A span is written where a device's state is saved, and a gap where it
 * is over, so that nobody who changes a state can forget its past. */
#include <stdlib.h>

#include "base/mem.h"
#include "store/sqlite/conn.h"

#define FIRST_INTERVAL_MS 60000 /* until the effective one is known */

int64_t store_gap_ms(int64_t interval_ms)
{
	return STORE_GAP_INTERVALS * (interval_ms > 0 ? interval_ms : FIRST_INTERVAL_MS);
}

bool store_is_gap(int64_t interval_ms, int64_t from_ms, int64_t to_ms)
{
	return to_ms - from_ms > store_gap_ms(interval_ms);
}

/* ---- writing ---- */

/* A device's row before it changes. */
struct before {
	bool stored;
	enum device_status status;
	int64_t observed_at_ms, seen_at_ms;
	bool lapsed;
	int missed;
	bool removed;
	int64_t account_id, interval_ms;
};

/* What becomes of it. */
struct after {
	bool lapsed;
	int missed;
	bool removed;
	int64_t shown_at_ms;
};

static int load_before(struct store_conn *c, int64_t device_id, struct before *into,
		       struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_STATE_BEFORE, err, "i", device_id);
	int rc = st != NULL ? conn_step(c, st, err) : err->code;

	*into = (struct before){0};
	if (rc != 1)
		return rc;
	*into = (struct before){
		.stored = true,
		.status = (enum device_status)sqlite3_column_int(st, 0),
		.observed_at_ms = sqlite3_column_int64(st, 1),
		.seen_at_ms = sqlite3_column_int64(st, 2),
		.lapsed = sqlite3_column_int(st, 3) != 0,
		.missed = sqlite3_column_int(st, 4),
		.removed = sqlite3_column_type(st, 5) != SQLITE_NULL,
		.account_id = sqlite3_column_int64(st, 6),
		.interval_ms = sqlite3_column_int64(st, 7),
	};
	return conn_run(c, st, err);
}

static int add_span(struct store_conn *c, int64_t device_id, int64_t from_ms,
		    int64_t not_before_ms, enum store_span_state state, struct err *err)
{
	int64_t least_ms = not_before_ms < from_ms ? not_before_ms : from_ms;

	if (days_void(c, 0, device_id, least_ms, err) != 0)
		return err->code;
	return conn_run(c,
			conn_bind(c, STMT_SPAN_ADD, err, "iiii", device_id, from_ms,
				  not_before_ms, (int64_t)state),
			err);
}

static int add_gap(struct store_conn *c, int64_t account_id, int64_t device_id,
		   const struct store_gap *gap, struct err *err)
{
	if (days_void(c, account_id, device_id, gap->from_ms, err) != 0)
		return err->code;
	return conn_run(c,
			conn_bind(c, STMT_GAP_ADD, err, "iiiii", account_id, device_id,
				  gap->from_ms, gap->to_ms, (int64_t)gap->why),
			err);
}

/* Since when the device has not been seen as it is stored. */
static int64_t unseen_since(const struct before *b)
{
	return b->seen_at_ms > b->observed_at_ms ? b->seen_at_ms : b->observed_at_ms;
}

/* It is over where the device is seen again or removed; and where one that was not listed is so
 * again, and cannot be read. */
static bool ends_gap(const struct before *b, const struct after *a)
{
	return b->lapsed && !b->removed &&
	       (!a->lapsed || a->removed || (b->missed > 0 && a->missed == 0));
}

static int end_gap(struct store_conn *c, int64_t device_id, const struct before *b,
		   const struct after *a, struct err *err)
{
	const struct store_gap gap = {
		.from_ms = unseen_since(b),
		.to_ms = a->shown_at_ms,
		.why = b->missed > 0 ? GAP_NOT_LISTED : GAP_UNOBSERVED,
	};

	/* One that was never read is unobserved from the first. */
	if (!ends_gap(b, a) || (gap.why == GAP_UNOBSERVED && b->seen_at_ms != 0 &&
				!store_is_gap(b->interval_ms, b->seen_at_ms, gap.to_ms)))
		return 0;
	return add_gap(c, b->account_id, device_id, &gap, err);
}

int past_of_device(struct store_conn *c, const struct store_device *d, struct err *err)
{
	struct before b;
	struct after a = {d->lapsed, d->missed, d->removed_at_ms != 0, d->shown_at_ms};

	if (a.shown_at_ms == 0)
		a.shown_at_ms = d->seen_at_ms > d->observed_at_ms ? d->seen_at_ms
								  : d->observed_at_ms;
	if (load_before(c, d->device_id, &b, err) != 0 ||
	    end_gap(c, d->device_id, &b, &a, err) != 0)
		return err->code;
	if (a.removed)
		return b.removed ? 0
				 : add_span(c, d->device_id, d->removed_at_ms,
					    d->seen_at_ms, SPAN_GONE, err);
	if (b.stored && !b.removed && b.status == d->status)
		return 0;
	if (!b.stored && d->absent_since_ms != 0 &&
	    d->absent_since_ms < d->observed_at_ms &&
	    add_span(c, d->device_id, d->absent_since_ms, d->absent_since_ms, SPAN_GONE,
		     err) != 0)
		return err->code;
	return add_span(c, d->device_id, d->observed_at_ms, d->not_before_ms,
			(enum store_span_state)d->status, err);
}

int past_of_mark(struct store_conn *c, int64_t device_id, const struct store_mark *mark,
		 struct err *err)
{
	struct before b;
	struct after a = {mark->lapsed, mark->missed, mark->removed_at_ms != 0,
			  mark->shown_at_ms};

	if (a.shown_at_ms == 0)
		a.shown_at_ms = a.removed ? mark->removed_at_ms : mark->seen_at_ms;
	if (load_before(c, device_id, &b, err) != 0 ||
	    end_gap(c, device_id, &b, &a, err) != 0)
		return err->code;
	if (a.removed == b.removed)
		return 0;
	return add_span(c, device_id, a.removed ? mark->removed_at_ms : a.shown_at_ms,
			mark->seen_at_ms,
			a.removed ? SPAN_GONE : (enum store_span_state)b.status, err);
}

int store_account_gap(struct store_conn *c, int64_t account_id, int64_t from_ms,
		      int64_t to_ms, struct err *err)
{
	const struct store_gap gap = {from_ms, to_ms, GAP_UNOBSERVED};

	return add_gap(c, account_id, 0, &gap, err);
}

/* ---- reading ---- */

int store_spans_load(struct store_conn *c, int64_t device_id, int64_t since_ms,
		     int64_t until_ms, struct store_spans *into, struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_SPANS, err, "ii", device_id, since_ms);
	int rc = st != NULL ? 1 : err->code;

	into->n = 0;
	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		struct store_span *s;

		into->all = mem_grow(into->all, into->n, &into->cap, sizeof *into->all);
		s = &into->all[into->n++];
		s->from_ms = sqlite3_column_int64(st, 0);
		s->not_before_ms = s->from_ms - sqlite3_column_int64(st, 1);
		s->state = (enum store_span_state)sqlite3_column_int(st, 2);
		if (s->from_ms >= until_ms) {
			sqlite3_reset(st);
			return 0;
		}
	}
	return rc;
}

int store_gaps_load(struct store_conn *c, int64_t account_id, int64_t device_id,
		    int64_t since_ms, struct store_gaps *into, struct err *err)
{
	sqlite3_stmt *st =
		conn_bind(c, STMT_GAPS, err, "iii", account_id, device_id, since_ms);
	int rc = st != NULL ? 1 : err->code;

	into->n = 0;
	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		into->all = mem_grow(into->all, into->n, &into->cap, sizeof *into->all);
		into->all[into->n++] = (struct store_gap){
			.from_ms = sqlite3_column_int64(st, 0),
			.to_ms = sqlite3_column_int64(st, 1),
			.why = (enum store_gap_why)sqlite3_column_int(st, 2),
		};
	}
	return rc;
}

int store_span_was_reached(struct store_conn *c, int64_t device_id, int64_t from_ms,
			   bool *was_reached, struct err *err)
{
	struct store_spans spans = {0};

	*was_reached = false;
	if (store_spans_load(c, device_id, from_ms - 1, from_ms, &spans, err) != 0)
		return err->code;
	if (spans.n > 0 && spans.all[0].from_ms < from_ms)
		*was_reached = spans.all[0].state != SPAN_GONE;
	free(spans.all);
	return 0;
}
