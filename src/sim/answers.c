#include "sim/answers.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/server.h"
#include "sim/account.h"
#include "sim/error.h"
#include "sim/exchange.h"
#include "sim/extension.h"
#include "sim/list.h"
#include "sim/lookup.h"
#include "sim/pages.h"
#include "sim/roster.h"
#include "sim/rules.h"

#define BODY_MAX_BYTES ((size_t)1 << 32)

/* What the functions below share. */
struct answering {
	const struct roster *roster;
	const struct rules *rules;
	struct exchange *x;
};

/* ---- what was asked ---- */

/* A query argument from 1 on; the default where it is missing, and 0 where it is no number. */
static unsigned read_number(const struct server_request *req, const char *name,
			    unsigned fallback)
{
	const char *text = server_arg(req, name);
	unsigned number = 0;

	if (text == NULL)
		return fallback;
	if (text[0] == '\0' || strlen(text) > 9)
		return 0;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return 0;
		number = number * 10 + (unsigned)(*text - '0');
	}
	return number;
}

void answers_read(const struct rules *rules, struct exchange *x)
{
	switch (x->asked.endpoint) {
	case ENDPOINT_LIST:
	case ENDPOINT_EXTENSIONS:
	case ENDPOINT_EXTENSION_DEVICES:
		x->asked.page = read_number(x->req, "page", 1);
		x->per_page = read_number(x->req, "perPage", LIST_PER_PAGE);
		if (x->per_page > rules->per_page_max)
			x->per_page = rules->per_page_max;
		break;
	default:
		break;
	}
}

bool answers_may_pack(const struct rules *rules, const struct server_request *req)
{
	const char *accept = server_header(req, "Accept-Encoding");

	return rules->gzip != RULES_GZIP_OFF && accept != NULL &&
	       strstr(accept, "gzip") != NULL;
}

bool answers_allow(const struct server_request *req, const char *name, const char *value)
{
	size_t name_len = strlen(name), value_len = strlen(value);
	bool named = false;

	for (const char *at = server_query(req); *at != '\0';) {
		size_t len = strcspn(at, "&");

		if (len > name_len && strncmp(at, name, name_len) == 0 &&
		    at[name_len] == '=') {
			named = true;
			if (len == name_len + 1 + value_len &&
			    strncmp(at + name_len + 1, value, value_len) == 0)
				return true;
		}
		at += len + (at[len] == '&');
	}
	return !named;
}

/* page and perPage, or CMN-101. */
static bool check_page(struct exchange *x)
{
	bool page_is_good = x->asked.page > 0 && x->asked.page <= LIST_PAGE_MAX;

	if (page_is_good && x->per_page > 0)
		return true;
	error_refuse_parameter(&x->reply, "CMN-101", page_is_good ? "perPage" : "page");
	return false;
}

/* ---- lists ---- */

void answers_write_page(const struct exchange *x, const struct list *list,
			struct buf *out)
{
	const struct lie *lie = &x->lie;
	struct list_view view = list_view(list, x->asked.page, x->per_page);

	if (lie->total_is)
		view.total = lie->total;
	if (lie->repeat && view.first > 0 && view.n > 0) {
		view.first--;
		view.n++;
	}
	if (lie->skip && view.n > 0) {
		view.first++;
		view.n--;
	}
	if (lie->empty)
		view.n = 0;
	list_write(list, &view, out);
}

static void answer_anew(struct exchange *x, const struct list *list)
{
	struct buf text;

	buf_init(&text, BODY_MAX_BYTES);
	answers_write_page(x, list, &text);
	reply_take_json(&x->reply, 200, &text);
	x->reply.packable = true;
}

static void answer_kept(const struct answering *a, struct pages *pages)
{
	struct exchange *x = a->x;
	bool pack = answers_may_pack(a->rules, x->req);
	struct server_body *body = pack ? pages_packed(pages, x->asked.page, x->per_page)
					: pages_plain(pages, x->asked.page, x->per_page);

	reply_take_body(&x->reply, 200, "application/json;charset=utf-8",
			server_body_hold(body));
	x->reply.packed = pack;
}

static void answer_devices(const struct answering *a)
{
	struct exchange *x = a->x;

	if (!check_page(x))
		return;
	if (x->fresh)
		answer_anew(x, &x->account->devices);
	else
		answer_kept(a, x->account->device_pages);
}

/* Extensions of some types or statuses only. */
struct filtered {
	const struct world *world;
	const struct world_extension **list;
	size_t n, cap;
};

static size_t count_filtered(const void *of)
{
	return ((const struct filtered *)of)->n;
}

static void add_filtered(struct buf *out, const void *of, size_t place)
{
	const struct filtered *f = of;

	extension_add(out, f->world, f->list[place]);
}

static void answer_filtered(struct exchange *x)
{
	struct filtered f = {.world = x->account->world};
	struct list list = {x->account->extensions_url, &f, count_filtered, add_filtered};

	for (size_t i = 0; i < world_n_extensions(f.world); i++) {
		const struct world_extension *e = world_extension_at(f.world, i);

		if (!answers_allow(x->req, "type", e->type) ||
		    !answers_allow(x->req, "status",
				   world_extension_status_name(e->status)))
			continue;
		f.list = mem_grow(f.list, f.n, &f.cap, sizeof(struct world_extension *));
		f.list[f.n++] = e;
	}
	answer_anew(x, &list);
	free(f.list);
}

static void answer_extensions(const struct answering *a)
{
	struct exchange *x = a->x;

	if (!check_page(x))
		return;
	if (server_arg(x->req, "type") != NULL || server_arg(x->req, "status") != NULL)
		answer_filtered(x);
	else if (x->fresh)
		answer_anew(x, &x->account->extensions);
	else
		answer_kept(a, x->account->extension_pages);
}

/* ---- what needs no account ---- */

static void answer_versions(const struct answering *a)
{
	struct buf b;

	buf_init(&b, BODY_MAX_BYTES);
	buf_printf(
		&b,
		"{\"uri\":\"%s/restapi\",\"apiVersions\":[{\"uri\":\"%s/restapi/v1.0\","
		"\"versionString\":\"1.0.64\",\"uriString\":\"v1.0\"}]}",
		a->roster->base_url, a->roster->base_url);
	reply_take_json(&a->x->reply, 200, &b);
}

void answers_make(const struct roster *roster, const struct rules *rules,
		  struct exchange *x)
{
	const struct answering a = {roster, rules, x};

	switch (x->asked.endpoint) {
	case ENDPOINT_LIST:
		answer_devices(&a);
		x->account->was_listed = true;
		break;
	case ENDPOINT_EXTENSIONS:
		answer_extensions(&a);
		break;
	case ENDPOINT_EXTENSION_DEVICES:
		if (check_page(x))
			lookup_answer(roster, rules, x);
		x->account->was_listed = true;
		break;
	case ENDPOINT_DEVICE:
	case ENDPOINT_WEB_PHONES:
		lookup_answer(roster, rules, x);
		break;
	case ENDPOINT_STATUS:
		x->reply.status = 200; /* what its body is, nobody knows */
		break;
	case ENDPOINT_VERSIONS:
		answer_versions(&a);
		break;
	default:
		error_answer_code(&x->reply, "CMN-120", ERROR_API);
		break;
	}
}
