#include "sink/sink.h"

#include "sink/exec.h"
#include "sink/journal.h"
#include "sink/mail.h"
#include "sink/syslog.h"
#include "sink/syslog_address.h"
#include "sink/syslog_stream.h"
#include "sink/webhook.h"

static const struct sink_ops *const kinds[] = {
	[SINK_JOURNAL] = &journal_ops, [SINK_SYSLOG] = &syslog_ops,
	[SINK_WEBHOOK] = &webhook_ops, [SINK_MAIL] = &mail_ops,
	[SINK_EXEC] = &exec_ops,
};

static bool is_stream(const char *address)
{
	struct syslog_address to = {0};
	struct err err;
	bool is = syslog_address_read(&to, address, &err) == 0 &&
		  SYSLOG_IS_STREAM(to.transport);

	syslog_address_clear(&to);
	return is;
}

const struct sink_ops *sink_ops_of(const struct sink_settings *settings)
{
	if (settings->kind == SINK_SYSLOG && is_stream(settings->address))
		return &syslog_stream_ops;
	return kinds[settings->kind];
}
