/* The table of the vendor's members, against what is known of the vendor's record: every member
 * is in it, is told under its name when it changes, and is taken out where its type is wrong. */
#include "model/field.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/diff.h"

/* A line of tests/data/ringcentral/fields.txt. */
struct line {
	char path[96], kind[16], name[96];
	bool personal;
};

static struct line lines[200];
static size_t n_lines;

static void read_lines(void)
{
	char *text = suite_data("ringcentral/fields.txt", NULL), *rest = text, *row;

	while ((row = strsep(&rest, "\n")) != NULL) {
		struct line *l = &lines[n_lines];
		char personal[16] = "";

		if (row[0] == '#' || row[0] == '\0')
			continue;
		ck_assert_int_ge(sscanf(row, "%95s %15s %95s %15s", l->path, l->kind,
					l->name, personal),
				 3);
		l->personal = strcmp(personal, "personal") == 0;
		n_lines++;
	}
	ck_assert_uint_gt(n_lines, 130);
	free(text);
}

/* A record with one member at the end of the path; "[]" is an element with the id 7. */
static json_t *record_with(const char *path, json_t *value)
{
	json_t *record = json_pack("{s:s}", "id", "1"), *at = record;
	char *copy = mem_strdup(path), *rest = copy, *word;

	while ((word = strsep(&rest, ".")) != NULL) {
		char *list = strstr(word, "[]");
		json_t *object;

		if (rest == NULL) {
			json_object_set_new(at, word, value);
			break;
		}
		object = json_object();
		if (list == NULL) {
			json_object_set_new(at, word, object);
		} else {
			*list = '\0';
			json_object_set_new(object, "id", json_string("7"));
			json_object_set_new(at, word, json_pack("[o]", object));
		}
		at = object;
	}
	free(copy);
	return record;
}

/* The same record with the member's parents and without itself. */
static json_t *record_without(const char *path)
{
	return record_with(path, NULL);
}

static json_t *value_of(const char *kind, int n)
{
	if (strcmp(kind, "text") == 0)
		return json_string(n == 0 ? "x" : "y");
	if (strcmp(kind, "id") == 0)
		return json_string(n == 0 ? "18" : "19");
	if (strcmp(kind, "integer") == 0)
		return json_integer(18 + n);
	if (strcmp(kind, "boolean") == 0)
		return json_boolean(n);
	if (strcmp(kind, "set") == 0)
		return json_pack("[s, s]", "BLA", n == 0 ? "HELD" : "Paging");
	return json_pack("{s:i}", "x", n);
}

/* Another spelling of value_of(kind, 0). */
static json_t *same_value(const char *kind)
{
	if (strcmp(kind, "id") == 0)
		return json_integer(18);
	if (strcmp(kind, "integer") == 0)
		return json_real(18.0);
	if (strcmp(kind, "set") == 0)
		return json_pack("[s, s, s]", "HELD", "BLA", "HELD");
	return value_of(kind, 0);
}

static json_t *diff(json_t *from, json_t *to)
{
	json_t *changes;

	ck_assert_uint_eq(field_clean(from, NULL), 0);
	ck_assert_uint_eq(field_clean(to, NULL), 0);
	changes = diff_records(from, to);
	json_decref(from);
	json_decref(to);
	return changes;
}

static void check_change(const struct line *l, json_t *changes, const json_t *from,
			 const json_t *to)
{
	const json_t *change = json_array_get(changes, 0);

	if (strcmp(l->name, "-") == 0) {
		ck_assert_msg(json_array_size(changes) == 0, "%s is told", l->path);
	} else {
		ck_assert_msg(json_array_size(changes) == 1, "%s: %zu changes", l->path,
			      json_array_size(changes));
		ck_assert_str_eq(json_string_value(json_object_get(change, "field")),
				 l->name);
		ck_assert_msg(json_equal(json_object_get(change, "from"), from), "%s",
			      l->path);
		ck_assert_msg(json_equal(json_object_get(change, "to"), to), "%s",
			      l->path);
		ck_assert_int_eq(json_is_true(json_object_get(change, "personal")),
				 l->personal);
	}
	json_decref(changes);
}

START_TEST(every_member_is_told_under_its_name)
{
	read_lines();
	for (size_t i = 0; i < n_lines; i++) {
		const struct line *l = &lines[i];
		json_t *a, *b;

		/* The key of an element is in every name; an element of another id is
		 * another element. */
		if (strstr(l->path, "[].id") != NULL)
			continue;
		a = value_of(l->kind, 0);
		b = value_of(l->kind, 1);
		check_change(l,
			     diff(record_with(l->path, json_incref(a)),
				  record_with(l->path, json_incref(b))),
			     a, b);
		check_change(l,
			     diff(record_without(l->path),
				  record_with(l->path, json_incref(b))),
			     json_null(), b);
		check_change(l,
			     diff(record_with(l->path, json_incref(a)),
				  record_without(l->path)),
			     a, json_null());
		json_decref(a);
		json_decref(b);
	}
}
END_TEST

START_TEST(another_spelling_is_no_change)
{
	read_lines();
	for (size_t i = 0; i < n_lines; i++) {
		const struct line *l = &lines[i];
		json_t *changes = diff(record_with(l->path, value_of(l->kind, 0)),
				       record_with(l->path, same_value(l->kind)));

		ck_assert_msg(json_array_size(changes) == 0, "%s", l->path);
		json_decref(changes);
	}
}
END_TEST

/* The other way round: what is in the table is in the list that the tests go through. */
static void look_up(const struct field *fields, const char *prefix)
{
	for (const struct field *f = fields; f->member != NULL; f++) {
		bool list = f->type == FIELD_LIST, found = false;
		char *path = mem_printf("%s%s", prefix, f->member);

		if (f->members != NULL) {
			char *below = mem_printf("%s%s.", path, list ? "[]" : "");

			look_up(f->members, below);
			free(below);
		} else {
			for (size_t i = 0; i < n_lines; i++)
				found = found || strcmp(lines[i].path, path) == 0;
			/* Objects of an id and a name may have a link; where nobody has
			 * seen one it is not in the list. */
			ck_assert_msg(found || strcmp(f->member, "uri") == 0 ||
					      f->name != NULL,
				      "%s", path);
		}
		free(path);
	}
}

START_TEST(nothing_else_is_untold)
{
	read_lines();
	look_up(field_device, "");
}
END_TEST

/* ---- types ---- */

static const struct {
	const char *kind, *wrong;
} wrong_types[] = {
	{"text", "5"},
	{"text", "true"},
	{"text", "[]"},
	{"text", "{}"},
	{"id", "[]"},
	{"id", "true"},
	{"id", "1.5"},
	{"integer", "\"8\""},
	{"integer", "1.5"},
	{"integer", "1e300"},
	{"boolean", "\"true\""},
	{"boolean", "1"},
	{"set", "\"BLA\""},
	{"set", "{}"},
};

/* Without what says that it is a list. */
static void check_path(const char *told, const char *path)
{
	for (; *path != '\0'; path++)
		if (*path != '[' && *path != ']')
			ck_assert_int_eq(*told++, *path);
	ck_assert_int_eq(*told, '\0');
}

START_TEST(a_wrong_type_is_taken_out_counted_and_named)
{
	char first[FIELD_PATH_BYTES];

	read_lines();
	for (size_t i = 0; i < n_lines; i++) {
		json_t *record, *without;

		if (strcmp(lines[i].kind, wrong_types[_i].kind) != 0)
			continue;
		record = record_with(lines[i].path, json_loads(wrong_types[_i].wrong,
							       JSON_DECODE_ANY, NULL));
		without = record_without(lines[i].path);
		if (strcmp(lines[i].path, "id") == 0 ||
		    strstr(lines[i].path, "[].id") != NULL)
			json_object_del(without, "id");
		ck_assert_msg(field_clean(record, first) == 1, "%s", lines[i].path);
		check_path(first, lines[i].path);
		if (strstr(lines[i].path, "id") == NULL)
			ck_assert_msg(json_equal(record, without), "%s", lines[i].path);
		ck_assert_uint_eq(field_clean(record, NULL), 0); /* once is enough */
		json_decref(record);
		json_decref(without);
	}
}
END_TEST

START_TEST(null_is_absent_and_not_wrong)
{
	read_lines();
	for (size_t i = 0; i < n_lines; i++) {
		json_t *record = record_with(lines[i].path, json_null());

		ck_assert_msg(field_clean(record, NULL) == 0, "%s", lines[i].path);
		if (strcmp(lines[i].kind, "opaque") != 0 &&
		    strchr(lines[i].path, '.') == NULL)
			ck_assert_msg(json_object_get(record, lines[i].path) == NULL,
				      "%s", lines[i].path);
		json_decref(record);
	}
}
END_TEST

static const struct {
	const char *record, *cleaned;
	unsigned n_wrong;
	const char *first;
} containers[] = {
	{"{\"model\": \"VVX\", \"site\": [], \"phoneLines\": {}}", "{}", 3, "model"},
	{"{\"model\": null, \"extension\": null, \"phoneLines\": null}", "{}", 0, ""},
	{"{\"phoneLines\": [5, {\"id\": \"1\", \"phoneInfo\": []}, null, \"x\"]}",
	 "{\"phoneLines\": [{\"id\": \"1\"}]}", 3, "phoneLines"},
	{"{\"model\": {\"features\": [\"BLA\", 5, null, {}]}}",
	 "{\"model\": {\"features\": [\"BLA\"]}}", 2, "model.features"},
	{"{\"phoneLines\": [{\"phoneInfo\": {\"country\": {\"id\": true}}}]}",
	 "{\"phoneLines\": [{\"phoneInfo\": {\"country\": {}}}]}", 1,
	 "phoneLines.phoneInfo.country.id"},
	{"{\"futureField\": {\"nested\": [1, null]}, \"name\": 5}",
	 "{\"futureField\": {\"nested\": [1, null]}}", 1, "name"},
	{"{\"billingStatement\": 5}", "{\"billingStatement\": 5}", 0, ""},
};

START_TEST(containers_are_cleaned_to_their_depth)
{
	json_t *record = json_loads(containers[_i].record, 0, NULL);
	json_t *cleaned = json_loads(containers[_i].cleaned, 0, NULL);

	char first[FIELD_PATH_BYTES] = "";

	ck_assert_uint_eq(field_clean(record, first), containers[_i].n_wrong);
	ck_assert_str_eq(first, containers[_i].first);
	ck_assert(json_equal(record, cleaned));
	json_decref(record);
	json_decref(cleaned);
}
END_TEST

/* Two million that are taken out one by one would not be done in the test's time. */
START_TEST(many_wrong_elements_cost_no_more_each_than_few)
{
	enum { MANY = 2000000 };
	json_t *array = json_array(), *record = json_pack("{s:O}", "phoneLines", array);
	json_t *number = json_integer(7), *line = json_object();

	for (int i = 0; i < MANY; i++)
		json_array_append(array, i % 1000 == 0 ? line : number);
	ck_assert_uint_eq(field_clean(record, NULL), MANY - MANY / 1000);
	ck_assert_uint_eq(json_array_size(array), MANY / 1000);
	json_decref(record);
	json_decref(array);
	json_decref(number);
	json_decref(line);
}
END_TEST

/* ---- samples ---- */

static const struct {
	const char *file;
	unsigned n_wrong;
} samples[] = {
	{"account_devices_page1.json", 0},
	{"account_devices_page2.json", 0},
	{"edge/boolean_as_string.json", 2},
	{"edge/extension_id_string.json", 1}, /* extensionNumber is a number there */
	{"edge/extension_null.json", 0},
	{"edge/id_number.json", 0},
	{"edge/name_number.json", 1},
	{"edge/number_exponent.json", 0},
	{"edge/number_float_integer.json", 0},
	{"edge/unknown_members.json", 0},
};

START_TEST(samples_have_the_types_that_they_should)
{
	char *name = mem_printf("ringcentral/%s", samples[_i].file);
	char *text = suite_data(name, NULL);
	json_t *page = json_loads(text, 0, NULL), *record;
	unsigned n_wrong = 0;
	size_t i;

	json_array_foreach(json_object_get(page, "records"), i, record)
	{
		n_wrong += field_clean(record, NULL);
	}
	ck_assert_uint_gt(i, 0);
	ck_assert_uint_eq(n_wrong, samples[_i].n_wrong);
	json_decref(page);
	free(text);
	free(name);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{every_member_is_told_under_its_name, 1},
		{another_spelling_is_no_change, 1},
		{nothing_else_is_untold, 1},
		{a_wrong_type_is_taken_out_counted_and_named, COUNT(wrong_types)},
		{null_is_absent_and_not_wrong, 1},
		{containers_are_cleaned_to_their_depth, COUNT(containers)},
		{many_wrong_elements_cost_no_more_each_than_few, 1},
		{samples_have_the_types_that_they_should, COUNT(samples)},
	};

	return suite_run("field", tests, COUNT(tests), NULL, NULL);
}
