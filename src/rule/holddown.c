/* device_offline: a device that was Online and is Offline, once that has lasted. */
#include "base/mem.h"
#include "rule/book_inside.h"

/* The outage that holds for it now: its account's, or its site's. */
static struct book_alert *outage_of(const struct book *b, const struct book_device *d)
{
	struct book_alert *account = b->scopes[BOOK_ACCOUNT].outage;
	struct book_alert *site = b->scopes[d->site].outage;

	return account != NULL && account->alert.state == ALERT_FIRING ? account : site;
}

static void settle_offline(struct book *b, uint32_t place, struct book_alert *a)
{
	struct book_device *d = &b->devices[place];
	struct book_alert *outage = outage_of(b, d);

	if (a == NULL) {
		a = book_begin(b, place, ALERT_DEVICE_OFFLINE, d->turned_ms);
		if (outage != NULL && outage->alert.state == ALERT_FIRING)
			book_adopt(b, a, outage);
	} else if (a->alert.over_ms != 0) { /* it was back for too short a time */
		a->alert.over_ms = 0;
		book_note(b, a);
	}
	/* It was moved away from the site that it went offline with. */
	if (a->parent != NULL && a->parent->scope != BOOK_ACCOUNT &&
	    a->parent->scope != d->site)
		book_adopt(b, a, NULL);
}

static void settle_online(struct book *b, const struct book_device *d,
			  struct book_alert *a)
{
	if (a->alert.state == ALERT_PENDING) {
		book_end(b, a, ALERT_RECOVERED, d->turned_ms);
	} else if (a->alert.over_ms == 0) {
		a->alert.over_ms = d->turned_ms;
		book_note(b, a);
	}
}

void holddown_settle(struct book *b, uint32_t place)
{
	struct book_device *d = &b->devices[place];
	struct book_alert *a = book_find(d, ALERT_DEVICE_OFFLINE);

	if (d->gone || !d->has_type) {
		if (a != NULL)
			book_end(b, a, d->gone ? ALERT_REMOVED : ALERT_RULE_GONE,
				 b->now_ms);
	} else if (book_counts_as(d, DEVICE_OFFLINE)) {
		settle_offline(b, place, a);
	} else if (a != NULL && d->last_known == DEVICE_ONLINE) {
		settle_online(b, d, a);
	}
}

/* Whether it may turn out to be a part of something greater that is told no later than it must be: what
 * has begun by then has lasted for long enough by the end of another such time, or does not. */
static bool is_held(const struct book *b, const struct book_device *d)
{
	const uint32_t scopes[] = {BOOK_ACCOUNT, d->site};
	int64_t own_ms = book_settings(b, d)->offline_for_ms;

	for (size_t i = 0; i < COUNT(scopes); i++) {
		const struct book_scope *s = &b->scopes[scopes[i]];
		int64_t scope_ms = book_scope_settings(b, s)->offline_for_ms;

		if (s->outage != NULL && s->outage->alert.state == ALERT_PENDING &&
		    d->turned_ms >= s->outage->alert.since_ms && scope_ms <= own_ms &&
		    book_lasts_ms(b, d->turned_ms) < own_ms + scope_ms)
			return true;
	}
	return false;
}

/* It is Offline. */
static int64_t look_offline(struct book *b, struct book_device *d, struct book_alert *a)
{
	const struct rule_settings *s = book_settings(b, d);
	bool fresh = book_is_fresh(b, d);

	if (a->alert.state == ALERT_FIRING)
		return book_remind(b, a, s, fresh);
	book_hold(b, a, s->offline_for_ms);
	if (!fresh || is_held(b, d) ||
	    book_lasts_ms(b, a->alert.since_ms) < s->offline_for_ms)
		return book_due_ms(b, a->alert.since_ms, s->offline_for_ms);
	book_fire(b, a);
	return book_remind(b, a, s, fresh);
}

/* It fires, and is Online. */
static int64_t look_online(struct book *b, struct book_device *d, struct book_alert *a)
{
	const struct rule_settings *s = book_settings(b, d);

	book_hold(b, a, s->online_for_ms);
	if (!book_is_fresh(b, d) || book_lasts_ms(b, a->alert.over_ms) < s->online_for_ms)
		return book_due_ms(b, a->alert.over_ms, s->online_for_ms);
	book_end(b, a, ALERT_RECOVERED, a->alert.over_ms);
	return DUE_NEVER;
}

int64_t holddown_look(struct book *b, uint32_t place)
{
	struct book_device *d = &b->devices[place];
	struct book_alert *a = book_find(d, ALERT_DEVICE_OFFLINE);

	/* An outage tells of its members, and who flaps is told as one that does. */
	if (a == NULL || a->parent != NULL || book_find(d, ALERT_DEVICE_FLAPPING) != NULL)
		return DUE_NEVER;
	return d->last_known == DEVICE_OFFLINE ? look_offline(b, d, a)
					       : look_online(b, d, a);
}
