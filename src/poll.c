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

#include "poll_inside.h"

#include <stdio.h>

#include "api/pages.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "schedule.h"

#define RETRY_FIRST_MS    (2 * SECOND_MS) /* ringcentral/api.md section 6.4 */
#define RETRY_MAX_MS      (60 * SECOND_MS)
#define REFUSED_FIRST_MS  (300 * SECOND_MS) /* somebody must do something */
#define REFUSED_MAX_MS    (3600 * SECOND_MS)
#define TOKEN_TRIES       3 /* ringcentral/api.md section 3.5 */
#define TOKEN_RETRY_MS    (10 * SECOND_MS)
#define TOKEN_FIRST_MS    (30 * SECOND_MS)
#define TOKEN_MAX_MS      (300 * SECOND_MS)
#define STORE_RETRY_MS    (30 * SECOND_MS)
#define NAMES_PATIENCE_MS (20 * SECOND_MS) /* the devices wait for it */
#define STOP_PATIENCE_MS  2000 /* for an answer under way; then it is canceled */
#define JITTER_PERCENT    20

static void next_request(struct poll *p);
static void end_sweep(struct poll *p);
static void on_sweep_done(struct store_job *job, int rc);
static void schedule(struct poll *p);

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
		next_request(p);
}

void poll_wait(struct poll *p, enum step step, int64_t wait_ms)
{
	p->step = step;
	uv_timer_start(&p->timer, on_timer, (uint64_t)wait_ms, 0);
}

static int64_t retry_ms(const struct poll *p, int64_t first_ms, int64_t max_ms)
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
static void stop_refused(struct poll *p)
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

/* ---- the token ---- */

static void token_failed(struct poll *p)
{
	const struct answer *answer = &p->auth.answer;
	int64_t wait_ms;
	bool tell;

	if (answer->next ==
	    ANSWER_NEW_TOKEN) { /* the refresh token is gone; now the JWT */
		log_debug("%s: %s; presenting the JWT", p->config->name, answer->text);
		poll_wait(p, STEP_WAIT, 0);
		return;
	}
	tell = poll_note_failure(p, answer);
	switch (answer->next) {
	case ANSWER_REFUSED:
		if (answer->reason == REASON_CREDENTIALS) {
			stop_refused(p);
			return;
		}
		wait_ms = retry_ms(p, REFUSED_FIRST_MS, REFUSED_MAX_MS);
		break;
	case ANSWER_WAIT:
		wait_ms = poll_wait_of_auth(p);
		break;
	default:
		wait_ms = ++p->token_tries < TOKEN_TRIES
				  ? TOKEN_RETRY_MS
				  : retry_ms(p, TOKEN_FIRST_MS, TOKEN_MAX_MS);
		if (p->token_tries >= TOKEN_TRIES)
			auth_drop_refresh(&p->auth);
		if (answer->wait_ms > wait_ms)
			wait_ms = answer->wait_ms;
	}
	if (tell)
		poll_log_retry(p, "login", wait_ms);
	poll_wait(p, STEP_WAIT, wait_ms);
}

static void on_token(struct auth *auth)
{
	struct poll *p = auth->data;

	answer_tell_budget(p->auth_budget, &auth->req, clock_mono_ms());
	poll_note_answer(p, p->auth_budget, &auth->answer);
	if (!poll_goes_on(p))
		return;
	if (auth->answer.next != ANSWER_GOOD) {
		token_failed(p);
		return;
	}
	log_debug("%s: logged in", p->config->name);
	p->token_tries = 0;
	p->awaits_login = false;
	next_request(p);
}

static void ask_token(struct poll *p)
{
	p->step = STEP_TOKEN;
	p->n_under_way++;
	poll_spend(p, p->auth_budget, 1);
	auth_start(&p->auth, p->env->http, on_token);
}

/* ---- pages ---- */

static void on_page(struct http_request *req, int rc);

void poll_next_page(struct poll *p)
{
	p->token_renewed = false;
	next_request(p);
}

void poll_ask_devices(struct poll *p)
{
	p->begins = true;
	p->course.ask = ASK_CHUNK; /* whose budget it is */
	poll_limit_chunks(p);
	course_devices(&p->course, p->sweep_route, p->ids, p->n_ids);
	poll_next_page(p);
}

static void ask_page(struct poll *p)
{
	char *path = course_path(&p->course);

	p->step = STEP_PAGE;
	free(p->url);
	p->url = mem_printf("%s%s", p->config->server, path);
	free(path);
	pages_request(&p->req, p->url, auth_token(&p->auth, clock_mono_ms()),
		      p->course.ask == ASK_CHUNK ? PAGES_ACCEPT_BULK : PAGES_ACCEPT,
		      p->config->ca_file);
	if (p->course.ask == ASK_EXTENSIONS && poll_can_do_without_names(p))
		p->req.total_ms = p->interval_ms < NAMES_PATIENCE_MS ? p->interval_ms
								     : NAMES_PATIENCE_MS;
	p->req.on_done = on_page;
	p->req.data = p;
	p->asked_ms = clock_mono_ms();
	if (p->begins)
		p->sweep_began_ms = p->asked_ms;
	p->n_under_way++;
	poll_spend(p, poll_budget_of(p), poll_cost_of(p));
	http_start(p->env->http, &p->req);
}

/* Whatever is needed next and the budget allows: a token, or the page at hand. */
static void next_request(struct poll *p)
{
	bool needs_token = auth_token(&p->auth, clock_mono_ms()) == NULL;
	int64_t wait_ms;

	wait_ms = needs_token ? poll_wait_of_login(p) : poll_wait_of(p);
	if (wait_ms > 0 && p->course.ask == ASK_EXTENSIONS &&
	    poll_can_do_without_names(p)) {
		/* Later, and from the page that it has come to. */
		p->names_due_ms = clock_mono_ms() + wait_ms;
		p->names_page_at = p->course.page;
		poll_ask_devices(p);
	} else if (wait_ms > 0 && poll_is_trial(p)) {
		p->sweep_route = p->route;
		poll_ask_devices(p);
	} else if (wait_ms > 0) {
		log_debug("%s: waiting %" PRId64 " ms for the budget", p->config->name,
			  wait_ms);
		if (needs_token)
			poll_log_turn(p);
		poll_wait(p, STEP_WAIT, wait_ms);
	} else if (needs_token) {
		ask_token(p);
	} else {
		ask_page(p);
	}
}

/* Other pages may still come: go on without this one. False: ask for it again. */
static bool give_up_page(struct poll *p)
{
	switch (course_failed(&p->course)) {
	case COURSE_AGAIN:
		return false;
	case COURSE_NEXT:
		poll_next_page(p);
		break;
	case COURSE_OVER:
		if (p->course.ask == ASK_EXTENSIONS) { /* nothing goes without it */
			poll_forget_names(p);
			course_extensions(&p->course);
			return false;
		}
		if (p->dark_due)
			poll_tell_unreachable(p);
		end_sweep(p);
		break;
	}
	return true;
}

void poll_page_failed(struct poll *p, const struct answer *answer)
{
	bool lacks = poll_lacks_route(p, answer);
	bool tell;
	char what[64];
	int64_t wait_ms;

	if (lacks && poll_change_route(p, answer))
		return;
	if (poll_is_trial(p)) {
		p->tried_at_ms = clock_utc_ms();
		p->sweep_route = p->route;
		poll_ask_devices(p);
		return;
	}
	if (p->course.ask != p->failing_ask)
		lasting_tell_again(&p->failing);
	p->failing_ask = p->course.ask;
	tell = poll_note_failure(p, answer);
	poll_name_request(what, sizeof what, p);
	if (p->course.page > p->failing_page)
		p->failing_page = p->course.page;
	if (answer->next == ANSWER_REFUSED && answer->reason == REASON_CREDENTIALS) {
		stop_refused(p);
		return;
	}
	if (give_up_page(p))
		return;
	wait_ms = answer->next == ANSWER_REFUSED && p->begins && !lacks
			  ? retry_ms(p, REFUSED_FIRST_MS, REFUSED_MAX_MS)
			  : retry_ms(p, RETRY_FIRST_MS, RETRY_MAX_MS);
	if (answer->wait_ms > wait_ms)
		wait_ms = answer->wait_ms;
	if (tell)
		poll_log_retry(p, what, wait_ms);
	poll_wait(p, STEP_WAIT, wait_ms);
}

/* The vendor asks for patience: the same page after it. */
static void page_limited(struct poll *p, const struct answer *answer)
{
	bool tell = poll_note_failure(p, answer);
	int64_t wait_ms;

	/* A refusal is of us; a maintenance may be of one page. */
	if (answer->reason == REASON_MAINTENANCE && give_up_page(p))
		return;
	wait_ms = poll_wait_of(p);
	if (tell)
		poll_log_retry(p, "device list", wait_ms);
	poll_wait(p, STEP_WAIT, wait_ms);
}

static void page_unauthorized(struct poll *p, const struct answer *answer)
{
	auth_drop_token(&p->auth);
	if (p->token_renewed) { /* a new one did not help: back off */
		(p->course.ask == ASK_EXTENSIONS ? poll_names_failed
						 : poll_page_failed)(p, answer);
		return;
	}
	log_debug("%s: %s; getting another", p->config->name, answer->text);
	p->token_renewed = true;
	next_request(p);
}

static void on_page_stored(struct store_job *job, int rc);

static void store_page(struct poll *p)
{
	struct page_job *j = &p->page_job;

	p->step = STEP_PAGE_JOB;
	page_job_init(j);
	j->job.on_done = on_page_stored;
	j->watch = &p->watch;
	j->audience = audience_share(p->env->audience);
	j->page = p->course.page;
	j->begins = p->begins;
	j->route = p->sweep_route;
	j->ids_are_fresh = p->ids_are_fresh;
	j->ids = p->ids != NULL ? p->ids + p->course.at : NULL;
	j->n_ids = p->course.n;
	j->url = p->url;
	j->answer = p->req.answer; /* moves */
	buf_init(&p->req.answer, 0);
	j->sent_at_ms = p->req.sent_at_ms;
	j->arrived_at_ms = p->req.done_at_ms;
	poll_look_at_clock(p->env);
	j->clock_set_ms = p->env->clock.set_ms;
	if (j->sent_at_ms > j->arrived_at_ms) /* set back in between */
		j->sent_at_ms += j->clock_set_ms - p->clock_set_ms;
	p->clock_set_ms = j->clock_set_ms;
	j->n_budgets = poll_snapshot_budgets(p, j->budgets);
	p->n_under_way++;
	store_submit(p->env->store, &j->job);
}

/* More was asked for than the vendor takes. */
static void page_too_large(struct poll *p, const struct answer *answer)
{
	if (course_halve(&p->course)) {
		p->chunk_max = p->course.n;
		poll_next_page(p);
	} else {
		poll_page_failed(p, answer);
	}
}

/* ---- an answer ---- */

/* The only extension that was asked for is not there any more. Of several, its part says so. */
static bool is_gone(const struct poll *p, const struct answer *answer)
{
	return p->course.ask == ASK_CHUNK && p->course.n == 1 &&
	       strcmp(answer->code, "CMN-102") == 0;
}

static void skip_extension(struct poll *p, const struct answer *answer)
{
	log_debug("%s: extension %s: %s; a new list of them is due", p->config->name,
		  p->ids[p->course.at], answer->text);
	p->names_due_ms = 0;
	p->course.incomplete = true;
	if (course_came(&p->course, &(struct course_answer){0}))
		poll_next_page(p);
	else
		end_sweep(p);
}

static void on_page(struct http_request *req, int rc)
{
	struct poll *p = req->data;
	bool names = p->course.ask == ASK_EXTENSIONS;
	struct answer answer;

	if (!names)
		p->busy_ms += clock_mono_ms() - p->asked_ms;
	answer_read(&answer, req, rc,
		    p->course.ask == ASK_CHUNK ? ANSWER_OF_BULK : ANSWER_OF_LIST,
		    clock_utc_ms());
	if (rc == 0)
		poll_learn_budget(p);
	poll_note_answer(p, poll_budget_of(p), &answer);
	if (!poll_goes_on(p))
		return;
	switch (answer.next) {
	case ANSWER_GOOD:
		(names ? poll_read_names : store_page)(p);
		break;
	case ANSWER_WAIT:
		(names && poll_can_do_without_names(p) ? poll_names_failed
						       : page_limited)(p, &answer);
		break;
	case ANSWER_NEW_TOKEN:
		page_unauthorized(p, &answer);
		break;
	case ANSWER_SMALLER:
		(names ? poll_names_failed : page_too_large)(p, &answer);
		break;
	default:
		if (is_gone(p, &answer))
			skip_extension(p, &answer);
		else
			(names ? poll_names_failed : poll_page_failed)(p, &answer);
	}
}

/* ---- after a page ---- */

static void end_sweep(struct poll *p)
{
	struct sweep_job *s = &p->sweep_job;

	p->step = STEP_SWEEP_JOB;
	p->was_busy_ms = p->busy_ms;
	poll_learn_interval(p);
	if (p->course.incomplete) {
		sweep_job_init_partial(s);
	} else {
		poll_log_answering(p); /* the list may end before the page that failed */
		sweep_job_init(s);
	}
	s->job.on_done = on_sweep_done;
	s->watch = &p->watch;
	s->audience = audience_share(p->env->audience);
	/* Where no page came nothing was seen, and nothing is decided. */
	s->rules = p->begins ? NULL : rules_share(p->env->rules);
	s->n_pages = p->course.page;
	s->route_tried_at_ms = p->route == ROUTE_EXTENSIONS ? p->tried_at_ms : 0;
	s->ended_at_ms = poll_look_at_clock(p->env);
	s->clock_set_ms = p->clock_set_ms = p->env->clock.set_ms;
	s->interval_ms = p->interval_ms;
	s->wants_counts = !p->is_introduced;
	snprintf(s->budget_scope, sizeof s->budget_scope, "%s", p->scope);
	snprintf(s->budget_group, sizeof s->budget_group, "%s",
		 ledger_group(poll_budget_of(p)));
	p->n_under_way++;
	store_submit(p->env->store, &s->job);
}

static void page_is_bad(struct poll *p, const struct err *err)
{
	struct answer answer = {.next = ANSWER_RETRY, .reason = REASON_BAD_ANSWER};

	poll_log_unusable(&answer, err);
	poll_save_ledger(p); /* nothing of this page was committed */
	poll_page_failed(p, &answer);
}

static void on_page_stored(struct store_job *job, int rc)
{
	struct page_job *j = (struct page_job *)job;
	struct poll *p = OWNER_OF(j, struct poll, page_job);
	bool more;

	audience_release(j->audience);
	buf_clear(&j->answer); /* of a job that never ran */
	if (!poll_goes_on(p))
		return;
	if (rc == ERR_FORMAT) {
		page_is_bad(p, &job->err);
		return;
	}
	if (rc != 0) {
		poll_store_failed(p, &job->err);
		return;
	}
	poll_store_works(p);
	poll_answering_again(p);
	poll_log_refused(p);
	poll_found_route(p);
	p->begins = false;
	more = course_came(&p->course, &(struct course_answer){
					       .n_records = j->n_records,
					       .n_fresh = j->n_fresh,
					       .per_page = j->paging.per_page,
					       .total_pages = j->paging.total_pages,
					       .has_next = j->paging.has_next,
				       });
	poll_learn_interval(p);
	poll_start_dark(p);
	poll_start_blind(p);
	p->n_told += j->n_events;
	if (j->n_events > 0)
		p->env->on_events(p->env->data);
	if (more)
		poll_next_page(p);
	else
		end_sweep(p);
}

/* ---- sweeps ---- */

static void on_sweep_done(struct store_job *job, int rc)
{
	struct sweep_job *s = (struct sweep_job *)job;
	struct poll *p = OWNER_OF(s, struct poll, sweep_job);

	audience_release(s->audience);
	rules_release(s->rules);
	if (!poll_goes_on(p))
		return;
	if (rc == ERR_RETRY) { /* the failure behind it has been told */
		log_debug("%s: the sweep is worth nothing: %s; another one is due",
			  p->config->name, job->err.text);
		schedule(p);
		return;
	}
	if (rc != 0) {
		poll_store_failed(p, &job->err);
		return;
	}
	p->wants_ids = s->wants_ids;
	if (!p->course.incomplete)
		poll_log_sweep(p);
	if (s->n_lapsed > 0)
		log_warning("%s: %" PRId64
			    " device%s been on no page for three intervals:"
			    " unknown until the list shows %s",
			    p->config->name, s->n_lapsed,
			    s->n_lapsed == 1 ? " has" : "s have",
			    s->n_lapsed == 1 ? "it" : "them");
	if (s->n_events > 0)
		p->env->on_events(p->env->data);
	if (s->whole && !s->shrunk)
		p->env->on_swept(p->env->data, p->config);
	p->unmuted_at_ms = s->unmuted_at_ms;
	if (poll_tell_swept(p) || s->confirm)
		poll_wait(p, STEP_IDLE, 0);
	else
		schedule(p);
}

void poll_begin_sweep(struct poll *p)
{
	if (!p->route_known) {
		poll_recall_route(p);
		return;
	}
	if (poll_accepts(p))
		return;
	poll_look_at_clock(p->env);
	p->sweep_route = poll_route_now(p);
	p->begins = true;
	p->ids_are_fresh = false;
	p->n_refused = 0;
	p->n_told = 0;
	p->busy_ms = 0;
	p->unmuted_at_ms =
		0; /* should this one come to nothing, there is no hurry with the next */
	if (poll_needs_names(p)) {
		poll_ask_names(p);
	} else {
		poll_ask_devices(p);
	}
}

/* The next sweep: about an interval after the first page of the last one was asked for; or when a silence
 * ends, since only what the list shows then did not come back within it. */
static void schedule(struct poll *p)
{
	int64_t base_ms = p->env->began_ms;
	int64_t due_ms =
		schedule_next_ms(p->place, p->sweep_began_ms - base_ms, p->interval_ms);
	int64_t wait_ms = base_ms + due_ms - clock_mono_ms();
	int64_t unmuted_ms = p->unmuted_at_ms - clock_utc_ms();

	if (p->unmuted_at_ms != 0 && unmuted_ms < wait_ms)
		wait_ms = unmuted_ms;
	poll_wait(p, STEP_IDLE, wait_ms > 0 ? wait_ms : 0);
}

void poll_silence_ended(struct poll *p)
{
	if (p->unmuted_at_ms != 0 && p->step == STEP_IDLE && !p->stopping)
		poll_wait(p, STEP_IDLE, 0);
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
