#include "sink/retry.h"

#include "base/backoff.h"

static int64_t within(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

int64_t retry_obeyed_ms(const struct retry_rules *rules, int64_t asked_ms)
{
	return within(asked_ms, rules->first_ms, rules->give_up_ms);
}

/* How long to wait after the try just counted. */
static int64_t wait_of(const struct retry *r, const struct retry_rules *rules,
		       int64_t asked_ms, uint32_t random)
{
	if (asked_ms > 0)
		return retry_obeyed_ms(rules, asked_ms);
	if (r->refusals > 0)
		return backoff_ms((unsigned)r->refusals, rules->refused_ms, rules->max_ms,
				  RETRY_JITTER, random);
	return backoff_ms((unsigned)r->attempts, rules->first_ms, rules->max_ms,
			  RETRY_JITTER, random);
}

enum retry_verdict retry_decide(struct retry *r, const struct retry_rules *rules,
				enum sink_end end, int64_t wait_ms, int64_t begun_at_ms,
				int64_t now_at_ms, uint32_t random)
{
	if (r->attempts++ == 0)
		r->first_at_ms = begun_at_ms;
	r->refusals = end == SINK_REFUSED ? r->refusals + 1 : 0;
	r->next_at_ms = 0;
	if (end == SINK_DELIVERED)
		return RETRY_DELIVERED;
	if (end == SINK_GONE)
		return RETRY_GONE;
	if (end == SINK_DEAD || r->refusals >= RETRY_REFUSED_TRIES)
		return RETRY_DEAD;
	/* From the clock on the wall, since it outlives us. One that stepped back to before the
	 * first try costs more tries, never fewer. */
	if (now_at_ms - r->first_at_ms >= rules->give_up_ms)
		return RETRY_DEAD;
	r->next_at_ms = now_at_ms + wait_of(r, rules, wait_ms, random);
	return RETRY_AGAIN;
}

int64_t retry_left_ms(const struct retry *r, const struct retry_rules *rules, int code,
		      int64_t now_at_ms)
{
	int64_t longest_ms = retry_may_ask(code)
				     ? rules->give_up_ms
				     : rules->max_ms + rules->max_ms * RETRY_JITTER / 100;

	return within(r->next_at_ms - now_at_ms, 0, longest_ms);
}

bool retry_was_asked(const struct retry *r, const struct retry_rules *rules, int code,
		     int64_t left_ms)
{
	return retry_may_ask(code) &&
	       left_ms > backoff_ms((unsigned)r->attempts, rules->first_ms, rules->max_ms,
				    RETRY_JITTER, UINT32_MAX);
}

enum sink_end retry_end_of_status(int status)
{
	if (status >= 200 && status < 300)
		return SINK_DELIVERED;
	switch (status) {
	case 400:
	case 413:
	case 422:
		return SINK_REFUSED;
	case 410:
		return SINK_GONE;
	default:
		return SINK_LATER;
	}
}

bool retry_may_ask(int status)
{
	return status == 429 || status == 503;
}
