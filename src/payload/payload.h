/* Payloads: an event as a receiver wants it. A format is a jq program, one of ours by its name or
 * the user's by its path, which makes one object or array of a CloudEvent.
 *
 * Ours are etc/payloads/NAME.jq; prelude.jq stands in front of every program, ours or not, on its
 * first line, so that jq's messages count the lines of the program. */
#ifndef PAYLOAD_PAYLOAD_H
#define PAYLOAD_PAYLOAD_H

#include <stdbool.h>

#include "base/err.h"

#define PAYLOAD_PROGRAM_MAX_BYTES (256u << 10)
#define PAYLOAD_CLOUDEVENTS       "cloudevents" /* the event as it is: no program */

/* The names of ours, NULL behind the last; PAYLOAD_CLOUDEVENTS is not among them. */
extern const char *const payload_formats[];
bool payload_is_format(const char *name);
/* Of one of ours: nothing can be made of it without a secret. */
bool payload_needs_secret(const char *name);

/* Of one of ours, as in the build tree or where it was installed. The caller frees it. */
char *payload_path(const char *name);
/* Of phonewatch-jq, likewise. */
char *payload_command(void);

/*
 * Read a program, with the prelude in front of it.
 *
 * program  the caller frees it. Unchanged on error.
 *
 * Returns 0 or ERR_CONFIG: it cannot be read, or is larger than PAYLOAD_PROGRAM_MAX_BYTES.
 */
int payload_read(const char *path, char **program, struct err *err);

#endif
