/* A poll's sweeps: when they begin, and how they end. */
#include "poll_inside.h"

#include <stdio.h>

#include "base/clock.h"
#include "schedule.h"

/* ---- the beginning ---- */

void poll_begin_sweep(struct poll *p)
{
	if (!p->route_known) {
		poll_recall_route(p);
		return;
	}
	if (poll_accepts(p))
		return;
	poll_look_at_clock(p->env);
	p->sweep_route = poll_route_now(p);
	p->begins = true;
	p->ids_are_fresh = false;
	p->n_refused = 0;
	p->n_told = 0;
	p->busy_ms = 0;
	p->unmuted_at_ms =
		0; /* should this one come to nothing, there is no hurry with the next */
	if (poll_needs_names(p)) {
		poll_ask_names(p);
	} else {
		poll_ask_devices(p);
	}
}

/* The next sweep: about an interval after the first page of the last one was asked for; or when a silence
 * ends, since only what the list shows then did not come back within it. */
static void schedule(struct poll *p)
{
	int64_t base_ms = p->env->began_ms;
	int64_t due_ms =
		schedule_next_ms(p->place, p->sweep_began_ms - base_ms, p->interval_ms);
	int64_t wait_ms = base_ms + due_ms - clock_mono_ms();
	int64_t unmuted_ms = p->unmuted_at_ms - clock_utc_ms();

	if (p->unmuted_at_ms != 0 && unmuted_ms < wait_ms)
		wait_ms = unmuted_ms;
	poll_wait(p, STEP_IDLE, wait_ms > 0 ? wait_ms : 0);
}

void poll_silence_ended(struct poll *p)
{
	if (p->unmuted_at_ms != 0 && p->step == STEP_IDLE && !p->stopping)
		poll_wait(p, STEP_IDLE, 0);
}

/* ---- the end ---- */

static void on_sweep_done(struct store_job *job, int rc)
{
	struct sweep_job *s = (struct sweep_job *)job;
	struct poll *p = OWNER_OF(s, struct poll, sweep_job);

	audience_release(s->audience);
	rules_release(s->rules);
	if (!poll_goes_on(p))
		return;
	if (rc == ERR_RETRY) { /* the failure behind it has been told */
		log_debug("%s: the sweep is worth nothing: %s; another one is due",
			  p->config->name, job->err.text);
		schedule(p);
		return;
	}
	if (rc != 0) {
		poll_store_failed(p, &job->err);
		return;
	}
	p->wants_ids = s->wants_ids;
	if (!p->course.incomplete)
		poll_log_sweep(p);
	if (s->n_lapsed > 0)
		log_warning("%s: %" PRId64
			    " device%s been on no page for three intervals:"
			    " unknown until the list shows %s",
			    p->config->name, s->n_lapsed,
			    s->n_lapsed == 1 ? " has" : "s have",
			    s->n_lapsed == 1 ? "it" : "them");
	if (s->n_events > 0)
		p->env->on_events(p->env->data);
	if (s->whole && !s->shrunk)
		p->env->on_swept(p->env->data, p->config);
	p->unmuted_at_ms = s->unmuted_at_ms;
	if (poll_tell_swept(p) || s->confirm)
		poll_wait(p, STEP_IDLE, 0);
	else
		schedule(p);
}

void poll_end_sweep(struct poll *p)
{
	struct sweep_job *s = &p->sweep_job;

	p->step = STEP_SWEEP_JOB;
	p->was_busy_ms = p->busy_ms;
	poll_learn_interval(p);
	if (p->course.incomplete) {
		sweep_job_init_partial(s);
	} else {
		poll_log_answering(p); /* the list may end before the page that failed */
		sweep_job_init(s);
	}
	s->job.on_done = on_sweep_done;
	s->watch = &p->watch;
	s->audience = audience_share(p->env->audience);
	/* Where no page came nothing was seen, and nothing is decided. */
	s->rules = p->begins ? NULL : rules_share(p->env->rules);
	s->n_pages = p->course.page;
	s->route_tried_at_ms = p->route == ROUTE_EXTENSIONS ? p->tried_at_ms : 0;
	s->ended_at_ms = poll_look_at_clock(p->env);
	s->clock_set_ms = p->clock_set_ms = p->env->clock.set_ms;
	s->interval_ms = p->interval_ms;
	s->wants_counts = !p->is_introduced;
	snprintf(s->budget_scope, sizeof s->budget_scope, "%s", p->scope);
	snprintf(s->budget_group, sizeof s->budget_group, "%s",
		 ledger_group(poll_budget_of(p)));
	p->n_under_way++;
	store_submit(p->env->store, &s->job);
}
