#include "base/sign.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"

/* The example of the Standard Webhooks specification and of Svix, who wrote it:
 * docs.svix.com/receiving/verifying-payloads/how-manual. In two parts, since those who look for
 * leaked secrets would find it. */
#define VECTOR_SECRET \
	"whsec_"      \
	"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define VECTOR_ID        "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define VECTOR_AT_S      1614265330
#define VECTOR_BODY      "{\"test\": 2432232314}"
#define VECTOR_SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

/* base64 of 64 times 'k' */
#define LONG_KEY                                                           \
	"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr" \
	"a2tra2tra2tra2tra2traw=="

static struct secret secret_of(const char *text)
{
	struct secret s = {0};

	secret_set(&s, text, strlen(text));
	return s;
}

START_TEST(the_published_example_is_signed_as_published)
{
	struct secret from = secret_of(VECTOR_SECRET), key = {0};
	struct err err = {0};
	char *text;

	ck_assert_int_eq(sign_read_key(&key, &from, &err), 0);
	text = sign_webhook(&key, 1, VECTOR_ID, VECTOR_AT_S, VECTOR_BODY,
			    strlen(VECTOR_BODY));
	ck_assert_str_eq(text, VECTOR_SIGNATURE);
	free(text);
	secret_clear(&key);
	secret_clear(&from);
}
END_TEST

START_TEST(each_key_signs_while_keys_rotate)
{
	struct secret from[] = {secret_of(VECTOR_SECRET), secret_of("whsec_" LONG_KEY)};
	struct secret keys[2] = {{0}, {0}};
	struct err err = {0};
	char *both, *second;

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(sign_read_key(&keys[i], &from[i], &err), 0);
	ck_assert_uint_eq(keys[1].len, 64);
	both = sign_webhook(keys, 2, VECTOR_ID, VECTOR_AT_S, VECTOR_BODY,
			    strlen(VECTOR_BODY));
	second = sign_webhook(&keys[1], 1, VECTOR_ID, VECTOR_AT_S, VECTOR_BODY,
			      strlen(VECTOR_BODY));
	ck_assert_int_eq(
		strncmp(both, VECTOR_SIGNATURE " v1,", strlen(VECTOR_SIGNATURE) + 4), 0);
	ck_assert_str_eq(both + strlen(VECTOR_SIGNATURE) + 1, second);
	ck_assert_str_ne(second, VECTOR_SIGNATURE);
	ck_assert_ptr_null(sign_webhook(NULL, 0, VECTOR_ID, VECTOR_AT_S, "", 0));
	free(both);
	free(second);
	for (int i = 0; i < 2; i++) {
		secret_clear(&keys[i]);
		secret_clear(&from[i]);
	}
}
END_TEST

static const char *const bad_secrets[] = {
	"",
	"whsec_",
	"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	"whsec_c2hvcnQ=",                             /* 5 bytes */
	"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",       /* not a multiple of 4 */
	"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS-",     /* the other alphabet */
	"whsec_MfKQ9r8GKYqr TwjUPD8ILPZIo2LaLaSwaaa", /* a blank */
	"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",   /* a newline */
	"whsec_" LONG_KEY LONG_KEY,                   /* padding in the middle */
	"whsec_a2tr" LONG_KEY,                        /* 67 bytes */
};

START_TEST(a_secret_that_is_none_is_refused_without_saying_it)
{
	struct secret from = secret_of(bad_secrets[_i]), key = {0};
	struct err err = {0};

	ck_assert_int_eq(sign_read_key(&key, &from, &err), ERR_CONFIG);
	ck_assert_str_eq(err.text,
			 "a webhook secret is \"whsec_\" and the base64 of 24 to"
			 " 64 bytes");
	ck_assert_ptr_null(key.text);
	secret_clear(&from);
}
END_TEST

/* RFC 4648, section 10. */
static const struct {
	const char *bytes, *text;
} pairs[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xff\xef\xfe", "/+/+"},
};

START_TEST(base64_is_that_of_the_rfc)
{
	size_t n = strlen(pairs[_i].bytes), len = 99;
	char text[16], bytes[16] = "xxxxxxxxxxxxxxx";

	base64_encode(text, pairs[_i].bytes, n);
	ck_assert_str_eq(text, pairs[_i].text);
	ck_assert_uint_eq(strlen(text) + 1, BASE64_TEXT_BYTES(n));
	ck_assert_int_eq(base64_decode(bytes, n, &len, text), 0);
	ck_assert_uint_eq(len, n);
	ck_assert_mem_eq(bytes, pairs[_i].bytes, n);
	ck_assert_int_eq(bytes[n], 'x'); /* not written */
	if (n > 0)
		ck_assert_int_eq(base64_decode(bytes, n - 1, &len, text), ERR_FORMAT);
}
END_TEST

static const char *const bad_base64[] = {
	"Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm-v", "Zm9v="};

START_TEST(what_is_not_base64_is_refused)
{
	char bytes[16];
	size_t len = 99;

	ck_assert_int_eq(base64_decode(bytes, sizeof bytes, &len, bad_base64[_i]),
			 ERR_FORMAT);
	ck_assert_uint_eq(len, 99);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{the_published_example_is_signed_as_published, 1},
		{each_key_signs_while_keys_rotate, 1},
		{a_secret_that_is_none_is_refused_without_saying_it, COUNT(bad_secrets)},
		{base64_is_that_of_the_rfc, COUNT(pairs)},
		{what_is_not_base64_is_refused, COUNT(bad_base64)},
	};

	return suite_run("sign", tests, COUNT(tests), NULL, NULL);
}
