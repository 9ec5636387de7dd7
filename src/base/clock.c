#include "base/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * SECOND_MS + t.tv_nsec / 1000000;
}

int64_t clock_utc_ms(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_watch_look(struct clock_watch *w, int64_t at_ms, int64_t now_ms)
{
	int64_t step_ms = at_ms - now_ms - w->offset_ms;

	w->offset_ms += step_ms;
	if (!w->begun || (step_ms <= CLOCK_SET_MS && step_ms >= -CLOCK_SET_MS))
		step_ms = 0;
	w->begun = true;
	w->set_ms += step_ms;
	return step_ms;
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar, and back. Years run from March, so
 * that the leap day is the last of its year; 400 years are 146097 days. */
static int64_t days_of(int64_t y, int m, int d)
{
	int64_t era, yoe, doy, doe;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

static void date_of(int64_t days, int64_t *y, int *m, int *d)
{
	int64_t era, doe, yoe, doy, mp;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = yoe + era * 400 + (*m <= 2);
}

/* Not by snprintf: an answer may have a hundred thousand times. */
static char *add_digits(char *out, int number, int n, char behind)
{
	for (int i = n - 1; i >= 0; i--) {
		out[i] = (char)('0' + number % 10);
		number /= 10;
	}
	out[n] = behind;
	return out + n + 1;
}

void clock_format(char out[CLOCK_TEXT_BYTES], int64_t at_ms)
{
	int64_t days, rest, y;
	int m, d;

	if (at_ms < CLOCK_MIN_MS)
		at_ms = CLOCK_MIN_MS;
	if (at_ms > CLOCK_MAX_MS)
		at_ms = CLOCK_MAX_MS;
	days = at_ms / DAY_MS;
	rest = at_ms % DAY_MS;
	if (rest < 0) {
		days--;
		rest += DAY_MS;
	}
	date_of(days, &y, &m, &d);
	out = add_digits(out, (int)y, 4, '-');
	out = add_digits(out, m, 2, '-');
	out = add_digits(out, d, 2, 'T');
	out = add_digits(out, (int)(rest / HOUR_MS), 2, ':');
	out = add_digits(out, (int)(rest / MINUTE_MS % 60), 2, ':');
	out = add_digits(out, (int)(rest / SECOND_MS % 60), 2, '.');
	out = add_digits(out, (int)(rest % SECOND_MS), 3, 'Z');
	*out = '\0';
}

/* Read exactly n digits and move on; -1 where they are not there. */
static int digits(const char **p, int n)
{
	int value = 0;

	while (n-- > 0) {
		if (!isdigit((unsigned char)**p))
			return -1;
		value = value * 10 + (*(*p)++ - '0');
	}
	return value;
}

static int month_days(int y, int m)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int leap = m == 2 && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));

	return days[m - 1] + leap;
}

/* ".534" -> 534; no fraction is 0; -1 for a dot without digits. */
static int fraction_ms(const char **p)
{
	int ms = 0, weight = 100;

	if (**p != '.' && **p != ',')
		return 0;
	(*p)++;
	if (!isdigit((unsigned char)**p))
		return -1;
	for (; isdigit((unsigned char)**p); (*p)++, weight /= 10)
		ms += (**p - '0') * weight;
	return ms;
}

/* "Z", "+02:00", "+0200", "" (UTC) -> minutes to take off; INT_MIN where it is none. */
static int zone_minutes(const char **p)
{
	int sign, h, m;

	if (**p == '\0')
		return 0;
	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		return 0;
	}
	if (**p != '+' && **p != '-')
		return INT_MIN;
	sign = *(*p)++ == '-' ? -1 : 1;
	h = digits(p, 2);
	if (**p == ':')
		(*p)++;
	m = digits(p, 2);
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return INT_MIN;
	return sign * (h * 60 + m);
}

int clock_parse(const char *text, int64_t *at_ms)
{
	const char *p = text;
	int y, mon, d, h, min, s, ms, zone;
	int64_t at;

	y = digits(&p, 4);
	if (y < 0 || *p++ != '-')
		return ERR_FORMAT;
	mon = digits(&p, 2);
	if (mon < 1 || mon > 12 || *p++ != '-')
		return ERR_FORMAT;
	d = digits(&p, 2);
	if (d < 1 || d > month_days(y, mon) || (*p != 'T' && *p != 't' && *p != ' '))
		return ERR_FORMAT;
	p++;
	h = digits(&p, 2);
	if (h < 0 || h > 23 || *p++ != ':')
		return ERR_FORMAT;
	min = digits(&p, 2);
	if (min < 0 || min > 59 || *p++ != ':')
		return ERR_FORMAT;
	s = digits(&p, 2);
	if (s < 0 || s > 60)
		return ERR_FORMAT;
	ms = fraction_ms(&p);
	if (ms < 0)
		return ERR_FORMAT;
	if (s == 60)
		ms = 0; /* a leap second is the next second, whatever its fraction */
	zone = zone_minutes(&p);
	if (zone == INT_MIN || *p != '\0')
		return ERR_FORMAT;
	at = days_of(y, mon, d) * DAY_MS + (h * 60 + min - zone) * MINUTE_MS +
	     s * SECOND_MS + ms;
	if (at < CLOCK_MIN_MS || at > CLOCK_MAX_MS)
		return ERR_FORMAT;
	*at_ms = at;
	return 0;
}

int clock_parse_duration(const char *text, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1},
		     {"s", SECOND_MS},
		     {"m", MINUTE_MS},
		     {"h", HOUR_MS},
		     {"d", DAY_MS}};
	int64_t n = 0;
	const char *p = text;
	size_t i;

	if (!isdigit((unsigned char)*p))
		return ERR_FORMAT;
	for (; isdigit((unsigned char)*p); p++) {
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, *p - '0', &n))
			return ERR_FORMAT;
	}
	for (i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(p, units[i].unit) != 0)
			continue;
		if (__builtin_mul_overflow(n, units[i].ms, &n))
			return ERR_FORMAT;
		*ms = n;
		return 0;
	}
	return ERR_FORMAT;
}

void clock_format_duration(char out[CLOCK_TEXT_BYTES], int64_t ms)
{
	if (ms < SECOND_MS)
		snprintf(out, CLOCK_TEXT_BYTES, "%" PRId64 " ms", ms);
	else if (ms < 2 * MINUTE_MS)
		snprintf(out, CLOCK_TEXT_BYTES, "%" PRId64 " s", ms / SECOND_MS);
	else if (ms < 2 * HOUR_MS)
		snprintf(out, CLOCK_TEXT_BYTES, "%" PRId64 " min", ms / MINUTE_MS);
	else if (ms < 2 * DAY_MS)
		snprintf(out, CLOCK_TEXT_BYTES, "%" PRId64 " h %" PRId64 " min",
			 ms / HOUR_MS, ms / MINUTE_MS % 60);
	else
		snprintf(out, CLOCK_TEXT_BYTES, "%" PRId64 " d %" PRId64 " h",
			 ms / DAY_MS, ms / HOUR_MS % 24);
}
