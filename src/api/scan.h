/* The walk over a page of the device list: finds the records without parsing them. Pure.
 *
 * Shape   {"uri": ..., "records": [ {...}, ... ], "paging": {...}, "navigation": {...}}
 * Source  ringcentral/api.md section 7; samples in tests/data/ringcentral
 *
 * The envelope is read member by member, strings and nesting obeyed: what stands inside a name
 * never counts as structure. A record's slice is balanced; whether it is JSON, its parser says. */
#ifndef API_SCAN_H
#define API_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/known.h"

#define SCAN_MAX_RECORDS 10000 /* on a page; the vendor's most is 1000 */
/* Of "paging" and of "navigation"; the largest known has 600. Beyond it they cannot be used: a
 * parser makes twenty bytes of one. */
#define SCAN_MAX_SMALL_BYTES (64u * 1024)

struct scan_record {
	const char *text; /* "{...}", within the page's text */
	size_t len;
	uint32_t known; /* what the hint said of it; SCAN_UNKNOWN: nothing */
};

#define SCAN_UNKNOWN UINT32_MAX

/* Somebody who may know records. */
struct scan_hint {
	/* The record that begins at text, with left bytes to the page's end: returns its length
	 * and sets *known where it is known, so that it needs no scan; else 0. The bytes must be
	 * those of a whole record seen before: what begins with a balanced object is that one. */
	size_t (*recognise)(void *arg, const char *text, size_t left, uint32_t *known);
	/* One that was scanned: sets *known where it is known after all. */
	void (*found)(void *arg, const char *text, size_t len, uint32_t *known);
	void *arg;
};

struct scan_page {
	struct known_paging paging;
	struct scan_record *records;
	size_t n_records, cap;
	size_t n_foreign; /* elements of records that are no objects */
};

/*
 * text  len bytes; borrowed as long as the records are used.
 * into  is emptied first, and its memory used again; scan_clear frees it.
 *
 * Returns 0 or ERR_FORMAT: cut off, not an object, without an array "records", two of them,
 * something behind the end, or too many elements of records.
 */
int scan_page(struct scan_page *into, const char *text, size_t len, struct err *err);
/* The same with a hint. */
int scan_page_with(struct scan_page *into, const char *text, size_t len,
		   const struct scan_hint *hint, struct err *err);
void scan_clear(struct scan_page *page);

/* The value that stands at p: returns what follows it, or NULL where it is none or cut off. */
const char *scan_skip(const char *p, const char *end);
/* The next member of an object, behind '{' or behind the last one. Returns what follows it, or
 * NULL where none does. */
const char *scan_member(const char *p, const char *end, struct scan_record *name,
			struct scan_record *value);
/* Whether a member's name is this one. */
bool scan_is(const struct scan_record *name, const char *text);

/*
 * The id of a record that its parser refused, where it can still be told: a member "id" of the
 * record itself, text without escapes or a whole number; the last one counts.
 * out  gets it, NUL-terminated. Returns its length, or 0 for none or one that does not fit.
 */
size_t scan_id(char *out, size_t size, const char *record, size_t len);

/* The parts of a record that change often, and what names it: values, within the record's text. */
struct scan_parts {
	struct scan_record id;       /* without quotes */
	struct scan_record status;   /* likewise; text NULL: the record has none */
	struct scan_record location; /* lastLocationReportTime; likewise */
};

/*
 * Find them without parsing the rest.
 *
 * Returns true where all that is there is plain: each member once, texts of printable ASCII
 * without escapes, an id that is not empty, and no member's name with an escape. Else a parser
 * has to look.
 */
bool scan_parts(struct scan_parts *out, const char *record, size_t len);

#endif
