/* phonewatch sink, and phonewatch deliveries --replay */
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/door.h"
#include "model/member.h"

enum { SINK, RESULT, CODE, TOOK };

static const struct out_column columns[] = {
	[SINK] = {"SINK", 0.3, SCOLS_FL_TRUNC},
	[RESULT] = {"RESULT", 0, 0},
	[CODE] = {"CODE", 0, SCOLS_FL_RIGHT},
	[TOOK] = {"TOOK", 0, SCOLS_FL_RIGHT},
	{NULL, 0, 0},
};

/* ---- sink test ---- */

static bool is_delivered(const json_t *found)
{
	return strcmp(door_text(found, "result"), "delivered") == 0;
}

static void add_row(struct out *o, const json_t *found)
{
	const json_t *code = json_object_get(found, "code");
	char text[CLOCK_TEXT_BYTES];

	out_row(o);
	out_cell(o, SINK, OUT_PLAIN, "%s", door_text(found, "sink"));
	out_cell(o, RESULT, is_delivered(found) ? OUT_PLAIN : OUT_BAD, "%s",
		 door_text(found, "result"));
	if (json_is_integer(code))
		out_cell(o, CODE, OUT_PLAIN, "%" JSON_INTEGER_FORMAT,
			 json_integer_value(code));
	clock_format_duration(text,
			      json_integer_value(json_object_get(found, "duration_ms")));
	out_cell(o, TOOK, OUT_PLAIN, "%s", text);
}

static int tell(struct cli *cli, json_t *found)
{
	int status = is_delivered(found) ? CLI_OK : CLI_REFUSED;
	struct out o;

	out_init(&o, cli->format, columns, cli->command->fields);
	if (cli->format == OUT_TABLE)
		add_row(&o, found);
	else
		out_take_object(&o, json_incref(found));
	if (out_end(&o, &cli->err) != 0)
		status = cli_fail_output(cli);
	if (door_text(found, "error")[0] != '\0')
		cli_warn("%s: %s", door_text(found, "sink"), door_text(found, "error"));
	out_clear(&o);
	return status;
}

int cmd_sink(struct cli *cli)
{
	json_t *body, *found;
	int status;

	if (strcmp(cli->arguments[0], "test") != 0)
		return cli_usage("%s: not test, which is all that there is",
				 cli->arguments[0]);
	body = json_object();
	member_text(body, "sink", cli->arguments[1]);
	status = door_ask(cli, "POST", "/api/v1/test", body, &found);
	if (status != CLI_OK)
		return status;
	status = tell(cli, found);
	json_decref(found);
	return status;
}

/* ---- deliveries --replay ---- */

static int tell_owed(struct cli *cli, json_t *delivery)
{
	int status = CLI_OK;
	struct out o;

	out_init(&o, cli->format, columns, cli->command->fields);
	if (cli->format == OUT_TABLE) {
		out_words(&o, OUT_PLAIN,
			  "event %" JSON_INTEGER_FORMAT " is told to %s again",
			  json_integer_value(json_object_get(delivery, "sequence")),
			  door_text(delivery, "sink"));
		out_newline(&o);
	} else {
		out_take_object(&o, json_incref(delivery));
	}
	if (out_end(&o, &cli->err) != 0)
		status = cli_fail_output(cli);
	out_clear(&o);
	return status;
}

int cmd_replay(struct cli *cli)
{
	json_t *body, *delivery;
	int status;

	if (cli->replay == NULL || cli->sink == NULL)
		return cli_usage("--replay EVENT and --sink NAME are given together");
	if (cli->failed)
		return cli_usage("--replay and --failed are not given together");
	body = json_object();
	member_text(body, "sink", cli->sink);
	member_text(body, "event", cli->replay);
	status = door_ask(cli, "POST", "/api/v1/replay", body, &delivery);
	if (status != CLI_OK)
		return status;
	status = tell_owed(cli, delivery);
	json_decref(delivery);
	return status;
}
