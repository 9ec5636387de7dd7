/* What cli and serve both ask: how the devices are and whether that may be believed, what
 * happened, what is owed; and times as people write them. */
#include "query/accounts.h"
#include "query/deliveries.h"
#include "query/events.h"
#include "query/lookup.h"
#include "query/status.h"
#include "query/when.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/database.h"

#define T0     INT64_C(1795370462345) /* 2026-11-22T18:01:02.345Z */
#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)

static char path[300];
static struct database db;
static struct store_conn *reader;
static struct err err;

static void open_fresh(void)
{
	snprintf(path, sizeof path, "%s/phonewatch.db", suite_dir());
	database_open(&db, path);
	ck_assert_msg(store_open_reader(path, &reader, &err) == 0, "%s", err.text);
}

static void close_it(void)
{
	store_close_reader(reader);
	database_close(&db);
}

/* A reachable account whose last page came at T0, each minute one. */
static struct store_account acme(void)
{
	return (struct store_account){.name = (char *)"acme",
				      .state = ACCOUNT_REACHABLE,
				      .since_at_ms = T0 - HOUR,
				      .swept = true,
				      .whole_sent_at_ms = T0 - 2000,
				      .last_sweep_at_ms = T0,
				      .last_page_at_ms = T0,
				      .interval_ms = MINUTE};
}

/* ---- status ---- */

static const struct {
	const char *what;
	struct database_device device;
	struct store_account account; /* what is 0 is as acme() has it */
	int64_t now_at_ms;
	enum device_status status;
	enum status_why why;
	enum device_status last;
	int64_t since_at_ms;
} judged[] = {
	{.what = "seen online",
	 .device = {.status = DEVICE_ONLINE, .observed_at_ms = T0 - HOUR},
	 .now_at_ms = T0,
	 .status = DEVICE_ONLINE,
	 .last = DEVICE_ONLINE,
	 .since_at_ms = T0 - HOUR},
	{.what = "seen offline, just within three intervals",
	 .device = {.status = DEVICE_OFFLINE, .observed_at_ms = T0 - HOUR},
	 .now_at_ms = T0 + 3 * MINUTE,
	 .status = DEVICE_OFFLINE,
	 .last = DEVICE_OFFLINE,
	 .since_at_ms = T0 - HOUR},
	{.what = "nothing came for three intervals",
	 .device = {.status = DEVICE_OFFLINE, .observed_at_ms = T0 - HOUR},
	 .now_at_ms = T0 + 3 * MINUTE + 1,
	 .why = WHY_UNOBSERVED,
	 .last = DEVICE_OFFLINE,
	 .since_at_ms = T0},
	{.what = "intervals are the effective ones",
	 .device = {.status = DEVICE_OFFLINE, .observed_at_ms = T0 - HOUR},
	 .account = {.interval_ms = 20 * MINUTE},
	 .now_at_ms = T0 + HOUR,
	 .status = DEVICE_OFFLINE,
	 .last = DEVICE_OFFLINE,
	 .since_at_ms = T0 - HOUR},
	{.what = "the account cannot be watched",
	 .device = {.status = DEVICE_ONLINE, .observed_at_ms = T0 - HOUR},
	 .account = {.state = ACCOUNT_UNREACHABLE, .reason = (char *)"credentials"},
	 .now_at_ms = T0 + 1,
	 .why = WHY_UNOBSERVED,
	 .last = DEVICE_ONLINE,
	 .since_at_ms = T0},
	{.what = "the list lacks too many, but not this one",
	 .device = {.status = DEVICE_ONLINE, .observed_at_ms = T0 - HOUR},
	 .account = {.state = ACCOUNT_UNREACHABLE, .reason = (char *)"list_shrunk"},
	 .now_at_ms = T0 + 1,
	 .status = DEVICE_ONLINE,
	 .last = DEVICE_ONLINE,
	 .since_at_ms = T0 - HOUR},
	{.what = "the list lacks too many, and nothing comes any more",
	 .device = {.status = DEVICE_ONLINE, .observed_at_ms = T0 - HOUR},
	 .account = {.state = ACCOUNT_UNREACHABLE, .reason = (char *)"list_shrunk"},
	 .now_at_ms = T0 + HOUR,
	 .why = WHY_UNOBSERVED,
	 .last = DEVICE_ONLINE,
	 .since_at_ms = T0},
	{.what = "the list lacks it",
	 .device = {.status = DEVICE_ONLINE,
		    .observed_at_ms = T0 - HOUR,
		    .seen_at_ms = T0 - MINUTE,
		    .missed = 1},
	 .now_at_ms = T0,
	 .why = WHY_NOT_LISTED,
	 .last = DEVICE_ONLINE,
	 .since_at_ms = T0 - MINUTE},
	{.what = "the list lacks it, and nobody looks",
	 .device = {.status = DEVICE_ONLINE, .observed_at_ms = T0 - HOUR, .missed = 1},
	 .now_at_ms = T0 + HOUR,
	 .why = WHY_UNOBSERVED,
	 .last = DEVICE_ONLINE,
	 .since_at_ms = T0},
	{.what = "its page or record cannot be read, just within three intervals",
	 .device = {.status = DEVICE_ONLINE,
		    .observed_at_ms = T0 - HOUR,
		    .seen_at_ms = T0 - 3 * MINUTE,
		    .lapsed = true},
	 .now_at_ms = T0,
	 .status = DEVICE_ONLINE,
	 .last = DEVICE_ONLINE,
	 .since_at_ms = T0 - HOUR},
	{.what = "its page or record cannot be read for three intervals",
	 .device = {.status = DEVICE_ONLINE,
		    .observed_at_ms = T0 - HOUR,
		    .seen_at_ms = T0 - 3 * MINUTE - 1,
		    .lapsed = true},
	 .now_at_ms = T0,
	 .why = WHY_UNOBSERVED,
	 .last = DEVICE_ONLINE,
	 .since_at_ms = T0 - 3 * MINUTE - 1},
	{.what = "the list says nothing",
	 .device = {.observed_at_ms = T0 - HOUR},
	 .now_at_ms = T0,
	 .why = WHY_NO_STATUS,
	 .since_at_ms = T0 - HOUR},
	{.what = "the list says something new",
	 .device = {.vendor_status = "Initial",
		    .last_known = DEVICE_OFFLINE,
		    .observed_at_ms = T0 - HOUR},
	 .now_at_ms = T0,
	 .why = WHY_NO_STATUS,
	 .last = DEVICE_OFFLINE,
	 .since_at_ms = T0 - HOUR},
	{.what = "the list said nothing, and nobody looks",
	 .device = {.last_known = DEVICE_ONLINE, .observed_at_ms = T0 - HOUR},
	 .now_at_ms = T0 + HOUR,
	 .why = WHY_UNOBSERVED,
	 .last = DEVICE_ONLINE,
	 .since_at_ms = T0},
	{.what = "seen first after the last sweep's end was written",
	 .device = {.status = DEVICE_ONLINE, .observed_at_ms = T0 + 500},
	 .now_at_ms = T0 + HOUR,
	 .why = WHY_UNOBSERVED,
	 .last = DEVICE_ONLINE,
	 .since_at_ms = T0 + 500},
	{.what = "the clock was set back, and nobody has looked since",
	 .device = {.status = DEVICE_ONLINE, .observed_at_ms = T0 - HOUR},
	 .now_at_ms = T0 - 2 * HOUR,
	 .status = DEVICE_UNKNOWN,
	 .why = WHY_UNOBSERVED,
	 .last = DEVICE_ONLINE,
	 .since_at_ms = T0},
	{.what = "the first sweep, whose interval is not known yet",
	 .device = {.status = DEVICE_ONLINE, .observed_at_ms = T0},
	 .account = {.interval_ms = -1},
	 .now_at_ms = T0 + 2 * MINUTE,
	 .status = DEVICE_ONLINE,
	 .last = DEVICE_ONLINE,
	 .since_at_ms = T0},
};

static int n_judged;

static void on_judged(const struct status *s, void *arg)
{
	int i = *(const int *)arg;

	n_judged++;
	ck_assert_msg(s->status == judged[i].status, "%s: %d", judged[i].what, s->status);
	ck_assert_msg(s->why == judged[i].why, "%s: %d", judged[i].what, s->why);
	ck_assert_msg(s->last == judged[i].last, "%s: %d", judged[i].what, s->last);
	ck_assert_msg(s->since_at_ms == judged[i].since_at_ms, "%s: %lld", judged[i].what,
		      (long long)(s->since_at_ms - T0));
}

START_TEST(a_status_is_believed_only_while_somebody_looks)
{
	struct database_device device = judged[_i].device;
	struct store_account account = acme();
	struct status_walk walk = {0};

	if (judged[_i].account.state != 0) {
		account.state = judged[_i].account.state;
		account.reason = judged[_i].account.reason;
	}
	if (judged[_i].account.interval_ms != 0)
		account.interval_ms = judged[_i].account.interval_ms;
	device.account = "acme";
	device.id = "1";
	database_set_account(&db, &account);
	if (device.last_known != DEVICE_UNKNOWN) {
		struct database_device before = {.account = "acme",
						 .id = "1",
						 .status = device.last_known,
						 .observed_at_ms = T0 - 2 * HOUR};

		database_set_device(&db, &before);
	}
	database_set_device(&db, &device);
	/* As it is, and as it was a moment ago by what is written of the past. */
	for (int n = 1; n <= 2; n++) {
		if (walk.at_ms != 0 && walk.at_ms < device.observed_at_ms)
			break; /* it was not there then */
		while (status_next(&walk, reader, judged[_i].now_at_ms, on_judged, &_i,
				   &err) == 1)
			;
		ck_assert_int_eq(err.code, 0);
		ck_assert_int_eq(n_judged, n);
		status_walk_clear(&walk);
		walk.at_ms = judged[_i].now_at_ms;
	}
}
END_TEST

static char seen[65536];

static void on_status(const struct status *s, void *arg)
{
	(void)arg;
	strcat(seen, s->account->name);
	strcat(seen, "/");
	strcat(seen, s->device->id);
	strcat(seen, " ");
}

static void walk_all(struct status_walk *walk)
{
	int rc;

	seen[0] = '\0';
	while ((rc = status_next(walk, reader, T0, on_status, NULL, &err)) == 1)
		;
	ck_assert_msg(rc == 0, "%s", err.text);
	status_walk_clear(walk);
}

static void some_devices(void)
{
	static const struct database_device devices[] = {
		{.account = "acme",
		 .id = "1",
		 .name = "Lobby phone",
		 .site = "Denver",
		 .model = "Polycom VVX 450",
		 .status = DEVICE_OFFLINE},
		{.account = "acme",
		 .id = "2",
		 .name = "Board room",
		 .site = "Denver",
		 .type = "Room",
		 .status = DEVICE_ONLINE},
		{.account = "acme",
		 .id = "3",
		 .name = "Nowhere",
		 .status = DEVICE_OFFLINE},
		{.account = "globex",
		 .id = "1",
		 .name = "Lobby phone",
		 .site = "Austin",
		 .status = DEVICE_OFFLINE},
	};
	struct store_account account = acme();

	database_set_account(&db, &account);
	account.name = (char *)"globex";
	database_set_account(&db, &account);
	for (size_t i = 0; i < COUNT(devices); i++)
		database_set_device(&db, &devices[i]);
}

static const struct {
	const char *matches[3];
	size_t n;
	enum status_which which;
	const char *seen;
} asked[] = {
	{{NULL}, 0, STATUS_ALL, "acme/1 acme/2 acme/3 globex/1 "},
	{{NULL}, 0, STATUS_NOT_ONLINE, "acme/1 acme/3 globex/1 "},
	{{"site=Den*"}, 1, STATUS_ALL, "acme/1 acme/2 "},
	{{"site=Den*"}, 1, STATUS_NOT_ONLINE, "acme/1 "},
	{{"site="}, 1, STATUS_ALL, "acme/3 "},
	{{"name=Lobby*"}, 1, STATUS_ALL, "acme/1 globex/1 "},
	{{"name=Lobby*", "account=g*"}, 2, STATUS_ALL, "globex/1 "},
	{{"name=Lobby"}, 1, STATUS_ALL, ""},
	{{"type=Room"}, 1, STATUS_ALL, "acme/2 "},
	{{"model=*VVX*"}, 1, STATUS_ALL, "acme/1 "},
	{{"device=[13]", "account=acme"}, 2, STATUS_ALL, "acme/1 acme/3 "},
};

START_TEST(devices_are_those_that_are_meant)
{
	struct status_walk walk = {.which = asked[_i].which,
				   .matches = (char **)asked[_i].matches,
				   .n_matches = asked[_i].n};

	some_devices();
	walk_all(&walk);
	ck_assert_str_eq(seen, asked[_i].seen);
}
END_TEST

/* By what the walk says, by enum device_status. */
static void count_status(const struct status *s, void *arg)
{
	int64_t *n = arg;

	n[s->status]++;
}

static void assert_same_counts(int64_t online, int64_t offline, int64_t unknown)
{
	struct status_walk walk = {.matches = (char *[]){(char *)"account=acme"},
				   .n_matches = 1};
	struct account_now *all;
	int64_t n[3] = {0};
	size_t n_all;

	while (status_next(&walk, reader, T0, count_status, n, &err) == 1)
		;
	status_walk_clear(&walk);
	ck_assert_int_eq(n[DEVICE_ONLINE], online);
	ck_assert_int_eq(n[DEVICE_OFFLINE], offline);
	ck_assert_int_eq(n[DEVICE_UNKNOWN], unknown);
	ck_assert_int_eq(accounts_load(reader, T0, &all, &n_all, &err), 0);
	ck_assert_int_eq(all[0].n_online, online);
	ck_assert_int_eq(all[0].n_offline, offline);
	ck_assert_int_eq(all[0].n_unknown, unknown);
	accounts_clear(all, n_all);
}

START_TEST(an_account_counts_as_its_devices_are_told)
{
	static const struct database_device devices[] = {
		{.id = "1", .status = DEVICE_ONLINE},
		{.id = "2", .status = DEVICE_OFFLINE},
		{.id = "3", .status = DEVICE_OFFLINE, .missed = 1},
		{.id = "4", .status = DEVICE_ONLINE, .lapsed = true, .seen_at_ms = T0},
		{.id = "5",
		 .status = DEVICE_OFFLINE,
		 .lapsed = true,
		 .seen_at_ms = T0 - HOUR},
		{.id = "6", .status = DEVICE_UNKNOWN},
	};
	struct store_account account = acme();

	database_set_account(&db, &account);
	for (size_t i = 0; i < COUNT(devices); i++) {
		struct database_device d = devices[i];

		d.account = "acme";
		d.observed_at_ms = T0 - 2 * HOUR;
		database_set_device(&db, &d);
	}
	assert_same_counts(2, 1, 3);
	account.last_page_at_ms = T0 - HOUR;
	database_set_account(&db, &account);
	assert_same_counts(0, 0, 6);
}
END_TEST

START_TEST(what_nobody_looks_at_is_not_offline)
{
	struct store_account account = acme();

	some_devices();
	assert_same_counts(1, 2, 0);
	account.last_page_at_ms = T0 - HOUR;
	database_set_account(&db, &account);
	assert_same_counts(0, 0, 3);
}
END_TEST

static int many_devices(struct store_conn *c, void *arg, struct err *e)
{
	struct store_account a;

	(void)arg;
	if (store_account_load(c, "acme", &a, e) != 0)
		return e->code;
	for (int i = 0; i < 1500; i++) {
		char id[16];
		struct store_device d = {.account_id = a.account_id,
					 .id = id,
					 .doc = (char *)"{}",
					 .facts = (char *)"{}",
					 .status = DEVICE_OFFLINE};

		snprintf(id, sizeof id, "%04d", i);
		if (store_device_save(c, &d, e) != 0)
			return e->code;
	}
	store_account_clear(&a);
	return 0;
}

START_TEST(more_devices_than_one_read_come_each_once)
{
	struct store_account account = acme();
	struct status_walk walk = {.which = STATUS_ALL};

	database_set_account(&db, &account);
	database_write(&db, many_devices, NULL);
	walk_all(&walk);
	ck_assert_uint_eq(strlen(seen), 1500 * strlen("acme/0000 "));
	for (int i = 0; i < 1500; i++) {
		char id[24];

		snprintf(id, sizeof id, "acme/%04d ", i);
		if (strncmp(seen + (size_t)i * strlen(id), id, strlen(id)) != 0)
			ck_abort_msg("%s is not where it belongs", id);
	}
}
END_TEST

static void on_object(const struct status *s, void *arg)
{
	char *text = status_text(s), *dump;

	*(json_t **)arg = status_object(s);
	dump = json_dumps(*(json_t **)arg, JSON_COMPACT);
	ck_assert_str_eq(text, dump);
	free(text);
	free(dump);
}

/* Two walks, with a parser and without. */
START_TEST(a_status_is_the_same_text_without_a_parser)
{
	static const struct database_device odd[] = {
		{.account = "acme",
		 .id = "1",
		 .name = "a \"b\" \\ c\n",
		 .observed_at_ms = T0},
		{.account = "acme",
		 .id = "2",
		 .vendor_status = "In \"transit\"",
		 .observed_at_ms = T0},
	};
	struct status_walk walk = {.which = STATUS_ALL};
	struct store_account account = acme();
	json_t *object;

	database_set_account(&db, &account);
	database_set_device(&db, &odd[_i]);
	ck_assert_int_eq(status_next(&walk, reader, T0, on_object, &object, &err), 1);
	json_decref(object);
	status_walk_clear(&walk);
}
END_TEST

START_TEST(a_fact_is_found_without_a_parser)
{
	static const struct {
		const char *facts, *name, *fact;
	} rows[] = {
		{"{\"name\":\"Lobby\",\"site\":\"Denver\"}", "site", "Denver"},
		{"{\"name\":\"Lobby\",\"site\":null}", "site", ""},
		{"{}", "site", ""},
		{"{\"name\":\"a,\\\"site\\\":\\\"x\\\"\",\"site\":\"y\"}", "site", "y"},
		{"{\"name\":\"a \\\"b\\\" c\"}", "name", "a \"b\" c"},
	};
	char *fact = device_fact(rows[_i].facts, rows[_i].name);

	ck_assert_str_eq(fact, rows[_i].fact);
	free(fact);
}
END_TEST

START_TEST(a_status_is_the_documented_object)
{
	struct store_account account = acme();
	struct status_walk walk = {.which = STATUS_ALL};
	json_t *object = NULL;
	char *text;

	database_set_account(&db, &account);
	database_set_device(&db, &(struct database_device){.account = "acme",
							   .id = "1",
							   .name = "Lobby phone",
							   .extension = "101",
							   .site = "Denver",
							   .model = "Polycom VVX 450",
							   .number = "+15555550101",
							   .status = DEVICE_OFFLINE,
							   .observed_at_ms = T0 - HOUR});
	ck_assert_int_eq(status_next(&walk, reader, T0, on_object, &object, &err), 1);
	text = json_dumps(object, JSON_COMPACT);
	ck_assert_str_eq(
		text,
		"{\"device\":{\"account\":\"acme\",\"id\":\"1\",\"name\":\"Lobby phone\","
		"\"type\":\"HardPhone\",\"serial\":null,\"sku\":null,"
		"\"model\":\"Polycom VVX 450\",\"extension_number\":\"101\","
		"\"extension_id\":null,\"extension_name\":null,"
		"\"phone_numbers\":[\"+15555550101\"],\"site\":\"Denver\","
		"\"site_id\":null,\"vendor_status\":\"Offline\"},"
		"\"status\":\"Offline\",\"why\":null,\"last_status\":\"Offline\","
		"\"since\":\"2026-11-22T17:01:02.345Z\","
		"\"not_before\":\"2026-11-22T17:01:02.345Z\","
		"\"observed_at\":\"2026-11-22T17:01:02.345Z\","
		"\"last_location_report_time\":null,\"unobserved_ms\":0}");
	json_decref(object);
	free(text);
	status_walk_clear(&walk);

	walk = (struct status_walk){0};
	ck_assert_int_eq(status_next(&walk, reader, T0 + HOUR, on_object, &object, &err),
			 1);
	ck_assert_str_eq(json_string_value(json_object_get(object, "status")), "Unknown");
	ck_assert_str_eq(json_string_value(json_object_get(object, "why")), "unobserved");
	ck_assert_str_eq(json_string_value(json_object_get(object, "last_status")),
			 "Offline");
	ck_assert_str_eq(json_string_value(json_object_get(object, "since")),
			 "2026-11-22T18:01:02.345Z");
	json_decref(object);
	status_walk_clear(&walk);
}
END_TEST

/* ---- accounts ---- */

static int save_budget(struct store_conn *c, void *arg, struct err *e)
{
	return store_budget_save(c, arg, e);
}

static const struct {
	int64_t now_at_ms;
	struct store_budget budget; /* no group: none */
	const char *shown;
} budgets[] = {
	{T0, {.limit = 0}, "null"},
	{T0,
	 {.group = "heavy",
	  .limit = 10,
	  .window_ms = MINUTE,
	  .remaining = 7,
	  .told_at_ms = T0 - 1000},
	 "{\"group\":\"heavy\",\"limit\":10,\"remaining\":7,\"penalty_until\":null}"},
	{T0 + MINUTE,
	 {.group = "heavy",
	  .limit = 10,
	  .window_ms = MINUTE,
	  .remaining = 7,
	  .told_at_ms = T0 - 1000,
	  .blocked_until_ms = T0 + MINUTE + 5000},
	 "{\"group\":\"heavy\",\"limit\":10,\"remaining\":10,"
	 "\"penalty_until\":\"2026-11-22T18:02:07.345Z\"}"},
	{T0,
	 {.group = "medium", .remaining = -1, .blocked_until_ms = T0},
	 "{\"group\":\"medium\",\"limit\":null,\"remaining\":null,"
	 "\"penalty_until\":null}"},
};

START_TEST(an_account_is_the_documented_object)
{
	struct store_account account = acme();
	struct store_budget budget = budgets[_i].budget;
	struct account_now *all;
	size_t n;
	json_t *object;
	char *text, *expected;

	if (budget.group[0] != '\0') {
		strcpy(budget.scope, "ab");
		database_write(&db, save_budget, &budget);
		account.budget_scope = (char *)"ab";
		account.budget_group = budget.group;
	}
	account.pages_unchanged = 1;
	account.records_unchanged = 2;
	account.records_parsed = 3;
	account.records_bad = 4;
	database_set_account(&db, &account);
	ck_assert_msg(accounts_load(reader, budgets[_i].now_at_ms, &all, &n, &err) == 0,
		      "%s", err.text);
	ck_assert_uint_eq(n, 1);
	object = accounts_object(&all[0], budgets[_i].now_at_ms);
	text = json_dumps(object, JSON_COMPACT);
	expected = mem_printf(
		"{\"account\":\"acme\",\"state\":\"reachable\",\"reason\":null,"
		"\"detail\":null,\"since\":\"2026-11-22T17:01:02.345Z\",\"observed\":true,"
		"\"route\":\"account\",\"devices\":0,\"online\":0,\"offline\":0,"
		"\"unknown\":0,\"effective_interval_ms\":60000,"
		"\"last_sweep_at\":\"2026-11-22T18:01:02.345Z\","
		"\"last_page_at\":\"2026-11-22T18:01:02.345Z\",\"pages_unchanged\":1,"
		"\"records_unchanged\":2,\"records_parsed\":3,\"records_bad\":4,"
		"\"budget\":%s}",
		budgets[_i].shown);
	ck_assert_str_eq(text, expected);
	free(text);
	free(expected);
	json_decref(object);
	accounts_clear(all, n);
}
END_TEST

START_TEST(no_account_is_an_empty_list)
{
	struct account_now *all;
	size_t n = 5;

	ck_assert_int_eq(accounts_load(reader, T0, &all, &n, &err), 0);
	ck_assert_uint_eq(n, 0);
	accounts_clear(all, n);
}
END_TEST

/* ---- events ---- */

/* Event i (from 1) is at T0 + i minutes: even ones offline, odd ones online. */
static void some_events(int n)
{
	database_set_device(&db, &(struct database_device){.account = "acme",
							   .id = "1",
							   .name = "Lobby phone",
							   .site = "Denver",
							   .status = DEVICE_OFFLINE});
	for (int i = 1; i <= n; i++)
		database_transition(&db, "acme", "1",
				    i % 2 == 0 ? DEVICE_OFFLINE : DEVICE_ONLINE, T0,
				    T0 + i * MINUTE);
}

static int add_account_event(struct store_conn *c, void *arg, struct err *e)
{
	struct event ev = {.type = EVENT_ACCOUNT_REACHABLE,
			   .at_ms = *(int64_t *)arg,
			   .account = (char *)"acme"};
	struct store_account a;

	if (store_account_load(c, "acme", &a, e) != 0)
		return e->code;
	store_account_clear(&a);
	return store_event_add(c, &ev, a.account_id != 0 ? a.account_id : 1, 0, 0, NULL,
			       0, e);
}

static void on_event(const struct event *ev, void *arg)
{
	(void)arg;
	sprintf(seen + strlen(seen), "%d ", (int)ev->sequence);
}

static struct events_walk walk_of(void)
{
	seen[0] = '\0';
	return (struct events_walk){.since_at_ms = INT64_MIN, .until_at_ms = INT64_MAX};
}

static void go(struct events_walk *walk)
{
	int rc;

	while ((rc = events_next(walk, reader, on_event, NULL, &err)) == 1)
		;
	ck_assert_msg(rc == 0, "%s", err.text);
}

static const struct {
	int64_t since_at_ms, until_at_ms; /* 0: none */
	const char *type, *match;
	const char *seen;
} wanted[] = {
	{0, 0, NULL, NULL, "1 2 3 4 5 6 7 "},
	{T0 + 3 * MINUTE, 0, NULL, NULL, "3 4 5 6 7 "},
	{T0 + 3 * MINUTE, T0 + 5 * MINUTE, NULL, NULL, "3 4 "},
	{0, T0 + 2 * MINUTE, NULL, NULL, "1 "},
	{T0 + HOUR, 0, NULL, NULL, ""},
	{0, 0, "device.offline", NULL, "2 4 6 "},
	{0, 0, "account.*", NULL, "7 "},
	{0, 0, "device.o*", NULL, "1 2 3 4 5 6 "},
	{0, 0, "offline", NULL, ""},
	{0, 0, NULL, "site=Denver", "1 2 3 4 5 6 "},
	{0, 0, NULL, "site=*", "1 2 3 4 5 6 "},
	{0, 0, NULL, "account=acme", "1 2 3 4 5 6 7 "},
	{0, 0, NULL, "account=globex", ""},
	{0, 0, NULL, "device=1", "1 2 3 4 5 6 "},
};

START_TEST(events_are_those_that_are_meant)
{
	struct events_walk walk = walk_of();
	int64_t at_ms = T0 + 7 * MINUTE;

	some_events(6);
	database_write(&db, add_account_event, &at_ms);
	if (wanted[_i].since_at_ms != 0)
		walk.since_at_ms = wanted[_i].since_at_ms;
	if (wanted[_i].until_at_ms != 0)
		walk.until_at_ms = wanted[_i].until_at_ms;
	walk.types = (char **)&wanted[_i].type;
	walk.n_types = wanted[_i].type != NULL;
	walk.matches = (char **)&wanted[_i].match;
	walk.n_matches = wanted[_i].match != NULL;
	ck_assert_int_eq(events_start(&walk, reader, &err), 0);
	go(&walk);
	ck_assert_str_eq(seen, wanted[_i].seen);
}
END_TEST

START_TEST(one_of_several_types_is_enough)
{
	struct events_walk walk = walk_of();
	char *types[] = {(char *)"device.online", (char *)"account.*"};
	int64_t at_ms = T0 + 7 * MINUTE;

	some_events(3);
	database_write(&db, add_account_event, &at_ms);
	walk.types = types;
	walk.n_types = 2;
	ck_assert_int_eq(events_start(&walk, reader, &err), 0);
	go(&walk);
	ck_assert_str_eq(seen, "1 3 4 ");
}
END_TEST

START_TEST(a_clock_that_was_set_back_hides_nothing)
{
	struct events_walk walk = walk_of();

	some_events(4);
	database_transition(&db, "acme", "1", DEVICE_ONLINE, T0, T0 - HOUR);
	database_transition(&db, "acme", "1", DEVICE_OFFLINE, T0, T0 + 5 * MINUTE);
	walk.since_at_ms = T0 + 2 * MINUTE;
	ck_assert_int_eq(events_start(&walk, reader, &err), 0);
	go(&walk);
	ck_assert_str_eq(seen, "2 3 4 6 ");
	walk = walk_of();
	walk.since_at_ms = T0 - 2 * HOUR;
	walk.until_at_ms = T0;
	ck_assert_int_eq(events_start(&walk, reader, &err), 0);
	go(&walk);
	ck_assert_str_eq(seen, "5 ");
}
END_TEST

START_TEST(a_walk_goes_on_where_it_ended)
{
	struct events_walk walk = walk_of();

	some_events(2);
	ck_assert_int_eq(events_start(&walk, reader, &err), 0);
	go(&walk);
	go(&walk);
	ck_assert_str_eq(seen, "1 2 ");
	database_transition(&db, "acme", "1", DEVICE_ONLINE, T0, T0 + HOUR);
	go(&walk);
	ck_assert_str_eq(seen, "1 2 3 ");
}
END_TEST

/* 700: more than two reads. */
static const struct {
	int64_t n;
	const char *type;
	const char *seen;
} lasts[] = {
	{0, NULL, ""},
	{1, NULL, "700 "},
	{3, NULL, "698 699 700 "},
	{3, "device.offline", "696 698 700 "},
	{2, "device.added", ""},
};

static int many_events(struct store_conn *c, void *arg, struct err *e)
{
	(void)arg;
	for (int i = 1; i <= 700; i++) {
		struct event ev = {.type = i % 2 == 0 ? EVENT_DEVICE_OFFLINE
						      : EVENT_DEVICE_ONLINE,
				   .at_ms = T0 + i,
				   .account = (char *)"acme",
				   .device_id = (char *)"1"};
		struct store_device d;

		if (store_device_load(c, 1, "1", &d, e) != 0 ||
		    store_event_add(c, &ev, 1, d.device_id, d.version_id, NULL, 0, e) !=
			    0)
			return e->code;
		store_device_clear(&d);
	}
	return 0;
}

START_TEST(the_last_ones_come_first_to_a_follower)
{
	struct events_walk walk = walk_of();

	some_events(0);
	database_write(&db, many_events, NULL);
	walk.types = (char **)&lasts[_i].type;
	walk.n_types = lasts[_i].type != NULL;
	ck_assert_int_eq(events_start_last(&walk, reader, lasts[_i].n, &err), 0);
	go(&walk);
	ck_assert_str_eq(seen, lasts[_i].seen);
}
END_TEST

START_TEST(a_walk_goes_on_behind_what_it_did_not_want)
{
	struct events_walk walk = walk_of();
	char *type = (char *)"device.offline";

	some_events(0);
	database_write(&db, many_events, NULL);
	walk.types = &type;
	walk.n_types = 1;
	walk.since_at_ms = T0 + 690;
	ck_assert_int_eq(events_start(&walk, reader, &err), 0);
	go(&walk);
	ck_assert_str_eq(seen, "690 692 694 696 698 700 ");
	ck_assert_int_eq(walk.next, 701);
	database_transition(&db, "acme", "1", DEVICE_ONLINE, T0, T0 + HOUR);
	go(&walk);
	ck_assert_int_eq(walk.next, 702); /* it is not looked at again */
	database_transition(&db, "acme", "1", DEVICE_OFFLINE, T0, T0 + HOUR);
	go(&walk);
	ck_assert_str_eq(seen, "690 692 694 696 698 700 702 ");
}
END_TEST

static int very_many_events(struct store_conn *c, void *arg, struct err *e)
{
	struct event ev = {
		.type = EVENT_ACCOUNT_REACHABLE, .at_ms = T0, .account = (char *)"acme"};
	int rc = many_events(c, arg, e);

	for (int i = 0; rc == 0 && i < EVENTS_LOOK_BACK - 2; i++)
		rc = store_event_add(c, &ev, 1, 0, 0, NULL, 0, e);
	return rc;
}

START_TEST(the_last_ones_are_not_sought_for_ever)
{
	struct events_walk walk = walk_of();
	char *type = (char *)"device.*";

	some_events(0);
	database_write(&db, very_many_events, NULL);
	walk.types = &type;
	walk.n_types = 1;
	ck_assert_int_eq(events_start_last(&walk, reader, 10, &err), 0);
	go(&walk);
	ck_assert_str_eq(seen, "699 700 ");
}
END_TEST

START_TEST(the_last_of_few_are_all)
{
	struct events_walk walk = walk_of();
	char *type = (char *)"device.offline";

	ck_assert_int_eq(events_start_last(&walk, reader, 10, &err), 0);
	go(&walk);
	ck_assert_str_eq(seen, "");
	some_events(0);
	database_write(&db, many_events, NULL);
	walk.types = &type;
	walk.n_types = 1;
	ck_assert_int_eq(events_start_last(&walk, reader, 150, &err), 0);
	ck_assert_int_eq(walk.next, 402);
	ck_assert_int_eq(events_start_last(&walk, reader, 1000, &err), 0);
	go(&walk);
	ck_assert_int_eq(strncmp(seen, "2 4 6 ", 6), 0);
	ck_assert_str_eq(seen + strlen(seen) - 8, "698 700 ");
}
END_TEST

/* ---- deliveries ---- */

static int many_owed(struct store_conn *c, void *arg, struct err *e)
{
	int64_t sinks[2];
	struct store_account a;

	(void)arg;
	if (store_account_load(c, "acme", &a, e) != 0 ||
	    store_sink_load(c, "ops", &sinks[0], e) != 0 ||
	    store_sink_load(c, "central", &sinks[1], e) != 0)
		return e->code;
	for (int i = 0; i < 700; i++) {
		struct event ev = {.type = EVENT_ACCOUNT_REACHABLE,
				   .at_ms = T0,
				   .account = (char *)"acme"};

		if (store_event_add(c, &ev, a.account_id, 0, 0, sinks, 2, e) != 0)
			return e->code;
	}
	store_account_clear(&a);
	if (store_outbox_save(c, sinks[0],
			      &(struct store_delivery){
				      .sequence = 700,
				      .state = DELIVERY_DELIVERED,
				      .attempts = 1,
				      .ended_at_ms = T0,
				      .code = 250,
				      .error = (char *)"refused for b@example.com"},
			      e) != 0)
		return e->code;
	return store_outbox_save(c, sinks[1],
				 &(struct store_delivery){.sequence = 699,
							  .state = DELIVERY_DEAD,
							  .attempts = 9,
							  .ended_at_ms = T0,
							  .code = 400,
							  .error = (char *)"HTTP 400"},
				 e) != 0 ||
			       store_outbox_save(c, sinks[0],
						 &(struct store_delivery){
							 .sequence = 1,
							 .state = DELIVERY_DELIVERED,
							 .attempts = 1,
							 .next_at_ms = T0,
							 .ended_at_ms = T0,
							 .code = 204},
						 e) != 0
		       ? e->code
		       : 0;
}

static const struct deliveries_offs no_offs;
static int n_owed;
static json_t *first_owed;
static int64_t last_owed;

static void on_owed(const struct store_owed_event *o, void *arg)
{
	int64_t key = o->delivery.sequence * 10 + o->sink_id;

	(void)arg;
	if (n_owed++ == 0)
		first_owed = deliveries_object(o, &no_offs);
	if (key <= last_owed)
		ck_abort_msg("%d is out of order", (int)key);
	last_owed = key;
}

START_TEST(more_deliveries_than_one_read_come_in_order)
{
	struct deliveries_walk walk = {.which = STORE_OWED_ALL};
	char *text, *expected;
	char id[EVENT_ID_BYTES];
	int rc;

	database_write(&db, many_owed, NULL);
	while ((rc = deliveries_next(&walk, reader, on_owed, NULL, &err)) == 1)
		;
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(n_owed, 1400);
	event_id(id, T0, store_random(db.store), 1);
	text = json_dumps(first_owed, JSON_COMPACT);
	expected = mem_printf("{\"event_id\":\"%s\",\"sequence\":1,\"sink\":\"ops\","
			      "\"state\":\"delivered\",\"attempts\":1,\"next_at\":null,"
			      "\"delivered_at\":\"2026-11-22T18:01:02.345Z\","
			      "\"code\":204,\"error\":null,"
			      "\"switched_off\":false}",
			      id);
	ck_assert_str_eq(text, expected);
	json_decref(first_owed);
	free(text);
	free(expected);

	n_owed = 0;
	last_owed = 0;
	walk = (struct deliveries_walk){.which = STORE_OWED_FAILED};
	while ((rc = deliveries_next(&walk, reader, on_owed, NULL, &err)) == 1)
		;
	ck_assert_int_eq(n_owed, 2); /* and the one that not all have got */
	ck_assert_int_eq(last_owed / 10, 700);
	ck_assert_str_eq(json_string_value(json_object_get(first_owed, "state")), "dead");
	ck_assert(json_is_null(json_object_get(first_owed, "delivered_at")));
	json_decref(first_owed);
}
END_TEST

static int answer_gone(struct store_conn *c, void *arg, struct err *e)
{
	struct store_delivery gone = {.sequence = 2,
				      .state = DELIVERY_PENDING,
				      .attempts = 1,
				      .first_at_ms = T0,
				      .next_at_ms = T0 + HOUR, /* never, as it is */
				      .code = 410,
				      .error = (char *)"HTTP 410"};
	int64_t sink;

	(void)arg;
	return store_sink_load(c, "ops", &sink, e) != 0
		       ? e->code
		       : store_outbox_save(c, sink, &gone, e);
}

struct offs_seen {
	struct deliveries_offs offs;
	int64_t n_off, n_on, n_next;
};

static void on_maybe_off(const struct store_owed_event *o, void *arg)
{
	struct offs_seen *seen_offs = arg;
	json_t *object = deliveries_object(o, &seen_offs->offs);

	if (json_is_true(json_object_get(object, "switched_off"))) {
		seen_offs->n_off++;
		ck_assert_str_eq(o->sink, "ops");
		ck_assert_int_eq(o->delivery.state, DELIVERY_PENDING);
	} else {
		seen_offs->n_on++;
	}
	seen_offs->n_next += !json_is_null(json_object_get(object, "next_at"));
	json_decref(object);
}

START_TEST(a_sink_that_its_receiver_switched_off_is_said_to_be)
{
	struct deliveries_walk walk = {.which = STORE_OWED_ALL};
	struct offs_seen seen_offs = {.n_off = 0};

	database_write(&db, many_owed, NULL);
	ck_assert_int_eq(deliveries_load_offs(reader, &seen_offs.offs, &err), 0);
	ck_assert_uint_eq(seen_offs.offs.n, 0); /* 400 and 204 are no 410 */
	database_write(&db, answer_gone, NULL);
	ck_assert_int_eq(deliveries_load_offs(reader, &seen_offs.offs, &err), 0);
	ck_assert_uint_eq(seen_offs.offs.n, 1);
	ck_assert_str_eq(seen_offs.offs.all[0].name, "ops");
	ck_assert_int_eq(seen_offs.offs.all[0].n_pending, 698);
	while (deliveries_next(&walk, reader, on_maybe_off, &seen_offs, &err) == 1)
		;
	ck_assert_int_eq(seen_offs.n_off, 698);
	ck_assert_int_eq(seen_offs.n_on, 702);
	ck_assert_int_eq(seen_offs.n_next, 0);
	deliveries_clear_offs(&seen_offs.offs);
}
END_TEST

/* ---- times ---- */

#define BAD INT64_MIN

static const struct {
	const char *zone, *text;
	int64_t at_ms; /* now is T0 */
} times[] = {
	{"UTC", "now", T0},
	{"UTC", "-2h", T0 - 2 * HOUR},
	{"UTC", "-0s", T0},
	{"UTC", "-90m", T0 - 90 * MINUTE},
	{"UTC", "-1500ms", T0 - 1500},
	{"UTC", "-7d", T0 - 7 * 24 * HOUR},
	{"UTC", "today", INT64_C(1795305600000)},
	{"UTC", "yesterday", INT64_C(1795219200000)},
	{"UTC", "sunday", INT64_C(1795305600000)}, /* it is one */
	{"UTC", "Monday", INT64_C(1794787200000)},
	{"UTC", "saturday", INT64_C(1795219200000)},
	{"UTC", "mon", BAD},
	{"Europe/Berlin", "today", INT64_C(1795302000000)},
	{"America/Denver", "today", INT64_C(1795330800000)},
	{"UTC", "2026-11-22", INT64_C(1795305600000)},
	{"Europe/Berlin", "2026-11-22", INT64_C(1795302000000)},
	{"Europe/Berlin", "2026-07-01", INT64_C(1782856800000)},
	{"America/Sao_Paulo", "2018-11-04", INT64_C(1541300400000)}, /* began at 1 h */
	{"UTC", "2024-02-29", INT64_C(1709164800000)},
	{"UTC", "2026-11-22T18:01:02.345Z", T0},
	{"UTC", "2026-11-22T19:01:02.345+01:00", T0},
	{"UTC", "2026-11-22 19:01:02.345+01:00", T0},
	{"UTC", "2026-11-22T18:01:02.345", BAD}, /* of which zone? */
	/* as tables show them */
	{"UTC", "2026-11-22 18:01:02", T0 - 345},
	{"Europe/Berlin", "2026-11-22 19:01:02", T0 - 345},
	{"Europe/Berlin", "2026-11-22 19:01", T0 - 2345},
	{"Europe/Berlin", "19:01:02", T0 - 345},
	{"Europe/Berlin", "19:01", T0 - 2345},
	{"Asia/Tokyo", "03:01", T0 - 2345}, /* there it is Monday */
	{"Europe/Berlin", "2026-07-01 02:00", INT64_C(1782864000000)},
	{"Europe/Berlin", "2026-11-22 19:01:02 +0100", T0 - 345},
	{"UTC", "2026-11-22 19:01:02 +0100", T0 - 345},
	{"Europe/Berlin", "2026-10-25 02:30:00 +0200", INT64_C(1792888200000)},
	{"Europe/Berlin", "2026-10-25 02:30:00 +0100", INT64_C(1792891800000)},
	{"UTC", "2026-11-22 24:00", BAD},
	{"UTC", "2026-11-31 18:01", BAD},
	{"UTC", "2026-11-22 18", BAD},
	{"UTC", "2026-11-22 ", BAD},
	{"UTC", "2026-11-22 18:01:02 0100", BAD},
	{"UTC", "2026-11-22T18:01:02 +0100x", BAD},
	{"UTC", "2026-11-22T18:01", BAD},
	{"UTC", "18:60", BAD},
	{"UTC", "1:30", BAD},
	{"UTC", "18.01", BAD},
	{"UTC", " 18:01", BAD},
	{"UTC", "2026-11-31", BAD},
	{"UTC", "2026-02-29", BAD},
	{"UTC", "2026-13-01", BAD},
	{"UTC", "26-11-22", BAD},
	{"UTC", "2026-11-2x", BAD},
	{"UTC", "-2", BAD},
	{"UTC", "2h", BAD},
	{"UTC", "-9223372036854775807ms", BAD},
	{"UTC", "tomorrow", BAD},
	{"UTC", "Today", BAD},
	{"UTC", "", BAD},
	{"UTC", "1795370462", BAD},
};

START_TEST(a_time_is_read_as_people_write_it)
{
	int64_t at_ms = BAD;
	struct err e = {0};
	int rc;

	setenv("TZ", times[_i].zone, 1);
	tzset();
	rc = when_parse(times[_i].text, T0, &at_ms, &e);
	ck_assert_msg((rc == 0) == (times[_i].at_ms != BAD), "%s: %s", times[_i].text,
		      e.text);
	if (rc == 0)
		ck_assert_int_eq(at_ms, times[_i].at_ms);
	else
		ck_assert_str_ne(e.text, "");
}
END_TEST

/* ---- lookup ---- */

static const struct {
	const char *text;
	bool fits;
} named[] = {
	{"Lobby phone", true},
	{"LOBBY PHONE", true},
	{"Lobby", false},
	{"101", true},
	{"10", false},
	{"0004f2a1b2c3", true},
	{"00:04:F2:A1:B2:C3", true},
	{"0004.f2a1.b2c3", true},
	{"00-04-f2-a1-b2", false},
	{"+1 (555) 555-0101", true},
	{"15555550101", true},
	{"5555550101", false},
	{"", false},
	{"-", false},
	{"802398804016", false},
};

START_TEST(a_device_is_named_as_people_do)
{
	json_t *facts =
		json_pack("{s:s, s:s, s:s, s:[s, s], s:n}", "name", "Lobby phone",
			  "serial", "0004F2A1B2C3", "extension_number", "101",
			  "phone_numbers", "+15555550199", "+15555550101", "site");

	ck_assert_msg(lookup_fits(named[_i].text, facts) == named[_i].fits, "%s",
		      named[_i].text);
	json_decref(facts);
}
END_TEST

static void on_found(const struct store_account *a, const struct store_device *d,
		     void *arg)
{
	char *text = arg;

	strcat(strcat(strcat(strcat(text, a->name), "/"), d->id), " ");
	ck_assert_ptr_nonnull(d->doc);
	ck_assert_ptr_nonnull(d->facts);
}

START_TEST(every_device_that_fits_answers_and_an_id_is_one_first)
{
	static const struct database_device devices[] = {
		{.account = "acme", .id = "1", .name = "Lobby", .extension = "101"},
		{.account = "acme", .id = "2", .name = "1", .extension = "102"},
		{.account = "beta", .id = "3", .name = "lobby", .extension = "1"},
		{.account = "beta", .id = "1", .name = "Annex", .extension = "7"},
	};
	char text[100] = "";

	for (size_t i = 0; i < COUNT(devices); i++)
		database_set_device(&db, &devices[i]);
	ck_assert_int_eq(lookup_devices(reader, "1", on_found, text, &err), 2);
	ck_assert_str_eq(text, "acme/1 beta/1 ");
	text[0] = '\0';
	ck_assert_int_eq(lookup_devices(reader, "LOBBY", on_found, text, &err), 2);
	ck_assert_str_eq(text, "acme/1 beta/3 ");
	ck_assert_int_eq(lookup_devices(reader, "nobody", on_found, text, &err), 0);
}
END_TEST

START_TEST(yesterday_is_a_day_of_the_calendar)
{
	int64_t at_ms;

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	/* 2026-10-26 12:00: the day before had 25 hours. */
	ck_assert_int_eq(when_parse("yesterday", INT64_C(1793012400000), &at_ms, &err),
			 0);
	ck_assert_int_eq(at_ms, INT64_C(1792879200000));
	/* 2026-03-30 00:30: the day before had 23. */
	ck_assert_int_eq(when_parse("yesterday", INT64_C(1774823400000), &at_ms, &err),
			 0);
	ck_assert_int_eq(at_ms, INT64_C(1774738800000));
}
END_TEST

START_TEST(a_time_is_shown_in_the_local_zone)
{
	char text[CLOCK_TEXT_BYTES];

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	when_format(text, T0);
	ck_assert_str_eq(text, "2026-11-22 19:01:02");
	when_format(text, -1);
	ck_assert_str_eq(text, "1970-01-01 00:59:59");
	when_format_short(text, T0, T0 + HOUR);
	ck_assert_str_eq(text, "19:01:02");
	when_format_short(text, T0, T0 + 5 * HOUR); /* after midnight */
	ck_assert_str_eq(text, "2026-11-22 19:01");
	when_format_short(text, T0 - 365 * 24 * HOUR, T0);
	ck_assert_str_eq(text, "2025-11-22 19:01");
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_status_is_believed_only_while_somebody_looks, COUNT(judged)},
		{devices_are_those_that_are_meant, COUNT(asked)},
		{an_account_counts_as_its_devices_are_told, 1},
		{what_nobody_looks_at_is_not_offline, 1},
		{more_devices_than_one_read_come_each_once, 1},
		{a_status_is_the_same_text_without_a_parser, 2},
		{a_fact_is_found_without_a_parser, 5},
		{a_status_is_the_documented_object, 1},
		{an_account_is_the_documented_object, COUNT(budgets)},
		{no_account_is_an_empty_list, 1},
		{events_are_those_that_are_meant, COUNT(wanted)},
		{one_of_several_types_is_enough, 1},
		{a_clock_that_was_set_back_hides_nothing, 1},
		{a_walk_goes_on_where_it_ended, 1},
		{the_last_ones_come_first_to_a_follower, COUNT(lasts)},
		{a_walk_goes_on_behind_what_it_did_not_want, 1},
		{the_last_ones_are_not_sought_for_ever, 1},
		{the_last_of_few_are_all, 1},
		{more_deliveries_than_one_read_come_in_order, 1},
		{a_sink_that_its_receiver_switched_off_is_said_to_be, 1},
		{a_time_is_read_as_people_write_it, COUNT(times)},
		{a_device_is_named_as_people_do, COUNT(named)},
		{every_device_that_fits_answers_and_an_id_is_one_first, 1},
		{yesterday_is_a_day_of_the_calendar, 1},
		{a_time_is_shown_in_the_local_zone, 1},
	};

	return suite_run("query", tests, COUNT(tests), open_fresh, close_it);
}
