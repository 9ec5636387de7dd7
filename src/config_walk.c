#include "config_walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config_sink.h"
#include "config_value.h"

#define COMPLAIN(w, at, ...) \
	config_file_problem((w)->report, (w)->file, (at), NULL, __VA_ARGS__)

/* ---- the sections that have entries ---- */

static void *add_account(struct config_walk *w, const char *name)
{
	struct config *c = w->c;
	struct account_config *a;

	c->accounts = mem_grow(c->accounts, c->n_accounts, &w->accounts_cap,
			       sizeof *c->accounts);
	a = &c->accounts[c->n_accounts++];
	*a = (struct account_config){.name = mem_strdup(name)};
	return a;
}

static void *add_sink(struct config_walk *w, const char *name)
{
	struct config *c = w->c;
	struct sink_config *s;

	c->sinks = mem_grow(c->sinks, c->n_sinks, &w->sinks_cap, sizeof *c->sinks);
	s = &c->sinks[c->n_sinks++];
	*s = (struct sink_config){.name = mem_strdup(name)};
	return s;
}

static void *add_rule(struct config_walk *w, const char *name)
{
	struct config *c = w->c;
	struct rule_config *r;

	c->rules = mem_grow(c->rules, c->n_rules, &w->rules_cap, sizeof *c->rules);
	r = &c->rules[c->n_rules++];
	*r = (struct rule_config){.name = mem_strdup(name)};
	return r;
}

/* What is put behind the server begins with a slash. */
static void finish_account(struct config_walk *w, const config_setting_t *at, void *entry)
{
	struct account_config *a = entry;
	size_t len = a->server != NULL ? strlen(a->server) : 0;

	(void)w;
	(void)at;
	if (len > 0 && a->server[len - 1] == '/')
		a->server[len - 1] = '\0';
}

static void finish_sink(struct config_walk *w, const config_setting_t *at, void *entry)
{
	config_sink_check(entry, at, w->file, w->report);
}

static const struct entry_kind {
	const char *section;
	/* A new entry, good until the next. */
	void *(*add)(struct config_walk *w, const char *name);
	/* What takes more than one key to see; NULL: nothing does. */
	void (*finish)(struct config_walk *w, const config_setting_t *at, void *entry);
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

static void refuse_unknown(struct config_walk *w, const config_setting_t *s,
			   const char *near)
{
	if (near != NULL)
		COMPLAIN(w, s, "unknown; did you mean \"%s\"?", near);
	else
		COMPLAIN(w, s, "unknown; remove it, or see phonewatch.conf(5)");
}

/* A key that is not given. Returns 0, or ERR_CONFIG where it must be. */
static int read_default(struct config_walk *w, const struct config_section *section,
			const struct config_key *key, const config_setting_t *group,
			void *base)
{
	config_setting_t *s = w->defaults->parsed.root;
	char *example;

	if (key->fallback == NULL) {
		example = config_key_written(key, key->example);
		config_file_problem(w->report, w->file, group, key->name,
				    "missing; write %s = %s", key->name, example);
		free(example);
		return ERR_CONFIG;
	}
	if (section->name[0] != '\0')
		s = config_setting_get_member(s, section->name);
	s = config_setting_get_member(s, key->name);
	return config_value_read(base, key, s, w->defaults, w->report);
}

/* All keys of a group, given or not. Where there are kinds, their key is the first. */
static void read_keys(struct config_walk *w, const struct config_section *section,
		      const config_setting_t *group, void *base)
{
	unsigned kind = 0; /* while it is not known */
	int rc;

	for (const struct config_key *k = section->keys; k->name != NULL; k++) {
		const config_setting_t *s = config_setting_get_member(group, k->name);

		if (k->kinds != 0 && (k->kinds & kind) == 0) {
			if (s != NULL && kind != 0)
				COMPLAIN(w, s, "not of this kind of sink; remove it");
			if (s == NULL || kind != 0)
				continue;
		}
		if (s == NULL && k->later != NULL)
			continue;
		if (s == NULL && k->unless != NULL &&
		    config_setting_get_member(group, k->unless) != NULL)
			continue;
		rc = s != NULL ? config_value_read(base, k, s, w->file, w->report)
			       : read_default(w, section, k, group, base);
		if (rc == 0 && strcmp(k->name, "kind") == 0)
			kind = CONFIG_KIND(*(const int *)(void *)((char *)base + k->at));
	}
}

/* Of the further keys those that are given. */
static void read_own(struct config_walk *w, const struct config_section *section,
		     const config_setting_t *group, void *base)
{
	for (const struct config_key *k = section->keys_too; k != NULL && k->name != NULL;
	     k++) {
		const config_setting_t *s = config_setting_get_member(group, k->name);

		if (s != NULL)
			(void)config_value_read(base, k, s, w->file, w->report);
	}
}

static void find_unknown(struct config_walk *w, const struct config_section *section,
			 const config_setting_t *group)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);

		if (config_key_find(section, s->name) == NULL)
			refuse_unknown(w, s, config_key_near(section, s->name));
	}
}

/* Is this the first entry of its name, and may it have that name? */
static bool check_name(struct config_walk *w, const struct config_section *section,
		       const config_setting_t *s)
{
	if (strlen(s->name) > CONFIG_MAX_NAME_BYTES) {
		COMPLAIN(w, s, "this name is too long; at most %d letters",
			 CONFIG_MAX_NAME_BYTES);
		return false;
	}
	for (size_t i = 0; i < w->n_seen; i++) {
		const struct config_seen *other = &w->seen[i];

		if (other->section != section || strcmp(other->at->name, s->name) != 0)
			continue;
		COMPLAIN(w, s,
			 "this name stands at %s:%u already; rename one or remove it",
			 other->file->path, other->at->line);
		return false;
	}
	w->seen = mem_grow(w->seen, w->n_seen, &w->seen_cap, sizeof *w->seen);
	w->seen[w->n_seen++] = (struct config_seen){section, s, w->file};
	return true;
}

static void read_entry(struct config_walk *w, const struct config_section *section,
		       const config_setting_t *s)
{
	const struct entry_kind *kind = entry_kind_of(section);
	void *entry;

	if (!check_name(w, section, s))
		return;
	entry = kind->add(w, s->name);
	find_unknown(w, section, s);
	read_keys(w, section, s, entry);
	read_own(w, section, s, entry);
	if (kind->finish != NULL)
		kind->finish(w, s, entry);
}

/* A section that is not built yet is refused once; what is unknown in it, too. */
static void refuse_section(struct config_walk *w, const struct config_section *section,
			   const config_setting_t *s)
{
	COMPLAIN(w, s, "not yet: %s; remove it", section->later);
	if (section->examples == NULL)
		find_unknown(w, section, s);
	for (int i = 0; section->examples != NULL && i < config_setting_length(s); i++) {
		const config_setting_t *child = config_setting_get_elem(s, (unsigned)i);

		if (config_setting_is_group(child))
			find_unknown(w, section, child);
	}
}

/* A section of keys, not of entries, is a part of the configuration itself. */
static void *part_of(struct config_walk *w, const struct config_section *section)
{
	return (char *)w->c + section->at;
}

static bool has_keys_only(const struct config_section *section)
{
	return section->examples == NULL && section->later == NULL &&
	       section->name[0] != '\0';
}

static void read_absent(struct config_walk *w, const struct config_section *section)
{
	for (const struct config_key *k = section->keys; k->name != NULL; k++)
		if (k->later == NULL)
			read_default(w, section, k, NULL, part_of(w, section));
}

static void read_section(struct config_walk *w, const struct config_section *section,
			 const config_setting_t *s)
{
	if (!config_setting_is_group(s)) {
		COMPLAIN(w, s, "expected a section; write %s: { ... }", s->name);
		return;
	}
	if (section->later != NULL) {
		refuse_section(w, section, s);
		return;
	}
	if (has_keys_only(section)) {
		find_unknown(w, section, s);
		read_keys(w, section, s, part_of(w, section));
		return;
	}
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *child = config_setting_get_elem(s, (unsigned)i);

		if (!config_setting_is_group(child))
			COMPLAIN(w, child,
				 "expected a section; write %s: { NAME: { ... } }",
				 section->name);
		else
			read_entry(w, section, child);
	}
}

void config_walk_file(struct config_walk *w, const struct config_file *file)
{
	const struct config_section *top = config_section_find("");
	const config_setting_t *root = file->parsed.root;
	bool is_main = file == w->main;

	w->file = file;
	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *s = config_setting_get_elem(root, (unsigned)i);
		const struct config_section *section = config_section_find(s->name);

		if (section == NULL && config_key_find(top, s->name) == NULL)
			refuse_unknown(w, s, config_section_near(s->name));
		else if (!is_main && (section == NULL || !section->may_be_included))
			COMPLAIN(w, s,
				 "belongs into %s; an included file has accounts, "
				 "sinks and rules",
				 w->main->path);
		else if (section != NULL)
			read_section(w, section, s);
	}
	if (!is_main)
		return;
	read_keys(w, top, root, w->c);
	for (const struct config_section *section = config_sections;
	     section->name != NULL; section++)
		if (has_keys_only(section) &&
		    config_setting_get_member(root, section->name) == NULL)
			read_absent(w, section);
}

void config_walk_clear(struct config_walk *w)
{
	free(w->seen);
}
