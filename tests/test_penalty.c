#include "penalty.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LATEST 1000000

static char *path;
static struct penalties *penalties;
static struct err err;

static void setup(void)
{
	path = mem_printf("%s/penalties", suite_dir());
	ck_assert_int_eq(penalties_open(path, LATEST, &penalties, &err), 0);
}

static void teardown(void)
{
	penalties_close(penalties);
	free(path);
}

static void reopen(void)
{
	penalties_close(penalties);
	penalties = NULL;
	ck_assert_int_eq(penalties_open(path, LATEST, &penalties, &err), 0);
}

START_TEST(a_penalty_outlives_a_kill_at_once)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		penalties_note(penalties, "acme", 5000);
		kill(getpid(), SIGKILL);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	reopen();
	ck_assert_int_eq(penalties_find(penalties, "acme"), 5000);
	ck_assert_int_eq(penalties_find(penalties, "acm"), 0);
}
END_TEST

START_TEST(another_process_sees_and_adds_and_takes_nothing_over)
{
	struct penalties *others;

	penalties_ask(penalties, "acme", 9000);
	penalties_note(penalties, "acme", 5000);
	ck_assert_int_eq(penalties_join(path, &others, &err), 0);
	ck_assert_int_eq(penalties_find(others, "acme"), 5000);
	ck_assert_int_eq(penalties_find_others(others, "acme"), 5000);
	ck_assert_int_eq(penalties_find_others(penalties, "acme"), 0);
	penalties_note(others, "acme", 6000);
	ck_assert_int_eq(penalties_find_others(others, "acme"), 0);
	ck_assert_int_eq(penalties_find_others(penalties, "acme"), 6000);
	penalties_close(others);
}
END_TEST

START_TEST(the_later_end_stands)
{
	penalties_note(penalties, "acme", 5000);
	penalties_note(penalties, "acme", 4000);
	ck_assert_int_eq(penalties_find(penalties, "acme"), 5000);
	penalties_note(penalties, "acme", 6000);
	ck_assert_int_eq(penalties_find(penalties, "acme"), 6000);
}
END_TEST

START_TEST(what_was_asked_and_not_answered_is_as_refused)
{
	penalties_note(penalties, "told", 5000);
	penalties_ask(penalties, "told", 7000);
	penalties_ask(penalties, "later", 4000);
	penalties_note(penalties, "later", 8000);
	penalties_ask(penalties, "asked", 7000);
	penalties_ask(penalties, "asked", 6000);                 /* the last request's */
	ck_assert_int_eq(penalties_find(penalties, "asked"), 0); /* we are alive */
	reopen();
	ck_assert_int_eq(penalties_find(penalties, "told"), 7000);
	ck_assert_int_eq(penalties_find(penalties, "later"), 8000);
	ck_assert_int_eq(penalties_find(penalties, "asked"), 6000);
	reopen();
	ck_assert_int_eq(penalties_find(penalties, "asked"), 6000);
}
END_TEST

START_TEST(what_was_answered_leaves_nothing)
{
	penalties_ask(penalties, "acme", 7000);
	penalties_answered(penalties, "acme");
	penalties_answered(penalties, "other");
	reopen();
	ck_assert_int_eq(penalties_find(penalties, "acme"), 0);
	penalties_note(penalties, "acme", 5000);
	penalties_ask(penalties, "acme", 7000);
	penalties_answered(penalties, "acme");
	reopen();
	ck_assert_int_eq(penalties_find(penalties, "acme"), 5000);
}
END_TEST

START_TEST(the_one_that_ended_first_makes_room)
{
	char scope[16];

	for (int i = 0; i <= PENALTY_SLOTS; i++) {
		snprintf(scope, sizeof scope, "%d", i);
		penalties_note(penalties, scope, 1000 + i);
	}
	ck_assert_int_eq(penalties_find(penalties, "0"), 0);
	ck_assert_int_eq(penalties_find(penalties, "1"), 1001);
	ck_assert_int_eq(penalties_find(penalties, scope), 1000 + PENALTY_SLOTS);
}
END_TEST

START_TEST(a_file_of_another_size_is_begun_anew)
{
	struct stat st;

	penalties_note(penalties, "acme", 5000);
	ck_assert_int_eq(truncate(path, 100), 0);
	reopen();
	ck_assert_int_eq(penalties_find(penalties, "acme"), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, PENALTY_SLOTS * 16);
	ck_assert_int_eq(st.st_mode & 07777, 0640 & ~022);
}
END_TEST

START_TEST(an_end_that_cannot_be_is_cut)
{
	penalties_note(penalties, "acme", LATEST + 1);
	penalties_note(penalties, "other", LATEST - 1);
	penalties_ask(penalties, "asked", INT64_MAX);
	ck_assert_int_eq(penalties_find(penalties, "acme"), LATEST + 1);
	reopen();
	ck_assert_int_eq(penalties_find(penalties, "acme"), LATEST);
	ck_assert_int_eq(penalties_find(penalties, "other"), LATEST - 1);
	ck_assert_int_eq(penalties_find(penalties, "asked"), LATEST);
}
END_TEST

/* Else a clock that is put back would make it longer while we wait. */
START_TEST(what_an_earlier_run_has_left_is_found_once)
{
	penalties_note(penalties, "acme", 5000);
	reopen();
	ck_assert_int_eq(penalties_find(penalties, "acme"), 5000);
	ck_assert_int_eq(penalties_find_others(penalties, "acme"), 0);
}
END_TEST

START_TEST(where_it_cannot_be_kept_nothing_is_known)
{
	struct penalties *none = NULL;

	ck_assert_int_eq(penalties_open("/nonexistent/x", LATEST, &none, &err),
			 ERR_STORE);
	ck_assert_str_eq(err.text, "/nonexistent/x: No such file or directory");
	penalties_note(none, "acme", 5000);
	penalties_ask(none, "acme", 5000);
	penalties_answered(none, "acme");
	ck_assert_int_eq(penalties_find(none, "acme"), 0);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_penalty_outlives_a_kill_at_once, 1},
		{another_process_sees_and_adds_and_takes_nothing_over, 1},
		{the_later_end_stands, 1},
		{what_was_asked_and_not_answered_is_as_refused, 1},
		{what_was_answered_leaves_nothing, 1},
		{the_one_that_ended_first_makes_room, 1},
		{a_file_of_another_size_is_begun_anew, 1},
		{an_end_that_cannot_be_is_cut, 1},
		{what_an_earlier_run_has_left_is_found_once, 1},
		{where_it_cannot_be_kept_nothing_is_known, 1},
	};

	return suite_run("penalty", tests, COUNT(tests), setup, teardown);
}
