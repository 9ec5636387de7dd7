#include "query/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/clock.h"

static void begin(struct buf *b, const char *name)
{
	if (b->len > 0 && b->data[b->len - 1] != '{')
		buf_add_text(b, ",");
	buf_add_text(b, "\"");
	buf_add_text(b, name);
	buf_add_text(b, "\":");
}

void text_string(struct buf *b, const char *name, const char *text)
{
	json_t *string = text != NULL ? json_string(text) : json_null();
	char *dump = json_dumps(string, JSON_ENCODE_ANY);

	begin(b, name);
	buf_add_text(b, dump);
	free(dump);
	json_decref(string);
}

void text_word(struct buf *b, const char *name, const char *word)
{
	begin(b, name);
	if (word == NULL) {
		buf_add_text(b, "null");
		return;
	}
	buf_add_text(b, "\"");
	buf_add_text(b, word);
	buf_add_text(b, "\"");
}

void text_time(struct buf *b, const char *name, int64_t at_ms)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(text, at_ms);
	text_word(b, name, text);
}

void text_time_or_null(struct buf *b, const char *name, int64_t at_ms)
{
	if (at_ms != 0)
		text_time(b, name, at_ms);
	else
		text_word(b, name, NULL);
}

void text_number(struct buf *b, const char *name, int64_t number)
{
	char digits[24], *p = &digits[sizeof digits - 1];
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	*p = '\0';
	do
		*--p = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (number < 0)
		*--p = '-';
	begin(b, name);
	buf_add_text(b, p);
}
