/* How available devices were over a time, each by itself or in groups.
 *
 * The counting rule: time counts as online, offline or unknown as it was observed; a status lasts
 * until another was observed, and a gap of ours is unknown. Availability is online / (online +
 * offline). At least it was so much, if all unknown time was offline, and so was all time in which
 * the status may have changed already, as it may have since the last look; at most, if both were
 * online. An outage begins with Offline
 * and ends with Online, or where the device leaves the list; unknown time does not end it, and is
 * no part of it. It counts where offline time of it lies in the range, and with as much as does.
 *
 * A day (of UTC) counts under the site and model that the device had when the day was summed up,
 * soon after its end; what has not been, under those that it has now, or had last. In a group that
 * it left an outage ends with that. A device is called by its name of now. */
#ifndef QUERY_REPORT_H
#define QUERY_REPORT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "model/tally.h"
#include "store/store.h"

/* 0 to 1; negative without coverage. */
double report_availability(const struct tally *t);
double report_availability_min(const struct tally *t);
double report_availability_max(const struct tally *t);

enum report_by { REPORT_BY_DEVICE, REPORT_BY_SITE, REPORT_BY_MODEL, REPORT_BY_ACCOUNT };
/* "device", "site", "model", "account". */
const char *report_by_name(enum report_by by);

struct report_line {
	char *account;
	char *key;  /* id, site, model or account; "" where the devices have none */
	char *name; /* of a device; else NULL */
	struct tally tally;
};

struct report {
	/* Asked for. */
	enum report_by by;
	int64_t since_ms, until_ms; /* since < until <= now */
	char *const *matches;       /* model/match.h; borrowed */
	size_t n_matches;
	int64_t worst; /* only so many, the least available first; 0: all, by account and key */
	/* NULL, or told now and then how many devices have been counted. */
	void (*on_progress)(int64_t n, void *arg);
	void *arg;

	/* The answer. */
	struct report_line *lines;
	size_t n_lines;
	struct tally all; /* those of lines that are left out, too */
};

/* Returns 0 or ERR_STORE; report_clear frees the answer either way. */
int report_run(struct report *r, struct store_conn *c, int64_t now_at_ms,
	       struct err *err);
void report_clear(struct report *r);

/*
 * Shape  {"by", "account", "key", "name", "devices", "covered_ms", "online_ms", "offline_ms",
 *         "unknown_ms", "availability", "availability_min", "availability_max", "outages",
 *         "longest_ms", "mttr_ms", "mtbf_ms"}
 * Returns a new object, the caller's.
 */
json_t *report_object(const struct report *r, const struct report_line *line);

#endif
