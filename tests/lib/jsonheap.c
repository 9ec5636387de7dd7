#include "lib/jsonheap.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>

static size_t held, peak;

static void *allocate(size_t size)
{
	void *p = malloc(size);

	if (p != NULL)
		held += malloc_usable_size(p);
	if (held > peak)
		peak = held;
	return p;
}

static void release(void *p)
{
	if (p != NULL)
		held -= malloc_usable_size(p);
	free(p);
}

void jsonheap_start(void)
{
	held = peak = 0;
	json_set_alloc_funcs(allocate, release);
}

size_t jsonheap_peak(void)
{
	return peak;
}
