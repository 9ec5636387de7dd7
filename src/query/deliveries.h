/* What was told to each sink, and what is still owed. */
#ifndef QUERY_DELIVERIES_H
#define QUERY_DELIVERIES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

/* A walk by sequence, then by sink. All zero but which and matches to begin with. */
struct deliveries_walk {
	enum store_owed which;
	char *const *matches; /* of their events, as events_is_of() has them; borrowed */
	size_t n_matches;
	int64_t sequence, sink_id; /* the last one looked at */
};

/* Call each for the next few hundred. A read of its own. Returns 1 while there is more, 0 at the
 * end, or ERR_STORE. */
int deliveries_next(struct deliveries_walk *walk, struct store_conn *c,
		    void (*each)(const struct store_owed_event *o, void *arg), void *arg,
		    struct err *err);

/* A sink that its receiver has switched off: it answered 410, and nothing is sent to it before a
 * reload or restart. */
struct deliveries_off {
	int64_t sink_id;
	char *name;
	int64_t n_pending;
};
struct deliveries_offs {
	struct deliveries_off *all;
	size_t n, cap;
};
/* offs is all zero; deliveries_clear_offs frees what it gets. Returns 0 or ERR_STORE. */
int deliveries_load_offs(struct store_conn *c, struct deliveries_offs *offs,
			 struct err *err);
void deliveries_clear_offs(struct deliveries_offs *offs);
/* Whether this delivery waits for such a sink. */
bool deliveries_is_off(const struct deliveries_offs *offs,
		       const struct store_owed_event *o);

/*
 * Shape  {"event_id", "sequence", "sink", "state", "attempts", "next_at", "delivered_at",
 *         "code", "error", "switched_off"}; switched_off is deliveries_is_off(), and there is no
 *         next_at then
 * Returns a new object, the caller's.
 */
json_t *deliveries_object(const struct store_owed_event *o,
			  const struct deliveries_offs *offs);

#endif
