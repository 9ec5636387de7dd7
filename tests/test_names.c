#include "names.h"

#include "lib/suite.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "lib/account.h"

static struct account a;
static struct extensions list;
static struct names_page_job page;
static struct names_job names;

static void setup(void)
{
	account_open_here(&a, NULL);
}

static void teardown(void)
{
	extensions_clear(&list);
	account_close(&a);
}

/* ---- pages ---- */

static int run(struct store_conn *c, void *job, struct err *err)
{
	return ((struct store_job *)job)->run(c, job, err);
}

static int read_page(const char *text, size_t len)
{
	struct err err = {0};

	names_page_job_init(&page);
	page.into = &list;
	buf_init(&page.answer, PAGE_MAX_BYTES);
	buf_add(&page.answer, text, len);
	return database_run(&a.db, run, &page.job, &err);
}

static int read_text(const char *text)
{
	char *json = account_json(text);
	int rc = read_page(json, strlen(json));

	free(json);
	return rc;
}

START_TEST(the_published_list_is_read)
{
	size_t len;
	char *text = suite_data("ringcentral/extension_list.json", &len);

	ck_assert_int_eq(read_page(text, len), 0);
	ck_assert_int_eq(page.n_records, 5);
	ck_assert_int_eq(page.n_fresh, 5);
	ck_assert_int_eq(page.paging.total_pages, 1);
	extensions_sort(&list);
	ck_assert_str_eq(extensions_find(&list, "400131009")->name, "Front desk");
	free(text);
}
END_TEST

START_TEST(what_has_no_usable_id_is_nobodys)
{
	ck_assert_int_eq(read_text("{'records':[{'name':'A'},{'id':null},{'id':''},7,"
				   "{'id':'x\\ud800'},{'id':'9','name':7},{'id':8}]}"),
			 0);
	ck_assert_int_eq(page.n_records, 6);
	ck_assert_int_eq(page.n_fresh, 2);
	ck_assert_int_eq(page.n_bad, 5);
	extensions_sort(&list);
	ck_assert_ptr_null(extensions_find(&list, "9")->name);
	ck_assert_ptr_null(extensions_find(&list, "8")->name);
}
END_TEST

START_TEST(a_page_that_came_before_brings_nothing)
{
	ck_assert_int_eq(read_text("{'records':[{'id':1},{'id':2}]}"), 0);
	ck_assert_int_eq(read_text("{'records':[{'id':3}]}"), 0);
	ck_assert_int_eq(page.n_fresh, 1);
	ck_assert_int_eq(read_text("{'records':[{'id':1},{'id':2}]}"), 0);
	ck_assert_int_eq(page.n_fresh, 0);
}
END_TEST

static const char *const bad[] = {"",
				  "[]",
				  "{}",
				  "{'records':7}",
				  "{'records':[{'id':1}",
				  "<html>",
				  "\x1f\x8b garbage"};

START_TEST(what_is_no_list_is_refused)
{
	ck_assert_int_eq(read_text(bad[_i]), ERR_FORMAT);
	ck_assert_uint_eq(list.n, 0);
}
END_TEST

/* ---- the list ---- */

#define DESKS                                                  \
	"{'id':'1','status':'Online','extension':{'id':7}},"   \
	"{'id':'2','status':'Online','extension':{'id':'8'}}," \
	"{'id':'3','status':'Online'}"

static void keep_all(const char *records, int64_t total, bool is_bad)
{
	char *text = mem_printf("{'records':[%s]}", records);
	struct err err = {0};

	extensions_clear(&list);
	ck_assert_int_eq(read_text(text), 0);
	names_job_init(&names);
	names.watch = &a.watch;
	names.list = &list;
	names.total = total;
	names.is_bad = is_bad;
	ck_assert_int_eq(database_run(&a.db, run, &names.job, &err), 0);
	free(text);
}

static void keep_of(const char *records, bool whole)
{
	keep_all(records, KNOWN_UNSAID, !whole);
}

static void keep(const char *records)
{
	keep_of(records, true);
}

static void check_name(const char *id, const char *wanted)
{
	char *sql = mem_printf("SELECT coalesce(facts ->> 'extension_name', '(none)')"
			       " FROM device JOIN device_version USING (version_id)"
			       " WHERE id = '%s'",
			       id);
	char *name = account_ask_text(&a, sql);

	ck_assert_str_eq(name, wanted);
	free(name);
	free(sql);
}

START_TEST(names_are_kept_and_stand_in_what_is_told)
{
	keep("{'id':7,'name':'Front desk'},{'id':8,'name':'Kitchen'}");
	account_records(&a, DESKS);
	check_name("1", "Front desk");
	check_name("2", "Kitchen");
	check_name("3", "(none)");
	account_restart(&a);
	account_records(&a,
			"{'id':'1','status':'Offline','name':'x','extension':{'id':7}},"
			"{'id':'2','status':'Online','extension':{'id':'8'}},"
			"{'id':'3','status':'Online'}");
	check_name("1", "Front desk");
}
END_TEST

START_TEST(another_name_is_taken_over_without_an_event)
{
	account_records(&a, DESKS);
	ck_assert_int_eq(account_n_events(&a), 1);
	keep("{'id':7,'name':'Front desk'},{'id':8,'name':'Kitchen'},{'id':9}");
	ck_assert_int_eq(names.n_renamed, 2);
	check_name("2", "Kitchen");
	keep("{'id':7,'name':'Front desk'},{'id':9,'name':'Nobody'}");
	ck_assert_int_eq(names.n_renamed, 1);
	check_name("1", "Front desk");
	check_name("2", "(none)");
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM extension"), 2);
	account_records(&a, DESKS);
	ck_assert_int_eq(account_n_events(&a), 0);
	account_check_parsed(&a, 0, 3, 1);
}
END_TEST

static void tell_database(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(a.path, &db), 0);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), 0);
	sqlite3_close(db);
}

START_TEST(who_is_not_in_half_a_list_stays)
{
	account_records(&a, DESKS);
	keep("{'id':7,'name':'Front desk'},{'id':8,'name':'Kitchen'}");
	keep_of("{'id':7,'name':'Reception'}", false);
	check_name("1", "Reception");
	check_name("2", "Kitchen");
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM extension"), 2);
}
END_TEST

/* One twice, and so perhaps another not at all. */
START_TEST(a_list_with_a_copy_is_not_whole)
{
	keep("{'id':7,'name':'Front desk'},{'id':8,'name':'Kitchen'}");
	ck_assert(names.whole);
	keep("{'id':7,'name':'Front desk'},{'id':7,'name':'Front desk'}");
	ck_assert(!names.whole);
	ck_assert_ptr_nonnull(extensions_find(&a.watch.extensions, "8"));
}
END_TEST

START_TEST(a_list_of_fewer_or_more_than_it_says_is_not_whole)
{
	for (int64_t total = 1; total <= 3; total++) {
		keep_all("{'id':7},{'id':8}", total, false);
		ck_assert(names.whole == (total == 2));
	}
}
END_TEST

START_TEST(names_that_were_not_told_are_told_after_a_restart)
{
	account_records(&a, DESKS);
	keep("{'id':7,'name':'Front desk'},{'id':8,'name':'Kitchen'}");
	account_restart(&a); /* as after a kill between the list and the devices */
	tell_database("UPDATE device_version SET facts = json_set(facts,"
		      " '$.extension_name', 'Old')");
	keep("{'id':7,'name':'Front desk'},{'id':8,'name':'Kitchen'}");
	ck_assert_int_eq(names.n_renamed, 3);
	check_name("1", "Front desk");
	check_name("3", "(none)");
}
END_TEST

START_TEST(the_same_list_writes_nothing)
{
	int64_t versions;

	account_records(&a, DESKS);
	keep("{'id':7,'name':'Front desk'},{'id':8}");
	versions = account_ask(&a, "SELECT count(*) FROM device_version");
	keep("{'id':8},{'id':7,'name':'Front desk'},{'id':7,'name':'Second'}");
	ck_assert_int_eq(names.n_renamed, 0);
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM device_version"),
			 versions);
}
END_TEST

START_TEST(more_devices_than_one_batch_are_renamed)
{
	struct buf records;

	buf_init(&records, 1u << 20);
	for (int i = 0; i < 1201; i++)
		buf_printf(&records, "%s{'id':'%d','extension':{'id':7}}",
			   i > 0 ? "," : "", i);
	account_records(&a, records.data);
	keep("{'id':7,'name':'Front desk'}");
	ck_assert_int_eq(names.n_renamed, 1201);
	buf_clear(&records);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{the_published_list_is_read, 1},
		{what_has_no_usable_id_is_nobodys, 1},
		{a_page_that_came_before_brings_nothing, 1},
		{what_is_no_list_is_refused, COUNT(bad)},
		{names_are_kept_and_stand_in_what_is_told, 1},
		{another_name_is_taken_over_without_an_event, 1},
		{who_is_not_in_half_a_list_stays, 1},
		{a_list_with_a_copy_is_not_whole, 1},
		{a_list_of_fewer_or_more_than_it_says_is_not_whole, 1},
		{names_that_were_not_told_are_told_after_a_restart, 1},
		{the_same_list_writes_nothing, 1},
		{more_devices_than_one_batch_are_renamed, 1},
	};

	return suite_run("names", tests, COUNT(tests), setup, teardown);
}
