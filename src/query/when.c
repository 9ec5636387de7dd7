#include "query/when.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* The midnight that began the day of at_ms, some days later. */
static int64_t midnight(int64_t at_ms, int days)
{
	time_t t = (time_t)(at_ms / 1000);
	struct tm tm;

	localtime_r(&t, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday += days;
	tm.tm_isdst = -1; /* a day may begin an hour late */
	return (int64_t)mktime(&tm) * 1000;
}

/* "2026-11-22": through clock_parse, which knows the calendar, then to our midnight. */
static int parse_date(const char *text, int64_t *at_ms)
{
	char full[32];
	struct tm tm = {.tm_isdst = -1};
	int64_t utc;

	if (strlen(text) != strlen("2026-11-22"))
		return ERR_FORMAT;
	snprintf(full, sizeof full, "%sT00:00:00Z", text);
	if (clock_parse(full, &utc) != 0 ||
	    sscanf(text, "%d-%d-%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday) != 3)
		return ERR_FORMAT;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	*at_ms = (int64_t)mktime(&tm) * 1000;
	return 0;
}

/* How many days ago the last day of this name began, today included; -1: it is no day's name. */
static int days_since(const char *name, int64_t now_at_ms)
{
	static const char *const names[] = {"sunday",   "monday", "tuesday", "wednesday",
					    "thursday", "friday", "saturday"};
	time_t t = (time_t)(now_at_ms / 1000);
	struct tm tm;

	localtime_r(&t, &tm);
	for (int day = 0; day < 7; day++)
		if (strcasecmp(name, names[day]) == 0)
			return (tm.tm_wday - day + 7) % 7;
	return -1;
}

/* "2026-11-22 19:01:02" or "19:01:02" (today), with or without seconds, by the clock on our wall:
 * as tables show it. */
static int parse_local(const char *text, int64_t now_at_ms, int64_t *at_ms)
{
	static const size_t day_len = sizeof "2026-11-22 " - 1;
	size_t len = strlen(text);
	char full[CLOCK_TEXT_BYTES];
	int64_t wall_ms;
	struct tm tm;
	time_t wall;

	when_format(full, now_at_ms); /* for its day */
	if (len > day_len && text[day_len - 1] == ' ') {
		memcpy(full, text, day_len);
		text += day_len;
		len -= day_len;
	}
	if (len != strlen("19:01") && len != strlen("19:01:02"))
		return ERR_FORMAT;
	snprintf(full + day_len, sizeof full - day_len, "%s%sZ", text,
		 len == strlen("19:01") ? ":00" : "");
	if (clock_parse(full, &wall_ms) != 0)
		return ERR_FORMAT;
	wall = (time_t)(wall_ms / 1000);
	gmtime_r(&wall, &tm);
	tm.tm_isdst = -1;
	*at_ms = (int64_t)mktime(&tm) * 1000;
	return 0;
}

/* As clock_parse does, and as tables show a time where its zone matters: "... 19:01:02 +0100". */
static int parse_zoned(const char *text, int64_t *at_ms)
{
	static const size_t time_len = sizeof "2026-11-22 19:01:02" - 1;
	char joined[CLOCK_TEXT_BYTES];

	if (strlen(text) != strlen("2026-11-22 19:01:02 +0100") || text[time_len] != ' ')
		return clock_parse(text, at_ms);
	snprintf(joined, sizeof joined, "%.*s%s", (int)time_len, text,
		 text + time_len + 1);
	return clock_parse(joined, at_ms);
}

static int has_zone(const char *text)
{
	const char *time = strpbrk(text, "Tt ");

	return time != NULL && strpbrk(time, "Zz+-") != NULL;
}

int when_parse(const char *text, int64_t now_at_ms, int64_t *at_ms, struct err *err)
{
	int64_t ago_ms;

	if (strcmp(text, "now") == 0) {
		*at_ms = now_at_ms;
	} else if (strcmp(text, "today") == 0) {
		*at_ms = midnight(now_at_ms, 0);
	} else if (strcmp(text, "yesterday") == 0) {
		*at_ms = midnight(now_at_ms, -1);
	} else if (days_since(text, now_at_ms) >= 0) {
		*at_ms = midnight(now_at_ms, -days_since(text, now_at_ms));
	} else if (text[0] == '-' && clock_parse_duration(text + 1, &ago_ms) == 0) {
		if (ago_ms > now_at_ms - CLOCK_MIN_MS)
			return err_set(err, ERR_FORMAT, "before the year 0");
		*at_ms = now_at_ms - ago_ms;
	} else if (parse_date(text, at_ms) == 0 ||
		   parse_local(text, now_at_ms, at_ms) == 0) {
		return 0;
	} else if (parse_zoned(text, at_ms) != 0) {
		return err_set(
			err, ERR_FORMAT,
			"not a time; a time is 2026-11-22T18:00:00Z, \"2026-11-22 18:00\","
			" 2026-11-22, 18:00, -2h, yesterday, monday, today or now");
	} else if (!has_zone(text)) {
		return err_set(err, ERR_FORMAT,
			       "a time of which zone? add Z or +hh:mm, as in %sZ", text);
	}
	return 0;
}

static void to_local(int64_t at_ms, struct tm *tm)
{
	time_t t = (time_t)((at_ms - (at_ms < 0 ? 999 : 0)) / 1000);

	localtime_r(&t, tm);
}

void when_format(char out[CLOCK_TEXT_BYTES], int64_t at_ms)
{
	struct tm tm;

	to_local(at_ms, &tm);
	strftime(out, CLOCK_TEXT_BYTES, "%Y-%m-%d %H:%M:%S", &tm);
}

void when_format_zoned(char out[CLOCK_TEXT_BYTES], int64_t at_ms)
{
	struct tm tm;

	to_local(at_ms, &tm);
	strftime(out, CLOCK_TEXT_BYTES, "%Y-%m-%d %H:%M:%S %z", &tm);
}

bool when_is_one_offset(int64_t at_ms, int64_t other_at_ms)
{
	struct tm tm, other;

	to_local(at_ms, &tm);
	to_local(other_at_ms, &other);
	return tm.tm_gmtoff == other.tm_gmtoff;
}

void when_format_short(char out[CLOCK_TEXT_BYTES], int64_t at_ms, int64_t now_at_ms)
{
	struct tm tm, now;
	bool today;

	to_local(at_ms, &tm);
	to_local(now_at_ms, &now);
	today = tm.tm_yday == now.tm_yday && tm.tm_year == now.tm_year;
	strftime(out, CLOCK_TEXT_BYTES, today ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &tm);
}
