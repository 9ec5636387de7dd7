/* The words that steer the simulation, one command a line: a table of verbs, and what each does.
 *
 * Shape   [at DURATION] [in ACCOUNT] VERB ...
 *         words.h says how words are divided; command_help has the verbs */
#ifndef SIM_COMMAND_H
#define SIM_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/words.h"

#define COMMAND_MAX_DEVICES 2000000
#define COMMAND_MAX_SITES   100000

struct account;
struct roster_config;
struct buf;
struct err;
struct triggers;
struct vendor;

/* What commands act upon; borrowed. All NULL but now_ms: nothing, they are only read. */
struct stage {
	struct vendor *vendor;
	struct triggers *triggers;
	const struct account *only;  /* the one that is named; NULL: none is */
	const struct account *asker; /* whose request led here; NULL: nobody's */
	double speed;                /* of life */
	int64_t now_ms;              /* monotonic */
	int64_t at_ms;               /* UTC */
	struct buf *results;         /* each command adds a line that says what it did */
	/* Add an account; the members of config that are NULL or 0 are as for the others. */
	int (*add_account)(struct stage *stage, const struct roster_config *config,
			   struct err *err);
	void *data; /* the owner's */
};

/* One line of a script. */
struct command {
	struct words words; /* none: an empty line */
	int64_t at_ms;      /* since the start; 0 without "at" */
	unsigned line;
};

/*
 * Read one line, len bytes. Files that it names must be there.
 * Returns 0, or ERR_FORMAT with what is wrong; then *into is all zero.
 */
int command_read(struct command *into, const char *line, size_t len, struct err *err);
void command_clear(struct command *c);

/* Run words from the "in" on. Returns 0, or ERR_FORMAT as "no device 123". */
int command_run(const struct words *words, struct stage *stage, struct err *err);

/* The grammar, for people: rules, verbs and kinds of fault. For free(). */
char *command_help(void);

/* Whether a verb can be an option as well, --VERB VALUE; *value (where wanted) is its form then,
 * and *help says what it does. NULL behind the last i. */
const char *command_option(size_t i, const char **value, const char **help);

#endif
