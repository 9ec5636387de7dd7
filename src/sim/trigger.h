/* What happens when something is asked: a choice of requests, and the words of a command. */
#ifndef SIM_TRIGGER_H
#define SIM_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/choice.h"
#include "sim/words.h"

struct asked;
struct dice;

struct trigger {
	struct choice choice;
	struct words words;
	const struct account *asker; /* whose request it was last */
	bool due;                    /* chosen, and not run yet */
};

struct triggers {
	struct trigger *list;
	size_t n, cap;
};

/* All of *words is taken. */
void triggers_take_add(struct triggers *t, const struct choice *choice,
		       struct words *words);
void triggers_clear(struct triggers *t);

/* Count a request; those that it chooses are due. */
void triggers_choose(struct triggers *t, const struct asked *asked, struct dice *dice);
/* The words of one that is due, which it is no longer; false: none is. Copied, for words_clear():
 * what they do may change triggers. */
bool triggers_next(struct triggers *t, struct words *out, const struct account **asker);

#endif
