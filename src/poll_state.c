/*
 *   poll_start_dark -> on_dark: no page for three intervals -> poll_tell_unreachable -> state job
 *                                                                  -> on_state_told
 *   poll_start_blind -> on_blind: for five -> blind job -> on_blind_told -> (an interval) on_blind ...
 */
#include "poll_inside.h"

#include <stdio.h>

#include "base/clock.h"

#define DARK_INTERVALS  3 /* without a page: account.unreachable */
#define BLIND_INTERVALS 5 /* and monitor_blind */

/* Whether that it cannot be watched has been told already. One reason more is no news, save that
 * of an account whose list had merely shrunk, and that polling has stopped for good. */
static bool is_told(const struct store_account *a, const char *reason)
{
	if (a->state != ACCOUNT_UNREACHABLE)
		return false;
	return strcmp(a->reason, reason) == 0 ||
	       (strcmp(a->reason, reason_name(REASON_LIST_SHRUNK)) != 0 &&
		strcmp(reason, reason_name(REASON_CREDENTIALS)) != 0);
}

static int run_state_job(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct state_job *s = (struct state_job *)job;
	struct watch *w = s->watch;

	if (watch_load(w, c, err) != 0)
		return err->code;
	if (is_told(&w->account, s->reason))
		return 0;
	if (store_begin(c, err) == 0 &&
	    watch_tell_state(w, c, ACCOUNT_UNREACHABLE, s->reason, s->detail, s->at_ms,
			     s->audience, err) == 0 &&
	    store_account_save(c, &w->account, err) == 0 && store_commit(c, err) == 0)
		s->told = true;
	else
		watch_doubt(w);
	return err->code;
}

static void on_state_told(struct store_job *job, int rc)
{
	struct state_job *s = (struct state_job *)job;
	struct poll *p = OWNER_OF(s, struct poll, state_job);

	s->under_way = false;
	audience_release(s->audience);
	if (!poll_goes_on(p))
		return;
	if (rc == 0 && s->told)
		p->env->on_events(p->env->data);
	else if (rc == ERR_STORE)
		poll_start_dark(p); /* the store fails: tell it later */
}

/* Why no page comes, where no request has failed. */
static const struct answer blocked = {
	.reason = REASON_LIMITED,
	.text = "the vendor wants no request with these credentials now",
};
static const struct answer silent = {.reason = REASON_NETWORK, .text = "no answer"};

void poll_tell_unreachable(struct poll *p)
{
	struct state_job *s = &p->state_job;

	if (s->under_way || p->stopping)
		return;
	s->job = (struct store_job){.run = run_state_job, .on_done = on_state_told};
	s->under_way = true;
	s->told = false;
	s->watch = &p->watch;
	s->audience = audience_share(p->env->audience);
	if (p->last.reason == REASON_NONE)
		p->last = *(poll_blocked_ms(p) > 0 ? &blocked : &silent);
	s->reason = reason_name(p->last.reason);
	snprintf(s->detail, sizeof s->detail, "%s", p->last.text);
	s->at_ms = clock_utc_ms();
	p->n_under_way++;
	store_submit(p->env->store, &s->job);
}

/* Whether what keeps us is ourselves: a page that has come and is being stored, or the share of
 * the budget that we take, behind others that have the same. What an earlier run has left is no
 * failure of this one. */
static bool is_our_wait(const struct poll *p)
{
	return p->step == STEP_PAGE_JOB || p->step == STEP_SWEEP_JOB ||
	       (p->step == STEP_WAIT && p->n_failures == 0 && poll_blocked_ms(p) == 0);
}

/* Whether it is one page that fails, in a sweep of which others have come: what becomes of the
 * account, the next page shows soon. */
static bool is_one_page(const struct poll *p)
{
	return p->course.n_came > 0 && p->course.tries > 0 && p->token_tries == 0 &&
	       (p->last.next == ANSWER_RETRY || p->last.next == ANSWER_REFUSED);
}

static void on_dark(uv_timer_t *timer)
{
	struct poll *p = timer->data;

	if (is_our_wait(p)) {
		poll_start_dark(p);
	} else if (is_one_page(p)) {
		poll_start_dark(p); /* it is given up after a few tries */
		p->dark_due = true;
	} else {
		poll_tell_unreachable(p);
	}
}

void poll_start_dark(struct poll *p)
{
	p->dark_due = false;
	uv_timer_start(&p->dark, on_dark, (uint64_t)(DARK_INTERVALS * p->interval_ms), 0);
}

/* ---- monitor_blind ---- */

/* Where pages come, or what keeps us is ourselves, nobody was told that the account is out of sight,
 * and it is not. */
static int run_blind_job(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct blind_job *j = (struct blind_job *)job;
	const struct store_account *a = &j->watch->account;
	struct alerts_run r = {
		.watch = j->watch,
		.audience = j->audience,
		.rules = j->rules,
		.at_ms = j->at_ms,
	};

	if (watch_load(j->watch, c, err) != 0)
		return err->code;
	if (a->state != ACCOUNT_UNREACHABLE ||
	    strcmp(a->reason, reason_name(REASON_LIST_SHRUNK)) == 0)
		return 0;
	r.why = a->reason;
	r.since_ms = a->since_at_ms;
	if (alerts_run_blind(&r, c, err) != 0)
		watch_doubt(j->watch);
	j->n_events = r.n_events;
	return err->code;
}

static void on_blind(uv_timer_t *timer);

static void on_blind_told(struct store_job *job, int rc)
{
	struct blind_job *j = (struct blind_job *)job;
	struct poll *p = OWNER_OF(j, struct poll, blind_job);

	j->under_way = false;
	audience_release(j->audience);
	rules_release(j->rules);
	if (!poll_goes_on(p))
		return;
	if (rc == 0 && j->n_events > 0)
		p->env->on_events(p->env->data);
	/* Again while it lasts: for who wants to be reminded, and should the store have failed. */
	if (!uv_is_active((uv_handle_t *)&p->blind))
		uv_timer_start(&p->blind, on_blind, (uint64_t)p->interval_ms, 0);
}

static void on_blind(uv_timer_t *timer)
{
	struct poll *p = timer->data;
	struct blind_job *j = &p->blind_job;

	if (j->under_way)
		return;
	*j = (struct blind_job){
		.job = {.run = run_blind_job, .on_done = on_blind_told},
		.watch = &p->watch,
		.audience = audience_share(p->env->audience),
		.rules = rules_share(p->env->rules),
		.at_ms = clock_utc_ms(),
		.under_way = true,
	};
	p->n_under_way++;
	store_submit(p->env->store, &j->job);
}

void poll_start_blind(struct poll *p)
{
	/* A loop that has been busy thinks it is earlier, and a timer is right to the millisecond
	 * that has begun: neither may tell it before the time. */
	uv_update_time(p->blind.loop);
	uv_timer_start(&p->blind, on_blind,
		       (uint64_t)(BLIND_INTERVALS * p->interval_ms) + 1, 0);
}
