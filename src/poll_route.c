#include "poll_inside.h"

#include "base/clock.h"
#include "base/log.h"

/* Who is started again and again must not ask for names each time. */
#define NAMES_AFTER_RESTART_MS (600 * SECOND_MS)
#define ROUTE_REFUSALS         2 /* of the account's list: then by extensions */
#define ROUTE_RETRY_MS         (24 * 3600 * SECOND_MS)

bool poll_is_trial(const struct poll *p)
{
	return p->config->devices_via == VIA_AUTO && p->course.ask == ASK_LIST &&
	       p->route == ROUTE_EXTENSIONS && p->n_ids > 0;
}

bool poll_lacks_route(const struct poll *p, const struct answer *answer)
{
	return p->config->devices_via == VIA_AUTO && p->course.ask == ASK_LIST &&
	       p->begins && answer->next == ANSWER_REFUSED &&
	       answer->reason == REASON_PERMISSION;
}

bool poll_change_route(struct poll *p, const struct answer *answer)
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
	poll_begin_sweep(p);
	return true;
}

void poll_found_route(struct poll *p)
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

/* By extensions it is tried each day whether the account's list can be had by now. */
enum store_route poll_route_now(const struct poll *p)
{
	int64_t age_ms = clock_utc_ms() - p->tried_at_ms;

	if (p->config->devices_via != VIA_AUTO)
		return p->config->devices_via == VIA_EXTENSIONS ? ROUTE_EXTENSIONS
								: ROUTE_ACCOUNT;
	return age_ms >= ROUTE_RETRY_MS || age_ms < 0 ? ROUTE_ACCOUNT : p->route;
}

static void on_name(const struct extension *x, void *arg)
{
	(void)x;
	*(bool *)arg = true;
}

static int run_route_job(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct route_job *r = (struct route_job *)job;
	struct store_account a;
	int rc;

	if (store_account_load(c, r->account, &a, err) != 0)
		return err->code;
	r->route = a.route;
	r->tried_at_ms = a.route_tried_at_ms;
	r->has_names = false;
	rc = store_extensions_each(c, a.account_id, on_name, &r->has_names, err);
	store_account_clear(&a);
	if (rc == 0)
		auth_read_file(r->auth, &r->token);
	return rc;
}

static void on_route(struct store_job *job, int rc)
{
	struct route_job *r = (struct route_job *)job;
	struct poll *p = OWNER_OF(r, struct poll, route_job);

	if (!poll_goes_on(p)) {
		secret_clear(&r->token);
		return;
	}
	if (rc != 0) {
		poll_store_failed(p, &job->err);
		return;
	}
	auth_take_file(&p->auth, &r->token);
	p->route_known = true;
	p->route = r->route;
	p->tried_at_ms = r->tried_at_ms;
	if (r->has_names)
		p->names_due_ms = clock_mono_ms() + NAMES_AFTER_RESTART_MS;
	poll_begin_sweep(p);
}

void poll_recall_route(struct poll *p)
{
	struct route_job *r = &p->route_job;

	r->job = (struct store_job){.run = run_route_job, .on_done = on_route};
	r->account = p->watch.name;
	r->auth = &p->auth;
	p->step = STEP_SWEEP_JOB;
	p->n_under_way++;
	store_submit(p->env->store, &r->job);
}
