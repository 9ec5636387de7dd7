/* An alert: a condition that has a life. Rules begin and end it (rule/rule.h). Pure. */
#ifndef MODEL_ALERT_H
#define MODEL_ALERT_H

#include <stdint.h>

/* The numbers are stored in the database: they never change. */
enum alert_kind {
	ALERT_DEVICE_OFFLINE = 1,
	ALERT_DEVICE_FLAPPING = 2,
	ALERT_SITE_OUTAGE = 3,
	ALERT_ACCOUNT_OUTAGE = 4,
	ALERT_LOCATION_STALE = 5,
	ALERT_EMERGENCY_INVALID = 6,
	ALERT_MONITOR_BLIND = 7,
	ALERT_SILENCE_OVER = 8,
};

/* Pending: the condition holds, and nobody is told yet; it may end without a word. Firing: it is
 * told. Resolved: it is over, and told so. */
enum alert_state { ALERT_PENDING = 1, ALERT_FIRING = 2, ALERT_RESOLVED = 3 };

/* Why it is over. */
enum alert_end {
	ALERT_RECOVERED = 1,
	ALERT_ABSORBED = 2, /* it is part of a greater one */
	ALERT_REMOVED = 3,  /* the device is no longer listed */
	ALERT_RULE_GONE = 4 /* no rule asks for it any more */
};

struct alert {
	int64_t alert_id; /* the database's; 0: not stored */
	enum alert_kind kind;
	enum alert_state state;
	char *subject; /* the ID of its key: the vendor's of a device, the site's, or the
			      account's name */
	int64_t device_id; /* ours; 0: not of a device */
	int64_t since_ms;  /* when what it is about was first seen */
	int64_t over_ms;   /* firing: what it is about is over since then; 0: it is not */
	int64_t hold_ms; /* how long it has to last before it fires; or, where it is over, that */
	int64_t fired_ms, resolved_ms; /* 0: not yet */
	enum alert_end end;            /* of a resolved one */
	char *why; /* monitor_blind: the reason that the account is not seen; else NULL */
	char *rule;          /* the title of the rule that made it, or "alerts" */
	char *name;          /* of the site; else NULL */
	int64_t count;       /* devices */
	int64_t absorbed_by; /* the alert that it is part of, which is told instead; 0 */
	int64_t fired_sequence, resolved_sequence; /* events; 0: none */
	int64_t told_ms;                           /* when it was told last */
	int64_t repeats;                           /* reminders */
	int64_t silenced_by; /* the silence that it is under; 0: none */
};

void alert_clear(struct alert *a);

/* "device_offline"; NULL for a number that is none. */
const char *alert_kind_name(enum alert_kind kind);
/* "pending", "firing", "resolved". */
const char *alert_state_name(enum alert_state state);
/* "recovered", "absorbed", "removed", "rule_gone". */
const char *alert_end_name(enum alert_end end);

/* "ACCOUNT/KIND/ID". The caller's. */
char *alert_key(const char *account, const struct alert *a);

#define ALERT_LISTED 50 /* devices that are told by name */

#endif
