/* The polls and dispatches that run: which of them a configuration keeps, stops and starts. */
#include "daemon_inside.h"

#include <stdlib.h>
#include <string.h>

#include "schedule.h"

/* ---- sinks ---- */

void daemon_on_events(void *data)
{
	struct daemon *d = data;

	for (size_t i = 0; i < d->n_sinks; i++)
		dispatch_wake(d->sinks[i].dispatch);
}

struct sink_settings daemon_sink_settings(const struct sink_config *s)
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
		.settings = daemon_sink_settings(config),
	};
	struct dispatch *dispatch = NULL;
	struct err err;

	if (dispatch_create(&settings, &dispatch, &err) != 0)
		log_error("%s; its events wait until that is corrected and reloaded",
			  err.text);
	return dispatch;
}

struct audience *daemon_audience(const struct config *config, const int64_t *sink_ids)
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
	daemon_go_on(d);
}

static void on_dispatch_stopped(struct dispatch *dispatch, void *data)
{
	struct daemon *d = data;

	dispatch_destroy(dispatch);
	d->n_stopping--;
	daemon_go_on(d);
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

const struct account_config *daemon_find_account(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_accounts; i++)
		if (strcmp(c->accounts[i].name, name) == 0)
			return &c->accounts[i];
	return NULL;
}

struct sink_config *daemon_find_sink(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_sinks; i++)
		if (strcmp(c->sinks[i].name, name) == 0)
			return &c->sinks[i];
	return NULL;
}

static void sort_polls(struct daemon *d, const struct config *next)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_polls; i++) {
		struct poll *p = d->polls[i];
		const struct account_config *now = poll_config(p);
		const struct account_config *then = daemon_find_account(next, now->name);

		if (then != NULL && config_account_same(now, then)) {
			poll_adopt(p, then);
			d->polls[n++] = p;
		} else {
			stop_poll(d, p);
		}
	}
	d->n_polls = n;
}

/* A sink that its receiver has switched off is begun anew. */
static void sort_sinks(struct daemon *d, const struct config *next)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_sinks; i++) {
		struct running_sink *s = &d->sinks[i];
		struct sink_config *then = daemon_find_sink(next, s->config->name);

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

void daemon_sort(struct daemon *d, const struct config *next)
{
	sort_polls(d, next);
	sort_sinks(d, next);
}

void daemon_stop_all(struct daemon *d)
{
	for (size_t i = 0; i < d->n_polls; i++)
		stop_poll(d, d->polls[i]);
	for (size_t i = 0; i < d->n_sinks; i++)
		stop_sink(d, &d->sinks[i]);
	d->n_polls = d->n_sinks = 0;
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

void daemon_start_all(struct daemon *d)
{
	start_sinks(d);
	start_polls(d);
}
