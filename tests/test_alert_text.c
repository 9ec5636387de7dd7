/* What an alert's event says: its data, and a line for people. */
#include "model/alert_text.h"

#include "lib/suite.h"

#include <stdlib.h>

#define T0 INT64_C(1795370462345) /* 2026-11-22T18:01:02.345Z */

static struct alert alert;
static struct event ev;
static struct alert_told told;

static void begin(void)
{
	told = (struct alert_told){
		.account = "acme",
		.devices = json_pack("[{s:s, s:s}]", "id", "8", "name", "Lobby phone"),
		.not_back = json_array(),
	};
}

static void end(void)
{
	json_decref(told.devices);
	json_decref(told.not_back);
	alert_clear(&alert);
	event_clear(&ev);
}

/* The event of an alert of this kind that is T0 old and lasts for an hour. */
static void make(enum alert_kind kind, enum alert_state state, enum alert_end why)
{
	bool of_device = kind != ALERT_SITE_OUTAGE && kind != ALERT_ACCOUNT_OUTAGE &&
			 kind != ALERT_MONITOR_BLIND;

	alert = (struct alert){
		.kind = kind,
		.state = state,
		.subject = mem_strdup(of_device ? "8" : "acme"),
		.since_ms = T0,
		.fired_ms = T0 + 120000,
		.resolved_ms = T0 + 3600000,
		.end = why,
		.rule = mem_strdup("alerts"),
		.name = kind == ALERT_SITE_OUTAGE ? mem_strdup("Denver") : NULL,
		.why = kind == ALERT_MONITOR_BLIND ? mem_strdup("network") : NULL,
		.count = of_device ? 1 : 480,
	};
	ev = (struct event){
		.sequence = 7,
		.type = state == ALERT_FIRING ? EVENT_ALERT_FIRING : EVENT_ALERT_RESOLVED,
		.at_ms = T0 + 3600000,
		.account = mem_strdup("acme"),
		.device_id = of_device ? mem_strdup("8") : NULL,
		.facts = of_device ? json_pack("{s:s, s:s}", "name", "Lobby phone",
					       "site", "Denver")
				   : NULL,
		.vendor_status = of_device ? mem_strdup("Offline") : NULL,
		.detail = alert_detail(&alert, &told),
	};
	event_id(ev.id, ev.at_ms, 0, ev.sequence);
}

START_TEST(an_alert_is_the_documented_document)
{
	char *text;

	make(ALERT_DEVICE_OFFLINE, ALERT_RESOLVED, ALERT_RECOVERED);
	text = event_render(&ev, EVENT_WITHOUT_PERSONAL);
	ck_assert_str_eq(
		text,
		"{\"specversion\":\"1.0\",\"id\":\"01a204a2-1b09-7000-8000-000000000007\","
		"\"type\":\"alert.resolved\",\"source\":\"/accounts/acme\","
		"\"subject\":\"acme/device_offline/8\",\"time\":\"2026-11-22T19:01:02.345Z\","
		"\"datacontenttype\":\"application/json\",\"data\":{\"account\":\"acme\","
		"\"sequence\":7,\"severity\":\"info\",\"summary\":\"Lobby phone (Denver) is "
		"back after 60 min\",\"device\":{\"account\":\"acme\",\"id\":\"8\","
		"\"name\":\"Lobby phone\",\"site\":\"Denver\",\"vendor_status\":\"Offline\"},"
		"\"alert\":{\"key\":\"acme/device_offline/8\",\"kind\":\"device_offline\","
		"\"rule\":\"alerts\",\"since\":\"2026-11-22T18:01:02.345Z\",\"count\":1,"
		"\"devices\":[{\"id\":\"8\",\"name\":\"Lobby phone\"}],"
		"\"resolved_at\":\"2026-11-22T19:01:02.345Z\",\"duration_ms\":3600000,"
		"\"reason\":\"recovered\",\"not_back\":[],\"not_back_count\":0,\"repeat\":0,"
		"\"drill\":false}}}");
	free(text);
}
END_TEST

static const struct {
	enum alert_kind kind;
	enum alert_end end; /* 0: it fires */
	const char *summary;
	enum event_severity severity;
} lines[] = {
	{ALERT_DEVICE_OFFLINE, 0, "Lobby phone (Denver) has been offline for 60 min",
	 SEVERITY_WARNING},
	{ALERT_DEVICE_OFFLINE, ALERT_RECOVERED,
	 "Lobby phone (Denver) is back after 60 min", SEVERITY_INFO},
	{ALERT_DEVICE_OFFLINE, ALERT_ABSORBED,
	 "Lobby phone (Denver): device_offline is part of a greater outage now",
	 SEVERITY_INFO},
	{ALERT_DEVICE_OFFLINE, ALERT_REMOVED,
	 "Lobby phone (Denver): device_offline is over, since it is not listed any more",
	 SEVERITY_INFO},
	{ALERT_DEVICE_OFFLINE, ALERT_RULE_GONE,
	 "Lobby phone (Denver): device_offline is over, since no rule asks for it any more",
	 SEVERITY_INFO},
	{ALERT_DEVICE_FLAPPING, 0, "Lobby phone (Denver) has gone on and off for 60 min",
	 SEVERITY_WARNING},
	{ALERT_SITE_OUTAGE, 0, "site Denver: 480 phones have been offline for 60 min",
	 SEVERITY_ERROR},
	{ALERT_SITE_OUTAGE, ALERT_RECOVERED,
	 "site Denver is back after 60 min, without 2 phones", SEVERITY_INFO},
	{ALERT_ACCOUNT_OUTAGE, 0, "account acme: 480 phones have been offline for 60 min",
	 SEVERITY_CRITICAL},
	{ALERT_LOCATION_STALE, 0,
	 "Lobby phone (Denver) has reported no location in time for 60 min",
	 SEVERITY_WARNING},
	{ALERT_EMERGENCY_INVALID, 0,
	 "Lobby phone (Denver) has had no valid emergency address for 60 min",
	 SEVERITY_WARNING},
	{ALERT_MONITOR_BLIND, 0, "account acme has not been seen for 60 min (network)",
	 SEVERITY_ERROR},
	{ALERT_MONITOR_BLIND, ALERT_RECOVERED, "account acme is seen again after 60 min",
	 SEVERITY_INFO},
};

START_TEST(a_line_says_what_it_is_about_and_for_how_long)
{
	char *text;

	told.n_not_back = lines[_i].kind == ALERT_SITE_OUTAGE ? 2 : 0;
	make(lines[_i].kind, lines[_i].end == 0 ? ALERT_FIRING : ALERT_RESOLVED,
	     lines[_i].end);
	text = event_summary(&ev);
	ck_assert_str_eq(text, lines[_i].summary);
	ck_assert_int_eq(event_severity(&ev), lines[_i].severity);
	free(text);
}
END_TEST

START_TEST(a_drill_and_a_reminder_are_marked)
{
	char *text;

	told.drill = true;
	make(ALERT_DEVICE_OFFLINE, ALERT_FIRING, 0);
	json_decref(ev.detail);
	alert.repeats = 2;
	ev.detail = alert_detail(&alert, &told);
	text = event_summary(&ev);
	ck_assert_str_eq(text,
			 "Drill: Lobby phone (Denver) has been offline for 60 min, said "
			 "again (2)");
	free(text);
}
END_TEST

START_TEST(a_site_that_has_no_name_is_called_so)
{
	json_t *alert_data;
	struct buf b;

	make(ALERT_SITE_OUTAGE, ALERT_FIRING, 0);
	alert_data = json_object_get(ev.detail, "alert");
	json_object_set_new(alert_data, "site", json_string(""));
	buf_init(&b, 1000);
	alert_text_summary(&b, &ev, NULL);
	ck_assert_str_eq(buf_text(&b),
			 "site without a name: 480 phones have been offline for 60 min");
	buf_clear(&b);
}
END_TEST

/* A sink for one site hears of that site. */
START_TEST(the_facts_of_a_site_are_its_own)
{
	make(ALERT_SITE_OUTAGE, ALERT_FIRING, 0);
	ck_assert_str_eq(json_string_value(json_object_get(event_facts(&ev), "site")),
			 "Denver");
	ck_assert_str_eq(event_subject(&ev), "acme/site_outage/acme");
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{an_alert_is_the_documented_document, 1},
		{a_line_says_what_it_is_about_and_for_how_long, COUNT(lines)},
		{a_drill_and_a_reminder_are_marked, 1},
		{a_site_that_has_no_name_is_called_so, 1},
		{the_facts_of_a_site_are_its_own, 1},
	};

	return suite_run("alert_text", tests, COUNT(tests), begin, end);
}
