#include "sim/oauth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sim/account.h"
#include "sim/error.h"
#include "sim/reply.h"
#include "sim/roster.h"
#include "sim/rules.h"

#define GRANT_JWT        "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define GRANT_REFRESH    "refresh_token"
#define ANSWER_MAX_BYTES 4096
#define TTL_MIN_S        600
#define TTL_MAX_S        3600

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

static void refuse(struct reply *reply, const char *code)
{
	struct error_row row = {code, 400, "Refused", .oauth = "invalid_grant"};
	const struct error_row *known = error_find(code, ERROR_OAUTH);

	if (known != NULL && known->oauth != NULL)
		row = *known;
	error_answer(reply, &row);
}

/* The rules, with the life that the form asks for. */
static struct token_rules rules_for(const struct rules *rules, const char *form)
{
	struct token_rules r = rules->token;
	char *asked = form_value(form, "access_token_ttl");

	if (asked != NULL) {
		long s = strtol(asked, NULL, 10);

		s = s < TTL_MIN_S ? TTL_MIN_S : s > TTL_MAX_S ? TTL_MAX_S : s;
		if (s * INT64_C(1000) < r.access_ms)
			r.access_ms = s * INT64_C(1000);
	}
	free(asked);
	return r;
}

static long long seconds_until(int64_t until_ms, int64_t now_ms)
{
	return (until_ms - now_ms + 999) / 1000;
}

static void tell_session(const struct token_session *s, int64_t now_ms,
			 struct reply *reply)
{
	struct buf b;

	buf_init(&b, ANSWER_MAX_BYTES);
	buf_printf(
		&b,
		"{\"access_token\":\"%s\",\"token_type\":\"bearer\",\"expires_in\":%lld",
		s->access, seconds_until(s->until_ms, now_ms));
	if (s->refresh[0] != '\0')
		buf_printf(&b,
			   ",\"refresh_token\":\"%s\",\"refresh_token_expires_in\":%lld",
			   s->refresh, seconds_until(s->refresh_until_ms, now_ms));
	buf_printf(&b,
		   ",\"scope\":\"ReadAccounts\",\"owner_id\":\"62264000000\","
		   "\"endpoint_id\":\"simulated\",\"session_id\":\"simulated-%llu\"}",
		   (unsigned long long)s->number);
	reply_take_json(reply, 200, &b);
}

static void grant_jwt(const struct rules *rules, struct account *account,
		      const char *form, int64_t now_ms, struct reply *reply)
{
	struct token_rules r = rules_for(rules, form);
	const struct token_session *session = tokens_open(&account->tokens, &r, now_ms);

	if (session != NULL) {
		tell_session(session, now_ms, reply);
		return;
	}
	error_answer_code(reply, "CMN-301", ERROR_API);
	reply_header(reply, "Retry-After", "%lld", (long long)rules->penalty_ms / 1000);
}

static void grant_refresh(const struct rules *rules, struct account *account,
			  const char *form, int64_t now_ms, struct reply *reply)
{
	char *refresh = form_value(form, "refresh_token");
	struct token_rules r = rules_for(rules, form);
	const struct token_session *session;

	switch (tokens_refresh(&account->tokens, refresh, &r, now_ms, &session)) {
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

struct account *oauth_account_of(const struct roster *roster, const struct app *app,
				 const char *form)
{
	char *jwt = form_value(form, "assertion");
	char *refresh = form_value(form, "refresh_token");
	struct account *account = NULL;

	if (jwt != NULL)
		account = roster_of_jwt(roster, app, jwt);
	else if (refresh != NULL)
		account = roster_of_token(roster, refresh);
	free(jwt);
	free(refresh);
	return account != NULL && account->app == app ? account : NULL;
}

void oauth_token(const struct rules *rules, const struct app *app,
		 struct account *account, const struct oauth_request *request,
		 struct reply *reply)
{
	char *grant = form_value(request->form, "grant_type");

	if (account != NULL && account->refused != NULL)
		refuse(reply, account->refused);
	else if (app == NULL || strcmp(request->authorization, app->basic) != 0)
		refuse(reply, "OAU-153"); /* 400, not 401: the vendor's way */
	else if (grant == NULL)
		refuse_request(reply, "invalid_request", "Request is incomplete");
	else if (strcmp(grant, GRANT_REFRESH) == 0 && !rules->token.refresh)
		refuse(reply, "OAU-251");
	else if (strcmp(grant, GRANT_REFRESH) == 0 && account != NULL)
		grant_refresh(rules, account, request->form, request->now_ms, reply);
	else if (strcmp(grant, GRANT_REFRESH) == 0)
		refuse(reply, "OAU-213");
	else if (strcmp(grant, GRANT_JWT) == 0 && account != NULL)
		grant_jwt(rules, account, request->form, request->now_ms, reply);
	else if (strcmp(grant, GRANT_JWT) == 0)
		refuse(reply, "OAU-331");
	else
		refuse_request(reply, "unsupported_grant_type",
			       "Grant type is not supported");
	free(grant);
}

void oauth_revoke(const struct roster *roster, const char *form, struct reply *reply)
{
	char *token = form_value(form, "token");
	struct account *account = token != NULL ? roster_of_token(roster, token) : NULL;

	if (account != NULL)
		tokens_revoke(&account->tokens, token);
	free(token);
	reply->status = 200; /* an unknown token too, and without a body */
}

/* ---- everything else ---- */

static struct account *refuse_bearer(struct reply *reply, const char *code)
{
	reply_header(reply, "WWW-Authenticate", "Bearer realm=\"RingCentral REST API\"");
	error_answer_code(reply, code, ERROR_API);
	return NULL;
}

struct account *oauth_check(const struct roster *roster, const char *authorization,
			    int64_t now_ms, struct reply *reply)
{
	struct account *account;

	if (authorization == NULL || strncasecmp(authorization, "Bearer ", 7) != 0)
		return refuse_bearer(reply, "AGW-401");
	account = roster_of_token(roster, authorization + 7);
	if (account == NULL)
		return refuse_bearer(reply, "OAU-213");
	switch (tokens_use(&account->tokens, authorization + 7, now_ms)) {
	case TOKEN_EXPIRED:
		return refuse_bearer(reply, "OAU-128");
	case TOKEN_UNKNOWN:
		return refuse_bearer(reply, "OAU-213");
	case TOKEN_GOOD:
		break;
	}
	return account;
}
