#include "sim/verbs.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sim/command.h"
#include "sim/life.h"
#include "sim/subject.h"
#include "sim/target.h"
#include "sim/trigger.h"
#include "sim/vendor.h"

int verb_say_done(struct stage *stage)
{
	buf_add_text(stage->results, "done\n");
	return 0;
}

int verb_refuse_only(const struct stage *stage, struct err *err)
{
	if (stage->only == NULL)
		return 0;
	return err_set(err, ERR_FORMAT, "that is for all accounts, not for one");
}

static int run_shuffle(struct stage *stage, struct words *w, struct err *err)
{
	(void)w;
	(void)err;
	if (stage->vendor == NULL)
		return 0;
	for (size_t i = 0; i < stage->vendor->roster.n; i++)
		if (target_has_account(stage, stage->vendor->roster.list[i]))
			world_shuffle(stage->vendor->roster.list[i]->world);
	return verb_say_done(stage);
}

static int run_life(struct stage *stage, struct words *w, struct err *err)
{
	double share;
	int rc = words_next_share(w, &share, err);

	if (rc != 0 || stage->vendor == NULL)
		return rc;
	for (size_t i = 0; i < stage->vendor->roster.n; i++) {
		struct account *account = stage->vendor->roster.list[i];

		if (target_has_account(stage, account))
			life_set_rate(account->life, share,
				      account_life_ms(account, stage->now_ms,
						      stage->vendor->rules.token.speed));
	}
	if (stage->only == NULL)
		stage->vendor->roster.share = share;
	return verb_say_done(stage);
}

static void set_extension(struct account *account, struct world_extension *e,
			  const char *name, unsigned status)
{
	if (name != NULL)
		world_set_extension_name(account->world, e, name);
	else if (status < WORLD_N_EXTENSION_STATUSES)
		world_set_extension_status(account->world, e,
					   (enum world_extension_status)status);
	else
		world_remove_extension(account->world, e);
}

/* In the first account that has it. */
static int act_on_extension(struct stage *stage, const char *who, const char *name,
			    unsigned status, struct err *err)
{
	const struct roster *roster = &stage->vendor->roster;

	for (size_t i = 0; i < roster->n; i++) {
		struct account *account = roster->list[i];
		struct world_extension *e;

		if (!target_has_account(stage, account))
			continue;
		e = world_find_extension(account->world, who);
		if (e == NULL)
			continue;
		set_extension(account, e, name, status);
		buf_printf(stage->results, "%s changed\n", who);
		return 0;
	}
	return err_set(err, ERR_FORMAT, "no extension %s", who);
}

static int run_extension(struct stage *stage, struct words *w, struct err *err)
{
	const char *statuses[WORLD_N_EXTENSION_STATUSES + 1] = {0};
	unsigned status = WORLD_N_EXTENSION_STATUSES;
	char *who = NULL, *name = NULL;
	int rc = words_next_text(w, "an extension's id or number", &who, err);

	for (int i = 0; i < WORLD_N_EXTENSION_STATUSES; i++)
		statuses[i] = world_extension_status_name((enum world_extension_status)i);
	if (rc == 0 && words_skip(w, "name"))
		rc = words_next_text(w, "a name", &name, err);
	else if (rc == 0 && words_skip(w, "status"))
		rc = words_next_of(w, statuses, &status, err);
	else if (rc == 0 && !words_skip(w, "remove"))
		rc = words_expected(w, "name, status or remove", err);
	if (rc == 0 && stage->vendor != NULL)
		rc = act_on_extension(stage, who, name, status, err);
	free(who);
	free(name);
	return rc;
}

static void act_on_tokens(struct stage *stage, const char *what, const char *code)
{
	for (size_t i = 0; i < stage->vendor->roster.n; i++) {
		struct account *account = stage->vendor->roster.list[i];

		if (!target_has_account(stage, account))
			continue;
		if (strcmp(what, "revoke") == 0) {
			tokens_revoke_all(&account->tokens);
		} else if (strcmp(what, "expire") == 0) {
			tokens_expire_all(&account->tokens, stage->now_ms);
		} else {
			free(account->refused);
			account->refused = code != NULL ? mem_strdup(code) : NULL;
		}
	}
}

static int run_token(struct stage *stage, struct words *w, struct err *err)
{
	static const char *const words[] = {"revoke", "expire", "refuse", "accept", NULL};
	char *code = NULL;
	unsigned which = 0;
	int rc = words_next_of(w, words, &which, err);

	if (rc == 0 && strcmp(words[which], "refuse") == 0)
		rc = words_next_text(w, "a code as OAU-153", &code, err);
	if (rc == 0 && stage->vendor != NULL) {
		act_on_tokens(stage, words[which], code);
		verb_say_done(stage);
	}
	free(code);
	return rc;
}

static int run_limit(struct stage *stage, struct words *w, struct err *err)
{
	struct limits_text limit;
	int rc = limits_read(w, &limit, err);

	if (rc != 0 || stage->vendor == NULL)
		return rc;
	if (stage->only == NULL)
		roster_set_limit(&stage->vendor->roster, &limit);
	else
		roster_set_limit_of(
			roster_find(&stage->vendor->roster, stage->only->name), &limit);
	return verb_say_done(stage);
}

static int run_fault(struct stage *stage, struct words *w, struct err *err)
{
	struct fault fault;
	int rc = fault_read(&fault, w, stage->only, stage->now_ms, err);

	if (rc != 0)
		return rc;
	if (stage->vendor == NULL) {
		fault_clear(&fault);
		return 0;
	}
	faults_take_add(&stage->vendor->faults, &fault);
	return verb_say_done(stage);
}

static int run_when(struct stage *stage, struct words *w, struct err *err)
{
	struct stage nowhere = {.now_ms = stage->now_ms};
	struct choice choice;
	struct words rest;
	int rc = choice_read(&choice, w, stage->only, stage->now_ms, err);

	if (rc == 0 && !words_skip(w, "do"))
		rc = words_expected(w, "do", err);
	if (rc != 0)
		return rc;
	words_take_rest(&rest, w);
	rc = command_run(&rest, &nowhere, err);
	if (rc == 0 && stage->vendor != NULL) {
		triggers_take_add(stage->triggers, &choice, &rest);
		verb_say_done(stage);
	}
	words_clear(&rest);
	return rc;
}

static int run_faults(struct stage *stage, struct words *w, struct err *err)
{
	if (!words_skip(w, "clear"))
		return words_expected(w, "clear", err);
	if (stage->vendor == NULL)
		return 0;
	faults_clear(&stage->vendor->faults);
	triggers_clear(stage->triggers);
	return verb_say_done(stage);
}

/* What follows the name; texts are for free(). */
static int read_account(struct roster_config *config, char *texts[3], struct words *w,
			struct err *err)
{
	uint64_t number = 0;
	int rc = 0;

	while (rc == 0) {
		if (words_skip(w, "devices")) {
			rc = words_next_number(w, 1, COMMAND_MAX_DEVICES, &number, err);
			config->world.n_devices = (size_t)number;
		} else if (words_skip(w, "sites")) {
			rc = words_next_number(w, 1, COMMAND_MAX_SITES, &number, err);
			config->world.n_sites = (uint32_t)number;
		} else if (words_skip(w, "seed")) {
			rc = words_next_number(w, 0, UINT64_MAX, &config->world.seed,
					       err);
		} else if (words_skip(w, "client-id")) {
			rc = words_next_text(w, "a client id", &texts[0], err);
		} else if (words_skip(w, "client-secret")) {
			rc = words_next_text(w, "its secret", &texts[1], err);
		} else if (words_skip(w, "jwt")) {
			rc = words_next_text(w, "a JWT", &texts[2], err);
		} else {
			break;
		}
	}
	config->client_id = texts[0];
	config->client_secret = texts[1];
	config->jwt = texts[2];
	return rc;
}

static int run_account(struct stage *stage, struct words *w, struct err *err)
{
	struct roster_config config = {0};
	char *texts[3] = {NULL}, *name = NULL;
	int rc = words_next_text(w, "a name", &name, err);

	config.name = name;
	if (rc == 0)
		rc = read_account(&config, texts, w, err);
	if (rc == 0)
		rc = verb_refuse_only(stage, err);
	if (rc == 0 && stage->vendor != NULL) {
		rc = stage->add_account(stage, &config, err);
		if (rc == 0)
			buf_printf(stage->results, "%s added\n", name);
	}
	for (size_t i = 0; i < COUNT(texts); i++)
		free(texts[i]);
	free(name);
	return rc;
}

const struct verb verbs[] = {
	{"site", "NAME ACTION", "all devices of a site", subject_site, false},
	{"all", "ACTION", "all devices", subject_all, false},
	{"some", "N|P% ACTION", "so many, thrown by dice", subject_some, false},
	{"device", "WHO ACTION", "WHO: an id, a name, first, last or random",
	 subject_device, false},
	{"device", "add [at SITE] [first]", "a new desk phone; the result tells its id",
	 subject_device, false},
	{"extension", "ID|NUMBER name TEXT|status WORD|remove", "", run_extension, false},
	{"shuffle", "", "another order of the list", run_shuffle, false},
	{"life", "P%|off", "share of the devices that change each minute (off)", run_life,
	 true},
	{"account",
	 "NAME [devices N] [sites K] [seed S] [client-id ID] [client-secret TEXT] [jwt "
	 "TEXT]",
	 "one more, with its own fleet", run_account, false},
	{"token", "revoke|expire|refuse CODE|accept",
	 "every access token dies; the endpoint refuses as OAU-153, and no longer",
	 run_token, false},
	{"limit", "GROUP=N[/SECONDS]",
	 "requests in so long (light=50 medium=40 heavy=10 auth=5)", run_limit, true},
	{"fault", "CHOICE KIND [and KIND]...", "answer badly; see below", run_fault,
	 false},
	{"when", "CHOICE do COMMAND", "run a command behind the answer", run_when, false},
	{"faults", "clear", "no more of both", run_faults, false},
};
const size_t verbs_n = COUNT(verbs);
