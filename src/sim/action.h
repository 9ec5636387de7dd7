/* What can happen to a device: a table of actions. */
#ifndef SIM_ACTION_H
#define SIM_ACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/target.h"
#include "sim/world.h"

struct action_row;
struct buf;
struct err;
struct stage;
struct words;

/* An action that was read, to be done to each. */
struct action {
	const struct action_row *row;
	struct stage *stage; /* borrowed */
	char *text, *more;   /* what they are, the action's row says; NULL: none */
	int64_t report_at_ms;
};

/* Read its words. Returns 0 or ERR_FORMAT; *into is to be cleared in any case. */
int action_read(struct action *into, struct stage *stage, struct words *w,
		struct err *err);
void action_clear(struct action *action);

/* The status that it sets, if it is offline or online; else NULL. */
const char *action_status(const struct action *action);
/* Whether something that happens to many happens to this one: a status only to phones in use, not
 * to placeholders, to what is in stock, or to one whose record tells none. */
bool action_concerns(const struct action *action, const struct world_device *d);
/* Whether it may make a difference: what is offline does not go offline. */
bool action_would_change(const struct action *action, const struct world_device *d);
/* Do it; *n is one more where it changed something. Returns 0, or ERR_FORMAT as "no site X". */
int action_do(const struct action *action, struct target t, unsigned *n, struct err *err);

/* Append a line for each action. */
void action_help(struct buf *out);

#endif
