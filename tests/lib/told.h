/* Events to tell, and one send of one sink without a dispatch. */
#ifndef TESTS_TOLD_H
#define TESTS_TOLD_H

#include <uv.h>

#include "model/event.h"
#include "sink/sink.h"

/* "Lobby phone (ext 101, Denver) is offline", as in the documents: sequence 4711 of account
 * acme, device 802398804016, at 2026-11-22T18:01:02.345Z. event_clear() frees it. */
void told_device(struct event *ev);
#define TOLD_ID "01a2046b-2c89-7f12-aabc-de0000001267"
/* Account acme cannot be watched (credentials), an error. */
void told_account(struct event *ev);
/* Another name of the device. */
void told_rename(struct event *ev, const char *name);

/* A send with what it sends. */
struct told {
	struct sink_send send;
	struct buf data;
	bool done;
};

/* Render and begin; on_done or the end at once sets done. */
void told_begin(struct told *t, const struct sink_ops *ops, void *sink,
		const struct event *ev);
/* Turn the loop until it is done. */
void told_wait(struct told *t, uv_loop_t *loop);
void told_clear(struct told *t);

#endif
