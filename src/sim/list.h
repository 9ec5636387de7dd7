/* A list of the vendor's, and how one page of it is written. Pure.
 *
 * Source  api.md section 7 */
#ifndef SIM_LIST_H
#define SIM_LIST_H

#include <stddef.h>
#include <stdint.h>

struct buf;

#define LIST_PER_PAGE     100 /* where none is asked for */
#define LIST_PER_PAGE_MAX 1000
#define LIST_PAGE_MAX     1000

/* What is in it. */
struct list {
	const char *
		url; /* what the links to its pages begin with, up to the question mark */
	const void *of; /* handed to those below */
	size_t (*count)(const void *of);
	/* Append the record at a place. */
	void (*add)(struct buf *out, const void *of, size_t place);
};

/* A page as a vendor may get it wrong; list_view() makes it right. */
struct list_view {
	unsigned page, per_page;
	uint64_t total; /* what it claims */
	size_t first;   /* the records that it has */
	size_t n;
};

/* page and per_page are at least 1. Beyond the end it has no records. */
struct list_view list_view(const struct list *list, unsigned page, unsigned per_page);

/* Append {"uri", "records", "paging", "navigation"}. */
void list_write(const struct list *list, const struct list_view *view, struct buf *out);

#endif
