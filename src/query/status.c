#include "query/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/match.h"
#include "model/member.h"
#include "query/accounts.h"

#define BATCH 500 /* devices a read: a quarter of a megabyte */

const char *status_why_name(enum status_why why)
{
	static const char *const names[] = {NULL, "no_status", "not_listed",
					    "unobserved"};

	return names[why];
}

/* When a list last showed the device as it is stored. */
static int64_t last_shown(const struct store_account *a, const struct store_device *d)
{
	if (!d->lapsed && a->whole_sent_at_ms > d->seen_at_ms)
		return a->whole_sent_at_ms;
	return d->seen_at_ms;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* What hides what: nobody looks > it is not in the list > the list does not say. */
static void judge(struct status *s, int64_t now_at_ms)
{
	const struct store_account *a = s->account;
	const struct store_device *d = s->device;

	s->last = d->last_known;
	s->since_at_ms = d->observed_at_ms;
	s->status = DEVICE_UNKNOWN;
	if (!accounts_is_observed(a, now_at_ms)) {
		s->why = WHY_UNOBSERVED;
		s->since_at_ms = later(d->observed_at_ms, a->last_page_at_ms);
	} else if (d->missed > 0) {
		s->why = WHY_NOT_LISTED;
		s->since_at_ms = later(d->observed_at_ms, last_shown(a, d));
	} else if (d->lapsed && accounts_is_gap(a, d->seen_at_ms, now_at_ms)) {
		s->why = WHY_UNOBSERVED;
		s->since_at_ms = later(d->observed_at_ms, d->seen_at_ms);
	} else if (d->status == DEVICE_UNKNOWN) {
		s->why = WHY_NO_STATUS;
	} else {
		s->why = WHY_NONE;
		s->status = d->status;
	}
}

struct batch {
	struct status_walk *walk;
	int64_t now_at_ms;
	void (*each)(const struct status *s, void *arg);
	void *arg;
	int n;
	char *last; /* id of the last device of this read */
};

static void on_device(const struct store_device *d, void *arg)
{
	struct batch *b = arg;
	struct status_walk *w = b->walk;
	struct status s = {.account = &w->accounts[w->at], .device = d};

	b->n++;
	free(b->last);
	b->last = mem_strdup(d->id);
	judge(&s, b->now_at_ms);
	if (w->which == STATUS_OFFLINE && s.status != DEVICE_OFFLINE)
		return;
	s.facts = json_loads(d->facts, 0, NULL);
	if (match_all(w->matches, w->n_matches, s.account->name, d->id, s.facts))
		b->each(&s, b->arg);
	json_decref(s.facts);
}

int status_next(struct status_walk *walk, struct store_conn *c, int64_t now_at_ms,
		void (*each)(const struct status *s, void *arg), void *arg,
		struct err *err)
{
	struct batch b = {walk, now_at_ms, each, arg, 0, NULL};
	int64_t version;
	int rc;

	if (store_reader_version(c, &version, err) != 0)
		return err->code;
	if (walk->accounts == NULL &&
	    store_accounts(c, &walk->accounts, &walk->n_accounts, err) != 0)
		return err->code;
	if (walk->at == walk->n_accounts)
		return 0;
	rc = store_devices_after(c, walk->accounts[walk->at].account_id,
				 walk->after != NULL ? walk->after : "", BATCH, on_device,
				 &b, err);
	free(walk->after);
	walk->after = b.last;
	if (rc != 0)
		return rc;
	if (b.n < BATCH) {
		free(walk->after);
		walk->after = NULL;
		walk->at++;
	}
	return 1;
}

void status_walk_clear(struct status_walk *walk)
{
	accounts_free(walk->accounts, walk->n_accounts);
	free(walk->after);
	*walk = (struct status_walk){0};
}

json_t *status_object(const struct status *s)
{
	const struct store_device *d = s->device;
	json_t *object = json_object();

	json_object_set_new(
		object, "device",
		device_object(s->account->name, d->id, s->facts, d->vendor_status));
	member_text(object, "status", device_status_name(s->status));
	member_text(object, "why", status_why_name(s->why));
	member_text(object, "last_status",
		    s->last != DEVICE_UNKNOWN ? device_status_name(s->last) : NULL);
	member_time(object, "since", s->since_at_ms);
	member_time(object, "not_before", d->not_before_ms);
	member_time(object, "observed_at", d->observed_at_ms);
	if (d->has_location)
		member_time(object, "last_location_report_time", d->location_ms);
	else
		member_text(object, "last_location_report_time", NULL);
	return object;
}
