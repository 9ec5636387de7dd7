/* The systemd journal, by its native protocol.
 *
 * MESSAGE (the summary), PRIORITY, MESSAGE_ID (one per type of event; systemd/phonewatch.catalog
 * explains them), SYSLOG_IDENTIFIER, and the event as PHONEWATCH_EVENT_ID, _TYPE, _ACCOUNT,
 * _DEVICE_ID, _DEVICE_NAME, _STATUS, _SITE and _JSON; what an event does not have is left out. */
#ifndef SINK_JOURNAL_H
#define SINK_JOURNAL_H

#include "sink/sink.h"

/* Whether there is a journal, and we were built for it. */
bool journal_is_there(void);

/* Settings: address may name another socket to look for than the journal's; NULL: that one. */
extern const struct sink_ops journal_ops;

#endif
