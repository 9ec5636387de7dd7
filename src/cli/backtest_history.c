/* What is stored of an account, in the order of time: the spans of its devices, the events that changed
 * what the rules ask of them, and the times in which nobody saw it. */
#include "cli/backtest_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/event.h"
#include "query/fleet.h"

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
		const struct store_span *s = &spans.all[i];

		u->spans[i] = book_span_of(s->from_ms, s->state == SPAN_GONE,
					   (enum device_status)s->state);
		add_change(h, place, s->from_ms, CHANGE_STATUS);
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

int backtest_history_read(struct history *h, int64_t now_at_ms, struct err *err)
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

bool backtest_history_has_gap(const struct history *h, int64_t at_ms)
{
	for (size_t i = 0; i < h->gaps.n; i++)
		if (h->gaps.all[i].from_ms < at_ms && at_ms < h->gaps.all[i].to_ms)
			return true;
	for (size_t i = 0; i < h->n_blinds; i++)
		if (h->blinds[i].from_ms < at_ms && at_ms < h->blinds[i].to_ms)
			return true;
	return false;
}

void backtest_history_clear(struct history *h)
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
