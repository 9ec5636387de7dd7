#include "query/silences.h"

#include "model/member.h"

json_t *silences_object(const struct silence *s)
{
	json_t *o = json_object(), *matches = json_array();
	char every[WINDOW_TEXT_BYTES];

	for (size_t i = 0; i < s->n_matches; i++)
		json_array_append_new(matches, json_string(s->matches[i]));
	if (s->recurs)
		window_format(every, &s->every);
	member_number(o, "id", s->id);
	json_object_set_new(o, "match", matches);
	member_text(o, "key", s->key);
	member_time(o, "from", s->from_at_ms);
	member_time_or_null(o, "until",
			    s->until_at_ms != SILENCE_NO_END ? s->until_at_ms : 0);
	member_text(o, "every", s->recurs ? every : NULL);
	member_text(o, "reason", s->reason);
	member_text(o, "by", s->by);
	member_time(o, "made_at", s->made_at_ms);
	return o;
}
