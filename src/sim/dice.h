/* Numbers that look random and are the same for the same seed. Pure. Not for secrets. */
#ifndef SIM_DICE_H
#define SIM_DICE_H

#include <stdint.h>

struct dice {
	uint64_t state;
};

/* Dice of their own for each (seed, which): what one pair throws does not touch another. */
void dice_init(struct dice *d, uint64_t seed, uint64_t which);
uint64_t dice_throw(struct dice *d);
/* 0 to n - 1; n is at least 1. */
uint32_t dice_below(struct dice *d, uint32_t n);
/* 0 to just below 1. */
double dice_share(struct dice *d);

#endif
