#include "model/window.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

static void setup(void)
{
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1); /* Berlin */
	tzset();
}

static int64_t ms(const char *text)
{
	int64_t at_ms;

	ck_assert_msg(clock_parse(text, &at_ms) == 0, "%s", text);
	return at_ms;
}

static const char *text_of(int64_t at_ms)
{
	static char text[CLOCK_TEXT_BYTES];

	clock_format(text, at_ms);
	return text;
}

static struct window window_of(const char *text)
{
	struct window w;
	struct err err;

	ck_assert_msg(window_parse(&w, text, &err) == 0, "%s: %s", text, err.text);
	return w;
}

/* ---- its text ---- */

static const struct {
	const char *text, *same;
} spellings[] = {
	{"Mon-Fri 22:00-06:00", "Mon-Fri 22:00-06:00"},
	{"monday-FRI  22:00-06:00", "Mon-Fri 22:00-06:00"},
	{"sun,sat 00:00-24:00", "Sat-Sun 00:00-24:00"},
	{"Fri-Mon 01:30-02:00", "Mon,Fri-Sun 01:30-02:00"},
	{"Wed,Wed,Mon 23:59-00:00", "Mon,Wed 23:59-24:00"},
	{"02:00-04:00", "02:00-04:00"},
	{"Mon-Sun 02:00-04:00", "02:00-04:00"},
	{"Mon,Tue,Thu,Sun 02:00-01:00", "Mon-Tue,Thu,Sun 02:00-01:00"},
};

START_TEST(a_window_has_one_text)
{
	struct window w = window_of(spellings[_i].text);
	char text[WINDOW_TEXT_BYTES];

	window_format(text, &w);
	ck_assert_str_eq(text, spellings[_i].same);
	w = window_of(text);
	window_format(text, &w);
	ck_assert_str_eq(text, spellings[_i].same);
}
END_TEST

static const char *const nonsense[] = {
	"",
	"Mon",
	"Mon-Fri",
	"22:00",
	"22:00-",
	"22:00-6:00",
	"25:00-26:00",
	"12:60-13:00",
	"24:00-01:00",
	"12:00-24:01",
	"12:00-12:00",
	"Mo 12:00-13:00",
	"Mond 12:00-13:00",
	"Mon- 12:00-13:00",
	"Mon, 12:00-13:00",
	"Mon-Fri12:00-13:00",
	"Mon 12:00-13:00 ",
	"Mon 12:00-13:00 CET",
	"-Fri 12:00-13:00",
	"aa:00-13:00",
};

START_TEST(what_is_no_window_is_refused)
{
	struct window w = {.days = 42};
	struct err err;

	ck_assert_msg(window_parse(&w, nonsense[_i], &err) == ERR_FORMAT, "%s",
		      nonsense[_i]);
	ck_assert_uint_eq(w.days, 42);
	ck_assert_ptr_nonnull(strstr(err.text, "not a window of time"));
}
END_TEST

/* ---- when it is: November 23, 2026 is a Monday ---- */

static const struct {
	const char *window, *at, *until; /* until NULL: it is not in force */
} moments[] = {
	{"Mon-Fri 22:00-06:00", "2026-11-23T20:59:59Z", NULL},
	{"Mon-Fri 22:00-06:00", "2026-11-23T21:00:00Z", "2026-11-24T05:00:00.000Z"},
	{"Mon-Fri 22:00-06:00", "2026-11-24T04:59:59Z", "2026-11-24T05:00:00.000Z"},
	{"Mon-Fri 22:00-06:00", "2026-11-24T05:00:00Z", NULL},
	/* Friday's lasts into Saturday, and there is none on Sunday. */
	{"Mon-Fri 22:00-06:00", "2026-11-28T04:00:00Z", "2026-11-28T05:00:00.000Z"},
	{"Mon-Fri 22:00-06:00", "2026-11-23T04:00:00Z", NULL},
	/* One after the other is one. */
	{"Sat,Sun 00:00-24:00", "2026-11-27T23:00:00Z", "2026-11-29T23:00:00.000Z"},
	{"Sat,Sun 00:00-24:00", "2026-11-27T22:59:59Z", NULL},
	{"00:00-24:00", "2026-11-23T12:00:00Z", "2026-11-30T23:00:00.000Z"},
	{"08:00-08:01", "2026-11-23T07:00:59Z", "2026-11-23T07:01:00.000Z"},
	/* March 29: from 2:00 it is 3:00. The night is an hour shorter. */
	{"22:00-06:00", "2026-03-28T21:00:00Z", "2026-03-29T04:00:00.000Z"},
	{"02:30-04:00", "2026-03-29T00:59:59Z", NULL},
	{"02:30-04:00", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00.000Z"},
	{"01:00-02:30", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00.000Z"},
	{"01:00-02:30", "2026-03-29T01:00:00Z", NULL},
	{"02:10-02:50", "2026-03-29T01:00:00Z", NULL},
	{"02:10-02:50", "2026-03-30T00:10:00Z", "2026-03-30T00:50:00.000Z"},
	/* October 25: from 3:00 it is 2:00 again. The night is an hour longer, and once. */
	{"22:00-06:00", "2026-10-24T20:00:00Z", "2026-10-25T05:00:00.000Z"},
	{"02:10-02:50", "2026-10-25T00:09:59Z", NULL},
	{"02:10-02:50", "2026-10-25T00:10:00Z", "2026-10-25T01:50:00.000Z"},
	{"02:10-02:50", "2026-10-25T00:55:00Z", "2026-10-25T01:50:00.000Z"},
	{"02:10-02:50", "2026-10-25T01:49:59Z", "2026-10-25T01:50:00.000Z"},
	{"02:10-02:50", "2026-10-25T01:50:00Z", NULL},
	{"01:00-02:30", "2026-10-25T00:45:00Z", "2026-10-25T01:30:00.000Z"},
	{"Sat-Sun 00:00-24:00", "2026-10-24T12:00:00Z", "2026-10-25T23:00:00.000Z"},
};

START_TEST(a_window_is_in_force_by_the_clock_on_the_wall)
{
	struct window w = window_of(moments[_i].window);
	int64_t until_ms = -1;
	bool covers = window_covers(&w, ms(moments[_i].at), &until_ms);

	ck_assert_msg(covers == (moments[_i].until != NULL), "%s at %s",
		      moments[_i].window, moments[_i].at);
	if (covers)
		ck_assert_str_eq(text_of(until_ms), moments[_i].until);
	else
		ck_assert_int_eq(until_ms, -1);
}
END_TEST

static const struct {
	const char *window, *after, *next;
} nexts[] = {
	{"Mon-Fri 22:00-06:00", "2026-11-23T20:59:59Z", "2026-11-23T21:00:00.000Z"},
	{"Mon-Fri 22:00-06:00", "2026-11-23T21:00:00Z", "2026-11-24T21:00:00.000Z"},
	{"Mon-Fri 22:00-06:00", "2026-11-27T21:00:00Z", "2026-11-30T21:00:00.000Z"},
	{"Mon 00:00-24:00", "2026-11-22T23:00:00Z", "2026-11-29T23:00:00.000Z"},
	{"02:30-04:00", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00.000Z"},
	/* All of it is left out: the next is a day later. */
	{"02:10-02:50", "2026-03-28T12:00:00Z", "2026-03-30T00:10:00.000Z"},
	{"02:10-02:50", "2026-10-24T12:00:00Z", "2026-10-25T00:10:00.000Z"},
	{"02:10-02:50", "2026-10-25T00:30:00Z", "2026-10-26T01:10:00.000Z"},
};

START_TEST(the_next_one_begins_by_the_clock_on_the_wall)
{
	struct window w = window_of(nexts[_i].window);

	ck_assert_str_eq(text_of(window_next_ms(&w, ms(nexts[_i].after))),
			 nexts[_i].next);
}
END_TEST

/* Minute by minute over both changes: what it says of its end and of the next one is what comes. */
START_TEST(what_is_said_beforehand_comes_to_pass)
{
	static const char *const windows[] = {"Mon-Fri 22:00-06:00", "02:10-02:50",
					      "Sun 01:00-02:30", "02:30-03:30"};
	static const char *const begins[] = {"2026-03-27T00:00:00Z",
					     "2026-10-23T00:00:00Z"};
	struct window w = window_of(windows[_i / 2]);
	int64_t at_ms = ms(begins[_i % 2]), end_ms = at_ms + 5 * INT64_C(86400000);
	int64_t changes_ms = at_ms, until_ms;
	bool was = window_covers(&w, at_ms, &until_ms);

	for (; at_ms < end_ms; at_ms += 60000) {
		bool is = window_covers(&w, at_ms, &until_ms);

		ck_assert_msg(is == was || at_ms == changes_ms, "at %s", text_of(at_ms));
		was = is;
		changes_ms = is ? until_ms : window_next_ms(&w, at_ms);
		ck_assert_int_gt(changes_ms, at_ms);
	}
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_window_has_one_text, COUNT(spellings)},
		{what_is_no_window_is_refused, COUNT(nonsense)},
		{a_window_is_in_force_by_the_clock_on_the_wall, COUNT(moments)},
		{the_next_one_begins_by_the_clock_on_the_wall, COUNT(nexts)},
		{what_is_said_beforehand_comes_to_pass, 8},
	};

	return suite_run("window", tests, COUNT(tests), setup, NULL);
}
