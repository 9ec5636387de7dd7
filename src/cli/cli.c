#include "cli/cli.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/options.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "model/match.h"

#define DEFAULT_CONFIG SYSCONFDIR "/phonewatch/phonewatch.conf"
#define NO_LETTER \
	256 /* what getopt_long() returns is this and the row of an option without */

/* ---- saying what is wrong ---- */

static void say(const char *fmt, va_list ap)
{
	char text[ERR_TEXT_BYTES], safe[4 * ERR_TEXT_BYTES];

	vsnprintf(text, sizeof text, fmt, ap);
	log_escape(safe, sizeof safe, text);
	fprintf(stderr, "phonewatch: %s\n", safe);
}

void cli_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

int cli_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return CLI_USAGE;
}

int cli_fail_database(struct cli *cli)
{
	err_wrap(&cli->err, "database %s", cli->database_path);
	cli_warn("%s", cli->err.text);
	return CLI_DATABASE;
}

int cli_fail_output(struct cli *cli)
{
	cli_warn("%s", cli->err.text);
	return CLI_OUTPUT;
}

/* ---- reading the command line ---- */

static void add_text(char ***texts, size_t *n, char *text)
{
	*texts = mem_resize(*texts, *n + 1, sizeof **texts);
	(*texts)[(*n)++] = text;
}

/* Where struct cli has what a row says. */
static void *place_of(struct cli *cli, size_t at)
{
	return (char *)cli + at;
}

static void take_option(struct cli *cli, const struct cli_option *o, char *argument)
{
	if (o->n_at != 0)
		add_text(place_of(cli, o->at), place_of(cli, o->n_at), argument);
	else if (o->argument != NULL)
		*(const char **)place_of(cli, o->at) = argument;
	else
		*(bool *)place_of(cli, o->at) = true;
}

static int letter_of(size_t i)
{
	return cli_options[i].letter != 0 ? cli_options[i].letter : NO_LETTER + (int)i;
}

/* "-2h" is a time, not an option: told as one that may have more behind it. */
#define DIGITS "0::1::2::3::4::5::6::7::8::9::"

static void make_tables(struct option *longs, char *shorts)
{
	char *p = stpcpy(shorts, "-:" DIGITS); /* words in their order, as letter 1 */

	for (size_t i = 0; i < cli_n_options; i++) {
		const struct cli_option *o = &cli_options[i];

		longs[i] =
			(struct option){o->name, o->argument != NULL, NULL, letter_of(i)};
		if (o->letter == 0)
			continue;
		*p++ = o->letter;
		if (o->argument != NULL)
			*p++ = ':';
	}
	*p = '\0';
}

static int refuse_option(int letter, char **argv, const struct option *longs)
{
	char text[ERR_TEXT_BYTES];

	options_explain(text, sizeof text, letter, argv, longs);
	return cli_usage("%s; see phonewatch --help", text);
}

static void take_letter(struct cli *cli, int letter, char **argv)
{
	if (letter == 1)
		add_text(&cli->words, &cli->n_words, optarg);
	else if (letter >= '0' && letter <= '9')
		add_text(&cli->words, &cli->n_words, argv[optind - 1]);
	for (size_t i = 0; i < cli_n_options; i++) {
		if (letter_of(i) != letter)
			continue;
		take_option(cli, &cli_options[i], optarg);
		cli->given |= 1u << i;
	}
}

static int read_options(struct cli *cli, int argc, char **argv)
{
	struct option longs[CLI_MAX_OPTIONS + 1] = {0};
	char shorts[2 * CLI_MAX_OPTIONS + sizeof "-:" DIGITS];
	int letter;

	make_tables(longs, shorts);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (letter == ':' || letter == '?')
			return refuse_option(letter, argv, longs);
		take_letter(cli, letter, argv);
	}
	for (; optind < argc; optind++) /* behind "--" */
		add_text(&cli->words, &cli->n_words, argv[optind]);
	return CLI_OK;
}

static int read_format(struct cli *cli)
{
	static const char *const names[] = {[OUT_TABLE] = "table",
					    [OUT_JSON] = "json",
					    [OUT_NDJSON] = "ndjson",
					    [OUT_CSV] = "csv"};

	if (cli->output == NULL) {
		cli->format = isatty(STDOUT_FILENO) ? OUT_TABLE : OUT_NDJSON;
		return CLI_OK;
	}
	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(cli->output, names[i]) == 0) {
			cli->format = (enum out_format)i;
			return CLI_OK;
		}
	}
	return cli_usage("-o %s: not table, json, ndjson or csv", cli->output);
}

static const struct cli_command *find_command(const char *name)
{
	for (size_t i = 0; i < cli_n_commands; i++)
		if (strcmp(cli_commands[i].name, name) == 0)
			return &cli_commands[i];
	return NULL;
}

static int check_options(const struct cli *cli, const struct cli_command *command)
{
	for (size_t i = 0; i < cli_n_options; i++) {
		bool given = (cli->given & 1u << i) != 0;

		if (given && cli_options[i].code != 0 &&
		    strchr(command->options, cli_options[i].code) == NULL)
			return cli_usage("%s: has no option --%s; see phonewatch %s"
					 " --help",
					 command->name, cli_options[i].name,
					 command->name);
	}
	return CLI_OK;
}

/* A silence is of alerts, which have a kind; an account has nothing but its name. */
static int check_matches(const struct cli *cli, const struct cli_command *command)
{
	bool of_alerts = command->run == cmd_silence || command->run == cmd_alerts;

	for (size_t i = 0; i < cli->n_matches; i++) {
		const char *text = cli->matches[i];

		if (of_alerts ? !silence_match_is_valid(text) : !match_is_valid(text))
			return cli_usage(
				"--match %s: not KEY=PATTERN with a KEY of account,"
				" site, type, model, device, name%s",
				text, of_alerts ? ", kind" : "");
		if (command->run == cmd_accounts &&
		    strncmp(text, "account=", strlen("account=")) != 0)
			return cli_usage("--match %s: of an account only account= can be"
					 " asked",
					 text);
	}
	return CLI_OK;
}

/* "T1 T2" is two; "add|list|remove [ID]" two at most, and one at least. */
static void count_words(const char *text, int *least, int *most)
{
	*least = *most = 0;
	for (bool begins = true; text != NULL && *text != '\0'; text++) {
		*most += begins;
		*least += begins && *text != '[';
		begins = *text == ' ';
	}
}

static int check_arguments(const struct cli_command *command, int argc, char **argv)
{
	int least, most;

	count_words(command->arguments, &least, &most);
	if (argc > most)
		return cli_usage("%s: unexpected; see phonewatch %s --help", argv[most],
				 command->name);
	if (argc < least)
		return cli_usage("%s: which? phonewatch %s %s", command->name,
				 command->name, command->arguments);
	return CLI_OK;
}

static int run_command(struct cli *cli, int argc, char **argv)
{
	const struct cli_command *command = argc > 0 ? find_command(argv[0]) : NULL;

	if (argc == 0)
		return cli->help ? help_all()
				 : cli_usage("no command; see phonewatch --help");
	if (command == NULL)
		return cli_usage("%s: no such command; see phonewatch --help", argv[0]);
	if (cli->help)
		return help_command(command);
	cli->command = command;
	cli->arguments = argv + 1;
	if (check_arguments(command, argc - 1, argv + 1) != CLI_OK ||
	    check_options(cli, command) != CLI_OK ||
	    check_matches(cli, command) != CLI_OK || read_format(cli) != CLI_OK)
		return cli->nagios ? cli_nagios_unknown() : CLI_USAGE;
	if (cli->utc) {
		cli->zone = getenv("TZ") != NULL ? mem_strdup(getenv("TZ")) : NULL;
		setenv("TZ", "UTC", 1);
		tzset();
	}
	return command->run(cli);
}

/* What we print is UTF-8, and so is what we measure. */
static void set_locale(void)
{
	setlocale(LC_ALL, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

int cli_main(int argc, char **argv, cli_find_database_cb find_database,
	     cli_load_rules_cb load_rules)
{
	struct cli cli = {
		.config_path = DEFAULT_CONFIG,
		.now_at_ms = clock_utc_ms(),
		.find_database = find_database,
		.load_rules = load_rules,
		.argv = argv,
	};
	int status;

	set_locale();
	status = read_options(&cli, argc, argv);
	if (status == CLI_OK && cli.version)
		status = help_version();
	else if (status == CLI_OK)
		status = run_command(&cli, (int)cli.n_words, cli.words);
	free(cli.database_path);
	free(cli.zone);
	free(cli.words);
	free(cli.types);
	free(cli.matches);
	return status;
}
