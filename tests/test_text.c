/* Members that are written as text are the members that jansson writes. */
#include "query/text.h"

#include "lib/suite.h"

#include <jansson.h>
#include <stdlib.h>

#include "model/member.h"

static const int64_t numbers[] = {0, 7, -7, 10, 86400000, INT64_MAX, INT64_MIN};

START_TEST(text_is_what_an_object_is_written_as)
{
	json_t *o = json_object();
	char *expected;
	struct buf b;

	member_text(o, "name", "K\u00fcche \"2\"\\\n\x01");
	member_text(o, "none", NULL);
	member_text(o, "word", "Online");
	member_text(o, "no_word", NULL);
	member_number(o, "n", numbers[_i]);
	member_time(o, "at", INT64_C(1795370462345));
	member_time_or_null(o, "never", 0);
	member_time_or_null(o, "once", -1);
	expected = json_dumps(o, JSON_COMPACT);
	buf_init(&b, 10000);
	buf_add_text(&b, "{");
	text_string(&b, "name", "K\u00fcche \"2\"\\\n\x01");
	text_string(&b, "none", NULL);
	text_word(&b, "word", "Online");
	text_word(&b, "no_word", NULL);
	text_number(&b, "n", numbers[_i]);
	text_time(&b, "at", INT64_C(1795370462345));
	text_time_or_null(&b, "never", 0);
	text_time_or_null(&b, "once", -1);
	buf_add_text(&b, "}");
	ck_assert_str_eq(buf_text(&b), expected);
	buf_clear(&b);
	free(expected);
	json_decref(o);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{text_is_what_an_object_is_written_as, COUNT(numbers)},
	};

	return suite_run("text", tests, COUNT(tests), NULL, NULL);
}
