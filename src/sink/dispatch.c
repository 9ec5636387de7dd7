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

#include <stdlib.h>

#include "sink/dispatch_inside.h"

#define WINDOW        1000  /* events in memory */
#define PARKED_MAX    4000  /* subjects that wait beyond those */
#define TURN_MAX      64    /* sends started in one turn of the loop */
#define CLOCK_LOOK_MS 15000 /* how late a time of day may be noticed */

/* ---- sending ---- */

static void on_sent(struct sink_send *s)
{
	struct item *i = s->owner;
	struct dispatch *d = i->owner;

	dispatch_take_result(d, i);
	dispatch_turn(d);
}

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
		dispatch_take_result(d, i);
	} else if (d->ops->send(d->sink, s) == SINK_ENDED) {
		dispatch_take_result(d, i);
	}
}

unsigned dispatch_limit(const struct dispatch *d)
{
	return dispatch_is_down(d) ? 1 : d->ops->max_under_way;
}

/* When a send may start; LANES_NEVER: not before something else happens. */
static int64_t send_ms(const struct dispatch *d)
{
	int64_t at_ms = LANES_NEVER;

	if (d->stopping || d->gone || d->n_under_way >= dispatch_limit(d))
		return LANES_NEVER;
	if (lanes_is_ready(d->lanes, LANES_TRIED))
		at_ms = 0;
	else if (lanes_is_ready(d->lanes, LANES_ANY))
		at_ms = dispatch_is_down(d) ? d->probe_ms : 0;
	at_ms = smaller(at_ms, lanes_due_ms(d->lanes));
	return larger(at_ms, larger(d->paused_until_ms, d->quiet_until_ms));
}

static void start_sends(struct dispatch *d, int64_t now_ms)
{
	for (int n = 0; n < TURN_MAX && send_ms(d) <= now_ms; n++) {
		bool any = !dispatch_is_down(d) || d->probe_ms <= now_ms;
		struct item *i = lanes_next(d->lanes, any ? LANES_ANY : LANES_TRIED);

		if (dispatch_is_down(d) && i->retry.attempts == 0)
			dispatch_probed(d, now_ms);
		send_item(d, i);
	}
}

/* ---- turning ---- */

static void on_timer(uv_timer_t *timer)
{
	dispatch_turn(timer->data);
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

void dispatch_turn(struct dispatch *d)
{
	int64_t now_ms = clock_mono_ms(), next_ms;
	bool has_room;

	if (d->closed)
		return;
	look_at_clock(d, now_ms);
	lanes_turn(d->lanes, now_ms);
	start_sends(d, now_ms);
	has_room = dispatch_use_store(d, now_ms);
	if (d->stopping && d->n_under_way == 0 && !d->job_under_way) {
		d->closed = true;
		uv_close((uv_handle_t *)&d->timer, on_closed);
		return;
	}
	next_ms = smaller(send_ms(d), dispatch_save_ms(d));
	if (has_room)
		next_ms = smaller(next_ms, dispatch_read_ms(d));
	if (waits_for_clock(d))
		next_ms = smaller(next_ms, now_ms + CLOCK_LOOK_MS);
	if (next_ms == LANES_NEVER)
		uv_timer_stop(&d->timer);
	else /* not zero: libuv before 1.45 would come back at once, and look at nothing else */
		uv_timer_start(&d->timer, on_timer, (uint64_t)larger(next_ms - now_ms, 1),
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
	dispatch_turn(d);
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
	dispatch_turn(d);
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
	owed_init(&d->owed, config->sink_id, d->ops, d->sink, &d->rules,
		  dispatch_on_owed);
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
