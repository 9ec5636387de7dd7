#include "sink/gather.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/digest_text.h"

#define T0     INT64_C(1795370462345) /* 2026-11-22T18:01:02.345Z, a Sunday */
#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define MAX    16

static struct gather_row rows[MAX];
static struct gather_plan plan;
static size_t n;

static void open_world(void)
{
	ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
	n = 0;
}

static struct gather_row *add(const char *account, const char *subject, int64_t at_ms)
{
	struct gather_row *row = &rows[n++];

	*row = (struct gather_row){
		.sequence = (int64_t)n,
		.at_ms = at_ms,
		.account = (char *)account,
		.subject = (char *)subject,
		.group = (char *)account,
	};
	return row;
}

static void decide(const struct gather_settings *s, size_t left, int64_t now_at_ms)
{
	gather_decide(s, rows, n, left, T0 + HOUR, now_at_ms, &plan);
}

/* "TM0M0-": told, merged into the first digest, held. */
static void assert_fates(const char *expected)
{
	char fates[2 * MAX + 1], *to = fates;

	for (size_t i = 0; i < n; i++) {
		*to++ = "-TM"[rows[i].fate];
		if (rows[i].fate == GATHER_MERGE)
			*to++ = (char)('0' + rows[i].digest);
	}
	*to = '\0';
	ck_assert_str_eq(fates, expected);
}

START_TEST(a_group_is_told_when_its_first_has_waited)
{
	const struct gather_settings s = {.wait_ms = MINUTE};

	add("acme", "1", T0);
	add("other", "2", T0 + 30000);
	add("acme", "3", T0 + 59000);
	decide(&s, SIZE_MAX, T0 + MINUTE - 1);
	assert_fates("---");
	ck_assert_int_eq(plan.due_at_ms, T0 + MINUTE);
	decide(&s, SIZE_MAX, T0 + MINUTE);
	assert_fates("M0-M0");
	ck_assert_uint_eq(plan.n_digests, 1);
	ck_assert_int_eq(plan.due_at_ms, T0 + MINUTE + 30000);
	decide(&s, SIZE_MAX, T0 - HOUR); /* the clock was set back */
	assert_fates("M0-M0");
}
END_TEST

START_TEST(one_alone_is_told_as_it_is)
{
	const struct gather_settings s = {.wait_ms = MINUTE};

	add("acme", "1", T0);
	decide(&s, SIZE_MAX, T0 + MINUTE);
	assert_fates("T");
	ck_assert_uint_eq(plan.n_digests, 0);
	ck_assert_int_eq(plan.due_at_ms, INT64_MAX);
}
END_TEST

START_TEST(in_a_quiet_time_all_waits_and_is_one_digest_then)
{
	struct window night;
	struct err err;
	const struct gather_settings s = {.quiet = &night, .n_quiet = 1};

	ck_assert_int_eq(window_parse(&night, "17:00-19:00", &err), 0);
	add("acme", "1", T0);
	add("acme", "1", T0 + MINUTE);
	add("other", "2", T0 + MINUTE);
	decide(&s, SIZE_MAX, T0 + 2 * MINUTE);
	assert_fates("---");
	ck_assert_int_gt(plan.due_at_ms, T0 + 58 * MINUTE);
	ck_assert_int_le(plan.due_at_ms, T0 + 59 * MINUTE);
	add("acme", "4", T0 + HOUR); /* not of that time: behind the digest */
	decide(&s, SIZE_MAX, T0 + HOUR);
	assert_fates("M0M0--");
	ck_assert_int_eq(rows[0].why, GATHER_QUIET);
}
END_TEST

START_TEST(more_than_may_go_is_one_message_of_each_account)
{
	const struct gather_settings s = {.rate_max = 10};

	add("acme", "1", T0);
	add("other", "2", T0);
	add("acme", "3", T0);
	decide(&s, 3, T0);
	assert_fates("TTT");
	decide(&s, 2, T0);
	assert_fates("M0-M0"); /* the other one behind it */
	ck_assert_int_eq(rows[0].why, GATHER_RATE);
	decide(&s, 0, T0);
	assert_fates("---");
	ck_assert_int_eq(plan.due_at_ms, T0 + HOUR);
}
END_TEST

START_TEST(order_is_kept_behind_what_has_begun)
{
	const struct gather_settings s = {.rate_max = 10};

	add("acme", "1", T0)->is_begun = true;
	add("acme", "1", T0);
	add("other", "1", T0);
	add("acme", "2", T0);
	decide(&s, 10, T0);
	assert_fates("T-TT");
	rows[0].is_digest = true;
	decide(&s, 10, T0);
	assert_fates("T---");
	rows[0].is_begun = false; /* one that was just written */
	decide(&s, 10, T0);
	assert_fates("T---");
}
END_TEST

START_TEST(what_waits_of_one_subject_is_told_together)
{
	struct window night;
	struct err err;
	const struct gather_settings s = {.wait_ms = MINUTE};
	const struct gather_settings quiet = {
		.wait_ms = MINUTE, .quiet = &night, .n_quiet = 1};

	/* It moved to a site of which another waits for longer. */
	add("acme", "other", T0)->group = (char *)"here";
	add("acme", "phone", T0 + 30000)->group = (char *)"there";
	add("acme", "phone", T0 + 40000)->group = (char *)"here";
	decide(&s, SIZE_MAX, T0 + MINUTE);
	assert_fates("T--");
	ck_assert_int_eq(plan.due_at_ms, T0 + 30000 + MINUTE);
	decide(&s, SIZE_MAX, T0 + 30000 + MINUTE);
	assert_fates("TM0M0");

	/* One before a quiet time, and its end with another's in it. */
	ck_assert_int_eq(window_parse(&night, "18:02-19:00", &err), 0);
	n = 0;
	add("acme", "phone", T0);
	add("acme", "phone", T0 + 5 * MINUTE);
	add("acme", "other", T0 + 5 * MINUTE);
	decide(&quiet, SIZE_MAX, T0 + HOUR);
	assert_fates("M0M0M0");
}
END_TEST

START_TEST(messages_are_counted_for_an_hour)
{
	const struct gather_settings s = {.rate_max = 2};
	struct gather_rate r = {0};
	int64_t next_ms;

	ck_assert_uint_eq(gather_left(&r, &s, 0, 0, &next_ms), 2);
	ck_assert_uint_eq(gather_left(&r, &s, 1, 0, &next_ms), 1);
	ck_assert_uint_eq(gather_left(&r, &s, 3, 0, &next_ms), 0);
	ck_assert_int_eq(next_ms, INT64_MAX); /* for one of the three */
	gather_count(&r, &s, 1000);
	gather_count(&r, &s, 2000);
	ck_assert_uint_eq(gather_left(&r, &s, 0, 3000, &next_ms), 0);
	ck_assert_int_eq(next_ms, 1000 + HOUR);
	ck_assert_uint_eq(gather_left(&r, &s, 0, 1000 + HOUR, &next_ms), 1);
	gather_count(&r, &s, 1000 + HOUR);
	ck_assert_uint_eq(gather_left(&r, &s, 0, 1000 + HOUR, &next_ms), 0);
	ck_assert_int_eq(next_ms, 2000 + HOUR);
	gather_rate_clear(&r);
}
END_TEST

START_TEST(messages_before_a_restart_count)
{
	const struct gather_settings s = {.rate_max = 3};
	const int64_t sent_at_ms[] = {T0 + 5000, T0 - 1000, T0 - HOUR + 1000};
	struct gather_rate r = {0};
	int64_t next_ms;

	gather_recall(&r, &s, sent_at_ms, COUNT(sent_at_ms), T0, 100000 /* now_ms */);
	ck_assert_uint_eq(gather_left(&r, &s, 0, 100000, &next_ms), 0);
	ck_assert_int_eq(next_ms, 100000 + 1000);
	ck_assert_uint_eq(gather_left(&r, &s, 0, 101000, &next_ms), 1);
	ck_assert_uint_eq(gather_left(&r, &s, 0, 99000 + HOUR, &next_ms), 2);
	ck_assert_uint_eq(gather_left(&r, &s, 0, 100000 + HOUR, &next_ms), 3);
	gather_rate_clear(&r);
}
END_TEST

static json_t *item(const char *type, const char *subject, const char *severity)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", "x", "type", type,
			 "subject", subject, "time", "2026-11-22T18:01:02.345Z",
			 "severity", severity, "summary", subject);
}

START_TEST(an_alert_that_came_and_went_is_counted_only)
{
	json_t *items = json_array();
	struct event ev = {.type = EVENT_DIGEST, .account = (char *)"acme"};
	char *text;

	json_array_append_new(items, item("alert.resolved", "a", "info"));
	json_array_append_new(items, item("alert.firing", "a", "error"));
	json_array_append_new(items, item("alert.firing", "b", "critical"));
	json_array_append_new(items, item("alert.resolved", "b", "info"));
	json_array_append_new(items, item("device.offline", "1", "warning"));
	ev.detail = digest_detail("quiet", items);
	text = json_dumps(ev.detail, JSON_COMPACT | JSON_SORT_KEYS);
	ck_assert_ptr_nonnull(strstr(text, "\"over\":1"));
	ck_assert_ptr_nonnull(strstr(text, "\"firing\":1"));
	ck_assert_ptr_null(strstr(text, "\"subject\":\"b\""));
	ck_assert_int_eq(event_severity(&ev), SEVERITY_ERROR);
	free(text);
	text = event_summary(&ev);
	ck_assert_str_eq(text,
			 "acme: 5 events while it was quiet: 2 alert.resolved, 2 "
			 "alert.firing, 1 device.offline; 1 alert fires; 1 alert came "
			 "and went");
	free(text);
	json_decref(ev.detail);
	json_decref(items);
}
END_TEST

/* `repeat` tells anew what still fires. */
START_TEST(an_alert_that_was_told_again_is_one)
{
	json_t *items = json_array(), *digest;
	struct event ev = {.type = EVENT_DIGEST};

	json_array_append_new(items, item("alert.resolved", "a", "info"));
	for (int i = 0; i < 3; i++)
		json_array_append_new(items, item("alert.firing", "a", "error"));
	json_array_append_new(items, item("alert.firing", "b", "error"));
	json_array_append_new(items, item("alert.firing", "b", "error"));
	json_array_append_new(items, item("alert.resolved", "b", "info"));
	json_array_append_new(items, item("alert.firing", "b", "warning"));
	ev.detail = digest_detail("quiet", items);
	digest = json_object_get(ev.detail, "digest");
	ck_assert_int_eq(json_integer_value(json_object_get(digest, "count")), 8);
	ck_assert_int_eq(json_integer_value(json_object_get(digest, "firing")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(digest, "over")), 1);
	/* What was over, the last of "a", and the one of "b" that is not over. */
	ck_assert_uint_eq(json_array_size(json_object_get(digest, "events")), 3);
	json_decref(ev.detail);
	json_decref(items);
}
END_TEST

START_TEST(a_digest_lists_fifty_and_counts_the_others)
{
	json_t *items = json_array(), *detail, *digest;

	for (int i = 0; i < 462; i++)
		json_array_append_new(items, item("device.offline", "1", "warning"));
	detail = digest_detail("rate", items);
	digest = json_object_get(detail, "digest");
	ck_assert_uint_eq(json_array_size(json_object_get(digest, "events")), 50);
	ck_assert_int_eq(json_integer_value(json_object_get(digest, "more")), 412);
	ck_assert_int_eq(json_integer_value(json_object_get(digest, "count")), 462);
	json_decref(detail);
	json_decref(items);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_group_is_told_when_its_first_has_waited, 1},
		{one_alone_is_told_as_it_is, 1},
		{in_a_quiet_time_all_waits_and_is_one_digest_then, 1},
		{more_than_may_go_is_one_message_of_each_account, 1},
		{order_is_kept_behind_what_has_begun, 1},
		{what_waits_of_one_subject_is_told_together, 1},
		{messages_are_counted_for_an_hour, 1},
		{messages_before_a_restart_count, 1},
		{an_alert_that_came_and_went_is_counted_only, 1},
		{an_alert_that_was_told_again_is_one, 1},
		{a_digest_lists_fifty_and_counts_the_others, 1},
	};

	return suite_run("gather", tests, COUNT(tests), open_world, NULL);
}
