#include "model/known.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

#define FIRST_SLOTS 64
/* Slots hold a place + 1; 0 is free. Removal leaves no tombstone: what follows moves up. */

void known_init(struct known *k)
{
	*k = (struct known){0};
}

void known_clear(struct known *k)
{
	for (uint32_t i = 0; i < k->n; i++)
		free(k->devices[i].id);
	for (size_t i = 0; i < k->n_pages; i++)
		free(k->pages[i].devices);
	free(k->devices);
	free(k->by_id);
	free(k->by_digest);
	free(k->pages);
	known_init(k);
}

static uint32_t hash_id(const char *id, size_t len)
{
	return (uint32_t)XXH3_64bits(id, len);
}

static uint32_t hash_digest(const unsigned char *digest)
{
	uint32_t h;

	memcpy(&h, digest, sizeof h); /* it is one */
	return h;
}

static uint32_t hash_in_id(const struct known *k, uint32_t place)
{
	return hash_id(k->devices[place].id, strlen(k->devices[place].id));
}

static uint32_t hash_in_digest(const struct known *k, uint32_t place)
{
	return hash_digest(k->devices[place].digest);
}

static void insert(uint32_t *slots, uint32_t n_slots, uint32_t hash, uint32_t place)
{
	uint32_t i = hash & (n_slots - 1);

	while (slots[i] != 0)
		i = (i + 1) & (n_slots - 1);
	slots[i] = place + 1;
}

/* Take place out and move up what had to step aside for it. */
static void take_out(const struct known *k, uint32_t *slots, uint32_t place,
		     uint32_t (*hash_in)(const struct known *, uint32_t))
{
	uint32_t mask = k->n_slots - 1, i = hash_in(k, place) & mask;

	while (slots[i] != place + 1)
		i = (i + 1) & mask;
	slots[i] = 0;
	for (i = (i + 1) & mask; slots[i] != 0; i = (i + 1) & mask) {
		uint32_t other = slots[i] - 1;

		slots[i] = 0;
		insert(slots, k->n_slots, hash_in(k, other), other);
	}
}

uint32_t known_by_id(const struct known *k, const char *id, size_t len)
{
	uint32_t mask = k->n_slots - 1;

	if (k->n_slots == 0)
		return KNOWN_NONE;
	for (uint32_t i = hash_id(id, len) & mask; k->by_id[i] != 0; i = (i + 1) & mask) {
		const char *other = k->devices[k->by_id[i] - 1].id;

		if (strncmp(other, id, len) == 0 && other[len] == '\0')
			return k->by_id[i] - 1;
	}
	return KNOWN_NONE;
}

uint32_t known_by_digest(const struct known *k, const unsigned char *digest)
{
	uint32_t mask = k->n_slots - 1;

	if (k->n_slots == 0)
		return KNOWN_NONE;
	for (uint32_t i = hash_digest(digest) & mask; k->by_digest[i] != 0;
	     i = (i + 1) & mask) {
		uint32_t place = k->by_digest[i] - 1;

		if (memcmp(k->devices[place].digest, digest, KNOWN_DIGEST_BYTES) == 0)
			return place;
	}
	return KNOWN_NONE;
}

/* At most half full, so that a search ends soon. */
static void grow_slots(struct known *k)
{
	if (k->n_slots >= 2 * (k->n + 1))
		return;
	k->n_slots = k->n_slots ? k->n_slots * 2 : FIRST_SLOTS;
	free(k->by_id);
	free(k->by_digest);
	k->by_id = mem_zalloc(k->n_slots * sizeof *k->by_id);
	k->by_digest = mem_zalloc(k->n_slots * sizeof *k->by_digest);
	for (uint32_t i = 0; i < k->n; i++) {
		if (k->devices[i].id == NULL)
			continue;
		insert(k->by_id, k->n_slots, hash_in_id(k, i), i);
		if (k->devices[i].has_digest)
			insert(k->by_digest, k->n_slots, hash_in_digest(k, i), i);
	}
}

static uint32_t free_place(struct known *k)
{
	uint32_t place;
	size_t cap = k->cap;

	if (k->free_head != 0) {
		place = k->free_head - 1;
		k->free_head = k->devices[place].sweep;
		return place;
	}
	k->devices = mem_grow(k->devices, k->n, &cap, sizeof *k->devices);
	k->cap = (uint32_t)cap;
	return k->n++;
}

uint32_t known_add(struct known *k, const char *id)
{
	uint32_t place;

	grow_slots(k);
	place = free_place(k);
	k->devices[place] =
		(struct known_device){.id = mem_strdup(id), .next = KNOWN_NONE};
	insert(k->by_id, k->n_slots, hash_in_id(k, place), place);
	return place;
}

void known_drop_digest(struct known *k, uint32_t place)
{
	if (!k->devices[place].has_digest)
		return;
	take_out(k, k->by_digest, place, hash_in_digest);
	k->devices[place].has_digest = false;
}

void known_forget_lone(struct known *k)
{
	for (uint32_t i = 0; i < k->n; i++)
		k->devices[i].lone = KNOWN_LONE_UNKNOWN;
}

void known_set_digest(struct known *k, uint32_t place, const unsigned char *digest)
{
	known_drop_digest(k, place);
	memcpy(k->devices[place].digest, digest, KNOWN_DIGEST_BYTES);
	k->devices[place].has_digest = true;
	insert(k->by_digest, k->n_slots, hash_in_digest(k, place), place);
}

void known_remove(struct known *k, uint32_t place)
{
	known_drop_digest(k, place);
	take_out(k, k->by_id, place, hash_in_id);
	free(k->devices[place].id);
	k->devices[place] = (struct known_device){.sweep = k->free_head};
	k->free_head = place + 1;
	/* A page that listed it must not mark its place as seen. Which one did is not worth a
	 * search: a removal is rare, and costs one sweep without the first fence. */
	for (size_t i = 0; i < k->n_pages; i++)
		known_page_drop(&k->pages[i]);
}

struct known_page *known_page(struct known *k, int64_t page)
{
	if (page < 1 || page > KNOWN_MAX_PAGES)
		return NULL;
	if ((size_t)page > k->n_pages) {
		k->pages = mem_resize(k->pages, (size_t)page, sizeof *k->pages);
		memset(k->pages + k->n_pages, 0,
		       ((size_t)page - k->n_pages) * sizeof *k->pages);
		k->n_pages = (size_t)page;
	}
	return &k->pages[page - 1];
}

void known_page_set(struct known_page *p, const unsigned char *digest,
		    const struct known_paging *paging, const uint32_t *devices,
		    size_t n_devices)
{
	if (n_devices != p->n_devices || p->devices == NULL)
		p->devices = mem_resize(p->devices, n_devices, sizeof *devices);
	if (n_devices > 0)
		memcpy(p->devices, devices, n_devices * sizeof *devices);
	p->n_devices = n_devices;
	memcpy(p->digest, digest, KNOWN_DIGEST_BYTES);
	p->paging = *paging;
	p->valid = true;
}

void known_page_drop(struct known_page *p)
{
	p->valid = false;
}
