/*
 *   backtest_run -> for each account: read_told, read_history -> simulate -> compare
 */
#include "cli/backtest.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/event.h"
#include "query/accounts.h"
#include "query/fleet.h"
#include "rule/book.h"

#define BLIND_INTERVALS 5                  /* as the polls have it */
#define FIRST_ALERT_ID  (INT64_C(1) << 60) /* behind those of the database */

const char *backtest_verdict_name(enum backtest_verdict verdict)
{
	static const char *const names[] = {"same", "not_told", "only_told",
					    "not_tested"};

	return names[verdict];
}

/* ---- history ---- */

/* A device, as it is at the simulated time. */
struct unit {
	int64_t device_id;
	char *id, *facts;
	struct book_span *spans;
	size_t n_spans, n_past; /* n_past have begun */
	bool has_location;
	int64_t location_ms;
};

struct change {
	int64_t at_ms;
	size_t order, unit;
	enum change_kind { CHANGE_STATUS, CHANGE_FACTS, CHANGE_LOCATION } kind;
	char *facts;         /* of CHANGE_FACTS */
	int64_t location_ms; /* of CHANGE_LOCATION */
};

/* Which unit a device is. */
struct place {
	int64_t device_id;
	size_t unit;
};

/* A time in which the account could not be reached. */
struct blind {
	int64_t from_ms, told_ms, to_ms;
	char *why;
};

struct history {
	struct backtest *test;
	const struct store_account *account;
	struct store_conn *c;
	struct store_gaps gaps; /* of the account */
	struct unit *units;     /* by id */
	size_t n_units, units_cap;
	struct place *places;   /* by device_id */
	struct change *changes; /* by time */
	size_t n_changes, changes_cap;
	struct blind *blinds;
	size_t n_blinds, blinds_cap;
	int64_t *marks; /* when sweeps ended that told of an alert */
	size_t n_marks, marks_cap;
	int64_t interval_ms, next_alert_id;
	struct err err; /* of a read within the simulation */
};

static struct change *add_change(struct history *h, size_t unit, int64_t at_ms,
				 enum change_kind kind)
{
	struct change *x;

	h->changes =
		mem_grow(h->changes, h->n_changes, &h->changes_cap, sizeof *h->changes);
	x = &h->changes[h->n_changes];
	*x = (struct change){.at_ms = at_ms, .order = h->n_changes++, .unit = unit};
	x->kind = kind;
	return x;
}

static int take_spans(struct history *h, size_t place, int64_t device_id, struct err *err)
{
	struct store_spans spans = {0};
	struct unit *u = &h->units[place];

	if (store_spans_load(h->c, device_id, 0, INT64_MAX, &spans, err) != 0)
		return err->code;
	u->spans = mem_alloc((spans.n + 1) * sizeof *u->spans);
	for (size_t i = 0; i < spans.n; i++) {
		bool gone = spans.all[i].state == SPAN_GONE;

		u->spans[i] = (struct book_span){
			.from_ms = spans.all[i].from_ms,
			.status = gone ? DEVICE_UNKNOWN
				       : (enum device_status)spans.all[i].state,
			.gone = gone,
		};
		add_change(h, place, spans.all[i].from_ms, CHANGE_STATUS);
	}
	u->n_spans = spans.n;
	free(spans.all);
	return 0;
}

static int on_device(struct fleet_device *f, void *arg, struct err *err)
{
	const struct store_device *d = f->device;
	struct history *h = arg;

	if (f->account->account_id != h->account->account_id)
		return 0;
	h->units = mem_grow(h->units, h->n_units, &h->units_cap, sizeof *h->units);
	h->units[h->n_units] = (struct unit){
		.device_id = d->device_id,
		.id = mem_strdup(d->id),
		.facts = mem_strdup(d->facts),
		.has_location = d->has_location,
		.location_ms = d->location_ms,
	};
	return take_spans(h, h->n_units++, d->device_id, err);
}

static int by_vendor_id(const void *a, const void *b)
{
	const struct unit *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static struct unit *find_unit(struct history *h, const char *id)
{
	struct unit key = {.id = (char *)id};

	if (id == NULL || h->n_units == 0)
		return NULL;
	return bsearch(&key, h->units, h->n_units, sizeof key, by_vendor_id);
}

static void take_blind(struct history *h, const struct event *ev)
{
	const char *why = json_string_value(json_object_get(ev->detail, "reason"));
	const char *since = json_string_value(json_object_get(ev->detail, "since"));
	int64_t since_ms;

	if (h->n_blinds > 0 && h->blinds[h->n_blinds - 1].to_ms == INT64_MAX)
		h->blinds[h->n_blinds - 1].to_ms = ev->at_ms;
	if (ev->type != EVENT_ACCOUNT_UNREACHABLE || why == NULL || since == NULL ||
	    strcmp(why, "list_shrunk") == 0 || clock_parse(since, &since_ms) != 0)
		return;
	h->blinds = mem_grow(h->blinds, h->n_blinds, &h->blinds_cap, sizeof *h->blinds);
	h->blinds[h->n_blinds++] =
		(struct blind){since_ms, ev->at_ms, INT64_MAX, mem_strdup(why)};
}

static void take_mark(struct history *h, const struct event *ev)
{
	const json_t *alert = json_object_get(ev->detail, "alert");

	if (json_is_true(json_object_get(alert, "drill")))
		return;
	h->marks = mem_grow(h->marks, h->n_marks, &h->marks_cap, sizeof *h->marks);
	h->marks[h->n_marks++] = ev->at_ms;
}

static void on_event(const struct event *ev, void *arg)
{
	struct history *h = arg;
	struct unit *u;

	if (strcmp(ev->account, h->account->name) != 0)
		return;
	if (event_is_alert(ev)) {
		take_mark(h, ev);
		return;
	}
	u = find_unit(h, ev->device_id);
	if (u == NULL)
		take_blind(h, ev);
	else if (ev->facts != NULL)
		add_change(h, (size_t)(u - h->units), ev->at_ms, CHANGE_FACTS)->facts =
			json_dumps(ev->facts, JSON_COMPACT);
	if (u != NULL && ev->type == EVENT_DEVICE_LOCATION && ev->has_location)
		add_change(h, (size_t)(u - h->units), ev->at_ms, CHANGE_LOCATION)
			->location_ms = ev->location_ms;
}

static int by_time(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int read_history(struct history *h, int64_t now_at_ms, struct err *err)
{
	const struct fleet_walk walk = {.each = on_device, .arg = h};
	const struct store_event_filter filter = {
		.types = UINT32_MAX,
		.since_at_ms = h->test->since_ms,
		.until_at_ms = h->test->until_ms,
		.before = INT64_MAX,
	};

	if (past_load_account(h->c, h->account, now_at_ms, &h->gaps, err) != 0 ||
	    fleet_each(&walk, h->c, now_at_ms, err) != 0 ||
	    store_events_select(h->c, &filter, 1, INT64_MAX, on_event, h, err) != 0)
		return err->code;
	if (h->n_changes > 1)
		qsort(h->changes, h->n_changes, sizeof *h->changes, by_time);
	return 0;
}

/* ---- the simulation ---- */

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

static bool is_in_gap(const struct history *h, int64_t at_ms)
{
	for (size_t i = 0; i < h->gaps.n; i++)
		if (h->gaps.all[i].from_ms < at_ms && at_ms < h->gaps.all[i].to_ms)
			return true;
	for (size_t i = 0; i < h->n_blinds; i++)
		if (h->blinds[i].from_ms < at_ms && at_ms < h->blinds[i].to_ms)
			return true;
	return false;
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

/* When the account goes blind, in the order of time; INT64_MAX: not any more. */
static int64_t blind_at(const struct history *h, size_t *next)
{
	for (; *next < h->n_blinds; (*next)++) {
		const struct blind *x = &h->blinds[*next];
		int64_t at_ms = x->from_ms + BLIND_INTERVALS * h->interval_ms;

		if (at_ms < x->told_ms)
			at_ms = x->told_ms;
		if (at_ms < x->to_ms)
			return at_ms;
	}
	return INT64_MAX;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What one sweep changed: all within half an interval, but for what an alert was told ahead of. Returns
 * when it was over. */
static int64_t apply_sweep(struct history *h, struct book *book, size_t *next,
			   int64_t mark_ms)
{
	int64_t from_ms = h->changes[*next].at_ms, last_ms = from_ms;

	while (*next < h->n_changes &&
	       h->changes[*next].at_ms <= least(from_ms + h->interval_ms / 2, mark_ms)) {
		last_ms = h->changes[*next].at_ms;
		apply(h, book, &h->changes[(*next)++]);
	}
	return last_ms + 1;
}

static void simulate(struct history *h)
{
	size_t change = 0, mark = 0, blind = 0;
	int64_t at_ms, until_ms = h->test->until_ms;
	struct book *book;

	if (h->n_changes == 0)
		return;
	sort_places(h);
	at_ms = h->changes[0].at_ms + h->interval_ms / 2;
	if (at_ms < h->test->since_ms)
		at_ms = h->test->since_ms;
	book = load(h, &change, at_ms);
	run(h, book, at_ms, at_ms);
	while (at_ms < until_ms) {
		int64_t changed_ms =
			change < h->n_changes ? h->changes[change].at_ms : INT64_MAX;
		int64_t mark_ms = mark < h->n_marks ? h->marks[mark] : INT64_MAX;
		int64_t blind_ms = blind_at(h, &blind);
		int64_t began_ms = least(least(changed_ms, mark_ms),
					 least(blind_ms, at_ms + h->interval_ms));

		if (began_ms >= until_ms)
			break;
		at_ms = began_ms > at_ms ? began_ms : at_ms;
		if (began_ms == changed_ms) {
			at_ms = apply_sweep(h, book, &change, mark_ms);
			if (mark_ms - at_ms <= h->interval_ms / 2) {
				at_ms = mark_ms > at_ms ? mark_ms : at_ms;
				mark++;
			}
			run(h, book, began_ms, at_ms);
		} else if (began_ms == blind_ms) {
			book_blind(book, h->blinds[blind].why, h->blinds[blind].from_ms,
				   at_ms);
			take_decisions(h, book, at_ms);
			blind++;
		} else {
			mark += began_ms == mark_ms;
			if (!is_in_gap(h, at_ms))
				run(h, book, at_ms, at_ms);
		}
	}
	book_destroy(book);
}

/* ---- against what was told ---- */

struct comparing {
	struct backtest *test;
	size_t n_would; /* rows that came of the simulation */
};

static struct backtest_row *find_would(const struct comparing *x, const char *key)
{
	for (size_t i = 0; i < x->n_would; i++)
		if (x->test->rows[i].fired_ms == 0 &&
		    strcmp(x->test->rows[i].key, key) == 0)
			return &x->test->rows[i];
	return NULL;
}

static void on_alert(struct alert *a, const char *account, void *arg)
{
	struct comparing *x = arg;
	struct backtest *b = x->test;
	struct backtest_row *row;
	char *key;

	if (a->fired_ms == 0 || a->fired_ms < b->since_ms || a->fired_ms >= b->until_ms)
		return;
	key = alert_key(account, a);
	row = find_would(x, key);
	if (row == NULL) {
		b->rows = mem_grow(b->rows, b->n_rows, &b->rows_cap, sizeof *b->rows);
		row = &b->rows[b->n_rows++];
		*row = (struct backtest_row){.key = mem_strdup(key), .kind = a->kind};
	}
	row->fired_ms = a->fired_ms;
	row->resolved_ms = a->resolved_ms;
	free(key);
}

static enum backtest_verdict verdict_of(const struct backtest_row *row)
{
	if (row->fired_ms == 0)
		return BACKTEST_NOT_TOLD;
	if (row->kind == ALERT_EMERGENCY_INVALID)
		return BACKTEST_NOT_TESTED;
	return row->would_fire_ms != 0 ? BACKTEST_SAME : BACKTEST_ONLY_TOLD;
}

static int by_key(const void *a, const void *b)
{
	const struct backtest_row *x = a, *y = b;
	int64_t from = x->fired_ms != 0 ? x->fired_ms : x->would_fire_ms;
	int64_t to = y->fired_ms != 0 ? y->fired_ms : y->would_fire_ms;
	int order = strcmp(x->key, y->key);

	return order != 0 ? order : from < to ? -1 : from > to;
}

static int compare(struct backtest *b, struct store_conn *c, struct err *err)
{
	struct comparing x = {b, b->n_rows};

	if (store_alerts_each(c, STORE_ALERTS_ALL, 0, on_alert, &x, err) != 0)
		return err->code;
	for (size_t i = 0; i < b->n_rows; i++)
		b->rows[i].verdict = verdict_of(&b->rows[i]);
	if (b->n_rows > 1)
		qsort(b->rows, b->n_rows, sizeof *b->rows, by_key);
	return 0;
}

/* ---- all accounts ---- */

static void history_clear(struct history *h)
{
	for (size_t i = 0; i < h->n_units; i++) {
		free(h->units[i].id);
		free(h->units[i].facts);
		free(h->units[i].spans);
	}
	for (size_t i = 0; i < h->n_changes; i++)
		free(h->changes[i].facts);
	for (size_t i = 0; i < h->n_blinds; i++)
		free(h->blinds[i].why);
	free(h->gaps.all);
	free(h->units);
	free(h->places);
	free(h->changes);
	free(h->blinds);
	free(h->marks);
}

static int run_account(struct backtest *b, struct store_conn *c,
		       const struct store_account *a, int64_t now_at_ms, struct err *err)
{
	struct history h = {.test = b,
			    .account = a,
			    .c = c,
			    .interval_ms = a->interval_ms > 0 ? a->interval_ms : 60000,
			    .next_alert_id = FIRST_ALERT_ID};
	int rc = read_history(&h, now_at_ms, err);

	if (rc == 0)
		simulate(&h);
	if (h.err.code != 0)
		*err = h.err;
	history_clear(&h);
	return err->code;
}

int backtest_run(struct backtest *b, struct store_conn *c, int64_t now_at_ms,
		 struct err *err)
{
	struct store_account *accounts;
	size_t n;
	int rc = store_accounts_uncounted(c, &accounts, &n, err);

	if (rc != 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = run_account(b, c, &accounts[i], now_at_ms, err);
	accounts_free(accounts, n);
	return rc == 0 ? compare(b, c, err) : rc;
}

void backtest_clear(struct backtest *b)
{
	for (size_t i = 0; i < b->n_rows; i++)
		free(b->rows[i].key);
	free(b->rows);
	b->rows = NULL;
	b->n_rows = 0;
}
