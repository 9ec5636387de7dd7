#include "sim/deed.h"

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

struct action {
	const char *name;
	const char *args; /* their form; "": none */
	const char *help;
	const char *status; /* that it sets; NULL: it does something else */
	int (*read)(struct deed *deed, struct words *w, struct err *err);
	int (*act)(const struct deed *deed, struct person p, struct err *err);
};

/* ---- reading what an action is about ---- */

static int read_status(struct deed *deed, struct words *w, struct err *err)
{
	int rc = words_next_text(w, "a word or none", &deed->text, err);

	if (rc != 0)
		return rc;
	if (strcmp(deed->text, "none") == 0)
		deed->text[0] = '\0';
	if (strlen(deed->text) >= WORLD_STATUS_BYTES)
		return err_set(err, ERR_FORMAT, "a status has at most %d bytes",
			       WORLD_STATUS_BYTES - 1);
	return 0;
}

static int read_name(struct deed *deed, struct words *w, struct err *err)
{
	return words_next_text(w, "a name", &deed->text, err);
}

static int read_site(struct deed *deed, struct words *w, struct err *err)
{
	if (words_skip(w, "none"))
		return 0;
	return words_next_text(w, "the name of a site", &deed->text, err);
}

static int read_location(struct deed *deed, struct words *w, struct err *err)
{
	if (words_skip(w, "now"))
		deed->report_at_ms = deed->stage->at_ms;
	else if (words_skip(w, "none"))
		deed->report_at_ms = WORLD_NO_REPORT;
	else if (w->at < w->n && clock_parse(w->list[w->at], &deed->report_at_ms) == 0)
		w->at++;
	else
		return words_expected(w, "now, none, or a time as 2026-09-14T09:21:07Z",
				      err);
	return 0;
}

static int read_swap(struct deed *deed, struct words *w, struct err *err)
{
	return words_next_text(w, "another device", &deed->text, err);
}

static int read_path(struct deed *deed, struct words *w, struct err *err)
{
	return words_next_text(w, "a path as model.name", &deed->text, err);
}

static int read_set(struct deed *deed, struct words *w, struct err *err)
{
	int rc = read_path(deed, w, err);

	return rc != 0 ? rc : words_next_text(w, "JSON", &deed->more, err);
}

/* ---- acting ---- */

static int act_status(const struct deed *deed, struct person p, struct err *err)
{
	(void)err;
	world_set_status(p.account->world, p.device,
			 deed->text != NULL ? deed->text : deed->action->status);
	return 0;
}

static int act_name(const struct deed *deed, struct person p, struct err *err)
{
	(void)err;
	world_set_name(p.account->world, p.device, deed->text);
	return 0;
}

static int act_site(const struct deed *deed, struct person p, struct err *err)
{
	uint32_t site = WORLD_NO_SITE;

	if (deed->text != NULL) {
		site = world_find_site(p.account->world, deed->text);
		if (site == WORLD_NO_SITE)
			return err_set(err, ERR_FORMAT, "no site \"%s\"", deed->text);
	}
	world_set_site(p.account->world, p.device, site);
	return 0;
}

static int act_location(const struct deed *deed, struct person p, struct err *err)
{
	(void)err;
	world_set_report(p.account->world, p.device, deed->report_at_ms);
	return 0;
}

static int act_swap(const struct deed *deed, struct person p, struct err *err)
{
	struct stage own = *deed->stage;
	struct person other;

	own.only = p.account;
	other = person_find(&own, deed->text);
	if (other.device == NULL)
		return err_set(err, ERR_FORMAT, "no device %s", deed->text);
	world_swap(p.account->world, p.device, other.device);
	return 0;
}

static int act_set(const struct deed *deed, struct person p, struct err *err)
{
	(void)err;
	world_edit(p.account->world, p.device, deed->text, deed->more);
	return 0;
}

static int act_plain(const struct deed *deed, struct person p, struct err *err)
{
	(void)deed;
	(void)err;
	world_unedit(p.account->world, p.device);
	return 0;
}

static int act_hide(const struct deed *deed, struct person p, struct err *err)
{
	(void)deed;
	(void)err;
	world_hide(p.account->world, p.device);
	return 0;
}

static int act_show(const struct deed *deed, struct person p, struct err *err)
{
	(void)deed;
	(void)err;
	world_show(p.account->world, p.device);
	return 0;
}

static int act_remove(const struct deed *deed, struct person p, struct err *err)
{
	(void)deed;
	(void)err;
	world_remove(p.account->world, p.device);
	return 0;
}

static const struct action actions[] = {
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

void deed_help(struct buf *out)
{
	for (size_t i = 0; i < COUNT(actions); i++) {
		char form[64];

		snprintf(form, sizeof form, "%s %s", actions[i].name, actions[i].args);
		buf_printf(out, "      %-28s %s\n", form, actions[i].help);
	}
}

/* ---- reading and doing ---- */

int deed_read(struct deed *deed, struct stage *stage, struct words *w, struct err *err)
{
	char what[EXPECTED_BYTES] = "";

	*deed = (struct deed){.stage = stage};
	for (size_t i = 0; i < COUNT(actions); i++)
		if (words_skip(w, actions[i].name)) {
			deed->action = &actions[i];
			return actions[i].read != NULL ? actions[i].read(deed, w, err)
						       : 0;
		}
	for (size_t i = 0; i < COUNT(actions); i++)
		words_name(what, sizeof what, i, COUNT(actions), actions[i].name);
	return words_expected(w, what, err);
}

void deed_clear(struct deed *deed)
{
	free(deed->text);
	free(deed->more);
	*deed = (struct deed){0};
}

const char *deed_status(const struct deed *deed)
{
	return deed->action->status;
}

bool deed_concerns(const struct deed *deed, const struct world_device *d)
{
	return deed->action->status == NULL ||
	       (!d->in_stock && d->type != WORLD_WEBRTC && d->status[0] != '\0');
}

bool deed_would_change(const struct deed *deed, const struct world_device *d)
{
	if (deed->action->status != NULL)
		return strcmp(deed->action->status, d->status) != 0;
	if (deed->action->act == act_hide || deed->action->act == act_show)
		return d->hidden == (deed->action->act == act_show);
	return true;
}

int deed_do(const struct deed *deed, struct person p, unsigned *n, struct err *err)
{
	bool removes = deed->action->act == act_remove;
	uint64_t version = p.device->version;
	int rc = deed->action->act(deed, p, err);

	if (rc == 0 && (removes || p.device->version != version))
		(*n)++;
	return rc;
}
