#include "days.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/device.h"
#include "query/accounts.h"
#include "query/count.h"

#define BATCH   200 /* devices a read */
#define STEP_MS 10  /* others want the writer, too */

/* So many walks, an hour from one to the next, find nothing more before it is over for the day: at
 * midnight, or after a start, it takes a while until everybody has been seen. */
#define FRUITLESS 3

/* ---- one device ---- */

/* Its days as far as they can be summed up. */
struct sums {
	struct store_conn *c;
	int64_t device_id;
	struct store_days days; /* not written yet */
	struct err *err;
};

static int write_days(struct sums *s)
{
	if (s->days.n > 0 && store_days_add(s->c, s->device_id, &s->days, s->err) != 0)
		return s->err->code;
	s->days.first_day += (int64_t)s->days.n;
	s->days.n = 0;
	return 0;
}

static int sum_up(struct sums *s, const struct past *past, int64_t first_day,
		  int64_t end_day)
{
	struct past_walk w;

	s->days.first_day = first_day;
	past_begin(&w, past, first_day * STORE_DAY_MS, end_day * STORE_DAY_MS);
	for (int64_t day = first_day; day < end_day; day++) {
		struct tally *sum = &s->days.sums[s->days.n++];

		*sum = (struct tally){0};
		count_until(sum, &w, (day + 1) * STORE_DAY_MS);
		if (s->days.n == STORE_RUN_DAYS && write_days(s) != 0)
			return s->err->code;
	}
	return write_days(s);
}

/* The first on which it was listed: for how long it was not before that, counts as nothing. */
static int64_t first_day_of(const struct past *past)
{
	for (size_t i = 0; i < past->spans.n; i++)
		if (past->spans.all[i].state != SPAN_GONE)
			return store_day_of(past->spans.all[i].from_ms);
	return INT64_MAX;
}

static int find_place(struct sums *s, const struct fleet_device *f)
{
	char *site = device_fact(f->device->facts, "site");
	char *model = device_fact(f->device->facts, "model");
	int rc = store_place_load(s->c, f->account->account_id, site, model,
				  &s->days.place_id, s->err);

	free(site);
	free(model);
	return rc;
}

/* Returns how many days, or ERR_STORE. */
static int64_t sum_up_device(struct fleet_device *f, struct err *err)
{
	struct sums s = {.c = f->c, .device_id = f->device->device_id, .err = err};
	int64_t end_day = store_day_of(count_final_until(f->account, f->device));
	int64_t today = store_day_of(f->now_at_ms), first_day;

	if (end_day > today)
		end_day = today;
	if (store_days_end(f->c, s.device_id, &first_day, err) != 0)
		return err->code;
	if (first_day >= end_day)
		return 0;
	if (fleet_load(f, first_day == INT64_MIN ? INT64_MIN : first_day * STORE_DAY_MS,
		       end_day * STORE_DAY_MS, err) != 0)
		return err->code;
	if (first_day == INT64_MIN)
		first_day = first_day_of(&f->past);
	if (f->past.spans.n == 0 || first_day >= end_day)
		return 0;
	if (find_place(&s, f) != 0 || sum_up(&s, &f->past, first_day, end_day) != 0)
		return err->code;
	return end_day - first_day;
}

/* ---- some devices ---- */

struct step {
	struct days_walk *walk;
	struct fleet_device f;
	struct store_gaps gaps;
	int64_t begun_ms; /* monotonic */
	int n;            /* devices looked at */
	bool full;        /* it has taken long enough */
	struct err *err;
};

static void on_device(const struct store_device *d, void *arg)
{
	struct step *s = arg;
	int64_t n;

	if (s->err->code != 0 || s->full)
		return;
	s->f.device = d;
	n = sum_up_device(&s->f, s->err);
	if (n < 0)
		return;
	s->n++;
	s->walk->n_days += n;
	free(s->walk->after);
	s->walk->after = mem_strdup(d->id);
	s->full = clock_mono_ms() - s->begun_ms >= STEP_MS;
}

static int look_at_some(struct step *s, const struct store_account *a)
{
	char *after = mem_strdup(s->walk->after != NULL ? s->walk->after : "");

	s->f.account = a;
	s->f.account_gaps = &s->gaps;
	if (past_load_account(s->f.c, a, s->f.now_at_ms, &s->gaps, s->err) == 0)
		store_devices_ever_after(s->f.c, a->account_id, after, BATCH, on_device,
					 s, s->err);
	free(after);
	free(s->gaps.all);
	past_clear(&s->f.past);
	return s->err->code;
}

static void next_account(struct days_walk *w)
{
	w->account++;
	free(w->after);
	w->after = NULL;
}

static void begin(struct days_walk *w)
{
	days_clear(w);
	w->begun = true;
	w->account = 0;
	w->n_days = 0;
}

static void end(struct days_walk *w, int64_t now_at_ms)
{
	w->begun = false;
	w->n_fruitless = w->n_days > 0 ? 0 : w->n_fruitless + 1;
	if (w->n_fruitless >= FRUITLESS) {
		w->n_fruitless = 0;
		w->done_day = store_day_of(now_at_ms);
	}
}

static int look(struct days_walk *w, struct store_conn *c, int64_t now_at_ms,
		struct err *err)
{
	struct step s = {
		.walk = w,
		.f = {.c = c, .now_at_ms = now_at_ms},
		.begun_ms = clock_mono_ms(),
		.err = err,
	};
	struct store_account *accounts;
	size_t n;

	if (store_accounts_uncounted(c, &accounts, &n, err) != 0)
		return err->code;
	if (w->account < n && look_at_some(&s, &accounts[w->account]) == 0 && !s.full &&
	    s.n < BATCH)
		next_account(w);
	accounts_free(accounts, n);
	return err->code != 0 ? err->code : w->account < n;
}

bool days_are_due(const struct days_walk *w, int64_t now_at_ms)
{
	return w->begun || w->done_day != store_day_of(now_at_ms);
}

int days_step(struct days_walk *w, struct store_conn *c, int64_t now_at_ms,
	      struct err *err)
{
	int rc;

	if (!w->begun)
		begin(w);
	if (store_begin(c, err) != 0)
		return err->code;
	rc = look(w, c, now_at_ms, err);
	if (rc < 0 || store_commit(c, err) != 0) {
		days_clear(w); /* what is not there is seen anew */
		return err->code;
	}
	if (rc == 0)
		end(w, now_at_ms);
	return rc;
}

void days_clear(struct days_walk *w)
{
	free(w->after);
	w->after = NULL;
	w->begun = false;
}
