/*
 * The dispatch and the store: what is owed is read, how tries ended is written. One job at a time, and no
 * results are forgotten before it reports that they are on the disk.
 */
#include "sink/dispatch_inside.h"

#include <stdlib.h>

#define SAVE_AFTER_MS   100 /* results are collected so long ... */
#define SAVE_AT         256 /* ... or until there are so many */
#define STORE_RETRY_MS  30000
#define GATHER_PAUSE_MS 500 /* looking at all that is owed costs the worker up to 0.1 s */

void dispatch_set_dirty(struct dispatch *d, struct item *i, int64_t now_ms)
{
	if (i->dirty)
		return;
	i->dirty = true;
	if (i->saving)
		return; /* it is in that list; on_owed sees that it changed meanwhile */
	if (d->n_dirty++ == 0)
		d->dirty_since_ms = now_ms;
	TAILQ_INSERT_TAIL(&d->dirty, i, in_save);
}

static bool gathers(const struct dispatch *d)
{
	return gather_is_wanted(&d->gather);
}

static int64_t gather_ms(const struct dispatch *d)
{
	int64_t at_ms = d->more ? 0 : LANES_NEVER;

	if (d->job_under_way || d->stopping || d->gone ||
	    lanes_room(d->lanes) < OWED_READ_MAX)
		return LANES_NEVER;
	if (!d->more && d->gather_at_ms != INT64_MAX)
		at_ms = clock_mono_ms() + (d->gather_at_ms - clock_utc_ms());
	return larger(larger(at_ms, d->gathered_ms), d->store_wait_ms);
}

int64_t dispatch_read_ms(const struct dispatch *d)
{
	int64_t at_ms;

	if (gathers(d))
		return gather_ms(d);
	if (d->job_under_way || d->stopping || d->gone ||
	    (!d->more && !lanes_must_read(d->lanes)))
		return LANES_NEVER;
	at_ms = larger(d->more ? 0 : d->reread_ms, d->store_wait_ms);
	if (lanes_room(d->lanes) >= OWED_READ_MAX)
		return at_ms;
	/* Room is made only for an event that could be sent at once. */
	if (d->n_under_way >= dispatch_limit(d) || lanes_is_ready(d->lanes, LANES_ANY))
		return LANES_NEVER;
	return larger(larger(at_ms, d->paused_until_ms),
		      dispatch_is_down(d) ? d->probe_ms : 0);
}

static bool find_room(struct dispatch *d)
{
	return lanes_room(d->lanes) >= OWED_READ_MAX || lanes_make_room(d->lanes) ||
	       lanes_room(d->lanes) > 0;
}

int64_t dispatch_save_ms(const struct dispatch *d)
{
	if (d->job_under_way || d->n_dirty == 0)
		return LANES_NEVER;
	if (d->stopping) /* once, when all is known */
		return d->n_under_way > 0 || d->last_saved ? LANES_NEVER : 0;
	return larger(d->n_dirty >= SAVE_AT ? 0 : d->dirty_since_ms + SAVE_AFTER_MS,
		      d->store_wait_ms);
}

static void add_saves(struct dispatch *d)
{
	struct item *i;

	while ((i = TAILQ_FIRST(&d->dirty)) != NULL) {
		TAILQ_REMOVE(&d->dirty, i, in_save);
		TAILQ_INSERT_TAIL(&d->saving, i, in_save);
		i->dirty = false;
		i->saving = true;
		owed_add_save(&d->owed, i);
	}
	d->n_dirty = 0;
}

static void set_left(struct dispatch *d, int64_t now_ms)
{
	struct owed *o = &d->owed;
	int64_t next_ms;

	o->left = gather_left(&d->rate, &d->gather, lanes_n_untried(d->lanes), now_ms,
			      &next_ms);
	o->next_at_ms =
		next_ms == INT64_MAX ? INT64_MAX : clock_utc_ms() + (next_ms - now_ms);
}

static void add_gathering(struct dispatch *d, int64_t now_ms)
{
	struct owed *o = &d->owed;

	o->gather = &d->gather;
	o->n_in_hand = lanes_n_items(d->lanes);
	o->in_hand = mem_resize(o->in_hand, o->n_in_hand, sizeof *o->in_hand);
	lanes_sequences(d->lanes, o->in_hand);
	set_left(d, now_ms);
	d->gather_at_ms = INT64_MAX;
	d->gathered_ms = now_ms + GATHER_PAUSE_MS;
}

static void add_read(struct dispatch *d, int64_t now_ms)
{
	d->owed.read = true;
	d->more = false;
	if (d->gather.rate_max > 0 && !d->recalled) {
		d->owed.recall = d->gather.rate_max;
		return;
	}
	if (gathers(d)) {
		add_gathering(d, now_ms);
		return;
	}
	/* A row read in vain costs the worker 40 us: so it spends a 25th of its time at most. */
	if (lanes_must_read(d->lanes) && d->reread_ms <= now_ms) {
		d->after = lanes_begin_read(d->lanes, d->after);
		d->reread_ms = now_ms + d->n_vain;
		d->n_vain = 0;
	}
	d->owed.after = d->after;
}

bool dispatch_use_store(struct dispatch *d, int64_t now_ms)
{
	bool wanted = dispatch_read_ms(d) <= now_ms;
	bool read = wanted && find_room(d);
	/* A read does not wait for the disk where what is to be written has time. */
	bool save = dispatch_save_ms(d) <= now_ms;

	if (!read && !save)
		return !wanted;
	if (d->stopping)
		d->last_saved = true;
	if (save)
		add_saves(d);
	if (read)
		add_read(d, now_ms);
	d->job_under_way = true;
	store_submit(d->store, &d->owed.job);
	return true;
}

static void take_saved(struct dispatch *d, int64_t now_ms)
{
	struct item *i;

	while ((i = TAILQ_FIRST(&d->saving)) != NULL) {
		bool dirty = i->dirty || !d->owed.saved;

		TAILQ_REMOVE(&d->saving, i, in_save);
		i->saving = false;
		i->dirty = false;
		if (dirty) { /* what could not be written is due with the next job */
			dispatch_set_dirty(
				d, i, d->owed.saved ? now_ms : now_ms - SAVE_AFTER_MS);
		} else if (i->state != DELIVERY_PENDING) {
			lanes_forget(d->lanes, i);
			d->more = d->more || gathers(d); /* what waited behind it */
		}
	}
}

/* As it was before a restart; not for longer than the schedule's longest wait, since it may be another
 * receiver by now, or another clock. */
static void pause_again(struct dispatch *d, const struct item *i, int64_t now_ms)
{
	int64_t until_ms = smaller(i->due_ms, now_ms + d->rules.max_ms);

	d->paused_until_ms = larger(d->paused_until_ms, until_ms);
}

static void take_rows(struct dispatch *d, int64_t now_ms)
{
	struct item *i;

	while ((i = owed_take_row(&d->owed)) != NULL) {
		int64_t sequence = i->sequence;
		enum lanes_added added;

		if (i->pauses_all)
			pause_again(d, i, now_ms);
		added = lanes_add(d->lanes, i, now_ms);
		if (added == LANES_FULL) {
			item_destroy(i);
			d->more = true;
			return;
		}
		d->n_vain += added != LANES_TAKEN;
		if (!gathers(d))
			d->after = sequence;
	}
}

static void take_recalled(struct dispatch *d, int64_t now_ms)
{
	gather_recall(&d->rate, &d->gather, d->owed.sent_at_ms, d->owed.n_sent,
		      clock_utc_ms(), now_ms);
	d->recalled = true;
	d->more = true;
}

static void plan_gathering(struct dispatch *d, int64_t now_ms)
{
	d->gather_at_ms = d->owed.due_at_ms;
	/* A digest that was written just now is to be read. */
	if (d->owed.again) {
		d->more = true;
		d->gathered_ms = now_ms;
	}
}

void dispatch_on_owed(struct store_job *job, int rc)
{
	struct dispatch *d = OWNER_OF(job, struct dispatch, owed.job);
	int64_t now_ms = clock_mono_ms();

	d->job_under_way = false;
	if (rc != 0) {
		/* For debug only: the polls, which use the same database, have told it. */
		log_debug("sink %s: %s; trying again in %d s", d->name, job->err.text,
			  STORE_RETRY_MS / 1000);
		d->store_wait_ms = now_ms + STORE_RETRY_MS;
	}
	if (d->owed.read && (rc != 0 || d->owed.is_cut))
		d->more = true;
	if (rc == 0 && d->owed.recall > 0)
		take_recalled(d, now_ms);
	else if (rc == 0 && d->owed.read && gathers(d))
		plan_gathering(d, now_ms);
	take_saved(d, now_ms);
	take_rows(d, now_ms);
	owed_clear(&d->owed);
	dispatch_turn(d);
}
