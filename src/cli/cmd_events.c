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
	{EVENT_DEVICE_ONLINE, "online", OUT_GOOD},
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
	o->n++;
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

/* Nothing at all would leave open whether it was looked for. */
static void say_if_none(struct out *o)
{
	if (o->format != OUT_TABLE || o->n > 0)
		return;
	out_words(o, OUT_PLAIN, "no events");
	out_newline(o);
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
	if (status == CLI_OK)
		say_if_none(o);
	if (status == CLI_DATABASE)
		cli_fail_database(cli);
	else if (status == CLI_OK && out_end(o, &cli->err) != 0)
		status = cli_fail_output(cli);
	store_close_reader(c);
	return status;
}

/* ---- following ---- */

struct follow {
	struct events_walk *walk;
	struct store_conn *db;
	int64_t random; /* the database's */
	int64_t seen;   /* the version whose events have been told; -1: none */
	bool in_trouble;
	sigset_t while_waiting; /* the signals that are blocked then */
};

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

/* Said once, until it works again: it is tried again for as long as we run. */
static void on_trouble(struct cli *cli, struct follow *f)
{
	if (!f->in_trouble)
		cli_warn("database %s: %s; trying again", cli->database_path,
			 cli->err.text);
	f->in_trouble = true;
	f->seen = -1;
}

/* Where to go on: all of another database is news, nothing of an older state of this one is. */
static int find_next(struct cli *cli, struct follow *f)
{
	int64_t last, random = store_reader_random(f->db);

	if (store_last_sequence(f->db, &last, &cli->err) != 0)
		return cli->err.code;
	if (random != f->random)
		f->walk->next = 1;
	else if (f->walk->next > last + 1)
		f->walk->next = last + 1;
	f->random = random;
	return 0;
}

static void on_working(struct follow *f, const struct cli *cli)
{
	if (f->in_trouble)
		cli_warn("database %s: it can be read again", cli->database_path);
	f->in_trouble = false;
}

/* Returns CLI_OK, or what ends it. */
static int look(struct cli *cli, struct follow *f, struct out *o)
{
	int64_t version;
	int status = CLI_DATABASE;

	if (store_reader_version(f->db, &version, &cli->err) == 0) {
		if (version == f->seen)
			return wait_a_little(&f->while_waiting);
		if (find_next(cli, f) == 0)
			status = tell(cli, f->db, f->walk, o);
		f->seen = version;
	}
	if (status != CLI_DATABASE) {
		on_working(f, cli);
		return status;
	}
	on_trouble(cli, f);
	return wait_a_little(&f->while_waiting);
}

static int follow(struct cli *cli, struct events_walk *walk, struct out *o)
{
	struct follow f = {.walk = walk, .seen = -1};
	int status = CLI_OK;

	f.db = cli_open(cli);
	if (f.db == NULL)
		return CLI_DATABASE;
	f.random = store_reader_random(f.db);
	catch_signals(&f.while_waiting);
	if ((cli->since != NULL || cli->after != NULL
		     ? events_start(walk, f.db, &cli->err)
		     : events_start_last(walk, f.db, FIRST_SHOWN, &cli->err)) != 0)
		status = cli_fail_database(cli);
	while (status == CLI_OK && !stopped)
		status = look(cli, &f, o);
	store_close_reader(f.db);
	return status;
}

/* One that can find nothing is a slip of the pen, and an empty list would hide it. */
static int check_types(const struct cli *cli)
{
	for (size_t i = 0; i < cli->n_types; i++) {
		char *names;

		if (events_have_type(cli->types[i]))
			continue;
		names = events_type_names();
		cli_usage("--type %s: no event has such a type; there are %s",
			  cli->types[i], names);
		free(names);
		return CLI_USAGE;
	}
	return CLI_OK;
}

/* 0 is before all. */
static int read_after(const struct cli *cli, int64_t *after)
{
	char *end;

	if (cli->after == NULL)
		return CLI_OK;
	errno = 0;
	*after = strtoll(cli->after, &end, 10);
	if (cli->after[0] < '0' || cli->after[0] > '9' || *end != '\0' || errno != 0 ||
	    *after == INT64_MAX)
		return cli_usage(
			"--after %s: not a number; it is data.sequence of the last"
			" event that you have",
			cli->after);
	return CLI_OK;
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
	if (check_types(cli) != CLI_OK || read_after(cli, &walk.after) != CLI_OK)
		return CLI_USAGE;
	if (cli->follow && cli->until != NULL)
		return cli_usage("events: --follow has no end: no --until with it");
	if (cli->follow && cli->format == OUT_JSON)
		return cli_usage("events: --follow has no end: no -o json with it;"
				 " -o ndjson has a line for each");
	out_init(&o, cli->format, NULL, cli->command->fields);
	status = cli->follow ? follow(cli, &walk, &o) : tell_all(cli, &walk, &o);
	out_clear(&o);
	return status;
}
