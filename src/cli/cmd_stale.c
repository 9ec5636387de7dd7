/* phonewatch stale */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "query/stale.h"
#include "query/when.h"

#define DEFAULT_OLDER_MS (30 * INT64_C(24) * 3600 * 1000)

enum { REASONS, STATUS, SINCE, ONLINE, LOCATION, NAME, SITE, ACCOUNT, N_COLUMNS };

static const struct out_column columns[N_COLUMNS + 1] = {
	[REASONS] = {"REASONS", 0, 0},
	[STATUS] = {"STATUS", 0, OUT_EXTRA},
	[SINCE] = {"SINCE", 0, OUT_EXTRA},
	[ONLINE] = {"LAST ONLINE", 0, OUT_SPARE},
	[LOCATION] = {"LAST LOCATION", 0, OUT_SPARE},
	[NAME] = {"NAME", 0.25, SCOLS_FL_TRUNC},
	[SITE] = {"SITE", 0.15, SCOLS_FL_TRUNC | OUT_EXTRA},
	[ACCOUNT] = {"ACCOUNT", 0.1, SCOLS_FL_TRUNC | OUT_EXTRA},
};

struct list {
	struct out out;
	struct progress progress;
	int64_t now_at_ms, n;
	int64_t n_with_gaps; /* nobody looked for a part of the time since */
};

static void time_cell(struct list *list, size_t column, int64_t at_ms)
{
	char text[CLOCK_TEXT_BYTES];

	when_format_short(text, at_ms, list->now_at_ms);
	if (at_ms != 0)
		out_cell(&list->out, column, OUT_PLAIN, "%s", text);
}

static void add_row(struct list *list, const struct stale_device *s)
{
	static const enum out_colour colours[] = {OUT_DOUBTFUL, OUT_GOOD, OUT_BAD};
	const struct status *now = s->status;
	const char *name = json_string_value(json_object_get(now->facts, "name"));
	const char *site = json_string_value(json_object_get(now->facts, "site"));
	struct out *o = &list->out;

	out_row(o);
	out_cell(o, REASONS, OUT_PLAIN, "%s%s%s",
		 s->never_online ? "never online"
		 : s->offline    ? "offline"
				 : "",
		 (s->never_online || s->offline) && s->silent ? ", " : "",
		 s->silent ? "no location" : "");
	out_cell(o, STATUS, colours[now->status], "%s", device_status_name(now->status));
	time_cell(list, SINCE, now->since_at_ms);
	time_cell(list, ONLINE, s->last_online_ms);
	time_cell(list, LOCATION,
		  now->device->has_location ? now->device->location_ms : 0);
	out_cell(o, NAME, OUT_PLAIN, "%s",
		 name != NULL && name[0] != '\0' ? name : now->device->id);
	out_cell(o, SITE, OUT_PLAIN, "%s", site != NULL ? site : "");
	out_cell(o, ACCOUNT, OUT_PLAIN, "%s", now->account->name);
}

static void on_device(const struct stale_device *s, void *arg)
{
	struct list *list = arg;

	list->n++;
	list->n_with_gaps += s->status->unobserved_ms > 0;
	if (list->out.format == OUT_TABLE)
		add_row(list, s);
	else
		out_take_object(&list->out, stale_object(s));
}

static void on_progress(int64_t n, void *arg)
{
	struct list *list = arg;

	progress_count(&list->progress, n, "devices looked at");
}

static void add_count(struct list *list, int64_t older_ms)
{
	char older[CLOCK_TEXT_BYTES];

	clock_format_duration(older, older_ms);
	out_paragraph(&list->out, OUT_PLAIN,
		      "%" PRId64 " device%s offline, never online, or silent about"
		      " location for %s or longer",
		      list->n, list->n == 1 ? "" : "s", older);
	if (list->n_with_gaps > 0)
		out_paragraph(
			&list->out, OUT_FAINT,
			"SINCE: each look since then has shown it so. That nobody looked"
			" for a part of that time, of %" PRId64
			" device%s, does not end it; phonewatch history tells when.",
			list->n_with_gaps, list->n_with_gaps == 1 ? "" : "s");
}

int cmd_stale(struct cli *cli)
{
	struct list list = {.now_at_ms = cli->now_at_ms};
	struct stale stale = {.older_ms = DEFAULT_OLDER_MS,
			      .matches = cli->matches,
			      .n_matches = cli->n_matches,
			      .each = on_device,
			      .on_progress = on_progress,
			      .arg = &list};
	struct store_conn *c;
	int status = CLI_OK;

	if (cli->older != NULL && clock_parse_duration(cli->older, &stale.older_ms) != 0)
		return cli_usage("--older %s: not a duration, as 30d or 12h", cli->older);
	c = cli_open(cli);
	if (c == NULL)
		return CLI_DATABASE;
	out_init(&list.out, cli->format, columns, cli->command->fields);
	progress_start_beside(&list.progress, cli->format);
	if (stale_run(&stale, c, cli->now_at_ms, &cli->err) != 0)
		status = CLI_DATABASE;
	progress_end(&list.progress);
	if (status == CLI_DATABASE)
		cli_fail_database(cli);
	if (status == CLI_OK && cli->format == OUT_TABLE)
		add_count(&list, stale.older_ms);
	if (status == CLI_OK && out_end(&list.out, &cli->err) != 0)
		status = cli_fail_output(cli);
	out_clear(&list.out);
	store_close_reader(c);
	return status;
}
