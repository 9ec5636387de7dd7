#include "query/deliveries.h"

#include "base/clock.h"

#define BATCH 500 /* rows a read */

struct batch {
	struct deliveries_walk *walk;
	void (*each)(const struct store_owed_event *o, void *arg);
	void *arg;
	int n;
};

static void on_delivery(const struct store_owed_event *o, void *arg)
{
	struct batch *b = arg;

	b->n++;
	b->walk->sequence = o->delivery.sequence;
	b->walk->sink_id = o->sink_id;
	b->each(o, b->arg);
}

int deliveries_next(struct deliveries_walk *walk, struct store_conn *c,
		    void (*each)(const struct store_owed_event *o, void *arg), void *arg,
		    struct err *err)
{
	struct batch b = {walk, each, arg, 0};
	int64_t version;
	int rc;

	if (store_reader_version(c, &version, err) != 0)
		return err->code;
	rc = store_owed_after(c, walk->which, walk->sequence, walk->sink_id, BATCH,
			      on_delivery, &b, err);
	return rc != 0 ? rc : b.n == BATCH;
}

static json_t *time_or_null(int64_t at_ms)
{
	char text[CLOCK_TEXT_BYTES];

	if (at_ms == 0)
		return json_null();
	clock_format(text, at_ms);
	return json_string(text);
}

json_t *deliveries_object(const struct store_owed_event *o)
{
	const struct store_delivery *d = &o->delivery;
	json_t *object = json_object();

	json_object_set_new(object, "event_id", json_string(o->event_id));
	json_object_set_new(object, "sequence", json_integer(d->sequence));
	json_object_set_new(object, "sink", json_string(o->sink));
	json_object_set_new(object, "state",
			    json_string(store_delivery_state_name(d->state)));
	json_object_set_new(object, "attempts", json_integer(d->attempts));
	json_object_set_new(
		object, "next_at",
		time_or_null(d->state == DELIVERY_PENDING ? d->next_at_ms : 0));
	json_object_set_new(
		object, "delivered_at",
		time_or_null(d->state == DELIVERY_DELIVERED ? d->ended_at_ms : 0));
	json_object_set_new(object, "code",
			    d->code != 0 ? json_integer(d->code) : json_null());
	json_object_set_new(object, "error",
			    d->error != NULL ? json_string(d->error) : json_null());
	return object;
}
