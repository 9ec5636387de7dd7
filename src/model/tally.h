/* How long a device was what, over a time, and how often and how long it was out. Pure.
 *
 * Two of one device that follow each other in time are one of the whole time (tally_append), to the
 * millisecond, wherever it was cut: an outage that lasts over the cut is one. */
#ifndef MODEL_TALLY_H
#define MODEL_TALLY_H

#include <stdbool.h>
#include <stdint.h>

struct tally {
	int64_t devices; /* that were in the fleet then */
	int64_t online_ms, offline_ms, unknown_ms;
	int64_t gap_ms;      /* of the unknown: not covered */
	int64_t sure_ms;     /* of the online: certainly so */
	int64_t possible_ms; /* perhaps online, whatever was seen */
	int64_t outages, longest_ms;
	/* Of one device: what was offline before anything ended an outage, and what was since
	 * anything last did; the same where nothing did. */
	int64_t lead_ms, trail_ms;
	bool ended; /* something did */
};

/* The device was so, for a while (> 0): what comes next follows. doubt_ms of it may have been what
 * came next. */
void tally_online(struct tally *t, int64_t ms, int64_t doubt_ms);
void tally_offline(struct tally *t, int64_t ms, int64_t doubt_ms);
/* gap_ms of it are not covered. */
void tally_unknown(struct tally *t, int64_t ms, int64_t gap_ms);
/* An outage that lasts is over: the device is gone, or what comes next does not follow. */
void tally_end(struct tally *t);

/* One device: next begins where into ends. */
void tally_append(struct tally *into, const struct tally *next);
/* Other devices: into is of several then, and no more than its sums counts. */
void tally_merge(struct tally *into, const struct tally *from);

#endif
