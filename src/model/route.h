/* Which sink wants which event. Pure. */
#ifndef MODEL_ROUTE_H
#define MODEL_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"

/* One sink's wishes. */
struct route {
	int64_t sink_id;
	char **events; /* shell patterns of event types; one that matches is enough */
	size_t n_events;
	char **matches; /* match.h; all must hold */
	size_t n_matches;
};

/* All sinks' wishes at one time: never changed once made, shared by the jobs that need them. */
struct routes {
	unsigned n_users; /* touched by the loop only */
	size_t n;
	struct route routes[];
};

/* Room for n routes, one user. The caller fills them in; route_copy copies the texts. */
struct routes *routes_create(size_t n);
void route_copy(struct route *into, int64_t sink_id, char *const *events, size_t n_events,
		char *const *matches, size_t n_matches);
/* One user more; one less, and the last one frees it. */
struct routes *routes_share(struct routes *r);
void routes_release(struct routes *r);

/* Whether a sink's wishes are of facts; else an event need not have them. */
bool routes_ask_facts(const struct routes *r);

/* The sinks that want this event. ids has room for r->n. Returns how many. */
size_t routes_for(const struct routes *r, const struct event *ev, int64_t *ids);

#endif
