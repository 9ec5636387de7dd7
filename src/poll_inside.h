/* The parts of a poll: one account's way round, and what its files share. Nobody else includes
 * this. */
#ifndef POLL_INSIDE_H
#define POLL_INSIDE_H

#include "poll.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alerts.h"
#include "api/answer.h"
#include "api/auth.h"
#include "api/cost.h"
#include "base/mem.h"
#include "course.h"
#include "names.h"
#include "page.h"
#include "sweep.h"
#include "watch.h"

#define SECOND_MS INT64_C(1000)

/* Of what is refused until somebody does something. */
#define REFUSED_FIRST_MS (300 * SECOND_MS)
#define REFUSED_MAX_MS   (3600 * SECOND_MS)

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

/* Logins, the groups of one account, PAGES_GROUP among them, and its server. */
#define LEDGER_ROWS_MAX (1 + LEDGER_GROUPS_MAX + 1 + 1)

/* A job of a few rows: what was learned of the budgets. */
struct ledger_job {
	struct store_job job;
	struct store_budget budgets[LEDGER_ROWS_MAX];
	size_t n_budgets;
	bool under_way, again; /* again: something was learned since it was started */
};

struct state_job {
	struct store_job job;
	struct watch *watch;
	struct audience *audience;
	const char *reason;
	char detail[ANSWER_TEXT_BYTES];
	int64_t at_ms;
	bool told; /* done: the state has changed */
	bool under_way;
};

/* That a list which has shrunk is right. */
struct accept_job {
	struct store_job job;
	struct watch *watch;
	int64_t at_ms;
	bool was_shrunk;
};

/* That nothing has been seen for five intervals. */
struct blind_job {
	struct store_job job;
	struct watch *watch;
	struct audience *audience;
	struct rules *rules;
	int64_t at_ms;
	int64_t n_events; /* done: told */
	bool under_way;
};

/* What an earlier run has found out. */
struct route_job {
	struct store_job job;
	const char *account;
	const struct auth *auth;
	enum store_route route;
	int64_t tried_at_ms;
	bool has_names;      /* of extensions */
	struct secret token; /* what the token file held */
};

struct poll {
	struct poll_env *env;
	const struct account_config *config;
	struct watch watch;
	struct auth auth;
	struct budget *auth_budget;
	struct budget *asked; /* that of the request under way */
	char auth_scope[LEDGER_SCOPE_BYTES], scope[LEDGER_SCOPE_BYTES];

	enum step step;
	uv_timer_t timer;
	uv_timer_t dark;  /* fires where no page has come for too long */
	uv_timer_t blind; /* likewise, later; and again while that lasts */
	struct http_request req;
	char *url;
	struct page_job page_job;
	struct sweep_job sweep_job;
	struct ledger_job ledger_job;
	struct state_job state_job;
	struct blind_job blind_job;
	struct accept_job accept_job;
	TAILQ_HEAD(, poll_asker) askers; /* poll_ask.c */

	/* The sweep at hand. */
	struct course course;
	enum store_route sweep_route;
	bool begins;        /* nothing of its devices has come yet */
	bool ids_are_fresh; /* the list of extensions came with it */
	int64_t sweep_began_ms;
	int64_t asked_ms; /* when the request at hand was */
	int64_t busy_ms; /* how long its requests took, so far; and those of the last one */
	int64_t was_busy_ms;
	bool token_renewed; /* for this request already */
	int64_t n_refused;  /* records */
	int64_t n_told;     /* events, by its pages */

	int64_t clock_set_ms;  /* of env->clock.set_ms, what the watch knows */
	int64_t unmuted_at_ms; /* the last sweep's: alerts.h */
	/* By which list the devices are asked for. */
	enum store_route route;
	bool is_introduced;  /* the log has how many devices there are, since the start */
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
	int64_t names_page_at;      /* the page to go on with; up to 1: from the first */
	int64_t names_total;        /* as their list says; negative: it does not */
	bool names_are_bad;         /* some cannot be read: the list is not whole */
	char **ids;                 /* those of the last whole list */
	size_t n_ids;
	bool wants_ids;         /* somebody may be gone: only a fresh list shows it */
	size_t chunk_max;       /* ids that the vendor takes at once */
	struct cost chunk_cost; /* of a request for so many */

	unsigned place;      /* of its sweeps in the interval */
	int64_t interval_ms; /* effective */
	int64_t n_pages; /* of the list, as counted in this budget for all that share it */
	struct budget *counted;
	bool dark_due; /* no page came for too long, if the next one does not either */
	unsigned n_failures; /* in a row, of anything */
	int token_tries;
	bool awaits_login;      /* behind others, which is logged */
	struct lasting failing; /* requests */
	enum ask failing_ask;   /* the kind of the last that did */
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

/* ---- poll.c: its life ---- */

/* At the head of every callback: something is over. True where the poll is to go on. */
bool poll_goes_on(struct poll *p);
void poll_wait(struct poll *p, enum step step, int64_t wait_ms);
/* How long to wait with the next try, by how many failed in a row. */
int64_t poll_retry_ms(const struct poll *p, int64_t first_ms, int64_t max_ms);
/* Note a failure; true where it is to be logged. */
bool poll_note_failure(struct poll *p, const struct answer *answer);
/* Refused credentials: nothing more is asked. */
void poll_stop_refused(struct poll *p);
/* A job has failed: pause, and begin anew. */
void poll_store_failed(struct poll *p, const struct err *err);
void poll_store_works(struct poll *p);

/* ---- poll_sweep.c ---- */

void poll_begin_sweep(struct poll *p);
/* There is no more to ask for. */
void poll_end_sweep(struct poll *p);

/* ---- poll_token.c ---- */

/* poll_next_request() follows. */
void poll_ask_token(struct poll *p);

/* ---- poll_request.c ---- */

/* Whatever is needed next and the budget allows: a token, or the page at hand. */
void poll_next_request(struct poll *p);
/* The devices, be it at once or behind the list of extensions. */
void poll_ask_devices(struct poll *p);
/* The course has moved on. */
void poll_next_page(struct poll *p);
void poll_page_failed(struct poll *p, const struct answer *answer);

/* ---- poll_state.c: whether the account can be watched, and telling that it cannot ---- */

/* From now on a page must come within three intervals. */
void poll_start_dark(struct poll *p);
/* From now on a page must come within five, or monitor_blind fires. */
void poll_start_blind(struct poll *p);
/* Tell that the account cannot be watched, for the last failure's reason. */
void poll_tell_unreachable(struct poll *p);

/* ---- poll_budget.c: what may be asked, and when ---- */

/* The one in which the request at hand counts; the strictest where its group is not known. */
struct budget *poll_budget_of(const struct poll *p);
/* No more ids at once, from the next chunk on, than the vendor takes and our share allows. */
void poll_limit_chunks(struct poll *p);
/* As how many requests the one at hand counts. */
int64_t poll_cost_of(const struct poll *p);
/* How long to wait for the request at hand; until the token endpoint may be asked; and until there
 * is a use for that. */
int64_t poll_wait_of(struct poll *p);
int64_t poll_wait_of_auth(struct poll *p);
int64_t poll_wait_of_login(struct poll *p);
/* For how long the vendor wants no request of the account, whoever has caused that. */
int64_t poll_blocked_ms(const struct poll *p);
void poll_spend(struct poll *p, struct budget *budget, int64_t n);
/* What an answer says of waiting is noted before that it is here. */
void poll_note_answer(struct poll *p, struct budget *budget, const struct answer *answer);
/* What its headers say of the budget. */
void poll_learn_budget(struct poll *p);
/* The effective interval, as far as the course knows. */
void poll_learn_interval(struct poll *p);
/* PAGE_BUDGETS_MAX rows at most; returns how many. */
size_t poll_snapshot_budgets(const struct poll *p, struct store_budget *into);
/* Before anything else: a penalty must outlive a kill. */
void poll_save_ledger(struct poll *p);

/* ---- poll_route.c: by the account's list, or by extensions ---- */

/* What an earlier run has found out; poll_begin_sweep follows. */
void poll_recall_route(struct poll *p);
enum store_route poll_route_now(const struct poll *p);
/* Whether the account's list is only asked for to see whether it can be had by now. */
bool poll_is_trial(const struct poll *p);
/* No list of the account's devices for this app or user, or not to be seen by it. */
bool poll_lacks_route(const struct poll *p, const struct answer *answer);
/* True where that has led to another request. */
bool poll_change_route(struct poll *p, const struct answer *answer);
/* The account's list is there (again). */
void poll_found_route(struct poll *p);

/* ---- poll_names.c: the list of extensions ---- */

bool poll_needs_names(const struct poll *p);
/* By the account's list it is only for names, and by extensions the last one does for a while. */
bool poll_can_do_without_names(const struct poll *p);
/* Ask for it, or for the rest of it. */
void poll_ask_names(struct poll *p);
/* What has come of it is of no use. */
void poll_forget_names(struct poll *p);
/* A page of it has come, or not. */
void poll_read_names(struct poll *p);
void poll_names_failed(struct poll *p, const struct answer *answer);
void poll_free_ids(struct poll *p);

/* ---- poll_ask.c: somebody wants a sweep now ---- */

/* At the beginning of a sweep: true where it begins behind a job of ours. */
bool poll_accepts(struct poll *p);
/* A sweep has ended; true where another is wanted at once. */
bool poll_tell_swept(struct poll *p);
/* A request has failed. */
void poll_tell_failure(struct poll *p, const struct answer *answer);
/* There will be no sweep, or none soon. */
void poll_tell_not_swept(struct poll *p, const char *why);

/* ---- poll_log.c: what the operator reads ---- */

void poll_name_request(char *out, size_t size, const struct poll *p);
void poll_log_retry(const struct poll *p, const char *what, int64_t wait_ms);
void poll_log_answering(struct poll *p);
void poll_answering_again(struct poll *p);
void poll_log_refused(struct poll *p);
void poll_log_sweep(struct poll *p);
void poll_log_blocked(struct poll *p);
void poll_log_turn(struct poll *p);
void poll_log_unusable(struct answer *answer, const struct err *err);
/* Whether the clock was set: one line, however many accounts meet it. */
/* Returns the time that it was then, UTC. */
int64_t poll_look_at_clock(struct poll_env *env);

#endif
