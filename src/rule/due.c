#include "rule/due.h"

#include <stdlib.h>

#include "base/mem.h"

void due_clear(struct due *d)
{
	free(d->entries);
	*d = (struct due){0};
}

void due_add(struct due *d, int64_t at_ms, uint32_t what)
{
	size_t i = d->n;

	if (at_ms == DUE_NEVER)
		return;
	d->entries = mem_grow(d->entries, d->n, &d->cap, sizeof *d->entries);
	d->n++;
	for (; i > 0 && d->entries[(i - 1) / 2].at_ms > at_ms; i = (i - 1) / 2)
		d->entries[i] = d->entries[(i - 1) / 2];
	d->entries[i] = (struct due_entry){at_ms, what};
}

/* The hole at the top moves down to where the last entry fits. */
static void take_first(struct due *d)
{
	struct due_entry last = d->entries[--d->n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < d->n) {
		if (child + 1 < d->n &&
		    d->entries[child + 1].at_ms < d->entries[child].at_ms)
			child++;
		if (d->entries[child].at_ms >= last.at_ms)
			break;
		d->entries[i] = d->entries[child];
		i = child;
	}
	d->entries[i] = last;
}

bool due_take(struct due *d, int64_t now_ms, uint32_t *what)
{
	if (d->n == 0 || d->entries[0].at_ms > now_ms)
		return false;
	*what = d->entries[0].what;
	take_first(d);
	return true;
}
