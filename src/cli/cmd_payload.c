/* phonewatch payload
 *
 * What a webhook would post for an event, made in a process of its own as the daemon's is
 * (payload/shaper.h). It needs no configuration: the secret that a payload has in it is not shown. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "model/event.h"
#include "payload/once.h"
#include "payload/payload.h"
#include "query/events.h"

#define SECRET_SHOWN    "(payload_secret_file)"
#define SHOWN_MAX_BYTES (2u << 20)

struct payload {
	char *event;
	struct buf text;
};

static void on_event(const struct event *ev, void *arg)
{
	struct payload *p = arg;

	p->event = event_render(ev, EVENT_WITHOUT_PERSONAL);
}

static int find_event(struct cli *cli, struct payload *p)
{
	struct store_conn *c = cli_open(cli);
	int n;

	if (c == NULL)
		return CLI_DATABASE;
	n = events_find(c, cli->event, on_event, p, &cli->err);
	store_close_reader(c);
	if (n < 0)
		return cli_fail_database(cli);
	if (n > 0)
		return CLI_OK;
	cli_warn(
		"%s: no such event; it is an id or a sequence that phonewatch events shows",
		cli->event);
	return CLI_NO_DEVICE;
}

/* ---- the program ---- */

static char *path_of(const char *format)
{
	if (payload_is_format(format))
		return payload_path(format);
	return access(format, F_OK) == 0 ? mem_strdup(format) : NULL;
}

static int shape(struct cli *cli, struct payload *p, const char *program)
{
	struct secret secret = {0};
	int rc;

	signal(SIGPIPE, SIG_IGN); /* the process may be gone as we write to it */
	secret_set(&secret, SECRET_SHOWN, strlen(SECRET_SHOWN));
	rc = payload_once(program, &secret, p->event, strlen(p->event), &p->text,
			  &cli->err);
	secret_clear(&secret);
	return rc == 0 ? CLI_OK : cli_usage("%s: %s", cli->arguments[0], cli->err.text);
}

static int read_and_shape(struct cli *cli, struct payload *p)
{
	const char *format = cli->arguments[0];
	char *path, *program;
	int status;

	if (strcmp(format, PAYLOAD_CLOUDEVENTS) == 0)
		return buf_add_text(&p->text, p->event) == 0 ? CLI_OK : CLI_OUTPUT;
	path = path_of(format);
	if (path == NULL)
		return cli_usage("%s: not cloudevents, slack, teams, discord, pagerduty,"
				 " alertmanager, jira or the path of a jq program",
				 format);
	status = payload_read(path, &program, &cli->err) == 0
			 ? CLI_OK
			 : cli_usage("%s", cli->err.text);
	free(path);
	if (status != CLI_OK)
		return status;
	status = shape(cli, p, program);
	free(program);
	return status;
}

/* ---- showing it ---- */

/* As it is sent; on a terminal, and as json, on lines of their own. */
static int show(struct cli *cli, const struct payload *p)
{
	json_t *value = json_loadb(p->text.data, p->text.len, 0, NULL);
	char *text = NULL;

	if (cli->format != OUT_NDJSON && value != NULL)
		text = json_dumps(value, JSON_INDENT(2));
	printf("%s\n", text != NULL ? text : buf_text(&p->text));
	free(text);
	json_decref(value);
	if (fflush(stdout) == 0)
		return CLI_OK;
	err_set(&cli->err, ERR_RETRY, "the answer cannot be written");
	return cli_fail_output(cli);
}

int cmd_payload(struct cli *cli)
{
	struct payload p = {0};
	int status;

	if (cli->event == NULL)
		return cli_usage(
			"payload: of which event? phonewatch payload %s --event ID",
			cli->arguments[0]);
	if (cli->format == OUT_CSV)
		return cli_usage("payload: is JSON: no -o csv with it");
	buf_init(&p.text, SHOWN_MAX_BYTES);
	status = find_event(cli, &p);
	if (status == CLI_OK)
		status = read_and_shape(cli, &p);
	if (status == CLI_OK)
		status = show(cli, &p);
	free(p.event);
	buf_clear(&p.text);
	return status;
}
