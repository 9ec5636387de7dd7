/* What the commands do to phonewatch-sim, as a real HTTP client sees it. */
#include "sim/play.h"

#include "lib/suite.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lib/playing.h"

START_TEST(a_site_goes_offline_and_no_other)
{
	char answer[256];
	unsigned n = 0;
	json_t *before, *after, *device;
	size_t i;

	playing_start();
	before = playing_truth();
	playing_post("site Denver offline", 200, answer, sizeof answer);
	after = playing_truth();
	ck_assert_uint_eq(json_array_size(after), 250);
	json_array_foreach(after, i, device)
	{
		bool same = json_equal(device, json_array_get(before, i));
		bool denver = strcmp(playing_at(device, "site"), "Denver") == 0;

		n += !same;
		ck_assert(same || denver);
		ck_assert(!denver || strcmp(playing_at(device, "status"), "Online") != 0);
	}
	ck_assert_uint_gt(n, 30);
	ck_assert_int_eq(atoi(answer), (int)n);
	ck_assert_ptr_nonnull(strstr(answer, " changed to Offline\n"));
	json_decref(before);
	json_decref(after);
}
END_TEST

START_TEST(what_is_not_in_use_keeps_its_status)
{
	unsigned n_on = 0, n_off = 0, n_none = 0;
	json_t *truth, *device;
	char answer[256];
	size_t i;

	playing_start();
	playing_post("all offline\nall online", 200, answer, sizeof answer);
	truth = playing_truth();
	json_array_foreach(truth, i, device)
	{
		bool unused = strcmp(playing_at(device, "type"), "WebRTC") == 0 ||
			      json_is_null(json_object_get(device, "site"));

		n_on += strcmp(playing_at(device, "status"), "Online") == 0;
		n_off += unused && strcmp(playing_at(device, "status"), "Offline") == 0;
		n_none += json_is_null(json_object_get(device, "status"));
	}
	ck_assert_uint_eq(n_off, 10); /* 5 placeholders, 5 in stock */
	ck_assert_uint_eq(n_none, 5);
	ck_assert_uint_eq(n_on, 235);
	json_decref(truth);
}
END_TEST

START_TEST(a_device_is_made_and_changed_by_commands)
{
	char answer[256], text[512], *dump;
	char id[32];
	json_t *truth;

	playing_start();
	playing_post("device add at Boston", 200, answer, sizeof answer);
	ck_assert_int_eq(sscanf(answer, "%31s added at Boston", id), 1);
	snprintf(text, sizeof text,
		 "device %s name \"A name\"\ndevice %s status none\n\n"
		 "device %s location 2026-09-14T11:21:07.534+02:00\n",
		 id, id, id);
	playing_post(text, 200, answer, sizeof answer);
	snprintf(text, sizeof text, "%s changed\n%s changed\n%s changed\n", id, id, id);
	ck_assert_str_eq(answer, text);
	truth = playing_truth();
	dump = json_dumps(json_array_get(truth, 250), JSON_COMPACT);
	snprintf(text, sizeof text,
		 "{\"id\":\"%s\",\"status\":null,\"name\":\"A name\",\"site\":\"Boston\","
		 "\"type\":\"HardPhone\",\"extensionNumber\":\"351\","
		 "\"lastLocationReportTime\":"
		 "\"2026-09-14T09:21:07.534Z\"}",
		 id);
	ck_assert_str_eq(dump, text);
	free(dump);
	json_decref(truth);
}
END_TEST

static const struct {
	const char *text, *answer;
} refused[] = {
	{"bogus", "line 1: no command \"bogus\""},
	{"shuffle\n# fine\nsite Nowhere offline", "line 3: no site \"Nowhere\""},
	{"device 1 offline", "line 1: no device 1"},
	{"device add at Nowhere", "line 1: no site \"Nowhere\""},
};

START_TEST(a_wrong_command_is_answered_with_its_line)
{
	struct client_call call;

	playing_start();
	client_ask(&playing.client, &call, playing_url("/sim"), refused[_i].text);
	ck_assert_int_eq(call.status, 400);
	ck_assert_ptr_eq(strstr(buf_text(&call.body), refused[_i].answer),
			 buf_text(&call.body));
	ck_assert_str_eq(strchr(buf_text(&call.body), '\n'), "\n");
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(nothing_is_run_of_what_cannot_be_read)
{
	struct client_call call;

	playing_start();
	client_ask(&playing.client, &call, playing_url("/sim"), "all offline\nbogus");
	ck_assert_int_eq(call.status, 400);
	client_end(&playing.client, &call);
	ck_assert_uint_eq(playing_count("change"), 0);
}
END_TEST

START_TEST(a_change_is_in_the_list_and_in_the_log)
{
	struct client_call call;
	json_t *json;
	char text[256];

	playing_start();
	playing_log_in();
	playing_list(&call, "?perPage=1", "gzip");
	json = playing_json(&call);
	snprintf(text, sizeof text, "device %s status Odd",
		 playing_at(json, "records.0.id"));
	ck_assert_str_eq(playing_at(json, "records.0.status"), "Online");
	json_decref(json);
	client_end(&playing.client, &call);
	playing_command("%s", text);
	ck_assert_ptr_nonnull(
		strstr(playing_last_line(),
		       "\"event\":\"change\",\"account\":\"1\",\"device\":\"8"));
	ck_assert_ptr_nonnull(
		strstr(playing_last_line(),
		       "\"field\":\"status\",\"from\":\"Online\",\"to\":\"Odd\"}"));
	playing_list(&call, "?perPage=1", "gzip");
	json = playing_json(&call);
	ck_assert_str_eq(playing_at(json, "records.0.status"), "Odd");
	json_decref(json);
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(a_script_runs_at_its_times)
{
	char *path = playing_file("script", "all offline\nat 50ms device 1 offline\n"
					    "at 100ms all online\n");
	int64_t begun_ms = clock_mono_ms();
	size_t n;

	playing.config.script = path;
	playing_start();
	n = playing_count("change");
	ck_assert_uint_gt(n, 200);
	while (playing_count("change") == n) /* past the device that is not there */
		client_turn(&playing.client);
	ck_assert_int_ge(clock_mono_ms() - begun_ms, 100);
	ck_assert_ptr_nonnull(strstr(playing_last_line(), "\"to\":\"Online\""));
	free(path);
}
END_TEST

static const char *const first_lists[] = {
	PLAYING_LIST, PLAYING_EXTENSIONS "/62264000000/device",
	PLAYING_EXTENSIONS "/62264000000,62264000004/device"};

START_TEST(life_begins_with_the_first_list)
{
	struct client_call call;

	playing.config.setup = "life 1%";
	playing.config.speed = 1000; /* 3 s are 3 ms */
	playing_start();
	playing_log_in();
	for (int64_t until_ms = clock_mono_ms() + 50; clock_mono_ms() < until_ms;)
		client_turn(&playing.client);
	ck_assert_uint_eq(playing_count("change"), 0);
	playing_get(&call, first_lists[_i], NULL);
	client_end(&playing.client, &call);
	while (playing_count("change") == 0)
		client_turn(&playing.client);
	ck_assert_uint_gt(playing_count("change"), 0);
}
END_TEST

/* ---- whom it is about ---- */

static unsigned count_status(const char *status)
{
	json_t *truth = playing_truth(), *device;
	unsigned n = 0;
	size_t i;

	json_array_foreach(truth, i, device) n +=
		strcmp(playing_at(device, "status"), status) == 0;
	json_decref(truth);
	return n;
}

START_TEST(some_are_so_many_others)
{
	char answer[64];
	unsigned n_off;

	playing_start();
	n_off = count_status("Offline");
	playing_post("some 30 offline", 200, answer, sizeof answer);
	ck_assert_str_eq(answer, "30 changed to Offline\n");
	ck_assert_uint_eq(count_status("Offline"), n_off + 30);
	playing_command("all online");
	playing_post("some 10% offline", 200, answer, sizeof answer);
	ck_assert_str_eq(answer, "23 changed to Offline\n"); /* of 235 in use */
	playing_post("some 999 offline", 200, answer, sizeof answer);
	ck_assert_str_eq(answer, "212 changed to Offline\n");
	playing_post("some 999 status Odd\nsome 3 remove", 200, answer, sizeof answer);
	ck_assert_str_eq(answer, "250 changed\n3 changed\n");
	ck_assert_uint_eq(count_status("Odd"), 247);
}
END_TEST

static const struct {
	const char *who;
	unsigned place; /* in the list */
} whos[] = {{"first", 0}, {"last", 249}, {"\"Lobby phone\"", 0}};

START_TEST(a_device_is_found_by_name_and_place)
{
	json_t *truth;

	playing_start();
	playing_command("device %s status Odd", whos[_i].who);
	truth = playing_truth();
	ck_assert_str_eq(playing_at(json_array_get(truth, whos[_i].place), "status"),
			 "Odd");
	json_decref(truth);
	ck_assert_uint_eq(count_status("Odd"), 1);
	playing_command("device random status Even");
	ck_assert_uint_eq(count_status("Even"), 1);
}
END_TEST

START_TEST(what_is_hidden_is_not_in_the_list_until_it_is_shown)
{
	json_t *truth, *again, *page;
	char answer[64];

	playing_start();
	playing_log_in();
	truth = playing_truth();
	playing_post("site Denver hide\nsome 10 hide", 200, answer, sizeof answer);
	page = playing_get_json(PLAYING_LIST "?perPage=1000", 200);
	ck_assert_int_eq(atoi(playing_at(page, "paging.totalElements")),
			 250 - atoi(answer) - 10);
	json_decref(page);
	playing_command("all show");
	again = playing_truth();
	ck_assert(json_equal(again, truth));
	json_decref(again);
	json_decref(truth);
}
END_TEST

START_TEST(a_record_says_what_is_set)
{
	json_t *page;

	playing_start();
	playing_log_in();
	playing_command(
		"device first set id 12\ndevice first set model null\n"
		"device first unset site\ndevice first set emergency.addressStatus "
		"'\"Invalid\"'");
	page = playing_get_json(PLAYING_LIST "?perPage=1", 200);
	ck_assert_str_eq(playing_at(page, "records.0.id"), "12");
	ck_assert(json_is_null(json_object_get(
		json_array_get(json_object_get(page, "records"), 0), "model")));
	ck_assert_str_eq(playing_at(page, "records.0.site.name"), "");
	ck_assert_str_eq(playing_at(page, "records.0.emergency.addressStatus"),
			 "Invalid");
	json_decref(page);
	playing_command("all plain");
	page = playing_get_json(PLAYING_LIST "?perPage=1", 200);
	ck_assert_str_eq(playing_at(page, "records.0.emergency.addressStatus"), "Valid");
	json_decref(page);
}
END_TEST

START_TEST(a_swap_is_seen_in_both_records)
{
	json_t *before, *after;

	playing_start();
	before = playing_truth();
	playing_command("device first swap %s",
			playing_at(json_array_get(before, 1), "id"));
	after = playing_truth();
	ck_assert_str_eq(playing_at(after, "0.extensionNumber"), "102");
	ck_assert_str_eq(playing_at(after, "1.extensionNumber"), "101");
	ck_assert_str_eq(playing_at(after, "0.name"), playing_at(before, "0.name"));
	json_decref(before);
	json_decref(after);
}
END_TEST

/* ---- when ---- */

static unsigned drift(const char *command, char ids[2][24])
{
	json_t *page;
	unsigned n = 0;

	playing_command("when page 1 do %s", command);
	for (int i = 0; i < 2; i++) {
		char path[64];

		snprintf(path, sizeof path, PLAYING_LIST "?perPage=100&page=%d", i + 1);
		page = playing_get_json(path, 200);
		snprintf(ids[i], 24, "%s",
			 playing_at(page, i == 0 ? "records.99.id" : "records.0.id"));
		n += (unsigned)atoi(playing_at(page, "paging.totalElements"));
		json_decref(page);
	}
	return n;
}

START_TEST(the_list_drifts_between_two_pages)
{
	json_t *truth;
	char ids[2][24];

	playing_start();
	playing_log_in();
	truth = playing_truth();
	/* One is added in front: the last of page 1 comes again. */
	ck_assert_uint_eq(drift("device add first", ids), 250 + 251);
	ck_assert_str_eq(ids[0], ids[1]);
	ck_assert_str_eq(ids[0], playing_at(truth, "99.id"));
	playing_command("device first remove");
	/* One is removed: nobody is told of the first of page 2. */
	ck_assert_uint_eq(drift("device first remove", ids), 250 + 249);
	ck_assert_str_eq(ids[0], playing_at(truth, "99.id"));
	ck_assert_str_eq(ids[1], playing_at(truth, "101.id"));
	json_decref(truth);
}
END_TEST

START_TEST(what_is_done_when_something_is_asked_may_be_anything)
{
	struct client_call call;

	playing_start();
	playing_log_in();
	playing_command("when times 2 do fault close\nwhen on token do all offline\n"
			"when do faults clear");
	playing_list(&call, "", NULL); /* the first fault came, and was cleared */
	client_end(&playing.client, &call);
	playing_list(&call, "", NULL);
	ck_assert_int_eq(call.status, 200);
	client_end(&playing.client, &call);
	ck_assert_uint_eq(playing_count("change"), 0);
}
END_TEST

/* ---- several accounts ---- */

#define FORM(jwt) PLAYING_GRANT "&assertion=" jwt

static void begin_accounts(void)
{
	playing.config.n_accounts = 3;
	playing.config.per_client = 2;
	playing.config.n_devices = 20;
	playing_start();
}

/* How many devices the list has that the bearer may see, and the account's id. */
static void expect_list(const char *account, const char *n)
{
	json_t *page = playing_get_json(PLAYING_LIST, 200);

	ck_assert_str_eq(playing_at(page, "paging.totalElements"), n);
	ck_assert_ptr_nonnull(strstr(playing_at(page, "uri"), account));
	json_decref(page);
}

START_TEST(each_account_has_its_fleet_its_jwt_and_its_client)
{
	static const struct {
		const char *user, *form;
		const char *account; /* id; NULL: refused */
	} users[] = {
		{"the-id:the-secret", FORM("the-jwt"), "400131008"},
		{"the-id:the-secret", FORM("the-jwt-2"), "400132008"},
		{"the-id-2:the-secret", FORM("the-jwt-3"), "400133008"},
		{"the-id-2:the-secret", FORM("the-jwt"), NULL},
		{"the-id:the-secret", FORM("the-jwt-3"), NULL},
	};
	char path[128];

	begin_accounts();
	for (size_t i = 0; i < COUNT(users); i++) {
		struct client_call call;

		if (users[i].account == NULL) {
			playing_ask_token(&call, users[i].user, users[i].form);
			ck_assert_int_eq(call.status, 400);
			ck_assert_ptr_nonnull(strstr(buf_text(&call.body), "OAU-331"));
			client_end(&playing.client, &call);
			continue;
		}
		playing_log_in_as(users[i].user, users[i].form);
		expect_list(users[i].account, "20");
		snprintf(path, sizeof path, "/restapi/v1.0/account/%s/device",
			 users[i].account);
		json_decref(playing_get_json(path, 200));
	}
	/* The last one that logged in is 3. */
	json_decref(playing_get_json("/restapi/v1.0/account/400131008/device", 404));
}
END_TEST

START_TEST(tokens_are_limited_by_client_and_lists_by_user)
{
	struct client_call call;

	playing.config.setup = "limit auth=3\nlimit medium=1";
	begin_accounts();
	playing_log_in_as("the-id:the-secret", FORM("the-jwt"));
	playing_list(&call, "", NULL);
	ck_assert_int_eq(call.status, 200);
	client_end(&playing.client, &call);
	playing_log_in_as("the-id:the-secret", FORM("the-jwt-2"));
	playing_list(&call, "", NULL); /* the other's one is used up, this one's is not */
	ck_assert_int_eq(call.status, 200);
	client_end(&playing.client, &call);
	playing_ask_token(&call, "the-id:wrong", FORM("the-jwt"));
	ck_assert_int_eq(call.status, 400);
	client_end(&playing.client, &call);
	playing_ask_token(&call, "the-id:the-secret", FORM("the-jwt-2"));
	ck_assert_int_eq(call.status, 429);
	client_end(&playing.client, &call);
	playing_ask_token(&call, "a-stranger:the-secret", FORM("the-jwt"));
	ck_assert_int_eq(call.status, 400);
	client_end(&playing.client, &call);
	playing_log_in_as("the-id-2:the-secret", FORM("the-jwt-3"));
}
END_TEST

START_TEST(a_command_may_be_for_one_account)
{
	char answer[512];
	struct client_call call;

	begin_accounts();
	playing_log_in_as("the-id:the-secret", FORM("the-jwt-2"));
	playing_post("in 2 all offline\nin 2 device add\nin 3 all hide\n"
		     "in 2 limit medium=2\nin 2 fault after 1 requests status 500\n"
		     "in 3 fault always status 418\nin 1 token revoke",
		     200, answer, sizeof answer);
	expect_list("400132008", "21");
	playing_list(&call, "", NULL);
	ck_assert_int_eq(call.status, 500);
	client_end(&playing.client, &call);
	playing_list(&call, "", NULL);
	ck_assert_int_eq(call.status, 429);
	client_end(&playing.client, &call);
	ck_assert_uint_lt(count_status("Offline"), 5); /* of the first account */
	playing_log_in();
	playing_list(&call, "", NULL);
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Limit"), "40");
	client_end(&playing.client, &call);
	playing_post("in 4 all offline", 400, answer, sizeof answer);
	ck_assert_str_eq(answer, "line 1: no account 4\n");
	playing_post("in 2 penalty 5", 400, answer, sizeof answer);
	ck_assert_str_eq(answer, "line 1: that is for all accounts, not for one\n");
	playing_post("all offline", 200, answer, sizeof answer);
	ck_assert_int_gt(atoi(answer), 30); /* of all others */
}
END_TEST

START_TEST(what_is_done_when_one_asks_is_done_to_his_account)
{
	begin_accounts();
	playing_log_in_as("the-id:the-secret", FORM("the-jwt-2"));
	playing_command("when do device first remove");
	expect_list("400132008", "20");
	expect_list("400132008", "19");
	playing_log_in();
	expect_list("400131008", "20");
}
END_TEST

START_TEST(an_account_is_added_by_a_command)
{
	char answer[512];

	begin_accounts();
	playing_post("account west devices 7 sites 1\n"
		     "account east client-id east-id client-secret s jwt j seed 9\n"
		     "in west all offline",
		     200, answer, sizeof answer);
	ck_assert_ptr_nonnull(strstr(answer, "west added\neast added\n"));
	playing_log_in_as("the-id:the-secret", FORM("the-jwt-west"));
	expect_list("400134008", "7");
	playing_log_in_as("east-id:s", FORM("j"));
	expect_list("400135008", "20");
	playing_post("account west", 400, answer, sizeof answer);
	ck_assert_str_eq(answer, "line 1: there is an account west already\n");
	playing_post("account new client-id east-id", 400, answer, sizeof answer);
	ck_assert_str_eq(answer, "line 1: client id east-id has another secret\n");
	playing_post("account new jwt the-jwt-2", 400, answer, sizeof answer);
	ck_assert_str_eq(answer, "line 1: that JWT is another account's of client id "
				 "the-id\n");
}
END_TEST

START_TEST(a_jwt_and_a_refresh_token_are_of_one_client)
{
	struct client_call call;
	char form[256];
	json_t *json;

	playing.config.setup = "refresh-tokens on\nlimit auth=100";
	begin_accounts();
	playing_command("account east client-id east-id client-secret s jwt the-jwt");
	playing_log_in_as("east-id:s", FORM("the-jwt")); /* the same as the first one's */
	expect_list("400134008", "20");
	playing_ask_token(&call, "east-id:s", FORM("the-jwt"));
	json = playing_json(&call);
	snprintf(form, sizeof form, "grant_type=refresh_token&refresh_token=%s",
		 playing_at(json, "refresh_token"));
	json_decref(json);
	client_end(&playing.client, &call);
	playing_ask_token(&call, "the-id:the-secret", form);
	ck_assert_int_eq(call.status, 400);
	ck_assert_ptr_nonnull(strstr(buf_text(&call.body), "OAU-213"));
	client_end(&playing.client, &call);
	playing_log_in_as("east-id:s", form);
}
END_TEST

START_TEST(who_there_is_can_be_asked)
{
	json_t *accounts, *devices;

	begin_accounts();
	playing_command("in 2 device add");
	accounts = playing_get_json("/sim/accounts", 200);
	ck_assert_uint_eq(json_array_size(accounts), 3);
	ck_assert_str_eq(playing_at(accounts, "1.name"), "2");
	ck_assert_str_eq(playing_at(accounts, "1.id"), "400132008");
	ck_assert_str_eq(playing_at(accounts, "1.client_id"), "the-id");
	ck_assert_str_eq(playing_at(accounts, "1.devices"), "21");
	ck_assert_str_eq(playing_at(accounts, "2.client_id"), "the-id-2");
	json_decref(accounts);
	devices = playing_get_json("/sim/devices?account=2", 200);
	ck_assert_uint_eq(json_array_size(devices), 21);
	json_decref(devices);
}
END_TEST

/* ---- tokens ---- */

static void expect_status(long status)
{
	struct client_call call;

	playing_list(&call, "", NULL);
	ck_assert_int_eq(call.status, status);
	client_end(&playing.client, &call);
}

START_TEST(tokens_expire_when_told)
{
	json_t *error;

	playing_start();
	playing_log_in();
	expect_status(200);
	playing_command("token expire");
	error = playing_get_json(PLAYING_LIST, 401);
	ck_assert_str_eq(playing_at(error, "errors.0.errorCode"), "OAU-128");
	json_decref(error);
}
END_TEST

START_TEST(one_session_more_ends_the_oldest_or_is_refused)
{
	char first[sizeof playing.bearer];
	struct client_call call;

	playing.config.setup = "limit auth=100\nsessions 2";
	playing_start();
	playing_log_in();
	strcpy(first, playing.bearer);
	playing_log_in();
	playing_command("session-limit refuse");
	playing_ask_token(&call, PLAYING_USER, PLAYING_JWT);
	ck_assert_int_eq(call.status, 429);
	ck_assert_str_eq(client_header(&call, "Retry-After"), "60");
	client_end(&playing.client, &call);
	playing_command("session-limit end");
	playing_log_in();
	expect_status(200);
	strcpy(playing.bearer, first);
	expect_status(401);
}
END_TEST

/* ---- time ---- */

START_TEST(a_command_may_wait)
{
	int64_t begun_ms = clock_mono_ms();
	char answer[64];

	playing_start();
	playing_post("at 80ms all offline\nat 40ms device first status Odd\nshuffle", 200,
		     answer, sizeof answer);
	ck_assert_str_eq(answer, "done\n2 later\n");
	ck_assert_uint_eq(playing_count("change"), 0);
	while (playing_count("change") < 2)
		client_turn(&playing.client);
	ck_assert_int_ge(clock_mono_ms() - begun_ms, 80);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_site_goes_offline_and_no_other, 1},
		{what_is_not_in_use_keeps_its_status, 1},
		{a_device_is_made_and_changed_by_commands, 1},
		{a_wrong_command_is_answered_with_its_line, COUNT(refused)},
		{nothing_is_run_of_what_cannot_be_read, 1},
		{a_change_is_in_the_list_and_in_the_log, 1},
		{a_script_runs_at_its_times, 1},
		{life_begins_with_the_first_list, COUNT(first_lists)},
		{some_are_so_many_others, 1},
		{a_device_is_found_by_name_and_place, COUNT(whos)},
		{what_is_hidden_is_not_in_the_list_until_it_is_shown, 1},
		{a_record_says_what_is_set, 1},
		{a_swap_is_seen_in_both_records, 1},
		{the_list_drifts_between_two_pages, 1},
		{what_is_done_when_something_is_asked_may_be_anything, 1},
		{each_account_has_its_fleet_its_jwt_and_its_client, 1},
		{tokens_are_limited_by_client_and_lists_by_user, 1},
		{a_command_may_be_for_one_account, 1},
		{what_is_done_when_one_asks_is_done_to_his_account, 1},
		{an_account_is_added_by_a_command, 1},
		{a_jwt_and_a_refresh_token_are_of_one_client, 1},
		{who_there_is_can_be_asked, 1},
		{tokens_expire_when_told, 1},
		{one_session_more_ends_the_oldest_or_is_refused, 1},
		{a_command_may_wait, 1},
	};

	return suite_run("steer", tests, COUNT(tests), playing_setup, playing_teardown);
}
