/* How a table fits its terminal: which columns are shown, how wide, and where a text is cut. Pure,
 * but for the locale, which says how wide a character is. */
#ifndef CLI_FIT_H
#define CLI_FIT_H

#include <stdbool.h>
#include <stddef.h>

struct fit_column {
	size_t natural; /* as wide as its widest text, its heading included; 0: not shown */
	size_t least;   /* it is cut to this gladly; natural: it may not be cut */
	size_t floor;   /* and to this where nothing else is left */
	bool spare;     /* left out rather than that others are cut to their floor */
	bool extra;     /* left out where nothing else helps */
	size_t width;   /* what it gets; 0: it is left out */
};

/* Give each its width, gap columns apart, so that all are not wider than room where that can be:
 * what may be cut is cut to its least, the widest first; then spare columns go, the first one
 * first; then what may be cut is cut to its floor; and where that does not help either, extra columns
 * go, the last one first, and the others are cut no further than is needed then. */
void fit_columns(struct fit_column *columns, size_t n, size_t gap, size_t room);

/* Columns of the terminal that a text takes. */
size_t fit_width(const char *text);
/* The text, or as much of it as fits with "…" behind it. The caller's. */
char *fit_cut(const char *text, size_t width);

#endif
