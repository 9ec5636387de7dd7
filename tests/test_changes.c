/* What the records of one list after the other tell: exactly these events. Removals and lists that
 * shrink are test_sweep's. */
#include "changes.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

#include "lib/account.h"

#define FIRST "reachable (0.300]\n" /* what a first sweep tells */

static struct account a;

static void open_account(void)
{
	account_open_here(&a, "WebRTC");
}

static void close_account(void)
{
	account_close(&a);
}

static void list(const char *records)
{
	account_records(&a, records);
}

static void check_events(const char *expected)
{
	account_check_events(&a, expected);
}

#define LOBBY  "{'id':'1','status':'Online','name':'Lobby'}"
#define T1     "2026-09-14T09:21:07.534Z"
#define T2     "2026-09-14T09:22:07.534Z"
#define AT(t)  "{'id':'1','status':'Online','lastLocationReportTime':'" t "'}"
#define NOT_AT "{'id':'1','status':'Online'}"

#define DESK(status) "{'id':'1','type':'HardPhone','status':'" status "'}"
#define WEBRTC       "{'id':'1','type':'WebRTC','status':'Offline'}"
#define UNREAD       "{'id':'2','n':'\\ud800'}"

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
	/* Becoming one is as being listed no more, and coming back as coming. */
	{{DESK("Online"), WEBRTC, DESK("Online"), WEBRTC}, ""},
	{{DESK("Online"), WEBRTC, DESK("Offline"), DESK("Offline")},
	 "offline 1 Online->Offline (0, 120.300]\n"},
	{{DESK("Online"), WEBRTC, "", DESK("Online")},
	 "removed 1 Online (0, 120.300]\nadded 1 Online (120, 180.300]\n"},
	{{DESK("Online"), "", WEBRTC, DESK("Offline")},
	 "removed 1 Online (0, 120.300]\nadded 1 Offline (120, 180.300]\n"},
	{{DESK("Online"), WEBRTC, WEBRTC, WEBRTC}, "removed 1 Online (0, 120.300]\n"},
	{{DESK("Online"), DESK("Online"), WEBRTC, "{'id':'1','type':'WebRTC'}"},
	 "removed 1 Online (60, 180.300]\n"},
	{{DESK("Online"), WEBRTC, "{'id':'1','type':'WebRTC','status':'Online'}",
	  DESK("Offline")},
	 "removed 1 Online (0, 120.300]\nadded 1 Offline (120, 180.300]\n"},
	{{DESK("Online"), WEBRTC, "{'id':'1','n':'\\ud800'}", WEBRTC}, ""},
	{{WEBRTC, DESK("Online"), WEBRTC, WEBRTC},
	 "added 1 Online (0, 60.300]\nremoved 1 Online (60, 180.300]\n"},
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

	/* Set aside from the beginning: that it can be read is no news, what follows is. */
	{{LOBBY "," UNREAD, LOBBY "," UNREAD, LOBBY "," PHONE("2", "Offline"),
	  LOBBY "," PHONE("2", "Online")},
	 "online 2 Offline->Online (120, 180.300]\n"},
	{{UNREAD, UNREAD, PHONE("2", "Online")}, ""},
	{{LOBBY "," UNREAD, LOBBY, LOBBY, LOBBY "," PHONE("2", "Online")},
	 "removed 2 Unknown (0, 120.300]\nadded 2 Online (120, 180.300]\n"},
	{{LOBBY "," UNREAD, LOBBY, LOBBY "," UNREAD, LOBBY}, ""},
	{{LOBBY "," UNREAD, LOBBY ",{'id':'2','type':'WebRTC'}", LOBBY, LOBBY}, ""},
	{{LOBBY "," UNREAD, LOBBY, LOBBY, LOBBY "," UNREAD},
	 "removed 2 Unknown (0, 120.300]\n"},
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

/* ---- not every report is told ---- */

#define REPORT(n) AT("2026-09-14T09:0" #n ":00Z")

START_TEST(a_devices_reports_are_told_at_most_so_often)
{
	a.watch.location_every_ms = 3 * ACCOUNT_SWEEP_MS;
	list(REPORT(0));
	check_events(FIRST);
	list(REPORT(1)); /* told: the first since the start */
	list(REPORT(2));
	list(REPORT(3));
	check_events("location_reported 1 (0, 60.300] " LOCATION(
		"\"2026-09-14T09:00:00.000Z\"", "\"2026-09-14T09:01:00.000Z\"") "\n");
	ck_assert_int_eq(
		account_ask(&a, "SELECT location_ms / 60000 % 60 FROM device_state"),
		3);      /* kept all the same */
	list(REPORT(4)); /* three sweeps later */
	check_events("location_reported 1 (180, 240.300] " LOCATION(
		"\"2026-09-14T09:03:00.000Z\"", "\"2026-09-14T09:04:00.000Z\"") "\n");
	list(NOT_AT); /* told at once */
	check_events("changed 1 (240, 300.300] " LOCATION("\"2026-09-14T09:04:00.000Z\"",
							  "null") "\n");
}
END_TEST

/* ---- by the other route ---- */

#define BY_LIST                                                                \
	"{'id':'1','status':'Online','name':'Lobby','site':{'name':'Denver'}," \
	"'extension':{'id':7},'lastLocationReportTime':'" T1 "'}"

static void list_extension(const char *record)
{
	char *text = mem_printf("{'records':[%s],'paging':{}}", record);
	char *json = account_json(text);

	ck_assert_int_eq(account_page_text(&a, 1, json), 0);
	ck_assert_int_eq(account_sweep(&a, 1), 0);
	free(json);
	free(text);
}

START_TEST(what_only_one_of_two_lists_shows_is_no_change)
{
	static char *ids[] = {(char *)"7"};

	account_records(&a, BY_LIST ",{'id':'2','status':'Online'}");
	check_events(FIRST);
	a.route = ROUTE_EXTENSIONS;
	a.ids = ids;
	a.n_ids = 1;
	list_extension("{'id':'1','status':'Online','name':'Hall','extension':{'id':7}}");
	check_events(
		"changed 1 (0, 60.300] [" CHANGE("name", "\"Lobby\"", "\"Hall\"") "]\n");
	list_extension(
		"{'id':'1','status':'Offline','name':'Hall','extension':{'id':7}}");
	check_events("offline 1 Online->Offline (60, 120.300]\n");
	ck_assert_int_eq(account_ask(&a, "SELECT lapsed FROM device_state JOIN device"
					 " USING (device_id) WHERE id = 2"),
			 1); /* it has no extension: nobody can say */
	list_extension("");
	list_extension("");
	check_events("removed 1 Offline (120, 240.300]\n");
	a.route = ROUTE_ACCOUNT;
	account_records(&a, "{'id':'2','status':'Offline','site':{'name':'Boston'}}");
	check_events("offline 2 Online->Offline (0, 300.300]\n");
}
END_TEST

START_TEST(with_an_old_list_of_extensions_nobody_is_missed)
{
	static char *ids[] = {(char *)"7"};

	a.route = ROUTE_EXTENSIONS;
	a.ids = ids;
	a.n_ids = 1;
	list_extension("{'id':'1','extension':{'id':7}}");
	check_events(FIRST);
	a.ids_are_old = true;
	for (int i = 0; i < 3; i++)
		list_extension("");
	ck_assert(a.sweep.wants_ids);
	check_events("");
	a.ids_are_old = false;
	list_extension("");
	check_events("");
	list_extension("");
	ck_assert_int_eq(account_n_events(&a), 1);
}
END_TEST

/* It may still be there, without one. */
START_TEST(who_lost_its_extension_is_not_gone)
{
	static char *seven[] = {(char *)"7"}, *eight[] = {(char *)"8"};

	a.route = ROUTE_EXTENSIONS;
	a.ids = seven;
	a.n_ids = 1;
	list_extension("{'id':'1','status':'Online','extension':{'id':7}}");
	check_events(FIRST);
	extensions_clear(&a.watch.extensions);
	known_forget_lone(&a.watch.known);
	a.ids = eight;
	for (int i = 0; i < 3; i++)
		list_extension("");
	ck_assert(a.sweep.whole);
	check_events("");
	ck_assert_int_eq(account_ask(&a, "SELECT lapsed FROM device_state"), 1);
	list_extension("{'id':'1','status':'Offline','extension':{'id':8}}");
	check_events("offline 1 Online->Offline (0, 240.300]\n"
		     "changed 1 (0, 240.300] [" CHANGE("extension.id", "\"7\"",
						       "\"8\"") "]\n");
}
END_TEST

START_TEST(an_extension_that_does_not_answer_loses_nobody)
{
	static char *ids[] = {(char *)"7", (char *)"8"};
	static const char both[] =
		"[{'resourceId':'7','status':200,'body':{'records':[{'id':'1',"
		"'extension':{'id':7}}]}},{'resourceId':8,'status':200,'body':{'records':"
		"[{'id':'2','extension':{'id':8}}]}}]";
	static const char *const partly[] = {
		"[{'resourceId':'7','status':200,'body':{'records':[{'id':'1',"
		"'extension':{'id':7}}]}},{'resourceId':8,'status':404,'body':{}}]",
		"[{'resourceId':'7','status':200,'body':{'records':[{'id':'1',"
		"'extension':{'id':7}}]}}]",
		"[{'resourceId':'7','status':200,'body':{'records':[{'id':'1',"
		"'extension':{'id':7}}]}},{'resourceId':8,'status':200,'body':{}}]",
		"[{'resourceId':'7','status':200,'body':{'records':[{'id':'1',"
		"'extension':{'id':7}}]}},{'resourceId':8,'status':200,'body':{'records':[],"
		"'paging':{'totalElements':1}}}]",
	};
	char *json = account_json(both);

	a.route = ROUTE_EXTENSIONS;
	a.ids = ids;
	a.n_ids = 2;
	ck_assert_int_eq(account_page_text(&a, 1, json), 0);
	ck_assert_int_eq(account_sweep(&a, 1), 0);
	ck_assert(a.sweep.whole);
	check_events(FIRST);
	free(json);
	for (int i = 0; i < 4; i++) {
		json = account_json(partly[_i]);
		ck_assert_int_eq(account_page_text(&a, 1, json), 0);
		ck_assert_int_eq(a.page.n_unanswered, 1);
		ck_assert_int_eq(account_sweep(&a, 1), 0);
		ck_assert(!a.sweep.whole);
		free(json);
	}
	check_events("");
}
END_TEST

/* A vendor that calls all of them otherwise has not lost them. */
START_TEST(many_that_become_placeholders_at_once_are_not_gone)
{
	struct buf records;

	buf_init(&records, 10000);
	for (int sweep = 0; sweep < 4; sweep++) {
		records.len = 0;
		for (int i = 0; i < 10; i++)
			buf_printf(&records, "%s{'id':'%d','type':'%s'}",
				   i > 0 ? "," : "", i,
				   sweep > 0 && i > 2 ? "WebRTC" : "HardPhone");
		account_records(&a, records.data);
		ck_assert_int_eq(a.sweep.n_missing, sweep > 0 ? 7 : 0);
	}
	check_events(FIRST "unreachable (60.300] list_shrunk\n");
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM device_state JOIN device"
					 " USING (device_id) WHERE missed = 2"
					 " AND removed_ms IS NULL"),
			 7);
	buf_clear(&records);
}
END_TEST

START_TEST(who_was_never_read_is_counted_and_unobserved)
{
	account_records(&a, LOBBY "," UNREAD);
	ck_assert_int_eq(
		account_ask(&a, "SELECT detail ->> '$.counts.devices' FROM event"), 2);
	ck_assert_int_eq(
		account_ask(&a, "SELECT detail ->> '$.counts.unknown' FROM event"), 1);
	ck_assert_int_eq(account_ask(&a, "SELECT lapsed AND seen_ms = 0 FROM device"
					 " JOIN device_state USING (device_id)"
					 " WHERE id = 2"),
			 1);
	account_records(&a, LOBBY "," PHONE("2", "Online"));
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM device"), 2);
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM device_state"
					 " WHERE lapsed OR seen_ms = 0"),
			 0);
}
END_TEST

START_TEST(a_first_sweep_tells_one_thing)
{
	account_records_page(&a,
			     "{'id':'1','status':'Online'},{'id':'2','status':'Offline'}",
			     1, 2, 4);
	account_records_page(&a, "{'id':'3'},{'id':'4','type':'WebRTC'}", 2, 2, 4);
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

/* Of a record of which only the status has changed nothing else is read, and yet its name is known. */
START_TEST(a_wish_for_a_name_is_heard_of_a_status_alone)
{
	char *everything[] = {"*"}, *lobby[] = {"name=Lob*"}, *owed;
	int64_t sink_id = a.audience->listeners[0].sink_id;

	audience_release(a.audience);
	a.audience = audience_create(1);
	audience_copy(&a.audience->listeners[0], sink_id, everything, 1, lobby, 1);
	list(LOBBY ",{'id':'2','status':'Online','name':'Hall'}");
	list("{'id':'1','status':'Offline','name':'Lobby'},"
	     "{'id':'2','status':'Offline','name':'Hall'}");
	ck_assert_int_eq(
		account_ask(&a, "SELECT count(*) FROM event WHERE device_id IS NOT NULL"),
		2);
	owed = account_ask_text(&a, "SELECT group_concat(id) FROM outbox"
				    " JOIN event USING (sequence)"
				    " JOIN device USING (device_id)");
	ck_assert_pstr_eq(owed, "1");
	free(owed);
}
END_TEST

/* ---- how long it was offline ---- */

#define OTHERS PHONE("2", "Online") "," PHONE("3", "Online")
#define ON     PHONE("1", "Online") "," OTHERS
#define OFF    PHONE("1", "Offline") "," OTHERS
#define NONE   PHONE("1", "x") "," OTHERS

/* A list a minute; NULL: for an hour nobody looks. */
static const struct {
	const char *lists[7];
	const char *detail; /* of the last device.online */
} returns[] = {
	{{ON, OFF, ON}, "{\"offline_ms\":60000}"},
	{{ON, OFF, OFF, OFF, ON}, "{\"offline_ms\":180000}"},
	/* It was so at first sight. */
	{{OFF, OFF, ON}, "{\"offline_ms\":120000,\"offline_at_least\":true}"},
	{{OFF, ON, OFF, ON}, "{\"offline_ms\":60000}"},
	/* Or when it was listed again. */
	{{ON, OTHERS, OTHERS, OFF, OFF, ON},
	 "{\"offline_ms\":120000,\"offline_at_least\":true}"},
	/* Nobody looked in between: what was seen, to the last request. */
	{{ON, OFF, OFF, NULL, ON}, "{\"offline_ms\":59700,\"offline_at_least\":true}"},
	{{ON, OFF, NULL, ON}, ""}, /* it was seen once */
	/* It was not offline. */
	{{ON, NONE, ON}, ""},
	{{ON, OFF, NONE, ON}, ""},
};

START_TEST(who_comes_back_tells_for_how_long_it_was_away)
{
	char *detail;

	for (size_t i = 0; i < COUNT(returns[_i].lists); i++) {
		const char *records = returns[_i].lists[i];

		if (records != NULL)
			list(records);
		else if (i + 1 < COUNT(returns[_i].lists) &&
			 returns[_i].lists[i + 1] != NULL)
			a.n_sweeps += 60;
	}
	detail = account_ask_text(&a, "SELECT coalesce(detail, '') FROM event WHERE"
				      " type = 1 ORDER BY sequence DESC LIMIT 1");
	ck_assert_str_eq(detail, returns[_i].detail);
	free(detail);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{who_comes_back_tells_for_how_long_it_was_away, COUNT(returns)},
		{a_story_is_told_exactly, COUNT(stories)},
		{a_story_is_told_the_same_after_restarts, COUNT(stories)},
		{a_devices_reports_are_told_at_most_so_often, 1},
		{what_only_one_of_two_lists_shows_is_no_change, 1},
		{with_an_old_list_of_extensions_nobody_is_missed, 1},
		{who_lost_its_extension_is_not_gone, 1},
		{an_extension_that_does_not_answer_loses_nobody, 4},
		{many_that_become_placeholders_at_once_are_not_gone, 1},
		{who_was_never_read_is_counted_and_unobserved, 1},
		{a_first_sweep_tells_one_thing, 1},
		{a_wish_for_a_name_is_heard_of_a_status_alone, 1},
	};

	return suite_run("changes", tests, COUNT(tests), open_account, close_account);
}
