#include "api/cost.h"

#include "lib/suite.h"

#define NOW_MS 5000000

static struct cost c;

static enum cost_change hear(int64_t n, int64_t limit, int64_t remaining,
			     int64_t expected, int64_t now_ms)
{
	struct cost_answer a = {n, limit, remaining, expected};

	return cost_learn(&c, &a, now_ms);
}

START_TEST(each_is_assumed)
{
	cost_init(&c);
	ck_assert_int_eq(cost_of(&c, 30), 30);
	ck_assert_int_eq(cost_of(&c, 1), 1);
	ck_assert_int_eq(cost_refused(&c, NOW_MS), COST_SAME);
}
END_TEST

static const struct {
	int64_t n, limit, remaining;
	bool once;
} firsts[] = {
	{30, 50, 49, true},
	{30, 50, 21, true},
	{30, 50, 20, false}, /* as many are gone: perhaps by it */
	{30, 50, 0, false},
	{2, 50, 49, true},
	{1, 50, 49, false}, /* proves nothing */
	{30, 10, 0, true},  /* more than there are it cannot have cost */
	/* Nothing is told, or half of it. */
	{30, -1, 49, false},
	{30, 50, -1, false},
	{30, -1, -1, false},
	{30, 0, 0, false},
};

START_TEST(that_it_is_one_needs_a_proof)
{
	cost_init(&c);
	ck_assert_int_eq(
		hear(firsts[_i].n, firsts[_i].limit, firsts[_i].remaining, -1, NOW_MS),
		firsts[_i].once ? COST_IS_ONCE : COST_SAME);
	ck_assert_int_eq(cost_of(&c, 30), firsts[_i].once ? 1 : 30);
}
END_TEST

static void believe(void)
{
	cost_init(&c);
	ck_assert_int_eq(hear(30, 50, 49, -1, NOW_MS), COST_IS_ONCE);
	ck_assert_int_eq(hear(30, 50, 48, 48, NOW_MS), COST_SAME);
}

static const struct {
	int64_t n, expected, remaining;
	bool still_once;
} later[] = {
	{30, 40, 40, true},  {30, 40, 39, true}, /* a neighbour's */
	{30, 40, 12, true},                      /* many of them */
	{30, 40, 11, false},                     /* as if each had counted */
	{30, 40, 3, false},  {6, 40, 35, false},
	{5, 40, 36, true}, /* too few to tell from a neighbour's */
	{5, 40, 35, false},  {1, 40, 39, true},
	{30, 0, 45, true}, /* another window has begun */
	{30, -1, 11, true},  {30, 40, -1, true},
};

START_TEST(more_gone_than_was_sent_is_the_end_of_it)
{
	believe();
	/* What the limit is need not be told for that. */
	ck_assert_int_eq(hear(later[_i].n, _i % 2 == 0 ? 50 : -1, later[_i].remaining,
			      later[_i].expected, NOW_MS),
			 later[_i].still_once ? COST_SAME : COST_IS_EACH);
	ck_assert_int_eq(cost_of(&c, 30), later[_i].still_once ? 1 : 30);
}
END_TEST

START_TEST(a_refusal_is_the_end_of_it)
{
	believe();
	ck_assert_int_eq(cost_refused(&c, NOW_MS), COST_IS_EACH);
	ck_assert_int_eq(cost_of(&c, 30), 30);
	ck_assert_int_eq(cost_refused(&c, NOW_MS), COST_SAME);
}
END_TEST

/* Else who is told what remained before would be refused again and again. */
START_TEST(it_is_not_believed_again_for_an_hour)
{
	believe();
	cost_refused(&c, NOW_MS);
	ck_assert_int_eq(hear(30, 50, 49, -1, NOW_MS + COST_DOUBT_MS - 1), COST_SAME);
	ck_assert_int_eq(cost_of(&c, 30), 30);
	ck_assert_int_eq(hear(30, 50, 49, -1, NOW_MS + COST_DOUBT_MS), COST_IS_ONCE);
	ck_assert_int_eq(cost_of(&c, 30), 1);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{each_is_assumed, 1},
		{that_it_is_one_needs_a_proof, COUNT(firsts)},
		{more_gone_than_was_sent_is_the_end_of_it, COUNT(later)},
		{a_refusal_is_the_end_of_it, 1},
		{it_is_not_believed_again_for_an_hour, 1},
	};

	return suite_run("cost", tests, COUNT(tests), NULL, NULL);
}
