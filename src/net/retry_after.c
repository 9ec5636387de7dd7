#include "net/retry_after.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_MS INT64_C(1000)

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

int64_t retry_after_ms(const char *header, int64_t now_at_ms)
{
	double seconds;
	int64_t wait_ms;
	time_t date;

	if (header == NULL || header[0] == '\0')
		return 0;
	if (read_seconds(header, &seconds))
		return ms_of(seconds);
	date = curl_getdate(header, NULL);
	if (date == (time_t)-1)
		return 0;
	wait_ms = (int64_t)date * SECOND_MS - now_at_ms;
	if (wait_ms <= 0)
		return 0;
	return wait_ms < RETRY_AFTER_MAX_MS ? wait_ms : RETRY_AFTER_MAX_MS;
}
