#include "sim/vendor.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/server.h"
#include "sim/answers.h"
#include "sim/error.h"
#include "sim/oauth.h"
#include "sim/pack.h"
#include "sim/rate.h"
#include "sim/trace.h"

#define NAME_MAX_BYTES 256
#define FAULT_DICE     UINT64_C(0x7fffffff) /* apart from any device's */

void vendor_init(struct vendor *v, uv_loop_t *loop, const char *base_url, uint64_t seed,
		 struct trace *trace)
{
	*v = (struct vendor){.sender.loop = loop, .trace = trace};
	rules_init(&v->rules);
	roster_init(&v->roster, base_url, v->rules.penalty_ms, trace);
	dice_init(&v->dice, seed, FAULT_DICE);
}

void vendor_stop(struct vendor *v)
{
	sender_stop(&v->sender);
}

void vendor_clear(struct vendor *v)
{
	faults_clear(&v->faults);
	roster_clear(&v->roster);
}

/* ---- who asks ---- */

static bool is_own(const struct exchange *x, struct endpoint_part path)
{
	const char *id = world_account_id(x->account->world);

	return path.len == strlen(id) ? memcmp(path.text, id, path.len) == 0
				      : path.len == 1 && path.text[0] == '~';
}

/* Whose request it is; false where it is refused. */
static bool pass_token(struct vendor *v, struct exchange *x, struct endpoint_part path)
{
	const char *authorization = server_header(x->req, "Authorization");

	if (!endpoints[x->asked.endpoint].needs_token) {
		x->app = roster_app_of(&v->roster, authorization);
		if (x->asked.endpoint == ENDPOINT_TOKEN)
			x->account = oauth_account_of(&v->roster, x->app,
						      server_content(x->req, NULL));
		x->asked.account = x->account;
		return true;
	}
	x->account = oauth_check(&v->roster, authorization, x->asked.now_ms, &x->reply);
	x->asked.account = x->account;
	if (x->account == NULL)
		return false;
	if (is_own(x, path))
		return true;
	error_answer_code(&x->reply, "CMN-102", ERROR_API);
	return false;
}

/* ---- the answer ---- */

static void answer_well(struct vendor *v, struct exchange *x)
{
	const struct oauth_request request = {
		.authorization = server_header(x->req, "Authorization"),
		.form = server_content(x->req, NULL),
		.now_ms = x->asked.now_ms,
	};

	if (x->asked.endpoint == ENDPOINT_TOKEN)
		oauth_token(&v->rules, x->app, x->account, &request, &x->reply);
	else if (x->asked.endpoint == ENDPOINT_REVOKE)
		oauth_revoke(&v->roster, request.form, &x->reply);
	else if (x->asked.endpoint == ENDPOINT_HOOK)
		x->reply.status = hook_accepts(&x->delivery) ? 204 : 401;
	else
		answers_make(&v->roster, &v->rules, x);
}

/* The first act that is made instead of a good answer; NULL: there is none. */
static const struct act *prepare_acts(const struct fault *f, struct exchange *x)
{
	const struct act *instead = NULL;

	for (size_t i = 0; i < f->n_acts; i++) {
		const struct act *act = &f->acts[i];

		if (act->row->lie != NULL)
			act->row->lie(act, x);
		if (act->row->lie != NULL || act->row->change != NULL)
			x->fresh = true;
		if (act->row->instead != NULL && instead == NULL)
			instead = act;
	}
	return instead;
}

static void answer_badly(struct vendor *v, struct exchange *x)
{
	const struct fault *f = x->fault;
	const struct act *instead = prepare_acts(f, x);

	if (instead != NULL) {
		instead->row->instead(instead, x);
	} else {
		rate_add_headers(&v->rules, x);
		answer_well(v, x);
	}
	if (x->limited) {
		if (x->group != NULL)
			x->verdict = limit_refuse(&x->group->limit, x->asked.now_ms);
		rate_refuse(&v->rules, x);
	} else if (instead != NULL && x->reply.status == 200) {
		/* A refusal that is not of this group's limit does not tell of it. */
		rate_add_headers(&v->rules, x);
	}
	for (size_t i = 0; i < f->n_acts; i++)
		if (f->acts[i].row->change != NULL)
			f->acts[i].row->change(&f->acts[i], x);
}

static void make_reply(struct vendor *v, struct exchange *x)
{
	struct endpoint_part account;

	x->asked.endpoint = endpoint_of(server_method(x->req), server_path(x->req),
					&account, &x->asked.ids);
	x->asked.now_ms = clock_mono_ms();
	if (x->asked.endpoint == ENDPOINT_HOOK && v->rules.receive)
		hook_take(v->hook, x->req, clock_utc_ms(), &x->delivery);
	else if (x->asked.endpoint == ENDPOINT_HOOK)
		x->asked.endpoint = ENDPOINT_OTHER;
	answers_read(&v->rules, x);
	if (x->asked.endpoint != ENDPOINT_OTHER &&
	    (!pass_token(v, x, account) || !rate_pass(&v->rules, &v->roster, x)))
		return;
	x->fault = faults_take(&v->faults, &x->asked, &v->dice);
	if (x->fault != NULL) {
		answer_badly(v, x);
		return;
	}
	rate_add_headers(&v->rules, x);
	answer_well(v, x);
}

/* What is the same on every body: pack it where that is left to do, make it differ. */
static void finish_body(struct vendor *v, struct exchange *x)
{
	struct reply *r = &x->reply;
	struct server_body *old = r->body;

	if (r->packable && answers_may_pack(&v->rules, x->req)) {
		r->body = packer_gzip(v->roster.packer, old->data, old->len);
		r->packed = true;
		server_body_drop(old);
	} else if (r->packed && v->rules.gzip == RULES_GZIP_VARY && old != NULL) {
		r->body = pack_stamped(old, ++v->stamp);
		server_body_drop(old);
	}
	if (r->packed)
		reply_header(r, "Content-Encoding", "gzip");
}

/* ---- sending ---- */

/* The act by which it is sent; NULL: well. */
static const struct act *send_act(const struct fault *f)
{
	for (size_t i = 0; f != NULL && i < f->n_acts; i++)
		if (f->acts[i].row->send != NULL)
			return &f->acts[i];
	return NULL;
}

static void note(struct vendor *v, const struct exchange *x, const struct act *send)
{
	uint64_t len = x->reply.body != NULL ? x->reply.body->len : 0;
	int64_t at_ms = clock_utc_ms();
	bool silent = send != NULL && (send->row->send == misbehave_close ||
				       send->row->send == misbehave_hang);
	struct trace_request line = {
		.n = v->n_requests,
		.account = x->account != NULL ? x->account->name : NULL,
		.method = server_method(x->req),
		.path = server_path(x->req),
		/* Elsewhere a client in error may have put a token into it. */
		.query = x->asked.endpoint < ENDPOINT_N ? server_query(x->req) : "",
		.status = silent ? 0 : x->reply.status,
		.group = x->group != NULL ? x->group->name : NULL,
		.remaining = x->verdict.remaining,
		.in_penalty = x->verdict.in_penalty,
		.bytes = send != NULL ? send->row->bytes(send, len) : len,
	};
	struct buf name;

	buf_init(&name, NAME_MAX_BYTES);
	if (x->fault != NULL) {
		fault_name(x->fault, &name);
		line.fault = buf_text(&name);
	}
	if (x->asked.endpoint != ENDPOINT_HOOK)
		trace_request(v->trace, at_ms, &line);
	else
		trace_delivery(v->trace, at_ms, &line, &x->delivery);
	if (x->asked.endpoint == ENDPOINT_HOOK && v->deliveries != NULL)
		hook_print(v->deliveries, &x->delivery, at_ms, line.status, line.fault);
	buf_clear(&name);
}

void vendor_request(struct vendor *v, struct server_request *req)
{
	struct exchange x = {.req = req};
	const struct act *send;

	v->n_requests++;
	make_reply(v, &x);
	finish_body(v, &x);
	reply_header(&x.reply, "RCRequestId", "00000000-0000-4000-8000-%012llx",
		     (unsigned long long)v->n_requests);
	send = send_act(x.fault);
	note(v, &x, send);
	if (v->on_asked != NULL)
		v->on_asked(&x.asked, v->data);
	reply_apply_headers(&x.reply, req);
	if (send != NULL)
		send->row->send(send, &v->sender, &x);
	else
		server_answer(req, x.reply.status, x.reply.body);
	reply_clear(&x.reply);
	hook_delivery_clear(&x.delivery);
}
