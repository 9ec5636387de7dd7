#include "model/diff.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

#include "model/field.h"

/* The sample with every member. */
static json_t *sample(void)
{
	char *text = suite_data("ringcentral/device_single.json", NULL);
	json_t *record = json_loads(text, 0, NULL);

	ck_assert_ptr_nonnull(record);
	ck_assert_uint_eq(field_clean(record, NULL), 0);
	free(text);
	return record;
}

static json_t *first_of(const char *file)
{
	char *name = mem_printf("ringcentral/%s", file);
	char *text = suite_data(name, NULL);
	json_t *page = json_loads(text, 0, NULL);
	json_t *record = json_array_get(json_object_get(page, "records"), 0);

	ck_assert(json_is_object(record));
	json_incref(record);
	json_decref(page);
	free(text);
	free(name);
	field_clean(record, NULL);
	return record;
}

static void check(const json_t *from, const json_t *to, const char *expected)
{
	json_t *changes = diff_records(from, to);
	char *text = json_dumps(changes, JSON_COMPACT);

	ck_assert_str_eq(text, expected);
	free(text);
	json_decref(changes);
}

/* The same members in the other order, all the way down; arrays too. */
static json_t *turned(const json_t *value)
{
	json_t *out, *member;
	const char *key;
	size_t n = json_array_size(value), i = 0;
	const char **keys;

	if (json_is_array(value)) {
		out = json_array();
		while (n-- > 0)
			json_array_append_new(out, turned(json_array_get(value, n)));
		return out;
	}
	if (!json_is_object(value))
		return json_deep_copy(value);
	out = json_object();
	keys = mem_alloc(json_object_size(value) * sizeof *keys);
	json_object_foreach((json_t *)value, key, member)
	{
		keys[i++] = key;
	}
	while (i-- > 0)
		json_object_set_new(out, keys[i],
				    turned(json_object_get(value, keys[i])));
	free(keys);
	return out;
}

START_TEST(order_is_no_change)
{
	json_t *a = sample(), *b = turned(a);
	json_t *c = first_of("edge/reordered_members.json");
	json_t *d = first_of("edge/number_exponent.json");
	char *x = json_dumps(a, 0), *y = json_dumps(b, 0);

	ck_assert_str_ne(x, y);
	check(a, b, "[]");
	check(b, a, "[]");
	check(c, d, "[{\"field\":\"box_billing_id\",\"from\":null,\"to\":8102341}]");
	free(x);
	free(y);
	json_decref(a);
	json_decref(b);
	json_decref(c);
	json_decref(d);
}
END_TEST

/* One change to the sample: JSON text of a patch for json_object_update_recursive. */
static const struct {
	const char *patch, *expected;
} changed[] = {
	{"{\"name\": \"Front desk\"}",
	 "[{\"field\":\"name\",\"from\":\"Lobby phone\",\"to\":\"Front desk\"}]"},
	{"{\"uri\": \"https://elsewhere.invalid/\"}", "[]"},
	{"{\"futureField\": {\"nested\": [1, 2]}}", "[]"},
	{"{\"extension\": {\"uri\": \"x\"}}", "[]"},
	{"{\"extension\": {\"id\": \"400131009\"}}", "[]"},
	{"{\"extension\": {\"id\": 400131009.0}}", "[]"},
	{"{\"extension\": {\"extensionNumber\": \"102\"}}",
	 "[{\"field\":\"extension.extension_number\",\"from\":\"101\",\"to\":\"102\"}]"},
	{"{\"model\": {\"features\": [\"HELD\", \"Paging\", \"Intercom\", \"CommonPhone\","
	 " \"BLA\"]}}",
	 "[]"},
	{"{\"model\": {\"features\": [\"HELD\"]}}",
	 "[{\"field\":\"model.features\",\"from\":[\"BLA\",\"CommonPhone\",\"HELD\","
	 "\"Intercom\",\"Paging\"],\"to\":[\"HELD\"]}]"},
	{"{\"model\": {\"addons\": [{\"id\": \"2\", \"name\": \"Example side car 32 keys\","
	 " \"count\": \"2\"}]}}",
	 "[]"},
	{"{\"emergency\": {\"addressStatus\": \"Invalid\", \"address\": {\"city\": \"Y\"}}}",
	 "[{\"field\":\"emergency.address.city\",\"from\":\"Springfield\",\"to\":\"Y\","
	 "\"personal\":true},"
	 "{\"field\":\"emergency.address_status\",\"from\":\"Valid\",\"to\":\"Invalid\"}]"},
	{"{\"boxBillingId\": 8102341.0}", "[]"},
	{"{\"useAsCommonPhone\": true}",
	 "[{\"field\":\"use_as_common_phone\",\"from\":false,\"to\":true}]"},
	{"{\"model\": {\"addons\": []}}",
	 "[{\"field\":\"model.addons[2].count\",\"from\":\"2\",\"to\":null},"
	 "{\"field\":\"model.addons[2].name\",\"from\":\"Example side car 32 keys\","
	 "\"to\":null}]"},
};

START_TEST(a_change_is_told_by_its_name)
{
	json_t *from = sample(), *to = sample();
	json_t *patch = json_loads(changed[_i].patch, 0, NULL);

	ck_assert_int_eq(json_object_update_recursive(to, patch), 0);
	check(from, to, changed[_i].expected);
	json_decref(from);
	json_decref(to);
	json_decref(patch);
}
END_TEST

/* ---- lists ---- */

#define LINE(id, label) "{\"id\":\"" id "\",\"phoneInfo\":{\"label\":\"" label "\"}}"
#define INFO(rest)      "{\"phoneInfo\":{" rest "}}"

static const struct {
	const char *from, *to, *expected;
} lists[] = {
	{LINE("1", "a") "," LINE("2", "b"), LINE("2", "b") "," LINE("1", "a"), "[]"},
	{LINE("1", "a") "," LINE("2", "b"), LINE("2", "b"),
	 "[{\"field\":\"phone_lines[1].label\",\"from\":\"a\",\"to\":null}]"},
	{LINE("2", "b"), LINE("2", "c") "," LINE("1", "a"),
	 "[{\"field\":\"phone_lines[1].label\",\"from\":null,\"to\":\"a\"},"
	 "{\"field\":\"phone_lines[2].label\",\"from\":\"b\",\"to\":\"c\"}]"},
	{LINE("1", "a"), "{\"id\":1,\"phoneInfo\":{\"label\":\"a\"}}", "[]"},
	/* Without an id: by the number's id, else by the number, else by place. */
	{INFO("\"id\":9,\"label\":\"a\"") "," INFO("\"id\":8,\"label\":\"b\""),
	 INFO("\"id\":8,\"label\":\"b\"") "," INFO("\"id\":9,\"label\":\"a\""), "[]"},
	{INFO("\"phoneNumber\":\"+1\",\"label\":\"a\"") "," INFO(
		 "\"phoneNumber\":\"+2\",\"label\":\"b\""),
	 INFO("\"phoneNumber\":\"+2\",\"label\":\"c\"") "," INFO(
		 "\"phoneNumber\":\"+1\",\"label\":\"a\""),
	 "[{\"field\":\"phone_lines[+2].label\",\"from\":\"b\",\"to\":\"c\"}]"},
	{INFO("\"label\":\"a\""), INFO("\"label\":\"b\""),
	 "[{\"field\":\"phone_lines[0].label\",\"from\":\"a\",\"to\":\"b\"}]"},
	/* An id that comes twice: the same one is told of each time. */
	{LINE("1", "a") "," LINE("1", "b"), LINE("1", "b") "," LINE("1", "a"), "[]"},
};

START_TEST(lines_are_known_by_their_ids)
{
	char *a = mem_printf("{\"phoneLines\":[%s]}", lists[_i].from);
	char *b = mem_printf("{\"phoneLines\":[%s]}", lists[_i].to);
	json_t *from = json_loads(a, 0, NULL), *to = json_loads(b, 0, NULL);

	ck_assert_uint_eq(field_clean(from, NULL) + field_clean(to, NULL), 0);
	check(from, to, lists[_i].expected);
	json_decref(from);
	json_decref(to);
	free(a);
	free(b);
}
END_TEST

START_TEST(changes_are_in_order_of_their_names)
{
	json_t *from = sample(), *to = json_object();
	json_t *changes = diff_records(from, to);
	const char *last = "";

	ck_assert_uint_gt(json_array_size(changes), 80);
	for (size_t i = 0; i < json_array_size(changes); i++) {
		const json_t *change = json_array_get(changes, i);
		const char *name = json_string_value(json_object_get(change, "field"));

		ck_assert_str_gt(name, last);
		ck_assert(json_is_null(json_object_get(change, "to")));
		last = name;
	}
	json_decref(changes);
	json_decref(from);
	json_decref(to);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{order_is_no_change, 1},
		{a_change_is_told_by_its_name, COUNT(changed)},
		{lines_are_known_by_their_ids, COUNT(lists)},
		{changes_are_in_order_of_their_names, 1},
	};

	return suite_run("diff", tests, COUNT(tests), NULL, NULL);
}
