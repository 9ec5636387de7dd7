#include "query/count.h"

/* ---- from the past ---- */

static void count_step(struct tally *t, const struct past_step *step)
{
	int64_t ms = step->to_ms - step->from_ms;
	enum status_why why;

	if (past_is_gone(step)) {
		tally_end(t);
		return;
	}
	switch (past_status(step, &why)) {
	case DEVICE_ONLINE:
		tally_online(t, ms, past_doubt_ms(step));
		break;
	case DEVICE_OFFLINE:
		tally_offline(t, ms, past_doubt_ms(step));
		break;
	case DEVICE_UNKNOWN:
		tally_unknown(t, ms, why != WHY_NO_STATUS ? ms : 0);
		break;
	}
}

void count_until(struct tally *t, struct past_walk *w, int64_t until_ms)
{
	struct past_step step;

	w->until_ms = until_ms;
	while (past_step(w, &step))
		count_step(t, &step);
}

int64_t count_final_until(const struct store_account *a, const struct store_device *d)
{
	int64_t shown_ms = past_last_shown(a, d);

	/* The next transition may be said to have come then, or any time later. */
	if (d->removed_at_ms != 0 || shown_ms > a->last_page_at_ms)
		return a->last_page_at_ms;
	return shown_ms;
}

/* ---- with the sums of days ---- */

struct counting {
	struct fleet_device *f;
	int64_t reached_ms, until_ms; /* what is left */
	void (*each)(const struct count_part *part, void *arg);
	void *arg;
	struct err *err;
	int rc;
};

/* What has no sum, up to this time. */
static void count_past(struct counting *n, int64_t place_id, int64_t to_ms)
{
	struct count_part part = {.place_id = place_id};
	struct past_walk w;

	if (n->rc != 0 || n->reached_ms >= to_ms)
		return;
	n->rc = fleet_load(n->f, n->reached_ms, to_ms, n->err);
	if (n->rc != 0)
		return;
	past_begin(&w, &n->f->past, n->reached_ms, to_ms);
	count_until(&part.tally, &w, to_ms);
	n->reached_ms = to_ms;
	n->each(&part, n->arg);
}

static void on_days(const struct store_days *days, void *arg)
{
	struct counting *n = arg;
	struct count_part part = {.place_id = days->place_id};
	int64_t begin_ms = days->first_day * STORE_DAY_MS;
	int64_t end_ms = begin_ms + (int64_t)days->n * STORE_DAY_MS;

	count_past(n, days->place_id, begin_ms);
	if (n->rc != 0)
		return;
	/* The rest of a day that has begun. */
	if (n->reached_ms % STORE_DAY_MS != 0) {
		int64_t next_ms = (store_day_of(n->reached_ms) + 1) * STORE_DAY_MS;

		count_past(n, days->place_id,
			   next_ms < n->until_ms ? next_ms : n->until_ms);
	}
	for (; n->reached_ms + STORE_DAY_MS <= n->until_ms && n->reached_ms < end_ms;
	     n->reached_ms += STORE_DAY_MS)
		tally_append(&part.tally,
			     &days->sums[(n->reached_ms - begin_ms) / STORE_DAY_MS]);
	if (n->rc == 0)
		n->each(&part, n->arg);
	if (n->until_ms < end_ms)
		count_past(n, days->place_id, n->until_ms);
}

int count_parts(struct fleet_device *f, int64_t since_ms, int64_t until_ms,
		void (*each)(const struct count_part *part, void *arg), void *arg,
		struct err *err)
{
	struct counting n = {
		.f = f,
		.reached_ms = since_ms,
		.until_ms = until_ms,
		.each = each,
		.arg = arg,
		.err = err,
	};

	if (store_days_each(f->c, f->device->device_id, store_day_of(since_ms),
			    store_day_of(until_ms - 1) + 1, on_days, &n, err) != 0)
		return err->code;
	count_past(&n, 0, until_ms);
	return n.rc;
}
