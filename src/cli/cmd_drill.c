/* phonewatch drill
 *
 * The daemon writes the drill down and answers at once; how its deliveries end stands in the database,
 * which is looked at until they have. */
#include <inttypes.h>
#include <poll.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/door.h"
#include "model/member.h"
#include "query/deliveries.h"

#define LOOK_MS         50
#define DEFAULT_WAIT_MS 60000
#define N_EVENTS        2 /* it fires, and is over */

enum { EVENT, STATE, ATTEMPTS, CODE, ERROR };

static const struct out_column columns[] = {
	[EVENT] = {"EVENT", 0, SCOLS_FL_RIGHT},
	[STATE] = {"STATE", 0, 0},
	[ATTEMPTS] = {"ATTEMPTS", 0, SCOLS_FL_RIGHT},
	[CODE] = {"CODE", 0, SCOLS_FL_RIGHT},
	[ERROR] = {"ERROR", 0.5, SCOLS_FL_TRUNC},
	{NULL, 0, 0},
};

struct drill {
	int64_t sequences[N_EVENTS];
	int64_t sequence; /* the one that is looked at */
	size_t n_ended, n_delivered;
	struct out *out; /* NULL: only look */
};

static void add_row(struct out *o, const struct store_delivery *d)
{
	out_row(o);
	out_cell(o, EVENT, OUT_PLAIN, "%" PRId64, d->sequence);
	out_cell(o, STATE, d->state == DELIVERY_DELIVERED ? OUT_GOOD : OUT_BAD, "%s",
		 store_delivery_state_name(d->state));
	out_cell(o, ATTEMPTS, OUT_PLAIN, "%d", d->attempts);
	if (d->code != 0)
		out_cell(o, CODE, OUT_PLAIN, "%d", d->code);
	if (d->error != NULL)
		out_cell(o, ERROR, OUT_PLAIN, "%s", d->error);
}

/* A drill is owed to its sink alone. */
static void on_owed(const struct store_owed_event *owed, void *arg)
{
	const struct store_delivery *d = &owed->delivery;
	const struct deliveries_offs none = {0};
	struct drill *drill = arg;

	if (d->sequence != drill->sequence)
		return;
	drill->n_ended += d->state != DELIVERY_PENDING;
	drill->n_delivered += d->state == DELIVERY_DELIVERED;
	if (drill->out == NULL)
		return;
	if (drill->out->format == OUT_TABLE)
		add_row(drill->out, d);
	else
		out_take_object(drill->out, deliveries_object(owed, &none));
}

/* Returns 0 or ERR_STORE. */
static int look(struct cli *cli, struct store_conn *c, struct drill *drill)
{
	int64_t version;

	drill->n_ended = drill->n_delivered = 0;
	if (store_reader_version(c, &version, &cli->err) != 0)
		return cli->err.code;
	for (size_t i = 0; i < N_EVENTS; i++) {
		drill->sequence = drill->sequences[i];
		if (store_owed_after(c, STORE_OWED_ALL, drill->sequence, 0, 1, on_owed,
				     drill, &cli->err) != 0)
			return cli->err.code;
	}
	return 0;
}

/* Until both have ended, or for so long. */
static int wait_for_end(struct cli *cli, struct store_conn *c, struct drill *drill,
			int64_t for_ms)
{
	int64_t until_ms = clock_mono_ms() + for_ms;

	for (;;) {
		if (look(cli, c, drill) != 0)
			return cli_fail_database(cli);
		if (drill->n_ended == N_EVENTS || clock_mono_ms() >= until_ms)
			return CLI_OK;
		poll(NULL, 0, LOOK_MS);
	}
}

static int tell(struct cli *cli, struct store_conn *c, struct drill *drill)
{
	struct out o;
	int status = CLI_OK;

	out_init(&o, cli->format, columns, cli->command->fields);
	drill->out = &o;
	if (look(cli, c, drill) != 0)
		status = cli_fail_database(cli);
	else if (out_end(&o, &cli->err) != 0)
		status = cli_fail_output(cli);
	out_clear(&o);
	if (status != CLI_OK)
		return status;
	if (drill->n_ended < N_EVENTS)
		cli_warn("%s: not told yet; it is tried again", cli->sink);
	return drill->n_delivered == N_EVENTS ? CLI_OK : CLI_REFUSED;
}

static int follow(struct cli *cli, const json_t *answer, int64_t for_ms)
{
	const json_t *items = json_object_get(answer, "items");
	struct store_conn *c = cli_open(cli);
	struct drill drill = {0};
	int status;

	if (c == NULL)
		return CLI_DATABASE;
	for (size_t i = 0; i < N_EVENTS; i++)
		drill.sequences[i] = json_integer_value(
			json_object_get(json_array_get(items, i), "sequence"));
	status = wait_for_end(cli, c, &drill, for_ms);
	if (status == CLI_OK)
		status = tell(cli, c, &drill);
	store_close_reader(c);
	return status;
}

int cmd_drill(struct cli *cli)
{
	int64_t for_ms = DEFAULT_WAIT_MS;
	json_t *body, *answer;
	int status;

	if (cli->sink == NULL)
		return cli_usage("drill: whom? --sink NAME");
	if (cli->lasting != NULL && clock_parse_duration(cli->lasting, &for_ms) != 0)
		return cli_usage("--for %s: not a duration; one is 30s or 5m",
				 cli->lasting);
	body = json_object();
	member_text(body, "sink", cli->sink);
	member_text(body, "kind", cli->arguments[0]);
	status = door_ask(cli, "POST", "/api/v1/drill", body, &answer);
	if (status != CLI_OK)
		return status;
	status = follow(cli, answer, for_ms);
	json_decref(answer);
	return status;
}
