#include "query/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/match.h"
#include "model/member.h"
#include "query/count.h"
#include "query/fleet.h"

/* ---- shares ---- */

static double share(const struct tally *t, int64_t part_ms, int64_t of_ms)
{
	return t->online_ms + t->offline_ms > 0 ? (double)part_ms / (double)of_ms : -1;
}

double report_availability(const struct tally *t)
{
	return share(t, t->online_ms, t->online_ms + t->offline_ms);
}

double report_availability_min(const struct tally *t)
{
	return share(t, t->sure_ms, t->online_ms + t->offline_ms + t->unknown_ms);
}

double report_availability_max(const struct tally *t)
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

/* Where devices are or were, by number. */
struct places {
	struct place {
		char *key; /* what its line is called by; NULL: there is no such place */
		uint32_t line; /* 1 + its number; 0: none yet */
	} * all;
	size_t n;
};

/* What one device was in one line. */
struct stay {
	size_t line;
	struct tally tally;
};

struct run {
	struct report *report;
	struct table table;
	size_t cap; /* of report->lines */
	struct places places;
	/* The device at hand. */
	const struct fleet_device *f;
	struct stay *stays;
	size_t n_stays, cap_stays;
	size_t stay;     /* the last one */
	size_t line_now; /* where it is now: 1 + the line; 0: not looked for */
	struct tally whole;
};

static size_t line_of(struct run *run, const char *account, const char *key,
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
	return *slot - 1;
}

/* What the line is called by that the device is in now. */
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

static size_t line_of_now(struct run *run)
{
	const struct fleet_device *f = run->f;
	bool is_device = run->report->by == REPORT_BY_DEVICE;
	char *key, *name;

	if (run->line_now != 0)
		return run->line_now - 1;
	key = key_of(run->report, f);
	name = is_device ? device_fact(f->device->facts, "name") : NULL;
	run->line_now = 1 + line_of(run, f->account->name, key, name);
	free(key);
	free(name);
	return run->line_now - 1;
}

static bool is_by_place(const struct report *r)
{
	return r->by == REPORT_BY_SITE || r->by == REPORT_BY_MODEL;
}

static size_t line_of_part(struct run *run, int64_t place_id)
{
	struct place *place;

	if (!is_by_place(run->report) || place_id <= 0 ||
	    (size_t)place_id >= run->places.n || run->places.all[place_id].key == NULL)
		return line_of_now(run);
	place = &run->places.all[place_id];
	if (place->line == 0)
		place->line = 1 + (uint32_t)line_of(run, run->f->account->name,
						    place->key, NULL);
	return place->line - 1;
}

/* The device's time in this line. Whoever comes back to one begins anew there. */
static struct tally *stay_in(struct run *run, size_t line)
{
	for (size_t i = 0; i < run->n_stays; i++) {
		if (run->stays[i].line != line)
			continue;
		if (i != run->stay)
			tally_end(&run->stays[i].tally);
		run->stay = i;
		return &run->stays[i].tally;
	}
	run->stays =
		mem_grow(run->stays, run->n_stays, &run->cap_stays, sizeof *run->stays);
	run->stays[run->n_stays] = (struct stay){.line = line};
	run->stay = run->n_stays++;
	return &run->stays[run->stay].tally;
}

static void on_part(const struct count_part *part, void *arg)
{
	struct run *run = arg;

	tally_append(&run->whole, &part->tally);
	if (part->tally.devices > 0)
		tally_append(stay_in(run, line_of_part(run, part->place_id)),
			     &part->tally);
	else if (run->n_stays > 0) /* it is gone: no line of its own */
		tally_append(&run->stays[run->stay].tally, &part->tally);
}

static void on_place(const struct store_place *place, void *arg)
{
	struct run *run = arg;
	const char *key = run->report->by == REPORT_BY_SITE ? place->site : place->model;
	size_t n = (size_t)place->place_id + 1;

	run->places.all = mem_resize(run->places.all, n, sizeof *run->places.all);
	memset(&run->places.all[run->places.n], 0,
	       (n - run->places.n) * sizeof *run->places.all);
	run->places.n = n;
	run->places.all[place->place_id].key = mem_strdup(key);
}

/* As the devices: in one state of the database. */
static int load_places(struct store_conn *c, void *arg, struct err *err)
{
	return store_places_each(c, on_place, arg, err);
}

static void clear_run(struct run *run)
{
	for (size_t i = 0; i < run->places.n; i++)
		free(run->places.all[i].key);
	free(run->places.all);
	free(run->stays);
	free(run->table.slots);
}

static int count_device(struct fleet_device *f, void *arg, struct err *err)
{
	struct run *run = arg;
	struct report *r = run->report;

	if (!fleet_is_meant(f, r->matches, r->n_matches))
		return 0;
	run->f = f;
	run->n_stays = run->stay = run->line_now = 0;
	run->whole = (struct tally){0};
	if (count_parts(f, r->since_ms, r->until_ms, on_part, run, err) != 0)
		return err->code;
	for (size_t i = 0; i < run->n_stays; i++)
		tally_merge(&r->lines[run->stays[i].line].tally, &run->stays[i].tally);
	tally_merge(&r->all, &run->whole);
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
	const struct fleet_walk walk = {
		.begin = is_by_place(r) ? load_places : NULL,
		.each = count_device,
		.on_progress = on_progress,
		.arg = &run,
	};
	int rc = fleet_each(&walk, c, now_at_ms, err);

	clear_run(&run);
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
	const struct tally *t = &line->tally;
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
