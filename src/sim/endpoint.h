/* What can be asked for: one row each. Pure.
 *
 * Source  api.md section 4 */
#ifndef SIM_ENDPOINT_H
#define SIM_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

enum endpoint {
	ENDPOINT_TOKEN,
	ENDPOINT_REVOKE,
	ENDPOINT_LIST,
	ENDPOINT_DEVICE,
	ENDPOINT_EXTENSIONS,
	ENDPOINT_EXTENSION_DEVICES,
	ENDPOINT_WEB_PHONES,
	ENDPOINT_STATUS,
	ENDPOINT_VERSIONS,
	ENDPOINT_HOOK, /* not of the vendor: takes webhooks */
	ENDPOINT_N,
	ENDPOINT_OTHER = ENDPOINT_N, /* any other path */
	ENDPOINT_ANY,                /* of choices: all of the vendor's */
};

struct endpoint_row {
	const char *name; /* as scripts call it */
	const char *method;
	const char *path;  /* ACCOUNT and IDS stand for one segment */
	const char *group; /* in whose rate limit it counts at first; NULL: none */
	bool needs_token;
	const char *permission; /* that the user needs; NULL: none, or not known */
};
extern const struct endpoint_row endpoints[ENDPOINT_N];

/* Part of a path; borrowed. */
struct endpoint_part {
	const char *text; /* NULL: the path has none */
	size_t len;
};

/* Which one a request is for, and what stands in its path. */
enum endpoint endpoint_of(const char *method, const char *path,
			  struct endpoint_part *account, struct endpoint_part *ids);

/* By its name, "any" too; ENDPOINT_OTHER where there is none. */
enum endpoint endpoint_find(const char *name);

#endif
