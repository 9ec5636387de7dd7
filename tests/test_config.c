#include "config.h"

#include "lib/suite.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_file.h"
#include "config_keys.h"
#include "config_value.h"
#include "lib/leaks.h"
#include "lib/sample.h"

#define SECRET "hunter2" /* in no message, ever */
#define WHSEC  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define WHSEC2 "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEYS   "client_id = \"id\" client_secret_file = \"s\" jwt_file = \"s\" "
#define ACME   "accounts: { acme: { " KEYS "} }\n"
#define MAIL   "kind = \"mail\" from = \"p@example.com\" "
#define SERVER "server = \"smtp://mail.example.com\" "
#define TO     "to = [\"a@example.com\"] "
#define HOOK   "kind = \"webhook\" url = \"https://ops.example.com/\" "

static struct config *config;
static struct config_report report;
static struct err err;

static void write_file(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert(fputs(text, f) >= 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(name, mode), 0);
}

static void set_up(void)
{
	ck_assert_int_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	ck_assert_int_eq(chdir(suite_dir()), 0);
	write_file("s", SECRET "\n", 0600);
	write_file("good", WHSEC "\n", 0600);
	write_file("good2", WHSEC2 "\n", 0600);
	write_file("bad", "whsec_" SECRET "\n", 0600);
	write_file("open", SECRET "\n", 0644);
	write_file("header", "X-Token: " SECRET " x=\n", 0600);
	write_file("bad_header", "X Token: " SECRET "\n", 0600);
	write_file("empty_header", "X-Token:\n", 0600);
	write_file("url", "https://ops.example.com/" SECRET "\n", 0600);
	write_file("plain_url", "http://192.0.2.1/" SECRET "\n", 0600);
	write_file("secret_url", "https://" SECRET " " SECRET "\n", 0600);
}

static void tear_down(void)
{
	config_unload(config);
	config = NULL;
	config_report_clear(&report);
	ck_assert_int_eq(chdir("/"), 0); /* so that the folder can go */
}

static int load(const char *text)
{
	write_file("t.conf", text, 0644);
	config_unload(config);
	config = NULL;
	return config_load("t.conf", &config, &report, &err);
}

/* What config_report_print() says; good until the next call. */
static const char *problems(void)
{
	static char *text;
	size_t len;
	FILE *f;

	free(text);
	f = open_memstream(&text, &len);
	ck_assert_ptr_nonnull(f);
	config_report_print(&report, f);
	ck_assert_int_eq(fclose(f), 0);
	return text;
}

static void load_well(const char *text)
{
	int rc = load(text);

	ck_assert_msg(rc == 0, "%s", problems());
}

/* Where a test's text stands: on line 2, whatever is around it. */
enum place { ALONE, TOP, ACCOUNT, SINK, WEBHOOK };

static const char *place(enum place where, const char *text)
{
	static const struct {
		const char *before, *after;
	} around[] = {
		[ALONE] = {"\n", "\n"},
		[TOP] = {ACME, "\n"},
		[ACCOUNT] = {"accounts: { acme: { " KEYS "\n", "\n} }\n"},
		[SINK] = {"accounts: { acme: { " KEYS "} } sinks: { central: {\n",
			  "\n} }\n"},
		[WEBHOOK] = {"accounts: { acme: { " KEYS
			     "} } sinks: { ops: { kind = \"webhook\"\n",
			     "\n} }\n"},
	};
	static char *whole;

	free(whole);
	whole = mem_printf("%s%s%s", around[where].before, text, around[where].after);
	return whole;
}

/* ---- single values ---- */

#define NOT_A_SECRET "a webhook secret is \"whsec_\" and the base64 of 24 to 64 bytes"
#define URL          "url = \"https://ops.example.com/\" "

static const struct {
	enum place where;
	const char *text;
	const char *problems; /* each behind "t.conf:2: " */
} wrong[] = {
	/* names */
	{TOP, "sink = \"x\"", "sink: unknown; did you mean \"sinks\"?"},
	{TOP, "zork = 1", "zork: unknown; remove it, or see phonewatch.conf(5)"},
	{TOP, "Database = \"x\"", "Database: unknown; did you mean \"database\"?"},
	{ACCOUNT, "jwt = \"x\"",
	 "accounts.acme.jwt: unknown; remove it, or see "
	 "phonewatch.conf(5)"},
	{ACCOUNT, "intreval = \"5s\"",
	 "accounts.acme.intreval: unknown; did you mean \"interval\"?"},
	{ACCOUNT, "INTREVAL = \"5s\"",
	 "accounts.acme.INTREVAL: unknown; did you mean \"interval\"?"},
	{WEBHOOK, URL "secret = \"x\"",
	 "sinks.ops.secret: unknown; did you mean \"secret_file\"?"},
	{WEBHOOK, URL "ulr = \"x\"", "sinks.ops.ulr: unknown; did you mean \"url\"?"},
	{SINK, "kind = \"syslog\" event = []",
	 "sinks.central.event: unknown; did you mean \"events\"?"},
	{TOP,
	 "sinks: { "
	 "a23456789012345678901234567890123456789012345678901234567890123456789: { } }",
	 "sinks.a23456789012345678901234567890123456789012345678901234567890123456789: this "
	 "name is too long; at most 64 letters"},
	/* types */
	{TOP, "database = 5", "database: expected a text in quotes"},
	{TOP, "log_level = true", "log_level: expected a text in quotes"},
	{ACCOUNT, "interval = 60",
	 "accounts.acme.interval: expected a duration in quotes, as in \"60s\""},
	{ACCOUNT, "budget_share = \"50\"",
	 "accounts.acme.budget_share: expected a whole number without quotes"},
	{ACCOUNT, "budget_share = 5.5",
	 "accounts.acme.budget_share: expected a whole number without quotes"},
	{ACCOUNT, "ignore_types = \"WebRTC\"",
	 "accounts.acme.ignore_types: expected a list of texts, as in [\"...\", \"...\"]"},
	{ACCOUNT, "ignore_types = { }",
	 "accounts.acme.ignore_types: expected a list of texts, as in [\"...\", \"...\"]"},
	{ACCOUNT, "ignore_types = [1]",
	 "accounts.acme.ignore_types[0]: expected a text in quotes"},
	{ACCOUNT, "ignore_types = (\"a\", 1, (\"b\"))",
	 "accounts.acme.ignore_types[1]: expected a text in quotes\n"
	 "accounts.acme.ignore_types[2]: expected a text in quotes"},
	{SINK, "kind = \"syslog\" personal_data = 1",
	 "sinks.central.personal_data: expected true or false without quotes"},
	{SINK, "kind = \"syslog\" personal_data = \"true\"",
	 "sinks.central.personal_data: expected true or false without quotes"},
	{ALONE, "accounts = 5", "accounts: expected a section; write accounts: { ... }"},
	{TOP, "sinks = ( )", "sinks: expected a section; write sinks: { ... }"},
	{TOP, "sinks: { a = 5 }",
	 "sinks.a: expected a section; write sinks: { NAME: { ... } }"},
	{TOP, "alerts = 5", "alerts: expected a section; write alerts: { ... }"},
	/* texts */
	{TOP, "database = \"\"", "database: is empty; give a value, or remove it"},
	{ACCOUNT, "ignore_types = [\"\"]",
	 "accounts.acme.ignore_types[0]: is empty; give a value, or remove it"},
	{ACCOUNT, "ignore_types = [\"a\\nb\"]",
	 "accounts.acme.ignore_types[0]: holds a control character or what is no UTF-8; write "
	 "plain text"},
	{ACCOUNT, "ignore_types = [\"\xff\"]",
	 "accounts.acme.ignore_types[0]: holds a control character or what is no UTF-8; write "
	 "plain text"},
	/* words */
	{TOP, "log_level = \"Info\"",
	 "log_level: is not error, warning, info or debug; did you mean \"info\"?"},
	{TOP, "log_level = \"loud\"", "log_level: is not error, warning, info or debug"},
	{ACCOUNT, "devices_via = \"extension\"",
	 "accounts.acme.devices_via: is not auto, account or extensions; did you "
	 "mean \"extensions\"?"},
	{SINK, "kind = \"email\"",
	 "sinks.central.kind: is not journal, syslog, webhook, mail or exec; did you "
	 "mean \"mail\"?"},
	/* bounds */
	{ACCOUNT, "budget_share = 0",
	 "accounts.acme.budget_share: is out of bounds; 1 to 100"},
	{ACCOUNT, "budget_share = 101",
	 "accounts.acme.budget_share: is out of bounds; 1 to 100"},
	{ACCOUNT, "budget_share = -1",
	 "accounts.acme.budget_share: is out of bounds; 1 to 100"},
	{ACCOUNT, "budget_share = 4294967346L",
	 "accounts.acme.budget_share: is out of bounds; 1 to 100"},
	{ACCOUNT, "interval = \"999ms\"",
	 "accounts.acme.interval: is out of bounds; 1s to 1d"},
	{ACCOUNT, "interval = \"25h\"",
	 "accounts.acme.interval: is out of bounds; 1s to 1d"},
	/* durations */
	{ACCOUNT, "interval = \"60\"",
	 "accounts.acme.interval: is no duration; a whole number and ms, s, m, h or d, as "
	 "in \"60s\""},
	{ACCOUNT, "interval = \"1.5s\"",
	 "accounts.acme.interval: is no duration; a whole number and ms, s, m, h or d, "
	 "as in \"60s\""},
	{ACCOUNT, "interval = \"99999999999999999999d\"",
	 "accounts.acme.interval: is no duration; a whole number and "
	 "ms, s, m, h or d, as in \"60s\""},
	{ACCOUNT, "location_every = \"soon\"",
	 "accounts.acme.location_every: is no duration; a whole number and ms, s, m, h or d, "
	 "as in \"60s\""},
	/* servers */
	{ACCOUNT, "server = \"platform.ringcentral.com\"",
	 "accounts.acme.server: not a URL; write https://HOST"},
	{ACCOUNT, "server = \"https:example.com\"",
	 "accounts.acme.server: not a URL; write https://HOST"},
	{ACCOUNT, "server = \"ftp://example.com\"",
	 "accounts.acme.server: not a URL; write https://HOST"},
	{ACCOUNT, "server = \"https://\"",
	 "accounts.acme.server: not a URL; write https://HOST"},
	{ACCOUNT, "server = \"https://example.com:99999\"",
	 "accounts.acme.server: not a URL; write https://HOST"},
	{ACCOUNT, "server = \"https://example.com/restapi\"",
	 "accounts.acme.server: has more than scheme, host and port; write https://HOST"},
	{ACCOUNT, "server = \"https://example.com?a\"",
	 "accounts.acme.server: has more than scheme, host and port; write https://HOST"},
	{ACCOUNT, "server = \"https://example.com#a\"",
	 "accounts.acme.server: has more than scheme, host and port; write https://HOST"},
	{ACCOUNT, "server = \"https://joe@example.com\"",
	 "accounts.acme.server: has more than scheme, host and port; write https://HOST"},
	{ACCOUNT, "server = \"http://example.com\"",
	 "accounts.acme.server: plain http goes to this machine only; write https://HOST"},
	{ACCOUNT, "server = \"http://127.0.0.1.example.com\"",
	 "accounts.acme.server: plain http goes to this machine only; write https://HOST"},
	/* files */
	{ACCOUNT, "ca_file = \"nope\"",
	 "accounts.acme.ca_file: no such file beside this one or in the folder secrets "
	 "($CREDENTIALS_DIRECTORY is not set); make it, or write its path"},
	{ACCOUNT, "ca_file = \"./nope\"",
	 "accounts.acme.ca_file: no such file; make it, or write another path"},
	{ACCOUNT, "ca_file = \"/\"", "accounts.acme.ca_file: / is not a regular file"},
	/* sinks */
	{SINK, "", "!t.conf:1: sinks.central.kind: missing; write kind = \"journal\""},
	{WEBHOOK, "",
	 "!t.conf:1: sinks.ops.url: missing; write url = "
	 "\"https://ops.example.com/hooks/phones\""},
	{SINK, MAIL SERVER "to = []",
	 "sinks.central.to: is empty; write to whom, as in [\"phones@example.com\"]"},
	{SINK, MAIL SERVER "to = [\"Ann <ann@example.com>\"]",
	 "sinks.central.to[0]: is no address of mail; write it as in phones@example.com, in "
	 "ASCII and without a name"},
	{SINK, MAIL TO "server = \"mail.example.com\"",
	 "sinks.central.server: is not smtp://HOST[:PORT] or smtps://HOST[:PORT]; user and "
	 "password have keys of their own"},
	{TOP, "heartbeat_url = \"http://192.0.2.1/x\"",
	 "heartbeat_url: plain http goes to this machine only; write https://HOST/PATH"},
	{ACCOUNT, "heartbeat_url = \"beat\"",
	 "accounts.acme.heartbeat_url: not a URL; write https://HOST/PATH"},
	{SINK, "kind = \"syslog\" quiet = [\"Mon-Fri 18-07\"]",
	 "sinks.central.quiet[0]: is no window; write it as in \"Mon-Fri 18:00-07:00\" or "
	 "\"22:00-06:00\""},
	{SINK, "kind = \"syslog\" group_by = [\"serial\"]",
	 "sinks.central.group_by[0]: is not site, model or type"},
	{SINK, MAIL SERVER TO "user = \"me\"",
	 "sinks.central.user: has no password; write password_file too"},
	{SINK, MAIL SERVER TO "password_file = \"s\"",
	 "sinks.central.password_file: is nobody's password; write user too"},
	{SINK, MAIL SERVER TO "command = [\"/bin/true\"]",
	 "sinks.central.command: not of this kind of sink; remove it"},
	{SINK, "kind = \"exec\" command = []",
	 "sinks.central.command: does not begin with a program; write its absolute path, as in"
	 " [\"/usr/bin/logger\", \"-t\", \"phones\"]"},
	{SINK, "kind = \"exec\" command = [\"sh\", \"-c\"]",
	 "sinks.central.command: does not begin with a program; write its absolute path, as in"
	 " [\"/usr/bin/logger\", \"-t\", \"phones\"]"},
	{SINK, "kind = \"exec\" command = [\"/nonexistent/" SECRET "\"]",
	 "sinks.central.command: cannot run its program: No such file or directory"},
	{SINK, "kind = \"exec\" command = [\"/etc/passwd\"]",
	 "sinks.central.command: cannot run /etc/passwd: it is no program for this user"},
	{SINK, "kind = \"exec\" command = [\"/\"]",
	 "sinks.central.command: cannot run /: it is no program for this user"},
	{SINK, "kind = \"exec\" command = [\"/bin/true\"] time_limit = \"0s\"",
	 "sinks.central.time_limit: is out of bounds; 1s to 1h"},
	{SINK, "kind = \"syslog\" time_limit = \"1s\"",
	 "sinks.central.time_limit: not of this kind of sink; remove it"},
	{WEBHOOK, URL "address = \"unix:/dev/log\"",
	 "sinks.ops.address: not of this kind of sink; remove it"},
	{SINK, "kind = \"syslog\" secret_file = \"nope\"",
	 "sinks.central.secret_file: not of this kind of sink; remove it"},
	{SINK, "kind = \"syslog\" address = \"\"",
	 "sinks.central.address: is empty; give a value, or remove it"},
	{SINK, "kind = \"syslog\" address = \"/dev/log\"",
	 "sinks.central.address: not an address; write unix:PATH, udp://HOST:PORT, tcp://HOST:PORT or "
	 "tls://HOST:PORT, an IPv6 address in brackets"},
	{SINK, "kind = \"syslog\" address = \"unix:log\"",
	 "sinks.central.address: the path is not absolute; write unix:/dev/log"},
	{SINK,
	 "kind = \"syslog\" address = "
	 "\"unix:/345678901234567890123456789012345678901234567890123456789012345678901234567890"
	 "123456789012345678901234567890\"",
	 "sinks.central.address: the path is longer than a socket's may be; 107 bytes at most"},
	{SINK, "kind = \"syslog\" address = \"udp://logs.example.com\"",
	 "sinks.central.address: not an address; write unix:PATH, udp://HOST:PORT, tcp://HOST:PORT or "
	 "tls://HOST:PORT, an IPv6 address in brackets"},
	{SINK, "kind = \"syslog\" address = \"udp://logs.example.com:99999\"",
	 "sinks.central.address: not an address; write unix:PATH, udp://HOST:PORT, tcp://HOST:PORT or "
	 "tls://HOST:PORT, an IPv6 address in brackets"},
	{SINK, "kind = \"syslog\" address = \"udp://logs.example.com:514/x\"",
	 "sinks.central.address: not an address; write unix:PATH, udp://HOST:PORT, tcp://HOST:PORT or "
	 "tls://HOST:PORT, an IPv6 address in brackets"},
	{SINK, "kind = \"syslog\" address = \"udp://::1:514\"",
	 "sinks.central.address: not an address; write unix:PATH, udp://HOST:PORT, tcp://HOST:PORT or "
	 "tls://HOST:PORT, an IPv6 address in brackets"},
	{SINK, "kind = \"syslog\" address = \"udp://logs.example.com:514/\"",
	 "sinks.central.address: not an address; write unix:PATH, udp://HOST:PORT, tcp://HOST:PORT or "
	 "tls://HOST:PORT, an IPv6 address in brackets"},
	{SINK, "kind = \"syslog\" address = \"udp://logs.example.com:0\"",
	 "sinks.central.address: not an address; write unix:PATH, udp://HOST:PORT, tcp://HOST:PORT or "
	 "tls://HOST:PORT, an IPv6 address in brackets"},
	{SINK, "kind = \"syslog\" address = \"tls://logs.example.com\"",
	 "sinks.central.address: not an address; write unix:PATH, udp://HOST:PORT, tcp://HOST:PORT or "
	 "tls://HOST:PORT, an IPv6 address in brackets"},
	{WEBHOOK, "url = \"ops.example.com\"",
	 "sinks.ops.url: not a URL; write https://HOST/PATH"},
	{WEBHOOK, "url = \"https://ops.example.com/a b\"",
	 "sinks.ops.url: not a URL; write https://HOST/PATH"},
	{WEBHOOK, "url = \"HTTP://ops.example.com/\"",
	 "sinks.ops.url: plain http goes to this machine only; write https, or allow_http = true"},
	{WEBHOOK, URL "secret_file = [\"good\", \"nope\", \"bad\"]",
	 "sinks.ops.secret_file[1]: no such file beside this one or in the folder secrets "
	 "($CREDENTIALS_DIRECTORY is not set); make it, or write its path\n"
	 "sinks.ops.secret_file[2]: bad: " NOT_A_SECRET},
	{WEBHOOK, URL "secret_file = 5",
	 "sinks.ops.secret_file: expected a list of texts, as in [\"...\", \"...\"]"},
	{WEBHOOK,
	 URL
	 "secret_file = [\"s\", \"s\", \"s\", \"s\", \"s\", \"s\", \"s\", \"s\", \"s\"]",
	 "sinks.ops.secret_file: has 9 elements; at most 8"},
	{WEBHOOK, URL "url_file = \"url\"",
	 "sinks.ops.url_file: url is there too; remove one"},
	{WEBHOOK, "url = \"\"", "sinks.ops.url: is empty; give a value, or remove it"},
	{WEBHOOK, "url_file = \"\"",
	 "sinks.ops.url_file: is empty; name the file of the URL, or give url"},
	{WEBHOOK, "url_file = \"good\"",
	 "sinks.ops.url_file: good: not a URL; write https://HOST/PATH"},
	{WEBHOOK, "url_file = \"plain_url\"",
	 "sinks.ops.url_file: plain http goes to this machine only; write https, or "
	 "allow_http = true"},
	{WEBHOOK, URL "format = \"slak\"",
	 "sinks.ops.format: is not cloudevents, slack, teams, discord, pagerduty, alertmanager, jira "
	 "or the path of a .jq"},
	{WEBHOOK, URL "format = \"payload.jq\"",
	 "sinks.ops.format: no such file beside this one or in the folder secrets "
	 "($CREDENTIALS_DIRECTORY is not set); make it, or write its path"},
	{WEBHOOK, URL "header_file = \"s\"",
	 "sinks.ops.header_file: holds no header; write \"NAME: VALUE\" into the file"},
	{WEBHOOK, URL "header_file = \"empty_header\"",
	 "sinks.ops.header_file: holds no header; write \"NAME: VALUE\" into the file"},
	{WEBHOOK, URL "payload_secret_file = \"open\"",
	 "sinks.ops.payload_secret_file: open is open to others (mode 0644); chmod 600 open"},
	{SINK, "kind = \"syslog\" events = [\"device.*\", \"offline\"]",
	 "sinks.central.events[1]: fits no type of event; as in \"device.*\", "
	 "\"device.offline\" or \"account.*\""},
	{SINK, "kind = \"syslog\" match = [\"site\", \"Site=x\", \"=x\"]",
	 "sinks.central.match[0]: is not KEY=PATTERN, KEY being account, site, type, "
	 "model, device or name; as in \"site=Denver\"\n"
	 "sinks.central.match[1]: is not KEY=PATTERN, KEY being account, site, type, "
	 "model, device or name; as in \"site=Denver\"\n"
	 "sinks.central.match[2]: is not KEY=PATTERN, KEY being account, site, type, "
	 "model, device or name; as in \"site=Denver\""},
	{TOP, "alerts: { offline_for = 5 }",
	 "alerts.offline_for: expected a duration in quotes, as in \"60s\""},
	{TOP, "alerts: { flap_changes = 2 }",
	 "alerts.flap_changes: flap_clear_changes is 2, and must be less than flap_changes, "
	 "which is 2"},
	{TOP, "alerts: { flap_changes = 5 flap_clear_changes = 6 }",
	 "alerts.flap_clear_changes: flap_clear_changes is 6, and must be less than "
	 "flap_changes, which is 5"},
	{TOP, "rules: { x: { flap_changes = 4 } } alerts: { flap_clear_changes = 4 }",
	 "rules.x.flap_changes: flap_clear_changes is 4, and must be less than "
	 "flap_changes, which is 4"},
	{TOP, "alerts: { flap_changes = \"x\" flap_clear_changes = 6 }",
	 "alerts.flap_changes: expected a whole number without quotes"},
	{TOP, "alerts: { types = [] offline_fro = \"5s\" }",
	 "alerts.offline_fro: unknown; did you mean \"offline_for\"?"},
	{TOP, "rules: { lobby: { match = [\"Denver\"] site_outage_share = 0 } }",
	 "rules.lobby.match[0]: is not KEY=PATTERN, KEY being account, site, type, model, "
	 "device or name; as in \"site=Denver\"\n"
	 "rules.lobby.site_outage_share: is out of bounds; 1 to 100"},
	{TOP, "rules: { lobby: { match = [] macht = [] } }",
	 "rules.lobby.macht: unknown; did you mean \"match\"?"},
	{TOP, "rules: { lobby = 5 }",
	 "rules.lobby: expected a section; write rules: { NAME: { ... } }"},
	/* what is not built yet */
	{TOP, "base_url = \"https://phones.example.com\"",
	 "base_url: not yet: links in messages come with a later version; remove it"},
	{TOP, "http: { listen = \"127.0.0.1:9288\" }",
	 "http: not yet: the HTTP server comes with a later version; remove it"},
	{TOP, "retention: { days = \"5y\" forever = true }",
	 "retention.forever: unknown; remove it, or see phonewatch.conf(5)"},
	{TOP, "retention: { events = \"12h\" }",
	 "retention.events: is out of bounds; 1d to 36500d"},
	/* required keys */
	{ALONE, "accounts: { acme: { } }",
	 "accounts.acme.client_id: missing; write client_id = \"...\"\n"
	 "accounts.acme.client_secret_file: missing; write client_secret_file = "
	 "\"acme.client-secret\"\n"
	 "accounts.acme.jwt_file: missing; write jwt_file = \"acme.jwt\""},
	{ALONE, "accounts: { }",
	 "accounts: no account is configured; write accounts: { NAME: { ... } } as "
	 "phonewatch.conf(5) shows"},
	{ALONE, "",
	 "!t.conf: accounts: no account is configured; write accounts: { NAME: { ... } } as "
	 "phonewatch.conf(5) shows"},
	/* syntax */
	{TOP, "log_level = info",
	 "!t.conf:2: syntax error; look for a missing quote, bracket or "
	 "brace, here or before"},
	{TOP, "sinks: {",
	 "!t.conf:3: syntax error; look for a missing quote, bracket or brace, "
	 "here or before"},
	{TOP, "log_level = \"info",
	 "!t.conf:3: syntax error; look for a missing quote, bracket "
	 "or brace, here or before"},
	{TOP, "sinks: { \"ops\": { kind = \"journal\" } }",
	 "!t.conf:2: \"ops\": not a name; a name has no quotes, begins with a letter, and is "
	 "of letters, digits, - and _"},
	{TOP, "sinks: { 1st = { kind = \"journal\" } }",
	 "!t.conf:2: 1st: not a name; a name has no quotes, begins with a letter, and is of "
	 "letters, digits, - and _"},
	{TOP, "sinks: { ops: { url = \"http://a\" kind } }",
	 "!t.conf:2: syntax error; look for a missing quote, bracket or brace, here or "
	 "before"},
	{TOP, "/* sinks: { }", "!t.conf:3: a comment is left open; close it with */"},
	{TOP, "accounts: { }",
	 "!t.conf:2: this name stands in this section already; keep one"},
	{TOP, "database = [\"a\", 1]",
	 "!t.conf:2: the elements of [...] must be of one type"},
	{TOP, " @include \"/etc/passwd\"",
	 "!t.conf:2: @include is not supported; write include = \"FOLDER\""},
};

/* "a\n!b" -> "t.conf:2: a\nb\n": the caller frees it. */
static char *whole_problems(const char *text)
{
	char *copy = mem_strdup(text), *rest = copy, *line, *whole = mem_strdup("");

	while ((line = strsep(&rest, "\n")) != NULL) {
		char *longer =
			mem_printf("%s%s%s\n", whole, line[0] == '!' ? "" : "t.conf:2: ",
				   line[0] == '!' ? line + 1 : line);

		free(whole);
		whole = longer;
	}
	free(copy);
	return whole;
}

START_TEST(a_wrong_value_is_named_with_what_would_be_right)
{
	char *expected = whole_problems(wrong[_i].problems);

	ck_assert_int_eq(load(place(wrong[_i].where, wrong[_i].text)), ERR_CONFIG);
	ck_assert_ptr_null(config);
	ck_assert_str_eq(problems(), expected);
	free(expected);
}
END_TEST

static const struct {
	enum place where;
	const char *text;
} right[] = {
	{TOP, ""},
	{TOP, "log_level = \"debug\";"},
	{TOP, "include = \"\""},
	{ACCOUNT, "interval = \"1s\""},
	{ACCOUNT, "interval = \"1000ms\""},
	{ACCOUNT, "interval = \"1d\""},
	{ACCOUNT, "devices_via = \"account\""},
	{ACCOUNT, "budget_share = 1"},
	{ACCOUNT, "budget_share = 100L"},
	{ACCOUNT, "ignore_types = []"},
	{ACCOUNT, "ignore_types = (\"WebRTC\", \"Z\xc3\xbcrich\")"},
	{ACCOUNT, "location_every = \"0s\""},
	{ACCOUNT, "ca_file = \"open\""},
	{ACCOUNT, "server = \"https://platform.devtest.ringcentral.com:8443\""},
	{ACCOUNT, "server = \"http://127.0.0.1:8080\""},
	{ACCOUNT, "server = \"http://127.8.9.10\""},
	{ACCOUNT, "server = \"http://localhost:1\""},
	{ACCOUNT, "server = \"http://[::1]:8080\""},
	{SINK, "kind = \"syslog\""},
	{SINK, "kind = \"syslog\" address = \"unix:/run/log\""},
	{SINK, "kind = \"syslog\" address = \"udp://logs.example.com:514\""},
	{SINK, "kind = \"syslog\" address = \"udp://192.0.2.1:514\""},
	{SINK, "kind = \"syslog\" address = \"udp://[2001:db8::1]:514\""},
	{SINK, "kind = \"syslog\" address = \"UDP://logs.example.com:514\""},
	{SINK, "kind = \"syslog\" address = \"UNIX:/run/log\""},
	{SINK,
	 "kind = \"syslog\" events = [\"device.offline\", \"*\", \"alert.firing\"]"},
	{SINK, "kind = \"syslog\" match = [\"site=Denver\", \"name=*=*\", \"model=\"]"},
	{WEBHOOK, URL},
	{WEBHOOK, "url = \"http://127.0.0.1:8080/hook\""},
	{WEBHOOK, "url = \"http://192.0.2.1/hook\" allow_http = true"},
	{WEBHOOK, "url = \"https://joe:" SECRET "@ops.example.com/?q=1#f\""},
	{WEBHOOK, "url_file = \"url\""},
	{WEBHOOK, "url_file = \"plain_url\" allow_http = true"},
	{WEBHOOK, URL "payload_secret_file = \"s\""},
	{WEBHOOK, URL "header_file = \"header\""},
	{WEBHOOK, URL "secret_file = \"good\""},
	{WEBHOOK, URL "secret_file = [\"good\", \"good2\"]"},
	{WEBHOOK, URL "format = \"cloudevents\" personal_data = true"},
};

START_TEST(a_right_value_is_taken)
{
	load_well(place(right[_i].where, right[_i].text));
}
END_TEST

/* ---- all of it ---- */

START_TEST(every_mistake_is_found_in_one_go)
{
	char *text = suite_data("config/mistakes.conf", NULL);
	char *expected = suite_data("config/mistakes.txt", NULL);

	ck_assert_int_eq(load(text), ERR_CONFIG);
	ck_assert_str_eq(problems(), expected);
	ck_assert_str_eq(err.text, "t.conf: 30 mistakes");
	free(expected);
	free(text);
}
END_TEST

START_TEST(the_only_mistake_is_the_error)
{
	ck_assert_int_eq(load(place(TOP, "zork = 1")), ERR_CONFIG);
	ck_assert_str_eq(err.text,
			 "t.conf:2: zork: unknown; remove it, or see phonewatch.conf(5)");
}
END_TEST

START_TEST(a_report_is_forgotten_by_the_next_load)
{
	ck_assert_int_eq(load(place(TOP, "zork = 1")), ERR_CONFIG);
	load_well(ACME);
	ck_assert_uint_eq(report.n_problems, 0);
	ck_assert_str_eq(problems(), "");
}
END_TEST

START_TEST(the_example_of_the_design_is_read_as_it_says)
{
	char *text = suite_data("config/design.conf", NULL);
	const struct account_config *a;
	const struct sink_config *s;

	ck_assert_int_eq(mkdir("accounts.d", 0755), 0);
	write_file("acme.client-secret", "the secret", 0600);
	write_file("acme.jwt", "the jwt\n", 0600);
	write_file("ops.secret", WHSEC, 0600);
	load_well(text);
	free(text);

	ck_assert_str_eq(config->path, "t.conf");
	ck_assert_str_eq(config->database, "/var/lib/phonewatch/phonewatch.db");
	ck_assert_int_eq(config->log_level, LOG_LEVEL_INFO);
	ck_assert_uint_eq(config->n_accounts, 1);
	a = &config->accounts[0];
	ck_assert_str_eq(a->name, "acme");
	ck_assert_str_eq(a->server, "https://platform.ringcentral.com");
	ck_assert_str_eq(a->client_id, "...");
	ck_assert_str_eq(a->client_secret.text, "the secret");
	ck_assert_str_eq(a->jwt.text, "the jwt");
	ck_assert_int_eq(a->interval_ms, 60000);
	ck_assert_int_eq(a->devices_via, VIA_AUTO);
	ck_assert_int_eq(a->budget_share, 50);
	ck_assert_uint_eq(a->n_ignore_types, 1);
	ck_assert_str_eq(a->ignore_types[0], "WebRTC");
	ck_assert_int_eq(a->location_every_ms, 0);
	ck_assert_ptr_null(a->ca_file);

	ck_assert_uint_eq(config->n_sinks, 2);
	s = &config->sinks[0];
	ck_assert_str_eq(s->name, "central");
	ck_assert_int_eq(s->kind, SINK_SYSLOG);
	ck_assert_str_eq(s->address, "unix:/dev/log");
	ck_assert_ptr_null(s->url);
	ck_assert_uint_eq(s->n_events, 2);
	ck_assert_str_eq(s->events[1], "account.*");
	s = &config->sinks[1];
	ck_assert_str_eq(s->name, "ops");
	ck_assert_int_eq(s->kind, SINK_WEBHOOK);
	ck_assert_ptr_null(s->address);
	ck_assert_str_eq(s->url, "https://ops.example.com/hooks/phones");
	ck_assert_uint_eq(s->n_secrets, 1);
	ck_assert_str_eq(s->secrets[0].text, WHSEC);
	ck_assert_uint_eq(s->n_match, 0);
	ck_assert(!s->personal_data);
	ck_assert(!s->allow_http);
}
END_TEST

START_TEST(what_is_not_given_is_at_its_default)
{
	const struct account_config *a;
	const struct sink_config *s;

	load_well(ACME "sinks: { ops: { " HOOK "} central: { kind = \"syslog\" } }");
	ck_assert_str_eq(config->database, "/var/lib/phonewatch/phonewatch.db");
	ck_assert_int_eq(config->log_level, LOG_LEVEL_INFO);
	a = &config->accounts[0];
	ck_assert_str_eq(a->server, "https://platform.ringcentral.com");
	ck_assert_int_eq(a->interval_ms, 60000);
	ck_assert_int_eq(a->devices_via, VIA_AUTO);
	ck_assert_int_eq(a->budget_share, 50);
	ck_assert_uint_eq(a->n_ignore_types, 1);
	ck_assert_str_eq(a->ignore_types[0], "WebRTC");
	ck_assert_int_eq(a->location_every_ms, 0);
	ck_assert_ptr_null(a->ca_file);
	s = &config->sinks[0];
	ck_assert_uint_eq(s->n_secrets, 0);
	ck_assert_uint_eq(s->n_match, 0);
	ck_assert_uint_eq(s->n_events, 3);
	ck_assert_str_eq(s->events[0], "device.*");
	ck_assert_str_eq(s->events[1], "account.*");
	ck_assert_str_eq(s->events[2], "alert.*");
	ck_assert(!s->personal_data);
	ck_assert(!s->allow_http);
	ck_assert_str_eq(config->sinks[1].address, "unix:/dev/log");
	ck_assert_uint_eq(config->alerts.n_types, 4);
	ck_assert_int_eq(config->alerts.offline_for_ms, 120000);
	ck_assert_uint_eq(config->n_rules, 0);
}
END_TEST

/* Wherever alerts stands: also behind a rule. */
START_TEST(what_a_rule_does_not_say_is_as_in_alerts)
{
	const struct rule_config *r;

	load_well(ACME
		  "rules: { lobby: { match = [\"name=Lobby*\"] offline_for = \"10s\" }"
		  " hall: { types = [\"Room\"] flap_changes = 9 } }"
		  "alerts: { offline_for = \"5m\" types = [\"HardPhone\", \"Paging\"] }");
	ck_assert_uint_eq(config->n_rules, 2);
	r = &config->rules[0];
	ck_assert_str_eq(r->name, "lobby");
	ck_assert_uint_eq(r->n_match, 1);
	ck_assert_int_eq(r->settings.offline_for_ms, 10000);
	ck_assert_uint_eq(r->settings.n_types, 2);
	ck_assert_str_eq(r->settings.types[1], "Paging");
	ck_assert_int_eq(r->settings.flap_changes, 6);
	r = &config->rules[1];
	ck_assert_uint_eq(r->n_match, 0);
	ck_assert_int_eq(r->settings.offline_for_ms, 300000);
	ck_assert_str_eq(r->settings.types[0], "Room");
	ck_assert_int_eq(r->settings.flap_changes, 9);
	ck_assert_int_eq(config->alerts.flap_changes, 6);
	ck_assert_str_eq(config->alerts.types[0], "HardPhone");
}
END_TEST

START_TEST(without_a_sink_there_is_the_journal_or_syslog)
{
	bool journal = false;
	const struct sink_config *s;

#ifdef HAVE_SYSTEMD
	journal = access("/run/systemd/journal/socket", F_OK) == 0;
#endif
	load_well(ACME);
	ck_assert_uint_eq(config->n_sinks, 1);
	s = &config->sinks[0];
	ck_assert_str_eq(s->name, journal ? "journal" : "syslog");
	ck_assert_int_eq(s->kind, journal ? SINK_JOURNAL : SINK_SYSLOG);
	if (!journal)
		ck_assert_str_eq(s->address, "unix:/dev/log");
	ck_assert_uint_eq(s->n_events, 3);
}
END_TEST

START_TEST(a_server_loses_the_slash_behind_it)
{
	load_well(place(ACCOUNT, "server = \"https://example.com:8443/\""));
	ck_assert_str_eq(config->accounts[0].server, "https://example.com:8443");
}
END_TEST

START_TEST(paths_are_relative_to_the_folder_of_the_file)
{
	char *whole = mem_printf("%s/t.conf", suite_dir());
	char *expected = mem_printf("%s/db/x.db", suite_dir());
	char *database = NULL;

	load_well(place(TOP, "database = \"db/x.db\""));
	ck_assert_str_eq(config->database, "db/x.db");
	config_unload(config);
	config = NULL;
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(config_load(whole, &config, &report, &err), 0);
	ck_assert_str_eq(config->database, expected);
	ck_assert_str_eq(config->accounts[0].jwt.text, SECRET);
	ck_assert_int_eq(config_database_path(whole, &database, &err), 0);
	ck_assert_str_eq(database, expected);
	free(database);
	free(expected);
	free(whole);
}
END_TEST

/* ---- included files ---- */

static void include(const char *name, const char *text)
{
	char *path = mem_printf("accounts.d/%s", name);

	mkdir("accounts.d", 0755);
	write_file(path, text, 0644);
	free(path);
}

START_TEST(included_files_are_read_in_order_of_their_names)
{
	include("b.conf", "accounts: { b: { " KEYS "} }");
	include("B.conf", "accounts: { B: { " KEYS "} }");
	include("a.conf",
		"accounts: { a: { " KEYS "} } sinks: { z: { kind = \"syslog\" } }");
	include("10.conf", "");
	include(".hidden.conf", "zork");
	include(".conf", "zork");
	include("a.conf~", "zork");
	include("a.conf.bak", "zork");
	include("s", "the included secret");
	ck_assert_int_eq(chmod("accounts.d/s", 0600), 0);
	load_well("include = \"accounts.d\"\n" ACME
		  "sinks: { y: { kind = \"syslog\" } }");
	ck_assert_uint_eq(config->n_accounts, 4);
	ck_assert_str_eq(config->accounts[0].name, "acme");
	ck_assert_str_eq(config->accounts[1].name, "B");
	ck_assert_str_eq(config->accounts[2].name, "a");
	ck_assert_str_eq(config->accounts[3].name, "b");
	ck_assert_uint_eq(config->n_sinks, 2);
	ck_assert_str_eq(config->sinks[1].name, "z");
	/* Each file's names are beside itself. */
	ck_assert_str_eq(config->accounts[0].jwt.text, SECRET);
	ck_assert_str_eq(config->accounts[3].jwt.text, "the included secret");
}
END_TEST

START_TEST(a_name_of_another_file_is_refused_with_both_places)
{
	include("a.conf", "\n\naccounts: { acme: {\n" KEYS "} }\n");
	include("b.conf", "sinks: { acme: { kind = \"syslog\" } }\n");
	include("c.conf", "sinks: {\n acme: { kind = \"syslog\" } }\n");
	ck_assert_int_eq(load(ACME "include = \"accounts.d\"\n"), ERR_CONFIG);
	ck_assert_str_eq(
		problems(),
		"accounts.d/a.conf:3: accounts.acme: this name stands at t.conf:1 "
		"already; rename one or remove it\n"
		"accounts.d/c.conf:2: sinks.acme: this name stands at "
		"accounts.d/b.conf:1 already; rename one or remove it\n");
}
END_TEST

START_TEST(mistakes_of_all_files_are_found)
{
	include("a.conf", "accounts: {\n b: { interval = \"1s\" } }\n");
	include("b.conf", "sinks: {\n");
	include("c.conf", "database = \"x\"\nalerts: { }\ninclude = \"more\"\nzork = 1\n"
			  "rules: { x: { match = [] typs = [] } }");
	ck_assert_int_eq(mkdir("accounts.d/d.conf", 0755), 0);
	ck_assert_int_eq(load("include = \"accounts.d/\"\nzork = 1\n"), ERR_CONFIG);
	ck_assert_str_eq(
		problems(),
		"t.conf:2: zork: unknown; remove it, or see phonewatch.conf(5)\n"
		"accounts.d/a.conf:2: accounts.b.client_id: missing; write client_id = \"...\"\n"
		"accounts.d/a.conf:2: accounts.b.client_secret_file: missing; write "
		"client_secret_file = \"acme.client-secret\"\n"
		"accounts.d/a.conf:2: accounts.b.jwt_file: missing; write jwt_file = "
		"\"acme.jwt\"\n"
		"accounts.d/b.conf:2: syntax error; look for a missing quote, bracket or brace, "
		"here or before\n"
		"accounts.d/c.conf:1: database: belongs into t.conf; an included file has "
		"accounts, sinks and rules\n"
		"accounts.d/c.conf:2: alerts: belongs into t.conf; an included file has accounts, "
		"sinks and rules\n"
		"accounts.d/c.conf:3: include: belongs into t.conf; an included file has accounts, "
		"sinks and rules\n"
		"accounts.d/c.conf:4: zork: unknown; remove it, or see phonewatch.conf(5)\n"
		"accounts.d/c.conf:5: rules.x.typs: unknown; did you mean \"types\"?\n"
		"accounts.d/d.conf: not a regular file\n");
}
END_TEST

START_TEST(accounts_that_could_not_be_read_are_not_missed)
{
	include("a.conf", "accounts: {");
	ck_assert_int_eq(load("include = \"accounts.d\""), ERR_CONFIG);
	ck_assert_str_eq(problems(),
			 "accounts.d/a.conf:1: syntax error; look for a missing "
			 "quote, bracket or brace, here or before\n");
}
END_TEST

START_TEST(a_name_that_a_terminal_would_obey_is_escaped)
{
	include("a\x1b[31m.conf", "zork = 1");
	ck_assert_int_eq(load(ACME "include = \"accounts.d\""), ERR_CONFIG);
	ck_assert_str_eq(problems(),
			 "accounts.d/a\\x1b[31m.conf:1: zork: unknown; remove it, or "
			 "see phonewatch.conf(5)\n");
}
END_TEST

START_TEST(a_folder_that_cannot_be_read_is_refused)
{
	ck_assert_int_eq(load(place(TOP, "include = \"nope\"")), ERR_CONFIG);
	ck_assert_str_eq(problems(),
			 "t.conf:2: include: no such folder; write the path of one\n");
	ck_assert_int_eq(load(place(TOP, "include = \"s\"")), ERR_CONFIG);
	ck_assert_str_eq(problems(),
			 "t.conf:2: include: cannot read folder s: Not a directory\n");
}
END_TEST

START_TEST(an_account_may_stand_in_an_included_file_alone)
{
	include("a.conf", ACME);
	ck_assert_int_eq(chmod("s", 0600), 0);
	include("s", SECRET);
	ck_assert_int_eq(chmod("accounts.d/s", 0600), 0);
	load_well("include = \"accounts.d\"");
	ck_assert_uint_eq(config->n_accounts, 1);
}
END_TEST

/* ---- secrets ---- */

static void give_credentials(void)
{
	char *dir = mem_printf("%s/credentials", suite_dir());

	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
	free(dir);
}

START_TEST(a_name_is_looked_up_among_the_credentials_first)
{
	give_credentials();
	write_file("credentials/s", "the credential", 0444);
	load_well(ACME);
	ck_assert_str_eq(config->accounts[0].jwt.text, "the credential");
	ck_assert_int_eq(unlink("credentials/s"), 0);
	write_file("credentials/secrets_s", "of the folder", 0444);
	load_well(ACME);
	ck_assert_str_eq(config->accounts[0].jwt.text, "of the folder");
	ck_assert_int_eq(unlink("credentials/secrets_s"), 0);
	ck_assert_int_eq(mkdir("secrets", 0700), 0);
	write_file("secrets/s", "root's own", 0600);
	load_well(ACME);
	ck_assert_str_eq(config->accounts[0].jwt.text, SECRET);
	ck_assert_int_eq(unlink("s"), 0);
	load_well(ACME);
	ck_assert_str_eq(config->accounts[0].jwt.text, "root's own");
	ck_assert_int_eq(unlink("secrets/s"), 0);
	ck_assert_int_eq(load(place(ALONE, "accounts: { acme: { " KEYS "} }")),
			 ERR_CONFIG);
	ck_assert_str_eq(
		report.problems[0].text,
		"t.conf:2: accounts.acme.client_secret_file: no such file in "
		"$CREDENTIALS_DIRECTORY, beside this one or in the folder secrets; make it, or write "
		"its path");
}
END_TEST

/* Root may look everywhere. */
static void become_nobody(void)
{
	if (getuid() == 0)
		ck_assert_int_eq(setresuid(65534, 65534, 0), 0);
}

static void become_ourselves(void)
{
	ck_assert(seteuid(0) != 0 || setresuid(0, 0, 0) == 0);
}

START_TEST(a_folder_that_we_may_not_look_into_is_not_empty)
{
	ck_assert_int_eq(chmod(".", 0755), 0);
	ck_assert_int_eq(mkdir("secrets", 0700), 0);
	write_file("secrets/s", SECRET, 0600);
	unlink("s");
	write_file("t.conf", ACME, 0644);
	become_nobody();
	if (getuid() != 65534)
		ck_assert_int_eq(chmod("secrets", 0), 0);
	ck_assert_int_eq(config_load("t.conf", &config, &report, &err), ERR_CONFIG);
	become_ourselves();
	ck_assert_int_eq(chmod("secrets", 0700), 0);
	ck_assert_str_eq(
		report.problems[0].text,
		"t.conf:1: accounts.acme.client_secret_file: not beside this file, and we may "
		"not look into the folder secrets (Permission denied); try again as root");
}
END_TEST

START_TEST(only_among_the_credentials_may_a_secret_be_open)
{
	static const char *const tries[] = {"open", "./open", "credentials/../open"};
	char *whole;

	give_credentials();
	write_file("credentials/open2", SECRET, 0444);
	for (size_t i = 0; i < COUNT(tries); i++) {
		whole = mem_printf(
			"accounts: { a: { client_id = \"x\" client_secret_file = "
			"\"s\" jwt_file = \"%s%s\" } }",
			i == 2 ? suite_dir() : "",
			i == 2 ? "/credentials/../open" : tries[i]);
		ck_assert_int_eq(load(whole), ERR_CONFIG);
		ck_assert_ptr_nonnull(
			strstr(problems(), " is open to others (mode 0644); chmod 600 "));
		free(whole);
	}
	whole = mem_printf(
		"accounts: { a: { client_id = \"x\" client_secret_file = \"open2\" "
		"jwt_file = \"%s/credentials/open2\" } }",
		suite_dir());
	load_well(whole);
	free(whole);
}
END_TEST

START_TEST(an_unfit_secret_is_refused_with_its_path)
{
	static const struct {
		const char *text, *problem;
	} unfit[] = {
		{"", "x/secret is empty; a secret is one line"},
		{SECRET "\n" SECRET "\n",
		 "x/secret has more than one line; a secret is one line"},
		{"a\tb",
		 "x/secret holds a control character; a secret is one line of text"},
	};

	ck_assert_int_eq(mkdir("x", 0700), 0);
	for (size_t i = 0; i < COUNT(unfit); i++) {
		char *expected =
			mem_printf("t.conf:1: accounts.a.jwt_file: %s", unfit[i].problem);

		write_file("x/secret", unfit[i].text, 0600);
		ck_assert_int_eq(
			load("accounts: { a: { client_id = \"x\" client_secret_file = "
			     "\"s\" jwt_file = \"x/secret\" } }"),
			ERR_CONFIG);
		ck_assert_str_eq(err.text, expected);
		free(expected);
	}
	ck_assert_int_eq(load("accounts: { a: { client_id = \"x\" client_secret_file = "
			      "\"s\" jwt_file = \"x\" } }"),
			 ERR_CONFIG);
	ck_assert_str_eq(err.text,
			 "t.conf:1: accounts.a.jwt_file: x is not a regular file");
}
END_TEST

static const struct {
	const char *text; /* of the webhook secret's file */
	bool fine;
} webhook_secrets[] = {
	{WHSEC, true},
	{WHSEC "\n", true},
	{"whsec_" /* 23 bytes */ "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaU=", false},
	{"whsec_" /* 64 bytes */
	 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==",
	 true},
	{"whsec_" /* 65 bytes */
	 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjA=",
	 false},
	{"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false},
	{"WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false},
	{"whsec_", false},
	{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", false},      /* not padded */
	{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwA===", false}, /* too much so */
	{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaL_-w", false},     /* the other alphabet */
	{"whsec_MfKQ9r8GKYqrTwjU PD8ILPZIo2LaLaSw", false},
	{"whsec_MfKQ9r8GKYqr=wjUPD8ILPZIo2LaLaSw", false},
};

START_TEST(a_webhook_secret_has_the_shape_of_one)
{
	int rc;

	write_file("w", webhook_secrets[_i].text, 0600);
	rc = load(place(WEBHOOK, URL "secret_file = \"w\""));
	ck_assert_int_eq(rc == 0, webhook_secrets[_i].fine);
	if (rc != 0)
		ck_assert_str_eq(err.text,
				 "t.conf:2: sinks.ops.secret_file: w: " NOT_A_SECRET);
}
END_TEST

static const struct {
	enum place where;
	const char *text;
} leaks[] = {
	{ACCOUNT, "client_secret = \"" SECRET "\""},
	{ACCOUNT, "jwt = \"" SECRET "\""},
	{ACCOUNT, "ca_file = \"" SECRET "\""},
	{ACCOUNT, "ca_file = \"" SECRET "/x\""},
	{ACCOUNT, "server = \"https://joe:" SECRET "@example.com\""},
	{ACCOUNT, "server = \"" SECRET "\""},
	{ALONE, "accounts: { a: { client_id = \"x\" client_secret_file = \"" SECRET "\" "
		"jwt_file = \"ab/cd+" SECRET "==\" } }"},
	{ALONE,
	 "accounts: { a: { client_id = \"x\" client_secret_file = [\"" SECRET "\"] "
	 "jwt_file = \"" SECRET "\\n\" } }"},
	{ALONE, "accounts: { a: { client_id = \"x\" client_secret_file = \"open\" "
		"jwt_file = \"lines\" } }"},
	{WEBHOOK, "url = \"" SECRET "\""},
	{WEBHOOK, "url = \"http://joe:" SECRET "@192.0.2.1/" SECRET "\""},
	{WEBHOOK, "url = \"https://joe:" SECRET "@ops.example.com/a b\""},
	{WEBHOOK, "url_file = \"lines\""},
	{WEBHOOK, "url_file = \"secret_url\""},
	{WEBHOOK, "url_file = \"" SECRET "\""},
	{WEBHOOK, URL "payload_secret_file = \"" SECRET "\""},
	{WEBHOOK, URL "header_file = \"bad_header\""},
	{WEBHOOK, URL "secret_file = \"whsec_" SECRET "\""},
	{WEBHOOK, URL "secret_file = [\"bad\", \"s\", \"open\", \"lines\"]"},
	{WEBHOOK, URL "secret = \"" SECRET "\""},
	{WEBHOOK, URL "address = \"" SECRET "\""},
	{WEBHOOK, URL "format = \"" SECRET "\""},
	{TOP, "jwt = \"" SECRET},
	{TOP, "jwt = " SECRET},
	{TOP, "http: { token_file = \"" SECRET "\" }"},
	{TOP, "log_level = \"" SECRET "\""},
	{TOP, "base_url = \"" SECRET "\""},
	{TOP, "include = \"" SECRET "\""},
	{ACCOUNT, "interval = \"" SECRET "\" devices_via = \"" SECRET "\""},
	{SINK,
	 "kind = \"" SECRET "\" events = [\"" SECRET "\"] match = [\"" SECRET "\"]"},
	{SINK, "kind = \"syslog\" address = \"udp://" SECRET "\""},
};

START_TEST(no_message_holds_a_secret)
{
	write_file("lines", SECRET "\n" SECRET "\n", 0600);
	ck_assert_int_eq(load(place(leaks[_i].where, leaks[_i].text)), ERR_CONFIG);
	ck_assert_uint_ge(report.n_problems, 1);
	ck_assert_ptr_null(strstr(problems(), SECRET));
	ck_assert_ptr_null(strstr(err.text, SECRET));
}
END_TEST

/* ---- hostile files ---- */

static void refuse(const char *path, const char *problem)
{
	char *expected = mem_printf("%s%s\n", path, problem);
	char *database = NULL;

	ck_assert_int_eq(config_load(path, &config, &report, &err), ERR_CONFIG);
	ck_assert_str_eq(problems(), expected);
	ck_assert_int_eq(strncmp(err.text, expected, strlen(err.text)), 0);
	ck_assert_int_eq(config_database_path(path, &database, &err), ERR_CONFIG);
	ck_assert_int_eq(strncmp(err.text, path, strlen(path)), 0);
	ck_assert_ptr_null(database);
	free(expected);
}

START_TEST(what_is_no_file_is_refused_without_waiting)
{
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	refuse("fifo", ": not a regular file");
	refuse("/dev/zero", ": not a regular file");
	refuse(".", ": not a regular file");
	refuse("nope", ": cannot read it: No such file or directory");
	refuse("", ": cannot read it: No such file or directory");
}
END_TEST

#define TOO_LARGE ": larger than 256 KiB; divide it by include = \"FOLDER\""

START_TEST(a_file_that_is_too_large_is_refused)
{
	char *text = mem_alloc(CONFIG_MAX_BYTES + 2);
	size_t len = strlen(ACME);

	memset(text, ' ', CONFIG_MAX_BYTES + 1);
	memcpy(text, ACME, len);
	text[CONFIG_MAX_BYTES] = '\0';
	load_well(text);
	text[CONFIG_MAX_BYTES] = ' ';
	text[CONFIG_MAX_BYTES + 1] = '\0';
	write_file("large", text, 0644);
	refuse("large", TOO_LARGE);
	ck_assert_int_eq(truncate("large", 100 << 20), 0);
	refuse("large", TOO_LARGE);
	free(text);
}
END_TEST

/* What text there is, n times, then the same of another, n times. */
static char *repeat(const char *text, const char *after, size_t n)
{
	size_t len = strlen(text), after_len = strlen(after);
	char *all = mem_alloc(n * (len + after_len) + 1), *p = all;

	for (size_t i = 0; i < n; i++, p += len)
		memcpy(p, text, len);
	for (size_t i = 0; i < n; i++, p += after_len)
		memcpy(p, after, after_len);
	*p = '\0';
	return all;
}

static const struct {
	const char *text, *after;
	size_t n;
	const char *problem;
} floods[] = {
	{"a:{", "}", 1000,
	 "t.conf:1: a: unknown; remove it, or see phonewatch.conf(5)\n"},
	{"a:{", "}", 60000, "t.conf:1: nested too deeply\n"},
	{"a=(", ")", 1, "t.conf:1: a: unknown; remove it, or see phonewatch.conf(5)\n"},
	{"(", ")", 100000,
	 "t.conf:1: syntax error; look for a missing quote, bracket or brace, "
	 "here or before\n"},
	{"sinks:{", "}", 30000, "t.conf:1: nested too deeply\n"},
	{"\n", "\x01", 1000,
	 "t.conf:1001: syntax error; look for a missing quote, bracket or "
	 "brace, here or before\n"},
	{"=", "", 100001,
	 "t.conf:1: syntax error; look for a missing quote, bracket or brace, "
	 "here or before\n"},
};

START_TEST(a_flood_is_refused_soon)
{
	char *text = repeat(floods[_i].text, floods[_i].after, floods[_i].n);

	ck_assert_int_eq(load(text), ERR_CONFIG);
	ck_assert_msg(strstr(problems(), floods[_i].problem) != NULL, "%s", problems());
	free(text);
}
END_TEST

START_TEST(any_bytes_are_refused_without_harm)
{
	unsigned char bytes[4096];
	uint32_t x = 2463534242u + (uint32_t)_i;
	FILE *f = fopen("t.conf", "wb");

	for (size_t i = 0; i < sizeof bytes; i++) {
		x ^= x << 13; /* xorshift: the same bytes each time */
		x ^= x >> 17;
		x ^= x << 5;
		bytes[i] = (unsigned char)(_i % 2 == 0 ? x : x % 95 + 32);
	}
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, sizeof bytes, f), sizeof bytes);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(config_load("t.conf", &config, &report, &err), ERR_CONFIG);
	ck_assert_uint_eq(report.n_problems, 1);
}
END_TEST

START_TEST(a_nul_is_refused_with_its_line)
{
	FILE *f = fopen("t.conf", "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite("\n\nx\0\n", 1, 5, f), 5);
	ck_assert_int_eq(fclose(f), 0);
	refuse("t.conf", ":3: not text: it holds a NUL");
}
END_TEST

/* ---- reload ---- */

static const struct {
	enum place where;
	const char *text; /* against none */
	bool credentials; /* is it those that differ? */
} changes[] = {
	{ACCOUNT, "interval = \"61s\"", false},
	{ACCOUNT, "devices_via = \"account\"", false},
	{ACCOUNT, "budget_share = 51", false},
	{ACCOUNT, "ignore_types = []", false},
	{ACCOUNT, "ignore_types = [\"X\"]", false},
	{ACCOUNT, "ca_file = \"open\"", false},
	{ACCOUNT, "server = \"https://platform.devtest.ringcentral.com\"", true},
	{ALONE,
	 "accounts: { acme: { client_id = \"other\" client_secret_file = \"s\" jwt_file = "
	 "\"s\" } }",
	 true},
	{ALONE,
	 "accounts: { acme: { client_id = \"id\" client_secret_file = \"good\" jwt_file = "
	 "\"s\" } }",
	 true},
	{ALONE,
	 "accounts: { acme: { client_id = \"id\" client_secret_file = \"s\" jwt_file = "
	 "\"good\" } }",
	 true},
	{ALONE, "accounts: { other: { " KEYS "} }", false},
};

START_TEST(a_reload_sees_what_changed_of_an_account)
{
	struct config *old;

	load_well(ACME);
	old = config;
	config = NULL;
	load_well(ACME);
	ck_assert(config_account_same(&old->accounts[0], &config->accounts[0]));
	ck_assert(
		config_account_credentials_same(&old->accounts[0], &config->accounts[0]));
	load_well(place(changes[_i].where, changes[_i].text));
	ck_assert(!config_account_same(&old->accounts[0], &config->accounts[0]));
	ck_assert(config_account_credentials_same(&old->accounts[0],
						  &config->accounts[0]) !=
		  changes[_i].credentials);
	config_unload(old);
}
END_TEST

START_TEST(credentials_are_kept_together)
{
	const struct account_config *now;
	struct account_config *next;
	struct config *old;

	load_well(ACME);
	old = config;
	config = NULL;
	write_file("s2", SECRET SECRET, 0600);
	load_well(
		"accounts: { acme: { server = \"https://example.com\" client_id = \"id2\""
		" client_secret_file = \"s2\" jwt_file = \"s2\" interval = \"7s\" } }");
	now = &old->accounts[0];
	next = &config->accounts[0];
	config_account_keep_credentials(next, now);
	ck_assert_str_eq(next->server, now->server);
	ck_assert_str_eq(next->client_id, "id");
	ck_assert_str_eq(next->client_secret.text, SECRET);
	ck_assert_str_eq(next->jwt.text, SECRET);
	ck_assert(config_account_credentials_same(now, next));
	ck_assert_int_eq(next->interval_ms, 7000);
	config_unload(old); /* next has its own copies */
	ck_assert_str_eq(next->jwt.text, SECRET);
}
END_TEST

static const char *const sink_changes[] = {
	URL "allow_http = true",
	URL "secret_file = \"good\"",
	URL "events = [\"device.*\", \"account.*\"]",
	URL "match = [\"site=x\"]",
	URL "personal_data = true",
	"url = \"https://ops.example.com/2\"",
	URL "} other: { " HOOK,
};

START_TEST(a_reload_sees_what_changed_of_a_sink)
{
	struct config *old;
	size_t last;

	load_well(place(WEBHOOK, URL));
	old = config;
	config = NULL;
	load_well(place(WEBHOOK, URL));
	ck_assert(config_sink_same(&old->sinks[0], &config->sinks[0]));
	load_well(place(WEBHOOK, sink_changes[_i]));
	last = config->n_sinks - 1;
	ck_assert(!config_sink_same(&old->sinks[0], &config->sinks[last]));
	config_unload(old);
}
END_TEST

START_TEST(a_secret_that_rotates_is_a_change)
{
	struct config *old;

	load_well(place(WEBHOOK, URL "secret_file = [\"good\", \"good2\"]"));
	old = config;
	config = NULL;
	write_file("good2", WHSEC, 0600);
	write_file("s", SECRET SECRET, 0600);
	load_well(place(WEBHOOK, URL "secret_file = [\"good\", \"good2\"]"));
	ck_assert(!config_sink_same(&old->sinks[0], &config->sinks[0]));
	ck_assert(!config_account_same(&old->accounts[0], &config->accounts[0]));
	ck_assert(!config_account_credentials_same(&old->accounts[0],
						   &config->accounts[0]));
	config_unload(old);
}
END_TEST

/* ---- the database alone ---- */

static const struct {
	const char *text;
	const char *database; /* NULL: refused, and err is ... */
	const char *fault;    /* ... this */
} databases[] = {
	{"", "/var/lib/phonewatch/phonewatch.db", NULL},
	{"database = \"/x.db\" zork = 1 log_level = 5", "/x.db", NULL},
	{"database = \"x.db\" include = \"nope\"", "x.db", NULL},
	{"accounts: { a: { jwt_file = \"nope\" } }", "/var/lib/phonewatch/phonewatch.db",
	 NULL},
	{"database = 5", NULL, "t.conf: database: expected a path in quotes"},
	{"database = \"\"", NULL, "t.conf: database: expected a path in quotes"},
	{"\ndatabase = {", NULL,
	 "t.conf:2: syntax error; look for a missing quote, bracket or brace, here or before"},
};

START_TEST(the_path_of_the_database_needs_nothing_else)
{
	char *database = NULL;
	int rc;

	write_file("t.conf", databases[_i].text, 0644);
	rc = config_database_path("t.conf", &database, &err);
	if (databases[_i].database != NULL) {
		ck_assert_int_eq(rc, 0);
		ck_assert_str_eq(database, databases[_i].database);
	} else {
		ck_assert_int_eq(rc, ERR_CONFIG);
		ck_assert_str_eq(err.text, databases[_i].fault);
		ck_assert_ptr_null(database);
	}
	free(database);
}
END_TEST

/* ---- the table of keys ---- */

/* Of each key with a default, built or not. */
START_TEST(every_default_is_within_its_own_bounds)
{
	char *text = config_keys_defaults();
	struct config_file *file;
	int n = 0;

	ck_assert_int_eq(config_file_read_text("defaults", text, &file, &err), 0);
	for (const struct config_section *s = config_sections; s->name != NULL; s++) {
		for (const struct config_key *k = s->keys; k->name != NULL; k++) {
			struct config_key key = *k;
			char *path = mem_printf("%s%s%s", s->name, s->name[0] ? "." : "",
						k->name);
			config_setting_t *at = config_lookup(&file->parsed, path);

			free(path);
			ck_assert_ptr_nonnull(key.help);
			ck_assert(key.fallback != NULL || key.example != NULL);
			if (key.fallback == NULL)
				continue;
			ck_assert_ptr_nonnull(at);
			key.later = NULL;
			if (strcmp(key.name, "base_url") == 0)
				key.check = NULL; /* "" is none */
			ck_assert_msg(config_value_read(NULL, &key, at, file, &report) ==
					      0,
				      "%s", problems());
			n++;
		}
	}
	ck_assert_int_gt(n, 35);
	config_file_destroy(file);
	free(text);
}
END_TEST

static char *source_file(const char *name)
{
	char *path = mem_printf("../../%s", name);
	char *text = suite_data(path, NULL);

	free(path);
	return text;
}

START_TEST(the_sample_file_is_what_the_table_prints)
{
	char *sample = source_file("etc/phonewatch.conf"), *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(f);
	sample_print(f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_msg(strcmp(sample, text) == 0,
		      "run tests/test_config --print > etc/phonewatch.conf");
	free(text);
	free(sample);
}
END_TEST

START_TEST(the_sample_file_lacks_an_account_and_nothing_else)
{
	char *sample = source_file("etc/phonewatch.conf");

	ck_assert_int_eq(load(sample), ERR_CONFIG);
	ck_assert_str_eq(problems(),
			 "t.conf: accounts: no account is configured; write accounts: "
			 "{ NAME: { ... } } as phonewatch.conf(5) shows\n");
	free(sample);
}
END_TEST

/* Take the first # off each line but those of prose, which begin with "# ". */
static void uncomment(char *text)
{
	char *to = text;

	for (const char *p = text; *p != '\0'; p++) {
		bool begins = p == text || p[-1] == '\n';

		if (begins && p[0] == '#' && p[1] != '\n' && (p[1] != ' ' || p[2] == ' '))
			continue;
		*to++ = *p;
	}
	*to = '\0';
}

START_TEST(the_sample_file_can_be_used_line_by_line)
{
	char *sample = source_file("etc/phonewatch.conf");
	size_t not_yet = 0;

	uncomment(sample);
	write_file("acme.client-secret", SECRET, 0600);
	write_file("acme.jwt", SECRET, 0600);
	ck_assert_int_eq(load(sample), ERR_CONFIG);
	for (size_t i = 0; i < report.n_problems; i++)
		not_yet += strstr(report.problems[i].text, ": not yet: ") != NULL;
#ifdef HAVE_SYSTEMD
	ck_assert_msg(not_yet == report.n_problems, "%s", problems());
#else
	ck_assert_msg(not_yet + 1 == report.n_problems, "%s", problems()); /* journal */
#endif
	ck_assert_uint_eq(not_yet, 2); /* base_url, http */
	free(sample);
}
END_TEST

/* As the manual writes it: \(dq for a quote. */
static char *in_roff(const struct config_key *key)
{
	char *value =
		config_key_written(key, key->fallback ? key->fallback : key->example);
	char *out = mem_printf(".It Ic %s = ", key->name);

	for (const char *p = value; *p != '\0'; p++) {
		char *longer = *p == '"' ? mem_printf("%s\\(dq", out)
					 : mem_printf("%s%c", out, *p);

		free(out);
		out = longer;
	}
	free(value);
	value = mem_printf("\n%s\n", out);
	free(out);
	return value;
}

START_TEST(the_manual_has_every_key_at_its_default)
{
	char *manual = source_file("man/phonewatch.conf.5");

	for (const struct config_section *s = config_sections; s->name != NULL; s++) {
		for (const struct config_key *k = s->keys; k->name != NULL; k++) {
			char *line = in_roff(k);

			ck_assert_msg(strstr(manual, line) != NULL, "no line%s", line);
			free(line);
		}
	}
	free(manual);
}
END_TEST

int main(int argc, char **argv)
{
	const struct suite_test tests[] = {
		{a_wrong_value_is_named_with_what_would_be_right, COUNT(wrong)},
		{a_right_value_is_taken, COUNT(right)},
		{every_mistake_is_found_in_one_go, 1},
		{the_only_mistake_is_the_error, 1},
		{a_report_is_forgotten_by_the_next_load, 1},
		{the_example_of_the_design_is_read_as_it_says, 1},
		{what_is_not_given_is_at_its_default, 1},
		{what_a_rule_does_not_say_is_as_in_alerts, 1},
		{without_a_sink_there_is_the_journal_or_syslog, 1},
		{a_server_loses_the_slash_behind_it, 1},
		{paths_are_relative_to_the_folder_of_the_file, 1},
		{included_files_are_read_in_order_of_their_names, 1},
		{a_name_of_another_file_is_refused_with_both_places, 1},
		{mistakes_of_all_files_are_found, 1},
		{accounts_that_could_not_be_read_are_not_missed, 1},
		{a_name_that_a_terminal_would_obey_is_escaped, 1},
		{a_folder_that_cannot_be_read_is_refused, 1},
		{an_account_may_stand_in_an_included_file_alone, 1},
		{a_name_is_looked_up_among_the_credentials_first, 1},
		{a_folder_that_we_may_not_look_into_is_not_empty, 1},
		{only_among_the_credentials_may_a_secret_be_open, 1},
		{an_unfit_secret_is_refused_with_its_path, 1},
		{a_webhook_secret_has_the_shape_of_one, COUNT(webhook_secrets)},
		{no_message_holds_a_secret, COUNT(leaks)},
		{what_is_no_file_is_refused_without_waiting, 1},
		{a_file_that_is_too_large_is_refused, 1},
		{a_flood_is_refused_soon, COUNT(floods)},
		{any_bytes_are_refused_without_harm, 50},
		{a_nul_is_refused_with_its_line, 1},
		{a_reload_sees_what_changed_of_an_account, COUNT(changes)},
		{credentials_are_kept_together, 1},
		{a_reload_sees_what_changed_of_a_sink, COUNT(sink_changes)},
		{a_secret_that_rotates_is_a_change, 1},
		{the_path_of_the_database_needs_nothing_else, COUNT(databases)},
		{every_default_is_within_its_own_bounds, 1},
		{the_sample_file_is_what_the_table_prints, 1},
		{the_sample_file_lacks_an_account_and_nothing_else, 1},
		{the_sample_file_can_be_used_line_by_line, 1},
		{the_manual_has_every_key_at_its_default, 1},
	};

	if (argc == 2 && strcmp(argv[1], "--print") == 0) {
		sample_print(stdout);
		return EXIT_SUCCESS;
	}
	return suite_run("config", tests, COUNT(tests), set_up, tear_down);
}
