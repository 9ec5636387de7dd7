#include "cli/cli.h"

#include <fcntl.h>
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
#include "model/match.h"
#include "query/lookup.h"
#include "query/when.h"

#define DEFAULT_CONFIG   SYSCONFDIR "/phonewatch/phonewatch.conf"
#define DEFAULT_RANGE_MS (7 * INT64_C(24) * 3600 * 1000)

/* Long options without a letter of their own have one that cannot be typed. */
enum {
	OPT_AT = 256,
	OPT_SINCE,
	OPT_AFTER,
	OPT_UNTIL,
	OPT_TYPE,
	OPT_MATCH,
	OPT_OFFLINE,
	OPT_FAILED,
	OPT_BY,
	OPT_WORST,
	OPT_UTC,
	OPT_OLDER,
	OPT_NAGIOS,
	OPT_CRITICAL,
	OPT_FOR,
	OPT_EVERY,
	OPT_UNTIL_CLEAR,
	OPT_REASON,
	OPT_ACCEPT,
	OPT_EXPLAIN,
	OPT_EVENT,
	OPT_REPLAY,
	OPT_SINK,
	OPT_E911,
};

const struct cli_option cli_options[] = {
	{OPT_AT, 'a', "at", "T", "as it was at this time"},
	{OPT_OFFLINE, 'o', "offline", NULL, "only those that are offline"},
	{OPT_SINCE, 's', "since", "T", "from this time on"},
	{OPT_UNTIL, 'u', "until", "T", "before this time"},
	{OPT_AFTER, 'q', "after", "SEQUENCE", "only what comes after this event"},
	{OPT_TYPE, 't', "type", "PATTERN", "only events of this type; may be repeated"},
	{OPT_MATCH, 'm', "match", "KEY=PATTERN",
	 "only what this holds for, as in site=Den*; may be repeated"},
	{'f', 'f', "follow", NULL, "go on with new ones as they happen"},
	{OPT_BY, 'b', "by", "WHAT", "a line for each device, site, model or account"},
	{OPT_WORST, 'w', "worst", "N", "only the N least available, the worst first"},
	{OPT_E911, '9', "e911", NULL, "emergency addresses, by device or site"},
	{OPT_OLDER, 'l', "older", "DURATION", "for this long or longer: 30d"},
	{OPT_NAGIOS, 'n', "nagios", NULL,
	 "one line and an exit status, as Nagios wants it"},
	{OPT_CRITICAL, 'k', "critical", "N",
	 "with --nagios: critical from N offline on: 1"},
	{OPT_FOR, 'F', "for", "DURATION", "for so long: 4h"},
	{OPT_EVERY, 'E', "every", "WINDOW", "only in this window: Mon-Fri 22:00-06:00"},
	{OPT_UNTIL_CLEAR, 'C', "until-clear", "KEY",
	 "of this alert alone, until it is over"},
	{OPT_REASON, 'R', "reason", "TEXT", "why, for who reads it later"},
	{OPT_ACCEPT, 'A', "accept", "ACCOUNT",
	 "its list has shrunk, and that is right: who is missing is gone"},
	{OPT_EXPLAIN, 'e', "explain", "KEY", "the story of one alert"},
	{OPT_EVENT, 'i', "event", "ID", "of this event: its id or its sequence"},
	{OPT_REPLAY, 'p', "replay", "EVENT", "tell this event again; with --sink"},
	{OPT_SINK, 'S', "sink", "NAME", "whom to tell it"},
	{OPT_FAILED, 'x', "failed", NULL, "only those that fail, and dead ones"},
	{'c', 0, "config", "FILE", "where the path of the database stands"},
	{'d', 0, "database", "FILE", "the database"},
	{'o', 0, "output", "FORMAT", "table, json, ndjson or csv"},
	{OPT_UTC, 0, "utc", NULL, "dates and the times of tables in UTC"},
	{'h', 0, "help", NULL, "show this"},
	{'V', 0, "version", NULL, "show the version"},
};
const size_t cli_n_options = COUNT(cli_options);

/* A device as it is part of an answer. */
#define DEVICE_FIELDS_THEN(prefix)                                                       \
	prefix "account," prefix "id," prefix "name," prefix "type," prefix              \
	       "serial," prefix "sku," prefix "model," prefix "extension_number," prefix \
	       "extension_id," prefix "extension_name," prefix "phone_numbers," prefix   \
	       "site," prefix "site_id"
#define DEVICE_FIELDS(prefix) DEVICE_FIELDS_THEN(prefix) "," prefix "vendor_status"
#define STATUS_FIELDS                    \
	DEVICE_FIELDS("device.")         \
	",status,why,last_status,since," \
	"not_before,observed_at,"        \
	"last_location_report_time,unobserved_ms"
#define TIME_HELP                                                                   \
	"T is 2026-11-22T18:01:02Z, 2026-11-22, -2h, yesterday, monday, today or\n" \
	"now."
#define MATCH_HELP                                                                \
	"KEY is account, site, type, model, device (its id) or name; PATTERN a\n" \
	"shell pattern."
#define DEVICE_HELP                                                           \
	"DEVICE is an id; or a serial number in any spelling, an extension\n" \
	"number, a phone number or a name, and whatever it fits is told."

const struct cli_command cli_commands[] = {
	{
		.name = "status",
		.options = "aomnk",
		.summary = "how the devices are, or were",
		.help = "Whether each device is online, since when, and whether that may be\n"
			"believed; with --at, whether it was.\n"
			"A status is Unknown because of no_status (the vendor gives none),\n"
			"not_listed (the last whole list lacked the device) or unobserved (nobody\n"
			"looks: the account cannot be watched, or phonewatchd does not run).\n" TIME_HELP
			"\n" MATCH_HELP,
		.fields = STATUS_FIELDS,
		.run = cmd_status,
	},
	{
		.name = "show",
		.arguments = "DEVICE",
		.options = "m",
		.summary = "all that is known of one device",
		.help = "Its status, its facts, and its record as the vendor gave it.\n" DEVICE_HELP
			"\n" MATCH_HELP,
		.fields = STATUS_FIELDS ",first_seen_at,removed_at,record",
		.run = cmd_show,
	},
	{
		.name = "history",
		.arguments = "DEVICE",
		.options = "sum",
		.summary = "when a device was online and when not",
		.help = "Its spans of time, oldest first; without --since, of the last seven days.\n" DEVICE_HELP
			"\n" TIME_HELP "\n" MATCH_HELP,
		.fields = "account,device_id,status,why,from,from_not_before,to,"
			  "to_not_before,duration_ms",
		.run = cmd_history,
	},
	{
		.name = "report",
		.options = "subwm9",
		.summary = "availability over a time",
		.help = "How long devices were online, offline and unknown, of the last seven days\n"
			"without --since; by account without --by. With --e911 what the vendor says of\n"
			"each device's emergency address, in order of sites, and its last location\n"
			"report; with --by site as well, how many are valid.\n" TIME_HELP
			"\n" MATCH_HELP,
		.fields =
			"by,account,key,name,devices,covered_ms,online_ms,offline_ms,"
			"unknown_ms,availability,availability_min,availability_max,outages,"
			"longest_ms,mttr_ms,mtbf_ms",
		.run = cmd_report,
	},
	{
		.name = "diff",
		.arguments = "T1 T2",
		.options = "m",
		.summary = "what differs between two moments: who did not come back",
		.help = "The devices whose status was another at T2 than at T1, or that came or went\n"
			"in between.\n" TIME_HELP "\n" MATCH_HELP,
		.fields = DEVICE_FIELDS_THEN(
			"device.") ",before,before_why,after,after_why,since",
		.run = cmd_diff,
	},
	{
		.name = "stale",
		.options = "lm",
		.summary = "who has been of no use for long",
		.help = "The devices that have been offline, were never seen online, or have been\n"
			"silent about their location, for 30 days or what --older says.\n" MATCH_HELP,
		.fields = DEVICE_FIELDS(
			"device.") ",reasons,status,why,since,first_seen_at,"
				   "last_online_at,last_location_report_time,"
				   "unobserved_ms",
		.run = cmd_stale,
	},
	{
		.name = "events",
		.options = "squtmf",
		.summary = "what happened",
		.help = "The events in their order. With --follow and without --since or --after:\n"
			"the last ten and then new ones as they happen, until you press Ctrl-C.\n"
			"SEQUENCE is an event's number, data.sequence in JSON: whoever has read up to\n"
			"there goes on behind it.\n" TIME_HELP "\n" MATCH_HELP,
		.fields = "id,type,source,subject,time,data.sequence,data.severity,data.summary," DEVICE_FIELDS(
			"data.device.") ","
					"data.status,data.previous_status,data.not_before,data.observed_at,"
					"data.last_location_report_time,data.changes,data.offline_ms,"
					"data.offline_at_least,data.reason,data.detail,"
					"data.since",
		.run = cmd_events,
	},
	{
		.name = "alerts",
		.options = "em",
		.summary = "what is wrong now",
		.help = "The alerts that are pending or firing; the members of an outage are counted\n"
			"in it. With --explain KEY all that is known of one, and of those that had its\n"
			"key before: what was seen when, which rule it is of, what holds it, and who\n"
			"was told.\n" MATCH_HELP " KEY is kind, too.",
		.fields =
			"key,kind,state,severity,since,count,silenced_by,account,name,rule,"
			"fired_at,resolved_at,reason,reminders",
		.run = cmd_alerts,
	},
	{
		.name = "backtest",
		.options = "su",
		.summary = "what rules would have told, against what was told",
		.help = "The rules of the configuration (-c FILE) over what is stored, of the last seven\n"
			"days without --since: each alert that was told or would have been. Nothing is\n"
			"written, and nobody is told.\n" TIME_HELP,
		.fields = "key,kind,fired_at,resolved_at,would_fire_at,"
			  "would_be_resolved_at,difference",
		.run = cmd_backtest,
	},
	{
		.name = "accounts",
		.options = "Am",
		.summary = "how the watching of each account goes",
		.help = "State, route, counts, speed and budget of each account.\n"
			"With --accept phonewatchd is asked to believe that the list of ACCOUNT, which\n"
			"lacks many devices at once, is right, and to look at it again; it answers as\n"
			"poll does.\n"
			"Of --match KEY is account.",
		.fields =
			"account,state,reason,detail,since,observed,route,devices,online,"
			"offline,unknown,effective_interval_ms,last_sweep_at,last_page_at,"
			"pages_unchanged,records_unchanged,records_parsed,records_bad,"
			"budget.group,budget.limit,budget.remaining,budget.penalty_until",
		.run = cmd_accounts,
	},
	{
		.name = "deliveries",
		.options = "xpSm",
		.summary = "what was told to whom, and what is still owed",
		.help = "Every event that a sink was or is owed, in order.\n"
			"With --replay phonewatchd is asked to tell the sink NAME an event again, in the\n"
			"same words; EVENT is its id or its number, whether it was told before or not.\n" MATCH_HELP,
		.fields =
			"event_id,sequence,sink,state,attempts,next_at,delivered_at,code,"
			"error,switched_off",
		.run = cmd_deliveries,
	},
	{
		.name = "payload",
		.arguments = "FORMAT",
		.options = "i",
		.summary = "what a webhook would post for an event",
		.help = "The body of a request, made of an event in this format: cloudevents, slack,\n"
			"teams, discord, pagerduty, alertmanager, jira, or the path of a jq program.\n"
			"Nothing is sent. Where a secret belongs into it, a word stands for it.",
		.run = cmd_payload,
	},
	{
		.name = "backup",
		.arguments = "FILE",
		.options = "",
		.summary = "copy the database while it is used",
		.help = "A copy of the database as it is now, in a new file. phonewatchd may go on\n"
			"writing. The file appears when it is whole and has been checked.",
		.run = cmd_backup,
	},
	{
		.name = "check",
		.options = "",
		.summary = "examine the database",
		.help = "Whether the database is damaged, or says what cannot be; exit status 3\n"
			"where something was found.",
		.fields = "finding",
		.run = cmd_check,
	},
	{
		.name = "completion",
		.arguments = "SHELL",
		.options = "",
		.summary = "what completes these commands in bash, zsh or fish",
		.help = "A script for SHELL: bash, zsh or fish. For this session of bash:\n"
			"  source <(phonewatch completion bash)",
		.run = cmd_completion,
	},
	{
		.name = "silence",
		.arguments = "add|list|remove [ID]",
		.options = "msuFECR",
		.summary = "what is not to be told for a time",
		.help = "Alerts that nobody is told of while a silence is in force. Those there are;\n"
			"a new one, of what all of --match hold for (KEY is kind, too), or of one alert;\n"
			"one less.\n"
			"  phonewatch silence add --match site=Denver --for 4h --reason \"new switch\"\n"
			"  phonewatch silence add --match name=Lobby* --every \"Mon-Fri 22:00-06:00\"\n"
			"  phonewatch silence add --until-clear acme/device_offline/802398804016\n" TIME_HELP
			"\n" MATCH_HELP,
		.fields = "id,match,key,from,until,every,reason,by,made_at",
		.run = cmd_silence,
	},
	{
		.name = "drill",
		.arguments = "KIND",
		.options = "SF",
		.summary = "rehearse an alert, as it would come",
		.help = "The sink NAME, and nobody else, is told an alert of KIND that fires and is over,\n"
			"marked as a drill, by the way that all take: it is an event of the database,\n"
			"and is tried again where it fails. Waits for the end of that for a minute, or\n"
			"what --for says. KIND is device_offline, device_flapping, site_outage,\n"
			"account_outage, location_stale, emergency_invalid or monitor_blind.",
		.fields =
			"event_id,sequence,sink,state,attempts,next_at,delivered_at,code,"
			"error,switched_off",
		.run = cmd_drill,
	},
	{
		.name = "sink",
		.arguments = "test NAME",
		.options = "",
		.summary = "whether somebody can be told",
		.help = "The sink NAME is told a drill: an alert that fires, and one that it is over.\n"
			"Nothing of it is kept.",
		.fields = "sink,result,code,error,duration_ms",
		.run = cmd_sink,
	},
	{
		.name = "poll",
		.arguments = "[ACCOUNT]",
		.options = "",
		.summary = "look at the vendor's lists now",
		.help = "A sweep of ACCOUNT, or of all, as soon as the budget allows, and what came of\n"
			"it. Refused where the vendor wants no request for a time.",
		.fields =
			"account,result,error,whole,shrunk,devices,missing,removed,events,"
			"duration_ms",
		.run = cmd_poll,
	},
};
const size_t cli_n_commands = COUNT(cli_commands);

/* ---- saying what is wrong ---- */

static void say(const char *text)
{
	char safe[4 * ERR_TEXT_BYTES];

	log_escape(safe, sizeof safe, text);
	fprintf(stderr, "phonewatch: %s\n", safe);
}

void cli_warn(const char *fmt, ...)
{
	char text[ERR_TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	say(text);
}

int cli_usage(const char *fmt, ...)
{
	char text[ERR_TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	say(text);
	return CLI_USAGE;
}

int cli_fail_database(struct cli *cli)
{
	err_wrap(&cli->err, "database %s", cli->database_path);
	say(cli->err.text);
	return CLI_DATABASE;
}

int cli_fail_output(struct cli *cli)
{
	say(cli->err.text);
	return CLI_OUTPUT;
}

/* ---- the database ---- */

static int find_path(struct cli *cli)
{
	if (cli->database_path != NULL)
		return 0;
	if (cli->database != NULL) {
		cli->database_path = mem_strdup(cli->database);
		return 0;
	}
	if (cli->find_database(cli->config_path, &cli->database_path, &cli->err) == 0)
		return 0;
	say(cli->err.text);
	say("name the configuration with -c, or the database with -d");
	return ERR_CONFIG;
}

struct store_conn *cli_open(struct cli *cli)
{
	struct store_conn *c;

	if (find_path(cli) != 0)
		return NULL;
	if (store_open_reader(cli->database_path, &c, &cli->err) == 0)
		return c;
	say(cli->err.text);
	return NULL;
}

/* Of those that DEVICE names, those that --match holds for. */
struct choosing {
	const struct cli *cli;
	void (*each)(const struct store_account *a, const struct store_device *d,
		     void *arg);
	void *arg;
	int n;
};

static void on_named(const struct store_account *a, const struct store_device *d,
		     void *arg)
{
	struct choosing *x = arg;
	json_t *facts = json_loads(d->facts, 0, NULL);

	if (match_all(x->cli->matches, x->cli->n_matches, a->name, d->id, facts)) {
		x->n++;
		x->each(a, d, x->arg);
	}
	json_decref(facts);
}

int cli_devices(struct cli *cli, struct store_conn *c,
		void (*each)(const struct store_account *a, const struct store_device *d,
			     void *arg),
		void *arg, const int *rc)
{
	const char *text = cli->arguments[0];
	struct choosing x = {.cli = cli, .each = each, .arg = arg};
	int64_t version;
	int n;

	if (store_reader_version(c, &version, &cli->err) != 0 ||
	    store_begin_read(c, &cli->err) != 0)
		return cli_fail_database(cli);
	n = lookup_devices(c, text, on_named, &x, &cli->err);
	store_end_read(c);
	if (n < 0 || *rc != 0)
		return cli_fail_database(cli);
	if (x.n > 0)
		return CLI_OK;
	if (n > 0)
		cli_warn("%s: none of that name for which --match holds", text);
	else
		cli_warn("%s: no such device; it is an id, a serial number, an extension"
			 " number, a phone number or a name",
			 text);
	return CLI_NO_DEVICE;
}

/* ---- times ---- */

int cli_time(const struct cli *cli, const char *option, const char *text, int64_t *at_ms)
{
	struct err err = {0};

	if (text == NULL || when_parse(text, cli->now_at_ms, at_ms, &err) == 0)
		return CLI_OK;
	return cli_usage("--%s %s: %s", option, text, err.text);
}

int cli_times(struct cli *cli, int64_t *since_at_ms, int64_t *until_at_ms)
{
	*since_at_ms = INT64_MIN;
	*until_at_ms = INT64_MAX;
	if (cli_time(cli, "since", cli->since, since_at_ms) != CLI_OK ||
	    cli_time(cli, "until", cli->until, until_at_ms) != CLI_OK)
		return CLI_USAGE;
	if (*since_at_ms > cli->now_at_ms)
		return cli_usage("--since %s: that is still to come", cli->since);
	if (*since_at_ms > *until_at_ms)
		return cli_usage("--since %s is after --until %s", cli->since,
				 cli->until);
	return CLI_OK;
}

int cli_past_time(struct cli *cli, const char *what, const char *text, int64_t *at_ms)
{
	struct err err = {0};

	if (when_parse(text, cli->now_at_ms, at_ms, &err) != 0)
		return cli_usage("%s %s: %s", what, text, err.text);
	if (*at_ms > cli->now_at_ms)
		return cli_usage("%s %s: that is still to come", what, text);
	return CLI_OK;
}

int cli_range(struct cli *cli, int64_t *since_at_ms, int64_t *until_at_ms)
{
	*until_at_ms = cli->now_at_ms;
	if (cli->until != NULL &&
	    cli_past_time(cli, "--until", cli->until, until_at_ms) != CLI_OK)
		return CLI_USAGE;
	*since_at_ms = *until_at_ms - DEFAULT_RANGE_MS;
	if (cli->since != NULL &&
	    cli_past_time(cli, "--since", cli->since, since_at_ms) != CLI_OK)
		return CLI_USAGE;
	if (*since_at_ms >= *until_at_ms)
		return cli_usage("--since %s is not before --until %s", cli->since,
				 cli->until != NULL ? cli->until : "now");
	return CLI_OK;
}

int cli_number(const char *option, const char *text, int64_t *number)
{
	char *end;

	if (text == NULL)
		return CLI_OK;
	*number = strtoll(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || *number < 1)
		return cli_usage("--%s %s: not a number from 1 on", option, text);
	return CLI_OK;
}

/* ---- help ---- */

static void print_options(const char *codes)
{
	for (size_t i = 0; i < COUNT(cli_options); i++) {
		char left[40], letter[8] = "    ";
		const char *argument = cli_options[i].argument;
		bool of_all = cli_options[i].code == 0;

		if (codes == NULL ? !of_all
				  : !of_all && strchr(codes, cli_options[i].code) == NULL)
			continue;
		if (cli_options[i].letter < 256)
			snprintf(letter, sizeof letter, "-%c, ", cli_options[i].letter);
		snprintf(left, sizeof left, "%s--%s%s%s", letter, cli_options[i].name,
			 argument != NULL ? " " : "", argument != NULL ? argument : "");
		printf("  %-26s %s\n", left, cli_options[i].help);
	}
}

static int help_end(void)
{
	return fflush(stdout) == 0 ? CLI_OK : CLI_OUTPUT;
}

static int help(void)
{
	puts("Usage: phonewatch [-c FILE | -d FILE] [-o FORMAT] COMMAND [OPTION ...]\n"
	     "Tell how the phones are and were. Reads the database, whether phonewatchd\n"
	     "runs or not, and changes nothing: what changes something asks phonewatchd.\n\n"
	     "Commands:");
	for (size_t i = 0; i < COUNT(cli_commands); i++)
		if (cli_commands[i].run != NULL)
			printf("  %-26s %s\n", cli_commands[i].name,
			       cli_commands[i].summary);
	puts("\nOptions:");
	print_options(NULL);
	puts("\nphonewatch COMMAND --help tells of one command, phonewatch(1) of all.");
	return help_end();
}

static int help_command(const struct cli_command *command)
{
	printf("Usage: phonewatch %s%s%s [OPTION ...]\n", command->name,
	       command->arguments != NULL ? " " : "",
	       command->arguments != NULL ? command->arguments : "");
	if (command->run == NULL) {
		printf("Will tell: %s. Comes with a later version.\n", command->summary);
		return help_end();
	}
	printf("%s\n\nOptions:\n", command->help);
	print_options(command->options);
	return help_end();
}

/* ---- reading the command line ---- */

static void add_text(char ***texts, size_t *n, char *text)
{
	*texts = mem_resize(*texts, *n + 1, sizeof **texts);
	(*texts)[(*n)++] = text;
}

/* The first one is told, once we know that it is not about a command still to come. */
static void complain(struct cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void complain(struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli->complaint[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(cli->complaint, sizeof cli->complaint, fmt, ap);
	va_end(ap);
}

static void take_option(struct cli *cli, int letter, char *argument)
{
	switch (letter) {
	case OPT_AT:
		cli->at = argument;
		break;
	case OPT_SINCE:
		cli->since = argument;
		break;
	case OPT_AFTER:
		cli->after = argument;
		break;
	case OPT_UNTIL:
		cli->until = argument;
		break;
	case OPT_TYPE:
		add_text(&cli->types, &cli->n_types, argument);
		break;
	case OPT_MATCH:
		add_text(&cli->matches, &cli->n_matches, argument);
		break;
	case OPT_BY:
		cli->by = argument;
		break;
	case OPT_WORST:
		cli->worst = argument;
		break;
	case OPT_OLDER:
		cli->older = argument;
		break;
	case OPT_CRITICAL:
		cli->critical = argument;
		break;
	case OPT_FOR:
		cli->lasting = argument;
		break;
	case OPT_EVERY:
		cli->every = argument;
		break;
	case OPT_UNTIL_CLEAR:
		cli->alert = argument;
		break;
	case OPT_REASON:
		cli->reason = argument;
		break;
	case OPT_EXPLAIN:
		cli->explain = argument;
		break;
	case OPT_REPLAY:
		cli->replay = argument;
		break;
	case OPT_SINK:
		cli->sink = argument;
		break;
	case OPT_ACCEPT:
		cli->accept = argument;
		break;
	case OPT_EVENT:
		cli->event = argument;
		break;
	case OPT_E911:
		cli->e911 = true;
		break;
	case OPT_NAGIOS:
		cli->nagios = true;
		break;
	case OPT_UTC:
		cli->utc = true;
		break;
	case OPT_OFFLINE:
		cli->offline = true;
		break;
	case OPT_FAILED:
		cli->failed = true;
		break;
	case 'f':
		cli->follow = true;
		break;
	case 'c':
		cli->config_path = argument;
		break;
	case 'd':
		cli->database = argument;
		break;
	case 'o':
		cli->output = argument;
		break;
	case 'h':
		cli->help = true;
		break;
	case 'V':
		cli->version = true;
		break;
	}
}

/* "-2h" is a time, not an option: told as one that may have more behind it. */
#define DIGITS "0::1::2::3::4::5::6::7::8::9::"

static void make_tables(struct option *longs, char *shorts)
{
	char *p = stpcpy(shorts, "-:" DIGITS); /* words in their order, as letter 1 */

	for (size_t i = 0; i < COUNT(cli_options); i++) {
		const struct cli_option *o = &cli_options[i];

		longs[i] = (struct option){o->name, o->argument != NULL, NULL, o->letter};
		if (o->letter > 255)
			continue;
		*p++ = (char)o->letter;
		if (o->argument != NULL)
			*p++ = ':';
	}
	*p = '\0';
}

static void take_letter(struct cli *cli, int letter, char **argv,
			const struct option *longs)
{
	char text[ERR_TEXT_BYTES];

	if (letter == 1) {
		add_text(&cli->words, &cli->n_words, optarg);
	} else if (letter >= '0' && letter <= '9') {
		add_text(&cli->words, &cli->n_words, argv[optind - 1]);
	} else if (letter == ':' || letter == '?') {
		options_explain(text, sizeof text, letter, argv, longs);
		complain(cli, "%s; see phonewatch --help", text);
	} else {
		take_option(cli, letter, optarg);
	}
}

static void read_options(struct cli *cli, int argc, char **argv)
{
	struct option longs[COUNT(cli_options) + 1] = {0};
	char shorts[3 * COUNT(cli_options) + sizeof "-:" DIGITS];
	int n, letter;

	make_tables(longs, shorts);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, shorts, longs, &n)) != -1) {
		take_letter(cli, letter, argv, longs);
		for (size_t i = 0; i < COUNT(cli_options); i++)
			if (cli_options[i].letter == letter)
				cli->given |= 1u << i;
	}
	for (; optind < argc; optind++) /* behind "--" */
		add_text(&cli->words, &cli->n_words, argv[optind]);
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
	for (size_t i = 0; i < COUNT(cli_commands); i++)
		if (strcmp(cli_commands[i].name, name) == 0)
			return &cli_commands[i];
	return NULL;
}

static int check_options(const struct cli *cli, const struct cli_command *command)
{
	for (size_t i = 0; i < COUNT(cli_options); i++) {
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
	bool not_yet = command != NULL && command->run == NULL;

	if (not_yet && !cli->help)
		return cli_usage("%s: not yet: comes with a later version",
				 command->name);
	if (cli->complaint[0] != '\0')
		return cli_usage("%s", cli->complaint);
	if (argc == 0)
		return cli->help ? help()
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
	read_options(&cli, argc, argv);
	if (cli.version && cli.complaint[0] == '\0') {
		puts("phonewatch " PACKAGE_VERSION);
		status = help_end();
	} else {
		status = run_command(&cli, (int)cli.n_words, cli.words);
	}
	free(cli.database_path);
	free(cli.zone);
	free(cli.words);
	free(cli.types);
	free(cli.matches);
	return status;
}
