/* phonewatch backup */
#include "cli/cli.h"
#include "cli/progress.h"

static void on_progress(int done, int all, void *arg)
{
	progress_share(arg, done, all, "copied");
}

int cmd_backup(struct cli *cli)
{
	struct progress progress;
	struct store_conn *c = cli_open(cli);
	const char *path = cli->arguments[0];
	int64_t version;
	int rc;

	if (c == NULL)
		return CLI_DATABASE;
	progress_start(&progress);
	rc = store_reader_version(c, &version, &cli->err);
	if (rc == 0)
		rc = store_backup(c, path, on_progress, &progress, &cli->err);
	progress_end(&progress);
	store_close_reader(c);
	if (rc == 0)
		return CLI_OK;
	if (rc == ERR_STORE)
		return cli_fail_database(cli);
	cli_warn("%s", cli->err.text);
	return CLI_OUTPUT;
}
