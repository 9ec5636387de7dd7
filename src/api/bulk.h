/* The answer to one request for several resources, and its parts. Pure.
 *
 * Shape   [{"resourceId": "400131010", "status": 200, "body": {...}}, ...]; or MIME parts, the
 *         first {"response": [{"href", "status"}, ...]}, then one for each of these, in order;
 *         or, where one was asked for, its body alone
 * Source  ringcentral/api.md section 5; samples in tests/data/ringcentral (bulk_*)
 *
 * Published examples of the MIME form are malformed: the boundary changes on the way, or the
 * closing one is missing. So a part ends where its JSON ends, and what the boundary is does not
 * matter. */
#ifndef API_BULK_H
#define API_BULK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define BULK_PARTS_MAX 100

struct bulk_part {
	char id[40];      /* of the resource; "" where it is not said */
	long status;      /* 0: none that is a number */
	const char *body; /* an object, within the answer's text; NULL: none */
	size_t len;
};

struct bulk {
	struct bulk_part parts[BULK_PARTS_MAX];
	size_t n;
};

/*
 * text  len bytes, borrowed as long as the parts are used.
 * id    the only one that was asked for, to whom a body alone belongs; NULL: there were several
 *
 * Returns 0 or ERR_FORMAT: none of these forms, cut off, or more parts than were ever asked for.
 */
int bulk_read(struct bulk *out, const char *text, size_t len, const char *id,
	      struct err *err);

/* The part of this id, the first where there are several; NULL: there is none. */
const struct bulk_part *bulk_find(const struct bulk *b, const char *id);

#endif
