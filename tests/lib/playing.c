#include "lib/playing.h"

#include <check.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "lib/suite.h"

#define RESULTS_MAX_BYTES ((size_t)1 << 28)

struct playing playing;

void playing_setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&playing.loop);
	client_open(&playing.client, &playing.loop);
	playing.log_path = mem_printf("%s/sim.ndjson", suite_dir());
	playing.config = (struct play_config){
		.address = "127.0.0.1:0",
		.n_accounts = 1,
		.per_client = 1,
		.client_id = "the-id",
		.client_secret = "the-secret",
		.jwt = "the-jwt",
		.n_devices = 250,
		.n_sites = 5,
		.seed = 1,
		.at_ms = 1,
		.speed = 1,
		.log = playing.log_path,
	};
}

void playing_teardown(void)
{
	if (playing.play != NULL)
		play_stop(playing.play);
	client_close(&playing.client);
	uv_run(&playing.loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&playing.loop), 0);
	free(playing.log_path);
}

void playing_start(void)
{
	struct err err;

	ck_assert_msg(play_start(&playing.loop, &playing.config, &playing.play, &err) ==
			      0,
		      "%s", err.text);
}

const char *playing_url(const char *path)
{
	static char text[4096];

	snprintf(text, sizeof text, "%s%s", play_url(playing.play), path);
	return text;
}

/* ---- asking ---- */

void playing_ask_token(struct client_call *call, const char *user, const char *form)
{
	client_start(&playing.client, call, playing_url(PLAYING_TOKEN), form);
	curl_easy_setopt(call->easy, CURLOPT_USERPWD, user);
	client_wait(&playing.client, call);
}

void playing_log_in_as(const char *user, const char *form)
{
	struct client_call call;
	json_t *json;

	playing_ask_token(&call, user, form);
	ck_assert_msg(call.status == 200, "%s", buf_text(&call.body));
	json = playing_json(&call);
	snprintf(playing.bearer, sizeof playing.bearer, "Authorization: Bearer %s",
		 playing_at(json, "access_token"));
	json_decref(json);
	client_end(&playing.client, &call);
}

void playing_log_in(void)
{
	playing_log_in_as(PLAYING_USER, PLAYING_JWT);
}

void playing_start_get(struct client_call *call, const char *path, const char *encoding)
{
	client_start(&playing.client, call, playing_url(path), NULL);
	client_line(call, playing.bearer);
	if (encoding != NULL && strchr(encoding, ':') != NULL)
		client_line(call, encoding);
	else if (encoding != NULL)
		curl_easy_setopt(call->easy, CURLOPT_ACCEPT_ENCODING, encoding);
}

void playing_get(struct client_call *call, const char *path, const char *encoding)
{
	playing_start_get(call, path, encoding);
	client_wait(&playing.client, call);
}

void playing_list(struct client_call *call, const char *query, const char *encoding)
{
	char path[256];

	snprintf(path, sizeof path, PLAYING_LIST "%s", query);
	playing_get(call, path, encoding);
}

json_t *playing_get_json(const char *path, long status)
{
	struct client_call call;
	json_t *json;

	playing_get(&call, path, "gzip");
	ck_assert_msg(call.status == status, "%s: %ld: %s", path, call.status,
		      buf_text(&call.body));
	json = playing_json(&call);
	client_end(&playing.client, &call);
	return json;
}

void playing_command(const char *fmt, ...)
{
	struct buf results;
	struct err err;
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_init(&results, RESULTS_MAX_BYTES);
	ck_assert_msg(play_command(playing.play, text, strlen(text), &results, &err) == 0,
		      "%s: %s", text, err.text);
	buf_clear(&results);
}

void playing_post(const char *text, long status, char *answer, size_t size)
{
	struct client_call call;

	client_ask(&playing.client, &call, playing_url("/sim"), text);
	ck_assert_msg(call.status == status, "%s", buf_text(&call.body));
	snprintf(answer, size, "%s", buf_text(&call.body));
	client_end(&playing.client, &call);
}

json_t *playing_truth(void)
{
	struct client_call call;
	json_t *json;

	client_ask(&playing.client, &call, playing_url("/sim/devices"), NULL);
	ck_assert_str_eq(client_header(&call, "Content-Type"), "application/json");
	json = playing_json(&call);
	client_end(&playing.client, &call);
	return json;
}

char *playing_raw_page(size_t *len)
{
	struct client_call call;
	char *bytes;

	playing_list(&call, "", "Accept-Encoding: gzip");
	ck_assert_int_eq(call.status, 200);
	*len = call.body.len;
	bytes = mem_strndup(call.body.data, 0);
	bytes = mem_resize(bytes, *len, 1);
	memcpy(bytes, call.body.data, *len);
	client_end(&playing.client, &call);
	return bytes;
}

/* ---- looking ---- */

json_t *playing_json(const struct client_call *call)
{
	json_error_t error;
	json_t *json = json_loadb(call->body.data, call->body.len, 0, &error);

	ck_assert_msg(json != NULL, "%s: %s", error.text, buf_text(&call->body));
	return json;
}

const char *playing_at(const json_t *json, const char *path)
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

json_t *playing_log(void)
{
	json_t *lines = json_array(), *line;
	FILE *file = fopen(playing.log_path, "r");
	json_error_t error;

	ck_assert_ptr_nonnull(file);
	while ((line = json_loadf(file, JSON_DISABLE_EOF_CHECK, &error)) != NULL)
		json_array_append_new(lines, line);
	fclose(file);
	return lines;
}

size_t playing_count(const char *event)
{
	json_t *lines = playing_log(), *line;
	size_t i, n = 0;

	json_array_foreach(lines, i, line) n +=
		strcmp(playing_at(line, "event"), event) == 0;
	json_decref(lines);
	return n;
}

const char *playing_last_line(void)
{
	static char text[1024];
	json_t *lines = playing_log();
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

char *playing_file(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", suite_dir(), name);
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	return path;
}
