/* Where in an array something is: places by number, by open addressing. Pure. */
#ifndef RULE_PLACES_H
#define RULE_PLACES_H

#include <stddef.h>
#include <stdint.h>

#define PLACES_NONE UINT32_MAX

/* All zero is empty. */
struct places {
	struct places_slot {
		uint64_t key;
		uint32_t place; /* 1 + the place; 0: free */
	} * slots;
	size_t n, n_slots; /* a power of two */
};

void places_clear(struct places *p);
uint32_t places_find(const struct places *p, uint64_t key);
/* The key must not be in it. */
void places_add(struct places *p, uint64_t key, uint32_t place);

#endif
