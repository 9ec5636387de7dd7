#include "model/compact.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static void add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

/* The bytes of a text that JSON has otherwise: RFC 8259 section 7. */
static bool is_escaped(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

static void add_escaped(struct buf *b, char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *found = strchr(from, c);
	char text[8];

	if (found != NULL && c != '\0')
		snprintf(text, sizeof text, "\\%c", to[found - from]);
	else
		snprintf(text, sizeof text, "\\u%04X", (unsigned)(unsigned char)c);
	buf_add_text(b, text);
}

static void add_string(struct buf *b, const char *text)
{
	add_char(b, '"');
	while (*text != '\0') {
		const char *end = text;

		while (*end != '\0' && !is_escaped((unsigned char)*end))
			end++;
		buf_add(b, text, (size_t)(end - text));
		if (*end != '\0')
			add_escaped(b, *end++);
		text = end;
	}
	add_char(b, '"');
}

static void begin(struct buf *b, const char *name)
{
	char last = b->len > 0 ? b->data[b->len - 1] : '{';

	if (last != '{' && last != '[')
		add_char(b, ',');
	if (name == NULL)
		return;
	add_string(b, name);
	add_char(b, ':');
}

void compact_open(struct buf *b, const char *name, char bracket)
{
	begin(b, name);
	add_char(b, bracket);
}

void compact_close(struct buf *b, char bracket)
{
	add_char(b, bracket);
}

void compact_text(struct buf *b, const char *name, const char *text)
{
	begin(b, name);
	if (text != NULL)
		add_string(b, text);
	else
		buf_add_text(b, "null");
}

void compact_time(struct buf *b, const char *name, int64_t at_ms)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(text, at_ms);
	compact_text(b, name, text);
}

void compact_number(struct buf *b, const char *name, int64_t number)
{
	char text[24];

	begin(b, name);
	snprintf(text, sizeof text, "%" PRId64, number);
	buf_add_text(b, text);
}

static int on_dumped(const char *bytes, size_t n, void *arg)
{
	return buf_add(arg, bytes, n);
}

void compact_json(struct buf *b, const char *name, const json_t *value)
{
	if (json_is_string(value) &&
	    strlen(json_string_value(value)) == json_string_length(value)) {
		compact_text(b, name, json_string_value(value));
		return;
	}
	begin(b, name);
	if (json_dump_callback(value, on_dumped, b, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
		abort(); /* out of memory: all strings in it are UTF-8 */
}
