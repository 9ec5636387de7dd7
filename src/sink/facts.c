#include "sink/facts.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "model/alert_text.h"

static const char *member(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void add(struct facts *f, const char *key, const char *field, const char *text)
{
	if (text != NULL)
		f->list[f->n++] = (struct fact){key, field, text};
}

static void add_alert(struct facts *f, const struct event *ev)
{
	add(f, "alert", "PHONEWATCH_ALERT", event_subject(ev));
	add(f, "kind", "PHONEWATCH_KIND", alert_text_member(ev, "kind"));
	add(f, "reason", NULL, alert_text_member(ev, "reason"));
}

static void add_status(struct facts *f, const struct event *ev)
{
	add(f, "status", "PHONEWATCH_STATUS", device_status_name(ev->status));
	if (ev->type <= EVENT_DEVICE_UNKNOWN) /* a transition */
		add(f, "previous_status", NULL, device_status_name(ev->previous));
}

void facts_of(struct facts *f, const struct event *ev)
{
	bool is_alert = event_is_alert(ev);

	f->n = 0;
	snprintf(f->sequence, sizeof f->sequence, "%" PRId64, ev->sequence);
	add(f, "id", "PHONEWATCH_EVENT_ID", ev->id);
	add(f, "sequence", NULL, f->sequence);
	add(f, "account", "PHONEWATCH_ACCOUNT", ev->account);
	add(f, "device", "PHONEWATCH_DEVICE_ID", ev->device_id);
	if (is_alert)
		add_alert(f, ev);
	else if (ev->device_id != NULL)
		add_status(f, ev);
	add(f, "name", "PHONEWATCH_DEVICE_NAME", member(ev->facts, "name"));
	add(f, "site", "PHONEWATCH_SITE", member(event_facts(ev), "site"));
	add(f, "type", "PHONEWATCH_TYPE", event_type_name(ev->type));
	if (!is_alert && ev->device_id == NULL)
		add(f, "reason", NULL, member(ev->detail, "reason"));
}

int facts_priority(const struct event *ev)
{
	static const int priorities[] = {
		[SEVERITY_INFO] = 6,
		[SEVERITY_WARNING] = 4,
		[SEVERITY_ERROR] = 3,
		[SEVERITY_CRITICAL] = 2,
	};

	return priorities[event_severity(ev)];
}
