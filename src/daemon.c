/*
 * Start    open the store and the door -> daemon_set_up (see daemon_reload.c)
 * Stop     on_term: all are stopped -> when they have -> the store -> handles closed -> the
 *          loop ends; on_late: it took too long, what is committed is safe, so we go
 */
#include "daemon.h"

#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon_inside.h"
#include "notify.h"

#define STOP_MS    4500 /* of the 5 s in which we promise to be gone */
#define USER_AGENT "phonewatch/" VERSION

char *daemon_find_folder(const char *variable, const char *database)
{
	const char *folders = getenv(variable);
	char *copy, *folder;

	if (folders != NULL && folders[0] != '\0')
		return mem_strndup(folders, strcspn(folders, ":"));
	copy = mem_strdup(database);
	folder = mem_strdup(dirname(copy));
	free(copy);
	return folder;
}

/* ---- stop ---- */

/* The door, the heartbeat, or the errands. */
static void on_part_closed(void *data)
{
	struct daemon *d = data;

	d->n_stopping--;
	daemon_go_on(d);
}

static void on_late(uv_timer_t *timer)
{
	(void)timer;
	log_warning("stopping takes too long: leaving now; what was committed is safe");
	_exit(EXIT_SUCCESS);
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void close_all(struct daemon *d)
{
	d->closed = true;
	http_client_close(d->http, NULL, NULL);
	store_close(d->store);
	close_handle((uv_handle_t *)&d->term);
	close_handle((uv_handle_t *)&d->intr);
	close_handle((uv_handle_t *)&d->hup);
	close_handle((uv_handle_t *)&d->watchdog);
	close_handle((uv_handle_t *)&d->late);
}

void daemon_go_on(struct daemon *d)
{
	if (d->n_stopping > 0 || d->setup.under_way)
		return;
	if (d->stopping) {
		if (!d->alive_under_way && !d->forgetting && !d->closed)
			close_all(d);
	} else if (d->waiting != NULL) {
		daemon_adopt(d);
	} else if (d->reload_again) {
		daemon_on_hup(&d->hup, SIGHUP);
	}
}

void daemon_begin_stop(struct daemon *d)
{
	if (d->stopping)
		return;
	d->stopping = true;
	notify_stopping();
	uv_timer_start(&d->late, on_late, STOP_MS, 0);
	uv_timer_stop(&d->watchdog);
	daemon_stop_all(d);
	d->n_stopping += 3;
	serve_close(d->serve, on_part_closed, d);
	heartbeat_close(d->heartbeat, on_part_closed, d);
	errands_close(d->errands, on_part_closed, d);
	if (d->forgetting)
		forget_stop(&d->forget, daemon_on_forgotten, d);
}

static void on_term(uv_signal_t *signal, int number)
{
	struct daemon *d = signal->data;

	log_info("stopping (%s)", number == SIGINT ? "SIGINT" : "SIGTERM");
	daemon_begin_stop(d);
	daemon_go_on(d);
}

/* ---- watchdog ---- */

/* It is fed while the store answers, be it with an error: a full disk is no reason to be
 * killed, a worker that hangs is. */
static int run_alive(struct store_conn *c, struct store_job *job, struct err *err)
{
	(void)c;
	(void)job;
	(void)err;
	return 0;
}

static void on_alive(struct store_job *job, int rc)
{
	struct daemon *d = OWNER_OF(job, struct daemon, alive);

	(void)rc;
	d->alive_under_way = false;
	notify_watchdog();
	if (d->stopping)
		daemon_go_on(d);
}

static void on_watchdog(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	if (d->alive_under_way)
		return;
	d->alive_under_way = true;
	store_submit(d->store, &d->alive);
}

/* ---- start ---- */

static void start_signal(struct daemon *d, uv_signal_t *signal, uv_signal_cb cb,
			 int number)
{
	uv_signal_init(&d->loop, signal);
	signal->data = d;
	uv_signal_start(signal, cb, number);
}

static void start_handles(struct daemon *d)
{
	int64_t watchdog_ms = notify_watchdog_ms();

	start_signal(d, &d->term, on_term, SIGTERM);
	start_signal(d, &d->intr, on_term, SIGINT);
	start_signal(d, &d->hup, daemon_on_hup, SIGHUP);
	uv_timer_init(&d->loop, &d->watchdog);
	uv_timer_init(&d->loop, &d->late);
	d->watchdog.data = d;
	d->alive = (struct store_job){.run = run_alive, .on_done = on_alive};
	if (watchdog_ms > 0)
		uv_timer_start(&d->watchdog, on_watchdog, (uint64_t)watchdog_ms,
			       (uint64_t)watchdog_ms);
}

static void on_swept(void *data, const struct account_config *account)
{
	struct daemon *d = data;

	if (!d->stopping)
		heartbeat_swept(d->heartbeat, account->name);
}

/* Beside the database, since it belongs to it. Without it we do no worse than the database. */
static void open_penalties(struct daemon *d)
{
	char *path = penalties_path(d->config->database);
	struct penalty_now now = {clock_utc_ms(), clock_mono_ms()};
	struct err err;

	if (penalties_open(path, now, &d->penalties, &err) != 0)
		log_warning(
			"%s; a penalty may be forgotten if we are killed as it begins",
			err.text);
	free(path);
}

static void free_all(struct daemon *d)
{
	audience_release(d->env.audience);
	rules_release(d->env.rules);
	ledger_destroy(d->ledger);
	penalties_close(d->penalties);
	config_unload(d->waiting);
	config_unload(d->config);
	free(d->setup.sink_ids);
	free(d->polls);
	free(d->sinks);
	free(d->state_folder);
}

int daemon_run(struct config *config, struct err *err)
{
	struct daemon d = {.config = config};
	int rc;

	log_set_level(config->log_level);
	uv_loop_init(&d.loop);
	if (store_open(config->database, &d.loop, &d.store, err) != 0) {
		uv_loop_close(&d.loop);
		config_unload(config);
		return err->code;
	}
	d.state_folder = daemon_find_folder("STATE_DIRECTORY", config->database);
	d.http = http_client_create(&d.loop, USER_AGENT);
	d.heartbeat = heartbeat_create(d.http);
	d.errands =
		errands_create(&(struct errands_config){.loop = &d.loop,
							.http = d.http,
							.store = d.store,
							.on_owed = daemon_on_owed_again,
							.data = &d});
	open_penalties(&d);
	d.ledger = ledger_create(d.penalties);
	d.env = (struct poll_env){
		.loop = &d.loop,
		.http = d.http,
		.store = d.store,
		.ledger = d.ledger,
		.audience = audience_create(0),
		.state_folder = d.state_folder,
		.began_ms = clock_mono_ms(),
		.on_events = daemon_on_events,
		.on_swept = on_swept,
		.data = &d,
	};
	start_handles(&d);
	if (daemon_open_door(&d, &d.err) == 0) {
		daemon_set_up(&d, config);
	} else {
		daemon_begin_stop(&d);
		daemon_go_on(&d);
	}
	uv_run(&d.loop, UV_RUN_DEFAULT);
	free_all(&d);
	rc = uv_loop_close(&d.loop);
	if (rc != 0)
		log_error("a handle was left open: %s",
			  uv_strerror(rc)); /* our mistake */
	*err = d.err;
	return d.err.code;
}
