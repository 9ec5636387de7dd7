/* The vendor's API over HTTP. A request passes, in this order: the path, the access token, the
 * limit of its group, the faults that were asked for, and only then what it asks for itself.
 * endpoint.h has what there is to ask for, rules.h how the vendor behaves, fault.h what may go
 * wrong. Anything else is 404 CMN-120.
 *
 * Source  api.md */
#ifndef SIM_VENDOR_H
#define SIM_VENDOR_H

#include <stdint.h>
#include <stdio.h>
#include <uv.h>

#include "sim/account.h"
#include "sim/dice.h"
#include "sim/exchange.h"
#include "sim/fault.h"
#include "sim/misbehave.h"
#include "sim/roster.h"
#include "sim/rules.h"

struct server_request;
struct trace;

struct vendor {
	struct rules rules;
	struct roster roster;
	struct faults faults;
	struct sender sender;
	struct dice dice;    /* for faults by chance */
	struct trace *trace; /* borrowed; NULL: no log */
	struct hook *hook;   /* the receiver of webhooks; borrowed */
	FILE *deliveries; /* where it writes a line for each; borrowed, NULL: nowhere */
	uint64_t n_requests;
	uint32_t stamp; /* of the last packed body, where they vary */
	/* A request was answered, and the answer will not change any more. May not change faults.
	 * NULL: nobody wants to know. */
	void (*on_asked)(const struct asked *asked, void *data);
	void *data;
};

/* base_url is the server's. rules begin as rules_init() has them, without an account. */
void vendor_init(struct vendor *v, uv_loop_t *loop, const char *base_url, uint64_t seed,
		 struct trace *trace);
/* Before the server is closed: answers that wait are sent. */
void vendor_stop(struct vendor *v);
void vendor_clear(struct vendor *v); /* after it is closed */

/* Answer one request. */
void vendor_request(struct vendor *v, struct server_request *req);

#endif
