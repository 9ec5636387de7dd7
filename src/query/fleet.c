#include "query/fleet.h"

#include <stdlib.h>

#include "base/mem.h"
#include "model/match.h"
#include "query/accounts.h"

#define BATCH 500 /* devices a read */

struct walking {
	const struct fleet_walk *walk;
	struct fleet_device f;
	struct store_gaps gaps; /* of the account at hand */
	struct err *err;
	int rc;
	int n;       /* in this read */
	int64_t sum; /* of all */
	char *last;  /* id */
};

bool fleet_is_meant(const struct fleet_device *f, char *const *matches, size_t n)
{
	json_t *facts;
	bool meant;

	if (n == 0)
		return true;
	facts = json_loads(f->device->facts, 0, NULL);
	meant = match_all(matches, n, f->account->name, f->device->id, facts);
	json_decref(facts);
	return meant;
}

int fleet_load(struct fleet_device *f, int64_t since_ms, int64_t until_ms,
	       struct err *err)
{
	return past_load(&f->past, f->c, f->account, f->account_gaps, f->device, since_ms,
			 until_ms, f->now_at_ms, err);
}

static void on_device(const struct store_device *d, void *arg)
{
	struct walking *w = arg;

	w->n++;
	free(w->last);
	w->last = mem_strdup(d->id);
	w->f.device = d;
	if (w->rc == 0)
		w->rc = w->walk->each(&w->f, w->walk->arg, w->err);
}

static int read_batch(struct walking *w)
{
	char *after = w->last != NULL ? w->last : mem_strdup("");
	int rc;

	w->last = NULL;
	w->n = 0;
	rc = store_devices_ever_after(w->f.c, w->f.account->account_id, after, BATCH,
				      on_device, w, w->err);
	free(after);
	w->sum += w->n;
	if (w->walk->on_progress != NULL)
		w->walk->on_progress(w->sum, w->walk->arg);
	return rc != 0 ? rc : w->rc;
}

static int walk_account(struct walking *w, const struct store_account *a)
{
	int rc;

	w->f.account = a;
	if (past_load_account(w->f.c, a, w->f.now_at_ms, &w->gaps, w->err) != 0)
		return w->err->code;
	do
		rc = read_batch(w);
	while (rc == 0 && w->n == BATCH);
	free(w->last);
	w->last = NULL;
	return rc;
}

static int walk_accounts(struct walking *w)
{
	struct store_account *accounts;
	size_t n;
	int rc = store_accounts_uncounted(w->f.c, &accounts, &n, w->err);

	if (rc != 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = walk_account(w, &accounts[i]);
	accounts_free(accounts, n);
	return rc;
}

int fleet_each(const struct fleet_walk *walk, struct store_conn *c, int64_t now_at_ms,
	       struct err *err)
{
	struct walking w = {
		.walk = walk, .err = err, .f = {.c = c, .now_at_ms = now_at_ms}};
	int64_t version;
	int rc;

	if (store_reader_version(c, &version, err) != 0 || store_begin_read(c, err) != 0)
		return err->code;
	w.f.account_gaps = &w.gaps;
	rc = walk->begin != NULL ? walk->begin(c, walk->arg, err) : 0;
	if (rc == 0)
		rc = walk_accounts(&w);
	store_end_read(c);
	free(w.gaps.all);
	past_clear(&w.f.past);
	return rc;
}
