#include "api/auth.h"

#include "lib/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "lib/receiver.h"
#include "lib/turn.h"

#define ID     "an app's id"
#define SECRET "its s\303\251cret: with a colon"
#define JWT    "a+b/c=&d.e_f-g~h%i"

#define TOKENS                                                                          \
	"{\"access_token\":\"access-1\",\"token_type\":\"bearer\",\"expires_in\":3600," \
	"\"refresh_token\":\"refresh/1+\",\"refresh_token_expires_in\":604800,"         \
	"\"scope\":\"ReadAccounts\"}"

#define JWT_BODY                                                                      \
	"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" \
	"a%2Bb%2Fc%3D%26d.e_f-g~h%25i"

static struct {
	uv_loop_t loop;
	struct http_client *http;
	struct receiver *receiver;
	int status; /* of the next answer; 0: none, the request is held */
	const char *body;
	bool hang_up; /* instead of an answer */
	struct receiver_request *held;
	/* The last request. */
	char *asked_head, *asked_body;
	unsigned n_asked;

	struct secret secret, jwt;
	struct auth_settings settings;
	char *path;
	struct auth auth;
	unsigned n_done;
} w;

static void on_request(struct receiver_request *req, void *data)
{
	(void)data;
	w.n_asked++;
	free(w.asked_head);
	free(w.asked_body);
	w.asked_head = mem_strdup(req->head);
	w.asked_body = mem_strdup(req->body);
	w.held = NULL;
	if (w.hang_up)
		receiver_hang_up(req);
	else if (w.status != 0)
		receiver_answer(req, w.status, "", w.body);
	else
		w.held = req;
}

static void open_auth(void)
{
	struct secret text = {0};

	auth_init(&w.auth, &w.loop, &w.settings, w.path);
	auth_read_file(&w.auth, &text);
	auth_take_file(&w.auth, &text);
	ck_assert_ptr_null(text.text);
}

static void set_secret(struct secret *secret, const char *text)
{
	secret_set(secret, text, strlen(text));
}

static void open_world(void)
{
	memset(&w, 0, sizeof w);
	turn_open(&w.loop);
	w.http = http_client_create(&w.loop, "phonewatch/test");
	w.receiver = receiver_open(&w.loop, on_request, NULL);
	w.status = 200;
	w.body = TOKENS;
	set_secret(&w.secret, SECRET);
	set_secret(&w.jwt, JWT);
	w.settings = (struct auth_settings){.server = receiver_url(w.receiver),
					    .client_id = ID,
					    .client_secret = &w.secret,
					    .jwt = &w.jwt};
	w.path = mem_printf("%s/acme.token", suite_dir());
	open_auth();
}

static void close_world(void)
{
	auth_clear(&w.auth);
	receiver_close(w.receiver);
	http_client_close(w.http, NULL, NULL);
	turn_close(&w.loop);
	secret_clear(&w.secret);
	secret_clear(&w.jwt);
	free(w.asked_head);
	free(w.asked_body);
	free(w.path);
}

static void on_done(struct auth *auth)
{
	ck_assert_ptr_eq(auth, &w.auth);
	w.n_done++;
}

static enum answer_next ask(void)
{
	w.n_done = 0;
	auth_start(&w.auth, w.http, on_done);
	ck_assert_uint_eq(w.n_done, 0);
	TURN_UNTIL(&w.loop, w.n_done > 0);
	return w.auth.answer.next;
}

static void wait_written(void)
{
	TURN_UNTIL(&w.loop, w.auth.writing == NULL);
}

static void restart(void)
{
	wait_written();
	auth_clear(&w.auth);
	open_auth();
}

static const char *token(void)
{
	return auth_token(&w.auth, clock_mono_ms());
}

static void check_header(const char *name, const char *value)
{
	char *line = mem_printf("\r\n%s: %s\r\n", name, value);

	ck_assert_msg(strstr(w.asked_head, line) != NULL, "no %sin:\n%s", line + 2,
		      w.asked_head);
	free(line);
}

/* ---- what is asked ---- */

START_TEST(the_jwt_is_presented_as_a_form)
{
	char pair[200], basic[220];

	ck_assert_ptr_null(token());
	ck_assert_int_eq(ask(), ANSWER_GOOD);
	ck_assert_str_eq(w.asked_body, JWT_BODY);
	ck_assert_ptr_eq(strstr(w.asked_head, "POST /restapi/oauth/token HTTP/1.1\r\n"),
			 w.asked_head);
	base64_encode(pair, ID ":" SECRET, strlen(ID ":" SECRET));
	snprintf(basic, sizeof basic, "Basic %s", pair);
	check_header("Authorization", basic);
	check_header("Content-Type", "application/x-www-form-urlencoded");
	check_header("Accept", "application/json");
	check_header("User-Agent", "phonewatch/test");
	ck_assert_str_eq(token(), "access-1");
	ck_assert_str_eq(w.auth.scope, "ReadAccounts");
}
END_TEST

START_TEST(a_refresh_token_is_used_where_there_is_one)
{
	ask();
	w.body = "{\"access_token\":\"access-2\",\"expires_in\":3600,"
		 "\"refresh_token\":\"refresh-2\",\"refresh_token_expires_in\":604800}";
	ck_assert_int_eq(ask(), ANSWER_GOOD);
	ck_assert_str_eq(w.asked_body,
			 "grant_type=refresh_token&refresh_token=refresh%2F1%2B");
	ck_assert_str_eq(token(), "access-2");
	ck_assert_ptr_null(w.auth.scope);
	w.body = "{\"access_token\":\"access-3\",\"expires_in\":3600}";
	ask();
	ck_assert_str_eq(w.asked_body,
			 "grant_type=refresh_token&refresh_token=refresh-2");
	ask(); /* it was for one use, and there is no other */
	ck_assert_str_eq(w.asked_body, JWT_BODY);
}
END_TEST

START_TEST(an_expired_refresh_token_is_not_used)
{
	ask();
	w.auth.refresh_expires_ms = clock_mono_ms();
	ask();
	ck_assert_str_eq(w.asked_body, JWT_BODY);
}
END_TEST

START_TEST(a_dropped_refresh_token_is_not_used)
{
	ask();
	auth_drop_refresh(&w.auth);
	ask();
	ck_assert_str_eq(w.asked_body, JWT_BODY);
}
END_TEST

START_TEST(a_dropped_access_token_is_gone)
{
	ask();
	ck_assert_ptr_nonnull(token());
	auth_drop_token(&w.auth);
	ck_assert_ptr_null(token());
}
END_TEST

static const char *const refusals[] = {
	"{\"error\":\"invalid_grant\",\"errors\":[{\"errorCode\":\"OAU-210\"}]}",
	"{\"error\":\"invalid_grant\",\"errors\":[{\"errorCode\":\"OAU-211\"}]}",
	"{\"error\":\"invalid_grant\",\"errors\":[{\"errorCode\":\"OAU-213\"}]}",
	"{\"error\":\"invalid_request\"}",
	"",
};

START_TEST(after_a_refused_refresh_comes_the_jwt_once)
{
	ask();
	w.status = 400;
	w.body = refusals[_i];
	ck_assert_int_eq(ask(), ANSWER_NEW_TOKEN);
	ck_assert_ptr_eq(strstr(w.asked_body, "grant_type=refresh_token"), w.asked_body);
	ck_assert_int_eq(ask(), ANSWER_REFUSED);
	ck_assert_str_eq(w.asked_body, JWT_BODY);
	ck_assert_int_eq(w.auth.answer.reason, REASON_CREDENTIALS);
}
END_TEST

/* The vendor keeps it for an hour where an answer is lost (ringcentral/api.md section 3.2). */
START_TEST(a_refresh_without_an_answer_keeps_its_token)
{
	ask();
	w.hang_up = true;
	ck_assert_int_eq(ask(), ANSWER_RETRY);
	w.hang_up = false;
	w.status = 503;
	ck_assert_int_eq(ask(), ANSWER_WAIT);
	w.status = 200;
	ck_assert_int_eq(ask(), ANSWER_GOOD);
	ck_assert_str_eq(w.asked_body,
			 "grant_type=refresh_token&refresh_token=refresh%2F1%2B");
}
END_TEST

START_TEST(nothing_of_it_is_left_in_memory)
{
	ask();
	ck_assert_ptr_null(w.auth.body.text);
	ck_assert_uint_gt(w.auth.req.answer.len, 0);
	for (size_t i = 0; i < w.auth.req.answer.len; i++)
		ck_assert_int_eq(w.auth.req.answer.data[i], 0);
}
END_TEST

/* ---- what is answered ---- */

static const struct {
	const char *file; /* of the samples, or NULL ... */
	const char *body; /* ... and this */
	int life_s;       /* 0: it holds no usable token */
	bool refresh;
} answers[] = {
	{"token_response", NULL, 3600, true},
	{"token_response_no_refresh", NULL, 600, false},
	{"token_response_session_limits", NULL, 7199, true},
	{"edge/token_expires_in_missing", NULL, 600, true},
	{"edge/token_expires_in_negative", NULL, 600, true},
	{"edge/token_expires_in_zero", NULL, 600, true},
	{"edge/token_expires_in_string", NULL, 3600, true},
	{"edge/token_type_capitalised", NULL, 3600, true},
	{"edge/token_missing_access_token", NULL, 0, false},
	{"edge/token_with_newline", NULL, 0, false},
	{NULL, "{\"access_token\":\"a\",\"expires_in\":1}", 1, false},
	{NULL, "{\"access_token\":\"a\",\"expires_in\":1000000000000}", 86400, false},
	{NULL, "{\"access_token\":\"a\",\"expires_in\":\"soon\"}", 600, false},
	{NULL, "{\"access_token\":\"a\",\"expires_in\":\"99999999999999999999\"}", 86400,
	 false},
	{NULL, "{\"access_token\":\"a\",\"expires_in\":\"\"}", 600, false},
	{NULL, "{\"access_token\":\"a\",\"expires_in\":null}", 600, false},
	{NULL, "{\"access_token\":\"a\",\"expires_in\":[60]}", 600, false},
	{NULL, "{\"access_token\":\"a\",\"refresh_token\":7}", 600, false},
	{NULL, "{\"access_token\":\"a\",\"refresh_token\":\"\"}", 600, false},
	{NULL, "{\"access_token\":\"a\",\"refresh_token\":\"x\\ny\"}", 600, false},
	{NULL, "{\"access_token\":\"a\",\"refresh_token\":\"x\"}", 600, true},
	{NULL, "{\"access_token\":\"\"}", 0, false},
	{NULL, "{\"access_token\":7}", 0, false},
	{NULL, "{\"access_token\":null}", 0, false},
	{NULL, "{\"access_token\":\"a b\"}", 0, false},
	{NULL, "{\"access_token\":\"a\\u0000\"}", 0, false},
	{NULL, "{\"access_token\":\"caf\303\251\"}", 0, false},
	{NULL, "{\"access_token\":\"a\\u007f\"}", 0, false},
	{NULL, "{\"access_token\":\"a\"", 0, false},
	{NULL, "{\"access_token\":\"a\"}x", 0, false},
	{NULL, "[{\"access_token\":\"a\"}]", 0, false},
	{NULL, "\"a\"", 0, false},
	{NULL, "<html></html>", 0, false},
	{NULL, "", 0, false},
};

START_TEST(an_answer_holds_a_token_or_does_not)
{
	char *name = mem_printf("ringcentral/%s.json", answers[_i].file);
	char *body = answers[_i].file != NULL ? suite_data(name, NULL)
					      : mem_strdup(answers[_i].body);
	int64_t before_ms, after_ms, life_ms = answers[_i].life_s * INT64_C(1000);

	w.body = body;
	before_ms = clock_mono_ms();
	ck_assert_int_eq(ask(), answers[_i].life_s > 0 ? ANSWER_GOOD : ANSWER_RETRY);
	after_ms = clock_mono_ms();
	if (answers[_i].life_s > 0) {
		ck_assert_int_ge(w.auth.expires_ms, before_ms + life_ms);
		ck_assert_int_le(w.auth.expires_ms, after_ms + life_ms);
	} else {
		ck_assert_int_eq(w.auth.answer.reason, REASON_BAD_ANSWER);
		ck_assert_ptr_null(w.auth.access.text);
		ck_assert_ptr_null(w.auth.writing);
	}
	ck_assert_int_eq(w.auth.refresh.text != NULL, answers[_i].refresh);
	free(body);
	free(name);
}
END_TEST

/* An answer that holds none leaves what was there: another may still come by the same token. */
START_TEST(a_useless_answer_takes_nothing_away)
{
	ask();
	w.body = "{}";
	ck_assert_int_eq(ask(), ANSWER_RETRY);
	ck_assert_str_eq(token(), "access-1");
	ck_assert_ptr_nonnull(w.auth.refresh.text);
}
END_TEST

START_TEST(a_token_has_a_longest_length)
{
	for (int len = 8191; len <= 8193; len++) {
		char *body = mem_printf("{\"access_token\":\"%0*d\"}", len, 7);

		w.body = body;
		ck_assert_int_eq(ask(), len <= 8192 ? ANSWER_GOOD : ANSWER_RETRY);
		free(body);
	}
}
END_TEST

START_TEST(an_answer_has_a_largest_size)
{
	char *body = mem_printf("{\"access_token\":\"a\",\"x\":\"%*s\"}", 70000, "");

	w.body = body;
	ck_assert_int_eq(ask(), ANSWER_RETRY);
	ck_assert_int_eq(w.auth.answer.reason, REASON_BAD_ANSWER);
	ck_assert_ptr_null(token());
	free(body);
}
END_TEST

START_TEST(a_token_is_renewed_before_it_ends)
{
	static const struct {
		int life_s, early_s;
	} lives[] = {{3600, 60}, {600, 60}, {240, 60}, {100, 25}, {4, 1}};
	int64_t end_ms;

	for (size_t i = 0; i < COUNT(lives); i++) {
		char *body = mem_printf("{\"access_token\":\"a\",\"expires_in\":%d}",
					lives[i].life_s);

		w.body = body;
		ask();
		end_ms = w.auth.expires_ms - lives[i].early_s * INT64_C(1000);
		ck_assert_ptr_nonnull(auth_token(&w.auth, end_ms - 1));
		ck_assert_ptr_null(auth_token(&w.auth, end_ms));
		free(body);
	}
}
END_TEST

/* ---- the token file ---- */

static json_t *read_file(void)
{
	json_t *file = json_load_file(w.path, 0, NULL);

	ck_assert_ptr_nonnull(file);
	return file;
}

static const char *in_file(const json_t *file, const char *member)
{
	return json_string_value(json_object_get(file, member));
}

START_TEST(a_token_is_kept_for_us_alone)
{
	char *fresh = mem_printf("%s.new", w.path);
	struct stat st;
	json_t *file;
	int64_t at_ms;

	umask(0);
	ask();
	wait_written();
	ck_assert_int_eq(stat(w.path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(access(fresh, F_OK), -1);
	file = read_file();
	ck_assert_str_eq(in_file(file, "access_token"), "access-1");
	ck_assert_str_eq(in_file(file, "refresh_token"), "refresh/1+");
	ck_assert_str_eq(in_file(file, "scope"), "ReadAccounts");
	ck_assert_str_eq(in_file(file, "binding"), w.auth.binding);
	ck_assert_int_eq(clock_parse(in_file(file, "expires_at"), &at_ms), 0);
	ck_assert_int_le(llabs(at_ms - clock_utc_ms() - 3600000), 5000);
	ck_assert_int_eq(clock_parse(in_file(file, "refresh_expires_at"), &at_ms), 0);
	ck_assert_int_le(llabs(at_ms - clock_utc_ms() - 604800000), 5000);
	json_decref(file);
	free(fresh);
}
END_TEST

START_TEST(a_token_outlives_a_restart)
{
	int64_t expires_ms, refresh_ms;

	ask();
	expires_ms = w.auth.expires_ms;
	refresh_ms = w.auth.refresh_expires_ms;
	restart();
	ck_assert_str_eq(token(), "access-1");
	ck_assert_str_eq(w.auth.refresh.text, "refresh/1+");
	ck_assert_str_eq(w.auth.scope, "ReadAccounts");
	ck_assert_int_le(llabs(w.auth.expires_ms - expires_ms), 100);
	ck_assert_int_le(llabs(w.auth.refresh_expires_ms - refresh_ms), 100);
	ck_assert_uint_eq(w.n_asked, 1);
	ask();
	ck_assert_str_eq(w.asked_body,
			 "grant_type=refresh_token&refresh_token=refresh%2F1%2B");
}
END_TEST

START_TEST(other_credentials_do_not_use_it)
{
	ask();
	wait_written();
	auth_clear(&w.auth);
	switch (_i) {
	case 0:
		w.settings.server = "http://127.0.0.1:1";
		break;
	case 1:
		w.settings.client_id = ID "x";
		break;
	case 2:
		set_secret(&w.secret, SECRET "x");
		break;
	case 3:
		set_secret(&w.jwt, JWT "x");
		break;
	default: /* the same texts, parted elsewhere */
		w.settings.client_id = ID "i";
		set_secret(&w.secret, &SECRET[1]);
	}
	open_auth();
	ck_assert_ptr_null(token());
	ck_assert_ptr_null(w.auth.refresh.text);
	ck_assert_ptr_null(w.auth.scope);
}
END_TEST

/* A file with our binding in place of BINDING, and times that are good. */
static void write_file(const char *text, size_t len, mode_t mode)
{
	FILE *f = fopen(w.path, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	fclose(f);
	ck_assert_int_eq(chmod(w.path, mode), 0);
}

static char *with_binding(const char *text)
{
	const char *at = strstr(text, "BINDING");

	if (at == NULL)
		return mem_strdup(text);
	return mem_printf("%.*s%s%s", (int)(at - text), text, w.auth.binding, at + 7);
}

#define LATER   "\"2999-01-01T00:00:00Z\""
#define EARLIER "\"2001-01-01T00:00:00Z\""

static const struct {
	const char *text;
	bool access, refresh;
} files[] = {
	{"{\"binding\":\"BINDING\",\"access_token\":\"a\",\"expires_at\":" LATER
	 ",\"refresh_token\":\"r\",\"refresh_expires_at\":" LATER "}",
	 true, true},
	{"{\"binding\":\"BINDING\",\"access_token\":\"a\",\"expires_at\":" EARLIER
	 ",\"refresh_token\":\"r\",\"refresh_expires_at\":" LATER "}",
	 false, true},
	{"{\"binding\":\"BINDING\",\"access_token\":\"a\",\"expires_at\":" LATER
	 ",\"refresh_token\":\"r\",\"refresh_expires_at\":" EARLIER "}",
	 true, false},
	{"{\"binding\":\"BINDING\",\"access_token\":\"a\",\"expires_at\":" LATER
	 ",\"refresh_token\":\"r\"}",
	 true, false},
	{"{\"binding\":\"BINDING\",\"access_token\":\"a\"}", false, false},
	{"{\"binding\":\"BINDING\",\"access_token\":\"a\",\"expires_at\":\"soon\"}",
	 false, false},
	{"{\"binding\":\"BINDING\",\"access_token\":\"a\",\"expires_at\":4711}", false,
	 false},
	{"{\"binding\":\"BINDING\",\"expires_at\":" LATER "}", false, false},
	{"{\"binding\":\"BINDING\",\"access_token\":7,\"expires_at\":" LATER
	 ",\"refresh_token\":[],\"refresh_expires_at\":" LATER "}",
	 false, false},
	/* What would not be taken from an answer is not taken from here. */
	{"{\"binding\":\"BINDING\",\"access_token\":\"\",\"expires_at\":" LATER "}",
	 false, false},
	{"{\"binding\":\"BINDING\",\"access_token\":\"a\\r\\nX-Injected: 1\",\"expires_at\":" LATER
	 ",\"refresh_token\":\"r\\n\",\"refresh_expires_at\":" LATER "}",
	 false, false},
	{"{\"binding\":\"0000\",\"access_token\":\"a\",\"expires_at\":" LATER "}", false,
	 false},
	{"{\"binding\":7,\"access_token\":\"a\",\"expires_at\":" LATER "}", false, false},
	{"{\"access_token\":\"a\",\"expires_at\":" LATER "}", false, false},
	{"{\"binding\":\"BINDING\",\"access_token\":\"a\",\"expires_at\":" LATER, false,
	 false},
	{"[{\"binding\":\"BINDING\",\"access_token\":\"a\",\"expires_at\":" LATER "}]",
	 false, false},
	{"{\"binding\":\"BINDING\",\n\"access_token\":\"a\",\"expires_at\":" LATER "}",
	 false, false},
	{"null", false, false},
	{"\377\376", false, false},
	{"", false, false},
	{" ", false, false},
};

START_TEST(a_broken_file_is_as_none)
{
	char *text = with_binding(files[_i].text);

	write_file(text, strlen(text), 0600);
	restart();
	ck_assert_int_eq(token() != NULL, files[_i].access);
	ck_assert_int_eq(w.auth.refresh.text != NULL, files[_i].refresh);
	/* However long it says that it lives, it is not believed beyond what is known. */
	ck_assert_int_le(w.auth.expires_ms, clock_mono_ms() + 86400000);
	ck_assert_int_le(w.auth.refresh_expires_ms,
			 clock_mono_ms() + INT64_C(2592000000));
	ck_assert_int_eq(ask(), ANSWER_GOOD);
	wait_written();
	json_decref(read_file());
	free(text);
}
END_TEST

START_TEST(a_file_that_others_may_read_is_as_none)
{
	static const mode_t modes[] = {0604, 0602, 0644, 0666};

	for (size_t i = 0; i < COUNT(modes); i++) {
		char *text = with_binding(files[0].text);

		write_file(text, strlen(text), modes[i]);
		restart();
		ck_assert_ptr_null(token());
		free(text);
	}
}
END_TEST

START_TEST(a_file_cut_at_any_byte_is_as_none)
{
	char *text = with_binding(files[0].text);

	for (size_t len = 0; len < strlen(text); len += 3) {
		write_file(text, len, 0600);
		restart();
		ck_assert_ptr_null(token());
		ck_assert_ptr_null(w.auth.refresh.text);
	}
	free(text);
}
END_TEST

START_TEST(a_folder_in_its_place_is_as_none)
{
	ck_assert_int_eq(mkdir(w.path, 0700), 0);
	restart();
	ck_assert_ptr_null(token());
	ck_assert_int_eq(ask(),
			 ANSWER_GOOD); /* and cannot be replaced: a line in the log */
	wait_written();
	ck_assert_str_eq(token(), "access-1");
}
END_TEST

START_TEST(a_link_in_the_way_is_not_followed)
{
	char *fresh = mem_printf("%s.new", w.path), *victim = mem_printf("%s.x", w.path);
	struct stat st;

	ck_assert_int_eq(close(open(victim, O_WRONLY | O_CREAT, 0600)), 0);
	ck_assert_int_eq(symlink(victim, fresh), 0);
	ask();
	wait_written();
	ck_assert_int_eq(stat(victim, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	free(victim);
	free(fresh);
}
END_TEST

START_TEST(what_a_kill_left_beside_it_is_overwritten)
{
	char *fresh = mem_printf("%s.new", w.path);
	struct stat st;

	ck_assert_int_eq(close(open(fresh, O_WRONLY | O_CREAT, 0666)), 0);
	ck_assert_int_eq(chmod(fresh, 0666), 0);
	ask();
	wait_written();
	ck_assert_int_eq(stat(w.path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	restart();
	ck_assert_str_eq(token(), "access-1");
	free(fresh);
}
END_TEST

START_TEST(without_a_path_it_is_kept_nowhere)
{
	auth_clear(&w.auth);
	auth_init(&w.auth, &w.loop, &w.settings, NULL);
	ck_assert_int_eq(ask(), ANSWER_GOOD);
	ck_assert_ptr_null(w.auth.writing);
	ck_assert_str_eq(token(), "access-1");
	ck_assert_int_eq(access(w.path, F_OK), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* ---- ends that come early; the teardown sees that no handle is forgotten ---- */

START_TEST(canceled_at_once)
{
	auth_start(&w.auth, w.http, on_done);
	auth_cancel(&w.auth);
	auth_cancel(&w.auth);
	ck_assert_uint_eq(w.n_done, 0);
	TURN_UNTIL(&w.loop, w.n_done > 0);
	ck_assert_int_eq(w.auth.answer.next, ANSWER_CANCELED);
	ck_assert_ptr_null(token());
}
END_TEST

START_TEST(canceled_while_it_waits_for_the_answer)
{
	w.status = 0;
	auth_start(&w.auth, w.http, on_done);
	TURN_UNTIL(&w.loop, w.held != NULL);
	auth_cancel(&w.auth);
	TURN_UNTIL(&w.loop, w.n_done > 0);
	ck_assert_int_eq(w.auth.answer.next, ANSWER_CANCELED);
	ck_assert_uint_eq(w.n_done, 1);
	w.status = 200;
	ck_assert_int_eq(ask(), ANSWER_GOOD); /* and may be asked again */
}
END_TEST

START_TEST(canceled_a_refresh_keeps_its_token)
{
	ask();
	w.status = 0;
	w.n_done = 0;
	auth_start(&w.auth, w.http, on_done);
	TURN_UNTIL(&w.loop, w.held != NULL);
	auth_cancel(&w.auth);
	TURN_UNTIL(&w.loop, w.n_done > 0);
	ck_assert_ptr_nonnull(w.auth.refresh.text);
	ck_assert_str_eq(token(), "access-1");
}
END_TEST

START_TEST(canceled_after_the_end_changes_nothing)
{
	auth_cancel(&w.auth); /* before the beginning, too */
	ask();
	auth_cancel(&w.auth);
	uv_run(&w.loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(w.n_done, 1);
	ck_assert_int_eq(w.auth.answer.next, ANSWER_GOOD);
}
END_TEST

#define WORKERS 4 /* libuv's, unless it is told otherwise */
static uv_sem_t gate;

static void wait_at_gate(uv_work_t *work)
{
	(void)work;
	uv_sem_wait(&gate);
}

START_TEST(cleared_while_the_file_is_written)
{
	static struct auth gone;
	uv_work_t busy[WORKERS];

	ck_assert_int_eq(uv_sem_init(&gate, 0), 0);
	for (int i = 0; i < WORKERS; i++)
		ck_assert_int_eq(uv_queue_work(&w.loop, &busy[i], wait_at_gate, NULL), 0);
	ask(); /* who writes the file comes behind them */
	ck_assert_ptr_nonnull(w.auth.writing);
	auth_clear(&w.auth);
	memset(&gone, 0x5a, sizeof gone);
	w.auth = gone;
	for (int i = 0; i < WORKERS; i++)
		uv_sem_post(&gate);
	/* It is finished on its own, and nobody is told. */
	TURN_UNTIL(&w.loop, w.loop.active_reqs.count == 0);
	uv_sem_destroy(&gate);
	ck_assert_int_eq(memcmp(&w.auth, &gone, sizeof gone), 0);
	open_auth();
	ck_assert_str_eq(token(), "access-1");
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{the_jwt_is_presented_as_a_form, 1},
		{a_refresh_token_is_used_where_there_is_one, 1},
		{an_expired_refresh_token_is_not_used, 1},
		{a_dropped_refresh_token_is_not_used, 1},
		{a_dropped_access_token_is_gone, 1},
		{after_a_refused_refresh_comes_the_jwt_once, COUNT(refusals)},
		{a_refresh_without_an_answer_keeps_its_token, 1},
		{nothing_of_it_is_left_in_memory, 1},
		{an_answer_holds_a_token_or_does_not, COUNT(answers)},
		{a_useless_answer_takes_nothing_away, 1},
		{a_token_has_a_longest_length, 1},
		{an_answer_has_a_largest_size, 1},
		{a_token_is_renewed_before_it_ends, 1},
		{a_token_is_kept_for_us_alone, 1},
		{a_token_outlives_a_restart, 1},
		{other_credentials_do_not_use_it, 5},
		{a_broken_file_is_as_none, COUNT(files)},
		{a_file_that_others_may_read_is_as_none, 1},
		{a_file_cut_at_any_byte_is_as_none, 1},
		{a_folder_in_its_place_is_as_none, 1},
		{a_link_in_the_way_is_not_followed, 1},
		{what_a_kill_left_beside_it_is_overwritten, 1},
		{without_a_path_it_is_kept_nowhere, 1},
		{canceled_at_once, 1},
		{canceled_while_it_waits_for_the_answer, 1},
		{canceled_a_refresh_keeps_its_token, 1},
		{canceled_after_the_end_changes_nothing, 1},
		{cleared_while_the_file_is_written, 1},
	};

	return suite_run("auth", tests, COUNT(tests), open_world, close_world);
}
