/* Syslog: /dev/log and other unix sockets, and UDP.
 *
 *   unix:/dev/log      the local form, as syslog(3) sends it
 *   unix:PATH          RFC 5424
 *   udp://HOST:PORT    RFC 5424 in RFC 5426's datagrams
 *
 * A unix socket may be of datagrams or, where those are refused, a stream, with a NUL behind each
 * message as syslog(3) has it. Nobody acknowledges anything: delivered is what the system took.
 * Each message is told once, save where the system did not take it.
 *
 * A host's name is resolved when the first message goes, and again after five minutes. */
#ifndef SINK_SYSLOG_H
#define SINK_SYSLOG_H

#include "sink/sink.h"

#define SYSLOG_LOCAL_PATH "/dev/log"

extern const struct sink_ops syslog_ops;

#endif
