#include "alerts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/alert_text.h"
#include "muting.h"

#define BATCH 500 /* devices a read */

/* ---- what is stored, for the book ---- */

/* Spans as a book has them. */
struct past {
	struct store_spans stored;
	struct book_span *spans;
	size_t cap;
};

static void past_clear(struct past *p)
{
	free(p->stored.all);
	free(p->spans);
}

static int past_load(struct past *p, struct store_conn *c, int64_t device_id,
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
		bool gone = s->state == SPAN_GONE;

		p->spans[i] = (struct book_span){
			.from_ms = s->from_ms,
			.status = gone ? DEVICE_UNKNOWN : (enum device_status)s->state,
			.gone = gone,
		};
	}
	return 0;
}

/* A walk over an account's devices. */
struct loading {
	struct watch *watch;
	struct book *book;
	struct store_conn *c;
	struct err *err;
	struct past past;
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
		l->rc = past_load(&l->past, l->c, d->device_id, 0, l->err);
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

static int load_book(struct alerts_run *r, struct store_conn *c, struct err *err)
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
	past_clear(&l.past);
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

static int take_notes(struct alerts_run *r, struct store_conn *c, struct err *err)
{
	struct watch *w = r->watch;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < w->n_notes; i++)
		rc = take_note(r, c, &w->notes[i], err);
	w->n_notes = 0;
	return rc;
}

/* ---- the run ---- */

/* What the book asks. */
struct asking {
	struct watch *watch;
	struct store_conn *c;
	struct past past;
	struct err err; /* of a read that failed */
};

/* On a page of this sweep, and as it was read. */
static bool is_fresh(void *arg, int64_t device_id, uint32_t tag)
{
	const struct watch *w = ((struct asking *)arg)->watch;
	const struct known_device *d;

	if (tag >= w->known.n)
		return false;
	d = &w->known.devices[tag];
	return d->device_id == device_id && d->sweep == w->sweep.number && !d->lapsed &&
	       !d->ignored;
}

static size_t spans(void *arg, int64_t device_id, int64_t since_ms,
		    const struct book_span **out)
{
	struct asking *a = arg;

	*out = NULL;
	if (a->err.code != 0 ||
	    past_load(&a->past, a->c, device_id, since_ms, &a->err) != 0)
		return 0;
	*out = a->past.spans;
	return a->past.stored.n;
}

static int run_book(struct alerts_run *r, struct store_conn *c, struct err *err)
{
	struct asking asking = {.watch = r->watch, .c = c};
	const struct book_view view = {&asking, r->watch->sweep.sent_at_ms, is_fresh,
				       spans};

	r->confirm = book_run(r->watch->book, &view, r->at_ms) == BOOK_CONFIRM;
	past_clear(&asking.past);
	if (asking.err.code != 0)
		*err = asking.err;
	return asking.err.code;
}

/* ---- what is told ---- */

/* {"id", "name"} of a device; row is its. */
static json_t *listed_device(const struct store_device *row)
{
	char *name = device_fact(row->facts, "name");
	json_t *object = json_pack("{s:s, s:s}", "id", row->id, "name", name);

	free(name);
	return object;
}

static int list_devices(struct store_conn *c, const struct book_decision *d, json_t *into,
			struct err *err)
{
	for (size_t i = 0; i < d->n_listed; i++) {
		struct store_device row;

		if (store_device_load_by_id(c, d->listed[i], &row, err) != 0)
			return err->code;
		if (row.device_id != 0)
			json_array_append_new(into, listed_device(&row));
		store_device_clear(&row);
	}
	return 0;
}

static void take_devices(const struct event *ev, void *arg)
{
	const json_t *alert = json_object_get(ev->detail, "alert");

	json_array_extend(arg, json_object_get(alert, "devices"));
}

/* The devices of a decision: of an alert that fires those that it names, or the one that it is about;
 * later on those that were named then. */
static int fill_devices(struct store_conn *c, const struct book_decision *d,
			const struct store_device *row, struct alert_told *told,
			struct err *err)
{
	bool over = d->tell == BOOK_TELL_RESOLVED;

	if (list_devices(c, d, over ? told->not_back : told->devices, err) != 0)
		return err->code;
	if (over)
		told->n_not_back = d->n_members;
	if (row->device_id != 0)
		json_array_append_new(told->devices, listed_device(row));
	else if (d->tell == BOOK_TELL_RESOLVED ||
		 (d->tell == BOOK_TELL_AGAIN && d->n_listed == 0))
		return store_events_each(c, d->alert->fired_sequence, 1, take_devices,
					 told->devices, err);
	return 0;
}

/* Those that were told of the alert, as far as there are such sinks still. */
static int find_told(const struct alerts_run *r, struct store_conn *c,
		     const struct alert *a, int64_t *ids, size_t *n, struct err *err)
{
	size_t n_told, max = r->audience->n + 64;
	int64_t *told = mem_alloc(max * sizeof *told);
	int rc = store_event_sinks(c, a->fired_sequence, told, max, &n_told, err);

	*n = 0;
	for (size_t i = 0; rc == 0 && i < r->audience->n; i++)
		for (size_t k = 0; k < n_told; k++)
			if (r->audience->listeners[i].sink_id == told[k])
				ids[(*n)++] = told[k];
	free(told);
	return rc;
}

static int add_event(struct alerts_run *r, struct store_conn *c,
		     const struct book_decision *d, struct event *ev,
		     const struct store_device *row, struct err *err)
{
	int64_t *ids = mem_alloc((r->audience->n + 1) * sizeof *ids);
	bool fires = d->tell == BOOK_TELL_FIRING;
	size_t n = 0;
	int rc = 0;

	if (fires && d->alert->silenced_by == 0)
		n = audience_for(r->audience, ev, ids);
	else if (!fires)
		rc = find_told(r, c, d->alert, ids, &n, err);
	if (rc == 0)
		rc = store_event_add(c, ev, r->watch->account.account_id, row->device_id,
				     row->version_id, ids, n, err);
	free(ids);
	r->n_events++;
	return rc;
}

/* The device's facts, for those alerts that are about one. */
static void fill_device(struct event *ev, const struct store_device *row)
{
	ev->device_id = row->id;
	ev->facts = row->facts != NULL ? json_loads(row->facts, 0, NULL) : NULL;
	ev->status = row->status;
	ev->vendor_status = row->vendor_status;
	ev->has_location = row->has_location;
	ev->location_ms = row->location_ms;
	ev->not_before_ms = row->not_before_ms;
}

/* What begins within a silence is an event that nobody is told of; what is repeated within one is
 * none. */
static int silence(struct alerts_run *r, struct store_conn *c,
		   const struct book_decision *d, const struct event *ev, bool *unheard,
		   struct err *err)
{
	int64_t silence_id;

	if (d->tell == BOOK_TELL_RESOLVED)
		return muting_ended(r, c, d->alert, err);
	if (muting_find(r, c, d->alert, ev, &silence_id, err) != 0)
		return err->code;
	if (d->tell == BOOK_TELL_FIRING) {
		d->alert->silenced_by = silence_id;
		if (silence_id != 0)
			r->watch->nothing_silenced = false;
	} else {
		*unheard = silence_id != 0 || d->alert->silenced_by != 0;
	}
	return 0;
}

static int tell(struct alerts_run *r, struct store_conn *c, const struct book_decision *d,
		struct err *err)
{
	struct alert *a = d->alert;
	bool over = d->tell == BOOK_TELL_RESOLVED;
	struct event ev = {
		.type = over ? EVENT_ALERT_RESOLVED : EVENT_ALERT_FIRING,
		.at_ms = r->at_ms,
		.account = r->watch->name,
	};
	struct alert_told told = {
		.account = r->watch->name,
		.devices = json_array(),
		.not_back = json_array(),
	};
	struct store_device row = {0};
	bool unheard = false;
	int rc = 0;

	if (a->device_id != 0)
		rc = store_device_load_by_id(c, a->device_id, &row, err);
	if (row.device_id != 0)
		fill_device(&ev, &row);
	if (rc == 0)
		rc = fill_devices(c, d, &row, &told, err);
	if (rc == 0)
		rc = silence(r, c, d, &ev, &unheard, err);
	ev.detail = alert_detail(a, &told);
	if (rc == 0 && !unheard)
		rc = add_event(r, c, d, &ev, &row, err);
	if (rc == 0 && d->tell == BOOK_TELL_FIRING)
		a->fired_sequence = ev.sequence;
	if (rc == 0 && over)
		a->resolved_sequence = ev.sequence;
	json_decref(ev.detail);
	json_decref(ev.facts);
	json_decref(told.devices);
	json_decref(told.not_back);
	store_device_clear(&row);
	return rc;
}

int alerts_write(struct alerts_run *r, struct store_conn *c,
		 const struct book_decision *d, struct err *err)
{
	if (d->forget) {
		if (muting_ended(r, c, d->alert, err) != 0)
			return err->code;
		return d->alert->alert_id != 0
			       ? store_alert_forget(c, d->alert->alert_id, err)
			       : 0;
	}
	if (d->tell != BOOK_TELL_NOTHING && tell(r, c, d, err) != 0)
		return err->code;
	return store_alert_save(c, r->watch->account.account_id, d->alert, err);
}

static int write_decisions(struct alerts_run *r, struct store_conn *c, struct err *err)
{
	struct book *book = r->watch->book;
	struct book_decision d;
	bool begun = false;
	int rc = 0;

	while (rc == 0 && book_next(book, &d)) {
		if (!begun)
			rc = store_begin(c, err);
		begun = true;
		if (rc == 0)
			rc = alerts_write(r, c, &d, err);
	}
	if (rc == 0 && begun)
		rc = store_commit(c, err);
	if (rc == 0)
		book_done(book);
	return rc;
}

int alerts_run(struct alerts_run *r, struct store_conn *c, struct err *err)
{
	struct watch *w = r->watch;
	int rc = 0;

	if (load_book(r, c, err) != 0 || take_notes(r, c, err) != 0 ||
	    run_book(r, c, err) != 0 || write_decisions(r, c, err) != 0 ||
	    muting_settle(r, c, err) != 0)
		rc = err_wrap(err, "alerts of %s", w->name);
	muting_clear(&r->muting);
	return rc;
}

int alerts_run_blind(struct alerts_run *r, struct store_conn *c, struct err *err)
{
	int rc = load_book(r, c, err);

	if (rc == 0) {
		book_blind(r->watch->book, r->why, r->since_ms, r->at_ms);
		rc = write_decisions(r, c, err);
	}
	muting_clear(&r->muting);
	return rc;
}

/* ---- accounts that are not watched any more ---- */

struct leftover {
	struct alert alert;
	char *account;
};
struct leftovers {
	char *const *accounts; /* that are watched */
	size_t n_accounts;
	struct leftover *all;
	size_t n, cap;
};

static void on_leftover(struct alert *a, const char *account, void *arg)
{
	struct leftovers *l = arg;

	for (size_t i = 0; i < l->n_accounts; i++)
		if (strcmp(l->accounts[i], account) == 0)
			return;
	l->all = mem_grow(l->all, l->n, &l->cap, sizeof *l->all);
	l->all[l->n++] = (struct leftover){*a, mem_strdup(account)};
	*a = (struct alert){0};
}

static int end_leftover(struct store_conn *c, struct leftover *l,
			const struct audience *audience, int64_t at_ms, struct err *err)
{
	struct watch w = {.name = l->account};
	struct alerts_run r = {.watch = &w, .audience = audience, .at_ms = at_ms};
	struct book_decision d = {.alert = &l->alert,
				  .forget = l->alert.state == ALERT_PENDING,
				  .tell = BOOK_TELL_RESOLVED};
	int rc = store_account_load(c, l->account, &w.account, err);

	if (!d.forget) {
		l->alert.state = ALERT_RESOLVED;
		l->alert.end = ALERT_RULE_GONE;
		l->alert.resolved_ms =
			at_ms > l->alert.since_ms ? at_ms : l->alert.since_ms;
	}
	if (rc == 0)
		rc = alerts_write(&r, c, &d, err);
	muting_clear(&r.muting);
	store_account_clear(&w.account);
	return rc;
}

int alerts_end_others(struct store_conn *c, char *const *accounts, size_t n_accounts,
		      const struct audience *audience, int64_t at_ms, struct err *err)
{
	struct leftovers l = {.accounts = accounts, .n_accounts = n_accounts};
	int rc = store_alerts_each(c, STORE_ALERTS_LIVE, 0, on_leftover, &l, err);

	for (size_t i = 0; i < l.n; i++) {
		if (rc == 0)
			rc = end_leftover(c, &l.all[i], audience, at_ms, err);
		alert_clear(&l.all[i].alert);
		free(l.all[i].account);
	}
	free(l.all);
	return rc;
}
