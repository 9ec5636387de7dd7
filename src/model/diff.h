/* How two records of the same device differ. Pure. */
#ifndef MODEL_DIFF_H
#define MODEL_DIFF_H

#include <jansson.h>

/*
 * The told fields that differ, by name. Not the status or the last location report: these are
 * compared where they stand. Unknown members and uri never count.
 *
 * Shape  [{"field": "emergency.address_status", "from": "Valid", "to": "Invalid"}, ...];
 *        null for absent; "personal": true beside them where the values are personal data
 * Returns a new array, the caller's; empty where nothing differs.
 */
json_t *diff_records(const json_t *from, const json_t *to);

#endif
