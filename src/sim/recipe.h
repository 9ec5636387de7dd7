/* What a made-up account is made of: which device has which number, what its extension is, what
 * things are called. Pure. */
#ifndef SIM_RECIPE_H
#define SIM_RECIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/world.h"

struct dice;

/* What is special about the device of a number; the others are desk phones in use. */
struct recipe {
	enum world_type type;
	bool in_stock;       /* ordered, and nobody's yet */
	bool without_status; /* its record has none */
	bool guest;          /* belongs to the extension of the device before it */
	bool without_extension;
	bool common; /* a desk phone that several people use */
	const char *extension_type;
	enum world_extension_status extension_status;
};

struct recipe recipe_of(uint64_t number);

/* What a device is called, from its own dice; for free(). */
char *recipe_name(enum world_type type, struct dice *dice);
/* The i-th site; what it points to is for free(). */
void recipe_site(struct world_site *site, uint32_t i);
/* What an extension is called as long as nobody renames it; for free(). */
char *recipe_extension_name(const char *type, uint64_t number);

#endif
