/* Each UTC day of each device is summed up once it is over and nothing of it can change any more
 * (count_final_until): a year's report reads 12 rows of a device instead of a year of its spans.
 *
 * Called by the keeper of the store's jobs, a little at a time. What cannot be summed up yet, because
 * the device has not been seen since midnight, or the daemon did not run, is so another time. */
#ifndef DAYS_H
#define DAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

struct days_walk {
	int64_t done_day; /* no walk is due on this day any more */
	int n_fruitless;  /* walks in a row that found nothing */
	/* The walk at hand. */
	bool begun;
	size_t account; /* by name */
	char *after;    /* the device's id; NULL: all of the account are to come */
	int64_t n_days; /* summed up */
};

/* Whether there may be something to do: a day is over, and not all of it found yet. */
bool days_are_due(const struct days_walk *w, int64_t now_at_ms);
/* In a job: look at some devices, in a transaction of its own, for no longer than some
 * milliseconds. Returns 1 while there are more, 0 at the end, or ERR_STORE. */
int days_step(struct days_walk *w, struct store_conn *c, int64_t now_at_ms,
	      struct err *err);
/* Free what it holds; a walk at hand begins anew. */
void days_clear(struct days_walk *w);

#endif
