#include "sim/recipe.h"

#include <string.h>

#include "base/mem.h"
#include "sim/dice.h"
#include "sim/places.h"

/* One of every CYCLE devices is of each of these kinds, at this place of the cycle. */
#define CYCLE 50
static const struct kind {
	unsigned place;
	struct recipe is;
} kinds[] = {
	{3, {.common = true, .extension_type = "Limited"}},
	{6, {.type = WORLD_ROOM, .extension_type = "Room"}},
	{9,
	 {.type = WORLD_PAGING,
	  .without_extension = true,
	  .extension_type = "PagingOnlyGroup"}},
	{12, {.type = WORLD_SOFT_PHONE, .guest = true}},
	{13, {.common = true, .extension_type = "Limited"}},
	{15,
	 {.type = WORLD_WEB_PHONE,
	  .guest = true,
	  .extension_status = WORLD_EXTENSION_DISABLED}},
	{18, {.type = WORLD_OTHER_PHONE}},
	{21, {.type = WORLD_MOBILE_DEVICE, .guest = true}},
	{23, {.common = true, .extension_type = "Limited"}},
	{24, {.type = WORLD_BLA, .extension_type = "SharedLinesGroup"}},
	{27,
	 {.type = WORLD_WEBRTC,
	  .guest = true,
	  .extension_status = WORLD_EXTENSION_NOT_ACTIVATED}},
	{31,
	 {.in_stock = true,
	  .without_extension = true,
	  .extension_status = WORLD_EXTENSION_UNASSIGNED}},
	{33, {.common = true, .extension_type = "Limited"}},
	{36, {.type = WORLD_ROOM, .extension_type = "Room"}},
	{41, {.without_status = true}},
	{43, {.common = true, .extension_type = "Limited"}},
	{45, {.type = WORLD_OTHER_PHONE}},
};

struct recipe recipe_of(uint64_t number)
{
	struct recipe r = {.type = WORLD_HARD_PHONE};

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (kinds[i].place == number % CYCLE)
			r = kinds[i].is;
	if (r.extension_type == NULL)
		r.extension_type = "User";
	return r;
}

char *recipe_name(enum world_type type, struct dice *dice)
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

void recipe_site(struct world_site *site, uint32_t i)
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

char *recipe_extension_name(const char *type, uint64_t number)
{
	static const struct {
		const char *type, *name;
	} names[] = {
		{"Limited", "Common phone"},
		{"Room", "Room"},
		{"SharedLinesGroup", "Shared lines"},
		{"PagingOnlyGroup", "Hall pagers"},
	};
	const char *name = "Colleague";

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(names[i].type, type) == 0)
			name = names[i].name;
	return mem_printf("%s %llu", name, (unsigned long long)number);
}
