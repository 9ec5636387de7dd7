/*
 * Start    open the store and the door -> setup job (sinks, ledger) -> on_setup -> adopt: polls, dispatches
 *          -> cancel job: what is owed to sinks that are gone -> on_canceled
 * Reload   on_hup: read and check -> setup job -> on_setup -> what changed or went is stopped
 *          -> when all of that has stopped -> adopt -> cancel job -> on_canceled
 * Stop     on_term: all are stopped -> when they have -> the store -> handles closed -> the
 *          loop ends; on_late: it took too long, what is committed is safe, so we go
 */
#include "daemon.h"

#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "alerts.h"
#include "base/clock.h"
#include "base/mem.h"
#include "errand.h"
#include "forget.h"
#include "heartbeat.h"
#include "ledger.h"
#include "notify.h"
#include "poll.h"
#include "schedule.h"
#include "serve/serve.h"
#include "sink/dispatch.h"
#include "wish.h"

#define STOP_MS    4500 /* of the 5 s in which we promise to be gone */
#define SOCKET     "phonewatch.sock"
#define USER_AGENT "phonewatch/" VERSION

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

static void go_on(struct daemon *d);

/* The service manager's, of which there may be several and the first is ours; without one that of
 * the database. */
static char *find_folder(const char *variable, const char *database)
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

/* ---- sinks ---- */

static void on_events(void *data)
{
	struct daemon *d = data;

	for (size_t i = 0; i < d->n_sinks; i++)
		dispatch_wake(d->sinks[i].dispatch);
}

static void on_swept(void *data, const struct account_config *account)
{
	struct daemon *d = data;

	if (!d->stopping)
		heartbeat_swept(d->heartbeat, account->name);
}

static struct sink_settings sink_settings_of(const struct sink_config *s)
{
	return (struct sink_settings){
		.name = s->name,
		.kind = s->kind,
		.address = s->address,
		.url = config_sink_url(s),
		.program = s->program,
		.program_secret = &s->payload_secret,
		.header = &s->header,
		.secrets = s->secrets,
		.n_secrets = s->n_secrets,
		.allow_http = s->allow_http,
		.personal =
			s->personal_data ? EVENT_WITH_PERSONAL : EVENT_WITHOUT_PERSONAL,
		.ca_file = s->ca_file,
		.group_wait_ms = s->group_wait_ms,
		.group_by = s->group_by,
		.n_group_by = s->n_group_by,
		.rate_max = s->rate_max,
		.quiet = s->quiet,
		.n_quiet = s->n_quiet,
		.server = s->server,
		.from = s->from,
		.to = s->to,
		.n_to = s->n_to,
		.user = s->user,
		.password = &s->password,
		.allow_plain = s->allow_plain,
		.command = s->command,
		.n_command = s->n_command,
		.time_limit_ms = s->time_limit_ms,
	};
}

/* NULL: it cannot be had, which is said. */
static struct dispatch *start_dispatch(struct daemon *d, const struct sink_config *config,
				       int64_t sink_id)
{
	struct dispatch_config settings = {
		.loop = &d->loop,
		.store = d->store,
		.http = d->http,
		.sink_id = sink_id,
		.settings = sink_settings_of(config),
	};
	struct dispatch *dispatch = NULL;
	struct err err;

	if (dispatch_create(&settings, &dispatch, &err) != 0)
		log_error("%s; its events wait until that is corrected and reloaded",
			  err.text);
	return dispatch;
}

static struct audience *audience_of(const struct config *config, const int64_t *sink_ids)
{
	struct audience *audience = audience_create(config->n_sinks);

	for (size_t i = 0; i < config->n_sinks; i++) {
		const struct sink_config *s = &config->sinks[i];

		audience_copy(&audience->listeners[i], sink_ids[i], s->events,
			      s->n_events, s->match, s->n_match);
	}
	return audience;
}

/* ---- stopping polls and dispatches ---- */

static void on_poll_stopped(struct poll *p, void *data)
{
	struct daemon *d = data;

	poll_destroy(p);
	d->n_stopping--;
	go_on(d);
}

static void on_dispatch_stopped(struct dispatch *dispatch, void *data)
{
	struct daemon *d = data;

	dispatch_destroy(dispatch);
	d->n_stopping--;
	go_on(d);
}

static void stop_poll(struct daemon *d, struct poll *p)
{
	d->n_stopping++;
	poll_stop(p, on_poll_stopped, d);
}

static void stop_sink(struct daemon *d, struct running_sink *s)
{
	d->n_stopping++;
	dispatch_stop(s->dispatch, on_dispatch_stopped, d);
}

static const struct account_config *find_account(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_accounts; i++)
		if (strcmp(c->accounts[i].name, name) == 0)
			return &c->accounts[i];
	return NULL;
}

static struct sink_config *find_sink(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_sinks; i++)
		if (strcmp(c->sinks[i].name, name) == 0)
			return &c->sinks[i];
	return NULL;
}

/* Polls of accounts that are gone or changed are stopped; the others take their settings from
 * the new configuration, since the old one goes. */
static void sort_polls(struct daemon *d, const struct config *next)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_polls; i++) {
		struct poll *p = d->polls[i];
		const struct account_config *now = poll_config(p);
		const struct account_config *then = find_account(next, now->name);

		if (then != NULL && config_account_same(now, then)) {
			poll_adopt(p, then);
			d->polls[n++] = p;
		} else {
			stop_poll(d, p);
		}
	}
	d->n_polls = n;
}

/* The same for sinks; one that the receiver has switched off is begun anew. */
static void sort_sinks(struct daemon *d, const struct config *next)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_sinks; i++) {
		struct running_sink *s = &d->sinks[i];
		struct sink_config *then = find_sink(next, s->config->name);

		if (then != NULL && !dispatch_is_gone(s->dispatch) &&
		    config_sink_same(s->config, then)) {
			s->config = then;
			d->sinks[n++] = *s;
		} else {
			stop_sink(d, s);
		}
	}
	d->n_sinks = n;
}

/* ---- starting them ---- */

static bool has_poll(const struct daemon *d, const char *name)
{
	for (size_t i = 0; i < d->n_polls; i++)
		if (strcmp(poll_config(d->polls[i])->name, name) == 0)
			return true;
	return false;
}

static bool has_sink(const struct daemon *d, const char *name)
{
	for (size_t i = 0; i < d->n_sinks; i++)
		if (strcmp(d->sinks[i].config->name, name) == 0)
			return true;
	return false;
}

static void start_polls(struct daemon *d)
{
	size_t n = d->config->n_accounts, n_new = n - d->n_polls;

	d->polls = mem_resize(d->polls, n, sizeof *d->polls);
	for (size_t i = 0; i < n; i++) {
		const struct account_config *a = &d->config->accounts[i];
		struct poll *p;

		if (has_poll(d, a->name))
			continue;
		p = poll_create(&d->env, a, schedule_place(d->n_placed++));
		d->polls[d->n_polls++] = p;
		poll_start(p, n_new);
	}
}

static void start_sinks(struct daemon *d)
{
	size_t n = d->config->n_sinks;

	d->sinks = mem_resize(d->sinks, n, sizeof *d->sinks);
	for (size_t i = 0; i < n; i++) {
		struct sink_config *s = &d->config->sinks[i];
		struct dispatch *dispatch;

		if (has_sink(d, s->name))
			continue;
		dispatch = start_dispatch(d, s, d->setup.sink_ids[i]);
		if (dispatch != NULL)
			d->sinks[d->n_sinks++] = (struct running_sink){dispatch, s};
	}
}

static void report(const struct daemon *d)
{
	size_t accounts = d->n_polls, sinks = d->n_sinks;

	log_info("%s: watching %zu account%s, telling %zu sink%s; database %s",
		 d->started ? "reloaded" : "phonewatchd " VERSION, accounts,
		 accounts == 1 ? "" : "s", sinks, sinks == 1 ? "" : "s",
		 d->config->database);
	notify_status("watching %zu account%s, telling %zu sink%s", accounts,
		      accounts == 1 ? "" : "s", sinks, sinks == 1 ? "" : "s");
}

/* ---- what is owed to sinks that are gone, and alerts of accounts that are ---- */

static int end_alerts(struct setup_job *s, struct store_conn *c, struct err *err)
{
	size_t n = s->config->n_accounts;
	char **names = mem_alloc(n * sizeof *names);
	int rc;

	for (size_t i = 0; i < n; i++)
		names[i] = s->config->accounts[i].name;
	rc = alerts_end_others(c, names, n, s->audience, clock_utc_ms(), err);
	free(names);
	return rc;
}

static int run_cancel(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct setup_job *s = (struct setup_job *)job;

	if (store_begin(c, err) != 0 ||
	    store_outbox_cancel_others(c, s->sink_ids, s->config->n_sinks, clock_utc_ms(),
				       &s->n_canceled, err) != 0 ||
	    end_alerts(s, c, err) != 0)
		return err->code;
	return store_commit(c, err);
}

static void on_canceled(struct store_job *job, int rc)
{
	struct setup_job *s = (struct setup_job *)job;

	s->under_way = false;
	audience_release(s->audience);
	on_events(s->daemon); /* alerts of accounts that are gone */
	if (rc == 0 && s->n_canceled > 0)
		log_warning("%" PRId64 " deliveries to sinks that are not configured any"
			    " more are canceled",
			    s->n_canceled);
	else if (rc != 0)
		log_warning("deliveries to sinks that are not configured any more are"
			    " canceled at the next start only: %s",
			    job->err.text);
	go_on(s->daemon);
}

/* Behind all that was done for them: their dispatches have written how their last tries ended,
 * and pages that owe them something went to the store before. */
static void cancel_others(struct daemon *d)
{
	struct setup_job *s = &d->setup;

	s->job = (struct store_job){.run = run_cancel, .on_done = on_canceled};
	s->audience = audience_share(d->env.audience);
	s->under_way = true;
	store_submit(d->store, &s->job);
}

/* ---- forgetting ---- */

static void set_retention(struct daemon *d)
{
	const struct forget_after after = {
		.events_ms = d->config->keep_events_ms,
		.spans_ms = d->config->keep_spans_ms,
		.deliveries_ms = d->config->keep_deliveries_ms,
		.days_ms = d->config->keep_days_ms,
	};

	if (d->forgetting)
		forget_change(&d->forget, &after);
	else
		forget_start(&d->forget, &d->loop, d->store, &after);
	d->forgetting = true;
}

static void on_forgotten(void *data)
{
	struct daemon *d = data;

	d->forgetting = false;
	go_on(d);
}

/* ---- start and reload ---- */

/* What the waiting configuration replaces has stopped: begin what it brings. */
static void adopt(struct daemon *d)
{
	struct config *old = d->config != d->waiting ? d->config : NULL;

	d->config = d->waiting;
	d->waiting = NULL;
	audience_release(d->env.audience);
	d->env.audience = audience_of(d->config, d->setup.sink_ids);
	rules_release(d->env.rules);
	d->env.rules = config_rules(d->config, ++d->n_configs);
	start_sinks(d);
	start_polls(d);
	set_retention(d);
	heartbeat_adopt(d->heartbeat, d->config);
	config_unload(old);
	log_set_level(d->config->log_level);
	report(d);
	d->started = true;
	serve_set_ready(d->serve);
	notify_ready();
	cancel_others(d);
	on_events(d); /* what an earlier run left owed */
}

/* ---- setup ---- */

static int run_setup(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct setup_job *s = (struct setup_job *)job;
	const struct config *config = s->config;
	struct daemon *d = s->daemon;

	if (store_begin(c, err) != 0)
		return err->code;
	if (!d->started && (store_budgets_cut(c, clock_utc_ms(), err) != 0 ||
			    ledger_load(d->ledger, c, err) != 0))
		return err->code;
	for (size_t i = 0; i < config->n_sinks; i++) {
		if (store_sink_load(c, config->sinks[i].name, &s->sink_ids[i], err) != 0)
			return err->code;
	}
	return store_commit(c, err);
}

static void begin_stop(struct daemon *d);
static void on_hup(uv_signal_t *signal, int number);

static void on_setup(struct store_job *job, int rc)
{
	struct setup_job *s = (struct setup_job *)job;
	struct daemon *d = s->daemon;

	s->under_way = false;
	if (rc != 0) {
		if (!d->started) {
			d->err = job->err;
			begin_stop(d);
		} else if (!d->stopping) {
			log_error("the configuration is not taken up: %s", job->err.text);
			notify_ready();
		}
		if (s->config != d->config)
			config_unload(s->config);
	} else if (d->stopping) {
		if (s->config != d->config)
			config_unload(s->config);
	} else {
		d->waiting = s->config;
		sort_polls(d, d->waiting);
		sort_sinks(d, d->waiting);
	}
	go_on(d);
}

static void set_up(struct daemon *d, struct config *config)
{
	struct setup_job *s = &d->setup;

	s->daemon = d;
	s->config = config;
	s->sink_ids = mem_resize(s->sink_ids, config->n_sinks, sizeof *s->sink_ids);
	s->job = (struct store_job){.run = run_setup, .on_done = on_setup};
	s->under_way = true;
	store_submit(d->store, &s->job);
}

/* ---- reload ---- */

/* Credentials are read once, at the start: systemd hands them over then, and a token belongs to
 * all those that it was had with. */
static void keep_credentials(const struct config *now, struct config *next)
{
	for (size_t i = 0; i < next->n_accounts; i++) {
		struct account_config *then = &next->accounts[i];
		const struct account_config *a = find_account(now, then->name);

		if (a == NULL || config_account_credentials_same(a, then))
			continue;
		log_warning(
			"%s: its credentials have changed; they are taken up at the next"
			" restart (systemctl restart phonewatchd)",
			then->name);
		config_account_keep_credentials(then, a);
	}
}

/* The database is opened once, at the start. */
static void keep_database(const struct config *now, struct config *next)
{
	if (strcmp(next->database, now->database) == 0)
		return;
	log_warning("another database is taken up at the next restart (systemctl restart"
		    " phonewatchd); %s goes on",
		    now->database);
	free(next->database);
	next->database = mem_strdup(now->database);
}

static void on_hup(uv_signal_t *signal, int number)
{
	struct daemon *d = signal->data;
	struct config_report problems = {0};
	struct config *next;
	struct err err;

	(void)number;
	d->reload_again = d->setup.under_way || d->waiting != NULL;
	if (d->reload_again || d->stopping)
		return;
	notify_reloading();
	if (config_load(d->config->path, &next, &problems, &err) != 0) {
		config_report_log(&problems);
		log_error("the configuration is not taken up; the old one goes on");
		config_report_clear(&problems);
		notify_ready();
		return;
	}
	keep_database(d->config, next);
	keep_credentials(d->config, next);
	set_up(d, next);
}

/* ---- the door ---- */

static void on_owed_again(void *data, const char *sink, int64_t sequence)
{
	struct daemon *d = data;

	for (size_t i = 0; i < d->n_sinks; i++)
		if (strcmp(d->sinks[i].config->name, sink) == 0)
			dispatch_wake_for(d->sinks[i].dispatch, sequence);
}

static void grant_of_sink(struct daemon *d, struct serve_wish *wish)
{
	const struct sink_config *s = find_sink(d->config, wish->sink);
	struct sink_settings settings;

	if (s == NULL) {
		serve_refuse(wish, 404, "%s: no such sink is configured", wish->sink);
	} else if (wish->kind == SERVE_TEST) {
		log_info("sink %s: %s asks for a test", s->name, wish->by);
		settings = sink_settings_of(s);
		errands_test(d->errands, wish, &settings, d->config->accounts[0].name);
	} else if (d->setup.config != d->config) {
		serve_refuse(wish, 503, "the configuration is being read again");
	} else if (wish->kind == SERVE_DRILL) {
		log_info("sink %s: %s asks for a drill", s->name, wish->by);
		errands_drill(d->errands, wish, d->setup.sink_ids[s - d->config->sinks],
			      d->config->accounts[0].name);
	} else {
		log_info("sink %s: %s asks for event %s to be told again", s->name,
			 wish->by, wish->event);
		errands_replay(d->errands, wish, d->setup.sink_ids[s - d->config->sinks]);
	}
}

static void grant_of_polls(struct daemon *d, struct serve_wish *wish)
{
	bool accepts = wish->kind == SERVE_ACCEPT;

	log_info("%s: %s asks for a sweep now%s",
		 wish->account != NULL ? wish->account : "all accounts", wish->by,
		 accepts ? ", and accepts that its list has shrunk" : "");
	wish_grant(wish, d->polls, d->n_polls);
}

static void on_wish(struct serve_wish *wish, void *data)
{
	struct daemon *d = data;

	if (!d->started || d->stopping)
		serve_refuse(wish, 503, "phonewatchd is starting or stopping");
	else if (wish->sink == NULL)
		grant_of_polls(d, wish);
	else
		grant_of_sink(d, wish);
}

static void on_silence_ended(void *data)
{
	struct daemon *d = data;

	for (size_t i = 0; i < d->n_polls; i++)
		poll_silence_ended(d->polls[i]);
}

static int open_door(struct daemon *d, struct err *err)
{
	char *folder = find_folder("RUNTIME_DIRECTORY", d->config->database);
	char *address = mem_printf("unix:%s/" SOCKET, folder);
	const struct serve_config config = {
		.loop = &d->loop,
		.store = d->store,
		.address = address,
		.on_wish = on_wish,
		.on_silence_ended = on_silence_ended,
		.data = d,
	};
	int rc = serve_open(&config, &d->serve, err);

	free(address);
	free(folder);
	return rc;
}

/* The door, the heartbeat, or the errands. */
static void on_part_closed(void *data)
{
	struct daemon *d = data;

	d->n_stopping--;
	go_on(d);
}

/* ---- stop ---- */

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

/* Something is over: do what waited for it. */
static void go_on(struct daemon *d)
{
	if (d->n_stopping > 0 || d->setup.under_way)
		return;
	if (d->stopping) {
		if (!d->alive_under_way && !d->forgetting && !d->closed)
			close_all(d);
	} else if (d->waiting != NULL) {
		adopt(d);
	} else if (d->reload_again) {
		on_hup(&d->hup, SIGHUP);
	}
}

static void begin_stop(struct daemon *d)
{
	if (d->stopping)
		return;
	d->stopping = true;
	notify_stopping();
	uv_timer_start(&d->late, on_late, STOP_MS, 0);
	uv_timer_stop(&d->watchdog);
	for (size_t i = 0; i < d->n_polls; i++)
		stop_poll(d, d->polls[i]);
	for (size_t i = 0; i < d->n_sinks; i++)
		stop_sink(d, &d->sinks[i]);
	d->n_polls = d->n_sinks = 0;
	d->n_stopping += 3;
	serve_close(d->serve, on_part_closed, d);
	heartbeat_close(d->heartbeat, on_part_closed, d);
	errands_close(d->errands, on_part_closed, d);
	if (d->forgetting)
		forget_stop(&d->forget, on_forgotten, d);
}

static void on_term(uv_signal_t *signal, int number)
{
	struct daemon *d = signal->data;

	log_info("stopping (%s)", number == SIGINT ? "SIGINT" : "SIGTERM");
	begin_stop(d);
	go_on(d);
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
		go_on(d);
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
	start_signal(d, &d->hup, on_hup, SIGHUP);
	uv_timer_init(&d->loop, &d->watchdog);
	uv_timer_init(&d->loop, &d->late);
	d->watchdog.data = d;
	d->alive = (struct store_job){.run = run_alive, .on_done = on_alive};
	if (watchdog_ms > 0)
		uv_timer_start(&d->watchdog, on_watchdog, (uint64_t)watchdog_ms,
			       (uint64_t)watchdog_ms);
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
	d.state_folder = find_folder("STATE_DIRECTORY", config->database);
	d.http = http_client_create(&d.loop, USER_AGENT);
	d.heartbeat = heartbeat_create(d.http);
	d.errands = errands_create(&(struct errands_config){.loop = &d.loop,
							    .http = d.http,
							    .store = d.store,
							    .on_owed = on_owed_again,
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
		.on_events = on_events,
		.on_swept = on_swept,
		.data = &d,
	};
	start_handles(&d);
	if (open_door(&d, &d.err) == 0) {
		set_up(&d, config);
	} else {
		begin_stop(&d);
		go_on(&d);
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
