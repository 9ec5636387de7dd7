#include "cli/commands.h"

#include <stddef.h>

#include "base/mem.h"

/* ---- options ---- */

#define ONE(member)  offsetof(struct cli, member), 0
#define LIST(member) offsetof(struct cli, member), offsetof(struct cli, n_##member)

const struct cli_option cli_options[] = {
	{0, 'a', "at", "T", "as it was at this time", ONE(at)},
	{0, 'o', "offline", NULL, "only those that are offline", ONE(offline)},
	{0, 's', "since", "T", "from this time on", ONE(since)},
	{0, 'u', "until", "T", "before this time", ONE(until)},
	{0, 'q', "after", "SEQUENCE", "only what comes after this event", ONE(after)},
	{0, 't', "type", "PATTERN", "only events of this type; may be repeated",
	 LIST(types)},
	{0, 'm', "match", "KEY=PATTERN",
	 "only what this holds for, as in site=Den*; may be repeated", LIST(matches)},
	{'f', 'f', "follow", NULL, "go on with new ones as they happen", ONE(follow)},
	{0, 'b', "by", "WHAT", "a line for each device, site, model or account", ONE(by)},
	{0, 'w', "worst", "N", "only the N least available, the worst first", ONE(worst)},
	{0, '9', "e911", NULL, "emergency addresses, by device or site", ONE(e911)},
	{0, 'l', "older", "DURATION", "for this long or longer: 30d", ONE(older)},
	{0, 'n', "nagios", NULL, "one line and an exit status, as Nagios wants it",
	 ONE(nagios)},
	{0, 'k', "critical", "N", "with --nagios: critical from N offline on: 1",
	 ONE(critical)},
	{0, 'F', "for", "DURATION", "for so long: 4h", ONE(lasting)},
	{0, 'E', "every", "WINDOW", "only in this window: Mon-Fri 22:00-06:00",
	 ONE(every)},
	{0, 'C', "until-clear", "KEY", "of this alert alone, until it is over",
	 ONE(alert)},
	{0, 'R', "reason", "TEXT", "why, for who reads it later", ONE(reason)},
	{0, 'A', "accept", "ACCOUNT",
	 "its list has shrunk, and that is right: who is missing is gone", ONE(accept)},
	{0, 'e', "explain", "KEY", "the story of one alert", ONE(explain)},
	{0, 'i', "event", "ID", "of this event: its id or its sequence", ONE(event)},
	{0, 'p', "replay", "EVENT", "tell this event again; with --sink", ONE(replay)},
	{0, 'S', "sink", "NAME", "whom to tell it", ONE(sink)},
	{0, 'x', "failed", NULL, "only those that fail, and dead ones", ONE(failed)},
	{'c', 0, "config", "FILE", "where the path of the database stands",
	 ONE(config_path)},
	{'d', 0, "database", "FILE", "the database", ONE(database)},
	{'o', 0, "output", "FORMAT", "table, json, ndjson or csv", ONE(output)},
	{0, 0, "utc", NULL, "dates and the times of tables in UTC", ONE(utc)},
	{'h', 0, "help", NULL, "show this", ONE(help)},
	{'V', 0, "version", NULL, "show the version", ONE(version)},
};
const size_t cli_n_options = COUNT(cli_options);
_Static_assert(COUNT(cli_options) <= CLI_MAX_OPTIONS, "struct cli has a bit for each");

/* ---- commands ---- */

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
#define TIME_HELP                                                                    \
	"T is 2026-11-22T18:01:02Z, \"2026-11-22 18:01\", 2026-11-22, 18:01, -2h,\n" \
	"yesterday, monday, today or now."
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
