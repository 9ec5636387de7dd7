/* Devices that have been no use for long: candidates for a clearance. */
#ifndef QUERY_STALE_H
#define QUERY_STALE_H

#include <jansson.h>

#include "query/status.h"
#include "store/store.h"

struct stale_device {
	const struct status *status;
	bool offline;      /* Offline at each look for so long */
	bool never_online; /* first seen so long ago, and never seen online */
	bool silent;       /* its last location report is so old */
	int64_t first_seen_ms;
	int64_t last_online_ms; /* it was online until then, or is; 0: never */
};

struct stale {
	int64_t older_ms;
	char *const *matches; /* model/match.h */
	size_t n_matches;
	/* For each that is, by account and id; all is borrowed for the call. */
	void (*each)(const struct stale_device *s, void *arg);
	/* NULL, or told now and then how many devices have been looked at. */
	void (*on_progress)(int64_t n, void *arg);
	void *arg;
};

/* Of the devices that are listed. Returns 0 or ERR_STORE. */
int stale_run(const struct stale *s, struct store_conn *c, int64_t now_at_ms,
	      struct err *err);

/*
 * Shape  {"device": {as in an event}, "reasons": ["offline", "never_online", "no_location"],
 *         "status", "why", "since", "first_seen_at", "last_online_at",
 *         "last_location_report_time", "unobserved_ms"}
 * Returns a new object, the caller's.
 */
json_t *stale_object(const struct stale_device *s);

#endif
