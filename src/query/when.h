/* Times as people write them, and as they like to read them. The zone is the process's. */
#ifndef QUERY_WHEN_H
#define QUERY_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

/*
 * Read a time.
 *
 * Shape  "2026-11-22T18:01:02Z" (RFC 3339, always with its zone), "2026-11-22 19:01:02",
 *        "2026-11-22 19:01" (by the clock here), "19:01:02", "19:01" (today's), "2026-11-22
 *        19:01:02 +0100", which are as tables show them; "2026-11-22" (midnight here),
 *        "today", "yesterday" (their midnight here), "monday" (that of the last one that has
 *        begun; all days of the week), "now", "-2h" (so long before now)
 *
 * Returns 0, or ERR_FORMAT with what is wrong with it.
 */
int when_parse(const char *text, int64_t now_at_ms, int64_t *at_ms, struct err *err);

/* "2026-11-22 19:01:02", in the local zone. */
void when_format(char out[CLOCK_TEXT_BYTES], int64_t at_ms);

/* The same with the zone's offset, "2026-11-22 19:01:02 +0100": for times between which it changes. */
void when_format_zoned(char out[CLOCK_TEXT_BYTES], int64_t at_ms);
/* Whether the local zone's offset is the same at both. */
bool when_is_one_offset(int64_t at_ms, int64_t other_at_ms);

/* The same without seconds; of the day of now_at_ms only "19:01:02". */
void when_format_short(char out[CLOCK_TEXT_BYTES], int64_t at_ms, int64_t now_at_ms);

#endif
