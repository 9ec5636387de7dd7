#include "model/compact.h"

#include "lib/suite.h"

#include <stdlib.h>

#include "model/device.h"
#include "model/member.h"

static struct buf b;

static void open_buf(void)
{
	buf_init(&b, 1 << 20);
}

static void close_buf(void)
{
	buf_clear(&b);
}

/* What was printed is what jansson prints; takes the object. */
static void expect_same(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	ck_assert_str_eq(buf_text(&b), text);
	free(text);
	json_decref(object);
}

static const char *const texts[] = {
	"",
	"Lobby phone",
	"\"\\/\b\f\n\r\t",
	"\x01\x02\x03\x04\x05\x06\x07\x0b\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b",
	"\x1c\x1d\x1e\x1f\x7f",
	"Empfang G\xc3\xb6teborg \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x93\x9e \xe2\x80\xae",
	"</script><!-- 'x' &amp; \\u0041 \\",
};

START_TEST(a_text_is_escaped_as_jansson_does_it)
{
	json_t *object = json_object();

	compact_open(&b, NULL, '{');
	compact_text(&b, texts[_i], texts[_i]);
	compact_text(&b, "none", NULL);
	compact_close(&b, '}');
	member_text(object, texts[_i], texts[_i]);
	member_text(object, "none", NULL);
	expect_same(object);
}
END_TEST

START_TEST(members_and_elements_have_their_commas)
{
	json_t *object = json_object();

	compact_open(&b, NULL, '{');
	compact_open(&b, "none", '{');
	compact_close(&b, '}');
	compact_number(&b, "least", INT64_MIN);
	compact_open(&b, "list", '[');
	compact_number(&b, NULL, 1);
	compact_open(&b, NULL, '[');
	compact_close(&b, ']');
	compact_text(&b, NULL, "{");
	compact_text(&b, NULL, "[");
	compact_close(&b, ']');
	compact_time(&b, "time", INT64_C(1795493522993));
	compact_close(&b, '}');
	json_object_set_new(object, "none", json_object());
	member_number(object, "least", INT64_MIN);
	json_object_set_new(object, "list", json_pack("[i, [], s, s]", 1, "{", "["));
	member_time(object, "time", INT64_C(1795493522993));
	expect_same(object);
}
END_TEST

START_TEST(any_value_is_printed)
{
	const char text[] =
		"{\"a\":[1,-2.5,true,false,null,{\"b\":\"c\\u0000d\"}],\"e\":\"f\"}";
	json_t *value = json_loads(text, JSON_ALLOW_NUL, NULL);

	ck_assert_ptr_nonnull(value);
	compact_open(&b, NULL, '{');
	compact_json(&b, "all", value);
	compact_json(&b, "list", json_object_get(value, "a"));
	compact_json(&b, "text", json_object_get(value, "e"));
	compact_json(
		&b, "nul",
		json_object_get(json_array_get(json_object_get(value, "a"), 5), "b"));
	compact_close(&b, '}');
	expect_same(json_pack(
		"{s:O, s:O, s:O, s:O}", "all", value, "list", json_object_get(value, "a"),
		"text", json_object_get(value, "e"), "nul",
		json_object_get(json_array_get(json_object_get(value, "a"), 5), "b")));
	json_decref(value);
}
END_TEST

START_TEST(a_device_is_printed_as_the_object_is)
{
	json_t *facts =
		json_loads("{\"name\":\"L\\u00f6bby \\\"1\\\"\",\"phone_numbers\":"
			   "[\"+1555\",\"+1556\"],\"site\":null}",
			   0, NULL);
	const char *status = _i == 0 ? "Offline" : NULL;
	json_t *object = json_object();

	compact_open(&b, NULL, '{');
	device_print(&b, "device", "acme", "8023", facts, status);
	compact_close(&b, '}');
	json_object_set_new(object, "device",
			    device_object("acme", "8023", facts, status));
	expect_same(object);
	json_decref(facts);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_text_is_escaped_as_jansson_does_it, COUNT(texts)},
		{members_and_elements_have_their_commas, 1},
		{any_value_is_printed, 1},
		{a_device_is_printed_as_the_object_is, 2},
	};

	return suite_run("compact", tests, COUNT(tests), open_buf, close_buf);
}
