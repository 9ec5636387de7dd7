/* An event: an immutable fact that something changed. And its texts: the CloudEvent, a summary.
 *
 * An event is rendered from stored rows, so that a repeat has the same bytes years later: what
 * it renders to depends on nothing but this struct. */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/device.h"

/* The numbers are stored in the database: they never change. */
enum event_type {
	EVENT_DEVICE_ONLINE = 1,
	EVENT_DEVICE_OFFLINE = 2,
	EVENT_DEVICE_UNKNOWN = 3,
	EVENT_DEVICE_LOCATION = 4,
	EVENT_DEVICE_ADDED = 5,
	EVENT_DEVICE_REMOVED = 6,
	EVENT_DEVICE_CHANGED = 7,
	EVENT_ACCOUNT_UNREACHABLE = 8,
	EVENT_ACCOUNT_REACHABLE = 9,
	EVENT_ALERT_FIRING = 10,
	EVENT_ALERT_RESOLVED = 11,
	EVENT_DIGEST = 12, /* of several, for one sink: digest_text.h */
};

enum event_severity {
	SEVERITY_INFO,
	SEVERITY_WARNING,
	SEVERITY_ERROR,
	SEVERITY_CRITICAL
};

/* "device.offline"; NULL for a number that is no type. */
const char *event_type_name(enum event_type type);
/* The 128-bit MESSAGE_ID of the journal, one per type, in 32 hex digits. */
const char *event_message_id(enum event_type type);
/* "info", "warning", "error", "critical". */
const char *event_severity_name(enum event_severity severity);

#define EVENT_ID_BYTES 37

/*
 * The id of an event, a UUID of version 7 (RFC 9562), made of nothing but its arguments: 48 bits
 * of time, then 34 bits of the database's random number, then 40 bits of the sequence. Ids of
 * one database sort by time, then by sequence.
 */
void event_id(char out[EVENT_ID_BYTES], int64_t at_ms, int64_t random, int64_t sequence);

struct event {
	int64_t sequence; /* from 1, in the order of commits */
	char id[EVENT_ID_BYTES];
	enum event_type type;
	int64_t at_ms; /* observed_at */
	char *account;

	/* Of device.*, and of an alert.* that is about a device: */
	char *device_id;             /* else NULL */
	json_t *facts;               /* device_facts() as it was then */
	enum device_status status;   /* as of this event */
	enum device_status previous; /* before a transition */
	char *vendor_status;         /* the vendor's word; NULL where there was none */
	bool has_location;
	int64_t location_ms;
	int64_t not_before_ms;

	/* Of device.*: {"changes": [...]} of diff_records(), of device.online also
	 * event_offline_detail(), or NULL for none but what the type says. Of account.*: {"reason", "detail", "since", "counts"}. Of alert.*: alert_detail(). Of a
	 * digest: digest_detail(). */
	json_t *detail;
};

/* Free what it holds; ready for reuse. */
void event_clear(struct event *ev);

enum event_severity event_severity(const struct event *ev);
bool event_is_alert(const struct event *ev);
/* Whom it is about, as the CloudEvent has it: a device's id, an account or an alert's key. Events of
 * one subject of an account are told in order. Borrowed. */
const char *event_subject(const struct event *ev);
/* What a match asks: the device's facts, or those of the site that an alert is about; NULL for
 * none. Borrowed. */
const json_t *event_facts(const struct event *ev);

/* Of a device.online: how long it was offline, from the answer that showed that to the one that shows
 * it no more; or, where it was so when it was first seen, or nobody looked in between, at least so
 * long. Returns a new object, the caller's. */
enum event_offline { EVENT_OFFLINE_FOR, EVENT_OFFLINE_OR_LONGER };
json_t *event_offline_detail(int64_t offline_ms, enum event_offline how);

enum event_personal { EVENT_WITHOUT_PERSONAL, EVENT_WITH_PERSONAL };

/* The CloudEvent (structured mode, compact): DESIGN's contract. The caller frees it. */
char *event_render(const struct event *ev, enum event_personal personal);
/* The same as an object, for those who print it otherwise. */
json_t *event_object(const struct event *ev, enum event_personal personal);

/* One line for people, as in "Lobby phone (ext 101, Denver) is offline". May hold any text of
 * the vendor's, control characters too. The caller frees it. */
char *event_summary(const struct event *ev);

#endif
