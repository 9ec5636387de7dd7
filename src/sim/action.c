#include "sim/action.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "sim/account.h"
#include "sim/command.h"
#include "sim/words.h"

#define EXPECTED_BYTES 200

struct action_row {
	const char *name;
	const char *args; /* their form; "": none */
	const char *help;
	const char *status; /* that it sets; NULL: it does something else */
	int (*read)(struct action *action, struct words *w, struct err *err);
	int (*act)(const struct action *action, struct target t, struct err *err);
};

/* ---- reading what an action is about ---- */

static int read_status(struct action *action, struct words *w, struct err *err)
{
	int rc = words_next_text(w, "a word or none", &action->text, err);

	if (rc != 0)
		return rc;
	if (strcmp(action->text, "none") == 0)
		action->text[0] = '\0';
	if (strlen(action->text) >= WORLD_STATUS_BYTES)
		return err_set(err, ERR_FORMAT, "a status has at most %d bytes",
			       WORLD_STATUS_BYTES - 1);
	return 0;
}

static int read_name(struct action *action, struct words *w, struct err *err)
{
	return words_next_text(w, "a name", &action->text, err);
}

static int read_site(struct action *action, struct words *w, struct err *err)
{
	if (words_skip(w, "none"))
		return 0;
	return words_next_text(w, "the name of a site", &action->text, err);
}

static int read_location(struct action *action, struct words *w, struct err *err)
{
	if (words_skip(w, "now"))
		action->report_at_ms = action->stage->at_ms;
	else if (words_skip(w, "none"))
		action->report_at_ms = WORLD_NO_REPORT;
	else if (w->at < w->n && clock_parse(w->list[w->at], &action->report_at_ms) == 0)
		w->at++;
	else
		return words_expected(w, "now, none, or a time as 2026-09-14T09:21:07Z",
				      err);
	return 0;
}

static int read_swap(struct action *action, struct words *w, struct err *err)
{
	return words_next_text(w, "another device", &action->text, err);
}

static int read_path(struct action *action, struct words *w, struct err *err)
{
	return words_next_text(w, "a path as model.name", &action->text, err);
}

static int read_set(struct action *action, struct words *w, struct err *err)
{
	int rc = read_path(action, w, err);

	return rc != 0 ? rc : words_next_text(w, "JSON", &action->more, err);
}

/* ---- acting ---- */

static int act_status(const struct action *action, struct target t, struct err *err)
{
	(void)err;
	world_set_status(t.account->world, t.device,
			 action->text != NULL ? action->text : action->row->status);
	return 0;
}

static int act_name(const struct action *action, struct target t, struct err *err)
{
	(void)err;
	world_set_name(t.account->world, t.device, action->text);
	return 0;
}

static int act_site(const struct action *action, struct target t, struct err *err)
{
	uint32_t site = WORLD_NO_SITE;

	if (action->text != NULL) {
		site = world_find_site(t.account->world, action->text);
		if (site == WORLD_NO_SITE)
			return err_set(err, ERR_FORMAT, "no site \"%s\"", action->text);
	}
	world_set_site(t.account->world, t.device, site);
	return 0;
}

static int act_location(const struct action *action, struct target t, struct err *err)
{
	(void)err;
	world_set_report(t.account->world, t.device, action->report_at_ms);
	return 0;
}

static int act_swap(const struct action *action, struct target t, struct err *err)
{
	struct stage own = *action->stage;
	struct target other;

	own.only = t.account;
	other = target_find(&own, action->text);
	if (other.device == NULL)
		return err_set(err, ERR_FORMAT, "no device %s", action->text);
	world_swap(t.account->world, t.device, other.device);
	return 0;
}

static int act_set(const struct action *action, struct target t, struct err *err)
{
	(void)err;
	world_edit(t.account->world, t.device, action->text, action->more);
	return 0;
}

static int act_plain(const struct action *action, struct target t, struct err *err)
{
	(void)action;
	(void)err;
	world_unedit(t.account->world, t.device);
	return 0;
}

static int act_hide(const struct action *action, struct target t, struct err *err)
{
	(void)action;
	(void)err;
	world_hide(t.account->world, t.device);
	return 0;
}

static int act_show(const struct action *action, struct target t, struct err *err)
{
	(void)action;
	(void)err;
	world_show(t.account->world, t.device);
	return 0;
}

static int act_remove(const struct action *action, struct target t, struct err *err)
{
	(void)action;
	(void)err;
	world_remove(t.account->world, t.device);
	return 0;
}

static const struct action_row rows[] = {
	{"offline", "", "(site, all, some: phones in use only)", "Offline", NULL,
	 act_status},
	{"online", "", "", "Online", NULL, act_status},
	{"status", "WORD|none", "any word; none: the record has no status", NULL,
	 read_status, act_status},
	{"name", "TEXT", "", NULL, read_name, act_name},
	{"site", "NAME|none", "", NULL, read_site, act_site},
	{"location", "now|none|TIME", "TIME as 2026-09-14T09:21:07Z", NULL, read_location,
	 act_location},
	{"swap", "WHO", "each gets the other's extension and lines", NULL, read_swap,
	 act_swap},
	{"set", "PATH JSON", "a member of the record, as model.name '\"A phone\"'", NULL,
	 read_set, act_set},
	{"unset", "PATH", "the record lacks this member", NULL, read_path, act_set},
	{"plain", "", "the record without what was set and unset", NULL, NULL, act_plain},
	{"hide", "", "the list lacks it for now ...", NULL, NULL, act_hide},
	{"show", "", "... and has it again", NULL, NULL, act_show},
	{"remove", "", "", NULL, NULL, act_remove},
};

void action_help(struct buf *out)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		char form[64];

		snprintf(form, sizeof form, "%s %s", rows[i].name, rows[i].args);
		buf_printf(out, "      %-28s %s\n", form, rows[i].help);
	}
}

/* ---- reading and doing ---- */

int action_read(struct action *action, struct stage *stage, struct words *w,
		struct err *err)
{
	char what[EXPECTED_BYTES] = "";

	*action = (struct action){.stage = stage};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (words_skip(w, rows[i].name)) {
			action->row = &rows[i];
			return rows[i].read != NULL ? rows[i].read(action, w, err) : 0;
		}
	for (size_t i = 0; i < COUNT(rows); i++)
		words_name(what, sizeof what, i, COUNT(rows), rows[i].name);
	return words_expected(w, what, err);
}

void action_clear(struct action *action)
{
	free(action->text);
	free(action->more);
	*action = (struct action){0};
}

const char *action_status(const struct action *action)
{
	return action->row->status;
}

bool action_concerns(const struct action *action, const struct world_device *d)
{
	return action->row->status == NULL ||
	       (!d->in_stock && d->type != WORLD_WEBRTC && d->status[0] != '\0');
}

bool action_would_change(const struct action *action, const struct world_device *d)
{
	if (action->row->status != NULL)
		return strcmp(action->row->status, d->status) != 0;
	if (action->row->act == act_hide || action->row->act == act_show)
		return d->hidden == (action->row->act == act_show);
	return true;
}

int action_do(const struct action *action, struct target t, unsigned *n, struct err *err)
{
	bool removes = action->row->act == act_remove;
	uint64_t version = t.device->version;
	int rc = action->row->act(action, t, err);

	if (rc == 0 && (removes || t.device->version != version))
		(*n)++;
	return rc;
}
