/* Sessions and their tokens, as the vendor keeps them for one user of one app. Pure, save that
 * tokens are random.
 *
 * Shape   each grant opens a session with an access token and, where the app issues them, a
 *         refresh token, which is for one use: it gives a new pair, and the old access token
 *         dies at once. Where the answer was lost, the old refresh token leads to the same pair
 *         again: for an hour as long as the new access token was not used, and for ten seconds
 *         after its first use. Of more sessions than are allowed the oldest ends.
 * Source  api.md sections 3.2 and 3.3 */
#ifndef SIM_TOKEN_H
#define SIM_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#define TOKEN_BYTES        48
#define TOKEN_SESSIONS     5 /* "usually five" */
#define TOKEN_SESSIONS_MAX 20
#define TOKEN_LOST_MS      3600000
#define TOKEN_USED_MS      10000

struct token_session {
	uint64_t number; /* 0: never opened */
	bool ended;
	char access[TOKEN_BYTES];
	char refresh[TOKEN_BYTES];     /* "": none */
	char old_refresh[TOKEN_BYTES]; /* the one that led here; "": none */
	int64_t until_ms;              /* the access token dies */
	int64_t refresh_until_ms;
	int64_t given_ms;
	int64_t used_ms; /* the access token was first used; INT64_MAX: not yet */
};

struct tokens {
	unsigned owner; /* tokens begin with it: token_owner() */
	struct token_session sessions[TOKEN_SESSIONS_MAX];
	uint64_t n_opened;
};

enum token_state {
	TOKEN_GOOD,
	TOKEN_EXPIRED,
	TOKEN_UNKNOWN, /* never given, revoked, or of a session that ended */
};

struct token_rules {
	int64_t access_ms;
	int64_t refresh_ms;
	bool refresh;      /* give refresh tokens, too */
	double speed;      /* everything passes so much faster */
	unsigned sessions; /* so many at a time; at most TOKEN_SESSIONS_MAX */
	bool refuse_more;  /* refuse what is more, and leave the oldest */
};

/* Whose token it is; UINT32_MAX where it is none of ours. */
uint32_t token_owner(const char *token);

/* A new session; it is good until tokens change. tokens begin as all zero but for their owner.
 * NULL: there are too many. */
const struct token_session *tokens_open(struct tokens *t, const struct token_rules *rules,
					int64_t now_ms);
/* TOKEN_GOOD, and *out has the new pair; or why not. */
enum token_state tokens_refresh(struct tokens *t, const char *refresh,
				const struct token_rules *rules, int64_t now_ms,
				const struct token_session **out);
/* Use an access token. */
enum token_state tokens_use(struct tokens *t, const char *access, int64_t now_ms);
/* End the session of this token, access or refresh; that of none is no error. */
void tokens_revoke(struct tokens *t, const char *token);
void tokens_revoke_all(struct tokens *t);
/* Every access token has expired. */
void tokens_expire_all(struct tokens *t, int64_t now_ms);

#endif
