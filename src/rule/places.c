#include "rule/places.h"

#include <stdlib.h>

#include "base/mem.h"

#define FIRST_SLOTS 64
#define MIX         UINT64_C(0x9e3779b97f4a7c15) /* 2^64 by the golden ratio */

void places_clear(struct places *p)
{
	free(p->slots);
	*p = (struct places){0};
}

/* The slot that has the key, or the free one where it would be. */
static struct places_slot *slot_of(const struct places *p, uint64_t key)
{
	uint64_t i = key * MIX;

	for (i ^= i >> 32;; i++) {
		struct places_slot *slot = &p->slots[i & (p->n_slots - 1)];

		if (slot->place == 0 || slot->key == key)
			return slot;
	}
}

static void grow(struct places *p)
{
	struct places old = *p;

	p->n_slots = old.n_slots > 0 ? 2 * old.n_slots : FIRST_SLOTS;
	p->slots = mem_zalloc(p->n_slots * sizeof *p->slots);
	for (size_t i = 0; i < old.n_slots; i++)
		if (old.slots[i].place != 0)
			*slot_of(p, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

uint32_t places_find(const struct places *p, uint64_t key)
{
	const struct places_slot *slot = p->n_slots > 0 ? slot_of(p, key) : NULL;

	return slot != NULL && slot->place != 0 ? slot->place - 1 : PLACES_NONE;
}

void places_add(struct places *p, uint64_t key, uint32_t place)
{
	if (4 * (p->n + 1) > 3 * p->n_slots)
		grow(p);
	*slot_of(p, key) = (struct places_slot){key, place + 1};
	p->n++;
}
