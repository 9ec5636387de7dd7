#include "sink/merge.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/digest_text.h"

/* All that is owed, as far as it is looked at. */
struct looking {
	const struct owed *o;
	struct gather_row *rows;
	json_t **items; /* of each row; NULL: it is of no digest */
	size_t n, cap, items_cap;
	size_t n_owing; /* begun before a restart, and neither tried nor in hand: they will go */
};

static bool is_in_hand(const struct owed *o, int64_t sequence)
{
	for (size_t i = 0; i < o->n_in_hand; i++)
		if (o->in_hand[i] == sequence)
			return true;
	return false;
}

static void look_at(const struct store_delivery *d, const struct event *ev, void *arg)
{
	struct looking *l = arg;
	bool in_hand = is_in_hand(l->o, d->sequence);
	bool is_begun = d->first_at_ms > 0 || in_hand;

	l->n_owing += is_begun && !in_hand && d->attempts == 0;
	l->rows = mem_grow(l->rows, l->n, &l->cap, sizeof *l->rows);
	l->items = mem_grow(l->items, l->n, &l->items_cap, sizeof(json_t *));
	l->items[l->n] = is_begun ? NULL : digest_item(ev);
	l->rows[l->n++] = (struct gather_row){
		.sequence = d->sequence,
		.at_ms = ev->at_ms,
		.account = mem_strdup(ev->account),
		.subject = mem_strdup(event_subject(ev)),
		.group = gather_group(l->o->gather, ev),
		.is_begun = is_begun,
		.is_digest = ev->type == EVENT_DIGEST,
	};
}

static void forget(struct looking *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->rows[i].account);
		free(l->rows[i].subject);
		free(l->rows[i].group);
		json_decref(l->items[i]);
	}
	free(l->rows);
	free(l->items);
}

/* ---- digests ---- */

static int add_digest(const struct owed *o, struct store_conn *c, const char *account,
		      enum gather_why why, const json_t *items, struct event *ev,
		      struct err *err)
{
	static const char *const reasons[] = {[GATHER_GROUP] = "group",
					      [GATHER_QUIET] = "quiet",
					      [GATHER_RATE] = "rate"};
	struct store_account a = {0};
	int rc;

	if (store_account_load(c, account, &a, err) != 0)
		return err->code;
	*ev = (struct event){
		.type = EVENT_DIGEST,
		.at_ms = clock_utc_ms(),
		.account = mem_strdup(account),
		.detail = digest_detail(reasons[why], items),
	};
	rc = store_event_add(c, ev, a.account_id, 0, 0, &o->sink_id, 1, err);
	store_account_clear(&a);
	return rc;
}

/* It goes there, and no more by itself. */
static int take_over(const struct owed *o, struct store_conn *c,
		     const struct gather_row *row, const struct event *digest,
		     struct err *err)
{
	char *why = mem_printf("put into event %" PRId64 ", a digest", digest->sequence);
	const struct store_delivery d = {
		.sequence = row->sequence,
		.state = DELIVERY_CANCELED,
		.ended_at_ms = digest->at_ms,
		.error = why,
	};
	int rc = store_outbox_save(c, o->sink_id, &d, err);

	free(why);
	return rc;
}

static int write_digest(const struct looking *l, struct store_conn *c, size_t digest,
			struct err *err)
{
	const struct gather_row *first = NULL;
	json_t *items = json_array();
	struct event ev = {0};
	int rc = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct gather_row *row = &l->rows[i];

		if (row->fate != GATHER_MERGE || row->digest != digest)
			continue;
		first = first != NULL ? first : row;
		json_array_append(items, l->items[i]);
	}
	if (first != NULL)
		rc = add_digest(l->o, c, first->account, first->why, items, &ev, err);
	for (size_t i = 0; rc == 0 && i < l->n; i++) {
		const struct gather_row *row = &l->rows[i];

		if (row->fate == GATHER_MERGE && row->digest == digest)
			rc = take_over(l->o, c, row, &ev, err);
	}
	event_clear(&ev);
	json_decref(items);
	return rc;
}

/* ---- what is told by itself ---- */

static bool is_new(const struct gather_row *row)
{
	return row->fate == GATHER_TELL && !row->is_begun;
}

static bool has_new(const struct looking *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (is_new(&l->rows[i]))
			return true;
	return false;
}

/* It is begun before it is sent: else a kill in between would let it come again in a digest, under
 * another id. */
static int begin(const struct looking *l, struct store_conn *c, struct err *err)
{
	int64_t now_at_ms = clock_utc_ms();
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->n; i++) {
		const struct store_delivery d = {.sequence = l->rows[i].sequence,
						 .first_at_ms = now_at_ms};

		if (is_new(&l->rows[i]))
			rc = store_outbox_save(c, l->o->sink_id, &d, err);
	}
	return rc;
}

static int write_plan(const struct looking *l, struct store_conn *c, size_t n_digests,
		      struct err *err)
{
	if (n_digests == 0 && !has_new(l))
		return 0;
	if (store_begin(c, err) != 0)
		return err->code;
	for (size_t i = 0; i < n_digests; i++)
		if (write_digest(l, c, i, err) != 0)
			return err->code;
	if (begin(l, c, err) != 0)
		return err->code;
	return store_commit(c, err);
}

/* ---- reading it ---- */

struct reading {
	struct owed *o;
	const struct looking *l;
	size_t at;
};

/* Both come in order of their sequence; digests that were just made are behind all. */
static void take_told(const struct store_delivery *d, const struct event *ev, void *arg)
{
	struct reading *r = arg;
	const struct looking *l = r->l;

	while (r->at < l->n && l->rows[r->at].sequence < d->sequence)
		r->at++;
	if (r->at < l->n && l->rows[r->at].sequence == d->sequence &&
	    l->rows[r->at].fate == GATHER_TELL && !is_in_hand(r->o, d->sequence))
		owed_take(r->o, d, ev);
}

static bool has_told(const struct looking *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->rows[i].fate == GATHER_TELL &&
		    !is_in_hand(l->o, l->rows[i].sequence))
			return true;
	return false;
}

/* What may go beside those that will go anyway. */
static size_t left_of(const struct looking *l)
{
	size_t left = l->o->left;

	if (left == SIZE_MAX)
		return left;
	return left > l->n_owing ? left - l->n_owing : 0;
}

int merge_read(struct owed *o, struct store_conn *c, struct err *err)
{
	struct looking l = {.o = o};
	struct gather_plan plan;
	struct reading r = {.o = o, .l = &l};
	int rc = store_outbox_each(c, o->sink_id, 0, MERGE_MAX, look_at, &l, err);

	if (rc == 0) {
		gather_decide(o->gather, l.rows, l.n, left_of(&l), o->next_at_ms,
			      clock_utc_ms(), &plan);
		o->due_at_ms = plan.due_at_ms;
		o->again = plan.n_digests > 0;
		rc = write_plan(&l, c, plan.n_digests, err);
	}
	if (rc == 0 && has_told(&l))
		rc = store_outbox_each(c, o->sink_id, 0, MERGE_MAX, take_told, &r, err);
	forget(&l);
	return rc;
}
