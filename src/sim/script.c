#include "sim/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sim/life.h"
#include "sim/oauth.h"
#include "sim/vendor.h"
#include "sim/world.h"

#define FILE_MAX_BYTES ((size_t)16 << 20)

/* ---- reading ---- */

void script_clear(struct script *s)
{
	for (size_t i = 0; i < s->n; i++)
		command_clear(&s->commands[i]);
	free(s->commands);
	free(s->lines);
	*s = (struct script){0};
}

/* Behind all that are not later. */
static void insert(struct script *s, const struct command *c, unsigned line)
{
	size_t i = s->n;

	s->commands = mem_grow(s->commands, s->n, &s->cap, sizeof *s->commands);
	s->lines = mem_grow(s->lines, s->n, &s->lines_cap, sizeof *s->lines);
	for (; i > 0 && s->commands[i - 1].at_ms > c->at_ms; i--) {
		s->commands[i] = s->commands[i - 1];
		s->lines[i] = s->lines[i - 1];
	}
	s->commands[i] = *c;
	s->lines[i] = line;
	s->n++;
}

int script_parse(struct script *into, const char *text, size_t len, struct err *err)
{
	const char *end = text + len;

	*into = (struct script){0};
	for (unsigned line = 1; text < end; line++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline != NULL ? newline : end) - text);
		struct command c;

		if (command_parse(&c, text, n, err) != 0) {
			script_clear(into);
			return err_wrap(err, "line %u", line);
		}
		if (c.kind != COMMAND_NONE)
			insert(into, &c, line);
		text += n + 1;
	}
	return 0;
}

int script_read(struct script *into, const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	char block[4096];
	struct buf b;
	size_t n;
	int rc;

	if (file == NULL)
		return err_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	buf_init(&b, FILE_MAX_BYTES);
	while ((n = fread(block, 1, sizeof block, file)) > 0 &&
	       buf_add(&b, block, n) == 0)
		;
	if (ferror(file) || !feof(file))
		rc = err_set(err, ERR_CONFIG, "cannot be read, or is too large");
	else
		rc = script_parse(into, buf_text(&b), b.len, err);
	fclose(file);
	buf_clear(&b);
	return rc == 0 ? 0 : err_wrap(err, "%s", path);
}

int64_t script_next_ms(const struct script *s)
{
	return s->next < s->n ? s->commands[s->next].at_ms : INT64_MAX;
}

/* ---- running; each adds its result, or says what is wrong ---- */

static int find_site(const struct stage *stage, const char *name, uint32_t *site,
		     struct err *err)
{
	*site = world_find_site(stage->world, name);
	if (*site == WORLD_NO_SITE)
		return err_set(err, ERR_FORMAT, "no site \"%s\"", name);
	return 0;
}

static int find_device(const struct stage *stage, const char *id,
		       struct world_device **device, struct err *err)
{
	*device = world_find(stage->world, id);
	if (*device == NULL)
		return err_set(err, ERR_FORMAT, "no device %s", id);
	return 0;
}

/* All devices of a site, or all, that are phones in use: not placeholders, not in stock, not
 * those whose record tells no status. */
static void set_status_of(const struct stage *stage, uint32_t site, const char *status,
			  struct buf *results)
{
	unsigned n = 0;

	for (size_t i = 0; i < world_count(stage->world); i++) {
		struct world_device *d = world_at(stage->world, i);

		if ((site != WORLD_NO_SITE && d->site != site) || !d->assigned ||
		    d->type == WORLD_WEBRTC || d->status[0] == '\0')
			continue;
		n += strcmp(d->status, status) != 0;
		world_set_status(stage->world, d, status);
	}
	buf_printf(results, "%u changed to %s\n", n, status);
}

static int run_site(const struct stage *stage, const struct command *c,
		    struct buf *results, struct err *err)
{
	uint32_t site;

	if (find_site(stage, c->subject, &site, err) != 0)
		return ERR_FORMAT;
	set_status_of(stage, site, c->text, results);
	return 0;
}

static int run_device_site(const struct stage *stage, struct world_device *d,
			   const struct command *c, struct err *err)
{
	uint32_t site = WORLD_NO_SITE;

	if (c->text != NULL && find_site(stage, c->text, &site, err) != 0)
		return ERR_FORMAT;
	world_set_site(stage->world, d, site);
	return 0;
}

static int run_device(const struct stage *stage, const struct command *c, int64_t at_ms,
		      struct buf *results, struct err *err)
{
	struct world_device *d;
	int rc = 0;

	if (find_device(stage, c->subject, &d, err) != 0)
		return ERR_FORMAT;
	switch (c->kind) {
	case COMMAND_DEVICE_STATUS:
		world_set_status(stage->world, d, c->text);
		break;
	case COMMAND_DEVICE_REMOVE:
		world_remove(stage->world, d);
		break;
	case COMMAND_DEVICE_NAME:
		world_set_name(stage->world, d, c->text);
		break;
	case COMMAND_DEVICE_SITE:
		rc = run_device_site(stage, d, c, err);
		break;
	default:
		world_set_report(stage->world, d,
				 c->when == COMMAND_AT_NOW     ? at_ms
				 : c->when == COMMAND_AT_NEVER ? WORLD_NO_REPORT
							       : c->report_at_ms);
	}
	if (rc == 0)
		buf_printf(results, "%s changed\n", c->subject);
	return rc;
}

static int run_device_add(const struct stage *stage, const struct command *c,
			  struct buf *results, struct err *err)
{
	struct world_device *d;
	uint32_t site = 0;

	if (c->text != NULL && find_site(stage, c->text, &site, err) != 0)
		return ERR_FORMAT;
	d = world_add(stage->world, site);
	buf_printf(results, "%s added at %s\n", d->id,
		   world_site(stage->world, site)->name);
	return 0;
}

static int run_command(struct command *c, const struct stage *stage,
		       const struct stage_clock *clock, struct buf *results,
		       struct err *err)
{
	switch (c->kind) {
	case COMMAND_NONE:
		return 0;
	case COMMAND_SITE_STATUS:
		return run_site(stage, c, results, err);
	case COMMAND_ALL_STATUS:
		set_status_of(stage, WORLD_NO_SITE, c->text, results);
		return 0;
	case COMMAND_DEVICE_ADD:
		return run_device_add(stage, c, results, err);
	case COMMAND_SHUFFLE:
		world_shuffle(stage->world);
		break;
	case COMMAND_LIFE:
		life_set_rate(stage->life, c->share, clock->life_ms);
		break;
	case COMMAND_TOKEN_REVOKE:
		oauth_revoke_all(vendor_oauth(stage->vendor));
		break;
	case COMMAND_TOKEN_REFUSE:
		oauth_refuse(vendor_oauth(stage->vendor), c->text);
		break;
	case COMMAND_LIMIT:
		vendor_set_limit(stage->vendor, c->subject, c->max, c->window_ms);
		break;
	case COMMAND_FAULT:
		vendor_take_fault(stage->vendor, &c->fault);
		break;
	case COMMAND_FAULTS_CLEAR:
		vendor_clear_faults(stage->vendor);
		break;
	default:
		return run_device(stage, c, clock->at_ms, results, err);
	}
	return buf_add_text(results, "done\n");
}

int script_run(struct script *s, const struct stage *stage,
	       const struct stage_clock *clock, struct buf *results, struct err *err)
{
	while (s->next < s->n && s->commands[s->next].at_ms <= clock->since_start_ms) {
		size_t i = s->next++;

		if (run_command(&s->commands[i], stage, clock, results, err) != 0)
			return err_wrap(err, "line %u", s->lines[i]);
	}
	return 0;
}
