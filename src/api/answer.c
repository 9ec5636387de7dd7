#include "api/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/unpack.h"
#include "net/retry_after.h"

#define ERROR_BODY_MAX_BYTES (64u * 1024)
#define SECOND_MS            1000
#define ADDRESS_LIMITED      "CMN-310" /* whoever asks from there */

static const char *const reasons[] = {
	[REASON_NONE] = NULL,
	[REASON_CREDENTIALS] = "credentials",
	[REASON_PERMISSION] = "permission",
	[REASON_LIMITED] = "limited",
	[REASON_MAINTENANCE] = "maintenance",
	[REASON_VENDOR] = "vendor",
	[REASON_NETWORK] = "network",
	[REASON_BAD_ANSWER] = "bad_answer",
	[REASON_LIST_SHRUNK] = "list_shrunk",
	[REASON_STORE] = "store",
};

const char *reason_name(enum reason reason)
{
	return reasons[reason];
}

/* What the vendor's codes mean and what the operator can do about it. A status of 0 is any; a
 * code is the numbered one or the word beside it. The first row that fits counts. */
static const struct meaning {
	enum answer_of of;
	long status;
	const char *code; /* NULL: any */
	enum answer_next next;
	enum reason reason;
	const char *hint;
} meanings[] = {
	/* The token endpoint: a wrong client is a 400, not a 401. */
	{ANSWER_OF_TOKEN, 0, "OAU-153", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the client id or the client secret is wrong, or belongs to another server"},
	{ANSWER_OF_TOKEN, 0, "invalid_client", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the client id or the client secret is wrong, or belongs to another server"},
	{ANSWER_OF_TOKEN, 0, "OAU-165", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the app belongs to another environment than this server"},
	{ANSWER_OF_TOKEN, 0, "OAU-251", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the app does not allow the JWT grant: set its auth to JWT in the developer console"},
	{ANSWER_OF_TOKEN, 0, "unauthorized_client", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the app does not allow the JWT grant: set its auth to JWT in the developer console"},
	{ANSWER_OF_TOKEN, 0, "OAU-331", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the JWT is not accepted: make a new one for this app and server"},
	{ANSWER_OF_TOKEN, 0, "OAU-147", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the account is locked after failed logins: an administrator must unlock it"},
	{ANSWER_OF_TOKEN, 0, "OAU-148", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the account is locked after failed logins: an administrator must unlock it"},
	{ANSWER_OF_TOKEN, 0, "OAU-232", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the JWT's user does not exist any more"},
	{ANSWER_OF_TOKEN, 0, "OAU-236", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the JWT's user is disabled or frozen"},
	{ANSWER_OF_TOKEN, 0, "OAU-141", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the JWT's user may not log in in its present state"},
	{ANSWER_OF_TOKEN, 0, "OAU-142", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "nobody may log in in the account's present state"},
	{ANSWER_OF_TOKEN, 0, "OAU-151", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "this way to log in is not supported: set the app's auth to JWT"},
	{ANSWER_OF_TOKEN, 0, "CMN-405", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the JWT must be of a user of this account"},
	{ANSWER_OF_TOKEN, 0, "invalid_grant", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the JWT is expired, revoked or made for another app: make a new one"},
	{ANSWER_OF_TOKEN, 400, NULL, ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the vendor refuses this login: check the client id, the client secret and the JWT"},
	{ANSWER_OF_TOKEN, 401, NULL, ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the vendor refuses this login: check the client id, the client secret and the JWT"},
	{ANSWER_OF_TOKEN, 403, NULL, ANSWER_REFUSED, REASON_VENDOR,
	 "nobody may log in from here: check firewalls and proxies on the way, and the server"},
	{ANSWER_OF_TOKEN, 404, NULL, ANSWER_REFUSED, REASON_VENDOR,
	 "there is no login: check the server, and proxies on the way"},

	/* A dead access token. */
	{ANSWER_OF_LIST, 401, "OAU-151", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "this way to log in is not supported: set the app's auth to JWT"},
	{ANSWER_OF_LIST, 401, "CMN-405", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the JWT must be of a user of this account"},
	{ANSWER_OF_LIST, 401, "OAU-141", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "the JWT's user may not log in in its present state"},
	{ANSWER_OF_LIST, 401, "OAU-142", ANSWER_REFUSED, REASON_CREDENTIALS,
	 "nobody may log in in the account's present state"},
	{ANSWER_OF_LIST, 401, NULL, ANSWER_NEW_TOKEN, REASON_CREDENTIALS,
	 "the access token is not valid any more"},
	{ANSWER_OF_LIST, 499, "OAU-128", ANSWER_NEW_TOKEN, REASON_CREDENTIALS,
	 "the access token is expired"},

	/* Permissions. */
	{ANSWER_OF_LIST, 403, "CMN-401", ANSWER_REFUSED, REASON_PERMISSION,
	 "the app lacks the permission ReadAccounts: add it in the developer console"},
	{ANSWER_OF_LIST, 403, "CMN-408", ANSWER_REFUSED, REASON_PERMISSION,
	 "the JWT's user lacks the permission ReadCompanyDevices: give it a role that has it"},
	{ANSWER_OF_LIST, 403, "CMN-402", ANSWER_REFUSED, REASON_PERMISSION,
	 "the JWT's user must be an administrator"},
	{ANSWER_OF_LIST, 403, "CMN-404", ANSWER_REFUSED, REASON_PERMISSION,
	 "the JWT's user may not see other extensions: give it an administrator's role"},
	{ANSWER_OF_LIST, 403, "CMN-419", ANSWER_REFUSED, REASON_PERMISSION,
	 "the JWT's user needs its permission for the whole account"},
	{ANSWER_OF_LIST, 403, "CMN-109", ANSWER_REFUSED, REASON_PERMISSION,
	 "the account does not have this feature"},
	{ANSWER_OF_LIST, 403, "OAU-167", ANSWER_REFUSED, REASON_PERMISSION,
	 "the JWT's user may not see this site"},
	{ANSWER_OF_LIST, 403, NULL, ANSWER_RETRY, REASON_VENDOR, NULL},
	{ANSWER_OF_LIST, 404, "CMN-102", ANSWER_REFUSED, REASON_PERMISSION,
	 "it is not visible to this user"},
	{ANSWER_OF_LIST, 404, "CMN-120", ANSWER_REFUSED, REASON_PERMISSION,
	 "it does not exist for this app: ask the vendor to switch it on"},
	{ANSWER_OF_LIST, 404, "AGW-404", ANSWER_REFUSED, REASON_PERMISSION,
	 "it does not exist for this app: ask the vendor to switch it on"},
	{ANSWER_OF_LIST, 400, "CMN-106", ANSWER_SMALLER, REASON_VENDOR,
	 "too many extensions at once"},
	{ANSWER_OF_LIST, 400, "InvalidMultipartRequest", ANSWER_SMALLER, REASON_VENDOR,
	 "too many extensions at once"},
	{ANSWER_OF_LIST, 400, "CMN-101", ANSWER_REFUSED, REASON_VENDOR,
	 "the vendor refuses our request as malformed; please report this"},

	/* Either. */
	{ANSWER_OF_LIST, 429, "CMN-303", ANSWER_WAIT, REASON_LIMITED,
	 "the vendor has no rate plan for this app: ask its developer support"},
	{ANSWER_OF_TOKEN, 429, ADDRESS_LIMITED, ANSWER_WAIT, REASON_LIMITED,
	 "too many requests from this address; all accounts of this server wait"},
	{ANSWER_OF_LIST, 429, ADDRESS_LIMITED, ANSWER_WAIT, REASON_LIMITED,
	 "too many requests from this address; all accounts of this server wait"},
	{ANSWER_OF_TOKEN, 429, NULL, ANSWER_WAIT, REASON_LIMITED, "too many requests"},
	{ANSWER_OF_LIST, 429, NULL, ANSWER_WAIT, REASON_LIMITED, "too many requests"},
	{ANSWER_OF_TOKEN, 503, NULL, ANSWER_WAIT, REASON_MAINTENANCE,
	 "the vendor is in maintenance or overloaded"},
	{ANSWER_OF_LIST, 503, NULL, ANSWER_WAIT, REASON_MAINTENANCE,
	 "the vendor is in maintenance or overloaded"},
};

int64_t answer_retry_after(const char *header, const char *date, int64_t now_at_ms,
			   int64_t fallback_ms)
{
	int64_t wait_ms = retry_after_ms(header, date, now_at_ms, fallback_ms);

	if (wait_ms == 0)
		return fallback_ms;
	wait_ms += 1 + SECOND_MS; /* 1: what was less than a millisecond */
	return wait_ms < ANSWER_MAX_WAIT_MS ? wait_ms : ANSWER_MAX_WAIT_MS;
}

/* ---- the error body, a hint where it can be read ---- */

struct codes {
	char nested[32], top[32];
	char permission[64]; /* the one that is missing; "" where it is not said */
};

static void copy_code(char *out, size_t size, const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	if (text != NULL)
		log_escape(out, size, text);
}

void answer_tell_budget(struct budget *b, const struct http_request *req, int64_t now_ms)
{
	budget_told(b, http_header(req, "X-Rate-Limit-Limit"),
		    http_header(req, "X-Rate-Limit-Remaining"),
		    http_header(req, "X-Rate-Limit-Window"), now_ms);
}

json_t *answer_parse_body(const struct http_request *req, size_t max_bytes)
{
	struct buf text;
	struct err ignored; /* what cannot be unpacked is no JSON */
	json_t *body = NULL;

	if (!unpack_is_gzip(req->answer.data, req->answer.len))
		return req->answer.len <= max_bytes ? json_loadb(buf_text(&req->answer),
								 req->answer.len, 0, NULL)
						    : NULL;
	buf_init(&text, max_bytes);
	if (unpack_gzip(&text, req->answer.data, req->answer.len, &ignored) == 0)
		body = json_loadb(text.data, text.len, 0, NULL);
	if (text.data != NULL)
		explicit_bzero(text.data, text.len); /* it may be a token's */
	buf_clear(&text);
	return body;
}

static void read_codes(struct codes *codes, const struct http_request *req)
{
	json_t *body = answer_parse_body(req, ERROR_BODY_MAX_BYTES);
	json_t *first = json_array_get(json_object_get(body, "errors"), 0);

	*codes = (struct codes){0};
	copy_code(codes->nested, sizeof codes->nested, first, "errorCode");
	copy_code(codes->top, sizeof codes->top, body, "errorCode");
	copy_code(codes->permission, sizeof codes->permission, first, "permissionName");
	if (codes->top[0] == '\0')
		copy_code(codes->top, sizeof codes->top, body, "error");
	json_decref(body);
}

static const struct meaning *find_meaning(enum answer_of of, long status,
					  const struct codes *codes)
{
	for (size_t i = 0; i < COUNT(meanings); i++) {
		const struct meaning *m = &meanings[i];

		if (m->of != of || (m->status != 0 && m->status != status))
			continue;
		if (m->code == NULL || strcmp(m->code, codes->nested) == 0 ||
		    strcmp(m->code, codes->top) == 0)
			return m;
	}
	return NULL;
}

/* ---- the answer ---- */

/* Whatever became of the body, and whoever has ended it: the head says that we are refused. */
static bool asks_for_a_wait(const struct http_request *req)
{
	return req->status == 429 || req->status == 503;
}

static void read_failure(struct answer *out, const struct http_request *req, int rc)
{
	out->next = rc == ERR_CANCELED ? ANSWER_CANCELED : ANSWER_RETRY;
	out->reason = rc == ERR_FORMAT ? REASON_BAD_ANSWER : REASON_NETWORK;
	log_escape(out->text, sizeof out->text, req->err.text);
}

/* Without rate headers it is another limiter than the group's: of the account, the address or a
 * service (ringcentral/api.md section 8). That it is the address, only a code tells: else one
 * account that is refused again and again would keep all others from being watched. */
static void read_wait(struct answer *out, const struct http_request *req,
		      int64_t now_at_ms)
{
	out->wait_ms = answer_retry_after(http_header(req, "Retry-After"),
					  http_header(req, "Date"), now_at_ms,
					  ANSWER_DEFAULT_WAIT_MS + SECOND_MS);
	if (strcmp(out->code, ADDRESS_LIMITED) == 0)
		out->scope = ANSWER_OF_ADDRESS;
	else if (req->status == 503 || http_header(req, "X-Rate-Limit-Group") == NULL)
		out->scope = ANSWER_OF_ACCOUNT;
}

static void write_text(struct answer *out, const struct http_request *req,
		       const char *hint)
{
	const char *id = http_header(req, "RCRequestId");
	char safe_id[80] = "";

	if (id != NULL)
		log_escape(safe_id, sizeof safe_id, id);
	snprintf(out->text, sizeof out->text, "HTTP %ld%s%s%s%s%s%s%s", req->status,
		 out->code[0] != '\0' ? " " : "", out->code, hint != NULL ? ": " : "",
		 hint != NULL ? hint : "", safe_id[0] != '\0' ? " (request " : "",
		 safe_id, safe_id[0] != '\0' ? ")" : "");
}

/* The table's hint, with the permission that the vendor names. */
static void name_permission(char *out, size_t size, const struct codes *codes,
			    const char *hint)
{
	if (codes->permission[0] != '\0' && strcmp(codes->nested, "CMN-401") == 0)
		snprintf(
			out, size,
			"the app lacks the permission %s: add it in the developer console",
			codes->permission);
	else if (codes->permission[0] != '\0' && strcmp(codes->nested, "CMN-408") == 0)
		snprintf(
			out, size,
			"the JWT's user lacks the permission %s: give it a role that has it",
			codes->permission);
	else
		snprintf(out, size, "%s", hint != NULL ? hint : "");
}

static void add_hint(char *hint, size_t size, const char *text)
{
	size_t len = strlen(hint);

	snprintf(hint + len, size - len, "%s%s", len > 0 ? "; " : "", text);
}

void answer_read(struct answer *out, const struct http_request *req, int rc,
		 enum answer_of of, int64_t now_at_ms)
{
	const struct meaning *m;
	struct codes codes;
	char hint[240];

	*out = (struct answer){.next = ANSWER_GOOD};
	if (rc != 0 && !asks_for_a_wait(req)) {
		read_failure(out, req, rc);
		return;
	}
	/* 207: of several, each for itself. */
	if (req->status == 200 || (req->status == 207 && of == ANSWER_OF_BULK))
		return;
	read_codes(&codes, req);
	snprintf(out->code, sizeof out->code, "%s",
		 codes.nested[0] != '\0' ? codes.nested : codes.top);
	m = find_meaning(of == ANSWER_OF_TOKEN ? of : ANSWER_OF_LIST, req->status,
			 &codes);
	if (m != NULL) {
		out->next = m->next;
		out->reason = m->reason;
	} else {
		/* Redirects are not followed: the token goes to no other host. */
		out->next = ANSWER_RETRY;
		out->reason = req->status >= 500 ? REASON_VENDOR : REASON_BAD_ANSWER;
	}
	if (out->next == ANSWER_WAIT)
		read_wait(out, req, now_at_ms);
	else if (out->next == ANSWER_RETRY)
		out->wait_ms = answer_retry_after(http_header(req, "Retry-After"),
						  http_header(req, "Date"), now_at_ms, 0);
	name_permission(hint, sizeof hint, &codes, m != NULL ? m->hint : NULL);
	if (out->wait_ms == ANSWER_MAX_WAIT_MS)
		add_hint(hint, sizeof hint,
			 "it asks for a pause of a day or more, of which a day is kept");
	write_text(out, req, hint[0] != '\0' ? hint : NULL);
}
