/* Unpacking of gzip answers, bounded. Source: RFC 1952; by libdeflate. */
#ifndef BASE_UNPACK_H
#define BASE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Whether the bytes begin as gzip does. No JSON text begins so. */
bool unpack_is_gzip(const void *data, size_t len);

/*
 * Unpack all members of a gzip file, one behind the other.
 *
 * out  is emptied first; its cap bounds the result. Its memory is used again.
 *
 * Returns 0 or ERR_FORMAT: damaged, cut off, followed by something else, or beyond the cap. A
 * small file that claims to be a large one costs at most the cap in memory.
 */
int unpack_gzip(struct buf *out, const void *data, size_t len, struct err *err);

/* The text of an answer that may be gzip: the answer itself, or what it unpacks to, in room. NULL: err
 * says what is wrong, as unpack_gzip() has it. */
const struct buf *unpack_text(const struct buf *answer, struct buf *room,
			      struct err *err);

#endif
