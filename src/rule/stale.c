/* location_stale, emergency_invalid: what a device should have said, or should have. */
#include "base/mem.h"
#include "rule/book_inside.h"

static bool is_gone(const struct book_device *d)
{
	return d->gone || !d->has_type;
}

static int64_t end_gone(struct book *b, const struct book_device *d, struct book_alert *a)
{
	if (a != NULL)
		book_end(b, a, d->gone ? ALERT_REMOVED : ALERT_RULE_GONE, b->now_ms);
	return DUE_NEVER;
}

int64_t stale_look(struct book *b, uint32_t place)
{
	const struct book_device *d = &b->devices[place];
	const struct rule_settings *s = book_settings(b, d);
	struct book_alert *a = book_find(d, ALERT_LOCATION_STALE);
	int64_t stale_ms = d->location_ms + s->location_stale_after_ms;

	if (is_gone(d) || s->location_stale_after_ms == 0)
		return end_gone(b, d, a);
	if (!d->has_location || b->now_ms < stale_ms) {
		if (a != NULL)
			book_end(b, a, ALERT_RECOVERED, b->now_ms);
		return d->has_location ? stale_ms : DUE_NEVER;
	}
	if (a != NULL)
		return book_remind(b, a, s, book_is_listed(b, d));
	if (d->status != DEVICE_ONLINE) /* it is looked at when it is */
		return DUE_NEVER;
	if (!book_is_fresh(b, d))
		return b->now_ms + 1;
	a = book_begin(b, place, ALERT_LOCATION_STALE, stale_ms);
	book_fire(b, a);
	return book_remind(b, a, s, true);
}

int64_t emergency_look(struct book *b, uint32_t place)
{
	const struct book_device *d = &b->devices[place];
	const struct rule_settings *s = book_settings(b, d);
	struct book_alert *a = book_find(d, ALERT_EMERGENCY_INVALID);

	if (is_gone(d) || s->emergency_invalid_for_ms == 0)
		return end_gone(b, d, a);
	if (d->emergency_flaw == NULL) {
		if (a != NULL)
			book_end(b, a, ALERT_RECOVERED, b->now_ms);
		return DUE_NEVER;
	}
	if (a == NULL) {
		a = book_begin(b, place, ALERT_EMERGENCY_INVALID, b->now_ms);
		a->alert.why = mem_strdup(d->emergency_flaw);
	}
	if (a->alert.state == ALERT_PENDING) {
		book_hold(b, a, s->emergency_invalid_for_ms);
		if (book_lasts_ms(b, a->alert.since_ms) < s->emergency_invalid_for_ms ||
		    !book_is_listed(b, d))
			return book_due_ms(b, a->alert.since_ms,
					   s->emergency_invalid_for_ms);
		book_fire(b, a);
	}
	return book_remind(b, a, s, book_is_listed(b, d));
}
