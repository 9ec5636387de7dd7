#include "penalty.h"

#include "lib/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/budget.h"

#define T0     INT64_C(1795370462345) /* 2026-11-22T18:01:02.345Z */
#define UP_MS  INT64_C(900000)        /* the machine runs for so long */
#define DAY_MS (INT64_C(24) * 3600 * 1000)

static char *path;
static struct penalties *penalties;
static struct penalty_now now;
static struct err err;

static void setup(void)
{
	now = (struct penalty_now){T0, UP_MS};
	path = mem_printf("%s/penalties", suite_dir());
	ck_assert_int_eq(penalties_open(path, now, &penalties, &err), 0);
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
	ck_assert_int_eq(penalties_open(path, now, &penalties, &err), 0);
}

static void pass(int64_t ms)
{
	now.at_ms += ms;
	now.now_ms += ms;
}

static int64_t left(const char *scope)
{
	return penalties_find(penalties, scope, now);
}

START_TEST(a_penalty_outlives_a_kill_at_once)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		penalties_note(penalties, "acme", 5000, now);
		kill(getpid(), SIGKILL);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	pass(1000);
	reopen();
	ck_assert_int_eq(left("acme"), 4000);
	ck_assert_int_eq(left("acm"), 0);
	pass(3999);
	ck_assert_int_eq(left("acme"), 1);
	pass(1);
	ck_assert_int_eq(left("acme"), 0);
}
END_TEST

START_TEST(another_process_sees_and_adds_and_takes_nothing_over)
{
	struct penalties *others;

	penalties_ask(penalties, "acme", 9000, now);
	penalties_note(penalties, "acme", 5000, now);
	ck_assert_int_eq(penalties_join(path, now, &others, &err), 0);
	ck_assert_int_eq(penalties_find(others, "acme", now), 5000);
	ck_assert_int_eq(penalties_find_others(others, "acme", now), 5000);
	ck_assert_int_eq(penalties_find_others(penalties, "acme", now), 0);
	penalties_note(others, "acme", 6000, now);
	ck_assert_int_eq(penalties_find_others(others, "acme", now), 0);
	ck_assert_int_eq(penalties_find_others(penalties, "acme", now), 6000);
	penalties_close(others);
}
END_TEST

/* Whoever asks beside a daemon that was killed must know what that has asked. */
START_TEST(another_process_takes_over_where_the_daemon_does_not_run)
{
	struct penalties *others, *third;

	penalties_ask(penalties, "acme", 9000, now);
	penalties_close(penalties);
	ck_assert_int_eq(penalties_join(path, now, &others, &err), 0);
	ck_assert_int_eq(penalties_find(others, "acme", now), 9000);
	/* What it asks itself is for who comes after it. */
	penalties_ask(others, "other", 9000, now);
	ck_assert_int_eq(penalties_join(path, now, &third, &err), 0);
	ck_assert_int_eq(penalties_find(third, "other", now), 0);
	penalties_close(third);
	penalties_close(others);
	ck_assert_int_eq(penalties_open(path, now, &penalties, &err), 0);
	ck_assert_int_eq(left("acme"), 9000);
	ck_assert_int_eq(left("other"), 9000);
}
END_TEST

START_TEST(the_later_end_stands)
{
	penalties_note(penalties, "acme", 5000, now);
	penalties_note(penalties, "acme", 4000, now);
	ck_assert_int_eq(left("acme"), 5000);
	pass(1000);
	penalties_note(penalties, "acme", 3999, now);
	ck_assert_int_eq(left("acme"), 4000);
	penalties_note(penalties, "acme", 6000, now);
	ck_assert_int_eq(left("acme"), 6000);
	penalties_note(penalties, "acme", 0, now);
	penalties_note(penalties, "acme", -1, now);
	ck_assert_int_eq(left("acme"), 6000);
}
END_TEST

START_TEST(what_was_asked_and_not_answered_is_as_refused)
{
	penalties_note(penalties, "told", 5000, now);
	penalties_ask(penalties, "told", 7000, now);
	penalties_ask(penalties, "later", 4000, now);
	penalties_note(penalties, "later", 8000, now);
	penalties_ask(penalties, "asked", 7000, now);
	penalties_ask(penalties, "asked", 6000, now); /* the last request's */
	ck_assert_int_eq(left("told"), 5000);
	ck_assert_int_eq(left("asked"), 0);
	pass(1000);
	reopen();
	ck_assert_int_eq(left("told"), 6000);
	ck_assert_int_eq(left("later"), 7000);
	ck_assert_int_eq(left("asked"), 5000);
	reopen();
	ck_assert_int_eq(left("asked"), 5000);
}
END_TEST

START_TEST(what_was_answered_leaves_nothing)
{
	penalties_ask(penalties, "acme", 7000, now);
	penalties_answered(penalties, "acme");
	penalties_answered(penalties, "other");
	reopen();
	ck_assert_int_eq(left("acme"), 0);
	penalties_note(penalties, "acme", 5000, now);
	penalties_ask(penalties, "acme", 7000, now);
	penalties_answered(penalties, "acme");
	reopen();
	ck_assert_int_eq(left("acme"), 5000);
}
END_TEST

START_TEST(the_one_that_ended_first_makes_room)
{
	char scope[16];

	for (int i = 0; i <= PENALTY_SLOTS; i++) {
		snprintf(scope, sizeof scope, "%d", i);
		penalties_note(penalties, scope, 1000 + i, now);
	}
	ck_assert_int_eq(left("0"), 0);
	ck_assert_int_eq(left("1"), 1001);
	ck_assert_int_eq(left(scope), 1000 + PENALTY_SLOTS);
}
END_TEST

START_TEST(a_file_of_another_size_is_begun_anew)
{
	struct stat st;

	penalties_note(penalties, "acme", 5000, now);
	ck_assert_int_eq(truncate(path, 100), 0);
	reopen();
	ck_assert_int_eq(left("acme"), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, PENALTY_SLOTS * 32);
	ck_assert_int_eq(st.st_mode & 07777, 0640 & ~022);
}
END_TEST

/* ---- the two clocks ---- */

/* A penalty of 60 s; then the clocks move so, and another run begins. */
static const struct {
	int64_t at_ms, now_ms; /* by how much each moves */
	int64_t left_ms;
} moves[] = {
	/* The same run of the machine. */
	{10000, 10000, 50000},
	{60000, 60000, 0},
	{3600000 + 10000, 10000, 50000}, /* set forward */
	{DAY_MS * 365, 10000, 50000},    /* from 1970 to now */
	{3600000 + 60000, 60000, 0},
	{-20000 + 30000, 30000, 50000},   /* set back: when it was told is not known */
	{-3600000 + 10000, 10000, 60000}, /* but no longer than it was */
	{-DAY_MS * 365, 10000, 60000},
	/* The machine has begun anew: only the time of day tells. */
	{10000, 5000 - UP_MS, 50000},
	{70000, 5000 - UP_MS, 0},
	{DAY_MS, 5000 - UP_MS, 0},
	{-T0, 5000 - UP_MS, 60000}, /* has no clock that runs on without power */
	/* It has, and runs for longer than before by now. */
	{3600000, 3000000, 0},
	{40000, 10, 59990}, /* which cannot be told from a clock that was set */
};

START_TEST(a_penalty_ends_by_the_clock_that_is_right)
{
	penalties_note(penalties, "acme", 60000, now);
	penalties_ask(penalties, "asked", 60000, now);
	now.at_ms += moves[_i].at_ms;
	now.now_ms += moves[_i].now_ms;
	reopen();
	ck_assert_int_eq(left("acme"), moves[_i].left_ms);
	ck_assert_int_eq(left("asked"), moves[_i].left_ms);
	reopen();
	ck_assert_int_eq(left("acme"), moves[_i].left_ms);
	/* From now on it is our own clock. */
	now.at_ms -= 3600000;
	now.now_ms += moves[_i].left_ms / 2;
	ck_assert_int_eq(left("acme"), moves[_i].left_ms - moves[_i].left_ms / 2);
	ck_assert_int_eq(penalties_find_others(penalties, "acme", now), 0);
}
END_TEST

START_TEST(while_we_run_the_time_of_day_is_nothing)
{
	penalties_note(penalties, "acme", 60000, now);
	for (int hours = -9000; hours <= 9000; hours += 3000) {
		now.at_ms = T0 + INT64_C(3600000) * hours;
		ck_assert_int_eq(left("acme"), 60000);
	}
}
END_TEST

START_TEST(a_penalty_lasts_a_day_at_most)
{
	penalties_note(penalties, "acme", BUDGET_MAX_WAIT_MS, now);
	penalties_note(penalties, "long", BUDGET_MAX_WAIT_MS + 1, now);
	ck_assert_int_eq(left("acme"), DAY_MS);
	ck_assert_int_eq(left("long"), DAY_MS);
	reopen();
	ck_assert_int_eq(left("acme"), DAY_MS);
}
END_TEST

/* Whatever has written into it: nothing that we could not have written counts. */
START_TEST(garbage_is_no_penalty)
{
	static const unsigned char fills[] = {0xff, 0x7f, 0x80, 0x01, 0x00};
	unsigned char bytes[32];
	int fd = open(path, O_WRONLY);

	penalties_note(penalties, "acme", 5000, now);
	memset(bytes, fills[_i], sizeof bytes);
	for (off_t n = 1; n < 32; n++)
		ck_assert_int_eq(pwrite(fd, bytes, sizeof bytes, n * 32), sizeof bytes);
	reopen();
	ck_assert_int_eq(left("acme"), 5000);
	/* All but the key of the one that is there. */
	ck_assert_int_eq(pwrite(fd, bytes, sizeof bytes - 8, 8), sizeof bytes - 8);
	close(fd);
	reopen();
	ck_assert_int_eq(left("acme"), 0);
	penalties_note(penalties, "more", 5000, now);
	ck_assert_int_eq(left("more"), 5000);
}
END_TEST

START_TEST(where_it_cannot_be_kept_nothing_is_known)
{
	struct penalties *none = NULL;

	ck_assert_int_eq(penalties_open("/nonexistent/x", now, &none, &err), ERR_STORE);
	ck_assert_str_eq(err.text, "/nonexistent/x: No such file or directory");
	penalties_note(none, "acme", 5000, now);
	penalties_ask(none, "acme", 5000, now);
	penalties_answered(none, "acme");
	ck_assert_int_eq(penalties_find(none, "acme", now), 0);
	ck_assert_int_eq(penalties_find_others(none, "acme", now), 0);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_penalty_outlives_a_kill_at_once, 1},
		{another_process_sees_and_adds_and_takes_nothing_over, 1},
		{another_process_takes_over_where_the_daemon_does_not_run, 1},
		{the_later_end_stands, 1},
		{what_was_asked_and_not_answered_is_as_refused, 1},
		{what_was_answered_leaves_nothing, 1},
		{the_one_that_ended_first_makes_room, 1},
		{a_file_of_another_size_is_begun_anew, 1},
		{a_penalty_ends_by_the_clock_that_is_right, COUNT(moves)},
		{while_we_run_the_time_of_day_is_nothing, 1},
		{a_penalty_lasts_a_day_at_most, 1},
		{garbage_is_no_penalty, 5},
		{where_it_cannot_be_kept_nothing_is_known, 1},
	};

	return suite_run("penalty", tests, COUNT(tests), setup, teardown);
}
