#include "sim/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "sim/list.h"
#include "sim/words.h"

#define BULK_MAX        30
#define BULK_MAX_MAX    100000
#define TOKEN_S         3600
#define TOKEN_MAX_S     2592000
#define REFRESH_S       604800
#define PENALTY_DEFAULT 60000

/* A whole number of seconds. */
static int read_seconds(struct words *w, uint64_t max, int64_t *ms, struct err *err)
{
	uint64_t seconds;
	int rc = words_next_number(w, 1, max, &seconds, err);

	if (rc == 0)
		*ms = (int64_t)seconds * 1000;
	return rc;
}

static int read_count(struct words *w, unsigned max, unsigned *out, struct err *err)
{
	uint64_t number;
	int rc = words_next_number(w, 1, max, &number, err);

	if (rc == 0)
		*out = (unsigned)number;
	return rc;
}

/* One of two words; *out says whether it is the second. */
static int read_either(struct words *w, const char *no, const char *yes, bool *out,
		       struct err *err)
{
	const char *const list[] = {no, yes, NULL};
	unsigned which;
	int rc = words_next_of(w, list, &which, err);

	if (rc == 0)
		*out = which == 1;
	return rc;
}

/* ENDPOINT=GROUP */
static int set_group(struct rules *r, struct words *w, struct err *err)
{
	char *text = NULL, *mark;
	enum endpoint endpoint = ENDPOINT_OTHER;
	int rc = words_next_text(w, "ENDPOINT=GROUP", &text, err);

	if (rc != 0)
		return rc;
	mark = strchr(text, '=');
	if (mark != NULL) {
		*mark = '\0';
		endpoint = endpoint_find(text);
		*mark = '=';
	}
	if (endpoint >= ENDPOINT_N || mark[1] == '\0' ||
	    strlen(mark + 1) >= RULES_GROUP_BYTES) {
		w->at--;
		rc = words_expected(w, "ENDPOINT=GROUP, as list=heavy", err);
	} else {
		snprintf(r->groups[endpoint], RULES_GROUP_BYTES, "%s",
			 strcmp(mark + 1, "none") == 0 ? "" : mark + 1);
	}
	free(text);
	return rc;
}

static int set_list_group(struct rules *r, struct words *w, struct err *err)
{
	const char *word = words_next(w);

	if (word == NULL || word[0] == '\0' || strlen(word) >= RULES_GROUP_BYTES)
		return err_set(err, ERR_FORMAT, "expected the name of a group");
	strcpy(r->groups[ENDPOINT_LIST], word);
	return 0;
}

static int set_penalty(struct rules *r, struct words *w, struct err *err)
{
	return read_seconds(w, WORDS_SECONDS_MAX, &r->penalty_ms, err);
}

static int set_rate_headers(struct rules *r, struct words *w, struct err *err)
{
	static const char *const words[] = {
		[RULES_HEADERS_USUAL] = "usual",     [RULES_HEADERS_JOINED] = "joined",
		[RULES_HEADERS_LOWER] = "lower",     [RULES_HEADERS_NONE] = "none",
		[RULES_HEADERS_GARBAGE] = "garbage", [RULES_HEADERS_TWICE] = "twice",
		[RULES_HEADERS_TWICE + 1] = NULL,
	};
	unsigned which;
	int rc = words_next_of(w, words, &which, err);

	if (rc == 0)
		r->headers = (enum rules_headers)which;
	return rc;
}

static int set_retry_after(struct rules *r, struct words *w, struct err *err)
{
	static const char *const words[] = {
		[RULES_RETRY_AFTER_SECONDS] = "seconds",
		[RULES_RETRY_AFTER_DATE] = "date",
		[RULES_RETRY_AFTER_NONE] = "none",
		[RULES_RETRY_AFTER_NONE + 1] = NULL,
	};
	unsigned which;
	int rc = words_next_of(w, words, &which, err);

	if (rc == 0)
		r->retry_after = (enum rules_retry_after)which;
	return rc;
}

static int set_per_page_max(struct rules *r, struct words *w, struct err *err)
{
	return read_count(w, LIST_PER_PAGE_MAX, &r->per_page_max, err);
}

static int set_gzip(struct rules *r, struct words *w, struct err *err)
{
	static const char *const words[] = {
		[RULES_GZIP_SAME] = "same",
		[RULES_GZIP_VARY] = "vary",
		[RULES_GZIP_OFF] = "off",
		[RULES_GZIP_OFF + 1] = NULL,
	};
	unsigned which;
	int rc = words_next_of(w, words, &which, err);

	if (rc == 0)
		r->gzip = (enum rules_gzip)which;
	return rc;
}

static int set_bulk_max(struct rules *r, struct words *w, struct err *err)
{
	return read_count(w, BULK_MAX_MAX, &r->bulk_max, err);
}

static int set_bulk_json(struct rules *r, struct words *w, struct err *err)
{
	return read_either(w, "off", "on", &r->bulk_json, err);
}

static int set_bulk_costs(struct rules *r, struct words *w, struct err *err)
{
	return read_either(w, "once", "each", &r->bulk_costs_each, err);
}

static int set_receive(struct rules *r, struct words *w, struct err *err)
{
	return read_either(w, "off", "on", &r->receive, err);
}

static int set_token_ttl(struct rules *r, struct words *w, struct err *err)
{
	return read_seconds(w, TOKEN_MAX_S, &r->token.access_ms, err);
}

static int set_refresh_tokens(struct rules *r, struct words *w, struct err *err)
{
	return read_either(w, "off", "on", &r->token.refresh, err);
}

static int set_refresh_ttl(struct rules *r, struct words *w, struct err *err)
{
	return read_seconds(w, TOKEN_MAX_S, &r->token.refresh_ms, err);
}

static int set_sessions(struct rules *r, struct words *w, struct err *err)
{
	return read_count(w, TOKEN_SESSIONS_MAX, &r->token.sessions, err);
}

static int set_session_limit(struct rules *r, struct words *w, struct err *err)
{
	return read_either(w, "end", "refuse", &r->token.refuse_more, err);
}

const struct rule_row rule_rows[] = {
	{"list-group", "GROUP", "the rate limit that the device list counts in (medium)",
	 set_list_group},
	{"group", "ENDPOINT=GROUP", "the same for any endpoint; none: not counted",
	 set_group},
	{"penalty", "SECONDS",
	 "after the limit is passed; begins anew with each request (60)", set_penalty},
	{"rate-headers", "usual|joined|lower|none|garbage|twice",
	 "the headers X-Rate-Limit-... (usual)", set_rate_headers},
	{"retry-after", "seconds|date|none", "what a 429 for the limit says (seconds)",
	 set_retry_after},
	{"per-page-max", "N", "a larger perPage is taken as this (1000)",
	 set_per_page_max},
	{"gzip", "same|vary|off", "vary: other bytes for the same page each time (same)",
	 set_gzip},
	{"bulk-max", "N", "ids in one bulk request; more is CMN-106 (30)", set_bulk_max},
	{"bulk-json", "on|off",
	 "off: multipart/mixed, whatever a bulk request asks for (on)", set_bulk_json},
	{"bulk-costs", "once|each", "what a bulk request counts against the limit (once)",
	 set_bulk_costs},
	{"token-ttl", "SECONDS", "longest life of an access token (3600)", set_token_ttl},
	{"refresh-tokens", "on|off", "give refresh tokens, too (off)",
	 set_refresh_tokens},
	{"refresh-ttl", "SECONDS", "life of a refresh token (604800)", set_refresh_ttl},
	{"sessions", "N", "so many at a time for one user (5)", set_sessions},
	{"session-limit", "end|refuse",
	 "one session more ends the oldest, or is refused with 429 (end)",
	 set_session_limit},
	{"receive", "on|off",
	 "take webhooks at POST /hook, and print a line for each (off)", set_receive},
};
const size_t rules_n = COUNT(rule_rows);

const struct rule_row *rules_find(const char *name)
{
	for (size_t i = 0; i < rules_n; i++)
		if (strcmp(rule_rows[i].name, name) == 0)
			return &rule_rows[i];
	return NULL;
}

void rules_init(struct rules *r)
{
	*r = (struct rules){
		.token =
			{
				.access_ms = TOKEN_S * INT64_C(1000),
				.refresh_ms = REFRESH_S * INT64_C(1000),
				.speed = 1,
				.sessions = TOKEN_SESSIONS,
			},
		.penalty_ms = PENALTY_DEFAULT,
		.per_page_max = LIST_PER_PAGE_MAX,
		.bulk_max = BULK_MAX,
		.bulk_json = true,
	};
	for (int i = 0; i < ENDPOINT_N; i++)
		if (endpoints[i].group != NULL)
			strcpy(r->groups[i], endpoints[i].group);
}
