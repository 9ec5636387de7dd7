/* phonewatch events
 *
 * Following is looking every 200 ms whether somebody has committed: one number of the database,
 * without a lock. It goes on while the daemon stops and starts. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "model/event.h"
#include "query/events.h"
#include "query/when.h"

#define LOOK_MS     200
#define FIRST_SHOWN 10 /* of the past, before what is followed; as tail -f does */

/* ---- what is shown of one ---- */

static const struct {
	enum event_type type;
	const char *word;
	enum out_colour colour;
} words[] = {
	{EVENT_DEVICE_ONLINE, "ONLINE", OUT_GOOD},
	{EVENT_DEVICE_OFFLINE, "OFFLINE", OUT_BAD},
	{EVENT_DEVICE_UNKNOWN, "UNKNOWN", OUT_DOUBTFUL},
	{EVENT_DEVICE_LOCATION, "location", OUT_FAINT},
	{EVENT_DEVICE_ADDED, "added", OUT_PLAIN},
	{EVENT_DEVICE_REMOVED, "removed", OUT_DOUBTFUL},
	{EVENT_DEVICE_CHANGED, "changed", OUT_PLAIN},
	{EVENT_ACCOUNT_UNREACHABLE, "NO WATCH", OUT_BAD},
	{EVENT_ACCOUNT_REACHABLE, "watched", OUT_GOOD},
};

/* "2026-11-22 19:01:02  OFFLINE   Lobby phone (ext 101, Denver) is offline" */
static void add_line(struct out *o, const struct event *ev)
{
	char at[CLOCK_TEXT_BYTES], *summary = event_summary(ev);

	when_format(at, ev->at_ms);
	out_words(o, OUT_FAINT, "%s", at);
	for (size_t i = 0; i < COUNT(words); i++)
		if (words[i].type == ev->type)
			out_words(o, words[i].colour, "  %-8s", words[i].word);
	out_words(o, OUT_PLAIN, "  %s", summary);
	out_newline(o);
	free(summary);
}

static void on_event(const struct event *ev, void *arg)
{
	struct out *o = arg;
	char *text;

	if (o->format == OUT_TABLE) {
		add_line(o, ev);
		return;
	}
	text = event_render(ev, EVENT_WITHOUT_PERSONAL);
	out_object_text(o, text);
	free(text);
}

/* ---- all there are ---- */

/* Returns CLI_OK, or what was wrong, which has been said. err->code tells more. */
static int tell(struct cli *cli, struct store_conn *c, struct events_walk *walk,
		struct out *o)
{
	int more;

	do {
		more = events_next(walk, c, on_event, o, &cli->err);
		if (more < 0)
			return CLI_DATABASE;
		if (out_flush(o, &cli->err) != 0)
			return cli_fail_output(cli);
	} while (more);
	return CLI_OK;
}

static int tell_all(struct cli *cli, struct events_walk *walk, struct out *o)
{
	struct store_conn *c = cli_open(cli);
	int status;

	if (c == NULL)
		return CLI_DATABASE;
	if (events_start(walk, c, &cli->err) != 0)
		status = CLI_DATABASE;
	else
		status = tell(cli, c, walk, o);
	if (status == CLI_DATABASE)
		cli_fail_database(cli);
	else if (status == CLI_OK && out_end(o, &cli->err) != 0)
		status = cli_fail_output(cli);
	store_close_reader(c);
	return status;
}

/* ---- following ---- */

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

/* Signals come only while we wait, so that a line is never cut. */
static void catch_signals(sigset_t *while_waiting)
{
	struct sigaction stop = {.sa_handler = on_signal};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, while_waiting);
	sigdelset(while_waiting, SIGINT);
	sigdelset(while_waiting, SIGTERM);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
}

/* Returns CLI_OUTPUT where nobody reads us any more: a pipe tells so before we write. */
static int wait_a_little(const sigset_t *while_waiting)
{
	struct timespec time = {.tv_nsec = LOOK_MS * 1000000L};
	struct pollfd out = {.fd = STDOUT_FILENO};

	if (ppoll(&out, 1, &time, while_waiting) > 0 && (out.revents & POLLERR) != 0)
		return CLI_OUTPUT;
	return CLI_OK;
}

static int follow(struct cli *cli, struct events_walk *walk, struct out *o)
{
	struct store_conn *c = cli_open(cli);
	int64_t seen = -1, version;
	sigset_t while_waiting;
	int status;

	if (c == NULL)
		return CLI_DATABASE;
	catch_signals(&while_waiting);
	if (cli->since != NULL)
		status = events_start(walk, c, &cli->err);
	else
		status = events_start_last(walk, c, FIRST_SHOWN, &cli->err);
	status = status != 0 ? CLI_DATABASE : CLI_OK;
	while (status == CLI_OK && !stopped) {
		if (store_reader_version(c, &version, &cli->err) != 0) {
			status = CLI_DATABASE;
		} else if (version != seen) {
			seen = version;
			status = tell(cli, c, walk, o);
		} else {
			status = wait_a_little(&while_waiting);
		}
	}
	if (status == CLI_DATABASE)
		cli_fail_database(cli);
	store_close_reader(c);
	return status;
}

int cmd_events(struct cli *cli)
{
	struct events_walk walk = {.types = cli->types,
				   .n_types = cli->n_types,
				   .matches = cli->matches,
				   .n_matches = cli->n_matches};
	struct out o;
	int status = cli_times(cli, &walk.since_at_ms, &walk.until_at_ms);

	if (status != CLI_OK)
		return status;
	if (cli->follow && cli->until != NULL)
		return cli_usage("events: --follow has no end: no --until with it");
	if (cli->follow && cli->format == OUT_JSON)
		return cli_usage("events: --follow has no end: no -o json with it;"
				 " -o ndjson has a line for each");
	out_init(&o, cli->format, NULL);
	status = cli->follow ? follow(cli, &walk, &o) : tell_all(cli, &walk, &o);
	out_clear(&o);
	return status;
}
