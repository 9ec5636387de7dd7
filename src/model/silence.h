/* A silence: alerts that somebody does not want to be told of for a time. */
#ifndef MODEL_SILENCE_H
#define MODEL_SILENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/window.h"

#define SILENCE_NO_END INT64_MAX

struct silence {
	int64_t id; /* from 1 on, never used twice */
	/* Of which alerts: those for which all matches hold ("KEY=PATTERN", as match.h has them, and
	 * "kind=PATTERN"), or the one with this key, until it is resolved. */
	char **matches;
	size_t n_matches;
	char *key; /* else NULL */
	int64_t from_at_ms;
	int64_t until_at_ms; /* SILENCE_NO_END: until it is removed, or its alert resolved */
	bool recurs;         /* only within this window */
	struct window every;
	char *reason; /* NULL: none was given */
	char *by;     /* who made it: a user's name or number */
	int64_t made_at_ms;
	int64_t ended_at_ms; /* before its time; 0: it was not */
	char *ended_by;      /* who removed it; NULL: its alert was resolved */
};

/* Free what it holds; ready for reuse. */
void silence_clear(struct silence *s);

/* Whether the text is "KEY=PATTERN" with a known key: those of match.h, and kind. */
bool silence_match_is_valid(const char *text);

/* Whether it will never be in force again. */
bool silence_is_over(const struct silence *s, int64_t at_ms);
/* Whether it is in force; if so *until_ms is when it ends, at least for now, as far as that is known
 * beforehand: SILENCE_NO_END. */
bool silence_is_in_force(const struct silence *s, int64_t at_ms, int64_t *until_ms);
/* When it begins or ends next, after that time; SILENCE_NO_END: never, as far as that is known. */
int64_t silence_next_ms(const struct silence *s, int64_t after_ms);

#endif
