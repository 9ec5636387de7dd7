#include "sink/said.h"

#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"

#define DELETE     0x7f
#define MORE_BYTES 4 /* of a character at the end, to see where it begins */

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == DELETE;
}

/* So much of the text as fits, each run of blanks and control characters a single blank, and none at
 * the ends. */
static void fold(char words[SAID_BYTES + MORE_BYTES + 1], const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n < SAID_BYTES + MORE_BYTES; text++) {
		if (!is_blank(*text))
			words[n++] = *text;
		else if (n > 0 && words[n - 1] != ' ')
			words[n++] = ' ';
	}
	words[n] = '\0';
	n = utf8_cut(words, SAID_BYTES);
	words[n > 0 && words[n - 1] == ' ' ? n - 1 : n] = '\0';
}

void said_add(struct err *err, const char *text)
{
	char words[SAID_BYTES + MORE_BYTES + 1];
	size_t at = strlen(err->text);

	fold(words, text);
	if (words[0] == '\0' || words[0] == '<' || at + 3 > sizeof err->text)
		return;
	memcpy(err->text + at, ": ", 3);
	log_escape(err->text + at + 2, sizeof err->text - at - 2, words);
}
