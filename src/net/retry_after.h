/* The Retry-After header of an answer, whoever sent it. Pure. */
#ifndef NET_RETRY_AFTER_H
#define NET_RETRY_AFTER_H

#include <stdint.h>

#define RETRY_AFTER_MAX_MS (INT64_C(365) * 24 * 3600 * 1000)

/*
 * Read one. Source: RFC 9110, section 10.2.3; what senders make of it beyond that: broken seconds.
 *
 * header     seconds or an HTTP date, in any of its three forms; NULL: there is none
 * date       the answer's Date header: what the sender's own clock said, of which a date in
 *            Retry-After is. NULL: there is none
 * now_at_ms  UTC, as our clock has it, which may be wrong: it counts where the sender's is not
 *            told, cannot be read, or is more than a day away from what it asks for
 * least_ms   a date by our clock is at least so far away
 *
 * Returns the wait from now in whole milliseconds, at most RETRY_AFTER_MAX_MS; 0 where it is
 * absent or unreadable, or was over by the sender's clock as it answered.
 */
int64_t retry_after_ms(const char *header, const char *date, int64_t now_at_ms,
		       int64_t least_ms);

#endif
