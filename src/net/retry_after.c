#include "net/retry_after.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define SECOND_MS INT64_C(1000)
#define DAY_MS    (24 * 3600 * SECOND_MS)

/* strtod() takes more than numbers as people write them: hexadecimal ones, "inf" and "nan". */
static bool read_seconds(const char *text, double *seconds)
{
	char *end;

	if (text[strspn(text, " +-.0123456789eE")] != '\0')
		return false;
	*seconds = strtod(text, &end);
	return end != text && *end == '\0' && __builtin_isfinite(*seconds);
}

/* From what is positive at least 1: 0 would be none. */
static int64_t ms_of(double seconds)
{
	if (seconds <= 0)
		return 0;
	if (seconds >= (double)(RETRY_AFTER_MAX_MS / SECOND_MS))
		return RETRY_AFTER_MAX_MS;
	return seconds * SECOND_MS < 1 ? 1 : (int64_t)(seconds * SECOND_MS);
}

/* A date in a year that no clock shows is one all the same, as far away as can be said. */
static bool read_date(const char *text, int64_t *at_ms)
{
	time_t at_s = text != NULL ? curl_getdate(text, NULL) : (time_t)-1;

	if (at_s > CLOCK_MAX_MS / SECOND_MS)
		at_s = CLOCK_MAX_MS / SECOND_MS;
	*at_ms = (int64_t)at_s * SECOND_MS;
	return at_s != (time_t)-1;
}

/* Until then; 0 where it is over. */
static int64_t ms_until(int64_t until_ms, const char *date, int64_t now_at_ms,
			int64_t least_ms)
{
	int64_t sent_ms, wait_ms;

	if (read_date(date, &sent_ms) && until_ms - sent_ms <= DAY_MS)
		return until_ms > sent_ms ? until_ms - sent_ms : 0;
	wait_ms = until_ms - now_at_ms;
	if (wait_ms < least_ms)
		return least_ms;
	return wait_ms < RETRY_AFTER_MAX_MS ? wait_ms : RETRY_AFTER_MAX_MS;
}

int64_t retry_after_ms(const char *header, const char *date, int64_t now_at_ms,
		       int64_t least_ms)
{
	double seconds;
	int64_t until_ms;

	if (header == NULL || header[0] == '\0')
		return 0;
	if (read_seconds(header, &seconds))
		return ms_of(seconds);
	return read_date(header, &until_ms)
		       ? ms_until(until_ms, date, now_at_ms, least_ms)
		       : 0;
}
