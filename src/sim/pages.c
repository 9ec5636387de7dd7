#include "sim/pages.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/server.h"
#include "sim/pack.h"
#include "sim/record.h"
#include "sim/world.h"

#define PATH             "/restapi/v1.0/account/" WORLD_ACCOUNT_ID "/device"
#define KEPT_SIZES       4 /* different perPage that are kept at a time */
#define RECORD_MAX_BYTES ((size_t)1 << 22)
#define RECORD_GUESS     2400

struct slot {
	uint64_t version; /* of the world, when the bodies were written */
	struct server_body *plain, *packed;
};

/* All pages for one perPage. */
struct cut {
	unsigned per_page; /* 0: free */
	uint64_t used;     /* when last, in turns */
	struct slot *slots;
	size_t n_slots;
};

struct pages {
	const struct world *w;
	struct packer *packer;
	char *base_url;
	struct cut cuts[KEPT_SIZES];
	uint64_t turn;
	struct slot beyond; /* a page behind the end: written each time */
};

struct pages *pages_create(const struct world *w, struct packer *packer,
			   const char *base_url)
{
	struct pages *p = mem_zalloc(sizeof *p);

	p->w = w;
	p->packer = packer;
	p->base_url = mem_strdup(base_url);
	return p;
}

static void clear_slot(struct slot *slot)
{
	server_body_drop(slot->plain);
	server_body_drop(slot->packed);
	*slot = (struct slot){0};
}

static void resize_cut(struct cut *cut, size_t n_slots)
{
	for (size_t i = n_slots; i < cut->n_slots; i++)
		clear_slot(&cut->slots[i]);
	cut->slots =
		mem_resize(cut->slots, n_slots > 0 ? n_slots : 1, sizeof *cut->slots);
	for (size_t i = cut->n_slots; i < n_slots; i++)
		cut->slots[i] = (struct slot){0};
	cut->n_slots = n_slots;
}

static void clear_cut(struct cut *cut)
{
	resize_cut(cut, 0);
	free(cut->slots);
	*cut = (struct cut){0};
}

void pages_destroy(struct pages *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < KEPT_SIZES; i++)
		clear_cut(&p->cuts[i]);
	clear_slot(&p->beyond);
	free(p->base_url);
	free(p);
}

/* ---- writing ---- */

static uint64_t count_pages(uint64_t total, unsigned per_page)
{
	return (total + per_page - 1) / per_page;
}

static void add_link(const struct pages *p, struct buf *out, const char *name,
		     uint64_t page, unsigned per_page)
{
	buf_printf(out, "\"%s\":{\"uri\":\"%s" PATH "?page=%" PRIu64 "&perPage=%u\"}",
		   name, p->base_url, page, per_page);
}

static void add_navigation(const struct pages *p, struct buf *out, uint64_t page,
			   unsigned per_page, uint64_t n_pages)
{
	buf_add_text(out, ",\"navigation\":{");
	if (page <= n_pages) {
		add_link(p, out, "firstPage", 1, per_page);
		if (page < n_pages) {
			buf_add_text(out, ",");
			add_link(p, out, "nextPage", page + 1, per_page);
		}
		if (page > 1) {
			buf_add_text(out, ",");
			add_link(p, out, "previousPage", page - 1, per_page);
		}
		buf_add_text(out, ",");
		add_link(p, out, "lastPage", n_pages, per_page);
	}
	buf_add_text(out, "}}");
}

void pages_write(const struct pages *p, unsigned page, unsigned per_page, uint64_t total,
		 struct buf *out)
{
	size_t first = (size_t)(page - 1) * per_page;
	size_t count = world_count(p->w), n = 0;

	if (first < count)
		n = count - first < per_page ? count - first : per_page;
	buf_reserve(out, n * RECORD_GUESS); /* a guess that fails costs speed only */
	buf_printf(out, "{\"uri\":\"%s" PATH "?page=%u&perPage=%u\",\"records\":[",
		   p->base_url, page, per_page);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add(out, ",", 1);
		record_add(out, p->w, world_at(p->w, first + i));
	}
	buf_add_text(out, "],\"paging\":{");
	if (n > 0)
		buf_printf(out, "\"page\":%u,", page);
	buf_printf(out,
		   "\"totalPages\":%" PRIu64 ",\"perPage\":%u,\"totalElements\":%" PRIu64,
		   count_pages(total, per_page), per_page, total);
	if (n > 0)
		buf_printf(out, ",\"pageStart\":%zu,\"pageEnd\":%zu", first,
			   first + n - 1);
	buf_add_text(out, "}");
	add_navigation(p, out, page, per_page, n > 0 ? count_pages(total, per_page) : 0);
}

/* ---- keeping ---- */

/* The pages for this perPage; those that were not used for longest make room for it. */
static struct cut *find_cut(struct pages *p, unsigned per_page)
{
	struct cut *oldest = &p->cuts[0];

	for (size_t i = 0; i < KEPT_SIZES; i++) {
		if (p->cuts[i].per_page == per_page)
			return &p->cuts[i];
		if (p->cuts[i].used < oldest->used)
			oldest = &p->cuts[i];
	}
	clear_cut(oldest);
	oldest->per_page = per_page;
	return oldest;
}

/* The slot of a page, emptied where a device on it changed. */
static struct slot *find_slot(struct pages *p, unsigned page, unsigned per_page)
{
	struct cut *cut = find_cut(p, per_page);
	size_t n_pages = count_pages(world_count(p->w), per_page);
	uint64_t version;
	struct slot *slot;

	cut->used = ++p->turn;
	if (n_pages != cut->n_slots)
		resize_cut(cut, n_pages);
	if (page > n_pages) {
		clear_slot(&p->beyond);
		return &p->beyond;
	}
	slot = &cut->slots[page - 1];
	version = world_version(p->w, (size_t)(page - 1) * per_page, per_page);
	if (slot->version != version) {
		clear_slot(slot);
		slot->version = version;
	}
	return slot;
}

static void write_page(const struct pages *p, unsigned page, unsigned per_page,
		       struct buf *out)
{
	buf_init(out, (per_page + 1) * RECORD_MAX_BYTES);
	pages_write(p, page, per_page, world_count(p->w), out);
}

struct server_body *pages_plain(struct pages *p, unsigned page, unsigned per_page)
{
	struct slot *slot = find_slot(p, page, per_page);
	struct buf text;

	if (slot->plain == NULL) {
		write_page(p, page, per_page, &text);
		slot->plain = server_body_create(text.data, text.len);
		buf_clear(&text);
	}
	return slot->plain;
}

struct server_body *pages_packed(struct pages *p, unsigned page, unsigned per_page)
{
	struct slot *slot = find_slot(p, page, per_page);
	struct buf text;

	if (slot->packed == NULL) {
		write_page(p, page, per_page, &text);
		slot->packed = packer_gzip(p->packer, text.data, text.len);
		buf_clear(&text);
	}
	return slot->packed;
}
