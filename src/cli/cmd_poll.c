/* phonewatch poll, and phonewatch accounts --accept */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/door.h"
#include "model/member.h"

enum { ACCOUNT, RESULT, DEVICES, MISSING, REMOVED, EVENTS, TOOK };

static const struct out_column columns[] = {
	[ACCOUNT] = {"ACCOUNT", 0.3, SCOLS_FL_TRUNC},
	[RESULT] = {"RESULT", 0, 0},
	[DEVICES] = {"DEVICES", 0, SCOLS_FL_RIGHT},
	[MISSING] = {"MISSING", 0, SCOLS_FL_RIGHT},
	[REMOVED] = {"REMOVED", 0, SCOLS_FL_RIGHT},
	[EVENTS] = {"EVENTS", 0, SCOLS_FL_RIGHT},
	[TOOK] = {"TOOK", 0, SCOLS_FL_RIGHT},
	{NULL, 0, 0},
};

static const char fields[] = "account,result,error,whole,shrunk,devices,missing,removed,"
			     "events,duration_ms";

static bool is_swept(const json_t *item)
{
	return strcmp(door_text(item, "result"), "swept") == 0;
}

static void number_cell(struct out *o, size_t column, const json_t *item,
			const char *name)
{
	const json_t *number = json_object_get(item, name);

	if (json_is_integer(number))
		out_cell(o, column, OUT_PLAIN, "%" JSON_INTEGER_FORMAT,
			 json_integer_value(number));
}

static void add_row(struct out *o, const json_t *item)
{
	const json_t *took = json_object_get(item, "duration_ms");
	char text[CLOCK_TEXT_BYTES];

	out_row(o);
	out_cell(o, ACCOUNT, OUT_PLAIN, "%s", door_text(item, "account"));
	out_cell(o, RESULT, is_swept(item) ? OUT_PLAIN : OUT_BAD, "%s",
		 door_text(item, "result"));
	number_cell(o, DEVICES, item, "devices");
	number_cell(o, MISSING, item, "missing");
	number_cell(o, REMOVED, item, "removed");
	number_cell(o, EVENTS, item, "events");
	if (json_is_integer(took)) {
		clock_format_duration(text, json_integer_value(took));
		out_cell(o, TOOK, OUT_PLAIN, "%s", text);
	}
}

/* What a cell has no room for; on standard error where there is no table. */
static void warn(const json_t *item)
{
	const char *account = door_text(item, "account");

	if (!is_swept(item))
		cli_warn("%s: %s", account, door_text(item, "error"));
	else if (json_is_true(json_object_get(item, "shrunk")))
		cli_warn("%s: its list lacks too many devices at once: nobody is removed;"
			 " where that is right: phonewatch accounts --accept %s",
			 account, account);
	else if (json_is_false(json_object_get(item, "whole")))
		cli_warn("%s: its list is not whole: nobody is removed for it", account);
}

static int tell(struct cli *cli, const json_t *items)
{
	const json_t *item;
	struct out o;
	size_t i;
	int status = CLI_OK;

	out_init(&o, cli->format, columns, fields);
	json_array_foreach(items, i, item)
	{
		if (cli->format == OUT_TABLE)
			add_row(&o, item);
		else
			out_take_object(&o, json_incref((json_t *)item));
		if (!is_swept(item))
			status = CLI_REFUSED;
	}
	if (out_end(&o, &cli->err) != 0)
		status = cli_fail_output(cli);
	json_array_foreach(items, i, item) warn(item);
	out_clear(&o);
	return status;
}

static int wish(struct cli *cli, const char *path, const char *account)
{
	json_t *body = json_object(), *answer;
	int status;

	member_text(body, "account", account);
	status = door_ask(cli, "POST", path, body, &answer);
	if (status != CLI_OK)
		return status;
	status = tell(cli, json_object_get(answer, "items"));
	json_decref(answer);
	return status;
}

int cmd_poll(struct cli *cli)
{
	return wish(cli, "/api/v1/poll", cli->n_words > 1 ? cli->arguments[0] : NULL);
}

int cmd_poll_accept(struct cli *cli)
{
	return wish(cli, "/api/v1/accept", cli->accept);
}
