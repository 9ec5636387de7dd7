#include "check_seen.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/bulk.h"
#include "api/decode.h"
#include "api/scan.h"
#include "base/mem.h"
#include "base/unpack.h"
#include "page.h"

#define MAX_LISTED 20 /* types and sites named; the rest in one line */

static void breakdown_add(struct check_breakdown *t, const char *name,
			  enum device_status status)
{
	size_t i = 0;

	while (i < t->n && strcmp(t->rows[i].name, name) != 0)
		i++;
	if (i == t->n) {
		t->rows = mem_grow(t->rows, t->n, &t->cap, sizeof *t->rows);
		t->rows[t->n].name = mem_strdup(name);
		t->rows[t->n].n = t->rows[t->n].online = 0;
		t->n++;
	}
	t->rows[i].n++;
	t->rows[i].online += status == DEVICE_ONLINE;
}

static bool is_ignored(const struct account_config *a, const char *type)
{
	for (size_t i = 0; i < a->n_ignore_types; i++)
		if (strcmp(a->ignore_types[i], type) == 0)
			return true;
	return false;
}

/* types_of: whose types they are, some of which it ignores; NULL: they are none. */
static void breakdown_print(const struct check_breakdown *t, const char *title,
			    const struct account_config *types_of, FILE *out)
{
	fprintf(out, "  %s:", title);
	for (size_t i = 0; i < t->n && i < MAX_LISTED; i++) {
		char safe[128];

		log_escape(safe, sizeof safe, t->rows[i].name);
		fprintf(out, "%s %s %" PRId64 " (%" PRId64 " online%s)", i > 0 ? "," : "",
			safe, t->rows[i].n, t->rows[i].online,
			types_of != NULL && is_ignored(types_of, t->rows[i].name)
				? ", ignored"
				: "");
	}
	if (t->n > MAX_LISTED)
		fprintf(out, " and %zu more", t->n - MAX_LISTED);
	fprintf(out, "\n");
}

static void breakdown_clear(struct check_breakdown *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->rows[i].name);
	free(t->rows);
}

/* ---- counting ---- */

static void count_record(struct check_seen *s, const struct scan_record *r)
{
	struct device d = {0};
	struct err err;
	const char *type, *site;

	if (decode_device(&d, r->text, r->len, &err) != 0) {
		s->n_refused++;
		return;
	}
	type = device_text(&d, "type");
	site = json_string_value(
		json_object_get(json_object_get(d.record, "site"), "name"));
	breakdown_add(&s->types, type != NULL ? type : "(no type)", d.status);
	breakdown_add(&s->sites, site != NULL ? site : "(no site)", d.status);
	s->n_devices++;
	device_clear(&d);
}

static int count_list(struct check_seen *s, const char *text, size_t len, struct err *err)
{
	struct scan_page page = {0};
	int rc = scan_page(&page, text, len, err);

	for (size_t i = 0; rc == 0 && i < page.n_records; i++)
		count_record(s, &page.records[i]);
	s->paging = page.paging;
	scan_clear(&page);
	return rc;
}

static int count_chunk(struct check_seen *s, char *const *ids, size_t n, const char *text,
		       size_t len, struct err *err)
{
	struct bulk *bulk = mem_alloc(sizeof *bulk);
	int rc = bulk_read(bulk, text, len, n == 1 ? ids[0] : NULL, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct bulk_part *part = bulk_find(bulk, ids[i]);
		struct err ignored;

		if (part == NULL || part->status != 200 || part->body == NULL ||
		    count_list(s, part->body, part->len, &ignored) != 0)
			s->n_unanswered++;
	}
	free(bulk);
	return rc;
}

int check_seen_answer(struct check_seen *s, const struct buf *answer, char *const *ids,
		      size_t n_ids, struct err *err)
{
	const struct buf *text;
	struct buf room;
	int rc;

	buf_init(&room, PAGE_MAX_BYTES);
	text = unpack_text(answer, &room, err);
	if (text == NULL)
		rc = err->code;
	else if (ids != NULL)
		rc = count_chunk(s, ids, n_ids, buf_text(text), text->len, err);
	else
		rc = count_list(s, buf_text(text), text->len, err);
	buf_clear(&room);
	return rc;
}

/* ---- the end ---- */

void check_seen_print(const struct check_seen *s, const struct account_config *account,
		      FILE *out)
{
	if (s->n_unanswered > 0)
		fprintf(out, "  extensions that do not answer: %" PRId64 "\n",
			s->n_unanswered);
	if (s->n_refused > 0)
		fprintf(out, "  records that cannot be read: %" PRId64 "\n",
			s->n_refused);
	breakdown_print(&s->types, "by type", account, out);
	breakdown_print(&s->sites, "by site", NULL, out);
}

void check_seen_clear(struct check_seen *s)
{
	breakdown_clear(&s->types);
	breakdown_clear(&s->sites);
}
