/* phonewatch backup */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"

#define PATIENCE_MS 1000 /* what takes longer is told of on a terminal */

struct progress {
	int64_t since_ms; /* monotonic */
	bool shown;
};

static void on_progress(int done, int all, void *arg)
{
	struct progress *p = arg;

	if (all == 0 || clock_mono_ms() - p->since_ms < PATIENCE_MS)
		return;
	fprintf(stderr, "\rphonewatch: %d %% copied", (int)(100.0 * done / all));
	p->shown = true;
}

int cmd_backup(struct cli *cli)
{
	struct progress progress = {.since_ms = clock_mono_ms()};
	struct store_conn *c = cli_open(cli);
	const char *path = cli->arguments[0];
	int64_t version;
	int rc;

	if (c == NULL)
		return CLI_DATABASE;
	rc = store_reader_version(c, &version, &cli->err);
	if (rc == 0)
		rc = store_backup(c, path, isatty(STDERR_FILENO) ? on_progress : NULL,
				  &progress, &cli->err);
	if (progress.shown)
		fputs("\r\033[K", stderr);
	store_close_reader(c);
	if (rc == 0)
		return CLI_OK;
	if (rc == ERR_STORE)
		return cli_fail_database(cli);
	cli_warn("%s", cli->err.text);
	return CLI_OUTPUT;
}
