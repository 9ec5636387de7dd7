/* Sessions and their tokens, as the vendor keeps them. Pure, save that tokens are random.
 *
 * Shape   each grant opens a session with an access token and, where the app issues them, a
 *         refresh token. A refresh token is for one use; while the access token that it led to
 *         was not used, it leads there again. The sixth session ends the oldest.
 * Source  api.md sections 3.2 and 3.3 */
#ifndef SIM_TOKEN_H
#define SIM_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#define TOKEN_BYTES    48
#define TOKEN_SESSIONS 5

struct token_session {
	uint64_t number; /* 0: never opened */
	bool ended;
	bool used; /* the access token was, since it was given */
	char access[TOKEN_BYTES];
	char refresh[TOKEN_BYTES];     /* "": none */
	char old_refresh[TOKEN_BYTES]; /* the one that led here; "": none */
	int64_t until_ms;              /* the access token dies */
	int64_t refresh_until_ms;
};

struct tokens {
	struct token_session sessions[TOKEN_SESSIONS];
	uint64_t n_opened;
};

enum token_state {
	TOKEN_GOOD,
	TOKEN_EXPIRED,
	TOKEN_UNKNOWN, /* never given, revoked, or of a session that ended */
};

struct token_lives {
	int64_t access_ms;
	int64_t refresh_ms; /* 0: no refresh token */
};

/* A new session; it is good until tokens change. tokens begin as all zero. */
const struct token_session *tokens_open(struct tokens *t, struct token_lives lives,
					int64_t now_ms);
/* TOKEN_GOOD, and *out has the new pair; or why not. */
enum token_state tokens_refresh(struct tokens *t, const char *refresh,
				struct token_lives lives, int64_t now_ms,
				const struct token_session **out);
/* Use an access token. */
enum token_state tokens_use(struct tokens *t, const char *access, int64_t now_ms);
/* End the session of this token, access or refresh; that of none is no error. */
void tokens_revoke(struct tokens *t, const char *token);
void tokens_revoke_all(struct tokens *t);

#endif
