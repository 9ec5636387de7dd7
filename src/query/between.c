#include "query/between.h"

#include "model/match.h"
#include "model/member.h"
#include "query/fleet.h"

/* What is gathered of one device. */
struct look {
	const struct between *between;
	struct between_device found;
};

static void note(struct between_state *state, const struct past_piece *piece,
		 int64_t at_ms)
{
	if (piece->from_ms > at_ms || piece->to_ms <= at_ms)
		return;
	*state = (struct between_state){
		.there = !piece->gone,
		.status = piece->status,
		.why = piece->why,
		.since_ms = piece->from_ms != PAST_BEGIN ? piece->from_ms : 0,
	};
}

static void on_piece(const struct past_piece *piece, void *arg)
{
	struct look *look = arg;

	note(&look->found.before, piece, look->between->first_ms);
	note(&look->found.after, piece, look->between->second_ms);
}

static bool differs(const struct between_device *b)
{
	const struct between_state *x = &b->before, *y = &b->after;

	return x->there != y->there ||
	       (x->there && (x->status != y->status || x->why != y->why));
}

static bool is_unobserved(const struct between_state *state)
{
	return state->there && state->why == WHY_UNOBSERVED;
}

/* Those that are meant. */
static void tell(struct between *b, const struct between_device *found)
{
	b->n_unobserved_first += is_unobserved(&found->before);
	b->n_unobserved_second += is_unobserved(&found->after);
	if (differs(found))
		b->each(found, b->arg);
}

static int on_device(struct fleet_device *f, void *arg, struct err *err)
{
	struct between *b = arg;
	struct look look = {b, {.account = f->account, .device = f->device}};
	struct between_device *found = &look.found;

	if (fleet_load(f, b->first_ms, b->second_ms + 1, err) != 0)
		return err->code;
	past_pieces(&f->past, b->second_ms + 1, on_piece, &look);
	if (!differs(found) && !is_unobserved(&found->before))
		return 0; /* of most there is nothing to tell */
	found->facts = json_loads(f->device->facts, 0, NULL);
	if (match_all(b->matches, b->n_matches, f->account->name, f->device->id,
		      found->facts))
		tell(b, found);
	json_decref(found->facts);
	return 0;
}

static void on_progress(int64_t n, void *arg)
{
	const struct between *b = arg;

	b->on_progress(n, b->arg);
}

int between_run(struct between *b, struct store_conn *c, int64_t now_at_ms,
		struct err *err)
{
	const struct fleet_walk walk = {
		.each = on_device,
		.on_progress = b->on_progress != NULL ? on_progress : NULL,
		.arg = b,
	};

	return fleet_each(&walk, c, now_at_ms, err);
}

static void member_state(json_t *o, const char *name, const char *why_name,
			 const struct between_state *state)
{
	member_text(o, name, state->there ? device_status_name(state->status) : NULL);
	member_text(o, why_name, state->there ? status_why_name(state->why) : NULL);
}

json_t *between_object(const struct between_device *b)
{
	const struct store_device *d = b->device;
	json_t *o = json_object();

	/* What the vendor says of it now is no part of either moment. */
	json_object_set_new(o, "device",
			    device_object(b->account->name, d->id, b->facts, NULL));
	json_object_del(json_object_get(o, "device"), "vendor_status");
	member_state(o, "before", "before_why", &b->before);
	member_state(o, "after", "after_why", &b->after);
	member_time_or_null(o, "since", b->after.since_ms);
	return o;
}
