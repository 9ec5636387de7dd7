/* Who may be told next: the events of one sink that are in memory, in lanes by subject. Pure.
 *
 * The first event of a lane is its head. Only heads are told: so one subject's events stay in
 * order, and one that fails holds up its own lane alone.
 *
 *   lane:  READY -> BUSY -> READY (the next head) ... -> gone with its last event
 *                     \-> WAITING (the head is to be told again) -> READY when it is due
 *
 * What is owed may be far more than fits in memory. Where lanes that wait fill all room, some of
 * their events are put out of memory again (lanes_make_room). Such a lane is BEHIND: it takes no
 * later event until those were read again, so that none is told before an earlier one. */
#ifndef SINK_LANES_H
#define SINK_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "sink/retry.h"
#include "sink/sink.h"
#include "store/store.h"

#define LANES_NEVER INT64_MAX

struct lane;
struct lanes;

/* One event owed. Allocated and freed with item_create and item_destroy. */
struct item {
	int64_t sequence;
	struct retry retry;
	int64_t due_ms;  /* monotonic: not before */
	bool pauses_all; /* its receiver asked for that: of all, not of this event */
	enum delivery_state state;
	int64_t ended_at_ms;
	int code;
	char *error; /* how the last try failed; NULL */

	char event_id[EVENT_ID_BYTES];
	char *subject; /* the lane's key */
	char *data;    /* what is sent; NULL: it cannot be rendered */
	size_t len;

	/* The dispatch's. */
	struct sink_send send;
	int64_t begun_at_ms; /* of the last try; 0: none since it was read */
	bool dirty;          /* changed since it was last written */
	bool saving;         /* being written */
	void *owner;
	TAILQ_ENTRY(item) entry;
	TAILQ_ENTRY(item) in_save;

	/* Private. */
	struct lane *lane; /* NULL once it is settled */
	TAILQ_ENTRY(item) in_lane;
	LIST_ENTRY(item) in_bucket;
};

TAILQ_HEAD(item_queue, item);

/* Takes subject. */
struct item *item_create(int64_t sequence, const char *event_id, char *subject);
void item_destroy(struct item *i);

/* max_items in memory at most; max_parked lanes that wait without an event in memory. */
struct lanes *lanes_create(size_t max_items, size_t max_parked);
/* Items too. */
void lanes_destroy(struct lanes *l);

enum lanes_added {
	LANES_TAKEN,
	LANES_KNOWN,  /* it is here already; destroyed */
	LANES_BEHIND, /* an earlier one of its lane is not here; destroyed */
	LANES_FULL,   /* still the caller's */
};
/* Put an item, read from the outbox in order of sequence, into its lane. */
enum lanes_added lanes_add(struct lanes *l, struct item *take, int64_t now_ms);

/* The head that is to go now; its lane is busy then. NULL: none. Heads that were tried before go
 * first; LANES_TRIED: no others. */
enum lanes_pick { LANES_TRIED, LANES_ANY };
struct item *lanes_next(struct lanes *l, enum lanes_pick pick);

/* What became of an item of lanes_next: */
void lanes_later(struct lanes *l, struct item *i, int64_t due_ms, int64_t now_ms);
/* It is over, and the next of its lane may go. The item is still known, so that it is not taken
 * from the outbox again, until lanes_forget destroys it. */
void lanes_settle(struct lanes *l, struct item *i, int64_t now_ms);
void lanes_forget(struct lanes *l, struct item *i);

/* Lanes that are due become ready. */
void lanes_turn(struct lanes *l, int64_t now_ms);
/* All that wait for a receiver that failed are due now; those whose event was refused are not. */
void lanes_hurry(struct lanes *l, int64_t now_ms);
/* When the next one is due; LANES_NEVER: none waits. */
int64_t lanes_due_ms(const struct lanes *l);
bool lanes_is_ready(const struct lanes *l, enum lanes_pick pick);

/* Put out of memory what waits anyway, to be read again later: of each lane all but the first
 * few events; where that makes no room, whole lanes that wait longest. Nothing that is not
 * written (dirty, saving) goes. False where no room was made. */
bool lanes_make_room(struct lanes *l);
size_t lanes_room(const struct lanes *l);

/* Whether lanes can take now what they were behind with; where to begin reading for it: after
 * `after`, or earlier. */
bool lanes_must_read(const struct lanes *l);
int64_t lanes_begin_read(struct lanes *l, int64_t after);

/* Of every item that is here, the settled too: their sequences, lanes_n_items() of them. */
void lanes_sequences(const struct lanes *l, int64_t *out);
size_t lanes_n_items(const struct lanes *l);
/* Of how many that are here no try was ever begun. */
size_t lanes_n_untried(const struct lanes *l);

size_t lanes_n_owed(const struct lanes *l);    /* items not settled */
size_t lanes_n_waiting(const struct lanes *l); /* lanes */

#endif
