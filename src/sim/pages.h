/* The pages of a list, kept packed or plain as they were asked for, and written anew only where
 * something on them changed: a still account costs nothing, however large. */
#ifndef SIM_PAGES_H
#define SIM_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "sim/list.h"

struct packer;
struct pages;
struct server_body;

/* A number that grows with each change of what stands at n places of the list from first on. */
typedef uint64_t (*pages_version_cb)(const void *of, size_t first, size_t n);

/* list and packer are borrowed and outlive us. */
struct pages *pages_create(const struct list *list, pages_version_cb version,
			   struct packer *packer);
void pages_destroy(struct pages *p);

/* One page, JSON or its gzip; page and per_page from 1. Beyond the end it has no records.
 * Borrowed: until pages is next asked, unless the caller holds it. */
struct server_body *pages_plain(struct pages *p, unsigned page, unsigned per_page);
struct server_body *pages_packed(struct pages *p, unsigned page, unsigned per_page);

#endif
