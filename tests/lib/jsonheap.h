/* How much jansson holds: what costs memory without a limit shows here, whatever the machine. */
#ifndef TESTS_JSONHEAP_H
#define TESTS_JSONHEAP_H

#include <stddef.h>

/* Count from now on, in this process. What was allocated before must have been freed, or be
 * kept. */
void jsonheap_start(void);
/* The most bytes at a time since jsonheap_start. */
size_t jsonheap_peak(void);

#endif
