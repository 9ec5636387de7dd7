#include "config.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "config_file.h"
#include "config_keys.h"
#include "config_value.h"
#include "net/http.h"
#include "payload/payload.h"
#include "sink/journal.h"

#define MAX_FILES 10000

/* An entry of a section, for finding the second of its name. */
struct seen {
	const struct config_section *section;
	const config_setting_t *at;
	const struct config_file *file;
};

/* A configuration on its way in:
 *
 *   the main file, the files it includes -> their sections' entries -> what is there by default
 *
 * Each step goes on after a mistake, so that the report has all of them. */
struct loading {
	struct config *c;
	struct config_report *report;
	struct config_file **files;     /* the first is the main one */
	const struct config_file *file; /* being read */
	size_t n_files, files_cap;
	unsigned n_unread; /* of the files */
	struct config_file *defaults;
	struct seen *seen;
	size_t n_seen, seen_cap;
	size_t accounts_cap, sinks_cap, rules_cap;
};

#define COMPLAIN(l, at, ...) \
	config_file_problem((l)->report, (l)->file, (at), NULL, __VA_ARGS__)

/* ---- the sections that have entries ---- */

static void *add_account(struct loading *l, const char *name)
{
	struct config *c = l->c;
	struct account_config *a;

	c->accounts = mem_grow(c->accounts, c->n_accounts, &l->accounts_cap,
			       sizeof *c->accounts);
	a = &c->accounts[c->n_accounts++];
	*a = (struct account_config){.name = mem_strdup(name)};
	return a;
}

static void *add_sink(struct loading *l, const char *name)
{
	struct config *c = l->c;
	struct sink_config *s;

	c->sinks = mem_grow(c->sinks, c->n_sinks, &l->sinks_cap, sizeof *c->sinks);
	s = &c->sinks[c->n_sinks++];
	*s = (struct sink_config){.name = mem_strdup(name)};
	return s;
}

static void *add_rule(struct loading *l, const char *name)
{
	struct config *c = l->c;
	struct rule_config *r;

	c->rules = mem_grow(c->rules, c->n_rules, &l->rules_cap, sizeof *c->rules);
	r = &c->rules[c->n_rules++];
	*r = (struct rule_config){.name = mem_strdup(name)};
	return r;
}

/* What is put behind the server begins with a slash. */
static void finish_account(struct loading *l, const config_setting_t *at, void *entry)
{
	struct account_config *a = entry;
	size_t len = a->server != NULL ? strlen(a->server) : 0;

	(void)l;
	(void)at;
	if (len > 0 && a->server[len - 1] == '/')
		a->server[len - 1] = '\0';
}

/* Whether it will run tonight nobody knows; what cannot run now is a mistake. */
static void check_command(struct loading *l, const config_setting_t *at,
			  const struct sink_config *s)
{
	const config_setting_t *command = config_setting_get_member(at, "command");
	const char *program = s->n_command > 0 ? s->command[0] : "";
	struct stat st;

	if (program[0] != '/')
		COMPLAIN(l, command,
			 "does not begin with a program; write its absolute path, as in"
			 " [\"/usr/bin/logger\", \"-t\", \"phones\"]");
	else if (stat(program, &st) != 0)
		COMPLAIN(l, command, "cannot run its program: %s", strerror(errno));
	else if (!S_ISREG(st.st_mode) || access(program, X_OK) != 0)
		COMPLAIN(l, command, "cannot run %s: it is no program for this user",
			 program);
}

static void check_mail(struct loading *l, const config_setting_t *at,
		       const struct sink_config *s)
{
	if (s->to != NULL && s->n_to == 0)
		COMPLAIN(l, config_setting_get_member(at, "to"),
			 "is empty; write to whom, as in [\"phones@example.com\"]");
	if (s->user != NULL && s->user[0] != '\0' && s->password.text == NULL)
		COMPLAIN(l, config_setting_get_member(at, "user"),
			 "has no password; write password_file too");
	else if (s->user != NULL && s->user[0] == '\0' && s->password.text != NULL)
		COMPLAIN(l, config_setting_get_member(at, "password_file"),
			 "is nobody's password; write user too");
}

const char *config_sink_url(const struct sink_config *s)
{
	return s->url != NULL ? s->url : s->url_secret.text;
}

static bool is_empty(const config_setting_t *s)
{
	return s->type == CONFIG_TYPE_STRING && s->value.sval[0] == '\0';
}

static void check_url(struct loading *l, const config_setting_t *at,
		      const struct sink_config *s)
{
	const config_setting_t *url = config_setting_get_member(at, "url");
	const config_setting_t *file = config_setting_get_member(at, "url_file");
	const char *text = config_sink_url(s);

	if (url == NULL && file != NULL && is_empty(file))
		COMPLAIN(l, file, "is empty; name the file of the URL, or give url");
	else if (url != NULL && file != NULL && !is_empty(file))
		COMPLAIN(l, file, "url is there too; remove one");
	else if (text != NULL && !s->allow_http && strncasecmp(text, "http:", 5) == 0 &&
		 !http_is_loopback(text))
		COMPLAIN(l, url != NULL ? url : file,
			 "plain http goes to this machine only; write https, or "
			 "allow_http = true");
}

static void check_payload_secret(struct loading *l, const config_setting_t *at,
				 const struct sink_config *s)
{
	const config_setting_t *format = config_setting_get_member(at, "format");
	const config_setting_t *file =
		config_setting_get_member(at, "payload_secret_file");

	if (s->program == NULL || s->payload_secret.len > 0 ||
	    !payload_needs_secret(format->value.sval))
		return;
	if (file != NULL && !is_empty(file))
		return; /* what is wrong with it was said */
	COMPLAIN(
		l, format,
		"%s needs its routing key; write payload_secret_file = \"NAME\", the file "
		"that holds it",
		format->value.sval);
}

/* "NAME: VALUE", NAME a token of RFC 9110. */
static bool is_header(const char *text)
{
	static const char token[] =
		"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t len = strspn(text, token);
	const char *value = text + len + 1;

	if (len == 0 || text[len] != ':')
		return false;
	value += strspn(value, " ");
	for (const char *c = value; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			return false;
	return *value != '\0';
}

static void check_header(struct loading *l, const config_setting_t *at,
			 const struct sink_config *s)
{
	if (s->header.text != NULL && !is_header(s->header.text))
		COMPLAIN(l, config_setting_get_member(at, "header_file"),
			 "holds no header; write \"NAME: VALUE\" into the file");
}

/* They open and close something for each event: one in a digest would never be closed. */
static void check_gathering(struct loading *l, const config_setting_t *at)
{
	static const char *const keys[] = {"group_wait", "group_by", "rate_max", "quiet"};
	const config_setting_t *format = config_setting_get_member(at, "format");

	if (format == NULL || format->type != CONFIG_TYPE_STRING ||
	    (strcmp(format->value.sval, "pagerduty") != 0 &&
	     strcmp(format->value.sval, "alertmanager") != 0))
		return;
	for (size_t i = 0; i < COUNT(keys); i++) {
		const config_setting_t *s = config_setting_get_member(at, keys[i]);

		if (s != NULL)
			COMPLAIN(l, s, "not with %s, which groups for itself; remove it",
				 format->value.sval);
	}
}

static void finish_sink(struct loading *l, const config_setting_t *at, void *entry)
{
	const struct sink_config *s = entry;

	if (s->kind == SINK_MAIL)
		check_mail(l, at, s);
	if (s->kind == SINK_EXEC && s->command != NULL)
		check_command(l, at, s);
	if (s->kind != SINK_WEBHOOK)
		return;
	check_url(l, at, s);
	check_payload_secret(l, at, s);
	check_header(l, at, s);
	check_gathering(l, at);
}

static const struct entry_kind {
	const char *section;
	/* A new entry, good until the next. */
	void *(*add)(struct loading *l, const char *name);
	/* What takes more than one key to see; NULL: nothing does. */
	void (*finish)(struct loading *l, const config_setting_t *at, void *entry);
} entry_kinds[] = {
	{"accounts", add_account, finish_account},
	{"sinks", add_sink, finish_sink},
	{"rules", add_rule, NULL},
};

static const struct entry_kind *entry_kind_of(const struct config_section *section)
{
	for (size_t i = 0; i < COUNT(entry_kinds); i++) {
		if (strcmp(entry_kinds[i].section, section->name) == 0)
			return &entry_kinds[i];
	}
	return NULL;
}

/* ---- the walk ---- */

static void refuse_unknown(struct loading *l, const config_setting_t *s, const char *near)
{
	if (near != NULL)
		COMPLAIN(l, s, "unknown; did you mean \"%s\"?", near);
	else
		COMPLAIN(l, s, "unknown; remove it, or see phonewatch.conf(5)");
}

/* A key that is not given. Returns 0, or ERR_CONFIG where it must be. */
static int read_default(struct loading *l, const struct config_section *section,
			const struct config_key *key, const config_setting_t *group,
			void *base)
{
	config_setting_t *s = l->defaults->parsed.root;
	char *example;

	if (key->fallback == NULL) {
		example = config_key_written(key, key->example);
		config_file_problem(l->report, l->file, group, key->name,
				    "missing; write %s = %s", key->name, example);
		free(example);
		return ERR_CONFIG;
	}
	if (section->name[0] != '\0')
		s = config_setting_get_member(s, section->name);
	s = config_setting_get_member(s, key->name);
	return config_value_read(base, key, s, l->defaults, l->report);
}

/* All keys of a group, given or not. Where there are kinds, their key is the first. */
static void read_keys(struct loading *l, const struct config_section *section,
		      const config_setting_t *group, void *base)
{
	unsigned kind = 0; /* while it is not known */
	int rc;

	for (const struct config_key *k = section->keys; k->name != NULL; k++) {
		const config_setting_t *s = config_setting_get_member(group, k->name);

		if (k->kinds != 0 && (k->kinds & kind) == 0) {
			if (s != NULL && kind != 0)
				COMPLAIN(l, s, "not of this kind of sink; remove it");
			if (s == NULL || kind != 0)
				continue;
		}
		if (s == NULL && k->later != NULL)
			continue;
		if (s == NULL && k->unless != NULL &&
		    config_setting_get_member(group, k->unless) != NULL)
			continue;
		rc = s != NULL ? config_value_read(base, k, s, l->file, l->report)
			       : read_default(l, section, k, group, base);
		if (rc == 0 && strcmp(k->name, "kind") == 0)
			kind = CONFIG_KIND(*(const int *)(void *)((char *)base + k->at));
	}
}

/* Of the further keys those that are given. */
static void read_own(struct loading *l, const struct config_section *section,
		     const config_setting_t *group, void *base)
{
	for (const struct config_key *k = section->keys_too; k != NULL && k->name != NULL;
	     k++) {
		const config_setting_t *s = config_setting_get_member(group, k->name);

		if (s != NULL)
			(void)config_value_read(base, k, s, l->file, l->report);
	}
}

static void find_unknown(struct loading *l, const struct config_section *section,
			 const config_setting_t *group)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);

		if (config_key_find(section, s->name) == NULL)
			refuse_unknown(l, s, config_key_near(section, s->name));
	}
}

/* Is this the first entry of its name, and may it have that name? */
static bool check_name(struct loading *l, const struct config_section *section,
		       const config_setting_t *s)
{
	if (strlen(s->name) > CONFIG_MAX_NAME_BYTES) {
		COMPLAIN(l, s, "this name is too long; at most %d letters",
			 CONFIG_MAX_NAME_BYTES);
		return false;
	}
	for (size_t i = 0; i < l->n_seen; i++) {
		const struct seen *other = &l->seen[i];

		if (other->section != section || strcmp(other->at->name, s->name) != 0)
			continue;
		COMPLAIN(l, s,
			 "this name stands at %s:%u already; rename one or remove it",
			 other->file->path, other->at->line);
		return false;
	}
	l->seen = mem_grow(l->seen, l->n_seen, &l->seen_cap, sizeof *l->seen);
	l->seen[l->n_seen++] = (struct seen){section, s, l->file};
	return true;
}

static void read_entry(struct loading *l, const struct config_section *section,
		       const config_setting_t *s)
{
	const struct entry_kind *kind = entry_kind_of(section);
	void *entry;

	if (!check_name(l, section, s))
		return;
	entry = kind->add(l, s->name);
	find_unknown(l, section, s);
	read_keys(l, section, s, entry);
	read_own(l, section, s, entry);
	if (kind->finish != NULL)
		kind->finish(l, s, entry);
}

/* A section that is not built yet is refused once; what is unknown in it, too. */
static void refuse_section(struct loading *l, const struct config_section *section,
			   const config_setting_t *s)
{
	COMPLAIN(l, s, "not yet: %s; remove it", section->later);
	if (section->examples == NULL)
		find_unknown(l, section, s);
	for (int i = 0; section->examples != NULL && i < config_setting_length(s); i++) {
		const config_setting_t *child = config_setting_get_elem(s, (unsigned)i);

		if (config_setting_is_group(child))
			find_unknown(l, section, child);
	}
}

/* A section of keys, not of entries, is a part of the configuration itself. */
static void *part_of(struct loading *l, const struct config_section *section)
{
	return (char *)l->c + section->at;
}

static bool has_keys_only(const struct config_section *section)
{
	return section->examples == NULL && section->later == NULL &&
	       section->name[0] != '\0';
}

static void read_absent(struct loading *l, const struct config_section *section)
{
	for (const struct config_key *k = section->keys; k->name != NULL; k++)
		if (k->later == NULL)
			read_default(l, section, k, NULL, part_of(l, section));
}

static void read_section(struct loading *l, const struct config_section *section,
			 const config_setting_t *s)
{
	if (!config_setting_is_group(s)) {
		COMPLAIN(l, s, "expected a section; write %s: { ... }", s->name);
		return;
	}
	if (section->later != NULL) {
		refuse_section(l, section, s);
		return;
	}
	if (has_keys_only(section)) {
		find_unknown(l, section, s);
		read_keys(l, section, s, part_of(l, section));
		return;
	}
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *child = config_setting_get_elem(s, (unsigned)i);

		if (!config_setting_is_group(child))
			COMPLAIN(l, child,
				 "expected a section; write %s: { NAME: { ... } }",
				 section->name);
		else
			read_entry(l, section, child);
	}
}

/* The sections of a file; of the main one the keys at the top level too. */
static void read_sections(struct loading *l, const struct config_file *file)
{
	const struct config_section *top = config_section_find("");
	const config_setting_t *root = file->parsed.root;
	bool is_main = file == l->files[0];

	l->file = file;
	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *s = config_setting_get_elem(root, (unsigned)i);
		const struct config_section *section = config_section_find(s->name);

		if (section == NULL && config_key_find(top, s->name) == NULL)
			refuse_unknown(l, s, config_section_near(s->name));
		else if (!is_main && (section == NULL || !section->may_be_included))
			COMPLAIN(l, s,
				 "belongs into %s; an included file has accounts, "
				 "sinks and rules",
				 l->files[0]->path);
		else if (section != NULL)
			read_section(l, section, s);
	}
	if (!is_main)
		return;
	read_keys(l, top, root, l->c);
	for (const struct config_section *section = config_sections;
	     section->name != NULL; section++)
		if (has_keys_only(section) &&
		    config_setting_get_member(root, section->name) == NULL)
			read_absent(l, section);
}

/* ---- the files ---- */

static void keep_file(struct loading *l, struct config_file *file)
{
	l->files = mem_grow(l->files, l->n_files, &l->files_cap, sizeof *l->files);
	file->order = (unsigned)l->n_files;
	l->files[l->n_files++] = file;
}

/* Returns whether it could be read. */
static bool add_file(struct loading *l, const char *path)
{
	struct config_file *file;
	struct err err;
	int rc = config_file_read(path, &file, &err);

	keep_file(l, file);
	if (rc == 0)
		return true;
	config_file_problem(l->report, file, NULL, NULL, "%s", err.text);
	l->n_unread++;
	return false;
}

static int is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 &&
	       strcmp(entry->d_name + len - 5, ".conf") == 0;
}

/* Not alphasort(), whose order changes with the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_folder(struct loading *l, const config_setting_t *s, const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_conf, by_name);

	if (n < 0 && (errno == ENOENT || errno == ENAMETOOLONG)) {
		COMPLAIN(l, s, "no such folder; write the path of one");
		return;
	}
	if (n < 0) {
		COMPLAIN(l, s, "cannot read folder %s: %s", folder, strerror(errno));
		return;
	}
	if (n > MAX_FILES)
		COMPLAIN(l, s, "%d files in folder %s; at most %d", n, folder, MAX_FILES);
	for (int i = 0; i < n; i++) {
		char *path = mem_printf("%s/%s", folder, entries[i]->d_name);

		if (n <= MAX_FILES)
			add_file(l, path);
		free(path);
		free(entries[i]);
	}
	free(entries);
}

static void add_included(struct loading *l)
{
	const struct config_file *file = l->files[0];
	const config_setting_t *s =
		config_setting_get_member(file->parsed.root, "include");
	char *folder;
	size_t len;

	if (s == NULL || s->type != CONFIG_TYPE_STRING || s->value.sval[0] == '\0')
		return; /* if it is wrong, the walk says so */
	l->file = file;
	folder = config_file_beside(file->path, s->value.sval);
	len = strlen(folder);
	if (len > 1 && folder[len - 1] == '/')
		folder[len - 1] = '\0';
	add_folder(l, s, folder);
	free(folder);
}

/* ---- what is there by default ---- */

static bool has_entry(const struct loading *l, const char *section)
{
	for (size_t i = 0; i < l->n_seen; i++) {
		if (strcmp(l->seen[i].section->name, section) == 0)
			return true;
	}
	return false;
}

/* The sink that is there without any: written as a user would, and read like it. */
static void add_default_sink(struct loading *l)
{
	const char *kind = journal_is_there() ? "journal" : "syslog";
	char *text = mem_printf("sinks: { %s: { kind = \"%s\" } }", kind, kind);
	struct config_file *file;
	struct err err;
	int rc = config_file_read_text("default", text, &file, &err);

	assert(rc == 0);
	keep_file(l, file);
	read_sections(l, file);
	free(text);
}

static void read_defaults(struct loading *l)
{
	struct err err;
	char *text = config_keys_defaults();
	int rc = config_file_read_text("defaults", text, &l->defaults, &err);

	assert(rc == 0); /* a test reads every default */
	free(text);
}

/* As many turns as begin it would end it, and begin it anew. One that could not be read is 0. */
static void check_flapping(struct loading *l, const struct config_file *file,
			   const config_setting_t *section, const struct rule_settings *s)
{
	const config_setting_t *at =
		config_setting_get_member(section, "flap_clear_changes");

	if (at == NULL)
		at = config_setting_get_member(section, "flap_changes");
	if (at != NULL && s->flap_changes > 0 && s->flap_clear_changes >= s->flap_changes)
		config_file_problem(
			l->report, file, at, NULL,
			"flap_clear_changes is %d, and must be less than flap_changes, "
			"which is %d",
			s->flap_clear_changes, s->flap_changes);
}

/* What a rule does not say is as in alerts, wherever that stands. */
static void inherit(struct loading *l, const struct seen *rule)
{
	struct config *c = l->c;

	for (size_t i = 0; i < c->n_rules; i++) {
		if (strcmp(c->rules[i].name, rule->at->name) != 0)
			continue;
		for (const struct config_key *k = rule->section->keys_too;
		     k->name != NULL; k++)
			if (config_setting_get_member(rule->at, k->name) == NULL)
				config_value_copy(&c->rules[i].settings, &c->alerts, k);
		check_flapping(l, rule->file, rule->at, &c->rules[i].settings);
	}
}

static void inherit_all(struct loading *l)
{
	const struct config_file *file = l->files[0];
	const config_setting_t *alerts =
		config_setting_get_member(file->parsed.root, "alerts");

	if (alerts != NULL && config_setting_is_group(alerts))
		check_flapping(l, file, alerts, &l->c->alerts);
	for (size_t i = 0; i < l->n_seen; i++)
		if (l->seen[i].section->keys_too != NULL)
			inherit(l, &l->seen[i]);
}

/* Where something is wrong with the section, or with a file that may have one, that was said. */
static void check_has_account(struct loading *l)
{
	const struct config_file *file = l->files[0];
	const config_setting_t *s =
		config_setting_get_member(file->parsed.root, "accounts");

	if (has_entry(l, "accounts") || l->n_unread > 0 ||
	    (s != NULL && (!config_setting_is_group(s) || config_setting_length(s) > 0)))
		return;
	config_file_problem(
		l->report, file, s, s == NULL ? "accounts" : NULL,
		"no account is configured; write accounts: { NAME: { ... } } as "
		"phonewatch.conf(5) shows");
}

static void read_all(struct loading *l, const char *path)
{
	if (!add_file(l, path))
		return;
	read_defaults(l);
	add_included(l);
	for (size_t i = 0; i < l->n_files; i++)
		read_sections(l, l->files[i]);
	inherit_all(l);
	check_has_account(l);
	if (!has_entry(l, "sinks"))
		add_default_sink(l);
}

static void loading_clear(struct loading *l)
{
	for (size_t i = 0; i < l->n_files; i++)
		config_file_destroy(l->files[i]);
	free(l->files);
	config_file_destroy(l->defaults);
	free(l->seen);
	config_unload(l->c);
}

int config_load(const char *path, struct config **out, struct config_report *report,
		struct err *err)
{
	struct loading l = {.c = mem_zalloc(sizeof *l.c), .report = report};
	size_t n;

	config_report_clear(report);
	l.c->path = mem_strdup(path);
	read_all(&l, path);
	n = report->n_problems;
	if (n == 0) {
		*out = l.c;
		l.c = NULL;
	}
	loading_clear(&l);
	if (n == 0)
		return 0;
	if (n == 1)
		return err_set(err, ERR_CONFIG, "%s", report->problems[0].text);
	return err_set(err, ERR_CONFIG, "%s: %zu mistakes", path, n);
}

/* Those mistakes count that are of what is asked for. */
static const struct config_problem *rule_problem(const struct config_report *report)
{
	for (size_t i = 0; i < report->n_problems; i++)
		if (strstr(report->problems[i].text, "alerts") != NULL ||
		    strstr(report->problems[i].text, "rules") != NULL)
			return &report->problems[i];
	return NULL;
}

int config_load_rules(const char *path, struct rules **out, struct err *err)
{
	struct config_report report = {0};
	struct loading l = {.c = mem_zalloc(sizeof *l.c), .report = &report};
	const struct config_problem *problem;
	int rc = 0;

	l.c->path = mem_strdup(path);
	read_all(&l, path);
	problem = rule_problem(&report);
	if (problem == NULL && l.n_unread > 0)
		problem = &report.problems[0];
	if (problem != NULL)
		rc = err_set(err, ERR_CONFIG, "%s", problem->text);
	else
		*out = config_rules(l.c, 1);
	config_report_clear(&report);
	loading_clear(&l);
	return rc;
}

/* ---- what was read ---- */

struct rules *config_rules(const struct config *config, unsigned serial)
{
	struct rules *rules = rules_create(config->n_rules + 1);

	rules->serial = serial;
	for (size_t i = 0; i < config->n_rules; i++) {
		const struct rule_config *r = &config->rules[i];

		rule_copy(&rules->rules[i], r->name, r->match, r->n_match, &r->settings);
	}
	rule_copy(&rules->rules[config->n_rules], "alerts", NULL, 0, &config->alerts);
	return rules;
}

static const struct config_key *keys_of(const char *section)
{
	return config_section_find(section)->keys;
}

void config_unload(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_accounts; i++) {
		free(c->accounts[i].name);
		config_values_clear(&c->accounts[i], keys_of("accounts"));
	}
	for (size_t i = 0; i < c->n_sinks; i++) {
		free(c->sinks[i].name);
		config_values_clear(&c->sinks[i], keys_of("sinks"));
	}
	for (size_t i = 0; i < c->n_rules; i++) {
		free(c->rules[i].name);
		config_values_clear(&c->rules[i], keys_of("rules"));
		config_values_clear(&c->rules[i].settings, keys_of("alerts"));
	}
	config_values_clear(&c->alerts, keys_of("alerts"));
	config_values_clear(c, keys_of(""));
	free(c->rules);
	free(c->accounts);
	free(c->sinks);
	free(c->path);
	free(c);
}

bool config_account_same(const struct account_config *a, const struct account_config *b)
{
	return strcmp(a->name, b->name) == 0 &&
	       config_values_same(a, b, keys_of("accounts"), CONFIG_ALL);
}

bool config_account_credentials_same(const struct account_config *a,
				     const struct account_config *b)
{
	return config_values_same(a, b, keys_of("accounts"), CONFIG_CREDENTIALS);
}

static void keep_text(char **text, const char *other)
{
	free(*text);
	*text = mem_strdup(other);
}

void config_account_keep_credentials(struct account_config *a,
				     const struct account_config *others)
{
	a->keeps_credentials = true;
	keep_text(&a->server, others->server);
	keep_text(&a->client_id, others->client_id);
	secret_set(&a->client_secret, others->client_secret.text,
		   others->client_secret.len);
	secret_set(&a->jwt, others->jwt.text, others->jwt.len);
	assert(config_account_credentials_same(a, others));
}

bool config_sink_same(const struct sink_config *a, const struct sink_config *b)
{
	return strcmp(a->name, b->name) == 0 &&
	       config_values_same(a, b, keys_of("sinks"), CONFIG_ALL);
}
