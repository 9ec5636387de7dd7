/* The vendor's rate limit of one group of requests. Pure.
 *
 * Shape   so many requests within a sliding window; the one beyond is refused and begins a
 *         penalty. Every request within a penalty is refused and begins it again. A penalty
 *         that was waited out leaves the window empty.
 * Source  api.md section 8 */
#ifndef SIM_LIMIT_H
#define SIM_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limit {
	unsigned max; /* requests within the window */
	int64_t window_ms, penalty_ms;
	int64_t *taken_ms; /* ring of the last max accepted requests' times */
	size_t first, n;
	int64_t penalty_until_ms; /* INT64_MIN: none */
};

struct limit_verdict {
	bool accepted;
	bool in_penalty;        /* it came while a penalty was running */
	unsigned remaining;     /* how many more would be accepted now */
	int64_t retry_after_ms; /* 0 where accepted */
};

/* max 0 refuses everything. */
void limit_init(struct limit *l, unsigned max, int64_t window_ms, int64_t penalty_ms);
void limit_clear(struct limit *l);

/* Count one request that comes at now_ms. */
struct limit_verdict limit_take(struct limit *l, int64_t now_ms);
/* Refuse one, as if it had gone beyond: it begins a penalty. */
struct limit_verdict limit_refuse(struct limit *l, int64_t now_ms);

#endif
