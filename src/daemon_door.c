/* The door: what the command line asks of the daemon. */
#include "daemon_inside.h"

#include <stdlib.h>
#include <string.h>

#include "wish.h"

#define SOCKET "phonewatch.sock"

void daemon_on_owed_again(void *data, const char *sink, int64_t sequence)
{
	struct daemon *d = data;

	for (size_t i = 0; i < d->n_sinks; i++)
		if (strcmp(d->sinks[i].config->name, sink) == 0)
			dispatch_wake_for(d->sinks[i].dispatch, sequence);
}

static void grant_of_sink(struct daemon *d, struct serve_wish *wish)
{
	const struct sink_config *s = daemon_find_sink(d->config, wish->sink);
	struct sink_settings settings;

	if (s == NULL) {
		serve_refuse(wish, 404, "%s: no such sink is configured", wish->sink);
	} else if (wish->kind == SERVE_TEST) {
		log_info("sink %s: %s asks for a test", s->name, wish->by);
		settings = daemon_sink_settings(s);
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

int daemon_open_door(struct daemon *d, struct err *err)
{
	char *folder = daemon_find_folder("RUNTIME_DIRECTORY", d->config->database);
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
