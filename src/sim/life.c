#include "sim/life.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/dice.h"
#include "sim/world.h"

#define TRIES            20   /* to find a device to which a thing can happen */
#define CHANGES_PER_TURN 1.7  /* seven of ten turns take a phone away, which comes back */
#define LONGEST_US       1e15 /* a wait beyond is for ever */

struct absence {
	int64_t until_ms;
	char id[WORLD_ID_BYTES];
};

struct life {
	struct world *world;
	struct dice dice;
	double share;
	bool begun;
	int64_t next_us; /* of the next turn: a large account has several within a ms */
	struct absence *absences; /* by until_ms, the last one ends first */
	size_t n_absences, absences_cap;
};

struct life *life_create(struct world *world, uint64_t seed)
{
	struct life *l = mem_zalloc(sizeof *l);

	l->world = world;
	dice_init(&l->dice, seed, UINT64_MAX);
	l->next_us = LIFE_NEVER;
	return l;
}

void life_destroy(struct life *l)
{
	if (l == NULL)
		return;
	free(l->absences);
	free(l);
}

/* ---- when ---- */

/* Plan the next turn: anywhere within twice the mean, so that it is not seen coming. */
static void plan(struct life *l, int64_t now_us)
{
	double turns_per_us =
		l->share * (double)world_count(l->world) / CHANGES_PER_TURN / 60e6;

	if (turns_per_us <= 1 / LONGEST_US)
		l->next_us = LIFE_NEVER;
	else
		l->next_us =
			now_us + 1 + (int64_t)(dice_share(&l->dice) * 2 / turns_per_us);
}

void life_set_rate(struct life *l, double share, int64_t now_ms)
{
	l->share = share;
	if (share > 0 && !l->begun)
		l->next_us = (now_ms + LIFE_FIRST_MS) * 1000;
	else
		plan(l, now_ms * 1000);
}

/* The first whole millisecond at which the next turn is due. */
static int64_t next_turn_ms(const struct life *l)
{
	return l->next_us == LIFE_NEVER ? LIFE_NEVER : (l->next_us + 999) / 1000;
}

static bool absence_is_next(const struct life *l)
{
	return l->n_absences > 0 &&
	       l->absences[l->n_absences - 1].until_ms < next_turn_ms(l);
}

int64_t life_next_ms(const struct life *l)
{
	return absence_is_next(l) ? l->absences[l->n_absences - 1].until_ms
				  : next_turn_ms(l);
}

/* Half are reboots, some a cable that somebody has to find. */
static int64_t throw_absence(struct life *l)
{
	uint32_t kind = dice_below(&l->dice, 100);

	if (kind < 50)
		return 5000 + dice_below(&l->dice, 25000);
	if (kind < 85)
		return 30000 + dice_below(&l->dice, 150000);
	return 180000 + dice_below(&l->dice, 1020000);
}

static void add_absence(struct life *l, const struct world_device *d, int64_t until_ms)
{
	size_t i = l->n_absences;

	l->absences = mem_grow(l->absences, l->n_absences, &l->absences_cap,
			       sizeof *l->absences);
	for (; i > 0 && l->absences[i - 1].until_ms <= until_ms; i--)
		l->absences[i] = l->absences[i - 1];
	l->absences[i].until_ms = until_ms;
	memcpy(l->absences[i].id, d->id, sizeof d->id);
	l->n_absences++;
}

/* ---- what ---- */

static bool is_on(const struct world_device *d)
{
	return strcmp(d->status, "Online") == 0;
}

/* A device that is Online, or NULL where the dice find none. */
static struct world_device *pick(struct life *l)
{
	size_t n = world_count(l->world);

	for (int i = 0; n > 0 && i < TRIES; i++) {
		struct world_device *d =
			world_at(l->world, dice_below(&l->dice, (uint32_t)n));

		if (is_on(d))
			return d;
	}
	return NULL;
}

static void take_away(struct life *l, struct world_device *d, int64_t now_ms)
{
	world_set_status(l->world, d, "Offline");
	add_absence(l, d, now_ms + throw_absence(l));
}

static void bring_back(struct life *l)
{
	struct absence *absence = &l->absences[--l->n_absences];
	struct world_device *d = world_find(l->world, absence->id);

	if (d != NULL && strcmp(d->status, "Offline") == 0)
		world_set_status(l->world, d, "Online");
}

static void rename_one(struct life *l, struct world_device *d)
{
	char name[40];

	snprintf(name, sizeof name, "Room %u", 101 + dice_below(&l->dice, 899));
	world_set_name(l->world, d, name);
}

/* The very first: a desk phone, early in the list, so that who looks sees it. */
static void begin(struct life *l, int64_t now_ms)
{
	l->begun = true;
	for (size_t i = 0; i < world_count(l->world); i++) {
		struct world_device *d = world_at(l->world, i);

		if (d->type == WORLD_HARD_PHONE && is_on(d)) {
			take_away(l, d, now_ms);
			return;
		}
	}
}

static void turn(struct life *l, int64_t now_ms, int64_t at_ms)
{
	uint32_t what = dice_below(&l->dice, 1000);
	struct world_device *d = pick(l);
	uint32_t site = dice_below(&l->dice, world_n_sites(l->world));

	if (d == NULL)
		return;
	if (what < 700)
		take_away(l, d, now_ms);
	else if (what < 960)
		world_set_report(l->world, d, at_ms);
	else if (what < 980)
		rename_one(l, d);
	else if (what < 990)
		world_set_site(l->world, d, site);
	else if (what < 995)
		world_add(l->world, site, WORLD_LAST);
	else
		world_remove(l->world, d);
}

void life_run(struct life *l, int64_t now_ms, int64_t at_ms)
{
	int64_t due_ms;

	while ((due_ms = life_next_ms(l)) <= now_ms) {
		if (absence_is_next(l)) {
			bring_back(l);
			continue;
		}
		if (l->begun)
			turn(l, due_ms, at_ms);
		else
			begin(l, due_ms);
		plan(l, l->next_us);
	}
}
