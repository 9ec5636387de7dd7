/* The parts of the simulation, each by itself: pages, limits, tokens, life. test_world.c has what
 * is played, test_command.c the words that steer it, test_play.c and others the whole. */
#include "sim/world.h"

#include "lib/suite.h"

#include <jansson.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "net/server.h"
#include "sim/life.h"
#include "sim/limit.h"
#include "sim/list.h"
#include "sim/pack.h"
#include "sim/pages.h"
#include "sim/record.h"
#include "sim/token.h"

#define DAY      INT64_C(1789344000000) /* 2026-09-14T00:00:00Z */
#define TEXT_MAX ((size_t)1 << 28)
#define URL      "http://127.0.0.1:1/restapi/v1.0/account/400131008/device"

static struct world *make_world(size_t n_devices, uint64_t seed)
{
	const struct world_config config = {
		.n_devices = n_devices,
		.n_sites = 5,
		.seed = seed,
		.at_ms = DAY + 12345678,
	};

	return world_create(&config);
}

/* ---- pages ---- */

static const char *text_of(const json_t *record, const char *name)
{
	return json_string_value(json_object_get(record, name));
}

struct book {
	struct world *w;
	struct list list;
	struct packer *packer;
	struct pages *pages;
};

static size_t count(const void *of)
{
	return world_count(of);
}

static void add(struct buf *out, const void *of, size_t place)
{
	record_add(out, of, world_at(of, place));
}

static uint64_t version(const void *of, size_t first, size_t n)
{
	return world_version(of, first, n);
}

static void open_book(struct book *b, size_t n_devices)
{
	b->w = make_world(n_devices, 1);
	b->list = (struct list){URL, b->w, count, add};
	b->packer = packer_create();
	b->pages = pages_create(&b->list, version, b->packer);
}

static void close_book(struct book *b)
{
	pages_destroy(b->pages);
	packer_destroy(b->packer);
	world_destroy(b->w);
}

static json_t *load_page(struct book *b, unsigned page, unsigned per_page)
{
	const struct server_body *body = pages_plain(b->pages, page, per_page);
	json_error_t error;
	json_t *json = json_loadb(body->data, body->len, 0, &error);

	ck_assert_msg(json != NULL, "%s", error.text);
	return json;
}

static const struct {
	unsigned page, per_page;
	const char *paging, *links;
} cuts[] = {
	{1, 100,
	 "{\"page\":1,\"perPage\":100,\"totalPages\":3,\"totalElements\":250,"
	 "\"pageStart\":0,\"pageEnd\":99}",
	 "firstPage nextPage lastPage "},
	{2, 100,
	 "{\"page\":2,\"perPage\":100,\"totalPages\":3,\"totalElements\":250,"
	 "\"pageStart\":100,\"pageEnd\":199}",
	 "firstPage nextPage previousPage lastPage "},
	{3, 100,
	 "{\"page\":3,\"perPage\":100,\"totalPages\":3,\"totalElements\":250,"
	 "\"pageStart\":200,\"pageEnd\":249}",
	 "firstPage previousPage lastPage "},
	{4, 100, "{\"perPage\":100,\"totalPages\":3,\"totalElements\":250}", ""},
	{1, 1000,
	 "{\"page\":1,\"perPage\":1000,\"totalPages\":1,\"totalElements\":250,"
	 "\"pageStart\":0,\"pageEnd\":249}",
	 "firstPage lastPage "},
	{5, 50,
	 "{\"page\":5,\"perPage\":50,\"totalPages\":5,\"totalElements\":250,"
	 "\"pageStart\":200,\"pageEnd\":249}",
	 "firstPage previousPage lastPage "},
};

START_TEST(a_page_tells_where_it_stands)
{
	json_t *paging = json_loads(cuts[_i].paging, 0, NULL), *link, *record, *page;
	json_int_t start = json_integer_value(json_object_get(paging, "pageStart"));
	char links[128] = "";
	const char *name;
	struct book b;
	size_t i;

	open_book(&b, 250);
	page = load_page(&b, cuts[_i].page, cuts[_i].per_page);
	ck_assert(json_equal(json_object_get(page, "paging"), paging));
	json_object_foreach(json_object_get(page, "navigation"), name, link)
	{
		strcat(strcat(links, name), " ");
		ck_assert_ptr_eq(strstr(text_of(link, "uri"), URL "?page="),
				 text_of(link, "uri"));
	}
	ck_assert_str_eq(links, cuts[_i].links);
	json_array_foreach(json_object_get(page, "records"), i, record) ck_assert_str_eq(
		text_of(record, "id"), world_at(b.w, (size_t)start + i)->id);
	ck_assert_uint_eq(i, json_object_get(paging, "pageEnd") == NULL
				     ? 0
				     : (size_t)(json_integer_value(json_object_get(
							paging, "pageEnd")) -
						start + 1));
	json_decref(paging);
	json_decref(page);
	close_book(&b);
}
END_TEST

START_TEST(an_account_without_devices_has_an_empty_page)
{
	json_t *expected = json_loads(
		"{\"perPage\":100,\"totalPages\":0,\"totalElements\":0}", 0, NULL);
	struct book b;
	json_t *page;

	open_book(&b, 0);
	page = load_page(&b, 1, 100);
	ck_assert_uint_eq(json_array_size(json_object_get(page, "records")), 0);
	ck_assert(json_is_array(json_object_get(page, "records")));
	ck_assert(json_equal(json_object_get(page, "paging"), expected));
	json_decref(expected);
	json_decref(page);
	close_book(&b);
}
END_TEST

/* What packed unpacks to, for free(). */
static char *unpack(const struct server_body *packed, size_t *len)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	char *out = mem_alloc(8 << 20);

	ck_assert_int_eq(libdeflate_gzip_decompress(d, packed->data, packed->len, out,
						    8 << 20, len),
			 LIBDEFLATE_SUCCESS);
	libdeflate_free_decompressor(d);
	return out;
}

START_TEST(a_packed_page_unpacks_to_the_plain_one)
{
	struct server_body *packed, *stamped;
	const struct server_body *plain;
	struct book b;
	size_t len;
	char *text;

	open_book(&b, 250);
	packed = server_body_hold(pages_packed(b.pages, 2, 100));
	plain = pages_plain(b.pages, 2, 100);
	stamped = pack_stamped(packed, 0x01020304);
	text = unpack(packed, &len);
	ck_assert_uint_eq(len, plain->len);
	ck_assert_mem_eq(text, plain->data, len);
	free(text);
	text = unpack(stamped, &len);
	ck_assert_uint_eq(len, plain->len);
	ck_assert_mem_eq(text, plain->data, len);
	ck_assert_uint_eq(stamped->len, packed->len);
	ck_assert_mem_ne(stamped->data, packed->data, packed->len);
	free(text);
	server_body_drop(stamped);
	server_body_drop(packed);
	close_book(&b);
}
END_TEST

/* What may be done to a world of 250, and which of its pages of 100 are written anew then. */
static void change_status(struct world *w)
{
	world_set_status(w, world_at(w, 150), "Odd");
}

static void change_nothing(struct world *w)
{
	world_set_name(w, world_at(w, 150), world_at(w, 150)->name);
}

static void remove_first(struct world *w)
{
	world_remove(w, world_at(w, 0));
}

static void hide_last(struct world *w)
{
	world_hide(w, world_at(w, world_count(w) - 1));
}

static void add_one(struct world *w)
{
	world_add(w, 0, WORLD_LAST);
}

static const struct {
	void (*change)(struct world *w);
	const char *pages; /* '1' where it is another body afterwards */
} rewrites[] = {
	{change_nothing, "000"}, {change_status, "010"}, {remove_first, "111"},
	{add_one, "111"},        {world_shuffle, "111"}, {hide_last, "111"},
};

START_TEST(only_pages_that_changed_are_written_anew)
{
	struct server_body *before[3];
	char anew[4] = "000";
	struct book b;

	open_book(&b, 250);
	for (unsigned i = 0; i < 3; i++)
		before[i] = server_body_hold(pages_packed(b.pages, i + 1, 100));
	rewrites[_i].change(b.w);
	for (unsigned i = 0; i < 3; i++) {
		if (pages_packed(b.pages, i + 1, 100) != before[i])
			anew[i] = '1';
		server_body_drop(before[i]);
	}
	ck_assert_str_eq(anew, rewrites[_i].pages);
	close_book(&b);
}
END_TEST

START_TEST(several_sizes_of_page_are_kept_at_a_time)
{
	struct server_body *hundred;
	struct book b;

	open_book(&b, 250);
	hundred = pages_plain(b.pages, 1, 100);
	for (unsigned per_page = 10; per_page < 13; per_page++)
		pages_plain(b.pages, 1, per_page);
	ck_assert_ptr_eq(pages_plain(b.pages, 1, 100), hundred);
	for (unsigned per_page = 10; per_page < 60; per_page++)
		pages_plain(b.pages, 1, per_page);
	ck_assert_uint_gt(pages_plain(b.pages, 1, 100)->len, 100000);
	close_book(&b);
}
END_TEST

/* ---- limit ---- */

static bool take(struct limit *l, int64_t now_ms)
{
	return limit_take(l, now_ms).accepted;
}

START_TEST(the_window_slides)
{
	struct limit l;

	limit_init(&l, 3, 60000, 60000);
	ck_assert(take(&l, 0));
	ck_assert(take(&l, 20000));
	ck_assert_uint_eq(limit_take(&l, 40000).remaining, 0);
	ck_assert(take(&l, 60000)); /* the first is out */
	ck_assert(!take(&l, 60001));
	limit_clear(&l);
}
END_TEST

START_TEST(each_request_within_a_penalty_begins_it_again)
{
	struct limit_verdict v;
	struct limit l;

	limit_init(&l, 1, 60000, 30000);
	ck_assert(take(&l, 0));
	v = limit_take(&l, 10000);
	ck_assert(!v.accepted);
	ck_assert(!v.in_penalty); /* this one begins it */
	ck_assert_int_eq(v.retry_after_ms, 30000);
	v = limit_take(&l, 39999);
	ck_assert(!v.accepted);
	ck_assert(v.in_penalty);
	v = limit_take(&l, 69998); /* the window is long empty */
	ck_assert(!v.accepted);
	ck_assert(v.in_penalty);
	v = limit_take(&l, 99998); /* waited as told */
	ck_assert(v.accepted);
	ck_assert(!v.in_penalty);
	limit_clear(&l);
}
END_TEST

START_TEST(a_penalty_waited_out_leaves_the_window_empty)
{
	struct limit l;

	limit_init(&l, 2, 60000, 1000);
	ck_assert(take(&l, 0));
	ck_assert(take(&l, 0));
	ck_assert(!take(&l, 100));
	ck_assert_uint_eq(limit_take(&l, 1100).remaining, 1);
	limit_clear(&l);
}
END_TEST

START_TEST(a_limit_of_none_refuses_all)
{
	struct limit l;

	limit_init(&l, 0, 60000, 1000);
	ck_assert(!take(&l, 0));
	ck_assert(!take(&l, 5000));
	limit_clear(&l);
}
END_TEST

/* ---- tokens ---- */

static struct token_rules rules = {
	.access_ms = 1000,
	.refresh_ms = 5000,
	.refresh = true,
	.speed = 1,
	.sessions = TOKEN_SESSIONS,
};

START_TEST(a_token_lives_as_long_as_told)
{
	struct tokens t = {0};
	char access[TOKEN_BYTES];

	strcpy(access, tokens_open(&t, &rules, 100)->access);
	ck_assert_int_eq(tokens_use(&t, access, 1099), TOKEN_GOOD);
	ck_assert_int_eq(tokens_use(&t, access, 1100), TOKEN_EXPIRED);
	ck_assert_int_eq(tokens_use(&t, "", 200), TOKEN_UNKNOWN);
	ck_assert_int_eq(tokens_use(&t, "other", 200), TOKEN_UNKNOWN);
	tokens_revoke(&t, "other");
	ck_assert_int_eq(tokens_use(&t, access, 200), TOKEN_GOOD);
	tokens_revoke(&t, access);
	ck_assert_int_eq(tokens_use(&t, access, 200), TOKEN_UNKNOWN);
}
END_TEST

/* What is done after a refresh at 0, and whether the old refresh token still leads to the same
 * pair at a time after that. */
static const struct {
	int64_t used_ms; /* the new access token is; -1: never */
	int64_t at_ms;
	bool same;
} lost[] = {
	{-1, 0, true},
	{-1, TOKEN_LOST_MS - 1, true},
	{-1, TOKEN_LOST_MS, false},
	{5000, 5000 + TOKEN_USED_MS - 1, true},
	{5000, 5000 + TOKEN_USED_MS, false},
};

START_TEST(a_refresh_token_is_for_one_use_unless_the_answer_was_lost)
{
	struct token_rules r = rules;
	char refresh[TOKEN_BYTES], old[TOKEN_BYTES], access[TOKEN_BYTES];
	const struct token_session *s;
	struct tokens t = {0};

	r.access_ms = r.refresh_ms = 2 * TOKEN_LOST_MS;
	s = tokens_open(&t, &r, 0);
	strcpy(refresh, s->refresh);
	strcpy(old, s->access);
	ck_assert_int_eq(tokens_refresh(&t, refresh, &r, 0, &s), TOKEN_GOOD);
	strcpy(access, s->access);
	ck_assert_str_ne(access, old);
	ck_assert_int_eq(tokens_use(&t, old, 0), TOKEN_UNKNOWN); /* dead at once */
	if (lost[_i].used_ms >= 0)
		ck_assert_int_eq(tokens_use(&t, access, lost[_i].used_ms), TOKEN_GOOD);
	ck_assert_int_eq(tokens_refresh(&t, refresh, &r, lost[_i].at_ms, &s),
			 lost[_i].same ? TOKEN_GOOD : TOKEN_UNKNOWN);
	ck_assert_str_eq(s->access, access); /* the same again */
	ck_assert_int_eq(tokens_refresh(&t, s->refresh, &r, lost[_i].at_ms, &s),
			 TOKEN_GOOD);
	ck_assert_str_ne(s->access, access);
}
END_TEST

START_TEST(a_refresh_token_dies_in_its_time)
{
	struct tokens t = {0};
	const struct token_session *s = tokens_open(&t, &rules, 0);

	ck_assert_int_eq(tokens_refresh(&t, s->refresh, &rules, 5000, &s), TOKEN_EXPIRED);
	ck_assert_int_eq(tokens_refresh(&t, "other", &rules, 0, &s), TOKEN_UNKNOWN);
	ck_assert_int_eq(tokens_refresh(&t, s->refresh, &rules, 4999, &s), TOKEN_GOOD);
}
END_TEST

START_TEST(everything_of_a_token_passes_as_fast_as_told)
{
	struct token_rules r = rules;
	struct tokens t = {0};
	const struct token_session *s;

	r.speed = 10;
	s = tokens_open(&t, &r, 0);
	ck_assert_int_eq(s->until_ms, 100);
	ck_assert_int_eq(s->refresh_until_ms, 500);
}
END_TEST

START_TEST(the_sixth_session_ends_the_first)
{
	struct tokens t = {0};
	char access[TOKEN_SESSIONS + 1][TOKEN_BYTES];

	for (int i = 0; i <= TOKEN_SESSIONS; i++)
		strcpy(access[i], tokens_open(&t, &rules, 0)->access);
	ck_assert_int_eq(tokens_use(&t, access[0], 1), TOKEN_UNKNOWN);
	for (int i = 1; i <= TOKEN_SESSIONS; i++)
		ck_assert_int_eq(tokens_use(&t, access[i], 1), TOKEN_GOOD);
	tokens_expire_all(&t, 500);
	for (int i = 1; i <= TOKEN_SESSIONS; i++)
		ck_assert_int_eq(tokens_use(&t, access[i], 500), TOKEN_EXPIRED);
	tokens_revoke_all(&t);
	for (int i = 0; i <= TOKEN_SESSIONS; i++)
		ck_assert_int_eq(tokens_use(&t, access[i], 1), TOKEN_UNKNOWN);
}
END_TEST

START_TEST(a_session_that_ended_makes_room)
{
	struct token_rules r = rules;
	struct tokens t = {0};
	char first[TOKEN_BYTES], second[TOKEN_BYTES];

	r.sessions = 2;
	r.refuse_more = true;
	strcpy(first, tokens_open(&t, &r, 0)->access);
	strcpy(second, tokens_open(&t, &r, 0)->access);
	ck_assert_ptr_null(tokens_open(&t, &r, 1));
	tokens_revoke(&t, second);
	ck_assert_ptr_nonnull(tokens_open(&t, &r, 2));
	ck_assert_int_eq(tokens_use(&t, first, 2), TOKEN_GOOD);
	ck_assert_ptr_null(tokens_open(&t, &r, 4999));
	ck_assert_ptr_nonnull(tokens_open(&t, &r, 5000)); /* the first is dead, too */
}
END_TEST

START_TEST(a_token_says_whose_it_is)
{
	struct tokens t = {.owner = 299};

	ck_assert_uint_eq(token_owner(tokens_open(&t, &rules, 0)->access), 299);
	ck_assert_uint_eq(token_owner("nonsense"), UINT32_MAX);
	ck_assert_uint_eq(token_owner("12b"), UINT32_MAX);
	ck_assert_uint_eq(token_owner(""), UINT32_MAX);
}
END_TEST

/* What the world told last of a change. */
static char told[256];
static unsigned n_told;

static void on_changed(const struct world_change *c, void *data)
{
	ck_assert_ptr_eq(data, told);
	n_told++;
	snprintf(told, sizeof told, "%s %s %s: %s -> %s", c->thing, c->id, c->field,
		 c->from != NULL ? c->from : "none", c->to != NULL ? c->to : "none");
}

/* ---- life ---- */

/* All that life does in so many ms, in steps, as text; for free(). */
static struct buf diary;

static void write_diary(const struct world_change *c, void *data)
{
	(void)data;
	buf_printf(&diary, "%s %s %s %s\n", c->id, c->field,
		   c->from != NULL ? c->from : "-", c->to != NULL ? c->to : "-");
}

static char *live(size_t n_devices, double share, int64_t until_ms, int64_t step_ms)
{
	struct world *w = make_world(n_devices, 3);
	struct life *l = life_create(w, 3);

	buf_init(&diary, TEXT_MAX);
	world_watch(w, write_diary, NULL);
	life_set_rate(l, share, 0);
	for (int64_t now_ms = 0; now_ms <= until_ms; now_ms += step_ms)
		life_run(l, now_ms, DAY);
	life_destroy(l);
	world_destroy(w);
	return diary.data;
}

START_TEST(life_is_the_same_however_often_it_is_asked)
{
	char *fine = live(200, 0.05, 600000, 100);
	char *coarse = live(200, 0.05, 600000, 60000);

	ck_assert_str_eq(fine, coarse);
	free(fine);
	free(coarse);
}
END_TEST

START_TEST(a_phone_goes_offline_first)
{
	struct world *w = make_world(200, 3);
	struct life *l = life_create(w, 3);

	ck_assert_int_eq(life_next_ms(l), LIFE_NEVER);
	world_watch(w, on_changed, told);
	life_set_rate(l, 0.0001, 1000);
	ck_assert_int_eq(life_next_ms(l), 1000 + LIFE_FIRST_MS);
	life_run(l, 1000 + LIFE_FIRST_MS - 1, DAY);
	ck_assert_uint_eq(n_told, 0);
	life_run(l, 1000 + LIFE_FIRST_MS, DAY);
	ck_assert_uint_eq(n_told, 1);
	ck_assert_ptr_nonnull(strstr(told, "status: Online -> Offline"));
	life_set_rate(l, 0, 5000);
	life_run(l, INT64_C(3600000), DAY);
	ck_assert_uint_eq(n_told, 2); /* it came back all the same */
	ck_assert_ptr_nonnull(strstr(told, "status: Offline -> Online"));
	ck_assert_int_eq(life_next_ms(l), LIFE_NEVER);
	life_destroy(l);
	world_destroy(w);
}
END_TEST

START_TEST(life_changes_the_share_it_is_told_to)
{
	char *text = live(2000, 0.05, 3600000, 1000); /* 100 a minute for an hour */
	unsigned n = 0;

	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		n++;
	ck_assert_uint_gt(n, 5400);
	ck_assert_uint_lt(n, 6600);
	ck_assert_ptr_nonnull(strstr(text, " lastLocationReportTime "));
	ck_assert_ptr_nonnull(strstr(text, " name "));
	ck_assert_ptr_nonnull(strstr(text, " site "));
	ck_assert_ptr_nonnull(strstr(text, " added "));
	ck_assert_ptr_nonnull(strstr(text, " removed "));
	ck_assert_ptr_null(strstr(text, " status - "));
	free(text);
}
END_TEST

START_TEST(life_ends_with_nobody_to_live_it)
{
	free(live(0, 1, 60000, 1000)); /* does not hang */
	free(live(1, 10, 600000, 1000));
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_page_tells_where_it_stands, COUNT(cuts)},
		{an_account_without_devices_has_an_empty_page, 1},
		{a_packed_page_unpacks_to_the_plain_one, 1},
		{only_pages_that_changed_are_written_anew, COUNT(rewrites)},
		{several_sizes_of_page_are_kept_at_a_time, 1},
		{the_window_slides, 1},
		{each_request_within_a_penalty_begins_it_again, 1},
		{a_penalty_waited_out_leaves_the_window_empty, 1},
		{a_limit_of_none_refuses_all, 1},
		{a_token_lives_as_long_as_told, 1},
		{a_refresh_token_is_for_one_use_unless_the_answer_was_lost, COUNT(lost)},
		{a_refresh_token_dies_in_its_time, 1},
		{everything_of_a_token_passes_as_fast_as_told, 1},
		{the_sixth_session_ends_the_first, 1},
		{a_session_that_ended_makes_room, 1},
		{a_token_says_whose_it_is, 1},
		{life_is_the_same_however_often_it_is_asked, 1},
		{a_phone_goes_offline_first, 1},
		{life_changes_the_share_it_is_told_to, 1},
		{life_ends_with_nobody_to_live_it, 1},
	};

	return suite_run("sim", tests, COUNT(tests), NULL, NULL);
}
