/* Which requests something happens to. Pure.
 *
 * Shape   [on ENDPOINT|any] [id ID] [page N] [after N requests] [every N] [chance P%]
 *         [times N|always] [for DURATION]
 *         Without words: the next request for the list, once. With every, chance or for: always,
 *         unless times says how often. */
#ifndef SIM_CHOICE_H
#define SIM_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/endpoint.h"

struct account;
struct asked;
struct dice;
struct err;
struct words;

#define CHOICE_ALWAYS   UINT64_MAX
#define CHOICE_ID_BYTES 32

extern const char choice_help[];

struct choice {
	enum endpoint on;
	const struct account *of; /* borrowed; NULL: of any */
	char id[CHOICE_ID_BYTES]; /* among those in the path; "": any */
	unsigned page;            /* of a list; 0: any */
	uint64_t after;           /* so many requests are spared first */
	uint64_t every;           /* of those that follow, each of so many */
	uint64_t times;           /* that are left; CHOICE_ALWAYS */
	double chance;            /* that one is hit */
	int64_t until_ms;         /* monotonic; INT64_MAX: for ever */
	uint64_t seen;            /* requests that fit, so far */
};

/* Read its words, which may be none. Returns 0 or ERR_FORMAT. */
int choice_read(struct choice *into, struct words *w, const struct account *of,
		int64_t now_ms, struct err *err);

/* Count a request that fits; whether it is one of the chosen. */
bool choice_takes(struct choice *c, const struct asked *asked, struct dice *dice);
/* It was used once more. */
void choice_spend(struct choice *c);
/* Nothing will ever be chosen any more. */
bool choice_is_over(const struct choice *c, int64_t now_ms);

#endif
