/* What was asked for, as commands take it: times, numbers, devices, and the database. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "model/match.h"
#include "query/lookup.h"
#include "query/when.h"

#define DEFAULT_RANGE_MS (7 * INT64_C(24) * 3600 * 1000)

/* ---- times and numbers ---- */

int cli_time(const struct cli *cli, const char *option, const char *text, int64_t *at_ms)
{
	struct err err = {0};

	if (text == NULL || when_parse(text, cli->now_at_ms, at_ms, &err) == 0)
		return CLI_OK;
	return cli_usage("--%s %s: %s", option, text, err.text);
}

int cli_times(struct cli *cli, int64_t *since_at_ms, int64_t *until_at_ms)
{
	*since_at_ms = INT64_MIN;
	*until_at_ms = INT64_MAX;
	if (cli_time(cli, "since", cli->since, since_at_ms) != CLI_OK ||
	    cli_time(cli, "until", cli->until, until_at_ms) != CLI_OK)
		return CLI_USAGE;
	if (*since_at_ms > cli->now_at_ms)
		return cli_usage("--since %s: that is still to come", cli->since);
	if (*since_at_ms > *until_at_ms)
		return cli_usage("--since %s is after --until %s", cli->since,
				 cli->until);
	return CLI_OK;
}

int cli_past_time(struct cli *cli, const char *what, const char *text, int64_t *at_ms)
{
	struct err err = {0};

	if (when_parse(text, cli->now_at_ms, at_ms, &err) != 0)
		return cli_usage("%s %s: %s", what, text, err.text);
	if (*at_ms > cli->now_at_ms)
		return cli_usage("%s %s: that is still to come", what, text);
	return CLI_OK;
}

int cli_range(struct cli *cli, int64_t *since_at_ms, int64_t *until_at_ms)
{
	*until_at_ms = cli->now_at_ms;
	if (cli->until != NULL &&
	    cli_past_time(cli, "--until", cli->until, until_at_ms) != CLI_OK)
		return CLI_USAGE;
	*since_at_ms = *until_at_ms - DEFAULT_RANGE_MS;
	if (cli->since != NULL &&
	    cli_past_time(cli, "--since", cli->since, since_at_ms) != CLI_OK)
		return CLI_USAGE;
	if (*since_at_ms >= *until_at_ms)
		return cli_usage("--since %s is not before --until %s", cli->since,
				 cli->until != NULL ? cli->until : "now");
	return CLI_OK;
}

int cli_number(const char *option, const char *text, int64_t *number)
{
	char *end;

	if (text == NULL)
		return CLI_OK;
	*number = strtoll(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || *number < 1)
		return cli_usage("--%s %s: not a number from 1 on", option, text);
	return CLI_OK;
}

/* ---- the database ---- */

static int find_path(struct cli *cli)
{
	if (cli->database_path != NULL)
		return 0;
	if (cli->database != NULL) {
		cli->database_path = mem_strdup(cli->database);
		return 0;
	}
	if (cli->find_database(cli->config_path, &cli->database_path, &cli->err) == 0)
		return 0;
	cli_warn("%s", cli->err.text);
	cli_warn("name the configuration with -c, or the database with -d");
	return ERR_CONFIG;
}

struct store_conn *cli_open(struct cli *cli)
{
	struct store_conn *c;

	if (find_path(cli) != 0)
		return NULL;
	if (store_open_reader(cli->database_path, &c, &cli->err) == 0)
		return c;
	cli_warn("%s", cli->err.text);
	return NULL;
}

/* Of those that DEVICE names, those that --match holds for. */
struct choosing {
	const struct cli *cli;
	void (*each)(const struct store_account *a, const struct store_device *d,
		     void *arg);
	void *arg;
	int n;
};

static void on_named(const struct store_account *a, const struct store_device *d,
		     void *arg)
{
	struct choosing *x = arg;
	json_t *facts = json_loads(d->facts, 0, NULL);

	if (match_all(x->cli->matches, x->cli->n_matches, a->name, d->id, facts)) {
		x->n++;
		x->each(a, d, x->arg);
	}
	json_decref(facts);
}

int cli_devices(struct cli *cli, struct store_conn *c,
		void (*each)(const struct store_account *a, const struct store_device *d,
			     void *arg),
		void *arg, const int *rc)
{
	const char *text = cli->arguments[0];
	struct choosing x = {.cli = cli, .each = each, .arg = arg};
	int64_t version;
	int n;

	if (store_reader_version(c, &version, &cli->err) != 0 ||
	    store_begin_read(c, &cli->err) != 0)
		return cli_fail_database(cli);
	n = lookup_devices(c, text, on_named, &x, &cli->err);
	store_end_read(c);
	if (n < 0 || *rc != 0)
		return cli_fail_database(cli);
	if (x.n > 0)
		return CLI_OK;
	if (n > 0)
		cli_warn("%s: none of that name for which --match holds", text);
	else
		cli_warn("%s: no such device; it is an id, a serial number, an extension"
			 " number, a phone number or a name",
			 text);
	return CLI_NO_DEVICE;
}
