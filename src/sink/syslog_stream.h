/* Syslog by TCP and TLS: RFC 5424 messages with octet counting (RFC 6587 section 3.4.1, RFC 5425). */
#ifndef SINK_SYSLOG_STREAM_H
#define SINK_SYSLOG_STREAM_H

#include "sink/sink.h"

/* Delivered is what the receiver's TCP has acknowledged, and did not take back at once by a reset: the
 * protocol has no more. */
extern const struct sink_ops syslog_stream_ops;

#endif
