#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

void buf_init(struct buf *b, size_t cap)
{
	*b = (struct buf){.cap = cap};
}

void buf_clear(struct buf *b)
{
	free(b->data);
	buf_init(b, b->cap);
}

int buf_reserve(struct buf *b, size_t size)
{
	size_t grown = b->size;

	if (size > b->cap)
		return ERR_FORMAT;
	if (size + 1 <= b->size)
		return 0;
	if (grown == 0)
		grown = 256;
	while (grown < size + 1)
		grown *= 2;
	if (grown - 1 > b->cap)
		grown = b->cap + 1;
	b->data = mem_resize(b->data, grown, 1);
	b->size = grown;
	b->data[b->len] = '\0';
	return 0;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
	if (len > b->cap - b->len)
		return ERR_FORMAT;
	buf_reserve(b, b->len + len); /* cannot fail: within the cap */
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int buf_add_text(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int len, rc;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort(); /* out of memory */
	rc = buf_add(b, text, (size_t)len);
	free(text);
	return rc;
}

const char *buf_text(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}
