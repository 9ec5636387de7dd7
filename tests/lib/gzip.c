#include "lib/gzip.h"

#include <check.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib's largest, and a header of gzip */

void gzip_pack(struct buf *out, const char *text, size_t len, int level)
{
	z_stream z = {.next_in = (Bytef *)text, .avail_in = (uInt)len};

	ck_assert_int_eq(deflateInit2(&z, level, Z_DEFLATED, GZIP_WINDOW, 8, 0), Z_OK);
	ck_assert_int_eq(buf_reserve(out, deflateBound(&z, z.avail_in)), 0);
	z.next_out = (Bytef *)out->data;
	z.avail_out = (uInt)out->size;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->len = z.total_out;
	deflateEnd(&z);
}
