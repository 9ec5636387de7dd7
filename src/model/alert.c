#include "model/alert.h"

#include <stdlib.h>

#include "base/mem.h"

void alert_clear(struct alert *a)
{
	free(a->subject);
	free(a->why);
	free(a->rule);
	free(a->name);
	*a = (struct alert){0};
}

const char *alert_kind_name(enum alert_kind kind)
{
	static const char *const names[] = {
		[ALERT_DEVICE_OFFLINE] = "device_offline",
		[ALERT_DEVICE_FLAPPING] = "device_flapping",
		[ALERT_SITE_OUTAGE] = "site_outage",
		[ALERT_ACCOUNT_OUTAGE] = "account_outage",
		[ALERT_LOCATION_STALE] = "location_stale",
		[ALERT_EMERGENCY_INVALID] = "emergency_invalid",
		[ALERT_MONITOR_BLIND] = "monitor_blind",
		[ALERT_SILENCE_OVER] = "silence_over",
	};

	return kind > 0 && kind < COUNT(names) ? names[kind] : NULL;
}

const char *alert_state_name(enum alert_state state)
{
	static const char *const names[] = {
		[ALERT_PENDING] = "pending",
		[ALERT_FIRING] = "firing",
		[ALERT_RESOLVED] = "resolved",
	};

	return names[state];
}

const char *alert_end_name(enum alert_end end)
{
	static const char *const names[] = {
		[ALERT_RECOVERED] = "recovered",
		[ALERT_ABSORBED] = "absorbed",
		[ALERT_REMOVED] = "removed",
		[ALERT_RULE_GONE] = "rule_gone",
	};

	return names[end];
}

char *alert_key(const char *account, const struct alert *a)
{
	return mem_printf("%s/%s/%s", account, alert_kind_name(a->kind), a->subject);
}
