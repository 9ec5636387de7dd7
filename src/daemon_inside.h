/* The parts of the daemon, and what its files share. Nobody else includes this. */
#ifndef DAEMON_INSIDE_H
#define DAEMON_INSIDE_H

#include "daemon.h"

#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "errand.h"
#include "forget.h"
#include "heartbeat.h"
#include "ledger.h"
#include "poll.h"
#include "serve/serve.h"
#include "sink/dispatch.h"

/* A sink that is told, or is being stopped. */
struct running_sink {
	struct dispatch *dispatch;
	struct sink_config *config; /* in the configuration at hand */
};

struct setup_job {
	struct store_job job;
	struct daemon *daemon;
	struct config *config;     /* the one to be set up */
	int64_t *sink_ids;         /* of its sinks */
	int64_t n_canceled;        /* deliveries to sinks that are not in it */
	struct audience *audience; /* while these are canceled */
	bool under_way;
};

struct daemon {
	uv_loop_t loop;
	struct config *config;  /* at hand */
	struct config *waiting; /* set up, until what it replaces has stopped; or NULL */
	struct store *store;
	struct http_client *http;
	struct penalties *penalties;
	struct ledger *ledger;
	struct poll_env env;
	char *state_folder;
	struct serve *serve; /* the door; NULL: it is closed */
	struct heartbeat *heartbeat;
	struct errands *errands;

	struct poll **polls;
	size_t n_polls;
	unsigned n_placed;  /* polls that were ever given a place */
	unsigned n_configs; /* that were taken up */
	struct running_sink *sinks;
	size_t n_sinks;
	unsigned n_stopping; /* polls, dispatches and the door that have yet to report */

	struct setup_job setup;
	struct forget forget;
	bool forgetting;        /* it has begun, and not stopped */
	struct store_job alive; /* proves that the store answers */
	bool alive_under_way;
	uv_signal_t term, intr, hup;
	uv_timer_t watchdog, late;
	bool started;      /* the first setup is done */
	bool reload_again; /* SIGHUP came while one was at work */
	bool stopping, closed;
	struct err err; /* why the start failed */
};

/* Something is over: do what waited for it. */
void daemon_go_on(struct daemon *d);
void daemon_begin_stop(struct daemon *d);

/* The service manager's, of which there may be several and the first is ours; without one that of
 * the database. The caller's. */
char *daemon_find_folder(const char *variable, const char *database);

/* ---- polls and dispatches: daemon_running.c ---- */

/* Events were committed: data is the daemon. */
void daemon_on_events(void *data);
/* Borrows all from the configuration. */
struct sink_settings daemon_sink_settings(const struct sink_config *s);
/* Who is to be told of what. */
struct audience *daemon_audience(const struct config *config, const int64_t *sink_ids);
/* NULL: there is none of that name. */
const struct account_config *daemon_find_account(const struct config *c,
						 const char *name);
struct sink_config *daemon_find_sink(const struct config *c, const char *name);
/* Stop those that are gone or changed in the next configuration; the others take their settings from
 * it, since the old one goes. */
void daemon_sort(struct daemon *d, const struct config *next);
/* Start those of the configuration at hand that do not run. */
void daemon_start_all(struct daemon *d);
void daemon_stop_all(struct daemon *d);

/* ---- the configuration that is taken up: daemon_reload.c ---- */

/* Take it; what it replaces goes on until it is set up. */
void daemon_set_up(struct daemon *d, struct config *config);
/* SIGHUP. */
void daemon_on_hup(uv_signal_t *signal, int number);
/* What the waiting configuration replaces has stopped: begin what it brings. */
void daemon_adopt(struct daemon *d);
void daemon_on_forgotten(void *data);

/* ---- the door: daemon_door.c ---- */

int daemon_open_door(struct daemon *d, struct err *err);
/* An event that was told is owed again to this sink: data is the daemon. */
void daemon_on_owed_again(void *data, const char *sink, int64_t sequence);

#endif
