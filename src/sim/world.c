#include "sim/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sim/dice.h"
#include "sim/places.h"

#define DAY_MS INT64_C(86400000)

struct world {
	uint64_t seed;
	uint64_t version;      /* grows with each change */
	uint64_t list_version; /* when the list last grew, shrank or was shuffled */
	uint64_t first_id;
	struct world_device **list; /* in the vendor's order */
	size_t n_list, list_cap;
	struct world_device **made; /* by number; NULL: removed */
	size_t n_made, made_cap;
	struct world_site *sites;
	uint32_t n_sites;
	struct dice dice; /* for what is thrown after the creation */
	world_changed_cb on_changed;
	void *data;
};

/* A numbered type: one of every CYCLE devices has each of these kinds, at this place; the
 * others are assigned desk phones that have a status. */
#define CYCLE 50
static const struct kind {
	unsigned place;
	enum world_type type;
	bool in_stock, without_status;
} kinds[] = {
	{6, WORLD_ROOM, false, false},         {9, WORLD_PAGING, false, false},
	{12, WORLD_SOFT_PHONE, false, false},  {15, WORLD_WEB_PHONE, false, false},
	{18, WORLD_OTHER_PHONE, false, false}, {21, WORLD_MOBILE_DEVICE, false, false},
	{24, WORLD_BLA, false, false},         {27, WORLD_WEBRTC, false, false},
	{31, WORLD_HARD_PHONE, true, false},   {36, WORLD_ROOM, false, false},
	{41, WORLD_HARD_PHONE, false, true},   {45, WORLD_OTHER_PHONE, false, false},
};

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

const char *world_type_name(enum world_type type)
{
	return type_names[type];
}

/* ---- making ---- */

static void make_site(struct world_site *site, uint32_t i)
{
	const struct place *place = &places[i % n_places];
	unsigned round = (unsigned)(i / n_places) + 1;

	/* The vendor's first site has a word for an id. */
	site->id = i == 0 ? mem_strdup("main-site")
			  : mem_printf("%llu", 630414031008ULL + i * 1000ULL);
	site->name = round == 1 ? mem_strdup(place->city)
				: mem_printf("%s %u", place->city, round);
	site->address = mem_printf(
		"\"street\":\"%u Example Street\",\"street2\":\"Floor %u\","
		"\"city\":\"%s\",\"state\":\"%s\",\"stateId\":\"%u\","
		"\"stateIsoCode\":\"%s\",\"stateName\":\"%s\",\"country\":\"US\","
		"\"countryId\":\"1\",\"countryIsoCode\":\"US\","
		"\"countryName\":\"United States\",\"zip\":\"%s\","
		"\"customerName\":\"Example %s\"",
		100 + i, i % 9 + 1, place->city, place->state,
		(unsigned)(i % n_places) + 11, place->state, place->state_name,
		place->zip, site->name);
}

/* What a device is called, from its own dice. */
static char *make_name(enum world_type type, struct dice *dice)
{
	unsigned number = 101 + dice_below(dice, 899);
	const char *const things[WORLD_N_TYPES] = {
		[WORLD_HARD_PHONE] =
			place_phones[dice_below(dice, (uint32_t)n_place_phones)],
		[WORLD_SOFT_PHONE] = "Desk %u softphone",
		[WORLD_OTHER_PHONE] = "Gate intercom %u",
		[WORLD_PAGING] = "Hall pager %u",
		[WORLD_WEB_PHONE] = "Web phone %u",
		[WORLD_ROOM] = "Board room %u",
		[WORLD_MOBILE_DEVICE] = "Field tablet %u",
		[WORLD_BLA] = "Shared line %u",
		[WORLD_WEBRTC] = "RingCentral App",
	};
	const char *thing = things[type];
	const char *mark = strstr(thing, "%u");

	if (mark == NULL)
		return mem_strdup(thing);
	return mem_printf("%.*s%u%s", (int)(mark - thing), thing, number, mark + 2);
}

static const struct kind *kind_of(uint64_t number)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (kinds[i].place == number % CYCLE)
			return &kinds[i];
	return NULL;
}

static bool reports(const struct world_device *d)
{
	return d->assigned && (d->type == WORLD_HARD_PHONE || d->type == WORLD_ROOM ||
			       d->type == WORLD_SOFT_PHONE);
}

/* A device that is not in the list yet. */
static struct world_device *make_device(struct world *w, const struct kind *kind)
{
	struct world_device *d = mem_zalloc(sizeof *d);
	struct dice dice;

	d->number = w->n_made;
	w->made =
		mem_grow(w->made, w->n_made, &w->made_cap, sizeof(struct world_device *));
	w->made[w->n_made++] = d;
	dice_init(&dice, w->seed, d->number + 1);
	d->seed = dice_throw(&dice);
	d->type = kind != NULL ? kind->type : WORLD_HARD_PHONE;
	d->assigned = kind == NULL || !kind->in_stock;
	snprintf(d->id, sizeof d->id, "%llu",
		 (unsigned long long)(w->first_id + d->number * 7));
	d->name = d->number == 0 ? mem_strdup("Lobby phone") : make_name(d->type, &dice);
	d->site = d->assigned ? dice_below(&dice, w->n_sites) : WORLD_NO_SITE;
	d->report_at_ms = WORLD_NO_REPORT;
	d->version = ++w->version;
	return d;
}

static void append(struct world *w, struct world_device *d)
{
	w->list =
		mem_grow(w->list, w->n_list, &w->list_cap, sizeof(struct world_device *));
	d->place = w->n_list;
	w->list[w->n_list++] = d;
}

static void populate(struct world *w, const struct world_config *config)
{
	int64_t midnight_ms = config->at_ms - config->at_ms % DAY_MS;

	for (size_t i = 0; i < config->n_devices; i++) {
		const struct kind *kind = kind_of(i);
		struct world_device *d = make_device(w, kind);
		bool off = d->type == WORLD_WEBRTC || !d->assigned ||
			   (d->number > 0 && dice_below(&w->dice, 100) < 3);

		if (kind == NULL || !kind->without_status)
			strcpy(d->status, off ? "Offline" : "Online");
		if (reports(d))
			d->report_at_ms =
				midnight_ms - (int64_t)dice_below(&w->dice, DAY_MS);
		append(w, d);
	}
}

struct world *world_create(const struct world_config *config)
{
	struct world *w = mem_zalloc(sizeof *w);

	assert(config->n_sites > 0);
	w->seed = config->seed;
	dice_init(&w->dice, config->seed, 0);
	w->first_id =
		UINT64_C(802000000000) + (uint64_t)dice_below(&w->dice, 90000000) * 1000;
	w->n_sites = config->n_sites;
	w->sites = mem_resize(NULL, w->n_sites, sizeof *w->sites);
	for (uint32_t i = 0; i < w->n_sites; i++)
		make_site(&w->sites[i], i);
	populate(w, config);
	w->list_version = ++w->version;
	return w;
}

static void free_device(struct world_device *d)
{
	free(d->name);
	free(d);
}

void world_destroy(struct world *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->n_list; i++)
		free_device(w->list[i]);
	for (uint32_t i = 0; i < w->n_sites; i++) {
		free(w->sites[i].id);
		free(w->sites[i].name);
		free(w->sites[i].address);
	}
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

size_t world_count(const struct world *w)
{
	return w->n_list;
}

struct world_device *world_at(const struct world *w, size_t place)
{
	return w->list[place];
}

struct world_device *world_find(const struct world *w, const char *id)
{
	char *end;
	unsigned long long number = strtoull(id, &end, 10);
	struct world_device *d;

	if (*end != '\0' || number < w->first_id ||
	    (number - w->first_id) / 7 >= w->n_made)
		return NULL;
	d = w->made[(number - w->first_id) / 7];
	return d != NULL && strcmp(d->id, id) == 0 ? d : NULL;
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

uint64_t world_version(const struct world *w, size_t first, size_t n)
{
	uint64_t version = w->list_version;

	for (size_t i = first; i < w->n_list && i - first < n; i++)
		if (w->list[i]->version > version)
			version = w->list[i]->version;
	return version;
}

/* ---- changing ---- */

static void changed(struct world *w, struct world_device *d, const char *field,
		    const char *from, const char *to)
{
	d->version = ++w->version;
	if (w->on_changed != NULL)
		w->on_changed(d, field, from, to, w->data);
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

struct world_device *world_add(struct world *w, uint32_t site)
{
	struct world_device *d = make_device(w, NULL);

	strcpy(d->status, "Online");
	d->site = site;
	append(w, d);
	changed(w, d, "added", NULL, d->name);
	w->list_version = w->version;
	return d;
}

void world_remove(struct world *w, struct world_device *d)
{
	w->n_list--;
	for (size_t i = d->place; i < w->n_list; i++) {
		w->list[i] = w->list[i + 1];
		w->list[i]->place = i;
	}
	w->made[d->number] = NULL;
	changed(w, d, "removed", d->name, NULL);
	w->list_version = w->version;
	free_device(d);
}

void world_shuffle(struct world *w)
{
	for (size_t i = w->n_list; i > 1; i--) {
		size_t j = dice_below(&w->dice, (uint32_t)i);
		struct world_device *d = w->list[i - 1];

		w->list[i - 1] = w->list[j];
		w->list[j] = d;
	}
	for (size_t i = 0; i < w->n_list; i++)
		w->list[i]->place = i;
	w->list_version = ++w->version;
}
