/* device_flapping: a device that goes on and off. */
#include "rule/book_inside.h"

/* Turns between Online and Offline; Unknown is neither, and what was before it was added does not
 * count. */
struct turns {
	int64_t n;
	int64_t first_ms; /* of those that are counted */
};

/* Those later than from_ms. */
static struct turns count_turns(const struct book_span *spans, size_t n_spans,
				int64_t from_ms)
{
	enum device_status last = DEVICE_UNKNOWN;
	struct turns t = {0};

	for (size_t i = 0; i < n_spans; i++) {
		const struct book_span *s = &spans[i];

		if (!s->gone && s->status == DEVICE_UNKNOWN)
			continue;
		if (!s->gone && last != DEVICE_UNKNOWN && s->status != last &&
		    s->from_ms > from_ms && t.n++ == 0)
			t.first_ms = s->from_ms;
		last = s->gone ? DEVICE_UNKNOWN : s->status;
	}
	return t;
}

/* It flaps: when the oldest turns will be old enough for it to be steady. */
static int64_t steady_ms(const struct book *b, const struct book_span *spans, size_t n,
			 const struct rule_settings *s)
{
	int64_t from_ms = b->now_ms - s->flap_within_ms;
	struct turns t = count_turns(spans, n, from_ms);

	while (t.n > s->flap_clear_changes) {
		from_ms = t.first_ms;
		t = count_turns(spans, n, from_ms);
	}
	return from_ms + s->flap_within_ms;
}

int64_t flap_look(struct book *b, uint32_t place)
{
	struct book_device *d = &b->devices[place];
	struct book_alert *a = book_find(d, ALERT_DEVICE_FLAPPING);
	const struct rule_settings *s = book_settings(b, d);
	int64_t from_ms = b->now_ms - s->flap_within_ms, due_ms, again_ms;
	const struct book_span *spans;
	struct turns t;
	size_t n;

	if (d->gone || !d->has_type) {
		if (a != NULL)
			book_end(b, a, d->gone ? ALERT_REMOVED : ALERT_RULE_GONE,
				 b->now_ms);
		return DUE_NEVER;
	}
	if (a == NULL && !d->turned)
		return DUE_NEVER;
	n = b->view->spans(b->view->arg, d->device_id, from_ms, &spans);
	t = count_turns(spans, n, from_ms);
	if (a == NULL && t.n >= s->flap_changes && book_is_fresh(b, d)) {
		a = book_begin(b, place, ALERT_DEVICE_FLAPPING, t.first_ms);
		book_fire(b, a);
	} else if (a != NULL && t.n <= s->flap_clear_changes) {
		book_end(b, a, ALERT_RECOVERED, b->now_ms);
		a = NULL;
	}
	if (a == NULL)
		return DUE_NEVER;
	due_ms = steady_ms(b, spans, n, s);
	again_ms = book_remind(b, a, s, book_is_listed(b, d));
	return due_ms < again_ms ? due_ms : again_ms;
}
