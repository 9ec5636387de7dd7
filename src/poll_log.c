#include "poll_inside.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

/* One line, however many accounts meet it. */
int64_t poll_look_at_clock(struct poll_env *env)
{
	int64_t at_ms = clock_utc_ms();
	int64_t step_ms = clock_watch_look(&env->clock, at_ms, clock_mono_ms());
	int64_t step_s;
	char text[CLOCK_TEXT_BYTES];

	if (step_ms == 0)
		return at_ms;
	step_s = (step_ms + (step_ms > 0 ? 500 : -500)) / SECOND_MS;
	clock_format_duration(text, (step_s > 0 ? step_s : -step_s) * SECOND_MS);
	log_warning("the clock was set %s by %s%s", step_ms > 0 ? "forward" : "back",
		    text, step_ms > 0 ? ", or the machine stood still for so long" : "");
	return at_ms;
}

void poll_log_unusable(struct answer *answer, const struct err *err)
{
	char safe[ANSWER_TEXT_BYTES - 32];

	log_escape(safe, sizeof safe, err->text);
	snprintf(answer->text, sizeof answer->text, "unusable answer: %s", safe);
}

void poll_log_retry(const struct poll *p, const char *what, int64_t wait_ms)
{
	char wait_text[CLOCK_TEXT_BYTES];

	clock_format_duration(wait_text, wait_ms);
	log_warning("%s: %s: %s; trying again in %s", p->config->name, what, p->last.text,
		    wait_text);
}

void poll_log_answering(struct poll *p)
{
	struct lasting was;
	char lasted[CLOCK_TEXT_BYTES];

	p->failing_page = 0;
	if (!lasting_ended(&p->failing, &was))
		return;
	clock_format_duration(lasted, clock_mono_ms() - was.since_ms);
	log_info("%s: answering again after %u failure%s (%s)", p->config->name, was.n,
		 was.n == 1 ? "" : "s", lasted);
}

/* A page came. Where one before it was given up, or one behind it failed in the last sweep, the
 * failure lasts: else the log would tell of its end and its beginning in every sweep. */
void poll_answering_again(struct poll *p)
{
	p->n_failures = 0;
	p->token_renewed = false;
	p->last = (struct answer){0};
	if (!p->course.incomplete && p->course.page >= p->failing_page)
		poll_log_answering(p);
}

/* What failed, for the log. */
void poll_name_request(char *out, size_t size, const struct poll *p)
{
	static const char *const names[ASK_KINDS] = {
		[ASK_EXTENSIONS] = "list of extensions, page",
		[ASK_LIST] = "device list, page",
		[ASK_CHUNK] = "devices of extensions, part",
	};

	snprintf(out, size, "%s %" PRId64, names[p->course.ask], p->course.page);
}

void poll_log_refused(struct poll *p)
{
	const struct page_job *j = &p->page_job;

	p->n_refused += j->n_refused;
	if (j->n_refused > 0 && lasting_failed(&p->refusing, clock_mono_ms()))
		log_warning("%s: device list, page %" PRId64 ": %" PRId64
			    " record%s cannot be read and %s set aside; the first: %s",
			    p->config->name, j->page, j->n_refused,
			    j->n_refused == 1 ? "" : "s",
			    j->n_refused == 1 ? "is" : "are", j->refused);
}

/* Why, and that it has consequences: no list, no removal. */
static void log_partial(const struct poll *p)
{
	const struct sweep *s = &p->watch.sweep;
	char why[96];

	if (s->n_unanswered > 0)
		snprintf(why, sizeof why,
			 s->n_unanswered == 1
				 ? "%" PRId64 " extension does not answer with all of its"
				 : "%" PRId64
				   " extensions do not answer with all of theirs",
			 s->n_unanswered);
	else if (s->n_duplicates > 0)
		snprintf(why, sizeof why,
			 s->n_duplicates == 1
				 ? "%" PRId64 " record is of a device listed before"
				 : "%" PRId64 " records are of devices listed before",
			 s->n_duplicates);
	else if (s->n_empty > 0)
		snprintf(why, sizeof why, "%" PRId64 " of its pages %s empty", s->n_empty,
			 s->n_empty == 1 ? "is" : "are");
	else if (s->total_elements < 0 && p->sweep_job.n_pages > 1)
		snprintf(why, sizeof why,
			 "its pages do not agree on how many there are, or do not say it"
			 " in a number");
	else if (s->total_elements < 0)
		snprintf(why, sizeof why,
			 "it does not say in a number how many there are");
	else
		snprintf(why, sizeof why, "it claims %" PRId64, s->total_elements);
	log_warning("%s: the device list lists %" PRId64 " devices and is not whole: %s;"
		    " nobody is removed until it is",
		    p->config->name, s->n_listed, why);
}

static void log_whole(struct poll *p)
{
	struct lasting was;
	char lasted[CLOCK_TEXT_BYTES];

	/* With the list of extensions of another sweep it was not to be. */
	if (p->sweep_route == ROUTE_EXTENSIONS && !p->ids_are_fresh &&
	    p->watch.sweep.n_unanswered == 0)
		return;
	/* A record without an id has a line of its own. */
	if (!p->sweep_job.whole && p->watch.sweep.n_nameless == 0) {
		if (++p->n_partial >= SWEEP_HABIT &&
		    lasting_failed(&p->partial, clock_mono_ms()))
			log_partial(p);
		return;
	}
	p->n_partial = 0;
	if (!p->sweep_job.whole || !lasting_ended(&p->partial, &was))
		return;
	clock_format_duration(lasted, clock_mono_ms() - was.since_ms);
	log_info("%s: the device list is whole again (after %s)", p->config->name,
		 lasted);
}

/* Which part of which record, for once: it is known only where one was read. */
static void log_flawed(const struct poll *p)
{
	const struct sweep *s = &p->watch.sweep;

	if (s->n_flawed > 0)
		log_debug("%s: of %" PRId64 " records a part cannot be used%s%s",
			  p->config->name, s->n_flawed, s->flaw[0] != '\0' ? "; " : "",
			  s->flaw);
}

/* Once after each start, when all have been seen: what this run has begun with. */
static void introduce(struct poll *p)
{
	const struct sweep_job *s = &p->sweep_job;
	const struct store_account *a = &p->watch.account;
	int64_t n_unknown = a->n_devices - a->n_online - a->n_offline;
	char interval[CLOCK_TEXT_BYTES], unknown[40] = "";

	if (p->is_introduced || (!s->first && !s->whole))
		return;
	p->is_introduced = true;
	clock_format_duration(interval, p->interval_ms);
	if (n_unknown > 0)
		snprintf(unknown, sizeof unknown, ", %" PRId64 " unknown", n_unknown);
	log_info("%s: watching %" PRId64 " device%s, %" PRId64 " online, %" PRId64
		 " offline%s; a sweep every %s",
		 p->config->name, a->n_devices, a->n_devices == 1 ? "" : "s", a->n_online,
		 a->n_offline, unknown, interval);
}

void poll_log_sweep(struct poll *p)
{
	const struct sweep_job *s = &p->sweep_job;
	const struct store_account *a = &p->watch.account;
	struct lasting was;

	introduce(p);
	if (s->shrunk && s->n_events > 0)
		log_error("%s: %s", p->config->name, a->detail);
	if (p->n_refused == 0 && lasting_ended(&p->refusing, &was))
		log_info("%s: all records can be read again", p->config->name);
	log_whole(p);
	log_flawed(p);
	log_debug("%s: sweep of %" PRId64 " pages, %s; %" PRId64 " missing, %" PRId64
		  " removed",
		  p->config->name, s->n_pages, s->whole ? "whole" : "not whole",
		  s->n_missing, s->n_removed);
}

/* What an earlier run has left. */
void poll_log_blocked(struct poll *p)
{
	int64_t now_ms = clock_mono_ms();
	int64_t list_ms = ledger_blocked_ms(poll_budget_of(p), now_ms);
	int64_t auth_ms = ledger_blocked_ms(p->auth_budget, now_ms);
	char wait_text[CLOCK_TEXT_BYTES];

	if (list_ms == 0 && auth_ms == 0)
		return;
	clock_format_duration(wait_text, list_ms > auth_ms ? list_ms : auth_ms);
	p->last = (struct answer){.reason = REASON_LIMITED};
	snprintf(p->last.text, sizeof p->last.text,
		 "the vendor wants no request now, or has said so in an answer that"
		 " came too late");
	log_info("%s: %s; going on in %s", p->config->name, p->last.text, wait_text);
}

/* So that nobody wonders where an account is that waits for minutes behind others. */
void poll_log_turn(struct poll *p)
{
	const struct budget *b = p->auth_budget;
	char window_text[CLOCK_TEXT_BYTES];

	if (p->awaits_login || poll_wait_of_auth(p) == 0 ||
	    ledger_blocked_ms(b, clock_mono_ms()) > 0)
		return;
	p->awaits_login = true;
	clock_format_duration(window_text, b->window_ms);
	log_info("%s: waiting for its turn to log in: %" PRId64
		 " logins in %s are ours with its client id",
		 p->config->name, budget_allowance(b, p->config->budget_share),
		 window_text);
}
