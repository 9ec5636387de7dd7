/* phonewatchd: the daemon's command line. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/options.h"
#include "check.h"
#include "config.h"
#include "daemon.h"

#define DEFAULT_CONFIG SYSCONFDIR "/phonewatch/phonewatch.conf"

/* Part of the contract. */
enum { EXIT_FINE = 0, EXIT_CONFIG = 1, EXIT_USE = 2, EXIT_DATABASE = 3 };

#define USE_BYTES 256 /* of what is wrong with the command line */

/* One writer, two readers, and what may wait for a name or a slow disk. */
#define THREADS "8"

static const char help[] =
	"Usage: phonewatchd [-c FILE]\n"
	"       phonewatchd --check [FILE] [--online]\n"
	"\n"
	"Watches the phones of RingCentral accounts, remembers what it saw, and tells\n"
	"the journal, syslog, webhooks, mail and programs what changed. Runs in the\n"
	"foreground, logs to stderr, stops at SIGTERM and reads its configuration again\n"
	"at SIGHUP.\n"
	"\n"
	"  -c, --config FILE   the configuration (" DEFAULT_CONFIG ")\n"
	"      --check [FILE]  name every mistake in the configuration, and forecast what\n"
	"                      each account costs of the vendor's limits; then exit\n"
	"      --online        with --check: log in, look at each device list, and say\n"
	"                      what was found or what is missing\n"
	"  -h, --help          this text\n"
	"  -V, --version       the version\n"
	"\n"
	"Exit status: 0 stopped, or fine; 1 the configuration; 2 wrong use; 3 the\n"
	"database. See phonewatchd(8), phonewatch.conf(5).\n";

struct options {
	const char *config;
	bool check, online;
};

static int wrong_use(const char *what)
{
	fprintf(stderr, "phonewatchd: %s; see phonewatchd --help\n", what);
	return EXIT_USE;
}

/* Returns -1 where the program is to run, else its exit status. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum { OPT_CHECK = 256, OPT_ONLINE };
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, OPT_CHECK},
		{"online", no_argument, NULL, OPT_ONLINE},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	char text[USE_BYTES];
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case OPT_CHECK:
			o->check = true;
			break;
		case OPT_ONLINE:
			o->online = true;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_FINE;
		case 'V':
			puts("phonewatchd " VERSION);
			return EXIT_FINE;
		default:
			options_explain(text, sizeof text, c, argv, longs);
			return wrong_use(text);
		}
	}
	if (o->check && optind < argc && o->config == NULL)
		o->config = argv[optind++];
	if (optind < argc) {
		snprintf(text, sizeof text, "%s: unexpected", argv[optind]);
		return wrong_use(text);
	}
	if (o->online && !o->check)
		return wrong_use("--online goes with --check");
	if (o->config == NULL)
		o->config = DEFAULT_CONFIG;
	return -1;
}

static int load(const struct options *o, struct config **config)
{
	struct config_report report = {0};
	struct err err = {0};
	int rc = config_load(o->config, config, &report, &err);

	if (o->check)
		config_report_print(&report, stderr);
	else
		config_report_log(&report);
	if (o->check && report.n_problems > 1)
		fprintf(stderr, "%s\n", err.text); /* how many */
	config_report_clear(&report);
	return rc == 0 ? EXIT_FINE : EXIT_CONFIG;
}

static int check(const struct options *o, struct config *config)
{
	int rc = 0, database_rc;

	printf("%s: %zu account%s, %zu sink%s: no mistake found\n", o->config,
	       config->n_accounts, config->n_accounts == 1 ? "" : "s", config->n_sinks,
	       config->n_sinks == 1 ? "" : "s");
	database_rc = check_database(config, stdout);
	check_forecast(config, stdout);
	if (o->online)
		rc = check_online(config, stdout);
	config_unload(config);
	if (rc != 0)
		return EXIT_CONFIG;
	return database_rc == 0 ? EXIT_FINE : EXIT_DATABASE;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct config *config;
	struct err err = {0};
	int status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	umask(0027);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes is a full disk, not our end */
	setenv("UV_THREADPOOL_SIZE", THREADS, 0); /* before the loop starts a thread */
	/* Jobs wander from thread to thread: with a heap for each, every one of them would keep
	 * the room that a page has once needed. Only two threads are ever busy for long. */
	mallopt(M_ARENA_MAX, 1);
	if (secret_forbid_dumps(&err) != 0)
		log_warning("%s: a core dump may hold secrets", err.text);
	status = load(&options, &config);
	if (status != EXIT_FINE)
		return status;
	if (options.check)
		return check(&options, config);
	if (daemon_run(config, &err) != 0) {
		log_error("%s", err.text);
		return err.code == ERR_CONFIG ? EXIT_CONFIG : EXIT_DATABASE;
	}
	return EXIT_FINE;
}
