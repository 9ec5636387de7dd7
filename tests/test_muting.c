/* What silences do to what is told, from what is stored: of whom a sink is owed what. Time is an
 * argument; a sweep is 60 s behind the last one. */
#include "muting.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

#include "lib/account.h"

#define MINUTE           INT64_C(60000)
#define DESK(id, status) "{'id':'" id "','type':'HardPhone','status':'" status "'}"
#define ON(id)           DESK(id, "Online")
#define OFF(id)          DESK(id, "Offline")
#define K1               "device_offline/1"

static struct account a;
static char *desk[] = {"HardPhone"};

static void rule(int64_t remind_every_ms)
{
	static unsigned serial;
	const struct rule_settings s = {
		.types = desk,
		.n_types = 1,
		.site_outage_share = 60,
		.site_outage_min = 5,
		.flap_changes = 100,
		.flap_within_ms = 60 * MINUTE,
		.remind_every_ms = remind_every_ms,
		.remind_max = 2,
	};
	struct rules *rules = rules_create(1);

	rules->serial = ++serial;
	rule_copy(&rules->rules[0], "alerts", NULL, 0, &s);
	account_take_rules(&a, rules);
}

static void open_account(void)
{
	account_open_here(&a, NULL);
	rule(0);
}

static void close_account(void)
{
	account_close(&a);
}

static void list(const char *records)
{
	account_records(&a, records);
}

static int add(struct store_conn *c, void *arg, struct err *err)
{
	return store_silence_add(c, arg, err);
}

/* One of what matches, for so many minutes of the account's; returns its number. */
static int64_t silence(const char *match, int from_min, int until_min)
{
	char *matches[] = {(char *)match};
	struct silence s = {
		.matches = matches,
		.n_matches = 1,
		.from_at_ms = ACCOUNT_T0 + from_min * MINUTE,
		.until_at_ms = ACCOUNT_T0 + until_min * MINUTE,
		.by = "root",
		.made_at_ms = ACCOUNT_T0,
	};

	database_write(&a.db, add, &s);
	return s.id;
}

/* What the sink is owed of alerts, all of it: "f" fires, "r" is resolved. */
static void check(const char *expected)
{
	char *told = account_ask_text(
		&a,
		"SELECT coalesce(group_concat(t, ' '), '') FROM (SELECT iif(type = 10, 'f ',"
		" 'r ') || substr(detail ->> '$.alert.key', 6) AS t FROM outbox JOIN event"
		" USING (sequence) WHERE type IN (10, 11) ORDER BY sequence)");

	ck_assert_str_eq(told, expected);
	free(told);
}

/* So many sweeps, with a kill behind each where kills is not 0. */
static void lists(int n, const char *records, int kills)
{
	for (int i = 0; i < n; i++) {
		list(records);
		if (kills != 0)
			account_restart(&a);
	}
}

/* ---- several silences ---- */

/* As where work takes longer than somebody thought. */
START_TEST(what_another_silence_goes_on_with_is_told_behind_that_one)
{
	(void)silence("device=1", 0, 3);
	list(ON("1") "," ON("2"));
	lists(1, OFF("1") "," ON("2"), _i);
	(void)silence("account=acme", 2, 6);
	lists(4, OFF("1") "," OFF("2"), _i);
	check("");
	lists(2, OFF("1") "," OFF("2"), _i);
	check("f silence_over/2");
	ck_assert_int_eq(
		account_ask(&a, "SELECT detail ->> '$.alert.count' FROM event JOIN outbox"
				" USING (sequence) WHERE type = 10"),
		2);
	lists(1, OFF("1") "," ON("2"), _i);
	check("f silence_over/2");
	lists(1, ON("1") "," ON("2"), _i);
	check("f silence_over/2 r silence_over/2");
}
END_TEST

/* The end of its own is told though there is another one by then. */
START_TEST(what_was_told_behind_a_silence_is_not_taken_back_by_another)
{
	(void)silence("device=1", 0, 2);
	list(ON("1") "," ON("2"));
	lists(2, OFF("1") "," ON("2"), _i);
	check("f silence_over/1");
	(void)silence("account=acme", 2, 60);
	lists(2, OFF("1") "," ON("2"), _i);
	check("f silence_over/1");
	lists(1, ON("1") "," ON("2"), _i);
	check("f silence_over/1 r silence_over/1");
}
END_TEST

/* ---- reminders ---- */

START_TEST(a_reminder_that_nobody_hears_is_none)
{
	rule(2 * MINUTE);
	list(ON("1"));
	lists(3, OFF("1"), _i);
	check("f " K1 " f " K1);
	(void)silence("device=1", 3, 12);
	lists(8, OFF("1"), _i);
	check("f " K1 " f " K1);
	lists(8, OFF("1"), _i);
	check("f " K1 " f " K1 " f " K1);
	lists(1, ON("1"), _i);
	check("f " K1 " f " K1 " f " K1 " r " K1);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{what_another_silence_goes_on_with_is_told_behind_that_one, 2},
		{what_was_told_behind_a_silence_is_not_taken_back_by_another, 2},
		{a_reminder_that_nobody_hears_is_none, 2},
	};

	return suite_run("muting", tests, COUNT(tests), open_account, close_account);
}
