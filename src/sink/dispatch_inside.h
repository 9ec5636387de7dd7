/* The parts of a dispatch, and what its files share. Nobody else includes this. */
#ifndef SINK_DISPATCH_INSIDE_H
#define SINK_DISPATCH_INSIDE_H

#include "sink/dispatch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/number.h"
#include "sink/lanes.h"
#include "sink/owed.h"

struct dispatch {
	uv_loop_t *loop;
	struct store *store;
	uv_timer_t timer;
	bool started; /* the timer is the loop's */
	char *name;
	const struct sink_ops *ops;
	void *sink;
	struct retry_rules rules;

	struct lanes *lanes;
	struct item_queue under_way; /* being sent */
	unsigned n_under_way;
	unsigned failures;       /* in a row */
	int64_t probe_ms;        /* down: when an untried event may go */
	int64_t paused_until_ms; /* the receiver asked for it */
	bool gone;               /* 410 */

	struct item_queue dirty, saving;
	size_t n_dirty;
	int64_t dirty_since_ms;
	struct owed owed;
	struct gather_settings gather;
	struct gather_rate rate;
	bool recalled;        /* what was sent before this start is in rate */
	int64_t gather_at_ms; /* UTC: when there is more to decide; INT64_MAX: not by time */
	int64_t gathered_ms;    /* not again before */
	int64_t quiet_until_ms; /* nothing is sent before */
	bool job_under_way;
	bool more;             /* the outbox may hold more, after `after` */
	int64_t after;         /* read up to here */
	int64_t reread_ms;     /* no reading from further back before */
	int64_t n_vain;        /* rows read that nobody could take, since the last such */
	int64_t store_wait_ms; /* no job before, after a failure */

	unsigned n_failed; /* tries since it last worked */
	int64_t failed_ms; /* the first of them */
	struct lasting failing;
	struct lasting lacking; /* delivered, but not to all */

	bool stopping, closed;
	bool last_saved; /* the last job had its chance */
	void (*on_stopped)(struct dispatch *d, void *data);
	void *stopped_data;
};

/* Start what may start, and set the timer to when there is more to do. */
void dispatch_turn(struct dispatch *d);

/* Sends at a time. */
unsigned dispatch_limit(const struct dispatch *d);

/* ---- how tries end: dispatch_ended.c ---- */

/* Whether its receiver fails, whatever the event; then one is told now and then, from probe_ms on. */
bool dispatch_is_down(const struct dispatch *d);
void dispatch_probed(struct dispatch *d, int64_t now_ms);
/* A send is over: keep how, and say what becomes of its lane. */
void dispatch_take_result(struct dispatch *d, struct item *i);

/* ---- the outbox: dispatch_outbox.c ---- */

/* How the item stands is to be written. */
void dispatch_set_dirty(struct dispatch *d, struct item *i, int64_t now_ms);
/* When to read more, and when to write; LANES_NEVER: not before something else happens. */
int64_t dispatch_read_ms(const struct dispatch *d);
int64_t dispatch_save_ms(const struct dispatch *d);
/* Write and read what is wanted now. False where that is a read for which there is no room. */
bool dispatch_use_store(struct dispatch *d, int64_t now_ms);
/* A job is over. */
void dispatch_on_owed(struct store_job *job, int rc);

#endif
