/* How a try to tell an event has ended: what becomes of its lane, and what the log says of it. */
#include "sink/dispatch_inside.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"

/* A sink that fails so often in a row, whatever the event, is down: events that were not tried
 * yet wait too, but for one now and then. Else a dead receiver is asked for each of a million. */
#define DOWN_AFTER     8
#define PROBE_EVERY_MS 10000
#define LOG_AFTER_MS   1000

bool dispatch_is_down(const struct dispatch *d)
{
	return d->failures >= DOWN_AFTER;
}

void dispatch_probed(struct dispatch *d, int64_t now_ms)
{
	d->probe_ms = now_ms + PROBE_EVERY_MS;
}

/* ---- the log ---- */

#define OWED_TEXT_BYTES 48

/* "12 events wait" */
static void format_owed(char out[OWED_TEXT_BYTES], const struct dispatch *d)
{
	size_t n = lanes_n_owed(d->lanes);

	if (d->more)
		snprintf(out, OWED_TEXT_BYTES, "%zu or more events wait", n);
	else
		snprintf(out, OWED_TEXT_BYTES,
			 n == 1 ? "%zu event waits" : "%zu events wait", n);
}

/* What the next try may mend within a second is no line of the log. */
static void log_failure(struct dispatch *d, const struct sink_send *s, int64_t now_ms,
			int64_t wait_ms)
{
	char wait[CLOCK_TEXT_BYTES], owed[OWED_TEXT_BYTES];

	if (d->n_failed++ == 0)
		d->failed_ms = now_ms;
	if (now_ms - d->failed_ms + wait_ms < LOG_AFTER_MS ||
	    !lasting_failed(&d->failing, now_ms))
		return;
	clock_format_duration(wait, wait_ms);
	format_owed(owed, d);
	log_warning("sink %s: %s; %s; trying again in %s", d->name, s->err.text, owed,
		    wait);
}

/* Only when no lane waits any more: else a receiver that fails now and then, or for one subject,
 * would fill the log. */
static void log_success(struct dispatch *d, int64_t now_ms)
{
	char lasted[CLOCK_TEXT_BYTES];
	struct lasting was;

	if (lanes_n_waiting(d->lanes) > 0)
		return;
	if (lasting_ended(&d->failing, &was)) {
		clock_format_duration(lasted, now_ms - d->failed_ms);
		log_info("sink %s: answering again after %u failures (%s)", d->name,
			 d->n_failed, lasted);
	}
	d->n_failed = 0;
}

/* ---- results ---- */

static void settle(struct dispatch *d, struct item *i, enum delivery_state state,
		   int64_t now_ms)
{
	i->state = state;
	i->ended_at_ms = clock_utc_ms();
	free(i->data);
	i->data = NULL;
	lanes_settle(d->lanes, i, now_ms);
}

/* What is delivered, but for something that is to be told. */
static void log_lack(struct dispatch *d, const struct item *i, int64_t now_ms)
{
	struct lasting was;

	if (i->error == NULL) {
		if (lasting_ended(&d->lacking, &was))
			log_info("sink %s: nobody is left out any more", d->name);
	} else if (lasting_failed(&d->lacking, now_ms)) {
		log_warning("sink %s: event %s is delivered, but %s", d->name,
			    i->event_id, i->error);
	}
}

static void on_delivered(struct dispatch *d, struct item *i, int64_t now_ms)
{
	log_debug("sink %s: event %s: delivered", d->name, i->event_id);
	log_lack(d, i, now_ms);
	settle(d, i, DELIVERY_DELIVERED, now_ms);
	/* What waits for a receiver that was down need not wait for its own turn. */
	if (dispatch_is_down(d))
		lanes_hurry(d->lanes, now_ms);
	d->failures = 0;
	log_success(d, now_ms);
}

static void on_dead(struct dispatch *d, struct item *i, int64_t now_ms)
{
	log_warning("sink %s: event %s is given up after %d tries: %s", d->name,
		    i->event_id, i->retry.attempts, i->error);
	settle(d, i, DELIVERY_DEAD, now_ms);
}

static void on_failed(struct dispatch *d, struct item *i, int64_t now_ms)
{
	const struct sink_send *s = &i->send;
	int64_t wait_ms = i->retry.next_at_ms - clock_utc_ms();

	if (s->end == SINK_LATER && !s->answers) {
		if (++d->failures == DOWN_AFTER)
			dispatch_probed(d, now_ms);
	} else {
		d->failures = 0; /* it answers */
	}
	lanes_later(d->lanes, i, now_ms + wait_ms, now_ms);
	log_failure(d, s, now_ms, wait_ms);
}

static void on_gone(struct dispatch *d, struct item *i, int64_t now_ms)
{
	char owed[OWED_TEXT_BYTES];

	lanes_later(d->lanes, i, LANES_NEVER, now_ms);
	if (d->gone)
		return;
	d->gone = true;
	format_owed(owed, d);
	log_error("sink %s: %s: the receiver wants no more; %s; correct its"
		  " address, or take the sink out, and reload",
		  d->name, i->error, owed);
}

/* Said of the receiver, not of this event: whatever becomes of it, the others wait. */
static void pause_for(struct dispatch *d, int64_t asked_ms, int64_t now_ms)
{
	d->paused_until_ms =
		larger(d->paused_until_ms, now_ms + retry_obeyed_ms(&d->rules, asked_ms));
}

void dispatch_take_result(struct dispatch *d, struct item *i)
{
	const struct sink_send *s = &i->send;
	int64_t now_ms = clock_mono_ms();
	enum retry_verdict verdict;

	TAILQ_REMOVE(&d->under_way, i, entry);
	d->n_under_way--;
	if (s->end == SINK_CANCELED) {
		lanes_later(d->lanes, i, 0, now_ms);
		return;
	}
	free(i->error);
	i->error = s->err.text[0] != '\0' ? mem_strdup(s->err.text) : NULL;
	i->code = s->code;
	verdict = retry_decide(&i->retry, &d->rules, s->end, s->wait_ms, i->begun_at_ms,
			       clock_utc_ms(), random_u32());
	if (s->wait_ms > 0)
		pause_for(d, s->wait_ms, now_ms);
	dispatch_set_dirty(d, i, now_ms);
	switch (verdict) {
	case RETRY_DELIVERED:
		on_delivered(d, i, now_ms);
		break;
	case RETRY_DEAD:
		on_dead(d, i, now_ms);
		break;
	case RETRY_AGAIN:
		on_failed(d, i, now_ms);
		break;
	case RETRY_GONE:
		on_gone(d, i, now_ms);
		break;
	}
}
