#include "query/stale.h"

#include "model/match.h"
#include "model/member.h"
#include "query/fleet.h"

static void on_piece(const struct past_piece *piece, void *arg)
{
	struct stale_device *found = arg;

	if (piece->span == NULL) /* nobody knows */
		return;
	if (piece->gone) /* what it was before it was removed is another story */
		*found = (struct stale_device){0};
	else if (found->first_seen_ms == 0)
		found->first_seen_ms = piece->from_ms;
	if (piece->status == DEVICE_ONLINE)
		found->last_online_ms = piece->to_ms;
}

static void judge(struct stale_device *found, const struct status *s, int64_t before_ms)
{
	const struct store_device *d = s->device;

	found->offline = s->status == DEVICE_OFFLINE && s->since_at_ms <= before_ms;
	found->never_online = found->last_online_ms == 0 && found->first_seen_ms != 0 &&
			      found->first_seen_ms <= before_ms;
	found->silent = d->has_location && d->location_ms <= before_ms;
}

static int on_device(struct fleet_device *f, void *arg, struct err *err)
{
	const struct stale *stale = arg;
	struct status s = {.account = f->account, .device = f->device};
	struct stale_device found = {0};

	if (f->device->removed_at_ms != 0)
		return 0;
	if (fleet_load(f, INT64_MIN, INT64_MAX, err) != 0)
		return err->code;
	past_pieces(&f->past, f->now_at_ms, on_piece, &found);
	if (found.last_online_ms == PAST_OPEN)
		found.last_online_ms = f->now_at_ms;
	status_judge(&s, f->now_at_ms);
	if (status_is_seen(&s))
		s.unobserved_ms =
			past_unobserved_ms(f->account_gaps, &f->past.device_gaps,
					   s.since_at_ms, f->now_at_ms);
	judge(&found, &s, f->now_at_ms - stale->older_ms);
	if (!found.offline && !found.never_online && !found.silent)
		return 0;
	s.facts = json_loads(f->device->facts, 0, NULL);
	found.status = &s;
	if (match_all(stale->matches, stale->n_matches, f->account->name, f->device->id,
		      s.facts))
		stale->each(&found, stale->arg);
	json_decref(s.facts);
	return 0;
}

static void on_progress(int64_t n, void *arg)
{
	const struct stale *stale = arg;

	stale->on_progress(n, stale->arg);
}

int stale_run(const struct stale *s, struct store_conn *c, int64_t now_at_ms,
	      struct err *err)
{
	const struct fleet_walk walk = {
		.each = on_device,
		.on_progress = s->on_progress != NULL ? on_progress : NULL,
		.arg = (void *)s,
	};

	return fleet_each(&walk, c, now_at_ms, err);
}

static json_t *reasons(const struct stale_device *s)
{
	json_t *array = json_array();

	if (s->offline)
		json_array_append_new(array, json_string("offline"));
	if (s->never_online)
		json_array_append_new(array, json_string("never_online"));
	if (s->silent)
		json_array_append_new(array, json_string("no_location"));
	return array;
}

json_t *stale_object(const struct stale_device *s)
{
	const struct status *now = s->status;
	const struct store_device *d = now->device;
	json_t *o = json_object();

	json_object_set_new(
		o, "device",
		device_object(now->account->name, d->id, now->facts, d->vendor_status));
	json_object_set_new(o, "reasons", reasons(s));
	member_text(o, "status", device_status_name(now->status));
	member_text(o, "why", status_why_name(now->why));
	member_time(o, "since", now->since_at_ms);
	member_time_or_null(o, "first_seen_at", s->first_seen_ms);
	member_time_or_null(o, "last_online_at", s->last_online_ms);
	member_time_or_null(o, "last_location_report_time",
			    d->has_location ? d->location_ms : 0);
	status_member_unobserved(o, now);
	return o;
}
