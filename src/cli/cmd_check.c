/* phonewatch check */
#include "cli/cli.h"
#include "cli/progress.h"
#include "model/member.h"

struct examination {
	struct out out;
	struct progress progress;
};

static void on_progress(void *arg)
{
	struct examination *x = arg;

	progress_time(&x->progress, "examining");
}

static void on_finding(const char *finding, void *arg)
{
	struct out *o = &((struct examination *)arg)->out;
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

static int examine(struct cli *cli, struct store_conn *c, struct examination *x)
{
	int64_t version;
	int rc = store_reader_version(c, &version, &cli->err);

	if (rc == 0)
		rc = store_begin_read(c, &cli->err);
	progress_start_beside(&x->progress, cli->format);
	if (rc == 0)
		rc = store_check(c, on_finding, on_progress, x, &cli->err);
	progress_end(&x->progress);
	return rc;
}

int cmd_check(struct cli *cli)
{
	struct store_conn *c = cli_open(cli);
	struct examination x;
	int status;

	if (c == NULL)
		return CLI_DATABASE;
	out_init(&x.out, cli->format, NULL, cli->command->fields);
	if (examine(cli, c, &x) == 0) {
		status = end(cli, &x.out);
	} else {
		/* So damaged that it cannot be looked at any further: what was found so far says it,
		 * or the engine does. */
		status = x.out.n > 0 ? CLI_DATABASE : cli_fail_database(cli);
		out_end(&x.out, &(struct err){0});
	}
	out_clear(&x.out);
	store_close_reader(c);
	return status;
}
