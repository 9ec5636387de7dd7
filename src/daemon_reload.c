/*
 * Start    daemon_set_up -> setup job (sinks, ledger) -> on_setup -> daemon_adopt: polls, dispatches -> cancel
 *          job: what is owed to sinks that are gone -> on_canceled
 * Reload   daemon_on_hup: read and check -> setup job -> on_setup -> what changed or went is stopped
 *          -> when all of that has stopped -> daemon_adopt -> cancel job -> on_canceled
 */
#include "daemon_inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alerts.h"
#include "base/clock.h"
#include "notify.h"

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
	daemon_on_events(s->daemon); /* alerts of accounts that are gone */
	if (rc == 0 && s->n_canceled > 0)
		log_warning("%" PRId64 " deliveries to sinks that are not configured any"
			    " more are canceled",
			    s->n_canceled);
	else if (rc != 0)
		log_warning("deliveries to sinks that are not configured any more are"
			    " canceled at the next start only: %s",
			    job->err.text);
	daemon_go_on(s->daemon);
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

void daemon_on_forgotten(void *data)
{
	struct daemon *d = data;

	d->forgetting = false;
	daemon_go_on(d);
}

/* ---- taking it up ---- */

void daemon_adopt(struct daemon *d)
{
	struct config *old = d->config != d->waiting ? d->config : NULL;

	d->config = d->waiting;
	d->waiting = NULL;
	audience_release(d->env.audience);
	d->env.audience = daemon_audience(d->config, d->setup.sink_ids);
	rules_release(d->env.rules);
	d->env.rules = config_rules(d->config, ++d->n_configs);
	daemon_start_all(d);
	set_retention(d);
	heartbeat_adopt(d->heartbeat, d->config);
	config_unload(old);
	log_set_level(d->config->log_level);
	report(d);
	d->started = true;
	serve_set_ready(d->serve);
	notify_ready();
	cancel_others(d);
	daemon_on_events(d); /* what an earlier run left owed */
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

static void on_setup(struct store_job *job, int rc)
{
	struct setup_job *s = (struct setup_job *)job;
	struct daemon *d = s->daemon;

	s->under_way = false;
	if (rc != 0) {
		if (!d->started) {
			d->err = job->err;
			daemon_begin_stop(d);
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
		daemon_sort(d, d->waiting);
	}
	daemon_go_on(d);
}

void daemon_set_up(struct daemon *d, struct config *config)
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
		const struct account_config *a = daemon_find_account(now, then->name);

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

void daemon_on_hup(uv_signal_t *signal, int number)
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
	daemon_set_up(d, next);
}
