/* What world.c and world_change.c share: how a world is kept. Nobody else's business. */
#ifndef SIM_WORLD_INSIDE_H
#define SIM_WORLD_INSIDE_H

#include "sim/dice.h"
#include "sim/world.h"

struct recipe;

/* What is listed, worked out when it is next looked at: so many may come and go at once. */
struct listed {
	bool stale;
	struct world_device **devices;
	size_t n_devices, devices_cap;
	uint32_t *extensions;
	size_t n_extensions, extensions_cap;
};

struct world {
	uint64_t seed;
	uint64_t version;      /* grows with each change */
	uint64_t list_version; /* when the list last grew, shrank or was shuffled */
	uint64_t extensions_version;
	uint64_t first_id, first_extension;
	char account_id[WORLD_ID_BYTES];
	struct world_device **list; /* in the vendor's order; NULL: removed since */
	size_t n_list, list_cap;
	struct world_device **made; /* by number; NULL: removed */
	size_t n_made, made_cap;
	struct world_extension *extensions; /* by number */
	size_t extensions_cap;
	struct listed *listed;
	struct world_site *sites;
	uint32_t n_sites;
	struct dice dice; /* for what is thrown after the creation */
	world_changed_cb on_changed;
	void *data;
};

/* A device that is not in the list yet, and its extension. */
struct world_device *world_make_device(struct world *w, const struct recipe *r);
void world_free_device(struct world_device *d);
/* Put it at the end of the list. */
void world_append(struct world *w, struct world_device *d);
/* The list is another one from now on. */
void world_list_changed(struct world *w);
/* At the end of those of its extension: the order in which they came. */
void world_join_extension(struct world *w, struct world_device *d, uint32_t number);
void world_leave_extension(struct world *w, struct world_device *d);

#endif
