/* Memory that a test makes and need not free: it stays reachable until the test's process ends,
 * so that it is no leak. */
#ifndef TESTS_KEEP_H
#define TESTS_KEEP_H

#include <stddef.h>

/* Returns what it is given. */
void *keep(void *memory);
char *keep_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
