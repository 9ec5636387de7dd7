#include "alerts.h"

#include <stdlib.h>
#include <string.h>

#include "alerts_inside.h"
#include "base/mem.h"
#include "muting.h"

/* ---- the run ---- */

/* What the book asks. */
struct asking {
	struct watch *watch;
	struct store_conn *c;
	struct alerts_past past;
	struct err err; /* of a read that failed */
};

/* On a page of this sweep, and as it was read. */
static bool is_fresh(void *arg, int64_t device_id, uint32_t tag)
{
	const struct watch *w = ((struct asking *)arg)->watch;
	const struct known_device *d;

	if (tag >= w->known.n)
		return false;
	d = &w->known.devices[tag];
	return d->device_id == device_id && d->sweep == w->sweep.number && !d->lapsed &&
	       !d->ignored;
}

static size_t spans(void *arg, int64_t device_id, int64_t since_ms,
		    const struct book_span **out)
{
	struct asking *a = arg;

	*out = NULL;
	if (a->err.code != 0 ||
	    alerts_past_load(&a->past, a->c, device_id, since_ms, &a->err) != 0)
		return 0;
	*out = a->past.spans;
	return a->past.stored.n;
}

static int run_book(struct alerts_run *r, struct store_conn *c, struct err *err)
{
	struct asking asking = {.watch = r->watch, .c = c};
	const struct book_view view = {&asking, r->watch->sweep.sent_at_ms, is_fresh,
				       spans};

	r->confirm = book_run(r->watch->book, &view, r->at_ms) == BOOK_CONFIRM;
	alerts_past_clear(&asking.past);
	if (asking.err.code != 0)
		*err = asking.err;
	return asking.err.code;
}

static int write_decisions(struct alerts_run *r, struct store_conn *c, struct err *err)
{
	struct book *book = r->watch->book;
	struct book_decision d;
	bool begun = false;
	int rc = 0;

	while (rc == 0 && book_next(book, &d)) {
		if (!begun)
			rc = store_begin(c, err);
		begun = true;
		if (rc == 0)
			rc = alerts_write(r, c, &d, err);
	}
	if (rc == 0 && begun)
		rc = store_commit(c, err);
	if (rc == 0)
		book_done(book);
	return rc;
}

int alerts_run(struct alerts_run *r, struct store_conn *c, struct err *err)
{
	struct watch *w = r->watch;
	int rc = 0;

	if (alerts_load_book(r, c, err) != 0 || alerts_take_notes(r, c, err) != 0 ||
	    run_book(r, c, err) != 0 || write_decisions(r, c, err) != 0 ||
	    muting_settle(r, c, err) != 0)
		rc = err_wrap(err, "alerts of %s", w->name);
	muting_clear(&r->muting);
	return rc;
}

int alerts_run_blind(struct alerts_run *r, struct store_conn *c, struct err *err)
{
	int rc = alerts_load_book(r, c, err);

	if (rc == 0) {
		book_blind(r->watch->book, r->why, r->since_ms, r->at_ms);
		rc = write_decisions(r, c, err);
	}
	muting_clear(&r->muting);
	return rc;
}

/* ---- accounts that are not watched any more ---- */

struct leftover {
	struct alert alert;
	char *account;
};
struct leftovers {
	char *const *accounts; /* that are watched */
	size_t n_accounts;
	struct leftover *all;
	size_t n, cap;
};

static void on_leftover(struct alert *a, const char *account, void *arg)
{
	struct leftovers *l = arg;

	for (size_t i = 0; i < l->n_accounts; i++)
		if (strcmp(l->accounts[i], account) == 0)
			return;
	l->all = mem_grow(l->all, l->n, &l->cap, sizeof *l->all);
	l->all[l->n++] = (struct leftover){*a, mem_strdup(account)};
	*a = (struct alert){0};
}

static int end_leftover(struct store_conn *c, struct leftover *l,
			const struct audience *audience, int64_t at_ms, struct err *err)
{
	struct watch w = {.name = l->account};
	struct alerts_run r = {.watch = &w, .audience = audience, .at_ms = at_ms};
	struct book_decision d = {.alert = &l->alert,
				  .forget = l->alert.state == ALERT_PENDING,
				  .tell = BOOK_TELL_RESOLVED};
	int rc = store_account_load(c, l->account, &w.account, err);

	if (!d.forget) {
		l->alert.state = ALERT_RESOLVED;
		l->alert.end = ALERT_RULE_GONE;
		l->alert.resolved_ms =
			at_ms > l->alert.since_ms ? at_ms : l->alert.since_ms;
	}
	if (rc == 0)
		rc = alerts_write(&r, c, &d, err);
	muting_clear(&r.muting);
	store_account_clear(&w.account);
	return rc;
}

int alerts_end_others(struct store_conn *c, char *const *accounts, size_t n_accounts,
		      const struct audience *audience, int64_t at_ms, struct err *err)
{
	struct leftovers l = {.accounts = accounts, .n_accounts = n_accounts};
	int rc = store_alerts_each(c, STORE_ALERTS_LIVE, 0, on_leftover, &l, err);

	for (size_t i = 0; i < l.n; i++) {
		if (rc == 0)
			rc = end_leftover(c, &l.all[i], audience, at_ms, err);
		alert_clear(&l.all[i].alert);
		free(l.all[i].account);
	}
	free(l.all);
	return rc;
}
