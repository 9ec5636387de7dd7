/* A payload, once: for who has no loop, and nothing else to do. */
#ifndef PAYLOAD_ONCE_H
#define PAYLOAD_ONCE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

/*
 * Shape one event in a process of its own, and wait for that: 50 ms as a rule, FRAME_PATIENCE_MS at
 * most. SIGPIPE must be ignored.
 *
 * secret  NULL, or empty: null
 * event   NULL: only see that the program compiles; then out is not used
 *
 * Returns 0 or what shaper_done_cb gets.
 */
int payload_once(const char *program, const struct secret *secret, const char *event,
		 size_t len, struct buf *out, struct err *err);

#endif
