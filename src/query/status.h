/* How the devices are, or were: what is stored of each, and whether that may still be believed. */
#ifndef QUERY_STATUS_H
#define QUERY_STATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "query/past.h"
#include "store/store.h"

/* A device now, or at another time: then its facts are still those of now, and what is not known
 * of that time is not there. All is borrowed for the call that shows it. */
struct status {
	const struct store_account *account;
	const struct store_device *device; /* doc is NULL */
	json_t *facts; /* NULL where walk->without_facts; device has their text */
	enum device_status status; /* DEVICE_UNKNOWN for each WHY but WHY_NONE */
	enum status_why why;
	enum device_status last; /* the last that was not Unknown; Unknown: none yet */
	int64_t since_at_ms; /* status has been so since, at each look: the last transition
				  * or first sight; where we see it no more, when we last
				  * did; 0: nobody knows */
	int64_t unobserved_ms; /* of the time since then, without a look; what it was then
				  * meanwhile, nobody knows. Of one that we see no more 0 */
};

/* Fill in all of s but account, device and facts, which are there, and unobserved_ms: as it is now.
 * One that was removed is not_listed since then. */
void status_judge(struct status *s, int64_t now_at_ms);
/* Whether the last lists show it as it is said to be, if only without a status. */
bool status_is_seen(const struct status *s);
/* Fill in unobserved_ms, from the account's gaps and those of the device, for which there is room to
 * be used again. Returns 0 or ERR_STORE. */
int status_look_back(struct status *s, struct store_conn *c,
		     const struct store_gaps *of_account, struct store_gaps *of_device,
		     int64_t now_at_ms, struct err *err);

/* Who looks for those that are offline must hear of those that may be: Offline and Unknown. */
enum status_which { STATUS_ALL, STATUS_NOT_ONLINE };

/* A walk over the devices by account and id. All zero but which, at_ms and matches to begin
 * with. */
struct status_walk {
	enum status_which which;
	int64_t at_ms; /* as they were then, not later than now; 0: as they are now */
	bool without_facts;   /* they are not needed as JSON: a third of the time */
	char *const *matches; /* model/match.h; borrowed */
	size_t n_matches;
	struct store_account *accounts;
	size_t n_accounts, at;
	char *after; /* id of the last device looked at */
	/* Private. */
	struct store_gaps gaps; /* of the account at hand; gaps_of it */
	int64_t gaps_of;
	struct past past;
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
/* At the end of a walk: how many of the accounts that are meant nobody watches now, whether or not a
 * device of theirs has ever been seen; and one of them, the walk's; NULL where there is none. */
size_t status_unwatched(const struct status_walk *walk, int64_t now_at_ms,
			const struct store_account **one);
void status_walk_clear(struct status_walk *walk);

/* What people call it: its name, else its serial, else its id; the caller's. */
char *status_device_name(const struct status *s);

/*
 * Shape  {"device": {as in an event}, "status", "why", "last_status", "since", "not_before",
 *         "observed_at", "last_location_report_time", "unobserved_ms"}; null is what is not known, or
 *         does not apply
 * Returns a new object, the caller's.
 */
json_t *status_object(const struct status *s);

/* "unobserved_ms" of it. */
void status_member_unobserved(json_t *object, const struct status *s);

/* The same as compact text, without facts; the caller's. */
char *status_text(const struct status *s);

#endif
