/* phonewatch check */
#include "cli/cli.h"
#include "model/member.h"

static void on_finding(const char *finding, void *arg)
{
	struct out *o = arg;
	json_t *object;

	if (o->format == OUT_TABLE) {
		out_words(o, OUT_BAD, "%s", finding);
		out_newline(o);
		o->n++;
		return;
	}
	object = json_object();
	member_text(object, "finding", finding);
	out_take_object(o, object);
}

static int end(struct cli *cli, struct out *o)
{
	bool sound = o->n == 0;

	if (cli->format == OUT_TABLE && sound) {
		out_words(o, OUT_GOOD, "%s is sound", cli->database_path);
		out_newline(o);
	}
	if (out_end(o, &cli->err) != 0)
		return cli_fail_output(cli);
	return sound ? CLI_OK : CLI_DATABASE;
}

int cmd_check(struct cli *cli)
{
	struct store_conn *c = cli_open(cli);
	struct out o;
	int64_t version;
	int status;

	if (c == NULL)
		return CLI_DATABASE;
	out_init(&o, cli->format, NULL, cli->command->fields);
	if (store_reader_version(c, &version, &cli->err) != 0 ||
	    store_begin_read(c, &cli->err) != 0) {
		status = cli_fail_database(cli);
	} else if (store_check(c, on_finding, &o, &cli->err) != 0) {
		/* So damaged that it cannot even be looked at. */
		out_end(&o, &(struct err){0}); /* what was found so far */
		status = cli_fail_database(cli);
	} else {
		status = end(cli, &o);
	}
	out_clear(&o);
	store_close_reader(c);
	return status;
}
