/* Chance for tests that can be had again: each says with which seed it began, and $TEST_SEED is
 * another. */
#ifndef TESTS_DICE_H
#define TESTS_DICE_H

#include <stdint.h>

/* Begin with the ith seed, and say it. */
void dice_seed(int i);
/* 0 to n - 1. */
uint32_t dice(uint32_t n);

#endif
