#include "muting.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/alert_text.h"

#define RULE "silences" /* whose alerts these are */

/* ---- what is silenced ---- */

static int load(struct alerts_run *r, struct store_conn *c, struct err *err)
{
	struct muting *m = &r->muting;

	if (m->loaded)
		return 0;
	if (store_silences(c, r->at_ms, &m->silences, &m->n, err) != 0)
		return err->code;
	m->loaded = true;
	return 0;
}

void muting_clear(struct muting *m)
{
	store_silences_free(m->silences, m->n);
	*m = (struct muting){0};
}

int muting_find(struct alerts_run *r, struct store_conn *c, const struct alert *a,
		const struct event *ev, int64_t *silence_id, struct err *err)
{
	char *key = alert_key(r->watch->name, a);
	const struct mute_subject subject = {
		.key = key,
		.account = r->watch->name,
		.kind = alert_kind_name(a->kind),
		.device_id = ev->device_id,
		.facts = ev->facts,
		.site = a->kind == ALERT_SITE_OUTAGE ? a->name : NULL,
	};
	const struct silence *silence = NULL;
	int rc = load(r, c, err);

	if (rc == 0)
		silence = mute_find(r->muting.silences, r->muting.n, &subject, r->at_ms,
				    NULL);
	*silence_id = silence != NULL ? silence->id : 0;
	free(key);
	return rc;
}

int muting_ended(struct alerts_run *r, struct store_conn *c, const struct alert *a,
		 struct err *err)
{
	char *key = alert_key(r->watch->name, a);
	int rc = load(r, c, err);

	for (size_t i = 0; rc == 0 && i < r->muting.n; i++) {
		const struct silence *s = &r->muting.silences[i];

		if (s->key != NULL && strcmp(s->key, key) == 0)
			rc = store_silences_cleared(c, key, r->at_ms, err);
	}
	free(key);
	return rc;
}

/* ---- what silences have left ---- */

/* The alerts that fire unheard under one silence, and the one that tells of them. */
struct left {
	int64_t silence_id;
	int64_t n_devices;     /* of all of them; 0: none is left */
	int64_t since_ms;      /* of the first */
	int64_t last_fired_ms; /* of the last */
	struct alert told;     /* alert_id 0: none yet */
	int64_t *listed;       /* devices, ALERT_LISTED at most */
	size_t n_listed;
};

struct gathering {
	struct left *all;
	size_t n, cap;
	struct left *listing; /* for which devices are listed */
	/* Outages among its members, whose devices are listed, too. */
	int64_t *outages;
	size_t n_outages, outages_cap;
};

static struct left *left_of(struct gathering *g, int64_t silence_id)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->all[i].silence_id == silence_id)
			return &g->all[i];
	g->all = mem_grow(g->all, g->n, &g->cap, sizeof *g->all);
	g->all[g->n] = (struct left){.silence_id = silence_id, .since_ms = INT64_MAX};
	return &g->all[g->n++];
}

static void on_alert(struct alert *a, const char *account, void *arg)
{
	struct gathering *g = arg;
	struct left *left;

	(void)account;
	if (a->kind == ALERT_SILENCE_OVER) {
		left = left_of(g, strtoll(a->subject, NULL, 10));
		left->told = *a;
		*a = (struct alert){0};
		return;
	}
	if (a->state != ALERT_FIRING || a->silenced_by == 0)
		return;
	left = left_of(g, a->silenced_by);
	left->n_devices += a->count;
	if (a->since_ms < left->since_ms)
		left->since_ms = a->since_ms;
	if (a->fired_ms > left->last_fired_ms)
		left->last_fired_ms = a->fired_ms;
}

static void on_outage(struct alert *a, const char *account, void *arg)
{
	struct gathering *g = arg;

	(void)account;
	if (a->state != ALERT_FIRING || a->silenced_by != g->listing->silence_id ||
	    a->device_id != 0)
		return;
	g->outages =
		mem_grow(g->outages, g->n_outages, &g->outages_cap, sizeof *g->outages);
	g->outages[g->n_outages++] = a->alert_id;
}

static bool is_member(const struct gathering *g, const struct alert *a)
{
	if (a->state == ALERT_FIRING && a->silenced_by == g->listing->silence_id)
		return true;
	for (size_t i = 0; i < g->n_outages; i++)
		if (a->absorbed_by == g->outages[i])
			return true;
	return false;
}

static void on_device(struct alert *a, const char *account, void *arg)
{
	struct gathering *g = arg;
	struct left *left = g->listing;

	(void)account;
	if (a->device_id != 0 && left->n_listed < ALERT_LISTED && is_member(g, a))
		left->listed[left->n_listed++] = a->device_id;
}

static int list(struct gathering *g, struct left *left, int64_t account_id,
		struct store_conn *c, struct err *err)
{
	g->listing = left;
	g->n_outages = 0;
	left->listed = mem_alloc(ALERT_LISTED * sizeof *left->listed);
	if (store_alerts_each(c, STORE_ALERTS_LIVE, account_id, on_outage, g, err) != 0)
		return err->code;
	return store_alerts_each(c, STORE_ALERTS_LIVE, account_id, on_device, g, err);
}

static bool is_in_force(const struct muting *m, int64_t silence_id, int64_t at_ms)
{
	int64_t until_ms;

	for (size_t i = 0; i < m->n; i++)
		if (m->silences[i].id == silence_id)
			return silence_is_in_force(&m->silences[i], at_ms, &until_ms);
	return false;
}

static void begin(struct left *left, int64_t at_ms)
{
	left->told = (struct alert){
		.kind = ALERT_SILENCE_OVER,
		.state = ALERT_FIRING,
		.subject = mem_printf("%" PRId64, left->silence_id),
		.since_ms = left->since_ms,
		.fired_ms = at_ms,
		.told_ms = at_ms,
		.rule = mem_strdup(RULE),
		.count = left->n_devices,
	};
}

/* What is to be told of it now. */
static enum book_tell decide(struct left *left, const struct muting *m, int64_t at_ms)
{
	struct alert *a = &left->told;

	if (a->subject != NULL && left->n_devices == 0) {
		a->state = ALERT_RESOLVED;
		a->end = ALERT_RECOVERED;
		a->resolved_ms = at_ms;
		return BOOK_TELL_RESOLVED;
	}
	if (left->n_devices == 0 || is_in_force(m, left->silence_id, at_ms))
		return BOOK_TELL_NOTHING;
	if (a->subject == NULL) {
		begin(left, at_ms);
		return BOOK_TELL_FIRING;
	}
	if (left->last_fired_ms <= a->told_ms)
		return BOOK_TELL_NOTHING;
	a->count = left->n_devices;
	a->told_ms = at_ms;
	a->repeats++;
	return BOOK_TELL_AGAIN;
}

static int settle_one(struct alerts_run *r, struct gathering *g, struct left *left,
		      struct store_conn *c, struct err *err)
{
	struct book_decision d = {
		.alert = &left->told,
		.tell = decide(left, &r->muting, r->at_ms),
	};

	if (d.tell == BOOK_TELL_NOTHING)
		return 0;
	if (d.tell != BOOK_TELL_RESOLVED &&
	    list(g, left, r->watch->account.account_id, c, err) != 0)
		return err->code;
	d.listed = left->listed;
	d.n_listed = left->n_listed;
	return alerts_write(r, c, &d, err);
}

static void clear(struct gathering *g)
{
	for (size_t i = 0; i < g->n; i++) {
		alert_clear(&g->all[i].told);
		free(g->all[i].listed);
	}
	free(g->all);
	free(g->outages);
}

int muting_settle(struct alerts_run *r, struct store_conn *c, struct err *err)
{
	struct watch *w = r->watch;
	struct gathering g = {0};
	int rc;

	if (w->nothing_silenced)
		return 0;
	rc = load(r, c, err);
	if (rc == 0)
		rc = store_alerts_each(c, STORE_ALERTS_LIVE, w->account.account_id,
				       on_alert, &g, err);
	w->nothing_silenced = rc == 0 && g.n == 0;
	if (rc == 0 && g.n > 0)
		rc = store_begin(c, err);
	for (size_t i = 0; rc == 0 && i < g.n; i++)
		rc = settle_one(r, &g, &g.all[i], c, err);
	if (rc == 0 && g.n > 0)
		rc = store_commit(c, err);
	clear(&g);
	return rc;
}
