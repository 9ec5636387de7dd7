/* phonewatch report */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "query/report.h"
#include "query/when.h"

enum {
	KEY,
	DEVICES,
	AVAILABLE,
	LEAST,
	MOST,
	OFFLINE,
	UNKNOWN,
	OUTAGES,
	LONGEST,
	MTTR,
	MTBF,
	ACCOUNT,
	N_COLUMNS
};

static const struct out_column columns[N_COLUMNS + 1] = {
	[KEY] = {"", 0.3, SCOLS_FL_TRUNC},
	[DEVICES] = {"DEVICES", 0, SCOLS_FL_RIGHT},
	[AVAILABLE] = {"AVAILABLE", 0, SCOLS_FL_RIGHT},
	[LEAST] = {"LEAST", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[MOST] = {"MOST", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[OFFLINE] = {"OFFLINE", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[UNKNOWN] = {"UNKNOWN", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[OUTAGES] = {"OUTAGES", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[LONGEST] = {"LONGEST", 0, SCOLS_FL_RIGHT | OUT_SPARE},
	[MTTR] = {"MTTR", 0, SCOLS_FL_RIGHT | OUT_SPARE},
	[MTBF] = {"MTBF", 0, SCOLS_FL_RIGHT | OUT_SPARE},
	[ACCOUNT] = {"ACCOUNT", 0.15, SCOLS_FL_TRUNC | OUT_EXTRA},
};

/* ---- what is asked ---- */

static int read_by(struct cli *cli, enum report_by *by)
{
	*by = REPORT_BY_ACCOUNT;
	if (cli->by == NULL)
		return CLI_OK;
	for (*by = REPORT_BY_DEVICE; *by <= REPORT_BY_ACCOUNT; (*by)++)
		if (strcmp(cli->by, report_by_name(*by)) == 0)
			return CLI_OK;
	return cli_usage("--by %s: not device, site, model or account", cli->by);
}

/* ---- the table ---- */

/* Cut, not rounded: only what was never offline is 100 %. */
static void share_cell(struct out *o, size_t column, enum out_colour colour, double share)
{
	int64_t cut = (int64_t)(share * 100000);

	if (share >= 0)
		out_cell(o, column, colour, "%" PRId64 ".%03" PRId64 " %%", cut / 1000,
			 cut % 1000);
}

static void time_cell(struct out *o, size_t column, enum out_colour colour, int64_t ms)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format_duration(text, ms);
	if (ms > 0)
		out_cell(o, column, colour, "%s", text);
}

static void add_cells(struct out *o, const struct tally *t)
{
	out_cell(o, DEVICES, OUT_PLAIN, "%" PRId64, t->devices);
	share_cell(o, AVAILABLE, t->offline_ms > 0 ? OUT_BAD : OUT_GOOD,
		   report_availability(t));
	share_cell(o, LEAST, OUT_PLAIN, report_availability_min(t));
	share_cell(o, MOST, OUT_PLAIN, report_availability_max(t));
	time_cell(o, OFFLINE, OUT_PLAIN, t->offline_ms);
	time_cell(o, UNKNOWN, OUT_DOUBTFUL, t->unknown_ms);
	out_cell(o, OUTAGES, OUT_PLAIN, "%" PRId64, t->outages);
	time_cell(o, LONGEST, OUT_PLAIN, t->longest_ms);
	if (t->outages > 0) {
		time_cell(o, MTTR, OUT_PLAIN, t->offline_ms / t->outages);
		time_cell(o, MTBF, OUT_PLAIN, t->online_ms / t->outages);
	}
}

static const char *title_of(const struct report *r, const struct report_line *line)
{
	if (line->name != NULL && line->name[0] != '\0')
		return line->name;
	if (line->key[0] != '\0')
		return line->key;
	return r->by == REPORT_BY_SITE ? "(no site)" : "(no model)";
}

static void choose_columns(struct out *o, const struct report *r)
{
	bool several = false;

	for (size_t i = 0; i < r->n_lines; i++)
		several =
			several || strcmp(r->lines[i].account, r->lines[0].account) != 0;
	if (!several || r->by == REPORT_BY_ACCOUNT)
		out_hide(o, ACCOUNT);
	if (r->by == REPORT_BY_DEVICE)
		out_hide(o, DEVICES);
}

static void add_rule(struct out *o, const struct report *r)
{
	char since[CLOCK_TEXT_BYTES], until[CLOCK_TEXT_BYTES];

	when_format(since, r->since_ms);
	when_format(until, r->until_ms);
	out_paragraph(o, OUT_FAINT, "From %s to %s.", since, until);
	out_paragraph(
		o, OUT_FAINT,
		"Available is online / (online + offline), as observed; time in which"
		" nobody looked, or the vendor gave no status, is unknown and in neither."
		" LEAST counts unknown as offline, MOST as online, and both so the time"
		" between two looks in which a status changed, and that since the last"
		" look. An outage lasts from Offline to Online; only its offline time"
		" counts. MTTR is offline / outages, MTBF online / outages. A day of UTC"
		" counts under the site and model that a device had when it was over.");
}

/* As people look for it: devices are not in the order of their names. */
static int compare_lines(const void *a, const void *b)
{
	const struct report_line *x = a, *y = b;
	int order = strcoll(x->account, y->account);

	if (order == 0 && x->name != NULL && y->name != NULL)
		order = strcoll(x->name, y->name);
	return order != 0 ? order : strcoll(x->key, y->key);
}

static void tell_table(struct out *o, const struct report *r)
{
	choose_columns(o, r);
	if (r->worst == 0 && r->n_lines > 1)
		qsort(r->lines, r->n_lines, sizeof *r->lines, compare_lines);
	for (size_t i = 0; i < r->n_lines; i++) {
		out_row(o);
		out_cell(o, KEY, OUT_PLAIN, "%s", title_of(r, &r->lines[i]));
		add_cells(o, &r->lines[i].tally);
		out_cell(o, ACCOUNT, OUT_PLAIN, "%s", r->lines[i].account);
	}
	if (r->all.devices > 0 && (r->n_lines > 1 || r->worst > 0)) {
		out_row(o);
		out_cell(o, KEY, OUT_PLAIN, "all %" PRId64, r->all.devices);
		add_cells(o, &r->all);
	}
	add_rule(o, r);
}

static void on_progress(int64_t n, void *arg)
{
	progress_count(arg, n, "devices counted");
}

static int run(struct cli *cli, struct store_conn *c, struct report *r)
{
	struct progress progress;
	int rc;

	progress_start(&progress);
	r->on_progress = on_progress;
	r->arg = &progress;
	rc = report_run(r, c, cli->now_at_ms, &cli->err);
	progress_end(&progress);
	return rc == 0 ? CLI_OK : cli_fail_database(cli);
}

int cmd_report(struct cli *cli)
{
	struct report r = {.matches = cli->matches, .n_matches = cli->n_matches};
	struct store_conn *c;
	struct out o;
	int status;

	if (cli->e911)
		return cmd_report_e911(cli);
	if (cli_range(cli, &r.since_ms, &r.until_ms) != CLI_OK ||
	    read_by(cli, &r.by) != CLI_OK ||
	    cli_number("worst", cli->worst, &r.worst) != CLI_OK)
		return CLI_USAGE;
	c = cli_open(cli);
	if (c == NULL)
		return CLI_DATABASE;
	out_init(&o, cli->format, columns, cli->command->fields);
	status = run(cli, c, &r);
	if (status == CLI_OK && cli->format == OUT_TABLE)
		tell_table(&o, &r);
	for (size_t i = 0; status == CLI_OK && o.format != OUT_TABLE && i < r.n_lines;
	     i++)
		out_take_object(&o, report_object(&r, &r.lines[i]));
	if (status == CLI_OK && out_end(&o, &cli->err) != 0)
		status = cli_fail_output(cli);
	out_clear(&o);
	report_clear(&r);
	store_close_reader(c);
	return status;
}
