#include "poll_inside.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/number.h"

struct budget *poll_budget_of(const struct poll *p)
{
	return ledger_of_kind(p->env->ledger, p->scope, (int)p->course.ask);
}

size_t poll_snapshot_budgets(const struct poll *p, struct store_budget *into)
{
	const struct budget *list = poll_budget_of(p);

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

static void on_ledger_saved(struct store_job *job, int rc)
{
	struct ledger_job *l = (struct ledger_job *)job;
	struct poll *p = OWNER_OF(l, struct poll, ledger_job);

	(void)rc; /* the next page saves it too, and tells of a store that fails */
	l->under_way = false;
	if (poll_goes_on(p) && l->again)
		poll_save_ledger(p);
}

void poll_save_ledger(struct poll *p)
{
	struct ledger_job *l = &p->ledger_job;

	l->again = l->under_way;
	if (l->under_way)
		return;
	l->under_way = true;
	p->n_under_way++;
	l->job = (struct store_job){.run = run_ledger_job, .on_done = on_ledger_saved};
	ledger_snapshot(p->auth_budget, &l->budgets[0]);
	l->n_budgets = 1 + ledger_snapshot_all(p->env->ledger, p->scope, l->budgets + 1,
					       COUNT(l->budgets) - 1);
	store_submit_first(p->env->store, &l->job);
}

int64_t poll_cost_of(const struct poll *p)
{
	return p->course.ask == ASK_CHUNK ? cost_of(&p->chunk_cost, (int64_t)p->course.n)
					  : 1;
}

static size_t most_at_once(const struct poll *p)
{
	int64_t share = budget_allowance(poll_budget_of(p), p->config->budget_share);

	return p->chunk_cost.once || share > (int64_t)p->chunk_max ? p->chunk_max
								   : (size_t)share;
}

void poll_limit_chunks(struct poll *p)
{
	course_limit(&p->course, most_at_once(p));
}

int64_t poll_wait_of(struct poll *p)
{
	return ledger_wait_kind_ms(p->env->ledger, p->scope, (int)p->course.ask,
				   p->config->budget_share, poll_cost_of(p),
				   clock_mono_ms());
}

int64_t poll_wait_of_auth(struct poll *p)
{
	return ledger_wait_ms(p->env->ledger, p->auth_budget, p->config->budget_share,
			      clock_mono_ms());
}

/* While the vendor wants nothing of the account, a token is of no use. */
int64_t poll_wait_of_login(struct poll *p)
{
	int64_t auth_ms = poll_wait_of_auth(p);
	int64_t list_ms = ledger_blocked_ms(poll_budget_of(p), clock_mono_ms());

	return auth_ms > list_ms ? auth_ms : list_ms;
}

int64_t poll_blocked_ms(const struct poll *p)
{
	int64_t now_ms = clock_mono_ms();
	int64_t list_ms = ledger_blocked_ms(poll_budget_of(p), now_ms);
	int64_t auth_ms = auth_token(&p->auth, now_ms) == NULL
				  ? ledger_blocked_ms(p->auth_budget, now_ms)
				  : 0;

	return auth_ms > list_ms ? auth_ms : list_ms;
}

void poll_spend(struct poll *p, struct budget *budget, int64_t n)
{
	p->asked = budget;
	ledger_ask(p->env->ledger, budget, n, clock_mono_ms());
}

/* Fewer at once: this request too, which is made again. */
static void chunk_is_refused(struct poll *p)
{
	if (cost_refused(&p->chunk_cost, clock_mono_ms()) == COST_SAME)
		return;
	log_info("%s: refused: a request for several extensions may count as several"
		 " requests",
		 p->config->name);
	while (p->course.n > most_at_once(p) && course_halve(&p->course))
		continue;
	poll_limit_chunks(p);
}

/* What the answer says of waiting is noted before that it is here: a kill may come between. A
 * good page is committed with the budgets, all else is saved here. */
void poll_note_answer(struct poll *p, struct budget *budget, const struct answer *answer)
{
	if (answer->next == ANSWER_CANCELED) {
		ledger_abandon(p->env->ledger, p->asked, clock_mono_ms());
		return;
	}
	ledger_obey(p->env->ledger, budget, p->config, answer, clock_mono_ms());
	if (p->course.ask == ASK_CHUNK && budget != p->auth_budget &&
	    answer->reason == REASON_LIMITED && answer->scope != ANSWER_OF_ADDRESS)
		chunk_is_refused(p);
	ledger_answered(p->env->ledger, p->asked);
	if (!p->stopping && (answer->next != ANSWER_GOOD || budget == p->auth_budget))
		poll_save_ledger(p);
}

/* From what the answer to a request for several extensions says of the budget in which it counts. */
static void learn_cost(struct poll *p, struct budget *b, int64_t now_ms)
{
	struct cost_answer said = {
		.n = (int64_t)p->course.n,
		.limit = budget_read(http_header(&p->req, "X-Rate-Limit-Limit")),
		.remaining = budget_read(http_header(&p->req, "X-Rate-Limit-Remaining")),
		.expected = b == p->asked ? b->remaining : -1,
	};

	switch (cost_learn(&p->chunk_cost, &said, now_ms)) {
	case COST_SAME:
		return;
	case COST_IS_ONCE:
		break;
	case COST_IS_EACH:
		for (int64_t i = 1; i < said.n; i++)
			budget_spend(b, now_ms);
		log_info("%s: a request for %" PRId64 " extensions has counted as several"
			 " requests",
			 p->config->name, said.n);
		break;
	}
	poll_limit_chunks(p);
}

/* The group's name and numbers are the vendor's to say; the budget moves with the name. */
void poll_learn_budget(struct poll *p)
{
	struct ledger *l = p->env->ledger;
	int kind = (int)p->course.ask;
	struct budget *b;
	const char *group = http_header(&p->req, "X-Rate-Limit-Group");
	char left[24] = "?"; /* where no header has told */
	int64_t now_ms = clock_mono_ms();

	if (group != NULL && group[0] != '\0') {
		b = ledger_budget(l, p->scope, group, BUDGET_HEAVY_LIMIT);
		if (b != p->asked)
			budget_spend(b, now_ms); /* the request that told us */
		if (b != ledger_named(l, p->scope, kind))
			ledger_name(l, b, kind);
	}
	b = poll_budget_of(p);
	if (p->course.ask == ASK_CHUNK && (p->req.status == 200 || p->req.status == 207))
		learn_cost(p, b, now_ms);
	answer_tell_budget(b, &p->req, now_ms);
	if (b->remaining >= 0)
		snprintf(left, sizeof left, "%" PRId64, b->remaining);
	log_debug("%s: page %" PRId64 ": HTTP %ld, %zu bytes in %" PRId64
		  " ms; budget %s: %s of %" PRId64 " left",
		  p->config->name, p->course.page, p->req.status, p->req.answer.len,
		  p->req.done_at_ms - p->req.sent_at_ms, ledger_group(b), left, b->limit);
}

/* The effective interval: at least the time that the sweeps of all who share the budget need
 * within our share of it, and the time that the vendor takes to answer those of one. */
void poll_learn_interval(struct poll *p)
{
	struct budget *budget = poll_budget_of(p);
	int64_t allowance = budget_allowance(budget, p->config->budget_share), needed;

	if (p->counted != NULL)
		ledger_count_pages(p->counted, -p->n_pages);
	p->counted = budget;
	p->n_pages = p->course.ask == ASK_CHUNK && !p->chunk_cost.once
			     ? (int64_t)p->course.n_ids
			     : course_length(&p->course);
	needed = ledger_count_pages(budget, p->n_pages) * budget->window_ms;
	needed = (needed + allowance - 1) / allowance;
	p->interval_ms = larger(larger(p->config->interval_ms, needed),
				larger(p->busy_ms, p->was_busy_ms));
}
