/* The whole simulation, asked by a real HTTP client, and the program. */
#include "sim/play.h"

#include "lib/suite.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "lib/client.h"

#define LIST  "/restapi/v1.0/account/~/device"
#define TOKEN "/restapi/oauth/token"
#define GRANT "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"

static uv_loop_t loop;
static struct client client;
static struct play *play;
static struct play_config config;
static struct err err;
static char *log_path;
static char bearer[128]; /* the Authorization line */

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&loop);
	client_open(&client, &loop);
	log_path = mem_printf("%s/sim.ndjson", suite_dir());
	config = (struct play_config){
		.address = "127.0.0.1:0",
		.world = {.n_devices = 250, .n_sites = 5, .seed = 1, .at_ms = 1},
		.vendor =
			{
				.oauth = {.client_id = "the-id",
					  .client_secret = "the-secret",
					  .jwt = "the-jwt",
					  .token_ms = 3600000,
					  .speed = 1},
				.list_group = "medium",
				.penalty_ms = 60000,
				.per_page_max = 1000,
			},
		.speed = 1,
		.log = log_path,
	};
}

static void teardown(void)
{
	if (play != NULL)
		play_stop(play);
	client_close(&client);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	free(log_path);
}

static void start(void)
{
	ck_assert_msg(play_start(&loop, &config, &play, &err) == 0, "%s", err.text);
}

static const char *url(const char *path)
{
	static char text[512];

	snprintf(text, sizeof text, "%s%s", play_url(play), path);
	return text;
}

/* ---- asking ---- */

static void ask_token(struct client_call *call, const char *user, const char *form)
{
	client_start(&client, call, url(TOKEN), form);
	curl_easy_setopt(call->easy, CURLOPT_USERPWD, user);
	client_wait(&client, call);
}

static json_t *json_of(const struct client_call *call)
{
	json_error_t error;
	json_t *json = json_loadb(call->body.data, call->body.len, 0, &error);

	ck_assert_msg(json != NULL, "%s: %s", error.text, buf_text(&call->body));
	return json;
}

/* The text at a path of member names, as "errors.0.errorCode"; "" where there is none. */
static const char *at(const json_t *json, const char *path)
{
	static char text[64];

	while (json != NULL && *path != '\0') {
		size_t len = strcspn(path, ".");
		char name[64];

		snprintf(name, sizeof name, "%.*s", (int)len, path);
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(name))
					   : json_object_get(json, name);
		path += len + (path[len] == '.');
	}
	if (json_is_integer(json)) {
		snprintf(text, sizeof text, "%lld", (long long)json_integer_value(json));
		return text;
	}
	return json_is_string(json) ? json_string_value(json) : "";
}

static void log_in(void)
{
	struct client_call call;
	json_t *json;

	ask_token(&call, "the-id:the-secret", GRANT "&assertion=the-jwt");
	ck_assert_int_eq(call.status, 200);
	json = json_of(&call);
	snprintf(bearer, sizeof bearer, "Authorization: Bearer %s",
		 at(json, "access_token"));
	json_decref(json);
	client_end(&client, &call);
}

/* Ask for a list; curl unpacks where encoding is "gzip", and nobody where it is a line. */
static void start_list(struct client_call *call, const char *query, const char *encoding)
{
	char path[256];

	snprintf(path, sizeof path, LIST "%s", query);
	client_start(&client, call, url(path), NULL);
	client_line(call, bearer);
	if (encoding != NULL && strchr(encoding, ':') != NULL)
		client_line(call, encoding);
	else if (encoding != NULL)
		curl_easy_setopt(call->easy, CURLOPT_ACCEPT_ENCODING, encoding);
}

static void ask_list(struct client_call *call, const char *query, const char *encoding)
{
	start_list(call, query, encoding);
	client_wait(&client, call);
}

static void command(const char *text)
{
	ck_assert_msg(play_command(play, text, &err) == 0, "%s", err.text);
}

/* ---- the log ---- */

/* All lines of the log so far, an array. */
static json_t *read_log(void)
{
	json_t *lines = json_array(), *line;
	FILE *file = fopen(log_path, "r");
	json_error_t error;

	ck_assert_ptr_nonnull(file);
	while ((line = json_loadf(file, JSON_DISABLE_EOF_CHECK, &error)) != NULL)
		json_array_append_new(lines, line);
	fclose(file);
	return lines;
}

static size_t count_log(const char *event)
{
	json_t *lines = read_log(), *line;
	size_t i, n = 0;

	json_array_foreach(lines, i, line) n += strcmp(at(line, "event"), event) == 0;
	json_decref(lines);
	return n;
}

/* The last line, compact and without its time. */
static const char *last_line(void)
{
	static char text[1024];
	json_t *lines = read_log();
	json_t *last = json_array_get(lines, json_array_size(lines) - 1);
	char *dump;

	ck_assert(json_is_integer(json_object_get(last, "at_ms")));
	json_object_del(last, "at_ms");
	dump = json_dumps(last, JSON_COMPACT);
	snprintf(text, sizeof text, "%s", dump);
	free(dump);
	json_decref(lines);
	return text;
}

/* ---- tokens ---- */

static const struct {
	const char *user, *form;
	long status;
	const char *code, *word;
} grants[] = {
	{"the-id:the-secret", GRANT "&assertion=the-jwt", 200, "", ""},
	{"the-id:wrong", GRANT "&assertion=the-jwt", 400, "OAU-153", "invalid_client"},
	{"wrong:the-secret", GRANT "&assertion=the-jwt", 400, "OAU-153",
	 "invalid_client"},
	{"the-id:the-secret", GRANT "&assertion=wrong", 400, "OAU-331", "invalid_grant"},
	{"the-id:the-secret", GRANT, 400, "OAU-331", "invalid_grant"},
	{"the-id:the-secret", "assertion=the-jwt", 400, "", "invalid_request"},
	{"the-id:the-secret", "grant_type=password", 400, "", "unsupported_grant_type"},
	{"the-id:the-secret", "grant_type=refresh_token&refresh_token=x", 400, "OAU-251",
	 "unauthorized_client"},
};

START_TEST(a_token_is_given_to_whom_it_belongs)
{
	struct client_call call;
	json_t *json;

	start();
	ask_token(&call, grants[_i].user, grants[_i].form);
	ck_assert_int_eq(call.status, grants[_i].status);
	json = json_of(&call);
	ck_assert_str_eq(at(json, "errors.0.errorCode"), grants[_i].code);
	ck_assert_str_eq(at(json, "error"), grants[_i].word);
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Group"), "auth");
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Remaining"), "4");
	if (call.status == 200) {
		ck_assert_str_eq(at(json, "token_type"), "bearer");
		ck_assert_str_eq(at(json, "expires_in"), "3600");
		ck_assert_str_eq(at(json, "refresh_token"), "");
	}
	json_decref(json);
	client_end(&client, &call);
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

	start();
	for (size_t i = 0; i < COUNT(lives); i++) {
		snprintf(form, sizeof form, "%s&assertion=the-jwt&access_token_ttl=%s",
			 GRANT, lives[i].asked);
		ask_token(&call, "the-id:the-secret", form);
		json = json_of(&call);
		ck_assert_str_eq(at(json, "expires_in"), lives[i].life);
		json_decref(json);
		client_end(&client, &call);
	}
}
END_TEST

START_TEST(a_refresh_token_gives_a_new_pair)
{
	struct client_call call;
	char form[256];
	json_t *json;

	config.vendor.oauth.refresh_tokens = true;
	start();
	ask_token(&call, "the-id:the-secret", GRANT "&assertion=the-jwt");
	json = json_of(&call);
	ck_assert_str_eq(at(json, "refresh_token_expires_in"), "604800");
	snprintf(form, sizeof form, "grant_type=refresh_token&refresh_token=%s",
		 at(json, "refresh_token"));
	json_decref(json);
	client_end(&client, &call);
	ask_token(&call, "the-id:the-secret", form);
	ck_assert_int_eq(call.status, 200);
	client_end(&client, &call);
	ask_token(&call, "the-id:the-secret", "grant_type=refresh_token&refresh_token=x");
	json = json_of(&call);
	ck_assert_str_eq(at(json, "errors.0.errorCode"), "OAU-213");
	json_decref(json);
	client_end(&client, &call);
}
END_TEST

static void expect_401(const char *line, const char *code, const char *word)
{
	struct client_call call;
	json_t *json;

	client_start(&client, &call, url(LIST), NULL);
	if (line != NULL)
		client_line(&call, line);
	client_wait(&client, &call);
	ck_assert_int_eq(call.status, 401);
	json = json_of(&call);
	ck_assert_str_eq(at(json, "errors.0.errorCode"), code);
	ck_assert_str_eq(at(json, "errorCode"), word);
	ck_assert_ptr_null(client_header(&call, "X-Rate-Limit-Group"));
	ck_assert_ptr_nonnull(client_header(&call, "WWW-Authenticate"));
	json_decref(json);
	client_end(&client, &call);
}

START_TEST(a_request_without_a_good_token_is_refused)
{
	char form[256];
	struct client_call call;

	start();
	log_in();
	expect_401(NULL, "AGW-401", "AGW-401");
	expect_401("Authorization: Basic eDp5", "AGW-401", "AGW-401");
	expect_401("Authorization: Bearer nonsense", "OAU-213", "TokenInvalid");
	snprintf(form, sizeof form, "token=%s", strrchr(bearer, ' ') + 1);
	client_ask(&client, &call, url("/restapi/oauth/revoke"), form);
	ck_assert_int_eq(call.status, 200);
	ck_assert_uint_eq(call.body.len, 0);
	client_end(&client, &call);
	expect_401(bearer, "OAU-213", "TokenInvalid");
	log_in();
	command("token revoke");
	expect_401(bearer, "OAU-213", "TokenInvalid");
}
END_TEST

START_TEST(a_token_dies_in_time_and_sooner_where_time_is_fast)
{
	int64_t until_ms;

	config.vendor.oauth.token_ms = 600000;
	config.vendor.oauth.speed = 60000; /* ten minutes are 10 ms */
	start();
	log_in();
	until_ms = clock_mono_ms() + 10;
	while (clock_mono_ms() < until_ms)
		client_turn(&client);
	expect_401(bearer, "OAU-128", "TokenExpired");
}
END_TEST

START_TEST(the_token_endpoint_refuses_as_told)
{
	static const char *const codes[] = {"OAU-153", "OAU-251", "OAU-213", "OAU-999"};
	struct client_call call;
	char text[64];
	json_t *json;

	start();
	command("limit auth=100");
	for (size_t i = 0; i < COUNT(codes); i++) {
		snprintf(text, sizeof text, "token refuse %s", codes[i]);
		command(text);
		ask_token(&call, "the-id:the-secret", GRANT "&assertion=the-jwt");
		ck_assert_int_eq(call.status, 400);
		json = json_of(&call);
		ck_assert_str_eq(at(json, "errors.0.errorCode"), codes[i]);
		json_decref(json);
		client_end(&client, &call);
	}
	command("token accept");
	log_in();
}
END_TEST

/* ---- the list ---- */

START_TEST(the_list_comes_with_its_headers)
{
	struct client_call call;
	json_t *json;

	start();
	log_in();
	ask_list(&call, "?perPage=1000", "gzip");
	ck_assert_int_eq(call.status, 200);
	ck_assert_str_eq(client_header(&call, "Content-Encoding"), "gzip");
	ck_assert_str_eq(client_header(&call, "Content-Type"),
			 "application/json;charset=utf-8");
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Group"), "medium");
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Limit"), "40");
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Remaining"), "39");
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Window"), "60");
	ck_assert_ptr_nonnull(client_header(&call, "RCRequestId"));
	json = json_of(&call);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "records")), 250);
	json_decref(json);
	client_end(&client, &call);
}
END_TEST

static const struct {
	const char *query;
	unsigned per_page_max;
	long status;
	const char *per_page, *parameter;
} queries[] = {
	{"", 1000, 200, "100", ""},
	{"?perPage=10", 1000, 200, "10", ""},
	{"?perPage=2000", 1000, 200, "1000", ""},
	{"?perPage=1000", 50, 200, "50", ""},
	{"?page=3&perPage=100", 1000, 200, "100", ""},
	{"?page=0", 1000, 400, "", "page"},
	{"?page=-1", 1000, 400, "", "page"},
	{"?page=x", 1000, 400, "", "page"},
	{"?page=", 1000, 400, "", "page"},
	{"?page=99999999999", 1000, 400, "", "page"},
	{"?perPage=0", 1000, 400, "", "perPage"},
	{"?perPage=1.5", 1000, 400, "", "perPage"},
};

START_TEST(a_page_is_as_asked_or_refused)
{
	struct client_call call;
	json_t *json;

	config.vendor.per_page_max = queries[_i].per_page_max;
	start();
	log_in();
	ask_list(&call, queries[_i].query, NULL);
	ck_assert_int_eq(call.status, queries[_i].status);
	json = json_of(&call);
	ck_assert_str_eq(at(json, "paging.perPage"), queries[_i].per_page);
	ck_assert_str_eq(at(json, "errorCode"),
			 queries[_i].status == 200 ? "" : "CMN-101");
	ck_assert_str_eq(at(json, "parameterName"), queries[_i].parameter);
	json_decref(json);
	client_end(&client, &call);
}
END_TEST

START_TEST(the_account_has_a_number_too_and_nothing_else_is_there)
{
	static const struct {
		const char *path, *body;
		long status;
	} paths[] = {
		{"/restapi/v1.0/account/400131008/device", NULL, 200},
		{"/restapi/v1.0/account/1/device", NULL, 404},
		{LIST "/", NULL, 404},
		{LIST, "a body", 404},
		{TOKEN, NULL, 404},
		{"/", NULL, 404},
	};

	start();
	log_in();
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct client_call call;

		client_start(&client, &call, url(paths[i].path), paths[i].body);
		client_line(&call, bearer);
		client_wait(&client, &call);
		ck_assert_int_eq(call.status, paths[i].status);
		if (call.status == 404)
			ck_assert_ptr_nonnull(strstr(buf_text(&call.body), "CMN-120"));
		client_end(&client, &call);
	}
}
END_TEST

/* A page's bytes as they are sent to a client that takes gzip; for free(). */
static char *raw_page(size_t *len)
{
	struct client_call call;
	char *bytes;

	ask_list(&call, "", "Accept-Encoding: gzip");
	ck_assert_int_eq(call.status, 200);
	*len = call.body.len;
	bytes = mem_strndup(call.body.data, 0);
	bytes = mem_resize(bytes, *len, 1);
	memcpy(bytes, call.body.data, *len);
	client_end(&client, &call);
	return bytes;
}

static const struct {
	enum vendor_gzip gzip;
	bool packed, same;
} packings[] = {
	{VENDOR_GZIP_SAME, true, true},
	{VENDOR_GZIP_VARY, true, false},
	{VENDOR_GZIP_OFF, false, true},
};

START_TEST(a_page_is_packed_as_told)
{
	struct client_call plain, unpacked;
	size_t len_a, len_b;
	char *a, *b;

	config.vendor.gzip = packings[_i].gzip;
	start();
	log_in();
	a = raw_page(&len_a);
	b = raw_page(&len_b);
	ck_assert_uint_eq(len_a, len_b);
	ck_assert_int_eq(memcmp(a, b, len_a) == 0, packings[_i].same);
	ck_assert_int_eq(a[0] == 0x1f, packings[_i].packed);
	free(a);
	free(b);
	ask_list(&plain, "", NULL);
	ask_list(&unpacked, "", "gzip");
	ck_assert_int_eq(unpacked.result, CURLE_OK);
	ck_assert_str_eq(buf_text(&plain.body), buf_text(&unpacked.body));
	ck_assert_ptr_null(client_header(&plain, "Content-Encoding"));
	client_end(&client, &plain);
	client_end(&client, &unpacked);
}
END_TEST

/* ---- limits ---- */

static void expect_list(long status, const char *remaining, const char *retry_after)
{
	struct client_call call;
	const char *header;

	ask_list(&call, "?perPage=1", NULL);
	ck_assert_int_eq(call.status, status);
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Remaining"), remaining);
	header = client_header(&call, "Retry-After");
	ck_assert_str_eq(header != NULL ? header : "", retry_after);
	client_end(&client, &call);
}

START_TEST(a_group_is_limited_and_the_log_tells_of_penalties)
{
	const struct play_limit limit = {"strange", 2, 60000};

	config.vendor.list_group = "strange";
	config.vendor.penalty_ms = 1500;
	config.limits = &limit;
	config.n_limits = 1;
	start();
	log_in();
	expect_list(200, "1", "");
	expect_list(200, "0", "");
	ck_assert_ptr_eq(
		strstr(last_line(),
		       "{\"event\":\"request\",\"n\":3,\"method\":\"GET\",\"path\":\"" LIST
		       "\",\"query\":\"perPage=1\",\"status\":200,\"group\":\"strange\","
		       "\"remaining\":0,\"in_penalty\":false,\"fault\":null,\"bytes\":"),
		last_line());
	expect_list(429, "0", "2");
	ck_assert_ptr_nonnull(strstr(last_line(), "\"status\":429"));
	ck_assert_ptr_nonnull(strstr(last_line(), "\"in_penalty\":false"));
	expect_list(429, "0", "2");
	ck_assert_ptr_nonnull(strstr(last_line(), "\"in_penalty\":true"));
	command("limit strange=5/30");
	expect_list(200, "4", "");
}
END_TEST

START_TEST(the_auth_group_is_limited_too)
{
	struct client_call call;

	start();
	for (int i = 0; i < 6; i++) {
		ask_token(&call, "the-id:wrong", GRANT "&assertion=the-jwt");
		ck_assert_int_eq(call.status, i < 5 ? 400 : 429);
		client_end(&client, &call);
	}
}
END_TEST

START_TEST(secrets_stay_out_of_the_log)
{
	struct client_call call;
	char path[256], text[65536];
	FILE *file;
	size_t n;

	start();
	log_in();
	snprintf(path, sizeof path, "/other?access_token=%s", strrchr(bearer, ' ') + 1);
	client_ask(&client, &call, url(path), NULL);
	client_end(&client, &call);
	ask_list(&call, "", NULL);
	client_end(&client, &call);
	file = fopen(log_path, "r");
	n = fread(text, 1, sizeof text - 1, file);
	text[n] = '\0';
	fclose(file);
	ck_assert_uint_gt(n, 300);
	ck_assert_ptr_null(strstr(text, "the-secret"));
	ck_assert_ptr_null(strstr(text, "the-jwt"));
	ck_assert_ptr_null(strstr(text, strrchr(bearer, ' ') + 1));
}
END_TEST

/* ---- faults ---- */

static char *write_file(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", suite_dir(), name);
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
	return path;
}

static const struct {
	const char *command;
	CURLcode result;
	long status;
	const char *type, *retry_after, *code; /* NULL: not looked at */
	const char *logged;
} faults[] = {
	{"fault status 503 retry-after 15", CURLE_OK, 503,
	 "application/json;charset=utf-8", "15", "CMN-211", "\"fault\":\"status\""},
	{"fault status 503 retry-after soon", CURLE_OK, 503, NULL, "soon", "CMN-211",
	 "\"status\":503"},
	{"fault status 429 code CMN-310", CURLE_OK, 429, NULL, "", "CMN-310",
	 "\"status\":429"},
	{"fault status 429", CURLE_OK, 429, NULL, "", "CMN-301", "\"in_penalty\":false"},
	{"fault status 401", CURLE_OK, 401, NULL, "", "OAU-213", "\"status\":401"},
	{"fault status 403", CURLE_OK, 403, NULL, "", "CMN-408", "\"status\":403"},
	{"fault status 500", CURLE_OK, 500, NULL, "", "CMN-203", "\"status\":500"},
	{"fault status 418", CURLE_OK, 418, NULL, "", "CMN-201", "\"status\":418"},
	{"fault close", CURLE_GOT_NOTHING, 0, NULL, NULL, NULL,
	 "\"status\":0,\"group\":\"medium\",\"remaining\":39,\"in_penalty\":false,"
	 "\"fault\":\"close\",\"bytes\":0"},
	{"fault html", CURLE_OK, 200, "text/html", "", NULL, "\"fault\":\"html\""},
	{"fault garbage", CURLE_BAD_CONTENT_ENCODING, 200, NULL, NULL, NULL,
	 "\"bytes\":65536"},
	{"fault truncate 100", CURLE_PARTIAL_FILE, 200, NULL, NULL, NULL,
	 "\"bytes\":100"},
	{"fault truncate 0", CURLE_PARTIAL_FILE, 200, NULL, NULL, NULL, "\"bytes\":0"},
	{"fault truncate 99999999", CURLE_PARTIAL_FILE, 200, NULL, NULL, NULL,
	 "\"fault\":\"truncate\""},
};

START_TEST(a_fault_does_what_it_says)
{
	struct client_call call;

	start();
	log_in();
	command(faults[_i].command);
	start_list(&call, "", "gzip");
	/* On a kept connection, curl would ask again by itself where it is closed. */
	curl_easy_setopt(call.easy, CURLOPT_FRESH_CONNECT, 1L);
	client_wait(&client, &call);
	ck_assert_int_eq(call.result, faults[_i].result);
	ck_assert_int_eq(call.status, faults[_i].status);
	if (faults[_i].type != NULL)
		ck_assert_str_eq(client_header(&call, "Content-Type"), faults[_i].type);
	if (faults[_i].retry_after != NULL) {
		const char *header = client_header(&call, "Retry-After");

		ck_assert_str_eq(header != NULL ? header : "", faults[_i].retry_after);
	}
	if (faults[_i].code != NULL) {
		json_t *json = json_of(&call);

		ck_assert_str_eq(at(json, "errors.0.errorCode"), faults[_i].code);
		json_decref(json);
	}
	ck_assert_ptr_nonnull(strstr(last_line(), faults[_i].logged));
	client_end(&client, &call);
	ask_list(&call, "", "gzip"); /* once only */
	ck_assert_int_eq(call.status, 200);
	ck_assert_int_eq(call.result, CURLE_OK);
	client_end(&client, &call);
}
END_TEST

START_TEST(a_truncated_answer_has_so_many_bytes_of_what_was_promised)
{
	struct client_call call;
	size_t len;
	char *whole;

	start();
	log_in();
	whole = raw_page(&len);
	command("fault truncate 100");
	ask_list(&call, "", "Accept-Encoding: gzip");
	ck_assert_int_eq(call.result, CURLE_PARTIAL_FILE);
	ck_assert_uint_eq(call.body.len, 100);
	ck_assert_mem_eq(call.body.data, whole, 100);
	ck_assert_uint_eq((size_t)atoll(client_header(&call, "Content-Length")), len);
	client_end(&client, &call);
	free(whole);
}
END_TEST

START_TEST(a_cut_answer_is_whole_but_for_its_json)
{
	struct client_call whole, call;

	start();
	log_in();
	ask_list(&whole, "?page=2", NULL);
	for (int gzip = 0; gzip < 2; gzip++) {
		command("fault page 2 cut 1000");
		ask_list(&call, "?page=2", gzip ? "gzip" : NULL);
		ck_assert_int_eq(call.result, CURLE_OK);
		ck_assert_int_eq(call.status, 200);
		ck_assert_uint_eq(call.body.len, 1000);
		ck_assert_mem_eq(call.body.data, whole.body.data, 1000);
		client_end(&client, &call);
	}
	client_end(&client, &whole);
}
END_TEST

START_TEST(a_total_may_be_a_lie)
{
	struct client_call call;
	json_t *json;

	start();
	log_in();
	command("fault total 5000");
	ask_list(&call, "", "gzip");
	json = json_of(&call);
	ck_assert_str_eq(at(json, "paging.totalElements"), "5000");
	ck_assert_str_eq(at(json, "paging.totalPages"), "50");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "records")), 100);
	json_decref(json);
	client_end(&client, &call);
}
END_TEST

START_TEST(a_hanging_answer_never_comes)
{
	struct client_call call;

	start();
	log_in();
	command("fault hang");
	start_list(&call, "", NULL);
	curl_easy_setopt(call.easy, CURLOPT_TIMEOUT_MS, 200L);
	client_wait(&client, &call);
	ck_assert_int_eq(call.result, CURLE_OPERATION_TIMEDOUT);
	ck_assert_uint_eq(call.headers.len, 0);
	ck_assert_ptr_nonnull(strstr(last_line(), "\"fault\":\"hang\""));
	client_end(&client, &call);
}
END_TEST

START_TEST(a_slow_answer_comes_whole_in_its_time)
{
	struct client_call whole, call;
	int64_t begun_ms, took_ms;

	start();
	log_in();
	ask_list(&whole, "?perPage=1", NULL);
	command("fault slow 10000");
	begun_ms = clock_mono_ms();
	ask_list(&call, "?perPage=1", NULL);
	took_ms = clock_mono_ms() - begun_ms;
	ck_assert_int_eq(call.result, CURLE_OK);
	ck_assert_str_eq(buf_text(&call.body), buf_text(&whole.body));
	ck_assert_int_ge(took_ms, (int64_t)whole.body.len / 10 - 60);
	client_end(&client, &call);
	client_end(&client, &whole);
}
END_TEST

START_TEST(a_bomb_unpacks_to_what_it_says)
{
	struct client_call call;

	start();
	log_in();
	command("fault bomb 64");
	ask_list(&call, "", "gzip"); /* which checks the checksum */
	ck_assert_int_eq(call.result, CURLE_OK);
	ck_assert_uint_eq(call.body.len, 64u << 20);
	ck_assert_int_eq(call.body.data[12345], ' ');
	client_end(&client, &call);
	command("fault bomb");
	ask_list(&call, "", "Accept-Encoding: gzip");
	ck_assert_int_eq(call.result, CURLE_OK);
	ck_assert_uint_lt(call.body.len, 6u << 20); /* of 4 GiB */
	client_end(&client, &call);
}
END_TEST

START_TEST(a_huge_answer_does_not_end)
{
	struct client_call call;

	start();
	log_in();
	command("fault huge");
	start_list(&call, "", NULL);
	while (call.body.len < (32u << 20) && !call.done)
		client_turn(&client);
	ck_assert(!call.done);
	ck_assert_ptr_null(client_header(&call, "Content-Length"));
	client_end(&client, &call);
	ask_list(&call, "", NULL);
	ck_assert_int_eq(call.status, 200);
	client_end(&client, &call);
}
END_TEST

START_TEST(a_body_may_come_from_a_file)
{
	char *json = write_file("body.json", "{\"records\":[]}");
	char *html = write_file("body.html", "<html>down</html>");
	struct client_call call;
	char text[512];

	start();
	log_in();
	snprintf(text, sizeof text, "fault body %s\nfault status 502 body %s", json,
		 html);
	command(text);
	ask_list(&call, "", "gzip");
	ck_assert_int_eq(call.status, 200);
	ck_assert_str_eq(buf_text(&call.body), "{\"records\":[]}");
	client_end(&client, &call);
	ask_list(&call, "", "gzip");
	ck_assert_int_eq(call.status, 502);
	ck_assert_str_eq(buf_text(&call.body), "<html>down</html>");
	ck_assert_str_eq(client_header(&call, "Content-Type"), "text/html");
	client_end(&client, &call);
	free(json);
	free(html);
}
END_TEST

START_TEST(a_fault_on_tokens_leaves_lists_alone)
{
	struct client_call call;

	start();
	log_in();
	command("fault on token always status 503");
	ask_list(&call, "", NULL);
	ck_assert_int_eq(call.status, 200);
	client_end(&client, &call);
	ask_token(&call, "the-id:the-secret", GRANT "&assertion=the-jwt");
	ck_assert_int_eq(call.status, 503);
	client_end(&client, &call);
	command("faults clear");
	log_in();
}
END_TEST

/* ---- steering ---- */

/* Post to /sim, and copy the answer. */
static void post(const char *text, long status, char *answer, size_t size)
{
	struct client_call call;

	client_ask(&client, &call, url("/sim"), text);
	ck_assert_int_eq(call.status, status);
	snprintf(answer, size, "%s", buf_text(&call.body));
	client_end(&client, &call);
}

static json_t *get_truth(void)
{
	struct client_call call;
	json_t *json;

	client_ask(&client, &call, url("/sim/devices"), NULL);
	ck_assert_str_eq(client_header(&call, "Content-Type"), "application/json");
	json = json_of(&call);
	client_end(&client, &call);
	return json;
}

START_TEST(a_site_goes_offline_and_no_other)
{
	char answer[256];
	unsigned n = 0;
	json_t *before, *after, *device;
	size_t i;

	start();
	before = get_truth();
	post("site Denver offline", 200, answer, sizeof answer);
	after = get_truth();
	ck_assert_uint_eq(json_array_size(after), 250);
	json_array_foreach(after, i, device)
	{
		bool same = json_equal(device, json_array_get(before, i));
		bool denver = strcmp(at(device, "site"), "Denver") == 0;

		n += !same;
		ck_assert(same || denver);
		ck_assert(!denver || strcmp(at(device, "status"), "Online") != 0);
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

	start();
	post("all offline\nall online", 200, answer, sizeof answer);
	truth = get_truth();
	json_array_foreach(truth, i, device)
	{
		bool unused = strcmp(at(device, "type"), "WebRTC") == 0 ||
			      json_is_null(json_object_get(device, "site"));

		n_on += strcmp(at(device, "status"), "Online") == 0;
		n_off += unused && strcmp(at(device, "status"), "Offline") == 0;
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

	start();
	post("device add at Boston", 200, answer, sizeof answer);
	ck_assert_int_eq(sscanf(answer, "%31s added at Boston", id), 1);
	snprintf(text, sizeof text,
		 "device %s name \"A name\"\ndevice %s status none\n\n"
		 "device %s location 2026-09-14T11:21:07.534+02:00\n",
		 id, id, id);
	post(text, 200, answer, sizeof answer);
	snprintf(text, sizeof text, "%s changed\n%s changed\n%s changed\n", id, id, id);
	ck_assert_str_eq(answer, text);
	truth = get_truth();
	dump = json_dumps(json_array_get(truth, 250), JSON_COMPACT);
	snprintf(text, sizeof text,
		 "{\"id\":\"%s\",\"status\":null,\"name\":\"A name\",\"site\":\"Boston\","
		 "\"type\":\"HardPhone\",\"lastLocationReportTime\":"
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
	{"at 30s shuffle", "line 1: \"at\" is for scripts: this runs at once"},
};

START_TEST(a_wrong_command_is_answered_with_its_line)
{
	struct client_call call;

	start();
	client_ask(&client, &call, url("/sim"), refused[_i].text);
	ck_assert_int_eq(call.status, 400);
	ck_assert_ptr_eq(strstr(buf_text(&call.body), refused[_i].answer),
			 buf_text(&call.body));
	ck_assert_str_eq(strchr(buf_text(&call.body), '\n'), "\n");
	client_end(&client, &call);
}
END_TEST

START_TEST(nothing_is_run_of_what_cannot_be_read)
{
	struct client_call call;

	start();
	client_ask(&client, &call, url("/sim"), "all offline\nbogus");
	ck_assert_int_eq(call.status, 400);
	client_end(&client, &call);
	ck_assert_uint_eq(count_log("change"), 0);
}
END_TEST

START_TEST(a_change_is_in_the_list_and_in_the_log)
{
	struct client_call call;
	json_t *json;
	char text[256];

	start();
	log_in();
	ask_list(&call, "?perPage=1", "gzip");
	json = json_of(&call);
	snprintf(text, sizeof text, "device %s status Odd", at(json, "records.0.id"));
	ck_assert_str_eq(at(json, "records.0.status"), "Online");
	json_decref(json);
	client_end(&client, &call);
	command(text);
	ck_assert_ptr_nonnull(strstr(last_line(), "\"event\":\"change\",\"device\":\"8"));
	ck_assert_ptr_nonnull(strstr(
		last_line(), "\"field\":\"status\",\"from\":\"Online\",\"to\":\"Odd\"}"));
	ask_list(&call, "?perPage=1", "gzip");
	json = json_of(&call);
	ck_assert_str_eq(at(json, "records.0.status"), "Odd");
	json_decref(json);
	client_end(&client, &call);
}
END_TEST

START_TEST(a_script_runs_at_its_times)
{
	char *path = write_file("script", "all offline\nat 50ms device 1 offline\n"
					  "at 100ms all online\n");
	int64_t begun_ms = clock_mono_ms();
	size_t n;

	config.script = path;
	start();
	n = count_log("change");
	ck_assert_uint_gt(n, 200);
	while (count_log("change") == n) /* past the device that is not there */
		client_turn(&client);
	ck_assert_int_ge(clock_mono_ms() - begun_ms, 100);
	ck_assert_ptr_nonnull(strstr(last_line(), "\"to\":\"Online\""));
	free(path);
}
END_TEST

START_TEST(life_begins_with_the_first_list)
{
	struct client_call call;

	config.share = 0.01;
	config.speed = 1000; /* 3 s are 3 ms */
	start();
	log_in();
	for (int64_t until_ms = clock_mono_ms() + 50; clock_mono_ms() < until_ms;)
		client_turn(&client);
	ck_assert_uint_eq(count_log("change"), 0);
	ask_list(&call, "", NULL);
	client_end(&client, &call);
	while (count_log("change") == 0)
		client_turn(&client);
	ck_assert_uint_gt(count_log("change"), 0);
}
END_TEST

/* ---- the program ---- */

static char *program(void)
{
	const char *dir = getenv("TEST_BIN");

	return mem_printf("%s/phonewatch-sim", dir != NULL ? dir : ".");
}

/* Start it; *out is its stdout and stderr. */
static pid_t launch(char *const args[], FILE **out)
{
	extern char **environ;
	posix_spawn_file_actions_t files;
	char *path = program();
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fds[1], 1);
	posix_spawn_file_actions_adddup2(&files, fds[1], 2);
	ck_assert_msg(posix_spawn(&pid, path, &files, NULL, args, environ) == 0, "%s",
		      path);
	posix_spawn_file_actions_destroy(&files);
	close(fds[1]);
	*out = fdopen(fds[0], "r");
	free(path);
	return pid;
}

static int exit_status(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(the_program_says_where_it_listens_and_stops_when_told)
{
	static const int signals[] = {SIGTERM, SIGINT, 0};
	char *args[] = {"phonewatch-sim", "--devices", "10", NULL, NULL};
	char line[256];
	FILE *out;
	pid_t pid;

	if (signals[_i] == 0)
		args[3] = "--for=100ms";
	pid = launch(args, &out);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, out));
	ck_assert_ptr_eq(strstr(line, "listening on http://127.0.0.1:"), line);
	if (signals[_i] != 0)
		kill(pid, signals[_i]);
	ck_assert_ptr_null(fgets(line, sizeof line, out)); /* one line only */
	fclose(out);
	ck_assert_int_eq(exit_status(pid), 0);
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
	pid_t pid = launch(uses[_i].args, &out);

	ck_assert_ptr_nonnull(fgets(line, sizeof line, out));
	ck_assert_msg(strncmp(line, uses[_i].line, strlen(uses[_i].line)) == 0, "%s",
		      line);
	ck_assert_ptr_null(fgets(line, sizeof line, out));
	fclose(out);
	ck_assert_int_eq(exit_status(pid), 2);
}
END_TEST

START_TEST(the_program_explains_itself)
{
	char *args[] = {"phonewatch-sim", "--help", NULL};
	char text[16384];
	FILE *out;
	pid_t pid = launch(args, &out);
	size_t n = fread(text, 1, sizeof text - 1, out);

	text[n] = '\0';
	fclose(out);
	ck_assert_int_eq(exit_status(pid), 0);
	ck_assert_ptr_nonnull(strstr(text, "--list-group GROUP"));
	ck_assert_ptr_nonnull(strstr(text, "fault [on list|token|any]"));
	ck_assert_ptr_nonnull(strstr(text, "Examples\n"));
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
		{secrets_stay_out_of_the_log, 1},
		{a_fault_does_what_it_says, COUNT(faults)},
		{a_truncated_answer_has_so_many_bytes_of_what_was_promised, 1},
		{a_cut_answer_is_whole_but_for_its_json, 1},
		{a_total_may_be_a_lie, 1},
		{a_hanging_answer_never_comes, 1},
		{a_slow_answer_comes_whole_in_its_time, 1},
		{a_bomb_unpacks_to_what_it_says, 1},
		{a_huge_answer_does_not_end, 1},
		{a_body_may_come_from_a_file, 1},
		{a_fault_on_tokens_leaves_lists_alone, 1},
		{a_site_goes_offline_and_no_other, 1},
		{what_is_not_in_use_keeps_its_status, 1},
		{a_device_is_made_and_changed_by_commands, 1},
		{a_wrong_command_is_answered_with_its_line, COUNT(refused)},
		{nothing_is_run_of_what_cannot_be_read, 1},
		{a_change_is_in_the_list_and_in_the_log, 1},
		{a_script_runs_at_its_times, 1},
		{life_begins_with_the_first_list, 1},
		{the_program_says_where_it_listens_and_stops_when_told, 3},
		{wrong_use_is_one_line_and_status_2, COUNT(uses)},
		{the_program_explains_itself, 1},
	};

	return suite_run("play", tests, COUNT(tests), setup, teardown);
}
