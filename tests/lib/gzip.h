/* What a server that compresses would send. */
#ifndef TESTS_GZIP_H
#define TESTS_GZIP_H

#include "base/buf.h"

/* Into out, whatever was there. level is zlib's, 0 to 9. */
void gzip_pack(struct buf *out, const char *text, size_t len, int level);

#endif
