/*
 * One account's way round:
 *
 *   poll_begin_sweep -> next_request -> (wait for the budget) -> page asked -> on_page -> page job
 *        ^                |  ^                                                     |
 *        |                |  +---- more to ask for <---- on_page_stored <----------+
 *        |                +--> no token: (wait) -> token asked -> on_token -> next_request
 *        |                                                                         |
 *        +---- timer <---- schedule <---- on_sweep_done <---- sweep job <----------+ no more
 *
 * What is asked for, and what becomes of a request that fails, is the course's: pages of the
 * account's list, or chunks of extensions (poll_route.c), and before either, where it is due,
 * the list of extensions (poll_names.c).
 *
 * Early ends: a request that failed is made again after a growing wait (poll_page_failed), given
 * up after three tries where others may still succeed, so that the sweep job has less to say; a
 * wait that the vendor asks for blocks the budget (poll_budget.c) and so next_request; refused
 * credentials stop the poll; a failing store pauses it, and the sweep begins anew. After
 * poll_stop a request under way has two more seconds, then it is canceled; when nothing is under
 * way, the handles are closed and on_stopped follows.
 *
 * Beside it two jobs of their own: the ledger is saved when something was learned outside of a
 * page (poll_budget.c), and account.unreachable is told when no page has come for three intervals
 * (poll_state.c).
 */
#include "poll.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "poll_inside.h"
#include "schedule.h"

#define STORE_RETRY_MS   (30 * SECOND_MS)
#define STOP_PATIENCE_MS 2000 /* for an answer under way; then it is canceled */
#define JITTER_PERCENT   20

/* ---- stopping ---- */

static void on_timer_closed(uv_handle_t *handle)
{
	struct poll *p = handle->data;

	if (--p->n_handles == 0)
		p->on_stopped(p, p->stopped_data); /* the owner may free p here */
}

static void close_if_quiet(struct poll *p)
{
	if (!p->stopping || p->n_under_way > 0 || uv_is_closing((uv_handle_t *)&p->timer))
		return;
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
	uv_close((uv_handle_t *)&p->dark, on_timer_closed);
	uv_close((uv_handle_t *)&p->blind, on_timer_closed);
}

bool poll_goes_on(struct poll *p)
{
	p->n_under_way--;
	close_if_quiet(p);
	return !p->stopping;
}

static void on_patience(uv_timer_t *timer)
{
	struct poll *p = timer->data;

	http_cancel(&p->req);
	auth_cancel(&p->auth);
}

void poll_stop(struct poll *p, void (*on_stopped)(struct poll *p, void *data), void *data)
{
	p->stopping = true;
	p->on_stopped = on_stopped;
	p->stopped_data = data;
	poll_tell_not_swept(p, "polling of it has stopped");
	uv_timer_stop(&p->timer);
	uv_timer_stop(&p->dark);
	uv_timer_stop(&p->blind);
	/* An answer that we do not wait for may be a refusal, and would cost the next run a
	 * minute: most are here soon. */
	if (p->step == STEP_TOKEN || p->step == STEP_PAGE)
		uv_timer_start(&p->timer, on_patience, STOP_PATIENCE_MS, 0);
	close_if_quiet(p);
}

/* ---- waiting ---- */

static void on_timer(uv_timer_t *timer)
{
	struct poll *p = timer->data;

	if (p->step == STEP_IDLE)
		poll_begin_sweep(p);
	else
		poll_next_request(p);
}

void poll_wait(struct poll *p, enum step step, int64_t wait_ms)
{
	p->step = step;
	uv_timer_start(&p->timer, on_timer, (uint64_t)wait_ms, 0);
}

int64_t poll_retry_ms(const struct poll *p, int64_t first_ms, int64_t max_ms)
{
	return backoff_ms(p->n_failures, first_ms, max_ms, JITTER_PERCENT, random_u32());
}

/* ---- failures ---- */

bool poll_note_failure(struct poll *p, const struct answer *answer)
{
	p->n_failures++;
	p->last = *answer;
	poll_tell_failure(p, answer);
	return lasting_failed(&p->failing, clock_mono_ms());
}

/* Nothing but an administrator can mend this. */
void poll_stop_refused(struct poll *p)
{
	p->step = STEP_STOPPED;
	log_error(
		"%s: %s; polling of this account has stopped: mend it, then restart phonewatchd"
		" (systemctl restart phonewatchd)",
		p->config->name, p->last.text);
	poll_tell_unreachable(p);
}

void poll_store_failed(struct poll *p, const struct err *err)
{
	if (lasting_failed(&p->env->store_failure, clock_mono_ms()))
		log_error("the database fails: %s; polling pauses, next try in 30 s",
			  err->text);
	p->last = (struct answer){.reason = REASON_STORE};
	snprintf(p->last.text, sizeof p->last.text, "the database fails");
	poll_tell_not_swept(p, p->last.text);
	poll_wait(p, STEP_IDLE, STORE_RETRY_MS);
}

void poll_store_works(struct poll *p)
{
	struct lasting was;
	char lasted[CLOCK_TEXT_BYTES];

	if (!lasting_ended(&p->env->store_failure, &was))
		return;
	clock_format_duration(lasted, clock_mono_ms() - was.since_ms);
	log_info("the database works again (after %s)", lasted);
}

/* ---- the poll ---- */

static struct auth_settings auth_settings_of(const struct account_config *config)
{
	return (struct auth_settings){
		.server = config->server,
		.client_id = config->client_id,
		.client_secret = &config->client_secret,
		.jwt = &config->jwt,
		.ca_file = config->ca_file,
	};
}

static void init_budgets(struct poll *p)
{
	ledger_scope(p->scope, p->config);
	ledger_auth_scope(p->auth_scope, p->config);
	p->auth_budget = ledger_budget(p->env->ledger, p->auth_scope, LEDGER_AUTH_GROUP,
				       BUDGET_AUTH_LIMIT);
}

struct poll *poll_create(struct poll_env *env, const struct account_config *config,
			 unsigned place)
{
	struct poll *p = mem_zalloc(sizeof *p);
	struct auth_settings settings = auth_settings_of(config);
	char *path = mem_printf("%s/%s.token", env->state_folder, config->name);

	p->env = env;
	p->config = config;
	p->place = place;
	p->interval_ms = config->interval_ms;
	watch_init(&p->watch, config->name, config->ignore_types, config->n_ignore_types,
		   store_secret(env->store));
	p->clock_set_ms = p->watch.clock_set_ms = env->clock.set_ms;
	p->watch.location_every_ms = config->location_every_ms;
	auth_init(&p->auth, env->loop, &settings, path);
	free(path);
	p->auth.data = p;
	course_init(&p->course);
	p->chunk_max = COURSE_CHUNK_MAX;
	cost_init(&p->chunk_cost);
	init_budgets(p);
	http_request_init(&p->req);
	TAILQ_INIT(&p->askers);
	uv_timer_init(env->loop, &p->timer);
	uv_timer_init(env->loop, &p->dark);
	uv_timer_init(env->loop, &p->blind);
	p->timer.data = p;
	p->dark.data = p;
	p->blind.data = p;
	p->n_handles = 3;
	return p;
}

void poll_start(struct poll *p, size_t n_accounts)
{
	poll_start_dark(p);
	poll_start_blind(p);
	poll_log_blocked(p);
	/* As it was taken up: an end that cannot be is cut. */
	if (poll_blocked_ms(p) > 0)
		poll_save_ledger(p);
	poll_wait(p, STEP_IDLE, schedule_first_ms(p->place, p->interval_ms, n_accounts));
}

void poll_adopt(struct poll *p, const struct account_config *config)
{
	p->config = config;
	p->auth.settings = auth_settings_of(config);
	if (p->step == STEP_STOPPED && !config->keeps_credentials) {
		poll_wait(p, STEP_IDLE, 0);
	} else if (p->step == STEP_WAIT && p->last.next == ANSWER_REFUSED) {
		/* Whoever reloads may have given what was missing. */
		p->n_failures = 0;
		lasting_tell_again(&p->failing);
		poll_wait(p, STEP_WAIT, 0);
	}
}

const struct account_config *poll_config(const struct poll *p)
{
	return p->config;
}

void poll_destroy(struct poll *p)
{
	if (p == NULL)
		return;
	if (p->counted != NULL)
		ledger_count_pages(p->counted, -p->n_pages);
	http_request_clear(&p->req);
	auth_clear(&p->auth);
	watch_clear(&p->watch);
	extensions_clear(&p->incoming);
	poll_free_ids(p);
	free(p->url);
	free(p);
}
