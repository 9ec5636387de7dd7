/* What is told of an alert, and to whom. */
#include <stdlib.h>

#include "alerts_inside.h"
#include "base/mem.h"
#include "model/alert_text.h"
#include "muting.h"

/* {"id", "name"} of a device; row is its. */
static json_t *listed_device(const struct store_device *row)
{
	char *name = device_fact(row->facts, "name");
	json_t *object = json_pack("{s:s, s:s}", "id", row->id, "name", name);

	free(name);
	return object;
}

static int list_devices(struct store_conn *c, const struct book_decision *d, json_t *into,
			struct err *err)
{
	for (size_t i = 0; i < d->n_listed; i++) {
		struct store_device row;

		if (store_device_load_by_id(c, d->listed[i], &row, err) != 0)
			return err->code;
		if (row.device_id != 0)
			json_array_append_new(into, listed_device(&row));
		store_device_clear(&row);
	}
	return 0;
}

static void take_devices(const struct event *ev, void *arg)
{
	const json_t *alert = json_object_get(ev->detail, "alert");

	json_array_extend(arg, json_object_get(alert, "devices"));
}

/* The devices of a decision: of an alert that fires those that it names, or the one that it is about;
 * later on those that were named then. */
static int fill_devices(struct store_conn *c, const struct book_decision *d,
			const struct store_device *row, struct alert_told *told,
			struct err *err)
{
	bool over = d->tell == BOOK_TELL_RESOLVED;

	if (list_devices(c, d, over ? told->not_back : told->devices, err) != 0)
		return err->code;
	if (over)
		told->n_not_back = d->n_members;
	if (row->device_id != 0)
		json_array_append_new(told->devices, listed_device(row));
	else if (d->tell == BOOK_TELL_RESOLVED ||
		 (d->tell == BOOK_TELL_AGAIN && d->n_listed == 0))
		return store_events_each(c, d->alert->fired_sequence, 1, take_devices,
					 told->devices, err);
	return 0;
}

/* Those that were told of the alert, as far as there are such sinks still. */
static int find_told(const struct alerts_run *r, struct store_conn *c,
		     const struct alert *a, int64_t *ids, size_t *n, struct err *err)
{
	size_t n_told, max = r->audience->n + 64;
	int64_t *told = mem_alloc(max * sizeof *told);
	int rc = store_event_sinks(c, a->fired_sequence, told, max, &n_told, err);

	*n = 0;
	for (size_t i = 0; rc == 0 && i < r->audience->n; i++)
		for (size_t k = 0; k < n_told; k++)
			if (r->audience->listeners[i].sink_id == told[k])
				ids[(*n)++] = told[k];
	free(told);
	return rc;
}

static int add_event(struct alerts_run *r, struct store_conn *c,
		     const struct book_decision *d, struct event *ev,
		     const struct store_device *row, struct err *err)
{
	int64_t *ids = mem_alloc((r->audience->n + 1) * sizeof *ids);
	bool fires = d->tell == BOOK_TELL_FIRING;
	size_t n = 0;
	int rc = 0;

	if (fires && d->alert->silenced_by == 0)
		n = audience_for(r->audience, ev, ids);
	else if (!fires)
		rc = find_told(r, c, d->alert, ids, &n, err);
	if (rc == 0)
		rc = store_event_add(c, ev, r->watch->account.account_id, row->device_id,
				     row->version_id, ids, n, err);
	free(ids);
	r->n_events++;
	return rc;
}

/* The device's facts, for those alerts that are about one. */
static void fill_device(struct event *ev, const struct store_device *row)
{
	ev->device_id = row->id;
	ev->facts = row->facts != NULL ? json_loads(row->facts, 0, NULL) : NULL;
	ev->status = row->status;
	ev->vendor_status = row->vendor_status;
	ev->has_location = row->has_location;
	ev->location_ms = row->location_ms;
	ev->not_before_ms = row->not_before_ms;
}

/* What begins within a silence is an event that nobody is told of; what is repeated within one is
 * none. */
static int silence(struct alerts_run *r, struct store_conn *c,
		   const struct book_decision *d, const struct event *ev, bool *unheard,
		   struct err *err)
{
	int64_t silence_id;

	if (d->tell == BOOK_TELL_RESOLVED)
		return muting_ended(r, c, d->alert, err);
	if (muting_find(r, c, d->alert, ev, &silence_id, err) != 0)
		return err->code;
	if (d->tell == BOOK_TELL_FIRING) {
		d->alert->silenced_by = silence_id;
		if (silence_id != 0)
			r->watch->nothing_silenced = false;
	} else {
		*unheard = silence_id != 0 || d->alert->silenced_by != 0;
		if (*unheard) /* it is none of those that somebody is to hear */
			d->alert->repeats--;
	}
	return 0;
}

static int tell(struct alerts_run *r, struct store_conn *c, const struct book_decision *d,
		struct err *err)
{
	struct alert *a = d->alert;
	bool over = d->tell == BOOK_TELL_RESOLVED;
	struct event ev = {
		.type = over ? EVENT_ALERT_RESOLVED : EVENT_ALERT_FIRING,
		.at_ms = r->at_ms,
		.account = r->watch->name,
	};
	struct alert_told told = {
		.account = r->watch->name,
		.devices = json_array(),
		.not_back = json_array(),
	};
	struct store_device row = {0};
	bool unheard = false;
	int rc = 0;

	if (a->device_id != 0)
		rc = store_device_load_by_id(c, a->device_id, &row, err);
	if (row.device_id != 0)
		fill_device(&ev, &row);
	if (rc == 0)
		rc = fill_devices(c, d, &row, &told, err);
	if (rc == 0)
		rc = silence(r, c, d, &ev, &unheard, err);
	ev.detail = alert_detail(a, &told);
	if (rc == 0 && !unheard)
		rc = add_event(r, c, d, &ev, &row, err);
	if (rc == 0 && d->tell == BOOK_TELL_FIRING)
		a->fired_sequence = ev.sequence;
	if (rc == 0 && over)
		a->resolved_sequence = ev.sequence;
	json_decref(ev.detail);
	json_decref(ev.facts);
	json_decref(told.devices);
	json_decref(told.not_back);
	store_device_clear(&row);
	return rc;
}

int alerts_write(struct alerts_run *r, struct store_conn *c,
		 const struct book_decision *d, struct err *err)
{
	if (d->forget) {
		if (muting_ended(r, c, d->alert, err) != 0)
			return err->code;
		return d->alert->alert_id != 0
			       ? store_alert_forget(c, d->alert->alert_id, err)
			       : 0;
	}
	if (d->tell != BOOK_TELL_NOTHING && tell(r, c, d, err) != 0)
		return err->code;
	return store_alert_save(c, r->watch->account.account_id, d->alert, err);
}
