/* What the rules tell at the end of sweeps, from what is stored: exactly these events. Time is an
 * argument; a sweep is 60 s behind the last one. */
#include "alerts.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/account.h"
#include "lib/fault_vfs.h"

#define FIRST            "reachable (0.300]\n" /* what a first sweep tells */
#define MINUTE           INT64_C(60000)
#define DESK(id, status) "{'id':'" id "','type':'HardPhone','status':'" status "'}"
#define ON(id)           DESK(id, "Online")
#define OFF(id)          DESK(id, "Offline")
#define NO(id)           DESK(id, "Initial")

static struct account a;
static char path[300];
static char *desk[] = {"HardPhone"};
static unsigned serial;

static struct rule_settings settings(void)
{
	return (struct rule_settings){
		.types = desk,
		.n_types = 1,
		.offline_for_ms = 2 * MINUTE,
		.site_outage_share = 60,
		.site_outage_min = 5,
		.site_outage_within_ms = 10 * MINUTE,
		.flap_changes = 6,
		.flap_within_ms = 60 * MINUTE,
		.flap_clear_changes = 2,
		.remind_max = 3,
	};
}

/* One rule for all. */
static void rule(const struct rule_settings *s)
{
	struct rules *rules = rules_create(1);

	rules->serial = ++serial;
	rule_copy(&rules->rules[0], "alerts", NULL, 0, s);
	account_take_rules(&a, rules);
}

static void open_account(void)
{
	struct rule_settings s = settings();

	fault_vfs_install();
	snprintf(path, sizeof path, "%s/phonewatch.db", suite_dir());
	account_open(&a, path, NULL);
	rule(&s);
}

static void close_account(void)
{
	account_close(&a);
}

static void list(const char *records)
{
	account_records(&a, records);
}

/* What was told of alerts since the last look. */
static void check(const char *expected)
{
	char *told = mem_strdup(account_events(&a)), *line, *rest = told;
	struct buf alerts;

	buf_init(&alerts, 100000);
	while ((line = strsep(&rest, "\n")) != NULL)
		if (strncmp(line, "firing", 6) == 0 || strncmp(line, "resolved", 8) == 0)
			buf_printf(&alerts, "%s\n", line);
	ck_assert_msg(strcmp(buf_text(&alerts), expected) == 0, "told:\n%sexpected:\n%s",
		      buf_text(&alerts), expected);
	buf_clear(&alerts);
	free(told);
}

/* ---- one phone, list after list ---- */

#define K1 "acme/device_offline/1"

static const struct {
	const char *lists[12];
	const char *told;
} stories[] = {
	/* Told once it has lasted, and once it is over. */
	{{ON("1"), OFF("1"), OFF("1"), OFF("1"), ON("1"), ON("1")},
	 "firing " K1 " (180.300] since 60.300\n"
	 "resolved " K1 " (240.300] since 60.300 for 180 recovered\n"},
	/* Back in time. */
	{{ON("1"), OFF("1"), OFF("1"), ON("1"), OFF("1"), OFF("1"), ON("1")}, ""},
	/* A spare that was never online, and one that is online at last. */
	{{OFF("1"), OFF("1"), OFF("1"), OFF("1"), OFF("1")}, ""},
	{{OFF("1"), ON("1"), OFF("1"), OFF("1"), OFF("1")},
	 "firing " K1 " (240.300] since 120.300\n"},
	{{NO("1"), OFF("1"), OFF("1"), OFF("1"), OFF("1")}, ""},
	/* Unknown neither begins nor ends it, and does not fire. */
	{{ON("1"), NO("1"), NO("1"), NO("1"), NO("1")}, ""},
	{{ON("1"), OFF("1"), NO("1"), NO("1"), NO("1"), OFF("1"), ON("1")},
	 "firing " K1 " (300.300] since 60.300\n"
	 "resolved " K1 " (360.300] since 60.300 for 300 recovered\n"},
	{{ON("1"), OFF("1"), OFF("1"), OFF("1"), NO("1"), NO("1"), ON("1")},
	 "firing " K1 " (180.300] since 60.300\n"
	 "resolved " K1 " (360.300] since 60.300 for 300 recovered\n"},
	{{ON("1"), NO("1"), OFF("1"), OFF("1"), OFF("1")},
	 "firing " K1 " (240.300] since 120.300\n"},
	/* Removed; and what comes back is another one, that was never online. */
	{{ON("1") "," ON("2"), OFF("1") "," ON("2"), OFF("1") "," ON("2"),
	  OFF("1") "," ON("2"), ON("2"), ON("2"), ON("2")},
	 "firing " K1 " (180.300] since 60.300\n"
	 "resolved " K1 " (300.300] since 60.300 for 240 removed\n"},
	{{ON("1") "," ON("2"), OFF("1") "," ON("2"), ON("2"), ON("2"),
	  OFF("1") "," ON("2"), OFF("1") "," ON("2"), OFF("1") "," ON("2"),
	  OFF("1") "," ON("2")},
	 ""},
	/* Not in the list at hand: nobody knows, and nothing is decided. */
	{{ON("1") "," ON("2"), OFF("1") "," ON("2"), OFF("1") "," ON("2"), ON("2"),
	  OFF("1") "," ON("2")},
	 "firing " K1 " (240.300] since 60.300\n"},
	/* Of a type that no rule is about, from the first or from now on. */
	{{"{'id':'1','type':'SoftPhone','status':'Online'}",
	  "{'id':'1','type':'SoftPhone','status':'Offline'}",
	  "{'id':'1','type':'SoftPhone','status':'Offline'}",
	  "{'id':'1','type':'SoftPhone','status':'Offline'}",
	  "{'id':'1','type':'SoftPhone','status':'Offline'}"},
	 ""},
	{{ON("1"), OFF("1"), OFF("1"), OFF("1"),
	  "{'id':'1','type':'SoftPhone','status':'Offline'}"},
	 "firing " K1 " (180.300] since 60.300\n"
	 "resolved " K1 " (240.300] since 60.300 for 180 rule_gone\n"},
	/* It is moved and renamed while it fires: the same alert. */
	{{ON("1"), OFF("1"), OFF("1"), OFF("1"),
	  "{'id':'1','type':'HardPhone','status':'Offline','site':{'id':'7','name':'Denver'}}",
	  "{'id':'1','type':'HardPhone','status':'Offline','name':'Hall'}", ON("1")},
	 "firing " K1 " (180.300] since 60.300\n"
	 "resolved " K1 " (360.300] since 60.300 for 300 recovered\n"},
};

START_TEST(one_phone)
{
	for (size_t i = 0; i < COUNT(stories[_i].lists); i++)
		if (stories[_i].lists[i] != NULL)
			list(stories[_i].lists[i]);
	check(stories[_i].told);
}
END_TEST

/* A kill behind each sweep changes nothing, nor does one between a sweep and its rules. */
START_TEST(a_restart_behind_each_sweep_changes_nothing)
{
	for (size_t i = 0; i < COUNT(stories[_i].lists); i++) {
		if (stories[_i].lists[i] == NULL)
			continue;
		list(stories[_i].lists[i]);
		account_restart(&a);
	}
	check(stories[_i].told);
}
END_TEST

START_TEST(a_kill_between_page_and_rules_is_made_good)
{
	const char *lists[] = {ON("1"), OFF("1"), OFF("1"), OFF("1"), ON("1"), ON("1")};

	for (size_t i = 0; i < COUNT(lists); i++) {
		if ((int)i == _i) { /* this sweep ends with its page */
			ck_assert_int_eq(account_records_page(&a, lists[i], 1, 1, 1), 0);
			account_restart(&a);
			a.n_sweeps--;
		}
		list(lists[i]);
	}
	check("firing " K1 " (180.300] since 60.300\n"
	      "resolved " K1 " (240.300] since 60.300 for 180 recovered\n");
}
END_TEST

/* ---- holding down, the other way ---- */

START_TEST(back_for_too_short_a_time_is_not_back)
{
	struct rule_settings s = settings();

	s.offline_for_ms = 0;
	s.online_for_ms = 2 * MINUTE;
	rule(&s);
	list(ON("1"));
	list(OFF("1"));
	check("firing " K1 " (60.300] since 60.300\n");
	list(ON("1"));
	list(ON("1"));
	list(OFF("1"));
	list(ON("1"));
	account_restart(&a);
	list(ON("1"));
	check("");
	list(ON("1"));
	check("resolved " K1 " (420.300] since 60.300 for 240 recovered\n");
}
END_TEST

/* ---- reminders ---- */

START_TEST(what_lasts_is_told_again_but_not_for_ever)
{
	struct rule_settings s = settings();

	s.remind_every_ms = 2 * MINUTE;
	s.remind_max = 2;
	rule(&s);
	list(ON("1"));
	for (int i = 0; i < 12; i++) {
		list(OFF("1"));
		if (_i == 1)
			account_restart(&a);
	}
	check("firing " K1 " (180.300] since 60.300\n"
	      "firing " K1 " (300.300] since 60.300 again 1\n"
	      "firing " K1 " (420.300] since 60.300 again 2\n");
}
END_TEST

/* ---- rules ---- */

START_TEST(the_first_rule_that_fits_counts)
{
	char *lobby[] = {"name=Lobby*"}, *none[] = {"device=2"};
	struct rule_settings s = settings(), quick = settings(), never = settings();
	struct rules *rules = rules_create(3);

	quick.offline_for_ms = 0;
	never.n_types = 0;
	rules->serial = ++serial;
	rule_copy(&rules->rules[0], "lobby", lobby, 1, &quick);
	rule_copy(&rules->rules[1], "none", none, 1, &never);
	rule_copy(&rules->rules[2], "alerts", NULL, 0, &s);
	account_take_rules(&a, rules);
#define THREE(status)                                                     \
	"{'id':'1','type':'HardPhone','name':'Lobby 1','status':'" status \
	"'}," DESK("2", status) "," DESK("3", status)
	list(THREE("Online"));
	list(THREE("Offline"));
	check("firing acme/device_offline/1 (60.300] since 60.300\n");
	list(THREE("Offline"));
	list(THREE("Offline"));
	check("firing acme/device_offline/3 (180.300] since 60.300\n");
	ck_assert_int_eq(
		account_ask(&a, "SELECT count(*) FROM alert WHERE rule = 'lobby'"), 1);
}
END_TEST

START_TEST(a_rule_that_goes_ends_its_alerts)
{
	struct rule_settings s = settings();

	for (int i = 0; i < 4; i++)
		list(i == 0 ? ON("1") : OFF("1"));
	check("firing " K1 " (180.300] since 60.300\n");
	s.offline_for_ms = 60 * MINUTE; /* what fires goes on */
	rule(&s);
	list(OFF("1"));
	check("");
	s.n_types = 0;
	rule(&s);
	list(OFF("1"));
	check("resolved " K1 " (300.300] since 60.300 for 240 rule_gone\n");
	list(OFF("1"));
	list(ON("1"));
	check("");
}
END_TEST

/* ---- who is told ---- */

static int sink(struct store_conn *c, void *arg, struct err *err)
{
	int64_t *ids = arg;

	return store_sink_load(c, "alerts", &ids[0], err) != 0 ||
			       store_sink_load(c, "late", &ids[1], err) != 0
		       ? err->code
		       : 0;
}

/* Those who were told of it hear of its end, whatever they want by now; nobody else does. */
START_TEST(its_end_is_for_those_who_were_told)
{
	char *alerts[] = {"alert.*"}, *devices[] = {"device.*"},
	     *denver[] = {"site=Denver"};
	int64_t ids[2];

	database_write(&a.db, sink, ids);
	audience_release(a.audience);
	a.audience = audience_create(2);
	audience_copy(&a.audience->listeners[0], ids[0], alerts, 1, NULL, 0);
	audience_copy(&a.audience->listeners[1], ids[1], alerts, 1, denver, 1);
	for (int i = 0; i < 4; i++)
		list(i == 0 ? ON("1") : OFF("1"));
	audience_release(a.audience);
	a.audience = audience_create(2);
	audience_copy(&a.audience->listeners[0], ids[0], devices, 1, denver, 1);
	audience_copy(&a.audience->listeners[1], ids[1], alerts, 1, NULL, 0);
	list(ON("1"));
	ck_assert_int_eq(
		account_ask(&a, "SELECT count(*) FROM outbox JOIN event USING (sequence)"
				" WHERE type IN (10, 11)"),
		2);
	ck_assert_int_eq(
		account_ask(&a, "SELECT count(*) FROM outbox JOIN event USING (sequence)"
				" JOIN sink USING (sink_id)"
				" WHERE type IN (10, 11) AND name = 'alerts'"),
		2);
}
END_TEST

/* ---- all or nothing ---- */

START_TEST(a_disk_that_fails_loses_and_doubles_nothing)
{
	const char *lists[] = {ON("1"), OFF("1"), OFF("1"), OFF("1"), ON("1"), ON("1")};

	for (size_t i = 0; i < COUNT(lists); i++) {
		int rc;

		ck_assert_int_eq(account_records_page(&a, lists[i], 1, 1, 1), 0);
		fault_arm(FAULT_ONCE, _i);
		rc = account_sweep(&a, 1);
		(void)fault_disarm();
		if (rc != 0) {
			a.n_sweeps--;
			list(lists[i]);
		}
	}
	check("firing " K1 " (180.300] since 60.300\n"
	      "resolved " K1 " (240.300] since 60.300 for 180 recovered\n");
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{one_phone, COUNT(stories)},
		{a_restart_behind_each_sweep_changes_nothing, COUNT(stories)},
		{a_kill_between_page_and_rules_is_made_good, 6},
		{back_for_too_short_a_time_is_not_back, 1},
		{what_lasts_is_told_again_but_not_for_ever, 2},
		{the_first_rule_that_fits_counts, 1},
		{a_rule_that_goes_ends_its_alerts, 1},
		{its_end_is_for_those_who_were_told, 1},
		{a_disk_that_fails_loses_and_doubles_nothing, 24},
	};

	return suite_run("alerts", tests, COUNT(tests), open_account, close_account);
}
