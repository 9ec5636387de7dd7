/* The dispatch's use of the database: one job that writes how tries ended, in one transaction,
 * and then reads what is owed and renders it. In this order: what was written is not read. */
#ifndef SINK_OWED_H
#define SINK_OWED_H

#include "sink/gather.h"
#include "sink/lanes.h"
#include "sink/sink.h"
#include "store/store.h"

#define OWED_READ_MAX 256 /* rows at a time: rendering them takes 10 ms of the worker */
/* No more are read where these bytes are passed. */
#define OWED_READ_BYTES (4u << 20)
/* What renders to more cannot be told. */
#define OWED_EVENT_MAX_BYTES (1u << 20)

/* Between store_submit and on_done it belongs to the worker. */
struct owed {
	struct store_job job;
	int64_t sink_id;
	const struct sink_ops *ops;
	const struct retry_rules *rules;
	const void *sink; /* what ops->render reads of it does not change */

	struct store_delivery *saves;
	size_t n_saves, saves_cap;
	bool read;
	int64_t after; /* read those after this sequence; where nothing is gathered */

	/* Where messages are counted: how many of the last to read, and when they were sent, newest
	 * first. Nothing else is read with them. */
	size_t recall;
	int64_t *sent_at_ms;
	size_t n_sent;

	/* Where events are gathered, merge.h; NULL: they are not. */
	const struct gather_settings *gather;
	int64_t *in_hand; /* what is in memory already */
	size_t n_in_hand;
	size_t left; /* messages that may go */
	int64_t next_at_ms;
	int64_t due_at_ms; /* out: when to look again; INT64_MAX: not by time */
	bool again;        /* out: at once */

	bool saved;             /* all saves are on the disk */
	struct item_queue rows; /* what was read, in order */
	size_t n_rows, n_bytes;
	bool is_cut; /* there may be more than what was read */
};

/* Once. Borrows sink and rules, which outlive it. */
void owed_init(struct owed *o, int64_t sink_id, const struct sink_ops *ops,
	       const void *sink, const struct retry_rules *rules, store_done_cb on_done);
/* Forget saves and rows; ready for the next job. */
void owed_clear(struct owed *o);
/* And give back the memory. */
void owed_free(struct owed *o);

/* Write how the item's last try ended; what is written is what it is now. */
void owed_add_save(struct owed *o, const struct item *i);
/* On the worker: one that is owed, to be told. */
void owed_take(struct owed *o, const struct store_delivery *d, const struct event *ev);
/* The first row, no longer in the list: the caller's. NULL: none. */
struct item *owed_take_row(struct owed *o);

#endif
