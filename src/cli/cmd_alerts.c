/* phonewatch alerts */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/silenced.h"
#include "model/alert_text.h"
#include "query/alerts.h"
#include "query/when.h"

enum { KEY, NAME, STATE, RULE, SEVERITY, COUNT_, SINCE };

/* The key is what --explain wants, and alone says what an alert is about: others go first. */
static const struct out_column columns[] = {
	[KEY] = {"ALERT", 0.5, SCOLS_FL_TRUNC},
	[NAME] = {"OF", 0.15, SCOLS_FL_TRUNC},
	[STATE] = {"STATE", 0, 0},
	[RULE] = {"RULE", 0.1, SCOLS_FL_TRUNC | OUT_SPARE},
	[SEVERITY] = {"SEVERITY", 0, OUT_SPARE},
	[COUNT_] = {"PHONES", 0, SCOLS_FL_RIGHT | OUT_SPARE},
	[SINCE] = {"SINCE", 0, OUT_SPARE},
	{NULL, 0, 0},
};

/* ---- what is wrong now ---- */

static void state_cell(struct out *o, const struct alert *a)
{
	if (a->silenced_by != 0)
		out_cell(o, STATE, OUT_FAINT, "%s, silenced", alert_state_name(a->state));
	else if (a->state == ALERT_FIRING)
		out_cell(o, STATE, OUT_BAD, "%s", alert_state_name(a->state));
	else
		out_cell(o, STATE, OUT_DOUBTFUL, "%s", alert_state_name(a->state));
}

static void add_row(struct out *o, const struct alert_row *row)
{
	const struct alert *a = &row->alert;
	char *key = alert_key(row->account, a), since[CLOCK_TEXT_BYTES];

	when_format(since, a->since_ms);
	out_row(o);
	out_cell(o, KEY, OUT_PLAIN, "%s", key);
	if (row->name != NULL)
		out_cell(o, NAME, OUT_PLAIN, "%s", row->name);
	state_cell(o, a);
	out_cell(o, SINCE, OUT_PLAIN, "%s", since);
	out_cell(o, COUNT_, OUT_PLAIN, "%" PRId64, a->count);
	out_cell(o, SEVERITY, OUT_PLAIN, "%s",
		 event_severity_name(alert_severity(a->kind)));
	out_cell(o, RULE, OUT_PLAIN, "%s", a->rule);
	free(key);
}

static int list(struct cli *cli, struct store_conn *c, struct out *o)
{
	struct alert_rows rows = {0};
	int rc = alerts_load(c, &rows, &cli->err);

	if (rc == 0)
		rc = silenced_mark(cli, c, &rows);
	for (size_t i = 0; rc == 0 && i < rows.n; i++) {
		if (cli->format == OUT_TABLE)
			add_row(o, &rows.all[i]);
		else
			out_take_object(o, alerts_object(&rows.all[i]));
	}
	if (rc == 0 && rows.n == 0 && cli->format == OUT_TABLE) {
		out_words(o, OUT_PLAIN,
			  cli->n_matches > 0 ? "no such alert" : "no alerts");
		out_newline(o);
	}
	alerts_clear(&rows);
	return rc == 0 ? CLI_OK : cli_fail_database(cli);
}

/* ---- the story of one ---- */

static void add_time(struct out *o, int64_t at_ms)
{
	char text[CLOCK_TEXT_BYTES];

	when_format(text, at_ms);
	out_words(o, OUT_FAINT, "  %s  ", text);
}

static void add_hearer(struct out *o, const struct alert_hearer *h)
{
	if (h->ended_at_ms != 0)
		add_time(o, h->ended_at_ms);
	else
		out_words(o, OUT_FAINT, "  not yet  ");
	out_words(o, h->state == DELIVERY_DELIVERED ? OUT_PLAIN : OUT_DOUBTFUL,
		  "%s: %s, %s", h->sink, h->what, store_delivery_state_name(h->state));
	out_newline(o);
}

static void add_held(struct out *o, const struct alert_story *story)
{
	char hold[CLOCK_TEXT_BYTES], due[CLOCK_TEXT_BYTES];

	if (story->held == NULL)
		return;
	out_words(o, OUT_DOUBTFUL, "  held: %s%s%s", story->held,
		  story->part_of != NULL ? ": " : "",
		  story->part_of != NULL ? story->part_of : "");
	if (story->due_at_ms != 0) {
		clock_format_duration(hold, story->hold_ms);
		when_format(due, story->due_at_ms);
		out_words(o, OUT_DOUBTFUL, ": for %s, which is until %s", hold, due);
	}
	out_newline(o);
}

static void add_story(struct out *o, const struct alert_row *row,
		      const struct alert_story *story)
{
	char *key = alert_key(row->account, &row->alert);

	out_words(o, row->alert.state == ALERT_FIRING ? OUT_BAD : OUT_PLAIN,
		  "%s: %s, by rule %s", key, alert_state_name(row->alert.state),
		  row->alert.rule);
	if (row->name != NULL)
		out_words(o, OUT_PLAIN, " (%s)", row->name);
	out_newline(o);
	for (size_t i = 0; i < story->n_steps; i++) {
		add_time(o, story->steps[i].at_ms);
		out_words(o, OUT_PLAIN, "%s", story->steps[i].text);
		out_newline(o);
	}
	for (size_t i = 0; i < story->n_hearers; i++)
		add_hearer(o, &story->hearers[i]);
	add_held(o, story);
	if (story->members.n > 0) {
		out_words(o, OUT_PLAIN,
			  "  %zu of its %" PRId64 " phones are offline still",
			  story->members.n, row->alert.count);
		out_newline(o);
	}
	free(key);
}

static int explain(struct cli *cli, struct store_conn *c, struct out *o)
{
	struct alert_rows rows = {0};
	int rc = alerts_find(c, cli->explain, &rows, &cli->err);
	size_t n;

	if (rc == 0)
		rc = silenced_mark(cli, c, &rows);
	n = rows.n;
	for (size_t i = 0; rc == 0 && i < rows.n; i++) {
		struct alert_story story = {0};

		rc = alerts_explain(c, &rows.all[i], &story, &cli->err);
		if (rc == 0 && cli->format == OUT_TABLE)
			add_story(o, &rows.all[i], &story);
		else if (rc == 0)
			out_take_object(o, alerts_story_object(&rows.all[i], &story));
		alerts_story_clear(&story);
	}
	alerts_clear(&rows);
	if (rc != 0)
		return cli_fail_database(cli);
	if (n > 0)
		return CLI_OK;
	cli_warn("%s: no such alert; a key is ACCOUNT/KIND/ID, as phonewatch alerts shows"
		 " them",
		 cli->explain);
	return CLI_NO_DEVICE;
}

static int answer(struct cli *cli, struct store_conn *c, struct out *o)
{
	int64_t version;
	int status;

	if (store_reader_version(c, &version, &cli->err) != 0 ||
	    store_begin_read(c, &cli->err) != 0)
		return cli_fail_database(cli);
	status = cli->explain != NULL ? explain(cli, c, o) : list(cli, c, o);
	store_end_read(c);
	if (status != CLI_OK)
		return status;
	return out_end(o, &cli->err) == 0 ? CLI_OK : cli_fail_output(cli);
}

int cmd_alerts(struct cli *cli)
{
	struct store_conn *c = cli_open(cli);
	struct out o;
	int status;

	if (c == NULL)
		return CLI_DATABASE;
	out_init(&o, cli->format, columns, cli->command->fields);
	status = answer(cli, c, &o);
	out_clear(&o);
	store_close_reader(c);
	return status;
}
