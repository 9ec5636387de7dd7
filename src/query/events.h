/* The events of the past, in the order in which they happened to us. */
#ifndef QUERY_EVENTS_H
#define QUERY_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* How far back the last ones are looked for where few are meant. */
#define EVENTS_LOOK_BACK 25600

/* A walk over the events by sequence. Set the conditions, then the start by events_start() or
 * events_start_last(). */
struct events_walk {
	int64_t since_at_ms,
		until_at_ms; /* since <= time < until; INT64_MIN, INT64_MAX */
	int64_t after;       /* sequence > after */
	char *const *types;  /* shell patterns, one is enough; none: all */
	size_t n_types;
	/* model/match.h. All must hold, of an event of an account too: it has an account and none
	 * of the others. */
	char *const *matches;
	size_t n_matches;
	struct store_event_filter filter; /* from the above; private */
	int64_t next;                     /* the first sequence not looked at */
};

/* Whether a pattern holds for any type that there is. */
bool events_have_type(const char *pattern);
/* The names of all types, with ", " between them; the caller's. */
char *events_type_names(void);

/* Whether all of n matches (model/match.h) hold for it: what is of no device has no more than an
 * account. */
bool events_is_of(char *const *matches, size_t n, const struct event *ev);

/* Begin where since_at_ms and after do. Returns 0 or ERR_STORE. */
int events_start(struct events_walk *walk, struct store_conn *c, struct err *err);
/* Begin with the last n that are meant, as far as they are among the last EVENTS_LOOK_BACK of
 * all. Returns 0 or ERR_STORE. */
int events_start_last(struct events_walk *walk, struct store_conn *c, int64_t n,
		      struct err *err);

/*
 * Look at the next events until a few hundred are meant; call each for these. A read of its own.
 * Returns 1 while there is more, 0 at the end, where a later call goes on, or ERR_STORE.
 */
int events_next(struct events_walk *walk, struct store_conn *c,
		void (*each)(const struct event *ev, void *arg), void *arg,
		struct err *err);

/*
 * The event of this id, or of this sequence; call each for it. A read of its own.
 * Returns 1, 0 where there is none (any more), or ERR_STORE.
 */
int events_find(struct store_conn *c, const char *id,
		void (*each)(const struct event *ev, void *arg), void *arg,
		struct err *err);

#endif
