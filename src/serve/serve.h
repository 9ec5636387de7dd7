/* The daemon's door: whoever asks phonewatchd for something asks here, by HTTP on a unix socket.
 *
 * Paths and answers are DESIGN's: JSON, {"error": "..."} where something is refused. What needs the
 * database is a job of the store, what needs a sweep is a wish that the daemon grants: nothing here
 * waits for anything. Whoever names the database that he means (header Phonewatch-Database, its random
 * number) is refused where ours is another. */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#include "base/err.h"
#include "store/store.h"

#define SERVE_DATABASE_HEADER "Phonewatch-Database"

struct serve;
struct server_request;

/* Something that only the daemon can do. */
struct serve_wish {
	enum serve_wish_kind {
		SERVE_SWEEP,  /* look at the vendor's list now */
		SERVE_ACCEPT, /* a list that has shrunk is right; and look at it again */
		SERVE_TEST,   /* tell a sink a drill */
		SERVE_REPLAY, /* tell a sink an event again */
		SERVE_DRILL,  /* the same as of a test, by way of the database */
	} kind;
	char *account; /* of the first two; NULL: all of them */
	char *sink;    /* of the others: its name */
	char *event; /* of a replay: its id or its sequence; of a drill: the kind of alert */
	char by[32]; /* who asks, for the log */

	/* Private. */
	struct serve *serve;
	struct server_request *req;
};

/* It is done, or refused, and the wish is gone. answer is taken over. Exactly once, at once or
 * later. */
void serve_fulfil(struct serve_wish *wish, int status, json_t *answer);
/* The same with {"error": "..."}. */
void serve_refuse(struct serve_wish *wish, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

struct serve_config {
	uv_loop_t *loop;
	struct store *store; /* borrowed, outlives it */
	const char *address; /* net/server.h */
	void (*on_wish)(struct serve_wish *wish, void *data);
	void (*on_silence_ended)(void *data); /* by hand; it is committed */
	void *data;
};

/* Open the door. Returns 0 or ERR_CONFIG. */
int serve_open(const struct serve_config *config, struct serve **out, struct err *err);
/* From now on /readyz says so. */
void serve_set_ready(struct serve *s);
/* Close it: connections end. on_closed follows once, when no job is left, perhaps at once; wishes may
 * be fulfilled until then and afterwards. NULL is fine, and closed at once. */
void serve_close(struct serve *s, void (*on_closed)(void *data), void *data);

#endif
