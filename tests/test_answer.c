/* What answers mean. They come over loopback, so that status and headers are those that libcurl
 * reads; only Retry-After and requests without an answer do without. */
#include "api/answer.h"

#include "lib/suite.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "api/budget.h"
#include "lib/receiver.h"
#include "lib/turn.h"

#define NOW_MS     INT64_C(1789378200000) /* 2026-09-14T09:30:00Z: the samples' Date */
#define SPARE_MS   1001                   /* a second, and what is cut off upwards */
#define DEFAULT_MS (ANSWER_DEFAULT_WAIT_MS + 1000)

static struct {
	uv_loop_t loop;
	struct http_client *http;
	struct receiver *receiver;
	struct http_request req;
	struct buf raw; /* the answer to the next request */
	int rc;
	bool done;
	struct answer answer;
} w;

static void on_request(struct receiver_request *req, void *data)
{
	(void)data;
	receiver_write(req, w.raw.data, w.raw.len);
	receiver_done(req);
}

static void open_world(void)
{
	memset(&w, 0, sizeof w);
	turn_open(&w.loop);
	w.http = http_client_create(&w.loop, "phonewatch/test");
	w.receiver = receiver_open(&w.loop, on_request, NULL);
	buf_init(&w.raw, 16u << 20);
	http_request_init(&w.req);
}

static void close_world(void)
{
	http_request_clear(&w.req);
	buf_clear(&w.raw);
	receiver_close(w.receiver);
	http_client_close(w.http, NULL, NULL);
	turn_close(&w.loop);
}

static void on_done(struct http_request *req, int rc)
{
	(void)req;
	w.rc = rc;
	w.done = true;
}

/* The answer to a request that is answered so: status line and headers, each with its CRLF. */
static const struct answer *read_raw(const char *head, const void *body, size_t len,
				     enum answer_of of)
{
	w.raw.len = 0;
	buf_printf(&w.raw, "%sContent-Length: %zu\r\n\r\n", head, len);
	buf_add(&w.raw, body, len);
	w.done = false;
	http_request_clear(&w.req);
	http_request_init(&w.req);
	w.req.url = receiver_url(w.receiver);
	w.req.on_done = on_done;
	http_start(w.http, &w.req);
	TURN_UNTIL(&w.loop, w.done);
	ck_assert_msg(w.rc == 0, "%s", w.req.err.text);
	answer_read(&w.answer, &w.req, w.rc, of, NOW_MS);
	return &w.answer;
}

static const struct answer *read_text(int status, const char *headers, const char *body,
				      enum answer_of of)
{
	char *head = mem_printf("HTTP/1.1 %d Status\r\n%s", status, headers);
	const struct answer *answer = read_raw(head, body, strlen(body), of);

	free(head);
	return answer;
}

/* ---- the samples ---- */

static char *suite_data_if_any(const char *name)
{
	const char *root = getenv("TEST_DATA");
	char *path = mem_printf("%s/%s", root != NULL ? root : "tests/data", name);
	FILE *f = fopen(path, "rb");

	free(path);
	if (f == NULL)
		return NULL;
	fclose(f);
	return suite_data(name, NULL);
}

/* From its .headers, without the blank line; else from its name. */
static char *head_of_sample(const char *file)
{
	char *name =
		mem_printf("ringcentral/%.*s.headers", (int)strcspn(file, "."), file);
	char *head = suite_data_if_any(name);
	const char *error = strstr(file, "error_");

	free(name);
	if (head == NULL)
		return mem_printf("HTTP/1.1 %d Status\r\n",
				  error != NULL && isdigit((unsigned char)error[6])
					  ? atoi(error + 6)
					  : 200);
	head[strlen(head) - 2] = '\0';
	return head;
}

static const struct answer *read_sample(const char *file, enum answer_of of)
{
	char *head = head_of_sample(file), *name = mem_printf("ringcentral/%s", file);
	char *body = suite_data_if_any(name);

	read_raw(head, body != NULL ? body : "{}", body != NULL ? strlen(body) : 2, of);
	free(body);
	free(name);
	free(head);
	return &w.answer;
}

#define BULK    ANSWER_OF_BULK
#define LIST    ANSWER_OF_LIST
#define TOKEN   ANSWER_OF_TOKEN
#define GROUP   ANSWER_OF_GROUP
#define ACCOUNT ANSWER_OF_ACCOUNT

static const struct {
	const char *file;
	enum answer_of of;
	enum answer_next next;
	enum reason reason;
	const char *code;
	enum answer_scope scope;
	int64_t wait_ms;
} samples[] = {
	{"account_devices_page1.json", LIST, ANSWER_GOOD, REASON_NONE, "", GROUP, 0},
	{"account_devices_page2.json", LIST, ANSWER_GOOD, REASON_NONE, "", GROUP, 0},
	{"token_response.json", TOKEN, ANSWER_GOOD, REASON_NONE, "", GROUP, 0},
	/* What is in a 200 is not this module's to judge. */
	{"edge/error_body_with_200.json", LIST, ANSWER_GOOD, REASON_NONE, "", GROUP, 0},
	{"edge/html_200.html", LIST, ANSWER_GOOD, REASON_NONE, "", GROUP, 0},
	{"edge/html_with_json_content_type.json", LIST, ANSWER_GOOD, REASON_NONE, "",
	 GROUP, 0},
	{"bulk_207_multipart_mixed.txt", LIST, ANSWER_RETRY, REASON_BAD_ANSWER, "", GROUP,
	 0},

	{"bulk_207_multistatus.json", BULK, ANSWER_GOOD, REASON_NONE, "", GROUP, 0},
	{"bulk_207_multipart_mixed.txt", BULK, ANSWER_GOOD, REASON_NONE, "", GROUP, 0},
	{"error_400_batch_limit.json", LIST, ANSWER_SMALLER, REASON_VENDOR, "CMN-106",
	 GROUP, 0},
	{"error_400_invalid_client.json", TOKEN, ANSWER_REFUSED, REASON_CREDENTIALS,
	 "OAU-153", GROUP, 0},
	{"error_400_invalid_grant.json", TOKEN, ANSWER_REFUSED, REASON_CREDENTIALS,
	 "OAU-211", GROUP, 0},
	{"error_400_invalid_grant_expired.json", TOKEN, ANSWER_REFUSED,
	 REASON_CREDENTIALS, "OAU-210", GROUP, 0},
	{"error_400_invalid_grant_token_not_found.json", TOKEN, ANSWER_REFUSED,
	 REASON_CREDENTIALS, "OAU-213", GROUP, 0},
	{"error_400_invalid_parameter.json", LIST, ANSWER_REFUSED, REASON_VENDOR,
	 "CMN-101", GROUP, 0},
	{"error_400_oauth_no_errors_array.json", TOKEN, ANSWER_REFUSED,
	 REASON_CREDENTIALS, "invalid_request", GROUP, 0},
	{"error_400_unauthorized_client.json", TOKEN, ANSWER_REFUSED, REASON_CREDENTIALS,
	 "OAU-251", GROUP, 0},

	{"error_401_no_authorization_header.json", LIST, ANSWER_NEW_TOKEN,
	 REASON_CREDENTIALS, "AGW-401", GROUP, 0},
	{"error_401_token_expired.json", LIST, ANSWER_NEW_TOKEN, REASON_CREDENTIALS,
	 "OAU-128", GROUP, 0},
	{"error_401_token_invalid.json", LIST, ANSWER_NEW_TOKEN, REASON_CREDENTIALS,
	 "OAU-149", GROUP, 0},
	{"error_401_token_not_found.json", LIST, ANSWER_NEW_TOKEN, REASON_CREDENTIALS,
	 "OAU-213", GROUP, 0},

	{"error_403_app_permission.json", LIST, ANSWER_REFUSED, REASON_PERMISSION,
	 "CMN-401", GROUP, 0},
	{"error_403_user_permission.json", LIST, ANSWER_REFUSED, REASON_PERMISSION,
	 "CMN-408", GROUP, 0},
	{"error_404_device.json", LIST, ANSWER_REFUSED, REASON_PERMISSION, "CMN-102",
	 GROUP, 0},
	{"error_404_gateway_empty_errors.json", LIST, ANSWER_REFUSED, REASON_PERMISSION,
	 "AGW-404", GROUP, 0},
	{"error_404_invalid_uri.json", LIST, ANSWER_REFUSED, REASON_PERMISSION, "CMN-120",
	 GROUP, 0},

	{"error_429_auth.json", TOKEN, ANSWER_WAIT, REASON_LIMITED, "CMN-301", GROUP,
	 60000 + SPARE_MS},
	{"error_429_heavy.json", LIST, ANSWER_WAIT, REASON_LIMITED, "CMN-301", GROUP,
	 60000 + SPARE_MS},
	{"error_429_rate_limit.json", LIST, ANSWER_WAIT, REASON_LIMITED, "CMN-301", GROUP,
	 60000 + SPARE_MS},
	{"error_429_http_date.json", LIST, ANSWER_WAIT, REASON_LIMITED, "CMN-301", GROUP,
	 60000 + SPARE_MS},
	{"error_429_no_headers.json", LIST, ANSWER_WAIT, REASON_LIMITED, "CMN-310",
	 ANSWER_OF_ADDRESS, DEFAULT_MS},
	{"error_429_no_headers.json", TOKEN, ANSWER_WAIT, REASON_LIMITED, "CMN-310",
	 ANSWER_OF_ADDRESS, DEFAULT_MS},

	{"error_500.json", LIST, ANSWER_RETRY, REASON_VENDOR, "CMN-203", GROUP, 0},
	{"error_500.json", TOKEN, ANSWER_RETRY, REASON_VENDOR, "CMN-203", GROUP, 0},
	{"error_502.html", LIST, ANSWER_RETRY, REASON_VENDOR, "", GROUP, 0},
	{"error_503_maintenance.json", LIST, ANSWER_WAIT, REASON_MAINTENANCE, "CMN-211",
	 ACCOUNT, 15000 + SPARE_MS},
	{"error_503_maintenance_page.html", LIST, ANSWER_WAIT, REASON_MAINTENANCE, "",
	 ACCOUNT, 120000 + SPARE_MS},
	{"error_503_unavailable.json", LIST, ANSWER_WAIT, REASON_MAINTENANCE, "CMN-201",
	 ACCOUNT, DEFAULT_MS},
	{"error_503_oauth.json", TOKEN, ANSWER_WAIT, REASON_MAINTENANCE,
	 "service_unavailable", ACCOUNT, DEFAULT_MS},

	{"edge/retry_after_empty.x", LIST, ANSWER_WAIT, REASON_LIMITED, "", GROUP,
	 DEFAULT_MS},
	{"edge/retry_after_fraction.x", LIST, ANSWER_WAIT, REASON_LIMITED, "", GROUP,
	 1500 + SPARE_MS},
	{"edge/retry_after_huge.x", LIST, ANSWER_WAIT, REASON_LIMITED, "", GROUP,
	 ANSWER_MAX_WAIT_MS},
	{"edge/retry_after_negative.x", LIST, ANSWER_WAIT, REASON_LIMITED, "", GROUP,
	 DEFAULT_MS},
	{"edge/retry_after_text.x", LIST, ANSWER_WAIT, REASON_LIMITED, "", GROUP,
	 DEFAULT_MS},
	{"edge/retry_after_zero.x", LIST, ANSWER_WAIT, REASON_LIMITED, "", GROUP,
	 DEFAULT_MS},
};

START_TEST(a_sample_means_what_the_vendor_says)
{
	const struct answer *answer = read_sample(samples[_i].file, samples[_i].of);

	ck_assert_int_eq(answer->next, samples[_i].next);
	ck_assert_int_eq(answer->reason, samples[_i].reason);
	ck_assert_str_eq(answer->code, samples[_i].code);
	ck_assert_int_eq(answer->scope, samples[_i].scope);
	ck_assert_int_eq(answer->wait_ms, samples[_i].wait_ms);
	ck_assert_int_eq(answer->text[0] == '\0', answer->next == ANSWER_GOOD);
}
END_TEST

START_TEST(a_repeated_header_counts_as_it_was_said_last)
{
	struct budget b;

	read_sample("edge/rate_limit_headers_repeated.x", LIST);
	ck_assert_str_eq(http_header(&w.req, "X-Rate-Limit-Group"), "heavy");
	budget_init(&b, 50, BUDGET_WINDOW_MS);
	budget_told(&b, http_header(&w.req, "X-Rate-Limit-Limit"),
		    http_header(&w.req, "x-rate-limit-remaining"),
		    http_header(&w.req, "X-RATE-LIMIT-WINDOW"), NOW_MS);
	ck_assert_int_eq(b.limit, 10);
	ck_assert_int_eq(b.remaining, 0);
	read_sample("edge/rate_limit_headers_garbage.x", LIST);
	budget_init(&b, 50, BUDGET_WINDOW_MS);
	budget_told(&b, http_header(&w.req, "X-Rate-Limit-Limit"),
		    http_header(&w.req, "X-Rate-Limit-Remaining"),
		    http_header(&w.req, "X-Rate-Limit-Window"), NOW_MS);
	ck_assert_int_eq(b.limit, 50);
	ck_assert_int_eq(b.remaining, -1);
	ck_assert_int_eq(b.window_ms, BUDGET_WINDOW_MS);
}
END_TEST

/* ---- the table of codes ---- */

static const struct {
	enum answer_of of;
	int status;
	const char *nested, *top;
	enum answer_next next;
	enum reason reason;
} codes[] = {
	{TOKEN, 400, "OAU-153", "invalid_client", ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 400, NULL, "invalid_client", ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 401, NULL, "invalid_client", ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 400, "OAU-165", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 400, "OAU-251", "unauthorized_client", ANSWER_REFUSED,
	 REASON_CREDENTIALS},
	{TOKEN, 400, "OAU-331", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 400, "OAU-210", "invalid_grant", ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 400, "OAU-211", "invalid_grant", ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 400, "OAU-213", "invalid_grant", ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 400, "OAU-147", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 400, "OAU-148", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 400, "OAU-232", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 400, "OAU-236", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 401, "OAU-141", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 401, "OAU-142", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 401, "OAU-151", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 401, "CMN-405", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 408, NULL, NULL, ANSWER_RETRY, REASON_BAD_ANSWER},
	{TOKEN, 429, "CMN-301", NULL, ANSWER_WAIT, REASON_LIMITED},
	{TOKEN, 500, NULL, NULL, ANSWER_RETRY, REASON_VENDOR},
	{TOKEN, 503, NULL, "service_unavailable", ANSWER_WAIT, REASON_MAINTENANCE},

	{LIST, 400, "CMN-101", NULL, ANSWER_REFUSED, REASON_VENDOR},
	{LIST, 400, "CMN-106", NULL, ANSWER_SMALLER, REASON_VENDOR},
	{LIST, 400, "InvalidMultipartRequest", NULL, ANSWER_SMALLER, REASON_VENDOR},
	{LIST, 401, "OAU-128", "TokenExpired", ANSWER_NEW_TOKEN, REASON_CREDENTIALS},
	{LIST, 401, "OAU-129", "TokenInvalid", ANSWER_NEW_TOKEN, REASON_CREDENTIALS},
	{LIST, 401, "OAU-149", "TokenInvalid", ANSWER_NEW_TOKEN, REASON_CREDENTIALS},
	{LIST, 401, "OAU-213", "TokenInvalid", ANSWER_NEW_TOKEN, REASON_CREDENTIALS},
	{LIST, 401, "AGW-401", NULL, ANSWER_NEW_TOKEN, REASON_CREDENTIALS},
	{LIST, 401, "AGW-402", NULL, ANSWER_NEW_TOKEN, REASON_CREDENTIALS},
	{LIST, 401, "OAU-123", NULL, ANSWER_NEW_TOKEN, REASON_CREDENTIALS},
	{LIST, 401, "OAU-134", NULL, ANSWER_NEW_TOKEN, REASON_CREDENTIALS},
	{LIST, 401, NULL, NULL, ANSWER_NEW_TOKEN, REASON_CREDENTIALS},
	{LIST, 401, "OAU-141", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{LIST, 401, "OAU-142", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{LIST, 401, "OAU-151", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{LIST, 401, "CMN-405", NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{LIST, 499, "OAU-128", NULL, ANSWER_NEW_TOKEN, REASON_CREDENTIALS},
	{LIST, 403, "CMN-401", NULL, ANSWER_REFUSED, REASON_PERMISSION},
	{LIST, 403, "CMN-408", "InsufficientPermissions", ANSWER_REFUSED,
	 REASON_PERMISSION},
	{LIST, 403, "CMN-402", NULL, ANSWER_REFUSED, REASON_PERMISSION},
	{LIST, 403, "CMN-404", NULL, ANSWER_REFUSED, REASON_PERMISSION},
	{LIST, 403, "CMN-419", NULL, ANSWER_REFUSED, REASON_PERMISSION},
	{LIST, 403, "CMN-109", NULL, ANSWER_REFUSED, REASON_PERMISSION},
	{LIST, 403, "OAU-167", NULL, ANSWER_REFUSED, REASON_PERMISSION},
	{LIST, 403, NULL, "CMN-401", ANSWER_REFUSED, REASON_PERMISSION},
	{LIST, 403, NULL, NULL, ANSWER_RETRY, REASON_VENDOR}, /* a firewall's */
	{TOKEN, 401, NULL, NULL, ANSWER_REFUSED, REASON_CREDENTIALS},
	{TOKEN, 403, NULL, NULL, ANSWER_REFUSED, REASON_VENDOR},
	{TOKEN, 404, NULL, NULL, ANSWER_REFUSED, REASON_VENDOR},
	{TOKEN, 408, NULL, NULL, ANSWER_RETRY, REASON_BAD_ANSWER},
	{LIST, 404, "CMN-102", NULL, ANSWER_REFUSED, REASON_PERMISSION},
	{LIST, 404, "CMN-120", NULL, ANSWER_REFUSED, REASON_PERMISSION},
	{LIST, 404, NULL, "AGW-404", ANSWER_REFUSED, REASON_PERMISSION},
	{LIST, 404, NULL, NULL, ANSWER_RETRY, REASON_BAD_ANSWER}, /* a proxy's */
	{LIST, 429, "CMN-301", NULL, ANSWER_WAIT, REASON_LIMITED},
	{LIST, 429, "CMN-302", NULL, ANSWER_WAIT, REASON_LIMITED},
	{LIST, 429, "CMN-303", NULL, ANSWER_WAIT, REASON_LIMITED},
	{LIST, 429, "CMN-304", NULL, ANSWER_WAIT, REASON_LIMITED},
	{LIST, 429, "CMN-310", NULL, ANSWER_WAIT, REASON_LIMITED},
	{LIST, 429, NULL, NULL, ANSWER_WAIT, REASON_LIMITED},
	{LIST, 500, "CMN-203", NULL, ANSWER_RETRY, REASON_VENDOR},
	{LIST, 500, "CMN-201", NULL, ANSWER_RETRY, REASON_VENDOR},
	{LIST, 502, NULL, NULL, ANSWER_RETRY, REASON_VENDOR},
	{LIST, 504, NULL, NULL, ANSWER_RETRY, REASON_VENDOR},
	{LIST, 503, "CMN-211", "MaintenanceMode", ANSWER_WAIT, REASON_MAINTENANCE},
	{LIST, 503, "CMN-201", NULL, ANSWER_WAIT, REASON_MAINTENANCE},
	/* Neither followed nor believed. */
	{LIST, 301, NULL, NULL, ANSWER_RETRY, REASON_BAD_ANSWER},
	{LIST, 307, NULL, NULL, ANSWER_RETRY, REASON_BAD_ANSWER},
	{LIST, 206, NULL, NULL, ANSWER_RETRY, REASON_BAD_ANSWER},
	{LIST, 418, "OAU-999", NULL, ANSWER_RETRY, REASON_BAD_ANSWER},
	/* The codes of one are not those of the other. */
	{LIST, 400, "OAU-153", "invalid_client", ANSWER_RETRY, REASON_BAD_ANSWER},
	{LIST, 500, "CMN-401", NULL, ANSWER_RETRY, REASON_VENDOR},
};

/* "NULL" or the quoted text, the caller's. */
static char *json_or_null(const char *text)
{
	return text != NULL ? mem_printf("\"%s\"", text) : mem_strdup("null");
}

START_TEST(a_code_decides_where_the_status_alone_would_not)
{
	char *nested = json_or_null(codes[_i].nested), *top = json_or_null(codes[_i].top);
	char *body = mem_printf(
		"{\"%s\":%s,\"message\":\"OAU-153 CMN-408\",\"errors\":[%s%s%s]}",
		codes[_i].of == TOKEN ? "error" : "errorCode", top,
		codes[_i].nested != NULL ? "{\"errorCode\":" : "",
		codes[_i].nested != NULL ? nested : "",
		codes[_i].nested != NULL ? "}" : "");
	const struct answer *answer = read_text(codes[_i].status, "", body, codes[_i].of);

	ck_assert_int_eq(answer->next, codes[_i].next);
	ck_assert_int_eq(answer->reason, codes[_i].reason);
	ck_assert_str_eq(answer->code, codes[_i].nested != NULL ? codes[_i].nested
				       : codes[_i].top != NULL  ? codes[_i].top
								: "");
	free(body);
	free(top);
	free(nested);
}
END_TEST

START_TEST(a_wait_is_of_the_group_that_the_answer_names)
{
	read_text(429, "X-Rate-Limit-Group: heavy\r\n", "", LIST);
	ck_assert_int_eq(w.answer.scope, GROUP);
	read_text(429, "", "", LIST);
	ck_assert_int_eq(w.answer.scope, ACCOUNT);
	read_text(503, "X-Rate-Limit-Group: heavy\r\n", "",
		  LIST); /* all are out of service */
	ck_assert_int_eq(w.answer.scope, ACCOUNT);
}
END_TEST

/* ---- bodies that say nothing ---- */

static const char *const bodies[] = {
	"",
	"<html></html>",
	"null",
	"[]",
	"7",
	"{}",
	"{\"errorCode\":7,\"errors\":[7]}",
	"{\"errorCode\":null,\"errors\":{\"errorCode\":\"CMN-401\"}}",
	"{\"errorCode\":[\"CMN-401\"],\"errors\":[]}",
	"{\"errors\":[{\"errorCode\":7}]}",
	"{\"errors\":[[\"CMN-401\"]]}",
	"{\"errorCode\":\"CMN-401\"",
	"{\"errorCode\":\"\\ud800\"}",
	"{\"code\":500,\"reason\":\"nope\"}",
};

START_TEST(a_body_that_says_nothing_leaves_the_status)
{
	const struct answer *answer = read_text(403, "", bodies[_i], LIST);

	ck_assert_int_eq(answer->next, ANSWER_RETRY);
	ck_assert_str_eq(answer->code, "");
	ck_assert_str_eq(answer->text, "HTTP 403");
	answer = read_text(503, "", bodies[_i], TOKEN);
	ck_assert_int_eq(answer->next, ANSWER_WAIT);
}
END_TEST

START_TEST(a_body_may_be_packed)
{
	static const char body[] = "{\"errors\":[{\"errorCode\":\"CMN-408\"}]}";
	unsigned char packed[200];
	z_stream z = {.next_in = (Bytef *)body,
		      .avail_in = sizeof body - 1,
		      .next_out = packed,
		      .avail_out = sizeof packed};

	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	read_raw("HTTP/1.1 403 Forbidden\r\nContent-Encoding: gzip\r\n", packed,
		 z.total_out, LIST);
	ck_assert_str_eq(w.answer.code, "CMN-408");
	for (size_t len = 0; len < z.total_out; len += 5) { /* cut, it says nothing */
		read_raw("HTTP/1.1 403 Forbidden\r\n", packed, len, LIST);
		ck_assert_str_eq(w.answer.code, "");
	}
}
END_TEST

START_TEST(a_large_body_is_not_read)
{
	char *body =
		mem_printf("{\"errorCode\":\"CMN-401\",\"message\":\"%*s\"}", 100000, "");

	read_text(403, "", body, LIST);
	ck_assert_str_eq(w.answer.code, "");
	free(body);
}
END_TEST

/* ---- the operator's text ---- */

START_TEST(the_text_says_status_code_hint_and_request)
{
	read_text(503, "RCRequestId: 00000000-1111-2222-3333-444444444444\r\n",
		  "{\"errors\":[{\"errorCode\":\"CMN-211\"}]}", LIST);
	ck_assert_str_eq(
		w.answer.text,
		"HTTP 503 CMN-211: the vendor is in maintenance or overloaded (request"
		" 00000000-1111-2222-3333-444444444444)");
	read_text(418, "", "", LIST);
	ck_assert_str_eq(w.answer.text, "HTTP 418");
	read_text(429, "", "{\"errorCode\":\"CMN-303\"}", LIST);
	ck_assert_str_eq(w.answer.text,
			 "HTTP 429 CMN-303: the vendor has no rate plan for this"
			 " app: ask its developer support");
	read_text(429, "Retry-After: 86398\r\n", "", LIST);
	ck_assert_str_eq(w.answer.text, "HTTP 429: too many requests");
	read_text(429, "Retry-After: 259200\r\n", "", LIST);
	ck_assert_str_eq(w.answer.text,
			 "HTTP 429: too many requests; it asks for a pause of a day or"
			 " more, of which a day is kept");
}
END_TEST

START_TEST(the_text_stays_a_line_of_plain_text)
{
	static const char body[] =
		"{\"errors\":[{\"errorCode\":\"A\\n\\u001b[2J\\u202eB\"}],\"error\":\"x\"}";
	char *headers = mem_printf("RCRequestId: \x1b[2J\xe2\x80\xae%0300d\r\n", 7);
	char *long_code = mem_printf(
		"{\"errors\":[{\"errorCode\":\"%01000d\"}],\"error\":\"x\"}", 7);

	read_text(403, headers, body, LIST);
	for (const char *p = w.answer.text; *p != '\0'; p++)
		ck_assert(*p >= ' ' && *p < 0x7f);
	ck_assert_ptr_nonnull(strstr(w.answer.text, "HTTP 403 A\\x0a\\x1b[2J"));
	read_text(403, headers, long_code, LIST);
	ck_assert_uint_lt(strlen(w.answer.code), sizeof w.answer.code);
	ck_assert_uint_lt(strlen(w.answer.text), sizeof w.answer.text);
	free(long_code);
	free(headers);
}
END_TEST

/* ---- no answer ---- */

static const struct {
	int rc;
	enum answer_next next;
	enum reason reason;
} failures[] = {
	{ERR_RETRY, ANSWER_RETRY, REASON_NETWORK},
	{ERR_FORMAT, ANSWER_RETRY, REASON_BAD_ANSWER},
	{ERR_DENIED, ANSWER_RETRY, REASON_NETWORK},
	{ERR_CONFIG, ANSWER_RETRY, REASON_NETWORK},
	{ERR_CANCELED, ANSWER_CANCELED, REASON_NETWORK},
};

START_TEST(without_an_answer_it_is_tried_again)
{
	struct http_request req = {.status = 200};
	struct answer answer;

	err_set(&req.err, failures[_i].rc, "no\nline");
	answer_read(&answer, &req, failures[_i].rc, LIST, NOW_MS);
	ck_assert_int_eq(answer.next, failures[_i].next);
	ck_assert_int_eq(answer.reason, failures[_i].reason);
	ck_assert_str_eq(answer.text, "no\\x0aline");
	ck_assert_int_eq(answer.wait_ms, 0);
}
END_TEST

/* It wins over our own waits: ringcentral/api.md section 6.4. */
START_TEST(an_error_may_ask_for_a_wait_too)
{
	static const int statuses[] = {500, 502, 403, 418};
	const struct answer *answer =
		read_text(statuses[_i], "Retry-After: 30\r\n", "", LIST);

	ck_assert_int_eq(answer->next, ANSWER_RETRY);
	ck_assert_int_eq(answer->wait_ms, 30000 + SPARE_MS);
	ck_assert_int_eq(
		read_text(statuses[_i], "Retry-After: -1\r\n", "", LIST)->wait_ms, 0);
}
END_TEST

START_TEST(a_refusal_without_its_body_is_one)
{
	static const long statuses[] = {429, 503};
	static const int rcs[] = {ERR_RETRY, ERR_FORMAT, ERR_CANCELED};
	struct http_request req = {.status = statuses[_i % 2]};
	struct answer answer;

	err_set(&req.err, rcs[_i / 2], "cut off");
	answer_read(&answer, &req, rcs[_i / 2], _i < 3 ? LIST : TOKEN, NOW_MS);
	ck_assert_int_eq(answer.next, ANSWER_WAIT);
	ck_assert_int_eq(answer.wait_ms, DEFAULT_MS);
	ck_assert_int_eq(answer.reason,
			 req.status == 429 ? REASON_LIMITED : REASON_MAINTENANCE);
}
END_TEST

/* ---- Retry-After ---- */

#define FALLBACK_MS 4711

static const struct {
	const char *header;
	int64_t wait_ms;
} waits[] = {
	{NULL, FALLBACK_MS},
	{"", FALLBACK_MS},
	{"30", 30000 + SPARE_MS},
	{" 30", 30000 + SPARE_MS},
	{"1.5", 1500 + SPARE_MS},
	{"0.001", 1 + SPARE_MS},
	{"1e1", 10000 + SPARE_MS},
	{"0", FALLBACK_MS},
	{"-0", FALLBACK_MS},
	{"-5", FALLBACK_MS},
	{"-1e300", FALLBACK_MS},
	{"soon", FALLBACK_MS},
	{"30 seconds", FALLBACK_MS},
	{"30s", FALLBACK_MS},
	{"3598", 3598000 + SPARE_MS},
	{"3600", 3600000 + SPARE_MS},
	{"7200", 7200000 + SPARE_MS},
	{"86398", 86398000 + SPARE_MS},
	{"86399", ANSWER_MAX_WAIT_MS},
	{"86400", ANSWER_MAX_WAIT_MS},
	{"99999999999", ANSWER_MAX_WAIT_MS},
	{"99999999999999999999999999", ANSWER_MAX_WAIT_MS},
	{"1e300", ANSWER_MAX_WAIT_MS},
	{"1e400", FALLBACK_MS},
	{"inf", FALLBACK_MS},
	{"nan", FALLBACK_MS},
	{"Mon, 14 Sep 2026 09:30:30 GMT", 30000 + SPARE_MS},
	{"Monday, 14-Sep-26 09:30:30 GMT", 30000 + SPARE_MS},
	{"Mon Sep 14 09:30:30 2026", 30000 + SPARE_MS},
	{"Mon, 14 Sep 2026 09:30:00 GMT", FALLBACK_MS + SPARE_MS},
	{"Mon, 14 Sep 2026 09:29:59 GMT", FALLBACK_MS + SPARE_MS},
	{"Thu, 01 Jan 1970 00:00:00 GMT", FALLBACK_MS + SPARE_MS},
	{"Mon, 14 Sep 2026 23:30:00 GMT", 14 * 3600000 + SPARE_MS},
	{"Tue, 15 Sep 2026 09:30:00 GMT", ANSWER_MAX_WAIT_MS},
	{"Tue, 19 Jan 2038 03:14:08 GMT", ANSWER_MAX_WAIT_MS},
	{"Mon, 14 Sep 2026", FALLBACK_MS + SPARE_MS},
};

START_TEST(retry_after_is_seconds_or_a_date)
{
	ck_assert_int_eq(answer_retry_after(waits[_i].header, NULL, NOW_MS, FALLBACK_MS),
			 waits[_i].wait_ms);
}
END_TEST

/* The vendor's clock is not ours. */
#define DATE "Date: Mon, 14 Sep 2026 12:00:00 GMT\r\n"

static const struct {
	const char *headers;
	int64_t wait_ms;
} clocks[] = {
	{DATE "Retry-After: 30\r\n", 30000 + SPARE_MS},
	{DATE "Retry-After: Mon, 14 Sep 2026 12:00:01 GMT\r\n", 1000 + SPARE_MS},
	{DATE "Retry-After: Mon, 14 Sep 2026 12:00:30 GMT\r\n", 30000 + SPARE_MS},
	{DATE "Retry-After: Mon, 14 Sep 2026 12:00:00 GMT\r\n", DEFAULT_MS},
	{DATE "Retry-After: Mon, 14 Sep 2026 09:30:30 GMT\r\n", DEFAULT_MS},
	{"Date: now\r\nRetry-After: Mon, 14 Sep 2026 09:32:00 GMT\r\n",
	 120000 + SPARE_MS},
	{"Date: now\r\nRetry-After: Mon, 14 Sep 2026 09:30:30 GMT\r\n",
	 DEFAULT_MS + SPARE_MS},
	{"Retry-After: Mon, 14 Sep 2026 09:30:30 GMT\r\n", DEFAULT_MS + SPARE_MS},
};

START_TEST(a_date_is_of_the_vendors_clock)
{
	ck_assert_int_eq(read_text(429, clocks[_i].headers, "{}", LIST)->wait_ms,
			 clocks[_i].wait_ms);
}
END_TEST

START_TEST(every_reason_has_its_word)
{
	static const char *const words[] = {
		NULL,     "credentials", "permission", "limited",     "maintenance",
		"vendor", "network",     "bad_answer", "list_shrunk", "store"};

	for (size_t i = 1; i < COUNT(words); i++)
		ck_assert_str_eq(reason_name((enum reason)i), words[i]);
	ck_assert_ptr_null(reason_name(REASON_NONE));
	ck_assert_int_eq(REASON_STORE, COUNT(words) - 1);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_sample_means_what_the_vendor_says, COUNT(samples)},
		{a_repeated_header_counts_as_it_was_said_last, 1},
		{a_code_decides_where_the_status_alone_would_not, COUNT(codes)},
		{a_wait_is_of_the_group_that_the_answer_names, 1},
		{a_body_that_says_nothing_leaves_the_status, COUNT(bodies)},
		{a_body_may_be_packed, 1},
		{a_large_body_is_not_read, 1},
		{the_text_says_status_code_hint_and_request, 1},
		{the_text_stays_a_line_of_plain_text, 1},
		{without_an_answer_it_is_tried_again, COUNT(failures)},
		{an_error_may_ask_for_a_wait_too, 4},
		{a_refusal_without_its_body_is_one, 6},
		{retry_after_is_seconds_or_a_date, COUNT(waits)},
		{a_date_is_of_the_vendors_clock, COUNT(clocks)},
		{every_reason_has_its_word, 1},
	};

	return suite_run("answer", tests, COUNT(tests), open_world, close_world);
}
