/* Time: the two clocks, and the texts of times and durations.
 *
 * at_ms   UTC milliseconds since 1970, for what is stored or told
 * now_ms  the monotonic clock, for how long to wait
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT_BYTES 40

/* 0000-01-01 and 9999-12-31: what a four-digit year can say. */
#define CLOCK_MIN_MS INT64_C(-62167219200000)
#define CLOCK_MAX_MS INT64_C(253402300799999)

int64_t clock_utc_ms(void);
int64_t clock_mono_ms(void);

#define CLOCK_SET_MS 5000

/* Whether somebody has set the clock. Zeroed before its first use. */
struct clock_watch {
	bool begun;
	int64_t offset_ms; /* of UTC from the monotonic clock */
	int64_t set_ms;    /* by how much it has been set altogether */
};

/* Look now; often, since a clock that is slewed is not set. Returns by how much it was set since
 * the last look: 0, or more than CLOCK_SET_MS forward or (negative) back. A pause of the whole
 * machine looks like a clock that is set forward. */
int64_t clock_watch_look(struct clock_watch *w, int64_t at_ms, int64_t now_ms);

/* "2026-11-22T18:01:02.345Z" (RFC 3339, UTC, milliseconds). Times outside the limits are cut. */
void clock_format(char out[CLOCK_TEXT_BYTES], int64_t at_ms);

/*
 * Read an ISO 8601 date and time.
 *
 * Shape   YYYY-MM-DDThh:mm:ss[.f...][Z|+hh:mm|+hhmm|-hh:mm|-hhmm]; 't', 'z' and a blank for 'T'
 *         too. Without a zone it is UTC. Second 60 is the next second. Digits of the fraction
 *         beyond milliseconds are cut.
 * Source  ringcentral api-docs objects.md; RFC 3339
 *
 * Returns 0 or ERR_FORMAT: a bare date, nonsense, or a day that no calendar has.
 */
int clock_parse(const char *text, int64_t *at_ms);

/*
 * Read a duration: a whole number and a unit, ms, s, m, h or d: "60s", "1h".
 * Returns 0, or ERR_FORMAT where it is none or beyond int64.
 */
int clock_parse_duration(const char *text, int64_t *ms);

/* Short text of a duration for people: "340 ms", "40 s", "23 min", "5 h 10 min", "3 d 4 h". */
void clock_format_duration(char out[CLOCK_TEXT_BYTES], int64_t ms);

#endif
