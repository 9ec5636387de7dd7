/* Shell patterns over facts. The first line is a match, the second the fact that it is held against. */
#include "lib/fuzz.h"

#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "model/match.h"
#include "model/silence.h"

static bool holds(char *match, const char *fact)
{
	const char *equals = strchr(match, '=');
	char *key = mem_strndup(match, (size_t)(equals - match));
	json_t *facts = json_object(), *value = json_string(fact);
	bool found;

	if (value != NULL) /* UTF-8 */
		json_object_set_new(facts, key, value);
	else
		fact = "";
	found = match_all(&match, 1, fact, fact, facts);
	REQUIRE(match_asks_all(&match, 1, "1", facts));
	match_asks_all(&match, 1, NULL, NULL);
	json_decref(facts);
	free(key);
	return found;
}

/* Each character by itself, behind a backslash. */
static char *literally(const char *match, const char *fact)
{
	size_t key = (size_t)(strchr(match, '=') - match) + 1, n = key;
	char *text = mem_alloc(key + 2 * strlen(fact) + 1);

	memcpy(text, match, key);
	for (; *fact != '\0'; fact++) {
		text[n++] = '\\';
		text[n++] = *fact;
	}
	text[n] = '\0';
	return text;
}

static void check(char *match, const char *fact)
{
	bool is_valid = match_is_valid(match);
	char *literal;
	json_t *utf8;

	REQUIRE(!is_valid || silence_match_is_valid(match));
	if (!is_valid)
		return;
	holds(match, fact);
	utf8 = json_string(fact);
	literal = literally(match, fact);
	REQUIRE(utf8 == NULL || holds(literal, fact));
	free(literal);
	json_decref(utf8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *match = mem_strndup((const char *)data, len), *fact = strchr(match, '\n');

	if (fact != NULL)
		*fact++ = '\0';
	check(match, fact != NULL ? fact : "");
	free(match);
	return 0;
}
