/*
 *   send -> on_shaped, where there is a program -> on_answer -> the dispatch's on_done
 *     \-> it cannot be shaped: on_shaped ends it
 *     \-> cancel: ends the shaping or the request, so on_shaped or on_answer follows
 */
#include "sink/webhook.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/sign.h"
#include "net/retry_after.h"
#include "payload/payload.h"
#include "payload/shaper.h"
#include "sink/said.h"

#define ANSWER_MAX_BYTES (64u << 10)
#define TELLTALE_BYTES \
	10 /* of what is secret, in an answer: what shows them is not repeated */

struct webhook {
	struct http_client *http;
	char *url;
	struct shaper *shaper; /* NULL: the event goes as it is */
	struct secret *keys;
	size_t n_keys;
	struct secret header;         /* empty: none */
	struct secret program_secret; /* likewise */
	char *ca_file;                /* NULL: the system's */
	bool allow_http;
	enum event_personal personal;
};

/* A send under way. */
struct post {
	struct webhook *webhook;
	struct http_request req;
	struct sink_send *send;
	struct shaper_job job; /* its payload is the body, where there is a program */
	bool shaping;
};

static void destroy(void *sink)
{
	struct webhook *w = sink;

	if (w == NULL)
		return;
	shaper_destroy(w->shaper);
	for (size_t i = 0; i < w->n_keys; i++)
		secret_clear(&w->keys[i]);
	free(w->keys);
	secret_clear(&w->header);
	secret_clear(&w->program_secret);
	free(w->ca_file);
	free(w->url);
	free(w);
}

static struct shaper *create_shaper(const struct sink_settings *settings,
				    const struct sink_env *env)
{
	char *command = env->jq != NULL ? mem_strdup(env->jq) : payload_command();
	struct shaper *s = shaper_create(env->loop, command, settings->program,
					 settings->program_secret);

	free(command);
	return s;
}

static int create(const struct sink_settings *settings, const struct sink_env *env,
		  void **out, struct err *err)
{
	struct webhook *w = mem_zalloc(sizeof *w);

	w->http = env->http;
	w->url = mem_strdup(settings->url);
	w->allow_http = settings->allow_http;
	w->ca_file = settings->ca_file != NULL ? mem_strdup(settings->ca_file) : NULL;
	w->personal = settings->personal;
	if (settings->header != NULL && settings->header->len > 0)
		secret_set(&w->header, settings->header->text, settings->header->len);
	if (settings->program_secret != NULL && settings->program_secret->len > 0)
		secret_set(&w->program_secret, settings->program_secret->text,
			   settings->program_secret->len);
	w->keys = mem_resize(NULL, settings->n_secrets, sizeof *w->keys);
	for (; w->n_keys < settings->n_secrets; w->n_keys++) {
		w->keys[w->n_keys] = (struct secret){0};
		if (sign_read_key(&w->keys[w->n_keys], &settings->secrets[w->n_keys],
				  err) != 0) {
			destroy(w);
			return err->code;
		}
	}
	if (settings->program != NULL)
		w->shaper = create_shaper(settings, env);
	*out = w;
	return 0;
}

static int render(const void *sink, const struct event *ev, struct buf *out)
{
	const struct webhook *w = sink;
	char *body = event_render(ev, w->personal);
	int rc = buf_add_text(out, body);

	free(body);
	return rc;
}

/* ---- the end ---- */

static void finish(struct post *p)
{
	struct sink_send *s = p->send;

	http_request_clear(&p->req);
	shaper_job_clear(&p->job);
	free(p);
	s->on_done(s); /* the dispatch may free s here */
}

/* Whether the text shows a part of a URL, but for its scheme and host. */
static bool shows_url(const char *text, const char *url)
{
	const char *host = strstr(url, "://"), *end;
	char *user;
	bool shows;

	if (host == NULL)
		return true;
	host += 3;
	end = host + strcspn(host, "/?#");
	user = mem_printf("%.*s", (int)(end - host), host);
	*(strrchr(user, '@') != NULL ? strrchr(user, '@') : user) = '\0';
	shows = secret_is_in(text, user, TELLTALE_BYTES) ||
		(strlen(end) >= TELLTALE_BYTES &&
		 secret_is_in(text, end, TELLTALE_BYTES));
	free(user);
	return shows;
}

static bool shows_header(const char *text, const struct secret *header)
{
	const char *value = header->len > 0 ? strchr(header->text, ':') : NULL;

	return value != NULL &&
	       secret_is_in(text, value + 1 + strspn(value + 1, " "), TELLTALE_BYTES);
}

static bool shows(const char *text, const struct secret *secret)
{
	return secret->len > 0 && secret_is_in(text, secret->text, TELLTALE_BYTES);
}

/* Some repeat what they were sent: so neither what shows a secret, nor anything where addresses are
 * told. */
static bool may_repeat(const struct webhook *w, const char *text)
{
	return w->personal == EVENT_WITHOUT_PERSONAL && !shows_url(text, w->url) &&
	       !shows_header(text, &w->header) && !shows(text, &w->program_secret);
}

/* What an answer of this status means; err gets its number, and what the receiver says. */
static void judge_status(const struct webhook *w, struct sink_send *s,
			 struct http_request *req)
{
	s->end = retry_end_of_status(s->code);
	if (s->end == SINK_DELIVERED)
		return;
	err_set(&s->err, ERR_RETRY, "HTTP %d", s->code);
	if (may_repeat(w, buf_text(&req->answer)))
		said_add(&s->err, buf_text(&req->answer));
	if (retry_may_ask(s->code))
		s->wait_ms = retry_after_ms(http_header(req, "Retry-After"),
					    http_header(req, "Date"), clock_utc_ms(), 0);
}

static void on_answer(struct http_request *req, int rc)
{
	struct post *p = req->data;
	struct sink_send *s = p->send;

	s->code = (int)req->status;
	/* A body beyond our limit does not undo the status in front of it; but a connection that
	 * breaks within the answer leaves open what the receiver did. */
	if (rc == 0 || (rc == ERR_FORMAT && s->code != 0)) {
		judge_status(p->webhook, s, req);
	} else {
		s->end = rc == ERR_CANCELED ? SINK_CANCELED : SINK_LATER;
		s->err = req->err;
	}
	finish(p);
}

/* ---- the request ---- */

static void add_headers(const struct webhook *w, struct http_request *req,
			const struct sink_send *s)
{
	const char *type = w->shaper != NULL
				   ? "application/json"
				   : "application/cloudevents+json; charset=utf-8";
	int64_t now_s = clock_utc_ms() / 1000;
	char *signatures = sign_webhook(w->keys, w->n_keys, s->event_id, now_s, req->body,
					req->body_len);

	http_add_header(req, "Content-Type: %s", type);
	if (w->header.len > 0)
		http_add_header(req, "%s", w->header.text);
	http_add_header(req, "webhook-id: %s", s->event_id);
	http_add_header(req, "webhook-timestamp: %" PRId64, now_s);
	if (signatures != NULL)
		http_add_header(req, "webhook-signature: %s", signatures);
	free(signatures);
}

static void post(struct post *p, const char *body, size_t len)
{
	struct webhook *w = p->webhook;

	p->req.url = w->url;
	p->req.body = body;
	p->req.body_len = len;
	p->req.allow_plain = w->allow_http;
	p->req.ca_file = w->ca_file;
	p->req.total_ms = WEBHOOK_TOTAL_MS;
	p->req.max_bytes = ANSWER_MAX_BYTES;
	p->req.on_done = on_answer;
	p->req.data = p;
	add_headers(w, &p->req, p->send);
	http_start(w->http, &p->req);
}

/* ---- the payload ---- */

/* What becomes of an event that was not shaped. That a program does not compile is not the event's
 * fault: it waits until somebody mends it. */
static enum sink_end end_of_shaping(int rc)
{
	if (rc == ERR_CANCELED)
		return SINK_CANCELED;
	return rc == ERR_FORMAT ? SINK_DEAD : SINK_LATER;
}

static void on_shaped(struct shaper_job *job, int rc)
{
	struct post *p = job->data;

	p->shaping = false;
	if (rc == 0) {
		post(p, job->payload.data, job->payload.len);
		return;
	}
	p->send->end = end_of_shaping(rc);
	p->send->err = job->err;
	err_wrap(&p->send->err, "payload");
	finish(p);
}

static void shape(struct post *p)
{
	p->shaping = true;
	p->job.event = p->send->data;
	p->job.len = p->send->len;
	p->job.on_done = on_shaped;
	p->job.data = p;
	shaper_start(p->webhook->shaper, &p->job);
}

/* ---- for the dispatch ---- */

static enum sink_progress send_event(void *sink, struct sink_send *s)
{
	struct webhook *w = sink;
	struct post *p = mem_zalloc(sizeof *p);

	p->webhook = w;
	p->send = s;
	s->state = p;
	http_request_init(&p->req);
	if (w->shaper != NULL)
		shape(p);
	else
		post(p, s->data, s->len);
	return SINK_UNDER_WAY;
}

static void cancel(void *sink, struct sink_send *s)
{
	struct webhook *w = sink;
	struct post *p = s->state;

	if (p->shaping)
		shaper_cancel(w->shaper, &p->job);
	else
		http_cancel(&p->req);
}

const struct sink_ops webhook_ops = {
	.name = "webhook",
	.max_under_way = WEBHOOK_UNDER_WAY,
	.rules = RETRY_RULES(3600 * 1000),
	.create = create,
	.destroy = destroy,
	.render = render,
	.send = send_event,
	.cancel = cancel,
};
