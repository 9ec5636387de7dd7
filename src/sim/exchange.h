/* One request on its way: what is asked, by whom, and the answer in the making. */
#ifndef SIM_EXCHANGE_H
#define SIM_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/endpoint.h"
#include "sim/hook.h"
#include "sim/limit.h"
#include "sim/reply.h"

struct account;
struct app;
struct fault;
struct limits_group;
struct server_request;

/* What faults choose by. */
struct asked {
	enum endpoint endpoint;
	struct endpoint_part ids;      /* in the path */
	const struct account *account; /* NULL: nobody knows whose it is */
	unsigned page;                 /* of a list, 0 elsewhere */
	int64_t now_ms;
};

/* How a list or a bulk answer is wrong; all zero: it is not. */
struct lie {
	bool total_is; /* total is claimed */
	uint64_t total;
	bool repeat;    /* the page begins with the last record of the page before */
	bool skip;      /* its first record is missing */
	bool empty;     /* it has no records */
	bool parts_are; /* a bulk answer ends after so many */
	uint64_t parts;
	bool other_boundary, unclosed;
	const char *part_id,
		*part_code; /* the part of an id is this error; NULL: none is */
};

struct exchange {
	struct server_request *req;
	struct asked asked;
	struct account *account;
	struct app *app; /* of a token request; NULL: none or unknown */
	unsigned per_page;
	struct limits_group *group; /* NULL: not counted */
	struct limit_verdict verdict;
	const struct fault *fault; /* NULL: none */
	bool limited;              /* refused for its rate */
	bool fresh; /* the body will be changed: written anew, not packed */
	struct lie lie;
	struct hook_delivery delivery; /* of a webhook */
	struct reply reply;
};

#endif
