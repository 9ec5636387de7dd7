/* Which sink wants which event. Pure. */
#ifndef MODEL_AUDIENCE_H
#define MODEL_AUDIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"

/* One sink's wishes. */
struct listener {
	int64_t sink_id;
	char **events; /* shell patterns of event types; one that matches is enough */
	size_t n_events;
	char **matches; /* match.h; all must hold */
	size_t n_matches;
};

/* All sinks' wishes at one time: never changed once made, shared by the jobs that need them. */
struct audience {
	unsigned n_users; /* touched by the loop only */
	size_t n;
	struct listener listeners[];
};

/* Room for n listeners, one user. The caller fills them in; audience_copy copies the texts. */
struct audience *audience_create(size_t n);
void audience_copy(struct listener *into, int64_t sink_id, char *const *events,
		   size_t n_events, char *const *matches, size_t n_matches);
/* One user more; one less, and the last one frees it. */
struct audience *audience_share(struct audience *a);
void audience_release(struct audience *a);

/* Whether a sink's wishes are of facts; else an event need not have them. */
bool audience_asks_facts(const struct audience *a);

/* The sinks that want this event. ids has room for a->n. Returns how many. */
size_t audience_for(const struct audience *a, const struct event *ev, int64_t *ids);

#endif
