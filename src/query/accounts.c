#include "query/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/member.h"

bool accounts_is_gap(const struct store_account *a, int64_t from_at_ms, int64_t to_at_ms)
{
	return store_is_gap(a->interval_ms, from_at_ms, to_at_ms);
}

bool accounts_is_observed(const struct store_account *a, int64_t now_at_ms)
{
	/* Then pages do come; what they lack is not_listed, device by device. */
	bool shrunk = a->reason != NULL && strcmp(a->reason, "list_shrunk") == 0;

	/* A page that is yet to come is of a clock that was set back since. */
	return (a->state != ACCOUNT_UNREACHABLE || shrunk) &&
	       !accounts_is_gap(a, a->last_page_at_ms, now_at_ms) &&
	       !accounts_is_gap(a, now_at_ms, a->last_page_at_ms);
}

void accounts_free(struct store_account *accounts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		store_account_clear(&accounts[i]);
	free(accounts);
}

static int load_budget(struct store_conn *c, struct account_now *a, struct err *err)
{
	if (a->account.budget_scope == NULL || a->account.budget_group == NULL)
		return 0;
	return store_budget_load(c, a->account.budget_scope, a->account.budget_group,
				 &a->budget, &a->has_budget, err);
}

static void count(struct account_now *a)
{
	a->n_online = a->observed ? a->account.n_online : 0;
	a->n_offline = a->observed ? a->account.n_offline : 0;
	a->n_unknown = a->account.n_devices - a->n_online - a->n_offline;
}

int accounts_load(struct store_conn *c, int64_t now_at_ms, struct account_now **out,
		  size_t *n, struct err *err)
{
	struct store_account *stored;
	struct account_now *all;
	size_t n_stored;
	int rc = store_accounts(c, &stored, &n_stored, err);

	if (rc != 0)
		return rc;
	all = mem_zalloc(n_stored * sizeof *all + 1);
	for (size_t i = 0; i < n_stored; i++) {
		all[i].account = stored[i];
		all[i].observed = accounts_is_observed(&stored[i], now_at_ms);
		count(&all[i]);
		if (rc == 0)
			rc = load_budget(c, &all[i], err);
	}
	free(stored); /* what it held is in all now */
	if (rc != 0) {
		accounts_clear(all, n_stored);
		return rc;
	}
	*out = all;
	*n = n_stored;
	return 0;
}

void accounts_clear(struct account_now *accounts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		store_account_clear(&accounts[i].account);
	free(accounts);
}

int64_t accounts_budget_left(const struct store_budget *b, int64_t now_at_ms)
{
	if (b->limit > 0 && now_at_ms - b->told_at_ms >= b->window_ms)
		return b->limit;
	return b->remaining;
}

/* -1, or what else cannot be, is null. */
static void member_number_or_null(json_t *object, const char *name, int64_t number,
				  int64_t least)
{
	if (number >= least)
		member_number(object, name, number);
	else
		member_text(object, name, NULL);
}

static json_t *budget_object(const struct account_now *a, int64_t now_at_ms)
{
	const struct store_budget *b = &a->budget;
	int64_t until_ms = b->blocked_until_ms;
	json_t *object;

	if (!a->has_budget)
		return json_null();
	object = json_object();
	member_text(object, "group", b->group);
	member_number_or_null(object, "limit", b->limit, 1);
	member_number_or_null(object, "remaining", accounts_budget_left(b, now_at_ms), 0);
	member_time_or_null(object, "penalty_until", until_ms > now_at_ms ? until_ms : 0);
	return object;
}

json_t *accounts_object(const struct account_now *now, int64_t now_at_ms)
{
	const struct store_account *a = &now->account;
	json_t *o = json_object();

	member_text(o, "account", a->name);
	member_text(o, "state", store_account_state_name(a->state));
	member_text(o, "reason", a->reason);
	member_text(o, "detail", a->detail);
	member_time_or_null(o, "since", a->since_at_ms);
	json_object_set_new(o, "observed", json_boolean(now->observed));
	member_text(o, "route", store_route_name(a->route));
	member_number(o, "devices", a->n_devices);
	member_number(o, "online", now->n_online);
	member_number(o, "offline", now->n_offline);
	member_number(o, "unknown", now->n_unknown);
	member_number_or_null(o, "effective_interval_ms", a->interval_ms, 1);
	member_time_or_null(o, "last_sweep_at", a->last_sweep_at_ms);
	member_time_or_null(o, "last_page_at", a->last_page_at_ms);
	member_number(o, "pages_unchanged", a->pages_unchanged);
	member_number(o, "records_unchanged", a->records_unchanged);
	member_number(o, "records_parsed", a->records_parsed);
	member_number(o, "records_bad", a->records_bad);
	json_object_set_new(o, "budget", budget_object(now, now_at_ms));
	return o;
}
