/* One account that is played: a fleet of its own, and a user who presents a JWT by some app. */
#ifndef SIM_ACCOUNT_H
#define SIM_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/limits.h"
#include "sim/list.h"
#include "sim/pages.h"
#include "sim/token.h"
#include "sim/world.h"

struct app;
struct life;
struct packer;
struct trace;

struct account {
	char *name; /* as scripts call it */
	char *jwt;
	struct app *app; /* by which its user comes; borrowed */
	struct tokens tokens;
	char *refused; /* the token endpoint refuses with this code; NULL: it does not */
	struct limits limits;
	struct trace *trace; /* of changes; borrowed, NULL: none */
	struct world *world;
	struct life *life;
	int64_t life_began_ms; /* 0: not yet */
	bool was_listed;       /* somebody asked for its devices */
	char *devices_url, *extensions_url;
	struct list devices, extensions;
	struct pages *device_pages, *extension_pages;
};

struct account_config {
	const char *name, *jwt;
	struct app *app;             /* borrowed */
	const struct limits *limits; /* those that it begins with */
	struct world_config world;
	double share; /* of life */
	const char *base_url;
	struct packer *packer; /* borrowed */
	struct trace *trace;   /* borrowed; NULL: none */
};

/* Tokens say its number, which is config->world.account. */
struct account *account_create(const struct account_config *config);
void account_destroy(struct account *account);

/* Life's own clock, which runs speed times as fast. */
int64_t account_life_ms(const struct account *account, int64_t now_ms, double speed);

#endif
