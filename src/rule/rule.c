#include "rule/rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/match.h"

struct rules *rules_create(size_t n)
{
	struct rules *r = mem_zalloc(sizeof *r + n * sizeof *r->rules);

	r->n_users = 1;
	r->n = n;
	return r;
}

void rule_copy(struct rule *into, const char *name, char *const *matches,
	       size_t n_matches, const struct rule_settings *settings)
{
	*into = (struct rule){
		.name = mem_strdup(name),
		.matches = mem_copy_texts(matches, n_matches),
		.n_matches = n_matches,
		.settings = *settings,
	};
	into->settings.types = mem_copy_texts(settings->types, settings->n_types);
}

struct rules *rules_copy(const struct rules *r)
{
	struct rules *copy = rules_create(r->n);

	copy->serial = r->serial;
	for (size_t i = 0; i < r->n; i++)
		rule_copy(&copy->rules[i], r->rules[i].name, r->rules[i].matches,
			  r->rules[i].n_matches, &r->rules[i].settings);
	return copy;
}

struct rules *rules_share(struct rules *r)
{
	r->n_users++;
	return r;
}

void rules_release(struct rules *r)
{
	if (r == NULL || --r->n_users > 0)
		return;
	for (size_t i = 0; i < r->n; i++) {
		struct rule *rule = &r->rules[i];

		mem_free_texts(rule->matches, rule->n_matches);
		mem_free_texts(rule->settings.types, rule->settings.n_types);
		free(rule->name);
	}
	free(r);
}

size_t rule_of_device(const struct rules *r, const char *account, const char *device_id,
		      const json_t *facts)
{
	size_t i = 0;

	while (i + 1 < r->n && !match_all(r->rules[i].matches, r->rules[i].n_matches,
					  account, device_id, facts))
		i++;
	return i;
}

size_t rule_of_site(const struct rules *r, const char *account, const char *site)
{
	json_t *facts = site != NULL ? json_pack("{s:s}", "site", site) : NULL;
	size_t i = 0;

	for (; i + 1 < r->n; i++) {
		const struct rule *rule = &r->rules[i];

		if (match_asks_all(rule->matches, rule->n_matches, NULL, facts) &&
		    match_all(rule->matches, rule->n_matches, account, NULL, facts))
			break;
	}
	json_decref(facts);
	return i;
}

bool rules_ask_emergency(const struct rules *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->rules[i].settings.emergency_invalid_for_ms > 0)
			return true;
	return false;
}

bool rule_has_type(const struct rule_settings *s, const char *type)
{
	for (size_t i = 0; i < s->n_types; i++)
		if (strcmp(s->types[i], type) == 0)
			return true;
	return false;
}
