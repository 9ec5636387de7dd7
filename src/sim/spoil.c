#include "sim/spoil.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/server.h"
#include "sim/dice.h"
#include "sim/edit.h"
#include "sim/error.h"
#include "sim/exchange.h"
#include "sim/fault.h"

#define JSON_TYPE      "application/json;charset=utf-8"
#define GARBAGE_BYTES  65536
#define BODY_MAX_BYTES ((size_t)1 << 32)

/* ---- instead ---- */

static void take_text(struct exchange *x, int status, const char *type, const char *text)
{
	reply_take_body(&x->reply, status, type, server_body_create(text, strlen(text)));
}

static void add_retry_after(const struct act *act, struct exchange *x)
{
	if (act->retry_after != NULL)
		reply_header(&x->reply, "Retry-After", "%s", act->retry_after);
}

static enum error_form form_of(const struct exchange *x)
{
	return x->asked.endpoint == ENDPOINT_TOKEN ? ERROR_OAUTH : ERROR_API;
}

/* What the user needs for what was asked for. */
static const char *permission_of(const struct exchange *x)
{
	return x->asked.endpoint < ENDPOINT_N ? endpoints[x->asked.endpoint].permission
					      : NULL;
}

/* The row of its code, of its status, or one that is made up, with its status. */
static struct error_row row_of_status(const struct act *act, const struct exchange *x)
{
	const struct error_row *known = act->name != NULL
						? error_find(act->name, form_of(x))
						: error_of_status((int)act->number);
	struct error_row row = {act->name != NULL ? act->name : "CMN-201",
				.message = "Simulated"};

	if (known != NULL)
		row = *known;
	row.status = (int)act->number;
	return row;
}

static const char *type_of(const struct server_body *body)
{
	return body->len > 0 && body->data[0] == '<' ? "text/html" : JSON_TYPE;
}

void spoil_status(const struct act *act, struct exchange *x)
{
	struct error_row row = row_of_status(act, x);

	if (act->body != NULL)
		reply_take_body(&x->reply, (int)act->number, type_of(act->body),
				server_body_hold(act->body));
	else
		error_answer_lacking(&x->reply, &row, permission_of(x));
	add_retry_after(act, x);
}

void spoil_error(const struct act *act, struct exchange *x)
{
	error_answer_lacking(&x->reply, error_find(act->name, form_of(x)),
			     permission_of(x));
	add_retry_after(act, x);
}

void spoil_limited(const struct act *act, struct exchange *x)
{
	(void)act;
	x->limited = true;
}

void spoil_redirect(const struct act *act, struct exchange *x)
{
	reply_take_body(&x->reply, 302, NULL, NULL);
	reply_header(&x->reply, "Location", "%s", act->value);
}

void spoil_html(const struct act *act, struct exchange *x)
{
	take_text(x, (int)act->number, "text/html",
		  "<html><head><title>Please log in</title></head>"
		  "<body><h1>Please log in</h1></body></html>\n");
}

void spoil_body(const struct act *act, struct exchange *x)
{
	reply_take_body(&x->reply, 200, type_of(act->body), server_body_hold(act->body));
}

void spoil_text(const struct act *act, struct exchange *x)
{
	take_text(x, 200, act->value[0] == '<' ? "text/html" : JSON_TYPE, act->value);
}

void spoil_garbage(const struct act *act, struct exchange *x)
{
	struct dice dice = {.state = GARBAGE_BYTES};
	struct server_body *body = server_body_create(NULL, GARBAGE_BYTES);

	(void)act;
	for (size_t i = 0; i < GARBAGE_BYTES; i++)
		body->data[i] = (char)dice_throw(&dice);
	reply_take_body(&x->reply, 200, JSON_TYPE, body);
	x->reply.packed = true;
}

void spoil_huge(const struct act *act, struct exchange *x)
{
	(void)act;
	reply_take_body(&x->reply, 200, JSON_TYPE, NULL);
}

void spoil_bomb(const struct act *act, struct exchange *x)
{
	(void)act;
	reply_take_body(&x->reply, 200, JSON_TYPE, NULL);
	x->reply.packed = true;
}

/* ---- lies ---- */

void spoil_total(const struct act *act, struct exchange *x)
{
	x->lie.total_is = true;
	x->lie.total = act->number;
}

void spoil_repeat(const struct act *act, struct exchange *x)
{
	(void)act;
	x->lie.repeat = true;
}

void spoil_skip(const struct act *act, struct exchange *x)
{
	(void)act;
	x->lie.skip = true;
}

void spoil_empty(const struct act *act, struct exchange *x)
{
	(void)act;
	x->lie.empty = true;
}

void spoil_parts(const struct act *act, struct exchange *x)
{
	x->lie.parts_are = true;
	x->lie.parts = act->number;
}

void spoil_part(const struct act *act, struct exchange *x)
{
	x->lie.part_id = act->name;
	x->lie.part_code = act->value;
}

void spoil_boundary(const struct act *act, struct exchange *x)
{
	(void)act;
	x->lie.other_boundary = true;
}

void spoil_unclosed(const struct act *act, struct exchange *x)
{
	(void)act;
	x->lie.unclosed = true;
}

/* ---- changes ---- */

static bool has_text(const struct exchange *x)
{
	return x->reply.body != NULL && !x->reply.packed;
}

/* The body as it is, to be rewritten. */
static void begin_text(const struct exchange *x, struct buf *text)
{
	buf_init(text, BODY_MAX_BYTES);
	buf_add(text, x->reply.body->data, x->reply.body->len);
}

static void end_text(struct exchange *x, struct buf *text)
{
	server_body_drop(x->reply.body);
	x->reply.body = server_body_create(buf_text(text), text->len);
	buf_clear(text);
}

static void edit(struct exchange *x, const char *path, const char *value)
{
	struct edits edits = {0};
	struct buf text;

	if (!has_text(x))
		return;
	begin_text(x, &text);
	edits_put(&edits, path, value);
	edits_apply(&edits, &text); /* what is no JSON has no members */
	edits_clear(&edits);
	end_text(x, &text);
}

void spoil_set(const struct act *act, struct exchange *x)
{
	edit(x, act->name, act->value);
}

void spoil_unset(const struct act *act, struct exchange *x)
{
	edit(x, act->name, NULL);
}

void spoil_cut(const struct act *act, struct exchange *x)
{
	struct buf text;

	if (!has_text(x))
		return;
	begin_text(x, &text);
	if (act->number < text.len)
		text.len = (size_t)act->number;
	end_text(x, &text);
}

/* The same JSON, written in another way. */
static void rewrite(struct exchange *x, size_t flags)
{
	struct buf text;
	json_t *json;
	char *dump;

	if (!has_text(x))
		return;
	json = json_loadb(x->reply.body->data, x->reply.body->len, JSON_DECODE_ANY, NULL);
	if (json == NULL)
		return;
	dump = json_dumps(json, flags | JSON_ENCODE_ANY);
	json_decref(json);
	buf_init(&text, BODY_MAX_BYTES);
	buf_add_text(&text, dump);
	free(dump);
	end_text(x, &text);
}

void spoil_indent(const struct act *act, struct exchange *x)
{
	(void)act;
	rewrite(x, JSON_INDENT(2));
}

void spoil_sorted(const struct act *act, struct exchange *x)
{
	(void)act;
	rewrite(x, JSON_COMPACT | JSON_SORT_KEYS);
}

void spoil_header(const struct act *act, struct exchange *x)
{
	reply_drop_header(&x->reply, act->name);
	if (strcmp(act->value, "none") != 0)
		reply_header(&x->reply, act->name, "%s", act->value);
}
