#include "lib/sample.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config_keys.h"

#define LINE_COLUMNS 92

/* The text in lines, each beginning with prefix. */
static void print_wrapped(FILE *out, const char *prefix, const char *text)
{
	size_t width = LINE_COLUMNS - strlen(prefix), n;

	while (*text != '\0') {
		n = strlen(text);
		if (n > width) {
			for (n = width; n > 0 && text[n] != ' '; n--)
				;
		}
		fprintf(out, "%s%.*s\n", prefix, (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
}

static void print_later(FILE *out, const char *prefix, const struct config_key *key)
{
	if (key->later == NULL)
		return;
	fprintf(out, "%sNot yet: %s.\n", prefix, key->later);
}

static const char *word_of(const struct key_word *words, int value)
{
	while (words->value != value)
		words++;
	return words->word;
}

static void print_help(FILE *out, const char *prefix, const struct config_key *key)
{
	char *help =
		mem_printf("%s%s", key->help, key->fallback == NULL ? " Required." : "");

	print_wrapped(out, prefix, help);
	free(help);
	if (key->fallback != NULL && key->example != NULL) {
		char *text = config_key_written(key, key->example);

		fprintf(out, "%sAs in: %s = %s\n", prefix, key->name, text);
		free(text);
	}
	print_later(out, prefix, key);
}

/* At its default, or, without one, at its example. */
static void print_key(FILE *out, const char *indent, const struct config_key *key,
		      const struct config_example *example)
{
	const char *value = key->fallback != NULL ? key->fallback : key->example;
	char *text;

	if (strcmp(key->name, "kind") == 0)
		value = word_of(key->words, example->kind);
	text = config_key_written(key, value);
	fprintf(out, "#%s%s = %s\n", indent, key->name, text);
	free(text);
}

/* The keys of one entry. Help stands where a key is first seen. */
static void print_entry(FILE *out, const struct config_section *section,
			const struct config_example *example)
{
	bool first = example == section->examples;

	fprintf(out, "#    %s: {\n", example->title);
	for (const struct config_key *k = section->keys; k->name != NULL; k++) {
		if (k->kinds != 0 && (k->kinds & CONFIG_KIND(example->kind)) == 0)
			continue;
		if (first || k->kinds != 0)
			print_help(out, "#        # ", k);
		print_key(out, "        ", k, example);
	}
	fputs("#    }\n", out);
}

static void print_section(FILE *out, const struct config_section *section)
{
	fputc('\n', out);
	print_wrapped(out, "# ", section->help);
	fprintf(out, "#%s: {\n", section->name);
	for (const struct config_example *e = section->examples;
	     e != NULL && e->title != NULL; e++)
		print_entry(out, section, e);
	for (const struct config_key *k = section->keys;
	     section->examples == NULL && k->name != NULL; k++) {
		print_help(out, "#    # ", k);
		print_key(out, "    ", k, NULL);
	}
	fputs("#}\n", out);
}

void sample_print(FILE *out)
{
	static const char head[] =
		"# What phonewatchd watches, and whom it tells. One account is all that it needs.\n"
		"#\n"
		"# Every key stands here at its default, or, where it has none, with an example. To use\n"
		"# a section take the first # off each of its lines. phonewatch.conf(5) has the syntax.\n"
		"# After a change: phonewatchd --check FILE names every mistake, and\n"
		"# systemctl reload phonewatchd takes it up.\n";
	bool later = false;

	fputs(head, out);
	for (const struct config_key *k = config_sections[0].keys; k->name != NULL; k++) {
		fputc('\n', out);
		print_help(out, "# ", k);
		print_key(out, "", k, NULL);
	}
	for (const struct config_section *s = config_sections + 1; s->name != NULL; s++) {
		if (s->later != NULL && !later)
			fputs("\n# What follows comes with a later version; until then it is refused.\n",
			      out);
		later |= s->later != NULL;
		print_section(out, s);
	}
}
