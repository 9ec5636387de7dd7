/* The work on one page, and what its files share. Nobody else includes this. */
#ifndef PAGE_INSIDE_H
#define PAGE_INSIDE_H

#include "page.h"

#include "api/scan.h"
#include "base/mem.h"
#include "changes.h"

/* A device that this page touches; applied to the fences' memory once all is committed. */
struct page_touch {
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
struct page_work {
	struct page_job *p;
	struct watch *w;
	struct err *err;
	struct changes changes;
	struct page_touch *touches; /* in the page's order, each place once */
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

/* ---- page_read.c ---- */

/* Note what the answer shows: its devices are touched, and their changes written in the transaction at
 * hand, which begins with the first. Returns 0; ERR_FORMAT: it is no page; or ERR_STORE. */
int page_read(struct page_work *k);
/* The same for one with the bytes of last time: all on it are as they were. */
int page_walk_known(struct page_work *k, const struct known_page *page);

#endif
