/* The vendor's token endpoint, and who may ask for anything else. Pure but for random tokens.
 *
 * Source  api.md section 3 */
#ifndef SIM_OAUTH_H
#define SIM_OAUTH_H

#include <stdint.h>

struct account;
struct roster;
struct app;
struct reply;
struct rules;

struct oauth_request {
	const char *authorization; /* the header, or NULL */
	const char *form;          /* the body */
	int64_t now_ms;
};

/* Whose the JWT or the refresh token of a form is, with this app; NULL: nobody's. */
struct account *oauth_account_of(const struct roster *roster, const struct app *app,
				 const char *form);

/* POST /restapi/oauth/token and .../revoke. app is that of the client id, account whose the form
 * is; NULL: none. */
void oauth_token(const struct rules *rules, const struct app *app,
		 struct account *account, const struct oauth_request *request,
		 struct reply *reply);
void oauth_revoke(const struct roster *roster, const char *form, struct reply *reply);

/* Whose request this is; NULL, with a 401 in *reply, where it may not pass. */
struct account *oauth_check(const struct roster *roster, const char *authorization,
			    int64_t now_ms, struct reply *reply);

#endif
