/* What phonewatch-sim does badly, as a real HTTP client sees it. */
#include "sim/fault.h"

#include "lib/suite.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lib/playing.h"
#include "sim/error.h"

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
	{"fault redirect https://elsewhere.example.com/", CURLE_OK, 302, NULL, "", NULL,
	 "\"status\":302"},
	{"fault text ''", CURLE_OK, 200, "application/json;charset=utf-8", "", NULL,
	 "\"bytes\":0"},
	{"fault text <html>", CURLE_OK, 200, "text/html", "", NULL, "\"bytes\":6"},
	{"fault error CMN-211 retry-after 15", CURLE_OK, 503, NULL, "15", "CMN-211",
	 "\"fault\":\"error\""},
	{"fault status 503 code AGW-401 and header Retry-After 9", CURLE_OK, 503, NULL,
	 "9", "AGW-401", "\"fault\":\"status+header\""},
	{"fault html 502 and header Retry-After 7", CURLE_OK, 502, "text/html", "7", NULL,
	 "\"fault\":\"html+header\""},
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

	playing_start();
	playing_log_in();
	playing_command("%s", faults[_i].command);
	playing_start_get(&call, PLAYING_LIST, "gzip");
	/* On a kept connection, curl would ask again by itself where it is closed. */
	curl_easy_setopt(call.easy, CURLOPT_FRESH_CONNECT, 1L);
	client_wait(&playing.client, &call);
	ck_assert_int_eq(call.result, faults[_i].result);
	ck_assert_int_eq(call.status, faults[_i].status);
	if (faults[_i].type != NULL)
		ck_assert_str_eq(client_header(&call, "Content-Type"), faults[_i].type);
	if (faults[_i].retry_after != NULL) {
		const char *header = client_header(&call, "Retry-After");

		ck_assert_str_eq(header != NULL ? header : "", faults[_i].retry_after);
	}
	if (faults[_i].code != NULL) {
		json_t *json = playing_json(&call);

		ck_assert_str_eq(playing_at(json, "errors.0.errorCode"), faults[_i].code);
		json_decref(json);
	}
	ck_assert_ptr_nonnull(strstr(playing_last_line(), faults[_i].logged));
	client_end(&playing.client, &call);
	playing_list(&call, "", "gzip"); /* once only */
	ck_assert_int_eq(call.status, 200);
	ck_assert_int_eq(call.result, CURLE_OK);
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(a_truncated_answer_has_so_many_bytes_of_what_was_promised)
{
	struct client_call call;
	size_t len;
	char *whole;

	playing_start();
	playing_log_in();
	whole = playing_raw_page(&len);
	playing_command("fault truncate 100");
	playing_list(&call, "", "Accept-Encoding: gzip");
	ck_assert_int_eq(call.result, CURLE_PARTIAL_FILE);
	ck_assert_uint_eq(call.body.len, 100);
	ck_assert_mem_eq(call.body.data, whole, 100);
	ck_assert_uint_eq((size_t)atoll(client_header(&call, "Content-Length")), len);
	client_end(&playing.client, &call);
	free(whole);
}
END_TEST

START_TEST(a_cut_answer_is_whole_but_for_its_json)
{
	struct client_call whole, call;

	playing_start();
	playing_log_in();
	playing_list(&whole, "?page=2", NULL);
	for (int gzip = 0; gzip < 2; gzip++) {
		playing_command("fault page 2 cut 1000");
		playing_list(&call, "?page=2", gzip ? "gzip" : NULL);
		ck_assert_int_eq(call.result, CURLE_OK);
		ck_assert_int_eq(call.status, 200);
		ck_assert_uint_eq(call.body.len, 1000);
		ck_assert_mem_eq(call.body.data, whole.body.data, 1000);
		client_end(&playing.client, &call);
	}
	client_end(&playing.client, &whole);
}
END_TEST

START_TEST(a_total_may_be_a_lie)
{
	struct client_call call;
	json_t *json;

	playing_start();
	playing_log_in();
	playing_command("fault total 5000");
	playing_list(&call, "", "gzip");
	json = playing_json(&call);
	ck_assert_str_eq(playing_at(json, "paging.totalElements"), "5000");
	ck_assert_str_eq(playing_at(json, "paging.totalPages"), "50");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "records")), 100);
	json_decref(json);
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(a_hanging_answer_never_comes)
{
	struct client_call call;

	playing_start();
	playing_log_in();
	playing_command("fault hang");
	playing_start_get(&call, PLAYING_LIST, NULL);
	curl_easy_setopt(call.easy, CURLOPT_TIMEOUT_MS, 200L);
	client_wait(&playing.client, &call);
	ck_assert_int_eq(call.result, CURLE_OPERATION_TIMEDOUT);
	ck_assert_uint_eq(call.headers.len, 0);
	ck_assert_ptr_nonnull(strstr(playing_last_line(), "\"fault\":\"hang\""));
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(a_slow_answer_comes_whole_in_its_time)
{
	struct client_call whole, call;
	int64_t begun_ms, took_ms;

	playing_start();
	playing_log_in();
	playing_list(&whole, "?perPage=1", NULL);
	playing_command("fault slow 10000");
	begun_ms = clock_mono_ms();
	playing_list(&call, "?perPage=1", NULL);
	took_ms = clock_mono_ms() - begun_ms;
	ck_assert_int_eq(call.result, CURLE_OK);
	ck_assert_str_eq(buf_text(&call.body), buf_text(&whole.body));
	ck_assert_int_ge(took_ms, (int64_t)whole.body.len / 10 - 60);
	client_end(&playing.client, &call);
	client_end(&playing.client, &whole);
}
END_TEST

START_TEST(a_bomb_unpacks_to_what_it_says)
{
	struct client_call call;

	playing_start();
	playing_log_in();
	playing_command("fault bomb 64");
	playing_list(&call, "", "gzip"); /* which checks the checksum */
	ck_assert_int_eq(call.result, CURLE_OK);
	ck_assert_uint_eq(call.body.len, 64u << 20);
	ck_assert_int_eq(call.body.data[12345], ' ');
	client_end(&playing.client, &call);
	playing_command("fault bomb");
	playing_list(&call, "", "Accept-Encoding: gzip");
	ck_assert_int_eq(call.result, CURLE_OK);
	ck_assert_uint_lt(call.body.len, 6u << 20); /* of 4 GiB */
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(a_huge_answer_does_not_end)
{
	struct client_call call;

	playing_start();
	playing_log_in();
	playing_command("fault huge");
	playing_start_get(&call, PLAYING_LIST, NULL);
	while (call.body.len < (32u << 20) && !call.done)
		client_turn(&playing.client);
	ck_assert(!call.done);
	ck_assert_ptr_null(client_header(&call, "Content-Length"));
	client_end(&playing.client, &call);
	playing_list(&call, "", NULL);
	ck_assert_int_eq(call.status, 200);
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(a_body_may_come_from_a_file)
{
	char *json = playing_file("body.json", "{\"records\":[]}");
	char *html = playing_file("body.html", "<html>down</html>");
	struct client_call call;
	char text[512];

	playing_start();
	playing_log_in();
	snprintf(text, sizeof text, "fault body %s\nfault status 502 body %s", json,
		 html);
	playing_command("%s", text);
	playing_list(&call, "", "gzip");
	ck_assert_int_eq(call.status, 200);
	ck_assert_str_eq(buf_text(&call.body), "{\"records\":[]}");
	client_end(&playing.client, &call);
	playing_list(&call, "", "gzip");
	ck_assert_int_eq(call.status, 502);
	ck_assert_str_eq(buf_text(&call.body), "<html>down</html>");
	ck_assert_str_eq(client_header(&call, "Content-Type"), "text/html");
	client_end(&playing.client, &call);
	free(json);
	free(html);
}
END_TEST

START_TEST(a_fault_on_tokens_leaves_lists_alone)
{
	struct client_call call;

	playing_start();
	playing_log_in();
	playing_command("fault on token always status 503");
	playing_list(&call, "", NULL);
	ck_assert_int_eq(call.status, 200);
	client_end(&playing.client, &call);
	playing_ask_token(&call, PLAYING_USER, PLAYING_JWT);
	ck_assert_int_eq(call.status, 503);
	client_end(&playing.client, &call);
	playing_command("faults clear");
	playing_log_in();
}
END_TEST

/* ---- the vendor's errors ---- */

static void expect_error(const struct error_row *row)
{
	struct client_call call;
	json_t *json;

	if (row->oauth != NULL)
		playing_ask_token(&call, PLAYING_USER, PLAYING_JWT);
	else
		playing_list(&call, "", NULL);
	ck_assert_msg(call.status == row->status, "%s: %ld", row->code, call.status);
	ck_assert_ptr_null(client_header(&call, "X-Rate-Limit-Group"));
	json = playing_json(&call);
	ck_assert_str_eq(playing_at(json, "errors.0.errorCode"),
			 strcmp(row->code, "AGW-404") != 0 ? row->code : "");
	if (row->oauth != NULL)
		ck_assert_str_eq(playing_at(json, "error"), row->oauth);
	else
		ck_assert_str_eq(playing_at(json, "errorCode"),
				 row->word != NULL ? row->word : row->code);
	ck_assert_str_eq(playing_at(json, "permissionName"),
			 row->permission != NULL ? row->permission : "");
	ck_assert_str_eq(playing_at(json, "parameterName"),
			 row->parameter != NULL ? row->parameter : "");
	json_decref(json);
	client_end(&playing.client, &call);
}

START_TEST(every_error_has_its_status_and_its_body)
{
	playing.config.setup = "limit auth=1000\nlimit medium=1000";
	playing_start();
	playing_log_in();
	for (size_t i = 0; i < error_n_rows; i++) {
		playing_command("fault on %s error %s",
				error_rows[i].oauth != NULL ? "token" : "list",
				error_rows[i].code);
		expect_error(&error_rows[i]);
	}
}
END_TEST

START_TEST(a_request_may_be_refused_as_if_over_the_limit)
{
	struct client_call call;

	playing.config.setup = "penalty 7";
	playing_start();
	playing_log_in();
	playing_command("fault limited");
	for (int i = 0; i < 2; i++) {
		playing_list(&call, "", NULL);
		ck_assert_int_eq(call.status, 429);
		ck_assert_str_eq(client_header(&call, "Retry-After"), "7");
		ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Group"), "medium");
		ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Remaining"), "0");
		ck_assert_ptr_nonnull(
			strstr(playing_last_line(),
			       i == 0 ? "\"in_penalty\":false" : "\"in_penalty\":true"));
		client_end(&playing.client, &call);
	}
}
END_TEST

/* ---- lies ---- */

static const struct {
	const char *fault;
	unsigned page;
	unsigned first, n;   /* the records that page of 100 has, by their places */
	const char *paging;  /* and how it stands there */
	const char *n_pages; /* of the link to the last one; "": there is none */
} lies[] = {
	{"repeat", 2, 99, 101, "100 199 250", "3"},
	{"repeat", 1, 0, 100, "0 99 250", "3"},
	{"skip", 2, 101, 99, "100 199 250", "3"},
	{"empty", 2, 0, 0, "100 199 250", "3"},
	{"total 5000", 2, 100, 100, "100 199 5000", "50"},
	{"total 5", 2, 100, 100, "100 199 5", ""},
	{"total 0 and skip and repeat", 3, 200, 50, "200 249 0", ""},
};

START_TEST(a_page_lies_as_told_and_no_more)
{
	json_t *truth, *page, *record;
	char path[64], paging[64];
	const char *link;
	size_t i;

	playing_start();
	playing_log_in();
	truth = playing_truth();
	playing_command("fault page %u %s", lies[_i].page, lies[_i].fault);
	snprintf(path, sizeof path, PLAYING_LIST "?page=%u", lies[_i].page);
	page = playing_get_json(path, 200);
	ck_assert_uint_eq(json_array_size(json_object_get(page, "records")), lies[_i].n);
	json_array_foreach(json_object_get(page, "records"), i, record) ck_assert_str_eq(
		playing_at(record, "id"),
		playing_at(json_array_get(truth, lies[_i].first + i), "id"));
	snprintf(paging, sizeof paging, "%s ", playing_at(page, "paging.pageStart"));
	strcat(strcat(paging, playing_at(page, "paging.pageEnd")), " ");
	strcat(paging, playing_at(page, "paging.totalElements"));
	ck_assert_str_eq(paging, lies[_i].paging);
	link = playing_at(page, "navigation.lastPage.uri");
	snprintf(path, sizeof path, "?page=%s&perPage=100", lies[_i].n_pages);
	ck_assert(lies[_i].n_pages[0] != '\0' ? strstr(link, path) != NULL
					      : link[0] == '\0');
	json_decref(page);
	json_decref(truth);
}
END_TEST

START_TEST(extensions_lie_too)
{
	json_t *page;

	playing_start();
	playing_log_in();
	playing_command("fault on extensions skip and total 7");
	page = playing_get_json(PLAYING_EXTENSIONS "?perPage=1000", 200);
	ck_assert_uint_eq(json_array_size(json_object_get(page, "records")), 249);
	ck_assert_str_eq(playing_at(page, "records.0.extensionNumber"), "102");
	ck_assert_str_eq(playing_at(page, "paging.totalElements"), "7");
	json_decref(page);
}
END_TEST

/* ---- changes ---- */

static const struct {
	const char *fault;
	const char *path, *value; /* and what stands there then */
} changes[] = {
	{"set paging.totalElements 12", "paging.totalElements", "12"},
	{"set paging.totalElements '\"12\"'", "paging.totalElements", "12"},
	{"unset paging", "paging.perPage", ""},
	{"unset navigation", "navigation.lastPage.uri", ""},
	{"set navigation.nextPage.uri '\"http://elsewhere.example.com/\"'",
	 "navigation.nextPage.uri", "http://elsewhere.example.com/"},
	{"set records null", "records.0.id", ""},
	{"set records.0.id 5 and unset paging", "records.0.id", "5"},
	{"set records.last.status '\"gone away\"'", "records.99.status", "gone away"},
	{"error CMN-401 and set errorCode '\"New\"'", "errorCode", "New"},
};

START_TEST(a_member_is_changed_as_told)
{
	struct client_call call;
	json_t *page;

	playing_start();
	playing_log_in();
	playing_command("fault %s", changes[_i].fault);
	playing_list(&call, "", "gzip");
	page = playing_json(&call);
	ck_assert_str_eq(playing_at(page, changes[_i].path), changes[_i].value);
	json_decref(page);
	client_end(&playing.client, &call);
	page = playing_get_json(PLAYING_LIST, 200); /* what is kept is as it was */
	ck_assert_str_eq(playing_at(page, "paging.totalElements"), "250");
	ck_assert_uint_eq(json_array_size(json_object_get(page, "records")), 100);
	json_decref(page);
}
END_TEST

START_TEST(a_token_is_changed_too)
{
	struct client_call call;
	json_t *json;

	playing_start();
	playing_command(
		"fault on token unset expires_in and set token_type '\"Bearer\"'");
	playing_ask_token(&call, PLAYING_USER, PLAYING_JWT);
	json = playing_json(&call);
	ck_assert_ptr_null(json_object_get(json, "expires_in"));
	ck_assert_str_eq(playing_at(json, "token_type"), "Bearer");
	ck_assert_uint_gt(strlen(playing_at(json, "access_token")), 20);
	json_decref(json);
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(a_page_is_the_same_in_other_words)
{
	static const char *const words[] = {"indent", "sorted"};
	struct client_call usual, other;

	playing_start();
	playing_log_in();
	playing_list(&usual, "", NULL);
	for (size_t i = 0; i < COUNT(words); i++) {
		json_t *a, *b;

		playing_command("fault %s", words[i]);
		playing_list(&other, "", NULL);
		ck_assert_str_ne(buf_text(&usual.body), buf_text(&other.body));
		ck_assert_int_eq(strstr(buf_text(&other.body), "\n  ") != NULL, i == 0);
		a = playing_json(&usual);
		b = playing_json(&other);
		ck_assert(json_equal(a, b));
		json_decref(a);
		json_decref(b);
		client_end(&playing.client, &other);
	}
	client_end(&playing.client, &usual);
}
END_TEST

START_TEST(a_header_is_changed_or_missing)
{
	struct client_call call;

	playing_start();
	playing_log_in();
	playing_command("fault header content-type text/plain and header "
			"X-Rate-Limit-Group none and header X-New \"a b\"");
	playing_list(&call, "", NULL);
	ck_assert_str_eq(client_header(&call, "Content-Type"), "text/plain");
	ck_assert_str_eq(client_header(&call, "X-New"), "a b");
	ck_assert_ptr_null(client_header(&call, "X-Rate-Limit-Group"));
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Limit"), "40");
	client_end(&playing.client, &call);
}
END_TEST

/* ---- sending ---- */

START_TEST(a_late_answer_is_as_any_other)
{
	struct client_call call;
	int64_t begun_ms;

	playing_start();
	playing_log_in();
	playing_command("fault status 503 retry-after 1 and delay 120ms");
	begun_ms = clock_mono_ms();
	playing_list(&call, "", NULL);
	ck_assert_int_ge(clock_mono_ms() - begun_ms, 120);
	ck_assert_int_eq(call.status, 503);
	ck_assert_str_eq(client_header(&call, "Retry-After"), "1");
	client_end(&playing.client, &call);
}
END_TEST

/* Teardown sees that no handle is left. */
START_TEST(a_late_answer_does_not_hold_up_the_end)
{
	struct client_call gone, waiting;

	playing_start();
	playing_log_in();
	playing_command("fault times 2 delay 1h");
	playing_start_get(&gone, PLAYING_LIST, NULL);
	while (playing_count("request") < 2)
		client_turn(&playing.client);
	client_end(&playing.client, &gone);
	playing_start_get(&waiting, PLAYING_LIST, NULL);
	while (playing_count("request") < 3)
		client_turn(&playing.client);
	play_stop(playing.play);
	playing.play = NULL;
	client_wait(&playing.client, &waiting);
	client_end(&playing.client, &waiting);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
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
		{every_error_has_its_status_and_its_body, 1},
		{a_request_may_be_refused_as_if_over_the_limit, 1},
		{a_page_lies_as_told_and_no_more, COUNT(lies)},
		{extensions_lie_too, 1},
		{a_member_is_changed_as_told, COUNT(changes)},
		{a_token_is_changed_too, 1},
		{a_page_is_the_same_in_other_words, 1},
		{a_header_is_changed_or_missing, 1},
		{a_late_answer_is_as_any_other, 1},
		{a_late_answer_does_not_hold_up_the_end, 1},
	};

	return suite_run("fault", tests, COUNT(tests), playing_setup, playing_teardown);
}
