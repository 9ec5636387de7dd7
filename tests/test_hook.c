/* phonewatch-sim as a receiver of webhooks: what it says of each, and how it fails on request. */
#include "sim/hook.h"

#include "lib/suite.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/sign.h"
#include "lib/playing.h"

#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
#define OTHER  "whsec_FxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA"
#define BODY   "{\"type\":\"device.offline\",\"subject\":\"802398804016\"}"

static const char *const secrets[] = {SECRET, OTHER};
static FILE *lines;
static char *lines_text;
static size_t lines_len;

static void begin(size_t n_secrets)
{
	playing.config.setup = "receive on";
	playing.config.webhook_secrets = secrets;
	playing.config.n_webhook_secrets = n_secrets;
	lines = open_memstream(&lines_text, &lines_len);
	playing.config.deliveries = lines;
	playing_start();
}

static void teardown(void)
{
	playing_teardown();
	if (lines != NULL) {
		fclose(lines);
		free(lines_text);
	}
}

/* The signature by one secret; for free(). */
static char *sign(const char *secret, const char *id, int64_t at_s, const char *body)
{
	struct secret text = {0}, key = {0};
	struct err err;
	char *signature;

	secret_set(&text, secret, strlen(secret));
	ck_assert_int_eq(sign_read_key(&key, &text, &err), 0);
	signature = sign_webhook(&key, 1, id, at_s, body, strlen(body));
	secret_clear(&text);
	secret_clear(&key);
	return signature;
}

static void add_line(struct client_call *call, const char *name, const char *value)
{
	char *line = mem_printf("%s: %s", name, value);

	client_line(call, line);
	free(line);
}

/* Post a webhook as it should be; the call is for client_end(). */
static void deliver(struct client_call *call, const char *id, int64_t at_s,
		    const char *body)
{
	char *signature = sign(SECRET, id, at_s, body), text[32];

	client_start(&playing.client, call, playing_url("/hook"), body);
	curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, 1L);
	snprintf(text, sizeof text, "%lld", (long long)at_s);
	add_line(call, "webhook-id", id);
	add_line(call, "webhook-timestamp", text);
	add_line(call, "webhook-signature", signature);
	client_wait(&playing.client, call);
	free(signature);
}

static int64_t now_s(void)
{
	return clock_utc_ms() / 1000;
}

/* Deliver, expect this status, and the end of its line behind the id. */
static void expect_line(const char *id, const char *body, long status, const char *line)
{
	struct client_call call;
	const char *last;

	deliver(&call, id, now_s(), body);
	ck_assert_int_eq(call.status, status);
	client_end(&playing.client, &call);
	fflush(lines);
	last = strstr(lines_text, line);
	ck_assert_msg(last != NULL && last[strlen(line)] == '\n' &&
			      last[strlen(line) + 1] == '\0',
		      "%s", lines_text);
}

START_TEST(each_delivery_is_a_line)
{
	begin(1);
	expect_line("e1", BODY, 204,
		    "Z 204 device.offline 802398804016 id=e1 attempt=1 signature=good "
		    "timestamp=good body=new fault=-");
	expect_line("e1", BODY, 204,
		    " id=e1 attempt=2 signature=good timestamp=good body=same fault=-");
	expect_line("e1", "{}", 204,
		    "Z 204 - - id=e1 attempt=3 signature=good timestamp=good "
		    "body=changed fault=-");
	expect_line("e2", "no JSON", 204,
		    "Z 204 - - id=e2 attempt=1 signature=good timestamp=good body=new "
		    "fault=-");
	expect_line("e1", BODY, 204,
		    " id=e1 attempt=4 signature=good timestamp=good body=same fault=-");
}
END_TEST

START_TEST(each_delivery_is_in_the_log)
{
	struct client_call call;

	begin(1);
	playing_command("fault on hook status 503");
	deliver(&call, "e1", now_s(), BODY);
	client_end(&playing.client, &call);
	ck_assert_str_eq(
		playing_last_line(),
		"{\"event\":\"delivery\",\"n\":1,\"status\":503,\"fault\":\"status\","
		"\"id\":\"e1\",\"type\":\"device.offline\","
		"\"subject\":\"802398804016\",\"attempt\":1,\"signature\":\"good\","
		"\"timestamp\":\"good\",\"body\":\"new\",\"bytes\":50}");
	ck_assert_uint_eq(playing_count("request"), 0);
}
END_TEST

/* Header lines, instead of the right ones, and what is said of them. */
static const struct {
	const char *id, *by; /* NULL: no header */
	int64_t late_s;
	const char *signature; /* instead of the one by that secret; NULL: that */
	size_t n_secrets;
	long status;
	const char *line;
} odd[] = {
	{"e1", SECRET, 0, NULL, 1, 204, "signature=good timestamp=good body=new"},
	{"e1", OTHER, 0, NULL, 1, 401, "signature=bad timestamp=good body=new"},
	{"e1", OTHER, 0, NULL, 2, 204, "signature=good timestamp=good body=new"},
	{"e1", NULL, 0, NULL, 1, 401, "signature=missing timestamp=good body=new"},
	{"e1", NULL, 0, NULL, 0, 204, "signature=unchecked timestamp=good body=new"},
	{NULL, SECRET, 0, NULL, 1, 401, "signature=missing timestamp=good body=unknown"},
	{"e1", SECRET, 0, "v1,AAAA", 1, 401, "signature=bad timestamp=good body=new"},
	{"e1", SECRET, 0, "", 1, 401, "signature=missing timestamp=good body=new"},
	{"e1", SECRET, 330, NULL, 1, 401, "signature=good timestamp=bad body=new"},
	{"e1", SECRET, -330, NULL, 1, 401, "signature=good timestamp=bad body=new"},
	{"e1", SECRET, 270, NULL, 1, 204, "signature=good timestamp=good body=new"},
	{"e1", SECRET, INT64_MAX, NULL, 1, 401, "timestamp=missing body=new"},
	{"a b", SECRET, 0, NULL, 1, 204, "id=a.b attempt=1"},
};

START_TEST(a_delivery_is_verified)
{
	int64_t at_s = now_s() - (odd[_i].late_s != INT64_MAX ? odd[_i].late_s : 0);
	struct client_call call;
	char text[32];

	begin(odd[_i].n_secrets);
	client_start(&playing.client, &call, playing_url("/hook"), BODY);
	if (odd[_i].id != NULL)
		add_line(&call, "webhook-id", odd[_i].id);
	snprintf(text, sizeof text, "%lld", (long long)at_s);
	if (odd[_i].late_s != INT64_MAX)
		add_line(&call, "webhook-timestamp", text);
	if (odd[_i].by != NULL) {
		char *signature = sign(odd[_i].by, odd[_i].id != NULL ? odd[_i].id : "",
				       at_s, BODY);

		add_line(&call, "webhook-signature",
			 odd[_i].signature != NULL ? odd[_i].signature : signature);
		free(signature);
	}
	client_wait(&playing.client, &call);
	ck_assert_int_eq(call.status, odd[_i].status);
	client_end(&playing.client, &call);
	fflush(lines);
	ck_assert_msg(strstr(lines_text, odd[_i].line) != NULL, "%s", lines_text);
}
END_TEST

/* One of several signatures is enough, as while keys rotate. */
START_TEST(one_of_several_signatures_is_enough)
{
	int64_t at_s = now_s();
	char *ours = sign(SECRET, "e1", at_s, BODY), *both, text[32];
	struct client_call call;

	begin(1);
	both = mem_printf("v1,AAAA %s v2,x", ours);
	client_start(&playing.client, &call, playing_url("/hook"), BODY);
	add_line(&call, "webhook-id", "e1");
	snprintf(text, sizeof text, "%lld", (long long)at_s);
	add_line(&call, "webhook-timestamp", text);
	add_line(&call, "webhook-signature", both);
	client_wait(&playing.client, &call);
	ck_assert_int_eq(call.status, 204);
	client_end(&playing.client, &call);
	free(both);
	free(ours);
}
END_TEST

static const struct {
	const char *fault, *statuses; /* of deliveries in a row */
} failures[] = {
	{"always status 410", "410 410 410 410 410 410 "},
	{"every 3 status 500", "204 204 500 204 204 500 "},
	{"every 2 status 503 retry-after 5", "204 503 204 503 204 503 "},
	{"status 500 and cut 3", "500 204 204 204 204 204 "},
	{"times 2 close", "0 0 204 204 204 204 "},
	{"after 1 request times 1 delay 20ms and status 429", "204 429 204 204 204 204 "},
};

START_TEST(a_receiver_fails_as_told)
{
	char statuses[64] = "", id[16];

	begin(1);
	playing_command("fault on any always status 418\nfault on hook %s",
			failures[_i].fault); /* any is any of the vendor's */
	for (int i = 0; i < 6; i++) {
		struct client_call call;

		snprintf(id, sizeof id, "e%d", i);
		deliver(&call, id, now_s(), BODY);
		snprintf(statuses + strlen(statuses), sizeof statuses - strlen(statuses),
			 "%ld ", call.status);
		client_end(&playing.client, &call);
	}
	ck_assert_str_eq(statuses, failures[_i].statuses);
	ck_assert_uint_eq(playing_count("delivery"), 6);
}
END_TEST

START_TEST(a_delivery_that_hangs_is_told_at_once)
{
	struct client_call call;

	begin(1);
	playing_command("fault on hook hang");
	client_start(&playing.client, &call, playing_url("/hook"), BODY);
	while (playing_count("delivery") == 0)
		client_turn(&playing.client);
	ck_assert(!call.done);
	fflush(lines);
	ck_assert_ptr_nonnull(strstr(lines_text, "Z 0 device.offline "));
	ck_assert_ptr_nonnull(strstr(lines_text, " fault=hang\n"));
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(nothing_is_taken_unless_asked_for)
{
	struct client_call call;

	begin(1);
	playing_command("receive off");
	deliver(&call, "e1", now_s(), BODY);
	ck_assert_int_eq(call.status, 404);
	client_end(&playing.client, &call);
	fflush(lines);
	ck_assert_uint_eq(lines_len, 0);
	ck_assert_uint_eq(playing_count("request"), 1);
}
END_TEST

START_TEST(a_secret_that_is_none_is_refused)
{
	static const char *const wrong[] = {"not a secret"};
	struct err err;

	playing.config.webhook_secrets = wrong;
	playing.config.n_webhook_secrets = 1;
	ck_assert_int_eq(play_start(&playing.loop, &playing.config, &playing.play, &err),
			 ERR_CONFIG);
	ck_assert_ptr_null(strstr(err.text, "not a secret"));
	ck_assert_ptr_null(playing.play);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{each_delivery_is_a_line, 1},
		{each_delivery_is_in_the_log, 1},
		{a_delivery_is_verified, COUNT(odd)},
		{one_of_several_signatures_is_enough, 1},
		{a_receiver_fails_as_told, COUNT(failures)},
		{a_delivery_that_hangs_is_told_at_once, 1},
		{nothing_is_taken_unless_asked_for, 1},
		{a_secret_that_is_none_is_refused, 1},
	};

	return suite_run("hook", tests, COUNT(tests), playing_setup, teardown);
}
