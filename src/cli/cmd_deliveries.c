/* phonewatch deliveries */
#include <inttypes.h>

#include "cli/cli.h"
#include "query/deliveries.h"
#include "query/when.h"

enum { SEQUENCE, SINK, STATE, ATTEMPTS, WHEN, CODE, ERROR };

static const struct out_column columns[] = {
	[SEQUENCE] = {"EVENT", 0, SCOLS_FL_RIGHT},
	[SINK] = {"SINK", 0.15, SCOLS_FL_TRUNC},
	[STATE] = {"STATE", 0, 0},
	[ATTEMPTS] = {"TRIES", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[WHEN] = {"DONE OR NEXT", 0, 0},
	[CODE] = {"CODE", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[ERROR] = {"ERROR", 0.3, SCOLS_FL_TRUNC | OUT_EXTRA},
	{NULL, 0, 0},
};

static enum out_colour colour_of(const struct store_delivery *d)
{
	if (d->state == DELIVERY_DEAD)
		return OUT_BAD;
	if (d->state == DELIVERY_CANCELED)
		return OUT_PLAIN;
	/* What is delivered with an error has not reached all. */
	return d->state == DELIVERY_PENDING || d->error != NULL ? OUT_DOUBTFUL
								: OUT_PLAIN;
}

struct telling {
	struct out out;
	int64_t now_at_ms;
	struct deliveries_offs offs;
};

static void add_row(struct telling *t, const struct store_owed_event *owed)
{
	struct out *o = &t->out;
	const struct store_delivery *d = &owed->delivery;
	int64_t at_ms = d->state == DELIVERY_PENDING ? d->next_at_ms : d->ended_at_ms;
	char text[CLOCK_TEXT_BYTES];

	out_row(o);
	out_cell(o, SEQUENCE, OUT_PLAIN, "%" PRId64, d->sequence);
	out_cell(o, SINK, OUT_PLAIN, "%s", owed->sink);
	out_cell(o, STATE, colour_of(d), "%s", store_delivery_state_name(d->state));
	out_cell(o, ATTEMPTS, OUT_PLAIN, "%d", d->attempts);
	if (deliveries_is_off(&t->offs, owed)) {
		out_cell(o, WHEN, OUT_BAD, "after a reload");
	} else if (at_ms != 0) {
		when_format_short(text, at_ms, t->now_at_ms);
		out_cell(o, WHEN, OUT_PLAIN, "%s", text);
	}
	if (d->code != 0)
		out_cell(o, CODE, OUT_PLAIN, "%d", d->code);
	if (d->error != NULL)
		out_cell(o, ERROR, OUT_PLAIN, "%s", d->error);
}

static void on_delivery(const struct store_owed_event *owed, void *arg)
{
	struct telling *t = arg;

	if (t->out.format == OUT_TABLE)
		add_row(t, owed);
	else
		out_take_object(&t->out, deliveries_object(owed, &t->offs));
}

/* Nothing at all would leave open whether it was looked for. */
static void say_if_none(struct out *o, const struct cli *cli)
{
	if (o->format != OUT_TABLE || o->n > 0)
		return;
	out_words(o, OUT_PLAIN,
		  cli->n_matches > 0 ? "no such delivery"
		  : cli->failed      ? "no delivery has failed"
				     : "no deliveries");
	out_newline(o);
}

/* What looks as if it were only late. */
static void add_offs(struct telling *t)
{
	for (size_t i = 0; t->out.format == OUT_TABLE && i < t->offs.n; i++) {
		const struct deliveries_off *off = &t->offs.all[i];

		out_words(&t->out, OUT_BAD,
			  "%s: its receiver has switched it off (HTTP 410), %" PRId64
			  " wait%s; correct its address, or take the sink out, and reload"
			  " phonewatchd",
			  off->name, off->n_pending, off->n_pending == 1 ? "s" : "");
		out_newline(&t->out);
	}
}

static int tell(struct cli *cli, struct store_conn *c, struct telling *t)
{
	struct out *o = &t->out;

	struct deliveries_walk walk = {
		.which = cli->failed ? STORE_OWED_FAILED : STORE_OWED_ALL,
		.matches = cli->matches,
		.n_matches = cli->n_matches,
	};
	int more;

	if (deliveries_load_offs(c, &t->offs, &cli->err) != 0)
		return cli_fail_database(cli);
	do {
		more = deliveries_next(&walk, c, on_delivery, t, &cli->err);
		if (more < 0)
			return cli_fail_database(cli);
		if (out_flush(o, &cli->err) != 0)
			return cli_fail_output(cli);
	} while (more);
	say_if_none(o, cli);
	add_offs(t);
	return out_end(o, &cli->err) == 0 ? CLI_OK : cli_fail_output(cli);
}

int cmd_deliveries(struct cli *cli)
{
	struct store_conn *c;
	struct telling t = {.now_at_ms = cli->now_at_ms};
	int status;

	if (cli->replay != NULL && cli->n_matches > 0)
		return cli_usage("deliveries: --match and --replay: which?");
	if (cli->replay != NULL || cli->sink != NULL)
		return cmd_replay(cli);
	c = cli_open(cli);
	if (c == NULL)
		return CLI_DATABASE;
	out_init(&t.out, cli->format, columns, cli->command->fields);
	status = tell(cli, c, &t);
	out_clear(&t.out);
	deliveries_clear_offs(&t.offs);
	store_close_reader(c);
	return status;
}
