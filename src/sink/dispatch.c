/*
 * Whatever happens leads to turn(): it starts what may start, hands a job to the store where
 * something is to be written or read, and sets the timer to when there is more to do.
 *
 *   dispatch_wake -> turn -> read job -> on_owed -> turn -> send -> on_sent -> turn -> save job
 *     \-> a try failed: the lane waits in lanes; on_timer -> turn
 *     \-> the store failed: results stay dirty; on_timer (30 s) -> turn
 *
 *   dispatch_stop: sends are canceled (on_sent), a job under way ends (on_owed), the last one
 *     writes what is dirty (on_owed) -> turn sees that nothing is left -> on_closed -> on_stopped
 *
 * One job at a time, and no results are forgotten before it reports that they are on the disk.
 */
#include "sink/dispatch.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "sink/lanes.h"
#include "sink/owed.h"

#define WINDOW         1000 /* events in memory */
#define PARKED_MAX     4000 /* subjects that wait beyond those */
#define TURN_MAX       64   /* sends started in one turn of the loop */
#define SAVE_AFTER_MS  100  /* results are collected so long ... */
#define SAVE_AT        256  /* ... or until there are so many */
#define STORE_RETRY_MS 30000
/* A sink that fails so often in a row, whatever the event, is down: events that were not tried
 * yet wait too, but for one now and then. Else a dead receiver is asked for each of a million. */
#define DOWN_AFTER      8
#define PROBE_EVERY_MS  10000
#define LOG_AFTER_MS    1000
#define CLOCK_LOOK_MS   15000 /* how late a time of day may be noticed */
#define GATHER_PAUSE_MS 500 /* looking at all that is owed costs the worker up to 0.1 s */

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

static void turn(struct dispatch *d);

static int64_t later(int64_t a_ms, int64_t b_ms)
{
	return a_ms > b_ms ? a_ms : b_ms;
}

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
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

static bool is_down(const struct dispatch *d)
{
	return d->failures >= DOWN_AFTER;
}

static void set_dirty(struct dispatch *d, struct item *i, int64_t now_ms)
{
	if (i->dirty)
		return;
	i->dirty = true;
	if (i->saving)
		return; /* it is in that list; on_owed sees that it changed meanwhile */
	if (d->n_dirty++ == 0)
		d->dirty_since_ms = now_ms;
	TAILQ_INSERT_TAIL(&d->dirty, i, in_save);
}

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
	if (is_down(d))
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
			d->probe_ms = now_ms + PROBE_EVERY_MS;
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
		later(d->paused_until_ms, now_ms + retry_obeyed_ms(&d->rules, asked_ms));
}

/* A send is over: keep how, and say what becomes of its lane. */
static void take_result(struct dispatch *d, struct item *i)
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
	set_dirty(d, i, now_ms);
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

static void on_sent(struct sink_send *s)
{
	struct item *i = s->owner;
	struct dispatch *d = i->owner;

	take_result(d, i);
	turn(d);
}

/* ---- sending ---- */

static void send_item(struct dispatch *d, struct item *i)
{
	struct sink_send *s = &i->send;

	TAILQ_INSERT_TAIL(&d->under_way, i, entry);
	d->n_under_way++;
	i->owner = d;
	i->begun_at_ms = clock_utc_ms();
	if (i->retry.attempts == 0)
		gather_count(&d->rate, &d->gather, clock_mono_ms());
	*s = (struct sink_send){
		.event_id = i->event_id,
		.data = i->data,
		.len = i->len,
		.on_done = on_sent,
		.owner = i,
	};
	if (i->data == NULL) {
		s->end = SINK_DEAD;
		err_set(&s->err, ERR_FORMAT, "it is larger than %u bytes",
			OWED_EVENT_MAX_BYTES);
		take_result(d, i);
	} else if (d->ops->send(d->sink, s) == SINK_ENDED) {
		take_result(d, i);
	}
}

static unsigned limit_of(const struct dispatch *d)
{
	return is_down(d) ? 1 : d->ops->max_under_way;
}

/* When a send may start; LANES_NEVER: not before something else happens. */
static int64_t send_ms(const struct dispatch *d)
{
	int64_t at_ms = LANES_NEVER;

	if (d->stopping || d->gone || d->n_under_way >= limit_of(d))
		return LANES_NEVER;
	if (lanes_is_ready(d->lanes, LANES_TRIED))
		at_ms = 0;
	else if (lanes_is_ready(d->lanes, LANES_ANY))
		at_ms = is_down(d) ? d->probe_ms : 0;
	at_ms = sooner(at_ms, lanes_due_ms(d->lanes));
	return later(at_ms, later(d->paused_until_ms, d->quiet_until_ms));
}

static void start_sends(struct dispatch *d, int64_t now_ms)
{
	for (int n = 0; n < TURN_MAX && send_ms(d) <= now_ms; n++) {
		bool any = !is_down(d) || d->probe_ms <= now_ms;
		struct item *i = lanes_next(d->lanes, any ? LANES_ANY : LANES_TRIED);

		if (is_down(d) && i->retry.attempts == 0)
			d->probe_ms = now_ms + PROBE_EVERY_MS;
		send_item(d, i);
	}
}

/* ---- the outbox ---- */

static bool gathers(const struct dispatch *d)
{
	return gather_is_wanted(&d->gather);
}

static int64_t gather_ms(const struct dispatch *d)
{
	int64_t at_ms = d->more ? 0 : LANES_NEVER;

	if (d->job_under_way || d->stopping || d->gone ||
	    lanes_room(d->lanes) < OWED_READ_MAX)
		return LANES_NEVER;
	if (!d->more && d->gather_at_ms != INT64_MAX)
		at_ms = clock_mono_ms() + (d->gather_at_ms - clock_utc_ms());
	return later(later(at_ms, d->gathered_ms), d->store_wait_ms);
}

/* When to read more; LANES_NEVER: not before something else happens. */
static int64_t read_ms(const struct dispatch *d)
{
	int64_t at_ms;

	if (gathers(d))
		return gather_ms(d);
	if (d->job_under_way || d->stopping || d->gone ||
	    (!d->more && !lanes_must_read(d->lanes)))
		return LANES_NEVER;
	at_ms = later(d->more ? 0 : d->reread_ms, d->store_wait_ms);
	if (lanes_room(d->lanes) >= OWED_READ_MAX)
		return at_ms;
	/* Room is made only for an event that could be sent at once. */
	if (d->n_under_way >= limit_of(d) || lanes_is_ready(d->lanes, LANES_ANY))
		return LANES_NEVER;
	return later(later(at_ms, d->paused_until_ms), is_down(d) ? d->probe_ms : 0);
}

static bool find_room(struct dispatch *d)
{
	return lanes_room(d->lanes) >= OWED_READ_MAX || lanes_make_room(d->lanes) ||
	       lanes_room(d->lanes) > 0;
}

/* When to write; LANES_NEVER: not before something else happens. */
static int64_t save_ms(const struct dispatch *d)
{
	if (d->job_under_way || d->n_dirty == 0)
		return LANES_NEVER;
	if (d->stopping) /* once, when all is known */
		return d->n_under_way > 0 || d->last_saved ? LANES_NEVER : 0;
	return later(d->n_dirty >= SAVE_AT ? 0 : d->dirty_since_ms + SAVE_AFTER_MS,
		     d->store_wait_ms);
}

static void add_saves(struct dispatch *d)
{
	struct item *i;

	while ((i = TAILQ_FIRST(&d->dirty)) != NULL) {
		TAILQ_REMOVE(&d->dirty, i, in_save);
		TAILQ_INSERT_TAIL(&d->saving, i, in_save);
		i->dirty = false;
		i->saving = true;
		owed_add_save(&d->owed, i);
	}
	d->n_dirty = 0;
}

static void set_left(struct dispatch *d, int64_t now_ms)
{
	struct owed *o = &d->owed;
	int64_t next_ms;

	o->left = gather_left(&d->rate, &d->gather, lanes_n_untried(d->lanes), now_ms,
			      &next_ms);
	o->next_at_ms =
		next_ms == INT64_MAX ? INT64_MAX : clock_utc_ms() + (next_ms - now_ms);
}

static void add_gathering(struct dispatch *d, int64_t now_ms)
{
	struct owed *o = &d->owed;

	o->gather = &d->gather;
	o->n_in_hand = lanes_n_items(d->lanes);
	o->in_hand = mem_resize(o->in_hand, o->n_in_hand, sizeof *o->in_hand);
	lanes_sequences(d->lanes, o->in_hand);
	set_left(d, now_ms);
	d->gather_at_ms = INT64_MAX;
	d->gathered_ms = now_ms + GATHER_PAUSE_MS;
}

static void add_read(struct dispatch *d, int64_t now_ms)
{
	d->owed.read = true;
	d->more = false;
	if (d->gather.rate_max > 0 && !d->recalled) {
		d->owed.recall = d->gather.rate_max;
		return;
	}
	if (gathers(d)) {
		add_gathering(d, now_ms);
		return;
	}
	/* A row read in vain costs the worker 40 us: so it spends a 25th of its time at most. */
	if (lanes_must_read(d->lanes) && d->reread_ms <= now_ms) {
		d->after = lanes_begin_read(d->lanes, d->after);
		d->reread_ms = now_ms + d->n_vain;
		d->n_vain = 0;
	}
	d->owed.after = d->after;
}

/* Write and read what is wanted now. False where that is a read for which there is no room. */
static bool use_store(struct dispatch *d, int64_t now_ms)
{
	bool wanted = read_ms(d) <= now_ms;
	bool read = wanted && find_room(d);
	/* A read does not wait for the disk where what is to be written has time. */
	bool save = save_ms(d) <= now_ms;

	if (!read && !save)
		return !wanted;
	if (d->stopping)
		d->last_saved = true;
	if (save)
		add_saves(d);
	if (read)
		add_read(d, now_ms);
	d->job_under_way = true;
	store_submit(d->store, &d->owed.job);
	return true;
}

static void take_saved(struct dispatch *d, int64_t now_ms)
{
	struct item *i;

	while ((i = TAILQ_FIRST(&d->saving)) != NULL) {
		bool dirty = i->dirty || !d->owed.saved;

		TAILQ_REMOVE(&d->saving, i, in_save);
		i->saving = false;
		i->dirty = false;
		if (dirty) { /* what could not be written is due with the next job */
			set_dirty(d, i, d->owed.saved ? now_ms : now_ms - SAVE_AFTER_MS);
		} else if (i->state != DELIVERY_PENDING) {
			lanes_forget(d->lanes, i);
			d->more = d->more || gathers(d); /* what waited behind it */
		}
	}
}

static void take_rows(struct dispatch *d, int64_t now_ms)
{
	struct item *i;

	while ((i = owed_take_row(&d->owed)) != NULL) {
		int64_t sequence = i->sequence;
		enum lanes_added added = lanes_add(d->lanes, i, now_ms);

		if (added == LANES_FULL) {
			item_destroy(i);
			d->more = true;
			return;
		}
		d->n_vain += added != LANES_TAKEN;
		if (!gathers(d))
			d->after = sequence;
	}
}

static void take_recalled(struct dispatch *d, int64_t now_ms)
{
	gather_recall(&d->rate, &d->gather, d->owed.sent_at_ms, d->owed.n_sent,
		      clock_utc_ms(), now_ms);
	d->recalled = true;
	d->more = true;
}

static void plan_gathering(struct dispatch *d, int64_t now_ms)
{
	d->gather_at_ms = d->owed.due_at_ms;
	/* A digest that was written just now is to be read. */
	if (d->owed.again) {
		d->more = true;
		d->gathered_ms = now_ms;
	}
}

static void on_owed(struct store_job *job, int rc)
{
	struct dispatch *d =
		(struct dispatch *)((char *)job - offsetof(struct dispatch, owed.job));
	int64_t now_ms = clock_mono_ms();

	d->job_under_way = false;
	if (rc != 0) {
		/* For debug only: the polls, which use the same database, have told it. */
		log_debug("sink %s: %s; trying again in %d s", d->name, job->err.text,
			  STORE_RETRY_MS / 1000);
		d->store_wait_ms = now_ms + STORE_RETRY_MS;
	}
	if (d->owed.read && (rc != 0 || d->owed.is_cut))
		d->more = true;
	if (rc == 0 && d->owed.recall > 0)
		take_recalled(d, now_ms);
	else if (rc == 0 && d->owed.read && gathers(d))
		plan_gathering(d, now_ms);
	take_saved(d, now_ms);
	take_rows(d, now_ms);
	owed_clear(&d->owed);
	turn(d);
}

/* ---- turning ---- */

static void on_timer(uv_timer_t *timer)
{
	turn(timer->data);
}

static void on_closed(uv_handle_t *handle)
{
	struct dispatch *d = handle->data;

	if (d->n_dirty > 0)
		log_warning(
			"sink %s: how %zu deliveries ended could not be written; they will be"
			" told again",
			d->name, d->n_dirty);
	d->on_stopped(d, d->stopped_data); /* the owner may destroy d here */
}

static void look_at_clock(struct dispatch *d, int64_t now_ms)
{
	int64_t now_at_ms = clock_utc_ms(), until_at_ms;

	d->quiet_until_ms = gather_is_quiet(&d->gather, now_at_ms, &until_at_ms)
				    ? now_ms + (until_at_ms - now_at_ms)
				    : 0;
}

/* A time of day may come sooner than it seems: the clock is set, or we were suspended meanwhile. */
static bool waits_for_clock(const struct dispatch *d)
{
	return d->quiet_until_ms > 0 || d->gather_at_ms != INT64_MAX;
}

static void turn(struct dispatch *d)
{
	int64_t now_ms = clock_mono_ms(), next_ms;
	bool has_room;

	if (d->closed)
		return;
	look_at_clock(d, now_ms);
	lanes_turn(d->lanes, now_ms);
	start_sends(d, now_ms);
	has_room = use_store(d, now_ms);
	if (d->stopping && d->n_under_way == 0 && !d->job_under_way) {
		d->closed = true;
		uv_close((uv_handle_t *)&d->timer, on_closed);
		return;
	}
	next_ms = sooner(send_ms(d), save_ms(d));
	if (has_room)
		next_ms = sooner(next_ms, read_ms(d));
	if (waits_for_clock(d))
		next_ms = sooner(next_ms, now_ms + CLOCK_LOOK_MS);
	if (next_ms == LANES_NEVER)
		uv_timer_stop(&d->timer);
	else /* not zero: libuv before 1.45 would come back at once, and look at nothing else */
		uv_timer_start(&d->timer, on_timer, (uint64_t)later(next_ms - now_ms, 1),
			       0);
}

static void start(struct dispatch *d)
{
	if (d->started)
		return;
	d->started = true;
	uv_timer_init(d->loop, &d->timer);
	d->timer.data = d;
}

void dispatch_wake(struct dispatch *d)
{
	if (d->stopping || d->gone)
		return;
	start(d);
	d->more = true;
	d->store_wait_ms = 0; /* a commit went well just now */
	turn(d);
}

void dispatch_wake_for(struct dispatch *d, int64_t sequence)
{
	/* What is read again and known is left out. */
	if (sequence <= d->after)
		d->after = sequence - 1;
	dispatch_wake(d);
}

bool dispatch_is_gone(const struct dispatch *d)
{
	return d->gone;
}

void dispatch_stop(struct dispatch *d, void (*on_stopped)(struct dispatch *d, void *data),
		   void *data)
{
	struct item *i;

	start(d);
	d->stopping = true;
	d->on_stopped = on_stopped;
	d->stopped_data = data;
	TAILQ_FOREACH(i, &d->under_way, entry)
	{
		d->ops->cancel(d->sink, &i->send);
	}
	turn(d);
}

static void set_gathering(struct dispatch *d, const struct sink_settings *s)
{
	struct gather_settings *g = &d->gather;
	struct err err;

	d->gather_at_ms = INT64_MAX;
	g->wait_ms = s->group_wait_ms;
	g->rate_max = (size_t)s->rate_max;
	g->by = mem_zalloc((s->n_group_by + 1) * sizeof *g->by);
	for (; g->n_by < s->n_group_by; g->n_by++)
		g->by[g->n_by] = mem_strdup(s->group_by[g->n_by]);
	g->quiet = mem_zalloc((s->n_quiet + 1) * sizeof *g->quiet);
	for (size_t i = 0; i < s->n_quiet; i++) /* the configuration has read them, too */
		g->n_quiet += window_parse(&g->quiet[g->n_quiet], s->quiet[i], &err) == 0;
}

int dispatch_create(const struct dispatch_config *config, struct dispatch **out,
		    struct err *err)
{
	const struct sink_env env = {.loop = config->loop, .http = config->http};
	struct dispatch *d = mem_zalloc(sizeof *d);

	d->ops = sink_ops_of(&config->settings);
	if (d->ops->create(&config->settings, &env, &d->sink, err) != 0) {
		free(d);
		return err_wrap(err, "sink %s", config->settings.name);
	}
	d->loop = config->loop;
	d->store = config->store;
	d->name = mem_strdup(config->settings.name);
	d->rules = config->rules != NULL ? *config->rules : d->ops->rules;
	set_gathering(d, &config->settings);
	d->lanes = lanes_create(WINDOW, PARKED_MAX);
	TAILQ_INIT(&d->under_way);
	TAILQ_INIT(&d->dirty);
	TAILQ_INIT(&d->saving);
	owed_init(&d->owed, config->sink_id, d->ops, d->sink, &d->rules, on_owed);
	*out = d;
	return 0;
}

void dispatch_destroy(struct dispatch *d)
{
	if (d == NULL)
		return;
	owed_free(&d->owed);
	gather_clear(&d->gather);
	gather_rate_clear(&d->rate);
	lanes_destroy(d->lanes);
	d->ops->destroy(d->sink);
	free(d->name);
	free(d);
}
