/* The words that steer the simulation: one command a line. Parsing only; script.h runs them.
 *
 * Shape   command_help, below
 *
 * Words are divided by blanks; one with blanks stands in double quotes, where \" and \\ are a
 * quote and a backslash. What follows a # at the start of a word is a comment. */
#ifndef SIM_COMMAND_H
#define SIM_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "sim/fault.h"

struct err;

#define COMMAND_MAX_WORDS   32
#define COMMAND_FILE_BYTES  ((size_t)64 << 20) /* of a fault's body */
#define COMMAND_SECONDS_MAX 86400

/* The grammar, for people. */
extern const char command_help[];

enum command_kind {
	COMMAND_NONE, /* an empty line */
	COMMAND_SITE_STATUS,
	COMMAND_ALL_STATUS,
	COMMAND_DEVICE_STATUS,
	COMMAND_DEVICE_REMOVE,
	COMMAND_DEVICE_NAME,
	COMMAND_DEVICE_SITE,
	COMMAND_DEVICE_LOCATION,
	COMMAND_DEVICE_ADD,
	COMMAND_SHUFFLE,
	COMMAND_LIFE,
	COMMAND_TOKEN_REVOKE,
	COMMAND_TOKEN_REFUSE, /* text NULL: accept again */
	COMMAND_LIMIT,
	COMMAND_FAULT,
	COMMAND_FAULTS_CLEAR,
};

enum command_when { COMMAND_AT_NOW, COMMAND_AT_NEVER, COMMAND_AT_TIME };

struct command {
	enum command_kind kind;
	int64_t at_ms; /* since the start; 0 without "at" */
	char *subject; /* id, site or group; NULL: none */
	char *text;    /* status, name, site or code; NULL: none */
	enum command_when when;
	int64_t report_at_ms; /* COMMAND_AT_TIME */
	double share;         /* of COMMAND_LIFE */
	unsigned max;         /* of COMMAND_LIMIT */
	int64_t window_ms;
	struct fault fault;
};

/*
 * Read one line, len bytes. Files that it names are read at once.
 * Returns 0, or ERR_FORMAT with what is wrong; then *into is all zero.
 */
int command_parse(struct command *into, const char *line, size_t len, struct err *err);
void command_clear(struct command *c);

/* "50%" as a share, 0.5; "off" or "0" as 0. The % may be missing from 0 only. */
int command_parse_share(const char *text, double *share, struct err *err);
/* "GROUP=N[/SECONDS]" of the limit command; *group is for free(). */
int command_parse_limit(const char *text, char **group, unsigned *max, int64_t *window_ms,
			struct err *err);

#endif
