#include "model/window.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/mem.h"

#define DAYS     7
#define DAY_MIN  1440
#define DAY_S    86400
#define ALL_DAYS 0x7fu

static const char *const names[DAYS] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
					"Thursday", "Friday", "Saturday"};

/* ---- its text ---- */

/* The day whose name, or its first three letters, the text begins with; -1: none. *text is moved
 * behind it. */
static int take_day(const char **text)
{
	size_t len = 0;

	while (isalpha((unsigned char)(*text)[len]))
		len++;
	for (int day = 0; day < DAYS; day++) {
		if (strncasecmp(*text, names[day], len) != 0 ||
		    (len != 3 && len != strlen(names[day])))
			continue;
		*text += len;
		return day;
	}
	return -1;
}

/* "Mon-Fri,Sun", up to a blank. */
static int take_days(const char **text, unsigned *days)
{
	for (;; (*text)++) {
		int first = take_day(text), last = first;

		if (first >= 0 && **text == '-') {
			(*text)++;
			last = take_day(text);
		}
		if (first < 0 || last < 0)
			return ERR_FORMAT;
		for (; first != last; first = (first + 1) % DAYS)
			*days |= 1u << first;
		*days |= 1u << last;
		if (**text != ',')
			return 0;
	}
}

/* "22:00"; *text is moved behind it. */
static int take_time(const char **text, int *minutes)
{
	const char *t = *text;

	for (int i = 0; i < 5; i++)
		if (i == 2 ? t[i] != ':' : !isdigit((unsigned char)t[i]))
			return ERR_FORMAT;
	*minutes = ((t[0] - '0') * 10 + t[1] - '0') * 60 + (t[3] - '0') * 10 + t[4] - '0';
	*text += 5;
	return t[3] > '5' || *minutes > DAY_MIN ? ERR_FORMAT : 0;
}

int window_parse(struct window *into, const char *text, struct err *err)
{
	struct window w = {0};
	const char *at = text;

	if (isdigit((unsigned char)*at))
		w.days = ALL_DAYS;
	else if (take_days(&at, &w.days) != 0 || *at++ != ' ')
		goto fail;
	while (*at == ' ')
		at++;
	if (take_time(&at, &w.begin_min) != 0 || *at++ != '-' ||
	    take_time(&at, &w.end_min) != 0 || *at != '\0' || w.begin_min == DAY_MIN ||
	    w.begin_min == w.end_min)
		goto fail;
	if (w.end_min < w.begin_min)
		w.end_min += DAY_MIN;
	*into = w;
	return 0;

fail:
	return err_set(err, ERR_FORMAT,
		       "not a window of time; one is \"Mon-Fri 22:00-06:00\", \"Sat,Sun"
		       " 00:00-24:00\" or \"02:00-04:00\"");
}

static bool has_day(const struct window *w, int day)
{
	return (w->days & 1u << day % DAYS) != 0;
}

/* "Mon-Fri,Sun"; a week begins with Monday. */
static void format_days(char out[WINDOW_TEXT_BYTES], const struct window *w)
{
	size_t len = 0;

	out[0] = '\0';
	for (int first = 1, last; first <= DAYS; first = last + 1) {
		last = first;
		if (!has_day(w, first))
			continue;
		while (last < DAYS && has_day(w, last + 1))
			last++;
		len += (size_t)snprintf(out + len, WINDOW_TEXT_BYTES - len, "%s%.3s",
					len > 0 ? "," : "", names[first % DAYS]);
		if (last > first)
			len += (size_t)snprintf(out + len, WINDOW_TEXT_BYTES - len,
						"-%.3s", names[last % DAYS]);
	}
}

void window_format(char out[WINDOW_TEXT_BYTES], const struct window *w)
{
	int end_min = w->end_min > DAY_MIN ? w->end_min - DAY_MIN : w->end_min;
	size_t len = 0;

	if (w->days != ALL_DAYS) {
		format_days(out, w);
		len = strlen(out);
		out[len++] = ' ';
	}
	snprintf(out + len, WINDOW_TEXT_BYTES - len, "%02d:%02d-%02d:%02d",
		 w->begin_min / 60, w->begin_min % 60, end_min / 60, end_min % 60);
}

/* ---- when it is ---- */

static long offset_at(time_t t)
{
	struct tm tm;

	localtime_r(&t, &tm);
	return tm.tm_gmtoff;
}

/* The first second of an offset that comes into force after lo and not after hi. */
static time_t find_change(time_t lo, time_t hi)
{
	long before = offset_at(lo);

	while (hi - lo > 1) {
		time_t middle = lo + (hi - lo) / 2;

		if (offset_at(middle) == before)
			lo = middle;
		else
			hi = middle;
	}
	return hi;
}

enum which { THE_FIRST, THE_LAST };

/* When the wall's clock shows what would be this second of UTC. */
static time_t when_shown(time_t wall, enum which which)
{
	time_t early = wall - offset_at(wall - DAY_S); /* by the offset before a change */
	time_t late = wall - offset_at(wall + DAY_S);  /* and behind it */
	bool early_is = early + offset_at(early) == wall;
	bool late_is = late + offset_at(late) == wall;

	if (early_is && late_is)
		return which == THE_FIRST ? (early < late ? early : late)
					  : (early < late ? late : early);
	if (early_is || late_is)
		return early_is ? early : late;
	return find_change(late, early); /* it is left out */
}

/* Midnight of the day that is so many days after that of t, as if the wall's clock were UTC. */
static time_t wall_midnight(time_t t, int days)
{
	time_t wall = t + offset_at(t);

	return wall - ((wall % DAY_S) + DAY_S) % DAY_S + (time_t)days * DAY_S;
}

/* The window that begins on the day of this midnight. False: none does. */
static bool on_day(const struct window *w, time_t midnight, time_t *begin, time_t *end)
{
	struct tm tm;

	gmtime_r(&midnight, &tm);
	if (!has_day(w, tm.tm_wday))
		return false;
	*begin = when_shown(midnight + w->begin_min * 60, THE_FIRST);
	*end = when_shown(midnight + w->end_min * 60, THE_LAST);
	return *begin < *end;
}

static time_t seconds(int64_t at_ms)
{
	return (time_t)(at_ms / 1000);
}

bool window_covers(const struct window *w, int64_t at_ms, int64_t *until_ms)
{
	int64_t at = at_ms;
	bool covers = false;

	/* One that lasts until the next one begins goes on with it. */
	for (int day = -1; day <= DAYS; day++) {
		time_t begin, end;

		if (!on_day(w, wall_midnight(seconds(at_ms), day), &begin, &end) ||
		    (int64_t)begin * 1000 > at || (int64_t)end * 1000 <= at)
			continue;
		covers = true;
		at = (int64_t)end * 1000;
	}
	if (covers)
		*until_ms = at;
	return covers;
}

int64_t window_next_ms(const struct window *w, int64_t after_ms)
{
	for (int day = 0;; day++) {
		time_t begin, end;

		if (on_day(w, wall_midnight(seconds(after_ms), day), &begin, &end) &&
		    (int64_t)begin * 1000 > after_ms)
			return (int64_t)begin * 1000;
	}
}
