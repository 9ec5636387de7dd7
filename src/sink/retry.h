/* When to tell an event again, and when to give up. Pure: time and chance are arguments. */
#ifndef SINK_RETRY_H
#define SINK_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* How one try ended. */
enum sink_end {
	SINK_DELIVERED,
	SINK_LATER,    /* the receiver or the way to it failed */
	SINK_REFUSED,  /* this event was refused; another might not be */
	SINK_DEAD,     /* this event can never be told */
	SINK_GONE,     /* the receiver wants no more of any */
	SINK_CANCELED, /* we stopped it ourselves; it does not count */
};

#define RETRY_REFUSED_TRIES 4    /* of an event that is refused ... */
#define RETRY_REFUSED_MS    5000 /* ... waiting 5, 10, 20 s, so within a minute */
#define RETRY_JITTER        20   /* percent */

struct retry_rules {
	int64_t first_ms;   /* the first wait; it doubles ... */
	int64_t max_ms;     /* ... up to this */
	int64_t refused_ms; /* the first wait after a refusal */
	int64_t give_up_ms; /* after the first try; nobody is obeyed for longer, either */
};

/* Those of each kind of sink, which differ in the longest wait: an initializer. */
#define RETRY_RULES(longest_ms)                                                          \
	{                                                                                \
		.first_ms = 500, .max_ms = (longest_ms), .refused_ms = RETRY_REFUSED_MS, \
		.give_up_ms = INT64_C(3) * 24 * 3600 * 1000,                             \
	}

/* What is remembered of the tries of one event. All zero: none yet. */
struct retry {
	int attempts;
	int refusals;        /* of them, the last ones in a row that were refused */
	int64_t first_at_ms; /* when the first try began */
	int64_t next_at_ms;  /* not before */
};

enum retry_verdict { RETRY_DELIVERED, RETRY_AGAIN, RETRY_DEAD, RETRY_GONE };

/*
 * Count one try that ended and say what follows; sets r->next_at_ms for RETRY_AGAIN.
 *
 * begun_at_ms  when this try began
 * wait_ms      what the receiver asked for; 0: nothing. It counts instead of the schedule's
 *              wait, as retry_obeyed_ms() has it
 * random       picks the jitter
 *
 * SINK_CANCELED is not for here.
 * Source  DESIGN section 7, "Webhook"
 */
enum retry_verdict retry_decide(struct retry *r, const struct retry_rules *rules,
				enum sink_end end, int64_t wait_ms, int64_t begun_at_ms,
				int64_t now_at_ms, uint32_t random);

/* What the status of an HTTP answer means for the event. */
enum sink_end retry_end_of_status(int status);

/* Whether an answer of this status may ask to be left alone for a while (Retry-After). */
bool retry_may_ask(int status);

/* How long a receiver that asked for it is left alone: as it says, within the schedule's first
 * wait and the time for which an event is tried. */
int64_t retry_obeyed_ms(const struct retry_rules *rules, int64_t asked_ms);

/* How long the event waits still, by what was written of its last try and the status of its
 * answer. Longer than was ever meant it does not wait: the clock may have been set back. */
int64_t retry_left_ms(const struct retry *r, const struct retry_rules *rules, int code,
		      int64_t now_at_ms);
/* Whether that is a wait that the receiver asked for, of all that it is told: what it answered may ask
 * for one, and the schedule has none so long. */
bool retry_was_asked(const struct retry *r, const struct retry_rules *rules, int code,
		     int64_t left_ms);

#endif
