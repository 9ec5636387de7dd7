/* The vendor's token endpoint, and who may ask for anything else. Pure but for random tokens.
 *
 * Source  api.md section 3 */
#ifndef SIM_OAUTH_H
#define SIM_OAUTH_H

#include <stdbool.h>
#include <stdint.h>

struct oauth;
struct reply;

struct oauth_config {
	const char *client_id, *client_secret,
		*jwt;        /* the ones that are accepted; copied */
	int64_t token_ms;    /* longest life of an access token */
	bool refresh_tokens; /* issue them */
	double speed;        /* tokens die so much sooner, and say so */
};

struct oauth *oauth_create(const struct oauth_config *config);
void oauth_destroy(struct oauth *o);

/* POST /restapi/oauth/token and .../revoke. authorization is the header, or NULL; form the body. */
void oauth_token(struct oauth *o, const char *authorization, const char *form,
		 int64_t now_ms, struct reply *reply);
void oauth_revoke(struct oauth *o, const char *form, struct reply *reply);

/* Whether a request may pass: true, or false with a 401 in *reply. */
bool oauth_check(struct oauth *o, const char *authorization, int64_t now_ms,
		 struct reply *reply);

/* Every access token given so far dies. */
void oauth_revoke_all(struct oauth *o);
/* Answer each token request with this code, as "OAU-153"; NULL: no more. */
void oauth_refuse(struct oauth *o, const char *code);

#endif
