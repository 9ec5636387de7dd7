#include "rule/book.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rule/book_inside.h"

/* ---- the book ---- */

struct book *book_create(const struct rules *rules, const char *account)
{
	struct book *b = mem_zalloc(sizeof *b);

	b->rules = rules_copy(rules);
	b->account = mem_strdup(account);
	STAILQ_INIT(&b->queue);
	return b;
}

static void destroy_alert(struct book_alert *a)
{
	alert_clear(&a->alert);
	free(a->listed);
	free(a);
}

static void destroy_device(struct book_device *d)
{
	struct book_alert *next;

	for (struct book_alert *a = d->alerts; a != NULL; a = next) {
		next = a->next;
		destroy_alert(a);
	}
	free(d->id);
}

/* What has ended is of no device any more. */
static void forget_ended(struct book *b)
{
	struct book_alert *a;

	while ((a = STAILQ_FIRST(&b->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&b->queue, entry);
		a->queued = false;
		a->tell = BOOK_TELL_NOTHING;
		free(a->listed);
		a->listed = NULL;
		a->n_listed = 0;
		if (a->over)
			destroy_alert(a);
	}
}

void book_destroy(struct book *b)
{
	if (b == NULL)
		return;
	forget_ended(b);
	for (uint32_t i = 0; i < b->n_devices; i++)
		destroy_device(&b->devices[i]);
	places_clear(&b->by_device_id);
	due_clear(&b->due);
	rules_release(b->rules);
	free(b->devices);
	free(b->account);
	free(b->look);
	free(b);
}

bool book_is_of(const struct book *b, const struct rules *rules)
{
	return b->rules->serial == rules->serial;
}

const struct rule_settings *book_settings(const struct book *b,
					  const struct book_device *d)
{
	return &b->rules->rules[d->rule].settings;
}

void book_look(struct book *b, uint32_t place)
{
	struct book_device *d = &b->devices[place];

	if (d->looked)
		return;
	d->looked = true;
	b->look = mem_grow(b->look, b->n_look, &b->look_cap, sizeof *b->look);
	b->look[b->n_look++] = place;
}

bool book_is_fresh(const struct book *b, const struct book_device *d)
{
	return !d->gone && d->status != DEVICE_UNKNOWN &&
	       b->view->is_fresh(b->view->arg, d->device_id, d->tag);
}

/* ---- devices ---- */

static uint32_t place_of(struct book *b, int64_t device_id)
{
	uint32_t place = places_find(&b->by_device_id, (uint64_t)device_id);

	if (place != PLACES_NONE)
		return place;
	b->devices =
		mem_grow(b->devices, b->n_devices, &b->devices_cap, sizeof *b->devices);
	place = b->n_devices++;
	b->devices[place] = (struct book_device){.device_id = device_id, .gone = true};
	places_add(&b->by_device_id, (uint64_t)device_id, place);
	return place;
}

static void set_facts(struct book *b, struct book_device *d,
		      const struct book_device_state *state)
{
	/* Only rules with matches ask more than the type. */
	json_t *facts = b->rules->n > 1 ? json_loads(state->facts, 0, NULL) : NULL;
	char *type = device_fact(state->facts, "type");

	d->rule = (uint16_t)rule_of_device(b->rules, b->account, state->id, facts);
	d->has_type = rule_has_type(book_settings(b, d), type);
	json_decref(facts);
	free(type);
	free(d->id);
	d->id = mem_strdup(state->id);
}

static void set_status(struct book_device *d, const struct book_device_state *state)
{
	d->status = (uint8_t)state->status;
	if (state->status == DEVICE_UNKNOWN || state->status == d->last_known)
		return;
	d->last_known = (uint8_t)state->status;
	d->turned_ms = state->at_ms;
	d->turned = true;
	d->was_online |= state->status == DEVICE_ONLINE;
}

static void set_state(struct book *b, struct book_device *d,
		      const struct book_device_state *state)
{
	if (d->gone) { /* what was before it was added counts no more */
		d->gone = false;
		d->was_online = false;
		d->last_known = DEVICE_UNKNOWN;
	}
	d->tag = state->tag;
	d->has_location = state->has_location;
	d->location_ms = state->location_ms;
	if (state->facts != NULL)
		set_facts(b, d, state);
	set_status(d, state);
}

void book_change(struct book *b, const struct book_device_state *state)
{
	uint32_t place = place_of(b, state->device_id);

	/* Of one that the book does not know there is nothing to be had but by its facts. */
	if (b->devices[place].gone && state->facts == NULL)
		return;
	set_state(b, &b->devices[place], state);
	book_look(b, place);
}

void book_remove(struct book *b, int64_t device_id, int64_t at_ms)
{
	uint32_t place = place_of(b, device_id);
	struct book_device *d = &b->devices[place];

	if (d->gone)
		return;
	d->gone = true;
	d->turned_ms = at_ms;
	book_look(b, place);
}

/* ---- what is stored ---- */

/* The last that is known, and since when; what was before it was added does not count. */
static void set_past(struct book_device *d, const struct book_span *spans, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct book_span *s = &spans[i];

		if (s->gone) {
			d->was_online = false;
			d->last_known = DEVICE_UNKNOWN;
			continue;
		}
		d->was_online |= s->status == DEVICE_ONLINE;
		if (s->status == DEVICE_UNKNOWN || s->status == d->last_known)
			continue;
		d->last_known = (uint8_t)s->status;
		d->turned_ms = s->from_ms;
	}
}

void book_load_device(struct book *b, const struct book_device_state *state,
		      const struct book_span *spans, size_t n_spans)
{
	uint32_t place = place_of(b, state->device_id);
	struct book_device *d = &b->devices[place];

	set_state(b, d, state);
	if (n_spans > 0)
		d->last_known = DEVICE_UNKNOWN;
	set_past(d, spans, n_spans);
	d->turned = false;
	if (d->has_type && d->was_online && d->last_known == DEVICE_OFFLINE)
		book_look(b, place);
}

void book_load_alert(struct book *b, struct alert *take)
{
	struct book_alert *a = mem_zalloc(sizeof *a);
	struct book_device *d;

	a->alert = *take;
	*take = (struct alert){0};
	a->device = place_of(b, a->alert.device_id);
	d = &b->devices[a->device];
	a->next = d->alerts;
	d->alerts = a;
	book_look(b, a->device);
}

void book_load_end(struct book *b)
{
	(void)b;
}

/* ---- alerts ---- */

struct book_alert *book_find(const struct book_device *d, enum alert_kind kind)
{
	struct book_alert *a = d->alerts;

	while (a != NULL && a->alert.kind != kind)
		a = a->next;
	return a;
}

void book_note(struct book *b, struct book_alert *a)
{
	if (a->queued)
		return;
	a->queued = true;
	STAILQ_INSERT_TAIL(&b->queue, a, entry);
}

struct book_alert *book_begin(struct book *b, uint32_t place, enum alert_kind kind,
			      int64_t since_ms)
{
	struct book_device *d = &b->devices[place];
	struct book_alert *a = mem_zalloc(sizeof *a);

	a->device = place;
	a->alert = (struct alert){
		.kind = kind,
		.state = ALERT_PENDING,
		.subject = mem_strdup(d->id),
		.device_id = d->device_id,
		.since_ms = since_ms,
		.rule = mem_strdup(b->rules->rules[d->rule].name),
		.count = 1,
	};
	a->next = d->alerts;
	d->alerts = a;
	book_note(b, a);
	return a;
}

void book_fire(struct book *b, struct book_alert *a)
{
	a->alert.state = ALERT_FIRING;
	a->alert.fired_ms = a->alert.told_ms = b->now_ms;
	a->tell = BOOK_TELL_FIRING;
	book_note(b, a);
}

static void unlink_alert(struct book *b, struct book_alert *a)
{
	struct book_alert **at = &b->devices[a->device].alerts;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
}

void book_end(struct book *b, struct book_alert *a, enum alert_end end, int64_t at_ms)
{
	a->over = true;
	if (a->alert.state == ALERT_FIRING) {
		a->alert.state = ALERT_RESOLVED;
		a->alert.end = end;
		a->alert.resolved_ms =
			at_ms > a->alert.since_ms ? at_ms : a->alert.since_ms;
		a->tell = BOOK_TELL_RESOLVED;
	} else {
		a->forget = true;
		a->tell = BOOK_TELL_NOTHING;
	}
	unlink_alert(b, a);
	book_note(b, a);
}

int64_t book_remind(struct book *b, struct book_alert *a, const struct rule_settings *s,
		    bool fresh)
{
	if (a->alert.state != ALERT_FIRING || s->remind_every_ms == 0 ||
	    a->alert.repeats >= s->remind_max)
		return DUE_NEVER;
	if (fresh && book_lasts_ms(b, a->alert.told_ms) >= s->remind_every_ms) {
		a->alert.repeats++;
		a->alert.told_ms = b->now_ms;
		a->tell = BOOK_TELL_AGAIN;
		book_note(b, a);
	}
	return book_due_ms(b, a->alert.told_ms, s->remind_every_ms);
}

int64_t book_lasts_ms(const struct book *b, int64_t since_ms)
{
	return b->now_ms > since_ms ? b->now_ms - since_ms : 0;
}

int64_t book_due_ms(const struct book *b, int64_t since_ms, int64_t for_ms)
{
	if (since_ms > b->now_ms)
		since_ms = b->now_ms;
	return since_ms + for_ms > b->now_ms ? since_ms + for_ms : b->now_ms + 1;
}

/* ---- a run ---- */

/* The devices of all that is due join those that have changed. */
static void look_at_due(struct book *b)
{
	uint32_t place;

	while (due_take(&b->due, b->now_ms, &place))
		book_look(b, place);
}

static void look_at_device(struct book *b, uint32_t place)
{
	due_add(&b->due, holddown_look(b, place), place);
	b->devices[place].looked = false;
	b->devices[place].turned = false;
}

enum book_verdict book_run(struct book *b, const struct book_view *view, int64_t now_ms)
{
	b->view = view;
	b->now_ms = now_ms;
	look_at_due(b);
	for (uint32_t i = 0; i < b->n_look; i++)
		look_at_device(b, b->look[i]);
	b->n_look = 0;
	b->view = NULL;
	b->next_decision = STAILQ_FIRST(&b->queue);
	return BOOK_DECIDED;
}

bool book_next(struct book *b, struct book_decision *out)
{
	struct book_alert *a = b->next_decision;

	if (a == NULL)
		return false;
	b->next_decision = STAILQ_NEXT(a, entry);
	*out = (struct book_decision){
		.alert = &a->alert,
		.forget = a->forget,
		.tell = a->tell,
		.listed = a->listed,
		.n_listed = a->n_listed,
		.n_members = a->n_members,
	};
	return true;
}

void book_done(struct book *b)
{
	forget_ended(b);
}
