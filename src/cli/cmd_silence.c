/* phonewatch silence */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/door.h"
#include "model/member.h"
#include "query/silences.h"
#include "query/when.h"

#define PATH "/api/v1/silences"

enum { ID, OF, FROM, UNTIL, EVERY, BY, REASON };

static const struct out_column columns[] = {
	[ID] = {"ID", 0, SCOLS_FL_RIGHT},
	[OF] = {"OF", 0.3, SCOLS_FL_TRUNC},
	[FROM] = {"FROM", 0, OUT_EXTRA},
	[UNTIL] = {"UNTIL", 0, 0},
	[EVERY] = {"EVERY", 0, OUT_EXTRA},
	[BY] = {"BY", 0.1, SCOLS_FL_TRUNC | OUT_EXTRA},
	[REASON] = {"REASON", 0.3, SCOLS_FL_TRUNC | OUT_EXTRA},
	{NULL, 0, 0},
};

/* ---- what there is ---- */

static void of_cell(struct out *o, const struct silence *s)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < s->n_matches; i++)
		buf_printf(&text, "%s%s", i > 0 ? " " : "", s->matches[i]);
	out_cell(o, OF, OUT_PLAIN, "%s", s->key != NULL ? s->key : buf_text(&text));
	buf_clear(&text);
}

static void until_cell(struct out *o, const struct silence *s)
{
	char text[CLOCK_TEXT_BYTES];

	if (s->until_at_ms != SILENCE_NO_END) {
		when_format(text, s->until_at_ms);
		out_cell(o, UNTIL, OUT_PLAIN, "%s", text);
	} else {
		out_cell(o, UNTIL, OUT_FAINT, s->key != NULL ? "it clears" : "removed");
	}
}

static void add_row(struct out *o, const struct silence *s)
{
	char text[CLOCK_TEXT_BYTES], every[WINDOW_TEXT_BYTES];

	out_row(o);
	out_cell(o, ID, OUT_PLAIN, "%" PRId64, s->id);
	of_cell(o, s);
	when_format(text, s->from_at_ms);
	out_cell(o, FROM, OUT_PLAIN, "%s", text);
	until_cell(o, s);
	if (s->recurs) {
		window_format(every, &s->every);
		out_cell(o, EVERY, OUT_PLAIN, "%s", every);
	}
	out_cell(o, BY, OUT_PLAIN, "%s", s->by);
	if (s->reason != NULL)
		out_cell(o, REASON, OUT_PLAIN, "%s", s->reason);
}

static int list(struct cli *cli)
{
	struct store_conn *c = cli_open(cli);
	struct silence *all;
	struct out o;
	int64_t version;
	size_t n;
	int status = CLI_OK;

	if (c == NULL)
		return CLI_DATABASE;
	if (store_reader_version(c, &version, &cli->err) != 0 ||
	    store_silences(c, cli->now_at_ms, &all, &n, &cli->err) != 0) {
		store_close_reader(c);
		return cli_fail_database(cli);
	}
	out_init(&o, cli->format, columns, cli->command->fields);
	for (size_t i = 0; i < n; i++) {
		if (cli->format == OUT_TABLE)
			add_row(&o, &all[i]);
		else
			out_take_object(&o, silences_object(&all[i]));
	}
	if (cli->format == OUT_TABLE && n == 0) {
		out_words(&o, OUT_PLAIN, "no silences");
		out_newline(&o);
	}
	if (out_end(&o, &cli->err) != 0)
		status = cli_fail_output(cli);
	out_clear(&o);
	store_silences_free(all, n);
	store_close_reader(c);
	return status;
}

/* ---- one more, one less ---- */

/* The answer is taken over; words are for people. */
static int tell(struct cli *cli, json_t *answer, const char *words)
{
	struct out o;
	int status = CLI_OK;

	out_init(&o, cli->format, NULL, cli->command->fields);
	if (cli->format == OUT_TABLE) {
		out_words(&o, OUT_PLAIN, words,
			  (long long)json_integer_value(json_object_get(answer, "id")));
		out_newline(&o);
		json_decref(answer);
	} else {
		out_take_object(&o, answer);
	}
	if (out_end(&o, &cli->err) != 0)
		status = cli_fail_output(cli);
	out_clear(&o);
	return status;
}

static int read_times(const struct cli *cli, json_t *body)
{
	int64_t from_ms = cli->now_at_ms, until_ms = 0, for_ms;

	if (cli_time(cli, "since", cli->since, &from_ms) != CLI_OK ||
	    cli_time(cli, "until", cli->until, &until_ms) != CLI_OK)
		return CLI_USAGE;
	if (cli->lasting != NULL) {
		if (cli->until != NULL)
			return cli_usage("--for and --until say the same: which?");
		if (clock_parse_duration(cli->lasting, &for_ms) != 0 || for_ms <= 0 ||
		    for_ms > CLOCK_MAX_MS - from_ms)
			return cli_usage("--for %s: not a duration; one is 30m, 4h or 2d",
					 cli->lasting);
		until_ms = from_ms + for_ms;
	}
	member_time(body, "from", from_ms);
	if (until_ms != 0)
		member_time(body, "until", until_ms);
	return CLI_OK;
}

static int check(const struct cli *cli)
{
	struct window window;
	struct err err;

	if (cli->n_matches == 0 && cli->alert == NULL)
		return cli_usage("silence add: of what? --match site=Denver, or"
				 " --until-clear KEY of an alert");
	if (cli->n_matches > 0 && cli->alert != NULL)
		return cli_usage("--match and --until-clear: which?");
	if (cli->alert == NULL && cli->until == NULL && cli->lasting == NULL &&
	    cli->every == NULL)
		return cli_usage(
			"silence add: until when? --for 4h, --until T, or --every"
			" for a window that comes again");
	if (cli->every != NULL && window_parse(&window, cli->every, &err) != 0)
		return cli_usage("--every %s: %s", cli->every, err.text);
	return CLI_OK;
}

static int add(struct cli *cli)
{
	json_t *body, *matches, *answer;
	int status;

	if (check(cli) != CLI_OK)
		return CLI_USAGE;
	body = json_object();
	if (read_times(cli, body) != CLI_OK) {
		json_decref(body);
		return CLI_USAGE;
	}
	if (cli->alert == NULL) {
		matches = json_array();
		for (size_t i = 0; i < cli->n_matches; i++)
			json_array_append_new(matches, json_string(cli->matches[i]));
		json_object_set_new(body, "match", matches);
	}
	member_text(body, "key", cli->alert);
	member_text(body, "every", cli->every);
	member_text(body, "reason", cli->reason);
	status = door_ask(cli, "POST", PATH, body, &answer);
	/* Which need not be in force yet. */
	return status == CLI_OK ? tell(cli, answer, "silence %lld is made") : status;
}

static int remove_one(struct cli *cli, const char *id)
{
	json_t *answer;
	int64_t number;
	char path[64], *end;
	int status;

	errno = 0;
	number = strtoll(id, &end, 10);
	if (id[0] < '0' || id[0] > '9' || *end != '\0' || errno != 0 || number < 1)
		return cli_usage("silence remove %s: not the number of a silence", id);
	snprintf(path, sizeof path, PATH "/%" PRId64, number);
	status = door_ask(cli, "DELETE", path, NULL, &answer);
	return status == CLI_OK ? tell(cli, answer, "silence %lld is removed") : status;
}

static bool has_terms(const struct cli *cli)
{
	return cli->n_matches > 0 || cli->alert != NULL || cli->since != NULL ||
	       cli->until != NULL || cli->lasting != NULL || cli->every != NULL ||
	       cli->reason != NULL;
}

int cmd_silence(struct cli *cli)
{
	const char *what = cli->arguments[0];
	size_t n = cli->n_words - 1;

	if (strcmp(what, "add") == 0 && n == 1)
		return add(cli);
	if (has_terms(cli))
		return cli_usage("silence %s: its terms belong to silence add", what);
	if (strcmp(what, "list") == 0 && n == 1)
		return list(cli);
	if (strcmp(what, "remove") == 0 && n == 2)
		return remove_one(cli, cli->arguments[1]);
	return cli_usage(
		"silence: add, list, or remove ID; see phonewatch silence --help");
}
