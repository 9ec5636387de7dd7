#define _XOPEN_SOURCE 700 /* wcwidth */
#include "cli/fit.h"

#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "base/mem.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* ---- columns ---- */

static size_t sum(const struct fit_column *columns, size_t n, size_t gap)
{
	size_t all = 0, shown = 0;

	for (size_t i = 0; i < n; i++) {
		all += columns[i].width;
		shown += columns[i].width > 0;
	}
	return shown > 0 ? all + (shown - 1) * gap : 0;
}

enum depth { TO_LEAST, TO_FLOOR };

/* The widest first; those that may not be cut have all three alike. */
static void cut(struct fit_column *columns, size_t n, size_t gap, size_t room,
		enum depth depth)
{
	while (sum(columns, n, gap) > room) {
		struct fit_column *widest = NULL;

		for (size_t i = 0; i < n; i++) {
			struct fit_column *c = &columns[i];

			if (c->width > (depth == TO_LEAST ? c->least : c->floor) &&
			    (widest == NULL || c->width > widest->width))
				widest = c;
		}
		if (widest == NULL)
			return;
		widest->width--;
	}
}

/* NULL: there is none left. */
static struct fit_column *first_spare(struct fit_column *columns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (columns[i].spare && columns[i].natural > 0)
			return &columns[i];
	return NULL;
}

static struct fit_column *last_extra(struct fit_column *columns, size_t n)
{
	for (size_t i = n; i > 0; i--)
		if (columns[i - 1].extra && columns[i - 1].natural > 0)
			return &columns[i - 1];
	return NULL;
}

/* Whether they fit, cut where that is needed. */
static bool try(struct fit_column *columns, size_t n, size_t gap, size_t room,
		enum depth depth)
{
	for (size_t i = 0; i < n; i++)
		columns[i].width = columns[i].natural;
	cut(columns, n, gap, room, TO_LEAST);
	if (depth == TO_FLOOR)
		cut(columns, n, gap, room, TO_FLOOR);
	return sum(columns, n, gap) <= room;
}

void fit_columns(struct fit_column *columns, size_t n, size_t gap, size_t room)
{
	struct fit_column *given_up;

	while (!try(columns, n, gap, room, TO_LEAST)) {
		given_up = first_spare(columns, n);
		if (given_up == NULL)
			break;
		given_up->natural = 0;
	}
	while (!try(columns, n, gap, room, TO_FLOOR)) {
		given_up = last_extra(columns, n);
		if (given_up == NULL)
			return;
		given_up->natural = 0;
	}
}

/* ---- texts ---- */

/* The next character: its bytes, and how many columns it takes. What is no text counts as what it
 * would be shown as: a byte, a column. */
static size_t next_character(const char *text, size_t *columns)
{
	mbstate_t state = {0};
	wchar_t c;
	size_t bytes;
	int width;

	*columns = 1;
	if (*text >= ' ' && *text <= '~') /* most, in a table of many thousand lines */
		return 1;
	bytes = mbrtowc(&c, text, strlen(text), &state);
	if (bytes == 0 || bytes > strlen(text))
		return 1;
	width = wcwidth(c);
	if (width >= 0)
		*columns = (size_t)width;
	return bytes;
}

size_t fit_width(const char *text)
{
	size_t width = 0, columns;

	while (*text != '\0') {
		text += next_character(text, &columns);
		width += columns;
	}
	return width;
}

char *fit_cut(const char *text, size_t width)
{
	const char *end = text;
	size_t taken = 0, columns, bytes;

	if (fit_width(text) <= width)
		return mem_strdup(text);
	while (*end != '\0') {
		bytes = next_character(end, &columns);
		if (taken + columns + 1 > width)
			break;
		taken += columns;
		end += bytes;
	}
	return mem_printf("%.*s" ELLIPSIS, (int)(end - text), text);
}
