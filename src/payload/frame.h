/* What goes between us and a phonewatch-jq, through the standard input and output of the
 * latter: frames, each a head and so many bytes behind it, in this machine's byte order.
 *
 *   FRAME_SECRET   what the program has as $secret; before the program, where there is one
 *   FRAME_PROGRAM  once            -> FRAME_DONE, empty, or FRAME_FAILED
 *   FRAME_EVENT    then any number -> FRAME_DONE with the payload, or FRAME_FAILED
 *
 * FRAME_FAILED has a line for people. Each frame is answered before the next is sent. */
#ifndef PAYLOAD_FRAME_H
#define PAYLOAD_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

enum frame_kind {
	FRAME_SECRET = 1,
	FRAME_PROGRAM,
	FRAME_EVENT,
	FRAME_DONE,
	FRAME_FAILED,
};

struct frame_head {
	uint32_t kind;
	uint32_t len;
};

#define FRAME_MAX_BYTES   (2u << 20) /* of any */
#define FRAME_MAX_PAYLOAD (1u << 20) /* of what is made of an event */
#define FRAME_MAX_REASON  400 /* of FRAME_FAILED: an error's text has room for it */

/* What phonewatch-jq allows itself. */
#define FRAME_CPU_S \
	1 /* of the processor, for a program or an event; then SIGPROF ends it */
#define FRAME_MEMORY_BYTES (256u << 20)

/* How it ends; else with 0, when nobody has more for it, or by a signal. */
enum {
	FRAME_EXIT_TALK = 2,   /* what came is no frame, or nobody reads the answers */
	FRAME_EXIT_LIMITS = 3, /* the limits cannot be set: nothing was run */
	FRAME_EXIT_MEMORY = 4, /* FRAME_MEMORY_BYTES were not enough */
};

/* Of the clock, until an answer. The program's own time is FRAME_CPU_S; this is for a process that
 * gets none, or was stopped. */
#define FRAME_PATIENCE_MS 20000

void frame_add(struct buf *b, enum frame_kind kind, const char *data, size_t len);
/* The frames that a process begins with. secret may be NULL, or empty: null. */
void frame_add_program(struct buf *b, const char *program, const struct secret *secret);

/* Look for an answer at the start of b. Returns 1 where it is whole, 0 where more is to come, or
 * ERR_FORMAT: what came is none. */
int frame_read(const struct buf *b, struct frame_head *head);
/* What a whole FRAME_FAILED says, under this code. */
int frame_fail(struct err *err, int rc, const struct buf *b,
	       const struct frame_head *head);

/* What it means for the frame under way that the process has ended: ERR_FORMAT where that was the
 * program's doing, else ERR_RETRY. late: we killed it, since it did not answer. */
int frame_of_end(bool late, int64_t status, int signal, struct err *err);

#endif
