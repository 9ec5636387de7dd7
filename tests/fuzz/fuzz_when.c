/* Times and windows as people write them, in several zones, which the first byte chooses. */
#include "lib/fuzz.h"

#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "model/window.h"
#include "query/when.h"

#define DAY_MS INT64_C(86400000)

static const char *const zones[] = {"UTC", "Europe/Berlin", "America/St_Johns",
				    "Pacific/Apia", "America/Santiago"};
/* A day on which Berlin's clocks are changed, one on which Santiago's are, and any. */
static const int64_t nows_ms[] = {INT64_C(1792886400000), INT64_C(1788667200000),
				  INT64_C(1795370462345)};

static void check_time(const char *text, int64_t now_ms)
{
	char out[CLOCK_TEXT_BYTES];
	int64_t at_ms = INT64_MIN;
	struct err err = {0};

	if (when_parse(text, now_ms, &at_ms, &err) != 0) {
		REQUIRE(err.code == ERR_FORMAT && err.text[0] != '\0');
		return;
	}
	/* A date may begin in another year by the clock of Greenwich. */
	REQUIRE(at_ms >= CLOCK_MIN_MS - DAY_MS && at_ms <= CLOCK_MAX_MS + DAY_MS);
	when_format(out, at_ms);
	REQUIRE(strlen(out) >= strlen("0-01-01 00:00:00"));
	when_format_short(out, at_ms, now_ms);
	REQUIRE(strlen(out) >= strlen("00:00:00"));
}

static void check_window(const char *text, int64_t now_ms)
{
	struct window w, again;
	char out[WINDOW_TEXT_BYTES], second[WINDOW_TEXT_BYTES];
	int64_t until_ms = 0;
	struct err err = {0};

	if (window_parse(&w, text, &err) != 0) {
		REQUIRE(err.code == ERR_FORMAT && err.text[0] != '\0');
		return;
	}
	window_format(out, &w);
	REQUIRE(window_parse(&again, out, &err) == 0);
	window_format(second, &again);
	REQUIRE(strcmp(out, second) == 0);
	REQUIRE(w.days == again.days && w.begin_min == again.begin_min &&
		w.end_min == again.end_min);
	REQUIRE(window_next_ms(&w, now_ms) > now_ms);
	if (window_covers(&w, now_ms, &until_ms))
		REQUIRE(until_ms > now_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text;

	if (len < 1)
		return 0;
	setenv("TZ", zones[data[0] % COUNT(zones)], 1);
	tzset();
	text = mem_strndup((const char *)data + 1, len - 1);
	for (size_t i = 0; i < COUNT(nows_ms); i++) {
		check_time(text, nows_ms[i]);
		check_window(text, nows_ms[i]);
	}
	free(text);
	return 0;
}
