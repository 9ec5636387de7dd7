#include "sim/dice.h"

/* SplitMix64, by Sebastiano Vigna: https://prng.di.unimi.it/splitmix64.c (public domain). */
uint64_t dice_throw(struct dice *d)
{
	uint64_t z = (d->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void dice_init(struct dice *d, uint64_t seed, uint64_t which)
{
	d->state = seed;
	d->state = dice_throw(d) + which;
	d->state = dice_throw(d);
}

uint32_t dice_below(struct dice *d, uint32_t n)
{
	return (uint32_t)(((dice_throw(d) >> 32) * n) >> 32);
}

double dice_share(struct dice *d)
{
	return (double)(dice_throw(d) >> 11) * 0x1p-53;
}
