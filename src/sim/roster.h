/* All accounts that are played, and the apps (client ids) by which their users come: several may
 * share one. */
#ifndef SIM_ROSTER_H
#define SIM_ROSTER_H

#include <stddef.h>
#include <stdint.h>

#include "sim/limits.h"
#include "sim/world.h"

struct account;
struct err;
struct packer;
struct trace;

/* Tokens are limited for each app, everything else for each user of an app. */
struct app {
	char *client_id;
	char *basic; /* the Authorization header that is accepted */
	struct limits limits;
};

struct roster {
	struct account **list;
	size_t n, cap;
	struct app **apps;
	size_t n_apps, apps_cap;
	struct app stranger;  /* whoever comes by no client id that there is */
	struct limits limits; /* what a new account and a new app begin with */
	double share;         /* of life, for a new account */
	struct trace *trace;  /* borrowed; NULL: no log of changes */
	struct packer *packer;
	char *base_url;
};

struct roster_config {
	const char *name, *client_id, *client_secret, *jwt;
	struct world_config world; /* account is filled in */
};

/* base_url is the server's; trace is borrowed, NULL: none. */
void roster_init(struct roster *r, const char *base_url, int64_t penalty_ms,
		 struct trace *trace);
void roster_clear(struct roster *r);

/* Returns 0 or ERR_FORMAT: the name or the JWT is taken, or the client id has another secret. */
int roster_add(struct roster *r, const struct roster_config *config, struct account **out,
	       struct err *err);

/* NULL where there is none, in all of these. */
struct account *roster_find(const struct roster *r, const char *name);
struct account *roster_of_jwt(const struct roster *r, const struct app *app,
			      const char *jwt);
/* By an access or refresh token; whether it is good is another question. */
struct account *roster_of_token(const struct roster *r, const char *token);
/* By the Authorization header of a token request; its secret may be wrong. */
struct app *roster_app_of(const struct roster *r, const char *authorization);

/* A group's limit for all, of tokens and of everything else, from now on. */
void roster_set_limit(struct roster *r, const struct limits_text *limit);
/* The same for one account and its app. */
void roster_set_limit_of(struct account *account, const struct limits_text *limit);
void roster_set_penalty(struct roster *r, int64_t penalty_ms);

#endif
