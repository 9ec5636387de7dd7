#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "api/decode.h"
#include "api/scan.h"
#include "base/mem.h"
#include "base/unpack.h"
#include "page.h"

#define BATCH 500 /* devices a transaction */

/* ---- a page ---- */

/* A record that cannot be read is somebody's all the same: the list is not whole. */
static void add_record(struct names_page_job *j, const struct scan_record *r)
{
	json_t *record =
		r->len <= DECODE_MAX_BYTES ? json_loadb(r->text, r->len, 0, NULL) : NULL;
	struct err ignored;
	char *id = record != NULL ? decode_id(json_object_get(record, "id"), &ignored)
				  : NULL;

	if (id == NULL || j->into->n >= NAMES_MAX)
		j->n_bad++;
	else
		extensions_add(j->into, id,
			       json_string_value(json_object_get(record, "name")));
	free(id);
	json_decref(record);
}

/* A vendor that gives the same page whatever is asked for must not be asked for ever. */
static bool came_before(const struct extensions *x, size_t n_before)
{
	for (size_t i = 0; x->n > n_before && i < n_before; i++)
		if (strcmp(x->rows[i].id, x->rows[n_before].id) == 0)
			return true;
	return false;
}

static int read_page(struct names_page_job *j, const struct buf *text, struct err *err)
{
	struct scan_page page = {0};
	size_t before = j->into->n;
	int rc = scan_page(&page, buf_text(text), text->len, err);

	for (size_t i = 0; rc == 0 && i < page.n_records; i++)
		add_record(j, &page.records[i]);
	j->paging = page.paging;
	j->n_records = (int64_t)page.n_records;
	j->n_bad += (int64_t)page.n_foreign;
	j->n_fresh = came_before(j->into, before) ? 0 : (int64_t)(j->into->n - before);
	scan_clear(&page);
	return rc;
}

static int run_page(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct names_page_job *j = (struct names_page_job *)job;
	const struct buf *text;
	struct buf room;
	int rc;

	(void)c;
	buf_init(&room, PAGE_MAX_BYTES);
	text = unpack_text(&j->answer, &room, err);
	rc = text != NULL ? read_page(j, text, err) : err->code;
	buf_clear(&room);
	buf_clear(&j->answer);
	return rc;
}

void names_page_job_init(struct names_page_job *j)
{
	*j = (struct names_page_job){.job = {.run = run_page}};
}

/* ---- the list ---- */

static int save_list(struct names_job *j, struct store_conn *c, struct err *err)
{
	const struct extensions *old = &j->watch->extensions, *list = j->list;
	int64_t account_id = j->watch->account.account_id;
	int rc = store_begin(c, err);

	for (size_t i = 0; rc == 0 && i < list->n; i++) {
		const struct extension *row = &list->rows[i];
		const struct extension *was = extensions_find(old, row->id);

		if (was == NULL || !extensions_same_name(was, row))
			rc = store_extension_save(c, account_id, row, err);
	}
	for (size_t i = 0; rc == 0 && i < old->n; i++) {
		if (extensions_find(list, old->rows[i].id) == NULL)
			rc = store_extension_remove(c, account_id, old->rows[i].id, err);
	}
	return rc == 0 ? store_commit(c, err) : rc;
}

/* The devices of one batch whose facts say another name. */
struct outdated {
	const struct watch *watch;
	char *last; /* id of the last one that was looked at */
	size_t n_seen;
	int64_t ids[BATCH];
	size_t n;
};

static void on_device(const struct store_device *d, void *arg)
{
	struct outdated *o = arg;
	json_t *facts = json_loads(d->facts, 0, NULL);

	if (watch_name_extension(o->watch, facts))
		o->ids[o->n++] = d->device_id;
	free(o->last);
	o->last = mem_strdup(d->id);
	o->n_seen++;
	json_decref(facts);
}

static int rename_one(struct names_job *j, struct store_conn *c, int64_t device_id,
		      struct err *err)
{
	struct store_device row;
	json_t *facts;
	int rc;

	if (store_device_load_by_id(c, device_id, &row, err) != 0)
		return err->code;
	facts = json_loads(row.facts, 0, NULL);
	(void)watch_name_extension(j->watch, facts);
	free(row.facts);
	row.facts = json_dumps(facts, JSON_COMPACT);
	row.version_id = 0;
	rc = store_device_save(c, &row, err);
	store_device_clear(&row);
	json_decref(facts);
	j->n_renamed += rc == 0;
	return rc;
}

static int rename_devices(struct names_job *j, struct store_conn *c, struct err *err)
{
	struct outdated o = {.watch = j->watch, .last = mem_strdup("")};
	int rc;

	do {
		char *after = o.last;

		o.last = mem_strdup(after);
		o.n = o.n_seen = 0;
		rc = store_devices_after(c, j->watch->account.account_id, after, BATCH,
					 on_device, &o, err);
		free(after);
		if (rc == 0 && o.n > 0)
			rc = store_begin(c, err);
		for (size_t i = 0; rc == 0 && i < o.n; i++)
			rc = rename_one(j, c, o.ids[i], err);
		if (rc == 0 && o.n > 0)
			rc = store_commit(c, err);
	} while (rc == 0 && o.n_seen == BATCH);
	free(o.last);
	return rc;
}

/* A list that was read while it moved has somebody twice, and so perhaps somebody else not at
 * all. */
static bool is_whole(struct names_job *j)
{
	size_t n = j->list->n;

	extensions_sort(j->list);
	return !j->is_bad && j->list->n == n &&
	       (j->total == KNOWN_UNSAID || j->total == (int64_t)n);
}

/* Who is not in a list that is not whole may be there all the same. */
static void keep_others(struct names_job *j)
{
	const struct extensions *known = &j->watch->extensions;
	size_t n = j->list->n;

	for (size_t i = 0; i < known->n; i++)
		extensions_add(j->list, known->rows[i].id, known->rows[i].name);
	if (j->list->n > n)
		extensions_sort(j->list); /* of two, the one of the list stays */
}

static int run_list(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct names_job *j = (struct names_job *)job;
	struct watch *w = j->watch;
	int rc;

	if (watch_load(w, c, err) != 0)
		return err->code;
	j->whole = is_whole(j);
	if (!j->whole)
		keep_others(j);
	if (!extensions_same(&w->extensions, j->list)) {
		w->names_are_told = false;
		if (save_list(j, c, err) != 0) {
			watch_doubt(w);
			return err->code;
		}
		known_forget_lone(&w->known);
		extensions_clear(&w->extensions);
		w->extensions = *j->list; /* moves */
		*j->list = (struct extensions){0};
	}
	if (w->names_are_told)
		return 0;
	rc = rename_devices(j, c, err);
	w->names_are_told = rc == 0;
	return rc;
}

void names_job_init(struct names_job *j)
{
	*j = (struct names_job){.job = {.run = run_list}};
}
