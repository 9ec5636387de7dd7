/* What the files of out share. */
#ifndef CLI_OUT_INSIDE_H
#define CLI_OUT_INSIDE_H

#include <stdarg.h>

#include "cli/out.h"

/* By enum out_colour, for a terminal. */
extern const char *const out_escapes[];

/* What a printf would print, escaped; the caller's. */
char *out_safe_text(const char *fmt, va_list ap);

/* Print what there is of a table into the text. */
void out_print_table(struct out *o);

#endif
