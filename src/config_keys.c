#include "config_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/near.h"
#include "config.h"
#include "config_check.h"

#define SECOND    INT64_C(1000)
#define MINUTE    (60 * SECOND)
#define HOUR      (60 * MINUTE)
#define DAY       (24 * HOUR)
#define YEAR      (365 * DAY)
#define MAX_TEXT  4096
#define MAX_ITEMS 64
#define MAX_BYTES (1u << 20)

/* ---- the words of keys that take some ---- */

static const struct key_word log_levels[] = {
	{"error", LOG_LEVEL_ERROR, NULL},
	{"warning", LOG_LEVEL_WARNING, NULL},
	{"info", LOG_LEVEL_INFO, NULL},
	{"debug", LOG_LEVEL_DEBUG, NULL},
	{0},
};

static const struct key_word routes[] = {
	{"auto", VIA_AUTO, NULL},
	{"account", VIA_ACCOUNT, NULL},
	{"extensions", VIA_EXTENSIONS, NULL},
	{0},
};

#ifdef HAVE_SYSTEMD
#define NO_JOURNAL NULL
#else
#define NO_JOURNAL "this program was built without the journal; write \"syslog\""
#endif

static const struct key_word sink_kinds[] = {
	{"journal", SINK_JOURNAL, NO_JOURNAL},
	{"syslog", SINK_SYSLOG, NULL},
	{"webhook", SINK_WEBHOOK, NULL},
	{"mail", SINK_MAIL, NULL},
	{"exec", SINK_EXEC, NULL},
	{0},
};

/* ---- the keys ---- */

static const struct config_key top_keys[] = {
	{.name = "database",
	 .type = KEY_PATH,
	 .fallback = CONFIG_DATABASE,
	 .min = 1,
	 .max = MAX_TEXT,
	 .at = offsetof(struct config, database),
	 .help = "Where state and history are kept. A relative path is relative to the folder of"
		 " this file."},
	{.name = "log_level",
	 .type = KEY_WORD,
	 .fallback = "info",
	 .words = log_levels,
	 .at = offsetof(struct config, log_level),
	 .help = "How much to log: error, warning, info or debug."},
	{.name = "heartbeat_url",
	 .type = KEY_TEXT,
	 .fallback = "",
	 .max = MAX_TEXT,
	 .check = config_check_heartbeat,
	 .at = offsetof(struct config, heartbeat_url),
	 .help = "Asked for when every account has had a good sweep since it was last: for a watcher"
		 " elsewhere, who tells when that stays away. Empty: nobody."},
	{.name = "include",
	 .type = KEY_PATH,
	 .fallback = "",
	 .example = "accounts.d",
	 .max = MAX_TEXT,
	 .at = KEY_NOWHERE,
	 .help = "A folder; each of its *.conf is read too, in order of their names, and may hold"
		 " accounts, sinks and rules. A relative path is relative to the folder of this"
		 " file."},
	{.name = "base_url",
	 .type = KEY_TEXT,
	 .fallback = "",
	 .max = MAX_TEXT,
	 .check = config_check_url,
	 .at = KEY_NOWHERE,
	 .later = "links in messages come with a later version",
	 .help = "Put before links in messages."},
	{0},
};

static const struct config_key account_keys[] = {
	{.name = "client_id",
	 .type = KEY_TEXT,
	 .example = "...",
	 .min = 1,
	 .max = 256,
	 .at = offsetof(struct account_config, client_id),
	 .is_credential = true,
	 .help = "The app's client id."},
	{.name = "client_secret_file",
	 .type = KEY_SECRET,
	 .example = "acme.client-secret",
	 .min = 1,
	 .max = MAX_TEXT,
	 .at = offsetof(struct account_config, client_secret),
	 .is_credential = true,
	 .help = "The file that holds the app's client secret. With a slash: a path; without:"
		 " looked up in $CREDENTIALS_DIRECTORY, then beside this file, then in the folder"
		 " secrets beside it. Others may not read it (chmod 600)."},
	{.name = "jwt_file",
	 .type = KEY_SECRET,
	 .example = "acme.jwt",
	 .min = 1,
	 .max = MAX_TEXT,
	 .at = offsetof(struct account_config, jwt),
	 .is_credential = true,
	 .help = "The file that holds the user's JWT credential, likewise."},
	{.name = "server",
	 .type = KEY_TEXT,
	 .fallback = "https://platform.ringcentral.com",
	 .min = 1,
	 .max = MAX_TEXT,
	 .check = config_check_server,
	 .at = offsetof(struct account_config, server),
	 .is_credential = true,
	 .help = "The vendor's server: https, or plain http to this machine."},
	{.name = "interval",
	 .type = KEY_DURATION,
	 .fallback = "60s",
	 .min = SECOND,
	 .max = DAY,
	 .at = offsetof(struct account_config, interval_ms),
	 .help = "How often to ask for all devices: ms, s, m, h or d. The vendor's limit decides"
		 " how often really."},
	{.name = "devices_via",
	 .type = KEY_WORD,
	 .fallback = "auto",
	 .words = routes,
	 .at = offsetof(struct account_config, devices_via),
	 .help = "Which of the vendor's lists to read: account, the list of all devices;"
		 " extensions, that of each extension, which lacks devices without one; or auto,"
		 " the first where the account and its user may read it, else the second."},
	{.name = "budget_share",
	 .type = KEY_NUMBER,
	 .fallback = "50",
	 .min = 1,
	 .max = 100,
	 .at = offsetof(struct account_config, budget_share),
	 .help = "Percent of the vendor's rate limit that we take. The rest is left to other programs"
		 " with the same credentials."},
	{.name = "ignore_types",
	 .type = KEY_TEXTS,
	 .fallback = "[\"WebRTC\"]",
	 .min = 1,
	 .max = 256,
	 .max_items = MAX_ITEMS,
	 .at = offsetof(struct account_config, ignore_types),
	 .n_at = offsetof(struct account_config, n_ignore_types),
	 .help = "Device types that are placeholders, always offline in the vendor's lists: neither"
		 " kept, told nor counted."},
	{.name = "location_every",
	 .type = KEY_DURATION,
	 .fallback = "0s",
	 .max = YEAR,
	 .at = offsetof(struct account_config, location_every_ms),
	 .help = "Tell one device's location reports at most so often. Those in between are kept"
		 " and shown, but are no events."},
	{.name = "ca_file",
	 .type = KEY_FILE,
	 .fallback = "",
	 .max = MAX_TEXT,
	 .at = offsetof(struct account_config, ca_file),
	 .help = "A private CA, instead of the system's: a file of PEM certificates, looked up"
		 " like client_secret_file."},
	{.name = "heartbeat_url",
	 .type = KEY_TEXT,
	 .fallback = "",
	 .max = MAX_TEXT,
	 .check = config_check_heartbeat,
	 .at = offsetof(struct account_config, heartbeat_url),
	 .help = "Asked for after each good sweep of this account, like that of all. Empty: nobody."},
	{0},
};

static const struct config_key sink_keys[] = {
	{.name = "kind",
	 .type = KEY_WORD,
	 .example = "journal",
	 .words = sink_kinds,
	 .at = offsetof(struct sink_config, kind),
	 .help = "journal, syslog, webhook, mail or exec."},
	{.name = "address",
	 .type = KEY_TEXT,
	 .fallback = "unix:/dev/log",
	 .min = 1,
	 .max = MAX_TEXT,
	 .check = config_check_address,
	 .kinds = CONFIG_KIND(SINK_SYSLOG),
	 .at = offsetof(struct sink_config, address),
	 .help = "unix:PATH, udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT."},
	{.name = "url",
	 .type = KEY_TEXT,
	 .example = "https://ops.example.com/hooks/phones",
	 .unless = "url_file",
	 .min = 1,
	 .max = MAX_TEXT,
	 .check = config_check_url,
	 .kinds = CONFIG_KIND(SINK_WEBHOOK),
	 .at = offsetof(struct sink_config, url),
	 .help = "Where to post to. Plain http to other than this machine needs allow_http."},
	{.name = "url_file",
	 .type = KEY_SECRET,
	 .fallback = "",
	 .example = "slack.url",
	 .max = MAX_TEXT,
	 .check_secret = config_check_secret_url,
	 .kinds = CONFIG_KIND(SINK_WEBHOOK),
	 .at = offsetof(struct sink_config, url_secret),
	 .help = "The URL from a file, instead of url, looked up like client_secret_file: who knows"
		 " that of a chat may write to it."},
	{.name = "allow_http",
	 .type = KEY_FLAG,
	 .fallback = "false",
	 .kinds = CONFIG_KIND(SINK_WEBHOOK),
	 .at = offsetof(struct sink_config, allow_http),
	 .help = "Post in the clear: whoever is on the way reads it."},
	{.name = "server",
	 .type = KEY_TEXT,
	 .example = "smtp://mail.example.com:587",
	 .min = 1,
	 .max = MAX_TEXT,
	 .check = config_check_mail_server,
	 .kinds = CONFIG_KIND(SINK_MAIL),
	 .at = offsetof(struct sink_config, server),
	 .help = "Where mail is handed in: smtp://HOST[:PORT], which must offer STARTTLS, or"
		 " smtps://HOST[:PORT]."},
	{.name = "from",
	 .type = KEY_TEXT,
	 .example = "phonewatch@example.com",
	 .min = 1,
	 .max = 254,
	 .check = config_check_mail_address,
	 .kinds = CONFIG_KIND(SINK_MAIL),
	 .at = offsetof(struct sink_config, from),
	 .help = "The address that mail is from."},
	{.name = "to",
	 .type = KEY_TEXTS,
	 .example = "[\"phones@example.com\"]",
	 .min = 1,
	 .max = 254,
	 .max_items = MAX_ITEMS,
	 .check = config_check_mail_address,
	 .kinds = CONFIG_KIND(SINK_MAIL),
	 .at = offsetof(struct sink_config, to),
	 .n_at = offsetof(struct sink_config, n_to),
	 .help = "Who gets it: one message to all of them."},
	{.name = "user",
	 .type = KEY_TEXT,
	 .fallback = "",
	 .max = 256,
	 .kinds = CONFIG_KIND(SINK_MAIL),
	 .at = offsetof(struct sink_config, user),
	 .help = "Who logs in; empty: nobody."},
	{.name = "password_file",
	 .type = KEY_SECRET,
	 .fallback = "",
	 .max = MAX_TEXT,
	 .kinds = CONFIG_KIND(SINK_MAIL),
	 .at = offsetof(struct sink_config, password),
	 .help = "The file of the user's password, looked up like client_secret_file."},
	{.name = "allow_plain",
	 .type = KEY_FLAG,
	 .fallback = "false",
	 .kinds = CONFIG_KIND(SINK_MAIL),
	 .at = offsetof(struct sink_config, allow_plain),
	 .help = "Hand in mail, and the password, in the clear where the server does not offer"
		 " STARTTLS."},
	{.name = "ca_file",
	 .type = KEY_FILE,
	 .fallback = "",
	 .max = MAX_TEXT,
	 .kinds = CONFIG_KIND(SINK_SYSLOG) | CONFIG_KIND(SINK_WEBHOOK) |
		  CONFIG_KIND(SINK_MAIL),
	 .at = offsetof(struct sink_config, ca_file),
	 .help = "A private CA of a receiver by TLS, instead of the system's: a file of"
		 " PEM certificates, looked up like client_secret_file."},
	{.name = "secret_file",
	 .type = KEY_SECRETS,
	 .fallback = "[]",
	 .example = "[\"ops.secret\"]",
	 .min = 1,
	 .max = MAX_TEXT,
	 .max_items = 8,
	 .check_secret = config_check_webhook_secret,
	 .kinds = CONFIG_KIND(SINK_WEBHOOK),
	 .at = offsetof(struct sink_config, secrets),
	 .n_at = offsetof(struct sink_config, n_secrets),
	 .help = "Files of secrets (whsec_..., Standard Webhooks) that sign each request, looked"
		 " up like client_secret_file; several while keys rotate, none to send without"
		 " a signature."},
	{.name = "format",
	 .type = KEY_PROGRAM,
	 .fallback = "cloudevents",
	 .min = 1,
	 .max = MAX_TEXT,
	 .kinds = CONFIG_KIND(SINK_WEBHOOK),
	 .at = offsetof(struct sink_config, program),
	 .help = "What to post: cloudevents, the event itself; what slack, teams, discord,"
		 " pagerduty, alertmanager or jira takes; or the path of a jq program, looked up"
		 " like ca_file."},
	{.name = "payload_secret_file",
	 .type = KEY_SECRET,
	 .fallback = "",
	 .example = "pagerduty.key",
	 .max = MAX_TEXT,
	 .kinds = CONFIG_KIND(SINK_WEBHOOK),
	 .at = offsetof(struct sink_config, payload_secret),
	 .help = "The file of a secret that belongs into what is posted: PagerDuty's routing key."
		 " A jq program has it as $secret."},
	{.name = "header_file",
	 .type = KEY_SECRET,
	 .fallback = "",
	 .example = "jira.header",
	 .max = MAX_TEXT,
	 .kinds = CONFIG_KIND(SINK_WEBHOOK),
	 .at = offsetof(struct sink_config, header),
	 .help = "The file of a header that each request has, which says who we are: a line such as"
		 " \"Authorization: Bearer ...\"."},
	{.name = "command",
	 .type = KEY_TEXTS,
	 .example = "[\"/usr/bin/logger\", \"-t\", \"phones\"]",
	 .max = MAX_TEXT,
	 .max_items = MAX_ITEMS,
	 .kinds = CONFIG_KIND(SINK_EXEC),
	 .at = offsetof(struct sink_config, command),
	 .n_at = offsetof(struct sink_config, n_command),
	 .help = "A program and its arguments, run for each event, which it reads from its"
		 " standard input; no shell. Exit 0 is delivered, 75 is tried again later."},
	{.name = "time_limit",
	 .type = KEY_DURATION,
	 .fallback = "30s",
	 .min = SECOND,
	 .max = HOUR,
	 .kinds = CONFIG_KIND(SINK_EXEC),
	 .at = offsetof(struct sink_config, time_limit_ms),
	 .help = "A program that runs for longer is ended, and run again later."},
	{.name = "events",
	 .type = KEY_TEXTS,
	 .fallback = "[\"device.*\", \"account.*\", \"alert.*\"]",
	 .min = 1,
	 .max = 256,
	 .max_items = MAX_ITEMS,
	 .check = config_check_events,
	 .at = offsetof(struct sink_config, events),
	 .n_at = offsetof(struct sink_config, n_events),
	 .help = "Shell patterns of event types; one that fits is enough."},
	{.name = "match",
	 .type = KEY_TEXTS,
	 .fallback = "[]",
	 .example = "[\"site=Denver\", \"name=Lobby*\"]",
	 .min = 1,
	 .max = 1024,
	 .max_items = MAX_ITEMS,
	 .check = config_check_match,
	 .at = offsetof(struct sink_config, match),
	 .n_at = offsetof(struct sink_config, n_match),
	 .help = "Which devices: account=, site=, type=, model=, device= or name= and a shell"
		 " pattern; all must fit."},
	{.name = "group_wait",
	 .type = KEY_DURATION,
	 .fallback = "0s",
	 .max = DAY,
	 .at = offsetof(struct sink_config, group_wait_ms),
	 .help = "Collect events for so long, and tell those of a group in one digest; 0s: tell"
		 " each at once."},
	{.name = "group_by",
	 .type = KEY_TEXTS,
	 .fallback = "[]",
	 .example = "[\"site\"]",
	 .min = 1,
	 .max = 64,
	 .max_items = 3,
	 .check = config_check_group,
	 .at = offsetof(struct sink_config, group_by),
	 .n_at = offsetof(struct sink_config, n_group_by),
	 .help = "What makes a group beside the account: site, model or type."},
	{.name = "rate_max",
	 .type = KEY_NUMBER,
	 .fallback = "0",
	 .max = 10000,
	 .at = offsetof(struct sink_config, rate_max),
	 .help = "Messages an hour at most; what is more is told in one digest. 0: any number."},
	{.name = "quiet",
	 .type = KEY_TEXTS,
	 .fallback = "[]",
	 .example = "[\"Mon-Fri 18:00-07:00\"]",
	 .min = 1,
	 .max = 128,
	 .max_items = 16,
	 .check = config_check_window,
	 .at = offsetof(struct sink_config, quiet),
	 .n_at = offsetof(struct sink_config, n_quiet),
	 .help = "When nothing is told: it waits, and is told in one digest, but for what is"
		 " over by then."},
	{.name = "personal_data",
	 .type = KEY_FLAG,
	 .fallback = "false",
	 .at = offsetof(struct sink_config, personal_data),
	 .help = "Tell emergency addresses with their values, not only that they changed."},
	{0},
};

/* Of the section alerts, and of each rule, whose struct begins with these. */
static const struct config_key alert_keys[] = {
	{.name = "types",
	 .type = KEY_TEXTS,
	 .fallback = "[\"HardPhone\", \"OtherPhone\", \"Room\", \"Paging\"]",
	 .min = 1,
	 .max = 256,
	 .max_items = MAX_ITEMS,
	 .at = offsetof(struct rule_settings, types),
	 .n_at = offsetof(struct rule_settings, n_types),
	 .help = "Device types that alerts are about."},
	{.name = "offline_for",
	 .type = KEY_DURATION,
	 .fallback = "2m",
	 .max = YEAR,
	 .at = offsetof(struct rule_settings, offline_for_ms),
	 .help = "Offline this long before it is told."},
	{.name = "online_for",
	 .type = KEY_DURATION,
	 .fallback = "0s",
	 .max = YEAR,
	 .at = offsetof(struct rule_settings, online_for_ms),
	 .help = "Online this long before it is over."},
	{.name = "site_outage_share",
	 .type = KEY_NUMBER,
	 .fallback = "60",
	 .min = 1,
	 .max = 100,
	 .at = offsetof(struct rule_settings, site_outage_share),
	 .help = "Percent of a site's phones that were online ..."},
	{.name = "site_outage_min",
	 .type = KEY_NUMBER,
	 .fallback = "5",
	 .min = 1,
	 .max = 1000000,
	 .at = offsetof(struct rule_settings, site_outage_min),
	 .help = "... and at least so many ..."},
	{.name = "site_outage_within",
	 .type = KEY_DURATION,
	 .fallback = "10m",
	 .min = SECOND,
	 .max = DAY,
	 .at = offsetof(struct rule_settings, site_outage_within_ms),
	 .help = "... within this: one alert, not many."},
	{.name = "flap_changes",
	 .type = KEY_NUMBER,
	 .fallback = "6",
	 .min = 2,
	 .max = 1000,
	 .at = offsetof(struct rule_settings, flap_changes),
	 .help = "So many transitions ..."},
	{.name = "flap_within",
	 .type = KEY_DURATION,
	 .fallback = "1h",
	 .min = SECOND,
	 .max = 7 * DAY,
	 .at = offsetof(struct rule_settings, flap_within_ms),
	 .help = "... within this: flapping ..."},
	{.name = "flap_clear_changes",
	 .type = KEY_NUMBER,
	 .fallback = "2",
	 .max = 1000,
	 .at = offsetof(struct rule_settings, flap_clear_changes),
	 .help = "... until no more than so many, which is less."},
	{.name = "location_stale_after",
	 .type = KEY_DURATION,
	 .fallback = "0s",
	 .max = YEAR,
	 .at = offsetof(struct rule_settings, location_stale_after_ms),
	 .help = "An online device whose last location report is older than this is told; 0s: never."},
	{.name = "emergency_invalid_for",
	 .type = KEY_DURATION,
	 .fallback = "0s",
	 .max = YEAR,
	 .at = offsetof(struct rule_settings, emergency_invalid_for_ms),
	 .help = "An emergency address that is not valid, not in the country or not on the network is"
		 " told when it has been so for this long; 0s: never."},
	{.name = "remind_every",
	 .type = KEY_DURATION,
	 .fallback = "0s",
	 .max = YEAR,
	 .at = offsetof(struct rule_settings, remind_every_ms),
	 .help = "Tell again of what lasts; 0s: never."},
	{.name = "remind_max",
	 .type = KEY_NUMBER,
	 .fallback = "3",
	 .max = 1000,
	 .at = offsetof(struct rule_settings, remind_max),
	 .help = "So often at most."},
	{0},
};

static const struct config_key rule_keys[] = {
	{.name = "match",
	 .type = KEY_TEXTS,
	 .fallback = "[]",
	 .example = "[\"site=Denver\", \"name=Lobby*\"]",
	 .min = 1,
	 .max = 1024,
	 .max_items = MAX_ITEMS,
	 .check = config_check_match,
	 .at = offsetof(struct rule_config, match),
	 .n_at = offsetof(struct rule_config, n_match),
	 .help = "Which devices, like match of a sink; none: all. Every key of alerts may stand here"
		 " too. What outages of sites are, a rule says whose match is of account and site"
		 " alone."},
	{0},
};

static const struct config_key http_keys[] = {
	{.name = "listen",
	 .type = KEY_TEXT,
	 .fallback = "127.0.0.1:9288",
	 .max = 256,
	 .at = KEY_NOWHERE,
	 .help = "Address and port; \"\" for none."},
	{.name = "token_file",
	 .type = KEY_SECRET,
	 .fallback = "",
	 .max = MAX_TEXT,
	 .at = KEY_NOWHERE,
	 .help = "The file of the token that others than this machine must show."},
	{.name = "hosts",
	 .type = KEY_TEXTS,
	 .fallback = "[]",
	 .min = 1,
	 .max = 256,
	 .max_items = MAX_ITEMS,
	 .at = KEY_NOWHERE,
	 .help = "Names by which browsers may ask."},
	{0},
};

#define RETENTION(key, kept, member, text)                                               \
	{                                                                                \
		.name = (key), .type = KEY_DURATION, .fallback = (kept), .min = DAY,     \
		.max = 100 * YEAR, .at = offsetof(struct config, member), .help = (text) \
	}

static const struct config_key retention_keys[] = {
	RETENTION("events", "400d", keep_events_ms,
		  "How long events are kept. One that is still owed to a sink stays."),
	RETENTION("spans", "400d", keep_spans_ms,
		  "How long it is known when a device had which status."),
	RETENTION("deliveries", "30d", keep_deliveries_ms,
		  "How long it is known who was told what."),
	RETENTION("days", "5y", keep_days_ms,
		  "How long the sums of each day are kept, a month of them at a time."),
	{0},
};

/* ---- the sections ---- */

static const struct config_example account_examples[] = {{"acme", 0}, {0}};
static const struct config_example rule_examples[] = {{"lobby", 0}, {0}};
static const struct config_example sink_examples[] = {
	{"journal", SINK_JOURNAL}, {"central", SINK_SYSLOG}, {"ops", SINK_WEBHOOK},
	{"admins", SINK_MAIL},     {"program", SINK_EXEC},   {0}};

const struct config_section config_sections[] = {
	{.name = "", .keys = top_keys, .help = NULL},
	{.name = "accounts",
	 .keys = account_keys,
	 .examples = account_examples,
	 .may_be_included = true,
	 .help = "One RingCentral account each, under the name by which it is known everywhere."
		 " There must be at least one."},
	{.name = "sinks",
	 .keys = sink_keys,
	 .examples = sink_examples,
	 .may_be_included = true,
	 .help = "Who is told, each under its name. Without any there is one: the journal where"
		 " there is one, else syslog on /dev/log."},
	{.name = "retention",
	 .keys = retention_keys,
	 .help = "What is forgotten when, within an hour or so."},
	{.name = "alerts",
	 .keys = alert_keys,
	 .at = offsetof(struct config, alerts),
	 .help = "Defaults of every rule."},
	{.name = "rules",
	 .keys = rule_keys,
	 .keys_too = alert_keys,
	 .examples = rule_examples,
	 .may_be_included = true,
	 .help = "What is alerted otherwise for some devices, each under its name: the first in the"
		 " order of the files that fits a device counts."},
	{.name = "http",
	 .keys = http_keys,
	 .later = "the HTTP server comes with a later version",
	 .help = "Who may ask by HTTP."},
	{0},
};

/* ---- looking up ---- */

const struct config_section *config_section_find(const char *name)
{
	for (const struct config_section *s = config_sections; s->name != NULL; s++) {
		if (strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

static const struct config_key *find_in(const struct config_key *keys, const char *name)
{
	for (; keys != NULL && keys->name != NULL; keys++) {
		if (strcmp(keys->name, name) == 0)
			return keys;
	}
	return NULL;
}

const struct config_key *config_key_find(const struct config_section *section,
					 const char *name)
{
	const struct config_key *key = find_in(section->keys, name);

	return key != NULL ? key : find_in(section->keys_too, name);
}

const char *config_section_near(const char *name)
{
	const char *near = NULL;

	for (const struct config_section *s = config_sections + 1; s->name != NULL; s++)
		near = near_of(near, s->name, name);
	for (const struct config_key *k = top_keys; k->name != NULL; k++)
		near = near_of(near, k->name, name);
	return near;
}

const char *config_key_near(const struct config_section *section, const char *name)
{
	const char *near = NULL;

	for (const struct config_key *k = section->keys; k->name != NULL; k++)
		near = near_of(near, k->name, name);
	for (const struct config_key *k = section->keys_too; k != NULL && k->name != NULL;
	     k++)
		near = near_of(near, k->name, name);
	return near;
}

const char *config_word_near(const struct key_word *words, const char *word)
{
	const char *near = NULL;

	for (; words->word != NULL; words++)
		near = near_of(near, words->word, word);
	return near;
}

/* ---- as texts ---- */

char *config_key_written(const struct config_key *key, const char *value)
{
	bool bare = key->type == KEY_NUMBER || key->type == KEY_FLAG ||
		    key->type == KEY_TEXTS || key->type == KEY_SECRETS;

	return bare ? mem_strdup(value) : mem_printf("\"%s\"", value);
}

char *config_keys_defaults(void)
{
	struct buf out;

	buf_init(&out, MAX_BYTES);
	for (const struct config_section *s = config_sections; s->name != NULL; s++) {
		if (s->name[0] != '\0')
			buf_printf(&out, "%s: {\n", s->name);
		for (const struct config_key *k = s->keys; k->name != NULL; k++) {
			char *text;

			if (k->fallback == NULL)
				continue;
			text = config_key_written(k, k->fallback);
			buf_printf(&out, "%s = %s\n", k->name, text);
			free(text);
		}
		if (s->name[0] != '\0')
			buf_add_text(&out, "}\n");
	}
	return out.data;
}
