/* phonewatch backtest */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/backtest.h"
#include "cli/cli.h"
#include "model/member.h"
#include "query/when.h"

enum { KEY, FIRED, RESOLVED, WOULD_FIRE, WOULD_RESOLVE, DIFFERENCE };

static const struct out_column columns[] = {
	[KEY] = {"ALERT", 0.4, SCOLS_FL_TRUNC},
	[FIRED] = {"TOLD", 0, OUT_EXTRA},
	[RESOLVED] = {"TOLD OVER", 0, OUT_SPARE},
	[WOULD_FIRE] = {"WOULD BE TOLD", 0, OUT_EXTRA},
	[WOULD_RESOLVE] = {"WOULD BE OVER", 0, OUT_SPARE},
	[DIFFERENCE] = {"DIFFERENCE", 0, 0},
	{NULL, 0, 0},
};

static void time_cell(struct out *o, size_t column, int64_t at_ms)
{
	char text[CLOCK_TEXT_BYTES];

	if (at_ms == 0)
		return;
	when_format(text, at_ms);
	out_cell(o, column, OUT_PLAIN, "%s", text);
}

static void add_row(struct out *o, const struct backtest_row *row)
{
	out_row(o);
	out_cell(o, KEY, OUT_PLAIN, "%s", row->key);
	time_cell(o, FIRED, row->fired_ms);
	time_cell(o, RESOLVED, row->resolved_ms);
	time_cell(o, WOULD_FIRE, row->would_fire_ms);
	time_cell(o, WOULD_RESOLVE, row->would_be_resolved_ms);
	if (row->verdict != BACKTEST_SAME)
		out_cell(o, DIFFERENCE, OUT_BAD, "%s",
			 backtest_verdict_name(row->verdict));
}

static json_t *object_of(const struct backtest_row *row)
{
	json_t *o = json_object();

	member_text(o, "key", row->key);
	member_text(o, "kind", alert_kind_name(row->kind));
	member_time_or_null(o, "fired_at", row->fired_ms);
	member_time_or_null(o, "resolved_at", row->resolved_ms);
	member_time_or_null(o, "would_fire_at", row->would_fire_ms);
	member_time_or_null(o, "would_be_resolved_at", row->would_be_resolved_ms);
	member_text(o, "difference", backtest_verdict_name(row->verdict));
	return o;
}

static void tell(struct out *o, const struct backtest *b)
{
	size_t n_differ = 0, n_not_tested = 0;

	for (size_t i = 0; i < b->n_rows; i++) {
		enum backtest_verdict verdict = b->rows[i].verdict;

		n_differ += verdict == BACKTEST_NOT_TOLD || verdict == BACKTEST_ONLY_TOLD;
		n_not_tested += verdict == BACKTEST_NOT_TESTED;
		if (o->format == OUT_TABLE)
			add_row(o, &b->rows[i]);
		else
			out_take_object(o, object_of(&b->rows[i]));
	}
	if (o->format != OUT_TABLE)
		return;
	out_words(o, OUT_PLAIN, "%zu alert%s, of which %zu differ%s", b->n_rows,
		  b->n_rows == 1 ? "" : "s", n_differ, n_differ == 1 ? "s" : "");
	if (n_not_tested > 0)
		out_words(o, OUT_PLAIN, " and %zu cannot be tested", n_not_tested);
	out_newline(o);
}

static int run(struct cli *cli, struct backtest *b)
{
	struct store_conn *c = cli_open(cli);
	struct out o;
	int64_t version;
	int status = CLI_OK;

	if (c == NULL)
		return CLI_DATABASE;
	out_init(&o, cli->format, columns, cli->command->fields);
	if (store_reader_version(c, &version, &cli->err) != 0 ||
	    backtest_run(b, c, cli->now_at_ms, &cli->err) != 0) {
		status = cli_fail_database(cli);
	} else {
		tell(&o, b);
		if (out_end(&o, &cli->err) != 0)
			status = cli_fail_output(cli);
	}
	out_clear(&o);
	store_close_reader(c);
	return status;
}

/* The same with what reads rules. */
static int start_other(struct cli *cli)
{
	char *path = own_path("phonewatch-backtest", PKGLIBEXECDIR);

	execv(path, cli->argv);
	cli_warn("%s: cannot start it: %s", path, strerror(errno));
	free(path);
	return CLI_USAGE;
}

int cmd_backtest(struct cli *cli)
{
	struct backtest b = {0};
	struct rules *rules;
	int status;

	if (cli->load_rules == NULL)
		return start_other(cli);
	if (cli_range(cli, &b.since_ms, &b.until_ms) != CLI_OK)
		return CLI_USAGE;
	if (cli->load_rules(cli->config_path, &rules, &cli->err) != 0)
		return cli_usage("%s", cli->err.text);
	b.rules = rules;
	status = run(cli, &b);
	backtest_clear(&b);
	rules_release(rules);
	return status;
}
