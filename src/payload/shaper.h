/* A jq program and the process that runs it, on the loop.
 *
 * The process is begun when there is something to shape, and ends when there was nothing for a
 * minute. What it cannot survive costs one job: the others go to a new one. The same event gives
 * the same bytes, whichever process makes them: a program has no clock, no files, no environment. */
#ifndef PAYLOAD_SHAPER_H
#define PAYLOAD_SHAPER_H

#include <stddef.h>
#include <sys/queue.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#define SHAPER_EVENT_MAX_BYTES (1u << 20)
#define SHAPER_IDLE_MS         60000

struct shaper;
struct shaper_job;

/*
 * The job is over, exactly once, never from within shaper_start or shaper_cancel.
 *
 * rc  0             payload has it
 *     ERR_FORMAT    the program cannot shape this event: it failed, made none or several, took too
 *                   long or too much memory, or crashed jq
 *     ERR_CONFIG    the program does not compile
 *     ERR_RETRY     the process cannot be had, or was killed
 *     ERR_CANCELED
 *     err says what, without any part of the secret. shaper_job_clear is the owner's.
 */
typedef void (*shaper_done_cb)(struct shaper_job *job, int rc);

struct shaper_job {
	/* Set by the owner; the event is borrowed until on_done. */
	const char *event; /* JSON; NULL: only see that the program compiles */
	size_t len;
	shaper_done_cb on_done;
	void *data;

	struct buf payload;
	struct err err;

	int rc; /* private, and the rest too */
	TAILQ_ENTRY(shaper_job) entry;
};

/* command is the path of phonewatch-jq, secret what the program has as $secret (NULL, or empty:
 * null). All are copied. */
struct shaper *shaper_create(uv_loop_t *loop, const char *command, const char *program,
			     const struct secret *secret);
/* No job may be left. The loop lets go of its handles in later turns. NULL is fine. */
void shaper_destroy(struct shaper *s);

void shaper_start(struct shaper *s, struct shaper_job *job);
/* End it early: on_done follows with ERR_CANCELED, unless it was over already. */
void shaper_cancel(struct shaper *s, struct shaper_job *job);
void shaper_job_clear(struct shaper_job *job);

#endif
