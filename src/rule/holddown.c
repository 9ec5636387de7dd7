/* device_offline: a device that was Online and is Offline, once that has lasted. */
#include "base/mem.h"
#include "rule/book_inside.h"

/* It is Offline. */
static int64_t look_offline(struct book *b, struct book_device *d, struct book_alert *a)
{
	const struct rule_settings *s = book_settings(b, d);
	bool fresh = book_is_fresh(b, d);

	if (a->alert.over_ms != 0) { /* it was back for too short a time */
		a->alert.over_ms = 0;
		book_note(b, a);
	}
	if (a->alert.state == ALERT_FIRING)
		return book_remind(b, a, s, fresh);
	if (!fresh || book_lasts_ms(b, a->alert.since_ms) < s->offline_for_ms)
		return book_due_ms(b, a->alert.since_ms, s->offline_for_ms);
	book_fire(b, a);
	return book_remind(b, a, s, fresh);
}

/* It is Online. */
static int64_t look_online(struct book *b, struct book_device *d, struct book_alert *a)
{
	const struct rule_settings *s = book_settings(b, d);

	if (a->alert.state == ALERT_PENDING) {
		book_end(b, a, ALERT_RECOVERED, d->turned_ms);
		return DUE_NEVER;
	}
	if (a->alert.over_ms == 0) {
		a->alert.over_ms = d->turned_ms;
		book_note(b, a);
	}
	if (!book_is_fresh(b, d) || book_lasts_ms(b, a->alert.over_ms) < s->online_for_ms)
		return book_due_ms(b, a->alert.over_ms, s->online_for_ms);
	book_end(b, a, ALERT_RECOVERED, a->alert.over_ms);
	return DUE_NEVER;
}

int64_t holddown_look(struct book *b, uint32_t place)
{
	struct book_device *d = &b->devices[place];
	struct book_alert *a = book_find(d, ALERT_DEVICE_OFFLINE);

	if (d->gone || !d->has_type) {
		if (a != NULL)
			book_end(b, a, d->gone ? ALERT_REMOVED : ALERT_RULE_GONE,
				 b->now_ms);
		return DUE_NEVER;
	}
	if (a == NULL && d->was_online && d->last_known == DEVICE_OFFLINE)
		a = book_begin(b, place, ALERT_DEVICE_OFFLINE, d->turned_ms);
	if (a == NULL)
		return DUE_NEVER;
	if (d->last_known == DEVICE_OFFLINE)
		return look_offline(b, d, a);
	return d->last_known == DEVICE_ONLINE ? look_online(b, d, a) : DUE_NEVER;
}
