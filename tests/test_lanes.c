#include "sink/lanes.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

static struct lanes *l;

static void open_lanes(void)
{
	l = lanes_create(20, 3);
}

static void close_lanes(void)
{
	lanes_destroy(l);
}

static struct item *item_of(int64_t sequence, unsigned subject)
{
	return item_create(sequence, "id", mem_printf("acme\n%u", subject));
}

static void add(int64_t sequence, unsigned subject, enum lanes_added expected)
{
	struct item *i = item_of(sequence, subject);
	enum lanes_added added = lanes_add(l, i, 0);

	ck_assert_int_eq(added, expected);
	if (added == LANES_FULL)
		item_destroy(i);
}

static struct item *next(int64_t sequence)
{
	struct item *i = lanes_next(l, LANES_ANY);

	ck_assert_ptr_nonnull(i);
	ck_assert_int_eq(i->sequence, sequence);
	return i;
}

START_TEST(one_of_a_subject_goes_at_a_time)
{
	struct item *first, *other;

	add(1, 7, LANES_TAKEN);
	add(2, 7, LANES_TAKEN);
	add(3, 8, LANES_TAKEN);
	first = next(1);
	other = next(3);
	ck_assert(!lanes_is_ready(l, LANES_ANY));
	ck_assert_ptr_null(lanes_next(l, LANES_ANY));
	ck_assert_uint_eq(lanes_n_owed(l), 3);
	lanes_settle(l, first, 0);
	ck_assert_uint_eq(lanes_n_owed(l), 2);
	lanes_settle(l, next(2), 0);
	lanes_settle(l, other, 0);
	ck_assert_uint_eq(lanes_n_owed(l), 0);
	ck_assert_uint_eq(lanes_room(l), 17); /* not forgotten yet */
}
END_TEST

START_TEST(one_that_failed_holds_up_its_lane_until_it_is_due)
{
	struct item *i;

	add(1, 7, LANES_TAKEN);
	add(2, 7, LANES_TAKEN);
	add(3, 8, LANES_TAKEN);
	i = next(1);
	i->retry.attempts = 1;
	lanes_later(l, i, 100, 0);
	lanes_settle(l, next(3), 0);
	ck_assert_int_eq(lanes_due_ms(l), 100);
	ck_assert_uint_eq(lanes_n_waiting(l), 1);
	lanes_turn(l, 99);
	ck_assert_ptr_null(lanes_next(l, LANES_ANY));
	lanes_turn(l, 100);
	ck_assert(lanes_is_ready(l, LANES_TRIED));
	ck_assert_int_eq(lanes_due_ms(l), LANES_NEVER);
	next(1);
}
END_TEST

START_TEST(those_tried_before_go_first_and_alone_where_asked_for)
{
	struct item *i;

	add(1, 7, LANES_TAKEN);
	i = next(1);
	add(2, 8, LANES_TAKEN);
	i->retry.attempts = 1;
	lanes_later(l, i, 0, 0);
	i = lanes_next(l, LANES_TRIED);
	ck_assert_int_eq(i->sequence, 1);
	ck_assert(!lanes_is_ready(l, LANES_TRIED));
	ck_assert_ptr_null(lanes_next(l, LANES_TRIED));
	next(2);
}
END_TEST

START_TEST(what_is_known_is_not_taken_again_until_it_is_forgotten)
{
	struct item *i;

	add(1, 7, LANES_TAKEN);
	add(1, 7, LANES_KNOWN);
	i = next(1);
	add(1, 7, LANES_KNOWN);
	lanes_settle(l, i, 0);
	add(1, 7, LANES_KNOWN);
	lanes_forget(l, i);
	add(1, 7, LANES_TAKEN);
}
END_TEST

START_TEST(a_restart_waits_as_long_as_was_written)
{
	struct item *i = item_of(1, 7);

	i->due_ms = 100;
	i->retry.attempts = 3;
	ck_assert_int_eq(lanes_add(l, i, 50), LANES_TAKEN);
	add(2, 7, LANES_TAKEN);
	ck_assert(!lanes_is_ready(l, LANES_ANY));
	ck_assert_int_eq(lanes_due_ms(l), 100);
}
END_TEST

START_TEST(hurry_makes_due_what_failed_but_not_what_was_refused)
{
	struct item *failed, *refused;

	add(1, 7, LANES_TAKEN);
	add(2, 8, LANES_TAKEN);
	failed = next(1);
	refused = next(2);
	failed->retry.attempts = refused->retry.attempts = 1;
	refused->retry.refusals = 1;
	lanes_later(l, failed, 100, 0);
	lanes_later(l, refused, 200, 0);
	lanes_hurry(l, 10);
	next(1);
	ck_assert_ptr_null(lanes_next(l, LANES_ANY));
	ck_assert_int_eq(lanes_due_ms(l), 200);
	ck_assert_uint_eq(lanes_n_waiting(l), 1);
}
END_TEST

START_TEST(the_tail_of_a_long_lane_makes_room_and_is_read_again)
{
	struct item *i;

	for (int64_t n = 1; n <= 20; n++)
		add(n, 7, LANES_TAKEN);
	add(21, 8, LANES_FULL);
	ck_assert(lanes_make_room(l));
	ck_assert_uint_eq(lanes_room(l), 4);
	add(21, 8, LANES_TAKEN);
	add(22, 7, LANES_BEHIND);
	add(17, 7, LANES_BEHIND);
	for (int64_t n = 1; n <= 16; n++) {
		ck_assert(!lanes_must_read(l));
		do {
			i = lanes_next(l, LANES_ANY);
		} while (i->sequence == 21);
		ck_assert_int_eq(i->sequence, n);
		lanes_settle(l, i, 0);
		lanes_forget(l, i);
	}
	ck_assert(lanes_must_read(l));
	add(22, 7, LANES_BEHIND); /* as long as nobody reads from further back */
	ck_assert_int_eq(lanes_begin_read(l, 22), 16);
	ck_assert(!lanes_must_read(l));
	add(17, 7, LANES_TAKEN);
	add(18, 7, LANES_TAKEN);
	next(17);
}
END_TEST

static void settle_next(int64_t sequence)
{
	struct item *i = next(sequence);

	lanes_settle(l, i, 0);
	lanes_forget(l, i);
}

/* `deliveries --replay`: it comes behind those that are newer. */
START_TEST(an_old_one_that_is_put_out_of_memory_is_read_again)
{
	for (int64_t n = 11; n < 30; n++)
		add(n, 7, LANES_TAKEN);
	add(5, 7, LANES_TAKEN);
	ck_assert(lanes_make_room(l)); /* 27, 28, 29, and 5 */
	for (int64_t n = 11; n < 27; n++)
		settle_next(n);
	ck_assert_int_eq(lanes_begin_read(l, 29), 4);
}
END_TEST

START_TEST(an_old_one_that_comes_while_its_lane_is_behind_is_read_again)
{
	for (int64_t n = 11; n <= 30; n++)
		add(n, 7, LANES_TAKEN);
	ck_assert(lanes_make_room(l));
	add(5, 7, LANES_BEHIND);
	for (int64_t n = 11; n < 27; n++)
		settle_next(n);
	ck_assert_int_eq(lanes_begin_read(l, 30), 4);
}
END_TEST

START_TEST(lanes_that_wait_longest_are_parked_until_due)
{
	for (int64_t n = 1; n <= 20; n++)
		add(n, (unsigned)n, LANES_TAKEN);
	for (int64_t n = 1; n <= 20; n++) {
		struct item *i = next(n);

		i->retry.attempts = 1;
		i->dirty = n == 20; /* not written: must stay */
		lanes_later(l, i, 100 * n, 0);
	}
	ck_assert(lanes_make_room(l));
	ck_assert_uint_eq(lanes_room(l), 3);
	ck_assert(!lanes_make_room(l)); /* no more may be parked */
	ck_assert_uint_eq(lanes_n_waiting(l), 20);
	add(20, 20, LANES_KNOWN);
	add(19, 19, LANES_BEHIND);
	add(21, 19, LANES_BEHIND);
	lanes_turn(l, 1600);
	ck_assert(!lanes_must_read(l));
	lanes_turn(l, 1800);
	ck_assert(lanes_must_read(l));
	ck_assert_int_eq(lanes_begin_read(l, 20), 16); /* 17 and 18 were parked */
	add(17, 17, LANES_TAKEN);
	add(19, 19, LANES_BEHIND);
	for (int64_t n = 1; n <= 17; n++) {
		struct item *i = next(n);

		lanes_later(l, i, 4000, 1800);
	}
	ck_assert(lanes_make_room(l)); /* as there is only one parked now */
}
END_TEST

/* ---- a random world: an outbox that is read in pages, and events that fail ---- */

#define N_EVENTS   400
#define N_SUBJECTS 12
#define PAGE       8

static struct {
	unsigned subject[N_EVENTS + 1];
	bool done[N_EVENTS + 1];
	int64_t last[N_SUBJECTS]; /* told of this subject */
	int64_t after, now_ms;
	bool more;
	unsigned n_done, random;
} o;

static unsigned dice(unsigned n)
{
	return (unsigned)rand_r(&o.random) % n;
}

static void read_page(void)
{
	unsigned n = 0;

	o.more = false;
	if (lanes_must_read(l))
		o.after = lanes_begin_read(l, o.after);
	for (int64_t s = o.after + 1; s <= N_EVENTS; s++) {
		struct item *i;

		if (o.done[s])
			continue;
		if (n++ == PAGE) {
			o.more = true;
			return;
		}
		i = item_of(s, o.subject[s]);
		if (lanes_add(l, i, o.now_ms) == LANES_FULL) {
			item_destroy(i);
			o.more = true;
			return;
		}
		o.after = s;
	}
}

static void end_one(struct item *i)
{
	unsigned subject = o.subject[i->sequence];

	ck_assert_int_lt(o.last[subject], i->sequence);
	ck_assert(!o.done[i->sequence]);
	i->retry.attempts++;
	/* Of some subjects three in four tries fail, of the others one. */
	if (dice(4) < (subject % 3 == 0 ? 3 : 1)) {
		lanes_later(l, i, o.now_ms + 1 + dice(500), o.now_ms);
		return;
	}
	o.last[subject] = i->sequence;
	o.done[i->sequence] = true;
	o.n_done++;
	lanes_settle(l, i, o.now_ms);
	lanes_forget(l, i);
}

START_TEST(whatever_is_put_out_of_memory_order_holds_and_all_is_told)
{
	struct item *under_way[4];
	unsigned n = 0;

	o.random = (unsigned)clock_utc_ms() + (unsigned)_i;
	printf("# seed %u\n", o.random);
	fflush(stdout);
	for (int64_t s = 1; s <= N_EVENTS; s++)
		o.subject[s] = dice(N_SUBJECTS);
	o.more = true;
	for (unsigned step = 0; o.n_done < N_EVENTS; step++) {
		ck_assert_msg(step < 200000, "stuck with %u done", o.n_done);
		lanes_turn(l, o.now_ms);
		while (n < COUNT(under_way) &&
		       (under_way[n] = lanes_next(l, LANES_ANY)) != NULL)
			n++;
		if (n < COUNT(under_way) && (o.more || lanes_must_read(l)) &&
		    (lanes_room(l) >= PAGE || lanes_make_room(l) || lanes_room(l) > 0))
			read_page();
		if (n > 0 && dice(3) != 0) {
			unsigned k = dice(n);
			struct item *i = under_way[k];

			under_way[k] = under_way[--n];
			end_one(i);
		}
		o.now_ms += dice(20);
	}
	ck_assert_uint_eq(lanes_n_owed(l), 0);
	ck_assert_uint_eq(lanes_room(l), 20);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{one_of_a_subject_goes_at_a_time, 1},
		{one_that_failed_holds_up_its_lane_until_it_is_due, 1},
		{those_tried_before_go_first_and_alone_where_asked_for, 1},
		{what_is_known_is_not_taken_again_until_it_is_forgotten, 1},
		{a_restart_waits_as_long_as_was_written, 1},
		{hurry_makes_due_what_failed_but_not_what_was_refused, 1},
		{the_tail_of_a_long_lane_makes_room_and_is_read_again, 1},
		{an_old_one_that_is_put_out_of_memory_is_read_again, 1},
		{an_old_one_that_comes_while_its_lane_is_behind_is_read_again, 1},
		{lanes_that_wait_longest_are_parked_until_due, 1},
		{whatever_is_put_out_of_memory_order_holds_and_all_is_told, 50},
	};

	return suite_run("lanes", tests, COUNT(tests), open_lanes, close_lanes);
}
