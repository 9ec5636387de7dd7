/*
 *   poll_read_names -> on_names_page -> poll_next_page: more of it
 *                           \-> keep_names -> on_names_kept -> poll_ask_devices
 *   poll_names_failed -> poll_ask_devices, where they can do without it; else it is asked for again
 */
#include "poll_inside.h"

#include "base/clock.h"
#include "base/log.h"

#define NAMES_EVERY_MS (3600 * SECOND_MS)
#define NAMES_RETRY_MS (300 * SECOND_MS)

void poll_free_ids(struct poll *p)
{
	for (size_t i = 0; i < p->n_ids; i++)
		free(p->ids[i]);
	free(p->ids);
	p->ids = NULL;
	p->n_ids = 0;
}

bool poll_can_do_without_names(const struct poll *p)
{
	return p->sweep_route == ROUTE_ACCOUNT || p->n_ids > 0;
}

void poll_forget_names(struct poll *p)
{
	extensions_clear(&p->incoming);
	p->names_page_at = 0;
	p->names_total = KNOWN_UNSAID;
	p->names_are_bad = false;
}

void poll_ask_names(struct poll *p)
{
	course_extensions(&p->course);
	if (p->names_page_at > 1)
		p->course.page = p->names_page_at;
	else
		poll_forget_names(p);
	poll_next_page(p);
}

void poll_names_failed(struct poll *p, const struct answer *answer)
{
	int64_t wait_ms =
		answer->next == ANSWER_REFUSED ? NAMES_EVERY_MS : NAMES_RETRY_MS;
	char wait_text[CLOCK_TEXT_BYTES];

	if (!poll_can_do_without_names(p) ||
	    (answer->next == ANSWER_REFUSED && answer->reason == REASON_CREDENTIALS)) {
		poll_page_failed(p, answer);
		return;
	}
	clock_format_duration(wait_text, wait_ms);
	if (lasting_failed(&p->names_failing, clock_mono_ms()))
		log_info("%s: list of extensions: %s; their names stay as they are, next"
			 " try in %s",
			 p->config->name, answer->text, wait_text);
	p->names_due_ms = clock_mono_ms() + wait_ms;
	poll_forget_names(p);
	poll_ask_devices(p);
}

static void names_are_bad(struct poll *p, const struct err *err)
{
	struct answer answer = {.next = ANSWER_RETRY, .reason = REASON_BAD_ANSWER};

	poll_log_unusable(&answer, err);
	poll_names_failed(p, &answer);
}

static void copy_ids(struct poll *p)
{
	const struct extensions *x = &p->watch.extensions;

	poll_free_ids(p);
	p->ids = mem_alloc(x->n * sizeof *p->ids);
	for (; p->n_ids < x->n; p->n_ids++)
		p->ids[p->n_ids] = mem_strdup(x->rows[p->n_ids].id);
}

static void on_names_kept(struct store_job *job, int rc)
{
	struct names_job *j = (struct names_job *)job;
	struct poll *p = OWNER_OF(j, struct poll, names_job);
	struct lasting was;

	poll_forget_names(p);
	if (!poll_goes_on(p))
		return;
	if (rc != 0) {
		poll_store_failed(p, &job->err);
		return;
	}
	poll_store_works(p);
	if (!j->whole)
		log_debug(
			"%s: the list of extensions is not whole; nobody is gone for it",
			p->config->name);
	if (lasting_ended(&p->names_failing, &was))
		log_info("%s: the list of extensions can be read again", p->config->name);
	if (j->n_renamed > 0)
		log_debug("%s: %" PRId64 " devices have another extension's name",
			  p->config->name, j->n_renamed);
	p->names_due_ms = clock_mono_ms() + NAMES_EVERY_MS;
	if (p->sweep_route == ROUTE_EXTENSIONS) {
		p->ids_are_fresh = j->whole;
		copy_ids(p);
	}
	poll_ask_devices(p);
}

static void keep_names(struct poll *p)
{
	struct names_job *j = &p->names_job;

	names_job_init(j);
	j->job.on_done = on_names_kept;
	j->watch = &p->watch;
	j->list = &p->incoming;
	j->total = p->names_total;
	j->is_bad = p->names_are_bad;
	p->n_under_way++;
	store_submit(p->env->store, &j->job);
}

static void on_names_page(struct store_job *job, int rc)
{
	struct names_page_job *j = (struct names_page_job *)job;
	struct poll *p = OWNER_OF(j, struct poll, names_page);

	buf_clear(&j->answer); /* of a job that never ran */
	if (!poll_goes_on(p))
		return;
	p->names_are_bad |= j->n_bad > 0 || (p->course.page > 1 &&
					     p->names_total != j->paging.total_elements);
	p->names_total = j->paging.total_elements;
	if (rc == ERR_FORMAT)
		names_are_bad(p, &job->err);
	else if (rc != 0)
		poll_store_failed(p, &job->err);
	else if (course_came(&p->course, &(struct course_answer){
						 .n_records = j->n_records,
						 .n_fresh = j->n_fresh,
						 .per_page = j->paging.per_page,
						 .total_pages = j->paging.total_pages,
						 .has_next = j->paging.has_next,
					 }))
		poll_next_page(p);
	else if (p->incoming.n == 0) /* an account without even an administrator */
		names_are_bad(p,
			      &(struct err){.code = ERR_FORMAT, .text = "it is empty"});
	else
		keep_names(p);
}

void poll_read_names(struct poll *p)
{
	struct names_page_job *j = &p->names_page;

	p->step = STEP_PAGE_JOB;
	names_page_job_init(j);
	j->job.on_done = on_names_page;
	j->into = &p->incoming;
	j->answer = p->req.answer; /* moves */
	buf_init(&p->req.answer, 0);
	poll_save_ledger(p);
	p->n_under_way++;
	store_submit(p->env->store, &j->job);
}

bool poll_needs_names(const struct poll *p)
{
	return clock_mono_ms() >= p->names_due_ms ||
	       (p->sweep_route == ROUTE_EXTENSIONS && (p->n_ids == 0 || p->wants_ids));
}
