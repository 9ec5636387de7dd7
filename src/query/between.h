/* What of the fleet differs between two moments. */
#ifndef QUERY_BETWEEN_H
#define QUERY_BETWEEN_H

#include <jansson.h>

#include "query/past.h"
#include "store/store.h"

/* A device at one of them. */
struct between_state {
	bool there; /* else it was not in the fleet, and has neither of the next two */
	enum device_status status;
	enum status_why why;
	int64_t since_ms; /* there or not; 0: nobody knows */
};

struct between_device {
	const struct store_account *account;
	const struct store_device *device;
	json_t *facts;
	struct between_state before, after;
};

struct between {
	/* Asked for. */
	int64_t first_ms, second_ms; /* first < second <= now */
	char *const *matches;        /* model/match.h */
	size_t n_matches;
	/* For each device that differs, by account and id; all is borrowed for the call. */
	void (*each)(const struct between_device *b, void *arg);
	/* NULL, or told now and then how many devices have been looked at. */
	void (*on_progress)(int64_t n, void *arg);
	void *arg;

	/* The answer: of so many devices nobody knows how they were, as nobody looked. */
	int64_t n_unobserved_first, n_unobserved_second;
};

/* Returns 0 or ERR_STORE. */
int between_run(struct between *b, struct store_conn *c, int64_t now_at_ms,
		struct err *err);

/*
 * Shape  {"device": {as in an event}, "before", "before_why", "after", "after_why", "since"}:
 *        before and after are null where the device was not in the fleet, since is when what came
 *        after began, or null where nobody knows
 * Returns a new object, the caller's.
 */
json_t *between_object(const struct between_device *b);

#endif
