/* What takes longer than a second says on a terminal how far it has come: a line of stderr that goes
 * when it is over. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/out.h"

struct progress {
	bool wanted;      /* somebody sits there */
	int64_t since_ms; /* monotonic */
	int64_t next_ms;  /* nothing is shown before */
	bool shown;
};

void progress_start(struct progress *p);
/* The same where the answer is written bit by bit: not to the terminal to which that goes. */
void progress_start_beside(struct progress *p, enum out_format format);
/* "phonewatch: 1500 devices counted"; what: "devices counted". Shown now and then. */
void progress_count(struct progress *p, int64_t n, const char *what);
/* "phonewatch: examining for 12 s"; what: "examining". */
void progress_time(struct progress *p, const char *what);
/* "phonewatch: 17 % copied" */
void progress_share(struct progress *p, int64_t done, int64_t all, const char *what);
/* Ahead of whatever else is written to the terminal. */
void progress_end(struct progress *p);

#endif
