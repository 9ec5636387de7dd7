/* What of the events that are owed to a sink is told now, what waits, and what becomes one digest.
 * Pure: time is an argument.
 *
 * Where nothing of this is wanted of a sink, none of it takes part in telling it. */
#ifndef SINK_GATHER_H
#define SINK_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"
#include "model/window.h"

#define GATHER_RATE_MS (INT64_C(3600) * 1000) /* what rate_max is of */

struct gather_settings {
	int64_t wait_ms; /* from the first event of a group until it is told; 0: none waits */
	char **by;       /* members of the facts that make a group, beside the account */
	size_t n_by;
	size_t rate_max; /* messages an hour; 0: any number */
	struct window *quiet;
	size_t n_quiet;
};

bool gather_is_wanted(const struct gather_settings *s);
/* Free what it holds. */
void gather_clear(struct gather_settings *s);

/* Whether it is a quiet time; if so *until_ms is when it ends. */
bool gather_is_quiet(const struct gather_settings *s, int64_t at_ms, int64_t *until_ms);

/* "acme\nDenver": which group the event is of. The caller's. */
char *gather_group(const struct gather_settings *s, const struct event *ev);

/* How many messages were sent lately. All zero: none. */
struct gather_rate {
	int64_t *sent_ms; /* of the last rate_max, oldest at next */
	size_t n, next;
};
void gather_count(struct gather_rate *r, const struct gather_settings *s, int64_t now_ms);
/* How many more may go beside those in hand, which are yet to be sent; where none may, when the next
 * may (INT64_MAX: when one of those was). */
size_t gather_left(const struct gather_rate *r, const struct gather_settings *s,
		   size_t n_in_hand, int64_t now_ms, int64_t *next_ms);
/* After a restart: what was sent before, at these times, newest first. */
void gather_recall(struct gather_rate *r, const struct gather_settings *s,
		   const int64_t *sent_at_ms, size_t n, int64_t now_at_ms,
		   int64_t now_ms);
void gather_rate_clear(struct gather_rate *r);

enum gather_why { GATHER_GROUP, GATHER_QUIET, GATHER_RATE };

/* One event that is owed, in order. */
struct gather_row {
	int64_t sequence, at_ms;
	char *account, *subject, *group; /* the caller's */
	bool is_begun; /* it is being told, or was tried: it goes its way */
	bool is_digest;

	/* What becomes of it. */
	enum gather_fate { GATHER_HOLD, GATHER_TELL, GATHER_MERGE } fate;
	size_t digest; /* GATHER_MERGE: in which, from 0 */
	enum gather_why why;
};

struct gather_plan {
	size_t n_digests;  /* of one account each, of two events at least */
	int64_t due_at_ms; /* when there is more to decide; INT64_MAX: not by time alone */
};

/*
 * Decide. Behind an event that has begun, those of the same subject wait, and for a digest all others; so
 * order is kept.
 *
 * left       messages that may go now (SIZE_MAX: any number), the next at next_at_ms
 */
void gather_decide(const struct gather_settings *s, struct gather_row *rows, size_t n,
		   size_t left, int64_t next_at_ms, int64_t now_at_ms,
		   struct gather_plan *plan);

#endif
