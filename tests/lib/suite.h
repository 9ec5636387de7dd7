/* One Check program per module: a table of its tests, and a main that runs them as TAP. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stddef.h>

#include "base/mem.h" /* COUNT */

/* A test, run n times with _i from 0; n is 1 for one that does not look at _i. */
struct suite_test {
	const TTest *test;
	int n;
};

/* Run them, each in a process of its own, TAP on stdout. Returns main's status.
 * setup and teardown, where not NULL, run around each test in its process. */
int suite_run(const char *name, const struct suite_test *tests, size_t n_tests,
	      SFun setup, SFun teardown);

/* The text of tests/data/NAME, NUL-terminated; *len (where wanted) without the NUL. The caller
 * frees it. A missing file fails the test. */
char *suite_data(const char *name, size_t *len);

/* A fresh folder below $TMPDIR (or /tmp) that is removed when the test's process ends. */
const char *suite_dir(void);

#endif
