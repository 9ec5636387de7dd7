/* What somebody at the door wishes of the sinks: a trial of one, an event told again, or a rehearsal.
 * Each wish is taken over, and answered. */
#ifndef ERRAND_H
#define ERRAND_H

#include "net/http.h"
#include "serve/serve.h"
#include "sink/sink.h"
#include "store/store.h"

struct errands;

struct errands_config {
	uv_loop_t *loop; /* these are borrowed, and outlive it */
	struct http_client *http;
	struct store *store;
	/* This event is owed to the sink again. */
	void (*on_owed)(void *data, const char *sink, int64_t sequence);
	void *data;
};

struct errands *errands_create(const struct errands_config *config);

/*
 * Tell the sink a drill; account: in whose name.
 *
 * Answer  {"sink", "result": "delivered" or "failed", "code", "error", "duration_ms"}; code and
 *         error are null where there are none
 */
void errands_test(struct errands *all, struct serve_wish *wish,
		  const struct sink_settings *settings, const char *account);

/*
 * Owe an event, by its id or its sequence, to the sink once more, whether it ever was or not.
 *
 * Answer  the delivery, as query/deliveries.h has it; 404 where there is no such event any more,
 *         409 where it is owed already
 */
void errands_replay(struct errands *all, struct serve_wish *wish, int64_t sink_id);

/*
 * Owe the sink a drill, as an alert of this kind (wish->event): one event that fires and one that says
 * that it is over. Nobody else is owed them. account: in whose name.
 *
 * Answer  {"items": [the two deliveries, as query/deliveries.h has them], "next": null}; 400 where
 *         there is no such kind
 */
void errands_drill(struct errands *all, struct serve_wish *wish, int64_t sink_id,
		   const char *account);

/* Trials are canceled. on_closed follows once, when nothing is left, perhaps at once; all is freed
 * before it. */
void errands_close(struct errands *all, void (*on_closed)(void *data), void *data);

#endif
