#include "query/deliveries.h"

#include <stdlib.h>

#include "base/mem.h"
#include "model/member.h"
#include "query/events.h"

#define BATCH     500 /* rows a read */
#define HTTP_GONE 410

struct batch {
	struct deliveries_walk *walk;
	struct store_conn *c;
	struct err *err;
	int rc;
	bool is_meant; /* the event of the last one */
	void (*each)(const struct store_owed_event *o, void *arg);
	void *arg;
	int n;
};

static void on_event(const struct event *ev, void *arg)
{
	struct batch *b = arg;

	b->is_meant = events_is_of(b->walk->matches, b->walk->n_matches, ev);
}

/* One event is owed to several sinks: it is looked at once. */
static void look_at_event(struct batch *b, int64_t sequence)
{
	if (b->rc != 0 || b->walk->n_matches == 0 ||
	    (b->n > 0 && sequence == b->walk->sequence))
		return;
	b->is_meant = false;
	b->rc = store_events_each(b->c, sequence, 1, on_event, b, b->err);
}

static void on_delivery(const struct store_owed_event *o, void *arg)
{
	struct batch *b = arg;

	look_at_event(b, o->delivery.sequence);
	b->n++;
	b->walk->sequence = o->delivery.sequence;
	b->walk->sink_id = o->sink_id;
	if (b->rc == 0 && b->is_meant)
		b->each(o, b->arg);
}

int deliveries_next(struct deliveries_walk *walk, struct store_conn *c,
		    void (*each)(const struct store_owed_event *o, void *arg), void *arg,
		    struct err *err)
{
	struct batch b = {.walk = walk,
			  .c = c,
			  .err = err,
			  .is_meant = true,
			  .each = each,
			  .arg = arg};
	int64_t version;
	int rc;

	if (store_reader_version(c, &version, err) != 0)
		return err->code;
	rc = store_owed_after(c, walk->which, walk->sequence, walk->sink_id, BATCH,
			      on_delivery, &b, err);
	if (rc == 0)
		rc = b.rc;
	return rc != 0 ? rc : b.n == BATCH;
}

static void on_off(int64_t sink_id, const char *sink, int64_t n_pending, void *arg)
{
	struct deliveries_offs *offs = arg;

	offs->all = mem_grow(offs->all, offs->n, &offs->cap, sizeof *offs->all);
	offs->all[offs->n++] =
		(struct deliveries_off){sink_id, mem_strdup(sink), n_pending};
}

int deliveries_load_offs(struct store_conn *c, struct deliveries_offs *offs,
			 struct err *err)
{
	int64_t version;

	if (store_reader_version(c, &version, err) != 0)
		return err->code;
	return store_sinks_answered(c, HTTP_GONE, on_off, offs, err);
}

void deliveries_clear_offs(struct deliveries_offs *offs)
{
	for (size_t i = 0; i < offs->n; i++)
		free(offs->all[i].name);
	free(offs->all);
	*offs = (struct deliveries_offs){0};
}

bool deliveries_is_off(const struct deliveries_offs *offs,
		       const struct store_owed_event *o)
{
	for (size_t i = 0; i < offs->n; i++)
		if (offs->all[i].sink_id == o->sink_id)
			return o->delivery.state == DELIVERY_PENDING;
	return false;
}

json_t *deliveries_object(const struct store_owed_event *o,
			  const struct deliveries_offs *offs)
{
	const struct store_delivery *d = &o->delivery;
	bool off = deliveries_is_off(offs, o);
	bool waits = d->state == DELIVERY_PENDING && !off;
	bool delivered = d->state == DELIVERY_DELIVERED;
	json_t *object = json_object();

	member_text(object, "event_id", o->event_id);
	member_number(object, "sequence", d->sequence);
	member_text(object, "sink", o->sink);
	member_text(object, "state", store_delivery_state_name(d->state));
	member_number(object, "attempts", d->attempts);
	member_time_or_null(object, "next_at", waits ? d->next_at_ms : 0);
	member_time_or_null(object, "delivered_at", delivered ? d->ended_at_ms : 0);
	if (d->code != 0)
		member_number(object, "code", d->code);
	else
		member_text(object, "code", NULL);
	member_text(object, "error", d->error);
	json_object_set_new(object, "switched_off", json_boolean(off));
	return object;
}
