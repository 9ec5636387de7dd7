/* The dispatch: tells one sink what the outbox owes it. One per sink, so that a slow one delays
 * nobody else.
 *
 * Events of one subject (a device, an account) go one after the other, in order: the next one
 * goes when the one before it was delivered or is dead. Different subjects overtake one
 * another. How each try ended is written back, so that the schedule survives a restart; what
 * was under way when we were killed is told again, with the same bytes. */
#ifndef SINK_DISPATCH_H
#define SINK_DISPATCH_H

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"
#include "sink/sink.h"
#include "store/store.h"

struct dispatch;

struct dispatch_config {
	uv_loop_t *loop;
	struct store *store;             /* borrowed, outlives us */
	struct http_client *http;        /* borrowed, outlives us */
	int64_t sink_id;                 /* of store_sink_load */
	struct sink_settings settings;   /* copied */
	const struct retry_rules *rules; /* NULL: those of its kind; copied */
};

/*
 * Nothing is sent or read before the first dispatch_wake().
 * Returns 0, or ERR_CONFIG where the settings cannot work; err says nothing of URLs and secrets.
 */
int dispatch_create(const struct dispatch_config *config, struct dispatch **out,
		    struct err *err);

/* The outbox may hold more: to be called at the start, and after each commit that added events.
 * Cheap; does nothing once stopped, or once the receiver answered that it is gone (410). */
void dispatch_wake(struct dispatch *d);

/* The event with this sequence, perhaps told long ago, is in the outbox again. */
void dispatch_wake_for(struct dispatch *d, int64_t sequence);

/* Whether the receiver has said that it is gone (410): nothing is told until a new dispatch. */
bool dispatch_is_gone(const struct dispatch *d);

/* Stop telling: what is under way is canceled, and what is known is written. on_stopped follows
 * in a later turn of the loop, exactly once. The store must take jobs until then; a failure of
 * it is logged and costs repeats only. Call it once. */
void dispatch_stop(struct dispatch *d, void (*on_stopped)(struct dispatch *d, void *data),
		   void *data);

/* Only when stopped (also from within on_stopped), or never woken. NULL is fine. */
void dispatch_destroy(struct dispatch *d);

#endif
