/* The page job: pages, fences, and commits that fail. What records tell is test_changes', and
 * that fences change nothing of it test_fences'. */
#include "page.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

#include "api/decode.h"
#include "lib/account.h"
#include "lib/fault_vfs.h"
#include "lib/gzip.h"
#include "lib/jsonheap.h"

#define FIRST      "reachable (0.300]\n" /* what a first sweep tells */
#define BODY_BYTES (16u << 20)

static struct account a;

static void open_account(void)
{
	fault_vfs_install();
	account_open_here(&a, "WebRTC");
}

static void close_account(void)
{
	account_close(&a);
}

/* ---- lists ---- */

static void list(const char *records)
{
	account_records(&a, records);
}

static int list_page(const char *records, int page, int n_pages, int total)
{
	return account_records_page(&a, records, page, n_pages, total);
}

static void check_events(const char *expected)
{
	account_check_events(&a, expected);
}

static void check_parsed(int64_t parsed, int64_t recognised, int64_t pages_unchanged)
{
	account_check_parsed(&a, parsed, recognised, pages_unchanged);
}

/* ---- several pages ---- */

static int sweep_pages(const char *const *pages, int n_pages, int total)
{
	for (int page = 1; page <= n_pages; page++)
		ck_assert_int_eq(list_page(pages[page - 1], page, n_pages, total), 0);
	return account_sweep(&a, n_pages);
}

START_TEST(a_change_is_told_with_its_page_and_bounded_by_it)
{
	static const char *const online[] = {PHONE("1", "Online"), PHONE("2", "Online")};

	ck_assert_int_eq(sweep_pages(online, 2, 2), 0);
	check_events("reachable (1.300]\n");
	list_page(PHONE("1", "Offline"), 1, 2, 2);
	check_events("offline 1 Online->Offline (0, 60.300]\n");
	list_page(PHONE("2", "Offline"), 2, 2, 2);
	check_events("offline 2 Online->Offline (1, 61.300]\n");
}
END_TEST

START_TEST(a_device_that_moves_to_another_page_is_the_same)
{
	static const char *const first[] = {PHONE("1", "Online") "," PHONE("2", "Online"),
					    PHONE("3", "Online")};
	static const char *const second[] = {
		PHONE("3", "Online") "," PHONE("1", "Online"), PHONE("2", "Offline")};

	ck_assert_int_eq(sweep_pages(first, 2, 3), 0);
	check_events("reachable (1.300]\n");
	ck_assert_int_eq(sweep_pages(second, 2, 3), 0);
	check_events("offline 2 Online->Offline (0, 61.300]\n");
	check_parsed(1, 2, 0);
	ck_assert(a.sweep.whole);
}
END_TEST

START_TEST(the_first_of_two_copies_counts)
{
	list(PHONE("1", "Online"));
	check_events(FIRST);
	list_page(PHONE("1", "Offline") "," PHONE("1", "Online"), 1, 2, 3);
	list_page(PHONE("2", "Online") "," PHONE("1", "Online"), 2, 2, 3);
	ck_assert_int_eq(account_sweep(&a, 2), 0);
	check_events(
		"offline 1 Online->Offline (0, 60.300]\nadded 2 Online (0, 61.300]\n");
	ck_assert(!a.sweep.whole);
	ck_assert_int_eq(a.watch.sweep.n_duplicates, 2);
	ck_assert_int_eq(a.watch.sweep.n_listed, 2);
	/* The same again, and with the copies the other way round. */
	list_page(PHONE("1", "Offline") "," PHONE("1", "Online"), 1, 2, 3);
	list_page(PHONE("2", "Online") "," PHONE("1", "Online"), 2, 2, 3);
	check_events("");
	list_page(PHONE("1", "Online") "," PHONE("1", "Offline"), 1, 2, 3);
	check_events("online 1 Offline->Online (120, 180.300]\n");
}
END_TEST

START_TEST(a_page_that_did_not_come_is_not_known_by_what_it_was_before)
{
	static const char *const online[] = {PHONE("1", "Online"), PHONE("2", "Online")};

	ck_assert_int_eq(sweep_pages(online, 2, 2), 0);
	check_events("reachable (1.300]\n");
	/* The second phone stands on page 1 for a while, and page 2 does not come. */
	list_page(PHONE("2", "Offline"), 1, 2, 2);
	check_events("offline 2 Online->Offline (1, 60.300]\n");
	/* Then all is as it was, byte for byte. */
	ck_assert_int_eq(sweep_pages(online, 2, 2), 0);
	check_events("online 2 Offline->Online (60, 121.300]\n");
}
END_TEST

START_TEST(a_page_that_cannot_be_read_changes_nothing)
{
	static const char *const bad[] = {
		"",
		"null",
		"{}",
		"{\"records\":[{\"id\":\"1\"}",
		"\x1f\x8b",
		"<html></html>",
		"{\"errorCode\":\"CMN-203\",\"message\":\"x\",\"errors\":[]}"};

	list(PHONE("1", "Online"));
	list(PHONE("1", "Online"));
	check_events(FIRST);
	for (size_t i = 0; i < COUNT(bad); i++) {
		ck_assert_int_eq(account_page_text(&a, 1, bad[i]), ERR_FORMAT);
		ck_assert_str_ne(a.page.job.err.text, "");
	}
	check_events("");
	list(PHONE("1", "Online"));
	check_parsed(0, 1, 1); /* the fences stand */
	check_events("");
}
END_TEST

START_TEST(cut_at_any_byte_nothing_is_invented)
{
	char *online =
		account_page_of(PHONE("1", "Online") "," PHONE("2", "Online"), 1, 1, 2);
	char *offline =
		account_page_of(PHONE("1", "Offline") "," PHONE("2", "Offline"), 1, 1, 2);
	struct buf packed;

	account_list(&a, online);
	check_events(FIRST);
	for (size_t len = 0; len < strlen(offline); len++)
		ck_assert_int_eq(account_page(&a, 1, offline, len), ERR_FORMAT);
	buf_init(&packed, BODY_BYTES);
	gzip_pack(&packed, offline, strlen(offline), 6);
	for (size_t len = 0; len < packed.len; len++)
		ck_assert_int_eq(account_page(&a, 1, packed.data, len), ERR_FORMAT);
	buf_clear(&packed);
	check_events("");
	account_list(&a, online);
	check_events("");
	check_parsed(0, 2, 1);
	free(online);
	free(offline);
}
END_TEST

/* ---- what cannot be read ---- */

#define AT(id, time) \
	"{'id':'" id "','status':'Online','lastLocationReportTime':'" time "'}"

START_TEST(a_bad_record_costs_itself)
{
	list(PHONE("1", "Online") "," PHONE("2", "Online") "," PHONE("3", "Online"));
	check_events(FIRST);
	list(PHONE("1", "Offline") ",{'id':'2','status':'Offline','name':'\\ud800'}"
				   "," PHONE("3", "Offline") ",17,null,{'id':'','x':1}");
	check_events("offline 1 Online->Offline (0, 60.300]\n"
		     "offline 3 Online->Offline (0, 60.300]\n");
	ck_assert_int_eq(a.page.n_refused, 4);
	ck_assert(!a.sweep.whole);
	ck_assert_int_eq(a.watch.sweep.n_set_aside, 1);
	ck_assert_int_eq(a.watch.sweep.n_nameless, 3);
	ck_assert_int_eq(a.watch.account.records_bad, 4);
}
END_TEST

START_TEST(the_first_record_that_cannot_be_read_is_named)
{
	list(PHONE("1", "Online") ",{'id':'802398804016','n':NaN},{'id':''}");
	ck_assert_ptr_nonnull(strstr(a.page.refused, "record 2 (id 802398804016): "));
	list(PHONE("1", "Online") ",{'id':''},{'id':'802398804016','n':NaN}");
	ck_assert_str_eq(a.page.refused, "record 2: id: empty");
	list(PHONE("1", "Online") ",17,18");
	ck_assert_str_eq(a.page.refused, "an element of \"records\" that is no object");
	ck_assert_int_eq(a.page.n_refused, 2);
	list(PHONE("1", "Online") ",{'id':'7','\x1b[2J\\u0000'}");
	for (const char *p = a.page.refused; *p != '\0'; p++)
		ck_assert(*p >= ' ' && *p < 0x7f);
}
END_TEST

/* A status of so many letters, in a record that is otherwise as it was or not. */
static void list_status(size_t n, const char *name)
{
	char *word = mem_alloc(n + 1), *record;

	memset(word, 'x', n);
	word[n] = '\0';
	record = mem_printf("{'id':'1','name':'%s','status':'%s'}", name, word);
	list(record);
	free(record);
	free(word);
}

/* By whichever way it is read. */
START_TEST(a_status_has_a_longest_length_and_its_record_a_largest_size)
{
	static const char *const names[] = {"as it was", "another"};

	list("{'id':'1','name':'as it was','status':'Online'}");
	check_events(FIRST);
	list_status(DECODE_MAX_BYTES, names[_i]);
	check_events("");
	ck_assert_int_eq(a.page.n_refused, 1);
	ck_assert_int_eq(a.watch.sweep.n_set_aside, 1);
	list_status(5000, names[_i]);
	ck_assert_int_eq(a.page.n_refused, 0);
	ck_assert_int_eq(
		account_ask(&a, "SELECT length(vendor_status) FROM device_state"),
		DEVICE_STATUS_MAX_BYTES);
}
END_TEST

/* A record of which a part cannot be used, as it is skipped, read in part, and read. */
static const struct {
	const char *records;
	int64_t parsed, bad;
} flawed[] = {
	{"{'id':'1','status':'Online','name':7}," PHONE("2", "Online"), 2, 1},
	{"{'id':'1','status':'Online','name':7}," PHONE("2", "Online"), 0, 1},
	{PHONE("2", "Online") ",{'id':'1','status':'Online','name':7}", 0, 1},
	{PHONE("2", "Online") ",{'id':'1','status':'Offline','name':7}", 1, 1},
	{PHONE("2", "Online") ",{'id':'1','status':'Offline','name':'7'}", 1, 0},
	{PHONE("2", "Online") "," AT("1", "soon"), 1, 1},
	{PHONE("2", "Online") "," AT("1", "later"), 1, 1},
	{PHONE("2", "Online") "," AT("1", "soon") ",{'id':'3','type':'WebRTC','name':7}",
	 2, 1},
	{PHONE("2", "Online") "," AT("1", "soon") ",{'id':'3','type':'WebRTC','name':7}",
	 0, 1},
	{PHONE("2", "Online") "," AT("1", "2026-09-14T09:21:07Z"), 1, 0},
	{"{'id':'2','name':7,'n':NaN}," AT("1", "soon") ",{'name':7}", 3, 3},
	{"{'id':'2','status':'Online','model':{'name':7}}," PHONE("1", "Online"), 2, 1},
};

START_TEST(a_record_that_is_flawed_is_counted_while_it_is)
{
	for (size_t i = 0; i < COUNT(flawed); i++) {
		list(flawed[i].records);
		ck_assert_int_eq(a.watch.account.records_parsed, flawed[i].parsed);
		ck_assert_msg(a.watch.account.records_bad == flawed[i].bad, "%s: %d",
			      flawed[i].records, (int)a.watch.account.records_bad);
	}
	ck_assert_str_eq(a.watch.sweep.flaw, "page 1, record 1 (id 2): model.name");
	list(flawed[COUNT(flawed) - 1].records);
	ck_assert_str_eq(a.watch.sweep.flaw, ""); /* it was not looked at */
	account_restart(&a);
	list(flawed[COUNT(flawed) - 1].records);
	check_parsed(1, 1, 0);
	ck_assert_int_eq(a.watch.account.records_bad, 1);
}
END_TEST

START_TEST(a_flaw_is_named_and_made_safe)
{
	list("{'id':'\\u001b[2J','lastLocationReportTime':'soon'},{'id':'1','name':7}");
	ck_assert_str_eq(a.watch.sweep.flaw,
			 "page 1, record 1 (id \\x1b[2J): lastLocationReportTime");
	list(AT("2", "2026-09-14T09:21:07Z"));
	list(AT("2", "soon")); /* read without a parser */
	ck_assert_str_eq(a.watch.sweep.flaw,
			 "page 1, record 1 (id 2): lastLocationReportTime");
}
END_TEST

START_TEST(what_was_set_aside_is_looked_at_again)
{
	static const char spoiled[] = PHONE("1", "Online") ",{'id':'2','n':'\\ud800'}";

	list(PHONE("1", "Online") "," PHONE("2", "Online"));
	list(spoiled);
	check_parsed(1, 1, 0);
	list(spoiled);
	check_parsed(1, 1, 0); /* never behind the first fence */
	list(PHONE("1", "Online") "," PHONE("2", "Online"));
	check_parsed(0, 2, 0); /* as it was before: known by its bytes */
	check_events(FIRST);
}
END_TEST

/* ---- whole or not ---- */

static const struct {
	const char *paging[2];
	bool whole;
} totals[] = {
	{{"{'totalElements':2}", "{'totalElements':2}"}, true},
	{{"{'totalElements':3}", "{'totalElements':3}"}, false},
	{{"{'totalElements':1}", "{'totalElements':1}"}, false},
	{{"{'totalElements':3}", "{'totalElements':2}"}, false},
	{{"{'totalElements':2}", "{'totalElements':3}"}, false},
	{{"{'totalElements':2}", "{}"}, false},
	{{"{}", "{'totalElements':2}"}, false},
	{{"{}", "{}"}, false},
	{{"null", "[]"}, false},
	{{"{'totalElements':'2'}", "{'totalElements':'2'}"}, false},
	{{"{'totalElements':-2}", "{'totalElements':-2}"}, false},
};

START_TEST(a_list_is_whole_where_every_page_says_its_number)
{
	for (int again = 0; again < 2; again++) { /* then from behind the first fence */
		for (int page = 1; page <= 2; page++) {
			char *text = mem_printf("{'records':[{'id':'%d'}],'paging':%s}",
						page, totals[_i].paging[page - 1]);
			char *body = account_json(text);

			ck_assert_int_eq(account_page_text(&a, page, body), 0);
			free(body);
			free(text);
		}
		ck_assert_int_eq(account_sweep(&a, 2), 0);
		ck_assert_int_eq(a.sweep.whole, totals[_i].whole);
	}
	ck_assert_int_eq(a.watch.account.pages_unchanged, 2);
}
END_TEST

/* ---- the fences ---- */

START_TEST(a_page_is_known_as_it_was_sent)
{
	char *body =
		account_page_of(PHONE("1", "Online") "," PHONE("2", "Online"), 1, 1, 2);
	struct buf fast, best;

	buf_init(&fast, BODY_BYTES);
	buf_init(&best, BODY_BYTES);
	gzip_pack(&fast, body, strlen(body), 1);
	gzip_pack(&best, body, strlen(body), 9);
	account_list(&a, body);
	check_parsed(2, 0, 0);
	ck_assert_int_eq(account_page(&a, 1, fast.data, fast.len), 0);
	ck_assert_int_eq(account_sweep(&a, 1), 0);
	check_parsed(0, 2, 0); /* unpacked, and then known by its records */
	ck_assert_int_eq(account_page(&a, 1, best.data, best.len), 0);
	ck_assert_int_eq(account_sweep(&a, 1), 0);
	check_parsed(0, 2, 0);
	ck_assert_int_eq(account_page(&a, 1, best.data, best.len), 0);
	ck_assert_int_eq(account_sweep(&a, 1), 0);
	check_parsed(0, 2, 1);
	check_events(FIRST);
	buf_clear(&fast);
	buf_clear(&best);
	free(body);
}
END_TEST

START_TEST(after_a_restart_records_are_known)
{
	list(PHONE("1", "Online") "," PHONE("2", "Online") ",{'id':'3','type':'WebRTC'}");
	account_restart(&a);
	list(PHONE("1", "Online") "," PHONE("2", "Online") ",{'id':'3','type':'WebRTC'}");
	check_parsed(1, 2, 0); /* what is ignored is not stored either */
	list(PHONE("1", "Online") "," PHONE("2", "Online") ",{'id':'3','type':'WebRTC'}");
	check_parsed(0, 3, 1);
	check_events(FIRST);
}
END_TEST

START_TEST(blanks_and_order_outside_the_records_cost_no_parsing)
{
	list(PHONE("1", "Online") "," PHONE("2", "Online"));
	list(PHONE("1", "Online") " , \n" PHONE("2", "Online") " ");
	check_parsed(0, 2, 0);
	list(PHONE("2", "Online") "," PHONE("1", "Online"));
	check_parsed(0, 2, 0);
	list("{'id':'1','status': 'Online'}," PHONE("2", "Online"));
	check_parsed(1, 1, 0);
	check_events(FIRST);
}
END_TEST

/* With other types to ignore, the same bytes mean something else. */
START_TEST(what_is_ignored_counts_for_the_fences)
{
	static const char both[] = "{'id':'1','type':'WebRTC'},{'id':'2','type':'Room'}";

	list(both);
	check_events(FIRST);
	a.ignore[0] = "Room";
	account_restart(&a);
	list(both);
	check_parsed(2, 0, 0);
	check_events("added 1 Unknown (0, 60.300]\n");
	ck_assert_int_eq(
		account_ask(&a, "SELECT count(*) FROM device WHERE removed_ms IS NULL"),
		1);
	a.ignore[0] = NULL;
	account_restart(&a);
	list(both);
	check_parsed(2, 0, 0);
	check_events("added 2 Unknown (60, 120.300]\n");
}
END_TEST

/* Names and types that join to the same text are others all the same. */
static const struct {
	const char *name, *types[2];
	size_t n_types;
} contexts[] = {
	{"acme", {NULL}, 0},
	{"acme", {"A B"}, 1},
	{"acme", {"A", "B"}, 2},
	{"acme", {"B", "A"}, 2},
	{"acme", {""}, 1},
	{"acme", {"", ""}, 2},
	{"acme decoder 1 ignore", {NULL}, 0},
	{"acme ", {NULL}, 0},
};

START_TEST(another_account_or_configuration_knows_nothing_of_this_one)
{
	const unsigned char *secret = store_secret(a.db.store);
	struct watch w, other;

	watch_init(&w, contexts[_i].name, (char *const *)contexts[_i].types,
		   contexts[_i].n_types, secret);
	for (int i = 0; i < (int)COUNT(contexts); i++) {
		watch_init(&other, contexts[i].name, (char *const *)contexts[i].types,
			   contexts[i].n_types, secret);
		ck_assert_int_eq(memcmp(&w.key, &other.key, sizeof w.key) == 0, i == _i);
		watch_clear(&other);
	}
	watch_clear(&w);
}
END_TEST

START_TEST(the_same_bytes_from_another_url_are_another_page)
{
	char *body = account_page_of(PHONE("1", "Online"), 1, 2, 1);

	ck_assert_int_eq(account_page_text(&a, 1, body), 0);
	ck_assert_int_eq(account_page_text(&a, 2, body), 0);
	ck_assert_int_eq(a.watch.sweep.pages_unchanged, 0);
	ck_assert_int_eq(a.watch.sweep.n_duplicates, 1);
	free(body);
}
END_TEST

START_TEST(a_quiet_sweep_writes_one_row)
{
	int64_t before;

	list(PHONE("1", "Online") "," PHONE("2", "Online") "," PHONE("3", "Online"));
	list(PHONE("3", "Online") "," PHONE("2", "Online") "," PHONE("1", "Online"));
	before = account_ask(&a, "SELECT total_changes()");
	list(PHONE("2", "Online") "," PHONE("1", "Online") "," PHONE("3", "Online"));
	list(PHONE("2", "Online") "," PHONE("1", "Online") "," PHONE("3", "Online"));
	/* The account's; finding an account by its name is one more. */
	ck_assert_int_le(account_ask(&a, "SELECT total_changes()") - before, 2);
}
END_TEST

#define MANY       100000
#define ON_A_PAGE  1000
#define MANY_PAGES (MANY / ON_A_PAGE + 1)

static char *record_of(int n)
{
	char *text = mem_printf(
		"{'id':'%d','type':'HardPhone','name':'Phone %d','status':'%s'}",
		800000 + n, n, n % 10 == 0 ? "Offline" : "Online");
	char *json = account_json(text);

	free(text);
	return json;
}

/* Numbers first to first + n - 1 of a list of all. */
static void write_many(struct buf *out, const int *numbers, int n, int page, int n_pages,
		       int total)
{
	out->len = 0;
	buf_add_text(out, "{\"records\":[");
	for (int i = 0; i < n; i++) {
		char *record = record_of(numbers[i]);

		buf_printf(out, "%s%s", i > 0 ? "," : "", record);
		free(record);
	}
	buf_printf(out,
		   "],\"paging\":{\"page\":%d,\"perPage\":%d,\"totalPages\":%d,"
		   "\"totalElements\":%d}}",
		   page, ON_A_PAGE, n_pages, total);
}

static void sweep_many(const int *numbers, int n)
{
	int n_pages = (n + ON_A_PAGE - 1) / ON_A_PAGE;
	struct buf body;

	buf_init(&body, BODY_BYTES);
	for (int page = 1; page <= n_pages; page++) {
		int from = (page - 1) * ON_A_PAGE;

		write_many(&body, numbers + from,
			   n - from < ON_A_PAGE ? n - from : ON_A_PAGE, page, n_pages, n);
		ck_assert_int_eq(account_page(&a, page, body.data, body.len), 0);
	}
	ck_assert_int_eq(account_sweep(&a, n_pages), 0);
	ck_assert(a.sweep.whole);
	buf_clear(&body);
}

START_TEST(one_in_front_of_many_is_one_to_parse)
{
	static int numbers[MANY + 1];

	for (int i = 0; i <= MANY; i++)
		numbers[i] = i;
	sweep_many(numbers + 1, MANY);
	check_parsed(MANY, 0, 0);
	sweep_many(numbers + 1, MANY);
	check_parsed(0, MANY, MANY / ON_A_PAGE);
	ck_assert_int_eq(account_n_events(&a), 1);
	sweep_many(numbers, MANY + 1);
	check_parsed(1, MANY, 0);
	ck_assert_int_eq(account_n_events(&a), 1);
	sweep_many(numbers, MANY + 1);
	check_parsed(0, MANY + 1, MANY_PAGES);
	sweep_many(numbers + 1, MANY); /* and away again */
	check_parsed(0, MANY, 0);
	ck_assert_int_eq(account_n_events(&a), 0);
}
END_TEST

/* Records as large as they may be, with as many members that are told as fit, which then all
 * change: what is held at a time is a few records', never the page's. */
START_TEST(a_page_costs_the_memory_of_a_record)
{
	struct buf body;

	buf_init(&body, BODY_BYTES);
	list(PHONE("1", "Online"));
	jsonheap_start();
	for (int round = 0; round < 2; round++) {
		body.len = 0;
		buf_add_text(&body, "{\"records\":[");
		for (size_t n = 0; n < 20; n++) {
			size_t end = body.len + DECODE_MAX_BYTES - 64;

			buf_printf(&body, "%s{\"id\":\"%zu\",\"phoneLines\":[{}",
				   n > 0 ? "," : "", n);
			for (int line = 0; body.len < end; line++)
				buf_printf(&body, ",{\"id\":%d,\"lineType\":\"%d\"}",
					   line, round);
			buf_add_text(&body, "]}");
		}
		buf_add_text(&body, "]}");
		ck_assert_int_eq(account_page(&a, 1, body.data, body.len), 0);
		ck_assert_int_eq(a.page.n_refused, 0);
		ck_assert_int_eq(account_sweep(&a, 1), 0);
	}
	ck_assert_uint_gt(jsonheap_peak(), DECODE_MAX_BYTES);
	ck_assert_uint_lt(jsonheap_peak(), 256 * DECODE_MAX_BYTES);
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM event WHERE type = 7"),
			 1 + 20);
	buf_clear(&body);
}
END_TEST

/* ---- restarts and failures ---- */

START_TEST(after_a_restart_bounds_reach_back_to_the_last_whole_list)
{
	static const char *const online[] = {
		PHONE("1", "Online") "," PHONE("2", "Online"),
		PHONE("3", "Online") "," PHONE("4", "Online")};
	static const char *const partly[] = {
		PHONE("1", "Offline") "," PHONE("2", "Online")};

	ck_assert_int_eq(sweep_pages(online, 2, 4), 0);     /* at 0 */
	ck_assert_int_eq(sweep_pages(online, 2, 4), 0);     /* at 60 */
	ck_assert_int_eq(list_page(partly[0], 1, 2, 4), 0); /* at 120 */
	check_events("reachable (1.300]\noffline 1 Online->Offline (60, 120.300]\n");
	account_restart(&a);
	list_page(PHONE("1", "Online") "," PHONE("2", "Offline"), 1, 2, 4); /* at 180 */
	list_page(PHONE("3", "Offline") "," PHONE("4", "Online"), 2, 2, 4);
	/* The first one's row says when it was seen last; of the others nothing later is known
	 * than that the whole list of 60 showed them. */
	check_events("online 1 Offline->Online (120, 180.300]\n"
		     "offline 2 Online->Offline (60, 180.300]\n"
		     "offline 3 Online->Offline (60, 181.300]\n");
}
END_TEST

START_TEST(a_set_aside_device_keeps_its_bounds_over_a_restart)
{
	list(PHONE("1", "Online") "," PHONE("2", "Online"));
	list(PHONE("1", "Online") "," PHONE("2", "Online")); /* at 60 */
	list("{'id':'1','n':'\\ud800'}," PHONE("2", "Online"));
	account_restart(&a);
	check_events(FIRST);
	list(PHONE("1", "Offline") "," PHONE("2", "Offline"));
	check_events("offline 1 Online->Offline (60, 180.300]\n"
		     "offline 2 Online->Offline (60, 180.300]\n");
}
END_TEST

START_TEST(a_missing_device_keeps_its_bounds_over_a_restart)
{
	list(PHONE("1", "Online") "," PHONE("2", "Online"));
	list(PHONE("2", "Online")); /* whole, at 60 */
	account_restart(&a);
	check_events(FIRST);
	list(PHONE("1", "Offline") "," PHONE("2", "Offline"));
	check_events("offline 1 Online->Offline (0, 120.300]\n"
		     "offline 2 Online->Offline (60, 120.300]\n");
}
END_TEST

START_TEST(an_interrupted_sweep_says_nothing_of_absence)
{
	static const char *const two[] = {PHONE("1", "Online"), PHONE("2", "Online")};

	ck_assert_int_eq(sweep_pages(two, 2, 2), 0);
	list_page(two[0], 1, 2, 1);
	account_restart(&a);
	list_page(two[1], 2, 2, 1);
	ck_assert_int_eq(account_sweep(&a, 2), ERR_RETRY);
	check_events("reachable (1.300]\n");
	ck_assert_int_eq(account_ask(&a, "SELECT sum(missed) FROM device_state"), 0);
}
END_TEST

/* The clock was put back: a bound is never behind what it bounds. */
START_TEST(bounds_are_in_order_whatever_the_clock_does)
{
	list(PHONE("1", "Online") "," PHONE("2", "Online"));
	a.n_sweeps = -60;
	list(PHONE("1", "Offline"));
	list("");
	list("");
	account_events(&a);
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM event WHERE device_id"),
			 3);
	ck_assert_int_eq(
		account_ask(&a, "SELECT count(*) FROM event WHERE not_before_ms > at_ms"),
		0);
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM device_state"
					 " WHERE not_before_ms > observed_ms"),
			 0);
}
END_TEST

/* ---- a commit that fails ---- */

static int64_t n_events_at_all(void)
{
	return account_ask(&a, "SELECT count(*) FROM event");
}

/* All that a page writes, in one text. */
static char *whole_state(void)
{
	return account_ask_text(
		&a,
		"SELECT json_group_array(json_array(d.id, d.doc, d.removed_ms, s.status,"
		" s.observed_ms, s.location_ms, s.seen_ms, s.lapsed, s.missed,"
		" hex(s.digest), facts)) FROM device d JOIN device_state s USING"
		" (device_id) JOIN device_version USING (version_id)");
}

/* clang-format off */
static const char changed[] = "{'id':'1','status':'Offline','name':'Hall'},"
			      PHONE("3", "Online") "," PHONE("4", "Offline");
/* clang-format on */

/* The nth write fails, for every n. */
START_TEST(a_page_is_committed_as_a_whole_or_not_at_all)
{
	char *before, *after;
	int n = 0;

	list("{'id':'1','status':'Online','name':'Lobby'}," PHONE("2", "Online"));
	list("{'id':'1','status':'Online','name':'Lobby'},{'id':'2','n':'\\ud800'}");
	account_ask_text(&a, "PRAGMA synchronous=FULL");
	check_events(FIRST);
	before = whole_state();
	for (;; n++) {
		int64_t n_before = n_events_at_all();
		int rc;

		fault_arm(FAULT_ONCE, n);
		rc = list_page(changed, 1, 1, 3);
		if (!fault_disarm()) {
			ck_assert_int_eq(rc, 0);
			break;
		}
		if (rc == 0) /* what failed was not needed for it */
			break;
		ck_assert_int_eq(rc, ERR_STORE);
		after = whole_state();
		ck_assert_str_eq(after, before);
		free(after);
		ck_assert_int_eq(n_events_at_all(), n_before);
		ck_assert_int_eq(account_sweep(&a, 1), ERR_RETRY);
	}
	ck_assert_int_gt(n, 1);
	ck_assert_int_eq(n_events_at_all(), 1 + 4);
	account_ask_text(&a, "PRAGMA synchronous=OFF");
	list(changed);
	check_parsed(0, 3, 1);
	ck_assert_int_eq(n_events_at_all(), 1 + 4);
	free(before);
}
END_TEST

START_TEST(
	a_failed_page_is_told_when_it_comes_again) /* exactly as if it had not failed */
{
	char *body = account_page_of(changed, 1, 1, 3);

	list("{'id':'1','status':'Online','name':'Lobby'}");
	list("{'id':'1','status':'Online','name':'Lobby'}");
	check_events(FIRST);
	fault_arm(FAULT_FOREVER, 0);
	ck_assert_int_eq(account_page_text(&a, 1, body), ERR_STORE);
	ck_assert_int_eq(account_page_text(&a, 1, body), ERR_STORE);
	fault_disarm();
	ck_assert_int_eq(account_page_text(&a, 1, body), 0);
	check_events("offline 1 Online->Offline (60, 240.300]\n"
		     "changed 1 (60, 240.300] [{\"field\":\"name\",\"from\":\"Lobby\","
		     "\"to\":\"Hall\"}]\n"
		     "added 3 Online (60, 240.300]\n"
		     "added 4 Offline (60, 240.300]\n");
	free(body);
}
END_TEST

START_TEST(the_sweep_after_a_failing_one_starts_anew)
{
	static const char *const two[] = {PHONE("1", "Online"), PHONE("2", "Online")};

	ck_assert_int_eq(sweep_pages(two, 2, 2), 0);
	ck_assert_int_eq(list_page(two[0], 1, 2, 2), 0);
	fault_arm(FAULT_FOREVER, 0);
	ck_assert_int_eq(list_page(PHONE("2", "Offline"), 2, 2, 2), ERR_STORE);
	fault_disarm();
	ck_assert_int_eq(account_sweep(&a, 2), ERR_RETRY);
	ck_assert_int_eq(list_page(PHONE("2", "Offline"), 2, 2, 2), 0);
	ck_assert_int_eq(account_sweep(&a, 2), ERR_RETRY); /* page 1 is forgotten */
	check_events("reachable (1.300]\noffline 2 Online->Offline (1, 61.300]\n");
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_change_is_told_with_its_page_and_bounded_by_it, 1},
		{a_device_that_moves_to_another_page_is_the_same, 1},
		{the_first_of_two_copies_counts, 1},
		{a_page_that_did_not_come_is_not_known_by_what_it_was_before, 1},
		{a_page_that_cannot_be_read_changes_nothing, 1},
		{cut_at_any_byte_nothing_is_invented, 1},
		{a_bad_record_costs_itself, 1},
		{a_status_has_a_longest_length_and_its_record_a_largest_size, 2},
		{the_first_record_that_cannot_be_read_is_named, 1},
		{a_record_that_is_flawed_is_counted_while_it_is, 1},
		{a_flaw_is_named_and_made_safe, 1},
		{what_was_set_aside_is_looked_at_again, 1},
		{a_list_is_whole_where_every_page_says_its_number, COUNT(totals)},
		{a_page_is_known_as_it_was_sent, 1},
		{after_a_restart_records_are_known, 1},
		{blanks_and_order_outside_the_records_cost_no_parsing, 1},
		{what_is_ignored_counts_for_the_fences, 1},
		{another_account_or_configuration_knows_nothing_of_this_one,
		 COUNT(contexts)},
		{the_same_bytes_from_another_url_are_another_page, 1},
		{a_quiet_sweep_writes_one_row, 1},
		{one_in_front_of_many_is_one_to_parse, 1},
		{a_page_costs_the_memory_of_a_record, 1},
		{after_a_restart_bounds_reach_back_to_the_last_whole_list, 1},
		{a_set_aside_device_keeps_its_bounds_over_a_restart, 1},
		{a_missing_device_keeps_its_bounds_over_a_restart, 1},
		{an_interrupted_sweep_says_nothing_of_absence, 1},
		{bounds_are_in_order_whatever_the_clock_does, 1},
		{a_page_is_committed_as_a_whole_or_not_at_all, 1},
		{a_failed_page_is_told_when_it_comes_again, 1},
		{the_sweep_after_a_failing_one_starts_anew, 1},
	};

	return suite_run("page", tests, COUNT(tests), open_account, close_account);
}
