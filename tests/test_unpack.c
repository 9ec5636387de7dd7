#include "base/unpack.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib's way to ask for gzip */
#define ROOM        (4u << 20)

static struct err err;

/* Behind what packed holds. */
static void pack(struct buf *packed, const void *data, size_t len)
{
	z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)len};
	uLong bound;

	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, GZIP_WINDOW, 8, 0), Z_OK);
	bound = deflateBound(&z, (uLong)len);
	ck_assert_int_eq(buf_reserve(packed, packed->len + bound), 0);
	z.next_out = (Bytef *)packed->data + packed->len;
	z.avail_out = (uInt)bound;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	packed->len += z.total_out;
	deflateEnd(&z);
}

/* Half of it repeats, half does not. */
static char *some_text(size_t len)
{
	char *text = mem_alloc(len + 1);
	uint32_t x = 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		text[i] = (char)(i / 100 % 2 == 0 ? x >> 24 : 'a' + i % 10);
	}
	return text;
}

static const size_t sizes[] = {0,   1,     2,     17,    18,     255,    256,
			       257, 65535, 65536, 65537, 131072, 1000000};

START_TEST(what_was_packed_comes_back)
{
	char *text = some_text(sizes[_i]);
	struct buf packed, out;

	buf_init(&packed, ROOM);
	buf_init(&out, ROOM);
	pack(&packed, text, sizes[_i]);
	ck_assert(unpack_is_gzip(packed.data, packed.len));
	ck_assert_int_eq(unpack_gzip(&out, packed.data, packed.len, &err), 0);
	ck_assert_uint_eq(out.len, sizes[_i]);
	ck_assert_int_eq(memcmp(out.data, text, sizes[_i]), 0);
	ck_assert_int_eq(out.data[out.len], '\0');
	buf_clear(&packed);
	buf_clear(&out);
	free(text);
}
END_TEST

START_TEST(members_follow_one_another)
{
	const char *const parts[] = {"{\"records\"", "", ":", "[]", "}"};
	struct buf packed, out;

	buf_init(&packed, ROOM);
	buf_init(&out, ROOM);
	for (size_t i = 0; i < COUNT(parts); i++)
		pack(&packed, parts[i], strlen(parts[i]));
	ck_assert_int_eq(unpack_gzip(&out, packed.data, packed.len, &err), 0);
	ck_assert_str_eq(buf_text(&out), "{\"records\":[]}");
	buf_clear(&packed);
	buf_clear(&out);
}
END_TEST

START_TEST(a_second_use_forgets_the_first)
{
	char *text = some_text(100000);
	struct buf packed, out;

	buf_init(&packed, ROOM);
	buf_init(&out, ROOM);
	pack(&packed, text, 100000);
	ck_assert_int_eq(unpack_gzip(&out, packed.data, packed.len, &err), 0);
	packed.len = 0;
	pack(&packed, "small", 5);
	ck_assert_int_eq(unpack_gzip(&out, packed.data, packed.len, &err), 0);
	ck_assert_uint_eq(out.len, 5);
	ck_assert_str_eq(out.data, "small");
	buf_clear(&packed);
	buf_clear(&out);
	free(text);
}
END_TEST

/* ---- what is refused ---- */

static void check_refused(const struct buf *packed, size_t len)
{
	/* A copy of its own, so that a sanitizer sees a read behind it. */
	char *copy = mem_alloc(len);
	struct buf out;

	memcpy(copy, packed->data, len);
	buf_init(&out, ROOM);
	err = (struct err){0};
	ck_assert_int_eq(unpack_gzip(&out, copy, len, &err), ERR_FORMAT);
	ck_assert_int_eq(err.code, ERR_FORMAT);
	buf_clear(&out);
	free(copy);
}

START_TEST(cut_at_any_byte_it_is_refused)
{
	char *text = some_text(700);
	struct buf packed;

	buf_init(&packed, ROOM);
	pack(&packed, text, 700);
	for (size_t len = 0; len < packed.len; len++)
		check_refused(&packed, len);
	buf_clear(&packed);
	free(text);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
} behind[] = {
	{"\0", 1},
	{"x", 1},
	{"\x1f\x8b", 2},
	{"\x1f\x8b\x08\0\0\0\0\0\0\x03", 10},
	{"{\"records\":[]}    and so on and on", 34},
	{"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24},
};

START_TEST(something_behind_the_end_is_refused)
{
	struct buf packed;

	buf_init(&packed, ROOM);
	pack(&packed, "{\"records\":[]}", 14);
	buf_add(&packed, behind[_i].bytes, behind[_i].len);
	check_refused(&packed, packed.len);
	buf_clear(&packed);
}
END_TEST

/* The last four bytes are the size, the four before them the sum. */
START_TEST(a_false_size_is_refused)
{
	static const uint32_t claims[] = {0,      1,       699,        701,
					  700000, 1 << 26, 0x7fffffff, 0xffffffff};
	char *text = some_text(700);
	struct buf packed;

	buf_init(&packed, ROOM);
	pack(&packed, text, 700);
	for (size_t i = 0; i < COUNT(claims); i++) {
		for (int b = 0; b < 4; b++)
			packed.data[packed.len - 4 + (size_t)b] =
				(char)(claims[i] >> 8 * b);
		check_refused(&packed, packed.len);
	}
	buf_clear(&packed);
	free(text);
}
END_TEST

START_TEST(a_flipped_bit_never_makes_another_text)
{
	char *text = some_text(300);
	struct buf packed, out;

	buf_init(&packed, ROOM);
	buf_init(&out, ROOM);
	pack(&packed, text, 300);
	for (size_t bit = 0; bit < 8 * packed.len; bit++) {
		packed.data[bit / 8] = (char)(packed.data[bit / 8] ^ 1 << bit % 8);
		if (unpack_gzip(&out, packed.data, packed.len, &err) == 0) {
			ck_assert_uint_eq(out.len, 300);
			ck_assert_int_eq(memcmp(out.data, text, 300), 0);
		}
		packed.data[bit / 8] = (char)(packed.data[bit / 8] ^ 1 << bit % 8);
	}
	buf_clear(&packed);
	buf_clear(&out);
	free(text);
}
END_TEST

/* ---- the cap ---- */

START_TEST(the_cap_is_the_largest_result)
{
	char *text = some_text(100000);
	struct buf packed, out;

	buf_init(&packed, ROOM);
	pack(&packed, text, 60000);
	pack(&packed, text + 60000, 40000);
	for (size_t cap = 99999; cap <= 100001; cap++) {
		buf_init(&out, cap);
		ck_assert_int_eq(unpack_gzip(&out, packed.data, packed.len, &err),
				 cap < 100000 ? ERR_FORMAT : 0);
		ck_assert_uint_le(out.size, cap + 1);
		buf_clear(&out);
	}
	buf_clear(&packed);
	free(text);
}
END_TEST

#define BOMB_BYTES (64u << 20)
#define BOMB_CAP   (3u << 20) /* no power of two: growth by doubling would pass it */

START_TEST(a_bomb_costs_at_most_the_cap)
{
	char *zeros = mem_zalloc(BOMB_BYTES);
	struct buf packed, out;

	buf_init(&packed, 2 * BOMB_BYTES);
	buf_init(&out, BOMB_CAP);
	pack(&packed, zeros, BOMB_BYTES);
	free(zeros);
	ck_assert_uint_lt(packed.len, BOMB_BYTES / 500);
	err = (struct err){0};
	ck_assert_int_eq(unpack_gzip(&out, packed.data, packed.len, &err), ERR_FORMAT);
	ck_assert_str_eq(err.text, "unpacks to more than 3145728 bytes");
	ck_assert_uint_le(out.size, BOMB_CAP + 1);
	buf_clear(&packed);
	buf_clear(&out);
}
END_TEST

START_TEST(a_large_claim_costs_no_more_than_the_packed_bytes_could_fill)
{
	struct buf packed, out;

	buf_init(&packed, ROOM);
	buf_init(&out, 64u << 20);
	pack(&packed, "small", 5);
	memset(packed.data + packed.len - 4, 0xff, 4);
	ck_assert_int_eq(unpack_gzip(&out, packed.data, packed.len, &err), ERR_FORMAT);
	ck_assert_uint_le(out.size, 65536);
	buf_clear(&packed);
	buf_clear(&out);
}
END_TEST

START_TEST(only_gzip_looks_like_gzip)
{
	ck_assert(unpack_is_gzip("\x1f\x8b", 2));
	ck_assert(!unpack_is_gzip("\x1f\x8b", 1));
	ck_assert(!unpack_is_gzip("\x1f\x8b", 0));
	ck_assert(!unpack_is_gzip("\x1f", 1));
	ck_assert(!unpack_is_gzip("{}", 2));
	ck_assert(!unpack_is_gzip("\x8b\x1f", 2));
	ck_assert(!unpack_is_gzip("", 0));
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{what_was_packed_comes_back, COUNT(sizes)},
		{members_follow_one_another, 1},
		{a_second_use_forgets_the_first, 1},
		{cut_at_any_byte_it_is_refused, 1},
		{something_behind_the_end_is_refused, COUNT(behind)},
		{a_false_size_is_refused, 1},
		{a_flipped_bit_never_makes_another_text, 1},
		{the_cap_is_the_largest_result, 1},
		{a_bomb_costs_at_most_the_cap, 1},
		{a_large_claim_costs_no_more_than_the_packed_bytes_could_fill, 1},
		{only_gzip_looks_like_gzip, 1},
	};

	return suite_run("unpack", tests, COUNT(tests), NULL, NULL);
}
