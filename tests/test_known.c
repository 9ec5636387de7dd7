/* The memory behind the fences, against a naive model of it under random operations. */
#include "model/known.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_IDS 200 /* few: they come again and again */
#define N_OPS 4000

/* Pseudo-random, the same each time: xorshift32. */
static uint32_t dice;

static uint32_t roll(uint32_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 17;
	dice ^= dice << 5;
	return dice % n;
}

/* The naive model: one row per id. */
struct row {
	bool there;
	uint32_t place;
	bool has_digest;
	unsigned char digest[KNOWN_DIGEST_BYTES];
	int64_t device_id;
};

static struct row rows[N_IDS];
static uint32_t last_digest;

static void id_of(uint32_t i, char id[24])
{
	snprintf(id, 24, "80239880%u", i * 7919);
}

/* Digests that are told apart by few bits, and that crowd in the same slots: the first four
 * bytes are the hash. */
static void new_digest(unsigned char digest[KNOWN_DIGEST_BYTES])
{
	uint32_t crowd = roll(3);

	memset(digest, 0, KNOWN_DIGEST_BYTES);
	memcpy(digest, &crowd, sizeof crowd);
	last_digest++;
	memcpy(digest + 12, &last_digest, sizeof last_digest);
}

static void add(struct known *k, uint32_t i)
{
	char id[24];

	id_of(i, id);
	if (rows[i].there)
		return;
	rows[i] = (struct row){
		.there = true, .place = known_add(k, id), .device_id = 1 + roll(1000000)};
	ck_assert_int_eq(k->devices[rows[i].place].device_id, 0);
	ck_assert(!k->devices[rows[i].place].has_digest);
	k->devices[rows[i].place].device_id = rows[i].device_id;
}

static void take_away(struct known *k, uint32_t i)
{
	if (rows[i].there)
		known_remove(k, rows[i].place);
	rows[i].there = false;
}

static void digest(struct known *k, uint32_t i)
{
	if (!rows[i].there)
		return;
	new_digest(rows[i].digest);
	rows[i].has_digest = true;
	known_set_digest(k, rows[i].place, rows[i].digest);
}

static void drop(struct known *k, uint32_t i)
{
	if (!rows[i].there)
		return;
	rows[i].has_digest = false;
	known_drop_digest(k, rows[i].place);
}

static void check_one(const struct known *k, uint32_t i)
{
	const struct row *row = &rows[i];
	char id[24];
	uint32_t place;

	id_of(i, id);
	place = known_by_id(k, id, strlen(id));
	if (!row->there) {
		ck_assert_uint_eq(place, KNOWN_NONE);
		return;
	}
	ck_assert_uint_eq(place, row->place);
	ck_assert_str_eq(k->devices[place].id, id);
	ck_assert_int_eq(k->devices[place].device_id, row->device_id);
	ck_assert_int_eq(k->devices[place].has_digest, row->has_digest);
	ck_assert_uint_eq(known_by_id(k, id, strlen(id) - 1) == place, 0);
	if (row->has_digest)
		ck_assert_uint_eq(known_by_digest(k, row->digest), place);
}

START_TEST(it_knows_what_a_table_would)
{
	struct known k;
	unsigned char strange[KNOWN_DIGEST_BYTES];

	known_init(&k);
	dice = 0x9e3779b9u + (uint32_t)_i;
	for (int n = 0; n < N_OPS; n++) {
		uint32_t i = roll(N_IDS);

		switch (roll(8)) {
		case 0:
		case 1:
		case 2:
			add(&k, i);
			break;
		case 3:
			take_away(&k, i);
			break;
		case 4:
		case 5:
			digest(&k, i);
			break;
		case 6:
			drop(&k, i);
			break;
		default:
			new_digest(strange);
			ck_assert_uint_eq(known_by_digest(&k, strange), KNOWN_NONE);
		}
		check_one(&k, i);
		check_one(&k, roll(N_IDS));
	}
	for (uint32_t i = 0; i < N_IDS; i++)
		check_one(&k, i);
	known_clear(&k);
	ck_assert_uint_eq(known_by_id(&k, "1", 1), KNOWN_NONE);
	known_clear(&k);
}
END_TEST

START_TEST(places_are_used_again)
{
	struct known k;

	known_init(&k);
	for (int n = 0; n < 10000; n++) {
		char id[24];

		snprintf(id, sizeof id, "%d", n);
		ck_assert_uint_eq(known_add(&k, id), 0);
		known_remove(&k, 0);
	}
	ck_assert_uint_eq(k.n, 1);
	ck_assert_ptr_null(k.devices[0].id);
	known_clear(&k);
}
END_TEST

START_TEST(a_million_devices_are_found)
{
	enum { N = 1000000 };
	struct known k;
	char id[24];

	known_init(&k);
	for (uint32_t i = 0; i < N; i++) {
		snprintf(id, sizeof id, "%u", i);
		if (known_add(&k, id) != i) /* a million of Check's would take minutes */
			ck_abort();
	}
	for (uint32_t i = 0; i < N; i += 9973) {
		snprintf(id, sizeof id, "%u", i);
		ck_assert_uint_eq(known_by_id(&k, id, strlen(id)), i);
	}
	known_clear(&k);
}
END_TEST

static const unsigned char page_digest[KNOWN_DIGEST_BYTES] = "0123456789abcde";

START_TEST(a_page_is_kept_as_it_was_committed)
{
	struct known k;
	struct known_paging paging = {3, 100, 40, 3999, true};
	uint32_t places[3] = {7, 5, 6};
	struct known_page *p;

	known_init(&k);
	p = known_page(&k, 3);
	ck_assert(!p->valid);
	known_page_set(p, page_digest, &paging, places, 3);
	places[0] = 99; /* it was copied */
	known_page(&k, 500);
	p = known_page(&k, 3);
	ck_assert(p->valid);
	ck_assert_int_eq(memcmp(p->digest, page_digest, sizeof page_digest), 0);
	ck_assert_int_eq(memcmp(&p->paging, &paging, sizeof paging), 0);
	ck_assert_uint_eq(p->n_devices, 3);
	ck_assert_uint_eq(p->devices[0], 7);
	ck_assert_uint_eq(p->devices[2], 6);
	for (int64_t n = 1; n <= 500; n++)
		ck_assert_int_eq(known_page(&k, n)->valid, n == 3);

	known_page_set(p, page_digest, &paging, NULL, 0);
	ck_assert_uint_eq(known_page(&k, 3)->n_devices, 0);
	known_page_drop(p);
	ck_assert(!known_page(&k, 3)->valid);
	known_clear(&k);
}
END_TEST

START_TEST(a_removal_voids_the_pages)
{
	struct known k;
	struct known_paging paging = {0};
	uint32_t place;

	known_init(&k);
	place = known_add(&k, "1");
	known_page_set(known_page(&k, 1), page_digest, &paging, &place, 1);
	known_page_set(known_page(&k, 2), page_digest, &paging, NULL, 0);
	known_remove(&k, place);
	ck_assert(!known_page(&k, 1)->valid);
	ck_assert(!known_page(&k, 2)->valid);
	known_clear(&k);
}
END_TEST

START_TEST(pages_have_a_limit)
{
	struct known k;

	known_init(&k);
	ck_assert_ptr_null(known_page(&k, 0));
	ck_assert_ptr_null(known_page(&k, -1));
	ck_assert_ptr_null(known_page(&k, KNOWN_MAX_PAGES + 1));
	ck_assert_ptr_null(known_page(&k, INT64_MAX));
	ck_assert_ptr_nonnull(known_page(&k, KNOWN_MAX_PAGES));
	known_clear(&k);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{it_knows_what_a_table_would, 20},
		{places_are_used_again, 1},
		{a_million_devices_are_found, 1},
		{a_page_is_kept_as_it_was_committed, 1},
		{a_removal_voids_the_pages, 1},
		{pages_have_a_limit, 1},
	};

	return suite_run("known", tests, COUNT(tests), NULL, NULL);
}
