#include "sim/roster.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "sim/account.h"
#include "sim/pack.h"

/* ---- apps ---- */

static char *basic_of(const char *id, const char *secret)
{
	char *pair = mem_printf("%s:%s", id, secret);
	size_t len = strlen(pair);
	char *base64 = mem_alloc(BASE64_TEXT_BYTES(len));
	char *header;

	base64_encode(base64, pair, len);
	header = mem_printf("Basic %s", base64);
	free(base64);
	free(pair);
	return header;
}

static void app_init(struct app *app, const struct roster *r, const char *id,
		     const char *secret)
{
	app->client_id = mem_strdup(id);
	app->basic = basic_of(id, secret);
	limits_init_like(&app->limits, &r->limits);
}

static void app_clear(struct app *app)
{
	free(app->client_id);
	free(app->basic);
	limits_clear(&app->limits);
}

static struct app *find_app(const struct roster *r, const char *id)
{
	for (size_t i = 0; i < r->n_apps; i++)
		if (strcmp(r->apps[i]->client_id, id) == 0)
			return r->apps[i];
	return NULL;
}

/* That of the client id, made where there is none. NULL: it has another secret. */
static struct app *need_app(struct roster *r, const char *id, const char *secret)
{
	struct app *app = find_app(r, id);
	char *basic;
	bool same;

	if (app == NULL) {
		app = mem_zalloc(sizeof *app);
		app_init(app, r, id, secret);
		r->apps =
			mem_grow(r->apps, r->n_apps, &r->apps_cap, sizeof(struct app *));
		r->apps[r->n_apps++] = app;
		return app;
	}
	basic = basic_of(id, secret);
	same = strcmp(basic, app->basic) == 0;
	free(basic);
	return same ? app : NULL;
}

struct app *roster_app_of(const struct roster *r, const char *authorization)
{
	unsigned char pair[512];
	size_t len;

	if (authorization == NULL || strncmp(authorization, "Basic ", 6) != 0 ||
	    base64_decode(pair, sizeof pair - 1, &len, authorization + 6) != 0)
		return NULL;
	pair[len] = '\0';
	*strchrnul((char *)pair, ':') = '\0';
	return find_app(r, (char *)pair);
}

/* ---- accounts ---- */

void roster_init(struct roster *r, const char *base_url, int64_t penalty_ms,
		 struct trace *trace)
{
	*r = (struct roster){.packer = packer_create(), .trace = trace};
	r->base_url = mem_strdup(base_url);
	limits_init(&r->limits, penalty_ms);
	app_init(&r->stranger, r, "", "");
}

void roster_clear(struct roster *r)
{
	for (size_t i = 0; i < r->n; i++)
		account_destroy(r->list[i]);
	for (size_t i = 0; i < r->n_apps; i++) {
		app_clear(r->apps[i]);
		free(r->apps[i]);
	}
	app_clear(&r->stranger);
	limits_clear(&r->limits);
	packer_destroy(r->packer);
	free(r->list);
	free(r->apps);
	free(r->base_url);
	*r = (struct roster){0};
}

int roster_add(struct roster *r, const struct roster_config *config, struct account **out,
	       struct err *err)
{
	struct account_config made = {0};
	struct app *app;

	if (roster_find(r, config->name) != NULL)
		return err_set(err, ERR_FORMAT, "there is an account %s already",
			       config->name);
	app = find_app(r, config->client_id);
	if (app != NULL && roster_of_jwt(r, app, config->jwt) != NULL)
		return err_set(err, ERR_FORMAT,
			       "that JWT is another account's of client id %s",
			       config->client_id);
	app = need_app(r, config->client_id, config->client_secret);
	if (app == NULL)
		return err_set(err, ERR_FORMAT, "client id %s has another secret",
			       config->client_id);
	made.name = config->name;
	made.jwt = config->jwt;
	made.app = app;
	made.limits = &r->limits;
	made.world = config->world;
	made.world.account = (uint32_t)r->n;
	made.share = r->share;
	made.base_url = r->base_url;
	made.packer = r->packer;
	made.trace = r->trace;
	*out = account_create(&made);
	r->list = mem_grow(r->list, r->n, &r->cap, sizeof(struct account *));
	r->list[r->n++] = *out;
	return 0;
}

struct account *roster_find(const struct roster *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->list[i]->name, name) == 0)
			return r->list[i];
	return NULL;
}

struct account *roster_of_jwt(const struct roster *r, const struct app *app,
			      const char *jwt)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i]->app == app && strcmp(r->list[i]->jwt, jwt) == 0)
			return r->list[i];
	return NULL;
}

struct account *roster_of_token(const struct roster *r, const char *token)
{
	uint32_t owner = token_owner(token);

	return owner < r->n ? r->list[owner] : NULL;
}

void roster_set_limit(struct roster *r, const struct limits_text *limit)
{
	int64_t penalty_ms = r->limits.list[0].limit.penalty_ms;

	limits_set(&r->limits, limit->name, limit->max, limit->window_ms, penalty_ms);
	limits_set(&r->stranger.limits, limit->name, limit->max, limit->window_ms,
		   penalty_ms);
	for (size_t i = 0; i < r->n_apps; i++)
		limits_set(&r->apps[i]->limits, limit->name, limit->max, limit->window_ms,
			   penalty_ms);
	for (size_t i = 0; i < r->n; i++)
		limits_set(&r->list[i]->limits, limit->name, limit->max, limit->window_ms,
			   penalty_ms);
}

void roster_set_penalty(struct roster *r, int64_t penalty_ms)
{
	limits_set_penalty(&r->limits, penalty_ms);
	limits_set_penalty(&r->stranger.limits, penalty_ms);
	for (size_t i = 0; i < r->n_apps; i++)
		limits_set_penalty(&r->apps[i]->limits, penalty_ms);
	for (size_t i = 0; i < r->n; i++)
		limits_set_penalty(&r->list[i]->limits, penalty_ms);
}

void roster_set_limit_of(struct account *account, const struct limits_text *limit)
{
	int64_t penalty_ms = account->limits.list[0].limit.penalty_ms;

	limits_set(&account->limits, limit->name, limit->max, limit->window_ms,
		   penalty_ms);
	limits_set(&account->app->limits, limit->name, limit->max, limit->window_ms,
		   penalty_ms);
}
