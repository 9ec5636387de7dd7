#include "base/secret.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct secret secret;
static struct err err;

/* dir/name with these bytes. The path is good until the next call. */
static const char *file_with(const char *name, const char *bytes, size_t len, mode_t mode)
{
	static char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", suite_dir(), name);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
	return path;
}

static const char *file(const char *text, mode_t mode)
{
	return file_with("s", text, strlen(text), mode);
}

static void forget(void)
{
	secret_clear(&secret);
}

static const struct {
	const char *bytes;
	const char *text;  /* NULL: refused, and err ends with ... */
	const char *fault; /* ... this */
} contents[] = {
	{"hunter2", "hunter2", NULL},
	{"hunter2\n", "hunter2", NULL},
	{"hunter2\r\n", "hunter2", NULL},
	{"h\xc3\xbcnter 2\n", "h\xc3\xbcnter 2", NULL},
	{"", NULL, "/s is empty; a secret is one line"},
	{"\n", NULL, "/s is empty; a secret is one line"},
	{"hunter2\n\n", NULL, "/s has more than one line; a secret is one line"},
	{"hunter2\nhunter3\n", NULL, "/s has more than one line; a secret is one line"},
	{"hun\tter2", NULL, "/s holds a control character; a secret is one line of text"},
	{"hunter2\x7f", NULL,
	 "/s holds a control character; a secret is one line of text"},
	{" hunter2", NULL,
	 "/s begins or ends with a blank; a secret is one line without"},
	{"hunter2 \n", NULL,
	 "/s begins or ends with a blank; a secret is one line without"},
};

START_TEST(a_secret_is_one_line_of_text)
{
	const char *path = file(contents[_i].bytes, 0600);
	int rc = secret_read(&secret, path, SECRET_ANYWHERE, &err);

	if (contents[_i].text != NULL) {
		ck_assert_int_eq(rc, 0);
		ck_assert_str_eq(secret.text, contents[_i].text);
		ck_assert_uint_eq(secret.len, strlen(contents[_i].text));
	} else {
		ck_assert_int_eq(rc, ERR_CONFIG);
		ck_assert_str_eq(err.text + strlen(suite_dir()), contents[_i].fault);
		ck_assert_ptr_null(secret.text);
	}
}
END_TEST

START_TEST(a_nul_does_not_end_a_secret)
{
	const char *path = file_with("s", "hun\0ter2", 8, 0600);

	ck_assert_int_eq(secret_read(&secret, path, SECRET_ANYWHERE, &err), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "holds a control character"));
}
END_TEST

START_TEST(a_secret_has_64_kib_at_most)
{
	char *bytes = mem_alloc(SECRET_MAX_BYTES + 1);
	const char *path;

	memset(bytes, 'x', SECRET_MAX_BYTES + 1);
	path = file_with("s", bytes, SECRET_MAX_BYTES, 0600);
	ck_assert_int_eq(secret_read(&secret, path, SECRET_ANYWHERE, &err), 0);
	ck_assert_uint_eq(secret.len, SECRET_MAX_BYTES);
	path = file_with("s", bytes, SECRET_MAX_BYTES + 1, 0600);
	ck_assert_int_eq(secret_read(&secret, path, SECRET_ANYWHERE, &err), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "is larger than 64 KiB"));
	ck_assert_uint_eq(secret.len, SECRET_MAX_BYTES);
	free(bytes);
}
END_TEST

static const struct {
	mode_t mode;
	const char *mended; /* NULL: it is fine */
} modes
	[] =
		{
			{0400, NULL},  {0600, NULL},  {0700, NULL},
			{0640, NULL}, /* our own group reads */
			{0440, NULL},  {0604, "600"}, {0644, "600"},
			{0602, "600"}, {0601, "600"}, {0660, "600"},
			{0650, "600"}, {0666, "600"},
};

START_TEST(a_secret_that_others_may_read_is_refused_with_what_mends_it)
{
	const char *path = file("hunter2", modes[_i].mode);
	char expected[1200];
	int rc;

	ck_assert_int_eq(chown(path, (uid_t)-1, getegid()), 0);
	rc = secret_read(&secret, path, SECRET_ANYWHERE, &err);
	if (modes[_i].mended == NULL) {
		ck_assert_int_eq(rc, 0);
		return;
	}
	snprintf(expected, sizeof expected,
		 "%s is open to others (mode %04o); chmod %s %s", path, modes[_i].mode,
		 modes[_i].mended, path);
	ck_assert_int_eq(rc, ERR_CONFIG);
	ck_assert_str_eq(err.text, expected);
	secret_clear(&secret);
	ck_assert_int_eq(secret_read(&secret, path, SECRET_OF_THE_SYSTEM, &err), 0);
	ck_assert_str_eq(secret.text, "hunter2");
}
END_TEST

START_TEST(a_secret_that_another_group_may_read_is_refused)
{
	const char *path = file("hunter2", 0640);
	char expected[1200];

	if (chown(path, (uid_t)-1, getegid() + 1) != 0)
		return; /* only root may give files away */
	snprintf(
		expected, sizeof expected,
		"%s is open to group %u, and we run as group %u; chmod 600 %s, or run as that "
		"group",
		path, getegid() + 1, getegid(), path);
	ck_assert_int_eq(secret_read(&secret, path, SECRET_ANYWHERE, &err), ERR_CONFIG);
	ck_assert_str_eq(err.text, expected);
}
END_TEST

START_TEST(another_ones_file_keeps_the_right_of_our_group_when_mended)
{
	const char *path = file("hunter2", 0644);

	if (chown(path, geteuid() + 1, getegid()) != 0)
		return; /* only root may give files away */
	ck_assert_int_eq(secret_read(&secret, path, SECRET_ANYWHERE, &err), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "; chmod 640 "));
}
END_TEST

START_TEST(a_link_to_a_secret_is_followed)
{
	char link[512];

	snprintf(link, sizeof link, "%s/link", suite_dir());
	ck_assert_int_eq(symlink(file("hunter2", 0600), link), 0);
	ck_assert_int_eq(secret_read(&secret, link, SECRET_ANYWHERE, &err), 0);
	ck_assert_str_eq(secret.text, "hunter2");
	ck_assert_int_eq(chmod(file("hunter2", 0644), 0644), 0);
	ck_assert_int_eq(secret_read(&secret, link, SECRET_ANYWHERE, &err), ERR_CONFIG);
}
END_TEST

START_TEST(what_is_no_file_is_refused_without_waiting)
{
	char path[512];

	snprintf(path, sizeof path, "%s/fifo", suite_dir());
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(secret_read(&secret, path, SECRET_ANYWHERE, &err), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "/fifo is not a regular file"));
	ck_assert_int_eq(secret_read(&secret, suite_dir(), SECRET_ANYWHERE, &err),
			 ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, " is not a regular file"));
	ck_assert_int_eq(secret_read(&secret, "/dev/zero", SECRET_OF_THE_SYSTEM, &err),
			 ERR_CONFIG);
	ck_assert_str_eq(err.text, "/dev/zero is not a regular file");
}
END_TEST

START_TEST(a_missing_file_is_not_named_for_it_may_be_the_secret)
{
	char longer[5000];

	ck_assert_int_eq(secret_read(&secret, "hunter2", SECRET_ANYWHERE, &err),
			 ERR_CONFIG);
	ck_assert_str_eq(err.text, "no such file");
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	ck_assert_int_eq(secret_read(&secret, longer, SECRET_ANYWHERE, &err), ERR_CONFIG);
	ck_assert_str_eq(err.text, "no such file");
}
END_TEST

START_TEST(secrets_are_the_same_by_their_text)
{
	struct secret other = {0};

	ck_assert(secret_same(&secret, &other));
	secret_set(&secret, "hunter2", 7);
	ck_assert(!secret_same(&secret, &other));
	secret_set(&other, "hunter3", 7);
	ck_assert(!secret_same(&secret, &other));
	secret_set(&other, "hunter22", 8);
	ck_assert(!secret_same(&secret, &other));
	secret_set(&other, "hunter22", 7);
	ck_assert(secret_same(&secret, &other));
	secret_clear(&other);
	ck_assert_ptr_null(other.text);
	ck_assert_uint_eq(other.len, 0);
}
END_TEST

/* The flags of the mapping at address, as in proc_pid_smaps(5). */
static bool mapping_has_flag(const void *address, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long from, to, at = (unsigned long)address;
	bool here = false, has = false;
	char line[512];

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = from <= at && at < to;
		if (here && strncmp(line, "VmFlags:", 8) == 0)
			has = strstr(line, flag) != NULL;
	}
	fclose(f);
	return has;
}

START_TEST(a_secret_is_left_out_of_core_dumps)
{
	secret_set(&secret, "hunter2", 7);
	ck_assert(mapping_has_flag(secret.text, " dd"));
	ck_assert(!mapping_has_flag(&secret, " dd"));
}
END_TEST

START_TEST(a_process_can_forbid_dumps_of_itself)
{
	struct rlimit core;

	ck_assert_int_eq(secret_forbid_dumps(&err), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &core), 0);
	ck_assert_uint_eq(core.rlim_cur, 0);
	ck_assert_uint_eq(core.rlim_max, 0);
#ifndef __SANITIZE_ADDRESS__
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 0);
#endif
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_secret_is_one_line_of_text, COUNT(contents)},
		{a_nul_does_not_end_a_secret, 1},
		{a_secret_has_64_kib_at_most, 1},
		{a_secret_that_others_may_read_is_refused_with_what_mends_it,
		 COUNT(modes)},
		{a_secret_that_another_group_may_read_is_refused, 1},
		{another_ones_file_keeps_the_right_of_our_group_when_mended, 1},
		{a_link_to_a_secret_is_followed, 1},
		{what_is_no_file_is_refused_without_waiting, 1},
		{a_missing_file_is_not_named_for_it_may_be_the_secret, 1},
		{secrets_are_the_same_by_their_text, 1},
		{a_secret_is_left_out_of_core_dumps, 1},
		{a_process_can_forbid_dumps_of_itself, 1},
	};

	return suite_run("secret", tests, COUNT(tests), NULL, forget);
}
