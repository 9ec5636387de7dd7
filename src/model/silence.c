#include "model/silence.h"

#include <stdlib.h>
#include <string.h>

#include "model/match.h"

void silence_clear(struct silence *s)
{
	for (size_t i = 0; i < s->n_matches; i++)
		free(s->matches[i]);
	free(s->matches);
	free(s->key);
	free(s->reason);
	free(s->by);
	free(s->ended_by);
	*s = (struct silence){0};
}

bool silence_match_is_valid(const char *text)
{
	return strncmp(text, "kind=", strlen("kind=")) == 0 || match_is_valid(text);
}

bool silence_is_over(const struct silence *s, int64_t at_ms)
{
	return s->until_at_ms <= at_ms ||
	       (s->ended_at_ms != 0 && s->ended_at_ms <= at_ms);
}

bool silence_is_in_force(const struct silence *s, int64_t at_ms, int64_t *until_ms)
{
	int64_t window_end_ms;

	if (at_ms < s->from_at_ms || silence_is_over(s, at_ms))
		return false;
	*until_ms = s->until_at_ms;
	if (!s->recurs)
		return true;
	if (!window_covers(&s->every, at_ms, &window_end_ms))
		return false;
	if (window_end_ms < *until_ms)
		*until_ms = window_end_ms;
	return true;
}

int64_t silence_next_ms(const struct silence *s, int64_t after_ms)
{
	int64_t next_ms, until_ms;

	if (silence_is_over(s, after_ms))
		return SILENCE_NO_END;
	if (silence_is_in_force(s, after_ms, &until_ms))
		return until_ms;
	if (after_ms < s->from_at_ms && !s->recurs)
		return s->from_at_ms;
	next_ms = after_ms < s->from_at_ms ? s->from_at_ms : after_ms;
	if (next_ms == after_ms || !silence_is_in_force(s, next_ms, &until_ms))
		next_ms = window_next_ms(&s->every, next_ms);
	return next_ms < s->until_at_ms ? next_ms : SILENCE_NO_END;
}
