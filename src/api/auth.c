/*
 *   auth_start -> on_answer -> take_token -> on_done
 *                     |             \-> write_file: on the thread pool, on its own
 *                     \-> refused, no answer, auth_cancel: auth->answer says which, on_done
 */
#include "api/auth.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define TOKEN_PATH        "/restapi/oauth/token"
#define GRANT_JWT         "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define SECOND_MS         INT64_C(1000)
#define TOKEN_MAX_BYTES   8192
#define ANSWER_MAX_BYTES  (64u * 1024)
#define TIMEOUT_MS        30000
#define SHORTEST_LIFE_S   600   /* what the vendor grants at least; where none is told */
#define LONGEST_LIFE_S    86400 /* what it has been seen to grant at most */
#define LONGEST_REFRESH_S 2592000
#define RENEW_BEFORE_MS   (60 * SECOND_MS)
#define BINDING_TEXTS     4

/* ---- the token's life ---- */

static void set_life(struct auth *auth, int64_t life_ms, int64_t now_ms)
{
	int64_t early = life_ms / 4 < RENEW_BEFORE_MS ? life_ms / 4 : RENEW_BEFORE_MS;

	auth->expires_ms = now_ms + life_ms;
	auth->renew_ms = auth->expires_ms - early;
}

const char *auth_token(const struct auth *auth, int64_t now_ms)
{
	return auth->access.text != NULL && now_ms < auth->renew_ms ? auth->access.text
								    : NULL;
}

void auth_drop_token(struct auth *auth)
{
	secret_clear(&auth->access);
}

void auth_drop_refresh(struct auth *auth)
{
	secret_clear(&auth->refresh);
}

/* A token goes into a header: printable ASCII, nothing else (RFC 6750). */
static bool is_token(const json_t *value)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (text == NULL || len == 0 || len > TOKEN_MAX_BYTES)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

/* Take a token over where it is one. */
static void set_token(struct secret *secret, const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	if (is_token(value))
		secret_set(secret, json_string_value(value), json_string_length(value));
}

/* ---- the token file ---- */

/* Shape  {"binding": hex, "access_token": "...", "expires_at": "2026-...Z",
 *         "refresh_token": "...", "refresh_expires_at": "...", "scope": "..."}; the last three
 *        only where there are some. */

/* How long from now until a time of the file, within limits; 0 where it is over or unreadable. */
static int64_t left_ms(const json_t *file, const char *member, int64_t most_s)
{
	const char *text = json_string_value(json_object_get(file, member));
	int64_t at_ms, left;

	if (text == NULL || clock_parse(text, &at_ms) != 0)
		return 0;
	left = at_ms - clock_utc_ms();
	if (left < 0)
		return 0;
	return left < most_s * SECOND_MS ? left : most_s * SECOND_MS;
}

static void use_file(struct auth *auth, const json_t *file)
{
	const char *binding = json_string_value(json_object_get(file, "binding"));
	const char *scope = json_string_value(json_object_get(file, "scope"));
	int64_t now_ms = clock_mono_ms(), life, refresh_life;

	if (binding == NULL || strcmp(binding, auth->binding) != 0)
		return; /* other credentials' */
	life = left_ms(file, "expires_at", LONGEST_LIFE_S);
	refresh_life = left_ms(file, "refresh_expires_at", LONGEST_REFRESH_S);
	if (life > 0)
		set_token(&auth->access, file, "access_token");
	set_life(auth, life, now_ms);
	if (refresh_life > 0)
		set_token(&auth->refresh, file, "refresh_token");
	auth->refresh_expires_ms = now_ms + refresh_life;
	auth->scope = scope != NULL ? mem_strdup(scope) : NULL;
}

/* An absent, foreign or broken file is as none: the credentials are at hand. */
void auth_read_file(const struct auth *auth, struct secret *text)
{
	struct err err;

	if (auth->path != NULL)
		secret_read(text, auth->path, SECRET_ANYWHERE, &err);
}

void auth_take_file(struct auth *auth, struct secret *text)
{
	json_t *file;

	if (text->text == NULL)
		return;
	file = json_loadb(text->text, text->len, 0, NULL);
	use_file(auth, file);
	json_decref(file);
	secret_clear(text);
}

static void add_time(json_t *file, const char *member, int64_t left)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(text, clock_utc_ms() + left);
	json_object_set_new(file, member, json_string(text));
}

static char *file_text(const struct auth *auth)
{
	int64_t now_ms = clock_mono_ms();
	json_t *file = json_object();
	char *text;

	json_object_set_new(file, "binding", json_string(auth->binding));
	json_object_set_new(file, "access_token", json_string(auth->access.text));
	add_time(file, "expires_at", auth->expires_ms - now_ms);
	if (auth->refresh.text != NULL) {
		json_object_set_new(file, "refresh_token",
				    json_string(auth->refresh.text));
		add_time(file, "refresh_expires_at", auth->refresh_expires_ms - now_ms);
	}
	if (auth->scope != NULL)
		json_object_set_new(file, "scope", json_string(auth->scope));
	text = json_dumps(file, JSON_COMPACT);
	json_decref(file);
	if (text == NULL)
		abort(); /* out of memory: all strings in it are UTF-8 */
	return text;
}

/* A file to be written; on its own once started. */
struct token_file {
	uv_work_t work;
	struct auth *owner; /* NULL once it does not care any more */
	char *path, *text;
	struct err err;
};

static int write_whole(const char *path, const char *text, struct err *err)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool written;

	if (fd < 0)
		return err_set(err, ERR_STORE, "%s: %s", path, strerror(errno));
	written = fchmod(fd, 0600) == 0 && write(fd, text, len) == (ssize_t)len &&
		  fsync(fd) == 0;
	if (!written)
		err_set(err, ERR_STORE, "%s: %s", path, strerror(errno));
	if (close(fd) != 0 && written)
		return err_set(err, ERR_STORE, "%s: %s", path, strerror(errno));
	return written ? 0 : err->code;
}

/* Beside it first, then in its place: a kill leaves the old one or the new one. */
static void on_write(uv_work_t *work)
{
	struct token_file *f = work->data;
	char *fresh = mem_printf("%s.new", f->path);

	if (write_whole(fresh, f->text, &f->err) == 0 && rename(fresh, f->path) != 0)
		err_set(&f->err, ERR_STORE, "%s: %s", f->path, strerror(errno));
	free(fresh);
}

static void on_written(uv_work_t *work, int status)
{
	struct token_file *f = work->data;

	(void)status; /* never canceled */
	if (f->owner != NULL)
		f->owner->writing = NULL;
	if (f->err.code != 0)
		log_warning("token file %s; after a restart another login is needed",
			    f->err.text);
	explicit_bzero(f->text, strlen(f->text));
	free(f->text);
	free(f->path);
	free(f);
}

static void write_file(struct auth *auth)
{
	struct token_file *f;

	/* Tokens come minutes apart: one still being written then is on a disk that hangs. */
	if (auth->path == NULL || auth->writing != NULL)
		return;
	f = mem_zalloc(sizeof *f);
	f->work.data = f;
	f->owner = auth;
	f->path = mem_strdup(auth->path);
	f->text = file_text(auth);
	auth->writing = f;
	uv_queue_work(auth->loop, &f->work, on_write, on_written);
}

/* ---- init ---- */

void auth_init(struct auth *auth, uv_loop_t *loop, const struct auth_settings *settings,
	       const char *path)
{
	const char *texts[BINDING_TEXTS] = {settings->server, settings->client_id,
					    settings->client_secret->text,
					    settings->jwt->text};

	*auth = (struct auth){
		.settings = *settings,
		.loop = loop,
		.path = path != NULL ? mem_strdup(path) : NULL,
		.url = mem_printf("%s%s", settings->server, TOKEN_PATH),
	};
	digest_texts(auth->binding, texts, BINDING_TEXTS);
	http_request_init(&auth->req);
}

void auth_clear(struct auth *auth)
{
	if (auth->writing != NULL)
		auth->writing->owner = NULL;
	secret_clear(&auth->access);
	secret_clear(&auth->refresh);
	secret_clear(&auth->body);
	http_request_clear(&auth->req);
	free(auth->scope);
	free(auth->path);
	free(auth->url);
}

/* ---- the request ---- */

/* A form field's value, percent-encoded, behind what is there. */
static void add_field(struct buf *body, const char *name, const char *value)
{
	char *encoded = curl_easy_escape(NULL, value, 0);

	if (encoded == NULL)
		abort(); /* out of memory */
	/* Fits: the secrets are bounded and the cap is above three times their bound. */
	buf_printf(body, "%s%s=%s", body->len > 0 ? "&" : "", name, encoded);
	explicit_bzero(encoded, strlen(encoded));
	curl_free(encoded);
}

static void build_body(struct auth *auth)
{
	struct buf body;

	buf_init(&body, 4 * SECRET_MAX_BYTES);
	if (auth->refreshing) {
		add_field(&body, "grant_type", "refresh_token");
		add_field(&body, "refresh_token", auth->refresh.text);
	} else {
		add_field(&body, "grant_type", GRANT_JWT);
		add_field(&body, "assertion", auth->settings.jwt->text);
	}
	secret_set(&auth->body, body.data, body.len);
	explicit_bzero(body.data, body.len);
	buf_clear(&body);
}

void auth_add_basic(const struct auth *auth, struct http_request *req)
{
	char *pair = mem_printf("%s:%s", auth->settings.client_id,
				auth->settings.client_secret->text);
	size_t len = strlen(pair);
	char *encoded = mem_alloc(BASE64_TEXT_BYTES(len));

	base64_encode(encoded, pair, len);
	http_add_header(req, "Authorization: Basic %s", encoded);
	explicit_bzero(encoded, strlen(encoded));
	explicit_bzero(pair, len);
	free(encoded);
	free(pair);
}

/* Seconds of life: a positive number, or its text; what is neither is the shortest. */
static int64_t life_ms(const json_t *value, int64_t longest_s)
{
	int64_t s = json_integer_value(value);

	if (json_is_string(value))
		s = strtoll(json_string_value(value), NULL, 10);
	if (s <= 0)
		s = SHORTEST_LIFE_S;
	return (s < longest_s ? s : longest_s) * SECOND_MS;
}

static void take_refresh(struct auth *auth, const json_t *object, int64_t now_ms)
{
	secret_clear(&auth->refresh); /* it was for one use */
	set_token(&auth->refresh, object, "refresh_token");
	auth->refresh_expires_ms =
		now_ms + life_ms(json_object_get(object, "refresh_token_expires_in"),
				 LONGEST_REFRESH_S);
}

static void take_token(struct auth *auth)
{
	json_t *object = answer_parse_body(&auth->req, ANSWER_MAX_BYTES);
	const char *scope = json_string_value(json_object_get(object, "scope"));
	int64_t now_ms = clock_mono_ms();

	if (!is_token(json_object_get(object, "access_token"))) {
		auth->answer.next = ANSWER_RETRY;
		auth->answer.reason = REASON_BAD_ANSWER;
		snprintf(auth->answer.text, sizeof auth->answer.text,
			 "the vendor's answer holds no usable token");
	} else {
		set_token(&auth->access, object, "access_token");
		set_life(auth,
			 life_ms(json_object_get(object, "expires_in"), LONGEST_LIFE_S),
			 now_ms);
		take_refresh(auth, object, now_ms);
		free(auth->scope);
		auth->scope = scope != NULL ? mem_strdup(scope) : NULL;
		write_file(auth);
	}
	json_decref(object);
}

static void on_answer(struct http_request *req, int rc)
{
	struct auth *auth = req->data;

	answer_read(&auth->answer, req, rc, ANSWER_OF_TOKEN, clock_utc_ms());
	if (auth->answer.next == ANSWER_GOOD) {
		take_token(auth);
	} else if (auth->answer.next == ANSWER_REFUSED && auth->refreshing) {
		/* Expired, revoked or used: the JWT is still there, once. */
		secret_clear(&auth->refresh);
		auth->answer.next = ANSWER_NEW_TOKEN;
	}
	if (req->answer.data != NULL)
		explicit_bzero(req->answer.data, req->answer.len);
	secret_clear(&auth->body);
	auth->on_done(auth);
}

void auth_start(struct auth *auth, struct http_client *client, auth_cb on_done)
{
	auth->on_done = on_done;
	auth->refreshing =
		auth->refresh.text != NULL && clock_mono_ms() < auth->refresh_expires_ms;
	build_body(auth);
	http_request_clear(&auth->req);
	http_request_init(&auth->req);
	auth->req.url = auth->url;
	auth->req.body = auth->body.text;
	auth->req.body_len = auth->body.len;
	auth->req.ca_file = auth->settings.ca_file;
	auth->req.max_bytes = ANSWER_MAX_BYTES;
	auth->req.total_ms = TIMEOUT_MS;
	auth->req.on_done = on_answer;
	auth->req.data = auth;
	auth_add_basic(auth, &auth->req);
	http_add_header(&auth->req, "Content-Type: application/x-www-form-urlencoded");
	http_add_header(&auth->req, "Accept: application/json");
	http_start(client, &auth->req);
}

void auth_cancel(struct auth *auth)
{
	http_cancel(&auth->req);
}
