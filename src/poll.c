/*
 * One account's way round:
 *
 *   begin_sweep -> next_request -> (wait for the budget) -> page asked -> on_page -> page job
 *        ^              |  ^                                                |
 *        |              |  +---- more pages <---- on_page_stored <---------+
 *        |              +--> no token: (wait) -> token asked -> on_token -> next_request
 *        |                                                                  |
 *        +---- timer <---- schedule <---- on_sweep_done <---- sweep job <---+ last page
 *
 * Early ends: a failed page is asked for again after a growing wait (page_failed), given up
 * after three tries where others may still come, so that the sweep job has less to say; a wait
 * that the vendor asks for blocks the budget and so next_request; refused credentials stop the
 * poll; a failing store pauses it, and the sweep begins anew. After poll_stop a request under way
 * has two more seconds, then it is canceled; when nothing is under way, the handles are closed
 * and on_stopped follows.
 *
 * Beside it two jobs of their own: the ledger is saved when something was learned outside of a
 * page, and account.unreachable is told when no page has come for three intervals (on_dark).
 */
#include "poll.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/auth.h"
#include "api/pages.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "course.h"
#include "names.h"
#include "page.h"
#include "sweep.h"
#include "watch.h"

#define SECOND_MS         INT64_C(1000)
#define RETRY_FIRST_MS    (2 * SECOND_MS) /* ringcentral/api.md section 6.4 */
#define RETRY_MAX_MS      (60 * SECOND_MS)
#define REFUSED_FIRST_MS  (300 * SECOND_MS) /* somebody must do something */
#define REFUSED_MAX_MS    (3600 * SECOND_MS)
#define TOKEN_TRIES       3 /* ringcentral/api.md section 3.5 */
#define TOKEN_RETRY_MS    (10 * SECOND_MS)
#define TOKEN_FIRST_MS    (30 * SECOND_MS)
#define TOKEN_MAX_MS      (300 * SECOND_MS)
#define STORE_RETRY_MS    (30 * SECOND_MS)
#define NAMES_EVERY_MS    (3600 * SECOND_MS)
#define NAMES_RETRY_MS    (300 * SECOND_MS)
#define NAMES_PATIENCE_MS (20 * SECOND_MS) /* the devices wait for it */
#define ROUTE_REFUSALS    2                /* of the account's list: then by extensions */
#define ROUTE_RETRY_MS    (24 * 3600 * SECOND_MS)
#define DARK_INTERVALS    3    /* without a page: account.unreachable */
#define STOP_PATIENCE_MS  2000 /* for an answer under way; then it is canceled */
#define JITTER_PERCENT    20

enum step {
	STEP_NEW,       /* not started */
	STEP_IDLE,      /* the timer begins the next sweep */
	STEP_WAIT,      /* the timer goes on with next_request */
	STEP_TOKEN,     /* a token is asked for */
	STEP_PAGE,      /* a page is asked for */
	STEP_PAGE_JOB,  /* it is with the store */
	STEP_SWEEP_JOB, /* the sweep is */
	STEP_STOPPED,   /* refused credentials: nothing happens until a reload */
};

/* A job of a few rows: what was learned of the budgets. */
struct ledger_job {
	struct store_job job;
	struct store_budget budgets[PAGE_BUDGETS_MAX];
	size_t n_budgets;
	bool under_way, again; /* again: something was learned since it was started */
};

struct state_job {
	struct store_job job;
	struct watch *watch;
	struct routes *routes;
	const char *reason;
	char detail[ANSWER_TEXT_BYTES];
	int64_t at_ms;
	bool told; /* done: the state has changed */
	bool under_way;
};

/* What an earlier run has found out. */
struct route_job {
	struct store_job job;
	const char *account;
	enum store_route route;
	int64_t tried_at_ms;
};

struct poll {
	struct poll_env *env;
	const struct account_config *config;
	struct watch watch;
	struct auth auth;
	struct budget *auth_budget;
	struct budget *budgets[ASK_KINDS]; /* NULL: no answer has named the group yet */
	struct budget *asked;              /* that of the request under way */
	char auth_scope[LEDGER_SCOPE_BYTES], scope[LEDGER_SCOPE_BYTES];

	enum step step;
	uv_timer_t timer;
	uv_timer_t dark; /* fires where no page has come for too long */
	struct http_request req;
	char *url;
	struct page_job page_job;
	struct sweep_job sweep_job;
	struct ledger_job ledger_job;
	struct state_job state_job;

	/* The sweep at hand. */
	struct course course;
	enum store_route sweep_route;
	bool begins;        /* nothing of its devices has come yet */
	bool ids_are_fresh; /* the list of extensions came with it */
	int64_t sweep_began_ms;
	bool token_renewed; /* for this request already */
	int64_t n_refused;  /* records */

	int64_t clock_set_ms; /* of env->clock.set_ms, what the watch knows */
	/* By which list the devices are asked for. */
	enum store_route route;
	bool route_known;    /* where an earlier run may have kept it */
	unsigned n_no_route; /* refusals of the account's list, in a row */
	int64_t tried_at_ms; /* by extensions: when that list was last refused */
	struct route_job route_job;

	/* The list of extensions. */
	int64_t names_due_ms;
	struct lasting names_failing;
	struct names_page_job names_page;
	struct names_job names_job;
	struct extensions incoming; /* so far */
	char **ids;                 /* those of the last whole list */
	size_t n_ids;
	bool wants_ids;         /* somebody may be gone: only a fresh list shows it */
	size_t chunk_max;       /* ids that the vendor takes at once */
	bool chunks_count_once; /* the vendor counts a request for many as one */

	int64_t interval_ms; /* effective */
	int64_t n_pages; /* of the list, as counted in this budget for all that share it */
	struct budget *counted;
	bool dark_due; /* no page came for too long, if the next one does not either */
	unsigned n_failures; /* in a row, of anything */
	int token_tries;
	struct lasting failing; /* requests */
	int64_t failing_page; /* the last that failed: that another comes does not end it */
	struct lasting refusing; /* records */
	struct lasting partial;  /* lists that are not whole, from the third in a row */
	unsigned n_partial;
	struct answer last; /* the last failure */

	unsigned n_under_way; /* requests and jobs */
	unsigned n_handles;
	bool stopping;
	void (*on_stopped)(struct poll *p, void *data);
	void *stopped_data;
};

static void next_request(struct poll *p);
static void ask_devices(struct poll *p);
static void begin_sweep(struct poll *p);
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
}

/* At the head of every callback: something is over. True where the poll is to go on. */
static bool goes_on(struct poll *p)
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
	uv_timer_stop(&p->timer);
	uv_timer_stop(&p->dark);
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
		begin_sweep(p);
	else
		next_request(p);
}

static void wait(struct poll *p, enum step step, int64_t wait_ms)
{
	p->step = step;
	uv_timer_start(&p->timer, on_timer, (uint64_t)wait_ms, 0);
}

static int64_t retry_ms(const struct poll *p, int64_t first_ms, int64_t max_ms)
{
	return backoff_ms(p->n_failures, first_ms, max_ms, JITTER_PERCENT, random_u32());
}

/* ---- the ledger ---- */

/* The one in which the request at hand counts; the strictest where its group is not known. */
static struct budget *budget_of(const struct poll *p)
{
	struct budget *named = p->budgets[p->course.ask];

	return named != NULL ? named
			     : ledger_budget(p->env->ledger, p->scope, PAGES_GROUP,
					     BUDGET_HEAVY_LIMIT);
}

static size_t snapshot_budgets(const struct poll *p, struct store_budget *into)
{
	const struct budget *list = budget_of(p);

	ledger_snapshot(p->auth_budget, &into[0]);
	ledger_snapshot(list, &into[1]);
	return 2;
}

static int run_ledger_job(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct ledger_job *l = (struct ledger_job *)job;

	if (store_begin(c, err) != 0)
		return err->code;
	for (size_t i = 0; i < l->n_budgets; i++) {
		if (store_budget_save(c, &l->budgets[i], err) != 0)
			return err->code;
	}
	return store_commit(c, err);
}

static void save_ledger(struct poll *p);

static void on_ledger_saved(struct store_job *job, int rc)
{
	struct ledger_job *l = (struct ledger_job *)job;
	struct poll *p = (struct poll *)((char *)l - offsetof(struct poll, ledger_job));

	(void)rc; /* the next page saves it too, and tells of a store that fails */
	l->under_way = false;
	if (goes_on(p) && l->again)
		save_ledger(p);
}

/* Before anything else: a penalty must outlive a kill. */
static void save_ledger(struct poll *p)
{
	struct ledger_job *l = &p->ledger_job;

	l->again = l->under_way;
	if (l->under_way)
		return;
	l->under_way = true;
	p->n_under_way++;
	l->n_budgets = snapshot_budgets(p, l->budgets);
	store_submit_first(p->env->store, &l->job);
}

/* ---- the account's state ---- */

/* Whether that it cannot be watched has been told already. One reason more is no news, save that
 * of an account whose list had merely shrunk, and that polling has stopped for good. */
static bool is_told(const struct store_account *a, const char *reason)
{
	if (a->state != ACCOUNT_UNREACHABLE)
		return false;
	return strcmp(a->reason, reason) == 0 ||
	       (strcmp(a->reason, reason_name(REASON_LIST_SHRUNK)) != 0 &&
		strcmp(reason, reason_name(REASON_CREDENTIALS)) != 0);
}

static int run_state_job(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct state_job *s = (struct state_job *)job;
	struct watch *w = s->watch;

	if (watch_load(w, c, err) != 0)
		return err->code;
	if (is_told(&w->account, s->reason))
		return 0;
	if (store_begin(c, err) == 0 &&
	    watch_tell_state(w, c, ACCOUNT_UNREACHABLE, s->reason, s->detail, s->at_ms,
			     s->routes, err) == 0 &&
	    store_account_save(c, &w->account, err) == 0 && store_commit(c, err) == 0)
		s->told = true;
	else
		watch_doubt(w);
	return err->code;
}

static void start_dark(struct poll *p);

static void on_state_told(struct store_job *job, int rc)
{
	struct state_job *s = (struct state_job *)job;
	struct poll *p = (struct poll *)((char *)s - offsetof(struct poll, state_job));

	s->under_way = false;
	routes_release(s->routes);
	if (!goes_on(p))
		return;
	if (rc == 0 && s->told)
		p->env->on_events(p->env->data);
	else if (rc == ERR_STORE)
		start_dark(p); /* the store fails: tell it later */
}

/* Whether the vendor wants no request now, whoever has caused it. */
static bool is_blocked(const struct poll *p)
{
	int64_t now_ms = clock_mono_ms();

	return ledger_blocked_ms(budget_of(p), now_ms) > 0 ||
	       (auth_token(&p->auth, now_ms) == NULL &&
		ledger_blocked_ms(p->auth_budget, now_ms) > 0);
}

/* Why no page comes, where no request has failed. */
static const struct answer blocked = {
	.reason = REASON_LIMITED,
	.text = "the vendor wants no request with these credentials now",
};
static const struct answer silent = {.reason = REASON_NETWORK, .text = "no answer"};

static void tell_unreachable(struct poll *p)
{
	struct state_job *s = &p->state_job;

	if (s->under_way || p->stopping)
		return;
	s->under_way = true;
	s->told = false;
	s->watch = &p->watch;
	s->routes = routes_share(p->env->routes);
	if (p->last.reason == REASON_NONE)
		p->last = *(is_blocked(p) ? &blocked : &silent);
	s->reason = reason_name(p->last.reason);
	snprintf(s->detail, sizeof s->detail, "%s", p->last.text);
	s->at_ms = clock_utc_ms();
	p->n_under_way++;
	store_submit(p->env->store, &s->job);
}

/* Whether what keeps us is ourselves: a page that has come and is being stored, or the share of
 * the budget that we take. */
static bool is_our_wait(const struct poll *p)
{
	return p->step == STEP_PAGE_JOB || p->step == STEP_SWEEP_JOB ||
	       (p->step == STEP_WAIT && p->last.reason == REASON_NONE && !is_blocked(p));
}

/* Whether it is one page that fails, in a sweep of which others have come: what becomes of the
 * account, the next page shows soon. */
static bool is_one_page(const struct poll *p)
{
	return p->course.n_came > 0 && p->course.tries > 0 &&
	       (p->last.next == ANSWER_RETRY || p->last.next == ANSWER_REFUSED);
}

static void on_dark(uv_timer_t *timer)
{
	struct poll *p = timer->data;

	if (is_our_wait(p))
		start_dark(p);
	else if (is_one_page(p))
		p->dark_due = true;
	else
		tell_unreachable(p);
}

/* From now on a page must come within three intervals. */
static void start_dark(struct poll *p)
{
	p->dark_due = false;
	uv_timer_start(&p->dark, on_dark, (uint64_t)(DARK_INTERVALS * p->interval_ms), 0);
}

/* ---- the clock ---- */

/* One line, however many accounts meet it. */
static void look_at_clock(struct poll_env *env)
{
	int64_t step_ms = clock_watch_look(&env->clock, clock_utc_ms(), clock_mono_ms());
	int64_t step_s;
	char text[CLOCK_TEXT_BYTES];

	if (step_ms == 0)
		return;
	step_s = (step_ms + (step_ms > 0 ? 500 : -500)) / SECOND_MS;
	clock_format_duration(text, (step_s > 0 ? step_s : -step_s) * SECOND_MS);
	log_warning("the clock was set %s by %s%s", step_ms > 0 ? "forward" : "back",
		    text, step_ms > 0 ? ", or the machine stood still for so long" : "");
}

/* ---- failures ---- */

/* Note a failure; true where it is to be logged. */
static bool failed(struct poll *p, const struct answer *answer)
{
	p->n_failures++;
	p->last = *answer;
	return lasting_failed(&p->failing, clock_mono_ms());
}

static void log_unusable(struct answer *answer, const struct err *err)
{
	char safe[ANSWER_TEXT_BYTES - 32];

	log_escape(safe, sizeof safe, err->text);
	snprintf(answer->text, sizeof answer->text, "unusable answer: %s", safe);
}

static void log_retry(const struct poll *p, const char *what, int64_t wait_ms)
{
	char wait_text[CLOCK_TEXT_BYTES];

	clock_format_duration(wait_text, wait_ms);
	log_warning("%s: %s: %s; trying again in %s", p->config->name, what, p->last.text,
		    wait_text);
}

static void log_answering(struct poll *p)
{
	struct lasting was;
	char lasted[CLOCK_TEXT_BYTES];

	p->failing_page = 0;
	if (!lasting_ended(&p->failing, &was))
		return;
	clock_format_duration(lasted, clock_mono_ms() - was.since_ms);
	log_info("%s: answering again after %u failure%s (%s)", p->config->name, was.n,
		 was.n == 1 ? "" : "s", lasted);
}

/* A page came. Where one before it was given up, or one behind it failed in the last sweep, the
 * failure lasts: else the log would tell of its end and its beginning in every sweep. */
static void answering_again(struct poll *p)
{
	p->n_failures = 0;
	p->token_renewed = false;
	p->last = (struct answer){0};
	if (!p->course.incomplete && p->course.page >= p->failing_page)
		log_answering(p);
}

/* As how many requests the one at hand counts: for all that is known, one for many extensions
 * counts as many (ringcentral/api.md section 5). */
static int64_t cost_of(const struct poll *p)
{
	return p->course.ask == ASK_CHUNK && !p->chunks_count_once ? (int64_t)p->course.n
								   : 1;
}

/* How long to wait for the request at hand; where its group is not known yet, until the account
 * may ask for anything. */
static int64_t wait_of(struct poll *p)
{
	struct ledger *ledger = p->env->ledger;
	struct budget *named = p->budgets[p->course.ask];
	int share = p->config->budget_share;
	int64_t now_ms = clock_mono_ms();

	return named != NULL ? ledger_wait_n_ms(ledger, named, share, cost_of(p), now_ms)
			     : ledger_wait_all_ms(ledger, p->scope, share, now_ms);
}

static int64_t wait_of_auth(struct poll *p)
{
	return ledger_wait_ms(p->env->ledger, p->auth_budget, p->config->budget_share,
			      clock_mono_ms());
}

static void spend(struct poll *p, struct budget *budget, int64_t n)
{
	p->asked = budget;
	ledger_ask(p->env->ledger, budget, n, clock_mono_ms());
}

/* What the answer says of waiting is noted before that it is here: a kill may come between. A
 * good page is committed with the budgets, all else is saved here. */
static void answered(struct poll *p, struct budget *budget, const struct answer *answer)
{
	if (answer->next == ANSWER_CANCELED) {
		ledger_abandon(p->env->ledger, p->asked, clock_mono_ms());
		return;
	}
	if (answer->next == ANSWER_WAIT)
		ledger_obey(p->env->ledger, budget, p->config, answer, clock_mono_ms());
	ledger_answered(p->env->ledger, p->asked);
	if (!p->stopping && (answer->next != ANSWER_GOOD || budget == p->auth_budget))
		save_ledger(p);
}

/* Nothing but an administrator can mend this. */
static void stop_refused(struct poll *p)
{
	p->step = STEP_STOPPED;
	log_error(
		"%s: %s; polling of this account has stopped: mend it, then restart phonewatchd"
		" (systemctl restart phonewatchd)",
		p->config->name, p->last.text);
	tell_unreachable(p);
}

static void store_failed(struct poll *p, const struct err *err)
{
	if (lasting_failed(&p->env->store_failure, clock_mono_ms()))
		log_error("the database fails: %s; polling pauses, next try in 30 s",
			  err->text);
	p->last = (struct answer){.reason = REASON_STORE};
	snprintf(p->last.text, sizeof p->last.text, "the database fails");
	wait(p, STEP_IDLE, STORE_RETRY_MS);
}

static void store_works(struct poll *p)
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
		wait(p, STEP_WAIT, 0);
		return;
	}
	tell = failed(p, answer);
	switch (answer->next) {
	case ANSWER_REFUSED:
		if (answer->reason == REASON_CREDENTIALS) {
			stop_refused(p);
			return;
		}
		wait_ms = retry_ms(p, REFUSED_FIRST_MS, REFUSED_MAX_MS);
		break;
	case ANSWER_WAIT:
		wait_ms = wait_of_auth(p);
		break;
	default:
		wait_ms = ++p->token_tries < TOKEN_TRIES
				  ? TOKEN_RETRY_MS
				  : retry_ms(p, TOKEN_FIRST_MS, TOKEN_MAX_MS);
		if (p->token_tries >= TOKEN_TRIES)
			auth_drop_refresh(&p->auth);
	}
	if (tell)
		log_retry(p, "login", wait_ms);
	wait(p, STEP_WAIT, wait_ms);
}

static void on_token(struct auth *auth)
{
	struct poll *p = auth->data;

	budget_told(p->auth_budget, http_header(&auth->req, "X-Rate-Limit-Limit"),
		    http_header(&auth->req, "X-Rate-Limit-Remaining"),
		    http_header(&auth->req, "X-Rate-Limit-Window"), clock_mono_ms());
	answered(p, p->auth_budget, &auth->answer);
	if (!goes_on(p))
		return;
	if (auth->answer.next != ANSWER_GOOD) {
		token_failed(p);
		return;
	}
	log_debug("%s: logged in", p->config->name);
	p->token_tries = 0;
	next_request(p);
}

static void ask_token(struct poll *p)
{
	p->step = STEP_TOKEN;
	p->n_under_way++;
	spend(p, p->auth_budget, 1);
	auth_start(&p->auth, p->env->http, on_token);
}

/* ---- pages ---- */

static void on_page(struct http_request *req, int rc);
static void page_failed(struct poll *p, const struct answer *answer);

/* The course has moved on. */
static void next_page(struct poll *p)
{
	p->token_renewed = false;
	next_request(p);
}

static void free_ids(struct poll *p)
{
	for (size_t i = 0; i < p->n_ids; i++)
		free(p->ids[i]);
	free(p->ids);
	p->ids = NULL;
	p->n_ids = 0;
}

/* The devices, be it at once or behind the list of extensions. */
static void ask_devices(struct poll *p)
{
	int64_t most = (int64_t)p->chunk_max;

	p->begins = true;
	p->course.ask = ASK_CHUNK; /* whose budget it is */
	if (!p->chunks_count_once &&
	    budget_allowance(budget_of(p), p->config->budget_share) < most)
		most = budget_allowance(budget_of(p), p->config->budget_share);
	course_limit(&p->course, (size_t)most);
	course_devices(&p->course, p->sweep_route, p->ids, p->n_ids);
	next_page(p);
}

/* By the account's list it is only for names, and by extensions yesterday's does for a while. */
static bool can_do_without_names(const struct poll *p)
{
	return p->sweep_route == ROUTE_ACCOUNT || p->n_ids > 0;
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
	if (p->course.ask == ASK_EXTENSIONS && can_do_without_names(p))
		p->req.total_ms = p->interval_ms < NAMES_PATIENCE_MS ? p->interval_ms
								     : NAMES_PATIENCE_MS;
	p->req.on_done = on_page;
	p->req.data = p;
	if (p->begins && p->course.tries == 0)
		p->sweep_began_ms = clock_mono_ms();
	p->n_under_way++;
	spend(p, budget_of(p), cost_of(p));
	http_start(p->env->http, &p->req);
}

/* Whether the account's list is only asked for to see whether it can be had by now. */
static bool is_trial(const struct poll *p)
{
	return p->course.ask == ASK_LIST && p->route == ROUTE_EXTENSIONS && p->n_ids > 0;
}

/* Whatever is needed next and the budget allows: a token, or the page at hand. */
static void next_request(struct poll *p)
{
	bool needs_token = auth_token(&p->auth, clock_mono_ms()) == NULL;
	int64_t wait_ms;

	wait_ms = needs_token ? wait_of_auth(p) : wait_of(p);
	if (wait_ms > 0 && p->course.ask == ASK_EXTENSIONS && can_do_without_names(p)) {
		p->names_due_ms = clock_mono_ms() + wait_ms;
		ask_devices(p);
	} else if (wait_ms > 0 && is_trial(p)) {
		p->sweep_route = p->route;
		ask_devices(p);
	} else if (wait_ms > 0) {
		log_debug("%s: waiting %" PRId64 " ms for the budget", p->config->name,
			  wait_ms);
		wait(p, STEP_WAIT, wait_ms);
	} else if (needs_token) {
		ask_token(p);
	} else {
		ask_page(p);
	}
}

static void chunks_count_once(struct poll *p)
{
	p->chunks_count_once = true;
	course_limit(&p->course, p->chunk_max);
}

/* The group's name and numbers are the vendor's to say; the budget moves with the name. */
static void learn_budget(struct poll *p)
{
	struct budget **named = &p->budgets[p->course.ask], *b;
	const char *group = http_header(&p->req, "X-Rate-Limit-Group");
	int64_t now_ms = clock_mono_ms();

	if (group != NULL && group[0] != '\0') {
		b = ledger_budget(p->env->ledger, p->scope, group, BUDGET_HEAVY_LIMIT);
		if (b != p->asked)
			budget_spend(b, now_ms); /* the request that told us */
		if (b != *named)
			ledger_name(p->env->ledger, b, p->course.ask);
		*named = b;
	}
	b = budget_of(p);
	budget_told(b, http_header(&p->req, "X-Rate-Limit-Limit"),
		    http_header(&p->req, "X-Rate-Limit-Remaining"),
		    http_header(&p->req, "X-Rate-Limit-Window"), now_ms);
	/* Whoever else has asked: a request that counted as many would have used up as much. */
	if (p->course.ask == ASK_CHUNK && b->remaining >= 0 &&
	    b->limit - b->remaining < (int64_t)p->course.n)
		chunks_count_once(p);
	log_debug("%s: page %" PRId64 ": HTTP %ld, %zu bytes in %" PRId64
		  " ms; budget %s: %" PRId64 " of %" PRId64 " left",
		  p->config->name, p->course.page, p->req.status, p->req.answer.len,
		  p->req.done_at_ms - p->req.sent_at_ms, ledger_group(b), b->remaining,
		  b->limit);
}

/* Other pages may still come: go on without this one. False: ask for it again. */
static bool give_up_page(struct poll *p)
{
	switch (course_failed(&p->course)) {
	case COURSE_AGAIN:
		return false;
	case COURSE_NEXT:
		next_page(p);
		break;
	case COURSE_OVER:
		if (p->course.ask == ASK_EXTENSIONS) { /* nothing goes without it */
			extensions_clear(&p->incoming);
			course_extensions(&p->course);
			return false;
		}
		if (p->dark_due)
			tell_unreachable(p);
		end_sweep(p);
		break;
	}
	return true;
}

/* What failed, for the log. */
static void name_request(char *out, size_t size, const struct poll *p)
{
	static const char *const names[ASK_KINDS] = {
		[ASK_EXTENSIONS] = "list of extensions, page",
		[ASK_LIST] = "device list, page",
		[ASK_CHUNK] = "devices of extensions, part",
	};

	snprintf(out, size, "%s %" PRId64, names[p->course.ask], p->course.page);
}

/* No list of the account's devices for this app or user, or not to be seen by it. */
static bool lacks_route(const struct poll *p, const struct answer *answer)
{
	return p->config->devices_via == VIA_AUTO && p->course.ask == ASK_LIST &&
	       p->begins && answer->next == ANSWER_REFUSED &&
	       answer->reason == REASON_PERMISSION;
}

/* True where that has led to another request. */
static bool change_route(struct poll *p, const struct answer *answer)
{
	p->tried_at_ms = clock_utc_ms();
	if (p->route == ROUTE_EXTENSIONS) { /* it was only asked for again, once a day */
		log_debug("%s: device list: %s; still by extensions", p->config->name,
			  answer->text);
	} else if (++p->n_no_route < ROUTE_REFUSALS) {
		return false;
	} else {
		log_warning(
			"%s: device list: %s; asking by extensions instead, and for that"
			" list again every day",
			p->config->name, answer->text);
		p->route = ROUTE_EXTENSIONS;
	}
	begin_sweep(p);
	return true;
}

static void page_failed(struct poll *p, const struct answer *answer)
{
	bool lacks = lacks_route(p, answer);
	bool tell;
	char what[64];
	int64_t wait_ms;

	if (lacks && change_route(p, answer))
		return;
	tell = failed(p, answer);
	name_request(what, sizeof what, p);
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
	if (tell)
		log_retry(p, what, wait_ms);
	wait(p, STEP_WAIT, wait_ms);
}

/* The vendor asks for patience: the same page after it. */
static void page_limited(struct poll *p, const struct answer *answer)
{
	bool tell = failed(p, answer);
	int64_t wait_ms;

	/* A refusal is of us; a maintenance may be of one page. */
	if (answer->reason == REASON_MAINTENANCE && give_up_page(p))
		return;
	wait_ms = wait_of(p);
	if (tell)
		log_retry(p, "device list", wait_ms);
	wait(p, STEP_WAIT, wait_ms);
}

static void page_unauthorized(struct poll *p, const struct answer *answer)
{
	auth_drop_token(&p->auth);
	if (p->token_renewed) { /* a new one did not help: back off */
		page_failed(p, answer);
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
	j->routes = routes_share(p->env->routes);
	j->page = p->course.page;
	j->begins = p->begins;
	j->route = p->sweep_route;
	j->ids_are_fresh = p->ids_are_fresh;
	j->ids = p->ids + p->course.at;
	j->n_ids = p->course.n;
	j->url = p->url;
	j->answer = p->req.answer; /* moves */
	buf_init(&p->req.answer, 0);
	j->sent_at_ms = p->req.sent_at_ms;
	j->arrived_at_ms = p->req.done_at_ms;
	look_at_clock(p->env);
	j->clock_set_ms = p->env->clock.set_ms - p->clock_set_ms;
	p->clock_set_ms = p->env->clock.set_ms;
	if (j->sent_at_ms > j->arrived_at_ms) /* set back in between */
		j->sent_at_ms += j->clock_set_ms;
	j->n_budgets = snapshot_budgets(p, j->budgets);
	p->n_under_way++;
	store_submit(p->env->store, &j->job);
}

/* More was asked for than the vendor takes. */
static void page_too_large(struct poll *p, const struct answer *answer)
{
	if (course_halve(&p->course)) {
		p->chunk_max = p->course.n;
		next_page(p);
	} else {
		page_failed(p, answer);
	}
}

/* ---- the list of extensions ---- */

static void names_failed(struct poll *p, const struct answer *answer)
{
	int64_t wait_ms =
		answer->next == ANSWER_REFUSED ? NAMES_EVERY_MS : NAMES_RETRY_MS;
	char wait_text[CLOCK_TEXT_BYTES];

	if (!can_do_without_names(p) ||
	    (answer->next == ANSWER_REFUSED && answer->reason == REASON_CREDENTIALS)) {
		page_failed(p, answer);
		return;
	}
	clock_format_duration(wait_text, wait_ms);
	if (lasting_failed(&p->names_failing, clock_mono_ms()))
		log_info("%s: list of extensions: %s; their names stay as they are, next"
			 " try in %s",
			 p->config->name, answer->text, wait_text);
	p->names_due_ms = clock_mono_ms() + wait_ms;
	extensions_clear(&p->incoming);
	ask_devices(p);
}

static void names_are_bad(struct poll *p, const struct err *err)
{
	struct answer answer = {.next = ANSWER_RETRY, .reason = REASON_BAD_ANSWER};

	log_unusable(&answer, err);
	names_failed(p, &answer);
}

static void copy_ids(struct poll *p)
{
	const struct extensions *x = &p->watch.extensions;

	free_ids(p);
	p->ids = mem_alloc(x->n * sizeof *p->ids);
	for (; p->n_ids < x->n; p->n_ids++)
		p->ids[p->n_ids] = mem_strdup(x->rows[p->n_ids].id);
}

static void on_names_kept(struct store_job *job, int rc)
{
	struct names_job *j = (struct names_job *)job;
	struct poll *p = (struct poll *)((char *)j - offsetof(struct poll, names_job));
	struct lasting was;

	extensions_clear(&p->incoming);
	if (!goes_on(p))
		return;
	if (rc != 0) {
		store_failed(p, &job->err);
		return;
	}
	store_works(p);
	if (lasting_ended(&p->names_failing, &was))
		log_info("%s: the list of extensions can be read again", p->config->name);
	if (j->n_renamed > 0)
		log_debug("%s: %" PRId64 " devices have another extension's name",
			  p->config->name, j->n_renamed);
	p->names_due_ms = clock_mono_ms() + NAMES_EVERY_MS;
	p->ids_are_fresh = true;
	copy_ids(p);
	ask_devices(p);
}

static void keep_names(struct poll *p)
{
	struct names_job *j = &p->names_job;

	names_job_init(j);
	j->job.on_done = on_names_kept;
	j->watch = &p->watch;
	j->list = &p->incoming;
	p->n_under_way++;
	store_submit(p->env->store, &j->job);
}

static void on_names_page(struct store_job *job, int rc)
{
	struct names_page_job *j = (struct names_page_job *)job;
	struct poll *p = (struct poll *)((char *)j - offsetof(struct poll, names_page));

	buf_clear(&j->answer); /* of a job that never ran */
	if (!goes_on(p))
		return;
	if (rc == ERR_FORMAT)
		names_are_bad(p, &job->err);
	else if (rc != 0)
		store_failed(p, &job->err);
	else if (course_came(&p->course, &(struct course_answer){
						 .n_records = j->n_records,
						 .n_fresh = j->n_fresh,
						 .per_page = j->paging.per_page,
						 .total_pages = j->paging.total_pages,
						 .has_next = j->paging.has_next,
					 }))
		next_page(p);
	else if (p->incoming.n == 0) /* an account without even an administrator */
		names_are_bad(p,
			      &(struct err){.code = ERR_FORMAT, .text = "it is empty"});
	else
		keep_names(p);
}

static void read_names(struct poll *p)
{
	struct names_page_job *j = &p->names_page;

	p->step = STEP_PAGE_JOB;
	names_page_job_init(j);
	j->job.on_done = on_names_page;
	j->into = &p->incoming;
	j->answer = p->req.answer; /* moves */
	buf_init(&p->req.answer, 0);
	save_ledger(p);
	p->n_under_way++;
	store_submit(p->env->store, &j->job);
}

/* ---- an answer ---- */

static void on_page(struct http_request *req, int rc)
{
	struct poll *p = req->data;
	bool names = p->course.ask == ASK_EXTENSIONS;
	struct answer answer;

	answer_read(&answer, req, rc,
		    p->course.ask == ASK_CHUNK ? ANSWER_OF_BULK : ANSWER_OF_LIST,
		    clock_utc_ms());
	if (rc == 0)
		learn_budget(p);
	answered(p, budget_of(p), &answer);
	if (!goes_on(p))
		return;
	switch (answer.next) {
	case ANSWER_GOOD:
		(names ? read_names : store_page)(p);
		break;
	case ANSWER_WAIT:
		(names && can_do_without_names(p) ? names_failed : page_limited)(p,
										 &answer);
		break;
	case ANSWER_NEW_TOKEN:
		page_unauthorized(p, &answer);
		break;
	case ANSWER_SMALLER:
		page_too_large(p, &answer);
		break;
	default:
		(names ? names_failed : page_failed)(p, &answer);
	}
}

/* ---- after a page ---- */

static void log_refused(struct poll *p)
{
	const struct page_job *j = &p->page_job;

	p->n_refused += j->n_refused;
	if (j->n_refused > 0 && lasting_failed(&p->refusing, clock_mono_ms()))
		log_warning("%s: device list, page %" PRId64 ": %" PRId64
			    " records cannot be read and are set aside; the first: %s",
			    p->config->name, j->page, j->n_refused, j->refused);
}

/* The effective interval: at least the time that the sweeps of all who share the budget need
 * within our share of it. */
static void learn_interval(struct poll *p)
{
	struct budget *budget = budget_of(p);
	int64_t allowance = budget_allowance(budget, p->config->budget_share), needed;

	if (p->counted != NULL)
		ledger_count_pages(p->counted, -p->n_pages);
	p->counted = budget;
	p->n_pages = course_length(&p->course) * cost_of(p);
	needed = ledger_count_pages(budget, p->n_pages) * budget->window_ms;
	needed = (needed + allowance - 1) / allowance;
	p->interval_ms =
		needed > p->config->interval_ms ? needed : p->config->interval_ms;
}

static void end_sweep(struct poll *p)
{
	struct sweep_job *s = &p->sweep_job;

	p->step = STEP_SWEEP_JOB;
	if (p->course.incomplete) {
		sweep_job_init_partial(s);
	} else {
		log_answering(p); /* the list may end before the page that failed */
		sweep_job_init(s);
	}
	s->job.on_done = on_sweep_done;
	s->watch = &p->watch;
	s->routes = routes_share(p->env->routes);
	s->n_pages = p->course.page;
	s->route_tried_at_ms = p->route == ROUTE_EXTENSIONS ? p->tried_at_ms : 0;
	s->ended_at_ms = clock_utc_ms();
	s->interval_ms = p->interval_ms;
	snprintf(s->budget_scope, sizeof s->budget_scope, "%s", p->scope);
	snprintf(s->budget_group, sizeof s->budget_group, "%s",
		 ledger_group(budget_of(p)));
	p->n_under_way++;
	store_submit(p->env->store, &s->job);
}

static void page_is_bad(struct poll *p, const struct err *err)
{
	struct answer answer = {.next = ANSWER_RETRY, .reason = REASON_BAD_ANSWER};

	log_unusable(&answer, err);
	save_ledger(p); /* nothing of this page was committed */
	page_failed(p, &answer);
}

/* The account's list is there (again). */
static void found_route(struct poll *p)
{
	if (p->sweep_route != ROUTE_ACCOUNT)
		return;
	p->n_no_route = 0;
	if (p->route == ROUTE_EXTENSIONS)
		log_info(
			"%s: the account's device list is there: asking by it from now on",
			p->config->name);
	p->route = ROUTE_ACCOUNT;
}

static void on_page_stored(struct store_job *job, int rc)
{
	struct page_job *j = (struct page_job *)job;
	struct poll *p = (struct poll *)((char *)j - offsetof(struct poll, page_job));
	bool more;

	routes_release(j->routes);
	buf_clear(&j->answer); /* of a job that never ran */
	if (!goes_on(p))
		return;
	if (rc == ERR_FORMAT) {
		page_is_bad(p, &job->err);
		return;
	}
	if (rc != 0) {
		store_failed(p, &job->err);
		return;
	}
	store_works(p);
	answering_again(p);
	log_refused(p);
	found_route(p);
	p->begins = false;
	more = course_came(&p->course, &(struct course_answer){
					       .n_records = j->n_records,
					       .n_fresh = j->n_fresh,
					       .total_pages = j->paging.total_pages,
					       .has_next = j->paging.has_next,
				       });
	learn_interval(p);
	start_dark(p);
	if (j->n_events > 0)
		p->env->on_events(p->env->data);
	if (more)
		next_page(p);
	else
		end_sweep(p);
}

/* ---- sweeps ---- */

/* Why, and that it has consequences: no list, no removal. */
static void log_partial(const struct poll *p)
{
	const struct sweep *s = &p->watch.sweep;
	char why[96];

	if (s->n_unanswered > 0)
		snprintf(why, sizeof why,
			 "%" PRId64 " extensions do not answer with all of theirs",
			 s->n_unanswered);
	else if (s->n_duplicates > 0)
		snprintf(why, sizeof why,
			 "%" PRId64 " records are of devices listed before",
			 s->n_duplicates);
	else if (s->total_elements < 0)
		snprintf(why, sizeof why, "its pages do not agree on how many there are");
	else
		snprintf(why, sizeof why, "it claims %" PRId64, s->total_elements);
	log_warning("%s: the device list lists %" PRId64 " devices and is not whole: %s;"
		    " nobody is removed until it is",
		    p->config->name, s->n_listed, why);
}

static void log_whole(struct poll *p)
{
	struct lasting was;
	char lasted[CLOCK_TEXT_BYTES];

	/* With the list of extensions of another sweep it was not to be. */
	if (p->sweep_route == ROUTE_EXTENSIONS && !p->ids_are_fresh &&
	    p->watch.sweep.n_unanswered == 0)
		return;
	/* A record without an id has a line of its own. */
	if (!p->sweep_job.whole && p->watch.sweep.n_nameless == 0) {
		if (++p->n_partial >= SWEEP_HABIT &&
		    lasting_failed(&p->partial, clock_mono_ms()))
			log_partial(p);
		return;
	}
	p->n_partial = 0;
	if (!p->sweep_job.whole || !lasting_ended(&p->partial, &was))
		return;
	clock_format_duration(lasted, clock_mono_ms() - was.since_ms);
	log_info("%s: the device list is whole again (after %s)", p->config->name,
		 lasted);
}

/* Which part of which record, for once: it is known only where one was read. */
static void log_flawed(const struct poll *p)
{
	const struct sweep *s = &p->watch.sweep;

	if (s->n_flawed > 0)
		log_debug("%s: of %" PRId64 " records a part cannot be used%s%s",
			  p->config->name, s->n_flawed, s->flaw[0] != '\0' ? "; " : "",
			  s->flaw);
}

static void log_sweep(struct poll *p)
{
	const struct sweep_job *s = &p->sweep_job;
	const struct store_account *a = &p->watch.account;
	char interval[CLOCK_TEXT_BYTES];
	struct lasting was;

	clock_format_duration(interval, p->interval_ms);
	if (s->first)
		log_info("%s: watching %" PRId64 " devices, %" PRId64 " online, %" PRId64
			 " offline; a sweep every %s",
			 p->config->name, a->n_devices, a->n_online, a->n_offline,
			 interval);
	if (s->shrunk && s->n_events > 0)
		log_error("%s: %s", p->config->name, a->detail);
	if (p->n_refused == 0 && lasting_ended(&p->refusing, &was))
		log_info("%s: all records can be read again", p->config->name);
	log_whole(p);
	log_flawed(p);
	log_debug("%s: sweep of %" PRId64 " pages, %s; %" PRId64 " missing, %" PRId64
		  " removed",
		  p->config->name, s->n_pages, s->whole ? "whole" : "not whole",
		  s->n_missing, s->n_removed);
}

static void on_sweep_done(struct store_job *job, int rc)
{
	struct sweep_job *s = (struct sweep_job *)job;
	struct poll *p = (struct poll *)((char *)s - offsetof(struct poll, sweep_job));

	routes_release(s->routes);
	if (!goes_on(p))
		return;
	if (rc != 0) {
		store_failed(p, &job->err);
		return;
	}
	p->wants_ids = s->wants_ids;
	if (!p->course.incomplete)
		log_sweep(p);
	if (s->n_lapsed > 0)
		log_warning(
			"%s: %" PRId64
			" devices have been on no page for three intervals: their status"
			" is unknown until they are",
			p->config->name, s->n_lapsed);
	if (s->n_events > 0)
		p->env->on_events(p->env->data);
	schedule(p);
}

/* By extensions it is tried each day whether the account's list can be had by now. */
static enum store_route route_now(const struct poll *p)
{
	int64_t age_ms = clock_utc_ms() - p->tried_at_ms;

	if (p->config->devices_via != VIA_AUTO)
		return p->config->devices_via == VIA_EXTENSIONS ? ROUTE_EXTENSIONS
								: ROUTE_ACCOUNT;
	return age_ms >= ROUTE_RETRY_MS || age_ms < 0 ? ROUTE_ACCOUNT : p->route;
}

static bool needs_names(const struct poll *p)
{
	return clock_mono_ms() >= p->names_due_ms ||
	       (p->sweep_route == ROUTE_EXTENSIONS && (p->n_ids == 0 || p->wants_ids));
}

static int run_route_job(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct route_job *r = (struct route_job *)job;
	struct store_account a;

	if (store_account_load(c, r->account, &a, err) != 0)
		return err->code;
	r->route = a.route;
	r->tried_at_ms = a.route_tried_at_ms;
	store_account_clear(&a);
	return 0;
}

static void on_route(struct store_job *job, int rc)
{
	struct route_job *r = (struct route_job *)job;
	struct poll *p = (struct poll *)((char *)r - offsetof(struct poll, route_job));

	if (!goes_on(p))
		return;
	if (rc != 0) {
		store_failed(p, &job->err);
		return;
	}
	p->route_known = true;
	p->route = r->route;
	p->tried_at_ms = r->tried_at_ms;
	begin_sweep(p);
}

static void recall_route(struct poll *p)
{
	struct route_job *r = &p->route_job;

	r->job = (struct store_job){.run = run_route_job, .on_done = on_route};
	r->account = p->config->name;
	p->step = STEP_SWEEP_JOB;
	p->n_under_way++;
	store_submit(p->env->store, &r->job);
}

static void begin_sweep(struct poll *p)
{
	if (!p->route_known) {
		recall_route(p);
		return;
	}
	look_at_clock(p->env);
	p->sweep_route = route_now(p);
	p->ids_are_fresh = false;
	p->n_refused = 0;
	if (needs_names(p)) {
		extensions_clear(&p->incoming);
		course_extensions(&p->course);
		next_page(p);
	} else {
		ask_devices(p);
	}
}

/* The next sweep: an interval after the first page of the last one was asked for. */
static void schedule(struct poll *p)
{
	int64_t wait_ms = p->sweep_began_ms + p->interval_ms - clock_mono_ms();

	wait(p, STEP_IDLE, wait_ms > 0 ? wait_ms : 0);
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
	for (int i = 0; i < ASK_KINDS; i++)
		p->budgets[i] = ledger_named(p->env->ledger, p->scope, i);
	p->auth_budget = ledger_budget(p->env->ledger, p->auth_scope, LEDGER_AUTH_GROUP,
				       BUDGET_AUTH_LIMIT);
}

struct poll *poll_create(struct poll_env *env, const struct account_config *config)
{
	struct poll *p = mem_zalloc(sizeof *p);
	struct auth_settings settings = auth_settings_of(config);
	char *path = mem_printf("%s/%s.token", env->state_folder, config->name);

	p->env = env;
	p->config = config;
	p->interval_ms = config->interval_ms;
	p->clock_set_ms = env->clock.set_ms;
	watch_init(&p->watch, config->name, config->ignore_types, config->n_ignore_types,
		   store_secret(env->store));
	p->watch.location_every_ms = config->location_every_ms;
	auth_init(&p->auth, env->loop, &settings, path);
	free(path);
	p->auth.data = p;
	course_init(&p->course);
	p->chunk_max = COURSE_CHUNK_MAX;
	init_budgets(p);
	http_request_init(&p->req);
	p->ledger_job.job =
		(struct store_job){.run = run_ledger_job, .on_done = on_ledger_saved};
	p->state_job.job =
		(struct store_job){.run = run_state_job, .on_done = on_state_told};
	uv_timer_init(env->loop, &p->timer);
	uv_timer_init(env->loop, &p->dark);
	p->timer.data = p;
	p->dark.data = p;
	p->n_handles = 2;
	return p;
}

/* What an earlier run has left. */
static void log_blocked(struct poll *p)
{
	int64_t now_ms = clock_mono_ms();
	int64_t list_ms = ledger_blocked_ms(budget_of(p), now_ms);
	int64_t auth_ms = ledger_blocked_ms(p->auth_budget, now_ms);
	char wait_text[CLOCK_TEXT_BYTES];

	if (list_ms == 0 && auth_ms == 0)
		return;
	clock_format_duration(wait_text, list_ms > auth_ms ? list_ms : auth_ms);
	p->last = (struct answer){.reason = REASON_LIMITED};
	snprintf(p->last.text, sizeof p->last.text,
		 "the vendor wants no request now, or has said so in an answer that"
		 " came too late");
	log_info("%s: %s; going on in %s", p->config->name, p->last.text, wait_text);
}

void poll_start(struct poll *p, int64_t delay_ms)
{
	start_dark(p);
	log_blocked(p);
	wait(p, STEP_IDLE, delay_ms);
}

void poll_adopt(struct poll *p, const struct account_config *config)
{
	p->config = config;
	p->auth.settings = auth_settings_of(config);
	if (p->step == STEP_STOPPED)
		wait(p, STEP_IDLE, 0);
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
	free_ids(p);
	free(p->url);
	free(p);
}
