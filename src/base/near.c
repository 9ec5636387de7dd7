#include "base/near.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define MAX_DISTANCE 32 /* longer names are never near one another */
#define NEAR_PREFIX  4  /* letters that make "secret" near "secret_file" */

/* How many letters must be put in, taken out, changed or swapped with their neighbour to make
 * one of the other; the case does not count. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][MAX_DISTANCE + 1], *two = rows[0], *one = rows[1], *now = rows[2],
					  *next;
	size_t n_a = strlen(a), n_b = strlen(b);

	if (n_a > MAX_DISTANCE || n_b > MAX_DISTANCE)
		return SIZE_MAX;
	for (size_t j = 0; j <= n_b; j++)
		one[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		now[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			bool same = strncasecmp(&a[i - 1], &b[j - 1], 1) == 0;

			now[j] = one[j - 1] + !same;
			if (now[j - 1] + 1 < now[j])
				now[j] = now[j - 1] + 1;
			if (one[j] + 1 < now[j])
				now[j] = one[j] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && two[j - 2] + 1 < now[j])
				now[j] = two[j - 2] + 1;
		}
		next = two;
		two = one;
		one = now;
		now = next;
	}
	return one[n_b];
}

const char *near_of(const char *best, const char *candidate, const char *word)
{
	size_t d = distance(candidate, word);
	size_t n = strlen(word) < strlen(candidate) ? strlen(word) : strlen(candidate);
	bool prefix = n >= NEAR_PREFIX && strncasecmp(candidate, word, n) == 0;

	if (best != NULL && distance(best, word) <= d)
		return best;
	return d <= 1 + strlen(candidate) / 4 || prefix ? candidate : best;
}
