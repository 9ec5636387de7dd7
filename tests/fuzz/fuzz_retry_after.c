/* Retry-After, and the numbers of the rate headers. */
#include "lib/fuzz.h"

#include "api/answer.h"
#include "api/budget.h"
#include "base/mem.h"
#include "net/retry_after.h"

#define AT_MS       INT64_C(1795370462345)
#define UNTIL       "Sun, 22 Nov 2026 18:01:27 GMT"
#define NOW_MS      5000000
#define FALLBACK_MS 4711

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = mem_strndup((const char *)data, len);
	int64_t wait_ms = answer_retry_after(text, NULL, AT_MS, FALLBACK_MS);
	struct budget b;

	REQUIRE(wait_ms > 0 && wait_ms <= ANSWER_MAX_WAIT_MS);
	wait_ms = retry_after_ms(text, NULL, AT_MS, 0);
	REQUIRE(wait_ms >= 0 && wait_ms <= RETRY_AFTER_MAX_MS);
	wait_ms = retry_after_ms(UNTIL, text, AT_MS, 0);
	REQUIRE(wait_ms >= 0 && wait_ms <= RETRY_AFTER_MAX_MS);
	budget_init(&b, BUDGET_HEAVY_LIMIT, BUDGET_WINDOW_MS);
	budget_told(&b, text, text, text, NOW_MS);
	REQUIRE(b.limit > 0 && b.window_ms > 0 && b.remaining >= -1);
	REQUIRE(budget_allowance(&b, 100) > 0);
	budget_spend(&b, NOW_MS);
	wait_ms = budget_wait_ms(&b, 50, NOW_MS);
	REQUIRE(wait_ms >= 0 && wait_ms <= BUDGET_MAX_WAIT_MS + 1000);
	free(text);
	return 0;
}
