/*
 *   backtest_play -> load: as it was stored at the beginning -> the rules -> until the end: what a sweep
 *   changed, that the account went blind, or that an interval has passed; and the rules again
 */
#include "cli/backtest_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"

#define BLIND_INTERVALS 5 /* as the polls have it */

static struct book_device_state state_of(const struct history *h, size_t place)
{
	const struct unit *u = &h->units[place];
	const struct book_span *span = &u->spans[u->n_past - 1];

	return (struct book_device_state){
		.device_id = u->device_id,
		.tag = (uint32_t)place,
		.id = u->id,
		.facts = u->facts,
		.status = span->status,
		.at_ms = span->from_ms,
		.has_location = u->has_location,
		.location_ms = u->location_ms,
	};
}

static bool is_listed(const struct unit *u)
{
	return u->n_past > 0 && !u->spans[u->n_past - 1].gone;
}

static void apply(struct history *h, struct book *book, struct change *x)
{
	struct unit *u = &h->units[x->unit];
	struct book_device_state state;

	if (x->kind == CHANGE_STATUS) {
		u->n_past++;
	} else if (x->kind == CHANGE_FACTS) {
		free(u->facts);
		u->facts = x->facts;
		x->facts = NULL;
	} else {
		u->has_location = true;
		u->location_ms = x->location_ms;
	}
	if (book == NULL || u->n_past == 0)
		return;
	state = state_of(h, x->unit);
	if (is_listed(u))
		book_change(book, &state);
	else if (x->kind == CHANGE_STATUS)
		book_remove(book, u->device_id, x->at_ms);
}

static bool is_fresh(void *arg, int64_t device_id, uint32_t tag)
{
	const struct history *h = arg;

	(void)device_id;
	return tag < h->n_units && is_listed(&h->units[tag]);
}

static int by_device_id(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->device_id < y->device_id ? -1 : x->device_id > y->device_id;
}

static void sort_places(struct history *h)
{
	h->places = mem_alloc((h->n_units + 1) * sizeof *h->places);
	for (size_t i = 0; i < h->n_units; i++)
		h->places[i] = (struct place){h->units[i].device_id, i};
	qsort(h->places, h->n_units, sizeof *h->places, by_device_id);
}

static size_t spans_of(void *arg, int64_t device_id, int64_t since_ms,
		       const struct book_span **spans)
{
	const struct history *h = arg;
	const struct place key = {.device_id = device_id}, *found;

	(void)since_ms;
	found = bsearch(&key, h->places, h->n_units, sizeof key, by_device_id);
	if (found == NULL)
		return 0;
	*spans = h->units[found->unit].spans;
	return h->units[found->unit].n_past;
}

/* What would have been told. */
static void take_decisions(struct history *h, struct book *book, int64_t at_ms)
{
	struct backtest *b = h->test;
	struct book_decision d;

	while (book_next(book, &d)) {
		struct alert *a = d.alert;
		char *key = alert_key(h->account->name, a);

		if (a->alert_id == 0)
			a->alert_id = h->next_alert_id++;
		if (d.tell == BOOK_TELL_FIRING) {
			a->fired_sequence = 1;
			b->rows = mem_grow(b->rows, b->n_rows, &b->rows_cap,
					   sizeof *b->rows);
			b->rows[b->n_rows++] =
				(struct backtest_row){.key = mem_strdup(key),
						      .kind = a->kind,
						      .would_fire_ms = at_ms};
		}
		for (size_t i = b->n_rows; d.tell == BOOK_TELL_RESOLVED && i > 0; i--)
			if (strcmp(b->rows[i - 1].key, key) == 0 &&
			    b->rows[i - 1].would_fire_ms != 0) {
				b->rows[i - 1].would_be_resolved_ms = at_ms;
				break;
			}
		free(key);
	}
	book_done(book);
}

static void run(struct history *h, struct book *book, int64_t began_ms, int64_t at_ms)
{
	const struct book_view view = {h, began_ms, is_fresh, spans_of};

	if (book_run(book, &view, at_ms) == BOOK_CONFIRM)
		book_run(book, &view, at_ms);
	take_decisions(h, book, at_ms);
}

/* One that fired ahead of the simulation, and lasted. Its numbers are those of the database. */
struct loading {
	struct book *book;
	int64_t at_ms;
};

static void on_stored_alert(struct alert *a, const char *account, void *arg)
{
	const struct loading *l = arg;

	(void)account;
	if (a->fired_ms == 0 || a->fired_ms >= l->at_ms ||
	    (a->resolved_ms != 0 && a->resolved_ms < l->at_ms))
		return;
	a->state = ALERT_FIRING;
	a->over_ms = a->resolved_ms = a->absorbed_by = 0;
	book_load_alert(l->book, a);
}

/* As it was stored when the simulation begins. */
static struct book *load(struct history *h, size_t *next, int64_t at_ms)
{
	struct book *book = book_create(h->test->rules, h->account->name);
	struct loading l = {book, at_ms};

	while (*next < h->n_changes && h->changes[*next].at_ms <= at_ms)
		apply(h, NULL, &h->changes[(*next)++]);
	for (size_t i = 0; i < h->n_units; i++) {
		struct book_device_state state;

		if (!is_listed(&h->units[i]))
			continue;
		state = state_of(h, i);
		book_load_device(book, &state, h->units[i].spans, h->units[i].n_past);
	}
	store_alerts_each(h->c, STORE_ALERTS_ALL, h->account->account_id, on_stored_alert,
			  &l, &h->err);
	book_load_end(book);
	return book;
}

/* Where the simulation is: the next of each, and the time. */
struct playing {
	struct history *h;
	struct book *book;
	size_t change, mark, blind;
	int64_t at_ms;
};

static int64_t next_change_ms(const struct playing *p)
{
	return p->change < p->h->n_changes ? p->h->changes[p->change].at_ms : INT64_MAX;
}

static int64_t next_mark_ms(const struct playing *p)
{
	return p->mark < p->h->n_marks ? p->h->marks[p->mark] : INT64_MAX;
}

/* When the account goes blind, in the order of time; INT64_MAX: not any more. */
static int64_t next_blind_ms(struct playing *p)
{
	for (; p->blind < p->h->n_blinds; p->blind++) {
		const struct blind *x = &p->h->blinds[p->blind];
		int64_t at_ms = x->from_ms + BLIND_INTERVALS * p->h->interval_ms;

		if (at_ms < x->told_ms)
			at_ms = x->told_ms;
		if (at_ms < x->to_ms)
			return at_ms;
	}
	return INT64_MAX;
}

/* What one sweep changed: all within half an interval, but for what an alert was told ahead of. It is over
 * then, or when an alert was told soon behind it. */
static void play_sweep(struct playing *p)
{
	struct history *h = p->h;
	int64_t from_ms = next_change_ms(p), mark_ms = next_mark_ms(p);

	while (next_change_ms(p) <= smaller(from_ms + h->interval_ms / 2, mark_ms)) {
		p->at_ms = next_change_ms(p) + 1;
		apply(h, p->book, &h->changes[p->change++]);
	}
	if (mark_ms - p->at_ms <= h->interval_ms / 2) {
		p->at_ms = mark_ms > p->at_ms ? mark_ms : p->at_ms;
		p->mark++;
	}
	run(h, p->book, from_ms, p->at_ms);
}

static void play_blind(struct playing *p)
{
	const struct blind *x = &p->h->blinds[p->blind++];

	book_blind(p->book, x->why, x->from_ms, p->at_ms);
	take_decisions(p->h, p->book, p->at_ms);
}

/* A sweep that changed nothing, where there was one. */
static void play_quiet(struct playing *p)
{
	p->mark += next_mark_ms(p) <= p->at_ms;
	if (!backtest_history_has_gap(p->h, p->at_ms))
		run(p->h, p->book, p->at_ms, p->at_ms);
}

static void play(struct playing *p, int64_t until_ms)
{
	while (p->at_ms < until_ms) {
		int64_t change_ms = next_change_ms(p), blind_ms = next_blind_ms(p);
		int64_t began_ms =
			smaller(smaller(change_ms, next_mark_ms(p)),
				smaller(blind_ms, p->at_ms + p->h->interval_ms));

		if (began_ms >= until_ms)
			return;
		p->at_ms = began_ms > p->at_ms ? began_ms : p->at_ms;
		if (began_ms == change_ms)
			play_sweep(p);
		else if (began_ms == blind_ms)
			play_blind(p);
		else
			play_quiet(p);
	}
}

void backtest_play(struct history *h)
{
	struct playing p = {.h = h};

	if (h->n_changes == 0)
		return;
	sort_places(h);
	p.at_ms = h->changes[0].at_ms + h->interval_ms / 2;
	if (p.at_ms < h->test->since_ms)
		p.at_ms = h->test->since_ms;
	p.book = load(h, &p.change, p.at_ms);
	run(h, p.book, p.at_ms, p.at_ms);
	play(&p, h->test->until_ms);
	book_destroy(p.book);
}
