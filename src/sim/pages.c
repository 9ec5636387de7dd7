#include "sim/pages.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/server.h"
#include "sim/pack.h"

#define KEPT_SIZES       4 /* different perPage that are kept at a time */
#define RECORD_MAX_BYTES ((size_t)1 << 22)

struct slot {
	uint64_t version; /* of what is on it, when the bodies were written */
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
	const struct list *list;
	pages_version_cb version;
	struct packer *packer;
	struct cut cuts[KEPT_SIZES];
	uint64_t turn;
	struct slot beyond; /* a page behind the end: written each time */
};

struct pages *pages_create(const struct list *list, pages_version_cb version,
			   struct packer *packer)
{
	struct pages *p = mem_zalloc(sizeof *p);

	p->list = list;
	p->version = version;
	p->packer = packer;
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
	free(p);
}

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
	size_t n_pages = (p->list->count(p->list->of) + per_page - 1) / per_page;
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
	version = p->version(p->list->of, (size_t)(page - 1) * per_page, per_page);
	if (slot->version != version) {
		clear_slot(slot);
		slot->version = version;
	}
	return slot;
}

static void write_page(const struct pages *p, unsigned page, unsigned per_page,
		       struct buf *out)
{
	struct list_view view = list_view(p->list, page, per_page);

	buf_init(out, (per_page + 1) * RECORD_MAX_BYTES);
	list_write(p->list, &view, out);
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
