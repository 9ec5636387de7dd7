/* How long to wait before the next try: doubling, with jitter, up to a limit. Pure. */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

/*
 * The wait after the n-th failure in a row (n from 1): first_ms * 2^(n-1), at most max_ms, then
 * times 1 +- jitter_percent, where random picks the place (any value; equal values, equal wait).
 * Source  ringcentral api-docs errors.md for the doubling; Standard Webhooks for the jitter
 */
int64_t backoff_ms(unsigned n, int64_t first_ms, int64_t max_ms, int jitter_percent,
		   uint32_t random);

#endif
