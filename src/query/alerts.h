/* Alerts: what is wrong now, and the story of one of them. */
#ifndef QUERY_ALERTS_H
#define QUERY_ALERTS_H

#include <jansson.h>
#include <stdint.h>

#include "store/store.h"

/* An alert, its account, and the name of the device or site that it is about; NULL: none. */
struct alert_row {
	struct alert alert;
	char *account, *name;
};
struct alert_rows {
	struct alert_row *all;
	size_t n, cap;
};

/* All of these are part of a read of the caller's, and return 0 or ERR_STORE. */

/* Those that are pending or firing; a member of an outage is told with it, and is left out.
 * alerts_clear() frees them. */
int alerts_load(struct store_conn *c, struct alert_rows *into, struct err *err);
/* All that have, or had, this key, members too, in the order in which they began. */
int alerts_find(struct store_conn *c, const char *key, struct alert_rows *into,
		struct err *err);
void alerts_clear(struct alert_rows *rows);
void alerts_remove(struct alert_rows *rows, size_t i);

/*
 * Shape  {"key", "kind", "state", "severity", "since", "count", "silenced_by", "account", "name",
 *         "rule", "fired_at", "resolved_at", "reason", "reminders"}
 * Returns a new object, the caller's.
 */
json_t *alerts_object(const struct alert_row *row);

/* ---- the story of one ---- */

/* What was seen, and what came of it. */
struct alert_step {
	int64_t at_ms;
	int64_t not_before_ms; /* of what was seen; else 0 */
	char text[160];
};
/* One that was told, or is to be. */
struct alert_hearer {
	char *sink;
	const char *what; /* "firing", "resolved" */
	enum delivery_state state;
	int64_t ended_at_ms; /* 0 while pending */
};
struct alert_story {
	struct alert_step *steps; /* by time */
	size_t n_steps, steps_cap;
	struct alert_hearer *hearers;
	size_t n_hearers, hearers_cap;
	const char *held; /* what holds it now; NULL: nothing */
	/* Where a time is all that holds it: how long, and until when at least; else 0. */
	int64_t hold_ms, due_at_ms;
	char *part_of; /* the key of the outage that it is a member of; NULL */
	struct alert_rows members; /* of an outage: those that are offline still */
};

/* into is all zero at first; alerts_story_clear() frees it. */
int alerts_explain(struct store_conn *c, const struct alert_row *row,
		   struct alert_story *into, struct err *err);
void alerts_story_clear(struct alert_story *story);
/*
 * Shape  alerts_object() and {"steps": [{"at", "not_before", "text"}], "told": [{"sink", "what",
 *        "state", "ended_at"}], "held_by", "hold_ms", "due_at", "part_of", "members": ["KEY", ...]}
 */
json_t *alerts_story_object(const struct alert_row *row, const struct alert_story *story);

#endif
