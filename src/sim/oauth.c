#include "sim/oauth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"
#include "sim/reply.h"
#include "sim/token.h"
#include "sim/world.h"

#define GRANT_JWT        "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define GRANT_REFRESH    "refresh_token"
#define ANSWER_MAX_BYTES 4096
#define TTL_MIN_S        600
#define TTL_MAX_S        3600
#define REFRESH_S        604800

struct oauth {
	char *basic; /* the Authorization header that is accepted */
	char *jwt;
	int64_t token_ms;
	bool refresh_tokens;
	double speed;
	char *refused; /* code; NULL: none */
	struct tokens tokens;
};

static char *basic_of(const char *id, const char *secret)
{
	char *pair = mem_printf("%s:%s", id, secret);
	size_t len = strlen(pair);
	char *base64 = mem_alloc(BASE64_TEXT_BYTES(len));
	char *header;

	base64_encode(base64, pair, len);
	header = mem_printf("Basic %s", base64);
	free(base64);
	free(pair);
	return header;
}

struct oauth *oauth_create(const struct oauth_config *config)
{
	struct oauth *o = mem_zalloc(sizeof *o);

	o->basic = basic_of(config->client_id, config->client_secret);
	o->jwt = mem_strdup(config->jwt);
	o->token_ms = config->token_ms;
	o->refresh_tokens = config->refresh_tokens;
	o->speed = config->speed;
	return o;
}

void oauth_destroy(struct oauth *o)
{
	if (o == NULL)
		return;
	free(o->basic);
	free(o->jwt);
	free(o->refused);
	free(o);
}

/* ---- forms ---- */

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c | 0x20) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static char *percent_decode(const char *text, size_t len)
{
	char *out = mem_alloc(len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 &&
		    hex_digit(text[i + 2]) >= 0) {
			out[n++] = (char)(hex_digit(text[i + 1]) * 16 +
					  hex_digit(text[i + 2]));
			i += 2;
		} else {
			out[n++] = (char)(text[i] == '+' ? ' ' : text[i]);
		}
	}
	out[n] = '\0';
	return out;
}

/* One value of a form, decoded, for free(); NULL where it is missing. */
static char *form_value(const char *form, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = form; *at != '\0';) {
		size_t pair = strcspn(at, "&");

		if (pair > len && strncmp(at, name, len) == 0 && at[len] == '=')
			return percent_decode(at + len + 1, pair - len - 1);
		at += pair;
		if (*at == '&')
			at++;
	}
	return NULL;
}

/* ---- the token endpoint ---- */

static const struct refusal {
	const char *code, *word, *message;
} refusals[] = {
	{"OAU-153", "invalid_client", "Invalid client application"},
	{"OAU-251", "unauthorized_client", "Unauthorized for this grant type"},
	{"OAU-210", "invalid_grant", "Token expired"},
	{"OAU-211", "invalid_grant", "Token revoked"},
	{"OAU-213", "invalid_grant", "Token not found"},
	{"OAU-331", "invalid_grant", "JWT is not accepted"},
	{"OAU-147", "invalid_grant", "Account is locked"},
	{"OAU-232", "invalid_grant", "Extension not found"},
	{"OAU-236", "invalid_grant", "Extension is disabled"},
};

static void refuse(struct reply *reply, const char *code)
{
	struct refusal r = {code, "invalid_grant", "Refused"};

	for (size_t i = 0; i < COUNT(refusals); i++)
		if (strcmp(refusals[i].code, code) == 0)
			r = refusals[i];
	reply_oauth_error(reply, 400, r.word, r.code, r.message);
}

static struct token_lives lives_for(const struct oauth *o, const char *form)
{
	char *asked = form_value(form, "access_token_ttl");
	int64_t access_ms = o->token_ms;

	if (asked != NULL) {
		long s = strtol(asked, NULL, 10);

		s = s < TTL_MIN_S ? TTL_MIN_S : s > TTL_MAX_S ? TTL_MAX_S : s;
		if (s * INT64_C(1000) < access_ms)
			access_ms = s * INT64_C(1000);
	}
	free(asked);
	return (struct token_lives){
		.access_ms = (int64_t)((double)access_ms / o->speed),
		.refresh_ms = o->refresh_tokens ? REFRESH_S * INT64_C(1000) : 0,
	};
}

static void tell_session(const struct token_session *s, int64_t now_ms,
			 struct reply *reply)
{
	struct buf b;

	buf_init(&b, ANSWER_MAX_BYTES);
	buf_printf(
		&b,
		"{\"access_token\":\"%s\",\"token_type\":\"bearer\",\"expires_in\":%lld",
		s->access, (long long)((s->until_ms - now_ms + 999) / 1000));
	if (s->refresh[0] != '\0')
		buf_printf(&b,
			   ",\"refresh_token\":\"%s\",\"refresh_token_expires_in\":%lld",
			   s->refresh,
			   (long long)((s->refresh_until_ms - now_ms + 999) / 1000));
	buf_printf(&b,
		   ",\"scope\":\"ReadAccounts\",\"owner_id\":\"62264000000\","
		   "\"endpoint_id\":\"simulated\",\"session_id\":\"simulated-%llu\"}",
		   (unsigned long long)s->number);
	reply_take_json(reply, 200, &b);
}

static void grant_jwt(struct oauth *o, const char *form, int64_t now_ms,
		      struct reply *reply)
{
	char *jwt = form_value(form, "assertion");

	if (jwt != NULL && strcmp(jwt, o->jwt) == 0)
		tell_session(tokens_open(&o->tokens, lives_for(o, form), now_ms), now_ms,
			     reply);
	else
		refuse(reply, "OAU-331");
	free(jwt);
}

static void grant_refresh(struct oauth *o, const char *form, int64_t now_ms,
			  struct reply *reply)
{
	char *refresh = form_value(form, "refresh_token");
	const struct token_session *session;

	switch (tokens_refresh(&o->tokens, refresh != NULL ? refresh : "",
			       lives_for(o, form), now_ms, &session)) {
	case TOKEN_GOOD:
		tell_session(session, now_ms, reply);
		break;
	case TOKEN_EXPIRED:
		refuse(reply, "OAU-210");
		break;
	case TOKEN_UNKNOWN:
		refuse(reply, "OAU-213");
		break;
	}
	free(refresh);
}

static void refuse_request(struct reply *reply, const char *word, const char *message)
{
	struct buf b;

	buf_init(&b, ANSWER_MAX_BYTES);
	buf_printf(&b, "{\"error\":\"%s\",\"error_description\":\"%s\"}", word, message);
	reply_take_json(reply, 400, &b);
}

void oauth_token(struct oauth *o, const char *authorization, const char *form,
		 int64_t now_ms, struct reply *reply)
{
	char *grant = form_value(form, "grant_type");

	if (o->refused != NULL)
		refuse(reply, o->refused);
	else if (authorization == NULL || strcmp(authorization, o->basic) != 0)
		refuse(reply, "OAU-153"); /* 400, not 401: the vendor's way */
	else if (grant == NULL)
		refuse_request(reply, "invalid_request", "Request is incomplete");
	else if (strcmp(grant, GRANT_JWT) == 0)
		grant_jwt(o, form, now_ms, reply);
	else if (strcmp(grant, GRANT_REFRESH) == 0 && o->refresh_tokens)
		grant_refresh(o, form, now_ms, reply);
	else if (strcmp(grant, GRANT_REFRESH) == 0)
		refuse(reply, "OAU-251");
	else
		refuse_request(reply, "unsupported_grant_type",
			       "Grant type is not supported");
	free(grant);
}

void oauth_revoke(struct oauth *o, const char *form, struct reply *reply)
{
	char *token = form_value(form, "token");

	if (token != NULL)
		tokens_revoke(&o->tokens, token);
	free(token);
	reply->status = 200; /* an unknown token too, and without a body */
}

/* ---- everything else ---- */

bool oauth_check(struct oauth *o, const char *authorization, int64_t now_ms,
		 struct reply *reply)
{
	reply_header(reply, "WWW-Authenticate", "Bearer realm=\"RingCentral REST API\"");
	if (authorization == NULL || strncasecmp(authorization, "Bearer ", 7) != 0) {
		reply_api_error(reply, 401, NULL, "AGW-401",
				"Authorization header is not specified", NULL);
		return false;
	}
	switch (tokens_use(&o->tokens, authorization + 7, now_ms)) {
	case TOKEN_GOOD:
		break;
	case TOKEN_EXPIRED:
		reply_api_error(reply, 401, "TokenExpired", "OAU-128",
				"Access token expired", NULL);
		return false;
	case TOKEN_UNKNOWN:
		reply_api_error(reply, 401, "TokenInvalid", "OAU-213", "Token not found",
				NULL);
		return false;
	}
	reply_clear(reply);
	return true;
}

void oauth_revoke_all(struct oauth *o)
{
	tokens_revoke_all(&o->tokens);
}

void oauth_refuse(struct oauth *o, const char *code)
{
	free(o->refused);
	o->refused = code != NULL ? mem_strdup(code) : NULL;
}
