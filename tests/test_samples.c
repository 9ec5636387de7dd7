/* No sample of the vendor's answers is forgotten: each file has its outcome in a test's table. */
#include "lib/suite.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES "ringcentral" /* in the tests' data */
#define TESTS   ".."          /* from there */

/* Which tests' tables a sample may stand in, by its name; the first row that fits. */
static const struct {
	const char *pattern;
	const char *tests[2];
} places[] = {
	{"README.md", {NULL}},
	{"fields.txt", {NULL}}, /* of the schema, and no answer */
	{"*bulk_*", {"test_bulk.c"}},
	{"*.headers", {"test_answer.c"}},
	{"error_*", {"test_answer.c"}},
	{"*token_*", {"test_auth.c"}},
	{"sip_provision_response.json", {"test_decode.c"}},
	/* What stands around the records, or the last of them. */
	{"*", {"test_scan.c", "test_decode.c"}},
};

/* Whether a test has it in a text of its own, with or without folder and ending. */
static bool names(const char *test, const char *stem)
{
	char *path = mem_printf(TESTS "/%s", test), *source = suite_data(path, NULL);
	size_t len = strlen(stem);
	const char *at = source;
	bool found = false;

	while (!found && (at = strstr(at, stem)) != NULL) {
		found = at > source && strchr("\"/", at[-1]) != NULL &&
			strchr("\".", at[len]) != NULL;
		at += len;
	}
	free(source);
	free(path);
	return found;
}

static const char *const *places_of(const char *file)
{
	size_t i = 0;

	while (fnmatch(places[i].pattern, file, 0) != 0)
		i++;
	return places[i].tests;
}

static void check_file(const char *file)
{
	const char *const *tests = places_of(file);
	const char *name = strrchr(file, '/') != NULL ? strrchr(file, '/') + 1 : file;
	char *stem = mem_strndup(name, strcspn(name, "."));
	bool found = tests[0] == NULL;

	for (size_t i = 0; i < 2 && tests[i] != NULL; i++)
		found |= names(tests[i], stem);
	ck_assert_msg(found, "no test says what becomes of %s; add it to %s", file,
		      tests[0]);
	free(stem);
}

/* Returns how many files there are. */
static int check_folder(const char *folder)
{
	const char *root = getenv("TEST_DATA");
	char *path = mem_printf("%s/" SAMPLES "/%s", root != NULL ? root : "tests/data",
				folder);
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL) {
		char *file = mem_printf("%s%s", folder, entry->d_name);

		if (entry->d_name[0] != '.' && strchr(entry->d_name, '.') != NULL) {
			check_file(file);
			n++;
		}
		free(file);
	}
	closedir(dir);
	free(path);
	return n;
}

START_TEST(each_sample_has_its_outcome_in_a_test)
{
	ck_assert_int_ge(check_folder(""), 55);
	ck_assert_int_ge(check_folder("edge/"), 113);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{each_sample_has_its_outcome_in_a_test, 1},
	};

	return suite_run("samples", tests, COUNT(tests), NULL, NULL);
}
