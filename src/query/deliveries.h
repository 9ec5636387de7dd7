/* What was told to each sink, and what is still owed. */
#ifndef QUERY_DELIVERIES_H
#define QUERY_DELIVERIES_H

#include <jansson.h>
#include <stdint.h>

#include "store/store.h"

/* A walk by sequence, then by sink. All zero but which to begin with. */
struct deliveries_walk {
	enum store_owed which;
	int64_t sequence, sink_id; /* the last one looked at */
};

/* Call each for the next few hundred. A read of its own. Returns 1 while there is more, 0 at the
 * end, or ERR_STORE. */
int deliveries_next(struct deliveries_walk *walk, struct store_conn *c,
		    void (*each)(const struct store_owed_event *o, void *arg), void *arg,
		    struct err *err);

/*
 * Shape  {"event_id", "sequence", "sink", "state", "attempts", "next_at", "delivered_at",
 *         "code", "error"}
 * Returns a new object, the caller's.
 */
json_t *deliveries_object(const struct store_owed_event *o);

#endif
