/* Times and durations: what is read is written so that it is read again as the same. */
#include "lib/fuzz.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = mem_strndup((const char *)data, len), out[CLOCK_TEXT_BYTES];
	int64_t at_ms, again_ms, ms = INT64_MIN;

	if (clock_parse(text, &at_ms) == 0) {
		REQUIRE(at_ms >= CLOCK_MIN_MS && at_ms <= CLOCK_MAX_MS);
		clock_format(out, at_ms);
		REQUIRE(strlen(out) == strlen("2026-11-22T18:01:02.345Z"));
		REQUIRE(clock_parse(out, &again_ms) == 0);
		REQUIRE(again_ms == at_ms);
	}
	if (clock_parse_duration(text, &ms) == 0)
		REQUIRE(ms >= 0);
	else
		REQUIRE(ms == INT64_MIN);
	clock_format_duration(out, ms);
	free(text);
	return 0;
}
