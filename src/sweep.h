/* The sweep job: after the last page, what only the whole list can say. Runs on the store's worker.
 *
 * Whole: every page came, no id came twice, and the totals agree. Absent totals cannot; but a list
 * whose last page claims no more, and that gave none three times in a row, is of a vendor that
 * leaves them out (ringcentral/api.md section 7): from the third on it counts as whole. A list
 * that usually has totals and lacks them once or twice does not.
 *
 * Removals: a device is gone only when two whole lists in a row lack it. Many missing at once
 * remove nobody: a withdrawn permission looks the same as a clearance. A list that is not whole
 * proves nothing; but who is on none of its pages for three intervals is unobserved.
 *
 * By extensions: whole where each extension has answered, and their list came with this sweep; it
 * proves nothing about a device without an extension, nor about one whose extension is gone: it may be
 * there without one. What lists by the other route lacked does not count.
 *
 * The rules run at its end, in a transaction of their own, once the first sweep is over: alerts.h.
 *
 * The first sweep: it records and tells one account.reachable. It is over, and who comes later is
 * told as added, with a list that is whole, or that gives no totals at all; and after three lists
 * that are neither, of which nothing better is to be expected. */
#ifndef SWEEP_H
#define SWEEP_H

#include "model/audience.h"
#include "rule/rule.h"
#include "store/store.h"
#include "watch.h"

struct sweep_job {
	struct store_job job;

	/* Set by the owner. */
	struct watch *watch;
	struct audience *audience;
	struct rules *rules; /* NULL: none run */
	int64_t n_pages; /* that were asked for; all came, or the job is not to be run */
	int64_t ended_at_ms;  /* UTC: when the last page had arrived */
	int64_t clock_set_ms; /* by how much the clock was set by then, altogether */
	int64_t interval_ms;  /* the effective interval */
	bool wants_counts;    /* the account's row is to have them */
	char budget_scope[65], budget_group[64];
	int64_t route_tried_at_ms; /* UTC: store_account's */

	/* To be read when done. */
	bool whole;          /* every page came, no id twice, the totals agree */
	bool proves_absence; /* whole, and no record was set aside */
	bool first;          /* with it the account's first sweep is over */
	bool wants_ids; /* by extensions: whether somebody is gone, only a fresh list of them shows */
	bool shrunk; /* the last that proved absence lacked too many: nobody is removed */
	int64_t n_missing; /* devices that the list lacks */
	int64_t n_removed;
	int64_t n_lapsed; /* devices that no page has shown for too long: unobserved from now on */
	bool confirm; /* a sweep at once, before anything is told of what this one has shown */
	int64_t unmuted_at_ms; /* alerts.h */
	int64_t n_events;

	/* Private: the places of those that are not listed, while it runs. */
	uint32_t *unlisted;
	size_t n_unlisted;
	int64_t n_stored; /* devices that there were */
};

void sweep_job_init(struct sweep_job *s);
/* For the end of a sweep of which pages were given up: it only finds what is unobserved, and notes
 * when the last page came. */
void sweep_job_init_partial(struct sweep_job *s);

/* 0; ERR_STORE: nothing has changed; or ERR_RETRY: another job's commit has failed meanwhile, which
 * voids what this sweep has seen, and nothing has changed either. */
int sweep_run(struct store_conn *c, struct store_job *job, struct err *err);
int sweep_run_partial(struct store_conn *c, struct store_job *job, struct err *err);

/* How many may be missing at once for it to be believed: the larger of 5 devices and 5 %. */
int64_t sweep_most_missing(int64_t n_devices);

#define SWEEP_HABIT 3 /* what so many in a row do is the vendor's way */
#define SWEEP_SHRUNK_MS \
	(INT64_C(24) * 3600 * 1000) /* whole lists that agree so long are right */

#endif
