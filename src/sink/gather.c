#include "sink/gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define GROUP_MAX_BYTES 4096

bool gather_is_wanted(const struct gather_settings *s)
{
	return s->wait_ms > 0 || s->rate_max > 0 || s->n_quiet > 0;
}

void gather_clear(struct gather_settings *s)
{
	for (size_t i = 0; i < s->n_by; i++)
		free(s->by[i]);
	free(s->by);
	free(s->quiet);
	*s = (struct gather_settings){0};
}

bool gather_is_quiet(const struct gather_settings *s, int64_t at_ms, int64_t *until_ms)
{
	for (size_t i = 0; i < s->n_quiet; i++)
		if (window_covers(&s->quiet[i], at_ms, until_ms))
			return true;
	return false;
}

char *gather_group(const struct gather_settings *s, const struct event *ev)
{
	const json_t *facts = event_facts(ev);
	struct buf b;

	buf_init(&b, GROUP_MAX_BYTES);
	buf_add_text(&b, ev->account);
	for (size_t i = 0; i < s->n_by; i++) {
		const char *value = json_string_value(json_object_get(facts, s->by[i]));

		buf_printf(&b, "\n%s", value != NULL ? value : "");
	}
	return b.data;
}

/* ---- the rate ---- */

void gather_count(struct gather_rate *r, const struct gather_settings *s, int64_t now_ms)
{
	if (s->rate_max == 0)
		return;
	if (r->sent_ms == NULL)
		r->sent_ms = mem_resize(NULL, s->rate_max, sizeof *r->sent_ms);
	r->sent_ms[r->next] = now_ms;
	r->next = (r->next + 1) % s->rate_max;
	if (r->n < s->rate_max)
		r->n++;
}

void gather_recall(struct gather_rate *r, const struct gather_settings *s,
		   const int64_t *sent_at_ms, size_t n, int64_t now_at_ms, int64_t now_ms)
{
	while (n-- > 0) {
		int64_t ago_ms = now_at_ms - sent_at_ms[n];

		/* What a clock that was set back shows in the future was sent just now. */
		gather_count(r, s, now_ms - (ago_ms > 0 ? ago_ms : 0));
	}
}

size_t gather_left(const struct gather_rate *r, const struct gather_settings *s,
		   size_t n_in_hand, int64_t now_ms, int64_t *next_ms)
{
	size_t n_late = 0, n_free;

	*next_ms = now_ms;
	if (s->rate_max == 0)
		return SIZE_MAX;
	for (size_t i = 0; i < r->n; i++)
		n_late += now_ms - r->sent_ms[i] < GATHER_RATE_MS;
	n_free = s->rate_max - n_late;
	if (n_free > n_in_hand)
		return n_free - n_in_hand;
	*next_ms = n_free == 0 ? r->sent_ms[r->next] + GATHER_RATE_MS : INT64_MAX;
	return 0;
}

void gather_rate_clear(struct gather_rate *r)
{
	free(r->sent_ms);
	*r = (struct gather_rate){0};
}

/* ---- deciding ---- */

/* Events that are told together, if they are told. */
struct group {
	const char *account,
		*name; /* name NULL: of a quiet time, or of a whole account */
	int64_t first_at_ms;
	size_t n;
	bool is_ripe;
	enum gather_why why;
	size_t digest; /* SIZE_MAX: none yet */
};

struct deciding {
	const struct gather_settings *s;
	struct gather_row *rows;
	size_t n;
	/* By row. */
	size_t *first_of; /* the first that waits of the same subject; SIZE_MAX: it is
				 * behind one that has begun */
	bool *has_quiet;  /* of a first: one of its subject is of a quiet time */
	size_t *group_of; /* SIZE_MAX: none */
	struct group *groups;
	size_t n_groups;
	int64_t now_at_ms;
	struct gather_plan *plan;
};

static void due(struct gather_plan *plan, int64_t at_ms)
{
	if (at_ms < plan->due_at_ms)
		plan->due_at_ms = at_ms;
}

static int compare_subjects(const struct gather_row *a, const struct gather_row *b)
{
	int rc = strcmp(a->subject, b->subject);

	return rc != 0 ? rc : strcmp(a->account, b->account);
}

/* By subject, and those of one as they come. */
static int compare(const void *left, const void *right)
{
	const struct gather_row *const *a = left, *const *b = right;
	int rc = compare_subjects(*a, *b);

	return rc != 0 ? rc : *a < *b ? -1 : 1;
}

static void find_subjects(struct deciding *d)
{
	const struct gather_row **sorted = mem_alloc((d->n + 1) * sizeof(*sorted));
	size_t first = SIZE_MAX;
	int64_t until_ms;

	for (size_t k = 0; k < d->n; k++)
		sorted[k] = &d->rows[k];
	qsort(sorted, d->n, sizeof(*sorted), compare);
	for (size_t k = 0; k < d->n; k++) {
		size_t i = (size_t)(sorted[k] - d->rows);

		if (k == 0 || compare_subjects(sorted[k - 1], sorted[k]) != 0)
			first = i;
		d->first_of[i] = first;
		if (sorted[k]->is_begun)
			first = SIZE_MAX; /* for those that follow */
		else if (first != SIZE_MAX &&
			 gather_is_quiet(d->s, sorted[k]->at_ms, &until_ms))
			d->has_quiet[first] = true;
	}
	free(sorted);
}

static struct group *find_group(struct deciding *d, const char *account, const char *name)
{
	struct group *g;

	for (size_t i = 0; i < d->n_groups; i++) {
		g = &d->groups[i];
		if ((g->name == NULL) == (name == NULL) &&
		    strcmp(g->account, account) == 0 &&
		    (name == NULL || strcmp(g->name, name) == 0))
			return g;
	}
	g = &d->groups[d->n_groups++];
	*g = (struct group){.account = account, .name = name, .digest = SIZE_MAX};
	return g;
}

static void put(struct deciding *d, size_t i, const char *name, enum gather_why why)
{
	struct group *g = find_group(d, d->rows[i].account, name);

	if (g->n++ == 0)
		g->first_at_ms = d->rows[i].at_ms;
	g->why = why;
	d->group_of[i] = (size_t)(g - d->groups);
}

/* Which row waits for which; what is in no group is told as it is. What waits of one subject is of one
 * group, that of its first, or of the quiet time: else its end might be told before its beginning.
 * While there is a digest, nothing else is told: what it stands for may be older. */
static void make_groups(struct deciding *d)
{
	bool has_digest = false;

	for (size_t i = 0; i < d->n; i++)
		has_digest = has_digest || d->rows[i].is_digest;
	for (size_t i = 0; i < d->n; i++) {
		struct gather_row *row = &d->rows[i];
		size_t first = d->first_of[i];

		d->group_of[i] = SIZE_MAX;
		row->fate = GATHER_HOLD;
		if (row->is_begun || row->is_digest)
			row->fate = GATHER_TELL;
		else if (has_digest || first == SIZE_MAX)
			continue;
		else if (d->has_quiet[first])
			put(d, i, NULL, GATHER_QUIET);
		else if (d->s->wait_ms > 0)
			put(d, i, d->rows[first].group, GATHER_GROUP);
		else
			row->fate = GATHER_TELL;
	}
}

/* A clock that was set back makes none wait for longer than it should. */
static void ripen(struct deciding *d)
{
	for (size_t i = 0; i < d->n_groups; i++) {
		struct group *g = &d->groups[i];
		int64_t waited_ms = d->now_at_ms - g->first_at_ms;

		g->is_ripe = g->why == GATHER_QUIET || waited_ms < 0 ||
			     waited_ms >= d->s->wait_ms;
		if (!g->is_ripe)
			due(d->plan, g->first_at_ms + d->s->wait_ms);
	}
}

/* A row that is ripe and new, so that it costs a message or a part of one. */
static bool is_new(const struct deciding *d, size_t i)
{
	const struct gather_row *row = &d->rows[i];

	if (row->is_begun)
		return false;
	return d->group_of[i] != SIZE_MAX ? d->groups[d->group_of[i]].is_ripe
					  : row->fate == GATHER_TELL;
}

static size_t count_messages(const struct deciding *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_groups; i++)
		n += d->groups[i].is_ripe;
	for (size_t i = 0; i < d->n; i++)
		n += d->group_of[i] == SIZE_MAX && is_new(d, i);
	return n;
}

static void dissolve(struct deciding *d)
{
	for (size_t i = 0; i < d->n; i++)
		d->group_of[i] = SIZE_MAX;
	d->n_groups = 0;
}

/* More than may go: all that is ripe becomes one message of each account, as far as they may. */
static void cap(struct deciding *d, size_t left, int64_t next_at_ms)
{
	bool *news = mem_zalloc((d->n + 1) * sizeof *news);

	for (size_t i = 0; i < d->n; i++)
		news[i] = is_new(d, i);
	dissolve(d);
	due(d->plan, next_at_ms);
	for (size_t i = 0; i < d->n; i++) {
		struct group *g;

		if (!news[i])
			continue;
		d->rows[i].fate = GATHER_HOLD;
		if (d->rows[i].is_digest && left > 0) {
			d->rows[i].fate = GATHER_TELL;
			left--;
		}
		if (d->rows[i].is_digest)
			continue;
		put(d, i, NULL, GATHER_RATE);
		g = &d->groups[d->group_of[i]];
		if (g->n == 1 && left > 0) {
			g->is_ripe = true;
			left--;
		}
	}
	free(news);
}

static void settle(struct deciding *d)
{
	for (size_t i = 0; i < d->n; i++) {
		struct group *g;

		if (d->group_of[i] == SIZE_MAX)
			continue;
		g = &d->groups[d->group_of[i]];
		if (!g->is_ripe)
			continue;
		d->rows[i].fate = g->n > 1 ? GATHER_MERGE : GATHER_TELL;
		if (g->n > 1 && g->digest == SIZE_MAX)
			g->digest = d->plan->n_digests++;
		d->rows[i].digest = g->digest;
		d->rows[i].why = g->why;
	}
}

/* A digest is told before what comes behind what is in it. */
static void keep_order(struct deciding *d)
{
	bool is_merged = false;

	for (size_t i = 0; i < d->n; i++) {
		struct gather_row *row = &d->rows[i];

		is_merged = is_merged || row->fate == GATHER_MERGE;
		if (is_merged && row->fate == GATHER_TELL && !row->is_begun)
			row->fate = GATHER_HOLD;
	}
}

static void hold_all(struct gather_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rows[i].fate = rows[i].is_begun ? GATHER_TELL : GATHER_HOLD;
}

void gather_decide(const struct gather_settings *s, struct gather_row *rows, size_t n,
		   size_t left, int64_t next_at_ms, int64_t now_at_ms,
		   struct gather_plan *plan)
{
	struct deciding d = {
		.s = s, .rows = rows, .n = n, .now_at_ms = now_at_ms, .plan = plan};
	int64_t until_ms;

	*plan = (struct gather_plan){.due_at_ms = INT64_MAX};
	if (n > 0 && gather_is_quiet(s, now_at_ms, &until_ms)) {
		hold_all(rows, n);
		due(plan, until_ms);
		return;
	}
	d.groups = mem_zalloc((n + 1) * sizeof *d.groups);
	d.group_of = mem_zalloc((n + 1) * sizeof *d.group_of);
	d.first_of = mem_zalloc((n + 1) * sizeof *d.first_of);
	d.has_quiet = mem_zalloc((n + 1) * sizeof *d.has_quiet);
	find_subjects(&d);
	make_groups(&d);
	ripen(&d);
	if (count_messages(&d) > left)
		cap(&d, left, next_at_ms);
	settle(&d);
	keep_order(&d);
	free(d.has_quiet);
	free(d.first_of);
	free(d.group_of);
	free(d.groups);
}
