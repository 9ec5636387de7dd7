/* A growing run of bytes with a limit: what comes from outside cannot eat the memory. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

struct buf {
	char *data; /* len bytes and a NUL behind them; NULL while empty and never filled */
	size_t len;  /* bytes in use */
	size_t size; /* bytes allocated */
	size_t cap;  /* most bytes that len may become */
};

void buf_init(struct buf *b, size_t cap);
/* Free the memory; the buffer is ready for reuse with the same cap. */
void buf_clear(struct buf *b);

/* Append; 0, or ERR_FORMAT (and unchanged) where the limit would be passed. */
int buf_add(struct buf *b, const void *data, size_t len);
int buf_add_text(struct buf *b, const char *text);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Make room for size bytes in all; the bytes from len on are the caller's to write. */
int buf_reserve(struct buf *b, size_t size);

/* The text, never NULL. */
const char *buf_text(const struct buf *b);

#endif
