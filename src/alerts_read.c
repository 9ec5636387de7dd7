/* What the rules are given: what is stored, and what the pages have changed since. */
#include <stdlib.h>
#include <string.h>

#include "alerts_inside.h"
#include "base/mem.h"

#define BATCH 500 /* devices a read */

/* ---- what is stored, for the book ---- */

void alerts_past_clear(struct alerts_past *p)
{
	free(p->stored.all);
	free(p->spans);
}

int alerts_past_load(struct alerts_past *p, struct store_conn *c, int64_t device_id,
		     int64_t since_ms, struct err *err)
{
	if (store_spans_load(c, device_id, since_ms, INT64_MAX, &p->stored, err) != 0)
		return err->code;
	if (p->stored.n > p->cap) {
		p->cap = p->stored.cap;
		p->spans = mem_resize(p->spans, p->cap, sizeof *p->spans);
	}
	for (size_t i = 0; i < p->stored.n; i++) {
		const struct store_span *s = &p->stored.all[i];

		p->spans[i] = book_span_of(s->from_ms, s->state == SPAN_GONE,
					   (enum device_status)s->state);
	}
	return 0;
}

/* A walk over an account's devices. */
struct loading {
	struct watch *watch;
	struct book *book;
	struct store_conn *c;
	struct err *err;
	struct alerts_past past;
	bool asks_emergency;
	char *last;
	size_t n_seen;
	int rc;
};

static struct book_device_state state_of(const struct watch *w,
					 const struct store_device *d)
{
	return (struct book_device_state){
		.device_id = d->device_id,
		.tag = known_by_id(&w->known, d->id, strlen(d->id)),
		.id = d->id,
		.facts = d->facts,
		.status = d->status,
		.at_ms = d->observed_at_ms,
		.has_location = d->has_location,
		.location_ms = d->location_ms,
	};
}

/* It is in the record, which is large: it is read only where a rule asks for it. */
static int load_emergency(struct store_conn *c, int64_t device_id,
			  struct book_device_state *state, struct err *err)
{
	struct store_device row = {.device_id = device_id};
	json_t *record;

	if (store_device_load_doc(c, &row, err) != 0)
		return err->code;
	record = row.doc != NULL ? json_loads(row.doc, 0, NULL) : NULL;
	state->emergency_flaw = device_emergency_flaw(record);
	json_decref(record);
	store_device_clear(&row);
	return 0;
}

static void on_device(const struct store_device *d, void *arg)
{
	struct loading *l = arg;
	struct book_device_state state = state_of(l->watch, d);

	if (l->rc == 0 && l->asks_emergency)
		l->rc = load_emergency(l->c, d->device_id, &state, l->err);
	free(l->last);
	l->last = mem_strdup(d->id);
	l->n_seen++;
	l->past.stored.n = 0;
	/* Whoever is online was so once. */
	if (l->rc == 0 && d->status != DEVICE_ONLINE)
		l->rc = alerts_past_load(&l->past, l->c, d->device_id, 0, l->err);
	if (l->rc == 0)
		book_load_device(l->book, &state, l->past.spans, l->past.stored.n);
}

static int load_devices(struct loading *l)
{
	int64_t account_id = l->watch->account.account_id;

	l->last = mem_strdup("");
	do {
		char *after = mem_strdup(l->last);

		l->n_seen = 0;
		if (store_devices_after(l->c, account_id, after, BATCH, on_device, l,
					l->err) != 0)
			l->rc = l->err->code;
		free(after);
	} while (l->rc == 0 && l->n_seen == BATCH);
	free(l->last);
	return l->rc;
}

static void on_alert(struct alert *a, const char *account, void *arg)
{
	(void)account;
	if (a->kind != ALERT_SILENCE_OVER) /* which is no rule's */
		book_load_alert(arg, a);
}

int alerts_load_book(struct alerts_run *r, struct store_conn *c, struct err *err)
{
	struct watch *w = r->watch;
	struct loading l = {.watch = w,
			    .c = c,
			    .err = err,
			    .asks_emergency = rules_ask_emergency(r->rules)};

	if (w->book != NULL && book_is_of(w->book, r->rules))
		return 0;
	book_destroy(w->book);
	w->book = NULL;
	w->n_notes = 0;
	l.book = book_create(r->rules, w->name);
	if (load_devices(&l) == 0)
		l.rc = store_alerts_each(c, STORE_ALERTS_LIVE, w->account.account_id,
					 on_alert, l.book, err);
	alerts_past_clear(&l.past);
	if (l.rc != 0) {
		book_destroy(l.book);
		return l.rc;
	}
	book_load_end(l.book);
	w->book = l.book;
	return 0;
}

/* ---- what has changed since ---- */

static int take_other(struct alerts_run *r, struct store_conn *c,
		      const struct watch_note *n, struct err *err)
{
	struct watch *w = r->watch;
	struct book_device_state state;
	struct store_device row;
	int rc = 0;

	if (store_device_load_by_id(c, n->device_id, &row, err) != 0)
		return err->code;
	if (row.device_id != 0 && row.removed_at_ms == 0) {
		state = state_of(w, &row);
		if (rules_ask_emergency(r->rules))
			rc = load_emergency(c, row.device_id, &state, err);
		book_change(w->book, &state);
	}
	store_device_clear(&row);
	return rc;
}

static int take_note(struct alerts_run *r, struct store_conn *c,
		     const struct watch_note *n, struct err *err)
{
	struct watch *w = r->watch;

	if (n->is_other)
		return take_other(r, c, n, err);
	if (n->is_gone)
		book_remove(w->book, n->device_id, n->at_ms);
	else
		book_change(w->book, &(struct book_device_state){
					     .device_id = n->device_id,
					     .tag = n->place,
					     .status = n->status,
					     .at_ms = n->at_ms,
					     .has_location = n->has_location,
					     .location_ms = n->location_ms,
				     });
	return 0;
}

int alerts_take_notes(struct alerts_run *r, struct store_conn *c, struct err *err)
{
	struct watch *w = r->watch;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < w->n_notes; i++)
		rc = take_note(r, c, &w->notes[i], err);
	w->n_notes = 0;
	return rc;
}
