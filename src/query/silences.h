/* The silences that are not over. */
#ifndef QUERY_SILENCES_H
#define QUERY_SILENCES_H

#include <jansson.h>

#include "model/silence.h"

/*
 * Shape  {"id", "match": ["KEY=PATTERN", ...], "key", "from", "until", "every", "reason", "by",
 *         "made_at"}; key: of the only alert it is of, else null; until: null where it has no end;
 *        every: null where it is in force all the time from the one to the other
 * Returns a new object, the caller's.
 */
json_t *silences_object(const struct silence *s);

#endif
