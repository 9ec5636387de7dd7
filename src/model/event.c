#include "model/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/alert_text.h"
#include "model/compact.h"
#include "model/digest_text.h"

#define SUMMARY_MAX_BYTES      4096
#define SUMMARY_FACT_MAX       200 /* bytes of a name; the vendor allows 64 characters */
#define EVENT_OFFLINE_MS       "offline_ms"
#define EVENT_OFFLINE_AT_LEAST "offline_at_least"
#define LISTED_FIELDS          3 /* named in the summary of device.changed */

static const struct {
	const char *name;
	const char *message_id;
	enum event_severity severity;
} types[] = {
	[EVENT_DEVICE_ONLINE] = {"device.online", "c7d9a6d0f6a94f4f8c0e3c1f7f0b1a01",
				 SEVERITY_INFO},
	[EVENT_DEVICE_OFFLINE] = {"device.offline", "c7d9a6d0f6a94f4f8c0e3c1f7f0b1a02",
				  SEVERITY_WARNING},
	[EVENT_DEVICE_UNKNOWN] = {"device.unknown", "c7d9a6d0f6a94f4f8c0e3c1f7f0b1a03",
				  SEVERITY_WARNING},
	[EVENT_DEVICE_LOCATION] = {"device.location_reported",
				   "c7d9a6d0f6a94f4f8c0e3c1f7f0b1a04", SEVERITY_INFO},
	[EVENT_DEVICE_ADDED] = {"device.added", "c7d9a6d0f6a94f4f8c0e3c1f7f0b1a05",
				SEVERITY_INFO},
	[EVENT_DEVICE_REMOVED] = {"device.removed", "c7d9a6d0f6a94f4f8c0e3c1f7f0b1a06",
				  SEVERITY_WARNING},
	[EVENT_DEVICE_CHANGED] = {"device.changed", "c7d9a6d0f6a94f4f8c0e3c1f7f0b1a07",
				  SEVERITY_INFO},
	[EVENT_ACCOUNT_UNREACHABLE] = {"account.unreachable",
				       "c7d9a6d0f6a94f4f8c0e3c1f7f0b1a08",
				       SEVERITY_ERROR},
	[EVENT_ACCOUNT_REACHABLE] = {"account.reachable",
				     "c7d9a6d0f6a94f4f8c0e3c1f7f0b1a09", SEVERITY_INFO},
	[EVENT_ALERT_FIRING] = {"alert.firing", "c7d9a6d0f6a94f4f8c0e3c1f7f0b1a0a",
				SEVERITY_WARNING},
	[EVENT_ALERT_RESOLVED] = {"alert.resolved", "c7d9a6d0f6a94f4f8c0e3c1f7f0b1a0b",
				  SEVERITY_INFO},
	[EVENT_DIGEST] = {"digest", "c7d9a6d0f6a94f4f8c0e3c1f7f0b1a0c", SEVERITY_INFO},
};

const char *event_type_name(enum event_type type)
{
	return type > 0 && type < COUNT(types) ? types[type].name : NULL;
}

const char *event_message_id(enum event_type type)
{
	return types[type].message_id;
}

bool event_is_alert(const struct event *ev)
{
	return ev->type == EVENT_ALERT_FIRING || ev->type == EVENT_ALERT_RESOLVED;
}

/* An alert's depends on its kind, a digest's on what is in it. */
enum event_severity event_severity(const struct event *ev)
{
	if (ev->type == EVENT_DIGEST)
		return digest_text_severity(ev);
	return event_is_alert(ev) ? alert_text_severity(ev) : types[ev->type].severity;
}

const char *event_subject(const struct event *ev)
{
	const char *key = event_is_alert(ev) ? alert_text_member(ev, "key") : NULL;

	if (key != NULL)
		return key;
	return ev->device_id != NULL ? ev->device_id : ev->account;
}

const json_t *event_facts(const struct event *ev)
{
	if (ev->facts == NULL && event_is_alert(ev))
		return json_object_get(ev->detail, "alert");
	return ev->facts;
}

const char *event_severity_name(enum event_severity severity)
{
	static const char *const names[] = {"info", "warning", "error", "critical"};

	return names[severity];
}

void event_id(char out[EVENT_ID_BYTES], int64_t at_ms, int64_t random, int64_t sequence)
{
	uint64_t t = (uint64_t)at_ms & 0xffffffffffff;
	uint64_t r = (uint64_t)random, s = (uint64_t)sequence & 0xffffffffff;
	uint64_t low =
		(r >> 12 & 0x3fffff) << 40 | s; /* 62 bits below the variant's two */

	snprintf(out, EVENT_ID_BYTES,
		 "%08" PRIx64 "-%04" PRIx64 "-7%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
		 t >> 16, t & 0xffff, r & 0xfff, UINT64_C(0x8000) | low >> 48,
		 low & 0xffffffffffff);
}

void event_clear(struct event *ev)
{
	free(ev->account);
	free(ev->device_id);
	free(ev->vendor_status);
	json_decref(ev->facts);
	json_decref(ev->detail);
	*ev = (struct event){0};
}

static bool is_transition(enum event_type type)
{
	return type <= EVENT_DEVICE_UNKNOWN;
}

/* Copies of the changes; values of personal ones only for those who may see them. */
static void add_changes(json_t *to, const json_t *changes, enum event_personal personal)
{
	size_t i;
	json_t *change;

	json_array_foreach(changes, i, change)
	{
		json_t *copy = json_copy(change);

		if (json_object_del(copy, "personal") == 0 &&
		    personal == EVENT_WITHOUT_PERSONAL) {
			json_object_del(copy, "from");
			json_object_del(copy, "to");
		}
		json_array_append_new(to, copy);
	}
}

static void print_changes(struct buf *b, const struct event *ev,
			  enum event_personal personal)
{
	const json_t *changes = json_object_get(ev->detail, "changes");
	json_t *visible = json_array(), *change;
	size_t i;

	compact_open(b, "changes", '[');
	if (is_transition(ev->type)) {
		compact_open(b, NULL, '{');
		compact_text(b, "field", "status");
		compact_text(b, "from", device_status_name(ev->previous));
		compact_text(b, "to", device_status_name(ev->status));
		compact_close(b, '}');
	}
	add_changes(visible, changes, personal);
	json_array_foreach(visible, i, change)
	{
		compact_json(b, NULL, change);
	}
	json_decref(visible);
	compact_close(b, ']');
}

static void print_device(struct buf *b, const struct event *ev)
{
	device_print(b, "device", ev->account, ev->device_id, ev->facts,
		     ev->vendor_status);
}

/* What is not yet there under the same name. */
static void print_detail(struct buf *b, const struct event *ev)
{
	static const char *const there[] = {"account", "sequence", "severity", "summary"};
	const char *name;
	json_t *value;

	json_object_foreach(ev->detail, name, value)
	{
		bool is_there = ev->device_id != NULL && strcmp(name, "device") == 0;

		for (size_t i = 0; i < COUNT(there); i++)
			is_there = is_there || strcmp(name, there[i]) == 0;
		if (!is_there)
			compact_json(b, name, value);
	}
}

/* How long it was offline. An event of before there were such members stays without them. */
static void print_offline(struct buf *b, const struct event *ev)
{
	const json_t *offline_ms = json_object_get(ev->detail, EVENT_OFFLINE_MS);

	if (offline_ms == NULL)
		return;
	compact_json(b, EVENT_OFFLINE_MS, offline_ms);
	compact_json(b, EVENT_OFFLINE_AT_LEAST,
		     json_is_true(json_object_get(ev->detail, EVENT_OFFLINE_AT_LEAST))
			     ? json_true()
			     : json_false());
}

json_t *event_offline_detail(int64_t offline_ms, enum event_offline how)
{
	json_t *detail = json_object();

	json_object_set_new(detail, EVENT_OFFLINE_MS, json_integer(offline_ms));
	if (how == EVENT_OFFLINE_OR_LONGER) /* rare: the row of the others is small */
		json_object_set_new(detail, EVENT_OFFLINE_AT_LEAST, json_true());
	return detail;
}

static void print_device_data(struct buf *b, const struct event *ev,
			      enum event_personal personal)
{
	print_device(b, ev);
	compact_text(b, "status", device_status_name(ev->status));
	compact_text(b, "previous_status",
		     is_transition(ev->type) ? device_status_name(ev->previous) : NULL);
	compact_time(b, "not_before", ev->not_before_ms);
	compact_time(b, "observed_at", ev->at_ms);
	if (ev->has_location)
		compact_time(b, "last_location_report_time", ev->location_ms);
	else
		compact_text(b, "last_location_report_time", NULL);
	print_changes(b, ev, personal);
	print_offline(b, ev);
}

static void print_data(struct buf *b, const struct event *ev,
		       enum event_personal personal)
{
	char *summary = event_summary(ev);

	compact_text(b, "account", ev->account);
	compact_number(b, "sequence", ev->sequence);
	compact_text(b, "severity", event_severity_name(event_severity(ev)));
	compact_text(b, "summary", summary);
	free(summary);
	if (ev->device_id != NULL && !event_is_alert(ev)) {
		print_device_data(b, ev, personal);
		return;
	}
	if (ev->device_id != NULL)
		print_device(b, ev);
	print_detail(b, ev);
}

char *event_render(const struct event *ev, enum event_personal personal)
{
	char *source = mem_printf("/accounts/%s", ev->account);
	struct buf b;

	buf_init(&b, SIZE_MAX / 4); /* what is stored is bounded, and so is this */
	compact_open(&b, NULL, '{');
	compact_text(&b, "specversion", "1.0");
	compact_text(&b, "id", ev->id);
	compact_text(&b, "type", event_type_name(ev->type));
	compact_text(&b, "source", source);
	compact_text(&b, "subject", event_subject(ev));
	compact_time(&b, "time", ev->at_ms);
	compact_text(&b, "datacontenttype", "application/json");
	compact_open(&b, "data", '{');
	print_data(&b, ev, personal);
	compact_close(&b, '}');
	compact_close(&b, '}');
	free(source);
	return b.data;
}

json_t *event_object(const struct event *ev, enum event_personal personal)
{
	char *text = event_render(ev, personal);
	json_t *object = json_loads(text, 0, NULL);

	free(text);
	return object;
}

static const char *fact(const struct event *ev, const char *name)
{
	const char *text = json_string_value(json_object_get(ev->facts, name));

	return text != NULL && text[0] != '\0' ? text : NULL;
}

static void add_text(struct buf *b, const char *text)
{
	buf_add(b, text, utf8_cut(text, SUMMARY_FACT_MAX)); /* fits: few are added */
}

/* "Lobby phone (ext 101, Denver)"; what is not known is left out. */
static void add_device_name(struct buf *b, const struct event *ev)
{
	const char *name = fact(ev, "name"), *serial = fact(ev, "serial");
	const char *extension = fact(ev, "extension_number"), *site = fact(ev, "site");

	if (name == NULL)
		buf_add_text(b, "device ");
	add_text(b, name != NULL ? name : serial != NULL ? serial : ev->device_id);
	if (extension == NULL && site == NULL)
		return;
	buf_add_text(b, extension != NULL ? " (ext " : " (");
	if (extension != NULL)
		add_text(b, extension);
	if (extension != NULL && site != NULL)
		buf_add_text(b, ", ");
	if (site != NULL)
		add_text(b, site);
	buf_add_text(b, ")");
}

static void add_changed(struct buf *b, const struct event *ev)
{
	const json_t *changes = json_object_get(ev->detail, "changes");
	size_t n = json_array_size(changes);

	buf_add_text(b, " changed: ");
	for (size_t i = 0; i < n && i < LISTED_FIELDS; i++) {
		const json_t *change = json_array_get(changes, i);

		if (i > 0)
			buf_add_text(b, ", ");
		add_text(b, json_string_value(json_object_get(change, "field")));
	}
	if (n > LISTED_FIELDS)
		buf_printf(b, " and %zu more", n - LISTED_FIELDS);
}

static void add_offline_text(struct buf *b, const struct event *ev)
{
	const json_t *offline_ms = json_object_get(ev->detail, EVENT_OFFLINE_MS);
	char text[CLOCK_TEXT_BYTES];

	if (offline_ms == NULL)
		return;
	clock_format_duration(text, json_integer_value(offline_ms));
	buf_printf(b, " after %s", text);
	if (json_is_true(json_object_get(ev->detail, EVENT_OFFLINE_AT_LEAST)))
		buf_add_text(b, " or more");
}

static void add_device_text(struct buf *b, const struct event *ev)
{
	char at[CLOCK_TEXT_BYTES];

	add_device_name(b, ev);
	switch (ev->type) {
	case EVENT_DEVICE_ONLINE:
		buf_add_text(b, " is online");
		add_offline_text(b, ev);
		break;
	case EVENT_DEVICE_OFFLINE:
		buf_add_text(b, " is offline");
		break;
	case EVENT_DEVICE_UNKNOWN:
		if (ev->vendor_status != NULL) {
			buf_add_text(b, " has a status that is not understood: ");
			add_text(b, ev->vendor_status);
		} else {
			buf_add_text(b, " has no status any more");
		}
		break;
	case EVENT_DEVICE_LOCATION:
		clock_format(at, ev->location_ms);
		buf_printf(b, " reported its location at %s", at);
		break;
	case EVENT_DEVICE_ADDED:
		buf_printf(b, " was added, %s",
			   ev->status == DEVICE_ONLINE    ? "online"
			   : ev->status == DEVICE_OFFLINE ? "offline"
							  : "its status unknown");
		break;
	case EVENT_DEVICE_REMOVED:
		buf_add_text(b, " is no longer listed");
		break;
	case EVENT_DEVICE_CHANGED:
	default:
		add_changed(b, ev);
	}
}

static void add_alert_text(struct buf *b, const struct event *ev)
{
	struct buf device;

	buf_init(&device, SUMMARY_MAX_BYTES);
	if (ev->device_id != NULL)
		add_device_name(&device, ev);
	alert_text_summary(b, ev, ev->device_id != NULL ? buf_text(&device) : NULL);
	buf_clear(&device);
}

static void add_account_text(struct buf *b, const struct event *ev)
{
	const json_t *counts = json_object_get(ev->detail, "counts");
	const char *detail = json_string_value(json_object_get(ev->detail, "detail"));
	const char *reason = json_string_value(json_object_get(ev->detail, "reason"));

	if (ev->type == EVENT_ACCOUNT_UNREACHABLE) {
		buf_printf(b, "account %s cannot be watched (%s)", ev->account,
			   reason != NULL ? reason : "unknown");
		if (detail != NULL)
			buf_printf(b, ": %s", detail);
		return;
	}
	buf_printf(b, "account %s is watched", ev->account);
	if (counts != NULL)
		buf_printf(b,
			   ": %" JSON_INTEGER_FORMAT " devices, %" JSON_INTEGER_FORMAT
			   " online, %" JSON_INTEGER_FORMAT " offline",
			   json_integer_value(json_object_get(counts, "devices")),
			   json_integer_value(json_object_get(counts, "online")),
			   json_integer_value(json_object_get(counts, "offline")));
}

char *event_summary(const struct event *ev)
{
	struct buf b;

	buf_init(&b, SUMMARY_MAX_BYTES);
	if (event_is_alert(ev))
		add_alert_text(&b, ev);
	else if (ev->device_id != NULL)
		add_device_text(&b, ev);
	else if (ev->type == EVENT_DIGEST)
		digest_text_summary(&b, ev);
	else
		add_account_text(&b, ev);
	return b.data != NULL ? b.data : mem_strdup("");
}
