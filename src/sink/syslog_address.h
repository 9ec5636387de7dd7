/* Where a syslog listens, as the configuration writes it. Pure.
 *
 *   unix:PATH        an absolute path, no longer than a socket's may be
 *   udp://HOST:PORT  a name, an IPv4 address, or an IPv6 address in brackets; port 1 to 65535
 *   tcp://HOST:PORT  the same, by TCP: RFC 6587 with octet counting
 *   tls://HOST:PORT  the same, by TLS: RFC 5425
 *
 * The scheme may stand in capitals (RFC 3986, section 3.1); nothing stands behind. */
#ifndef SINK_SYSLOG_ADDRESS_H
#define SINK_SYSLOG_ADDRESS_H

#include "base/err.h"

enum syslog_transport { SYSLOG_UNIX, SYSLOG_UDP, SYSLOG_TCP, SYSLOG_TLS };

/* All zero: none. */
struct syslog_address {
	enum syslog_transport transport;
	char *path;        /* of a unix socket; else NULL, and the other two are there */
	char *host, *port; /* as getaddrinfo(3) wants them: the host without brackets */
};

/* By a stream it is net/stream's; else syslog.c does it. */
#define SYSLOG_IS_STREAM(transport) \
	((transport) == SYSLOG_TCP || (transport) == SYSLOG_TLS)

/*
 * The one place that decides what an address is, for the check of the configuration and for the
 * sink.
 *
 * into  syslog_address_clear() frees it. Unchanged on error.
 *
 * Returns 0 or ERR_CONFIG; err says what would be right, and repeats nothing of the text.
 */
int syslog_address_read(struct syslog_address *into, const char *text, struct err *err);
void syslog_address_clear(struct syslog_address *a);

#endif
