/* The vendor's API over HTTP: tokens, the device list, rate limits, and faults on demand.
 *
 *   POST /restapi/oauth/token    POST /restapi/oauth/revoke
 *   GET  /restapi/v1.0/account/~/device?page=&perPage=
 *
 * Anything else is 404 CMN-120. A request passes, in this order: the path, the access token, the
 * limit of its group, the faults that were asked for, and only then what it asks for itself.
 * Source  api.md */
#ifndef SIM_VENDOR_H
#define SIM_VENDOR_H

#include <stdint.h>
#include <uv.h>

#include "sim/oauth.h"

struct fault;
struct server_request;
struct trace;
struct vendor;
struct world;

#define VENDOR_GROUP_BYTES  32
#define VENDOR_PER_PAGE_MAX 1000

enum vendor_gzip {
	VENDOR_GZIP_SAME, /* the same bytes for the same page */
	VENDOR_GZIP_VARY, /* other bytes each time, as a front end that streams sends them */
	VENDOR_GZIP_OFF,
};

struct vendor_config {
	struct oauth_config oauth;
	const char *base_url;   /* of the server; copied */
	const char *list_group; /* rate group of the device list; copied */
	int64_t penalty_ms;
	unsigned
		per_page_max; /* a larger perPage is taken as this; 1 to VENDOR_PER_PAGE_MAX */
	enum vendor_gzip gzip;
};

/* loop, world and trace (which may be NULL) are borrowed and outlive us. The groups light,
 * medium, heavy and auth have the vendor's default limits. */
struct vendor *vendor_create(uv_loop_t *loop, struct world *world, struct trace *trace,
			     const struct vendor_config *config);
void vendor_destroy(struct vendor *v); /* after the server is closed */

/* Answer one request. */
void vendor_request(struct vendor *v, struct server_request *req);

/* Lists that were answered well so far. */
uint64_t vendor_n_lists(const struct vendor *v);

/* The limit of a group from now on; what was counted and any penalty are forgotten. */
void vendor_set_limit(struct vendor *v, const char *group, unsigned max,
		      int64_t window_ms);
void vendor_take_fault(struct vendor *v, struct fault *fault); /* takes all of *fault */
void vendor_clear_faults(struct vendor *v);
struct oauth *vendor_oauth(struct vendor *v);

#endif
