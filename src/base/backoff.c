#include "base/backoff.h"

int64_t backoff_ms(unsigned n, int64_t first_ms, int64_t max_ms, int jitter_percent,
		   uint32_t random)
{
	int64_t wait = first_ms;
	int64_t spread;

	while (n > 1 && wait < max_ms) {
		wait *= 2;
		n--;
	}
	if (wait > max_ms)
		wait = max_ms;
	spread = wait * jitter_percent / 100;
	return wait - spread +
	       (int64_t)((uint64_t)random * (uint64_t)(2 * spread + 1) >> 32);
}
