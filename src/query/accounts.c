#include "query/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define GAP_INTERVALS     3     /* DESIGN: a gap begins after so many intervals */
#define FIRST_INTERVAL_MS 60000 /* until the effective one is known */

bool accounts_is_observed(const struct store_account *a, int64_t now_at_ms)
{
	int64_t interval_ms = a->interval_ms > 0 ? a->interval_ms : FIRST_INTERVAL_MS;
	/* Then pages do come; what they lack is not_listed, device by device. */
	bool shrunk = a->reason != NULL && strcmp(a->reason, "list_shrunk") == 0;

	return (a->state != ACCOUNT_UNREACHABLE || shrunk) &&
	       now_at_ms - a->last_page_at_ms <= GAP_INTERVALS * interval_ms;
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

static json_t *time_or_null(int64_t at_ms)
{
	char text[CLOCK_TEXT_BYTES];

	if (at_ms == 0)
		return json_null();
	clock_format(text, at_ms);
	return json_string(text);
}

static json_t *text_or_null(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

int64_t accounts_budget_left(const struct store_budget *b, int64_t now_at_ms)
{
	if (b->limit > 0 && now_at_ms - b->told_at_ms >= b->window_ms)
		return b->limit;
	return b->remaining;
}

static json_t *budget_object(const struct account_now *a, int64_t now_at_ms)
{
	const struct store_budget *b = &a->budget;
	int64_t left = accounts_budget_left(b, now_at_ms);
	json_t *object;

	if (!a->has_budget)
		return json_null();
	object = json_object();
	json_object_set_new(object, "group", json_string(b->group));
	json_object_set_new(object, "limit",
			    b->limit > 0 ? json_integer(b->limit) : json_null());
	json_object_set_new(object, "remaining",
			    left >= 0 ? json_integer(left) : json_null());
	json_object_set_new(object, "penalty_until",
			    b->blocked_until_ms > now_at_ms
				    ? time_or_null(b->blocked_until_ms)
				    : json_null());
	return object;
}

json_t *accounts_object(const struct account_now *now, int64_t now_at_ms)
{
	const struct store_account *a = &now->account;
	json_t *o = json_object();

	json_object_set_new(o, "account", json_string(a->name));
	json_object_set_new(o, "state", json_string(store_account_state_name(a->state)));
	json_object_set_new(o, "reason", text_or_null(a->reason));
	json_object_set_new(o, "detail", text_or_null(a->detail));
	json_object_set_new(o, "since", time_or_null(a->since_at_ms));
	json_object_set_new(o, "observed", json_boolean(now->observed));
	json_object_set_new(o, "route", json_string(a->route));
	json_object_set_new(o, "devices", json_integer(a->n_devices));
	json_object_set_new(o, "online", json_integer(a->n_online));
	json_object_set_new(o, "offline", json_integer(a->n_offline));
	json_object_set_new(o, "effective_interval_ms",
			    a->interval_ms > 0 ? json_integer(a->interval_ms)
					       : json_null());
	json_object_set_new(o, "last_sweep_at", time_or_null(a->last_sweep_at_ms));
	json_object_set_new(o, "last_page_at", time_or_null(a->last_page_at_ms));
	json_object_set_new(o, "pages_unchanged", json_integer(a->pages_unchanged));
	json_object_set_new(o, "records_unchanged", json_integer(a->records_unchanged));
	json_object_set_new(o, "records_parsed", json_integer(a->records_parsed));
	json_object_set_new(o, "records_bad", json_integer(a->records_bad));
	json_object_set_new(o, "budget", budget_object(now, now_at_ms));
	return o;
}
