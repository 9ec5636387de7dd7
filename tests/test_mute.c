#include "rule/mute.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define NOON INT64_C(1795435200000) /* 2026-11-23T12:00:00Z, a Monday */
#define HOUR INT64_C(3600000)

static json_t *facts;

static void setup(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	facts = json_pack("{s:s, s:s, s:s, s:s}", "name", "Lobby phone", "site", "Denver",
			  "type", "HardPhone", "model", "VVX 450");
}

static void teardown(void)
{
	json_decref(facts);
}

static struct mute_subject phone(void)
{
	return (struct mute_subject){
		.key = "acme/device_offline/42",
		.account = "acme",
		.kind = "device_offline",
		.device_id = "42",
		.facts = facts,
	};
}

static struct mute_subject site(void)
{
	return (struct mute_subject){
		.key = "acme/site_outage/7",
		.account = "acme",
		.kind = "site_outage",
		.site = "Denver",
	};
}

static struct mute_subject account(void)
{
	return (struct mute_subject){
		.key = "acme/monitor_blind/acme",
		.account = "acme",
		.kind = "monitor_blind",
	};
}

/* ---- of whom ---- */

static const struct {
	char *matches[3];
	bool phone, site, account;
} cases[] = {
	{{"site=Denver"}, true, true, false},
	{{"site=Den*"}, true, true, false},
	{{"site=Austin"}, false, false, false},
	{{"account=acme"}, true, true, true},
	{{"account=other"}, false, false, false},
	{{"device=42"}, true, false, false},
	{{"device=4"}, false, false, false},
	{{"name=Lobby*"}, true, false, false},
	{{"name=*"}, true, true, true},
	{{"name=?*"}, true, false, false},
	{{"site="}, false, false, true},
	{{"kind=device_*"}, true, false, false},
	{{"kind=site_outage"}, false, true, false},
	{{"kind=monitor_blind", "account=a*"}, false, false, true},
	{{"site=Denver", "name=Lobby*"}, true, false, false},
	{{"site=Denver", "name=Mail*"}, false, false, false},
	{{"type=HardPhone", "model=VVX*", "kind=*"}, true, false, false},
};

static size_t count(char *const *matches)
{
	size_t n = 0;

	while (n < 3 && matches[n] != NULL)
		n++;
	return n;
}

static bool is_muted(const struct silence *s, struct mute_subject subject)
{
	return mute_find(s, 1, &subject, NOON, NULL) == s;
}

START_TEST(a_silence_is_of_those_for_whom_all_its_matches_hold)
{
	struct silence s = {
		.matches = (char **)cases[_i].matches,
		.n_matches = count(cases[_i].matches),
		.until_at_ms = SILENCE_NO_END,
	};

	for (size_t i = 0; i < s.n_matches; i++)
		ck_assert(silence_match_is_valid(s.matches[i]));
	ck_assert_int_eq(is_muted(&s, phone()), cases[_i].phone);
	ck_assert_int_eq(is_muted(&s, site()), cases[_i].site);
	ck_assert_int_eq(is_muted(&s, account()), cases[_i].account);
}
END_TEST

START_TEST(a_silence_of_one_alert_is_of_no_other)
{
	struct silence s = {.key = "acme/device_offline/42",
			    .until_at_ms = SILENCE_NO_END};
	struct mute_subject flapping = phone();

	flapping.key = "acme/device_flapping/42";
	ck_assert(is_muted(&s, phone()));
	ck_assert(!is_muted(&s, flapping));
	ck_assert(!is_muted(&s, site()));
}
END_TEST

START_TEST(a_silence_without_a_match_is_of_nobody)
{
	struct silence s = {.until_at_ms = SILENCE_NO_END};

	ck_assert(!is_muted(&s, phone()));
}
END_TEST

static const char *const no_matches[] = {"",         "site",   "kind",   "=x",
					 "serial=x", "Site=x", "kinds=x"};

START_TEST(what_is_no_match_is_refused)
{
	ck_assert(!silence_match_is_valid(no_matches[_i]));
}
END_TEST

/* ---- when ---- */

static char *everybody[] = {"account=*"};

static const struct {
	int64_t from_ms, until_ms, ended_ms; /* ended_ms 0: it was not */
	const char *every;                   /* NULL: always */
	int64_t end_ms;                      /* 0: not in force at noon */
	int64_t next_ms;                     /* when that changes */
} times[] = {
	{0, SILENCE_NO_END, 0, NULL, SILENCE_NO_END, SILENCE_NO_END},
	{NOON, NOON + HOUR, 0, NULL, NOON + HOUR, NOON + HOUR},
	{NOON + 1, NOON + HOUR, 0, NULL, 0, NOON + 1},
	{0, NOON, 0, NULL, 0, SILENCE_NO_END},
	{0, NOON + 1, 0, NULL, NOON + 1, NOON + 1},
	{0, NOON + HOUR, NOON, NULL, 0, SILENCE_NO_END},
	{0, NOON + HOUR, NOON + 1, NULL, NOON + HOUR, NOON + HOUR},
	{0, SILENCE_NO_END, 0, "Mon 11:00-13:00", NOON + HOUR, NOON + HOUR},
	{0, NOON + 5, 0, "Mon 11:00-13:00", NOON + 5, NOON + 5},
	{NOON + 5, SILENCE_NO_END, 0, "Mon 11:00-13:00", 0, NOON + 5},
	{NOON + 2 * HOUR, SILENCE_NO_END, 0, "Mon 11:00-13:00", 0, NOON + 167 * HOUR},
	{0, SILENCE_NO_END, 0, "Mon 13:00-14:00", 0, NOON + HOUR},
	{0, NOON + HOUR, 0, "Mon 13:00-14:00", 0, SILENCE_NO_END},
	{0, SILENCE_NO_END, NOON - 1, "Mon 11:00-13:00", 0, SILENCE_NO_END},
};

static struct silence silence_at(int i)
{
	struct silence s = {
		.matches = everybody,
		.n_matches = 1,
		.from_at_ms = times[i].from_ms,
		.until_at_ms = times[i].until_ms,
		.ended_at_ms = times[i].ended_ms,
		.recurs = times[i].every != NULL,
	};
	struct err err;

	if (s.recurs)
		ck_assert_int_eq(window_parse(&s.every, times[i].every, &err), 0);
	return s;
}

START_TEST(a_silence_is_in_force_in_its_time)
{
	struct silence s = silence_at(_i);
	struct mute_subject subject = phone();
	int64_t until_ms = 0;

	ck_assert_ptr_eq(mute_find(&s, 1, &subject, NOON, &until_ms),
			 times[_i].end_ms != 0 ? &s : NULL);
	ck_assert_int_eq(until_ms, times[_i].end_ms);
}
END_TEST

START_TEST(the_next_change_is_known_beforehand)
{
	struct silence s = silence_at(_i);

	ck_assert_int_eq(mute_next_ms(&s, 1, NOON), times[_i].next_ms);
}
END_TEST

START_TEST(of_several_the_one_that_lasts_longest_is_told)
{
	struct silence s[] = {
		{.matches = everybody, .n_matches = 1, .until_at_ms = NOON + HOUR},
		{.matches = everybody, .n_matches = 1, .until_at_ms = NOON + 3 * HOUR},
		{.key = "acme/device_offline/43", .until_at_ms = NOON + 4 * HOUR},
		{.matches = everybody, .n_matches = 1, .until_at_ms = NOON + 2 * HOUR},
	};
	struct mute_subject subject = phone();
	int64_t until_ms;

	ck_assert_ptr_eq(mute_find(s, COUNT(s), &subject, NOON, &until_ms), &s[1]);
	ck_assert_int_eq(until_ms, NOON + 3 * HOUR);
	ck_assert_int_eq(mute_next_ms(s, COUNT(s), NOON), NOON + HOUR);
	ck_assert_ptr_null(mute_find(s, 0, &subject, NOON, &until_ms));
	ck_assert_int_eq(mute_next_ms(s, 0, NOON), SILENCE_NO_END);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_silence_is_of_those_for_whom_all_its_matches_hold, COUNT(cases)},
		{a_silence_of_one_alert_is_of_no_other, 1},
		{a_silence_without_a_match_is_of_nobody, 1},
		{what_is_no_match_is_refused, COUNT(no_matches)},
		{a_silence_is_in_force_in_its_time, COUNT(times)},
		{the_next_change_is_known_beforehand, COUNT(times)},
		{of_several_the_one_that_lasts_longest_is_told, 1},
	};

	return suite_run("mute", tests, COUNT(tests), setup, teardown);
}
