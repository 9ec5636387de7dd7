#include "check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/pages.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ledger.h"
#include "page.h"

#define DEVICES_PER_PAGE PAGES_PER_PAGE
#define SECOND_MS        1000

/* ---- the forecast ---- */

static void forecast(const struct account_config *a, int64_t n_devices, int64_t limit,
		     int64_t window_ms, const char *group, FILE *out)
{
	struct budget b;
	int64_t pages = (n_devices + DEVICES_PER_PAGE - 1) / DEVICES_PER_PAGE;
	int64_t allowance, needed_ms, interval_ms;
	char wanted[CLOCK_TEXT_BYTES], real[CLOCK_TEXT_BYTES];

	budget_init(&b, limit, window_ms);
	allowance = budget_allowance(&b, a->budget_share);
	pages = pages > 0 ? pages : 1;
	needed_ms = (pages * window_ms + allowance - 1) / allowance;
	interval_ms = needed_ms > a->interval_ms ? needed_ms : a->interval_ms;
	clock_format_duration(wanted, a->interval_ms);
	clock_format_duration(real, interval_ms);
	fprintf(out,
		"  %" PRId64 " devices: %" PRId64
		" request%s a sweep; we may send %" PRId64 " per %" PRId64
		" s (%d %% of %" PRId64 ", group %s)\n",
		n_devices, pages, pages == 1 ? "" : "s", allowance, window_ms / SECOND_MS,
		a->budget_share, limit, group);
	if (interval_ms > a->interval_ms)
		fprintf(out,
			"  a sweep every %s, not every %s: the budget does not allow more\n",
			real, wanted);
	else
		fprintf(out, "  a sweep every %s, %" PRId64 " %% of our share\n", real,
			100 * needed_ms / interval_ms);
}

/* What the database knows of the account; false where it knows nothing. */
static bool forecast_seen(const struct account_config *a, struct store_conn *c, FILE *out)
{
	struct store_account *all;
	struct store_budget b;
	struct err err;
	size_t n;
	bool seen = false, found;

	if (store_accounts(c, &all, &n, &err) != 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!seen && strcmp(all[i].name, a->name) == 0 && all[i].swept &&
		    all[i].budget_scope != NULL &&
		    store_budget_load(c, all[i].budget_scope, all[i].budget_group, &b,
				      &found, &err) == 0 &&
		    found) {
			forecast(a, all[i].n_devices, b.limit, b.window_ms, b.group, out);
			seen = true;
		}
		store_account_clear(&all[i]);
	}
	free(all);
	return seen;
}

struct store_conn *check_open_database(const struct config *config)
{
	struct store_conn *c;
	struct err err;

	return store_open_reader(config->database, &c, &err) == 0 ? c : NULL;
}

void check_forecast(const struct config *config, FILE *out)
{
	struct store_conn *c = check_open_database(config);

	for (size_t i = 0; i < config->n_accounts; i++) {
		const struct account_config *a = &config->accounts[i];

		fprintf(out, "account %s\n", a->name);
		if (c != NULL && forecast_seen(a, c, out))
			continue;
		fprintf(out, "  not seen yet; for every 1,000 devices, at worst:\n");
		forecast(a, DEVICES_PER_PAGE, BUDGET_HEAVY_LIMIT, BUDGET_WINDOW_MS,
			 "unknown until the first answer", out);
	}
	store_close_reader(c);
}
