#include "lib/dice.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t state;

void dice_seed(int i)
{
	const char *seed = getenv("TEST_SEED");

	state = seed != NULL ? strtoull(seed, NULL, 10)
			     : 20261122 + (uint64_t)i * 1000003;
	printf("# TEST_SEED=%llu\n", (unsigned long long)state);
	fflush(stdout);
}

/* Knuth's MMIX; its low bits are no good. */
uint32_t dice(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33) % n;
}
