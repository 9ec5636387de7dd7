#include "sim/trigger.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sim/exchange.h"

void triggers_take_add(struct triggers *t, const struct choice *choice,
		       struct words *words)
{
	t->list = mem_grow(t->list, t->n, &t->cap, sizeof *t->list);
	t->list[t->n++] = (struct trigger){.choice = *choice, .words = *words};
	*words = (struct words){0};
}

void triggers_clear(struct triggers *t)
{
	for (size_t i = 0; i < t->n; i++)
		words_clear(&t->list[i].words);
	free(t->list);
	*t = (struct triggers){0};
}

void triggers_choose(struct triggers *t, const struct asked *asked, struct dice *dice)
{
	for (size_t i = 0; i < t->n; i++)
		if (choice_takes(&t->list[i].choice, asked, dice)) {
			choice_spend(&t->list[i].choice);
			t->list[i].due = true;
			t->list[i].asker = asked->account;
		}
}

bool triggers_next(struct triggers *t, struct words *out, const struct account **asker)
{
	for (size_t i = 0; i < t->n; i++) {
		struct words from = t->list[i].words;

		if (!t->list[i].due)
			continue;
		t->list[i].due = false;
		words_take_rest(out, &from);
		*asker = t->list[i].asker;
		return true;
	}
	return false;
}
