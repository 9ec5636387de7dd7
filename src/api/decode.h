/* Vendor JSON -> our device. Pure. Lenient where vendors drift (unknown members are kept, no
 * status is DEVICE_UNKNOWN), strict where we would lie (a record without an id is refused). */
#ifndef API_DECODE_H
#define API_DECODE_H

#include <stddef.h>

#include "base/err.h"
#include "model/device.h"

/* Part of every record's digest: a new number makes every record be read anew. Raise it where
 * the same bytes decode to something else than before. */
#define DECODE_VERSION 2

#define DECODE_MAX_BYTES    (256u * 1024) /* of a record; the largest known has 4 KB */
#define DECODE_MAX_ID_BYTES 128

/*
 * Decode one record of the device list.
 *
 * Shape   {"id": "228113008", "name": "Lobby phone", "status": "Online", ...}
 * Source  ringcentral/api.md section 9; samples in tests/data/ringcentral
 *
 * into    gets its own copy of everything; device_clear() frees it. Unchanged on error.
 * record  UTF-8 JSON object, len bytes, no NUL needed; borrowed for the call.
 *
 * An id that is a whole number becomes its decimal text. Known members of a wrong type and nulls
 * count as absent. A status that is no text is Unknown under its JSON text.
 *
 * Returns 0 or ERR_FORMAT: not JSON, too large or too deep, a number beyond int64 or double, a
 * NUL escape, a lone surrogate, or no usable id; err names it, as in "id: missing".
 */
int decode_device(struct device *into, const char *record, size_t len, struct err *err);

/* The value of a member "id" as text, the caller's; NULL with err where it is none. */
char *decode_id(const json_t *id, struct err *err);

#endif
