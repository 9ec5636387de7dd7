#include "lib/suite.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEST_TIMEOUT_S 60

int suite_run(const char *name, const struct suite_test *tests, size_t n_tests,
	      SFun setup, SFun teardown)
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, TEST_TIMEOUT_S);
	if (setup != NULL || teardown != NULL)
		tcase_add_checked_fixture(tc, setup, teardown);
	for (size_t i = 0; i < n_tests; i++)
		tcase_add_loop_test(tc, tests[i].test, 0, tests[i].n);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

char *suite_data(const char *name, size_t *len)
{
	const char *root = getenv("TEST_DATA");
	char *path = mem_printf("%s/%s", root != NULL ? root : "tests/data", name);
	FILE *f = fopen(path, "rb");
	char *text;
	size_t n;

	ck_assert_msg(f != NULL, "cannot open %s", path);
	ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
	n = (size_t)ftell(f);
	rewind(f);
	text = mem_alloc(n + 1);
	ck_assert_uint_eq(fread(text, 1, n, f), n);
	text[n] = '\0';
	if (len != NULL)
		*len = n;
	fclose(f);
	free(path);
	return text;
}

static char dir[256];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_dir(void)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *suite_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	if (dir[0] == '\0') {
		snprintf(dir, sizeof dir, "%s/phonewatch-test-XXXXXX",
			 tmp != NULL ? tmp : "/tmp");
		ck_assert_ptr_nonnull(mkdtemp(dir));
		atexit(remove_dir);
	}
	return dir;
}
