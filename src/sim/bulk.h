/* One answer to many ids: HTTP 207 in the vendor's two forms. Pure.
 *
 * Source  api.md section 5 */
#ifndef SIM_BULK_H
#define SIM_BULK_H

#include <stddef.h>

#include "base/buf.h"
#include "sim/endpoint.h"

struct lie;
struct reply;

/* What one id is answered with. */
struct bulk_part {
	struct endpoint_part id; /* borrowed */
	char *href;
	int status;
	struct buf body; /* JSON */
};

struct bulk {
	struct bulk_part *parts;
	size_t n, cap;
};

enum bulk_form { BULK_JSON, BULK_MULTIPART };

/* One part more, to be filled in. */
struct bulk_part *bulk_add(struct bulk *bulk, struct endpoint_part id);
void bulk_clear(struct bulk *bulk);

/* Make the answer of it. */
void bulk_answer(const struct bulk *bulk, enum bulk_form form, const struct lie *lie,
		 struct reply *reply);

/* The next of the ids between commas, *at bytes into them; its text is NULL behind the last. */
struct endpoint_part bulk_next_id(const struct endpoint_part *ids, size_t *at);
size_t bulk_count_ids(const struct endpoint_part *ids);

#endif
