/*
 *   timer (an hour) -> run: a step -> on_done -> (a pause) -> run ... -> the end -> timer (an hour)
 *
 * A step that fails ends the walk: the next hour's begins anew, and the polls tell of a store that
 * fails. After forget_stop a step at hand is finished; on_stopped follows.
 */
#include "forget.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"

#define FIRST_MS 60000   /* after the start */
#define EVERY_MS 3600000 /* from the end of a walk to the next */
#define STEP_MS  10      /* the writer is kept from others for no longer */
#define PAUSE_MS 20      /* between two steps: others want the writer, too */

static int run(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct forget *f = (struct forget *)job;

	if (!f->summed && days_are_due(&f->days, f->now_at_ms)) {
		int rc = days_step(&f->days, c, f->now_at_ms, err);

		if (rc != 0)
			return rc;
	}
	f->summed = true;
	return store_forget_some(c, &f->walk, err);
}

static void on_timer(uv_timer_t *timer)
{
	struct forget *f = timer->data;

	f->under_way = true;
	f->now_at_ms = clock_utc_ms();
	store_submit(f->store, &f->job);
}

static void begin(struct forget *f, uint64_t in_ms)
{
	int64_t now_at_ms = clock_utc_ms();

	f->summed = false;
	f->walk = (struct store_forget){
		.most_ms = STEP_MS,
		.events_before_ms = now_at_ms - f->after.events_ms,
		.spans_before_ms = now_at_ms - f->after.spans_ms,
		.deliveries_before_ms = now_at_ms - f->after.deliveries_ms,
		.days_before_ms = now_at_ms - f->after.days_ms,
	};
	uv_timer_start(&f->timer, on_timer, in_ms, 0);
}

static void end(struct forget *f)
{
	uv_close((uv_handle_t *)&f->timer, NULL);
	days_clear(&f->days);
	f->on_stopped(f->data);
}

static void on_done(struct store_job *job, int rc)
{
	struct forget *f = (struct forget *)job;

	f->under_way = false;
	if (f->stopping) {
		end(f);
	} else if (rc > 0) {
		uv_timer_start(&f->timer, on_timer, PAUSE_MS, 0);
	} else {
		if (f->walk.n_forgotten > 0)
			log_debug("forgot %" PRId64 " rows of what is older than the"
				  " retention",
				  f->walk.n_forgotten);
		begin(f, EVERY_MS);
	}
}

void forget_start(struct forget *f, uv_loop_t *loop, struct store *store,
		  const struct forget_after *after)
{
	*f = (struct forget){
		.job = {.run = run, .on_done = on_done},
		.store = store,
		.after = *after,
	};
	uv_timer_init(loop, &f->timer);
	f->timer.data = f;
	begin(f, FIRST_MS);
}

void forget_change(struct forget *f, const struct forget_after *after)
{
	f->after = *after; /* from the next walk on */
}

void forget_stop(struct forget *f, void (*on_stopped)(void *data), void *data)
{
	f->stopping = true;
	f->on_stopped = on_stopped;
	f->data = data;
	if (!f->under_way)
		end(f);
}
