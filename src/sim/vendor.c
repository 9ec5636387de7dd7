#include "sim/vendor.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/server.h"
#include "sim/dice.h"
#include "sim/fault.h"
#include "sim/limit.h"
#include "sim/misbehave.h"
#include "sim/pack.h"
#include "sim/pages.h"
#include "sim/reply.h"
#include "sim/trace.h"
#include "sim/world.h"

#define WINDOW_MS        60000
#define PER_PAGE_DEFAULT 100
#define GARBAGE_BYTES    65536
#define BODY_MAX_BYTES   ((size_t)1 << 32)

struct group {
	char name[VENDOR_GROUP_BYTES];
	struct limit limit;
};

struct vendor {
	uv_loop_t *loop;
	struct world *world;
	struct trace *trace;
	struct oauth *oauth;
	struct packer *packer;
	struct pages *pages;
	struct faults faults;
	struct group *groups;
	size_t n_groups, groups_cap;
	char list_group[VENDOR_GROUP_BYTES];
	int64_t penalty_ms;
	unsigned per_page_max;
	enum vendor_gzip gzip;
	uint64_t n_requests, n_lists;
	uint32_t stamp; /* of the last packed body, where they vary */
};

/* One request on its way. */
struct exchange {
	struct server_request *req;
	enum fault_target target;
	unsigned page, per_page;   /* of the list */
	const struct group *group; /* NULL: not counted */
	struct limit_verdict verdict;
	bool faulty;
	struct fault fault;
	struct reply reply;
};

/* ---- groups ---- */

static struct group *find_group(struct vendor *v, const char *name)
{
	for (size_t i = 0; i < v->n_groups; i++)
		if (strcmp(v->groups[i].name, name) == 0)
			return &v->groups[i];
	return NULL;
}

void vendor_set_limit(struct vendor *v, const char *name, unsigned max, int64_t window_ms)
{
	struct group *group = find_group(v, name);

	if (group == NULL) {
		v->groups = mem_grow(v->groups, v->n_groups, &v->groups_cap,
				     sizeof *v->groups);
		group = &v->groups[v->n_groups++];
		*group = (struct group){0};
		snprintf(group->name, sizeof group->name, "%s", name);
	}
	limit_clear(&group->limit);
	limit_init(&group->limit, max, window_ms, v->penalty_ms);
}

struct vendor *vendor_create(uv_loop_t *loop, struct world *world, struct trace *trace,
			     const struct vendor_config *config)
{
	struct vendor *v = mem_zalloc(sizeof *v);

	v->loop = loop;
	v->world = world;
	v->trace = trace;
	v->oauth = oauth_create(&config->oauth);
	v->packer = packer_create();
	v->pages = pages_create(world, v->packer, config->base_url);
	snprintf(v->list_group, sizeof v->list_group, "%s", config->list_group);
	v->penalty_ms = config->penalty_ms;
	v->per_page_max = config->per_page_max;
	v->gzip = config->gzip;
	vendor_set_limit(v, "light", 50, WINDOW_MS);
	vendor_set_limit(v, "medium", 40, WINDOW_MS);
	vendor_set_limit(v, "heavy", 10, WINDOW_MS);
	vendor_set_limit(v, "auth", 5, WINDOW_MS);
	if (find_group(v, v->list_group) == NULL)
		vendor_set_limit(v, v->list_group, 40, WINDOW_MS);
	return v;
}

void vendor_destroy(struct vendor *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->n_groups; i++)
		limit_clear(&v->groups[i].limit);
	free(v->groups);
	faults_clear(&v->faults);
	pages_destroy(v->pages);
	packer_destroy(v->packer);
	oauth_destroy(v->oauth);
	free(v);
}

uint64_t vendor_n_lists(const struct vendor *v)
{
	return v->n_lists;
}

void vendor_take_fault(struct vendor *v, struct fault *fault)
{
	faults_take_add(&v->faults, fault);
}

void vendor_clear_faults(struct vendor *v)
{
	faults_clear(&v->faults);
}

struct oauth *vendor_oauth(struct vendor *v)
{
	return v->oauth;
}

/* ---- the list ---- */

/* A query argument of 1 to max; the default where it is missing, and 0 where it is neither. */
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

static bool takes_gzip(const struct vendor *v, const struct server_request *req)
{
	const char *accept = server_header(req, "Accept-Encoding");

	return v->gzip != VENDOR_GZIP_OFF && accept != NULL &&
	       strstr(accept, "gzip") != NULL;
}

static void refuse_parameter(struct reply *reply, const char *name)
{
	char message[64];

	snprintf(message, sizeof message, "Parameter [%s] value is invalid", name);
	reply_api_error(reply, 400, NULL, "CMN-101", message, name);
}

static void answer_list(struct vendor *v, struct exchange *x)
{
	struct server_body *body;

	if (x->page == 0 || x->per_page == 0) {
		refuse_parameter(&x->reply, x->page == 0 ? "page" : "perPage");
		return;
	}
	x->reply.packed = takes_gzip(v, x->req);
	body = x->reply.packed ? pages_packed(v->pages, x->page, x->per_page)
			       : pages_plain(v->pages, x->page, x->per_page);
	x->reply.body = server_body_hold(body);
	x->reply.status = 200;
	x->reply.type = "application/json;charset=utf-8";
	v->n_lists++;
}

static void answer_token(struct vendor *v, struct exchange *x)
{
	oauth_token(v->oauth, server_header(x->req, "Authorization"),
		    server_content(x->req, NULL), clock_mono_ms(), &x->reply);
}

static void answer_revoke(struct vendor *v, struct exchange *x)
{
	oauth_revoke(v->oauth, server_content(x->req, NULL), &x->reply);
}

/* ---- faults that change what is sent; those that change how are misbehave's ---- */

static void fail_with_status(struct reply *reply, const struct fault *f)
{
	static const struct {
		int status;
		const char *word, *code, *message;
	} words[] = {
		{401, "TokenInvalid", "OAU-213", "Token not found"},
		{403, "InsufficientPermissions", "CMN-408",
		 "[ReadCompanyDevices] permission required"},
		{404, NULL, "CMN-102", "Resource for parameter [accountId] is not found"},
		{429, NULL, "CMN-301", "Request rate exceeded"},
		{500, NULL, "CMN-203", "Internal Server Error"},
		{503, "MaintenanceMode", "CMN-211",
		 "Service is overloaded, please retry later"},
	};
	size_t i = 0;

	while (i < COUNT(words) && (uint64_t)words[i].status != f->number)
		i++;
	if (f->code[0] != '\0')
		reply_api_error(reply, (int)f->number, NULL, f->code, "Simulated", NULL);
	else if (i < COUNT(words))
		reply_api_error(reply, (int)f->number, words[i].word, words[i].code,
				words[i].message, NULL);
	else
		reply_api_error(reply, (int)f->number, NULL, "CMN-201", "Simulated",
				NULL);
}

static void use_body(struct reply *reply, int status, struct server_body *body)
{
	bool html = body->len > 0 && body->data[0] == '<';

	server_body_drop(reply->body);
	reply->body = server_body_hold(body);
	reply->status = status;
	reply->type = html ? "text/html" : "application/json;charset=utf-8";
}

static void make_garbage(struct reply *reply)
{
	struct dice dice = {.state = GARBAGE_BYTES};

	reply->body = server_body_create(NULL, GARBAGE_BYTES);
	for (size_t i = 0; i < GARBAGE_BYTES; i++)
		reply->body->data[i] = (char)dice_throw(&dice);
	reply->status = 200;
	reply->type = "application/json;charset=utf-8";
	reply->packed = true;
}

static void make_html(struct reply *reply)
{
	static const char page[] = "<html><head><title>Please log in</title></head>"
				   "<body><h1>Please log in</h1></body></html>\n";
	struct server_body *body = server_body_create(page, sizeof page - 1);

	use_body(reply, 200, body);
	server_body_drop(body);
}

/* A page that claims a total, or of which only some bytes are left. */
static void make_wrong_page(struct vendor *v, struct exchange *x)
{
	uint64_t total =
		x->fault.kind == FAULT_TOTAL ? x->fault.number : world_count(v->world);
	struct buf text;

	buf_init(&text, BODY_MAX_BYTES);
	pages_write(v->pages, x->page, x->per_page, total, &text);
	if (x->fault.kind == FAULT_CUT && x->fault.number < text.len)
		text.len = (size_t)x->fault.number;
	reply_take_json(&x->reply, 200, &text);
	x->reply.packable = true;
}

/* Make what is sent wrong. Returns false where the fault is not about that. */
static bool fail(struct vendor *v, struct exchange *x)
{
	const struct fault *f = &x->fault;

	switch (f->kind) {
	case FAULT_STATUS:
		if (f->body != NULL)
			use_body(&x->reply, (int)f->number, f->body);
		else
			fail_with_status(&x->reply, f);
		if (f->retry_after[0] != '\0')
			reply_header(&x->reply, "Retry-After", "%s", f->retry_after);
		return true;
	case FAULT_BODY:
		use_body(&x->reply, 200, f->body);
		return true;
	case FAULT_GARBAGE:
		make_garbage(&x->reply);
		return true;
	case FAULT_HTML:
		make_html(&x->reply);
		return true;
	case FAULT_BOMB:
		x->reply.packed = true;
		x->reply.type = "application/json;charset=utf-8";
		x->reply.status = 200;
		return true;
	case FAULT_HUGE:
		x->reply.type = "application/json;charset=utf-8";
		x->reply.status = 200;
		return true;
	case FAULT_TOTAL:
	case FAULT_CUT:
		if (x->target != FAULT_ON_LIST || x->page == 0 || x->per_page == 0)
			return false;
		make_wrong_page(v, x);
		return true;
	default:
		return false;
	}
}

/* ---- one request ---- */

static const struct route {
	const char *method, *path;
	enum fault_target target;
	const char *group; /* NULL: that of the list */
	bool needs_token;
	void (*answer)(struct vendor *v, struct exchange *x);
} routes[] = {
	{"POST", "/restapi/oauth/token", FAULT_ON_TOKEN, "auth", false, answer_token},
	{"POST", "/restapi/oauth/revoke", FAULT_ON_ANY, "auth", false, answer_revoke},
	{"GET", "/restapi/v1.0/account/~/device", FAULT_ON_LIST, NULL, true, answer_list},
	{"GET", "/restapi/v1.0/account/" WORLD_ACCOUNT_ID "/device", FAULT_ON_LIST, NULL,
	 true, answer_list},
};

static const struct route *find_route(const struct server_request *req)
{
	for (size_t i = 0; i < COUNT(routes); i++)
		if (strcmp(routes[i].method, server_method(req)) == 0 &&
		    strcmp(routes[i].path, server_path(req)) == 0)
			return &routes[i];
	return NULL;
}

static void add_limit_headers(struct exchange *x)
{
	const struct limit *l = &x->group->limit;

	reply_header(&x->reply, "X-Rate-Limit-Group", "%s", x->group->name);
	reply_header(&x->reply, "X-Rate-Limit-Limit", "%u", l->max);
	reply_header(&x->reply, "X-Rate-Limit-Remaining", "%u", x->verdict.remaining);
	reply_header(&x->reply, "X-Rate-Limit-Window", "%lld",
		     (long long)((l->window_ms + 999) / 1000));
}

/* Count it; false where it is over the limit. */
static bool pass_limit(struct vendor *v, struct exchange *x, const char *name)
{
	struct group *group = find_group(v, name);

	x->group = group;
	x->verdict = limit_take(&group->limit, clock_mono_ms());
	if (x->verdict.accepted)
		return true;
	add_limit_headers(x);
	reply_header(&x->reply, "Retry-After", "%lld",
		     (long long)((x->verdict.retry_after_ms + 999) / 1000));
	reply_api_error(&x->reply, 429, NULL, "CMN-301", "Request rate exceeded", NULL);
	return false;
}

static void read_page(struct vendor *v, struct exchange *x)
{
	x->page = read_number(x->req, "page", 1);
	x->per_page = read_number(x->req, "perPage", PER_PAGE_DEFAULT);
	if (x->per_page > v->per_page_max)
		x->per_page = v->per_page_max;
}

static void make_reply(struct vendor *v, struct exchange *x)
{
	const struct route *route = find_route(x->req);

	x->target = route != NULL ? route->target : FAULT_ON_ANY;
	if (x->target == FAULT_ON_LIST)
		read_page(v, x);
	if (route != NULL && route->needs_token &&
	    !oauth_check(v->oauth, server_header(x->req, "Authorization"),
			 clock_mono_ms(), &x->reply))
		return;
	if (route != NULL &&
	    !pass_limit(v, x, route->group != NULL ? route->group : v->list_group))
		return;
	x->faulty = faults_take(&v->faults, x->target, x->page, &x->fault);
	if (x->faulty && fail(v, x)) {
		/* A refusal that is not of this group's limit does not tell of it. */
		if (x->fault.kind != FAULT_STATUS && x->group != NULL)
			add_limit_headers(x);
		return;
	}
	if (x->group != NULL)
		add_limit_headers(x);
	if (route != NULL)
		route->answer(v, x);
	else
		reply_api_error(&x->reply, 404, NULL, "CMN-120", "Invalid URI", NULL);
}

/* What is the same on every body: pack it where that is left to do, make it differ. */
static void finish_body(struct vendor *v, struct exchange *x)
{
	struct reply *r = &x->reply;
	struct server_body *old = r->body;

	if (r->packable && takes_gzip(v, x->req)) {
		r->body = packer_gzip(v->packer, old->data, old->len);
		r->packed = true;
		server_body_drop(old);
	} else if (r->packed && v->gzip == VENDOR_GZIP_VARY && old != NULL) {
		r->body = pack_stamped(old, ++v->stamp);
		server_body_drop(old);
	}
	if (r->packed)
		reply_header(r, "Content-Encoding", "gzip");
}

static void note(struct vendor *v, const struct exchange *x)
{
	const struct server_body *body = x->reply.body;
	bool silent = x->faulty &&
		      (x->fault.kind == FAULT_CLOSE || x->fault.kind == FAULT_HANG);
	const struct trace_request line = {
		.n = v->n_requests,
		.method = server_method(x->req),
		.path = server_path(x->req),
		/* Elsewhere a client in error may have put a token into it. */
		.query = x->target == FAULT_ON_LIST ? server_query(x->req) : "",
		.status = silent ? 0 : x->reply.status,
		.group = x->group != NULL ? x->group->name : NULL,
		.remaining = x->verdict.remaining,
		.in_penalty = x->verdict.in_penalty,
		.fault = x->faulty ? fault_kind_name(x->fault.kind) : NULL,
		.bytes = x->faulty      ? misbehave_bytes(&x->fault, body)
			 : body != NULL ? body->len
					: 0,
	};

	trace_request(v->trace, clock_utc_ms(), &line);
}

void vendor_request(struct vendor *v, struct server_request *req)
{
	struct exchange x = {.req = req};

	v->n_requests++;
	make_reply(v, &x);
	finish_body(v, &x);
	reply_header(&x.reply, "RCRequestId", "00000000-0000-4000-8000-%012llx",
		     (unsigned long long)v->n_requests);
	note(v, &x);
	reply_apply_headers(&x.reply, req);
	if (x.faulty)
		misbehave_answer(req, v->loop, &x.fault, x.reply.status, x.reply.body);
	else
		server_answer(req, x.reply.status, x.reply.body);
	fault_clear(&x.fault);
	reply_clear(&x.reply);
}
