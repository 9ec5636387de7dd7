/* Commands in a row, each at its time. */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "sim/command.h"

struct err;

struct script {
	struct command *commands; /* by at_ms; those of one time as they were written */
	size_t n, cap;
	size_t next; /* the next one to run */
};

/* Read all lines of text. Returns 0, or ERR_FORMAT as "line 3: ..."; then *into is empty. */
int script_read(struct script *into, const char *text, size_t len, struct err *err);
/* The same from a file; ERR_CONFIG where it cannot be read. */
int script_open(struct script *into, const char *path, struct err *err);
void script_clear(struct script *s);

/* Move all that has not run from one to the other, later_ms later. */
void script_move(struct script *into, struct script *from, int64_t later_ms);

/* When the next command is due, in ms since the start; INT64_MAX: no more. */
int64_t script_next_ms(const struct script *s);

/*
 * Run what is due at since_start_ms.
 * Returns 0, or ERR_FORMAT as "line 3: no device 123"; what came before it is done, and it
 * counts as run.
 */
int script_run(struct script *s, int64_t since_start_ms, struct stage *stage,
	       struct err *err);

#endif
