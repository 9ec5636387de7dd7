#include "query/past.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/number.h"
#include "query/accounts.h"
#include "query/text.h"

const char *status_why_name(enum status_why why)
{
	static const char *const names[] = {NULL, "no_status", "not_listed",
					    "unobserved"};

	return names[why];
}

/* ---- loading ---- */

/* One that lasts. */
static void add_open(struct store_gaps *gaps, int64_t from_ms, enum store_gap_why why)
{
	gaps->all = mem_grow(gaps->all, gaps->n, &gaps->cap, sizeof *gaps->all);
	gaps->all[gaps->n++] = (struct store_gap){from_ms, PAST_OPEN, why};
}

int past_load_account(struct store_conn *c, const struct store_account *a,
		      int64_t now_at_ms, struct store_gaps *into, struct err *err)
{
	if (store_gaps_load(c, a->account_id, 0, INT64_MIN, into, err) != 0)
		return err->code;
	if (!accounts_is_observed(a, now_at_ms))
		add_open(into, a->last_page_at_ms, GAP_UNOBSERVED);
	return 0;
}

int64_t past_last_shown(const struct store_account *a, const struct store_device *d)
{
	if (!d->lapsed && a->whole_sent_at_ms > d->seen_at_ms)
		return a->whole_sent_at_ms;
	return d->seen_at_ms;
}

int64_t past_unseen_since(const struct store_account *a, const struct store_device *d)
{
	return larger(d->observed_at_ms, past_last_shown(a, d));
}

enum status_why past_unseen_why(const struct store_account *a,
				const struct store_device *d, int64_t now_at_ms)
{
	if (d->missed > 0)
		return WHY_NOT_LISTED;
	return d->lapsed && accounts_is_gap(a, d->seen_at_ms, now_at_ms) ? WHY_UNOBSERVED
									 : WHY_NONE;
}

/* A past that an older version has seen, of which no more is known. */
static void add_removal(struct store_spans *spans, int64_t at_ms)
{
	spans->all = mem_grow(spans->all, spans->n, &spans->cap, sizeof *spans->all);
	spans->all[spans->n++] = (struct store_span){at_ms, at_ms, SPAN_GONE};
}

int past_load(struct past *p, struct store_conn *c, const struct store_account *a,
	      const struct store_gaps *account_gaps, const struct store_device *d,
	      int64_t since_ms, int64_t until_ms, int64_t now_at_ms, struct err *err)
{
	enum status_why why;

	p->account_gaps = account_gaps;
	p->shown_ms = past_last_shown(a, d);
	p->since_ms = since_ms;
	p->device_gaps.n = 0;
	if (store_spans_load(c, d->device_id, since_ms, until_ms, &p->spans, err) != 0)
		return err->code;
	if (p->spans.n == 0 && d->removed_at_ms != 0)
		add_removal(&p->spans, d->removed_at_ms);
	if (p->spans.n == 0)
		return 0;
	/* From the first span's beginning: a gap within it may last into what is asked for. */
	if (store_gaps_load(c, a->account_id, d->device_id, p->spans.all[0].from_ms,
			    &p->device_gaps, err) != 0)
		return err->code;
	why = past_unseen_why(a, d, now_at_ms);
	if (why != WHY_NONE)
		add_open(&p->device_gaps, past_unseen_since(a, d),
			 why == WHY_NOT_LISTED ? GAP_NOT_LISTED : GAP_UNOBSERVED);
	return 0;
}

void past_clear(struct past *p)
{
	free(p->spans.all);
	free(p->device_gaps.all);
	*p = (struct past){0};
}

/* ---- step by step ---- */

static const struct store_gaps *gaps_of(const struct past *p, int which)
{
	return which == 0 ? p->account_gaps : &p->device_gaps;
}

static enum status_why why_of(enum store_gap_why why)
{
	return why == GAP_NOT_LISTED ? WHY_NOT_LISTED : WHY_UNOBSERVED;
}

/* The first that ends behind at_ms. */
static size_t first_ending_behind(const struct store_gaps *gaps, int64_t at_ms)
{
	size_t low = 0, high = gaps->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (gaps->all[middle].to_ms > at_ms)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Over those that end at at_ms or before. */
static void pass_gaps(struct past_walk *w, int64_t at_ms)
{
	for (int which = 0; which < 2; which++) {
		const struct store_gaps *gaps = gaps_of(w->past, which);
		size_t *n = &w->gaps[which];

		for (; *n < gaps->n && gaps->all[*n].to_ms <= at_ms; (*n)++) {
			if (gaps->all[*n].to_ms < w->gap_ended_ms)
				continue;
			w->gap_ended_ms = gaps->all[*n].to_ms;
			w->gap_why = why_of(gaps->all[*n].why);
		}
	}
}

void past_begin(struct past_walk *w, const struct past *p, int64_t since_ms,
		int64_t until_ms)
{
	*w = (struct past_walk){
		.past = p,
		.at_ms = since_ms,
		.until_ms = until_ms,
		.gap_ended_ms = INT64_MIN,
	};
	if (p->spans.n == 0) {
		w->at_ms = until_ms;
		return;
	}
	w->at_ms = larger(since_ms, p->spans.all[0].from_ms);
	for (int which = 0; which < 2; which++)
		w->gaps[which] =
			first_ending_behind(gaps_of(p, which), p->spans.all[0].from_ms);
}

/* The gap that hides this moment; NULL: none. *until_ms is cut to where that changes. */
static const struct store_gap *gap_at(const struct past_walk *w, int64_t *until_ms)
{
	const struct store_gap *found = NULL;

	for (int which = 0; which < 2; which++) {
		const struct store_gaps *gaps = gaps_of(w->past, which);
		const struct store_gap *gap = &gaps->all[w->gaps[which]];

		if (w->gaps[which] == gaps->n)
			continue;
		if (gap->from_ms > w->at_ms) {
			*until_ms = smaller(*until_ms, gap->from_ms);
			continue;
		}
		*until_ms = smaller(*until_ms, gap->to_ms);
		if (found == NULL)
			found = gap;
	}
	return found;
}

/* Whether the last gap lasts until the next span: it changed before it was seen again. */
static bool is_held(const struct past_walk *w, const struct past_step *step)
{
	return step->next != NULL && w->gap_ended_ms > step->span->from_ms &&
	       step->next->not_before_ms < w->gap_ended_ms;
}

bool past_step(struct past_walk *w, struct past_step *step)
{
	const struct store_spans *spans = &w->past->spans;
	const struct store_gap *gap;

	if (w->at_ms >= w->until_ms)
		return false;
	while (w->span + 1 < spans->n && spans->all[w->span + 1].from_ms <= w->at_ms)
		w->span++;
	pass_gaps(w, w->at_ms);
	*step = (struct past_step){
		.from_ms = w->at_ms,
		.to_ms = w->until_ms,
		.span = &spans->all[w->span],
		.next = w->span + 1 < spans->n ? &spans->all[w->span + 1] : NULL,
	};
	step->doubt_from_ms = w->past->shown_ms;
	if (step->next != NULL) {
		step->doubt_from_ms = step->next->not_before_ms;
		step->to_ms = smaller(step->to_ms, step->next->from_ms);
	}
	gap = gap_at(w, &step->to_ms);
	if (gap != NULL)
		step->why = why_of(gap->why);
	else if (is_held(w, step))
		step->why = w->gap_why;
	w->at_ms = step->to_ms;
	return true;
}

bool past_is_gone(const struct past_step *step)
{
	return step->span->state == SPAN_GONE;
}

enum device_status past_status(const struct past_step *step, enum status_why *why)
{
	enum device_status status = (enum device_status)step->span->state;

	*why = step->why;
	if (step->why != WHY_NONE)
		return DEVICE_UNKNOWN;
	if (status == DEVICE_UNKNOWN)
		*why = WHY_NO_STATUS;
	return status;
}

int64_t past_doubt_ms(const struct past_step *step)
{
	return larger(0, step->to_ms - larger(step->from_ms, step->doubt_from_ms));
}

/* The next one of both, by time, of which something lies behind at_ms; NULL: there is none. */
static const struct store_gap *next_gap(const struct store_gaps *const both[2],
					size_t next[2], int64_t at_ms)
{
	const struct store_gap *found = NULL;

	for (int which = 0; which < 2; which++) {
		const struct store_gaps *gaps = both[which];
		const struct store_gap *gap;

		while (next[which] < gaps->n && gaps->all[next[which]].to_ms <= at_ms)
			next[which]++;
		gap = next[which] < gaps->n ? &gaps->all[next[which]] : NULL;
		if (gap != NULL && (found == NULL || gap->from_ms < found->from_ms))
			found = gap;
	}
	return found;
}

int64_t past_unobserved_ms(const struct store_gaps *of_account,
			   const struct store_gaps *of_device, int64_t from_ms,
			   int64_t to_ms)
{
	const struct store_gaps *both[2] = {of_account, of_device};
	size_t next[2] = {first_ending_behind(of_account, from_ms), 0};
	const struct store_gap *gap;
	int64_t sum_ms = 0;

	while ((gap = next_gap(both, next, from_ms)) != NULL && gap->from_ms < to_ms) {
		int64_t end_ms = smaller(gap->to_ms, to_ms);

		sum_ms += end_ms - larger(gap->from_ms, from_ms);
		if (end_ms == to_ms)
			break;
		from_ms = end_ms;
	}
	return sum_ms;
}

/* ---- in one piece ---- */

struct gathering {
	struct past_piece piece;
	bool any;
	void (*each)(const struct past_piece *piece, void *arg);
	void *arg;
};

static bool goes_on(const struct past_piece *piece, const struct past_piece *other)
{
	return piece->span != NULL && piece->gone == other->gone &&
	       (piece->gone ||
		(piece->status == other->status && piece->why == other->why));
}

/* Where a status begins as a span does, its bounds are the span's. A gap begins when we looked
 * last; and what comes behind one may have been so as long as it lasted. */
static struct past_piece piece_of(const struct past_step *step,
				  const struct past_piece *before)
{
	struct past_piece piece = {
		.gone = past_is_gone(step),
		.from_ms = step->from_ms,
		.from_not_before_ms = step->from_ms,
		.span = step->span,
	};

	if (!piece.gone)
		piece.status = past_status(step, &piece.why);
	if (step->from_ms == step->span->from_ms && (piece.gone || step->why == WHY_NONE))
		piece.from_not_before_ms = step->span->not_before_ms;
	else if (before != NULL && !before->gone && before->why > WHY_NO_STATUS &&
		 step->why == WHY_NONE)
		piece.from_not_before_ms = before->from_ms;
	return piece;
}

static void end_piece(struct gathering *g, int64_t to_ms, int64_t to_not_before_ms)
{
	if (!g->any)
		return;
	g->piece.to_ms = to_ms;
	g->piece.to_not_before_ms = to_not_before_ms;
	g->each(&g->piece, g->arg);
}

static const struct past_piece before_all = {
	.status = DEVICE_UNKNOWN,
	.why = WHY_UNOBSERVED,
	.from_ms = PAST_BEGIN,
	.from_not_before_ms = PAST_BEGIN,
};

void past_pieces(const struct past *p, int64_t now_at_ms,
		 void (*each)(const struct past_piece *piece, void *arg), void *arg)
{
	struct gathering g = {.each = each, .arg = arg};
	struct past_walk w;
	struct past_step step;

	if (p->spans.n == 0 || p->spans.all[0].from_ms > p->since_ms) {
		g.piece = before_all;
		g.any = true;
	}
	past_begin(&w, p, INT64_MIN, now_at_ms);
	while (past_step(&w, &step)) {
		struct past_piece piece = piece_of(&step, g.any ? &g.piece : NULL);

		if (g.any && goes_on(&g.piece, &piece))
			continue;
		end_piece(&g, piece.from_ms, piece.from_not_before_ms);
		g.piece = piece;
		g.any = true;
	}
	end_piece(&g, PAST_OPEN, PAST_OPEN);
}

char *past_text(const struct past_piece *piece, const char *account,
		const char *device_id, int64_t now_at_ms)
{
	bool lasts = piece->to_ms == PAST_OPEN, begins = piece->from_ms != PAST_BEGIN;
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	buf_add_text(&b, "{");
	text_string(&b, "account", account);
	text_string(&b, "device_id", device_id);
	text_word(&b, "status", device_status_name(piece->status));
	text_word(&b, "why", status_why_name(piece->why));
	text_time_or_null(&b, "from", begins ? piece->from_ms : 0);
	text_time_or_null(&b, "from_not_before", begins ? piece->from_not_before_ms : 0);
	text_time_or_null(&b, "to", lasts ? 0 : piece->to_ms);
	text_time_or_null(&b, "to_not_before", lasts ? 0 : piece->to_not_before_ms);
	if (begins)
		text_number(&b, "duration_ms",
			    (lasts ? now_at_ms : piece->to_ms) - piece->from_ms);
	else
		text_word(&b, "duration_ms", NULL);
	buf_add_text(&b, "}");
	return b.data;
}
