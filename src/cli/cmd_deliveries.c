/* phonewatch deliveries */
#include <inttypes.h>

#include "cli/cli.h"
#include "query/deliveries.h"
#include "query/when.h"

enum { SEQUENCE, SINK, STATE, ATTEMPTS, WHEN, CODE, ERROR };

static const struct out_column columns[] = {
	[SEQUENCE] = {"EVENT", 0, SCOLS_FL_RIGHT},
	[SINK] = {"SINK", 0, 0},
	[STATE] = {"STATE", 0, 0},
	[ATTEMPTS] = {"TRIES", 0, SCOLS_FL_RIGHT},
	[WHEN] = {"DELIVERED OR NEXT", 0, 0},
	[CODE] = {"CODE", 0, SCOLS_FL_RIGHT},
	[ERROR] = {"ERROR", 0.3, SCOLS_FL_TRUNC},
	{NULL, 0, 0},
};

static enum out_colour colour_of(const struct store_delivery *d)
{
	if (d->state == DELIVERY_DEAD)
		return OUT_BAD;
	return d->state == DELIVERY_PENDING ? OUT_DOUBTFUL : OUT_PLAIN;
}

static void add_row(struct out *o, const struct store_owed_event *owed)
{
	const struct store_delivery *d = &owed->delivery;
	int64_t at_ms = d->state == DELIVERY_PENDING ? d->next_at_ms : d->ended_at_ms;
	char text[CLOCK_TEXT_BYTES];

	out_row(o);
	out_cell(o, SEQUENCE, OUT_PLAIN, "%" PRId64, d->sequence);
	out_cell(o, SINK, OUT_PLAIN, "%s", owed->sink);
	out_cell(o, STATE, colour_of(d), "%s", store_delivery_state_name(d->state));
	out_cell(o, ATTEMPTS, OUT_PLAIN, "%d", d->attempts);
	if (at_ms != 0) {
		when_format(text, at_ms);
		out_cell(o, WHEN, OUT_PLAIN, "%s", text);
	}
	if (d->code != 0)
		out_cell(o, CODE, OUT_PLAIN, "%d", d->code);
	if (d->error != NULL)
		out_cell(o, ERROR, OUT_PLAIN, "%s", d->error);
}

static void on_delivery(const struct store_owed_event *owed, void *arg)
{
	struct out *o = arg;

	if (o->format == OUT_TABLE)
		add_row(o, owed);
	else
		out_take_object(o, deliveries_object(owed));
}

static int tell(struct cli *cli, struct store_conn *c, struct out *o)
{
	struct deliveries_walk walk = {.which = cli->failed ? STORE_OWED_FAILED
							    : STORE_OWED_ALL};
	int more;

	do {
		more = deliveries_next(&walk, c, on_delivery, o, &cli->err);
		if (more < 0)
			return cli_fail_database(cli);
		if (out_flush(o, &cli->err) != 0)
			return cli_fail_output(cli);
	} while (more);
	return out_end(o, &cli->err) == 0 ? CLI_OK : cli_fail_output(cli);
}

int cmd_deliveries(struct cli *cli)
{
	struct store_conn *c = cli_open(cli);
	struct out o;
	int status;

	if (c == NULL)
		return CLI_DATABASE;
	out_init(&o, cli->format, columns, cli->command->fields);
	status = tell(cli, c, &o);
	out_clear(&o);
	store_close_reader(c);
	return status;
}
