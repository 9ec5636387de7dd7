#include "model/member.h"

#include "base/clock.h"

void member_text(json_t *object, const char *name, const char *text)
{
	json_object_set_new(object, name, text != NULL ? json_string(text) : json_null());
}

void member_time(json_t *object, const char *name, int64_t at_ms)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(text, at_ms);
	member_text(object, name, text);
}

void member_time_or_null(json_t *object, const char *name, int64_t at_ms)
{
	if (at_ms != 0)
		member_time(object, name, at_ms);
	else
		member_text(object, name, NULL);
}

void member_number(json_t *object, const char *name, int64_t number)
{
	json_object_set_new(object, name, json_integer(number));
}
