#include "base/digest.h"

#include "lib/suite.h"

#include <stdbool.h>
#include <string.h>

static const unsigned char secret[32] = "a secret of the database, so big";

static void key_of(struct digest_key *key, const char *context)
{
	digest_key_init(key, secret, sizeof secret, context);
}

static bool same(const unsigned char *a, const unsigned char *b)
{
	return memcmp(a, b, DIGEST_BYTES) == 0;
}

START_TEST(the_same_bytes_have_the_same_digest_wherever_they_lie)
{
	static char bytes[2000];
	unsigned char first[DIGEST_BYTES], again[DIGEST_BYTES];
	struct digest_key key;

	key_of(&key, "account acme");
	for (size_t len = 0; len < 1000; len += 1 + len / 7) {
		memset(bytes, 'x', len);
		digest_of(first, &key, bytes, len);
		for (size_t at = 1; at < 70; at += 3) {
			memset(bytes, 'y', sizeof bytes);
			memset(bytes + at, 'x', len);
			digest_of(again, &key, bytes + at, len);
			ck_assert(same(first, again));
		}
	}
}
END_TEST

/* Short and long texts take different ways through the hash: one of each. */
START_TEST(every_byte_and_the_length_count)
{
	static const size_t lens[] = {1,   3,   8,   16,  17,   100,
				      128, 129, 240, 241, 1024, 5000};
	static char bytes[5001];
	unsigned char first[DIGEST_BYTES], other[DIGEST_BYTES];
	size_t len = lens[_i];
	struct digest_key key;

	key_of(&key, "account acme");
	memset(bytes, 'x', sizeof bytes);
	digest_of(first, &key, bytes, len);
	for (size_t i = 0; i < len; i++) {
		bytes[i] ^= 1;
		digest_of(other, &key, bytes, len);
		ck_assert(!same(first, other));
		bytes[i] ^= 1;
	}
	digest_of(other, &key, bytes, len - 1);
	ck_assert(!same(first, other));
	digest_of(other, &key, bytes, len + 1);
	ck_assert(!same(first, other));
}
END_TEST

static void check_key_counts(const struct digest_key *a, const struct digest_key *b)
{
	static const size_t lens[] = {0, 1, 8, 16, 17, 128, 129, 240, 241, 1024, 5000};
	static const char bytes[5000];
	unsigned char x[DIGEST_BYTES], y[DIGEST_BYTES];

	for (size_t i = 0; i < COUNT(lens); i++) {
		digest_of(x, a, bytes, lens[i]);
		digest_of(y, b, bytes, lens[i]);
		ck_assert(!same(x, y));
	}
}

START_TEST(another_context_or_secret_makes_other_digests)
{
	unsigned char changed[sizeof secret];
	struct digest_key a, b;

	key_of(&a, "account acme");
	key_of(&b, "account acmf");
	check_key_counts(&a, &b);
	for (size_t i = 0; i < sizeof secret; i++) {
		memcpy(changed, secret, sizeof changed);
		changed[i] ^= 1;
		digest_key_init(&b, changed, sizeof changed, "account acme");
		check_key_counts(&a, &b);
	}
}
END_TEST

START_TEST(a_key_is_filled_and_does_not_repeat)
{
	struct digest_key key;

	key_of(&key, "account acme");
	for (size_t i = 0; i < DIGEST_KEY_BYTES; i += 32)
		for (size_t k = i + 32; k < DIGEST_KEY_BYTES; k += 32)
			ck_assert_int_ne(memcmp(key.bytes + i, key.bytes + k, 32), 0);
}
END_TEST

START_TEST(bytes_under_another_name_are_others)
{
	unsigned char a[DIGEST_BYTES], b[DIGEST_BYTES];
	struct digest_key key;

	key_of(&key, "account acme");
	digest_of_named(a, &key, "?page=1", "bytes", 5);
	digest_of_named(b, &key, "?page=1", "bytes", 5);
	ck_assert(same(a, b));
	digest_of_named(b, &key, "?page=2", "bytes", 5);
	ck_assert(!same(a, b));
	digest_of_named(b, &key, "?page=1b", "ytes",
			4); /* where the name ends counts too */
	ck_assert(!same(a, b));
	digest_of_named(b, &key, "?page=1", "bytes", 4);
	ck_assert(!same(a, b));
	digest_of_named(a, &key, "", "", 0);
	digest_of_named(b, &key, "", "\0", 1);
	ck_assert(!same(a, b));
}
END_TEST

static const struct {
	const char *texts[3];
	size_t n;
	const char *hex;
} sums[] = {
	{{NULL}, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	/* printf 'abc\0' | sha256sum, and so on */
	{{"abc"}, 1, "dc1114cd074914bd872cc1f9a23ec910ea2203bc79779ab2e17da25782a624fc"},
	{{"ab", "c"},
	 2,
	 "629c2f14f654f026086f2aefe1855533d0897f49df86a19073be17b237361b09"},
	{{"a", "bc"},
	 2,
	 "aa795aa4bbb6117911ef062e271bcb05ccfd58ea439da7d46a44e3a3fcefa790"},
	{{"", "abc"},
	 2,
	 "fd357b81c2fa2818e49c4627dcadcdb1667ddcc505621a675d6a02b6bcd195f3"},
};

START_TEST(texts_are_told_apart_where_they_end)
{
	char hex[DIGEST_HEX_BYTES];

	digest_texts(hex, sums[_i].texts, sums[_i].n);
	ck_assert_str_eq(hex, sums[_i].hex);
}
END_TEST

START_TEST(pieces_are_told_apart_by_where_they_end)
{
	const struct digest_piece ab_c[] = {{"ab", 2}, {"c", 1}},
				  a_bc[] = {{"a", 1}, {"bc", 2}};
	const struct digest_piece abc[] = {{"abc", 3}}, abd[] = {{"abd", 3}};
	struct digest_key key, other;

	key_of(&key, "account acme");
	key_of(&other, "account zork");
	ck_assert(digest_pieces(&key, ab_c, 2) == digest_pieces(&key, ab_c, 2));
	ck_assert(digest_pieces(&key, ab_c, 2) != digest_pieces(&key, a_bc, 2));
	ck_assert(digest_pieces(&key, ab_c, 2) != digest_pieces(&key, abc, 1));
	ck_assert(digest_pieces(&key, abc, 1) != digest_pieces(&key, abd, 1));
	ck_assert(digest_pieces(&key, abc, 1) != digest_pieces(&other, abc, 1));
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{pieces_are_told_apart_by_where_they_end, 1},
		{the_same_bytes_have_the_same_digest_wherever_they_lie, 1},
		{every_byte_and_the_length_count, 12},
		{another_context_or_secret_makes_other_digests, 1},
		{a_key_is_filled_and_does_not_repeat, 1},
		{bytes_under_another_name_are_others, 1},
		{texts_are_told_apart_where_they_end, COUNT(sums)},
	};

	return suite_run("digest", tests, COUNT(tests), NULL, NULL);
}
