#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config_keys.h"
#include "config_value.h"

const char *config_sink_url(const struct sink_config *s)
{
	return s->url != NULL ? s->url : s->url_secret.text;
}

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
