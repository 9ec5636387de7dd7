/* Where the played account's sites are, and what its phones are called. Tables. */
#ifndef SIM_PLACES_H
#define SIM_PLACES_H

#include <stddef.h>

struct place {
	const char *city, *state, *state_name, *zip;
};

extern const struct place places[];
extern const size_t n_places;

/* Names of desk phones; a %u stands for a number. */
extern const char *const place_phones[];
extern const size_t n_place_phones;

#endif
