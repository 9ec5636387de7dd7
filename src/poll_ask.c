/*
 * Somebody asks for a sweep now.
 *
 *   poll_ask -> (the sweep at hand ends) -> poll_begin_sweep -> ... -> poll_tell_swept -> on_done
 *                 \-> a list is to be accepted: accept job -> on_accepted -> poll_begin_sweep
 *
 * Early ends: refused at once, where the vendor wants no request, or polling has stopped; a request
 * that fails for good or for long, a store that fails, poll_stop: poll_tell_not_swept.
 */
#include "poll_inside.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"

/* Failures in a row that whoever waits does not want to wait for; one or two are usual. */
#define PATIENCE 3

static void end(struct poll *p, struct poll_asker *a, const struct poll_found *found)
{
	TAILQ_REMOVE(&p->askers, a, entry);
	a->on_done(a, found); /* the owner may free it */
}

static void refuse(struct poll_asker *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void refuse(struct poll_asker *a, const char *fmt, ...)
{
	struct poll_found found = {.how = POLL_REFUSED};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(found.text, sizeof found.text, fmt, ap);
	va_end(ap);
	a->on_done(a, &found);
}

void poll_tell_not_swept(struct poll *p, const char *why)
{
	struct poll_found found = {.how = POLL_FAILED};
	struct poll_asker *a;

	snprintf(found.text, sizeof found.text, "%s", why);
	while ((a = TAILQ_FIRST(&p->askers)) != NULL)
		end(p, a, &found);
}

void poll_tell_failure(struct poll *p, const struct answer *answer)
{
	if (answer->next != ANSWER_RETRY || p->n_failures >= PATIENCE)
		poll_tell_not_swept(p, answer->text);
}

/* Whose sweep has ended; the others' begins with the next. */
bool poll_tell_swept(struct poll *p)
{
	const struct sweep_job *s = &p->sweep_job;
	const struct poll_found found = {
		.how = POLL_SWEPT,
		.whole = s->whole,
		.shrunk = s->shrunk,
		.n_devices = p->watch.sweep.n_listed,
		.n_missing = s->n_missing,
		.n_removed = s->n_removed,
		.n_events = p->n_told + s->n_events,
		.took_ms = clock_mono_ms() - p->sweep_began_ms,
	};
	struct poll_asker *a, *next;

	for (a = TAILQ_FIRST(&p->askers); a != NULL; a = next) {
		next = TAILQ_NEXT(a, entry);
		if (!a->waits)
			end(p, a, &found);
		else
			a->waits = false;
	}
	return !TAILQ_EMPTY(&p->askers);
}

/* ---- a list that has shrunk ---- */

static int run_accept(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct accept_job *j = (struct accept_job *)job;
	struct watch *w = j->watch;

	if (watch_load(w, c, err) != 0)
		return err->code;
	j->was_shrunk = w->account.shrunk_since_at_ms != 0;
	if (!j->was_shrunk)
		return 0;
	/* As if whole lists had agreed for so long: with the next that does, they are gone. */
	w->account.shrunk_since_at_ms = j->at_ms - SWEEP_SHRUNK_MS;
	if (store_begin(c, err) == 0 && store_account_save(c, &w->account, err) == 0 &&
	    store_commit(c, err) == 0)
		return 0;
	watch_doubt(w);
	return err->code;
}

/* Those who ask for it have it, or there is nothing to accept. */
static void tell_accepted(struct poll *p)
{
	struct poll_asker *a, *next;

	for (a = TAILQ_FIRST(&p->askers); a != NULL; a = next) {
		next = TAILQ_NEXT(a, entry);
		if (a->wish != POLL_ACCEPT || a->waits)
			continue;
		a->accepted = true;
		if (p->accept_job.was_shrunk)
			continue;
		TAILQ_REMOVE(&p->askers, a, entry);
		refuse(a, "its list has not shrunk: there is nothing to accept");
	}
}

static void on_accepted(struct store_job *job, int rc)
{
	struct accept_job *j = (struct accept_job *)job;
	struct poll *p = OWNER_OF(j, struct poll, accept_job);

	if (!poll_goes_on(p))
		return;
	if (rc != 0) {
		poll_store_failed(p, &job->err);
		return;
	}
	tell_accepted(p);
	poll_begin_sweep(p);
}

bool poll_accepts(struct poll *p)
{
	struct accept_job *j = &p->accept_job;
	const struct poll_asker *a;

	TAILQ_FOREACH(a, &p->askers, entry)
	if (a->wish == POLL_ACCEPT && !a->accepted && !a->waits)
		break;
	if (a == NULL)
		return false;
	j->job = (struct store_job){.run = run_accept, .on_done = on_accepted};
	j->watch = &p->watch;
	j->at_ms = clock_utc_ms();
	p->step = STEP_SWEEP_JOB;
	p->n_under_way++;
	store_submit(p->env->store, &j->job);
	return true;
}

/* ---- asking ---- */

/* Whether nothing of its devices has been asked for yet: what is to come is of now. */
static bool is_still_to_ask(const struct poll *p)
{
	return p->step == STEP_IDLE ||
	       (p->begins && (p->step == STEP_WAIT || p->step == STEP_TOKEN ||
			      p->course.ask == ASK_EXTENSIONS));
}

void poll_ask(struct poll *p, struct poll_asker *a)
{
	int64_t blocked_ms = poll_blocked_ms(p);
	char text[CLOCK_TEXT_BYTES];

	if (p->stopping || p->step == STEP_NEW) {
		refuse(a, "it is being started or stopped");
		return;
	}
	if (p->step == STEP_STOPPED) {
		refuse(a, "polling has stopped: %s", p->last.text);
		return;
	}
	if (blocked_ms > 0) {
		clock_format_duration(text, blocked_ms);
		refuse(a, "the vendor wants no request for another %s", text);
		return;
	}
	a->accepted = false;
	/* An acceptance goes before all that a sweep asks for. */
	a->waits = a->wish == POLL_ACCEPT ? p->step != STEP_IDLE : !is_still_to_ask(p);
	TAILQ_INSERT_TAIL(&p->askers, a, entry);
	if (p->step == STEP_IDLE)
		poll_wait(p, STEP_IDLE, 0);
	else if (p->step == STEP_WAIT && p->n_failures > 0)
		poll_wait(p, STEP_WAIT, 0); /* who asks may have mended it */
}
