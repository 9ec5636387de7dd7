#include "sim/subject.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sim/action.h"
#include "sim/command.h"
#include "sim/vendor.h"
#include "sim/words.h"

static void tell_number(const struct action *action, unsigned n, struct buf *results)
{
	if (action_status(action) != NULL)
		buf_printf(results, "%u changed to %s\n", n, action_status(action));
	else
		buf_printf(results, "%u changed\n", n);
}

/* To all of an account, or of one of its sites. */
static int act_on_account(const struct action *action, struct account *account,
			  uint32_t site, unsigned *n, struct err *err)
{
	struct world_device *d = world_next(account->world, NULL), *next;
	int rc = 0;

	for (; rc == 0 && d != NULL; d = next) {
		next = world_next(account->world, d);
		if ((site == WORLD_NO_SITE || d->site == site) &&
		    action_concerns(action, d))
			rc = action_do(action, (struct target){account, d}, n, err);
	}
	return rc;
}

/* ---- site, all ---- */

/* name NULL: at all sites. */
static int act_on_sites(const struct action *action, struct stage *stage,
			const char *name, struct err *err)
{
	struct roster *roster = &stage->vendor->roster;
	bool found = name == NULL;
	unsigned n = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < roster->n; i++) {
		uint32_t site = WORLD_NO_SITE;

		if (!target_has_account(stage, roster->list[i]))
			continue;
		if (name != NULL)
			site = world_find_site(roster->list[i]->world, name);
		if (name != NULL && site == WORLD_NO_SITE)
			continue;
		found = true;
		rc = act_on_account(action, roster->list[i], site, &n, err);
	}
	if (!found)
		return err_set(err, ERR_FORMAT, "no site \"%s\"", name);
	if (rc == 0)
		tell_number(action, n, stage->results);
	return rc;
}

int subject_site(struct stage *stage, struct words *w, struct err *err)
{
	struct action action = {0};
	char *name = NULL;
	int rc = words_next_text(w, "the name of a site", &name, err);

	if (rc == 0)
		rc = action_read(&action, stage, w, err);
	if (rc == 0 && stage->vendor != NULL)
		rc = act_on_sites(&action, stage, name, err);
	action_clear(&action);
	free(name);
	return rc;
}

int subject_all(struct stage *stage, struct words *w, struct err *err)
{
	struct action action;
	int rc = action_read(&action, stage, w, err);

	if (rc == 0 && stage->vendor != NULL)
		rc = act_on_sites(&action, stage, NULL, err);
	action_clear(&action);
	return rc;
}

/* ---- some ---- */

struct targets {
	struct target *list;
	size_t n, cap;
};

/* All to whom it could happen. */
static void gather(struct targets *targets, const struct action *action,
		   const struct stage *stage)
{
	const struct roster *roster = &stage->vendor->roster;

	for (size_t i = 0; i < roster->n; i++) {
		struct world *w = roster->list[i]->world;
		struct world_device *d = NULL;

		if (!target_has_account(stage, roster->list[i]))
			continue;
		while ((d = world_next(w, d)) != NULL) {
			if (!action_concerns(action, d) ||
			    !action_would_change(action, d))
				continue;
			targets->list = mem_grow(targets->list, targets->n, &targets->cap,
						 sizeof *targets->list);
			targets->list[targets->n++] = (struct target){roster->list[i], d};
		}
	}
}

static int act_on_some(const struct action *action, struct stage *stage, uint64_t number,
		       double share, struct err *err)
{
	struct targets targets = {0};
	unsigned n = 0;
	size_t wanted;
	int rc = 0;

	gather(&targets, action, stage);
	wanted = number > 0 ? (size_t)number : (size_t)((double)targets.n * share);
	for (size_t i = 0; rc == 0 && i < wanted && i < targets.n; i++) {
		size_t j =
			i + dice_below(&stage->vendor->dice, (uint32_t)(targets.n - i));
		struct target chosen = targets.list[j];

		targets.list[j] = targets.list[i];
		rc = action_do(action, chosen, &n, err);
	}
	free(targets.list);
	if (rc == 0)
		tell_number(action, n, stage->results);
	return rc;
}

int subject_some(struct stage *stage, struct words *w, struct err *err)
{
	bool is_share = w->at < w->n && strchr(w->list[w->at], '%') != NULL;
	struct action action = {0};
	uint64_t number = 0;
	double share = 0;
	int rc = is_share ? words_next_share(w, &share, err)
			  : words_next_number(w, 1, UINT32_MAX, &number, err);

	if (rc == 0)
		rc = action_read(&action, stage, w, err);
	if (rc == 0 && stage->vendor != NULL)
		rc = act_on_some(&action, stage, number, share, err);
	action_clear(&action);
	return rc;
}

/* ---- device ---- */

static int act_on_device(const struct action *action, struct stage *stage,
			 const char *who, struct err *err)
{
	struct target t = target_find(stage, who);
	char id[WORLD_ID_BYTES];
	unsigned n = 0;
	int rc;

	if (t.device == NULL)
		return err_set(err, ERR_FORMAT, "no device %s", who);
	strcpy(id, t.device->id);
	rc = action_do(action, t, &n, err);
	if (rc == 0)
		buf_printf(stage->results, "%s changed\n", id);
	return rc;
}

static int add_device(struct stage *stage, const char *name, enum world_end end,
		      struct err *err)
{
	struct account *account = target_first_account(stage);
	uint32_t site = name != NULL ? world_find_site(account->world, name) : 0;
	struct world_device *d;

	if (site == WORLD_NO_SITE)
		return err_set(err, ERR_FORMAT, "no site \"%s\"", name);
	d = world_add(account->world, site, end);
	buf_printf(stage->results, "%s added at %s\n", d->id,
		   world_site(account->world, site)->name);
	return 0;
}

static int read_and_add(struct stage *stage, struct words *w, struct err *err)
{
	enum world_end end = WORLD_LAST;
	char *site = NULL;
	int rc = 0;

	for (bool more = true; rc == 0 && more;) {
		if (words_skip(w, "at"))
			rc = words_next_text(w, "the name of a site", &site, err);
		else if (words_skip(w, "first"))
			end = WORLD_FIRST;
		else
			more = false;
	}
	if (rc == 0 && stage->vendor != NULL)
		rc = add_device(stage, site, end, err);
	free(site);
	return rc;
}

int subject_device(struct stage *stage, struct words *w, struct err *err)
{
	struct action action = {0};
	char *who = NULL;
	int rc;

	if (words_skip(w, "add"))
		return read_and_add(stage, w, err);
	rc = words_next_text(w, "a device's id", &who, err);
	if (rc == 0)
		rc = action_read(&action, stage, w, err);
	if (rc == 0 && stage->vendor != NULL)
		rc = act_on_device(&action, stage, who, err);
	action_clear(&action);
	free(who);
	return rc;
}
