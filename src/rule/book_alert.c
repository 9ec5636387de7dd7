/* The life of alerts: what the rules have in common. */
#include <stdlib.h>

#include "base/mem.h"
#include "rule/book_inside.h"

void book_destroy_alert(struct book_alert *a)
{
	if (a == NULL)
		return;
	alert_clear(&a->alert);
	free(a->listed);
	free(a);
}

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
	TAILQ_INSERT_TAIL(&b->queue, a, entry);
}

struct book_alert *book_outage(const struct book *b, int64_t alert_id)
{
	for (uint32_t i = 0; alert_id != 0 && i < b->n_scopes; i++)
		if (b->scopes[i].outage != NULL &&
		    b->scopes[i].outage->alert.alert_id == alert_id)
			return b->scopes[i].outage;
	return NULL;
}

/* The one that is stored like this; NULL. */
static struct book_alert *find_stored(const struct book *b, const struct alert *stored)
{
	uint32_t place = places_find(&b->by_device_id, (uint64_t)stored->device_id);

	if (stored->device_id != 0)
		return place != PLACES_NONE ? book_find(&b->devices[place], stored->kind)
					    : NULL;
	if (stored->kind == ALERT_MONITOR_BLIND)
		return b->blind;
	return book_outage(b, stored->alert_id);
}

void book_take_silence(struct book *b, const struct alert *stored)
{
	struct book_alert *a = find_stored(b, stored);

	if (a != NULL)
		a->alert.silenced_by = stored->silenced_by;
}

static struct book_alert *create(struct book *b, enum alert_kind kind, size_t rule,
				 int64_t since_ms)
{
	struct book_alert *a = mem_zalloc(sizeof *a);

	a->alert = (struct alert){
		.kind = kind,
		.state = ALERT_PENDING,
		.since_ms = since_ms,
		.rule = mem_strdup(b->rules->rules[rule].name),
		.count = 1,
	};
	book_note(b, a);
	return a;
}

struct book_alert *book_begin(struct book *b, uint32_t place, enum alert_kind kind,
			      int64_t since_ms)
{
	struct book_device *d = &b->devices[place];
	struct book_alert *a = create(b, kind, d->rule, since_ms);

	a->device = place;
	a->alert.subject = mem_strdup(d->id);
	a->alert.device_id = d->device_id;
	a->next = d->alerts;
	d->alerts = a;
	return a;
}

struct book_alert *book_begin_scope(struct book *b, uint32_t scope, enum alert_kind kind,
				    int64_t since_ms)
{
	struct book_scope *s = &b->scopes[scope];
	struct book_alert *a = create(b, kind, s->rule, since_ms);

	a->device = BOOK_NONE;
	a->scope = scope;
	a->alert.subject = mem_strdup(s->id != NULL ? s->id : b->account);
	a->alert.name = s->name != NULL ? mem_strdup(s->name) : NULL;
	a->alert.count = s->n_online + s->n_offline;
	if (kind == ALERT_MONITOR_BLIND)
		b->blind = a;
	else
		s->outage = a;
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
	struct book_alert **at;

	if (a->device != BOOK_NONE) {
		at = &b->devices[a->device].alerts;
		while (*at != a)
			at = &(*at)->next;
		*at = a->next;
	} else if (b->blind == a) {
		b->blind = NULL;
	} else {
		b->scopes[a->scope].outage = NULL;
	}
}

/* The outage that it was a member of has one less that is offline. */
static void leave(struct book *b, struct book_alert *member)
{
	struct book_alert *outage = member->parent;
	const struct book_device *d;
	int64_t back_ms;

	if (outage == NULL)
		return;
	member->parent = NULL;
	d = &b->devices[member->device];
	/* One that no rule asks for any more is not back. */
	back_ms = d->gone || d->last_known == DEVICE_ONLINE ? d->turned_ms : b->now_ms;
	outage->n_open--;
	if (back_ms > outage->back_ms)
		outage->back_ms = back_ms;
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
	leave(b, a);
	unlink_alert(b, a);
	book_note(b, a);
}

void book_adopt(struct book *b, struct book_alert *member, struct book_alert *outage)
{
	if (member->parent == outage)
		return;
	if (member->parent != NULL)
		member->parent->n_open--;
	member->parent = outage;
	if (outage != NULL) {
		outage->n_open++;
		/* Who falls twice is one: so many at a time. */
		if (outage->n_open > outage->alert.count)
			outage->alert.count = outage->n_open;
		book_note(b, outage);
	}
	if (member->queued)
		TAILQ_REMOVE(&b->queue, member, entry);
	member->queued = true;
	TAILQ_INSERT_TAIL(&b->queue, member, entry);
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

void book_hold(struct book *b, struct book_alert *a, int64_t for_ms)
{
	if (a->alert.hold_ms == for_ms)
		return;
	a->alert.hold_ms = for_ms;
	book_note(b, a);
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
