/* A receiver of webhooks: checks each as Standard Webhooks asks, and remembers what came under
 * which id.
 *
 * Source: github.com/standard-webhooks/standard-webhooks, spec */
#ifndef SIM_HOOK_H
#define SIM_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct hook;
struct server_request;

#define HOOK_TOLERANCE_S 300

/* What is to be said of one delivery. */
struct hook_delivery {
	char *id;             /* webhook-id; NULL: it has none */
	char *type, *subject; /* of the CloudEvent; NULL: none */
	uint64_t attempt;     /* under this id, from 1; 0 without an id */
	const char
		*signature; /* "good", "bad", "missing", or "unchecked" without a key */
	const char *timestamp; /* "good", "bad" (too far from now), or "missing" */
	/* "new", "same" (byte for byte as it first came under this id), "changed", or "unknown"
	 * without an id. */
	const char *body;
	size_t bytes;
};

/* secrets are "whsec_..." texts; any of them may have signed. Returns 0 or ERR_CONFIG. */
int hook_open(const char *const *secrets, size_t n_secrets, struct hook **out,
	      struct err *err);
void hook_close(struct hook *h);

/* One request has come; at_ms is UTC. */
void hook_take(struct hook *h, const struct server_request *req, int64_t at_ms,
	       struct hook_delivery *out);
void hook_delivery_clear(struct hook_delivery *d);
/* Whether a good receiver takes it: else 401. */
bool hook_accepts(const struct hook_delivery *d);

/* One line for people and for grep. status 0: there was no answer; fault NULL: none. */
void hook_print(FILE *out, const struct hook_delivery *d, int64_t at_ms, int status,
		const char *fault);

#endif
