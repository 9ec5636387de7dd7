#include "query/alerts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/alert_text.h"
#include "model/member.h"

#define STORY_SINKS 64 /* rows a read: more than there are sinks */

/* ---- rows ---- */

/* Which of the alerts somebody wants. */
struct choosing {
	struct alert_rows *into;
	const char *key;   /* NULL: any */
	int64_t member_of; /* 0: any */
	bool members_too;
};

static void on_alert(struct alert *a, const char *account, void *arg)
{
	const struct choosing *ch = arg;
	struct alert_rows *rows = ch->into;
	char *key = alert_key(account, a);
	bool wanted = (ch->key == NULL || strcmp(ch->key, key) == 0) &&
		      (ch->members_too || a->absorbed_by == 0) &&
		      (ch->member_of == 0 || a->absorbed_by == ch->member_of);

	free(key);
	if (!wanted)
		return;
	rows->all = mem_grow(rows->all, rows->n, &rows->cap, sizeof *rows->all);
	rows->all[rows->n++] = (struct alert_row){*a, mem_strdup(account), NULL};
	*a = (struct alert){0};
}

static int choose(struct store_conn *c, enum store_alerts which, struct choosing *ch,
		  struct err *err)
{
	return store_alerts_each(c, which, 0, on_alert, ch, err);
}

static int name_all(struct store_conn *c, struct alert_rows *rows, struct err *err)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct alert *a = &rows->all[i].alert;
		struct store_device d;

		if (a->device_id == 0) {
			rows->all[i].name = a->name != NULL ? mem_strdup(a->name) : NULL;
			continue;
		}
		if (store_device_load_by_id(c, a->device_id, &d, err) != 0)
			return err->code;
		rows->all[i].name = d.facts != NULL ? device_fact(d.facts, "name") : NULL;
		store_device_clear(&d);
	}
	return 0;
}

int alerts_load(struct store_conn *c, struct alert_rows *into, struct err *err)
{
	struct choosing ch = {.into = into};

	return choose(c, STORE_ALERTS_LIVE, &ch, err) == 0 ? name_all(c, into, err)
							   : err->code;
}

int alerts_find(struct store_conn *c, const char *key, struct alert_rows *into,
		struct err *err)
{
	struct choosing ch = {.into = into, .key = key, .members_too = true};

	return choose(c, STORE_ALERTS_ALL, &ch, err) == 0 ? name_all(c, into, err)
							  : err->code;
}

static void clear_row(struct alert_row *row)
{
	alert_clear(&row->alert);
	free(row->account);
	free(row->name);
}

void alerts_remove(struct alert_rows *rows, size_t i)
{
	clear_row(&rows->all[i]);
	rows->n--;
	memmove(&rows->all[i], &rows->all[i + 1], (rows->n - i) * sizeof *rows->all);
}

void alerts_clear(struct alert_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		clear_row(&rows->all[i]);
	free(rows->all);
	*rows = (struct alert_rows){0};
}

json_t *alerts_object(const struct alert_row *row)
{
	const struct alert *a = &row->alert;
	bool over = a->state == ALERT_RESOLVED;
	char *key = alert_key(row->account, a);
	json_t *object = json_object();

	member_text(object, "key", key);
	member_text(object, "kind", alert_kind_name(a->kind));
	member_text(object, "state", alert_state_name(a->state));
	member_text(object, "severity", event_severity_name(alert_severity(a->kind)));
	member_time(object, "since", a->since_ms);
	member_number(object, "count", a->count);
	if (a->silenced_by != 0)
		member_number(object, "silenced_by", a->silenced_by);
	else
		member_text(object, "silenced_by", NULL);
	member_text(object, "account", row->account);
	member_text(object, "name", row->name);
	member_text(object, "rule", a->rule);
	member_time_or_null(object, "fired_at", a->fired_ms);
	member_time_or_null(object, "resolved_at", a->resolved_ms);
	member_text(object, "reason", over ? alert_end_name(a->end) : a->why);
	member_number(object, "reminders", a->repeats);
	free(key);
	return object;
}

/* ---- the story: what was seen ---- */

static struct alert_step *add_step(struct alert_story *story, int64_t at_ms)
{
	struct alert_step *step;

	story->steps = mem_grow(story->steps, story->n_steps, &story->steps_cap,
				sizeof *story->steps);
	step = &story->steps[story->n_steps++];
	*step = (struct alert_step){.at_ms = at_ms};
	return step;
}

/* The statuses of its device, from the one before it began. */
static int add_seen(struct store_conn *c, const struct alert *a,
		    struct alert_story *story, struct err *err)
{
	static const char *const names[] = {"seen with an unknown status", "seen Online",
					    "seen Offline", "not listed"};
	int64_t until_ms = a->state == ALERT_RESOLVED ? a->resolved_ms + 1 : INT64_MAX;
	struct store_spans spans = {0};
	int rc = 0;

	if (a->device_id != 0)
		rc = store_spans_load(c, a->device_id, a->since_ms - 1, until_ms, &spans,
				      err);
	for (size_t i = 0; rc == 0 && i < spans.n; i++) {
		const struct store_span *s = &spans.all[i];
		struct alert_step *step;

		if (s->from_ms >= until_ms)
			break;
		step = add_step(story, s->from_ms);
		step->not_before_ms = s->not_before_ms;
		snprintf(step->text, sizeof step->text, "%s", names[s->state]);
	}
	free(spans.all);
	return rc;
}

static void add_life(const struct alert *a, struct alert_story *story)
{
	char held[CLOCK_TEXT_BYTES];

	if (a->device_id == 0)
		snprintf(add_step(story, a->since_ms)->text, 160, "it began");
	if (a->fired_ms != 0) {
		clock_format_duration(held, a->fired_ms - a->since_ms);
		snprintf(add_step(story, a->fired_ms)->text, 160,
			 "fired by rule %.64s, having been held down for %s", a->rule,
			 held);
	}
	if (a->repeats > 0)
		snprintf(add_step(story, a->told_ms)->text, 160,
			 "reminder %" PRId64 ", the last so far", a->repeats);
	if (a->over_ms != 0)
		snprintf(add_step(story, a->over_ms)->text, 160,
			 a->state == ALERT_RESOLVED ? "what it is about was over"
						    : "what it is about is over, if that "
						      "lasts");
	if (a->state == ALERT_RESOLVED)
		snprintf(add_step(story, a->resolved_ms)->text, 160, "resolved: %s",
			 alert_end_name(a->end));
}

static int by_time(const void *a, const void *b)
{
	const struct alert_step *x = a, *y = b;

	return x->at_ms < y->at_ms ? -1 : x->at_ms > y->at_ms;
}

/* ---- who was told ---- */

struct hearing {
	struct alert_story *story;
	int64_t sequence;
	const char *what;
};

static void on_owed(const struct store_owed_event *o, void *arg)
{
	const struct hearing *h = arg;
	struct alert_story *s = h->story;

	if (o->delivery.sequence != h->sequence)
		return;
	s->hearers =
		mem_grow(s->hearers, s->n_hearers, &s->hearers_cap, sizeof *s->hearers);
	s->hearers[s->n_hearers++] = (struct alert_hearer){
		.sink = mem_strdup(o->sink),
		.what = h->what,
		.state = o->delivery.state,
		.ended_at_ms = o->delivery.ended_at_ms,
	};
}

static int add_told(struct store_conn *c, int64_t sequence, const char *what,
		    struct alert_story *story, struct err *err)
{
	struct hearing h = {story, sequence, what};

	if (sequence == 0)
		return 0;
	return store_owed_after(c, STORE_OWED_ALL, sequence, 0, STORY_SINKS, on_owed, &h,
				err);
}

/* ---- what holds it ---- */

static bool has_live(const struct alert_rows *rows, enum alert_kind kind,
		     const struct alert_row *row, bool same_subject)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct alert_row *r = &rows->all[i];

		if (r->alert.kind == kind && strcmp(r->account, row->account) == 0 &&
		    (!same_subject || strcmp(r->alert.subject, row->alert.subject) == 0))
			return true;
	}
	return false;
}

static const char too_new[] =
	"it has not lasted for long enough, or no sweep has shown that it does";
static const char just_over[] = "it is not over for long enough";

static const char *held_by(const struct alert_rows *live, const struct alert_row *row)
{
	const struct alert *a = &row->alert;

	if (a->state == ALERT_RESOLVED)
		return NULL;
	if (a->silenced_by != 0)
		return "a silence: it is not told";
	if (a->absorbed_by != 0)
		return "it is a member of an outage, which is told instead";
	if (a->kind != ALERT_MONITOR_BLIND &&
	    has_live(live, ALERT_MONITOR_BLIND, row, false))
		return "nobody sees the account";
	if (a->kind == ALERT_DEVICE_OFFLINE &&
	    has_live(live, ALERT_DEVICE_FLAPPING, row, true))
		return "the device flaps";
	if (a->state == ALERT_PENDING)
		return too_new;
	return a->over_ms != 0 ? just_over : NULL;
}

/* Until when, if a time is all that holds it. */
static void add_due(const struct alert *a, struct alert_story *story)
{
	if (story->held != too_new && story->held != just_over)
		return;
	story->hold_ms = a->hold_ms;
	story->due_at_ms =
		a->hold_ms + (story->held == too_new ? a->since_ms : a->over_ms);
}

static int add_relations(struct store_conn *c, const struct alert_row *row,
			 struct alert_story *story, struct err *err)
{
	struct alert_rows live = {0};
	struct choosing all = {.into = &live, .members_too = true};
	struct choosing members = {.into = &story->members,
				   .member_of = row->alert.alert_id,
				   .members_too = true};
	int rc = choose(c, STORE_ALERTS_LIVE, &all, err);

	for (size_t i = 0; rc == 0 && i < live.n; i++)
		if (live.all[i].alert.alert_id == row->alert.absorbed_by)
			story->part_of =
				alert_key(live.all[i].account, &live.all[i].alert);
	story->held = held_by(&live, row);
	add_due(&row->alert, story);
	alerts_clear(&live);
	return rc == 0 ? choose(c, STORE_ALERTS_LIVE, &members, err) : rc;
}

int alerts_explain(struct store_conn *c, const struct alert_row *row,
		   struct alert_story *into, struct err *err)
{
	const struct alert *a = &row->alert;

	if (add_seen(c, a, into, err) != 0 ||
	    add_told(c, a->fired_sequence, "firing", into, err) != 0 ||
	    add_told(c, a->resolved_sequence, "resolved", into, err) != 0 ||
	    add_relations(c, row, into, err) != 0)
		return err->code;
	add_life(a, into);
	if (into->n_steps > 1)
		qsort(into->steps, into->n_steps, sizeof *into->steps, by_time);
	return 0;
}

void alerts_story_clear(struct alert_story *story)
{
	for (size_t i = 0; i < story->n_hearers; i++)
		free(story->hearers[i].sink);
	free(story->hearers);
	free(story->steps);
	free(story->part_of);
	alerts_clear(&story->members);
	*story = (struct alert_story){0};
}

json_t *alerts_story_object(const struct alert_row *row, const struct alert_story *story)
{
	json_t *object = alerts_object(row);
	json_t *steps = json_array(), *told = json_array(), *members = json_array();

	for (size_t i = 0; i < story->n_steps; i++) {
		const struct alert_step *s = &story->steps[i];
		json_t *step = json_object();

		member_time(step, "at", s->at_ms);
		member_time_or_null(step, "not_before", s->not_before_ms);
		member_text(step, "text", s->text);
		json_array_append_new(steps, step);
	}
	for (size_t i = 0; i < story->n_hearers; i++) {
		const struct alert_hearer *h = &story->hearers[i];
		json_t *hearer = json_object();

		member_text(hearer, "sink", h->sink);
		member_text(hearer, "what", h->what);
		member_text(hearer, "state", store_delivery_state_name(h->state));
		member_time_or_null(hearer, "ended_at", h->ended_at_ms);
		json_array_append_new(told, hearer);
	}
	for (size_t i = 0; i < story->members.n; i++) {
		const struct alert_row *m = &story->members.all[i];
		char *key = alert_key(m->account, &m->alert);

		json_array_append_new(members, json_string(key));
		free(key);
	}
	json_object_set_new(object, "steps", steps);
	json_object_set_new(object, "told", told);
	member_text(object, "held_by", story->held);
	if (story->due_at_ms != 0)
		member_number(object, "hold_ms", story->hold_ms);
	else
		member_text(object, "hold_ms", NULL);
	member_time_or_null(object, "due_at", story->due_at_ms);
	member_text(object, "part_of", story->part_of);
	json_object_set_new(object, "members", members);
	return object;
}
