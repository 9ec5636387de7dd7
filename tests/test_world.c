/* What is played: devices, their records, their extensions, and how they change. */
#include "sim/world.h"

#include "lib/suite.h"

#include <jansson.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sim/edit.h"
#include "sim/extension.h"
#include "sim/list.h"
#include "sim/record.h"

#define DAY      INT64_C(1789344000000) /* 2026-09-14T00:00:00Z */
#define TEXT_MAX ((size_t)1 << 28)

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

		if (world_at(w, i)->type != WORLD_HARD_PHONE || world_at(w, i)->in_stock)
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

static void on_changed(const struct world_change *c, void *data)
{
	ck_assert_ptr_eq(data, told);
	n_told++;
	snprintf(told, sizeof told, "%s %s %s: %s -> %s", c->thing, c->id, c->field,
		 c->from != NULL ? c->from : "none", c->to != NULL ? c->to : "none");
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
	snprintf(line, sizeof line, "device %s status: Online -> Offline", id);
	ck_assert_str_eq(told, line);
	world_set_status(w, d, "");
	snprintf(line, sizeof line, "device %s status: Offline -> none", id);
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
	struct world_device *d = world_add(w, 1, WORLD_LAST);

	strcpy(first, d->id);
	ck_assert_str_eq(d->status, "Online");
	ck_assert_ptr_eq(world_at(w, 3), d);
	world_remove(w, d);
	d = world_add(w, 1, WORLD_LAST);
	ck_assert_str_ne(d->id, first);
	world_destroy(w);
}
END_TEST

/* The ids in the list, without the part that all share, as "0 7 14 "; in a buffer that the next
 * call overwrites. */
static const char *order_of(const struct world *w)
{
	static char text[256];
	unsigned long long first = UINT64_MAX;

	for (const struct world_device *d = world_next(w, NULL); d != NULL;
	     d = world_next(w, d))
		if (strtoull(d->id, NULL, 10) < first)
			first = strtoull(d->id, NULL, 10);
	text[0] = '\0';
	for (size_t i = 0; i < world_count(w); i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%llu ",
			 strtoull(world_at(w, i)->id, NULL, 10) - first);
	return text;
}

START_TEST(what_is_hidden_comes_back_to_its_place)
{
	struct world *w = make_world(5, 1);
	struct world_device *a = world_at(w, 1), *b = world_at(w, 3);
	uint64_t version = world_version(w, 0, 1);

	ck_assert_str_eq(order_of(w), "0 7 14 21 28 ");
	world_watch(w, on_changed, told);
	world_hide(w, a);
	world_hide(w, a);
	world_hide(w, b);
	ck_assert_uint_eq(n_told, 2);
	ck_assert_str_eq(order_of(w), "0 14 28 ");
	ck_assert_uint_gt(world_version(w, 0, 1), version);
	ck_assert_ptr_eq(world_find(w, a->id), a);
	world_remove(w, world_at(w, 0));
	ck_assert_str_eq(order_of(w), "7 21 ");
	world_show(w, b);
	world_show(w, a);
	ck_assert_uint_eq(world_count(w), 4);
	ck_assert_ptr_eq(world_at(w, 0), a);
	ck_assert_ptr_eq(world_at(w, 2), b);
	world_destroy(w);
}
END_TEST

START_TEST(a_device_comes_first_or_last)
{
	struct world *w = make_world(3, 1);

	world_remove(w, world_at(w, 1));
	world_add(w, 0, WORLD_FIRST);
	world_add(w, 0, WORLD_LAST);
	ck_assert_str_eq(order_of(w), "21 0 14 28 ");
	world_shuffle(w);
	ck_assert_uint_eq(world_count(w), 4);
	world_destroy(w);
}
END_TEST

/* ---- extensions ---- */

static json_t *extension_record(const struct world *w, const struct world_extension *e)
{
	json_error_t error;
	struct buf b;
	json_t *record;

	buf_init(&b, TEXT_MAX);
	extension_add(&b, w, e);
	record = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(record != NULL, "%s in %s", error.text, b.data);
	buf_clear(&b);
	return record;
}

START_TEST(the_extensions_are_those_of_the_records)
{
	struct world *w = make_world(200, 1);
	unsigned n_shared = 0, n_empty = 0;

	for (size_t i = 0; i < world_count(w); i++) {
		const struct world_device *d = world_at(w, i);
		json_t *r = record_of(w, d), *own = json_object_get(r, "extension");
		const struct world_extension *e = world_extension_of(w, d);
		json_t *listed;

		ck_assert_int_eq(own == NULL, e == NULL);
		if (e != NULL) {
			listed = extension_record(w, e);
			ck_assert(json_equal(json_object_get(own, "id"),
					     json_object_get(listed, "id")));
			ck_assert(json_is_integer(json_object_get(listed, "id")));
			ck_assert_str_eq(text_of(own, "uri"), text_of(listed, "uri"));
			ck_assert_str_eq(text_of(own, "extensionNumber"),
					 text_of(listed, "extensionNumber"));
			ck_assert_ptr_eq(
				world_find_extension(w, text_of(own, "extensionNumber")),
				e);
			json_decref(listed);
			n_shared += e->devices != d;
		}
		json_decref(r);
	}
	for (size_t i = 0; i < world_n_extensions(w); i++)
		n_empty += world_extension_at(w, i)->devices == NULL;
	ck_assert_uint_eq(world_n_extensions(w), 200);
	ck_assert_uint_eq(n_shared, 16); /* soft, web, mobile and the placeholder */
	ck_assert_uint_eq(n_empty, 24);  /* whose devices are those, pagers, and spare */
	world_destroy(w);
}
END_TEST

START_TEST(a_spare_extension_has_no_number)
{
	struct world *w = make_world(50, 1);
	json_t *r = extension_record(w, world_extension_at(w, 31));

	ck_assert_str_eq(text_of(r, "status"), "Unassigned");
	ck_assert_ptr_null(json_object_get(r, "extensionNumber"));
	ck_assert_str_eq(text_of(r, "type"), "User");
	json_decref(r);
	world_destroy(w);
}
END_TEST

static const struct {
	const char *id;
	bool found;
} extension_ids[] = {
	{"62264000000", true},  {"62264000004", true}, {"62264000002", false},
	{"62264000020", false}, {"101", true},         {"105", true},
	{"106", false},         {"100", false},        {"", false},
	{"101x", false},        {"-101", false},
};

START_TEST(an_extension_is_found_by_id_and_number)
{
	struct world *w = make_world(5, 1);

	ck_assert_int_eq(world_find_extension(w, extension_ids[_i].id) != NULL,
			 extension_ids[_i].found);
	world_destroy(w);
}
END_TEST

START_TEST(a_swap_changes_extension_and_lines_of_both_and_nothing_else)
{
	struct world *w = make_world(20, 1);
	struct world_device *a = world_at(w, 0), *b = world_at(w, 11);
	json_t *a_was = record_of(w, a), *b_was = record_of(w, b), *a_is, *b_is;
	char line[128];

	ck_assert_ptr_eq(world_extension_of(w, world_at(w, 12)),
			 world_extension_of(w, b)); /* b's soft phone stays behind */
	world_watch(w, on_changed, told);
	world_swap(w, a, b);
	ck_assert_uint_eq(n_told, 2);
	snprintf(line, sizeof line, "device %s extension: 112 -> 101", b->id);
	ck_assert_str_eq(told, line);
	a_is = record_of(w, a);
	b_is = record_of(w, b);
	for (int i = 0; i < 2; i++) {
		const char *name = i == 0 ? "extension" : "phoneLines";

		ck_assert(json_equal(json_object_get(a_is, name),
				     json_object_get(b_was, name)));
		ck_assert(json_equal(json_object_get(b_is, name),
				     json_object_get(a_was, name)));
		json_object_del(a_was, name);
		json_object_del(a_is, name);
	}
	ck_assert(json_equal(a_is, a_was));
	ck_assert_ptr_eq(world_find_extension(w, "101")->devices, b);
	ck_assert_ptr_eq(world_find_extension(w, "112")->devices, world_at(w, 12));
	ck_assert_ptr_eq(world_find_extension(w, "112")->devices->other, a);
	json_decref(a_was);
	json_decref(a_is);
	json_decref(b_was);
	json_decref(b_is);
	world_destroy(w);
}
END_TEST

START_TEST(an_extension_changes_and_goes)
{
	struct world *w = make_world(20, 1);
	struct world_extension *e = world_find_extension(w, "112");
	uint64_t version = world_extensions_version(w, 0, 20);
	json_t *r;

	world_watch(w, on_changed, told);
	world_set_extension_name(w, e, "Front \"desk\"");
	ck_assert_str_eq(told,
			 "extension 62264000044 name: Colleague 112 -> Front \"desk\"");
	world_set_extension_status(w, e, WORLD_EXTENSION_FROZEN);
	ck_assert_str_eq(told, "extension 62264000044 status: Enabled -> Frozen");
	ck_assert_uint_gt(world_extensions_version(w, 11, 1), version);
	ck_assert_uint_eq(world_extensions_version(w, 12, 8), version);
	r = extension_record(w, e);
	ck_assert_str_eq(text_of(r, "name"), "Front \"desk\"");
	ck_assert_str_eq(text_of(r, "status"), "Frozen");
	json_decref(r);
	world_remove_extension(w, e);
	ck_assert_uint_eq(world_n_extensions(w), 19);
	ck_assert_ptr_null(world_find_extension(w, "112"));
	r = record_of(w, world_at(w, 12)); /* it had two */
	ck_assert_ptr_null(json_object_get(r, "extension"));
	json_decref(r);
	world_destroy(w);
}
END_TEST

START_TEST(accounts_have_no_id_in_common)
{
	struct world_config config = {.n_devices = 2000, .n_sites = 1, .seed = 1};
	struct world *a = world_create(&config), *b;

	config.account = 1;
	b = world_create(&config);
	ck_assert_str_ne(world_account_id(a), world_account_id(b));
	for (size_t i = 0; i < 2000; i++) {
		ck_assert_ptr_null(world_find(a, world_at(b, i)->id));
		ck_assert(matches("^[0-9]{12}$", world_at(b, i)->id));
		ck_assert_uint_lt(world_extension_at(a, i)->id,
				  world_extension_at(b, 0)->id);
	}
	world_destroy(a);
	world_destroy(b);
}
END_TEST

/* ---- edits ---- */

static const struct {
	const char *path, *text, *result;
} edit_cases[] = {
	{"b", "7", "{\"a\":{\"x\":1},\"b\":7,\"c\":[1,2,3]}"},
	{"b", NULL, "{\"a\":{\"x\":1},\"c\":[1,2,3]}"},
	{"new", "null", "{\"a\":{\"x\":1},\"b\":\"z\",\"c\":[1,2,3],\"new\":null}"},
	{"a.x", "\"y\"", "{\"a\":{\"x\":\"y\"},\"b\":\"z\",\"c\":[1,2,3]}"},
	{"a.p.q", "{}", "{\"a\":{\"x\":1,\"p\":{\"q\":{}}},\"b\":\"z\",\"c\":[1,2,3]}"},
	{"c.0", NULL, "{\"a\":{\"x\":1},\"b\":\"z\",\"c\":[2,3]}"},
	{"c.last", "[]", "{\"a\":{\"x\":1},\"b\":\"z\",\"c\":[1,2,[]]}"},
	{"c.7", "9", "{\"a\":{\"x\":1},\"b\":\"z\",\"c\":[1,2,3]}"},
	{"c.x.y", "9", "{\"a\":{\"x\":1},\"b\":\"z\",\"c\":[1,2,3]}"},
	{"b.x", "9", "{\"a\":{\"x\":1},\"b\":\"z\",\"c\":[1,2,3]}"},
	/* Byte for byte, JSON or not. */
	{"b", "NaN", "{\"a\":{\"x\":1},\"b\":NaN,\"c\":[1,2,3]}"},
	{"b", "1,\"b\":2", "{\"a\":{\"x\":1},\"b\":1,\"b\":2,\"c\":[1,2,3]}"},
	{"b", "\"\xff\"", "{\"a\":{\"x\":1},\"b\":\"\xff\",\"c\":[1,2,3]}"},
};

START_TEST(an_edit_changes_what_its_path_names)
{
	struct edits edits = {0};
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_add_text(&text, "{\"a\": {\"x\": 1}, \"b\": \"z\", \"c\": [1, 2, 3]}");
	edits_put(&edits, edit_cases[_i].path, "\"an earlier one\"");
	edits_put(&edits, edit_cases[_i].path, edit_cases[_i].text);
	ck_assert(edits_apply(&edits, &text));
	ck_assert_str_eq(text.data, edit_cases[_i].result);
	edits_clear(&edits);
	buf_clear(&text);
}
END_TEST

START_TEST(what_is_no_json_is_not_edited)
{
	struct edits edits = {0};
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_add_text(&text, "<html>");
	edits_put(&edits, "a", "1");
	ck_assert(!edits_apply(&edits, &text));
	ck_assert_str_eq(text.data, "<html>");
	edits_clear(&edits);
	buf_clear(&text);
}
END_TEST

START_TEST(a_record_is_as_its_edits_leave_it)
{
	struct world *w = make_world(2, 1);
	struct world_device *d = world_at(w, 0);
	json_t *was = record_of(w, d), *r;
	char line[128];

	world_watch(w, on_changed, told);
	world_edit(w, d, "id", "123");
	snprintf(line, sizeof line, "device %s id: none -> 123", d->id);
	ck_assert_str_eq(told, line);
	world_edit(w, d, "emergency.addressStatus", "\"Invalid\"");
	world_edit(w, d, "model", NULL);
	r = record_of(w, d);
	ck_assert_int_eq(json_integer_value(json_object_get(r, "id")), 123);
	ck_assert_str_eq(text_of(json_object_get(r, "emergency"), "addressStatus"),
			 "Invalid");
	ck_assert_ptr_null(json_object_get(r, "model"));
	json_decref(r);
	world_unedit(w, d);
	ck_assert_uint_eq(n_told, 6);
	r = record_of(w, d);
	ck_assert(json_equal(r, was));
	json_decref(r);
	json_decref(was);
	world_destroy(w);
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
		{what_is_hidden_comes_back_to_its_place, 1},
		{a_device_comes_first_or_last, 1},
		{the_extensions_are_those_of_the_records, 1},
		{a_spare_extension_has_no_number, 1},
		{an_extension_is_found_by_id_and_number, COUNT(extension_ids)},
		{a_swap_changes_extension_and_lines_of_both_and_nothing_else, 1},
		{an_extension_changes_and_goes, 1},
		{accounts_have_no_id_in_common, 1},
		{an_edit_changes_what_its_path_names, COUNT(edit_cases)},
		{what_is_no_json_is_not_edited, 1},
		{a_record_is_as_its_edits_leave_it, 1},
	};

	return suite_run("world", tests, COUNT(tests), NULL, NULL);
}
