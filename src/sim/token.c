#include "sim/token.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"

static void make_token(char out[TOKEN_BYTES])
{
	unsigned char bytes[(TOKEN_BYTES - 1) / 2];

	random_bytes(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void fill(struct token_session *s, struct token_lives lives, int64_t now_ms)
{
	make_token(s->access);
	s->until_ms = now_ms + lives.access_ms;
	s->used = false;
	s->refresh[0] = '\0';
	if (lives.refresh_ms > 0)
		make_token(s->refresh);
	s->refresh_until_ms = now_ms + lives.refresh_ms;
}

const struct token_session *tokens_open(struct tokens *t, struct token_lives lives,
					int64_t now_ms)
{
	struct token_session *s = &t->sessions[t->n_opened % TOKEN_SESSIONS];

	*s = (struct token_session){.number = ++t->n_opened};
	fill(s, lives, now_ms);
	return s;
}

static bool is_token(const char *have, const char *given)
{
	return have[0] != '\0' && strcmp(have, given) == 0;
}

enum token_state tokens_refresh(struct tokens *t, const char *refresh,
				struct token_lives lives, int64_t now_ms,
				const struct token_session **out)
{
	for (int i = 0; i < TOKEN_SESSIONS; i++) {
		struct token_session *s = &t->sessions[i];

		if (s->ended)
			continue;
		if (is_token(s->old_refresh, refresh) && !s->used) {
			*out = s; /* the answer was lost on its way */
			return TOKEN_GOOD;
		}
		if (!is_token(s->refresh, refresh))
			continue;
		if (now_ms >= s->refresh_until_ms)
			return TOKEN_EXPIRED;
		memcpy(s->old_refresh, s->refresh, sizeof s->old_refresh);
		fill(s, lives, now_ms);
		*out = s;
		return TOKEN_GOOD;
	}
	return TOKEN_UNKNOWN;
}

enum token_state tokens_use(struct tokens *t, const char *access, int64_t now_ms)
{
	for (int i = 0; i < TOKEN_SESSIONS; i++) {
		struct token_session *s = &t->sessions[i];

		if (s->ended || !is_token(s->access, access))
			continue;
		if (now_ms >= s->until_ms)
			return TOKEN_EXPIRED;
		s->used = true;
		return TOKEN_GOOD;
	}
	return TOKEN_UNKNOWN;
}

void tokens_revoke(struct tokens *t, const char *token)
{
	for (int i = 0; i < TOKEN_SESSIONS; i++)
		if (is_token(t->sessions[i].access, token) ||
		    is_token(t->sessions[i].refresh, token))
			t->sessions[i].ended = true;
}

void tokens_revoke_all(struct tokens *t)
{
	for (int i = 0; i < TOKEN_SESSIONS; i++)
		t->sessions[i].ended = true;
}
