#include "model/extensions.h"

#include "lib/suite.h"

#include <stdio.h>

static struct extensions x, y;

static void teardown(void)
{
	extensions_clear(&x);
	extensions_clear(&y);
}

START_TEST(they_are_found_by_id_in_whatever_order_they_came)
{
	char id[20];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(id, sizeof id, "%u", i * 7919 % 1000);
		extensions_add(&x, id, id);
	}
	extensions_sort(&x);
	ck_assert_uint_eq(x.n, 1000);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(id, sizeof id, "%u", i);
		ck_assert_str_eq(extensions_find(&x, id)->name, id);
	}
	ck_assert_ptr_null(extensions_find(&x, "1000"));
	ck_assert_ptr_null(extensions_find(&y, "1"));
}
END_TEST

START_TEST(of_two_of_one_id_the_first_stays)
{
	extensions_add(&x, "2", "two");
	extensions_add(&x, "1", NULL);
	extensions_add(&x, "2", "second");
	extensions_add(&x, "1", "one");
	extensions_sort(&x);
	ck_assert_uint_eq(x.n, 2);
	ck_assert_str_eq(extensions_find(&x, "2")->name, "two");
	ck_assert_ptr_null(extensions_find(&x, "1")->name);
}
END_TEST

START_TEST(lists_are_the_same_where_ids_and_names_are)
{
	static const struct {
		const char *id, *name;
		bool same;
	} rows[] = {{"1", "one", true},
		    {"1", "One", false},
		    {"1", NULL, false},
		    {"2", "one", false}};

	extensions_add(&x, "1", "one");
	extensions_add(&y, rows[_i].id, rows[_i].name);
	ck_assert_int_eq(extensions_same(&x, &y), rows[_i].same);
	extensions_add(&y, "3", NULL);
	ck_assert(!extensions_same(&x, &y));
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{they_are_found_by_id_in_whatever_order_they_came, 1},
		{of_two_of_one_id_the_first_stays, 1},
		{lists_are_the_same_where_ids_and_names_are, 4},
	};

	return suite_run("extensions", tests, COUNT(tests), NULL, teardown);
}
