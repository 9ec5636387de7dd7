/* The parts of the simulation, each by itself. tests/test_play.c has the whole. */
#include "sim/world.h"

#include "lib/suite.h"

#include <jansson.h>
#include <libdeflate.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/server.h"
#include "sim/command.h"
#include "sim/fault.h"
#include "sim/life.h"
#include "sim/limit.h"
#include "sim/pack.h"
#include "sim/pages.h"
#include "sim/record.h"
#include "sim/script.h"
#include "sim/token.h"

#define DAY      INT64_C(1789344000000) /* 2026-09-14T00:00:00Z */
#define TEXT_MAX ((size_t)1 << 28)

static struct err err;

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

/* ---- world and records ---- */

static char *all_records(const struct world *w)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	for (size_t i = 0; i < world_count(w); i++) {
		record_add(&b, w, world_at(w, i));
		buf_add_text(&b, "\n");
	}
	return b.data;
}

START_TEST(the_same_seed_makes_the_same_bytes)
{
	struct world *a = make_world(300, 7), *b = make_world(300, 7);
	struct world *other = make_world(300, 8);
	char *text_a = all_records(a), *text_b = all_records(b);
	char *text_other = all_records(other);

	ck_assert_str_eq(text_a, text_b);
	ck_assert_str_ne(text_a, text_other);
	free(text_a);
	free(text_b);
	free(text_other);
	world_destroy(a);
	world_destroy(b);
	world_destroy(other);
}
END_TEST

static bool matches(const char *pattern, const char *text)
{
	regex_t re;
	int rc;

	ck_assert_int_eq(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	rc = text != NULL ? regexec(&re, text, 0, NULL, 0) : REG_NOMATCH;
	regfree(&re);
	return rc == 0;
}

static json_t *record_of(const struct world *w, const struct world_device *d)
{
	json_error_t error;
	struct buf b;
	json_t *record;

	buf_init(&b, TEXT_MAX);
	record_add(&b, w, d);
	record = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(record != NULL, "%s in %s", error.text, b.data);
	buf_clear(&b);
	return record;
}

static const char *text_of(const json_t *record, const char *name)
{
	return json_string_value(json_object_get(record, name));
}

START_TEST(ids_have_the_vendors_json_types)
{
	struct world *w = make_world(200, 1);

	for (size_t i = 0; i < world_count(w); i++) {
		json_t *r = record_of(w, world_at(w, i)), *line, *info;
		json_t *extension = json_object_get(r, "extension");
		size_t n;

		ck_assert(matches("^[0-9]{12}$", text_of(r, "id")));
		ck_assert(extension == NULL ||
			  json_is_integer(json_object_get(extension, "id")));
		ck_assert(json_is_array(json_object_get(r, "phoneLines")));
		json_array_foreach(json_object_get(r, "phoneLines"), n, line)
		{
			info = json_object_get(line, "phoneInfo");
			ck_assert(json_is_string(json_object_get(line, "id")));
			ck_assert(json_is_integer(json_object_get(info, "id")));
			ck_assert(matches("^\\+1555555[0-9]{4}$",
					  text_of(info, "phoneNumber")));
		}
		json_decref(r);
	}
	world_destroy(w);
}
END_TEST

START_TEST(ids_are_given_once)
{
	struct world *w = make_world(3000, 1);

	for (size_t i = 0; i < world_count(w); i++)
		ck_assert_ptr_eq(world_find(w, world_at(w, i)->id), world_at(w, i));
	world_destroy(w);
}
END_TEST

START_TEST(every_kind_of_device_is_there)
{
	struct world *w = make_world(200, 1);
	unsigned by_type[WORLD_N_TYPES] = {0}, in_stock = 0, without_status = 0;

	for (size_t i = 0; i < world_count(w); i++) {
		const struct world_device *d = world_at(w, i);
		json_t *r = record_of(w, d);

		by_type[d->type]++;
		in_stock += json_object_get(r, "extension") == NULL &&
			    d->type == WORLD_HARD_PHONE;
		without_status += json_object_get(r, "status") == NULL;
		if (d->type == WORLD_WEBRTC)
			ck_assert_str_eq(text_of(r, "status"), "Offline");
		json_decref(r);
	}
	for (int i = 0; i < WORLD_N_TYPES; i++)
		ck_assert_uint_gt(by_type[i], 0);
	ck_assert_uint_gt(by_type[WORLD_HARD_PHONE], 140);
	ck_assert_uint_eq(in_stock, 4);
	ck_assert_uint_eq(without_status, 4);
	world_destroy(w);
}
END_TEST

START_TEST(a_desk_phone_is_as_large_as_the_vendors)
{
	struct world *w = make_world(200, 1);

	for (size_t i = 0; i < world_count(w); i++) {
		struct buf b;

		if (world_at(w, i)->type != WORLD_HARD_PHONE || !world_at(w, i)->assigned)
			continue;
		buf_init(&b, TEXT_MAX);
		record_add(&b, w, world_at(w, i));
		ck_assert_uint_ge(b.len, 2200);
		ck_assert_uint_le(b.len, 2600);
		buf_clear(&b);
	}
	world_destroy(w);
}
END_TEST

/* What the world told last of a change. */
static char told[256];
static unsigned n_told;

static void on_changed(const struct world_device *d, const char *field, const char *from,
		       const char *to, void *data)
{
	ck_assert_ptr_eq(data, told);
	n_told++;
	snprintf(told, sizeof told, "%s %s: %s -> %s", d->id, field,
		 from != NULL ? from : "none", to != NULL ? to : "none");
}

START_TEST(each_change_is_told_once_and_shows_in_the_record)
{
	struct world *w = make_world(5, 1);
	struct world_device *d = world_at(w, 0);
	char line[256], id[WORLD_ID_BYTES];
	uint32_t boston = world_find_site(w, "Boston");
	json_t *r;

	world_watch(w, on_changed, told);
	strcpy(id, d->id);
	world_set_status(w, d, "Offline");
	world_set_status(w, d, "Offline");
	ck_assert_uint_eq(n_told, 1);
	snprintf(line, sizeof line, "%s status: Online -> Offline", id);
	ck_assert_str_eq(told, line);
	world_set_status(w, d, "");
	snprintf(line, sizeof line, "%s status: Offline -> none", id);
	ck_assert_str_eq(told, line);
	world_set_name(w, d, "A \"quoted\" \\ name");
	world_set_site(w, d, boston);
	world_set_report(w, d, DAY);
	r = record_of(w, d);
	ck_assert_ptr_null(json_object_get(r, "status"));
	ck_assert_str_eq(text_of(r, "name"), "A \"quoted\" \\ name");
	ck_assert_str_eq(text_of(json_object_get(r, "site"), "name"), "Boston");
	ck_assert_str_eq(text_of(r, "lastLocationReportTime"),
			 "2026-09-14T00:00:00.000Z");
	json_decref(r);
	world_remove(w, d);
	ck_assert_ptr_null(world_find(w, id));
	ck_assert_uint_eq(world_count(w), 4);
	world_destroy(w);
}
END_TEST

START_TEST(an_added_device_gets_an_id_of_its_own)
{
	struct world *w = make_world(3, 1);
	char first[WORLD_ID_BYTES];
	struct world_device *d = world_add(w, 1);

	strcpy(first, d->id);
	ck_assert_str_eq(d->status, "Online");
	ck_assert_ptr_eq(world_at(w, 3), d);
	world_remove(w, d);
	d = world_add(w, 1);
	ck_assert_str_ne(d->id, first);
	world_destroy(w);
}
END_TEST

/* ---- pages ---- */

struct book {
	struct world *w;
	struct packer *packer;
	struct pages *pages;
};

static struct book open_book(size_t n_devices)
{
	struct book b = {.w = make_world(n_devices, 1), .packer = packer_create()};

	b.pages = pages_create(b.w, b.packer, "http://127.0.0.1:1");
	return b;
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
	struct book b = open_book(250);
	json_t *page = load_page(&b, cuts[_i].page, cuts[_i].per_page);
	json_t *paging = json_loads(cuts[_i].paging, 0, NULL), *link;
	json_int_t start = json_integer_value(json_object_get(paging, "pageStart"));
	char links[128] = "";
	const char *name;
	size_t i;
	json_t *record;

	ck_assert(json_equal(json_object_get(page, "paging"), paging));
	json_object_foreach(json_object_get(page, "navigation"), name, link)
	{
		strcat(strcat(links, name), " ");
		ck_assert(matches("^http://127.0.0.1:1/restapi/v1.0/account/400131008/"
				  "device\\?page=[0-9]+&perPage=[0-9]+$",
				  text_of(link, "uri")));
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
	struct book b = open_book(0);
	json_t *page = load_page(&b, 1, 100);
	json_t *expected = json_loads(
		"{\"perPage\":100,\"totalPages\":0,\"totalElements\":0}", 0, NULL);

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
	struct book b = open_book(250);
	struct server_body *packed = server_body_hold(pages_packed(b.pages, 2, 100));
	const struct server_body *plain = pages_plain(b.pages, 2, 100);
	struct server_body *stamped = pack_stamped(packed, 0x01020304);
	size_t len;
	char *text = unpack(packed, &len);

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

static void add_one(struct world *w)
{
	world_add(w, 0);
}

static const struct {
	void (*change)(struct world *w);
	const char *pages; /* '1' where it is another body afterwards */
} rewrites[] = {
	{change_nothing, "000"}, {change_status, "010"}, {remove_first, "111"},
	{add_one, "111"},        {world_shuffle, "111"},
};

START_TEST(only_pages_that_changed_are_written_anew)
{
	struct book b = open_book(250);
	struct server_body *before[3];
	char anew[4] = "000";

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
	struct book b = open_book(250);
	struct server_body *hundred = pages_plain(b.pages, 1, 100);

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

static const struct token_lives lives = {.access_ms = 1000, .refresh_ms = 5000};

START_TEST(a_token_lives_as_long_as_told)
{
	struct tokens t = {0};
	char access[TOKEN_BYTES];

	strcpy(access, tokens_open(&t, lives, 100)->access);
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

START_TEST(a_refresh_token_is_for_one_use_unless_the_answer_was_lost)
{
	struct tokens t = {0};
	const struct token_session *s = tokens_open(&t, lives, 0);
	char refresh[TOKEN_BYTES], old[TOKEN_BYTES], access[TOKEN_BYTES];

	strcpy(refresh, s->refresh);
	strcpy(old, s->access);
	ck_assert_int_eq(tokens_refresh(&t, refresh, lives, 500, &s), TOKEN_GOOD);
	strcpy(access, s->access);
	ck_assert_int_eq(tokens_use(&t, old, 500), TOKEN_UNKNOWN); /* dead at once */
	ck_assert_int_eq(tokens_refresh(&t, refresh, lives, 600, &s), TOKEN_GOOD);
	ck_assert_str_eq(s->access, access); /* the same again */
	ck_assert_int_eq(tokens_use(&t, access, 700), TOKEN_GOOD);
	ck_assert_int_eq(tokens_refresh(&t, refresh, lives, 800, &s), TOKEN_UNKNOWN);
	strcpy(refresh, s->refresh);
	ck_assert_int_eq(tokens_refresh(&t, refresh, lives, 5500, &s), TOKEN_EXPIRED);
}
END_TEST

START_TEST(the_sixth_session_ends_the_first)
{
	struct tokens t = {0};
	char access[TOKEN_SESSIONS + 1][TOKEN_BYTES];

	for (int i = 0; i <= TOKEN_SESSIONS; i++)
		strcpy(access[i], tokens_open(&t, lives, 0)->access);
	ck_assert_int_eq(tokens_use(&t, access[0], 1), TOKEN_UNKNOWN);
	for (int i = 1; i <= TOKEN_SESSIONS; i++)
		ck_assert_int_eq(tokens_use(&t, access[i], 1), TOKEN_GOOD);
	tokens_revoke_all(&t);
	for (int i = 0; i <= TOKEN_SESSIONS; i++)
		ck_assert_int_eq(tokens_use(&t, access[i], 1), TOKEN_UNKNOWN);
}
END_TEST

/* ---- commands ---- */

/* A fault command, and which of requests in a row it hits: l list page 1, 2 list page 2, t
 * token, o other; in capitals (# for 2) where hit. */
static const struct {
	const char *line, *requests;
} hits[] = {
	{"fault close", "Ll"},
	{"fault close", "toLl2"},
	{"fault times 2 close", "LtLl"},
	{"fault always close", "LLL#"},
	{"fault page 2 close", "l#2l"},
	{"fault on token close", "lTt"},
	{"fault on any times 3 close", "LTOl"},
	{"fault after 2 requests close", "ltlL2"},
	{"fault after 1 requests times 2 page 2 close", "l2##2"},
};

START_TEST(a_fault_hits_the_requests_it_names)
{
	struct faults faults = {0};
	struct command c;
	struct fault f;

	ck_assert_int_eq(command_parse(&c, hits[_i].line, strlen(hits[_i].line), &err),
			 0);
	faults_take_add(&faults, &c.fault);
	for (const char *r = hits[_i].requests; *r != '\0'; r++) {
		enum fault_target target = strchr("lL2#", *r) != NULL ? FAULT_ON_LIST
					   : strchr("tT", *r) != NULL ? FAULT_ON_TOKEN
								      : FAULT_ON_ANY;
		unsigned page = strchr("2#", *r) != NULL ? 2 : strchr("lL", *r) != NULL;
		bool hit = strchr("LTO#", *r) != NULL;

		ck_assert_msg(faults_take(&faults, target, page, &f) == hit, "%s at %s",
			      hits[_i].line, r);
	}
	faults_clear(&faults);
	command_clear(&c);
}
END_TEST

START_TEST(faults_queue_up_in_their_order)
{
	static const char text[] = "fault status 503\nfault hang\nfault times 2 html\n";
	static const enum fault_kind kinds[] = {FAULT_STATUS, FAULT_HANG, FAULT_HTML,
						FAULT_HTML};
	struct faults faults = {0};
	struct script s;
	struct fault f;

	ck_assert_int_eq(script_parse(&s, text, strlen(text), &err), 0);
	for (size_t i = 0; i < s.n; i++)
		faults_take_add(&faults, &s.commands[i].fault);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		ck_assert_int_eq(faults_take(&faults, FAULT_ON_LIST, 1, &f), 1);
		ck_assert_int_eq(f.kind, kinds[i]);
	}
	ck_assert_int_eq(faults_take(&faults, FAULT_ON_LIST, 1, &f), 0);
	faults_clear(&faults);
	script_clear(&s);
}
END_TEST

static const struct {
	const char *line;
	enum command_kind kind;
	int64_t at_ms;
	const char *subject, *text;
} lines[] = {
	{"", COMMAND_NONE, 0, NULL, NULL},
	{"  # a comment", COMMAND_NONE, 0, NULL, NULL},
	{"site Denver offline", COMMAND_SITE_STATUS, 0, "Denver", "Offline"},
	{"  site  \"Denver 2\"\tonline # back\r", COMMAND_SITE_STATUS, 0, "Denver 2",
	 "Online"},
	{"at 30s all offline", COMMAND_ALL_STATUS, 30000, NULL, "Offline"},
	{"device 8644 offline", COMMAND_DEVICE_STATUS, 0, "8644", "Offline"},
	{"device 8644 status Initial", COMMAND_DEVICE_STATUS, 0, "8644", "Initial"},
	{"device 8644 status none", COMMAND_DEVICE_STATUS, 0, "8644", ""},
	{"device 8644 name \"New \\\"name\\\" \\\\ #1\"", COMMAND_DEVICE_NAME, 0, "8644",
	 "New \"name\" \\ #1"},
	{"device 8644 name \"\"", COMMAND_DEVICE_NAME, 0, "8644", ""},
	{"device 8644 site Boston", COMMAND_DEVICE_SITE, 0, "8644", "Boston"},
	{"device 8644 site none", COMMAND_DEVICE_SITE, 0, "8644", NULL},
	{"device 8644 location now", COMMAND_DEVICE_LOCATION, 0, "8644", NULL},
	{"device 8644 remove", COMMAND_DEVICE_REMOVE, 0, "8644", NULL},
	{"device add", COMMAND_DEVICE_ADD, 0, NULL, NULL},
	{"device add at Boston", COMMAND_DEVICE_ADD, 0, NULL, "Boston"},
	{"shuffle", COMMAND_SHUFFLE, 0, NULL, NULL},
	{"at 2m life off", COMMAND_LIFE, 120000, NULL, NULL},
	{"token revoke", COMMAND_TOKEN_REVOKE, 0, NULL, NULL},
	{"token refuse OAU-153", COMMAND_TOKEN_REFUSE, 0, NULL, "OAU-153"},
	{"token accept", COMMAND_TOKEN_REFUSE, 0, NULL, NULL},
	{"limit heavy=10/30", COMMAND_LIMIT, 0, "heavy", NULL},
	{"faults clear", COMMAND_FAULTS_CLEAR, 0, NULL, NULL},
};

static void check_text(const char *got, const char *expected)
{
	if (expected == NULL)
		ck_assert_ptr_null(got);
	else
		ck_assert_str_eq(got, expected);
}

START_TEST(a_command_is_read)
{
	struct command c;

	ck_assert_msg(command_parse(&c, lines[_i].line, strlen(lines[_i].line), &err) ==
			      0,
		      "%s", err.text);
	ck_assert_int_eq(c.kind, lines[_i].kind);
	ck_assert_int_eq(c.at_ms, lines[_i].at_ms);
	check_text(c.subject, lines[_i].subject);
	check_text(c.text, lines[_i].text);
	command_clear(&c);
}
END_TEST

static const struct {
	const char *line;
	enum fault_kind kind;
	uint64_t number;
	const char *retry_after, *code;
} fault_lines[] = {
	{"fault status 503", FAULT_STATUS, 503, "", ""},
	{"fault status 429 retry-after 15", FAULT_STATUS, 429, "15", ""},
	{"fault status 429 code CMN-310 retry-after \"Wed, 21 Oct 2026 07:28:00 GMT\"",
	 FAULT_STATUS, 429, "Wed, 21 Oct 2026 07:28:00 GMT", "CMN-310"},
	{"fault status 503 retry-after \"\"", FAULT_STATUS, 503, "", ""},
	{"fault truncate 100", FAULT_TRUNCATE, 100, "", ""},
	{"fault cut 0", FAULT_CUT, 0, "", ""},
	{"fault slow 1", FAULT_SLOW, 1, "", ""},
	{"fault bomb", FAULT_BOMB, 4096, "", ""},
	{"fault bomb 16", FAULT_BOMB, 16, "", ""},
	{"fault total 5000", FAULT_TOTAL, 5000, "", ""},
	{"fault garbage", FAULT_GARBAGE, 0, "", ""},
	{"fault huge", FAULT_HUGE, 0, "", ""},
};

START_TEST(a_fault_is_read)
{
	const char *line = fault_lines[_i].line;
	struct command c;

	ck_assert_msg(command_parse(&c, line, strlen(line), &err) == 0, "%s", err.text);
	ck_assert_int_eq(c.kind, COMMAND_FAULT);
	ck_assert_int_eq(c.fault.kind, fault_lines[_i].kind);
	ck_assert_uint_eq(c.fault.number, fault_lines[_i].number);
	ck_assert_str_eq(c.fault.retry_after, fault_lines[_i].retry_after);
	ck_assert_str_eq(c.fault.code, fault_lines[_i].code);
	command_clear(&c);
}
END_TEST

static const struct {
	const char *line, *text;
} wrong[] = {
	{"bogus",
	 "no command \"bogus\"; there are site, all, device, shuffle, life, token, "
	 "limit, fault and faults"},
	{"site Denver", "expected offline or online after \"Denver\""},
	{"site", "expected the name of a site after \"site\""},
	{"site Denver up", "expected offline or online, not \"up\""},
	{"site \"Denver", "a quote is not closed"},
	{"site Denver offline now", "nothing is expected after \"offline\""},
	{"at", "expected a duration as 30s after \"at\""},
	{"at 30 shuffle", "expected a duration as 30s, not \"30\""},
	{"at 30s", "expected a command after \"30s\""},
	{"device 1 location soon",
	 "expected now, none, or a time as 2026-09-14T09:21:07Z"},
	{"device 1 status 12345678901234567890123456789012",
	 "a status has at most 31 bytes"},
	{"device 1 fly",
	 "expected offline, online, remove, status, name, site or location, "
	 "not \"fly\""},
	{"device", "expected a device's id after \"device\""},
	{"life 5", "expected a share as \"5%\", or \"off\", not \"5\""},
	{"life -5%", "expected a share as \"5%\", or \"off\", not \"-5%\""},
	{"life", "expected a share as \"5%\", or \"off\", not \"\""},
	{"limit medium", "expected GROUP=N[/SECONDS], not \"medium\""},
	{"limit medium=1/0", "expected GROUP=N[/SECONDS], not \"medium=1/0\""},
	{"limit medium=x", "expected GROUP=N[/SECONDS], not \"medium=x\""},
	{"limit medium=1/2x", "expected GROUP=N[/SECONDS], not \"medium=1/2x\""},
	{"fault",
	 "expected a kind of fault (status, close, truncate, cut, hang, slow, bomb, "
	 "garbage, html, body, total or huge) after \"fault\""},
	{"fault explode",
	 "expected a kind of fault (status, close, truncate, cut, hang, slow, bomb, "
	 "garbage, html, body, total or huge), not \"explode\""},
	{"fault status", "expected a number of 200 to 599"},
	{"fault status 99", "expected a number of 200 to 599, not \"99\""},
	{"fault on moon close", "expected list, token or any, not \"moon\""},
	{"fault after 3 close", "expected requests, not \"close\""},
	{"fault body /nowhere/file", "/nowhere/file: No such file or directory"},
	{"fault times 0 close",
	 "expected a number of 1 to 9223372036854775807, not \"0\""},
	{"faults", "expected clear after \"faults\""},
};

START_TEST(a_wrong_command_is_named)
{
	struct command c;

	ck_assert_int_eq(command_parse(&c, wrong[_i].line, strlen(wrong[_i].line), &err),
			 ERR_FORMAT);
	ck_assert_str_eq(err.text, wrong[_i].text);
	ck_assert_ptr_null(c.subject);
}
END_TEST

START_TEST(a_script_is_in_the_order_of_its_times)
{
	static const char text[] = "at 20s shuffle\n"
				   "\n"
				   "at 10s all offline # first\n"
				   "at 20s all online\n"
				   "token revoke";
	static const enum command_kind kinds[] = {COMMAND_TOKEN_REVOKE,
						  COMMAND_ALL_STATUS, COMMAND_SHUFFLE,
						  COMMAND_ALL_STATUS};
	static const unsigned from[] = {5, 3, 1, 4};
	struct script s;

	ck_assert_int_eq(script_parse(&s, text, strlen(text), &err), 0);
	ck_assert_uint_eq(s.n, COUNT(kinds));
	for (size_t i = 0; i < s.n; i++) {
		ck_assert_int_eq(s.commands[i].kind, kinds[i]);
		ck_assert_uint_eq(s.lines[i], from[i]);
	}
	ck_assert_int_eq(script_next_ms(&s), 0);
	script_clear(&s);
	ck_assert_int_eq(script_next_ms(&s), INT64_MAX);
}
END_TEST

START_TEST(a_wrong_line_of_a_script_is_numbered)
{
	static const char text[] = "shuffle\n\nbogus\n";
	struct script s;

	ck_assert_int_eq(script_parse(&s, text, strlen(text), &err), ERR_FORMAT);
	ck_assert_ptr_eq(strstr(err.text, "line 3: no command \"bogus\""), err.text);
	ck_assert_uint_eq(s.n, 0);
}
END_TEST

/* ---- life ---- */

/* All that life does in so many ms, in steps, as text; for free(). */
static struct buf diary;

static void write_diary(const struct world_device *d, const char *field, const char *from,
			const char *to, void *data)
{
	(void)data;
	buf_printf(&diary, "%s %s %s %s\n", d->id, field, from != NULL ? from : "-",
		   to != NULL ? to : "-");
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
		{the_same_seed_makes_the_same_bytes, 1},
		{ids_have_the_vendors_json_types, 1},
		{ids_are_given_once, 1},
		{every_kind_of_device_is_there, 1},
		{a_desk_phone_is_as_large_as_the_vendors, 1},
		{each_change_is_told_once_and_shows_in_the_record, 1},
		{an_added_device_gets_an_id_of_its_own, 1},
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
		{a_refresh_token_is_for_one_use_unless_the_answer_was_lost, 1},
		{the_sixth_session_ends_the_first, 1},
		{a_fault_hits_the_requests_it_names, COUNT(hits)},
		{faults_queue_up_in_their_order, 1},
		{a_command_is_read, COUNT(lines)},
		{a_fault_is_read, COUNT(fault_lines)},
		{a_wrong_command_is_named, COUNT(wrong)},
		{a_script_is_in_the_order_of_its_times, 1},
		{a_wrong_line_of_a_script_is_numbered, 1},
		{life_is_the_same_however_often_it_is_asked, 1},
		{a_phone_goes_offline_first, 1},
		{life_changes_the_share_it_is_told_to, 1},
		{life_ends_with_nobody_to_live_it, 1},
	};

	return suite_run("sim", tests, COUNT(tests), NULL, NULL);
}
