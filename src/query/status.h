/* How the devices are: what is stored of each, and whether that may still be believed. */
#ifndef QUERY_STATUS_H
#define QUERY_STATUS_H

#include <jansson.h>
#include <stdint.h>

#include "store/store.h"

/* Why a status is Unknown. */
enum status_why {
	WHY_NONE,       /* it is not */
	WHY_NO_STATUS,  /* the vendor gives none, or a word that we do not understand */
	WHY_NOT_LISTED, /* the last whole list lacked the device */
	WHY_UNOBSERVED, /* we do not look: see accounts_is_observed(); or its page, or its
			 * record, has not been readable for three intervals */
};

/* A device now. All is borrowed for the call that shows it. */
struct status {
	const struct store_account *account;
	const struct store_device *device; /* doc is NULL */
	json_t *facts;
	enum device_status status; /* DEVICE_UNKNOWN for each WHY but WHY_NONE */
	enum status_why why;
	enum device_status last; /* the last that was not Unknown; Unknown: none yet */
	int64_t since_at_ms;     /* status has been so since: the last transition or first
				  * sight; where we see it no more, when we last did */
};

enum status_which { STATUS_ALL, STATUS_OFFLINE };

/* A walk over the devices by account and id. All zero but which and matches to begin with. */
struct status_walk {
	enum status_which which;
	char *const *matches; /* model/match.h; borrowed */
	size_t n_matches;
	struct store_account *accounts;
	size_t n_accounts, at;
	char *after; /* id of the last device looked at */
};

/*
 * Look at the next few hundred devices; call each for those that are meant.
 *
 * It is a read of its own: nothing is held open between two calls, however long the owner takes
 * to write what it got.
 *
 * Returns 1 while there is more, 0 at the end, or ERR_STORE.
 */
int status_next(struct status_walk *walk, struct store_conn *c, int64_t now_at_ms,
		void (*each)(const struct status *s, void *arg), void *arg,
		struct err *err);
void status_walk_clear(struct status_walk *walk);

/* "no_status", "not_listed", "unobserved"; NULL for WHY_NONE. */
const char *status_why_name(enum status_why why);

/*
 * Shape  {"device": {as in an event}, "status", "why", "last_status", "since", "not_before",
 *         "observed_at", "last_location_report_time"}
 * Returns a new object, the caller's.
 */
json_t *status_object(const struct status *s);

#endif
