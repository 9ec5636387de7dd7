/* Where a syslog listens, as the configuration writes it. Pure.
 *
 *   unix:PATH        an absolute path, no longer than a socket's may be
 *   udp://HOST:PORT  a name, an IPv4 address, or an IPv6 address in brackets; port 1 to 65535
 *
 * The scheme may stand in capitals (RFC 3986, section 3.1); nothing stands behind. */
#ifndef SINK_SYSLOG_ADDRESS_H
#define SINK_SYSLOG_ADDRESS_H

#include "base/err.h"

/* All zero: none. */
struct syslog_address {
	char *path;        /* of a unix socket; NULL: UDP, so the other two are there */
	char *host, *port; /* as getaddrinfo(3) wants them: the host without brackets */
};

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
