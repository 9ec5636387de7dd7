#include "query/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/match.h"
#include "model/member.h"

#define BATCH 500 /* devices a read */

/* ---- counting ---- */

/* An outage as far as it has come. */
struct outage {
	bool on;
	int64_t length_ms;
};

static void count_offline(struct report_tally *t, struct outage *o, int64_t ms)
{
	t->offline_ms += ms;
	if (!o->on) {
		*o = (struct outage){.on = true};
		t->outages++;
	}
	o->length_ms += ms;
	if (o->length_ms > t->longest_ms)
		t->longest_ms = o->length_ms;
}

static void count_step(struct report_tally *t, struct outage *o,
		       const struct past_step *step)
{
	int64_t ms = step->to_ms - step->from_ms;
	enum status_why why;

	switch (past_status(step, &why)) {
	case DEVICE_ONLINE:
		t->online_ms += ms;
		t->possible_ms += ms;
		t->sure_ms += ms - past_doubt_ms(step);
		o->on = false;
		break;
	case DEVICE_OFFLINE:
		t->possible_ms += past_doubt_ms(step);
		count_offline(t, o, ms);
		break;
	case DEVICE_UNKNOWN:
		t->unknown_ms += ms;
		t->possible_ms += ms;
		if (why != WHY_NO_STATUS)
			t->gap_ms += ms;
		break;
	}
}

void report_count(struct report_tally *t, const struct past *p, int64_t since_ms,
		  int64_t until_ms)
{
	struct outage outage = {false, 0};
	bool was_there = false;
	struct past_walk w;
	struct past_step step;

	past_begin(&w, p, since_ms, until_ms);
	while (past_step(&w, &step)) {
		if (past_is_gone(&step)) {
			outage.on = false;
			continue;
		}
		was_there = true;
		count_step(t, &outage, &step);
	}
	t->devices += was_there;
}

void report_merge(struct report_tally *into, const struct report_tally *from)
{
	into->devices += from->devices;
	into->online_ms += from->online_ms;
	into->offline_ms += from->offline_ms;
	into->unknown_ms += from->unknown_ms;
	into->gap_ms += from->gap_ms;
	into->sure_ms += from->sure_ms;
	into->possible_ms += from->possible_ms;
	into->outages += from->outages;
	if (from->longest_ms > into->longest_ms)
		into->longest_ms = from->longest_ms;
}

static double share(const struct report_tally *t, int64_t part_ms, int64_t of_ms)
{
	return t->online_ms + t->offline_ms > 0 ? (double)part_ms / (double)of_ms : -1;
}

double report_availability(const struct report_tally *t)
{
	return share(t, t->online_ms, t->online_ms + t->offline_ms);
}

double report_availability_min(const struct report_tally *t)
{
	return share(t, t->sure_ms, t->online_ms + t->offline_ms + t->unknown_ms);
}

double report_availability_max(const struct report_tally *t)
{
	return share(t, t->possible_ms, t->online_ms + t->offline_ms + t->unknown_ms);
}

/* ---- groups ---- */

static const char *const by_names[] = {"device", "site", "model", "account"};

const char *report_by_name(enum report_by by)
{
	return by_names[by];
}

/* Lines by account and key, open addressing; a slot is 1 + the line, 0: free. */
struct table {
	uint32_t *slots;
	size_t n_slots; /* a power of two, more than twice the lines */
};

static size_t hash(const char *account, const char *key)
{
	size_t h = 14695981039346656037u; /* FNV-1a */

	for (; *account != '\0'; account++)
		h = (h ^ (unsigned char)*account) * 1099511628211u;
	for (h *= 1099511628211u; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211u;
	return h;
}

static uint32_t *slot_of(const struct table *t, const struct report *r,
			 const char *account, const char *key)
{
	size_t i = hash(account, key) & (t->n_slots - 1);

	for (; t->slots[i] != 0; i = (i + 1) & (t->n_slots - 1)) {
		const struct report_line *line = &r->lines[t->slots[i] - 1];

		if (strcmp(line->key, key) == 0 && strcmp(line->account, account) == 0)
			break;
	}
	return &t->slots[i];
}

static void make_room(struct table *t, const struct report *r)
{
	if (2 * (r->n_lines + 1) < t->n_slots)
		return;
	free(t->slots);
	t->n_slots = t->n_slots == 0 ? 64 : 2 * t->n_slots;
	t->slots = mem_zalloc(t->n_slots * sizeof *t->slots);
	for (size_t i = 0; i < r->n_lines; i++)
		*slot_of(t, r, r->lines[i].account, r->lines[i].key) = (uint32_t)i + 1;
}

/* ---- all devices ---- */

struct run {
	struct report *report;
	struct store_conn *c;
	int64_t now_at_ms;
	struct err *err;
	int rc;
	struct table table;
	size_t cap; /* of report->lines */
	const struct store_account *account;
	struct store_gaps gaps; /* its own */
	struct past past;
	int n; /* in this read */
	int64_t n_counted;
	char *last; /* id */
};

static struct report_line *line_of(struct run *run, const char *key, const char *name)
{
	struct report *r = run->report;
	uint32_t *slot;

	make_room(&run->table, r);
	slot = slot_of(&run->table, r, run->account->name, key);
	if (*slot == 0) {
		r->lines = mem_grow(r->lines, r->n_lines, &run->cap, sizeof *r->lines);
		r->lines[r->n_lines++] = (struct report_line){
			.account = mem_strdup(run->account->name),
			.key = mem_strdup(key),
			.name = name != NULL ? mem_strdup(name) : NULL,
		};
		*slot = (uint32_t)r->n_lines;
	}
	return &r->lines[*slot - 1];
}

static const char *fact(const json_t *facts, const char *name)
{
	const char *text = json_string_value(json_object_get(facts, name));

	return text != NULL ? text : "";
}

static void add_to_line(struct run *run, const struct store_device *d,
			const json_t *facts, const struct report_tally *tally)
{
	struct report_line *line;

	switch (run->report->by) {
	case REPORT_BY_DEVICE:
		line = line_of(run, d->id, fact(facts, "name"));
		break;
	case REPORT_BY_SITE:
		line = line_of(run, fact(facts, "site"), NULL);
		break;
	case REPORT_BY_MODEL:
		line = line_of(run, fact(facts, "model"), NULL);
		break;
	default:
		line = line_of(run, run->account->name, NULL);
	}
	report_merge(&line->tally, tally);
	report_merge(&run->report->all, tally);
}

static int count_device(struct run *run, const struct store_device *d)
{
	const struct report *r = run->report;
	struct report_tally tally = {0};
	json_t *facts;

	if (past_load(&run->past, run->c, run->account, &run->gaps, d, r->since_ms,
		      r->until_ms, run->now_at_ms, run->err) != 0)
		return run->err->code;
	report_count(&tally, &run->past, r->since_ms, r->until_ms);
	if (tally.devices == 0)
		return 0;
	facts = json_loads(d->facts, 0, NULL);
	if (match_all(r->matches, r->n_matches, run->account->name, d->id, facts))
		add_to_line(run, d, facts, &tally);
	json_decref(facts);
	return 0;
}

static void on_device(const struct store_device *d, void *arg)
{
	struct run *run = arg;

	run->n++;
	free(run->last);
	run->last = mem_strdup(d->id);
	if (run->rc == 0)
		run->rc = count_device(run, d);
}

static int count_batch(struct run *run)
{
	char *after = run->last != NULL ? run->last : mem_strdup("");
	int rc;

	run->last = NULL;
	run->n = 0;
	rc = store_devices_ever_after(run->c, run->account->account_id, after, BATCH,
				      on_device, run, run->err);
	free(after);
	run->n_counted += run->n;
	if (run->report->on_progress != NULL)
		run->report->on_progress(run->n_counted, run->report->arg);
	return rc != 0 ? rc : run->rc;
}

static int count_account(struct run *run, const struct store_account *a)
{
	run->account = a;
	if (past_load_account(run->c, a, run->now_at_ms, &run->gaps, run->err) != 0)
		return run->err->code;
	do {
		if (count_batch(run) != 0)
			return run->err->code;
	} while (run->n == BATCH);
	free(run->last);
	run->last = NULL;
	return 0;
}

static int count_accounts(struct run *run)
{
	struct store_account *accounts;
	size_t n;
	int rc = store_accounts(run->c, &accounts, &n, run->err);

	if (rc != 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = count_account(run, &accounts[i]);
	for (size_t i = 0; i < n; i++)
		store_account_clear(&accounts[i]);
	free(accounts);
	return rc;
}

/* ---- the order of the answer ---- */

static int by_key(const void *a, const void *b)
{
	const struct report_line *x = a, *y = b;
	int order = strcmp(x->account, y->account);

	return order != 0 ? order : strcmp(x->key, y->key);
}

/* Those that nobody has looked at are not the worst: nothing is known of them. */
static int by_availability(const void *a, const void *b)
{
	const struct report_line *x = a, *y = b;
	double p = report_availability(&x->tally), q = report_availability(&y->tally);

	if ((p < 0) != (q < 0))
		return p < 0 ? 1 : -1;
	if (p != q)
		return p < q ? -1 : 1;
	if (x->tally.offline_ms != y->tally.offline_ms)
		return x->tally.offline_ms > y->tally.offline_ms ? -1 : 1;
	return by_key(a, b);
}

static void clear_line(struct report_line *line)
{
	free(line->account);
	free(line->key);
	free(line->name);
}

static void put_in_order(struct report *r)
{
	if (r->n_lines > 1)
		qsort(r->lines, r->n_lines, sizeof *r->lines,
		      r->worst > 0 ? by_availability : by_key);
	while (r->worst > 0 && r->n_lines > (size_t)r->worst)
		clear_line(&r->lines[--r->n_lines]);
}

int report_run(struct report *r, struct store_conn *c, int64_t now_at_ms, struct err *err)
{
	struct run run = {.report = r, .c = c, .now_at_ms = now_at_ms, .err = err};
	int64_t version;
	int rc;

	/* One state of the database, however long it takes. */
	if (store_reader_version(c, &version, err) != 0 || store_begin_read(c, err) != 0)
		return err->code;
	rc = count_accounts(&run);
	store_end_read(c);
	free(run.table.slots);
	free(run.gaps.all);
	free(run.last);
	past_clear(&run.past);
	put_in_order(r);
	return rc;
}

void report_clear(struct report *r)
{
	for (size_t i = 0; i < r->n_lines; i++)
		clear_line(&r->lines[i]);
	free(r->lines);
	r->lines = NULL;
	r->n_lines = 0;
}

/* ---- as JSON ---- */

static void member_share(json_t *object, const char *name, double share)
{
	json_object_set_new(object, name, share < 0 ? json_null() : json_real(share));
}

static void member_mean(json_t *object, const char *name, int64_t sum_ms, int64_t n)
{
	json_object_set_new(object, name, n > 0 ? json_integer(sum_ms / n) : json_null());
}

json_t *report_object(const struct report *r, const struct report_line *line)
{
	const struct report_tally *t = &line->tally;
	json_t *o = json_object();

	member_text(o, "by", report_by_name(r->by));
	member_text(o, "account", line->account);
	member_text(o, "key", line->key);
	member_text(o, "name", line->name);
	member_number(o, "devices", t->devices);
	member_number(o, "covered_ms",
		      t->online_ms + t->offline_ms + t->unknown_ms - t->gap_ms);
	member_number(o, "online_ms", t->online_ms);
	member_number(o, "offline_ms", t->offline_ms);
	member_number(o, "unknown_ms", t->unknown_ms);
	member_share(o, "availability", report_availability(t));
	member_share(o, "availability_min", report_availability_min(t));
	member_share(o, "availability_max", report_availability_max(t));
	member_number(o, "outages", t->outages);
	member_number(o, "longest_ms", t->longest_ms);
	member_mean(o, "mttr_ms", t->offline_ms, t->outages);
	member_mean(o, "mtbf_ms", t->online_ms, t->outages);
	return o;
}
