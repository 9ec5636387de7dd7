#include "sim/world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/recipe.h"
#include "sim/world_inside.h"

#define DAY_MS          INT64_C(86400000)
#define ID_STEP         7
#define ACCOUNT_IDS     UINT64_C(20000000) /* more than any account has devices, times 7 */
#define FIRST_ID        UINT64_C(802000000000)
#define FIRST_EXTENSION UINT64_C(62264000000)
#define EXTENSION_STEP  4

static const char *const type_names[WORLD_N_TYPES] = {
	[WORLD_HARD_PHONE] = "HardPhone",
	[WORLD_SOFT_PHONE] = "SoftPhone",
	[WORLD_OTHER_PHONE] = "OtherPhone",
	[WORLD_PAGING] = "Paging",
	[WORLD_WEB_PHONE] = "WebPhone",
	[WORLD_ROOM] = "Room",
	[WORLD_MOBILE_DEVICE] = "MobileDevice",
	[WORLD_BLA] = "BLA",
	[WORLD_WEBRTC] = "WebRTC",
};

static const char *const extension_status_names[WORLD_N_EXTENSION_STATUSES] = {
	[WORLD_EXTENSION_ENABLED] = "Enabled",
	[WORLD_EXTENSION_DISABLED] = "Disabled",
	[WORLD_EXTENSION_FROZEN] = "Frozen",
	[WORLD_EXTENSION_NOT_ACTIVATED] = "NotActivated",
	[WORLD_EXTENSION_UNASSIGNED] = "Unassigned",
};

const char *world_type_name(enum world_type type)
{
	return type_names[type];
}

const char *world_extension_status_name(enum world_extension_status status)
{
	return extension_status_names[status];
}

/* ---- making ---- */

void world_join_extension(struct world *w, struct world_device *d, uint32_t number)
{
	struct world_device **end = &w->extensions[number].devices;

	while (*end != NULL)
		end = &(*end)->other;
	*end = d;
	d->other = NULL;
	d->extension = number;
}

void world_leave_extension(struct world *w, struct world_device *d)
{
	struct world_device **at;

	if (d->extension == WORLD_NO_EXTENSION)
		return;
	at = &w->extensions[d->extension].devices;
	while (*at != d)
		at = &(*at)->other;
	*at = d->other;
	d->other = NULL;
	d->extension = WORLD_NO_EXTENSION;
}

static void make_extension(struct world *w, uint32_t number, const struct recipe *r)
{
	w->extensions = mem_grow(w->extensions, number, &w->extensions_cap,
				 sizeof *w->extensions);
	w->extensions[number] = (struct world_extension){
		.version = ++w->version,
		.id = w->first_extension + (uint64_t)number * EXTENSION_STEP,
		.number = number,
		.status = r->extension_status,
		.type = r->extension_type,
		.name = recipe_extension_name(r->extension_type,
					      WORLD_FIRST_EXTENSION + number),
	};
}

struct world_device *world_make_device(struct world *w, const struct recipe *r)
{
	struct world_device *d = mem_zalloc(sizeof *d);
	struct dice dice;

	d->number = (uint32_t)w->n_made;
	w->made =
		mem_grow(w->made, w->n_made, &w->made_cap, sizeof(struct world_device *));
	w->made[w->n_made++] = d;
	dice_init(&dice, w->seed, d->number + UINT64_C(1));
	d->seed = dice_throw(&dice);
	d->type = r->type;
	d->in_stock = r->in_stock;
	snprintf(d->id, sizeof d->id, "%" PRIu64,
		 w->first_id + (uint64_t)d->number * ID_STEP);
	d->name =
		d->number == 0 ? mem_strdup("Lobby phone") : recipe_name(d->type, &dice);
	d->site = d->in_stock ? WORLD_NO_SITE : dice_below(&dice, w->n_sites);
	d->report_at_ms = WORLD_NO_REPORT;
	d->extension = WORLD_NO_EXTENSION;
	make_extension(w, d->number, r);
	if (!r->without_extension)
		world_join_extension(w, d, r->guest ? d->number - 1 : d->number);
	d->version = ++w->version;
	return d;
}

void world_append(struct world *w, struct world_device *d)
{
	w->list =
		mem_grow(w->list, w->n_list, &w->list_cap, sizeof(struct world_device *));
	d->place = w->n_list;
	w->list[w->n_list++] = d;
}

void world_list_changed(struct world *w)
{
	w->listed->stale = true;
	w->list_version = ++w->version;
}

static bool reports(const struct world_device *d)
{
	return !d->in_stock && (d->type == WORLD_HARD_PHONE || d->type == WORLD_ROOM ||
				d->type == WORLD_SOFT_PHONE);
}

static void populate(struct world *w, const struct world_config *config)
{
	int64_t midnight_ms = config->at_ms - config->at_ms % DAY_MS;

	for (size_t i = 0; i < config->n_devices; i++) {
		struct recipe r = recipe_of(i);
		struct world_device *d = world_make_device(w, &r);
		bool off = d->type == WORLD_WEBRTC || d->in_stock ||
			   (d->number > 0 && dice_below(&w->dice, 100) < 3);

		if (!r.without_status)
			strcpy(d->status, off ? "Offline" : "Online");
		if (reports(d))
			d->report_at_ms =
				midnight_ms - (int64_t)dice_below(&w->dice, DAY_MS);
		world_append(w, d);
	}
	w->extensions_version = w->version;
	world_list_changed(w);
}

/* At once: growing step by step would take twice the memory of a large account. */
static void reserve(struct world *w, size_t n)
{
	if (n == 0)
		return;
	w->made_cap = w->list_cap = w->extensions_cap = n;
	w->made = mem_resize(NULL, n, sizeof(struct world_device *));
	w->list = mem_resize(NULL, n, sizeof(struct world_device *));
	w->extensions = mem_resize(NULL, n, sizeof *w->extensions);
}

struct world *world_create(const struct world_config *config)
{
	struct world *w = mem_zalloc(sizeof *w);

	assert(config->n_sites > 0);
	w->seed = config->seed;
	dice_init(&w->dice, config->seed, 0);
	w->first_id = config->account == 0
			      ? FIRST_ID + (uint64_t)dice_below(&w->dice, 90000000) * 1000
			      : FIRST_ID - config->account * ACCOUNT_IDS;
	w->first_extension = FIRST_EXTENSION + config->account * ACCOUNT_IDS;
	snprintf(w->account_id, sizeof w->account_id, "%" PRIu64,
		 UINT64_C(400131008) + config->account * UINT64_C(1000));
	w->listed = mem_zalloc(sizeof *w->listed);
	w->n_sites = config->n_sites;
	w->sites = mem_resize(NULL, w->n_sites, sizeof *w->sites);
	for (uint32_t i = 0; i < w->n_sites; i++)
		recipe_site(&w->sites[i], i);
	reserve(w, config->n_devices);
	populate(w, config);
	return w;
}

void world_free_device(struct world_device *d)
{
	if (d->edits != NULL)
		edits_clear(d->edits);
	free(d->edits);
	free(d->name);
	free(d);
}

void world_destroy(struct world *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->n_made; i++) {
		free(w->extensions[i].name);
		if (w->made[i] != NULL)
			world_free_device(w->made[i]);
	}
	for (uint32_t i = 0; i < w->n_sites; i++) {
		free(w->sites[i].id);
		free(w->sites[i].name);
		free(w->sites[i].address);
	}
	free(w->listed->devices);
	free(w->listed->extensions);
	free(w->listed);
	free(w->extensions);
	free(w->sites);
	free(w->list);
	free(w->made);
	free(w);
}

/* ---- looking ---- */

void world_watch(struct world *w, world_changed_cb on_changed, void *data)
{
	w->on_changed = on_changed;
	w->data = data;
}

const char *world_account_id(const struct world *w)
{
	return w->account_id;
}

static void list_devices(const struct world *w, struct listed *l)
{
	l->n_devices = 0;
	for (size_t i = 0; i < w->n_list; i++) {
		if (w->list[i] == NULL || w->list[i]->hidden)
			continue;
		l->devices = mem_grow(l->devices, l->n_devices, &l->devices_cap,
				      sizeof(struct world_device *));
		l->devices[l->n_devices++] = w->list[i];
	}
}

static void list_extensions(const struct world *w, struct listed *l)
{
	l->n_extensions = 0;
	for (uint32_t i = 0; i < w->n_made; i++) {
		if (w->extensions[i].type == NULL)
			continue;
		l->extensions = mem_grow(l->extensions, l->n_extensions,
					 &l->extensions_cap, sizeof *l->extensions);
		l->extensions[l->n_extensions++] = i;
	}
}

static const struct listed *listed(const struct world *w)
{
	if (w->listed->stale) {
		list_devices(w, w->listed);
		list_extensions(w, w->listed);
		w->listed->stale = false;
	}
	return w->listed;
}

size_t world_count(const struct world *w)
{
	return listed(w)->n_devices;
}

struct world_device *world_at(const struct world *w, size_t place)
{
	return listed(w)->devices[place];
}

struct world_device *world_find(const struct world *w, const char *id)
{
	char *end;
	unsigned long long number = strtoull(id, &end, 10);
	struct world_device *d;

	if (*end != '\0' || number < w->first_id ||
	    (number - w->first_id) / ID_STEP >= w->n_made)
		return NULL;
	d = w->made[(number - w->first_id) / ID_STEP];
	return d != NULL && strcmp(d->id, id) == 0 ? d : NULL;
}

struct world_device *world_next(const struct world *w, const struct world_device *d)
{
	for (size_t i = d != NULL ? d->place + 1 : 0; i < w->n_list; i++)
		if (w->list[i] != NULL)
			return w->list[i];
	return NULL;
}

uint32_t world_n_sites(const struct world *w)
{
	return w->n_sites;
}

const struct world_site *world_site(const struct world *w, uint32_t site)
{
	assert(site < w->n_sites);
	return &w->sites[site];
}

uint32_t world_find_site(const struct world *w, const char *name)
{
	for (uint32_t i = 0; i < w->n_sites; i++)
		if (strcmp(w->sites[i].name, name) == 0)
			return i;
	return WORLD_NO_SITE;
}

size_t world_n_extensions(const struct world *w)
{
	return listed(w)->n_extensions;
}

struct world_extension *world_extension_at(const struct world *w, size_t place)
{
	return &w->extensions[listed(w)->extensions[place]];
}

struct world_extension *world_find_extension(const struct world *w, const char *id)
{
	char *end;
	unsigned long long number = strtoull(id, &end, 10);

	if (id[0] < '0' || id[0] > '9' || *end != '\0')
		return NULL;
	if (number >= w->first_extension &&
	    (number - w->first_extension) % EXTENSION_STEP == 0)
		number = (number - w->first_extension) / EXTENSION_STEP;
	else if (number >= WORLD_FIRST_EXTENSION)
		number -= WORLD_FIRST_EXTENSION;
	else
		return NULL;
	return number < w->n_made && w->extensions[number].type != NULL
		       ? &w->extensions[number]
		       : NULL;
}

struct world_extension *world_extension_of(const struct world *w,
					   const struct world_device *d)
{
	return d->extension != WORLD_NO_EXTENSION ? &w->extensions[d->extension] : NULL;
}

uint64_t world_version(const struct world *w, size_t first, size_t n)
{
	const struct listed *l = listed(w);
	uint64_t version = w->list_version;

	for (size_t i = first; i < l->n_devices && i - first < n; i++)
		if (l->devices[i]->version > version)
			version = l->devices[i]->version;
	return version;
}

uint64_t world_extensions_version(const struct world *w, size_t first, size_t n)
{
	const struct listed *l = listed(w);
	uint64_t version = w->extensions_version;

	for (size_t i = first; i < l->n_extensions && i - first < n; i++)
		if (w->extensions[l->extensions[i]].version > version)
			version = w->extensions[l->extensions[i]].version;
	return version;
}
