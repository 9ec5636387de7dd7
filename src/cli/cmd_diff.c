/* phonewatch diff */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "query/between.h"
#include "query/when.h"

enum { BEFORE, AFTER, SINCE, NAME, EXT, SITE, ACCOUNT, N_COLUMNS };

static const struct out_column columns[N_COLUMNS + 1] = {
	[BEFORE] = {"BEFORE", 0, 0},
	[AFTER] = {"AFTER", 0, 0},
	[SINCE] = {"SINCE", 0, OUT_EXTRA},
	[NAME] = {"NAME", 0.3, SCOLS_FL_TRUNC},
	[EXT] = {"EXT", 0, OUT_EXTRA},
	[SITE] = {"SITE", 0.2, SCOLS_FL_TRUNC | OUT_EXTRA},
	[ACCOUNT] = {"ACCOUNT", 0.1, SCOLS_FL_TRUNC | OUT_EXTRA},
};

struct diff {
	struct progress progress;
	struct out out;
	struct between between;
	int64_t n;
	int64_t n_not_back,
		n_unknown; /* online before, and after offline or gone; or unknown */
};

static void state_cell(struct out *o, size_t column, const struct between_state *s)
{
	static const enum out_colour colours[] = {OUT_DOUBTFUL, OUT_GOOD, OUT_BAD};
	static const char *const whys[] = {"", " (no status)", " (not listed)",
					   " (unobserved)"};

	if (s->there)
		out_cell(o, column, colours[s->status], "%s%s",
			 device_status_name(s->status), whys[s->why]);
	else
		out_cell(o, column, OUT_FAINT, "not there");
}

static void fact_cell(struct out *o, size_t column, const struct between_device *b,
		      const char *name, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(b->facts, name));

	out_cell(o, column, OUT_PLAIN, "%s",
		 text != NULL && text[0] != '\0' ? text : otherwise);
}

static void add_row(struct diff *diff, const struct between_device *b)
{
	struct out *o = &diff->out;
	char text[CLOCK_TEXT_BYTES];

	out_row(o);
	state_cell(o, BEFORE, &b->before);
	state_cell(o, AFTER, &b->after);
	if (b->after.since_ms != 0) {
		when_format(text, b->after.since_ms);
		out_cell(o, SINCE, OUT_PLAIN, "%s", text);
	}
	fact_cell(o, NAME, b, "name", b->device->id);
	fact_cell(o, EXT, b, "extension_number", "");
	fact_cell(o, SITE, b, "site", "");
	out_cell(o, ACCOUNT, OUT_PLAIN, "%s", b->account->name);
}

static void on_device(const struct between_device *b, void *arg)
{
	struct diff *diff = arg;

	diff->n++;
	if (b->before.there && b->before.status == DEVICE_ONLINE) {
		diff->n_not_back += !b->after.there || b->after.status == DEVICE_OFFLINE;
		diff->n_unknown += b->after.there && b->after.status == DEVICE_UNKNOWN;
	}
	if (diff->out.format == OUT_TABLE)
		add_row(diff, b);
	else
		out_take_object(&diff->out, between_object(b));
}

static void on_progress(int64_t n, void *arg)
{
	struct diff *diff = arg;

	progress_count(&diff->progress, n, "devices compared");
}

/* What differs from what nobody knows. */
static void note_unobserved(struct diff *diff, const char *at, int64_t n)
{
	static const char fmt[] = "of %" PRId64 " device%s nobody knows how %s at %s:"
				  " nobody looked then, or it is forgotten";
	const char *plural = n == 1 ? "" : "s", *were = n == 1 ? "it was" : "they were";

	if (n > 0 && diff->out.format == OUT_TABLE)
		out_paragraph(&diff->out, OUT_DOUBTFUL, fmt, n, plural, were, at);
	else if (n > 0)
		cli_warn(fmt, n, plural, were, at);
}

static void add_count(struct diff *diff)
{
	char first[CLOCK_TEXT_BYTES], second[CLOCK_TEXT_BYTES], *unknown;

	when_format(first, diff->between.first_ms);
	when_format(second, diff->between.second_ms);
	unknown = diff->n_unknown > 0
			  ? mem_printf(", %" PRId64 " unknown after", diff->n_unknown)
			  : mem_strdup("");
	out_paragraph(&diff->out, OUT_PLAIN,
		      "%" PRId64 " device%s differ%s between %s and %s; %" PRId64
		      " of them online before and not after%s",
		      diff->n, diff->n == 1 ? "" : "s", diff->n == 1 ? "s" : "", first,
		      second, diff->n_not_back, unknown);
	free(unknown);
}

static void note_both(struct diff *diff)
{
	const struct between *b = &diff->between;
	char at[CLOCK_TEXT_BYTES];

	when_format(at, b->first_ms);
	note_unobserved(diff, at, b->n_unobserved_first);
	when_format(at, b->second_ms);
	note_unobserved(diff, at, b->n_unobserved_second);
}

int cmd_diff(struct cli *cli)
{
	struct diff diff = {.between = {.matches = cli->matches,
					.n_matches = cli->n_matches,
					.each = on_device,
					.on_progress = on_progress,
					.arg = &diff}};
	struct between *b = &diff.between;
	struct store_conn *c;
	int status = CLI_OK;

	if (cli_past_time(cli, "diff", cli->arguments[0], &b->first_ms) != CLI_OK ||
	    cli_past_time(cli, "diff", cli->arguments[1], &b->second_ms) != CLI_OK)
		return CLI_USAGE;
	if (b->first_ms >= b->second_ms)
		return cli_usage("diff: %s is not before %s", cli->arguments[0],
				 cli->arguments[1]);
	c = cli_open(cli);
	if (c == NULL)
		return CLI_DATABASE;
	out_init(&diff.out, cli->format, columns, cli->command->fields);
	progress_start_beside(&diff.progress, cli->format);
	if (between_run(b, c, cli->now_at_ms, &cli->err) != 0)
		status = CLI_DATABASE;
	progress_end(&diff.progress);
	if (status == CLI_DATABASE)
		cli_fail_database(cli);
	if (status == CLI_OK && cli->format == OUT_TABLE)
		add_count(&diff);
	if (status == CLI_OK)
		note_both(&diff);
	if (status == CLI_OK && out_end(&diff.out, &cli->err) != 0)
		status = cli_fail_output(cli);
	out_clear(&diff.out);
	store_close_reader(c);
	return status;
}
