#include "cli/out.h"

#include "cli/fit.h"
#include "cli/out_inside.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

/* 0.99 is not 0.98999999999999999. */
#define JSON_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

#define PARAGRAPH 100 /* columns of a line that is easily read */

const char *const out_escapes[] = {
	[OUT_PLAIN] = "",        [OUT_GOOD] = "\033[32m",
	[OUT_BAD] = "\033[31m",  [OUT_DOUBTFUL] = "\033[33m",
	[OUT_FAINT] = "\033[2m",
};

/* "NO_COLOR ... when present and not an empty string": no-color.org. */
static bool wants_colours(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return (no == NULL || no[0] == '\0') && isatty(STDOUT_FILENO) &&
	       (term == NULL || strcmp(term, "dumb") != 0);
}

void out_init(struct out *o, enum out_format format, const struct out_column *columns,
	      const char *fields)
{
	*o = (struct out){.format = format, .columns = columns, .fields = fields};
	o->colours = wants_colours();
	buf_init(&o->text,
		 SIZE_MAX / 2); /* what we print ourselves is bounded by its rows */
	while (columns != NULL && columns[o->n_columns].name != NULL)
		o->n_columns++;
}

void out_clear(struct out *o)
{
	scols_unref_table(o->table);
	free(o->fit);
	buf_clear(&o->text);
	*o = (struct out){0};
}

/* ---- CSV ---- */

/* RFC 4180. */
static void add_quoted(struct buf *b, const char *text)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		buf_add_text(b, text);
		return;
	}
	buf_add_text(b, "\"");
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_add_text(b, "\"");
		buf_add(b, text, 1);
	}
	buf_add_text(b, "\"");
}

static bool are_strings(const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!json_is_string(json_array_get(array, i)))
			return false;
	return json_is_array(array);
}

/* A list of texts is its texts; what else has parts is JSON; null is empty. */
static void add_value(struct buf *out, const json_t *value)
{
	struct buf text;
	char *dump = NULL;

	buf_init(&text, SIZE_MAX / 2);
	if (are_strings(value)) {
		for (size_t i = 0; i < json_array_size(value); i++) {
			buf_add_text(&text, i > 0 ? " " : "");
			buf_add_text(&text, json_string_value(json_array_get(value, i)));
		}
	} else if (value != NULL && !json_is_null(value) && !json_is_string(value)) {
		dump = json_dumps(value, JSON_FLAGS | JSON_ENCODE_ANY);
		buf_add_text(&text, dump);
		free(dump);
	}
	add_quoted(out,
		   json_is_string(value) ? json_string_value(value) : buf_text(&text));
	buf_clear(&text);
}

/* "device.name" of len bytes. */
static const json_t *member_at(const json_t *object, const char *path, size_t len)
{
	char name[64];

	while (len > 0) {
		size_t n = 0;

		while (n < len && path[n] != '.')
			n++;
		snprintf(name, sizeof name, "%.*s", (int)n, path);
		object = json_object_get(object, name);
		n += n < len;
		path += n;
		len -= n;
	}
	return object;
}

static void add_head(struct out *o)
{
	buf_add_text(&o->text, o->fields);
	buf_add_text(&o->text, "\n");
}

static void add_line(struct out *o, const json_t *object)
{
	const char *field = o->fields;

	if (o->n++ == 0)
		add_head(o);
	for (;;) {
		size_t len = strcspn(field, ",");

		add_value(&o->text, member_at(object, field, len));
		if (field[len] == '\0')
			break;
		buf_add_text(&o->text, ",");
		field += len + 1;
	}
	buf_add_text(&o->text, "\n");
}

/* ---- JSON ---- */

void out_object_text(struct out *o, const char *text)
{
	if (o->format == OUT_CSV) {
		json_t *object = json_loads(text, 0, NULL);

		add_line(o, object);
		json_decref(object);
		return;
	}
	if (o->format == OUT_JSON)
		buf_add_text(&o->text, o->n == 0 ? "[\n" : ",\n");
	buf_add_text(&o->text, text);
	if (o->format == OUT_NDJSON)
		buf_add_text(&o->text, "\n");
	o->n++;
}

void out_take_object(struct out *o, json_t *object)
{
	char *text;

	if (o->format == OUT_CSV) {
		add_line(o, object);
		json_decref(object);
		return;
	}
	text = json_dumps(object, JSON_FLAGS);
	if (text == NULL)
		abort(); /* out of memory: all strings in it are UTF-8 */
	out_object_text(o, text);
	free(text);
	json_decref(object);
}

/* What a printf would print, escaped. */
char *out_safe_text(const char *fmt, va_list ap)
{
	char *text, *safe;
	size_t size;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();             /* out of memory */
	size = 4 * strlen(text) + 1; /* each byte may become \xNN */
	safe = mem_alloc(size);
	log_escape(safe, size, text);
	free(text);
	return safe;
}

/* ---- lines ---- */

void out_words(struct out *o, enum out_colour colour, const char *fmt, ...)
{
	bool dressed = o->colours && colour != OUT_PLAIN;
	va_list ap;
	char *safe;

	va_start(ap, fmt);
	safe = out_safe_text(fmt, ap);
	va_end(ap);
	out_print_table(o);
	if (dressed)
		buf_add_text(&o->text, out_escapes[colour]);
	buf_add_text(&o->text, safe);
	if (dressed)
		buf_add_text(&o->text, "\033[0m");
	free(safe);
}

void out_newline(struct out *o)
{
	buf_add_text(&o->text, "\n");
}

/* Columns that so many bytes of it take. */
static size_t columns_of(const char *text, size_t len)
{
	char *part = mem_strndup(text, len);
	size_t columns = fit_width(part);

	free(part);
	return columns;
}

/* As many words of the text as fit, one at least; returns the rest. */
static const char *add_words(struct out *o, enum out_colour colour, const char *text,
			     size_t room)
{
	size_t len = strcspn(text, " "), next = len;

	while (text[next] == ' ') {
		next += 1 + strcspn(text + next + 1, " ");
		if (columns_of(text, next) > room)
			break;
		len = next;
	}
	out_words(o, colour, "%.*s", (int)len, text);
	out_newline(o);
	return text + len + (text[len] == ' ');
}

void out_paragraph(struct out *o, enum out_colour colour, const char *fmt, ...)
{
	size_t room = out_room();
	const char *rest;
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = out_safe_text(fmt, ap);
	va_end(ap);
	if (room != SIZE_MAX && room > PARAGRAPH)
		room = PARAGRAPH;
	for (rest = text; *rest != '\0';)
		rest = add_words(o, colour, rest, room);
	free(text);
}

void out_hide(struct out *o, size_t column)
{
	o->hidden |= 1u << column;
}

/* ---- writing ---- */

int out_flush(struct out *o, struct err *err)
{
	const char *text = buf_text(&o->text);
	size_t done = 0;

	while (done < o->text.len) {
		ssize_t n = write(STDOUT_FILENO, text + done, o->text.len - done);

		if (n < 0 && errno != EINTR)
			return err_set(err, ERR_RETRY, "standard output: %s",
				       strerror(errno));
		if (n > 0)
			done += (size_t)n;
	}
	o->text.len = 0;
	return 0;
}

int out_end(struct out *o, struct err *err)
{
	out_print_table(o);
	if (o->format == OUT_JSON)
		buf_add_text(&o->text, o->n == 0 ? "[]\n" : "\n]\n");
	if (o->format == OUT_CSV && o->n == 0)
		add_head(o);
	return out_flush(o, err);
}
