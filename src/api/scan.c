#include "api/scan.h"

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/mem.h"
#include "model/device.h"

#define BLOCK 64

/* One bit per byte of a block. */
struct masks {
	uint64_t quote, backslash, open, close;
};

/* Brackets and braces differ from each other by one bit: [ 5b { 7b, ] 5d } 7d. */
#define CASE_BIT 0x20

#ifdef __SSE2__
static uint64_t equal_mask(const __m128i v[4], char c)
{
	const __m128i x = _mm_set1_epi8(c);
	uint64_t mask = 0;

	for (int i = 0; i < 4; i++)
		mask |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v[i], x))
			<< (16 * i);
	return mask;
}

static void read_masks(struct masks *m, const char *p)
{
	__m128i v[4], folded[4];

	for (int i = 0; i < 4; i++) {
		v[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
		folded[i] = _mm_or_si128(v[i], _mm_set1_epi8(CASE_BIT));
	}
	m->quote = equal_mask(v, '"');
	m->backslash = equal_mask(v, '\\');
	m->open = equal_mask(folded, '{');
	m->close = equal_mask(folded, '}');
}
#else
static void read_masks(struct masks *m, const char *p)
{
	*m = (struct masks){0};
	for (int i = 0; i < BLOCK; i++) {
		char folded = (char)(p[i] | CASE_BIT);

		m->quote |= (uint64_t)(p[i] == '"') << i;
		m->backslash |= (uint64_t)(p[i] == '\\') << i;
		m->open |= (uint64_t)(folded == '{') << i;
		m->close |= (uint64_t)(folded == '}') << i;
	}
}
#endif

/* Bit i of the result: whether the number of bits up to and with i is odd. */
static uint64_t prefix_xor(uint64_t x)
{
	for (int shift = 1; shift < BLOCK; shift *= 2)
		x ^= x << shift;
	return x;
}

/* The bytes that a backslash before them makes plain. *carry: the block's first one is, and on
 * return the next block's. */
static uint64_t escaped_bytes(uint64_t backslash, uint64_t *carry)
{
	uint64_t escaped = *carry;

	backslash &= ~escaped;
	*carry = 0;
	while (backslash != 0) {
		int i = __builtin_ctzll(backslash);

		backslash &= ~(UINT64_C(1) << i);
		if (i == BLOCK - 1) {
			*carry = 1;
		} else {
			escaped |= UINT64_C(2) << i;
			backslash &= ~(UINT64_C(2) << i); /* an escaped backslash */
		}
	}
	return escaped;
}

/* Where in this block the depth falls to zero: the byte's number, or BLOCK for nowhere. A block
 * holds a bracket or two. */
static int find_zero(uint64_t open, uint64_t close, int64_t *depth)
{
	for (uint64_t both = open | close; both != 0; both &= both - 1) {
		int i = __builtin_ctzll(both);

		if (open >> i & 1)
			(*depth)++;
		else if (--*depth == 0)
			return i;
	}
	return BLOCK;
}

/* p stands at '{' or '['. Returns what follows its end, or NULL where the text ends before. */
static const char *skip_nested(const char *p, const char *end)
{
	uint64_t in_string = 0, carry = 0;
	int64_t depth = 0;

	for (; p < end; p += BLOCK) {
		char last[BLOCK];
		const char *block = p;
		struct masks m;
		uint64_t inside;
		int at;

		if (end - p < BLOCK) {
			memset(last, ' ', sizeof last);
			memcpy(last, p, (size_t)(end - p));
			block = last;
		}
		read_masks(&m, block);
		if ((m.backslash | carry) != 0)
			m.quote &= ~escaped_bytes(m.backslash, &carry);
		inside = prefix_xor(m.quote) ^ in_string;
		in_string = UINT64_C(0) - (inside >> (BLOCK - 1));
		at = find_zero(m.open & ~inside, m.close & ~inside, &depth);
		if (at < BLOCK)
			return p + at + 1;
	}
	return NULL;
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* p stands behind the opening quote. Returns the closing one, or NULL. */
static const char *find_quote(const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '"')
			return p;
		if (*p == '\\')
			p++;
	}
	return NULL;
}

const char *scan_skip(const char *p, const char *end)
{
	const char *start = p;

	if (p == end)
		return NULL;
	if (*p == '{' || *p == '[')
		return skip_nested(p, end);
	if (*p == '"') {
		p = find_quote(p + 1, end);
		return p != NULL ? p + 1 : NULL;
	}
	while (p < end &&
	       (isalnum((unsigned char)*p) || *p == '-' || *p == '+' || *p == '.'))
		p++;
	return p > start ? p : NULL;
}

/* The name of an object's member, with p at its quote. Returns where the value begins, or NULL. */
static const char *read_name(const char *p, const char *end, struct scan_record *name)
{
	const char *quote;

	if (p == end || *p != '"' || (quote = find_quote(p + 1, end)) == NULL)
		return NULL;
	*name = (struct scan_record){.text = p + 1, .len = (size_t)(quote - p - 1)};
	p = skip_blanks(quote + 1, end);
	if (p == end || *p != ':')
		return NULL;
	return skip_blanks(p + 1, end);
}

const char *scan_member(const char *p, const char *end, struct scan_record *name,
			struct scan_record *value)
{
	p = skip_blanks(p, end);
	if (p < end && *p == ',')
		p = skip_blanks(p + 1, end);
	p = read_name(p, end, name);
	if (p == NULL)
		return NULL;
	*value = (struct scan_record){.text = p};
	p = scan_skip(p, end);
	if (p != NULL)
		value->len = (size_t)(p - value->text);
	return p;
}

bool scan_is(const struct scan_record *name, const char *text)
{
	return name->len == strlen(text) && memcmp(name->text, text, name->len) == 0;
}

/* ---- the page ---- */

/* What is being read. */
struct reading {
	struct scan_page *page;
	const char *end;
	const struct scan_hint *hint; /* NULL: none */
	struct err *err;
	struct scan_record paging, navigation; /* the last ones; text NULL: none */
};

static const char *not_json(struct reading *r, const char *what)
{
	err_set(r->err, ERR_FORMAT, "%s", what);
	return NULL;
}

static const char *too_many(struct reading *r)
{
	err_set(r->err, ERR_FORMAT, "more than %d records on a page", SCAN_MAX_RECORDS);
	return NULL;
}

static void add_record(struct reading *r, const char *text, size_t len, uint32_t known)
{
	struct scan_page *page = r->page;

	page->records = mem_grow(page->records, page->n_records, &page->cap,
				 sizeof *page->records);
	page->records[page->n_records++] = (struct scan_record){text, len, known};
}

/* The record at p, with what is known of it. Returns what follows it, or NULL. */
static const char *read_record(const struct reading *r, const char *p, uint32_t *known)
{
	const struct scan_hint *hint = r->hint;
	const char *end;
	size_t len;

	*known = SCAN_UNKNOWN;
	if (hint == NULL)
		return scan_skip(p, r->end);
	len = hint->recognise(hint->arg, p, (size_t)(r->end - p), known);
	if (len > 0)
		return p + len;
	end = scan_skip(p, r->end);
	if (end != NULL)
		hint->found(hint->arg, p, (size_t)(end - p), known);
	return end;
}

/* One element of records, at p. Returns what follows it, or NULL with err. */
static const char *read_element(struct reading *r, const char *p)
{
	bool is_record = p < r->end && *p == '{';
	uint32_t known;
	const char *end = is_record ? read_record(r, p, &known) : scan_skip(p, r->end);

	if (end == NULL)
		return not_json(r, "records: cut off, or not JSON");
	if (is_record)
		add_record(r, p, (size_t)(end - p), known);
	else
		r->page->n_foreign++;
	return end;
}

/* A record counts only at a structural start, followed by blanks and ',' or ']'. p stands at the
 * value. Returns what follows the array, or NULL with err. */
static const char *read_records(struct reading *r, const char *p)
{
	if (p == r->end || *p != '[')
		return not_json(r, "records: expected an array");
	p = skip_blanks(p + 1, r->end);
	if (p < r->end && *p == ']')
		return p + 1;
	for (;;) {
		if (r->page->n_records + r->page->n_foreign == SCAN_MAX_RECORDS)
			return too_many(r);
		p = read_element(r, p);
		if (p == NULL)
			return NULL;
		p = skip_blanks(p, r->end);
		if (p < r->end && *p == ']')
			return p + 1;
		if (p == r->end || *p != ',')
			return not_json(r, "records: cut off, or not JSON");
		p = skip_blanks(p + 1, r->end);
	}
}

static int64_t number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (value == NULL || json_is_null(value))
		return KNOWN_UNSAID;
	return json_is_integer(value) && json_integer_value(value) >= 0
		       ? json_integer_value(value)
		       : KNOWN_UNUSABLE;
}

static json_t *parse_small(const struct scan_record *value)
{
	if (value->len > SCAN_MAX_SMALL_BYTES)
		return NULL;
	return json_loadb(value->text, value->len, 0, NULL);
}

static const struct known_paging unsaid = {KNOWN_UNSAID, KNOWN_UNSAID, KNOWN_UNSAID,
					   KNOWN_UNSAID, false};
static const struct known_paging unusable = {KNOWN_UNUSABLE, KNOWN_UNUSABLE,
					     KNOWN_UNUSABLE, KNOWN_UNUSABLE, false};

/* With what cannot be used the totals check fails; what was not said may be the vendor's habit. */
static void read_paging(struct known_paging *paging, const struct scan_record *value)
{
	json_t *object;

	if (value->text == NULL || scan_is(value, "null"))
		return;
	object = parse_small(value);
	*paging = unusable;
	if (json_is_object(object)) {
		paging->page = number(object, "page");
		paging->per_page = number(object, "perPage");
		paging->total_pages = number(object, "totalPages");
		paging->total_elements = number(object, "totalElements");
	}
	json_decref(object);
}

static void read_navigation(struct known_paging *paging, const struct scan_record *value)
{
	json_t *object = value->text != NULL ? parse_small(value) : NULL;

	paging->has_next = json_is_object(json_object_get(object, "nextPage"));
	json_decref(object);
}

/* The value of one member of the envelope, at p. Returns what follows it, or NULL with err. */
static const char *read_envelope_value(struct reading *r, const struct scan_record *name,
				       const char *p, bool *has_records)
{
	struct scan_record value = {.text = p};

	if (scan_is(name, "records")) {
		if (*has_records)
			return not_json(r, "two members \"records\"");
		*has_records = true;
		return read_records(r, p);
	}
	p = scan_skip(p, r->end);
	if (p == NULL)
		return not_json(r, "cut off, or not JSON");
	value.len = (size_t)(p - value.text);
	if (scan_is(name, "paging"))
		r->paging = value;
	else if (scan_is(name, "navigation"))
		r->navigation = value;
	return p;
}

/* The members of the envelope, p behind its '{'. Returns its '}', or NULL with err. */
static const char *read_envelope(struct reading *r, const char *p)
{
	bool has_records = false;

	p = skip_blanks(p, r->end);
	while (p < r->end && *p != '}') {
		struct scan_record name;

		p = read_name(p, r->end, &name);
		if (p == NULL)
			return not_json(r, "cut off, or not JSON");
		p = read_envelope_value(r, &name, p, &has_records);
		if (p == NULL)
			return NULL;
		p = skip_blanks(p, r->end);
		if (p < r->end && *p == ',')
			p = skip_blanks(p + 1, r->end);
		else if (p < r->end && *p != '}')
			return not_json(r, "expected ',' or '}'");
	}
	if (p == r->end)
		return not_json(r, "cut off");
	return has_records ? p : not_json(r, "no member \"records\"");
}

int scan_page_with(struct scan_page *page, const char *text, size_t len,
		   const struct scan_hint *hint, struct err *err)
{
	struct reading r = {.page = page, .end = text + len, .hint = hint, .err = err};
	const char *p = skip_blanks(text, r.end);

	page->n_records = page->n_foreign = 0;
	page->paging = unsaid;
	if (p == r.end)
		return err_set(err, ERR_FORMAT, "an empty answer");
	if (*p != '{')
		return err_set(err, ERR_FORMAT, "not a JSON object");
	p = read_envelope(&r, p + 1);
	if (p == NULL)
		return err->code;
	if (skip_blanks(p + 1, r.end) != r.end)
		return err_set(err, ERR_FORMAT, "something behind the end of the JSON");
	read_paging(&page->paging, &r.paging);
	read_navigation(&page->paging, &r.navigation);
	return 0;
}

int scan_page(struct scan_page *page, const char *text, size_t len, struct err *err)
{
	return scan_page_with(page, text, len, NULL, err);
}

void scan_clear(struct scan_page *page)
{
	free(page->records);
	*page = (struct scan_page){0};
}

/* ---- one record ---- */

/* The id in its value: text without escapes or controls, or a whole number. */
static size_t copy_id(char *out, size_t size, struct scan_record value)
{
	bool quoted = value.len >= 2 && *value.text == '"';

	if (quoted) {
		value.text++;
		value.len -= 2;
	}
	if (value.len == 0 || value.len >= size)
		return 0;
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.text[i];

		if (quoted ? c < 0x20 || c == '\\' || c >= 0x7f : !isdigit(c))
			return 0;
	}
	memcpy(out, value.text, value.len);
	out[value.len] = '\0';
	return value.len;
}

size_t scan_id(char *out, size_t size, const char *record, size_t len)
{
	const char *end = record + len, *p = record + 1;
	struct scan_record name, value;
	size_t id_len = 0;

	while ((p = scan_member(p, end, &name, &value)) != NULL) {
		if (scan_is(&name, "id"))
			id_len = copy_id(out, size, value);
	}
	return id_len;
}

/* A text without its quotes; false where it is none, or not plain. */
static bool plain_text(struct scan_record *value)
{
	if (value->len < 2 || *value->text != '"')
		return false;
	value->text++;
	value->len -= 2;
	for (size_t i = 0; i < value->len; i++) {
		unsigned char c = (unsigned char)value->text[i];

		if (c < ' ' || c > '~' || c == '\\')
			return false;
	}
	return true;
}

/* Take the member over where it is one of ours; false where it is not plain, or not the first. */
static bool take_part(struct scan_parts *parts, const struct scan_record *name,
		      struct scan_record value)
{
	struct scan_record *part = scan_is(name, "id")                 ? &parts->id
				   : scan_is(name, "status")           ? &parts->status
				   : scan_is(name, DEVICE_TIME_MEMBER) ? &parts->location
								       : NULL;

	if (part == NULL)
		return memchr(name->text, '\\', name->len) == NULL;
	if (part->text != NULL || !plain_text(&value))
		return false;
	*part = value;
	return true;
}

bool scan_parts(struct scan_parts *out, const char *record, size_t len)
{
	const char *end = record + len, *p = record + 1, *last = p;
	struct scan_record name, value;

	*out = (struct scan_parts){0};
	for (; (p = scan_member(p, end, &name, &value)) != NULL; last = p) {
		if (!take_part(out, &name, value))
			return false;
	}
	return out->id.len > 0 && skip_blanks(last, end) == end - 1;
}
