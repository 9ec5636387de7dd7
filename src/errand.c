/*
 *   errands_test -> trial -> on_tried: answered
 *   errands_replay -> (the store's worker) run_replay -> on_replayed: on_owed, answered
 *   errands_drill -> (the store's worker) run_drill -> on_drilled: on_owed, answered
 *
 *   errands_close: trials are canceled, a job ends as it would; behind the last one, on_closed
 */
#include "errand.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/alert_text.h"
#include "model/member.h"
#include "query/deliveries.h"
#include "sink/trial.h"

#define SEQUENCE_DIGITS 10 /* of the end of an event's id; event_id() */

struct errand {
	struct store_job job; /* a replay's */
	struct errands *all;
	struct serve_wish *wish;
	struct trial *trial; /* a trial's */
	int64_t sink_id;
	int64_t sequence; /* 0: there is no such event */
	char event_id[EVENT_ID_BYTES];
	bool was_owed;
	enum alert_kind kind; /* of a drill */
	char *account;
	struct event told[2]; /* its events, of which sequence and id are known */
	LIST_ENTRY(errand) entry;
};

struct errands {
	struct errands_config config;
	LIST_HEAD(, errand) under_way;
	void (*on_closed)(void *data); /* set: it is being closed */
	void *closed_data;
};

struct errands *errands_create(const struct errands_config *config)
{
	struct errands *all = mem_zalloc(sizeof *all);

	all->config = *config;
	LIST_INIT(&all->under_way);
	return all;
}

static struct errand *begin(struct errands *all, struct serve_wish *wish)
{
	struct errand *e = mem_zalloc(sizeof *e);

	e->all = all;
	e->wish = wish;
	LIST_INSERT_HEAD(&all->under_way, e, entry);
	return e;
}

static void close_if_over(struct errands *all)
{
	void (*on_closed)(void *) = all->on_closed;
	void *data = all->closed_data;

	if (on_closed == NULL || !LIST_EMPTY(&all->under_way))
		return;
	free(all);
	on_closed(data);
}

/* Its wish has had its answer. */
static void end(struct errand *e)
{
	struct errands *all = e->all;

	LIST_REMOVE(e, entry);
	free(e->account);
	free(e);
	close_if_over(all);
}

/* ---- trials ---- */

static void on_tried(void *data, const struct trial_found *found)
{
	struct errand *e = data;
	bool is_told = found->end == SINK_DELIVERED;
	json_t *o = json_object();

	member_text(o, "sink", e->wish->sink);
	member_text(o, "result", is_told ? "delivered" : "failed");
	json_object_set_new(o, "code",
			    found->code != 0 ? json_integer(found->code) : json_null());
	member_text(o, "error", found->text[0] != '\0' ? found->text : NULL);
	member_number(o, "duration_ms", found->took_ms);
	serve_fulfil(e->wish, 200, o);
	end(e);
}

void errands_test(struct errands *all, struct serve_wish *wish,
		  const struct sink_settings *settings, const char *account)
{
	const struct sink_env env = {.loop = all->config.loop, .http = all->config.http};
	struct errand *e = begin(all, wish);
	struct err err;

	if (trial_start(settings, &env, account, on_tried, e, &e->trial, &err) == 0)
		return;
	serve_refuse(wish, 409, "%s: %s", settings->name, err.text);
	end(e);
}

/* ---- replays ---- */

/* Of "4711", and of an id, whose end it is; 0: it is neither. */
static int64_t sequence_of(const char *event)
{
	size_t len = strlen(event);
	char *rest;
	long long n;

	if (len == EVENT_ID_BYTES - 1)
		n = strtoll(event + len - SEQUENCE_DIGITS, &rest, 16);
	else
		n = strtoll(event, &rest, 10);
	return *rest == '\0' && n > 0 && len > 0 ? n : 0;
}

static void on_event(const struct event *ev, void *arg)
{
	struct errand *e = arg;
	const char *text = e->wish->event;

	if (ev->sequence != sequence_of(text) ||
	    (strlen(text) == EVENT_ID_BYTES - 1 && strcmp(ev->id, text) != 0))
		return;
	e->sequence = ev->sequence;
	memcpy(e->event_id, ev->id, sizeof e->event_id);
}

static int run_replay(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct errand *e = (struct errand *)job;

	if (store_events_each(c, sequence_of(e->wish->event), 1, on_event, e, err) != 0)
		return err->code;
	if (e->sequence == 0)
		return 0;
	if (store_begin(c, err) != 0 ||
	    store_outbox_again(c, e->sink_id, e->sequence, &e->was_owed, err) != 0)
		return err->code;
	return store_commit(c, err);
}

static json_t *delivery_of(const struct errand *e, const char *event_id, int64_t sequence)
{
	const struct store_owed_event owed = {
		.sink_id = e->sink_id,
		.sink = e->wish->sink,
		.event_id = event_id,
		.delivery = {.sequence = sequence},
	};
	const struct deliveries_offs none = {0};

	return deliveries_object(&owed, &none);
}

static void on_replayed(struct store_job *job, int rc)
{
	struct errand *e = (struct errand *)job;
	struct errands *all = e->all;

	if (rc != 0) {
		serve_refuse(e->wish, 503, "the database fails: %s", job->err.text);
	} else if (e->sequence == 0) {
		serve_refuse(e->wish, 404, "%s: there is no such event, or not any more",
			     e->wish->event);
	} else if (e->was_owed) {
		serve_refuse(e->wish, 409, "%s: it is still owed to %s", e->wish->event,
			     e->wish->sink);
	} else {
		if (all->on_closed == NULL)
			all->config.on_owed(all->config.data, e->wish->sink, e->sequence);
		serve_fulfil(e->wish, 200, delivery_of(e, e->event_id, e->sequence));
	}
	end(e);
}

void errands_replay(struct errands *all, struct serve_wish *wish, int64_t sink_id)
{
	struct errand *e = begin(all, wish);

	e->sink_id = sink_id;
	e->job = (struct store_job){.run = run_replay, .on_done = on_replayed};
	store_submit(all->config.store, &e->job);
}

/* ---- drills ---- */

/* 0: there is none of that name. */
static enum alert_kind kind_of(const char *name)
{
	for (int kind = 1; alert_kind_name((enum alert_kind)kind) != NULL; kind++)
		if (strcmp(alert_kind_name((enum alert_kind)kind), name) == 0)
			return (enum alert_kind)kind;
	return 0;
}

static int add_drill(struct errand *e, struct store_conn *c, int64_t account_id,
		     struct event *ev, struct err *err)
{
	int rc;

	ev->at_ms = clock_utc_ms();
	ev->account = e->account;
	ev->detail = alert_drill_detail(e->kind, ev->type, e->account, ev->at_ms);
	rc = store_event_add(c, ev, account_id, 0, 0, &e->sink_id, 1, err);
	json_decref(ev->detail);
	ev->detail = NULL;
	return rc;
}

static int run_drill(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct errand *e = (struct errand *)job;
	struct store_account account;
	int rc;

	if (store_begin(c, err) != 0 ||
	    store_account_load(c, e->account, &account, err) != 0)
		return err->code;
	e->told[0].type = EVENT_ALERT_FIRING;
	e->told[1].type = EVENT_ALERT_RESOLVED;
	rc = add_drill(e, c, account.account_id, &e->told[0], err);
	if (rc == 0)
		rc = add_drill(e, c, account.account_id, &e->told[1], err);
	store_account_clear(&account);
	return rc == 0 ? store_commit(c, err) : rc;
}

static void on_drilled(struct store_job *job, int rc)
{
	struct errand *e = (struct errand *)job;
	struct errands *all = e->all;
	json_t *items;

	if (rc != 0) {
		serve_refuse(e->wish, 503, "the database fails: %s", job->err.text);
		end(e);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < COUNT(e->told); i++) {
		const struct event *ev = &e->told[i];

		json_array_append_new(items, delivery_of(e, ev->id, ev->sequence));
		if (all->on_closed == NULL)
			all->config.on_owed(all->config.data, e->wish->sink,
					    ev->sequence);
	}
	serve_fulfil(e->wish, 201, json_pack("{s:o, s:n}", "items", items, "next"));
	end(e);
}

void errands_drill(struct errands *all, struct serve_wish *wish, int64_t sink_id,
		   const char *account)
{
	enum alert_kind kind = kind_of(wish->event);
	struct errand *e;

	if (kind == 0) {
		serve_refuse(wish, 400, "%s: there is no such kind of alert",
			     wish->event);
		return;
	}
	e = begin(all, wish);
	e->kind = kind;
	e->sink_id = sink_id;
	e->account = mem_strdup(account);
	e->job = (struct store_job){.run = run_drill, .on_done = on_drilled};
	store_submit(all->config.store, &e->job);
}

void errands_close(struct errands *all, void (*on_closed)(void *data), void *data)
{
	struct errand *e;

	all->on_closed = on_closed;
	all->closed_data = data;
	LIST_FOREACH(e, &all->under_way, entry)
	{
		if (e->trial != NULL)
			trial_cancel(e->trial);
	}
	close_if_over(all);
}
