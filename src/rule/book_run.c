/* A run: who is looked at, in which order, and what comes of it. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/number.h"
#include "rule/book_inside.h"

/* Who is due joins those that have changed. */
static void look_at_due(struct book *b)
{
	uint32_t what;

	while (due_take(&b->due, b->now_ms, &what)) {
		if ((what & BOOK_DUE_SCOPE) != 0)
			b->scopes[what & ~BOOK_DUE_SCOPE].looked = true;
		else
			book_look(b, what);
	}
}

/* Most of the account went offline within this sweep. */
static bool is_flipped(const struct book *b)
{
	const struct book_scope *s = &b->scopes[BOOK_ACCOUNT];
	const struct rule_settings *settings = book_scope_settings(b, s);

	return b->n_fell >= settings->site_outage_min &&
	       100 * b->n_fell >= settings->site_outage_share * (b->n_fell + s->n_online);
}

static void look_at_device(struct book *b, uint32_t place)
{
	int64_t due_ms = holddown_look(b, place);

	due_ms = smaller(due_ms, stale_look(b, place));
	due_ms = smaller(due_ms, emergency_look(b, place));
	due_add(&b->due, due_ms, place);
	b->devices[place].looked = false;
	b->devices[place].turned = false;
}

static void no_later(int64_t *at_ms, int64_t now_ms)
{
	if (*at_ms > now_ms)
		*at_ms = now_ms;
}

/* What is stored may be of a clock that was wrong: nobody waits for a time that has yet to come. */
static void mend_alert(const struct book *b, struct book_alert *a)
{
	if (a == NULL)
		return;
	no_later(&a->alert.since_ms, b->now_ms);
	no_later(&a->alert.over_ms, b->now_ms);
	no_later(&a->alert.told_ms, b->now_ms);
}

static void mend_times(struct book *b)
{
	for (uint32_t i = 0; i < b->n_devices; i++) {
		no_later(&b->devices[i].turned_ms, b->now_ms);
		for (struct book_alert *a = b->devices[i].alerts; a != NULL; a = a->next)
			mend_alert(b, a);
	}
	for (uint32_t i = 0; i < b->n_scopes; i++)
		mend_alert(b, b->scopes[i].outage);
	mend_alert(b, b->blind);
}

/* Who has turned before the book was read, where the run was lost that should have looked; and who has
 * fallen in the sweep at hand. */
static void look_at_turned(struct book *b)
{
	for (uint32_t i = 0; i < b->n_devices; i++) {
		struct book_device *d = &b->devices[i];

		b->n_fell += book_counts_as(d, DEVICE_OFFLINE) &&
			     d->turned_ms >= b->view->began_ms;
		if (d->gone ||
		    b->now_ms - d->turned_ms >= book_settings(b, d)->flap_within_ms)
			continue;
		d->turned = true;
		book_look(b, i);
	}
}

static int by_place(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* In one order, whatever made the run look at them. */
static void decide(struct book *b)
{
	if (b->n_look > 1)
		qsort(b->look, b->n_look, sizeof *b->look, by_place);
	if (b->blind != NULL)
		book_end(b, b->blind, ALERT_RECOVERED, b->now_ms);
	for (uint32_t i = 0; i < b->n_look; i++) {
		due_add(&b->due, flap_look(b, b->look[i]), b->look[i]);
		holddown_settle(b, b->look[i]);
	}
	outage_run(b);
	for (uint32_t i = 0; i < b->n_look; i++)
		look_at_device(b, b->look[i]);
	b->n_look = 0;
}

enum book_verdict book_run(struct book *b, const struct book_view *view, int64_t now_ms)
{
	b->view = view;
	b->now_ms = now_ms;
	if (b->is_new) {
		mend_times(b);
		look_at_turned(b);
	}
	b->is_new = false;
	b->confirming = !b->confirming && is_flipped(b);
	b->n_fell = 0;
	if (!b->confirming) {
		look_at_due(b);
		decide(b);
	}
	b->view = NULL;
	b->next_decision = TAILQ_FIRST(&b->queue);
	return b->confirming ? BOOK_CONFIRM : BOOK_DECIDED;
}

void book_blind(struct book *b, const char *why, int64_t since_ms, int64_t now_ms)
{
	const struct rule_settings *s = book_scope_settings(b, &b->scopes[BOOK_ACCOUNT]);

	b->now_ms = now_ms;
	if (b->blind == NULL) {
		(void)book_begin_scope(b, BOOK_ACCOUNT, ALERT_MONITOR_BLIND, since_ms);
		b->blind->alert.why = mem_strdup(why);
		book_fire(b, b->blind);
	}
	(void)book_remind(b, b->blind, s, true);
	b->next_decision = TAILQ_FIRST(&b->queue);
}

bool book_next(struct book *b, struct book_decision *out)
{
	struct book_alert *a = b->next_decision;

	if (a == NULL)
		return false;
	b->next_decision = TAILQ_NEXT(a, entry);
	/* An outage is written ahead of its members. */
	a->alert.absorbed_by = a->parent != NULL ? a->parent->alert.alert_id : 0;
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

/* What has ended is of no device any more. */
void book_done(struct book *b)
{
	struct book_alert *a;

	while ((a = TAILQ_FIRST(&b->queue)) != NULL) {
		TAILQ_REMOVE(&b->queue, a, entry);
		a->queued = false;
		a->tell = BOOK_TELL_NOTHING;
		free(a->listed);
		a->listed = NULL;
		a->n_listed = 0;
		a->n_members = 0;
		if (a->over)
			book_destroy_alert(a);
	}
}
