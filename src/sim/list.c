#include "sim/list.h"

#include <inttypes.h>

#include "base/buf.h"

#define RECORD_GUESS 2400

struct list_view list_view(const struct list *list, unsigned page, unsigned per_page)
{
	struct list_view v = {
		.page = page,
		.per_page = per_page,
		.total = list->count(list->of),
		.first = (size_t)(page - 1) * per_page,
	};

	if (v.first < v.total)
		v.n = v.total - v.first < per_page ? (size_t)v.total - v.first : per_page;
	return v;
}

static void add_link(const struct list *list, struct buf *out, const char *name,
		     uint64_t page, unsigned per_page)
{
	buf_printf(out, "\"%s\":{\"uri\":\"%s?page=%" PRIu64 "&perPage=%u\"}", name,
		   list->url, page, per_page);
}

static void add_navigation(const struct list *list, struct buf *out,
			   const struct list_view *v, uint64_t n_pages)
{
	buf_add_text(out, ",\"navigation\":{");
	if (v->page <= n_pages) {
		add_link(list, out, "firstPage", 1, v->per_page);
		if (v->page < n_pages) {
			buf_add_text(out, ",");
			add_link(list, out, "nextPage", v->page + UINT64_C(1),
				 v->per_page);
		}
		if (v->page > 1) {
			buf_add_text(out, ",");
			add_link(list, out, "previousPage", v->page - 1, v->per_page);
		}
		buf_add_text(out, ",");
		add_link(list, out, "lastPage", n_pages, v->per_page);
	}
	buf_add_text(out, "}}");
}

/* What a right page would have tells where it stands, whatever is in this one. */
static void add_paging(struct buf *out, const struct list_view *v, uint64_t n_pages,
		       const struct list_view *right)
{
	buf_add_text(out, "],\"paging\":{");
	if (right->n > 0)
		buf_printf(out, "\"page\":%u,", v->page);
	buf_printf(out,
		   "\"totalPages\":%" PRIu64 ",\"perPage\":%u,\"totalElements\":%" PRIu64,
		   n_pages, v->per_page, v->total);
	if (right->n > 0)
		buf_printf(out, ",\"pageStart\":%zu,\"pageEnd\":%zu", right->first,
			   right->first + right->n - 1);
	buf_add_text(out, "}");
}

void list_write(const struct list *list, const struct list_view *v, struct buf *out)
{
	struct list_view right = list_view(list, v->page, v->per_page);
	uint64_t n_pages = (v->total + v->per_page - 1) / v->per_page;

	buf_reserve(out, v->n * RECORD_GUESS); /* a guess that fails costs speed only */
	buf_printf(out, "{\"uri\":\"%s?page=%u&perPage=%u\",\"records\":[", list->url,
		   v->page, v->per_page);
	for (size_t i = 0; i < v->n; i++) {
		if (i > 0)
			buf_add(out, ",", 1);
		list->add(out, list->of, v->first + i);
	}
	add_paging(out, v, n_pages, &right);
	add_navigation(list, out, v, right.n > 0 ? n_pages : 0);
}
