#include "model/digest_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/member.h"

json_t *digest_item(const struct event *ev)
{
	json_t *item = json_object();
	char *summary = event_summary(ev);

	member_text(item, "id", ev->id);
	member_text(item, "type", event_type_name(ev->type));
	member_text(item, "subject", event_subject(ev));
	member_time(item, "time", ev->at_ms);
	member_text(item, "severity", event_severity_name(event_severity(ev)));
	member_text(item, "summary", summary);
	free(summary);
	return item;
}

/* ---- the detail ---- */

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static bool is_of(const json_t *item, const char *type)
{
	return strcmp(text_of(item, "type"), type) == 0;
}

static enum event_severity severity_of(const char *name)
{
	enum event_severity s = SEVERITY_CRITICAL;

	while (s > SEVERITY_INFO && strcmp(event_severity_name(s), name) != 0)
		s--;
	return s;
}

/* Where each alert fired first, was told last that it fires, and was over last: by subject, the place
 * in items. */
struct lives {
	json_t *fired, *reminded, *over;
};

static void note_lives(struct lives *l, const json_t *items)
{
	size_t i;
	json_t *item;

	*l = (struct lives){json_object(), json_object(), json_object()};
	json_array_foreach(items, i, item)
	{
		const char *subject = text_of(item, "subject");
		json_int_t place = (json_int_t)i;

		if (is_of(item, "alert.resolved"))
			json_object_set_new(l->over, subject, json_integer(place));
		if (!is_of(item, "alert.firing"))
			continue;
		json_object_set_new(l->reminded, subject, json_integer(place));
		if (json_object_get(l->fired, subject) == NULL)
			json_object_set_new(l->fired, subject, json_integer(place));
	}
}

static void forget_lives(struct lives *l)
{
	json_decref(l->fired);
	json_decref(l->reminded);
	json_decref(l->over);
}

/* Whether the same alert is told to fire once more behind it. */
static bool has_reminder(const struct lives *l, const json_t *item, size_t i)
{
	const json_t *last = json_object_get(l->reminded, text_of(item, "subject"));

	return is_of(item, "alert.firing") && (size_t)json_integer_value(last) > i;
}

/* Whether the alert of this item both fired and ended within the digest. */
static bool has_passed(const struct lives *l, const json_t *item, size_t i)
{
	const char *subject = text_of(item, "subject");
	const json_t *fired = json_object_get(l->fired, subject);
	const json_t *over = json_object_get(l->over, subject);

	if (fired == NULL || over == NULL)
		return false;
	return is_of(item, "alert.firing")
		       ? (size_t)json_integer_value(over) > i
		       : is_of(item, "alert.resolved") &&
				 (size_t)json_integer_value(fired) < i;
}

static void count(json_t *counts, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(counts, name));

	json_object_set_new(counts, name, json_integer(n + 1));
}

json_t *digest_detail(const char *reason, const json_t *items)
{
	json_t *types = json_object(), *events = json_array(), *item;
	int64_t n_over = 0, n_firing = 0, n_more = 0;
	enum event_severity gravest = SEVERITY_INFO;
	size_t i, n = json_array_size(items);
	struct lives lives;

	note_lives(&lives, items);
	json_array_foreach(items, i, item)
	{
		enum event_severity severity = severity_of(text_of(item, "severity"));

		count(types, text_of(item, "type"));
		if (has_passed(&lives, item, i)) {
			n_over += is_of(item, "alert.resolved");
			continue;
		}
		if (has_reminder(&lives, item, i))
			continue;
		n_firing += is_of(item, "alert.firing");
		gravest = severity > gravest ? severity : gravest;
		if (json_array_size(events) < DIGEST_LISTED)
			json_array_append(events, item);
		else
			n_more++;
	}
	forget_lives(&lives);
	return json_pack(
		"{s:{s:s, s:s, s:s, s:I, s:o, s:I, s:I, s:s, s:o, s:I}}", "digest",
		"reason", reason, "since", text_of(json_array_get(items, 0), "time"),
		"until", text_of(json_array_get(items, n - 1), "time"), "count",
		(json_int_t)n, "types", types, "over", (json_int_t)n_over, "firing",
		(json_int_t)n_firing, "severity", event_severity_name(gravest), "events",
		events, "more", (json_int_t)n_more);
}

/* ---- what is made of it ---- */

static const json_t *member(const struct event *ev, const char *name)
{
	return json_object_get(json_object_get(ev->detail, "digest"), name);
}

enum event_severity digest_text_severity(const struct event *ev)
{
	const char *name = json_string_value(member(ev, "severity"));

	return severity_of(name != NULL ? name : "");
}

static void add_count(struct buf *b, const struct event *ev, const char *name,
		      const char *one, const char *many)
{
	json_int_t n = json_integer_value(member(ev, name));

	if (n > 0)
		buf_printf(b, "; %" JSON_INTEGER_FORMAT " %s", n, n == 1 ? one : many);
}

void digest_text_summary(struct buf *b, const struct event *ev)
{
	const char *reason = json_string_value(member(ev, "reason")), *type;
	bool is_quiet = reason != NULL && strcmp(reason, "quiet") == 0;
	const char *before = ": ";
	json_t *n;

	buf_printf(b, "%s: %" JSON_INTEGER_FORMAT " events%s", ev->account,
		   json_integer_value(member(ev, "count")),
		   is_quiet ? " while it was quiet" : "");
	json_object_foreach((json_t *)member(ev, "types"), type, n)
	{
		buf_printf(b, "%s%" JSON_INTEGER_FORMAT " %s", before,
			   json_integer_value(n), type);
		before = ", ";
	}
	add_count(b, ev, "firing", "alert fires", "alerts fire");
	add_count(b, ev, "over", "alert came and went", "alerts came and went");
}
