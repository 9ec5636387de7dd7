#include "sim/token.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

#define RANDOM_BYTES 18
#define NOT_YET      INT64_MAX

/* "OWNER-RANDOM", both in hex. */
static void make_token(char out[TOKEN_BYTES], unsigned owner)
{
	unsigned char bytes[RANDOM_BYTES];
	int n = snprintf(out, TOKEN_BYTES, "%x-", owner);

	random_bytes(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		n += snprintf(out + n, 3, "%02x", bytes[i]);
}

uint32_t token_owner(const char *token)
{
	char *end;
	unsigned long owner = strtoul(token, &end, 16);

	return end != token && *end == '-' && owner < UINT32_MAX ? (uint32_t)owner
								 : UINT32_MAX;
}

static int64_t faster(int64_t ms, const struct token_rules *rules)
{
	return (int64_t)((double)ms / rules->speed);
}

static void fill(struct token_session *s, unsigned owner, const struct token_rules *rules,
		 int64_t now_ms)
{
	make_token(s->access, owner);
	s->until_ms = now_ms + faster(rules->access_ms, rules);
	s->given_ms = now_ms;
	s->used_ms = NOT_YET;
	s->refresh[0] = '\0';
	if (rules->refresh)
		make_token(s->refresh, owner);
	s->refresh_until_ms =
		rules->refresh ? now_ms + faster(rules->refresh_ms, rules) : now_ms;
}

static bool is_open(const struct token_session *s, int64_t now_ms)
{
	return s->number > 0 && !s->ended &&
	       (now_ms < s->until_ms || now_ms < s->refresh_until_ms);
}

/* A place for one more session. NULL: there are too many. */
static struct token_session *find_place(struct tokens *t, const struct token_rules *rules,
					int64_t now_ms)
{
	struct token_session *oldest = NULL, *place = NULL;
	unsigned n_open = 0;

	for (int i = 0; i < TOKEN_SESSIONS_MAX; i++) {
		struct token_session *s = &t->sessions[i];

		if (!is_open(s, now_ms)) {
			if (place == NULL || s->number < place->number)
				place = s;
			continue;
		}
		n_open++;
		if (oldest == NULL || s->number < oldest->number)
			oldest = s;
	}
	if (n_open < rules->sessions)
		return place;
	return rules->refuse_more ? NULL : oldest;
}

const struct token_session *tokens_open(struct tokens *t, const struct token_rules *rules,
					int64_t now_ms)
{
	struct token_session *s = find_place(t, rules, now_ms);

	if (s == NULL)
		return NULL;
	*s = (struct token_session){.number = ++t->n_opened};
	fill(s, t->owner, rules, now_ms);
	return s;
}

static bool is_token(const char *have, const char *given)
{
	return have[0] != '\0' && strcmp(have, given) == 0;
}

/* The answer to the last refresh may have been lost on its way. */
static bool may_be_lost(const struct token_session *s, const struct token_rules *rules,
			int64_t now_ms)
{
	if (s->used_ms != NOT_YET)
		return now_ms < s->used_ms + faster(TOKEN_USED_MS, rules);
	return now_ms < s->given_ms + faster(TOKEN_LOST_MS, rules);
}

enum token_state tokens_refresh(struct tokens *t, const char *refresh,
				const struct token_rules *rules, int64_t now_ms,
				const struct token_session **out)
{
	for (int i = 0; i < TOKEN_SESSIONS_MAX; i++) {
		struct token_session *s = &t->sessions[i];

		if (s->ended)
			continue;
		if (is_token(s->old_refresh, refresh) && may_be_lost(s, rules, now_ms)) {
			*out = s;
			return TOKEN_GOOD;
		}
		if (!is_token(s->refresh, refresh))
			continue;
		if (now_ms >= s->refresh_until_ms)
			return TOKEN_EXPIRED;
		memcpy(s->old_refresh, s->refresh, sizeof s->old_refresh);
		fill(s, t->owner, rules, now_ms);
		*out = s;
		return TOKEN_GOOD;
	}
	return TOKEN_UNKNOWN;
}

enum token_state tokens_use(struct tokens *t, const char *access, int64_t now_ms)
{
	for (int i = 0; i < TOKEN_SESSIONS_MAX; i++) {
		struct token_session *s = &t->sessions[i];

		if (s->ended || !is_token(s->access, access))
			continue;
		if (now_ms >= s->until_ms)
			return TOKEN_EXPIRED;
		if (s->used_ms == NOT_YET)
			s->used_ms = now_ms;
		return TOKEN_GOOD;
	}
	return TOKEN_UNKNOWN;
}

void tokens_revoke(struct tokens *t, const char *token)
{
	for (int i = 0; i < TOKEN_SESSIONS_MAX; i++)
		if (is_token(t->sessions[i].access, token) ||
		    is_token(t->sessions[i].refresh, token))
			t->sessions[i].ended = true;
}

void tokens_revoke_all(struct tokens *t)
{
	for (int i = 0; i < TOKEN_SESSIONS_MAX; i++)
		t->sessions[i].ended = true;
}

void tokens_expire_all(struct tokens *t, int64_t now_ms)
{
	for (int i = 0; i < TOKEN_SESSIONS_MAX; i++)
		if (t->sessions[i].until_ms > now_ms)
			t->sessions[i].until_ms = now_ms;
}
