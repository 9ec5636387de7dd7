#include "sink/mail_format.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "lib/told.h"

#define MAX_BYTES (1u << 20)

static struct event ev;
static struct buf out;
static char *const to[] = {(char *)"ann@example.com", (char *)"bob@example.com"};
static const struct mail_origin origin = {"phonewatch@example.com", to, COUNT(to)};

static void open_world(void)
{
	told_device(&ev);
	buf_init(&out, MAX_BYTES);
}

static void close_world(void)
{
	event_clear(&ev);
	buf_clear(&out);
}

static void format(void)
{
	buf_clear(&out);
	ck_assert_int_eq(mail_format(&out, &ev, &origin, EVENT_WITHOUT_PERSONAL), 0);
}

/* One that lasts, of a site. */
static void make_alert(void)
{
	event_clear(&ev);
	told_account(&ev);
	ev.type = EVENT_ALERT_FIRING;
	json_decref(ev.detail);
	ev.detail = json_loads(
		"{\"alert\": {\"key\": \"acme/site_outage/4711\", \"kind\": \"site_outage\","
		" \"since\": \"2026-11-22T18:01:02.345Z\", \"count\": 60, \"repeat\": 1,"
		" \"duration_ms\": 150000, \"site\": \"Denver\", \"drill\": true,"
		" \"devices\": [{\"id\": \"1\", \"name\": \"Lobby phone\","
		" \"extension_number\": \"101\", \"site\": \"Denver\"}, {\"id\": \"2\"}]}}",
		0, NULL);
	ck_assert_ptr_nonnull(ev.detail);
}

/* The parts between the boundaries, decoded, one behind the other. The caller frees it. */
static char *decoded(void)
{
	struct buf text;
	char *line, *rest = out.data;

	buf_init(&text, MAX_BYTES);
	while ((line = strsep(&rest, "\n")) != NULL) {
		char data[128];
		size_t len = strcspn(line, "\r"), n;

		line[len] = '\0';
		if (len > 0 && strchr(" -=", line[0]) == NULL &&
		    strpbrk(line, ": _") == NULL &&
		    base64_decode(data, sizeof data, &n, line) == 0)
			buf_add(&text, data, n);
	}
	return text.data;
}

static const char *const golden[] = {"mail/device.offline.eml", "mail/alert.firing.eml"};

START_TEST(a_message_is_what_it_was)
{
	char *expected = suite_data(golden[_i], NULL);

	if (_i == 1)
		make_alert();
	format();
	ck_assert_str_eq(buf_text(&out), expected);
	free(expected);
}
END_TEST

START_TEST(lines_end_as_mail_has_it_and_are_short)
{
	char *name = mem_zalloc(3001);

	for (size_t i = 0; i < 3000; i += 3)
		memcpy(name + i, "\xe2\x82\xac", 3); /* a euro each */
	told_rename(&ev, name);
	format();
	for (const char *at = buf_text(&out), *end; *at != '\0'; at = end + 1) {
		end = strchr(at, '\n');
		ck_assert_ptr_nonnull(end);
		ck_assert_int_eq(end[-1], '\r');
		ck_assert_int_le(end - at, 77);
		for (const char *c = at; c < end - 1; c++)
			ck_assert(*c >= ' ' && *c < 127);
	}
	free(name);
}
END_TEST

START_TEST(what_the_vendor_says_adds_no_header_and_no_mark)
{
	char *text;

	told_rename(&ev,
		    "a\r\nBcc: eve@example.com\r\n\r\n<script>x</script>&\"\xe2\x80\xae");
	format();
	ck_assert_ptr_null(strstr(out.data, "\r\nBcc"));
	text = decoded();
	ck_assert_ptr_null(strstr(text, "\r\nBcc"));
	ck_assert_ptr_null(strstr(text, "\xe2\x80\xae"));
	ck_assert_ptr_nonnull(strstr(text, "&lt;script&gt;x&lt;/script&gt;&amp;&quot;"));
	free(text);
}
END_TEST

START_TEST(addresses_are_told_only_where_wanted)
{
	char *text;

	ev.detail = json_pack("{s:[{s:s, s:s, s:s, s:b}]}", "changes", "field",
			      "emergency.address", "from", "1 Old St", "to", "2 New St",
			      "personal", 1);
	ck_assert_int_eq(
		mail_format(&out, &ev, &origin,
			    _i == 1 ? EVENT_WITH_PERSONAL : EVENT_WITHOUT_PERSONAL),
		0);
	text = decoded();
	ck_assert_ptr_nonnull(strstr(text, "emergency.address"));
	ck_assert_int_eq(strstr(text, "2 New St") != NULL, _i == 1);
	free(text);
}
END_TEST

START_TEST(one_that_is_too_large_is_refused)
{
	struct buf small;

	buf_init(&small, 500);
	ck_assert_int_eq(mail_format(&small, &ev, &origin, EVENT_WITHOUT_PERSONAL),
			 ERR_FORMAT);
	buf_clear(&small);
}
END_TEST

static const struct {
	const char *text;
	bool valid;
} addresses[] = {
	{"ann@example.com", true},
	{"a.b+phones@mail.example.com", true},
	{"root@localhost", true},
	{"ann", false},
	{"@example.com", false},
	{"ann@", false},
	{"ann@b@c", false},
	{"Ann <ann@example.com>", false},
	{"ann@example.com,bob@example.com", false},
	{"ann@example.com\r\nDATA", false},
	{"ann @example.com", false},
	{"\xc3\xa4nn@example.com", false},
	{"", false},
};

START_TEST(an_address_is_one_and_no_more)
{
	ck_assert_int_eq(mail_address_is_valid(addresses[_i].text), addresses[_i].valid);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_message_is_what_it_was, COUNT(golden)},
		{lines_end_as_mail_has_it_and_are_short, 1},
		{what_the_vendor_says_adds_no_header_and_no_mark, 1},
		{addresses_are_told_only_where_wanted, 2},
		{one_that_is_too_large_is_refused, 1},
		{an_address_is_one_and_no_more, COUNT(addresses)},
	};

	return suite_run("mail_format", tests, COUNT(tests), open_world, close_world);
}
