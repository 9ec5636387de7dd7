#include "base/clock.h"

#include "lib/suite.h"

#include "base/backoff.h"

#define SAMPLE_MS INT64_C(1789377667534) /* 2026-09-14T09:21:07.534Z */
#define BAD       INT64_MIN

static const struct {
	const char *text;
	int64_t at_ms;
} times[] = {
	{"2026-09-14T09:21:07.534Z", SAMPLE_MS},
	{"2026-09-14T09:21:07.534000000Z", SAMPLE_MS},
	{"2026-09-14T11:21:07.534+02:00", SAMPLE_MS},
	{"2026-09-14T11:21:07.534+0200", SAMPLE_MS},
	{"2026-09-14T04:51:07.534-04:30", SAMPLE_MS},
	{"2026-09-14T09:21:07.534", SAMPLE_MS},
	{"2026-09-14t09:21:07.534z", SAMPLE_MS},
	{"2026-09-14T09:21:07.5349Z", SAMPLE_MS},
	{"2026-09-14T09:21:07.5Z", SAMPLE_MS - 34},
	{"2026-09-14T09:21:07Z", SAMPLE_MS - 534},
	{"2026-09-14T11:21:07+02:00", SAMPLE_MS - 534},
	{"1970-01-01T00:00:00.000Z", 0},
	{"1969-12-31T23:59:59.999Z", -1},
	{"9999-12-31T23:59:59.999Z", CLOCK_MAX_MS},
	{"0000-01-01T00:00:00Z", CLOCK_MIN_MS},
	{"2024-02-29T00:00:00Z", INT64_C(1709164800000)},
	{"2026-12-31T23:59:60.000Z", INT64_C(1798761600000)},
	{"2026-12-31T23:59:60.900Z", INT64_C(1798761600000)},
	{"", BAD},
	{"2026-09-14", BAD},
	{"*2026-09-14T09:21:07.534Z", BAD},
	{"2026-13-45T25:61:61.000Z", BAD},
	{"2026-02-29T00:00:00Z", BAD},
	{"2026-00-01T00:00:00Z", BAD},
	{"2026-09-14T24:00:00Z", BAD},
	{"2026-09-14T09:21:61Z", BAD},
	{"2026-09-14T09:21:07.Z", BAD},
	{"2026-09-14T09:21:07.534Zz", BAD},
	{"2026-09-14T09:21:07+2", BAD},
	{"2026-09-14T09:21:07+24:00", BAD},
	{"9999-12-31T23:59:59-01:00", BAD},
	{"0000-01-01T00:00:00+01:00", BAD},
	{"not a date", BAD},
	{"1789377667", BAD},
};

START_TEST(a_time_is_read_as_its_instant)
{
	int64_t at_ms = BAD;

	ck_assert_int_eq(clock_parse(times[_i].text, &at_ms) == 0,
			 times[_i].at_ms != BAD);
	ck_assert_int_eq(at_ms, times[_i].at_ms);
}
END_TEST

START_TEST(every_time_reads_as_it_was_written)
{
	int64_t at_ms, day = INT64_C(7 * 86400000) + 12345;
	char text[CLOCK_TEXT_BYTES];

	for (int64_t t = CLOCK_MIN_MS; t <= CLOCK_MAX_MS; t += day) {
		clock_format(text, t);
		ck_assert_int_eq(clock_parse(text, &at_ms), 0);
		ck_assert_int_eq(at_ms, t);
	}
}
END_TEST

START_TEST(a_time_beyond_four_digit_years_is_cut)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(text, INT64_MAX);
	ck_assert_str_eq(text, "9999-12-31T23:59:59.999Z");
	clock_format(text, INT64_MIN);
	ck_assert_str_eq(text, "0000-01-01T00:00:00.000Z");
}
END_TEST

static const struct {
	const char *text;
	int64_t ms;
} durations[] = {
	{"0s", 0},
	{"250ms", 250},
	{"60s", 60000},
	{"2m", 120000},
	{"1h", 3600000},
	{"400d", INT64_C(34560000000)},
	{"", BAD},
	{"60", BAD},
	{"s", BAD},
	{"-1s", BAD},
	{"1.5s", BAD},
	{"1 s", BAD},
	{"1sec", BAD},
	{"99999999999999999999s", BAD},
	{"9223372036854775807d", BAD},
	{"2562047788015h", INT64_C(9223372036854000000)},
	{"2562047788016h", BAD},
};

START_TEST(a_duration_needs_number_and_unit)
{
	int64_t ms = BAD;
	int rc = clock_parse_duration(durations[_i].text, &ms);

	ck_assert_int_eq(rc == 0, durations[_i].ms != BAD);
	ck_assert_int_eq(ms, durations[_i].ms); /* unchanged where it is none */
}
END_TEST

START_TEST(a_duration_is_told_in_words)
{
	static const struct {
		int64_t ms;
		const char *text;
	} words[] = {{340, "340 ms"},
		     {40000, "40 s"},
		     {1380000, "23 min"},
		     {18600000, "5 h 10 min"},
		     {273600000, "3 d 4 h"}};
	char text[CLOCK_TEXT_BYTES];

	for (size_t i = 0; i < COUNT(words); i++) {
		clock_format_duration(text, words[i].ms);
		ck_assert_str_eq(text, words[i].text);
	}
}
END_TEST

START_TEST(backoff_doubles_to_its_limit_within_the_jitter)
{
	static const uint32_t middle = UINT32_C(1) << 31;

	ck_assert_int_eq(backoff_ms(1, 500, 3600000, 20, middle), 500);
	ck_assert_int_eq(backoff_ms(2, 500, 3600000, 20, middle), 1000);
	ck_assert_int_eq(backoff_ms(5, 500, 3600000, 20, middle), 8000);
	ck_assert_int_eq(backoff_ms(14, 500, 3600000, 20, middle), 3600000);
	ck_assert_int_eq(backoff_ms(4000000000u, 500, 3600000, 20, middle), 3600000);
	ck_assert_int_eq(backoff_ms(1, 500, 3600000, 20, 0), 400);
	ck_assert_int_eq(backoff_ms(1, 500, 3600000, 20, UINT32_MAX), 600);
	ck_assert_int_eq(backoff_ms(1, 500, 3600000, 0, UINT32_MAX), 500);
}
END_TEST

START_TEST(a_clock_that_is_set_is_not_one_that_is_slewed)
{
	static const struct {
		int64_t at_ms, now_ms, step_ms;
	} looks[] = {
		{1000000000, 500, 0}, /* the first look knows nothing */
		{1000060000, 60500, 0},       {1000125000, 120500, 0}, /* 5 s: not yet */
		{1000185001, 175500, 5001},   {1000185002, 175501, 0},
		{999585002, 175501, -600000}, {999585003, 175502, 0},
	};
	struct clock_watch w = {0};

	for (size_t i = 0; i < COUNT(looks); i++)
		ck_assert_int_eq(clock_watch_look(&w, looks[i].at_ms, looks[i].now_ms),
				 looks[i].step_ms);
	ck_assert_int_eq(w.set_ms, 5001 - 600000);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_time_is_read_as_its_instant, COUNT(times)},
		{every_time_reads_as_it_was_written, 1},
		{a_time_beyond_four_digit_years_is_cut, 1},
		{a_duration_needs_number_and_unit, COUNT(durations)},
		{a_duration_is_told_in_words, 1},
		{a_clock_that_is_set_is_not_one_that_is_slewed, 1},
		{backoff_doubles_to_its_limit_within_the_jitter, 1},
	};

	return suite_run("clock", tests, COUNT(tests), NULL, NULL);
}
