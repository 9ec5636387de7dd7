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

/* ---- a clock that is set ---- */

/* Back by an hour, at any time of an alert's life: nobody waits for an hour. */
START_TEST(a_clock_that_is_set_back_makes_nobody_wait)
{
	static const char *const lists[] = {ON("1"),  ON("1"),  OFF("1"), OFF("1"),
					    OFF("1"), OFF("1"), OFF("1"), ON("1")};
	char *told;

	for (size_t i = 0; i < COUNT(lists); i++) {
		if (_i / 2 == (int)i)
			a.clock_set_ms = -60 * MINUTE;
		if (_i / 2 == (int)i && _i % 2 == 1)
			account_restart(&a);
		list(lists[i]);
	}
	told = mem_strdup(account_events(&a));
	ck_assert_ptr_nonnull(strstr(told, "\nfiring " K1));
	ck_assert_ptr_nonnull(strstr(told, "\nresolved " K1));
	free(told);
}
END_TEST

/* ---- accounts ---- */

static int end_others(struct store_conn *c, void *arg, struct err *err)
{
	char *watched[] = {arg};

	return alerts_end_others(c, watched, 1, a.audience, ACCOUNT_T0 + 5 * MINUTE, err);
}

START_TEST(alerts_of_an_account_that_is_not_watched_are_over)
{
	for (int i = 0; i < 4; i++)
		list(i == 0 ? ON("1") "," ON("2") : OFF("1") "," ON("2"));
	list(OFF("1") "," OFF("2"));
	check("firing " K1 " (180.300] since 60.300\n");
	database_write(&a.db, end_others, "acme");
	check("");
	database_write(&a.db, end_others, "other");
	check("resolved " K1 " (300] since 60.300 for 239.700 rule_gone\n");
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM alert"), 1);
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM outbox JOIN event"
					 " USING (sequence) WHERE type = 11"),
			 1);
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

static int deliver(struct store_conn *c, void *arg, struct err *err)
{
	const int64_t *ids = arg;

	return store_outbox_save(c, ids[0],
				 &(struct store_delivery){
					 .sequence = ids[1],
					 .state = DELIVERY_DELIVERED,
					 .attempts = 1,
					 .ended_at_ms = ACCOUNT_T0 + 200000,
				 },
				 err);
}

/* Those who were told of it, or are about to be, hear of its end, whatever they want by now; nobody
 * else does. */
START_TEST(its_end_is_for_those_who_were_told)
{
	char *alerts[] = {"alert.*"}, *devices[] = {"device.*"},
	     *denver[] = {"site=Denver"};
	int64_t ids[2], firing[2];

	database_write(&a.db, sink, ids);
	audience_release(a.audience);
	a.audience = audience_create(2);
	audience_copy(&a.audience->listeners[0], ids[0], alerts, 1, NULL, 0);
	audience_copy(&a.audience->listeners[1], ids[1], alerts, 1, denver, 1);
	for (int i = 0; i < 4; i++)
		list(i == 0 ? ON("1") : OFF("1"));
	firing[0] = ids[0];
	firing[1] = account_ask(&a, "SELECT sequence FROM event WHERE type = 10");
	if (_i == 1)
		database_write(&a.db, deliver, firing);
	audience_release(a.audience);
	a.audience = audience_create(2);
	audience_copy(&a.audience->listeners[0], ids[0], devices, 1, denver, 1);
	audience_copy(&a.audience->listeners[1], ids[1], alerts, 1, NULL, 0);
	list(ON("1"));
	ck_assert_int_eq(
		account_ask(&a, "SELECT count(*) FROM outbox JOIN event USING (sequence)"
				" WHERE type = 11"),
		1);
	ck_assert_int_eq(
		account_ask(&a, "SELECT sink_id FROM outbox JOIN event USING (sequence)"
				" WHERE type = 11"),
		ids[0]);
}
END_TEST

static int forget_all(struct store_conn *c, void *arg, struct err *err)
{
	struct store_forget f = {.events_before_ms = ACCOUNT_T0 + 1000 * MINUTE,
				 .deliveries_before_ms = ACCOUNT_T0 + 1000 * MINUTE};
	int rc;

	(void)arg;
	do
		rc = store_forget_some(c, &f, err);
	while (rc == 1);
	return rc;
}

#define COUNT_OF(type) "SELECT count(*) FROM event WHERE type = " type

/* Who was told must be known when it is over, and what; then all of it goes. */
START_TEST(nothing_of_an_alert_is_forgotten_while_it_fires)
{
	int64_t firing[2] = {a.audience->listeners[0].sink_id, 0};

	if (_i == 1) { /* nobody is told */
		audience_release(a.audience);
		a.audience = audience_create(0);
	}
	for (int i = 0; i < 4; i++)
		list(i == 0 ? ON("1") : OFF("1"));
	firing[1] = account_ask(&a, "SELECT sequence FROM event WHERE type = 10");
	if (_i == 0)
		database_write(&a.db, deliver, firing);
	list(NO("1")); /* the last event stays anyway */
	ck_assert_int_eq(database_run(&a.db, forget_all, NULL, NULL), 0);
	ck_assert_int_eq(account_ask(&a, COUNT_OF("10")), 1);
	list(ON("1"));
	ck_assert_int_eq(
		account_ask(&a, "SELECT count(*) FROM outbox JOIN event USING (sequence)"
				" WHERE type = 11"),
		_i == 0);
	list(NO("1"));
	ck_assert_int_eq(database_run(&a.db, forget_all, NULL, NULL), 0);
	ck_assert_int_eq(account_ask(&a, COUNT_OF("10")), 0);
	ck_assert_int_eq(account_ask(&a, "SELECT count(*) FROM alert"), 0);
}
END_TEST

/* ---- many phones ---- */

/* A list of phones 1, 2, ...: '+' Online, '-' Offline, '?' Unknown, '.' not listed. Each word is of a
 * site of its own, S1, S2, ...; one that begins with '~' of none. */
static char *fleet(const char *pattern)
{
	struct buf out;
	int id = 1, site = 1;
	bool none = false;

	buf_init(&out, PAGE_MAX_BYTES);
	buf_add_text(&out, "");
	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p == ' ' || *p == '~') {
			site += *p == ' ';
			none = *p == '~';
			continue;
		}
		if (*p != '.') {
			buf_printf(&out, "%s{'id':'%d','type':'HardPhone','status':'%s'",
				   out.len > 0 ? "," : "", id,
				   *p == '+'   ? "Online"
				   : *p == '-' ? "Offline"
					       : "Initial");
			if (!none)
				buf_printf(&out, ",'site':{'id':'%d','name':'S%d'}", site,
					   site);
			buf_add_text(&out, "}");
		}
		id++;
	}
	return out.data;
}

static void list_fleet(const char *pattern)
{
	char *records = fleet(pattern);

	list(records);
	free(records);
}

struct run {
	int n; /* sweeps */
	const char *pattern;
};

#define S1       "acme/site_outage/1"
#define D1       "acme/device_offline/1"
#define D2       "acme/device_offline/2"
#define D3       "acme/device_offline/3"
#define D4       "acme/device_offline/4"
#define D5       "acme/device_offline/5"
#define D6       "acme/device_offline/6"
#define D7       "acme/device_offline/7"
#define D8       "acme/device_offline/8"
#define D9       "acme/device_offline/9"
#define ACCOUNT_ "acme/account_outage/acme"
#define FLAP     "acme/device_flapping/1"

/* offline_for is 2 min, and so are both sweeps behind the one that shows it. */
static const struct {
	const char *what;
	struct run runs[16];
	const char *told;
} fleets[] = {
	{"a site falls and is back",
	 {{1, "++++++ ++++++"}, {6, "------ ++++++"}, {2, "++++++ ++++++"}},
	 "firing " S1 " (180.300] since 60.300 of 6\n"
	 "resolved " S1 " (420.300] since 60.300 for 360 recovered of 6\n"},
	{"it falls and returns bit by bit",
	 {{1, "++++++++++ ++++++++++"},
	  {1, "---+++++++ ++++++++++"},
	  {1, "------++++ ++++++++++"},
	  {4, "---------+ ++++++++++"},
	  {1, "++++-----+ ++++++++++"},
	  {1, "++++++++-+ ++++++++++"},
	  {2, "++++++++++ ++++++++++"}},
	 "firing " S1 " (240.300] since 60.300 of 9\n"
	 "resolved " S1 " (540.300] since 60.300 for 480 recovered of 9\n"},
	{"too few, and too small a share",
	 {{1, "++++ ++++++++++++"}, {4, "---- -----+++++++"}},
	 "firing " D1 " (180.300] since 60.300\n"
	 "firing " D2 " (180.300] since 60.300\n"
	 "firing " D3 " (180.300] since 60.300\n"
	 "firing " D4 " (180.300] since 60.300\n"
	 "firing " D5 " (180.300] since 60.300\n"
	 "firing " D6 " (180.300] since 60.300\n"
	 "firing " D7 " (180.300] since 60.300\n"
	 "firing " D8 " (180.300] since 60.300\n"
	 "firing " D9 " (180.300] since 60.300\n"},
	{"it is back in time: nobody hears of it",
	 {{1, "++++++ ++++++"}, {2, "------ ++++++"}, {3, "++++++ ++++++"}},
	 ""},
	{"who was told alone is absorbed, and who falls later is a member without a word",
	 {{1, "++++++ ++++++"},
	  {4, "-+++++ ++++++"},
	  {4, "-----+ ++++++"},
	  {2, "------ ++++++"},
	  {2, "++++++ ++++++"}},
	 "firing " D1 " (180.300] since 60.300\n"
	 "firing " S1 " (420.300] since 60.300 of 5\n"
	 "resolved " D1 " (420.300] since 60.300 for 360 absorbed\n"
	 "resolved " S1 " (660.300] since 60.300 for 600 recovered of 6\n"},
	{"who does not come back is told with its end, and on its own again",
	 {{1, "++++++ ++++++"},
	  {4, "------ ++++++"},
	  {12, "++++-- ++++++"},
	  {2, "++++++ ++++++"}},
	 "firing " S1 " (180.300] since 60.300 of 6\n"
	 "resolved " S1 " (900.300] since 60.300 for 240 recovered of 6 without 5,6\n"
	 "firing " D5 " (900.300] since 60.300\n"
	 "firing " D6 " (900.300] since 60.300\n"
	 "resolved " D5 " (1020.300] since 60.300 for 960 recovered\n"
	 "resolved " D6 " (1020.300] since 60.300 for 960 recovered\n"},
	{"most fall again before it is over: the same outage, and the return begins anew",
	 {{1, "++++++ ++++++"},
	  {4, "------ ++++++"},
	  {5, "++++-- ++++++"},
	  {8, "------ ++++++"},
	  {3, "++++-- ++++++"},
	  {2, "++++++ ++++++"}},
	 "firing " S1 " (180.300] since 60.300 of 6\n"
	 "resolved " S1 " (1260.300] since 60.300 for 1200 recovered of 6\n"},
	{"one that was offline for long is no part of it",
	 {{1, "++++++ ++++++"},
	  {13, "-+++++ ++++++"},
	  {4, "------ ++++++"},
	  {2, "-+++++ ++++++"},
	  {1, "++++++ ++++++"}},
	 "firing " D1 " (180.300] since 60.300\n"
	 "firing " S1 " (960.300] since 840.300 of 5\n"
	 "resolved " S1 " (1080.300] since 840.300 for 240 recovered of 5\n"
	 "resolved " D1 " (1200.300] since 60.300 for 1140 recovered\n"},
	{"one is moved away while its site is out, and one is removed",
	 {{1, "++++++ ++++++"},
	  {4, "------ ++++++"},
	  {3, ".----- ++++++-"},
	  {3, ".+++++ +++++++"}},
	 "firing " S1 " (180.300] since 60.300 of 6\n"
	 "resolved " S1 " (480.300] since 60.300 for 420 recovered of 6\n"},
	{"most of the account has fallen, and waits for the last of it: its sites wait, too",
	 {{1, "++++++ ++++++ ~++"},
	  {1, "------ ++++++ ~++"},
	  {5, "------ ------ ~--"},
	  {1, "++++++ ++++++ ~++"}},
	 "firing " ACCOUNT_ " (240.300] since 60.300 of 14\n"
	 "resolved " ACCOUNT_ " (420.300] since 60.300 for 360 recovered of 14\n"},
	{"sites fall together: the account's, with those who have no site",
	 {{1, "++++++ ++++++ ~++"}, {6, "------ ------ ~--"}, {3, "++++++ ++++++ ~++"}},
	 "firing " ACCOUNT_ " (180.300] since 60.300 of 14\n"
	 "resolved " ACCOUNT_ " (420.300] since 60.300 for 360 recovered of 14\n"},
	{"a site, then all: its alert is part of the account's; one site stays out",
	 {{1, "++++++ ++++++ ++++++"},
	  {4, "------ ++++++ ++++++"},
	  {4, "------ ------ ------"},
	  {12, "------ ++++++ ++++++"},
	  {2, "++++++ ++++++ ++++++"}},
	 "firing " S1 " (180.300] since 60.300 of 6\n"
	 "firing " ACCOUNT_ " (420.300] since 60.300 of 18\n"
	 "resolved " S1 " (420.300] since 60.300 for 360 absorbed of 6\n"
	 "resolved " ACCOUNT_
	 " (1140.300] since 60.300 for 480 recovered of 18 without 1,2,3,4,5,6\n"
	 "firing " S1 " (1140.300] since 60.300 of 6\n"
	 "resolved " S1 " (1260.300] since 60.300 for 1200 recovered of 6\n"},
	{"an account of one site has the site's",
	 {{1, "++++++"}, {4, "------"}, {1, "++++++"}},
	 "firing " S1 " (180.300] since 60.300 of 6\n"
	 "resolved " S1 " (300.300] since 60.300 for 240 recovered of 6\n"},
	{"phones that come and go keep the others from being an outage, not from being told",
	 {{1, "++++++++++ ++++++++++"},
	  {1, "------++++ ++++++++++"},
	  {1, "-----+-+++ ++++++++++"},
	  {1, "-----++-++ ++++++++++"},
	  {1, "-----+++-+ ++++++++++"},
	  {1, "-----++++- ++++++++++"}},
	 "firing " D1 " (300.300] since 60.300\n"
	 "firing " D2 " (300.300] since 60.300\n"
	 "firing " D3 " (300.300] since 60.300\n"
	 "firing " D4 " (300.300] since 60.300\n"
	 "firing " D5 " (300.300] since 60.300\n"},
	{"nor do they keep a site's outage waiting for the account's",
	 {{1, "++++++ ++++++"},
	  {1, "------ --++++"},
	  {1, "------ ++--++"},
	  {1, "------ ++++--"},
	  {1, "------ --++++"},
	  {1, "------ ++--++"},
	  {1, "------ ++++--"}},
	 "firing " S1 " (300.300] since 60.300 of 6\n"},
	{"phones that were never online are nobody's outage", {{8, "------ ++++++"}}, ""},
	{"a phone that flaps is told once, and its single alerts are held back",
	 {{1, "++"},
	  {1, "-+"},
	  {1, "++"},
	  {1, "-+"},
	  {1, "++"},
	  {1, "-+"},
	  {1, "++"},
	  {4, "-+"},
	  {56, "++"}},
	 "firing " FLAP " (360.300] since 60.300\n"
	 "resolved " FLAP " (3960.300] since 60.300 for 3900 recovered\n"},
	{"it is steady at last, but offline",
	 {{1, "++"},
	  {1, "-+"},
	  {1, "++"},
	  {1, "-+"},
	  {1, "++"},
	  {1, "-+"},
	  {1, "++"},
	  {60, "-+"},
	  {1, "++"}},
	 "firing " FLAP " (360.300] since 60.300\n"
	 "resolved " FLAP " (3900.300] since 60.300 for 3840 recovered\n"
	 "firing " D1 " (3900.300] since 420.300\n"
	 "resolved " D1 " (4020.300] since 420.300 for 3600 recovered\n"},
	{"an unknown status is no turn",
	 {{1, "++"},
	  {1, "?+"},
	  {1, "++"},
	  {1, "?+"},
	  {1, "++"},
	  {1, "?+"},
	  {1, "++"},
	  {1, "-+"},
	  {1, "?+"},
	  {1, "-+"},
	  {1, "++"}},
	 "firing " D1 " (540.300] since 420.300\n"
	 "resolved " D1 " (600.300] since 420.300 for 180 recovered\n"},
};

/* With _i odd there is a kill behind each sweep. Where all of an account falls at once the list is
 * asked for once more, which takes one of the sweeps. */
START_TEST(many_phones)
{
	const struct run *r = fleets[_i / 2].runs;

	for (; r->pattern != NULL; r++)
		for (int i = 0; i < r->n; i++) {
			list_fleet(r->pattern);
			if (_i % 2 == 1)
				account_restart(&a);
		}
	check(fleets[_i / 2].told);
}
END_TEST

#define AT_SITE(id, site)                                                          \
	"{'id':'" id "','type':'HardPhone','status':'Offline','site':{'id':'" site \
	"','name':'S" site "'}}"

/* It has an alert of its own where it is now. */
START_TEST(who_is_moved_away_while_its_site_is_out_is_no_member_any_more)
{
	char *rest = fleet(".----- ++++++++"), *moved;

	list_fleet("++++++ ++++++++");
	for (int i = 0; i < 4; i++)
		list_fleet("------ ++++++++");
	check("firing " S1 " (180.300] since 60.300 of 6\n");
	moved = mem_printf("%s,%s", AT_SITE("1", "2"), rest);
	list(moved);
	check("firing " D1 " (300.300] since 60.300\n");
	free(moved);
	free(rest);
}
END_TEST

/* A device by its id, type and status, at site 1 of this name. */
#define SITED(id, type, status, name)                                              \
	"{'id':'" id "','type':'" type "','status':'" status "','site':{'id':'1'," \
	"'name':'" name "'}}"
#define SITE_OF_SIX(status, name)                                                                      \
	SITED("1", "HardPhone", status, name)                                                          \
	"," SITED("2", "HardPhone", status, name) "," SITED("3", "HardPhone", status, name) "," SITED( \
		"4", "HardPhone", status,                                                              \
		name) "," SITED("5", "HardPhone", status,                                              \
				name) "," SITED("6", "Room", "Online",                                 \
						name) "," ON("7") "," ON("8") "," ON("9")

/* Its name is what the list says, not what it was when it fell. */
START_TEST(a_site_that_is_renamed_while_it_is_out_has_the_rule_of_its_new_name)
{
	char *denver[] = {"site=Denver"};
	struct rule_settings s = settings(), often = settings();
	struct rules *rules = rules_create(2);

	often.remind_every_ms = 2 * MINUTE;
	rules->serial = ++serial;
	rule_copy(&rules->rules[0], "denver", denver, 1, &often);
	rule_copy(&rules->rules[1], "alerts", NULL, 0, &s);
	account_take_rules(&a, rules);
	list(SITE_OF_SIX("Online", "Boulder"));
	for (int i = 0; i < 5; i++)
		list(SITE_OF_SIX("Offline", "Boulder"));
	check("firing " S1 " (180.300] since 60.300 of 5\n");
	list(SITE_OF_SIX("Offline", "Denver"));
	check("firing " S1 " (360.300] since 60.300 of 5 again 1\n");
	if (_i == 1)
		account_restart(&a);
	list(SITE_OF_SIX("Offline", "Denver"));
	list(SITE_OF_SIX("Offline", "Denver"));
	check("firing " S1 " (480.300] since 60.300 of 5 again 2\n");
}
END_TEST

START_TEST(an_outage_of_which_no_rule_asks_for_a_member_any_more_has_lasted_until_then)
{
	char *both[] = {"HardPhone", "Room"}, *room[] = {"Room"};
	struct rule_settings s = settings();

	s.types = both;
	s.n_types = 2;
	rule(&s);
	list(SITE_OF_SIX("Online", "S1"));
	for (int i = 0; i < 5; i++)
		list(SITE_OF_SIX("Offline", "S1"));
	check("firing " S1 " (180.300] since 60.300 of 5\n");
	s.types = room;
	s.n_types = 1;
	rule(&s);
	list(SITE_OF_SIX("Offline", "S1"));
	check("resolved " S1 " (360.300] since 60.300 for 300 recovered of 5\n");
}
END_TEST

/* What a sweep has not shown is not decided. */
START_TEST(a_sweep_that_lacks_a_page_decides_of_the_others_only)
{
	for (int i = 0; i < 4; i++) {
		const char *one = i == 0 ? ON("1") : OFF("1");
		const char *two = i == 0 ? ON("2") : OFF("2");

		ck_assert_int_eq(account_records_page(&a, one, 1, 2, 2), 0);
		if (i == 3) {
			ck_assert_int_eq(account_sweep_partial(&a, 2), 0);
			break;
		}
		ck_assert_int_eq(account_records_page(&a, two, 2, 2, 2), 0);
		ck_assert_int_eq(account_sweep(&a, 2), 0);
	}
	check("firing " D1 " (181.300] since 60.300\n");
}
END_TEST

/* ---- the whole account at once ---- */

START_TEST(a_list_in_which_most_are_offline_at_once_is_confirmed_first)
{
	struct rule_settings s = settings();

	s.offline_for_ms = 0;
	rule(&s);
	list_fleet("++++++ ++++++");
	list_fleet("------ ----++");
	ck_assert(a.sweep.confirm);
	check("");
	list_fleet("++++++ ++++++");
	ck_assert(!a.sweep.confirm);
	check("");
	list_fleet("------ ----++");
	ck_assert(a.sweep.confirm);
	list_fleet("------ ----++");
	ck_assert(!a.sweep.confirm);
	check("firing " ACCOUNT_ " (240.300] since 180.300 of 10\n");
}
END_TEST

/* ---- nobody looks ---- */

static int run_blind(struct store_conn *c, void *arg, struct err *err)
{
	return alerts_run_blind(arg, c, err);
}

static void blind(int64_t since_ms, int64_t at_ms)
{
	struct alerts_run r = {
		.watch = &a.watch,
		.audience = a.audience,
		.rules = a.rules,
		.at_ms = ACCOUNT_T0 + at_ms,
		.why = "network",
		.since_ms = ACCOUNT_T0 + since_ms,
	};
	struct err err = {0};

	ck_assert_msg(database_run(&a.db, run_blind, &r, &err) == 0, "%s", err.text);
}

START_TEST(who_sees_nothing_tells_that_and_nothing_else)
{
	list_fleet("++ ++");
	list_fleet("-+ ++");
	list_fleet("-+ ++");
	blind(120300, 420300);
	blind(120300, 480300); /* still */
	if (_i == 1)
		account_restart(&a);
	check("firing acme/monitor_blind/acme (420.300] since 120.300 network of 4\n");
	a.n_sweeps = 10;
	list_fleet("-+ ++");
	check("resolved acme/monitor_blind/acme (600.300] since 120.300 for 480 recovered of 4\n"
	      "firing " D1 " (600.300] since 60.300\n");
}
END_TEST

/* ---- what a device should have said ---- */

#define SAID(t) \
	"{'id':'1','type':'HardPhone','status':'Online','lastLocationReportTime':'" t "'}"
#define STALE "acme/location_stale/1"

START_TEST(a_location_that_is_too_old_is_told)
{
	struct rule_settings s = settings();

	s.location_stale_after_ms = 2 * MINUTE;
	s.flap_within_ms = 1000; /* else all who are new are looked at */
	rule(&s);
	for (int i = 0; i < 4; i++) {
		list(SAID("2026-11-22T18:01:02.345Z"));
		if (_i == 1)
			account_restart(&a);
	}
	check("firing " STALE " (120.300] since 120\n");
	list(SAID("2026-11-22T18:04:02.345Z"));
	check("resolved " STALE " (240.300] since 120 for 120.300 recovered\n");
	list("{'id':'1','type':'HardPhone','status':'Offline',"
	     "'lastLocationReportTime':'2026-11-22T18:04:02.345Z'}");
	list("{'id':'1','type':'HardPhone','status':'Offline',"
	     "'lastLocationReportTime':'2026-11-22T18:04:02.345Z'}");
	list(SAID("2026-11-22T18:04:02.345Z"));
	check("firing " STALE " (420.300] since 300\n");
	s.location_stale_after_ms = 0;
	rule(&s);
	list(SAID("2026-11-22T18:04:02.345Z"));
	check("resolved " STALE " (480.300] since 300 for 180.300 rule_gone\n");
}
END_TEST

#define ADDRESS(what) "{'id':'1','type':'HardPhone','status':'Online'," what "}"
#define INVALID       "acme/emergency_invalid/1"

static const struct {
	const char *record, *why;
} addresses[] = {
	{ADDRESS("'emergency':{'addressStatus':'Invalid'}"), "address_status"},
	{ADDRESS("'emergency':{'addressStatus':'Provisioning'}"), "address_status"},
	{ADDRESS("'emergency':{'addressStatus':'Valid','outOfCountry':true}"),
	 "out_of_country"},
	{ADDRESS("'emergency':{'addressStatus':'Valid'},'inCompanyNet':false"),
	 "off_network"},
	{ADDRESS("'emergency':{'addressStatus':'Valid'},'inCompanyNet':true"), NULL},
	{ADDRESS("'emergency':{}"), NULL},
	{ADDRESS("'name':'x'"), NULL},
};

START_TEST(an_emergency_address_that_is_not_valid_is_told)
{
	struct rule_settings s = settings();
	const char *why = addresses[_i / 2].why;
	char *told = mem_printf("firing " INVALID " (180.300] since 60.300 %s\n",
				why != NULL ? why : "");

	s.emergency_invalid_for_ms = 2 * MINUTE;
	rule(&s);
	for (int i = 0; i < 5; i++) {
		list(addresses[_i / 2].record);
		if (_i % 2 == 1)
			account_restart(&a);
	}
	check(why != NULL ? told : "");
	list(ADDRESS("'emergency':{'addressStatus':'Valid'}"));
	check(why != NULL ? "resolved " INVALID
			    " (300.300] since 60.300 for 240 recovered\n"
			  : "");
	free(told);
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
		{a_clock_that_is_set_back_makes_nobody_wait, 16},
		{alerts_of_an_account_that_is_not_watched_are_over, 1},
		{what_lasts_is_told_again_but_not_for_ever, 2},
		{the_first_rule_that_fits_counts, 1},
		{a_rule_that_goes_ends_its_alerts, 1},
		{its_end_is_for_those_who_were_told, 2},
		{nothing_of_an_alert_is_forgotten_while_it_fires, 2},
		{many_phones, 2 * COUNT(fleets)},
		{who_is_moved_away_while_its_site_is_out_is_no_member_any_more, 1},
		{a_site_that_is_renamed_while_it_is_out_has_the_rule_of_its_new_name, 2},
		{an_outage_of_which_no_rule_asks_for_a_member_any_more_has_lasted_until_then,
		 1},
		{a_sweep_that_lacks_a_page_decides_of_the_others_only, 1},
		{a_list_in_which_most_are_offline_at_once_is_confirmed_first, 1},
		{who_sees_nothing_tells_that_and_nothing_else, 2},
		{a_location_that_is_too_old_is_told, 2},
		{an_emergency_address_that_is_not_valid_is_told, 2 * COUNT(addresses)},
		{a_disk_that_fails_loses_and_doubles_nothing, 24},
	};

	return suite_run("alerts", tests, COUNT(tests), open_account, close_account);
}
