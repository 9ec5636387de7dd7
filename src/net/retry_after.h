/* The Retry-After header of an answer, whoever sent it. Pure. */
#ifndef NET_RETRY_AFTER_H
#define NET_RETRY_AFTER_H

#include <stdint.h>

#define RETRY_AFTER_MAX_MS (INT64_C(365) * 24 * 3600 * 1000)

/*
 * Read one. Source: RFC 9110, section 10.2.3; what senders make of it beyond that: broken seconds.
 *
 * header     seconds or an HTTP date, in any of its three forms; NULL: there is none
 * now_at_ms  UTC
 *
 * Returns the wait from now in whole milliseconds, at most RETRY_AFTER_MAX_MS; 0 where it is
 * absent, unreadable, or over.
 */
int64_t retry_after_ms(const char *header, int64_t now_at_ms);

#endif
