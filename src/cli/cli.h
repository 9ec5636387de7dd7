/* The command line: who asks from a shell.
 *
 * One table holds the commands, another the options (commands.h); each command is a file. Options
 * may stand before or after the command. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cli/out.h"
#include "rule/rule.h"
#include "store/store.h"

/* Exit statuses. A contract. */
enum {
	CLI_OK = 0, /* an empty list too */
	CLI_NO_DEVICE = 1,
	CLI_USAGE = 2,
	CLI_DATABASE = 3,
	CLI_DAEMON = 4,
	CLI_OUTPUT = 5,  /* the answer cannot be written */
	CLI_REFUSED = 6, /* the daemon does not do it, or has failed */
};

/* Where the configuration at config_path has its database: the caller frees *database. Returns 0
 * or ERR_CONFIG. */
typedef int (*cli_find_database_cb)(const char *config_path, char **database,
				    struct err *err);

/* The rules that the configuration at config_path has; the caller's. Returns 0 or ERR_CONFIG.
 * NULL: this program cannot; another one is started for it. */
typedef int (*cli_load_rules_cb)(const char *config_path, struct rules **rules,
				 struct err *err);

/* What was asked for. Texts are borrowed from argv. */
struct cli {
	int64_t now_at_ms;
	char **argv; /* as it was given */
	cli_find_database_cb find_database;
	cli_load_rules_cb load_rules;
	const char *config_path;
	const char *database; /* NULL: as the configuration has it */
	const char *output;   /* NULL: as suits where it goes */
	const char *at, *since, *after, *until, *by, *worst, *older, *critical;
	const char *lasting, *every, *alert, *reason, *accept, *explain, *event;
	const char *replay, *sink;
	char **words; /* the command, and what stands behind it */
	size_t n_words;
	char *const *arguments; /* behind the command */
	char **types;
	size_t n_types;
	char **matches;
	size_t n_matches;
	bool offline, failed, follow, utc, nagios, e911, help, version;
	unsigned given; /* a bit for each option of the table that was given */

	const struct cli_command *command;
	enum out_format format;
	char *database_path;
	char *zone;     /* with utc: TZ as it was, or NULL */
	struct err err; /* of whatever failed last */
};

struct cli_command {
	const char *name;
	const char *
		arguments; /* what stands behind it, a word each; in brackets: may be left
				  out. NULL: nothing */
	const char *options; /* codes of those it takes, beside those that all take */
	const char *summary; /* one line */
	const char *help;    /* what it answers with */
	const char *fields;  /* of its objects, as the first line of CSV has them */
	int (*run)(struct cli *cli); /* an exit status */
};

/* Run argv[1..]. Returns the exit status; what is wrong has been said. */
int cli_main(int argc, char **argv, cli_find_database_cb find_database,
	     cli_load_rules_cb load_rules);

/* Say what went wrong; both return the exit status. */
int cli_fail_database(struct cli *cli);
int cli_fail_output(struct cli *cli);
void cli_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- asked.c: what was asked for, as commands take it ---- */

/* Open the database that is asked for. Where it cannot be read that is said. */
struct store_conn *cli_open(struct cli *cli);

/* A whole number from 1 on, of this option; *number is left where text is NULL. Returns CLI_OK or
 * CLI_USAGE. */
int cli_number(const char *option, const char *text, int64_t *number);

/* Read the times of --since and --until: INT64_MIN and INT64_MAX where there are none. Returns
 * CLI_OK, or CLI_USAGE: not times, or impossible ones. */
int cli_times(struct cli *cli, int64_t *since_at_ms, int64_t *until_at_ms);

/* The same for questions about a time that is over: until is now where it is not given, since a week
 * before that. Neither is still to come, and since is before until. */
int cli_range(struct cli *cli, int64_t *since_at_ms, int64_t *until_at_ms);
/* The time that --OPTION gives, be it past or to come; left as it is where text is NULL. Returns CLI_OK
 * or CLI_USAGE, which is said. */
int cli_time(const struct cli *cli, const char *option, const char *text, int64_t *at_ms);
/* A time that is no option's; may not be still to come. */
int cli_past_time(struct cli *cli, const char *what, const char *text, int64_t *at_ms);

/* Call each for the devices that the first argument names, in one state of the database. *rc is
 * what went wrong in each, or 0. Returns an exit status: CLI_NO_DEVICE where there is none, which
 * has been said. */
int cli_devices(struct cli *cli, struct store_conn *c,
		void (*each)(const struct store_account *a, const struct store_device *d,
			     void *arg),
		void *arg, const int *rc);

/* ---- the commands: each returns an exit status ---- */

int cmd_status(struct cli *cli);
int cmd_nagios(struct cli *cli); /* where it is for Nagios */
/* What is wrong with the question is unknown to Nagios, too, not critical: says so, and returns the
 * exit status. What is wrong has been said. */
int cli_nagios_unknown(void);
int cmd_events(struct cli *cli);
int cmd_accounts(struct cli *cli);
int cmd_alerts(struct cli *cli);
int cmd_deliveries(struct cli *cli);
int cmd_show(struct cli *cli);
int cmd_history(struct cli *cli);
int cmd_report(struct cli *cli);
int cmd_report_e911(struct cli *cli); /* phonewatch report --e911 */
int cmd_diff(struct cli *cli);
int cmd_stale(struct cli *cli);
int cmd_payload(struct cli *cli);
int cmd_completion(struct cli *cli);
int cmd_backup(struct cli *cli);
int cmd_check(struct cli *cli);
int cmd_silence(struct cli *cli);
int cmd_poll(struct cli *cli);
int cmd_backtest(struct cli *cli);
int cmd_drill(struct cli *cli);
int cmd_sink(struct cli *cli);
int cmd_replay(struct cli *cli);      /* phonewatch deliveries --replay */
int cmd_poll_accept(struct cli *cli); /* phonewatch accounts --accept */

#endif
