#include "sim/person.h"

#include <string.h>

#include "sim/command.h"
#include "sim/vendor.h"

bool person_is_meant(const struct stage *stage, const struct account *account)
{
	const struct account *meant = stage->only != NULL ? stage->only : stage->asker;

	return meant == NULL || meant == account;
}

struct account *person_first_account(const struct stage *stage)
{
	const struct roster *roster = &stage->vendor->roster;
	size_t i = 0;

	while (!person_is_meant(stage, roster->list[i]))
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

struct person person_find(const struct stage *stage, const char *who)
{
	const struct roster *roster = &stage->vendor->roster;
	struct person p = {0};

	for (size_t i = 0; p.device == NULL && i < roster->n; i++) {
		if (!person_is_meant(stage, roster->list[i]))
			continue;
		p.account = roster->list[i];
		p.device = find_in(p.account->world, who, &stage->vendor->dice);
	}
	return p;
}
