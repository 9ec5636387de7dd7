/*
 * A configuration on its way in:
 *
 *   the main file, the files it includes -> their sections' entries -> what is there by default
 *
 * Each step goes on after a mistake, so that the report has all of them.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config_value.h"
#include "config_walk.h"
#include "sink/journal.h"

#define MAX_FILES 10000

/* The folder's setting is the main file's. */
#define COMPLAIN(l, s, ...) \
	config_file_problem((l)->walk.report, (l)->files[0], (s), NULL, __VA_ARGS__)

struct loading {
	struct config_walk walk;
	struct config_file **files; /* the first is the main one */
	size_t n_files, files_cap;
	unsigned n_unread; /* of them */
	struct config_file *defaults;
};

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
	config_file_problem(l->walk.report, file, NULL, NULL, "%s", err.text);
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
	for (size_t i = 0; i < l->walk.n_seen; i++) {
		if (strcmp(l->walk.seen[i].section->name, section) == 0)
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
	config_walk_file(&l->walk, file);
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
			l->walk.report, file, at, NULL,
			"flap_clear_changes is %d, and must be less than flap_changes, "
			"which is %d",
			s->flap_clear_changes, s->flap_changes);
}

/* What a rule does not say is as in alerts, wherever that stands. */
static void inherit(struct loading *l, const struct config_seen *rule)
{
	struct config *c = l->walk.c;

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
		check_flapping(l, file, alerts, &l->walk.c->alerts);
	for (size_t i = 0; i < l->walk.n_seen; i++)
		if (l->walk.seen[i].section->keys_too != NULL)
			inherit(l, &l->walk.seen[i]);
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
		l->walk.report, file, s, s == NULL ? "accounts" : NULL,
		"no account is configured; write accounts: { NAME: { ... } } as "
		"phonewatch.conf(5) shows");
}

static void read_all(struct loading *l, const char *path)
{
	if (!add_file(l, path))
		return;
	read_defaults(l);
	add_included(l);
	l->walk.main = l->files[0];
	l->walk.defaults = l->defaults;
	for (size_t i = 0; i < l->n_files; i++)
		config_walk_file(&l->walk, l->files[i]);
	inherit_all(l);
	check_has_account(l);
	if (!has_entry(l, "sinks"))
		add_default_sink(l);
}

static void init(struct loading *l, const char *path, struct config_report *report)
{
	*l = (struct loading){
		.walk = {.report = report, .c = mem_zalloc(sizeof(struct config))}};
	l->walk.c->path = mem_strdup(path);
}

static void clear(struct loading *l)
{
	for (size_t i = 0; i < l->n_files; i++)
		config_file_destroy(l->files[i]);
	free(l->files);
	config_file_destroy(l->defaults);
	config_walk_clear(&l->walk);
	config_unload(l->walk.c);
}

int config_load(const char *path, struct config **out, struct config_report *report,
		struct err *err)
{
	struct loading l;
	size_t n;

	config_report_clear(report);
	init(&l, path, report);
	read_all(&l, path);
	n = report->n_problems;
	if (n == 0) {
		*out = l.walk.c;
		l.walk.c = NULL;
	}
	clear(&l);
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
	struct loading l;
	const struct config_problem *problem;
	int rc = 0;

	init(&l, path, &report);
	read_all(&l, path);
	problem = rule_problem(&report);
	if (problem == NULL && l.n_unread > 0)
		problem = &report.problems[0];
	if (problem != NULL)
		rc = err_set(err, ERR_CONFIG, "%s", problem->text);
	else
		*out = config_rules(l.walk.c, 1);
	config_report_clear(&report);
	clear(&l);
	return rc;
}
