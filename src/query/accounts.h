/* How the watching of each account goes. */
#ifndef QUERY_ACCOUNTS_H
#define QUERY_ACCOUNTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* An account and the budget of its device list. */
struct account_now {
	struct store_account account;
	struct store_budget budget;
	bool has_budget;
	bool observed; /* accounts_is_observed() */
	/* Of its devices; all are unknown where it is not observed. */
	int64_t n_online, n_offline, n_unknown;
};

/*
 * Whether what is stored of the account's devices may be believed: it is not unreachable (but
 * for a list that lacks too many: what it has is true), and its last page arrived no longer ago
 * than three effective intervals, nor lies so far ahead (the clock was set back, and nobody has
 * looked since). Else it is a gap: whoever polls it fails, or nobody does.
 */
bool accounts_is_observed(const struct store_account *a, int64_t now_at_ms);
/* Whether so long a time without an observation is a gap: more than three effective intervals. */
bool accounts_is_gap(const struct store_account *a, int64_t from_at_ms, int64_t to_at_ms);

/* What was left of the window's requests when the vendor last said so, all of them once that
 * window is over; -1 where it never did. */
int64_t accounts_budget_left(const struct store_budget *b, int64_t now_at_ms);

/* All, by name; accounts_clear frees them. Returns 0 or ERR_STORE. */
int accounts_load(struct store_conn *c, int64_t now_at_ms, struct account_now **out,
		  size_t *n, struct err *err);
void accounts_clear(struct account_now *accounts, size_t n);
/* What store_accounts gave. */
void accounts_free(struct store_account *accounts, size_t n);

/*
 * Shape  {"account", "state", "reason", "detail", "since", "observed", "route", "devices",
 *         "online", "offline", "unknown", "effective_interval_ms", "last_sweep_at", "last_page_at",
 *         "pages_unchanged", "records_unchanged", "records_parsed", "records_bad",
 *         "budget": {"group", "limit", "remaining", "penalty_until"} or null}
 * Returns a new object, the caller's.
 */
json_t *accounts_object(const struct account_now *a, int64_t now_at_ms);

#endif
