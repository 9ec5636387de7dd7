/* The tables of out: libsmartcols lays them out, fit.h says how wide. */
#include "cli/out_inside.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/fit.h"

/* A table is laid out so many rows at a time: an answer of a million rows is told as it comes,
 * in the widths that the first rows had. */
#define ROWS_AT_ONCE 1000
#define GAP          2 /* between columns */
#define LEAST        4 /* columns of a text that is cut: three letters tell something */

/* The first part of a table has its headings and finds the widths; later ones keep them. */
static struct libscols_table *new_table(const struct out *o)
{
	struct libscols_table *t = scols_new_table();

	if (t == NULL)
		abort(); /* out of memory */
	/* We escape. Where the locale is not UTF-8 smartcols does, too: else it would look for the
	 * end of a character for ever. */
	scols_table_enable_noencoding(t, strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
	scols_table_enable_colors(t, o->colours);
	scols_table_enable_noheadings(t, o->fit != NULL);
	scols_table_set_column_separator(t, "  ");
	/* We cut, too: smartcols does not say where it has. */
	scols_table_set_termforce(t, SCOLS_TERMFORCE_NEVER);
	for (size_t i = 0; i < o->n_columns; i++) {
		double width = o->fit != NULL ? (double)o->fit[i].width : 0;
		int flags = o->columns[i].flags & SCOLS_FL_RIGHT;

		if (o->fit != NULL)
			flags |= SCOLS_FL_STRICTWIDTH;
		if (scols_table_new_column(t, o->columns[i].name, width, flags) == NULL)
			abort(); /* out of memory */
	}
	return t;
}

size_t out_room(void)
{
	struct libscols_table *t;
	size_t room;

	if (!isatty(STDOUT_FILENO))
		return SIZE_MAX;
	t = scols_new_table();
	if (t == NULL)
		abort(); /* out of memory */
	room = scols_table_get_termwidth(t);
	scols_unref_table(t);
	return room;
}

static size_t natural_width(struct libscols_table *t, const char *heading, size_t column)
{
	size_t widest = fit_width(heading);
	struct libscols_iter *lines = scols_new_iter(SCOLS_ITER_FORWARD);
	struct libscols_line *line;

	while (scols_table_next_line(t, lines, &line) == 0) {
		const char *text = scols_line_get_column_data(
			line, scols_table_get_column(t, column));
		size_t width = text != NULL ? fit_width(text) : 0;

		if (width > widest)
			widest = width;
	}
	scols_free_iter(lines);
	return widest;
}

static void let_cut(struct fit_column *f, const struct out_column *column, size_t room)
{
	size_t share = (size_t)(column->share * (double)room);

	f->floor = fit_width(column->name) > LEAST ? fit_width(column->name) : LEAST;
	f->least = share > f->floor ? share : f->floor;
}

static void fit(struct out *o)
{
	size_t room = out_room();

	if (o->fit != NULL)
		return;
	o->fit = mem_zalloc(o->n_columns * sizeof *o->fit);
	for (size_t i = 0; i < o->n_columns; i++) {
		const struct out_column *column = &o->columns[i];
		struct fit_column *f = &o->fit[i];

		if ((o->hidden & 1u << i) != 0)
			continue;
		f->natural = natural_width(o->table, column->name, i);
		f->least = f->floor = f->natural;
		f->spare = (column->flags & OUT_SPARE) != 0;
		f->extra = (column->flags & OUT_EXTRA) != 0;
		if ((column->flags & SCOLS_FL_TRUNC) != 0 && room != SIZE_MAX)
			let_cut(f, column, room);
	}
	fit_columns(o->fit, o->n_columns, GAP, room);
}

/* What does not fit is cut, on a terminal: elsewhere there is room. */
static void cut_cells(struct libscols_table *t, size_t column, size_t width)
{
	struct libscols_iter *lines = scols_new_iter(SCOLS_ITER_FORWARD);
	struct libscols_line *line;

	while (scols_table_next_line(t, lines, &line) == 0) {
		struct libscols_cell *cell = scols_line_get_cell(line, column);
		const char *text = scols_cell_get_data(cell);

		if (text != NULL && fit_width(text) > width)
			scols_cell_refer_data(cell, fit_cut(text, width));
	}
	scols_free_iter(lines);
}

static void apply_fit(struct out *o)
{
	bool cut = isatty(STDOUT_FILENO);

	for (size_t i = 0; i < o->n_columns; i++) {
		struct libscols_column *column = scols_table_get_column(o->table, i);
		int flags = scols_column_get_flags(column);

		if (o->fit[i].width == 0)
			scols_column_set_flags(column, flags | SCOLS_FL_HIDDEN);
		else if (cut && (o->columns[i].flags & SCOLS_FL_TRUNC) != 0)
			cut_cells(o->table, i, o->fit[i].width);
	}
}

void out_print_table(struct out *o)
{
	char *text;

	if (o->table == NULL)
		return;
	fit(o);
	apply_fit(o);
	if (scols_print_table_to_string(o->table, &text) != 0)
		abort(); /* out of memory */
	buf_add_text(&o->text, text);
	buf_add_text(&o->text, "\n");
	free(text);
	scols_unref_table(o->table);
	o->table = NULL;
}

void out_row(struct out *o)
{
	if (o->table != NULL && scols_table_get_nlines(o->table) >= ROWS_AT_ONCE)
		out_print_table(o);
	if (o->table == NULL)
		o->table = new_table(o);
	o->line = scols_table_new_line(o->table, NULL);
	if (o->line == NULL)
		abort(); /* out of memory */
	o->n++;
}

void out_cell(struct out *o, size_t column, enum out_colour colour, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (scols_line_refer_data(o->line, column, out_safe_text(fmt, ap)) != 0)
		abort(); /* out of memory */
	va_end(ap);
	if (colour != OUT_PLAIN)
		scols_cell_set_color(scols_line_get_cell(o->line, column),
				     out_escapes[colour]);
}
