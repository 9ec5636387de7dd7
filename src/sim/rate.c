#include "sim/rate.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sim/account.h"
#include "sim/bulk.h"
#include "sim/error.h"
#include "sim/exchange.h"
#include "sim/limits.h"
#include "sim/roster.h"
#include "sim/rules.h"

#define DATE_BYTES 40

static void add_header(const struct rules *rules, struct exchange *x, const char *what,
		       const char *value)
{
	static const char *const usual[] = {"Group", "Limit", "Remaining", "Window"};
	static const char *const garbage[] = {"Extra-Heavy", "many", "-1", "0"};
	char name[REPLY_NAME_BYTES];
	size_t i = 0;

	switch (rules->headers) {
	case RULES_HEADERS_NONE:
		return;
	case RULES_HEADERS_JOINED:
		snprintf(name, sizeof name, "X-RateLimit-%s", what);
		break;
	case RULES_HEADERS_LOWER:
		snprintf(name, sizeof name, "x-rate-limit-%c%s", what[0] | 0x20,
			 what + 1);
		break;
	default:
		snprintf(name, sizeof name, "X-Rate-Limit-%s", what);
		break;
	}
	while (strcmp(usual[i], what) != 0)
		i++;
	reply_header(&x->reply, name, "%s",
		     rules->headers == RULES_HEADERS_GARBAGE ? garbage[i] : value);
}

void rate_add_headers(const struct rules *rules, struct exchange *x)
{
	static const char *const other[] = {"heavy", "10", "0", "60"};
	const struct limit *l;
	char number[24];

	if (x->group == NULL)
		return;
	l = &x->group->limit;
	add_header(rules, x, "Group", x->group->name);
	snprintf(number, sizeof number, "%u", l->max);
	add_header(rules, x, "Limit", number);
	snprintf(number, sizeof number, "%u", x->verdict.remaining);
	add_header(rules, x, "Remaining", number);
	snprintf(number, sizeof number, "%lld", (long long)((l->window_ms + 999) / 1000));
	add_header(rules, x, "Window", number);
	if (rules->headers != RULES_HEADERS_TWICE)
		return;
	add_header(rules, x, "Group", other[0]);
	add_header(rules, x, "Limit", other[1]);
	add_header(rules, x, "Remaining", other[2]);
	add_header(rules, x, "Window", other[3]);
}

static void add_retry_after(const struct rules *rules, struct exchange *x)
{
	long long seconds = (x->verdict.retry_after_ms + 999) / 1000;
	time_t until = (time_t)(clock_utc_ms() / 1000 + seconds);
	char date[DATE_BYTES];
	struct tm tm;

	switch (rules->retry_after) {
	case RULES_RETRY_AFTER_SECONDS:
		reply_header(&x->reply, "Retry-After", "%lld", seconds);
		break;
	case RULES_RETRY_AFTER_DATE:
		gmtime_r(&until, &tm);
		strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		reply_header(&x->reply, "Retry-After", "%s", date);
		break;
	case RULES_RETRY_AFTER_NONE:
		break;
	}
}

void rate_refuse(const struct rules *rules, struct exchange *x)
{
	rate_add_headers(rules, x);
	add_retry_after(rules, x);
	error_answer_code(&x->reply, "CMN-301", ERROR_API);
}

/* Tokens are limited for each app, everything else for each user. */
static struct limits *limits_of(struct roster *roster, const struct exchange *x)
{
	if (x->account != NULL && endpoints[x->asked.endpoint].needs_token)
		return &x->account->limits;
	return x->app != NULL ? &x->app->limits : &roster->stranger.limits;
}

bool rate_pass(const struct rules *rules, struct roster *roster, struct exchange *x)
{
	const char *group = rules->groups[x->asked.endpoint];
	size_t n = rules->bulk_costs_each ? bulk_count_ids(&x->asked.ids) : 1;

	if (group[0] == '\0')
		return true;
	x->group = limits_find(limits_of(roster, x), group);
	do
		x->verdict = limit_take(&x->group->limit, x->asked.now_ms);
	while (x->verdict.accepted && n-- > 1);
	if (!x->verdict.accepted)
		rate_refuse(rules, x);
	return x->verdict.accepted;
}
