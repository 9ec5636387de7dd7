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

/* Of those that are loaded: 0 where it is under none. */
static int64_t silence_of(const struct alerts_run *r, const struct alert *a,
			  const char *device_id, const json_t *facts)
{
	char *key = alert_key(r->watch->name, a);
	const struct mute_subject subject =
		mute_subject_of(a, r->watch->name, key, device_id, facts);
	const struct silence *silence =
		mute_find(r->muting.silences, r->muting.n, &subject, r->at_ms, NULL);

	free(key);
	return silence != NULL ? silence->id : 0;
}

int muting_find(struct alerts_run *r, struct store_conn *c, const struct alert *a,
		const struct event *ev, int64_t *silence_id, struct err *err)
{
	if (load(r, c, err) != 0)
		return err->code;
	*silence_id = silence_of(r, a, ev->device_id, ev->facts);
	return 0;
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

static bool is_in_force(const struct alerts_run *r, int64_t silence_id)
{
	const struct muting *m = &r->muting;
	int64_t until_ms;

	for (size_t i = 0; i < m->n; i++)
		if (m->silences[i].id == silence_id)
			return silence_is_in_force(&m->silences[i], r->at_ms, &until_ms);
	return false;
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
	const struct alerts_run *run;
	struct left *all;
	size_t n, cap;
	/* Those whose silence is over, of which nobody has been told yet. */
	struct alert *untold;
	size_t n_untold, untold_cap;
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

/* It was told, and nothing of it is left. */
static bool is_over(const struct left *left)
{
	return left->told.subject != NULL && left->n_devices == 0;
}

/* The silence is over, and of some of what it has left nobody was told. */
static bool is_due(const struct left *left, const struct alerts_run *r)
{
	return left->n_devices > 0 && !is_in_force(r, left->silence_id) &&
	       (left->told.subject == NULL || left->last_fired_ms > left->told.told_ms);
}

/* What is to be told of it now. */
static enum book_tell decide(struct left *left, const struct alerts_run *r)
{
	struct alert *a = &left->told;
	int64_t at_ms = r->at_ms;

	if (is_over(left)) {
		a->state = ALERT_RESOLVED;
		a->end = ALERT_RECOVERED;
		a->resolved_ms = at_ms;
		return BOOK_TELL_RESOLVED;
	}
	if (!is_due(left, r))
		return BOOK_TELL_NOTHING;
	if (a->subject == NULL) {
		begin(left, at_ms);
		return BOOK_TELL_FIRING;
	}
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
		.tell = decide(left, r),
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
	for (size_t i = 0; i < g->n_untold; i++)
		alert_clear(&g->untold[i]);
	free(g->all);
	free(g->untold);
	free(g->outages);
}

static int gather(struct gathering *g, struct alerts_run *r, struct store_conn *c,
		  struct err *err)
{
	*g = (struct gathering){.run = r};
	return store_alerts_each(c, STORE_ALERTS_LIVE, r->watch->account.account_id,
				 on_alert, g, err);
}

/* ---- what another silence goes on with ---- */

static void on_untold(struct alert *a, const char *account, void *arg)
{
	struct gathering *g = arg;
	const struct left *left;

	(void)account;
	if (a->kind == ALERT_SILENCE_OVER || a->state != ALERT_FIRING ||
	    a->silenced_by == 0)
		return;
	left = left_of(g, a->silenced_by);
	if (!is_due(left, g->run))
		return;
	if (left->told.subject != NULL && a->fired_ms <= left->told.told_ms)
		return;
	g->untold = mem_grow(g->untold, g->n_untold, &g->untold_cap, sizeof *g->untold);
	g->untold[g->n_untold++] = *a;
	*a = (struct alert){0};
}

/* The silence that it is under now, from now on. */
static int hand_over(struct alerts_run *r, struct alert *a, struct store_conn *c,
		     bool *moved, struct err *err)
{
	struct store_device row = {0};
	json_t *facts;
	int64_t silence_id;

	if (a->device_id != 0 && store_device_load_by_id(c, a->device_id, &row, err) != 0)
		return err->code;
	facts = row.facts != NULL ? json_loads(row.facts, 0, NULL) : NULL;
	silence_id = silence_of(r, a, row.id, facts);
	json_decref(facts);
	store_device_clear(&row);
	if (silence_id == 0)
		return 0;
	*moved = true;
	a->silenced_by = silence_id;
	book_take_silence(r->watch->book, a);
	return store_alert_save(c, r->watch->account.account_id, a, err);
}

/* Whatever has begun within one silence and is under another when that is over is left by the other. */
static int hand_over_all(struct alerts_run *r, struct gathering *g, struct store_conn *c,
			 struct err *err)
{
	bool moved = false;
	int rc = store_alerts_each(c, STORE_ALERTS_LIVE, r->watch->account.account_id,
				   on_untold, g, err);

	for (size_t i = 0; rc == 0 && i < g->n_untold; i++)
		rc = hand_over(r, &g->untold[i], c, &moved, err);
	if (rc != 0 || !moved)
		return rc;
	clear(g);
	return gather(g, r, c, err);
}

/* ---- behind a run ---- */

/* Not while all that is silenced stays so. */
static bool has_news(const struct gathering *g, const struct alerts_run *r)
{
	for (size_t i = 0; i < g->n; i++)
		if (is_over(&g->all[i]) || is_due(&g->all[i], r))
			return true;
	return false;
}

static int settle_all(struct alerts_run *r, struct gathering *g, struct store_conn *c,
		      struct err *err)
{
	if (store_begin(c, err) != 0 || hand_over_all(r, g, c, err) != 0)
		return err->code;
	for (size_t i = 0; i < g->n; i++)
		if (settle_one(r, g, &g->all[i], c, err) != 0)
			return err->code;
	return store_commit(c, err);
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
		rc = gather(&g, r, c, err);
	w->nothing_silenced = rc == 0 && g.n == 0;
	if (rc == 0 && g.n > 0) {
		r->unmuted_at_ms =
			mute_next_ms(r->muting.silences, r->muting.n, r->at_ms);
		if (has_news(&g, r))
			rc = settle_all(r, &g, c, err);
	}
	clear(&g);
	return rc;
}
