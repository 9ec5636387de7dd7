#include "base/unpack.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST_MEMBER 18   /* bytes of header and trailer */
#define MOST_RATIO      1032 /* of deflate: 258 bytes from two bits */

bool unpack_is_gzip(const void *data, size_t len)
{
	return len >= 2 && memcmp(data, "\x1f\x8b", 2) == 0;
}

/* What the last four bytes claim is a hint for the first try, never believed further: a lie
 * costs one more try, and no more memory than the packed bytes could fill. */
static size_t claimed_size(const unsigned char *data, size_t len)
{
	const unsigned char *p = data + len - 4;
	size_t claim = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 |
		       (size_t)p[3] << 24;

	return claim <= len * MOST_RATIO ? claim : len * MOST_RATIO;
}

/* One member into the free end of out, which grows until it fits. */
static enum libdeflate_result unpack_member(struct libdeflate_decompressor *d,
					    const unsigned char *data, size_t len,
					    size_t *used, struct buf *out)
{
	size_t room = claimed_size(data, len), got;
	enum libdeflate_result rc;

	for (;;) {
		if (room > out->cap - out->len)
			room = out->cap - out->len;
		buf_reserve(out, out->len + room); /* cannot fail: within the cap */
		rc = libdeflate_gzip_decompress_ex(d, data, len, out->data + out->len,
						   room, used, &got);
		if (rc != LIBDEFLATE_INSUFFICIENT_SPACE || room == out->cap - out->len)
			break;
		room = room < 65536 ? 65536 : room * 2;
	}
	if (rc == LIBDEFLATE_SUCCESS) {
		out->len += got;
		out->data[out->len] = '\0';
	}
	return rc;
}

int unpack_gzip(struct buf *out, const void *data, size_t len, struct err *err)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	const unsigned char *p = data;
	int rc = 0;

	if (d == NULL)
		abort(); /* out of memory */
	out->len = 0;
	do {
		enum libdeflate_result result = LIBDEFLATE_BAD_DATA;
		size_t used = 0;

		if (len >= SMALLEST_MEMBER)
			result = unpack_member(d, p, len, &used, out);
		if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
			rc = err_set(err, ERR_FORMAT, "unpacks to more than %zu bytes",
				     out->cap);
		else if (result != LIBDEFLATE_SUCCESS)
			rc = err_set(err, ERR_FORMAT, "damaged or cut off gzip data");
		p += used;
		len -= used;
	} while (rc == 0 && len > 0);
	libdeflate_free_decompressor(d);
	return rc;
}

const struct buf *unpack_text(const struct buf *answer, struct buf *room, struct err *err)
{
	if (!unpack_is_gzip(answer->data, answer->len))
		return answer;
	return unpack_gzip(room, answer->data, answer->len, err) == 0 ? room : NULL;
}
