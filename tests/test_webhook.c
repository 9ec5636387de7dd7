#include "sink/webhook.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sign.h"
#include "lib/receiver.h"
#include "lib/told.h"
#include "lib/turn.h"

static struct {
	uv_loop_t loop;
	struct http_client *http;
	struct receiver *receiver;
	void *sink;
	char *jq; /* the path of phonewatch-jq */
	struct event ev;
	/* The last request. */
	char *head, *body;
	unsigned n_asked;
	/* The answer: the bytes as they are; NULL: none. */
	const char *raw;
	bool hang_up; /* behind it */
	struct receiver_request *held;
} w;

static void on_request(struct receiver_request *req, void *data)
{
	(void)data;
	w.n_asked++;
	free(w.head);
	free(w.body);
	w.head = mem_strdup(req->head);
	w.body = mem_strdup(req->body);
	if (w.raw != NULL)
		receiver_write(req, w.raw, strlen(w.raw));
	if (w.hang_up)
		receiver_hang_up(req);
	else if (w.raw != NULL)
		receiver_done(req);
	else
		w.held = req;
}

static void open_world(void)
{
	char *dir;

	memset(&w, 0, sizeof w);
	turn_open(&w.loop);
	w.http = http_client_create(&w.loop, "phonewatch/test");
	w.receiver = receiver_open(&w.loop, on_request, NULL);
	dir = realpath(getenv("TEST_BIN") != NULL ? getenv("TEST_BIN") : ".", NULL);
	w.jq = mem_printf("%s/phonewatch-jq", dir);
	free(dir);
	w.raw = "HTTP/1.1 204 No Content\r\n\r\n";
	told_device(&w.ev);
}

static void close_world(void)
{
	webhook_ops.destroy(w.sink);
	event_clear(&w.ev);
	free(w.head);
	free(w.body);
	free(w.jq);
	receiver_close(w.receiver);
	http_client_close(w.http, NULL, NULL);
	turn_close(&w.loop);
}

/* A webhook to this place, where rest is a path; else to rest. */
static void open_sink(const char *rest, struct sink_settings settings)
{
	const struct sink_env env = {.loop = &w.loop, .http = w.http, .jq = w.jq};
	char *url = rest[0] == '/' ? mem_printf("%s%s", receiver_url(w.receiver), rest)
				   : mem_strdup(rest);
	struct err err = {0};

	settings.name = "ops";
	settings.kind = SINK_WEBHOOK;
	settings.url = url;
	ck_assert_msg(webhook_ops.create(&settings, &env, &w.sink, &err) == 0, "%s",
		      err.text);
	free(url); /* it has its own */
}

/* Tell the event and return how that ended. */
static struct sink_send tell(void)
{
	struct told t;

	told_begin(&t, &webhook_ops, w.sink, &w.ev);
	told_wait(&t, &w.loop);
	told_clear(&t);
	return t.send;
}

/* The value of the request's header, or NULL; good until the next call. */
static const char *header(const char *name)
{
	struct receiver_request req = {.head = w.head};

	return receiver_header(&req, name);
}

START_TEST(the_request_is_what_the_contract_says)
{
	char *body = event_render(&w.ev, EVENT_WITHOUT_PERSONAL);
	int64_t at_s;

	open_sink("/hooks/phones?x=1", (struct sink_settings){0});
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	ck_assert_int_eq(strncmp(w.head, "POST /hooks/phones?x=1 HTTP/1.1\r\n", 33), 0);
	ck_assert_str_eq(header("Content-Type"),
			 "application/cloudevents+json; charset=utf-8");
	ck_assert_str_eq(header("webhook-id"), TOLD_ID);
	at_s = strtoll(header("webhook-timestamp"), NULL, 10);
	ck_assert_int_le(at_s, clock_utc_ms() / 1000);
	ck_assert_int_ge(at_s, clock_utc_ms() / 1000 - 30);
	ck_assert_ptr_null(header("webhook-signature"));
	ck_assert_ptr_null(header("Expect"));
	ck_assert_str_eq(header("User-Agent"), "phonewatch/test");
	ck_assert_str_eq(w.body, body);
	free(body);
}
END_TEST

START_TEST(a_request_is_signed_with_each_secret)
{
	struct secret secrets[2] = {{0}, {0}}, keys[2] = {{0}, {0}};
	struct err err = {0};
	char *expected;

	secret_set(&secrets[0], "whsec_a2tra2tra2tra2tra2tra2tra2tra2tr", 38);
	secret_set(&secrets[1], "whsec_bGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxs", 38);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(sign_read_key(&keys[i], &secrets[i], &err), 0);
	open_sink("/", (struct sink_settings){.secrets = secrets, .n_secrets = 2});
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	expected = sign_webhook(keys, 2, TOLD_ID,
				strtoll(header("webhook-timestamp"), NULL, 10), w.body,
				strlen(w.body));
	ck_assert_str_eq(header("webhook-signature"), expected);
	free(expected);
	for (int i = 0; i < 2; i++) {
		secret_clear(&keys[i]);
		secret_clear(&secrets[i]);
	}
}
END_TEST

START_TEST(a_request_has_the_header_that_says_who_we_are)
{
	struct secret line = {0};

	open_sink("/hook", (struct sink_settings){.header = &line});
	tell();
	ck_assert_ptr_null(header("X-Automation-Webhook-Token"));
	webhook_ops.destroy(w.sink);
	secret_set(&line, "X-Automation-Webhook-Token: HUSH", 32);
	open_sink("/hook", (struct sink_settings){.header = &line});
	secret_clear(&line); /* it has its own */
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	ck_assert_str_eq(header("X-Automation-Webhook-Token"), "HUSH");
}
END_TEST

START_TEST(a_bad_secret_is_no_sink_and_is_not_said)
{
	const struct sink_env env = {.loop = &w.loop, .http = w.http};
	struct secret secret = {0};
	struct sink_settings settings = {.name = "ops",
					 .url = "http://127.0.0.1/",
					 .secrets = &secret,
					 .n_secrets = 1};
	struct err err = {0};

	secret_set(&secret, "HUSH", 4);
	ck_assert_int_eq(webhook_ops.create(&settings, &env, &w.sink, &err), ERR_CONFIG);
	ck_assert_ptr_null(strstr(err.text, "HUSH"));
	secret_clear(&secret);
}
END_TEST

START_TEST(who_is_in_the_url_is_authorized)
{
	char *url = mem_printf("http://user:pass@%s/", receiver_url(w.receiver) + 7);

	open_sink(url, (struct sink_settings){0});
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	ck_assert_str_eq(header("Authorization"), "Basic dXNlcjpwYXNz");
	free(url);
}
END_TEST

#define LONG_BODY 70000

static const struct {
	const char *raw;
	bool hang_up;
	enum sink_end end;
	int code;
	int64_t wait_ms;
	const char *text; /* how the error begins */
} answers[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", false, SINK_DELIVERED, 200, 0,
	 ""},
	{"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false,
	 SINK_DELIVERED, 202, 0, ""},
	{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
	 false, SINK_DELIVERED, 201, 0, ""},
	{"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", false,
	 SINK_LATER, 302, 0, "HTTP 302"},
	{"HTTP/1.1 400 No\r\nContent-Length: 7\r\n\r\nno_text", false, SINK_REFUSED, 400,
	 0, "HTTP 400: no_text"},
	{"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", false, SINK_GONE, 410, 0,
	 "HTTP 410"},
	{"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", false,
	 SINK_LATER, 429, 7000, "HTTP 429"},
	{"HTTP/1.1 503 Down\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", false,
	 SINK_LATER, 503, 7000, "HTTP 503"},
	{"HTTP/1.1 503 Down\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", false,
	 SINK_LATER, 503, 0, "HTTP 503"},
	{"HTTP/1.1 500 Oh\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", false,
	 SINK_LATER, 500, 0, "HTTP 500"},
	{"", true, SINK_LATER, 0, 0, "Empty reply from server"},
	{"HTTP/1.1 200 OK\r\nContent-Len", true, SINK_LATER, 200, 0,
	 "the answer ended within its head"},
	{"HTTP/1.1 20", true, SINK_LATER, 0, 0, ""},
	{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", true, SINK_LATER, 200, 0,
	 "transfer closed with 96 bytes remaining to read"},
	{"SSH-2.0-OpenSSH_9.2p1\r\n\r\n", true, SINK_LATER, 0, 0, "Received HTTP/0.9"},
};

START_TEST(an_answer_means_what_the_contract_says)
{
	struct sink_send s;

	w.raw = answers[_i].raw;
	w.hang_up = answers[_i].hang_up;
	open_sink("/hook/SECRET?SECRET", (struct sink_settings){0});
	s = tell();
	ck_assert_msg(s.end == answers[_i].end, "%d %s", s.end, s.err.text);
	ck_assert_int_eq(s.code, answers[_i].code);
	ck_assert_int_eq(s.wait_ms, answers[_i].wait_ms);
	ck_assert_msg(strncmp(s.err.text, answers[_i].text, strlen(answers[_i].text)) ==
			      0,
		      "%s", s.err.text);
	ck_assert_ptr_null(strstr(s.err.text, "SECRET"));
	ck_assert_uint_eq(w.n_asked, 1); /* nothing is followed */
}
END_TEST

static const struct {
	const char *body, *text;
	const char *header; /* NULL: none */
	enum event_personal personal;
} refusals[] = {
	{"invalid_payload", ": invalid_payload", NULL, EVENT_WITHOUT_PERSONAL},
	{"", "", NULL, EVENT_WITHOUT_PERSONAL},
	{" \r\n\t", "", NULL, EVENT_WITHOUT_PERSONAL},
	{"\r\n{\n  \"error\": \"no\x1b[2J\ttext\"\n}\n",
	 ": { \"error\": \"no [2J text\" }", NULL, EVENT_WITHOUT_PERSONAL},
	{" <html><h1>Bad Request</h1>", "", NULL, EVENT_WITHOUT_PERSONAL},
	{"M\xfcll \xe2\x80\xae", ": M\\xfcll \\xe2\\x80\\xae", NULL,
	 EVENT_WITHOUT_PERSONAL},
	{"no way to /services/TOKENTOKEN here", "", NULL, EVENT_WITHOUT_PERSONAL},
	{"TOKENTOKEN: unknown", "", NULL, EVENT_WITHOUT_PERSONAL},
	{"services are closed", ": services are closed", NULL, EVENT_WITHOUT_PERSONAL},
	{"Bearer tokens expire", ": Bearer tokens expire",
	 "Authorization: Bearer abcdefghij", EVENT_WITHOUT_PERSONAL},
	{"Authorization is needed", ": Authorization is needed",
	 "Authorization: Bearer abcdefghij", EVENT_WITHOUT_PERSONAL},
	{"who is abcdefghij?", "", "Authorization: Bearer abcdefghij",
	 EVENT_WITHOUT_PERSONAL},
	{"what is at 1 Main Street?", "", NULL, EVENT_WITH_PERSONAL},
};

START_TEST(what_a_receiver_says_is_told_but_no_secret)
{
	char *raw = mem_printf("HTTP/1.1 400 No\r\nContent-Length: %zu\r\n\r\n%s",
			       strlen(refusals[_i].body), refusals[_i].body);
	char *expected = mem_printf("HTTP 400%s", refusals[_i].text);
	struct secret header = {(char *)refusals[_i].header, 0};

	header.len = header.text != NULL ? strlen(header.text) : 0;
	w.raw = raw;
	open_sink("/services/TOKENTOKEN", (struct sink_settings){
						  .header = &header,
						  .personal = refusals[_i].personal,
					  });
	ck_assert_str_eq(tell().err.text, expected);
	free(expected);
	free(raw);
}
END_TEST

START_TEST(what_a_receiver_says_is_cut_at_a_whole_character)
{
	char body[300] = "a", *raw;
	struct sink_send s;

	for (size_t at = 1; at + 2 < sizeof body; at += 2)
		memcpy(body + at, "\xc3\xa9", 2);
	raw = mem_printf("HTTP/1.1 500 No\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
			 body);
	w.raw = raw;
	open_sink("/", (struct sink_settings){0});
	s = tell();
	ck_assert_uint_eq(strlen(s.err.text), strlen("HTTP 500: ") + 199);
	ck_assert_int_eq(strncmp(s.err.text + strlen("HTTP 500: "), body, 199), 0);
	free(raw);
}
END_TEST

static const int long_statuses[] = {200, 500};

START_TEST(a_long_answer_counts_by_its_status)
{
	char *body = mem_alloc(LONG_BODY + 1), *raw;
	struct sink_send s;

	memset(body, 'x', LONG_BODY);
	body[LONG_BODY] = '\0';
	raw = mem_printf("HTTP/1.1 %d So\r\nContent-Length: %d\r\n\r\n%s",
			 long_statuses[_i], LONG_BODY, body);
	w.raw = raw;
	open_sink("/", (struct sink_settings){0});
	s = tell();
	ck_assert_int_eq(s.end, _i == 0 ? SINK_DELIVERED : SINK_LATER);
	ck_assert_int_eq(s.code, long_statuses[_i]);
	free(raw);
	free(body);
}
END_TEST

START_TEST(a_repeat_has_the_same_body)
{
	char *first;

	open_sink("/", (struct sink_settings){0});
	w.raw = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
	ck_assert_int_eq(tell().end, SINK_LATER);
	first = mem_strdup(w.body);
	ck_assert_int_eq(tell().end, SINK_LATER);
	ck_assert_str_eq(w.body, first);
	ck_assert_str_eq(header("webhook-id"), TOLD_ID);
	free(first);
}
END_TEST

static const char *const secret_urls[] = {
	"http://SECRET:SECRET@127.0.0.1:1/SECRET?SECRET#SECRET",
	"https://SECRET@127.0.0.1:1/SECRET",
	"http://192.0.2.1/SECRET", /* not to us, and not encrypted */
	"http://127.0.0.1:99999/SECRET",
	"no url SECRET",
	"ftp://127.0.0.1:1/SECRET",
};

START_TEST(an_error_names_the_host_at_most)
{
	struct sink_send s;

	open_sink(secret_urls[_i], (struct sink_settings){0});
	s = tell();
	ck_assert_int_eq(s.end, SINK_LATER);
	ck_assert_int_eq(s.code, 0);
	ck_assert_str_ne(s.err.text, "");
	ck_assert_msg(strstr(s.err.text, "SECRET") == NULL, "%s", s.err.text);
}
END_TEST

START_TEST(addresses_are_told_only_where_wanted)
{
	w.ev.detail = json_pack("{s:[{s:s, s:s, s:s, s:b}]}", "changes", "field",
				"emergency.address", "from", "1 Old St", "to", "2 New St",
				"personal", 1);
	open_sink("/",
		  (struct sink_settings){.personal = _i == 1 ? EVENT_WITH_PERSONAL
							     : EVENT_WITHOUT_PERSONAL});
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	ck_assert_ptr_nonnull(strstr(w.body, "emergency.address"));
	ck_assert_int_eq(strstr(w.body, "2 New St") != NULL, _i == 1);
}
END_TEST

/* ---- by a program ---- */

static void open_program(const char *program)
{
	struct secret secret = {0};

	secret_set(&secret, "HUSHHUSH", 8);
	open_sink("/",
		  (struct sink_settings){.program = program, .program_secret = &secret});
	secret_clear(&secret); /* it has its own */
}

START_TEST(a_program_makes_the_body)
{
	struct secret secret = {0}, key = {0};
	struct err err = {0};
	char *expected;

	secret_set(&secret, "whsec_a2tra2tra2tra2tra2tra2tra2tra2tr", 38);
	ck_assert_int_eq(sign_read_key(&key, &secret, &err), 0);
	open_sink("/", (struct sink_settings){.program = "{id, s: .data.severity}",
					      .secrets = &secret,
					      .n_secrets = 1});
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(tell().end, SINK_DELIVERED);
		ck_assert_str_eq(w.body, "{\"id\":\"" TOLD_ID "\",\"s\":\"warning\"}");
		ck_assert_str_eq(header("Content-Type"), "application/json");
		ck_assert_str_eq(header("webhook-id"), TOLD_ID);
	}
	expected = sign_webhook(&key, 1, TOLD_ID,
				strtoll(header("webhook-timestamp"), NULL, 10), w.body,
				strlen(w.body));
	ck_assert_str_eq(header("webhook-signature"), expected);
	free(expected);
	secret_clear(&key);
	secret_clear(&secret);
}
END_TEST

START_TEST(a_program_has_its_secret)
{
	open_program("{key: $secret}");
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	ck_assert_str_eq(w.body, "{\"key\":\"HUSHHUSH\"}");
}
END_TEST

/* What becomes of an event, by what becomes of its program. */
static const struct {
	const char *program;
	enum sink_end end;
	const char *text;
} programs[] = {
	{"error(\"not today\")", SINK_DEAD, "payload: not today"},
	{"empty", SINK_DEAD, "payload: it makes no payload of this event"},
	{"error($secret)", SINK_DEAD,
	 "payload: it failed, with a message that shows its secret"},
	{"reduce range(40) as $i (\"12345678\"; . + .)", SINK_DEAD,
	 "payload: it needs more than 256 MiB of memory"},
	{"{", SINK_LATER,
	 "payload: syntax error, unexpected $end at <top-level>, line 1:"},
};

START_TEST(an_event_that_cannot_be_shaped_is_not_sent)
{
	struct sink_send s;

	open_program(programs[_i].program);
	s = tell();
	ck_assert_int_eq(s.end, programs[_i].end);
	ck_assert_str_eq(s.err.text, programs[_i].text);
	ck_assert_int_eq(s.code, 0);
	ck_assert_uint_eq(w.n_asked, 0);
}
END_TEST

START_TEST(without_phonewatch_jq_an_event_waits)
{
	struct sink_send s;

	free(w.jq);
	w.jq = mem_strdup("/nowhere/phonewatch-jq");
	open_program("{}");
	s = tell();
	ck_assert_int_eq(s.end, SINK_LATER);
	ck_assert_str_eq(s.err.text,
			 "payload: /nowhere/phonewatch-jq cannot be started: no"
			 " such file or directory");
}
END_TEST

START_TEST(a_send_can_be_canceled_at_each_step)
{
	struct told t;

	if (_i % 2 == 0)
		open_sink("/", (struct sink_settings){0});
	else
		open_program("{}");
	w.raw = NULL;
	told_begin(&t, &webhook_ops, w.sink, &w.ev);
	if (_i > 0)
		for (int i = 0; i < _i && w.n_asked == 0; i++)
			uv_run(&w.loop, UV_RUN_ONCE);
	webhook_ops.cancel(w.sink, &t.send);
	ck_assert(!t.done); /* never from within */
	told_wait(&t, &w.loop);
	ck_assert_int_eq(t.send.end, SINK_CANCELED);
	told_clear(&t);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{the_request_is_what_the_contract_says, 1},
		{a_request_is_signed_with_each_secret, 1},
		{a_request_has_the_header_that_says_who_we_are, 1},
		{a_bad_secret_is_no_sink_and_is_not_said, 1},
		{who_is_in_the_url_is_authorized, 1},
		{an_answer_means_what_the_contract_says, COUNT(answers)},
		{what_a_receiver_says_is_told_but_no_secret, COUNT(refusals)},
		{what_a_receiver_says_is_cut_at_a_whole_character, 1},
		{a_long_answer_counts_by_its_status, COUNT(long_statuses)},
		{a_repeat_has_the_same_body, 1},
		{an_error_names_the_host_at_most, COUNT(secret_urls)},
		{addresses_are_told_only_where_wanted, 2},
		{a_program_makes_the_body, 1},
		{a_program_has_its_secret, 1},
		{an_event_that_cannot_be_shaped_is_not_sent, COUNT(programs)},
		{without_phonewatch_jq_an_event_waits, 1},
		{a_send_can_be_canceled_at_each_step, 30},
	};

	return suite_run("webhook", tests, COUNT(tests), open_world, close_world);
}
