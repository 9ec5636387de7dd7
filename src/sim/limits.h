/* The rate limits of one who asks: one for each group, by its name. Pure. */
#ifndef SIM_LIMITS_H
#define SIM_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "sim/limit.h"
#include "sim/rules.h"

struct err;
struct words;

struct limits_group {
	char name[RULES_GROUP_BYTES];
	struct limit limit;
};

struct limits {
	struct limits_group *list;
	size_t n, cap;
};

/* The vendor's: light, medium, heavy and auth. */
void limits_init(struct limits *l, int64_t penalty_ms);
/* The same groups with the same limits, and nothing counted. */
void limits_init_like(struct limits *l, const struct limits *like);
void limits_clear(struct limits *l);

/* A group's limit from now on; what was counted and any penalty are forgotten. */
void limits_set(struct limits *l, const char *name, unsigned max, int64_t window_ms,
		int64_t penalty_ms);
/* The penalty of every group from now on. */
void limits_set_penalty(struct limits *l, int64_t penalty_ms);
/* By its name; one that is not there yet is made, as lenient as medium. Good until the next
 * group is made. */
struct limits_group *limits_find(struct limits *l, const char *name);

/* GROUP=N[/SECONDS] */
struct limits_text {
	char name[RULES_GROUP_BYTES];
	unsigned max;
	int64_t window_ms;
};
int limits_read(struct words *w, struct limits_text *out, struct err *err);

#endif
