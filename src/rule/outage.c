/* site_outage, account_outage: many devices of one scope that went offline within a time. One pass
 * over the devices counts for all scopes that may have one, and only where one may. */
#include <stdlib.h>

#include "base/mem.h"
#include "rule/book_inside.h"

/* ---- counting ---- */

/* Whether n are enough of so many that were online. */
static bool is_share(const struct rule_settings *s, int64_t n, int64_t of)
{
	return n >= s->site_outage_min && 100 * n >= s->site_outage_share * of;
}

static bool is_firing(const struct book_alert *a)
{
	return a != NULL && a->alert.state == ALERT_FIRING;
}

/* Those that fell together: since the outage that is pending has begun, or within the time. */
static void begin_count(struct book *b, struct book_scope *s)
{
	const struct rule_settings *settings = book_scope_settings(b, s);

	s->counted = s->looked && !is_firing(s->outage) &&
		     is_share(settings, s->n_offline, s->n_offline + s->n_online);
	s->from_ms = s->outage != NULL ? s->outage->alert.since_ms
				       : b->now_ms - settings->site_outage_within_ms;
	s->n_fallen = s->n_lasting = s->n_overdue = 0;
	s->first_ms = INT64_MAX;
	s->some_site = BOOK_NONE;
	s->is_of_several = false;
}

static int64_t fell_ms(const struct book_device *d)
{
	return d->loose_ms > d->turned_ms ? d->loose_ms : d->turned_ms;
}

static const struct rule_settings *account_of(const struct book *b)
{
	return book_scope_settings(b, &b->scopes[BOOK_ACCOUNT]);
}

static void count_device(struct book *b, struct book_scope *s,
			 const struct book_device *d)
{
	const struct rule_settings *settings = book_scope_settings(b, s);
	int64_t lasts_ms = book_lasts_ms(b, d->turned_ms);

	if (!s->counted || fell_ms(d) < s->from_ms)
		return;
	s->n_fallen++;
	if (d->turned_ms < s->first_ms)
		s->first_ms = d->turned_ms;
	if (lasts_ms >= settings->offline_for_ms && book_is_fresh(b, d)) {
		s->n_lasting++;
		s->n_overdue += lasts_ms >=
				settings->offline_for_ms + account_of(b)->offline_for_ms;
	}
	s->is_of_several |= d->site == BOOK_ACCOUNT ||
			    (s->some_site != BOOK_NONE && s->some_site != d->site);
	s->some_site = d->site;
}

/* Whether it is a member of the account's outage: its site has none then. */
static bool is_of_account(const struct book *b, const struct book_device *d)
{
	const struct book_alert *a = book_find(d, ALERT_DEVICE_OFFLINE);

	return a != NULL && a->parent != NULL && a->parent->scope == BOOK_ACCOUNT &&
	       a->parent == b->scopes[BOOK_ACCOUNT].outage;
}

static void count_all(struct book *b)
{
	bool any = false;

	for (uint32_t i = 0; i < b->n_scopes; i++) {
		begin_count(b, &b->scopes[i]);
		any |= b->scopes[i].counted;
	}
	for (uint32_t i = 0; any && i < b->n_devices; i++) {
		const struct book_device *d = &b->devices[i];

		if (!book_counts_as(d, DEVICE_OFFLINE))
			continue;
		count_device(b, &b->scopes[BOOK_ACCOUNT], d);
		if (d->site != BOOK_ACCOUNT && !is_of_account(b, d))
			count_device(b, &b->scopes[d->site], d);
	}
}

/* Whether so many are an outage of the scope. What is of one site only is the site's. */
static bool holds(const struct book *b, const struct book_scope *s, int64_t n)
{
	return s->counted &&
	       is_share(book_scope_settings(b, s), n, s->n_fallen + s->n_online) &&
	       (s->id != NULL || s->is_of_several);
}

/* ---- members ---- */

static void list(struct book_alert *a, int64_t device_id)
{
	if (a->listed == NULL)
		a->listed = mem_alloc(ALERT_LISTED * sizeof *a->listed);
	if (a->n_listed < ALERT_LISTED)
		a->listed[a->n_listed++] = device_id;
	a->n_members++;
}

/* What was told of it alone is over; from now on it is told with the others. */
static void absorb(struct book *b, uint32_t place, struct book_alert *outage)
{
	struct book_device *d = &b->devices[place];
	struct book_alert *a = book_find(d, ALERT_DEVICE_OFFLINE);

	if (is_firing(a)) {
		book_end(b, a, ALERT_ABSORBED, b->now_ms);
		a = NULL;
	}
	if (a == NULL)
		a = book_begin(b, place, ALERT_DEVICE_OFFLINE, d->turned_ms);
	book_adopt(b, a, outage);
	list(outage, d->device_id);
}

static bool is_in(const struct book_device *d, uint32_t scope)
{
	return scope == BOOK_ACCOUNT || d->site == scope;
}

static bool is_member(const struct book_device *d)
{
	const struct book_alert *a = book_find(d, ALERT_DEVICE_OFFLINE);

	return a != NULL && a->parent != NULL;
}

/* The account's outage is that of its sites, too. */
static void absorb_sites(struct book *b)
{
	for (uint32_t i = BOOK_ACCOUNT + 1; i < b->n_scopes; i++)
		if (b->scopes[i].outage != NULL)
			book_end(b, b->scopes[i].outage, ALERT_ABSORBED, b->now_ms);
}

static void fire(struct book *b, uint32_t scope)
{
	struct book_scope *s = &b->scopes[scope];
	struct book_alert *a = s->outage;

	book_fire(b, a);
	a->alert.count = 0;
	for (uint32_t i = 0; i < b->n_devices; i++) {
		const struct book_device *d = &b->devices[i];

		if (book_counts_as(d, DEVICE_OFFLINE) && is_in(d, scope) &&
		    (scope == BOOK_ACCOUNT || !is_of_account(b, d)) &&
		    (fell_ms(d) >= s->from_ms || is_member(d)))
			absorb(b, i, a);
	}
	if (scope == BOOK_ACCOUNT)
		absorb_sites(b);
}

/* Who is left of an outage that is over is on its own again, or part of another. */
static void release(struct book *b, struct book_alert *outage)
{
	for (uint32_t i = 0; outage->n_open > 0 && i < b->n_devices; i++) {
		struct book_device *d = &b->devices[i];
		struct book_alert *a = book_find(d, ALERT_DEVICE_OFFLINE);

		if (a == NULL || a->parent != outage)
			continue;
		list(outage, d->device_id);
		book_adopt(b, a, NULL);
		d->loose_ms = b->now_ms;
		book_look(b, i);
	}
}

/* ---- the life of an outage ---- */

static void end(struct book *b, struct book_alert *a, enum alert_end why, int64_t at_ms)
{
	book_end(b, a, why, at_ms); /* it is told first */
	release(b, a);
}

static void over_since(struct book *b, struct book_alert *a, int64_t over_ms)
{
	if (a->alert.over_ms != over_ms) {
		a->alert.over_ms = over_ms;
		book_note(b, a);
	}
}

/* When the last one that is back was so, as far as is known. */
static int64_t back_ms(const struct book *b, const struct book_alert *a)
{
	if (a->back_ms != 0)
		return a->back_ms;
	return a->alert.over_ms != 0 ? a->alert.over_ms : b->now_ms;
}

/* It fires: whether its devices are back. */
static int64_t look_firing(struct book *b, struct book_scope *s)
{
	const struct rule_settings *settings = book_scope_settings(b, s);
	struct book_alert *a = s->outage;
	int64_t for_ms;

	if (s->n_online + s->n_offline == 0) {
		end(b, a, ALERT_RULE_GONE, b->now_ms);
		return DUE_NEVER;
	}
	if (a->n_open == 0) {
		for_ms = settings->online_for_ms;
		over_since(b, a, back_ms(b, a));
	} else if (100 * a->n_open < settings->site_outage_share * a->alert.count) {
		for_ms = settings->site_outage_within_ms;
		if (a->alert.over_ms == 0)
			over_since(b, a, b->now_ms);
	} else {
		over_since(b, a, 0);
		return book_remind(b, a, settings, true);
	}
	book_hold(b, a, for_ms);
	if (book_lasts_ms(b, a->alert.over_ms) < for_ms)
		return book_due_ms(b, a->alert.over_ms, for_ms);
	end(b, a, ALERT_RECOVERED, back_ms(b, a));
	return DUE_NEVER;
}

/* Whether a site's may turn out to be a part of the account's. That of the account has to last for as long
 * as those that it is of: a site's that could have been told for so long does not wait for others that
 * come and go. */
static bool is_held(const struct book *b, const struct book_scope *s)
{
	const struct book_alert *account = b->scopes[BOOK_ACCOUNT].outage;

	return s->id != NULL && account != NULL && !is_firing(account) &&
	       !holds(b, s, s->n_overdue);
}

static int64_t look(struct book *b, uint32_t scope)
{
	struct book_scope *s = &b->scopes[scope];
	const struct rule_settings *settings = book_scope_settings(b, s);

	if (is_firing(s->outage))
		return look_firing(b, s);
	if (!holds(b, s, s->n_fallen)) {
		if (s->outage != NULL)
			book_end(b, s->outage, ALERT_RECOVERED, b->now_ms);
		return DUE_NEVER;
	}
	if (s->outage == NULL)
		book_begin_scope(b, scope,
				 scope == BOOK_ACCOUNT ? ALERT_ACCOUNT_OUTAGE
						       : ALERT_SITE_OUTAGE,
				 s->first_ms);
	book_hold(b, s->outage, settings->offline_for_ms);
	if (is_held(b, s) || !holds(b, s, s->n_lasting))
		return book_due_ms(b, s->outage->alert.since_ms,
				   settings->offline_for_ms);
	fire(b, scope);
	return book_remind(b, s->outage, settings, true);
}

void outage_run(struct book *b)
{
	for (uint32_t i = 0; i < b->n_scopes; i++) {
		/* What becomes of the account's changes what its sites are. */
		if (i <= BOOK_ACCOUNT + 1)
			count_all(b);
		if (!b->scopes[i].looked)
			continue;
		b->scopes[i].looked = false;
		due_add(&b->due, look(b, i), BOOK_DUE_SCOPE | i);
	}
}
