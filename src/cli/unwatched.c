#include "cli/unwatched.h"

#include "base/clock.h"
#include "base/mem.h"
#include "query/when.h"

/* What keeps it from being watched; borrowed. */
static const char *cause_of(const struct store_account *a, bool has_daemon)
{
	if (!has_daemon)
		return "phonewatchd does not run";
	if (a->state == ACCOUNT_UNREACHABLE)
		return a->detail != NULL ? a->detail : a->reason;
	return "its pages do not come, or it is not configured any more; phonewatchd's log"
	       " tells more";
}

char *unwatched_why(const struct store_account *a, bool has_daemon, int64_t now_at_ms)
{
	int64_t since_ms = a->last_page_at_ms;
	char since[CLOCK_TEXT_BYTES], lasts[CLOCK_TEXT_BYTES];

	if (since_ms == 0)
		return mem_printf(
			"nothing came yet: %s",
			has_daemon && a->state != ACCOUNT_UNREACHABLE
				? "phonewatchd has just begun, or its log tells more"
				: cause_of(a, has_daemon));
	when_format_short(since, since_ms, now_at_ms);
	clock_format_duration(lasts, now_at_ms > since_ms ? now_at_ms - since_ms : 0);
	return mem_printf("not watched since %s (%s): %s", since, lasts,
			  cause_of(a, has_daemon));
}
