/* The devices that somebody means. */
#ifndef QUERY_LOOKUP_H
#define QUERY_LOOKUP_H

#include <jansson.h>
#include <stdbool.h>

#include "store/store.h"

/*
 * Call each for the devices that text names, removed ones too: those with this id; where there is
 * none, all whose serial number (whatever separates its digits), extension number, phone number
 * (whatever is between its digits) or name (in any case) it is. Account, device and its doc and
 * facts are borrowed for the call.
 *
 * Returns how many, or ERR_STORE.
 */
int lookup_devices(struct store_conn *c, const char *text,
		   void (*each)(const struct store_account *a,
				const struct store_device *d, void *arg),
		   void *arg, struct err *err);

/* Whether text is one of the facts; see above. Pure. */
bool lookup_fits(const char *text, const json_t *facts);

#endif
