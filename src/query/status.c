#include "query/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/number.h"
#include "model/match.h"
#include "model/member.h"
#include "query/accounts.h"
#include "query/text.h"

#define BATCH 500 /* devices a read: a quarter of a megabyte */

/* What hides what: nobody looks > it is not in the list > the list does not say. */
void status_judge(struct status *s, int64_t now_at_ms)
{
	const struct store_account *a = s->account;
	const struct store_device *d = s->device;

	s->last = d->last_known;
	s->since_at_ms = d->observed_at_ms;
	s->status = DEVICE_UNKNOWN;
	if (d->removed_at_ms != 0) {
		s->why = WHY_NOT_LISTED;
		s->since_at_ms = d->removed_at_ms;
	} else if (!accounts_is_observed(a, now_at_ms)) {
		s->why = WHY_UNOBSERVED;
		s->since_at_ms = larger(d->observed_at_ms, a->last_page_at_ms);
	} else if ((s->why = past_unseen_why(a, d, now_at_ms)) != WHY_NONE) {
		s->since_at_ms = past_unseen_since(a, d);
	} else if (d->status == DEVICE_UNKNOWN) {
		s->why = WHY_NO_STATUS;
	} else {
		s->why = WHY_NONE;
		s->status = d->status;
	}
}

bool status_is_seen(const struct status *s)
{
	return s->why <= WHY_NO_STATUS;
}

int status_look_back(struct status *s, struct store_conn *c,
		     const struct store_gaps *of_account, struct store_gaps *of_device,
		     int64_t now_at_ms, struct err *err)
{
	if (!status_is_seen(s))
		return 0;
	if (store_gaps_load(c, s->device->account_id, s->device->device_id,
			    s->since_at_ms, of_device, err) != 0)
		return err->code;
	s->unobserved_ms =
		past_unobserved_ms(of_account, of_device, s->since_at_ms, now_at_ms);
	return 0;
}

struct batch {
	struct status_walk *walk;
	struct store_conn *c;
	int64_t now_at_ms;
	void (*each)(const struct status *s, void *arg);
	void *arg;
	struct err *err;
	int rc;
	int n;
	char *last; /* id of the last device of this read */
};

static void show(struct batch *b, struct status *s)
{
	const struct status_walk *w = b->walk;

	if (w->which == STATUS_NOT_ONLINE && s->status == DEVICE_ONLINE)
		return;
	if (w->without_facts && w->n_matches == 0) {
		b->each(s, b->arg);
		return;
	}
	s->facts = json_loads(s->device->facts, 0, NULL);
	if (match_all(w->matches, w->n_matches, s->account->name, s->device->id,
		      s->facts))
		b->each(s, b->arg);
	json_decref(s->facts);
}

/* ---- at another time ---- */

/* The last one is how it was at the end. */
static void on_piece(const struct past_piece *piece, void *arg)
{
	*(struct past_piece *)arg = *piece;
}

/* The last status before this span that was not Unknown, since it was in the list. */
static int last_known(struct batch *b, const struct store_device *d, int64_t before_ms,
		      enum device_status *last)
{
	struct store_spans spans = {0};

	*last = DEVICE_UNKNOWN;
	if (store_spans_load(b->c, d->device_id, INT64_MIN, before_ms, &spans, b->err) !=
	    0)
		return b->err->code;
	for (size_t i = 0; i < spans.n && spans.all[i].from_ms < before_ms; i++) {
		if (spans.all[i].state == SPAN_GONE)
			*last = DEVICE_UNKNOWN;
		else if (spans.all[i].state != SPAN_UNKNOWN)
			*last = (enum device_status)spans.all[i].state;
	}
	free(spans.all);
	return 0;
}

/* The device as its row would have been, as far as that is known. */
static struct store_device then(const struct store_device *d, int64_t at_ms,
				const struct store_span *span)
{
	struct store_device was = *d;

	was.has_location = d->has_location && d->location_ms <= at_ms;
	if (span == NULL) { /* nothing is known */
		was.status = was.last_known = DEVICE_UNKNOWN;
		was.vendor_status = NULL;
		was.not_before_ms = was.observed_at_ms = 0;
		return was;
	}
	was.status = (enum device_status)span->state;
	was.vendor_status = was.status != DEVICE_UNKNOWN
				    ? (char *)device_status_name(was.status)
				    : NULL;
	was.not_before_ms = span->not_before_ms;
	was.observed_at_ms = span->from_ms;
	return was;
}

static int tell_since(struct batch *b, const struct store_device *d,
		      const struct past_piece *piece, struct status *s)
{
	struct status_walk *w = b->walk;

	s->since_at_ms = status_is_seen(s) ? piece->span->from_ms : piece->from_ms;
	if (status_is_seen(s))
		s->unobserved_ms = past_unobserved_ms(&w->gaps, &w->past.device_gaps,
						      s->since_at_ms, w->at_ms);
	if (s->last != DEVICE_UNKNOWN)
		return 0;
	return last_known(b, d, piece->span->from_ms, &s->last);
}

static int show_then(struct batch *b, const struct store_account *a,
		     const struct store_device *d)
{
	struct status_walk *w = b->walk;
	struct past_piece piece = {.gone = true};
	struct store_device was;
	struct status s = {.account = a, .device = &was};

	if (past_load(&w->past, b->c, a, &w->gaps, d, w->at_ms, w->at_ms + 1,
		      b->now_at_ms, b->err) != 0)
		return b->err->code;
	past_pieces(&w->past, w->at_ms + 1, on_piece, &piece);
	if (piece.gone)
		return 0;
	was = then(d, w->at_ms, piece.span);
	s.status = piece.status;
	s.why = piece.why;
	s.last = was.status;
	if (piece.span != NULL && tell_since(b, d, &piece, &s) != 0)
		return b->err->code;
	show(b, &s);
	return 0;
}

static int load_gaps(struct status_walk *w, struct store_conn *c, int64_t now_at_ms,
		     struct err *err)
{
	const struct store_account *a = &w->accounts[w->at];

	if (w->gaps_of == a->account_id)
		return 0;
	w->gaps_of = a->account_id;
	return past_load_account(c, a, now_at_ms, &w->gaps, err);
}

/* ---- the walk ---- */

static void on_device(const struct store_device *d, void *arg)
{
	struct batch *b = arg;
	struct status_walk *w = b->walk;
	struct status s = {.account = &w->accounts[w->at], .device = d};

	b->n++;
	free(b->last);
	b->last = mem_strdup(d->id);
	if (b->rc != 0)
		return;
	if (w->at_ms != 0) {
		b->rc = show_then(b, s.account, d);
		return;
	}
	status_judge(&s, b->now_at_ms);
	b->rc = status_look_back(&s, b->c, &w->gaps, &w->past.device_gaps, b->now_at_ms,
				 b->err);
	if (b->rc == 0)
		show(b, &s);
}

static int read_batch(struct batch *b)
{
	struct status_walk *w = b->walk;
	int64_t account_id = w->accounts[w->at].account_id;
	const char *after = w->after != NULL ? w->after : "";
	int rc;

	if (load_gaps(w, b->c, b->now_at_ms, b->err) != 0)
		return b->err->code;
	if (w->at_ms == 0)
		rc = store_devices_after(b->c, account_id, after, BATCH, on_device, b,
					 b->err);
	else
		rc = store_devices_ever_after(b->c, account_id, after, BATCH, on_device,
					      b, b->err);
	return rc != 0 ? rc : b->rc;
}

int status_next(struct status_walk *walk, struct store_conn *c, int64_t now_at_ms,
		void (*each)(const struct status *s, void *arg), void *arg,
		struct err *err)
{
	struct batch b = {.walk = walk,
			  .c = c,
			  .now_at_ms = now_at_ms,
			  .each = each,
			  .arg = arg,
			  .err = err};
	int64_t version;
	int rc;

	if (store_reader_version(c, &version, err) != 0)
		return err->code;
	if (walk->accounts == NULL &&
	    store_accounts_uncounted(c, &walk->accounts, &walk->n_accounts, err) != 0)
		return err->code;
	if (walk->at == walk->n_accounts)
		return 0;
	rc = read_batch(&b);
	free(walk->after);
	walk->after = b.last;
	if (rc != 0)
		return rc;
	if (b.n < BATCH) {
		free(walk->after);
		walk->after = NULL;
		walk->at++;
	}
	return 1;
}

size_t status_unwatched(const struct status_walk *walk, int64_t now_at_ms,
			const struct store_account **one)
{
	size_t n = 0;

	*one = NULL;
	for (size_t i = 0; i < walk->n_accounts; i++) {
		const struct store_account *a = &walk->accounts[i];

		if (!match_all(walk->matches, walk->n_matches, a->name, NULL, NULL) ||
		    accounts_is_observed(a, now_at_ms))
			continue;
		*one = a;
		n++;
	}
	return n;
}

void status_walk_clear(struct status_walk *walk)
{
	accounts_free(walk->accounts, walk->n_accounts);
	free(walk->after);
	free(walk->gaps.all);
	past_clear(&walk->past);
	*walk = (struct status_walk){0};
}

char *status_device_name(const struct status *s)
{
	static const char *const facts[] = {"name", "serial"};

	for (size_t i = 0; i < COUNT(facts); i++) {
		char *name = device_fact(s->device->facts, facts[i]);

		if (name[0] != '\0')
			return name;
		free(name);
	}
	return mem_strdup(s->device->id);
}

void status_member_unobserved(json_t *object, const struct status *s)
{
	if (status_is_seen(s))
		member_number(object, "unobserved_ms", s->unobserved_ms);
	else
		member_text(object, "unobserved_ms", NULL);
}

json_t *status_object(const struct status *s)
{
	const struct store_device *d = s->device;
	json_t *object = json_object();

	json_object_set_new(
		object, "device",
		device_object(s->account->name, d->id, s->facts, d->vendor_status));
	member_text(object, "status", device_status_name(s->status));
	member_text(object, "why", status_why_name(s->why));
	member_text(object, "last_status",
		    s->last != DEVICE_UNKNOWN ? device_status_name(s->last) : NULL);
	member_time_or_null(object, "since", s->since_at_ms);
	member_time_or_null(object, "not_before", d->not_before_ms);
	member_time_or_null(object, "observed_at", d->observed_at_ms);
	if (d->has_location)
		member_time(object, "last_location_report_time", d->location_ms);
	else
		member_text(object, "last_location_report_time", NULL);
	status_member_unobserved(object, s);
	return object;
}

/* The facts are compact JSON already: their members are taken as they are. */
char *status_text(const struct status *s)
{
	const struct store_device *d = s->device;
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	buf_add_text(&b, "{\"device\":{");
	text_string(&b, "account", s->account->name);
	text_string(&b, "id", d->id);
	if (strlen(d->facts) > strlen("{}")) {
		buf_add_text(&b, ",");
		buf_add(&b, d->facts + 1, strlen(d->facts) - 2);
	}
	text_string(&b, "vendor_status", d->vendor_status);
	buf_add_text(&b, "}");
	text_word(&b, "status", device_status_name(s->status));
	text_word(&b, "why", status_why_name(s->why));
	text_word(&b, "last_status",
		  s->last != DEVICE_UNKNOWN ? device_status_name(s->last) : NULL);
	text_time_or_null(&b, "since", s->since_at_ms);
	text_time_or_null(&b, "not_before", d->not_before_ms);
	text_time_or_null(&b, "observed_at", d->observed_at_ms);
	if (d->has_location)
		text_time(&b, "last_location_report_time", d->location_ms);
	else
		text_word(&b, "last_location_report_time", NULL);
	if (status_is_seen(s))
		text_number(&b, "unobserved_ms", s->unobserved_ms);
	else
		text_word(&b, "unobserved_ms", NULL);
	buf_add_text(&b, "}");
	return b.data;
}
