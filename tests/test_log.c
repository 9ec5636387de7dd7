#include "base/log.h"

#include "lib/suite.h"

#include <string.h>

#include "base/err.h"

static const struct {
	const char *text, *safe;
} texts[] = {
	{"Lobby phone", "Lobby phone"},
	{"Empfang Z\xc3\xbcrich \xf0\x9f\x93\x9e",
	 "Empfang Z\xc3\xbcrich \xf0\x9f\x93\x9e"},
	{"a\r\nb\x1b[31mc\x7f", "a\\x0d\\x0ab\\x1b[31mc\\x7f"},
	{"\xe2\x80\xae"
	 "cod",
	 "\\xe2\\x80\\xae"
	 "cod"}, /* right-to-left override */
	{"\xc2\x9b"
	 "31m",
	 "\\xc2\\x9b"
	 "31m"}, /* C1: the 8-bit escape */
	{"\xff\xc0\x80\xed\xa0\x80", "\\xff\\xc0\\x80\\xed\\xa0\\x80"}, /* not UTF-8 */
	{"cut\xe2\x80", "cut\\xe2\\x80"},
	{"", ""},
};

START_TEST(text_from_outside_stays_on_its_line)
{
	char safe[64];

	log_escape(safe, sizeof safe, texts[_i].text);
	ck_assert_str_eq(safe, texts[_i].safe);
}
END_TEST

START_TEST(escaped_text_is_cut_at_a_whole_character)
{
	char safe[8];

	log_escape(safe, sizeof safe, "abcdef\xc3\xbc");
	ck_assert_str_eq(safe, "abcdef");
	log_escape(safe, sizeof safe, "abcd\n");
	ck_assert_str_eq(safe, "abcd");
}
END_TEST

START_TEST(a_lasting_failure_is_logged_at_its_begin_hourly_and_at_its_end)
{
	struct lasting l = {0}, was;
	unsigned logged = 0;

	for (int64_t t = 0; t < 2 * 3600 * 1000 + 1; t += 10000)
		logged += lasting_failed(&l, t);
	ck_assert_uint_eq(logged, 3);
	ck_assert(lasting_ended(&l, &was));
	ck_assert_uint_eq(was.n, 721);
	ck_assert_int_eq(was.since_ms, 0);
	ck_assert(!lasting_ended(&l, &was));
}
END_TEST

START_TEST(an_error_says_where_on_its_way_up)
{
	struct err err = {0};
	char longish[2 * ERR_TEXT_BYTES];

	err_set(&err, ERR_STORE, "migration %d: no such column", 3);
	ck_assert_int_eq(err_wrap(&err, "open %s", "x.db"), ERR_STORE);
	ck_assert_str_eq(err.text, "open x.db: migration 3: no such column");
	memset(longish, 'x', sizeof longish);
	longish[sizeof longish - 1] = '\0';
	err_set(&err, ERR_STORE, "%s", longish);
	ck_assert_uint_eq(strlen(err.text), ERR_TEXT_BYTES - 1);
	err_wrap(&err, "%s", "deep");
	ck_assert_uint_eq(strlen(err.text), ERR_TEXT_BYTES - 1);
	ck_assert_int_eq(strncmp(err.text, "deep: x", 7), 0);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{text_from_outside_stays_on_its_line, COUNT(texts)},
		{escaped_text_is_cut_at_a_whole_character, 1},
		{a_lasting_failure_is_logged_at_its_begin_hourly_and_at_its_end, 1},
		{an_error_says_where_on_its_way_up, 1},
	};

	return suite_run("log", tests, COUNT(tests), NULL, NULL);
}
