#include "model/alert_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/member.h"

#define DRILL_LASTED_MS 60000 /* what is said of how long it lasted */

/* A row for each kind: how grave it is, and its words between who it is about and how long. */
static const struct {
	enum event_severity severity;
	const char *firing, *recovered;
} kinds[] = {
	[ALERT_DEVICE_OFFLINE] = {SEVERITY_WARNING, "has been offline for ",
				  "is back after "},
	[ALERT_DEVICE_FLAPPING] = {SEVERITY_WARNING, "has gone on and off for ",
				   "is steady again after "},
	[ALERT_SITE_OUTAGE] = {SEVERITY_ERROR, "been offline for ", "is back after "},
	[ALERT_ACCOUNT_OUTAGE] = {SEVERITY_CRITICAL, "been offline for ",
				  "is back after "},
	[ALERT_LOCATION_STALE] = {SEVERITY_WARNING,
				  "has reported no location in time for ",
				  "has reported its location, overdue for "},
	[ALERT_EMERGENCY_INVALID] = {SEVERITY_WARNING,
				     "has had no valid emergency address for ",
				     "has a valid emergency address again after "},
	[ALERT_MONITOR_BLIND] = {SEVERITY_ERROR, "has not been seen for ",
				 "is seen again after "},
	[ALERT_SILENCE_OVER] = {SEVERITY_WARNING, "",
				"has back all that did not come back within a silence,"
				" after "},
};

/* ---- what is kept ---- */

static void add_end(json_t *object, const struct alert *a, const struct alert_told *told)
{
	bool over = a->state == ALERT_RESOLVED;

	member_time_or_null(object, "resolved_at", over ? a->resolved_ms : 0);
	if (over)
		member_number(object, "duration_ms", a->resolved_ms - a->since_ms);
	else
		member_text(object, "duration_ms", NULL);
	member_text(object, "reason", over ? alert_end_name(a->end) : a->why);
	json_object_set(object, "not_back", over ? told->not_back : json_null());
	if (over)
		member_number(object, "not_back_count", told->n_not_back);
	else
		member_text(object, "not_back_count", NULL);
}

json_t *alert_detail(const struct alert *a, const struct alert_told *told)
{
	bool of_site = a->kind == ALERT_SITE_OUTAGE;
	char *key = alert_key(told->account, a);
	json_t *object = json_object();

	member_text(object, "key", key);
	member_text(object, "kind", alert_kind_name(a->kind));
	member_text(object, "rule", a->rule);
	member_time(object, "since", a->since_ms);
	member_number(object, "count", a->count);
	json_object_set(object, "devices", told->devices);
	if (of_site) {
		member_text(object, "site", a->name);
		member_text(object, "site_id", a->subject);
	}
	add_end(object, a, told);
	member_number(object, "repeat", a->repeats);
	json_object_set_new(object, "drill", json_boolean(told->drill));
	free(key);
	return json_pack("{s:o}", "alert", object);
}

json_t *alert_drill_detail(enum alert_kind kind, enum event_type type,
			   const char *account, int64_t at_ms)
{
	json_t *devices = json_pack("[{s:s, s:s}]", "id", "drill", "name", "Drill");
	json_t *none = json_array(), *detail;
	bool is_over = type == EVENT_ALERT_RESOLVED;
	const struct alert a = {
		.kind = kind,
		.state = is_over ? ALERT_RESOLVED : ALERT_FIRING,
		.subject = (char *)"drill",
		.name = (char *)"Drill",
		.since_ms = at_ms - DRILL_LASTED_MS,
		.fired_ms = at_ms,
		.resolved_ms = is_over ? at_ms : 0,
		.end = ALERT_RECOVERED,
		.rule = (char *)"drill",
		.count = 1,
	};

	detail = alert_detail(&a, &(struct alert_told){.account = account,
						       .devices = devices,
						       .not_back = none,
						       .drill = true});
	json_decref(devices);
	json_decref(none);
	return detail;
}

/* ---- what is made of it ---- */

static json_t *member(const struct event *ev, const char *name)
{
	return json_object_get(json_object_get(ev->detail, "alert"), name);
}

const char *alert_text_member(const struct event *ev, const char *name)
{
	return json_string_value(member(ev, name));
}

static enum alert_kind kind_of(const struct event *ev)
{
	const char *name = alert_text_member(ev, "kind");

	for (size_t kind = 1; name != NULL && kind < COUNT(kinds); kind++)
		if (strcmp(alert_kind_name((enum alert_kind)kind), name) == 0)
			return (enum alert_kind)kind;
	return ALERT_DEVICE_OFFLINE;
}

enum event_severity alert_severity(enum alert_kind kind)
{
	return kinds[kind].severity;
}

enum event_severity alert_text_severity(const struct event *ev)
{
	return ev->type == EVENT_ALERT_RESOLVED ? SEVERITY_INFO
						: alert_severity(kind_of(ev));
}

static int64_t number(const struct event *ev, const char *name)
{
	return json_integer_value(member(ev, name));
}

static int64_t lasted_ms(const struct event *ev)
{
	const char *since = alert_text_member(ev, "since");
	int64_t since_ms;

	if (ev->type == EVENT_ALERT_RESOLVED)
		return number(ev, "duration_ms");
	return since != NULL && clock_parse(since, &since_ms) == 0 ? ev->at_ms - since_ms
								   : 0;
}

static bool is_outage(enum alert_kind kind)
{
	return kind == ALERT_SITE_OUTAGE || kind == ALERT_ACCOUNT_OUTAGE;
}

/* Which is of none that there is. */
static bool is_drill_of_device(const struct event *ev)
{
	enum alert_kind kind = kind_of(ev);

	return json_is_true(member(ev, "drill")) && !is_outage(kind) &&
	       kind != ALERT_MONITOR_BLIND;
}

/* Who it is about: a device, a site or an account. */
static void add_subject(struct buf *b, const struct event *ev, const char *device)
{
	const char *site = alert_text_member(ev, "site");

	if (device != NULL)
		buf_add_text(b, device);
	else if (is_drill_of_device(ev))
		buf_add_text(b, "a phone");
	else if (kind_of(ev) == ALERT_SITE_OUTAGE)
		buf_printf(b, "site %s",
			   site != NULL && site[0] != '\0' ? site : "without a name");
	else
		buf_printf(b, "account %s", ev->account);
}

/* Its key ends with the number of the silence. */
static void add_left(struct buf *b, const struct event *ev)
{
	const char *key = alert_text_member(ev, "key");
	const char *slash = key != NULL ? strrchr(key, '/') : NULL;

	buf_printf(b,
		   "account %s: silence %s is over, and %" PRId64
		   " phone%s did not come back",
		   ev->account, slash != NULL ? slash + 1 : "", number(ev, "count"),
		   number(ev, "count") == 1 ? "" : "s");
}

static void add_firing(struct buf *b, const struct event *ev, const char *device)
{
	enum alert_kind kind = kind_of(ev);
	const char *why = alert_text_member(ev, "reason");
	char lasted[CLOCK_TEXT_BYTES];

	if (kind == ALERT_SILENCE_OVER) {
		add_left(b, ev);
		return;
	}
	clock_format_duration(lasted, lasted_ms(ev));
	add_subject(b, ev, device);
	if (is_outage(kind))
		buf_printf(b, ": %" PRId64 " phone%s", number(ev, "count"),
			   number(ev, "count") == 1 ? " has" : "s have");
	buf_printf(b, " %s%s", kinds[kind].firing, lasted);
	if (why != NULL)
		buf_printf(b, " (%s)", why);
	if (number(ev, "repeat") > 0)
		buf_printf(b, ", said again (%" PRId64 ")", number(ev, "repeat"));
}

static void add_resolved(struct buf *b, const struct event *ev, const char *device)
{
	const char *end = alert_text_member(ev, "reason");
	int64_t n_not_back = number(ev, "not_back_count");
	enum alert_kind kind = kind_of(ev);
	char lasted[CLOCK_TEXT_BYTES];

	clock_format_duration(lasted, lasted_ms(ev));
	add_subject(b, ev, device);
	if (end == NULL || strcmp(end, alert_end_name(ALERT_RECOVERED)) == 0)
		buf_printf(b, " %s%s", kinds[kind].recovered, lasted);
	else if (strcmp(end, alert_end_name(ALERT_ABSORBED)) == 0)
		buf_printf(b, ": %s is part of a greater outage now",
			   alert_kind_name(kind));
	else if (strcmp(end, alert_end_name(ALERT_REMOVED)) == 0)
		buf_printf(b, ": %s is over, since it is not listed any more",
			   alert_kind_name(kind));
	else
		buf_printf(b, ": %s is over, since no rule asks for it any more",
			   alert_kind_name(kind));
	if (n_not_back > 0)
		buf_printf(b, ", without %" PRId64 " phone%s", n_not_back,
			   n_not_back == 1 ? "" : "s");
}

void alert_text_summary(struct buf *b, const struct event *ev, const char *device)
{
	if (json_is_true(member(ev, "drill")))
		buf_add_text(b, "Drill: ");
	if (ev->type == EVENT_ALERT_RESOLVED)
		add_resolved(b, ev, device);
	else
		add_firing(b, ev, device);
}
