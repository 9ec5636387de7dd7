/* What the pages and records of one account's list were last time: the memory behind the fences.
 *
 * A device is known by the digest of its record's bytes and by its id; a page by the digest of
 * its bytes as they came. Digests come into force only after what they stand for is committed.
 * Touched by one job at a time. */
#ifndef MODEL_KNOWN_H
#define MODEL_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KNOWN_DIGEST_BYTES 16
#define KNOWN_NONE         UINT32_MAX

/* Whether a device has an extension, by whom it can be listed. */
enum known_lone { KNOWN_LONE_UNKNOWN = 0, KNOWN_NOT_LONE = 1, KNOWN_LONE = 2 };

struct known_device {
	char *id;                    /* the vendor's; NULL: the place is free */
	int64_t device_id;           /* ours; 0: not stored */
	int64_t location_told_at_ms; /* by this process; 0: not yet */
	int64_t seen_at_ms; /* when the last request was sent that showed it as it is */
	uint64_t rest;  /* of its record less status and location report; 0: not known */
	uint32_t sweep; /* the sweep that listed it last; of a free place the next one */
	uint32_t len;   /* bytes of its record; 0: not known */
	uint32_t
		next; /* the place of the one that came after it; KNOWN_NONE: not known */
	/* There are a million of these: bits save 8 MB. */
	bool has_digest : 1;
	bool bad_members : 1, bad_time : 1; /* of its record, as struct device says */
	bool ignored : 1; /* of a type that is. Stored all the same: it was of another before */
	bool lapsed : 1; /* the store does not know that seen_at_ms moves on */
	uint8_t lone;    /* enum known_lone */
	uint8_t missed;  /* whole lists in a row that lacked it */
	unsigned char digest[KNOWN_DIGEST_BYTES];
};

/* What the envelope said of paging. */
#define KNOWN_UNSAID   (-1) /* nothing, or null */
#define KNOWN_UNUSABLE (-2) /* what is no number of things */
struct known_paging {
	int64_t page, per_page, total_pages, total_elements;
	bool has_next; /* a link to a next page */
};

struct known_page {
	bool valid;
	uint32_t sweep; /* the one that showed it last */
	unsigned char digest[KNOWN_DIGEST_BYTES];
	struct known_paging paging;
	uint32_t *devices; /* their places, in the page's order */
	size_t n_devices;
};

struct known {
	struct known_device *devices;
	uint32_t n, cap;             /* places in use or free again, and allocated */
	uint32_t free_head;          /* 1 + the first free place; 0: none */
	uint32_t *by_id, *by_digest; /* open addressing; n_slots each, a power of two */
	uint32_t n_slots;
	struct known_page *pages; /* page 1 is pages[0] */
	size_t n_pages;
};

void known_init(struct known *k);
/* Forget everything. Ready for reuse. */
void known_clear(struct known *k);

/* The device's place, or KNOWN_NONE. */
uint32_t known_by_id(const struct known *k, const char *id, size_t len);
uint32_t known_by_digest(const struct known *k, const unsigned char *digest);

/* Which of them has an extension is to be found out anew. */
void known_forget_lone(struct known *k);

/* A place for a new id, all else zero. The id is copied and must not be known yet. Places are
 * good until known_remove; pointers to devices until the next known_add. */
uint32_t known_add(struct known *k, const char *id);
void known_remove(struct known *k, uint32_t place);
void known_set_digest(struct known *k, uint32_t place, const unsigned char *digest);
/* Its record is to be parsed next time, whatever its bytes. */
void known_drop_digest(struct known *k, uint32_t place);

/* The page's memory (page from 1), made where it is new; NULL beyond KNOWN_MAX_PAGES. */
#define KNOWN_MAX_PAGES \
	1000 /* the documented maximum of page, ringcentral/api.md section 7 */
struct known_page *known_page(struct known *k, int64_t page);
/* Take note of a committed page. devices is copied. */
void known_page_set(struct known_page *p, const unsigned char *digest,
		    const struct known_paging *paging, const uint32_t *devices,
		    size_t n_devices);
void known_page_drop(struct known_page *p);

#endif
