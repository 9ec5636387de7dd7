/* The page job, and with it what a sweep tells: exactly these events, whatever the fences
 * recognise. Removals and lists that shrink are test_sweep's. */
#include "page.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "api/scan.h"
#include "lib/account.h"
#include "lib/fault_vfs.h"

#define FIRST      "reachable (0.300]\n" /* what a first sweep tells */
#define BODY_BYTES (16u << 20)

static struct account a;
static char path[300];

static void open_account(void)
{
	fault_vfs_install();
	snprintf(path, sizeof path, "%s/phonewatch.db", suite_dir());
	account_open(&a, path, "WebRTC");
}

static void close_account(void)
{
	account_close(&a);
}

/* ---- lists ---- */

/* 'id' -> "id": texts here are JSON with the other quotes. */
static char *json_of(const char *text)
{
	char *copy = mem_strdup(text);

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	return copy;
}

static int count_ids(const char *records)
{
	int n = 0;

	for (const char *p = records; (p = strstr(p, "{'id'")) != NULL; p++)
		n++;
	return n;
}

static char *page_of(const char *records, int page, int n_pages, int total)
{
	char *text = mem_printf("{'records':[%s],'paging':{'page':%d,'perPage':1000,"
				"'totalPages':%d,'totalElements':%d},'navigation':{}}",
				records, page, n_pages, total);
	char *json = json_of(text);

	free(text);
	return json;
}

/* A whole sweep of one page with these records. */
static void list(const char *records)
{
	char *body = page_of(records, 1, 1, count_ids(records));

	account_list(&a, body);
	free(body);
}

static int list_page(const char *records, int page, int n_pages, int total)
{
	char *body = page_of(records, page, n_pages, total);
	int rc = account_page_text(&a, page, body);

	free(body);
	return rc;
}

static void check_events(const char *expected)
{
	const char *told = account_events(&a);

	ck_assert_msg(strcmp(told, expected) == 0, "told:\n%sexpected:\n%s", told,
		      expected);
}

static void check_parsed(int64_t parsed, int64_t recognised, int64_t pages_unchanged)
{
	const struct store_account *row = &a.watch.account;

	ck_assert_int_eq(row->records_parsed, parsed);
	ck_assert_int_eq(row->records_unchanged, recognised);
	ck_assert_int_eq(row->pages_unchanged, pages_unchanged);
}

static void pack(struct buf *out, const char *text, int level)
{
	z_stream z = {.next_in = (Bytef *)text, .avail_in = (uInt)strlen(text)};

	ck_assert_int_eq(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
	ck_assert_int_eq(buf_reserve(out, deflateBound(&z, z.avail_in)), 0);
	z.next_out = (Bytef *)out->data;
	z.avail_out = (uInt)out->size;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->len = z.total_out;
	deflateEnd(&z);
}

/* ---- what is told ---- */

#define LOBBY  "{'id':'1','status':'Online','name':'Lobby'}"
#define T1     "2026-09-14T09:21:07.534Z"
#define T2     "2026-09-14T09:22:07.534Z"
#define AT(t)  "{'id':'1','status':'Online','lastLocationReportTime':'" t "'}"
#define NOT_AT "{'id':'1','status':'Online'}"

#define LOCATION(from, to) \
	"[{\"field\":\"last_location_report_time\",\"from\":" from ",\"to\":" to "}]"
#define CHANGE(field, from, to) \
	"{\"field\":\"" field "\",\"from\":" from ",\"to\":" to "}"

/* One phone or two, list after list. Beside the first list's FIRST. */
static const struct {
	const char *lists[4];
	const char *events;
} stories[] = {
	/* Transitions, and since when. */
	{{LOBBY, "{'id':'1','status':'Offline','name':'Lobby'}"},
	 "offline 1 Online->Offline (0, 60.300]\n"},
	{{LOBBY, "{'id':'1','status':'Offline','name':'Lobby'}", LOBBY},
	 "offline 1 Online->Offline (0, 60.300]\nonline 1 Offline->Online (60, 120.300]\n"},
	{{LOBBY, LOBBY, "{'id':'1','status':'Offline','name':'Lobby'}"},
	 "offline 1 Online->Offline (60, 120.300]\n"},
	{{LOBBY, LOBBY " ", "{'id':'1','status':'Offline','name':'Lobby'}"},
	 "offline 1 Online->Offline (60, 120.300]\n"},
	{{"{'id':'1','status':'Offline'}", "{'id':'1','status':'Offline'}"}, ""},
	{{LOBBY, "{'id':'1','name':'Lobby'}"}, "unknown 1 Online->Unknown (0, 60.300]\n"},
	{{LOBBY, "{'id':'1','status':null,'name':'Lobby'}"},
	 "unknown 1 Online->Unknown (0, 60.300]\n"},
	{{LOBBY, "{'id':'1','status':'Initial','name':'Lobby'}"},
	 "unknown 1 Online->Unknown(Initial) (0, 60.300]\n"},
	{{LOBBY, "{'id':'1','status':'online','name':'Lobby'}"},
	 "unknown 1 Online->Unknown(online) (0, 60.300]\n"},
	{{LOBBY, "{'id':'1','status':1,'name':'Lobby'}"},
	 "unknown 1 Online->Unknown(1) (0, 60.300]\n"},
	{{"{'id':'1'}", "{'id':'1','status':null}", "{'id':'1','status':'Initial'}",
	  "{'id':'1','status':'Testing'}"},
	 ""},
	{{"{'id':'1','status':'Initial'}", "{'id':'1','status':'Offline'}"},
	 "offline 1 Unknown->Offline (0, 60.300]\n"},
	{{"{'id':'1','status':'Offline'}", "{'id':'1'}", "{'id':'1','status':'Online'}"},
	 "unknown 1 Offline->Unknown (0, 60.300]\nonline 1 Unknown->Online (60, 120.300]\n"},
	{{LOBBY, "{'id':'1','status':'Online','status':'Offline','name':'Lobby'}"},
	 "offline 1 Online->Offline (0, 60.300]\n"},

	/* Location reports. */
	{{AT(T1), AT(T2)},
	 "location_reported 1 (0, 60.300] " LOCATION("\"" T1 "\"", "\"" T2 "\"") "\n"},
	{{AT(T2), AT(T1)},
	 "location_reported 1 (0, 60.300] " LOCATION("\"" T2 "\"", "\"" T1 "\"") "\n"},
	{{AT(T1), NOT_AT}, "changed 1 (0, 60.300] " LOCATION("\"" T1 "\"", "null") "\n"},
	{{AT(T1), "{'id':'1','status':'Online','lastLocationReportTime':null}"},
	 "changed 1 (0, 60.300] " LOCATION("\"" T1 "\"", "null") "\n"},
	{{NOT_AT, AT(T1)},
	 "location_reported 1 (0, 60.300] " LOCATION("null", "\"" T1 "\"") "\n"},
	{{AT(T1), AT("2026-09-14T11:21:07.534+02:00"),
	  AT("2026-09-14T09:21:07.534000000Z"), AT("2026-09-14T09:21:07.534")},
	 ""},
	{{AT(T1), AT("soon"), AT(T1)}, ""},
	{{AT(T1), AT("soon"), AT(T2)},
	 "location_reported 1 (60, 120.300] " LOCATION("\"" T1 "\"", "\"" T2 "\"") "\n"},
	{{AT(T1), AT("2026-09-14"), NOT_AT},
	 "changed 1 (60, 120.300] " LOCATION("\"" T1 "\"", "null") "\n"},
	{{AT(T1), "{'id':'1','status':'Online','lastLocationReportTime':1789377667534}"},
	 ""},
	{{AT("soon"), AT(T1)},
	 "location_reported 1 (0, 60.300] " LOCATION("null", "\"" T1 "\"") "\n"},
	{{AT("1970-01-01T00:00:00.000Z"), NOT_AT},
	 "changed 1 (0, 60.300] " LOCATION("\"1970-01-01T00:00:00.000Z\"", "null") "\n"},

	/* All else. */
	{{LOBBY, "{'id':'1','status':'Online','name':'Hall'}"},
	 "changed 1 (0, 60.300] [" CHANGE("name", "\"Lobby\"", "\"Hall\"") "]\n"},
	{{LOBBY, "{'id':'1','status':'Online'}"},
	 "changed 1 (0, 60.300] [" CHANGE("name", "\"Lobby\"", "null") "]\n"},
	{{LOBBY, "{'id':'1','status':'Online','name':''}"},
	 "changed 1 (0, 60.300] [" CHANGE("name", "\"Lobby\"", "\"\"") "]\n"},
	{{LOBBY, "{'id':'1','status':'Online','name':null}",
	  "{'id':'1','status':'Online',"
	  "'name':17}"},
	 "changed 1 (0, 60.300] [" CHANGE("name", "\"Lobby\"", "null") "]\n"},
	{{LOBBY, "{'name':'Lobby','status':'Online','id':'1'}",
	  "{ 'id' : '1', 'status' : 'Online', 'name' : '\\u004cobby' }",
	  "{'id':1,'status':'Online','name':'Lobby','uri':'x','new':[1,{'a':null}]}"},
	 ""},
	{{"{'id':'1','site':{'id':'7','name':'Denver'}}",
	  "{'id':'1','site':{'id':7,'name':'Denver'}}",
	  "{'id':'1','site':{'id':'8','name':'Boston'}}"},
	 "changed 1 (60, 120.300] [" CHANGE("site.id", "\"7\"", "\"8\"") "," CHANGE(
		 "site.name", "\"Denver\"", "\"Boston\"") "]\n"},
	{{"{'id':'1','model':{'features':['BLA','HELD']}}",
	  "{'id':'1','model':{'features':['HELD','BLA']}}"},
	 ""},
	{{"{'id':'1','emergencyServiceAddress':{'street':'A'}}",
	  "{'id':'1','emergencyServiceAddress':{'street':'B'}}"},
	 "changed 1 (0, 60.300] [{\"field\":\"emergency_service_address.street\","
	 "\"from\":\"A\",\"to\":\"B\",\"personal\":true}]\n"},
	{{"{'id':'1','status':'Online','name':'Lobby','lastLocationReportTime':'" T1 "'}",
	  "{'id':'1','status':'Offline','name':'Hall','lastLocationReportTime':'" T2
	  "'}"},
	 "offline 1 Online->Offline (0, 60.300]\nlocation_reported 1 (0, 60.300] " LOCATION(
		 "\"" T1 "\"",
		 "\"" T2 "\"") "\nchanged 1 (0, 60.300] [" CHANGE("name", "\"Lobby\"",
								  "\"Hall\"") "]"
									      "\n"},
	{{"{'id':'1','status':'Online','name':'Lobby','lastLocationReportTime':'" T1 "'}",
	  "{'id':'1','status':'Online','name':'Hall'}"},
	 "changed 1 (0, 60.300] [" CHANGE("name", "\"Lobby\"", "\"Hall\"") "," CHANGE(
		 "last_location_report_time", "\"" T1 "\"", "null") "]\n"},

	/* Coming and going. */
	{{LOBBY, LOBBY ",{'id':'2','status':'Offline'}"},
	 "added 2 Offline (0, 60.300]\n"},
	{{LOBBY, LOBBY, LOBBY ",{'id':'2'}"}, "added 2 Unknown (60, 120.300]\n"},
	{{LOBBY, "", ""}, "removed 1 Online (0, 120.300]\n"},
	{{LOBBY, "", LOBBY, ""}, ""},
	{{LOBBY, "", "{'id':'1','status':'Offline','name':'Lobby'}"},
	 "offline 1 Online->Offline (0, 120.300]\n"},
	{{LOBBY, "", "", LOBBY},
	 "removed 1 Online (0, 120.300]\nadded 1 Online (120, 180.300]\n"},
	{{LOBBY, "", "", "{'id':'1','status':'Offline','name':'Hall'}"},
	 "removed 1 Online (0, 120.300]\nadded 1 Offline (120, 180.300]\n"},

	/* Ignored types. */
	{{"{'id':'1','type':'WebRTC','status':'Online'}",
	  "{'id':'1','type':'WebRTC','status':'Offline'}", "", ""},
	 ""},
	{{LOBBY, LOBBY ",{'id':'2','type':'WebRTC'}", LOBBY, LOBBY}, ""},
	{{"{'id':'1','type':'HardPhone'}", "{'id':'1','type':'WebRTC'}", "", ""}, ""},
	{{"{'id':'1','type':'WebRTC'}",
	  "{'id':'1','type':'HardPhone','status':'Online'}"},
	 "added 1 Online (0, 60.300]\n"},
	{{"{'id':'1','type':'webrtc','status':'Online'}",
	  "{'id':'1','type':'webrtc','status':'Offline'}"},
	 "offline 1 Online->Offline (0, 60.300]\n"},

	/* Set aside: listed, and not seen. */
	{{LOBBY, "{'id':'1','status':'Offline','name':'\\ud800'}", LOBBY}, ""},
	{{LOBBY, "{'id':'1','status':'Offline','name':'\\ud800'}",
	  "{'id':'1','status':'Offline','name':'Lobby'}"},
	 "offline 1 Online->Offline (0, 120.300]\n"},
	{{LOBBY, LOBBY, "{'id':'1','name':'\\ud800'}",
	  "{'id':'1','status':'Offline','name':'Lobby'}"},
	 "offline 1 Online->Offline (60, 180.300]\n"},
	{{LOBBY, "{'id':'1','name':'\\ud800'}", "{'id':'1','name':'\\ud800'}",
	  "{'id':'1','name':'\\ud800'}"},
	 ""},
	{{LOBBY, LOBBY ",{'id':'2','name':'\\u0000'}",
	  LOBBY ",{'id':'2','status':'Online'}"},
	 "added 2 Online (0, 120.300]\n"},
	{{LOBBY ",{'id':'2','status':'Online'}", LOBBY ",{'id':'3','n':'\\ud800'}",
	  LOBBY ",{'id':'3','n':'\\ud800'}", LOBBY ",{'id':'3','n':'\\ud800'}"},
	 ""}, /* such lists prove no absence */
	{{LOBBY, "{'id':'','status':'Offline'}", "{'id':null}", "{'id':7.5}"}, ""},
	{{LOBBY, "", "{'id':'1','name':'\\ud800'}", ""}, ""}, /* listed in between */
};

START_TEST(a_story_is_told_exactly)
{
	const char *const *lists = stories[_i].lists;

	list(lists[0]);
	check_events(FIRST);
	for (size_t i = 1; i < COUNT(stories[_i].lists) && lists[i] != NULL; i++)
		list(lists[i]);
	check_events(stories[_i].events);
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM outbox"),
			 account_ask(&a, "SELECT count(*) FROM event"));
}
END_TEST

START_TEST(a_story_is_told_the_same_after_restarts) /* but for the bounds, which widen */
{
	const char *const *lists = stories[_i].lists;
	const char *told, *expected = stories[_i].events;

	list(lists[0]);
	for (size_t i = 1; i < COUNT(stories[_i].lists) && lists[i] != NULL; i++) {
		account_restart(&a);
		list(lists[i]);
	}
	told = account_events(&a) + strlen(FIRST);
	while (*expected != '\0' && *told != '\0') {
		/* As far as the bounds, from their end to the line's. */
		size_t until = strcspn(expected, "("), rest = strcspn(expected, "]");
		size_t told_rest = strcspn(told, "]");

		ck_assert_msg(strncmp(told, expected, until) == 0, "%s", told);
		told += told_rest;
		expected += rest;
		until = strcspn(expected, "\n") + 1;
		ck_assert_msg(strncmp(told, expected, until) == 0, "%s", told);
		told += until;
		expected += until;
	}
	ck_assert_str_eq(told, expected);
}
END_TEST

START_TEST(a_first_sweep_tells_one_thing)
{
	list_page("{'id':'1','status':'Online'},{'id':'2','status':'Offline'}", 1, 2, 4);
	list_page("{'id':'3'},{'id':'4','type':'WebRTC'}", 2, 2, 4);
	ck_assert_int_eq(account_sweep(&a, 2), 0);
	ck_assert(a.sweep.first);
	ck_assert(a.sweep.whole);
	check_events("reachable (1.300]\n");
	ck_assert_int_eq(
		account_ask(&a, "SELECT detail ->> '$.counts.devices' FROM event"), 3);
	ck_assert_int_eq(
		account_ask(&a, "SELECT detail ->> '$.counts.online' FROM event"), 1);
	ck_assert_int_eq(
		account_ask(&a, "SELECT detail ->> '$.counts.unknown' FROM event"), 1);
}
END_TEST

/* ---- several pages ---- */

static int sweep_pages(const char *const *pages, int n_pages, int total)
{
	for (int page = 1; page <= n_pages; page++)
		ck_assert_int_eq(list_page(pages[page - 1], page, n_pages, total), 0);
	return account_sweep(&a, n_pages);
}

#define PHONE(id, status) "{'id':'" id "','status':'" status "'}"

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
	char *online = page_of(PHONE("1", "Online") "," PHONE("2", "Online"), 1, 1, 2);
	char *offline = page_of(PHONE("1", "Offline") "," PHONE("2", "Offline"), 1, 1, 2);
	struct buf packed;

	account_list(&a, online);
	check_events(FIRST);
	for (size_t len = 0; len < strlen(offline); len++)
		ck_assert_int_eq(account_page(&a, 1, offline, len), ERR_FORMAT);
	buf_init(&packed, BODY_BYTES);
	pack(&packed, offline, 6);
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
			char *body = json_of(text);

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
	char *body = page_of(PHONE("1", "Online") "," PHONE("2", "Online"), 1, 1, 2);
	struct buf fast, best;

	buf_init(&fast, BODY_BYTES);
	buf_init(&best, BODY_BYTES);
	pack(&fast, body, 1);
	pack(&best, body, 9);
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
	char *body = page_of(PHONE("1", "Online"), 1, 2, 1);

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

#define MANY       20000
#define ON_A_PAGE  1000
#define MANY_PAGES (MANY / ON_A_PAGE + 1)

static char *record_of(int n)
{
	char *text = mem_printf(
		"{'id':'%d','type':'HardPhone','name':'Phone %d','status':'%s'}",
		800000 + n, n, n % 10 == 0 ? "Offline" : "Online");
	char *json = json_of(text);

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
	ck_assert_int_eq(account_sweep(&a, 2), ERR_STORE);
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
		ck_assert_int_eq(account_sweep(&a, 1), ERR_STORE);
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
	char *body = page_of(changed, 1, 1, 3);

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
	ck_assert_int_eq(account_sweep(&a, 2), ERR_STORE);
	ck_assert_int_eq(list_page(PHONE("2", "Offline"), 2, 2, 2), 0);
	ck_assert_int_eq(account_sweep(&a, 2), ERR_STORE); /* page 1 is forgotten */
	check_events("reachable (1.300]\noffline 2 Online->Offline (1, 61.300]\n");
}
END_TEST

/* ---- random lists: with fences and without ---- */

#define N_PHONES     14
#define N_SWEEPS     150
#define PAGE_RECORDS 4
#define MAX_PAGES    16

static uint64_t dice_state;

static uint32_t dice(uint32_t n) /* 0 to n - 1 */
{
	dice_state = dice_state * UINT64_C(6364136223846793005) +
		     UINT64_C(1442695040888963407);
	return (uint32_t)(dice_state >> 33) % n;
}

static void seed_dice(int i)
{
	const char *seed = getenv("TEST_SEED");

	dice_state = seed != NULL ? strtoull(seed, NULL, 10)
				  : 20261122 + (uint64_t)i * 1000003;
	printf("# TEST_SEED=%llu\n", (unsigned long long)dice_state);
	fflush(stdout);
}

/* What the vendor would say of a phone: each number picks one of a few texts. */
struct phone {
	int status, name, location, type, spelling, spoiled;
};

static struct {
	struct phone phones[N_PHONES];
	int order[MAX_PAGES * PAGE_RECORDS]; /* the list: numbers of phones, some twice */
	int n;
	int lie; /* of the total */
} world;

#define NO_OBJECT 6 /* a way to be spoiled */

static const char *const statuses[] = {"", ",'status':'Online'", ",'status':'Offline'",
				       ",'status':'Initial'", ",'status':null"};
static const char *const names[] = {"", ",'name':'Lobby'", ",'name':'Hall'", ",'name':7",
				    ",'site':{'id':'1'}"};
static const char *const locations[] = {
	"",
	",'lastLocationReportTime':'2026-09-14T09:21:07Z'",
	",'lastLocationReportTime':'2026-09-14T11:21:07+02:00'",
	",'lastLocationReportTime':'2026-09-14T10:21:07Z'",
	",'lastLocationReportTime':'soon'",
	",'lastLocationReportTime':null",
};
static const char *const types[] = {"", ",'type':'HardPhone'", ",'type':'WebRTC'"};
static const char *const spoilings[] = {"",         ",'x':'\\ud800'", ",'x':'\xff'",
					",'id':''", ",'x':NaN",       ",'id':null"};
static const char *const blanks[] = {"", " ", "\n", "  "};

static void write_record(struct buf *out, int number)
{
	const struct phone *p = &world.phones[number];

	if (p->spoiled == NO_OBJECT) {
		buf_add_text(out, "'no object'");
		return;
	}
	buf_printf(out, p->spelling < 4 ? "{%s'id':'%d'" : "{%s'id':%d",
		   blanks[p->spelling % 4], number + 1);
	if (p->spelling % 2 == 0)
		buf_printf(out, "%s%s", statuses[p->status], names[p->name]);
	else
		buf_printf(out, "%s%s", names[p->name], statuses[p->status]);
	buf_printf(out, "%s%s%s}", locations[p->location], types[p->type],
		   spoilings[p->spoiled]);
}

static void change_phone(struct phone *p)
{
	switch (dice(8)) {
	case 0:
	case 1:
	case 2:
		p->status = (int)dice(COUNT(statuses));
		break;
	case 3:
		p->name = (int)dice(COUNT(names));
		break;
	case 4:
		p->location = (int)dice(COUNT(locations));
		break;
	case 5:
		p->type = dice(3) == 0 ? (int)dice(COUNT(types)) : 1;
		break;
	case 6:
		p->spelling = (int)dice(8);
		break;
	default:
		p->spoiled = dice(4) == 0 ? (int)dice(NO_OBJECT + 1) : 0;
	}
}

static void insert(int at, int number)
{
	if (world.n == (int)COUNT(world.order))
		return;
	memmove(world.order + at + 1, world.order + at,
		(size_t)(world.n - at) * sizeof *world.order);
	world.order[at] = number;
	world.n++;
}

static void take_out(int at)
{
	world.n--;
	memmove(world.order + at, world.order + at + 1,
		(size_t)(world.n - at) * sizeof *world.order);
}

static bool is_listed_before(int number, int end)
{
	for (int i = 0; i < end; i++)
		if (world.order[i] == number)
			return true;
	return false;
}

static void change_list(void)
{
	int number = (int)dice(N_PHONES), at = (int)dice((uint32_t)world.n + 1);

	switch (dice(4)) {
	case 0: /* comes, now and then twice */
		if (!is_listed_before(number, world.n) || dice(9) == 0)
			insert(at, number);
		break;
	case 1: /* goes */
		if (at < world.n && dice(2) == 0)
			take_out(at);
		break;
	case 2: /* moves */
		if (at == world.n)
			break;
		number = world.order[at];
		take_out(at);
		insert((int)dice((uint32_t)world.n + 1), number);
		break;
	default:
		world.lie = dice(8) == 0 ? (int)dice(3) - 1 : 0;
	}
}

/* What would keep lists from being whole for long. */
static void mend_world(void)
{
	world.lie = 0;
	for (int i = 0; i < N_PHONES; i++)
		world.phones[i].spoiled = 0;
	for (int i = world.n - 1; i > 0; i--)
		if (is_listed_before(world.order[i], i))
			take_out(i);
}

static void change_world(uint32_t most)
{
	if (dice(5) == 0)
		mend_world();
	for (uint32_t n = dice(most); n > 0; n--) {
		if (dice(3) == 0)
			change_list();
		else
			change_phone(&world.phones[dice(N_PHONES)]);
	}
}

static void start_world(void)
{
	memset(&world, 0, sizeof world);
	for (int i = 0; i < N_PHONES; i++) {
		world.phones[i].status = 1 + (int)dice(2);
		if (dice(4) > 0)
			insert(world.n, i);
	}
}

static int n_world_pages(void)
{
	return world.n == 0 ? 1 : (world.n + PAGE_RECORDS - 1) / PAGE_RECORDS;
}

static void write_world_page(struct buf *out, int page)
{
	int from = (page - 1) * PAGE_RECORDS;

	out->len = 0;
	buf_add_text(out, "{'records':[");
	for (int i = from; i < world.n && i < from + PAGE_RECORDS; i++) {
		buf_add_text(out, i > from ? "," : "");
		write_record(out, world.order[i]);
	}
	buf_printf(out, "],'paging':{'totalElements':%d}}", world.n + world.lie);
	for (char *p = out->data; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
}

/* a has its fences; this one looks at every record every time. */
static struct account fresh;

static void open_fresh(void)
{
	char *beside = mem_printf("%s-fresh", path);

	account_open(&fresh, beside, "WebRTC");
	free(beside);
}

static void drop_fences(struct known *k)
{
	for (uint32_t i = 0; i < k->n; i++)
		if (k->devices[i].id != NULL)
			known_drop_digest(k, i);
	for (size_t i = 0; i < k->n_pages; i++)
		known_page_drop(&k->pages[i]);
}

static int give_fresh(int page, const struct buf *body)
{
	drop_fences(&fresh.watch.known);
	return account_page(&fresh, page, body->data, body->len);
}

/* To both. */
static void give_page(int page, const struct buf *body, int expected_rc)
{
	ck_assert_int_eq(account_page(&a, page, body->data, body->len), expected_rc);
	ck_assert_int_eq(give_fresh(page, body), expected_rc);
	ck_assert_int_eq(a.page.n_fresh, fresh.page.n_fresh);
	ck_assert_int_eq(a.page.n_refused, fresh.page.n_refused);
}

/* What stands between a blank and "(", and "]". */
static void take_out_bounds(char *lines)
{
	char *to = lines;

	for (char *p = lines; *p != '\0';) {
		char *end = strchr(p, ']');

		if (p > lines && p[-1] == ' ' && *p == '(' && end != NULL)
			p = end + 1;
		else
			*to++ = *p++;
	}
	*to = '\0';
}

static int compare_lines(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

/* The lines of a text in order, one behind the other. */
static char *sort_lines(char *text)
{
	char *lines[2000], *saved = NULL;
	struct buf out;
	size_t n = 0;

	for (char *p = strtok_r(text, "\n", &saved); p != NULL;
	     p = strtok_r(NULL, "\n", &saved)) {
		ck_assert_uint_lt(n, COUNT(lines));
		lines[n++] = p;
	}
	qsort(lines, n, sizeof *lines, compare_lines);
	buf_init(&out, BODY_BYTES);
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s\n", lines[i]);
	free(text);
	return out.data != NULL ? out.data : mem_strdup("");
}

/* Without: in any order too. */
enum bounds { WITH_BOUNDS, WITHOUT_BOUNDS };

static void check_same_events(enum bounds bounds)
{
	account_events(&a);
	account_events(&fresh);
	if (bounds == WITHOUT_BOUNDS) {
		take_out_bounds(a.events);
		take_out_bounds(fresh.events);
		a.events = sort_lines(a.events);
		fresh.events = sort_lines(fresh.events);
	}
	ck_assert_msg(strcmp(a.events, fresh.events) == 0, "told:\n%sexpected:\n%s",
		      a.events, fresh.events);
}

/* Whether a device has lapsed depends on when it was seen, as the bounds do. */
static void check_same_rows(enum bounds bounds)
{
	char *rows = mem_printf(
		"SELECT group_concat(row, char(10)) FROM (SELECT json_array(d.id, d.doc,"
		" d.removed_ms, s.status, s.vendor_status, s.last_known, s.location_ms,"
		" %s, s.missed, v.facts) AS row FROM device d JOIN device_state s"
		" USING (device_id) JOIN device_version v USING (version_id) ORDER BY d.id)",
		bounds == WITH_BOUNDS ? "s.lapsed" : "0");
	char *is = account_ask_text(&a, rows), *be = account_ask_text(&fresh, rows);
	size_t at = 0;

	while (is[at] != '\0' && is[at] == be[at])
		at++;
	while (at > 0 && is[at - 1] != '\n')
		at--;
	ck_assert_msg(strcmp(is, be) == 0, "row:\n%.*s\nexpected:\n%.*s",
		      (int)strcspn(is + at, "\n"), is + at, (int)strcspn(be + at, "\n"),
		      be + at);
	free(is);
	free(be);
	free(rows);
}

static void check_same_sweep(void)
{
	const struct sweep *x = &a.watch.sweep, *y = &fresh.watch.sweep;

	ck_assert_int_eq(x->n_listed, y->n_listed);
	ck_assert_int_eq(x->n_duplicates, y->n_duplicates);
	ck_assert_int_eq(x->n_set_aside, y->n_set_aside);
	ck_assert_int_eq(x->n_nameless, y->n_nameless);
	ck_assert_int_eq(x->records_unchanged + x->records_parsed, y->records_parsed);
	ck_assert_int_eq(a.sweep.whole, fresh.sweep.whole);
	ck_assert_int_eq(a.sweep.shrunk, fresh.sweep.shrunk);
	ck_assert_int_eq(a.sweep.n_missing, fresh.sweep.n_missing);
	ck_assert_int_eq(a.sweep.n_removed, fresh.sweep.n_removed);
}

static void end_both(int n_pages, enum bounds bounds)
{
	ck_assert_int_eq(account_sweep(&a, n_pages), 0);
	ck_assert_int_eq(account_sweep(&fresh, n_pages), 0);
	check_same_sweep();
	check_same_events(bounds);
	check_same_rows(bounds);
}

static void end_both_partial(int n_pages, enum bounds bounds)
{
	ck_assert_int_eq(account_sweep_partial(&a, n_pages), 0);
	ck_assert_int_eq(account_sweep_partial(&fresh, n_pages), 0);
	if (bounds == WITH_BOUNDS)
		ck_assert_int_eq(a.sweep.n_lapsed, fresh.sweep.n_lapsed);
	check_same_events(bounds);
	check_same_rows(bounds);
}

/* One sweep, in which the world may move on, and pages may fail to come. */
static void sweep_world(struct buf *body, enum bounds bounds)
{
	int n_pages = n_world_pages(), lost = dice(5) == 0 ? 2 + (int)dice(3) : 0;

	for (int page = 1; page <= n_pages; page++) {
		if (page > 1 && dice(6) == 0)
			change_world(3);
		write_world_page(body, page);
		if (dice(20) == 0) { /* cut off, and once more */
			struct buf cut = {.data = body->data, .len = body->len / 2};

			give_page(page, &cut, ERR_FORMAT);
		}
		if (page != lost)
			give_page(page, body, 0);
		check_same_events(bounds);
	}
	if (lost == 0 || lost > n_pages)
		end_both(n_pages, bounds);
	else
		end_both_partial(n_pages, bounds);
}

START_TEST(the_fences_change_nothing_of_what_is_told)
{
	struct buf body;

	seed_dice(_i);
	open_fresh();
	start_world();
	buf_init(&body, BODY_BYTES);
	for (int i = 0; i < N_SWEEPS; i++) {
		sweep_world(&body, WITH_BOUNDS);
		if (dice(3) > 0)
			change_world(14);
	}
	ck_assert_int_gt(a.told, N_SWEEPS / 2); /* it was no silent world */
	ck_assert_int_gt(account_ask(&a, "SELECT count(*) FROM event WHERE type = 6"), 0);
	buf_clear(&body);
	account_close(&fresh);
}
END_TEST

START_TEST(restarts_change_nothing_of_what_is_told)
{
	struct buf body;

	seed_dice(_i + 100);
	open_fresh();
	start_world();
	buf_init(&body, BODY_BYTES);
	for (int i = 0; i < N_SWEEPS / 2; i++) {
		sweep_world(&body, WITHOUT_BOUNDS);
		if (dice(3) == 0)
			account_restart(&a);
		if (dice(3) > 0)
			change_world(14);
	}
	buf_clear(&body);
	account_close(&fresh);
}
END_TEST

/* The poller's way: after a page that the store has failed, the sweep begins anew. */
static void give_until_stored(const struct buf *bodies, int n_pages)
{
	for (int page = 1; page <= n_pages; page++) {
		int rc;

		fault_arm(FAULT_ONCE, (int)dice(80));
		rc = account_page(&a, page, bodies[page - 1].data, bodies[page - 1].len);
		fault_disarm();
		if (rc != 0)
			page = 0;
	}
}

START_TEST(failing_writes_change_nothing_of_what_is_told)
{
	struct buf bodies[MAX_PAGES];

	seed_dice(_i + 200);
	open_fresh();
	start_world();
	for (size_t i = 0; i < COUNT(bodies); i++)
		buf_init(&bodies[i], BODY_BYTES);
	for (int i = 0; i < N_SWEEPS / 2; i++) {
		int n_pages = n_world_pages();

		for (int page = 1; page <= n_pages; page++)
			write_world_page(&bodies[page - 1], page);
		give_until_stored(bodies, n_pages);
		for (int page = 1; page <= n_pages; page++)
			ck_assert_int_eq(give_fresh(page, &bodies[page - 1]), 0);
		ck_assert_int_eq(account_sweep(&a, n_pages), 0);
		ck_assert_int_eq(account_sweep(&fresh, n_pages), 0);
		check_same_events(WITHOUT_BOUNDS);
		change_world(14);
	}
	for (size_t i = 0; i < COUNT(bodies); i++)
		buf_clear(&bodies[i]);
	account_close(&fresh);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_story_is_told_exactly, COUNT(stories)},
		{a_story_is_told_the_same_after_restarts, COUNT(stories)},
		{a_first_sweep_tells_one_thing, 1},
		{a_change_is_told_with_its_page_and_bounded_by_it, 1},
		{a_device_that_moves_to_another_page_is_the_same, 1},
		{the_first_of_two_copies_counts, 1},
		{a_page_that_did_not_come_is_not_known_by_what_it_was_before, 1},
		{a_page_that_cannot_be_read_changes_nothing, 1},
		{cut_at_any_byte_nothing_is_invented, 1},
		{a_bad_record_costs_itself, 1},
		{the_first_record_that_cannot_be_read_is_named, 1},
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
		{after_a_restart_bounds_reach_back_to_the_last_whole_list, 1},
		{a_set_aside_device_keeps_its_bounds_over_a_restart, 1},
		{a_missing_device_keeps_its_bounds_over_a_restart, 1},
		{an_interrupted_sweep_says_nothing_of_absence, 1},
		{bounds_are_in_order_whatever_the_clock_does, 1},
		{a_page_is_committed_as_a_whole_or_not_at_all, 1},
		{a_failed_page_is_told_when_it_comes_again, 1},
		{the_sweep_after_a_failing_one_starts_anew, 1},
		{the_fences_change_nothing_of_what_is_told, 5},
		{restarts_change_nothing_of_what_is_told, 2},
		{failing_writes_change_nothing_of_what_is_told, 3},
	};

	return suite_run("page", tests, COUNT(tests), open_account, close_account);
}
