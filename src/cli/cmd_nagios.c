/* phonewatch status --nagios */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "cli/cli.h"
#include "query/status.h"

#define NAMED 5 /* so many of those that are offline */

enum { NAGIOS_OK = 0, NAGIOS_WARNING = 1, NAGIOS_CRITICAL = 2, NAGIOS_UNKNOWN = 3 };

struct nagios {
	int64_t n[3]; /* by enum device_status */
	int64_t n_unobserved;
	size_t n_unwatched; /* accounts, with devices or without */
	struct buf names;
};

static void on_nagios(const struct status *s, void *arg)
{
	struct nagios *n = arg;
	char *name, safe[200];

	n->n[s->status]++;
	n->n_unobserved += s->why == WHY_UNOBSERVED;
	if (s->status != DEVICE_OFFLINE || n->n[DEVICE_OFFLINE] > NAMED)
		return;
	name = status_device_name(s);
	log_escape(safe, sizeof safe, name);
	free(name);
	/* What is behind a bar is numbers to Nagios. */
	for (char *bar = safe; (bar = strchr(bar, '|')) != NULL;)
		*bar = '/';
	buf_printf(&n->names, "%s%s", n->names.len > 0 ? ", " : ": ", safe);
}

/* Whoever cannot see says so, unless what it does see is bad enough. */
static int nagios_status(const struct nagios *n, int64_t critical)
{
	if (n->n[DEVICE_OFFLINE] >= critical)
		return NAGIOS_CRITICAL;
	if (n->n_unobserved > 0 || n->n_unwatched > 0 || n->n[0] + n->n[1] + n->n[2] == 0)
		return NAGIOS_UNKNOWN;
	return n->n[DEVICE_OFFLINE] > 0 || n->n[DEVICE_UNKNOWN] > 0 ? NAGIOS_WARNING
								    : NAGIOS_OK;
}

static int nagios_say(const struct nagios *n, int64_t critical)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	int64_t all = n->n[0] + n->n[1] + n->n[2];
	int status = nagios_status(n, critical);

	printf("PHONEWATCH %s - %" PRId64 " of %" PRId64 " devices offline",
	       words[status], n->n[DEVICE_OFFLINE], all);
	if (n->n[DEVICE_UNKNOWN] > 0)
		printf(", %" PRId64 " unknown", n->n[DEVICE_UNKNOWN]);
	if (n->n_unwatched > 0)
		printf(", %zu account%s not watched", n->n_unwatched,
		       n->n_unwatched == 1 ? "" : "s");
	printf("%s%s|offline=%" PRId64 ";1;%" PRId64 ";0;%" PRId64 " unknown=%" PRId64
	       " online=%" PRId64 "\n",
	       buf_text(&n->names), n->n[DEVICE_OFFLINE] > NAMED ? ", ..." : "",
	       n->n[DEVICE_OFFLINE], critical, all, n->n[DEVICE_UNKNOWN],
	       n->n[DEVICE_ONLINE]);
	return fflush(stdout) == 0 ? status : NAGIOS_UNKNOWN;
}

static int nagios(struct cli *cli, struct store_conn *c, int64_t at_ms, int64_t critical)
{
	struct status_walk walk = {
		.at_ms = at_ms, .matches = cli->matches, .n_matches = cli->n_matches};
	struct nagios n = {.n = {0}};
	const struct store_account *one;
	int more, status = NAGIOS_UNKNOWN;

	buf_init(&n.names, 4096);
	do
		more = status_next(&walk, c, cli->now_at_ms, on_nagios, &n, &cli->err);
	while (more > 0);
	if (at_ms == 0)
		n.n_unwatched = status_unwatched(&walk, cli->now_at_ms, &one);
	if (more < 0)
		printf("PHONEWATCH UNKNOWN - %s\n", cli->err.text);
	else
		status = nagios_say(&n, critical);
	status_walk_clear(&walk);
	buf_clear(&n.names);
	return status;
}

/* One form and all devices: it would not do to say otherwise. */
static int check(const struct cli *cli)
{
	if (cli->output != NULL)
		return cli_usage("status --nagios: has a form of its own, and no -o");
	if (cli->offline)
		return cli_usage("status: --offline and --nagios: which?");
	return CLI_OK;
}

int cli_nagios_unknown(void)
{
	puts("PHONEWATCH UNKNOWN - the question is wrong");
	return NAGIOS_UNKNOWN;
}

int cmd_nagios(struct cli *cli)
{
	int64_t at_ms = 0, critical = 1;
	struct store_conn *c;
	int status;

	if (check(cli) != CLI_OK ||
	    cli_number("critical", cli->critical, &critical) != CLI_OK ||
	    (cli->at != NULL && cli_past_time(cli, "--at", cli->at, &at_ms) != CLI_OK))
		return cli_nagios_unknown();
	c = cli_open(cli);
	if (c == NULL) { /* which is said on stderr: a plugin's answer is not there */
		puts("PHONEWATCH UNKNOWN - the database cannot be read");
		return NAGIOS_UNKNOWN;
	}
	status = nagios(cli, c, at_ms, critical);
	store_close_reader(c);
	return status;
}
