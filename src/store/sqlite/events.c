/* Rows of events, which are written once. */
#include <stdlib.h>

#include "store/sqlite/conn.h"

static int add_event_row(struct store_conn *c, const struct event *ev, int64_t account_id,
			 int64_t device_id, int64_t version_id, const char *detail,
			 struct err *err)
{
	int of_device = device_id != 0;

	return conn_run(
		c,
		conn_bind(c, STMT_EVENT_ADD, err, "iiizzootoot", (int64_t)ev->type,
			  ev->at_ms, account_id, device_id, version_id, of_device,
			  (int64_t)ev->status, of_device, (int64_t)ev->previous,
			  conn_stored_vendor_status(ev->status, ev->vendor_status),
			  of_device, ev->not_before_ms, (int)ev->has_location,
			  ev->location_ms, detail),
		err);
}

int store_event_add(struct store_conn *c, struct event *ev, int64_t account_id,
		    int64_t device_id, int64_t version_id, const int64_t *sink_ids,
		    size_t n_sinks, struct err *err)
{
	char *detail = ev->detail != NULL ? json_dumps(ev->detail, JSON_COMPACT) : NULL;
	int rc = add_event_row(c, ev, account_id, device_id, version_id, detail, err);

	free(detail);
	if (rc != 0)
		return rc;
	ev->sequence = sqlite3_last_insert_rowid(c->db);
	event_id(ev->id, ev->at_ms, c->random, ev->sequence);
	for (size_t i = 0; rc == 0 && i < n_sinks; i++)
		rc = conn_run(c,
			      conn_bind(c, STMT_OUTBOX_ADD, err, "ii", sink_ids[i],
					ev->sequence),
			      err);
	return rc;
}

/* Steps st, which may be NULL, to its end. */
static int each_event(struct store_conn *c, sqlite3_stmt *st,
		      void (*each)(const struct event *ev, void *arg), void *arg,
		      struct err *err)
{
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		struct event ev;

		conn_read_event(c, st, 0, &ev);
		each(&ev, arg);
		event_clear(&ev);
	}
	return rc;
}

int store_events_each(struct store_conn *c, int64_t first, int64_t max,
		      void (*each)(const struct event *ev, void *arg), void *arg,
		      struct err *err)
{
	return each_event(c, conn_bind(c, STMT_EVENTS, err, "ii", first, max), each, arg,
			  err);
}

int store_events_select(struct store_conn *c, const struct store_event_filter *filter,
			int64_t first, int64_t max,
			void (*each)(const struct event *ev, void *arg), void *arg,
			struct err *err)
{
	return each_event(c,
			  conn_bind(c, STMT_EVENTS_SELECT, err, "iiiiii", first,
				    (int64_t)filter->types, filter->since_at_ms,
				    filter->until_at_ms, filter->before, max),
			  each, arg, err);
}

int store_last_sequence(struct store_conn *c, int64_t *sequence, struct err *err)
{
	return conn_number(c, conn_bind(c, STMT_LAST_SEQUENCE, err, ""), sequence, err);
}

int store_sequence_at(struct store_conn *c, int64_t at_ms, int64_t *sequence,
		      struct err *err)
{
	return conn_number(c, conn_bind(c, STMT_SEQUENCE_AT, err, "i", at_ms), sequence,
			   err);
}
