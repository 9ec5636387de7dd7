#include "lib/keep.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

static void **kept;
static size_t n_kept, cap;

void *keep(void *memory)
{
	kept = mem_grow(kept, n_kept, &cap, sizeof *kept);
	kept[n_kept++] = memory;
	return memory;
}

char *keep_printf(const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort(); /* out of memory */
	return keep(text);
}
