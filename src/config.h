/* The configuration: phonewatch.conf and the files that it includes, read, checked and kept.
 *
 * The syntax is libconfig's. Every key is a row of the table in config_keys.c; one walk over the
 * settings against that table finds every mistake. phonewatch.conf(5) is the manual for people.
 *
 * libconfig owns the names config_destroy, config_init and config_read: hence load and unload. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "model/sink_kind.h"
#include "rule/rule.h"

enum devices_via { VIA_AUTO, VIA_ACCOUNT, VIA_EXTENSIONS };

/* One RingCentral account, seen with one set of credentials. */
struct account_config {
	char *name;   /* its title; unique */
	char *server; /* "https://HOST[:PORT]", or http:// to loopback; nothing behind it */
	char *client_id;
	struct secret client_secret;
	struct secret jwt;
	int64_t interval_ms;
	enum devices_via devices_via;
	int budget_share; /* percent, 1 to 100 */
	char **ignore_types;
	size_t n_ignore_types;
	int64_t location_every_ms; /* 0: each one */
	bool keeps_credentials;    /* after a reload: changed ones wait for a restart */
	char *ca_file;             /* NULL: the system's */
	char *heartbeat_url;       /* "": none. May hold a secret: never print it */
};

/* Somebody to be told. */
struct sink_config {
	char *name; /* its title; unique */
	enum sink_kind kind;
	char *address; /* syslog: see sink/syslog_address.h; else NULL */
	char *url;     /* webhook; NULL where url_secret has it. Ask config_sink_url() */
	struct secret url_secret;
	char *program; /* webhook: of its format, as payload_read() has it; NULL: the event */
	struct secret payload_secret; /* webhook: what the program has as $secret */
	struct secret header;         /* webhook: "NAME: VALUE" of each request; none */
	struct secret *secrets; /* webhook: each "whsec_" and base64 of 24 to 64 bytes */
	size_t n_secrets;       /* 0: requests are not signed */
	char **events;          /* shell patterns of event types; one match is enough */
	size_t n_events;
	char **match; /* "KEY=PATTERN": account site type model device name; all must hold */
	size_t n_match;
	bool personal_data;
	char *ca_file; /* of its receiver; NULL: the system's */
	bool allow_http;
	int64_t group_wait_ms;
	char **group_by; /* members of a device's facts */
	size_t n_group_by;
	int rate_max; /* an hour; 0: any number */
	char **quiet; /* windows */
	size_t n_quiet;
	char *server; /* mail: "smtp://HOST[:PORT]" or "smtps://HOST[:PORT]" */
	char *from;   /* mail: an address */
	char **to;    /* mail: addresses */
	size_t n_to;
	char *user; /* mail; "": no login */
	struct secret password;
	bool allow_plain;
	char **command; /* exec: the path of a program, then its arguments */
	size_t n_command;
	int64_t time_limit_ms; /* exec */
};

/* What is alerted otherwise for some devices. */
struct rule_config {
	struct rule_settings settings; /* what it does not say is as in alerts */
	char *name;                    /* its title; unique */
	char **match;                  /* as of a sink */
	size_t n_match;
};

struct config {
	char *path;     /* as given to config_load() */
	char *database; /* a relative one is relative to the folder of the configuration */
	enum log_level log_level;
	char *heartbeat_url; /* of all accounts; as an account's */
	int64_t keep_events_ms, keep_spans_ms, keep_deliveries_ms,
		keep_days_ms;            /* retention */
	struct account_config *accounts; /* in the order of the files; at least one */
	size_t n_accounts;
	struct sink_config
		*sinks; /* at least one: without any there is the journal, or syslog */
	size_t n_sinks;
	struct rule_settings alerts; /* of all devices for which there is no rule */
	struct rule_config
		*rules; /* in the order of the files; the first that fits counts */
	size_t n_rules;
};

/* One mistake, ready to be shown: "FILE:LINE: path.to.key: what is wrong; what would be right".
 * Safe for a terminal, without a newline. It names keys, and files that exist; it repeats no value
 * of a text, which may be a secret that was written in the wrong place. */
struct config_problem {
	unsigned file; /* in the order of reading */
	unsigned line; /* 0 where it belongs to no line */
	char *text;
};

/* All zero: no mistake. */
struct config_report {
	struct config_problem *problems; /* by file and line */
	size_t n_problems;
	size_t cap;
};

/*
 * Read and check a configuration, the files that it includes and the secrets that it names.
 *
 * Limits  1 MiB a file; a FIFO or a device is refused, never waited for
 *
 * out     config_unload() frees it. Unchanged on error.
 * report  gets every mistake, not only the first; config_report_clear() frees them.
 *
 * Returns 0 or ERR_CONFIG; err says how many mistakes there are, or the only one.
 */
int config_load(const char *path, struct config **out, struct config_report *report,
		struct err *err);
void config_unload(struct config *c);

/* In order; what is said of all devices is the last one. The caller's. */
struct rules *config_rules(const struct config *c, unsigned serial);
/* Those of a configuration of which nothing else need be right, or readable. Returns 0 or ERR_CONFIG. */
int config_load_rules(const char *path, struct rules **out, struct err *err);

/* One mistake a line, to a file or as errors of the log. */
void config_report_print(const struct config_report *report, FILE *out);
void config_report_log(const struct config_report *report);
void config_report_clear(struct config_report *report);

/* Where a webhook posts to; NULL of other kinds. May hold credentials: never print it. */
const char *config_sink_url(const struct sink_config *s);

/* What a reload asks: is everything the same, the contents of the secrets too? */
bool config_account_same(const struct account_config *a, const struct account_config *b);
bool config_sink_same(const struct sink_config *a, const struct sink_config *b);
/* The same server, client id, client secret and JWT? A token of one is then one of the other. */
bool config_account_credentials_same(const struct account_config *a,
				     const struct account_config *b);
/* Give one the credentials of another, all four: they are good together only. */
void config_account_keep_credentials(struct account_config *a,
				     const struct account_config *others);

/*
 * Only the path of the database, for the command line program: reads no secret and no included
 * file, and forgives every mistake but those of syntax and of this one key.
 *
 * database  the caller frees it. Unchanged on error.
 *
 * Returns 0 or ERR_CONFIG.
 */
int config_database_path(const char *path, char **database, struct err *err);

#endif
