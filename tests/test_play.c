/* phonewatch-sim asked by a real HTTP client: tokens, the list, limits; and the program. */
#include "sim/play.h"

#include "lib/suite.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/playing.h"
#include "lib/program.h"

/* ---- tokens ---- */

static const struct {
	const char *user, *form;
	long status;
	const char *code, *word;
} grants[] = {
	{PLAYING_USER, PLAYING_JWT, 200, "", ""},
	{"the-id:wrong", PLAYING_JWT, 400, "OAU-153", "invalid_client"},
	{"wrong:the-secret", PLAYING_JWT, 400, "OAU-153", "invalid_client"},
	{PLAYING_USER, PLAYING_GRANT "&assertion=wrong", 400, "OAU-331", "invalid_grant"},
	{PLAYING_USER, PLAYING_GRANT, 400, "OAU-331", "invalid_grant"},
	{PLAYING_USER, "assertion=the-jwt", 400, "", "invalid_request"},
	{PLAYING_USER, "grant_type=password", 400, "", "unsupported_grant_type"},
	{PLAYING_USER, "grant_type=refresh_token&refresh_token=x", 400, "OAU-251",
	 "unauthorized_client"},
};

START_TEST(a_token_is_given_to_whom_it_belongs)
{
	struct client_call call;
	json_t *json;

	playing_start();
	playing_ask_token(&call, grants[_i].user, grants[_i].form);
	ck_assert_int_eq(call.status, grants[_i].status);
	json = playing_json(&call);
	ck_assert_str_eq(playing_at(json, "errors.0.errorCode"), grants[_i].code);
	ck_assert_str_eq(playing_at(json, "error"), grants[_i].word);
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Group"), "auth");
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Remaining"), "4");
	if (call.status == 200) {
		ck_assert_str_eq(playing_at(json, "token_type"), "bearer");
		ck_assert_str_eq(playing_at(json, "expires_in"), "3600");
		ck_assert_str_eq(playing_at(json, "refresh_token"), "");
	}
	json_decref(json);
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(a_token_request_may_ask_for_a_shorter_life)
{
	static const struct {
		const char *asked, *life;
	} lives[] = {{"900", "900"}, {"1", "600"}, {"99999", "3600"}};
	struct client_call call;
	char form[256];
	json_t *json;

	playing_start();
	for (size_t i = 0; i < COUNT(lives); i++) {
		snprintf(form, sizeof form, "%s&assertion=the-jwt&access_token_ttl=%s",
			 PLAYING_GRANT, lives[i].asked);
		playing_ask_token(&call, PLAYING_USER, form);
		json = playing_json(&call);
		ck_assert_str_eq(playing_at(json, "expires_in"), lives[i].life);
		json_decref(json);
		client_end(&playing.client, &call);
	}
}
END_TEST

START_TEST(a_refresh_token_gives_a_new_pair)
{
	struct client_call call;
	char form[256];
	json_t *json;

	playing.config.setup = "refresh-tokens on";
	playing_start();
	playing_ask_token(&call, PLAYING_USER, PLAYING_JWT);
	json = playing_json(&call);
	ck_assert_str_eq(playing_at(json, "refresh_token_expires_in"), "604800");
	snprintf(form, sizeof form, "grant_type=refresh_token&refresh_token=%s",
		 playing_at(json, "refresh_token"));
	json_decref(json);
	client_end(&playing.client, &call);
	playing_ask_token(&call, PLAYING_USER, form);
	ck_assert_int_eq(call.status, 200);
	client_end(&playing.client, &call);
	playing_ask_token(&call, PLAYING_USER,
			  "grant_type=refresh_token&refresh_token=x");
	json = playing_json(&call);
	ck_assert_str_eq(playing_at(json, "errors.0.errorCode"), "OAU-213");
	json_decref(json);
	client_end(&playing.client, &call);
}
END_TEST

static void expect_401(const char *line, const char *code, const char *word)
{
	struct client_call call;
	json_t *json;

	client_start(&playing.client, &call, playing_url(PLAYING_LIST), NULL);
	if (line != NULL)
		client_line(&call, line);
	client_wait(&playing.client, &call);
	ck_assert_int_eq(call.status, 401);
	json = playing_json(&call);
	ck_assert_str_eq(playing_at(json, "errors.0.errorCode"), code);
	ck_assert_str_eq(playing_at(json, "errorCode"), word);
	ck_assert_ptr_null(client_header(&call, "X-Rate-Limit-Group"));
	ck_assert_ptr_nonnull(client_header(&call, "WWW-Authenticate"));
	json_decref(json);
	client_end(&playing.client, &call);
}

START_TEST(a_request_without_a_good_token_is_refused)
{
	char form[256];
	struct client_call call;

	playing_start();
	playing_log_in();
	expect_401(NULL, "AGW-401", "AGW-401");
	expect_401("Authorization: Basic eDp5", "AGW-401", "AGW-401");
	expect_401("Authorization: Bearer nonsense", "OAU-213", "TokenInvalid");
	snprintf(form, sizeof form, "token=%s", strrchr(playing.bearer, ' ') + 1);
	client_ask(&playing.client, &call, playing_url("/restapi/oauth/revoke"), form);
	ck_assert_int_eq(call.status, 200);
	ck_assert_uint_eq(call.body.len, 0);
	client_end(&playing.client, &call);
	expect_401(playing.bearer, "OAU-213", "TokenInvalid");
	playing_log_in();
	playing_command("token revoke");
	expect_401(playing.bearer, "OAU-213", "TokenInvalid");
}
END_TEST

START_TEST(a_token_dies_in_time_and_sooner_where_time_is_fast)
{
	int64_t until_ms;

	playing.config.setup = "token-ttl 600";
	playing.config.speed = 60000; /* ten minutes are 10 ms */
	playing_start();
	playing_log_in();
	until_ms = clock_mono_ms() + 10;
	while (clock_mono_ms() < until_ms)
		client_turn(&playing.client);
	expect_401(playing.bearer, "OAU-128", "TokenExpired");
}
END_TEST

START_TEST(the_token_endpoint_refuses_as_told)
{
	static const char *const codes[] = {"OAU-153", "OAU-251", "OAU-213", "OAU-999"};
	struct client_call call;
	char text[64];
	json_t *json;

	playing_start();
	playing_command("limit auth=100");
	for (size_t i = 0; i < COUNT(codes); i++) {
		snprintf(text, sizeof text, "token refuse %s", codes[i]);
		playing_command("%s", text);
		playing_ask_token(&call, PLAYING_USER, PLAYING_JWT);
		ck_assert_int_eq(call.status, 400);
		json = playing_json(&call);
		ck_assert_str_eq(playing_at(json, "errors.0.errorCode"), codes[i]);
		json_decref(json);
		client_end(&playing.client, &call);
	}
	playing_command("token accept");
	playing_log_in();
}
END_TEST

/* ---- the list ---- */

START_TEST(the_list_comes_with_its_headers)
{
	struct client_call call;
	json_t *json;

	playing_start();
	playing_log_in();
	playing_list(&call, "?perPage=1000", "gzip");
	ck_assert_int_eq(call.status, 200);
	ck_assert_str_eq(client_header(&call, "Content-Encoding"), "gzip");
	ck_assert_str_eq(client_header(&call, "Content-Type"),
			 "application/json;charset=utf-8");
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Group"), "medium");
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Limit"), "40");
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Remaining"), "39");
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Window"), "60");
	ck_assert_ptr_nonnull(client_header(&call, "RCRequestId"));
	json = playing_json(&call);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "records")), 250);
	json_decref(json);
	client_end(&playing.client, &call);
}
END_TEST

static const struct {
	const char *query, *setup;
	long status;
	const char *per_page, *parameter;
} queries[] = {
	{"", NULL, 200, "100", ""},
	{"?perPage=10", NULL, 200, "10", ""},
	{"?perPage=2000", NULL, 200, "1000", ""},
	{"?perPage=1000", "per-page-max 50", 200, "50", ""},
	{"?page=3&perPage=100", NULL, 200, "100", ""},
	{"?page=0", NULL, 400, "", "page"},
	{"?page=-1", NULL, 400, "", "page"},
	{"?page=x", NULL, 400, "", "page"},
	{"?page=", NULL, 400, "", "page"},
	{"?page=99999999999", NULL, 400, "", "page"},
	{"?perPage=0", NULL, 400, "", "perPage"},
	{"?perPage=1.5", NULL, 400, "", "perPage"},
};

START_TEST(a_page_is_as_asked_or_refused)
{
	struct client_call call;
	json_t *json;

	playing.config.setup = queries[_i].setup;
	playing_start();
	playing_log_in();
	playing_list(&call, queries[_i].query, NULL);
	ck_assert_int_eq(call.status, queries[_i].status);
	json = playing_json(&call);
	ck_assert_str_eq(playing_at(json, "paging.perPage"), queries[_i].per_page);
	ck_assert_str_eq(playing_at(json, "errorCode"),
			 queries[_i].status == 200 ? "" : "CMN-101");
	ck_assert_str_eq(playing_at(json, "parameterName"), queries[_i].parameter);
	json_decref(json);
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(the_account_has_a_number_too_and_nothing_else_is_there)
{
	static const struct {
		const char *path, *body;
		long status;
		const char *code;
	} paths[] = {
		{"/restapi/v1.0/account/400131008/device", NULL, 200, NULL},
		{"/restapi/v1.0/account/1/device", NULL, 404, "CMN-102"},
		{PLAYING_LIST "/", NULL, 404, "CMN-120"},
		{PLAYING_LIST, "a body", 404, "CMN-120"},
		{PLAYING_TOKEN, NULL, 404, "CMN-120"},
		{"/", NULL, 404, "CMN-120"},
	};

	playing_start();
	playing_log_in();
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct client_call call;

		client_start(&playing.client, &call, playing_url(paths[i].path),
			     paths[i].body);
		client_line(&call, playing.bearer);
		client_wait(&playing.client, &call);
		ck_assert_int_eq(call.status, paths[i].status);
		if (call.status == 404)
			ck_assert_ptr_nonnull(
				strstr(buf_text(&call.body), paths[i].code));
		client_end(&playing.client, &call);
	}
}
END_TEST

static const struct {
	const char *gzip;
	bool packed, same;
} packings[] = {
	{"gzip same", true, true},
	{"gzip vary", true, false},
	{"gzip off", false, true},
};

START_TEST(a_page_is_packed_as_told)
{
	struct client_call plain, unpacked;
	size_t len_a, len_b;
	char *a, *b;

	playing.config.setup = packings[_i].gzip;
	playing_start();
	playing_log_in();
	a = playing_raw_page(&len_a);
	b = playing_raw_page(&len_b);
	ck_assert_uint_eq(len_a, len_b);
	ck_assert_int_eq(memcmp(a, b, len_a) == 0, packings[_i].same);
	ck_assert_int_eq(a[0] == 0x1f, packings[_i].packed);
	free(a);
	free(b);
	playing_list(&plain, "", NULL);
	playing_list(&unpacked, "", "gzip");
	ck_assert_int_eq(unpacked.result, CURLE_OK);
	ck_assert_str_eq(buf_text(&plain.body), buf_text(&unpacked.body));
	ck_assert_ptr_null(client_header(&plain, "Content-Encoding"));
	client_end(&playing.client, &plain);
	client_end(&playing.client, &unpacked);
}
END_TEST

/* ---- limits ---- */

static void expect_list(long status, const char *remaining, const char *retry_after)
{
	struct client_call call;
	const char *header;

	playing_list(&call, "?perPage=1", NULL);
	ck_assert_int_eq(call.status, status);
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Remaining"), remaining);
	header = client_header(&call, "Retry-After");
	ck_assert_str_eq(header != NULL ? header : "", retry_after);
	client_end(&playing.client, &call);
}

START_TEST(a_group_is_limited_and_the_log_tells_of_penalties)
{
	playing.config.setup = "list-group strange\npenalty 2\nlimit strange=2";
	playing_start();
	playing_log_in();
	expect_list(200, "1", "");
	expect_list(200, "0", "");
	ck_assert_ptr_eq(
		strstr(playing_last_line(),
		       "{\"event\":\"request\",\"n\":3,\"account\":\"1\",\"method\":\"GET\",\"path\":\"" PLAYING_LIST
		       "\",\"query\":\"perPage=1\",\"status\":200,\"group\":\"strange\","
		       "\"remaining\":0,\"in_penalty\":false,\"fault\":null,\"bytes\":"),
		playing_last_line());
	expect_list(429, "0", "2");
	ck_assert_ptr_nonnull(strstr(playing_last_line(), "\"status\":429"));
	ck_assert_ptr_nonnull(strstr(playing_last_line(), "\"in_penalty\":false"));
	expect_list(429, "0", "2");
	ck_assert_ptr_nonnull(strstr(playing_last_line(), "\"in_penalty\":true"));
	playing_command("limit strange=5/30");
	expect_list(200, "4", "");
}
END_TEST

START_TEST(the_auth_group_is_limited_too)
{
	struct client_call call;

	playing_start();
	for (int i = 0; i < 6; i++) {
		playing_ask_token(&call, "the-id:wrong", PLAYING_JWT);
		ck_assert_int_eq(call.status, i < 5 ? 400 : 429);
		client_end(&playing.client, &call);
	}
}
END_TEST

/* How the headers of the limit are spelled, and what they say; "": missing. */
static const struct {
	const char *setup;
	const char *usual, *joined; /* X-Rate-Limit-Group and X-RateLimit-Group */
	const char *spelling;       /* stands in the headers, byte for byte */
	const char *remaining;      /* of the usual ones */
} rate_headers[] = {
	{"rate-headers usual", "medium", "", "\nX-Rate-Limit-Window: 60\r", "39"},
	{"rate-headers joined", "", "medium", "\nX-RateLimit-Remaining: 39\r", ""},
	{"rate-headers lower", "medium", "", "\nx-rate-limit-window: 60\r", "39"},
	{"rate-headers none", "", "", "\nRCRequestId: ", ""},
	{"rate-headers garbage", "Extra-Heavy", "", "\nX-Rate-Limit-Limit: many\r", "-1"},
	{"rate-headers twice", "medium", "",
	 "\nX-Rate-Limit-Window: 60\r\nX-Rate-Limit-Group: heavy\r", "39"},
};

static void expect_header(const struct client_call *call, const char *name,
			  const char *value)
{
	const char *header = client_header(call, name);

	ck_assert_str_eq(header != NULL ? header : "", value);
}

START_TEST(the_limit_is_told_in_other_ways)
{
	struct client_call call;

	playing.config.setup = rate_headers[_i].setup;
	playing_start();
	playing_log_in();
	playing_list(&call, "", NULL);
	expect_header(&call, "X-Rate-Limit-Group", rate_headers[_i].usual);
	expect_header(&call, "X-RateLimit-Group", rate_headers[_i].joined);
	expect_header(&call, "X-Rate-Limit-Remaining", rate_headers[_i].remaining);
	ck_assert_msg(strstr(buf_text(&call.headers), rate_headers[_i].spelling) != NULL,
		      "%s", buf_text(&call.headers));
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(retry_after_is_told_in_other_ways)
{
	static const char *const setups[] = {"retry-after seconds", "retry-after date",
					     "retry-after none"};
	struct client_call call;
	const char *header;

	for (size_t i = 0; i < COUNT(setups); i++) {
		if (i == 0) {
			playing.config.setup = "limit medium=0\npenalty 90";
			playing_start();
			playing_log_in();
		}
		playing_command("%s", setups[i]);
		playing_list(&call, "", NULL);
		ck_assert_int_eq(call.status, 429);
		header = client_header(&call, "Retry-After");
		if (i == 0)
			ck_assert_str_eq(header, "90");
		else if (i == 1)
			ck_assert_int_le(llabs(curl_getdate(header, NULL) - 90 -
					       clock_utc_ms() / 1000),
					 1);
		else
			ck_assert_ptr_null(header);
		client_end(&playing.client, &call);
	}
}
END_TEST

START_TEST(an_endpoint_counts_where_it_is_told_to)
{
	struct client_call call;

	playing.config.setup = "group list=light\ngroup extensions=none\n"
			       "group status=heavy\nlimit light=1";
	playing_start();
	playing_log_in();
	playing_list(&call, "", NULL);
	expect_header(&call, "X-Rate-Limit-Group", "light");
	expect_header(&call, "X-Rate-Limit-Remaining", "0");
	client_end(&playing.client, &call);
	playing_get(&call, PLAYING_EXTENSIONS, NULL);
	ck_assert_int_eq(call.status, 200);
	expect_header(&call, "X-Rate-Limit-Group", "");
	client_end(&playing.client, &call);
	playing_get(&call, PLAYING_EXTENSIONS "/62264000000/device", NULL);
	ck_assert_int_eq(call.status, 429);
	client_end(&playing.client, &call);
	playing_get(&call, "/restapi/v1.0/status", NULL);
	expect_header(&call, "X-Rate-Limit-Group", "heavy");
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(secrets_stay_out_of_the_log)
{
	struct client_call call;
	char path[256], text[65536];
	FILE *file;
	size_t n;

	playing_start();
	playing_log_in();
	snprintf(path, sizeof path, "/other?access_token=%s",
		 strrchr(playing.bearer, ' ') + 1);
	client_ask(&playing.client, &call, playing_url(path), NULL);
	client_end(&playing.client, &call);
	playing_list(&call, "", NULL);
	client_end(&playing.client, &call);
	file = fopen(playing.log_path, "r");
	n = fread(text, 1, sizeof text - 1, file);
	text[n] = '\0';
	fclose(file);
	ck_assert_uint_gt(n, 300);
	ck_assert_ptr_null(strstr(text, "the-secret"));
	ck_assert_ptr_null(strstr(text, "the-jwt"));
	ck_assert_ptr_null(strstr(text, strrchr(playing.bearer, ' ') + 1));
}
END_TEST

/* ---- the program ---- */

START_TEST(the_program_says_where_it_listens_and_stops_when_told)
{
	static const int signals[] = {SIGTERM, SIGINT, 0};
	char *args[] = {"phonewatch-sim", "--refresh-tokens", "--accounts=2", NULL, NULL};
	char line[256];
	FILE *out;
	pid_t pid;

	if (signals[_i] == 0)
		args[3] = "--for=100ms";
	pid = program_start(args, &out);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, out));
	ck_assert_ptr_eq(strstr(line, "listening on http://127.0.0.1:"), line);
	if (signals[_i] != 0)
		kill(pid, signals[_i]);
	ck_assert_ptr_null(fgets(line, sizeof line, out)); /* one line only */
	fclose(out);
	ck_assert_int_eq(program_status(pid), 0);
}
END_TEST

static const struct {
	char *args[4];
	const char *line;
} uses[] = {
	{{"phonewatch-sim", "--devices", "x"},
	 "phonewatch-sim: --devices: expected a number of 0 to 2000000, not \"x\"\n"},
	{{"phonewatch-sim", "--sites=0"},
	 "phonewatch-sim: --sites: expected a number of 1 to"},
	{{"phonewatch-sim", "--listen", "0.0.0.0:0"},
	 "phonewatch-sim: listen on 0.0.0.0:0: not a loopback address\n"},
	{{"phonewatch-sim", "--life", "5"}, "phonewatch-sim: --life: expected a share"},
	{{"phonewatch-sim", "--speed", "0"},
	 "phonewatch-sim: --speed: expected a number"},
	{{"phonewatch-sim", "--for", "5"}, "phonewatch-sim: --for: expected a duration"},
	{{"phonewatch-sim", "--gzip", "on"},
	 "phonewatch-sim: --gzip: expected same, vary"},
	{{"phonewatch-sim", "--limit", "x"}, "phonewatch-sim: --limit: expected GROUP=N"},
	{{"phonewatch-sim", "--tls", "x"}, "phonewatch-sim: --tls: expected CERT,KEY"},
	{{"phonewatch-sim", "--tls", "/nowhere,x"},
	 "phonewatch-sim: --tls: /nowhere: No such file or directory\n"},
	{{"phonewatch-sim", "--jwt-file", "/nowhere"},
	 "phonewatch-sim: --jwt-file: /nowhere: No such file or directory\n"},
	{{"phonewatch-sim", "--script", "/nowhere"},
	 "phonewatch-sim: /nowhere: No such file or directory\n"},
	{{"phonewatch-sim", "--log", "/nowhere/log"},
	 "phonewatch-sim: open /nowhere/log: No such file or directory\n"},
	{{"phonewatch-sim", "--accounts", "0"},
	 "phonewatch-sim: --accounts: expected a number of 1 to 10000, not \"0\"\n"},
	{{"phonewatch-sim", "--per-page-max", "0"},
	 "phonewatch-sim: --per-page-max: expected a number of 1 to 1000, not \"0\"\n"},
	{{"phonewatch-sim", "--group", "list"},
	 "phonewatch-sim: --group: expected ENDPOINT=GROUP, as list=heavy, not "},
	{{"phonewatch-sim", "--webhook-secret", "none"},
	 "phonewatch-sim: a webhook secret is \"whsec_\""},
	{{"phonewatch-sim", "--bogus"},
	 "phonewatch-sim: --bogus: no such option; see phonewatch-sim --help\n"},
	{{"phonewatch-sim", "--devices"},
	 "phonewatch-sim: --devices: needs a value; see phonewatch-sim --help\n"},
	{{"phonewatch-sim", "word"},
	 "phonewatch-sim: word: unexpected; see phonewatch-sim --help\n"},
};

START_TEST(wrong_use_is_one_line_and_status_2)
{
	char line[256];
	FILE *out;
	pid_t pid = program_start(uses[_i].args, &out);

	ck_assert_ptr_nonnull(fgets(line, sizeof line, out));
	ck_assert_msg(strncmp(line, uses[_i].line, strlen(uses[_i].line)) == 0, "%s",
		      line);
	ck_assert_ptr_null(fgets(line, sizeof line, out));
	fclose(out);
	ck_assert_int_eq(program_status(pid), 2);
}
END_TEST

START_TEST(the_program_explains_itself)
{
	char *args[] = {"phonewatch-sim", "--help", NULL};
	char text[16384];
	FILE *out;
	pid_t pid = program_start(args, &out);
	size_t n = fread(text, 1, sizeof text - 1, out);

	text[n] = '\0';
	fclose(out);
	ck_assert_int_eq(program_status(pid), 0);
	ck_assert_ptr_nonnull(strstr(text, "--list-group GROUP"));
	ck_assert_ptr_nonnull(strstr(text, "fault CHOICE KIND"));
	ck_assert_ptr_nonnull(strstr(text, "\n  --per-page-max N "));
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_token_is_given_to_whom_it_belongs, COUNT(grants)},
		{a_token_request_may_ask_for_a_shorter_life, 1},
		{a_refresh_token_gives_a_new_pair, 1},
		{a_request_without_a_good_token_is_refused, 1},
		{a_token_dies_in_time_and_sooner_where_time_is_fast, 1},
		{the_token_endpoint_refuses_as_told, 1},
		{the_list_comes_with_its_headers, 1},
		{a_page_is_as_asked_or_refused, COUNT(queries)},
		{the_account_has_a_number_too_and_nothing_else_is_there, 1},
		{a_page_is_packed_as_told, COUNT(packings)},
		{a_group_is_limited_and_the_log_tells_of_penalties, 1},
		{the_auth_group_is_limited_too, 1},
		{the_limit_is_told_in_other_ways, COUNT(rate_headers)},
		{retry_after_is_told_in_other_ways, 1},
		{an_endpoint_counts_where_it_is_told_to, 1},
		{secrets_stay_out_of_the_log, 1},
		{the_program_says_where_it_listens_and_stops_when_told, 3},
		{wrong_use_is_one_line_and_status_2, COUNT(uses)},
		{the_program_explains_itself, 1},
	};

	return suite_run("play", tests, COUNT(tests), playing_setup, playing_teardown);
}
