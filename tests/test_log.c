#include "base/log.h"

#include "lib/suite.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* ---- whom the lines are for ---- */

/* stderr is this file from now on; stat(2) of it. */
static struct stat log_to(const char *name)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", suite_dir(), name);
	ck_assert_ptr_nonnull(freopen(path, "w", stderr));
	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	return st;
}

static void set_stream(uintmax_t device, uintmax_t inode)
{
	char text[64];

	snprintf(text, sizeof text, "%ju:%ju", device, inode);
	ck_assert_int_eq(setenv("JOURNAL_STREAM", text, 1), 0);
}

/* Log a line and look at it. */
static void check_line(const char *name, const char *pattern)
{
	char path[512], line[256];
	FILE *f;

	log_warning("hello");
	snprintf(path, sizeof path, "%s/%s", suite_dir(), name);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	fclose(f);
	ck_assert_msg(fnmatch(pattern, line, 0) == 0, "%s", line);
}

#define PLAIN "20[0-9][0-9]-*T*Z warning: hello\n"

START_TEST(the_journal_gets_priorities_and_whoever_else_reads_gets_times)
{
	static const char *const others[] = {"", "1", "x:y", "5:"};
	struct stat st = log_to("a"), other;

	set_stream(st.st_dev, st.st_ino);
	check_line("a", "<4>hello\n");
	other = log_to("b"); /* as "phonewatchd 2>file" within a service */
	check_line("b", PLAIN);
	(void)log_to("b");
	set_stream(other.st_dev + 1, other.st_ino);
	check_line("b", PLAIN);
	for (size_t i = 0; i < COUNT(others); i++) {
		ck_assert_int_eq(setenv("JOURNAL_STREAM", others[i], 1), 0);
		(void)log_to("b");
		check_line("b", PLAIN);
	}
	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
	(void)log_to("b");
	check_line("b", PLAIN);
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
		{the_journal_gets_priorities_and_whoever_else_reads_gets_times, 1},
		{a_lasting_failure_is_logged_at_its_begin_hourly_and_at_its_end, 1},
		{an_error_says_where_on_its_way_up, 1},
	};

	return suite_run("log", tests, COUNT(tests), NULL, NULL);
}
