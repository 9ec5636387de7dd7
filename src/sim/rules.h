/* How the vendor behaves: one table of rules, each with a name, which is an option and a command
 * at the same time, and a value. Pure.
 *
 * Source  api.md sections 3, 5, 8 and 11 */
#ifndef SIM_RULES_H
#define SIM_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/endpoint.h"
#include "sim/token.h"

struct err;
struct words;

#define RULES_GROUP_BYTES 32

enum rules_gzip {
	RULES_GZIP_SAME, /* the same bytes for the same page */
	RULES_GZIP_VARY, /* other bytes each time, as a front end that streams sends them */
	RULES_GZIP_OFF,
};

/* The headers X-Rate-Limit-... */
enum rules_headers {
	RULES_HEADERS_USUAL,
	RULES_HEADERS_JOINED, /* X-RateLimit-... */
	RULES_HEADERS_LOWER,  /* x-rate-limit-... */
	RULES_HEADERS_NONE,
	RULES_HEADERS_GARBAGE, /* with values that nobody can use */
	RULES_HEADERS_TWICE,   /* those of another group as well */
};

enum rules_retry_after {
	RULES_RETRY_AFTER_SECONDS,
	RULES_RETRY_AFTER_DATE,
	RULES_RETRY_AFTER_NONE,
};

struct rules {
	struct token_rules token;
	char groups[ENDPOINT_N][RULES_GROUP_BYTES]; /* of each endpoint; "": none */
	int64_t penalty_ms;
	enum rules_headers headers;
	enum rules_retry_after retry_after;
	unsigned per_page_max;
	enum rules_gzip gzip;
	unsigned bulk_max;    /* ids in one bulk request */
	bool bulk_json;       /* the JSON form is given to who asks for it */
	bool bulk_costs_each; /* a bulk request counts as often as it has ids */
	bool receive;         /* take webhooks */
};

struct rule_row {
	const char *name;
	const char *value; /* its form */
	const char *help;  /* with the default in parentheses */
	/* Read the value. Returns 0 or ERR_FORMAT. */
	int (*set)(struct rules *rules, struct words *w, struct err *err);
};
extern const struct rule_row rule_rows[];
extern const size_t rules_n;

void rules_init(struct rules *rules);
const struct rule_row *rules_find(const char *name);

#endif
