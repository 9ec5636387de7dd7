#include "query/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/match.h"
#include "model/member.h"
#include "query/fleet.h"

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
	struct table table;
	size_t cap; /* of report->lines */
};

static struct report_line *line_of(struct run *run, const char *account, const char *key,
				   const char *name)
{
	struct report *r = run->report;
	uint32_t *slot;

	make_room(&run->table, r);
	slot = slot_of(&run->table, r, account, key);
	if (*slot == 0) {
		r->lines = mem_grow(r->lines, r->n_lines, &run->cap, sizeof *r->lines);
		r->lines[r->n_lines++] = (struct report_line){
			.account = mem_strdup(account),
			.key = mem_strdup(key),
			.name = name != NULL ? mem_strdup(name) : NULL,
		};
		*slot = (uint32_t)r->n_lines;
	}
	return &r->lines[*slot - 1];
}

/* What the line is called by. */
static char *key_of(const struct report *r, const struct fleet_device *f)
{
	switch (r->by) {
	case REPORT_BY_DEVICE:
		return mem_strdup(f->device->id);
	case REPORT_BY_SITE:
		return device_fact(f->device->facts, "site");
	case REPORT_BY_MODEL:
		return device_fact(f->device->facts, "model");
	default:
		return mem_strdup(f->account->name);
	}
}

static void add_to_line(struct run *run, const struct fleet_device *f,
			const struct report_tally *tally)
{
	bool is_device = run->report->by == REPORT_BY_DEVICE;
	char *key = key_of(run->report, f);
	char *name = is_device ? device_fact(f->device->facts, "name") : NULL;

	report_merge(&line_of(run, f->account->name, key, name)->tally, tally);
	report_merge(&run->report->all, tally);
	free(key);
	free(name);
}

static bool is_meant(const struct report *r, const struct fleet_device *f)
{
	json_t *facts;
	bool meant;

	if (r->n_matches == 0)
		return true;
	facts = json_loads(f->device->facts, 0, NULL);
	meant = match_all(r->matches, r->n_matches, f->account->name, f->device->id,
			  facts);
	json_decref(facts);
	return meant;
}

static int count_device(struct fleet_device *f, void *arg, struct err *err)
{
	struct run *run = arg;
	const struct report *r = run->report;
	struct report_tally tally = {0};

	if (!is_meant(r, f))
		return 0;
	if (fleet_load(f, r->since_ms, r->until_ms, err) != 0)
		return err->code;
	report_count(&tally, &f->past, r->since_ms, r->until_ms);
	if (tally.devices > 0)
		add_to_line(run, f, &tally);
	return 0;
}

static void on_progress(int64_t n, void *arg)
{
	const struct run *run = arg;

	if (run->report->on_progress != NULL)
		run->report->on_progress(n, run->report->arg);
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
	struct run run = {.report = r};
	const struct fleet_walk walk = {count_device, on_progress, &run};
	int rc = fleet_each(&walk, c, now_at_ms, err);

	free(run.table.slots);
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
