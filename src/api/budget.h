/* The requests that the vendor lets us make: of one group, for one set of credentials. Pure.
 *
 * Source  ringcentral/api.md section 8. A sliding window; after its limit is reached every
 *         request is refused for a penalty, and each one sent meanwhile starts it again. So none
 *         is sent within a penalty, and we take only our share of the limit. */
#ifndef API_BUDGET_H
#define API_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUDGET_SLOTS       64 /* per window, and some to spare */
#define BUDGET_MAX_WAIT_MS (INT64_C(24) * 3600 * 1000)
#define BUDGET_HEAVY_LIMIT 10 /* assumed until the vendor says another */
#define BUDGET_AUTH_LIMIT  5
#define BUDGET_WINDOW_MS   60000

struct budget {
	int64_t limit; /* requests per window */
	int64_t window_ms;
	int64_t remaining; /* as last told, less what was sent since; -1: not known */
	int64_t told_ms;   /* when */
	int64_t blocked_until_ms; /* a penalty; 0: none */
	int64_t blocked_at_ms;    /* when it was told */
	/* Requests that may still count, oldest first. Those of a 60th of a window stand together
	 * and count until the last of them is out: a little too long, never too short. */
	size_t n_slots;
	struct budget_slot {
		int64_t first_ms, last_ms;
		int64_t n;
	} slots[BUDGET_SLOTS];
};

void budget_init(struct budget *b, int64_t limit, int64_t window_ms);

/* How many requests a window we take: share percent of the limit, at least 1. */
int64_t budget_allowance(const struct budget *b, int share);

/* How long to wait before the next request; 0: send it now. */
int64_t budget_wait_ms(struct budget *b, int share, int64_t now_ms);
/* The same for one that counts as n requests. */
int64_t budget_wait_n_ms(struct budget *b, int share, int64_t n, int64_t now_ms);

/* A request is sent now. */
void budget_spend(struct budget *b, int64_t now_ms);

/*
 * What an answer's headers say, each NULL where absent: X-Rate-Limit-Limit, -Remaining, -Window
 * (seconds). What is no sensible number is as absent. After remaining 0 (told, or counted down
 * by requests under way) nothing is sent for a window from when it was told.
 */
void budget_told(struct budget *b, const char *limit, const char *remaining,
		 const char *window, int64_t now_ms);

/* The number of such a header, of a limit or of what remains; -1 where it is no sensible one. */
int64_t budget_read(const char *header);

/* Whether the vendor has said that half of the limit or more is left. */
bool budget_has_plenty(const struct budget *b);

/* No request for so long; at most BUDGET_MAX_WAIT_MS. A longer wait at hand stands. */
void budget_block(struct budget *b, int64_t wait_ms, int64_t now_ms);

/*
 * After a restart: bring times of another run to this one's clock and assume the worst.
 * shift_ms is added to every time. What lies in the future by more than it can is cut: whenever a
 * penalty was told, it lasts no longer from now on than it did then. One request more than
 * recorded is assumed to have been sent just now.
 */
void budget_resume(struct budget *b, int64_t shift_ms, int64_t now_ms);

#endif
