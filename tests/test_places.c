#include "rule/places.h"

#include "lib/suite.h"

static struct places places;

static void clear(void)
{
	places_clear(&places);
}

START_TEST(each_key_has_its_place_however_many_there_are)
{
	const uint64_t step = _i == 0 ? 1 : UINT64_C(0x100000001);

	for (uint32_t n = 0; n < 5000; n++) {
		ck_assert_uint_eq(places_find(&places, n * step), PLACES_NONE);
		places_add(&places, n * step, 5000 - n);
	}
	for (uint32_t n = 0; n < 5000; n++)
		ck_assert_uint_eq(places_find(&places, n * step), 5000 - n);
	ck_assert_uint_eq(places_find(&places, 5000 * step), PLACES_NONE);
	ck_assert_uint_gt(places.n_slots, 5000); /* else a search would not end */
}
END_TEST

START_TEST(the_first_place_and_the_greatest_key_are_like_any)
{
	places_add(&places, UINT64_MAX, 0);
	places_add(&places, 0, 1);
	ck_assert_uint_eq(places_find(&places, UINT64_MAX), 0);
	ck_assert_uint_eq(places_find(&places, 0), 1);
	ck_assert_uint_eq(places_find(&places, 1), PLACES_NONE);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{each_key_has_its_place_however_many_there_are, 2},
		{the_first_place_and_the_greatest_key_are_like_any, 1},
	};

	return suite_run("places", tests, COUNT(tests), NULL, clear);
}
