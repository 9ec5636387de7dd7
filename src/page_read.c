/* Reading a page: who is listed on it, who is seen, what is set aside. */
#include "page_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/bulk.h"
#include "api/decode.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/unpack.h"

/* ---- listed, seen, set aside ---- */

/* Note that the sweep lists this place. NULL where it has done so before: a duplicate. */
static struct page_touch *touch(struct page_work *k, uint32_t place)
{
	struct known_device *d = &k->w->known.devices[place];
	struct page_touch *t;

	if (d->sweep == k->w->sweep.number) {
		k->n_duplicates++;
		return NULL;
	}
	d->sweep = k->w->sweep.number;
	k->touches = mem_grow(k->touches, k->n_touches, &k->cap, sizeof *k->touches);
	t = &k->touches[k->n_touches++];
	*t = (struct page_touch){.place = place, .device_id = d->device_id};
	return t;
}

/* Seen as it was, in len bytes (0: as many as before). The row is written only where it says
 * otherwise. */
static int see_unchanged(struct page_work *k, uint32_t place, size_t len)
{
	struct known_device *d = &k->w->known.devices[place];
	struct page_touch *t = touch(k, place);

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

static void tell_refused(struct page_work *k, size_t n, const char *id, const char *why)
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
static int lapse(struct page_work *k, struct page_touch *t)
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
static int list_unread(struct page_work *k, const char *id)
{
	uint32_t place = known_add(&k->w->known, id);
	struct page_touch *t = touch(k, place);

	t->is_new = t->lapses = true;
	return changes_unread(&k->changes, id, &t->device_id);
}

/* The first that was read of a sweep is an example for all of them. */
static void tell_flaw(struct page_work *k, size_t n, const struct device *d)
{
	struct sweep *s = &k->w->sweep;
	char id[DECODE_MAX_ID_BYTES + 1];

	if (d->flaw[0] == '\0' || s->flaw[0] != '\0')
		return;
	log_escape(id, sizeof id, d->id);
	snprintf(s->flaw, sizeof s->flaw, "page %" PRId64 ", record %zu (id %s): %s",
		 k->p->page, n + 1, id, d->flaw);
}

static int set_aside(struct page_work *k, size_t n, const char *why)
{
	const struct scan_record *r = &k->scan.records[n];
	char id[DECODE_MAX_ID_BYTES + 1];
	size_t len = scan_id(id, sizeof id, r->text, r->len);
	struct page_touch *t;
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
static uint64_t digest_rest(const struct page_work *k, const struct scan_record *r,
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

/* Read a record as cheaply as what is known of it allows. *rest: see struct page_touch. */
static int read_record(const struct page_work *k, const struct scan_record *r,
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

static int parse_record(struct page_work *k, size_t n)
{
	const struct scan_record *r = &k->scan.records[n];
	struct known *known = &k->w->known;
	struct device d = {0};
	struct err why = {0};
	struct page_touch *t;
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
static bool is_record_of(const struct page_work *k, uint32_t place, const char *text,
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

static uint32_t next_place(const struct page_work *k, uint32_t place)
{
	return place != KNOWN_NONE ? k->w->known.devices[place].next : KNOWN_NONE;
}

/* Where the order is that of last time, a record needs neither a scan nor a search. */
static size_t recognise(void *arg, const char *text, size_t left, uint32_t *known)
{
	struct page_work *k = arg;

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
	struct page_work *k = arg;
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

static int walk_records(struct page_work *k)
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

int page_walk_known(struct page_work *k, const struct known_page *page)
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

static void expect_first(struct page_work *k)
{
	const struct known_page *page = known_page(&k->w->known, k->p->page);

	k->or_else = KNOWN_NONE;
	if (!k->p->begins)
		k->expected = next_place(k, k->w->sweep.last);
	else
		k->expected = page->n_devices > 0 ? page->devices[0] : KNOWN_NONE;
}

/* The records of a list, be it the account's or an extension's. */
static int read_list(struct page_work *k, const char *text, size_t len)
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
static int read_part(struct page_work *k, const struct bulk_part *part)
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

static int read_chunk(struct page_work *k, const char *text, size_t len)
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

int page_read(struct page_work *k)
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
