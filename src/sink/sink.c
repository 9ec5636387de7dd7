#include "sink/sink.h"

#include "sink/journal.h"
#include "sink/syslog.h"
#include "sink/webhook.h"

static const struct sink_ops *const kinds[] = {
	[SINK_JOURNAL] = &journal_ops,
	[SINK_SYSLOG] = &syslog_ops,
	[SINK_WEBHOOK] = &webhook_ops,
};

const struct sink_ops *sink_ops_of(enum sink_kind kind)
{
	return kinds[kind];
}
