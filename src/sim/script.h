/* Commands in a row: those of a file, each at its time, or those of one request, at once. */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "sim/command.h"

struct buf;
struct err;
struct life;
struct vendor;
struct world;

struct script {
	struct command *commands; /* by at_ms; those of one time as they were written */
	unsigned *lines;          /* where each was written, from 1 */
	size_t n, cap, lines_cap;
	size_t next; /* the next one to run */
};

/* What commands act upon; borrowed. */
struct stage {
	struct world *world;
	struct life *life;
	struct vendor *vendor;
};

/* Times, as script_run wants them. */
struct stage_clock {
	int64_t since_start_ms;
	int64_t life_ms; /* life's own */
	int64_t at_ms;   /* UTC */
};

/* Read all lines of text. Returns 0, or ERR_FORMAT as "line 3: ..."; then *into is empty. */
int script_parse(struct script *into, const char *text, size_t len, struct err *err);
int script_read(struct script *into, const char *path, struct err *err);
void script_clear(struct script *s);

/* When the next command is due, in ms since the start; INT64_MAX: no more. */
int64_t script_next_ms(const struct script *s);

/*
 * Run what is due. Each command adds a line to results that says what it did.
 * Returns 0, or ERR_FORMAT as "line 3: no device 123"; what came before it is done, and it
 * counts as run.
 */
int script_run(struct script *s, const struct stage *stage,
	       const struct stage_clock *clock, struct buf *results, struct err *err);

#endif
