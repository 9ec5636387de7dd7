#include "sim/world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sim/recipe.h"
#include "sim/world_inside.h"

#define NUMBER_BYTES 24

/* ---- changing devices ---- */

static void tell(struct world *w, const char *thing, const char *id, const char *field,
		 const char *from, const char *to)
{
	const struct world_change change = {thing, id, field, from, to};

	if (w->on_changed != NULL)
		w->on_changed(&change, w->data);
}

static void changed(struct world *w, struct world_device *d, const char *field,
		    const char *from, const char *to)
{
	d->version = ++w->version;
	tell(w, "device", d->id, field, from, to);
}

static const char *text_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

void world_set_status(struct world *w, struct world_device *d, const char *status)
{
	char from[WORLD_STATUS_BYTES];

	if (strcmp(d->status, status) == 0)
		return;
	assert(strlen(status) < sizeof d->status);
	strcpy(from, d->status);
	strcpy(d->status, status);
	changed(w, d, "status", text_or_null(from), text_or_null(d->status));
}

void world_set_name(struct world *w, struct world_device *d, const char *name)
{
	char *from = d->name;

	if (strcmp(from, name) == 0)
		return;
	d->name = mem_strdup(name);
	changed(w, d, "name", from, d->name);
	free(from);
}

static const char *site_name(const struct world *w, uint32_t site)
{
	return site != WORLD_NO_SITE ? world_site(w, site)->name : NULL;
}

void world_set_site(struct world *w, struct world_device *d, uint32_t site)
{
	uint32_t from = d->site;

	if (from == site)
		return;
	d->site = site;
	changed(w, d, "site", site_name(w, from), site_name(w, site));
}

static const char *report_text(char out[CLOCK_TEXT_BYTES], int64_t at_ms)
{
	if (at_ms == WORLD_NO_REPORT)
		return NULL;
	clock_format(out, at_ms);
	return out;
}

void world_set_report(struct world *w, struct world_device *d, int64_t at_ms)
{
	char from[CLOCK_TEXT_BYTES], to[CLOCK_TEXT_BYTES];
	int64_t from_ms = d->report_at_ms;

	if (from_ms == at_ms)
		return;
	d->report_at_ms = at_ms;
	changed(w, d, "lastLocationReportTime", report_text(from, from_ms),
		report_text(to, at_ms));
}

void world_hide(struct world *w, struct world_device *d)
{
	if (d->hidden)
		return;
	d->hidden = true;
	changed(w, d, "listed", "yes", "no");
	world_list_changed(w);
}

void world_show(struct world *w, struct world_device *d)
{
	if (!d->hidden)
		return;
	d->hidden = false;
	changed(w, d, "listed", "no", "yes");
	world_list_changed(w);
}

static const char *extension_text(char out[NUMBER_BYTES], uint32_t number)
{
	if (number == WORLD_NO_EXTENSION)
		return NULL;
	snprintf(out, NUMBER_BYTES, "%" PRIu32, WORLD_FIRST_EXTENSION + number);
	return out;
}

static void set_extension(struct world *w, struct world_device *d, uint32_t number)
{
	char from[NUMBER_BYTES], to[NUMBER_BYTES];
	uint32_t old = d->extension;

	world_leave_extension(w, d);
	if (number != WORLD_NO_EXTENSION)
		world_join_extension(w, d, number);
	changed(w, d, "extension", extension_text(from, old), extension_text(to, number));
}

void world_swap(struct world *w, struct world_device *a, struct world_device *b)
{
	uint32_t of_a = a->extension, of_b = b->extension;

	if (of_a == of_b)
		return;
	set_extension(w, a, of_b);
	set_extension(w, b, of_a);
}

void world_edit(struct world *w, struct world_device *d, const char *path,
		const char *text)
{
	if (d->edits == NULL)
		d->edits = mem_zalloc(sizeof *d->edits);
	edits_put(d->edits, path, text);
	changed(w, d, path, NULL, text);
}

void world_unedit(struct world *w, struct world_device *d)
{
	if (d->edits == NULL)
		return;
	for (size_t i = 0; i < d->edits->n; i++)
		changed(w, d, d->edits->list[i].path, d->edits->list[i].text, NULL);
	edits_clear(d->edits);
	free(d->edits);
	d->edits = NULL;
}

/* ---- changing the list ---- */

static void move_to_front(struct world *w)
{
	struct world_device *last = w->list[w->n_list - 1];

	for (size_t i = w->n_list - 1; i > 0; i--) {
		w->list[i] = w->list[i - 1];
		if (w->list[i] != NULL)
			w->list[i]->place = i;
	}
	w->list[0] = last;
	last->place = 0;
}

struct world_device *world_add(struct world *w, uint32_t site, enum world_end end)
{
	const struct recipe r = {.type = WORLD_HARD_PHONE, .extension_type = "User"};
	struct world_device *d = world_make_device(w, &r);

	strcpy(d->status, "Online");
	d->site = site;
	world_append(w, d);
	if (end == WORLD_FIRST)
		move_to_front(w);
	changed(w, d, "added", NULL, d->name);
	world_list_changed(w);
	w->extensions_version = w->version;
	return d;
}

void world_remove(struct world *w, struct world_device *d)
{
	w->list[d->place] = NULL;
	w->made[d->number] = NULL;
	world_leave_extension(w, d);
	changed(w, d, "removed", d->name, NULL);
	world_list_changed(w);
	world_free_device(d);
}

/* Those that were removed leave no place behind. */
static void close_up(struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_list; i++) {
		if (w->list[i] == NULL)
			continue;
		w->list[n] = w->list[i];
		w->list[n]->place = n;
		n++;
	}
	w->n_list = n;
}

void world_shuffle(struct world *w)
{
	close_up(w);
	for (size_t i = w->n_list; i > 1; i--) {
		size_t j = dice_below(&w->dice, (uint32_t)i);
		struct world_device *d = w->list[i - 1];

		w->list[i - 1] = w->list[j];
		w->list[j] = d;
	}
	for (size_t i = 0; i < w->n_list; i++)
		w->list[i]->place = i;
	world_list_changed(w);
}

/* ---- changing extensions ---- */

static void extension_changed(struct world *w, struct world_extension *e,
			      const char *field, const char *from, const char *to)
{
	char id[NUMBER_BYTES];

	snprintf(id, sizeof id, "%" PRIu64, e->id);
	e->version = ++w->version;
	tell(w, "extension", id, field, from, to);
}

void world_set_extension_name(struct world *w, struct world_extension *e,
			      const char *name)
{
	char *from = e->name;

	if (strcmp(from, name) == 0)
		return;
	e->name = mem_strdup(name);
	extension_changed(w, e, "name", from, e->name);
	free(from);
}

void world_set_extension_status(struct world *w, struct world_extension *e,
				enum world_extension_status status)
{
	enum world_extension_status from = e->status;

	if (from == status)
		return;
	e->status = status;
	extension_changed(w, e, "status", world_extension_status_name(from),
			  world_extension_status_name(status));
}

void world_remove_extension(struct world *w, struct world_extension *e)
{
	while (e->devices != NULL)
		set_extension(w, e->devices, WORLD_NO_EXTENSION);
	e->type = NULL;
	extension_changed(w, e, "removed", e->name, NULL);
	world_list_changed(w);
	w->extensions_version = w->version;
}
