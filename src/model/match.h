/* Which devices and events somebody means: shell patterns over a few facts. Pure. */
#ifndef MODEL_MATCH_H
#define MODEL_MATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether the text is "KEY=PATTERN" with a known key: account site type model device name. */
bool match_is_valid(const char *text);

/*
 * Whether all of n valid matches hold for this device. A pattern is fnmatch(3)'s; one for a fact
 * that is absent holds only where it matches the empty text.
 * device_id  NULL where it is not about a device: then only account= is asked, and of the others those
 *            that are among the facts, as the site of a site
 * facts      NULL for none
 */
bool match_all(char *const *matches, size_t n, const char *account, const char *device_id,
	       const json_t *facts);
/* Whether none of them would be left out. */
bool match_asks_all(char *const *matches, size_t n, const char *device_id,
		    const json_t *facts);

#endif
