/* As how many requests the vendor counts one for the devices of several extensions: as one, or each
 * of them. Pure.
 *
 * Source  ringcentral/api.md section 5: not known; "watch how X-Rate-Limit-Remaining falls".
 *
 * Each of them is assumed. That it is one, an answer proves whose headers tell that less has been
 * used of the limit than there were ids in the request. Whoever has believed it and is refused, or
 * sees much more used up than was sent, was wrong, or the vendor has changed its mind: then it is
 * not believed again for an hour. */
#ifndef API_COST_H
#define API_COST_H

#include <stdbool.h>
#include <stdint.h>

#define COST_DOUBT_MS 3600000

struct cost {
	bool once;
	int64_t doubted_until_ms; /* 0: not */
};

/* What an answer to a request for n ids said; -1: nothing. */
struct cost_answer {
	int64_t n;
	int64_t limit, remaining;
	int64_t expected; /* what had to remain, were the request one, and nobody else there */
};

enum cost_change { COST_SAME, COST_IS_ONCE, COST_IS_EACH };

void cost_init(struct cost *c);
/* As how many requests one for n ids counts, for all that is known. */
int64_t cost_of(const struct cost *c, int64_t n);

enum cost_change cost_learn(struct cost *c, const struct cost_answer *a, int64_t now_ms);
/* A request for several was refused as one too many. */
enum cost_change cost_refused(struct cost *c, int64_t now_ms);

#endif
