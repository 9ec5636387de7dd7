#include "sink/lanes.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

#define N_BUCKETS 1024u /* a power of two */
#define LANE_KEEP 16    /* events of a lane that stay where room is made */
#define PARK_PART 4     /* at least a fourth of the room is made at once */

enum lane_state { LANE_READY, LANE_BUSY, LANE_WAITING, LANE_UNBLOCKED };

TAILQ_HEAD(lane_queue, lane);
LIST_HEAD(item_bucket, item);
LIST_HEAD(lane_bucket, lane);

struct lane {
	char *subject;
	enum lane_state state;
	struct item_queue items; /* in order; empty: parked, or unblocked */
	int64_t due_ms;          /* WAITING */
	int64_t behind_from;     /* the first event that is owed but not here; 0: none */
	struct lane_queue *in;   /* by state; NULL: busy */
	TAILQ_ENTRY(lane) entry;
	LIST_ENTRY(lane) in_bucket;
};

struct lanes {
	size_t max_items, max_parked;
	size_t n_items, n_owed, n_waiting, n_parked;
	struct lane_queue tried, fresh; /* READY, by whether the head was tried before */
	struct lane_queue waiting;      /* by due_ms */
	struct lane_queue unblocked;
	struct item_bucket items[N_BUCKETS]; /* by sequence: all, the settled too */
	struct lane_bucket lanes[N_BUCKETS]; /* by subject */
};

struct item *item_create(int64_t sequence, const char *event_id, char *subject)
{
	struct item *i = mem_zalloc(sizeof *i);

	i->sequence = sequence;
	strncpy(i->event_id, event_id, sizeof i->event_id - 1);
	i->subject = subject;
	return i;
}

void item_destroy(struct item *i)
{
	if (i == NULL)
		return;
	free(i->subject);
	free(i->data);
	free(i->error);
	free(i);
}

struct lanes *lanes_create(size_t max_items, size_t max_parked)
{
	struct lanes *l = mem_zalloc(sizeof *l);

	l->max_items = max_items;
	l->max_parked = max_parked;
	TAILQ_INIT(&l->tried);
	TAILQ_INIT(&l->fresh);
	TAILQ_INIT(&l->waiting);
	TAILQ_INIT(&l->unblocked);
	return l;
}

/* ---- the two tables ---- */

static struct item_bucket *bucket_of(struct lanes *l, int64_t sequence)
{
	return &l->items[(uint64_t)sequence & (N_BUCKETS - 1)];
}

static struct lane_bucket *lane_bucket_of(struct lanes *l, const char *subject)
{
	return &l->lanes[XXH3_64bits(subject, strlen(subject)) & (N_BUCKETS - 1)];
}

static bool is_known(struct lanes *l, int64_t sequence)
{
	struct item *i;

	LIST_FOREACH(i, bucket_of(l, sequence), in_bucket)
	{
		if (i->sequence == sequence)
			return true;
	}
	return false;
}

static struct lane *find_lane(struct lanes *l, const char *subject)
{
	struct lane *lane;

	LIST_FOREACH(lane, lane_bucket_of(l, subject), in_bucket)
	{
		if (strcmp(lane->subject, subject) == 0)
			return lane;
	}
	return NULL;
}

static void destroy_item(struct lanes *l, struct item *i)
{
	LIST_REMOVE(i, in_bucket);
	l->n_items--;
	item_destroy(i);
}

/* ---- the states of a lane ---- */

static bool is_parked(const struct lane *lane)
{
	return lane->state == LANE_WAITING && TAILQ_EMPTY(&lane->items);
}

/* Take it from the queue that it is in. */
static void leave(struct lanes *l, struct lane *lane)
{
	if (lane->state == LANE_WAITING) {
		l->n_waiting--;
		l->n_parked -= is_parked(lane);
	}
	if (lane->in != NULL)
		TAILQ_REMOVE(lane->in, lane, entry);
	lane->in = NULL;
}

static void enter(struct lane *lane, enum lane_state state, struct lane_queue *queue)
{
	lane->state = state;
	lane->in = queue;
	TAILQ_INSERT_TAIL(queue, lane, entry);
}

static void wait_until(struct lanes *l, struct lane *lane, int64_t due_ms)
{
	struct lane *before = TAILQ_LAST(&l->waiting, lane_queue);

	while (before != NULL && before->due_ms > due_ms)
		before = TAILQ_PREV(before, lane_queue, entry);
	lane->state = LANE_WAITING;
	lane->due_ms = due_ms;
	lane->in = &l->waiting;
	if (before != NULL)
		TAILQ_INSERT_AFTER(&l->waiting, before, lane, entry);
	else
		TAILQ_INSERT_HEAD(&l->waiting, lane, entry);
	l->n_waiting++;
}

static void destroy_lane(struct lane *lane)
{
	LIST_REMOVE(lane, in_bucket);
	free(lane->subject);
	free(lane);
}

/* Where the lane belongs, which is in no queue now, for what its head is. */
static void place(struct lanes *l, struct lane *lane, int64_t now_ms)
{
	struct item *head = TAILQ_FIRST(&lane->items);

	if (head == NULL && lane->behind_from != 0)
		enter(lane, LANE_UNBLOCKED, &l->unblocked);
	else if (head == NULL)
		destroy_lane(lane);
	else if (head->due_ms > now_ms)
		wait_until(l, lane, head->due_ms);
	else
		enter(lane, LANE_READY, head->retry.attempts > 0 ? &l->tried : &l->fresh);
}

void lanes_destroy(struct lanes *l)
{
	if (l == NULL)
		return;
	for (size_t b = 0; b < N_BUCKETS; b++) {
		while (!LIST_EMPTY(&l->items[b]))
			destroy_item(l, LIST_FIRST(&l->items[b]));
		while (!LIST_EMPTY(&l->lanes[b]))
			destroy_lane(LIST_FIRST(&l->lanes[b]));
	}
	free(l);
}

/* ---- coming and going ---- */

static struct lane *add_lane(struct lanes *l, const char *subject)
{
	struct lane *lane = mem_zalloc(sizeof *lane);

	lane->subject = mem_strdup(subject);
	TAILQ_INIT(&lane->items);
	LIST_INSERT_HEAD(lane_bucket_of(l, subject), lane, in_bucket);
	return lane;
}

/* It is to be read again from here on; of what is told once more, the sequence may be any. */
static void fall_behind(struct lane *lane, int64_t sequence)
{
	if (lane->behind_from == 0 || sequence < lane->behind_from)
		lane->behind_from = sequence;
}

enum lanes_added lanes_add(struct lanes *l, struct item *i, int64_t now_ms)
{
	struct lane *lane = find_lane(l, i->subject);
	bool was_empty = lane == NULL;

	if (is_known(l, i->sequence)) {
		item_destroy(i);
		return LANES_KNOWN;
	}
	if (lane != NULL && lane->behind_from != 0) {
		fall_behind(lane, i->sequence);
		item_destroy(i);
		return LANES_BEHIND;
	}
	if (l->n_items >= l->max_items)
		return LANES_FULL;
	if (lane == NULL)
		lane = add_lane(l, i->subject);
	i->lane = lane;
	TAILQ_INSERT_TAIL(&lane->items, i, in_lane);
	LIST_INSERT_HEAD(bucket_of(l, i->sequence), i, in_bucket);
	l->n_items++;
	l->n_owed++;
	if (was_empty)
		place(l, lane, now_ms);
	return LANES_TAKEN;
}

struct item *lanes_next(struct lanes *l, enum lanes_pick pick)
{
	struct lane *lane = TAILQ_FIRST(&l->tried);

	if (lane == NULL && pick == LANES_ANY)
		lane = TAILQ_FIRST(&l->fresh);
	if (lane == NULL)
		return NULL;
	leave(l, lane);
	lane->state = LANE_BUSY;
	return TAILQ_FIRST(&lane->items);
}

void lanes_later(struct lanes *l, struct item *i, int64_t due_ms, int64_t now_ms)
{
	i->due_ms = due_ms;
	place(l, i->lane, now_ms);
}

void lanes_settle(struct lanes *l, struct item *i, int64_t now_ms)
{
	struct lane *lane = i->lane;

	TAILQ_REMOVE(&lane->items, i, in_lane);
	i->lane = NULL;
	l->n_owed--;
	place(l, lane, now_ms);
}

void lanes_forget(struct lanes *l, struct item *i)
{
	destroy_item(l, i);
}

void lanes_turn(struct lanes *l, int64_t now_ms)
{
	struct lane *lane;

	while ((lane = TAILQ_FIRST(&l->waiting)) != NULL && lane->due_ms <= now_ms) {
		leave(l, lane);
		place(l, lane, now_ms); /* a parked one is unblocked: it is to be read */
	}
}

static bool is_refused(const struct lane *lane)
{
	const struct item *head = TAILQ_FIRST(&lane->items);

	return head != NULL && head->retry.refusals > 0;
}

void lanes_hurry(struct lanes *l, int64_t now_ms)
{
	struct lane_queue waiting = TAILQ_HEAD_INITIALIZER(waiting);
	struct lane *lane;

	while ((lane = TAILQ_FIRST(&l->waiting)) != NULL) {
		leave(l, lane);
		TAILQ_INSERT_TAIL(&waiting, lane, entry);
	}
	while ((lane = TAILQ_FIRST(&waiting)) != NULL) {
		struct item *head = TAILQ_FIRST(&lane->items);

		TAILQ_REMOVE(&waiting, lane, entry);
		if (head != NULL && !is_refused(lane))
			head->due_ms = 0;
		place(l, lane, now_ms);
	}
}

int64_t lanes_due_ms(const struct lanes *l)
{
	const struct lane *lane = TAILQ_FIRST(&l->waiting);

	return lane != NULL ? lane->due_ms : LANES_NEVER;
}

bool lanes_is_ready(const struct lanes *l, enum lanes_pick pick)
{
	return !TAILQ_EMPTY(&l->tried) || (pick == LANES_ANY && !TAILQ_EMPTY(&l->fresh));
}

/* ---- room ---- */

/* Put the lane's events out of memory, all behind the first n_kept. */
static void put_out(struct lanes *l, struct lane *lane, size_t n_kept)
{
	struct item *i = TAILQ_FIRST(&lane->items), *next;

	for (; i != NULL && n_kept > 0; n_kept--)
		i = TAILQ_NEXT(i, in_lane);
	for (; i != NULL; i = next) {
		next = TAILQ_NEXT(i, in_lane);
		fall_behind(lane, i->sequence);
		TAILQ_REMOVE(&lane->items, i, in_lane);
		l->n_owed--;
		destroy_item(l, i);
	}
}

static void trim_lanes(struct lanes *l)
{
	for (size_t b = 0; b < N_BUCKETS; b++) {
		struct lane *lane;

		LIST_FOREACH(lane, &l->lanes[b], in_bucket)
		{
			put_out(l, lane, LANE_KEEP);
		}
	}
}

static void park_lanes(struct lanes *l)
{
	struct lane *lane = TAILQ_LAST(&l->waiting, lane_queue);

	for (; lane != NULL && lanes_room(l) < l->max_items / PARK_PART &&
	       l->n_parked < l->max_parked;
	     lane = TAILQ_PREV(lane, lane_queue, entry)) {
		const struct item *head = TAILQ_FIRST(&lane->items);

		if (head == NULL || head->dirty || head->saving)
			continue;
		put_out(l, lane, 0);
		l->n_parked++;
	}
}

bool lanes_make_room(struct lanes *l)
{
	size_t before = lanes_room(l);

	trim_lanes(l);
	if (lanes_room(l) == before)
		park_lanes(l);
	return lanes_room(l) > before;
}

size_t lanes_room(const struct lanes *l)
{
	return l->max_items - l->n_items;
}

int64_t lanes_begin_read(struct lanes *l, int64_t after)
{
	struct lane *lane;

	while ((lane = TAILQ_FIRST(&l->unblocked)) != NULL) {
		if (lane->behind_from <= after)
			after = lane->behind_from - 1;
		leave(l, lane);
		destroy_lane(lane);
	}
	return after;
}

bool lanes_must_read(const struct lanes *l)
{
	return !TAILQ_EMPTY(&l->unblocked);
}

void lanes_sequences(const struct lanes *l, int64_t *out)
{
	const struct item *i;

	for (size_t b = 0; b < N_BUCKETS; b++)
		LIST_FOREACH(i, &l->items[b], in_bucket)
	*out++ = i->sequence;
}

size_t lanes_n_untried(const struct lanes *l)
{
	const struct item *i;
	size_t n = 0;

	for (size_t b = 0; b < N_BUCKETS; b++)
		LIST_FOREACH(i, &l->items[b], in_bucket)
	n += i->begun_at_ms == 0 && i->retry.attempts == 0;
	return n;
}

size_t lanes_n_items(const struct lanes *l)
{
	return l->n_items;
}

size_t lanes_n_owed(const struct lanes *l)
{
	return l->n_owed;
}

size_t lanes_n_waiting(const struct lanes *l)
{
	return l->n_waiting;
}
