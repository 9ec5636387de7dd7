#include "model/event.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define T0     INT64_C(1795370462345) /* 2026-11-22T18:01:02.345Z */
#define RANDOM INT64_C(0x2abcdef12)

static const enum event_type all_types[] = {
	EVENT_DEVICE_ONLINE,   EVENT_DEVICE_OFFLINE,      EVENT_DEVICE_UNKNOWN,
	EVENT_DEVICE_LOCATION, EVENT_DEVICE_ADDED,        EVENT_DEVICE_REMOVED,
	EVENT_DEVICE_CHANGED,  EVENT_ACCOUNT_UNREACHABLE, EVENT_ACCOUNT_REACHABLE,
	EVENT_ALERT_FIRING,    EVENT_ALERT_RESOLVED,      EVENT_DIGEST,
};

/* ---- ids ---- */

/* Told once, these are ids for ever: worked out by hand from RFC 9562's picture. */
static const struct {
	int64_t at_ms, random, sequence;
	const char *id;
} ids[] = {
	{0, 0, 0, "00000000-0000-7000-8000-000000000000"},
	{T0, RANDOM, 4711, "01a2046b-2c89-7f12-aabc-de0000001267"},
	{T0, INT64_C(0x3ffffffff), INT64_C(0xffffffffff),
	 "01a2046b-2c89-7fff-bfff-ffffffffffff"},
	{INT64_C(0xffffffffffff), INT64_C(0x155555555), 1,
	 "ffffffff-ffff-7555-9555-550000000001"},
};

START_TEST(an_id_never_changes)
{
	char id[EVENT_ID_BYTES];

	event_id(id, ids[_i].at_ms, ids[_i].random, ids[_i].sequence);
	ck_assert_str_eq(id, ids[_i].id);
}
END_TEST

START_TEST(an_id_is_a_uuid_of_version_7)
{
	char id[EVENT_ID_BYTES];

	for (int64_t r = 1; r < INT64_C(1) << 34; r = r * 3 + 1) {
		event_id(id, T0 + r, r, r % 1000);
		ck_assert_uint_eq(strlen(id), 36);
		ck_assert_int_eq(id[14], '7');
		ck_assert_ptr_nonnull(strchr("89ab", id[19]));
	}
}
END_TEST

START_TEST(ids_sort_by_time_then_by_sequence)
{
	static const int64_t steps[][2] = {{0, 1},           {0, 255},    {1, 0},
					   {1, 65536},       {1000, 5},   {65536, 1},
					   {65536, 1 << 30}, {1 << 30, 0}};
	char last[EVENT_ID_BYTES] = "", id[EVENT_ID_BYTES];

	for (size_t i = 0; i < COUNT(steps); i++) {
		event_id(id, T0 + steps[i][0], RANDOM, steps[i][1]);
		ck_assert_str_gt(id, last);
		strcpy(last, id);
	}
}
END_TEST

/* ---- the document ---- */

static struct event lobby(enum event_type type)
{
	json_t *facts = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:s, s:s}", "name",
		"Lobby phone", "type", "HardPhone", "serial", "0004F2A1B2C3", "sku",
		"HP-56-2-2", "model", "Polycom VVX 450", "extension_number", "101",
		"extension_id", "62264425016", "extension_name", "Front desk",
		"phone_numbers", "+15555550101", "site", "Denver", "site_id", "4711");
	struct event ev = {.sequence = 4711,
			   .type = type,
			   .at_ms = T0,
			   .account = mem_strdup("acme"),
			   .device_id = mem_strdup("802398804016"),
			   .facts = facts,
			   .status = DEVICE_OFFLINE,
			   .previous = DEVICE_ONLINE,
			   .vendor_status = mem_strdup("Offline"),
			   .has_location = true,
			   .location_ms = T0 - 182345,
			   .not_before_ms = T0 - 60244};

	ck_assert_ptr_nonnull(facts);
	event_id(ev.id, T0, RANDOM, 4711);
	return ev;
}

static struct event of_account(enum event_type type, json_t *detail)
{
	struct event ev = {.sequence = 4712,
			   .type = type,
			   .at_ms = T0,
			   .account = mem_strdup("acme"),
			   .detail = detail};

	event_id(ev.id, T0, RANDOM, 4712);
	return ev;
}

START_TEST(an_offline_event_is_the_documented_document)
{
	struct event ev = lobby(EVENT_DEVICE_OFFLINE);
	char *text =
		event_render(&ev, _i == 0 ? EVENT_WITHOUT_PERSONAL : EVENT_WITH_PERSONAL);
	char *golden = suite_data("event/device.offline.json", NULL);

	golden[strcspn(golden, "\n")] = '\0';
	ck_assert_str_eq(text, golden);
	free(golden);
	free(text);
	event_clear(&ev);
}
END_TEST

START_TEST(the_object_is_what_is_rendered)
{
	struct event ev = lobby(EVENT_DEVICE_OFFLINE);
	char *text = event_render(&ev, EVENT_WITHOUT_PERSONAL);
	json_t *a = event_object(&ev, EVENT_WITHOUT_PERSONAL);
	json_t *b = json_loads(text, 0, NULL);

	ck_assert(json_equal(a, b));
	json_decref(a);
	json_decref(b);
	free(text);
	event_clear(&ev);
}
END_TEST

static void check(struct event *ev, enum event_personal personal, const char *expected)
{
	char *text = event_render(ev, personal), *again = event_render(ev, personal);

	ck_assert_str_eq(text, expected);
	ck_assert_str_eq(again, expected);
	free(text);
	free(again);
	event_clear(ev);
}

#define HEAD(type, sequence, subject)                                                   \
	"{\"specversion\":\"1.0\",\"id\":\"01a2046b-2c89-7f12-aabc-de000000" sequence   \
	"\",\"type\":\"" type "\",\"source\":\"/accounts/acme\",\"subject\":\"" subject \
	"\",\"time\":\"2026-11-22T18:01:02.345Z\",\"datacontenttype\":"                 \
	"\"application/json\",\"data\":{\"account\":\"acme\","

#define RETURN(after, away)                                                              \
	HEAD("device.online", "1267", "7")                                               \
	"\"sequence\":4711,\"severity\":\"info\",\"summary\":\"device 7 is online" after \
	"\",\"device\":{\"account\":\"acme\",\"id\":\"7\",\"name\":null,"                \
	"\"vendor_status\":null},\"status\":\"Online\",\"previous_status\":\"Offline\"," \
	"\"not_before\":\"2026-11-22T18:01:02.345Z\","                                   \
	"\"observed_at\":\"2026-11-22T18:01:02.345Z\","                                  \
	"\"last_location_report_time\":null,\"changes\":[{\"field\":\"status\","         \
	"\"from\":\"Offline\",\"to\":\"Online\"}]" away "}}"
#define AWAY ",\"offline_ms\":840000,\"offline_at_least\":false"

START_TEST(what_is_not_known_is_null)
{
	struct event ev = {.sequence = 4711,
			   .type = EVENT_DEVICE_UNKNOWN,
			   .at_ms = T0,
			   .account = mem_strdup("acme"),
			   .device_id = mem_strdup("7"),
			   .facts = json_pack("{s:n, s:[]}", "name", "phone_numbers"),
			   .status = DEVICE_UNKNOWN,
			   .previous = DEVICE_OFFLINE,
			   .not_before_ms = T0};

	event_id(ev.id, T0, RANDOM, 4711);
	check(&ev, EVENT_WITHOUT_PERSONAL,
	      HEAD("device.unknown", "1267",
		   "7") "\"sequence\":4711,\"severity\":\"warning\","
			"\"summary\":\"device 7 has no status any more\",\"device\":{\"account\":"
			"\"acme\",\"id\":\"7\",\"name\":null,\"phone_numbers\":[],"
			"\"vendor_status\":null},\"status\":\"Unknown\",\"previous_status\":\"Offline\","
			"\"not_before\":\"2026-11-22T18:01:02.345Z\","
			"\"observed_at\":\"2026-11-22T18:01:02.345Z\","
			"\"last_location_report_time\":null,\"changes\":[{\"field\":\"status\","
			"\"from\":\"Offline\",\"to\":\"Unknown\"}]}}");
}
END_TEST

/* One that was stored before there were such members has the bytes that it had then. */
START_TEST(only_who_knows_for_how_long_a_phone_was_away_says_so)
{
	struct event ev = {.sequence = 4711,
			   .type = EVENT_DEVICE_ONLINE,
			   .at_ms = T0,
			   .account = mem_strdup("acme"),
			   .device_id = mem_strdup("7"),
			   .facts = json_pack("{s:n}", "name"),
			   .status = DEVICE_ONLINE,
			   .previous = DEVICE_OFFLINE,
			   .not_before_ms = T0};

	event_id(ev.id, T0, RANDOM, 4711);
	if (_i == 1)
		ev.detail = event_offline_detail(840000, EVENT_OFFLINE_FOR);
	check(&ev, EVENT_WITHOUT_PERSONAL,
	      _i == 0 ? RETURN("", "") : RETURN(" after 14 min", AWAY));
}
END_TEST

START_TEST(personal_values_are_for_those_who_may_see_them)
{
	static const char *const changes[] = {
		"[{\"field\":\"emergency.address.street\"},"
		"{\"field\":\"name\",\"from\":\"Lobby\",\"to\":null}]",
		"[{\"field\":\"emergency.address.street\",\"from\":\"1 Example Way\","
		"\"to\":\"2 Example Way\"},"
		"{\"field\":\"name\",\"from\":\"Lobby\",\"to\":null}]",
	};
	struct event ev = lobby(EVENT_DEVICE_CHANGED);
	char *text, *told;

	ev.detail = json_pack("{s:[{s:s, s:s, s:s, s:b}, {s:s, s:s, s:n}]}", "changes",
			      "field", "emergency.address.street", "from",
			      "1 Example Way", "to", "2 Example Way", "personal", 1,
			      "field", "name", "from", "Lobby", "to");
	text = event_render(&ev, _i == 0 ? EVENT_WITHOUT_PERSONAL : EVENT_WITH_PERSONAL);
	told = strstr(text, "\"changes\":");
	ck_assert_ptr_nonnull(told);
	told += strlen("\"changes\":");
	ck_assert_uint_eq(strlen(told), strlen(changes[_i]) + strlen("}}"));
	ck_assert_int_eq(strncmp(told, changes[_i], strlen(changes[_i])), 0);
	if (_i == 0)
		ck_assert_ptr_null(strstr(text, "Example Way"));
	ck_assert_ptr_nonnull(strstr(text, "\"previous_status\":null"));
	free(text);
	event_clear(&ev);
}
END_TEST

START_TEST(a_transition_comes_before_its_other_changes)
{
	struct event ev = lobby(EVENT_DEVICE_ONLINE);
	json_t *object, *changes;

	ev.status = DEVICE_ONLINE;
	ev.previous = DEVICE_OFFLINE;
	ev.detail = json_pack("{s:[{s:s, s:n, s:s}]}", "changes", "field", "sku", "from",
			      "to", "HP-1");
	object = event_object(&ev, EVENT_WITHOUT_PERSONAL);
	changes = json_object_get(json_object_get(object, "data"), "changes");
	ck_assert_uint_eq(json_array_size(changes), 2);
	ck_assert_str_eq(
		json_string_value(json_object_get(json_array_get(changes, 0), "field")),
		"status");
	ck_assert_str_eq(
		json_string_value(json_object_get(json_array_get(changes, 0), "to")),
		"Online");
	ck_assert_str_eq(
		json_string_value(json_object_get(json_array_get(changes, 1), "field")),
		"sku");
	json_decref(object);
	event_clear(&ev);
}
END_TEST

START_TEST(an_account_event_says_why)
{
	struct event ev =
		of_account(EVENT_ACCOUNT_UNREACHABLE,
			   json_pack("{s:s, s:s, s:s, s:i}", "reason", "network",
				     "detail", "no route to host", "since",
				     "2026-11-22T17:58:00.000Z", "sequence", 1));

	check(&ev, EVENT_WITHOUT_PERSONAL,
	      HEAD("account.unreachable", "1268",
		   "acme") "\"sequence\":4712,"
			   "\"severity\":\"error\",\"summary\":\"account acme cannot be watched (network):"
			   " no route to host\",\"reason\":\"network\",\"detail\":\"no route to host\","
			   "\"since\":\"2026-11-22T17:58:00.000Z\"}}");
	ev = of_account(EVENT_ACCOUNT_REACHABLE,
			json_pack("{s:{s:i, s:i, s:i}}", "counts", "devices", 200,
				  "online", 190, "offline", 8));
	check(&ev, EVENT_WITHOUT_PERSONAL,
	      HEAD("account.reachable", "1268",
		   "acme") "\"sequence\":4712,"
			   "\"severity\":\"info\",\"summary\":\"account acme is watched: 200 devices, 190"
			   " online, 8 offline\",\"counts\":{\"devices\":200,\"online\":190,"
			   "\"offline\":8}}}");
	ev = of_account(EVENT_ACCOUNT_REACHABLE, NULL);
	check(&ev, EVENT_WITHOUT_PERSONAL,
	      HEAD("account.reachable", "1268",
		   "acme") "\"sequence\":4712,"
			   "\"severity\":\"info\",\"summary\":\"account acme is watched\"}}");
}
END_TEST

/* ---- words ---- */

static const struct {
	enum event_type type;
	const char *detail;  /* JSON; NULL: none */
	const char *without; /* facts left out, divided by blanks */
	enum device_status status;
	const char *vendor_status;
	const char *summary;
} summaries[] = {
	{EVENT_DEVICE_ONLINE, NULL, "", DEVICE_ONLINE, "Online",
	 "Lobby phone (ext 101, Denver) is online"},
	{EVENT_DEVICE_ONLINE, "{\"offline_ms\":840000}", "", DEVICE_ONLINE, "Online",
	 "Lobby phone (ext 101, Denver) is online after 14 min"},
	{EVENT_DEVICE_ONLINE, "{\"offline_ms\":840000,\"offline_at_least\":true}", "",
	 DEVICE_ONLINE, "Online",
	 "Lobby phone (ext 101, Denver) is online after 14 min or more"},
	{EVENT_DEVICE_OFFLINE, NULL, "extension_number", DEVICE_OFFLINE, "Offline",
	 "Lobby phone (Denver) is offline"},
	{EVENT_DEVICE_OFFLINE, NULL, "site", DEVICE_OFFLINE, "Offline",
	 "Lobby phone (ext 101) is offline"},
	{EVENT_DEVICE_OFFLINE, NULL, "site extension_number", DEVICE_OFFLINE, "Offline",
	 "Lobby phone is offline"},
	{EVENT_DEVICE_OFFLINE, NULL, "name site extension_number", DEVICE_OFFLINE,
	 "Offline", "device 0004F2A1B2C3 is offline"},
	{EVENT_DEVICE_OFFLINE, NULL, "name serial site extension_number", DEVICE_OFFLINE,
	 "Offline", "device 802398804016 is offline"},
	{EVENT_DEVICE_UNKNOWN, NULL, "", DEVICE_UNKNOWN, "Initial",
	 "Lobby phone (ext 101, Denver) has a status that is not understood: Initial"},
	{EVENT_DEVICE_UNKNOWN, NULL, "", DEVICE_UNKNOWN, NULL,
	 "Lobby phone (ext 101, Denver) has no status any more"},
	{EVENT_DEVICE_LOCATION, NULL, "", DEVICE_ONLINE, "Online",
	 "Lobby phone (ext 101, Denver) reported its location at 2026-11-22T17:58:00.000Z"},
	{EVENT_DEVICE_ADDED, NULL, "", DEVICE_ONLINE, "Online",
	 "Lobby phone (ext 101, Denver) was added, online"},
	{EVENT_DEVICE_ADDED, NULL, "", DEVICE_OFFLINE, "Offline",
	 "Lobby phone (ext 101, Denver) was added, offline"},
	{EVENT_DEVICE_ADDED, NULL, "", DEVICE_UNKNOWN, NULL,
	 "Lobby phone (ext 101, Denver) was added, its status unknown"},
	{EVENT_DEVICE_REMOVED, NULL, "", DEVICE_ONLINE, "Online",
	 "Lobby phone (ext 101, Denver) is no longer listed"},
	{EVENT_DEVICE_CHANGED, "{\"changes\":[{\"field\":\"a\"}]}", "", DEVICE_ONLINE,
	 "Online", "Lobby phone (ext 101, Denver) changed: a"},
	{EVENT_DEVICE_CHANGED,
	 "{\"changes\":[{\"field\":\"a\"},{\"field\":\"b\"},{\"field\":\"c\"}]}", "",
	 DEVICE_ONLINE, "Online", "Lobby phone (ext 101, Denver) changed: a, b, c"},
	{EVENT_DEVICE_CHANGED,
	 "{\"changes\":[{\"field\":\"a\"},{\"field\":\"b\"},{\"field\":\"c\"},"
	 "{\"field\":\"d\"},{\"field\":\"e\"}]}",
	 "", DEVICE_ONLINE, "Online",
	 "Lobby phone (ext 101, Denver) changed: a, b, c and 2 more"},
};

START_TEST(a_summary_is_one_sentence)
{
	struct event ev = lobby(summaries[_i].type);
	char *without = mem_strdup(summaries[_i].without), *rest = without, *word;
	char *text;

	while ((word = strsep(&rest, " ")) != NULL)
		if (word[0] != '\0')
			json_object_set_new(ev.facts, word, json_null());
	ev.status = summaries[_i].status;
	free(ev.vendor_status);
	ev.vendor_status = summaries[_i].vendor_status != NULL
				   ? mem_strdup(summaries[_i].vendor_status)
				   : NULL;
	if (summaries[_i].detail != NULL)
		ev.detail = json_loads(summaries[_i].detail, 0, NULL);
	text = event_summary(&ev);
	ck_assert_str_eq(text, summaries[_i].summary);
	free(text);
	free(without);
	event_clear(&ev);
}
END_TEST

START_TEST(a_long_name_is_cut_between_characters)
{
	struct event ev = lobby(EVENT_DEVICE_OFFLINE);
	char name[1024] = "x", *text;

	while (strlen(name) < 900)
		strcat(name, "\xe2\x98\x8e"); /* a telephone, three bytes */
	json_object_set_new(ev.facts, "name", json_string(name));
	json_object_set_new(ev.facts, "site", json_string(name));
	text = event_summary(&ev);
	ck_assert_uint_lt(strlen(text), 500);
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0';) {
		ck_assert_uint_gt(utf8_printable(p), 0);
		p += utf8_printable(p);
	}
	free(text);
	text = event_render(&ev, EVENT_WITHOUT_PERSONAL); /* the facts are whole */
	ck_assert_ptr_nonnull(strstr(text, name));
	free(text);
	event_clear(&ev);
}
END_TEST

START_TEST(every_type_has_its_name_severity_and_message_id)
{
	for (size_t i = 0; i < COUNT(all_types); i++) {
		const char *id = event_message_id(all_types[i]);
		const struct event ev = {.type = all_types[i]};

		ck_assert_ptr_nonnull(event_type_name(all_types[i]));
		ck_assert_ptr_nonnull(event_severity_name(event_severity(&ev)));
		ck_assert_uint_eq(strspn(id, "0123456789abcdef"), 32);
		ck_assert_uint_eq(strlen(id), 32);
		for (size_t k = 0; k < i; k++) {
			ck_assert_str_ne(id, event_message_id(all_types[k]));
			ck_assert_str_ne(event_type_name(all_types[i]),
					 event_type_name(all_types[k]));
		}
	}
	ck_assert_ptr_null(event_type_name((enum event_type)0));
	ck_assert_ptr_null(event_type_name((enum event_type)13));
	ck_assert_str_eq(event_type_name(EVENT_DEVICE_LOCATION),
			 "device.location_reported");
	ck_assert_int_eq(event_severity(&(struct event){.type = EVENT_DEVICE_ONLINE}),
			 SEVERITY_INFO);
	ck_assert_int_eq(
		event_severity(&(struct event){.type = EVENT_ACCOUNT_UNREACHABLE}),
		SEVERITY_ERROR);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{an_id_never_changes, COUNT(ids)},
		{an_id_is_a_uuid_of_version_7, 1},
		{ids_sort_by_time_then_by_sequence, 1},
		{an_offline_event_is_the_documented_document, 2},
		{the_object_is_what_is_rendered, 1},
		{what_is_not_known_is_null, 1},
		{only_who_knows_for_how_long_a_phone_was_away_says_so, 2},
		{personal_values_are_for_those_who_may_see_them, 2},
		{a_transition_comes_before_its_other_changes, 1},
		{an_account_event_says_why, 1},
		{a_summary_is_one_sentence, COUNT(summaries)},
		{a_long_name_is_cut_between_characters, 1},
		{every_type_has_its_name_severity_and_message_id, 1},
	};

	return suite_run("event", tests, COUNT(tests), NULL, NULL);
}
