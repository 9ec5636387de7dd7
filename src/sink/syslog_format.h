/* The two forms of a syslog message. Pure.
 *
 * Text of the vendor's is made safe first: control characters, what is not UTF-8 and what turns
 * the direction of writing become \xNN. */
#ifndef SINK_SYSLOG_FORMAT_H
#define SINK_SYSLOG_FORMAT_H

#include <stddef.h>

#include "base/buf.h"
#include "model/event.h"

/* Of a whole message, in bytes. The facts are always whole; the summary is cut at a whole
 * character. */
#define SYSLOG_UDP_BYTES  2048 /* RFC 5426, section 3.2 */
#define SYSLOG_UNIX_BYTES 8192 /* what rsyslog takes by default */
/* A fact is cut there, so that all of them fit into the smaller message. */
#define SYSLOG_FACT_BYTES 128

struct syslog_origin {
	const char *host; /* our name; "" where it is not known */
	int pid;          /* in the local form only */
};

#define SYSLOG_HOST_BYTES 256

/* This machine and process. host keeps the name, and is borrowed. */
struct syslog_origin syslog_origin_here(char host[SYSLOG_HOST_BYTES]);

/*
 * RFC 5424, as in
 *
 *   <28>1 2026-11-22T18:01:02.345Z pbx phonewatchd - device.offline
 *   [phonewatch@32473 id="0193..." sequence="7" account="acme" device="8023" status="Offline"
 *   previous_status="Online" name="Lobby phone" site="Denver" type="device.offline"]
 *   Lobby phone (ext 101, Denver) is offline
 *
 * on one line. 32473 is the number that RFC 5612 sets aside for examples. A byte order mark stands
 * before a message that is more than ASCII, as section 6.4 demands, and only there: many
 * receivers show it as text. There is no PROCID: a repeat after a restart has the same bytes.
 *
 * out  is emptied first; max is one of the two limits above
 */
void syslog_format(struct buf *out, const struct event *ev,
		   const struct syslog_origin *from, size_t max);

/*
 * What /dev/log takes, as syslog(3) sends it:
 *
 *   <28>Nov 22 18:01:02 phonewatchd[4711]: Lobby phone (ext 101, Denver) is offline id=0193...
 *   sequence=7 account=acme device=8023 status=Offline previous_status=Online
 *   name="Lobby phone" site=Denver type=device.offline
 *
 * on one line. The time is the event's, in the zone of this machine. A value stands in quotes
 * where it has other characters than letters, digits and .:_/+@- in it.
 */
void syslog_format_local(struct buf *out, const struct event *ev,
			 const struct syslog_origin *from, size_t max);

#endif
