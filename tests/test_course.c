#include "course.h"

#include "lib/suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct course c;

static char *ids[100];

static void setup(void)
{
	course_init(&c);
	for (size_t i = 0; i < COUNT(ids); i++)
		ids[i] = mem_printf("%zu", i + 1);
}

static void teardown(void)
{
	for (size_t i = 0; i < COUNT(ids); i++)
		free(ids[i]);
}

static void begin_list(void)
{
	course_devices(&c, ROUTE_ACCOUNT, NULL, 0);
}

static void begin_chunks(size_t n_ids)
{
	course_devices(&c, ROUTE_EXTENSIONS, ids, n_ids);
}

static bool came(int64_t n_records, int64_t n_fresh, int64_t total_pages, bool has_next)
{
	return course_came(&c, &(struct course_answer){.n_records = n_records,
						       .n_fresh = n_fresh,
						       .total_pages = total_pages,
						       .has_next = has_next});
}

static void check_path(const char *wanted)
{
	char *path = course_path(&c);

	ck_assert_str_eq(path, wanted);
	free(path);
}

/* ---- what comes after what ---- */

START_TEST(a_list_is_asked_for_page_by_page)
{
	begin_list();
	check_path("/restapi/v1.0/account/~/device?page=1&perPage=1000");
	ck_assert(came(1000, 1000, 3, true));
	check_path("/restapi/v1.0/account/~/device?page=2&perPage=1000");
	ck_assert_int_eq(course_length(&c), 3);
	ck_assert(came(1000, 1000, 3, true));
	ck_assert(!came(10, 10, 3, false));
}
END_TEST

/* Totals lie and links loop. */
START_TEST(a_list_ends_where_nothing_new_comes)
{
	begin_list();
	ck_assert(came(10, 10, 1000000, true));
	ck_assert(came(0, 0, 1000000, true));
	ck_assert(came(0, 0, 1000000, true));
	ck_assert(!came(0, 0, 1000000, true));
	ck_assert_int_eq(course_length(&c), 4);
	begin_list();
	ck_assert(came(10, 10, -1, true));
	ck_assert(came(10, 0, -1, true));
	ck_assert(came(10, 0, -1, true));
	ck_assert(!came(10, 0, -1, true));
	begin_list();
	ck_assert(came(10, 10, -1, true));
	ck_assert(!came(0, 0, -1, false)); /* nor does it claim more */
	begin_list();
	ck_assert(
		came(10, 0, -1, true)); /* a first page of records that cannot be read */
	begin_list();
	for (int page = 1; page < 1000; page++)
		ck_assert(came(10, 10, INT64_MAX, true));
	ck_assert(!came(10, 10, INT64_MAX, true));
	ck_assert_int_eq(course_length(&c), 1000);
}
END_TEST

/* Empty, or a copy of another: that page, and no other. */
START_TEST(a_page_of_nothing_costs_itself)
{
	for (int sweep = 0; sweep < 2; sweep++) {
		begin_list();
		ck_assert(came(10, 10, 6, true));
		ck_assert(came(0, 0, 6, true));
		ck_assert(came(10, 10, 6, true));
		ck_assert(came(10, 0, 6, true));
		ck_assert(came(10, 0, 6, true));
		ck_assert(!came(10, 10, 6, false));
	}
}
END_TEST

START_TEST(one_page_that_claims_fewer_does_not_end_the_list)
{
	begin_list();
	ck_assert(came(10, 10, 3, true));
	ck_assert(came(10, 10, 1, false));
	ck_assert(!came(10, 10, 3, false));
}
END_TEST

START_TEST(behind_a_full_page_another_is_asked_for_where_nothing_is_said)
{
	struct course_answer a = {
		.n_records = 100, .n_fresh = 100, .per_page = 100, .total_pages = -1};

	begin_list();
	ck_assert(course_came(&c, &a));
	a.n_records = 99;
	ck_assert(!course_came(&c, &a));
	begin_list();
	a.n_records = 100;
	a.total_pages = 1;
	ck_assert(!course_came(&c, &a));
}
END_TEST

START_TEST(extensions_are_asked_for_in_chunks)
{
	char path[400], *at = path;

	begin_chunks(65);
	at += sprintf(at, "/restapi/v1.0/account/~/extension/1");
	for (int i = 2; i <= 30; i++)
		at += sprintf(at, ",%d", i);
	sprintf(at, "/device?perPage=1000");
	check_path(path);
	ck_assert_int_eq(course_length(&c), 3);
	ck_assert(came(0, 0, -1, false)); /* extensions without a device */
	ck_assert_int_eq(c.page, 2);
	ck_assert(came(30, 30, -1, false));
	check_path(
		"/restapi/v1.0/account/~/extension/61,62,63,64,65/device?perPage=1000");
	ck_assert(!came(5, 5, -1, false));
}
END_TEST

/* As in the sample edge/id_path_characters.json. */
START_TEST(an_id_is_no_more_than_an_id_whatever_it_holds)
{
	char *odd[] = {(char *)"1", (char *)"../../2?x=1", (char *)"3,4/%#&",
		       (char *)"K\303\266ln 5"};

	course_devices(&c, ROUTE_EXTENSIONS, odd, COUNT(odd));
	check_path("/restapi/v1.0/account/~/extension/1,..%2F..%2F2%3Fx%3D1,"
		   "3%2C4%2F%25%23%26,K%C3%B6ln%205/device?perPage=1000");
}
END_TEST

START_TEST(the_list_of_extensions_comes_first)
{
	course_extensions(&c);
	check_path("/restapi/v1.0/account/~/extension?page=1&perPage=1000");
	ck_assert_int_eq(course_length(&c), 1);
	ck_assert(came(1000, 1000, 2, true));
	ck_assert(!came(10, 10, 2, false));
	course_devices(&c, ROUTE_EXTENSIONS, ids, 1);
	check_path("/restapi/v1.0/account/~/extension/1/device?perPage=1000");
	course_extensions(&c);
	ck_assert(!came(10, 10, 1, false));
	course_devices(&c, ROUTE_ACCOUNT, NULL, 0);
	check_path("/restapi/v1.0/account/~/device?page=1&perPage=1000");
}
END_TEST

/* ---- failures ---- */

START_TEST(without_the_first_page_there_is_no_sweep)
{
	begin_list();
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(course_failed(&c), COURSE_AGAIN);
	ck_assert(!c.incomplete);
}
END_TEST

START_TEST(a_page_that_fails_three_times_is_given_up)
{
	begin_list();
	(void)came(10, 10, 9, true);
	ck_assert_int_eq(course_failed(&c), COURSE_AGAIN);
	ck_assert_int_eq(course_failed(&c), COURSE_AGAIN);
	ck_assert_int_eq(course_failed(&c), COURSE_NEXT);
	ck_assert_int_eq(c.page, 3);
	ck_assert(c.incomplete);
	/* The next one shows whether it is the page or the vendor. */
	ck_assert_int_eq(course_failed(&c), COURSE_OVER);
	begin_list();
	ck_assert(!c.incomplete);
	(void)came(10, 10, 9, true);
	for (int i = 0; i < 3; i++)
		(void)course_failed(&c);
	ck_assert(came(10, 10, 9, true));
	ck_assert_int_eq(course_failed(&c), COURSE_AGAIN);
}
END_TEST

/* Pages 2 and 3 of 6 never come: each sweep ends later than the one before, and then not at all. */
START_TEST(pages_that_ended_a_sweep_end_no_other)
{
	begin_list();
	ck_assert(came(10, 10, 6, true));
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(course_failed(&c), COURSE_AGAIN);
	ck_assert_int_eq(course_failed(&c), COURSE_NEXT);
	ck_assert_int_eq(course_failed(&c), COURSE_OVER);
	for (int sweep = 0; sweep < 2; sweep++) {
		begin_list();
		ck_assert(came(10, 10, 6, true));
		ck_assert_int_eq(course_failed(&c), COURSE_NEXT);
		ck_assert_int_eq(course_failed(&c), COURSE_NEXT);
		ck_assert_int_eq(c.page, 4);
		for (int page = 4; page < 6; page++)
			ck_assert(came(10, 10, 6, true));
		ck_assert(!came(10, 10, 6, false));
	}
	/* A whole list is a new beginning. */
	begin_list();
	for (int page = 1; page < 6; page++)
		ck_assert(came(10, 10, 6, true));
	ck_assert(!came(10, 10, 6, false));
	begin_list();
	ck_assert(came(10, 10, 6, true));
	ck_assert_int_eq(course_failed(&c), COURSE_AGAIN);
}
END_TEST

/* Behind those that ended it the vendor may have gone for good. */
START_TEST(a_vendor_that_is_gone_is_not_asked_for_every_page)
{
	begin_list();
	(void)came(10, 10, 40, true);
	while (course_failed(&c) != COURSE_OVER)
		continue;
	ck_assert_int_eq(c.page, 3);
	begin_list();
	(void)came(10, 10, 40, true);
	while (course_failed(&c) != COURSE_OVER)
		continue;
	ck_assert_int_eq(c.page, 5);
}
END_TEST

START_TEST(behind_the_last_page_there_is_no_next)
{
	begin_list();
	(void)came(10, 10, 2, true);
	(void)course_failed(&c);
	(void)course_failed(&c);
	ck_assert_int_eq(course_failed(&c), COURSE_OVER);
	ck_assert_int_eq(course_length(&c), 2);
}
END_TEST

START_TEST(a_chunk_that_fails_is_given_up_the_first_one_too)
{
	begin_chunks(90);
	(void)course_failed(&c);
	(void)course_failed(&c);
	ck_assert_int_eq(course_failed(&c), COURSE_NEXT);
	ck_assert_uint_eq(c.at, 30);
	ck_assert(came(1, 1, -1, false));
	ck_assert(!came(1, 1, -1, false));
}
END_TEST

START_TEST(where_no_chunk_comes_they_are_asked_for_again)
{
	begin_chunks(90);
	for (int i = 0; i < 3; i++)
		(void)course_failed(&c);
	ck_assert_int_eq(course_failed(&c), COURSE_AGAIN);
	ck_assert_uint_eq(c.at, 0);
	ck_assert_int_eq(c.page, 1);
	begin_chunks(5);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(course_failed(&c), COURSE_AGAIN);
}
END_TEST

START_TEST(a_list_of_extensions_that_does_not_come_is_given_up)
{
	course_extensions(&c);
	(void)course_failed(&c);
	(void)course_failed(&c);
	ck_assert_int_eq(course_failed(&c), COURSE_OVER);
	ck_assert(c.incomplete);
	course_devices(&c, ROUTE_ACCOUNT, NULL, 0);
	ck_assert(!c.incomplete); /* of the devices nothing was given up */
}
END_TEST

/* ---- the size of a chunk ---- */

START_TEST(a_chunk_is_halved_down_to_one)
{
	static const size_t sizes[] = {15, 7, 3, 1};

	begin_chunks(90);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		ck_assert(course_halve(&c));
		ck_assert_uint_eq(c.n, sizes[i]);
	}
	ck_assert(!course_halve(&c));
	check_path("/restapi/v1.0/account/~/extension/1/device?perPage=1000");
	begin_chunks(90); /* it is remembered */
	ck_assert_uint_eq(c.n, 1);
	course_limit(&c, 1000); /* the chunk at hand stays as it was asked for */
	ck_assert_uint_eq(c.n, 1);
	ck_assert(came(1, 1, -1, false));
	ck_assert_uint_eq(c.n, 30);
	begin_list();
	ck_assert(!course_halve(&c));
}
END_TEST

START_TEST(whatever_the_sizes_every_extension_is_asked_for_once)
{
	size_t n = 0;

	begin_chunks(COUNT(ids));
	do {
		ck_assert_uint_eq(c.at, n);
		if (n == 30 || n == 77)
			(void)course_halve(&c);
		n += c.n;
	} while (came(1, 1, -1, false));
	ck_assert_uint_eq(n, COUNT(ids));
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_list_is_asked_for_page_by_page, 1},
		{a_list_ends_where_nothing_new_comes, 1},
		{a_page_of_nothing_costs_itself, 1},
		{one_page_that_claims_fewer_does_not_end_the_list, 1},
		{pages_that_ended_a_sweep_end_no_other, 1},
		{a_vendor_that_is_gone_is_not_asked_for_every_page, 1},
		{behind_a_full_page_another_is_asked_for_where_nothing_is_said, 1},
		{extensions_are_asked_for_in_chunks, 1},
		{an_id_is_no_more_than_an_id_whatever_it_holds, 1},
		{the_list_of_extensions_comes_first, 1},
		{without_the_first_page_there_is_no_sweep, 1},
		{a_page_that_fails_three_times_is_given_up, 1},
		{behind_the_last_page_there_is_no_next, 1},
		{a_chunk_that_fails_is_given_up_the_first_one_too, 1},
		{where_no_chunk_comes_they_are_asked_for_again, 1},
		{a_list_of_extensions_that_does_not_come_is_given_up, 1},
		{a_chunk_is_halved_down_to_one, 1},
		{whatever_the_sizes_every_extension_is_asked_for_once, 1},
	};

	return suite_run("course", tests, COUNT(tests), setup, teardown);
}
