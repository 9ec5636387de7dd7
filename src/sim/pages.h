/* The device list in pages, as the vendor writes them. Pages are kept, packed or plain as they
 * were asked for, and written anew only where a device on them changed: a still account costs
 * nothing, however large. */
#ifndef SIM_PAGES_H
#define SIM_PAGES_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct packer;
struct pages;
struct server_body;
struct world;

/* base_url  what the links to other pages begin with; copied.
 * w, packer borrowed, outlive us */
struct pages *pages_create(const struct world *w, struct packer *packer,
			   const char *base_url);
void pages_destroy(struct pages *p);

/* One page, JSON or its gzip; page and per_page from 1. Beyond the end it has no records.
 * Borrowed: until pages is next asked, unless the caller holds it. */
struct server_body *pages_plain(struct pages *p, unsigned page, unsigned per_page);
struct server_body *pages_packed(struct pages *p, unsigned page, unsigned per_page);

/* Write one page, not kept, that says there are total devices. */
void pages_write(const struct pages *p, unsigned page, unsigned per_page, uint64_t total,
		 struct buf *out);

#endif
