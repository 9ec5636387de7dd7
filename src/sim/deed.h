/* What can happen to a device: a table of actions. */
#ifndef SIM_DEED_H
#define SIM_DEED_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/person.h"
#include "sim/world.h"

struct action;
struct buf;
struct err;
struct stage;
struct words;

/* An action that was read, to be done to each. */
struct deed {
	const struct action *action;
	struct stage *stage; /* borrowed */
	char *text, *more;   /* what they are, the action's row says; NULL: none */
	int64_t report_at_ms;
};

/* Read its words. Returns 0 or ERR_FORMAT; *into is to be cleared in any case. */
int deed_read(struct deed *into, struct stage *stage, struct words *w, struct err *err);
void deed_clear(struct deed *deed);

/* The status that it sets, if it is offline or online; else NULL. */
const char *deed_status(const struct deed *deed);
/* Whether something that happens to many happens to this one: a status only to phones in use, not
 * to placeholders, to what is in stock, or to one whose record tells none. */
bool deed_concerns(const struct deed *deed, const struct world_device *d);
/* Whether it may make a difference: what is offline does not go offline. */
bool deed_would_change(const struct deed *deed, const struct world_device *d);
/* Do it; *n is one more where it changed something. Returns 0, or ERR_FORMAT as "no site X". */
int deed_do(const struct deed *deed, struct person p, unsigned *n, struct err *err);

/* Append a line for each action. */
void deed_help(struct buf *out);

#endif
