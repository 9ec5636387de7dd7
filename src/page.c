#include "page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/bulk.h"
#include "api/decode.h"
#include "api/scan.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/unpack.h"
#include "changes.h"

/* A device that this page touches; applied to the fences' memory once all is committed. */
struct touch {
	uint32_t place;
	bool is_new;      /* the place was made by this page */
	bool has_digest;  /* its record was read: these are its bytes */
	bool seen;        /* it was shown as it is; else only listed */
	bool stored_seen; /* the row now says that it was seen */
	bool ignored;     /* its record was read, and is of a type that is ignored */
	bool bad_members, bad_time; /* likewise */
	bool location_told;
	bool lapses;   /* the row now says that it was not */
	uint32_t len;  /* bytes of its record; 0: not looked at */
	uint64_t rest; /* digest of the record less what changes often; 0: not plain */
	int64_t device_id;
	unsigned char digest[DIGEST_BYTES];
};

/* The work on one page. */
struct work {
	struct page_job *p;
	struct watch *w;
	struct err *err;
	struct changes changes;
	struct touch *touches; /* in the page's order, each place once */
	size_t n_touches, cap;
	struct scan_page scan;
	struct buf text; /* unpacked */
	int64_t n_parsed, n_recognised, n_duplicates, n_set_aside, n_nameless, n_flawed,
		n_foreign_ids;
	unsigned char digest[DIGEST_BYTES];
	bool page_unchanged;
	/* The places whose record may come next, as the order of the sweep before has it; the
	 * second one where a record has changed or is new. KNOWN_NONE: no idea. */
	uint32_t expected, or_else;
};

void page_job_init(struct page_job *p)
{
	*p = (struct page_job){.job = {.run = page_run}};
}

/* ---- listed, seen, set aside ---- */

/* Note that the sweep lists this place. NULL where it has done so before: a duplicate. */
static struct touch *touch(struct work *k, uint32_t place)
{
	struct known_device *d = &k->w->known.devices[place];
	struct touch *t;

	if (d->sweep == k->w->sweep.number) {
		k->n_duplicates++;
		return NULL;
	}
	d->sweep = k->w->sweep.number;
	k->touches = mem_grow(k->touches, k->n_touches, &k->cap, sizeof *k->touches);
	t = &k->touches[k->n_touches++];
	*t = (struct touch){.place = place, .device_id = d->device_id};
	return t;
}

/* Seen as it was, in len bytes (0: as many as before). The row is written only where it says
 * otherwise. */
static int see_unchanged(struct work *k, uint32_t place, size_t len)
{
	struct known_device *d = &k->w->known.devices[place];
	struct touch *t = touch(k, place);

	if (t == NULL)
		return 0;
	t->len = (uint32_t)len;
	t->seen = !d->ignored;
	if (d->ignored || (!d->lapsed && d->missed == 0))
		return 0;
	t->stored_seen = true;
	return changes_mark(&k->changes, d->device_id,
			    &(struct store_mark){.seen_at_ms = k->p->sent_at_ms,
						 .shown_at_ms = k->p->arrived_at_ms});
}

static void tell_refused(struct work *k, size_t n, const char *id, const char *why)
{
	char safe[96];

	if (k->p->n_refused++ > 0)
		return;
	log_escape(safe, sizeof safe, why);
	snprintf(k->p->refused, sizeof k->p->refused, "record %zu%s%s%s: %s", n + 1,
		 id != NULL ? " (id " : "", id != NULL ? id : "", id != NULL ? ")" : "",
		 safe);
}

/* Listed and unobserved: it is there, as what we do not know. The whole sweep's time is not
 * its own then, and its row must say so; and that the lists that lacked it are not in a row. */
static int lapse(struct work *k, struct touch *t)
{
	struct known_device *d = &k->w->known.devices[t->place];

	if (d->device_id == 0 || (d->lapsed && d->missed == 0))
		return 0;
	t->lapses = true;
	return changes_mark(&k->changes, d->device_id,
			    &(struct store_mark){.seen_at_ms = d->seen_at_ms,
						 .lapsed = true,
						 .shown_at_ms = k->p->arrived_at_ms});
}

/* Listed by a sweep before the account was swept, and never seen: stored as one of which nothing
 * is known, so that it is no news when it can be read. */
static int list_unread(struct work *k, const char *id)
{
	uint32_t place = known_add(&k->w->known, id);
	struct touch *t = touch(k, place);

	t->is_new = t->lapses = true;
	return changes_unread(&k->changes, id, &t->device_id);
}

/* The first that was read of a sweep is an example for all of them. */
static void tell_flaw(struct work *k, size_t n, const struct device *d)
{
	struct sweep *s = &k->w->sweep;
	char id[DECODE_MAX_ID_BYTES + 1];

	if (d->flaw[0] == '\0' || s->flaw[0] != '\0')
		return;
	log_escape(id, sizeof id, d->id);
	snprintf(s->flaw, sizeof s->flaw, "page %" PRId64 ", record %zu (id %s): %s",
		 k->p->page, n + 1, id, d->flaw);
}

static int set_aside(struct work *k, size_t n, const char *why)
{
	const struct scan_record *r = &k->scan.records[n];
	char id[DECODE_MAX_ID_BYTES + 1];
	size_t len = scan_id(id, sizeof id, r->text, r->len);
	struct touch *t;
	uint32_t place;

	tell_refused(k, n, len > 0 ? id : NULL, why);
	if (len == 0) {
		k->n_nameless++;
		return 0;
	}
	k->n_set_aside++;
	place = known_by_id(&k->w->known, id, len);
	if (place == KNOWN_NONE && !k->w->account.swept)
		return list_unread(k, id);
	if (place == KNOWN_NONE) {
		k->n_foreign_ids++; /* listed, and told when it can be read */
		return 0;
	}
	t = touch(k, place);
	return t != NULL ? lapse(k, t) : 0;
}

/* ---- record by record ---- */

/* The digest of the record without the values that change often. Its members' names stay in, so
 * that one that appears or goes is a change of the rest. */
static uint64_t digest_rest(const struct work *k, const struct scan_record *r,
			    const struct scan_parts *parts)
{
	const struct scan_record *first = &parts->status, *second = &parts->location;
	struct digest_piece pieces[3];
	const char *at = r->text, *end = r->text + r->len;
	size_t n = 0;

	if (second->text != NULL && (first->text == NULL || second->text < first->text)) {
		first = &parts->location;
		second = &parts->status;
	}
	for (const struct scan_record *part = first; part != NULL;
	     part = part == first ? second : NULL) {
		if (part->text == NULL)
			continue;
		pieces[n++] = (struct digest_piece){at, (size_t)(part->text - at)};
		at = part->text + part->len;
	}
	pieces[n++] = (struct digest_piece){at, (size_t)(end - at)};
	return digest_pieces(&k->w->key, pieces, n);
}

/* A device of which only status and location report may have changed: without a parser.
 * d->record stays NULL. */
static void read_parts(struct device *d, const struct known_device *known,
		       const struct scan_parts *parts)
{
	char *time;

	d->n_wrong = known->bad_members;
	d->id = mem_strndup(parts->id.text, parts->id.len);
	if (parts->status.text != NULL)
		d->vendor_status =
			device_status_word(parts->status.text, parts->status.len);
	d->status = device_status_of(d->vendor_status);
	if (parts->location.text == NULL)
		return;
	time = mem_strndup(parts->location.text, parts->location.len);
	d->has_location = clock_parse(time, &d->location_ms) == 0;
	d->bad_location = !d->has_location;
	if (d->bad_location)
		snprintf(d->flaw, sizeof d->flaw, DEVICE_TIME_MEMBER);
	free(time);
}

/* Read a record as cheaply as what is known of it allows. *rest: see struct touch. */
static int read_record(const struct work *k, const struct scan_record *r,
		       struct device *d, uint64_t *rest, struct err *why)
{
	const struct known *known = &k->w->known;
	struct scan_parts parts;
	uint32_t place;

	*rest = 0;
	if (r->len <= DECODE_MAX_BYTES && scan_parts(&parts, r->text, r->len)) {
		*rest = digest_rest(k, r, &parts);
		place = known_by_id(known, parts.id.text, parts.id.len);
		if (place != KNOWN_NONE && known->devices[place].has_digest &&
		    known->devices[place].rest == *rest) {
			read_parts(d, &known->devices[place], &parts);
			return 0;
		}
	}
	return decode_device(d, r->text, r->len, why);
}

static int parse_record(struct work *k, size_t n)
{
	const struct scan_record *r = &k->scan.records[n];
	struct known *known = &k->w->known;
	struct device d = {0};
	struct err why = {0};
	struct touch *t;
	uint64_t rest;
	uint32_t place;
	bool is_new;
	int rc = 0;

	k->n_parsed++;
	if (read_record(k, r, &d, &rest, &why) != 0)
		return set_aside(k, n, why.text);
	place = known_by_id(known, d.id, strlen(d.id));
	is_new = place == KNOWN_NONE;
	if (is_new)
		place = known_add(known, d.id);
	t = touch(k, place);
	if (t != NULL) {
		t->is_new = is_new;
		t->has_digest = true;
		t->len = (uint32_t)r->len;
		t->rest = rest;
		digest_of(t->digest, &k->w->key, r->text, r->len);
		rc = changes_record(&k->changes, &known->devices[place], &d, t->digest,
				    &t->device_id, &t->ignored);
		t->seen = t->stored_seen = !t->ignored;
		t->location_told = k->changes.location_told;
		t->bad_members = d.n_wrong > 0;
		t->bad_time = d.bad_location;
		if (!t->ignored)
			tell_flaw(k, n, &d);
	}
	device_clear(&d);
	return rc;
}

/* Whether the record that begins here is, byte for byte, this device's of last time. */
static bool is_record_of(const struct work *k, uint32_t place, const char *text,
			 size_t left)
{
	const struct known_device *d;
	unsigned char digest[DIGEST_BYTES];

	if (place == KNOWN_NONE)
		return false;
	d = &k->w->known.devices[place];
	if (!d->has_digest || d->len == 0 || d->len > left || text[d->len - 1] != '}')
		return false;
	digest_of(digest, &k->w->key, text, d->len);
	return memcmp(digest, d->digest, DIGEST_BYTES) == 0;
}

static uint32_t next_place(const struct work *k, uint32_t place)
{
	return place != KNOWN_NONE ? k->w->known.devices[place].next : KNOWN_NONE;
}

/* Where the order is that of last time, a record needs neither a scan nor a search. */
static size_t recognise(void *arg, const char *text, size_t left, uint32_t *known)
{
	struct work *k = arg;

	if (is_record_of(k, k->expected, text, left))
		*known = k->expected;
	else if (is_record_of(k, k->or_else, text, left))
		*known = k->or_else;
	else
		return 0;
	k->expected = next_place(k, *known);
	k->or_else = KNOWN_NONE;
	return k->w->known.devices[*known].len;
}

/* Out of order: wherever it stood, it is known by its bytes. */
static void found(void *arg, const char *text, size_t len, uint32_t *known)
{
	struct work *k = arg;
	unsigned char digest[DIGEST_BYTES];
	uint32_t place;

	digest_of(digest, &k->w->key, text, len);
	place = known_by_digest(&k->w->known, digest);
	if (place != KNOWN_NONE) {
		*known = place;
		k->expected = next_place(k, place);
		k->or_else = KNOWN_NONE;
	} else { /* changed: the next one follows. Or new: the expected one is yet to come. */
		k->or_else = k->expected;
		k->expected = next_place(k, k->expected);
	}
}

static int walk_records(struct work *k)
{
	for (size_t n = 0; n < k->scan.n_records; n++) {
		const struct scan_record *r = &k->scan.records[n];
		int rc;

		if (r->known != SCAN_UNKNOWN) {
			k->n_recognised++;
			rc = see_unchanged(k, r->known, r->len);
		} else {
			rc = parse_record(k, n);
		}
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* The bytes are those of last time: so is all that they say. */
static int walk_known_page(struct work *k, const struct known_page *page)
{
	for (size_t i = 0; i < page->n_devices; i++) {
		if (see_unchanged(k, page->devices[i], 0) != 0)
			return k->err->code;
	}
	k->n_recognised += (int64_t)page->n_devices;
	k->p->paging = page->paging;
	k->p->n_records = (int64_t)page->n_devices;
	return 0;
}

static void expect_first(struct work *k)
{
	const struct known_page *page = known_page(&k->w->known, k->p->page);

	k->or_else = KNOWN_NONE;
	if (!k->p->begins)
		k->expected = next_place(k, k->w->sweep.last);
	else
		k->expected = page->n_devices > 0 ? page->devices[0] : KNOWN_NONE;
}

/* The records of a list, be it the account's or an extension's. */
static int read_list(struct work *k, const char *text, size_t len)
{
	const struct scan_hint hint = {recognise, found, k};

	if (scan_page_with(&k->scan, text, len, &hint, k->err) != 0)
		return k->err->code;
	k->p->n_records += (int64_t)(k->scan.n_records + k->scan.n_foreign);
	k->n_nameless += (int64_t)k->scan.n_foreign;
	k->p->n_refused += (int64_t)k->scan.n_foreign;
	if (k->scan.n_foreign > 0)
		snprintf(k->p->refused, sizeof k->p->refused,
			 "an element of \"records\" that is no object");
	return walk_records(k);
}

/* Whether an extension's list, as scanned, has all that it claims to have. */
static bool is_all(const struct scan_page *list)
{
	const struct known_paging *paging = &list->paging;
	int64_t n = (int64_t)(list->n_records + list->n_foreign);

	return !paging->has_next && paging->total_pages <= 1 &&
	       (paging->total_elements == KNOWN_UNSAID || paging->total_elements == n);
}

/* One extension's part: an error there costs that extension, not the others. */
static int read_part(struct work *k, const struct bulk_part *part)
{
	struct err own = *k->err;
	int rc;

	if (part == NULL || part->status != 200 || part->body == NULL) {
		k->p->n_unanswered++;
		return 0;
	}
	rc = read_list(k, part->body, part->len);
	if (rc == ERR_FORMAT)
		*k->err = own;
	if (rc == ERR_FORMAT || (rc == 0 && !is_all(&k->scan)))
		k->p->n_unanswered++;
	return rc == ERR_FORMAT ? 0 : rc;
}

static int read_chunk(struct work *k, const char *text, size_t len)
{
	struct page_job *p = k->p;
	struct bulk *bulk = mem_alloc(sizeof *bulk);
	int rc = bulk_read(bulk, text, len, p->n_ids == 1 ? p->ids[0] : NULL, k->err);

	p->paging = (struct known_paging){KNOWN_UNSAID, KNOWN_UNSAID, KNOWN_UNSAID,
					  KNOWN_UNSAID, false};
	for (size_t i = 0; rc == 0 && i < p->n_ids; i++)
		rc = read_part(k, bulk_find(bulk, p->ids[i]));
	free(bulk);
	return rc;
}

static int read_page(struct work *k)
{
	const struct buf *text;
	int rc;

	expect_first(k);
	text = unpack_text(&k->p->answer, &k->text, k->err);
	if (text == NULL)
		return k->err->code;
	if (k->p->route == ROUTE_EXTENSIONS)
		return read_chunk(k, buf_text(text), text->len);
	rc = read_list(k, buf_text(text), text->len);
	k->p->paging = k->scan.paging;
	return rc;
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
static int tell_back(struct work *k)
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

static int commit(struct work *k)
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

static void remember_device(struct work *k, const struct touch *t)
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

static void count(struct work *k)
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

static void remember(struct work *k)
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
static void forget(struct work *k)
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
static bool is_unchanged(const struct work *k, const struct known_page *page)
{
	return page != NULL && page->valid && page->sweep + 1 == k->w->sweep.number &&
	       memcmp(page->digest, k->digest, DIGEST_BYTES) == 0;
}

int page_run(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct page_job *p = (struct page_job *)job;
	struct watch *w = p->watch;
	struct work k = {.p = p, .w = w, .err = err};
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
	rc = k.page_unchanged ? walk_known_page(&k, page) : read_page(&k);
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
