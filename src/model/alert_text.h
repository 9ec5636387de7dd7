/* What an alert's event says: the member "alert" of its data, how grave it is, and a line for
 * people. Pure. */
#ifndef MODEL_ALERT_TEXT_H
#define MODEL_ALERT_TEXT_H

#include <jansson.h>

#include "base/buf.h"
#include "model/alert.h"
#include "model/event.h"

/* What is told of an alert beside its own row. */
struct alert_told {
	const char *account;
	/* Arrays of {"id", "name"}, at most ALERT_LISTED each; borrowed. Of a resolved one: those
	 * who did not come back, and how many. */
	json_t *devices, *not_back;
	int64_t n_not_back;
	bool drill;
};

/*
 * The detail of its event: it all is kept with the event, since the row goes on.
 *
 * Shape  {"alert": {"key", "kind", "rule", "since", "count", "devices", "site", "site_id",
 *         "resolved_at", "duration_ms", "reason", "not_back", "not_back_count", "repeat", "drill"}};
 *         site and site_id of a site's only, null where it has not come to that
 * Returns a new object, the caller's.
 */
json_t *alert_detail(const struct alert *a, const struct alert_told *told);

/* The same of an alert that nobody has: what is said of a rehearsal of type at that time, as of a
 * device named "Drill" that was away for a minute. */
json_t *alert_drill_detail(enum alert_kind kind, enum event_type type,
			   const char *account, int64_t at_ms);

enum event_severity alert_severity(enum alert_kind kind);

/* Of an alert's event: the members of detail.alert. */
const char *alert_text_member(const struct event *ev, const char *name);
enum event_severity alert_text_severity(const struct event *ev);
/* "Denver is back after 7 min". device: the device's words, or NULL. */
void alert_text_summary(struct buf *b, const struct event *ev, const char *device);

#endif
