#include "sim/control.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/server.h"
#include "sim/command.h"
#include "sim/play.h"
#include "sim/record.h"
#include "sim/vendor.h"

#define ANSWER_MAX_BYTES ((size_t)1 << 32)

static void answer_commands(struct play *p, const struct vendor *v,
			    struct server_request *req)
{
	struct buf results;
	struct err err = {0};
	const char *text;
	size_t len;

	(void)v;
	buf_init(&results, ANSWER_MAX_BYTES);
	text = server_content(req, &len);
	if (play_command(p, text, len, &results, &err) == 0) {
		server_answer_text(req, 200, "text/plain", buf_text(&results));
	} else {
		buf_clear(&results);
		buf_printf(&results, "%s\n", err.text);
		server_answer_text(req, 400, "text/plain", buf_text(&results));
	}
	buf_clear(&results);
}

static void answer_help(struct play *p, const struct vendor *v,
			struct server_request *req)
{
	char *help = command_help();

	(void)p;
	(void)v;
	server_answer_text(req, 200, "text/plain", help);
	free(help);
}

static void answer_json(struct server_request *req, struct buf *b)
{
	struct server_body *body = server_body_create(b->data, b->len);

	buf_clear(b);
	server_add_header(req, "Content-Type", "application/json");
	server_answer(req, 200, body);
	server_body_drop(body);
}

static void add_device(struct buf *b, const struct world *w, const struct world_device *d)
{
	const struct world_extension *e = world_extension_of(w, d);
	char time[CLOCK_TEXT_BYTES];

	buf_printf(b, "{\"id\":\"%s\",\"status\":", d->id);
	record_add_string(b, d->status[0] != '\0' ? d->status : NULL);
	buf_add_text(b, ",\"name\":");
	record_add_string(b, d->name);
	buf_add_text(b, ",\"site\":");
	record_add_string(b,
			  d->site != WORLD_NO_SITE ? world_site(w, d->site)->name : NULL);
	buf_printf(b, ",\"type\":\"%s\",\"extensionNumber\":", world_type_name(d->type));
	if (e != NULL)
		buf_printf(b, "\"%" PRIu32 "\"", WORLD_FIRST_EXTENSION + e->number);
	else
		buf_add_text(b, "null");
	buf_add_text(b, ",\"lastLocationReportTime\":");
	if (d->report_at_ms != WORLD_NO_REPORT)
		clock_format(time, d->report_at_ms);
	record_add_string(b, d->report_at_ms != WORLD_NO_REPORT ? time : NULL);
	buf_add_text(b, "}");
}

static void answer_devices(struct play *p, const struct vendor *v,
			   struct server_request *req)
{
	const char *name = server_arg(req, "account");
	const struct account *account =
		name != NULL ? roster_find(&v->roster, name) : v->roster.list[0];
	struct buf b;

	(void)p;
	if (account == NULL) {
		server_answer_text(req, 404, "text/plain", "no such account\n");
		return;
	}
	buf_init(&b, ANSWER_MAX_BYTES);
	buf_add_text(&b, "[");
	for (size_t i = 0; i < world_count(account->world); i++) {
		if (i > 0)
			buf_add_text(&b, ",\n");
		add_device(&b, account->world, world_at(account->world, i));
	}
	buf_add_text(&b, "]\n");
	answer_json(req, &b);
}

static void answer_accounts(struct play *p, const struct vendor *v,
			    struct server_request *req)
{
	struct buf b;

	(void)p;
	buf_init(&b, ANSWER_MAX_BYTES);
	buf_add_text(&b, "[");
	for (size_t i = 0; i < v->roster.n; i++) {
		const struct account *a = v->roster.list[i];

		buf_add_text(&b, i > 0 ? ",\n{\"name\":" : "{\"name\":");
		record_add_string(&b, a->name);
		buf_printf(&b,
			   ",\"id\":\"%s\",\"client_id\":", world_account_id(a->world));
		record_add_string(&b, a->app->client_id);
		buf_printf(&b, ",\"devices\":%zu}", world_count(a->world));
	}
	buf_add_text(&b, "]\n");
	answer_json(req, &b);
}

static const struct {
	const char *method, *path;
	void (*answer)(struct play *p, const struct vendor *v,
		       struct server_request *req);
} controls[] = {
	{"POST", "/sim", answer_commands},
	{"GET", "/sim", answer_help},
	{"GET", "/sim/devices", answer_devices},
	{"GET", "/sim/accounts", answer_accounts},
};

bool control_answer(struct play *p, const struct vendor *v, struct server_request *req)
{
	const char *path = server_path(req);

	if (strcmp(path, "/sim") != 0 && strncmp(path, "/sim/", 5) != 0)
		return false;
	for (size_t i = 0; i < COUNT(controls); i++)
		if (strcmp(controls[i].method, server_method(req)) == 0 &&
		    strcmp(controls[i].path, path) == 0) {
			controls[i].answer(p, v, req);
			return true;
		}
	server_answer_text(
		req, 404, "text/plain",
		"there are POST /sim, GET /sim, GET /sim/devices and GET /sim/accounts\n");
	return true;
}
