#include "page.h"

#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "page_inside.h"

void page_job_init(struct page_job *p)
{
	*p = (struct page_job){.job = {.run = page_run}};
}

/* ---- the end: commit, then remember ---- */

/* Whether it has been told that no page comes. */
static bool is_away(const struct watch *w)
{
	return w->account.state == ACCOUNT_UNREACHABLE &&
	       strcmp(w->account.reason, reason_name(REASON_LIST_SHRUNK)) != 0;
}

/* That pages come again is told at once; of an account that was never seen as a whole it is told
 * with what its sweep has counted. */
static int tell_back(struct page_work *k)
{
	struct watch *w = k->w;

	if (!w->account.swept) {
		w->sweep.is_back = true;
		return 0;
	}
	k->changes.n_events++;
	if (watch_tell_state(w, k->changes.c, ACCOUNT_REACHABLE, NULL, NULL,
			     k->p->arrived_at_ms, k->p->audience, k->err) != 0)
		return k->err->code;
	return store_account_save(k->changes.c, &w->account, k->err);
}

static int commit(struct page_work *k)
{
	struct watch *w = k->w;
	struct page_job *p = k->p;
	struct store_conn *c = k->changes.c;

	if (changes_begin(&k->changes) != 0)
		return k->err->code;
	for (size_t i = 0; i < p->n_budgets; i++) {
		if (store_budget_save(c, &p->budgets[i], k->err) != 0)
			return k->err->code;
	}
	if (watch_note_page(w, c, p->arrived_at_ms, w->unnoted_ms, k->err) != 0)
		return k->err->code;
	if (is_away(w) && tell_back(k) != 0)
		return k->err->code;
	return store_commit(c, k->err);
}

static void remember_device(struct page_work *k, const struct page_touch *t)
{
	struct known *known = &k->w->known;
	struct known_device *d = &known->devices[t->place];

	d->device_id = t->device_id;
	if (t->seen)
		d->seen_at_ms = k->p->sent_at_ms;
	if (t->stored_seen) {
		d->lapsed = false;
		d->missed = 0;
	}
	if (t->lapses) {
		d->lapsed = true;
		d->missed = 0;
	}
	if (t->location_told)
		d->location_told_at_ms = k->p->arrived_at_ms;
	if (t->has_digest) {
		known_set_digest(known, t->place, t->digest);
		d->lone = KNOWN_LONE_UNKNOWN;
		d->rest = t->rest;
		d->ignored = t->ignored;
		d->bad_members = t->bad_members;
		d->bad_time = t->bad_time;
	}
	k->n_flawed += t->seen && (d->bad_members || d->bad_time);
	if (t->len > 0)
		d->len = t->len;
	if (k->w->sweep.last != KNOWN_NONE)
		known->devices[k->w->sweep.last].next = t->place;
	k->w->sweep.last = t->place;
}

static void count(struct page_work *k)
{
	struct sweep *s = &k->w->sweep;
	const struct known_paging *paging = &k->p->paging;

	k->p->n_fresh = (int64_t)k->n_touches + k->n_foreign_ids;
	s->n_listed += k->p->n_fresh;
	s->n_duplicates += k->n_duplicates;
	s->n_set_aside += k->n_set_aside;
	s->n_nameless += k->n_nameless;
	s->n_flawed += k->n_flawed;
	s->n_unanswered += k->p->n_unanswered;
	s->pages_seen++;
	s->pages_unchanged += k->page_unchanged;
	s->records_unchanged += k->n_recognised;
	s->records_parsed += k->n_parsed;
	s->total_pages = paging->total_pages;
	s->has_totals |= paging->total_elements != KNOWN_UNSAID;
	s->has_next = paging->has_next;
	if (k->p->begins)
		s->total_elements = paging->total_elements;
	else if (s->total_elements != paging->total_elements)
		s->total_elements = KNOWN_UNUSABLE;
	s->n_empty += k->p->n_records == 0 &&
		      (paging->has_next || paging->total_pages > k->p->page);
}

static void remember(struct page_work *k)
{
	struct known_page *page = known_page(&k->w->known, k->p->page);
	uint32_t *places = mem_alloc(k->n_touches * sizeof *places);
	/* What was refused or doubled is not behind a page's digest: it is looked at again. */
	bool plain =
		k->n_duplicates + k->n_set_aside + k->n_nameless + k->p->n_unanswered ==
		0;

	for (size_t i = 0; i < k->n_touches; i++) {
		remember_device(k, &k->touches[i]);
		places[i] = k->touches[i].place;
	}
	if (page != NULL && plain)
		known_page_set(page, k->digest, &k->p->paging, places, k->n_touches);
	else if (page != NULL)
		known_page_drop(page);
	if (page != NULL)
		page->sweep = k->w->sweep.number;
	for (size_t i = 0; i < k->changes.n_notes; i++)
		watch_take_note(k->w, &k->changes.notes[i]);
	free(places);
	count(k);
}

/* As if the page had not come. */
static void forget(struct page_work *k)
{
	struct known *known = &k->w->known;

	for (size_t i = 0; i < k->n_touches; i++) {
		if (k->touches[i].is_new)
			known_remove(known, k->touches[i].place);
		else
			known->devices[k->touches[i].place].sweep = 0;
	}
}

static void begin_sweep(struct watch *w, const struct page_job *p)
{
	w->sweep = (struct sweep){
		.number = w->sweep.number + 1,
		.last = KNOWN_NONE,
		.route = p->route,
		.ids_are_fresh = p->ids_are_fresh,
		.sent_at_ms = p->sent_at_ms,
		.total_elements = KNOWN_UNSAID,
		.total_pages = KNOWN_UNSAID,
	};
}

/* Whether it is, byte for byte, that of the sweep before. Not of an older one: what stands on a
 * page that did not come may since have been seen on another, and otherwise. */
static bool is_unchanged(const struct page_work *k, const struct known_page *page)
{
	return page != NULL && page->valid && page->sweep + 1 == k->w->sweep.number &&
	       memcmp(page->digest, k->digest, DIGEST_BYTES) == 0;
}

int page_run(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct page_job *p = (struct page_job *)job;
	struct watch *w = p->watch;
	struct page_work k = {.p = p, .w = w, .err = err};
	const struct known_page *page;
	struct sweep before;
	int rc;

	if (watch_load(w, c, err) != 0) {
		buf_clear(&p->answer);
		return err->code;
	}
	watch_clock_set(w, p->clock_set_ms);
	k.changes = (struct changes){
		.watch = w,
		.other_route = w->account.swept && p->route != w->account.route,
		.audience = p->audience,
		.c = c,
		.err = err,
		.sent_at_ms = p->sent_at_ms,
		.arrived_at_ms = p->arrived_at_ms,
	};
	before = w->sweep;
	if (p->begins)
		begin_sweep(w, p);
	buf_init(&k.text, PAGE_MAX_BYTES);
	digest_of_named(k.digest, &w->key, p->url, buf_text(&p->answer), p->answer.len);
	page = known_page(&w->known, p->page);
	k.page_unchanged = is_unchanged(&k, page);
	rc = k.page_unchanged ? page_walk_known(&k, page) : page_read(&k);
	if (rc == 0)
		rc = commit(&k);
	p->n_events = k.changes.n_events;
	if (rc == 0) {
		w->unnoted_ms = 0;
		remember(&k);
	} else {
		forget(&k);
		w->sweep = before;
		if (rc == ERR_STORE)
			watch_doubt(w);
	}
	scan_clear(&k.scan);
	buf_clear(&k.text);
	free(k.touches);
	free(k.changes.notes);
	buf_clear(&p->answer);
	return rc;
}
