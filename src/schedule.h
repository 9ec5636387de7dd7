/* When sweeps begin, so that those of many accounts are spread evenly and are not made all at once.
 * Pure: times are milliseconds since any moment that all accounts have in common.
 *
 * Each account has a place in its interval, at which its sweeps begin. Places are those of the
 * golden ratio: however many accounts there are they are spread, and so are those of any few that
 * were started in a row, as accounts do that share their credentials. */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_PLACES 65536 /* in an interval */

/* The place of the nth account that is started, from 0, which is at the beginning. */
unsigned schedule_place(unsigned n);

/* How long after the start the first sweep begins, of one of so many accounts that are started:
 * soon, though a first sweep is dear. */
int64_t schedule_first_ms(unsigned place, int64_t interval_ms, size_t n_accounts);

/* When the next one begins, behind one that has begun at began_ms: an interval later, or so much
 * sooner (half of it at most) or later (a tenth) as brings it to its place. */
int64_t schedule_next_ms(unsigned place, int64_t began_ms, int64_t interval_ms);

#endif
