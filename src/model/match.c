#include "model/match.h"

#include <fnmatch.h>
#include <string.h>

#include "base/mem.h"

static const char *const keys[] = {"account", "device", "name", "site", "type", "model"};

/* The key that the text begins with, behind which '=' stands; NULL for none. */
static const char *key_of(const char *text)
{
	for (size_t i = 0; i < COUNT(keys); i++) {
		size_t len = strlen(keys[i]);

		if (strncmp(text, keys[i], len) == 0 && text[len] == '=')
			return keys[i];
	}
	return NULL;
}

bool match_is_valid(const char *text)
{
	return key_of(text) != NULL;
}

static const char *value_of(const char *key, const char *account, const char *device_id,
			    const json_t *facts)
{
	const char *text;

	if (strcmp(key, "account") == 0)
		return account;
	if (strcmp(key, "device") == 0)
		return device_id;
	text = json_string_value(json_object_get(facts, key));
	return text != NULL ? text : "";
}

/* Whether it can be asked of what it is about: of a device any, of a site its site, of all else only
 * the account. */
static bool is_asked(const char *key, const char *device_id, const json_t *facts)
{
	return device_id != NULL || strcmp(key, "account") == 0 ||
	       json_is_string(json_object_get(facts, key));
}

bool match_all(char *const *matches, size_t n, const char *account, const char *device_id,
	       const json_t *facts)
{
	for (size_t i = 0; i < n; i++) {
		const char *key = key_of(matches[i]);

		if (!is_asked(key, device_id, facts))
			continue;
		if (fnmatch(matches[i] + strlen(key) + 1,
			    value_of(key, account, device_id, facts), 0) != 0)
			return false;
	}
	return true;
}

bool match_asks_all(char *const *matches, size_t n, const char *device_id,
		    const json_t *facts)
{
	for (size_t i = 0; i < n; i++)
		if (!is_asked(key_of(matches[i]), device_id, facts))
			return false;
	return true;
}
