/* Silences are kept as they were made, over restarts, until they are over. */
#include "store/store.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/database.h"

#define T0 INT64_C(1795370462345) /* 2026-11-22T18:01:02.345Z */

static char path[300];
static struct database db;

static void open_fresh(void)
{
	snprintf(path, sizeof path, "%s/phonewatch.db", suite_dir());
	database_open(&db, path);
}

static void close_it(void)
{
	database_close(&db);
}

static void reopen(void)
{
	database_close(&db);
	database_open(&db, path);
}

static void ok(int rc, const struct err *err)
{
	ck_assert_msg(rc == 0, "%s", err->text);
}

static char *denver[] = {"site=Denver", "name=\"Lob\\by\"*"};

static struct silence samples[] = {
	{.matches = denver,
	 .n_matches = 2,
	 .from_at_ms = T0 - 5,
	 .until_at_ms = T0 + 5,
	 .recurs = true,
	 .every = {.days = 0x3e, .begin_min = 1320, .end_min = 1800},
	 .reason = "switch swap",
	 .by = "ada",
	 .made_at_ms = T0 - 7},
	{.key = "acme/device_offline/42",
	 .from_at_ms = T0,
	 .until_at_ms = SILENCE_NO_END,
	 .by = "1000",
	 .made_at_ms = T0},
	{.key = "acme/device_offline/43",
	 .from_at_ms = T0,
	 .until_at_ms = T0 + 1,
	 .by = "ada",
	 .made_at_ms = T0},
};

static int add(struct store_conn *c, void *arg, struct err *err)
{
	(void)arg;
	for (size_t i = 0; i < COUNT(samples); i++) {
		ok(store_silence_add(c, &samples[i], err), err);
		ck_assert_int_eq(samples[i].id, (int64_t)i + 1);
	}
	return 0;
}

static void expect_same(const struct silence *got, const struct silence *wanted)
{
	ck_assert_int_eq(got->id, wanted->id);
	ck_assert_uint_eq(got->n_matches, wanted->n_matches);
	for (size_t i = 0; i < got->n_matches; i++)
		ck_assert_str_eq(got->matches[i], wanted->matches[i]);
	ck_assert_pstr_eq(got->key, wanted->key);
	ck_assert_int_eq(got->from_at_ms, wanted->from_at_ms);
	ck_assert_int_eq(got->until_at_ms, wanted->until_at_ms);
	ck_assert_int_eq(got->recurs, wanted->recurs);
	ck_assert_uint_eq(got->every.days, wanted->every.days);
	ck_assert_int_eq(got->every.begin_min, wanted->every.begin_min);
	ck_assert_int_eq(got->every.end_min, wanted->every.end_min);
	ck_assert_pstr_eq(got->reason, wanted->reason);
	ck_assert_pstr_eq(got->by, wanted->by);
	ck_assert_int_eq(got->made_at_ms, wanted->made_at_ms);
	ck_assert_int_eq(got->ended_at_ms, 0);
	ck_assert_ptr_null(got->ended_by);
}

/* At a time: the numbers of those that are not over. */
struct look {
	int64_t at_ms;
	const char *wanted;
};

static int look_now(struct store_conn *c, void *arg, struct err *err)
{
	const struct look *look = arg;
	struct silence *all;
	char text[64] = "";
	size_t n;

	ok(store_silences(c, look->at_ms, &all, &n, err), err);
	for (size_t i = 0; i < n; i++) {
		expect_same(&all[i], &samples[all[i].id - 1]);
		sprintf(text + strlen(text), "%d ", (int)all[i].id);
	}
	store_silences_free(all, n);
	ck_assert_str_eq(text, look->wanted);
	return 0;
}

static void expect_at(int64_t at_ms, const char *wanted)
{
	struct look look = {at_ms, wanted};

	database_write(&db, look_now, &look);
}

START_TEST(a_silence_is_kept_until_it_is_over)
{
	expect_at(T0, "");
	database_write(&db, add, NULL);
	reopen();
	expect_at(INT64_MIN, "1 2 3 ");
	expect_at(T0, "1 2 3 ");
	expect_at(T0 + 1, "1 2 ");
	expect_at(T0 + 4, "1 2 ");
	expect_at(T0 + 5, "2 ");
}
END_TEST

static int end_some(struct store_conn *c, void *arg, struct err *err)
{
	bool found;

	(void)arg;
	ok(store_silence_end(c, 1, T0, "eve", &found, err), err);
	ck_assert(found);
	ok(store_silence_end(c, 1, T0, "eve", &found, err), err);
	ck_assert(!found);
	ok(store_silence_end(c, 3, T0 + 1, "eve", &found, err), err);
	ck_assert(!found); /* it had ended by itself */
	ok(store_silence_end(c, 4, T0, "eve", &found, err), err);
	ck_assert(!found);
	return 0;
}

START_TEST(one_that_is_removed_is_over)
{
	database_write(&db, add, NULL);
	database_write(&db, end_some, NULL);
	expect_at(T0, "2 3 ");
	reopen();
	expect_at(T0, "2 3 ");
}
END_TEST

static int clear_some(struct store_conn *c, void *arg, struct err *err)
{
	(void)arg;
	ok(store_silences_cleared(c, "acme/device_offline/42", T0, err), err);
	ok(store_silences_cleared(c, "acme/device_offline/44", T0, err), err);
	return 0;
}

START_TEST(one_of_an_alert_ends_with_it)
{
	database_write(&db, add, NULL);
	database_write(&db, clear_some, NULL);
	expect_at(T0, "1 3 ");
}
END_TEST

static int damage(struct store_conn *c, void *arg, struct err *err)
{
	struct silence s = samples[0];

	(void)arg;
	s.every.begin_min = 99 * 60 + 59; /* writes what window_parse() refuses */
	return store_silence_add(c, &s, err);
}

START_TEST(one_that_cannot_be_read_silences_nobody)
{
	database_write(&db, damage, NULL);
	expect_at(T0, "");
}
END_TEST

static int forget(struct store_conn *c, void *arg, struct err *err)
{
	struct store_forget *f = arg;
	int rc;

	while ((rc = store_forget_some(c, f, err)) == 1)
		;
	return rc;
}

static int64_t count_forgotten(int64_t before_ms)
{
	struct store_forget f = {.events_before_ms = before_ms};

	ck_assert_int_eq(database_run(&db, forget, &f, NULL), 0);
	return f.n_forgotten;
}

/* Of the samples the first is removed at T0, the second has no end, the third ends at T0 + 1. */
START_TEST(one_that_was_over_long_ago_is_forgotten)
{
	database_write(&db, add, NULL);
	database_write(&db, end_some, NULL);
	ck_assert_int_eq(count_forgotten(T0), 0);
	ck_assert_int_eq(count_forgotten(T0 + 1), 1);
	expect_at(INT64_MIN, "2 3 ");
	ck_assert_int_eq(count_forgotten(T0 + 2), 1);
	expect_at(INT64_MIN, "2 ");
	ck_assert_int_eq(count_forgotten(INT64_MAX), 0);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_silence_is_kept_until_it_is_over, 1},
		{one_that_is_removed_is_over, 1},
		{one_of_an_alert_ends_with_it, 1},
		{one_that_cannot_be_read_silences_nobody, 1},
		{one_that_was_over_long_ago_is_forgotten, 1},
	};

	return suite_run("silences", tests, COUNT(tests), open_fresh, close_it);
}
