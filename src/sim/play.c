#include "sim/play.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/server.h"
#include "sim/command.h"
#include "sim/control.h"
#include "sim/hook.h"
#include "sim/life.h"
#include "sim/script.h"
#include "sim/trace.h"
#include "sim/trigger.h"
#include "sim/vendor.h"

/*
 *   play_start -> on_request ... and on_timer ... -> play_stop -> on_timer_closed
 *
 * Both may change what is due next, so both end in go_on(), which sets the timer to the earliest
 * of what lives and the script have next.
 */
struct play {
	struct vendor vendor;
	struct triggers triggers;
	struct trace *trace;
	struct hook *hook;
	struct server *server;
	struct script script;
	uv_timer_t timer;
	/* What an account is made of where nothing else is said. */
	struct roster_config usual;
	char *client_id, *client_secret, *jwt;
	int64_t started_ms;
};

#define REQUEST_MAX_BYTES ((size_t)64 << 20)
#define IDLE_S            300
#define RESULTS_MAX_BYTES ((size_t)1 << 30)

/* ---- running commands ---- */

/* The first account is as it is usual, each other has a JWT and a seed of its own. */
static int add_account(struct stage *stage, const struct roster_config *config,
		       struct err *err)
{
	struct play *p = stage->data;
	struct roster_config c = *config;
	struct account *account;
	char *jwt = NULL;
	int rc;

	if (c.jwt == NULL && p->vendor.roster.n > 0)
		c.jwt = jwt = mem_printf("%s-%s", p->usual.jwt, c.name);
	else if (c.jwt == NULL)
		c.jwt = p->usual.jwt;
	if (c.client_id == NULL)
		c.client_id = p->usual.client_id;
	if (c.client_secret == NULL)
		c.client_secret = p->usual.client_secret;
	if (c.world.n_devices == 0)
		c.world.n_devices = p->usual.world.n_devices;
	if (c.world.n_sites == 0)
		c.world.n_sites = p->usual.world.n_sites;
	if (c.world.seed == 0)
		c.world.seed = p->usual.world.seed + p->vendor.roster.n;
	c.world.at_ms = p->usual.world.at_ms;
	rc = roster_add(&p->vendor.roster, &c, &account, err);
	free(jwt);
	return rc;
}

static struct stage stage_now(struct play *p, struct buf *results)
{
	return (struct stage){
		.vendor = &p->vendor,
		.triggers = &p->triggers,
		.now_ms = clock_mono_ms(),
		.at_ms = clock_utc_ms(),
		.results = results,
		.add_account = add_account,
		.data = p,
	};
}

/* A command of the script may name a device that is gone by then; what stands behind it is still
 * due. */
static void run_script(struct play *p)
{
	struct buf results;
	struct stage stage = stage_now(p, &results);
	struct err err;

	buf_init(&results, RESULTS_MAX_BYTES);
	while (script_run(&p->script, stage.now_ms - p->started_ms, &stage, &err) != 0)
		log_warning("script: %s; going on behind it", err.text);
	buf_clear(&results);
}

static void run_triggers(struct play *p)
{
	struct buf results;
	struct stage stage = stage_now(p, &results);
	struct words words;
	struct err err;

	buf_init(&results, RESULTS_MAX_BYTES);
	while (triggers_next(&p->triggers, &words, &stage.asker)) {
		if (command_run(&words, &stage, &err) != 0)
			log_warning("when: %s", err.text);
		words_clear(&words);
	}
	buf_clear(&results);
}

/* ---- going on ---- */

static double speed(const struct play *p)
{
	return p->vendor.rules.token.speed;
}

/* How long until an account's life goes on; INT64_MAX: it does not. */
static int64_t life_wait_ms(const struct play *p, const struct account *account,
			    int64_t now_ms)
{
	int64_t next_ms = life_next_ms(account->life);

	if (account->life_began_ms == 0 || next_ms == LIFE_NEVER)
		return INT64_MAX;
	next_ms -= account_life_ms(account, now_ms, speed(p));
	return (int64_t)((double)next_ms / speed(p)) + 1;
}

static void on_timer(uv_timer_t *timer);

static void schedule(struct play *p)
{
	int64_t now_ms = clock_mono_ms(), wait_ms = script_next_ms(&p->script);

	if (wait_ms != INT64_MAX)
		wait_ms += p->started_ms - now_ms;
	for (size_t i = 0; i < p->vendor.roster.n; i++) {
		int64_t life_ms = life_wait_ms(p, p->vendor.roster.list[i], now_ms);

		if (life_ms < wait_ms)
			wait_ms = life_ms;
	}
	if (wait_ms == INT64_MAX)
		uv_timer_stop(&p->timer);
	else
		uv_timer_start(&p->timer, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 0,
			       0);
}

static void live(struct play *p)
{
	int64_t now_ms = clock_mono_ms(), at_ms = clock_utc_ms();

	for (size_t i = 0; i < p->vendor.roster.n; i++) {
		struct account *account = p->vendor.roster.list[i];

		if (account->life_began_ms == 0 && account->was_listed)
			account->life_began_ms = now_ms;
		if (account->life_began_ms != 0)
			life_run(account->life,
				 account_life_ms(account, now_ms, speed(p)), at_ms);
	}
}

static void go_on(struct play *p)
{
	trace_flush(p->trace);
	schedule(p);
}

static void on_timer(uv_timer_t *timer)
{
	struct play *p = timer->data;

	live(p);
	run_script(p);
	go_on(p);
}

static void on_asked(const struct asked *asked, void *data)
{
	struct play *p = data;

	triggers_choose(&p->triggers, asked, &p->vendor.dice);
}

static void on_request(struct server_request *req, void *data)
{
	struct play *p = data;

	if (!control_answer(p, &p->vendor, req)) {
		vendor_request(&p->vendor, req);
		run_triggers(p);
		live(p);
	}
	go_on(p);
}

int play_command(struct play *p, const char *text, size_t len, struct buf *results,
		 struct err *err)
{
	struct stage stage = stage_now(p, results);
	struct script script;
	int rc = script_read(&script, text, len, err);

	if (rc == 0)
		rc = script_run(&script, 0, &stage, err);
	if (rc == 0 && script.next < script.n)
		buf_printf(results, "%zu later\n", script.n - script.next);
	if (rc == 0)
		script_move(&p->script, &script, stage.now_ms - p->started_ms);
	script_clear(&script);
	go_on(p);
	return rc;
}

/* ---- starting and stopping ---- */

static void destroy(struct play *p)
{
	if (p->vendor.roster.base_url != NULL)
		vendor_clear(&p->vendor);
	triggers_clear(&p->triggers);
	script_clear(&p->script);
	hook_close(p->hook);
	trace_close(p->trace);
	free(p->client_id);
	free(p->client_secret);
	free(p->jwt);
	free(p);
}

static void set_usual(struct play *p, const struct play_config *config)
{
	p->client_id = mem_strdup(config->client_id);
	p->client_secret = mem_strdup(config->client_secret);
	p->jwt = mem_strdup(config->jwt);
	p->usual = (struct roster_config){
		.client_id = p->client_id,
		.client_secret = p->client_secret,
		.jwt = p->jwt,
		.world =
			{
				.n_devices = config->n_devices,
				.n_sites = config->n_sites,
				.seed = config->seed,
				.at_ms = config->at_ms,
			},
	};
}

static void add_accounts(struct play *p, const struct play_config *config)
{
	struct stage stage = stage_now(p, NULL);

	for (unsigned i = 0; i < config->n_accounts; i++) {
		unsigned client = i / config->per_client + 1;
		char *name = mem_printf("%u", i + 1);
		char *id = client > 1 ? mem_printf("%s-%u", p->client_id, client) : NULL;
		const struct roster_config account = {.name = name, .client_id = id};
		struct err err;
		int rc = add_account(&stage, &account, &err);

		if (rc != 0) /* their names and JWTs differ */
			log_error("account %s: %s", name, err.text);
		free(name);
		free(id);
	}
}

static int run_setup(struct play *p, const char *text, struct err *err)
{
	struct buf results;
	int rc;

	if (text == NULL)
		return 0;
	buf_init(&results, RESULTS_MAX_BYTES);
	rc = play_command(p, text, strlen(text), &results, err);
	buf_clear(&results);
	return rc;
}

static void make(struct play *p, uv_loop_t *loop, const struct play_config *config)
{
	vendor_init(&p->vendor, loop, server_url(p->server), config->seed, p->trace);
	p->vendor.rules.token.speed = config->speed;
	p->vendor.hook = p->hook;
	p->vendor.deliveries = config->deliveries;
	p->vendor.on_asked = on_asked;
	p->vendor.data = p;
	set_usual(p, config);
	add_accounts(p, config);
}

int play_start(uv_loop_t *loop, const struct play_config *config, struct play **out,
	       struct err *err)
{
	struct play *p = mem_zalloc(sizeof *p);
	struct script script = {0};
	const struct server_config server = {
		.address = config->address,
		.reach = LISTEN_LOOPBACK,
		.cert = config->cert,
		.key = config->key,
		.body_max_bytes = REQUEST_MAX_BYTES,
		.idle_s = IDLE_S,
		.on_request = on_request,
		.data = p,
	};

	if ((config->script != NULL && script_open(&script, config->script, err) != 0) ||
	    hook_open(config->webhook_secrets, config->n_webhook_secrets, &p->hook,
		      err) != 0 ||
	    (config->log != NULL && trace_open(config->log, &p->trace, err) != 0) ||
	    server_open(loop, &server, &p->server, err) != 0) {
		script_clear(&script);
		destroy(p);
		return err->code;
	}
	p->started_ms = clock_mono_ms();
	p->timer.data = p;
	uv_timer_init(loop, &p->timer);
	make(p, loop, config);
	if (run_setup(p, config->setup, err) != 0) {
		script_clear(&script);
		play_stop(p);
		return err->code;
	}
	script_move(&p->script, &script, 0);
	run_script(p);
	go_on(p);
	*out = p;
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	destroy(handle->data);
}

void play_stop(struct play *p)
{
	vendor_stop(&p->vendor);
	server_close(p->server);
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}

const char *play_url(const struct play *p)
{
	return server_url(p->server);
}
