/* What a command answers with, on standard output: a table for people, JSON for programs.
 *
 * Rows are kept until out_flush: no read of the database is held open while somebody looks at a
 * pager. Text from outside is made safe for the terminal; JSON has it as it is, escaped as JSON
 * does. */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <jansson.h>
#include <libsmartcols.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum out_format { OUT_TABLE, OUT_JSON, OUT_NDJSON, OUT_CSV };

/* A column of a table. */
struct out_column {
	const char *name; /* its heading; NULL ends the list */
	double share; /* of the terminal's width: it is not cut further than that (SCOLS_FL_TRUNC)
		       * while anything else can be done */
	int flags; /* SCOLS_FL_..., OUT_SPARE, OUT_EXTRA */
};

/* Left out where the terminal is narrow, and where it is very narrow: fit.h. */
#define OUT_SPARE (1 << 24)
#define OUT_EXTRA (1 << 25)

/* Text of a cell that is to be looked at. */
enum out_colour { OUT_PLAIN, OUT_GOOD, OUT_BAD, OUT_DOUBTFUL, OUT_FAINT };

struct out {
	enum out_format format;
	bool colours;
	size_t n; /* objects or rows so far */
	struct buf text;
	const char *fields; /* for OUT_CSV */
	const struct out_column *columns;
	struct libscols_table *table; /* rows not yet printed; NULL: none */
	struct libscols_line *line;   /* the last row */
	struct fit_column *fit;       /* of the columns, once some rows are printed */
	size_t n_columns;
	unsigned hidden; /* a bit for each column that is not shown */
};

/* Both are borrowed. columns are those of OUT_TABLE; NULL where it has none. fields are those of
 * OUT_CSV, separated by commas, a member of a member after a dot. */
void out_init(struct out *o, enum out_format format, const struct out_column *columns,
	      const char *fields);
void out_clear(struct out *o);

/* One answer, for all but OUT_TABLE. The object is o's. */
void out_take_object(struct out *o, json_t *object);
/* The same from text: one JSON object, compact. */
void out_object_text(struct out *o, const char *text);

/* Do not show this column. Before the first row. */
void out_hide(struct out *o, size_t column);
/* One row, for OUT_TABLE; then those of its cells that are not empty. */
void out_row(struct out *o);
void out_cell(struct out *o, size_t column, enum out_colour colour, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Words of a line, escaped; after what there is of a table. */
void out_words(struct out *o, enum out_colour colour, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void out_newline(struct out *o);
/* Sentences, on a terminal in lines that fit it and are easily read. */
void out_paragraph(struct out *o, enum out_colour colour, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Columns that a line may take; SIZE_MAX: any number. */
size_t out_room(void);

/* Write what there is. ERR_RETRY with the system's reason where it cannot be written. */
int out_flush(struct out *o, struct err *err);
/* The end of the answer, and out_flush. */
int out_end(struct out *o, struct err *err);

#endif
