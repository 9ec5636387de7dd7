/* One request of a poll: asked, answered, stored; and what becomes of one that fails. */
#include "poll_inside.h"

#include <stdio.h>

#include "api/pages.h"
#include "base/clock.h"

#define RETRY_FIRST_MS    (2 * SECOND_MS) /* ringcentral/api.md section 6.4 */
#define RETRY_MAX_MS      (60 * SECOND_MS)
#define NAMES_PATIENCE_MS (20 * SECOND_MS) /* the devices wait for it */

/* ---- asking ---- */

static void on_page(struct http_request *req, int rc);

void poll_next_page(struct poll *p)
{
	p->token_renewed = false;
	poll_next_request(p);
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

void poll_next_request(struct poll *p)
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
		poll_ask_token(p);
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
		poll_end_sweep(p);
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
		poll_stop_refused(p);
		return;
	}
	if (give_up_page(p))
		return;
	wait_ms = answer->next == ANSWER_REFUSED && p->begins && !lacks
			  ? poll_retry_ms(p, REFUSED_FIRST_MS, REFUSED_MAX_MS)
			  : poll_retry_ms(p, RETRY_FIRST_MS, RETRY_MAX_MS);
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
	poll_next_request(p);
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
		poll_end_sweep(p);
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
		poll_end_sweep(p);
}
