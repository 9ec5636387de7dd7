/* What is over is summed up by days, and what is old forgotten, once an hour and a little at a time. */
#ifndef FORGET_H
#define FORGET_H

#include <stdbool.h>
#include <uv.h>

#include "days.h"
#include "store/store.h"

/* How long what is kept. */
struct forget_after {
	int64_t events_ms, spans_ms, deliveries_ms, days_ms;
};

struct forget {
	struct store_job job;
	struct store *store;
	struct forget_after after;
	int64_t now_at_ms;     /* of the step at hand */
	struct days_walk days; /* ahead of the other: what is forgotten has its sums */
	bool summed;           /* it is over, this time */
	struct store_forget walk;
	uv_timer_t timer;
	bool under_way; /* a job: the store may not be closed */
	bool stopping;
	void (*on_stopped)(void *data);
	void *data;
};

/* Begin, with the first look in a minute: a start has other things to do. */
void forget_start(struct forget *f, uv_loop_t *loop, struct store *store,
		  const struct forget_after *after);
/* Others, after a reload. */
void forget_change(struct forget *f, const struct forget_after *after);
/* on_stopped follows, exactly once, from here or from a later turn of the loop; the timer is closing
 * then. */
void forget_stop(struct forget *f, void (*on_stopped)(void *data), void *data);

#endif
