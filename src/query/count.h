/* How long one device was what: from its past, and from the sums of its days where there are some.
 *
 * Both give the same to the millisecond. Where they differ, the past has been forgotten. */
#ifndef QUERY_COUNT_H
#define QUERY_COUNT_H

#include <stdint.h>

#include "model/tally.h"
#include "query/fleet.h"
#include "query/past.h"

/* Add to t what the walk comes by until until_ms: what t has counted before ends where it is now.
 * Pure. */
void count_until(struct tally *t, struct past_walk *w, int64_t until_ms);

/* Part of a range. */
struct count_part {
	int64_t place_id;   /* where the device was: of store_place; 0: where it is now */
	struct tally tally; /* the next part begins where this one ends */
};

/* Call each with the parts of since_ms to until_ms in their order; a part may be empty. A time
 * without a sum is where the next day that has one was. Fills in f->past now and then. Returns 0 or
 * ERR_STORE. */
int count_parts(struct fleet_device *f, int64_t since_ms, int64_t until_ms,
		void (*each)(const struct count_part *part, void *arg), void *arg,
		struct err *err);

/* Up to when nothing of the device's past can change any more: it has been seen since, or is
 * removed, and pages of the account have come. */
int64_t count_final_until(const struct store_account *a, const struct store_device *d);

#endif
