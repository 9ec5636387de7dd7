#include "sim/target.h"

#include <string.h>

#include "sim/command.h"
#include "sim/vendor.h"

bool target_has_account(const struct stage *stage, const struct account *account)
{
	const struct account *meant = stage->only != NULL ? stage->only : stage->asker;

	return meant == NULL || meant == account;
}

struct account *target_first_account(const struct stage *stage)
{
	const struct roster *roster = &stage->vendor->roster;
	size_t i = 0;

	while (!target_has_account(stage, roster->list[i]))
		i++;
	return roster->list[i];
}

static struct world_device *find_named(const struct world *w, const char *name)
{
	struct world_device *d = world_next(w, NULL);

	while (d != NULL && strcmp(d->name, name) != 0)
		d = world_next(w, d);
	return d;
}

static struct world_device *find_in(struct world *w, const char *who, struct dice *dice)
{
	size_t n = world_count(w);
	struct world_device *d;

	if (strcmp(who, "first") == 0)
		return n > 0 ? world_at(w, 0) : NULL;
	if (strcmp(who, "last") == 0)
		return n > 0 ? world_at(w, n - 1) : NULL;
	if (strcmp(who, "random") == 0)
		return n > 0 ? world_at(w, dice_below(dice, (uint32_t)n)) : NULL;
	d = world_find(w, who);
	return d != NULL ? d : find_named(w, who);
}

struct target target_find(const struct stage *stage, const char *who)
{
	const struct roster *roster = &stage->vendor->roster;
	struct target t = {0};

	for (size_t i = 0; t.device == NULL && i < roster->n; i++) {
		if (!target_has_account(stage, roster->list[i]))
			continue;
		t.account = roster->list[i];
		t.device = find_in(t.account->world, who, &stage->vendor->dice);
	}
	return t;
}
