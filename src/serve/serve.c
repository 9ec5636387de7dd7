/*
 *   on_request -> a row of the table -> answered at once
 *                  |-> task_submit -> (the store's worker) -> on_task_done: answered
 *                  \-> wish -> the daemon's on_wish ... -> serve_fulfil: answered
 *
 * serve_close: the connections end at once; what is under way ends as it would, and its answer goes
 * nowhere. on_closed follows behind the last job, since the store is closed next.
 */
#include "serve/serve.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "serve/serve_inside.h"

/* Requests are small and come from this machine: who takes longer is stuck. */
#define BODY_MAX_BYTES   ((size_t)64 * 1024)
#define HEADER_MAX_BYTES ((size_t)16 * 1024)
#define CONNECTIONS_MAX  64
#define REQUEST_MS       10000
#define ANSWER_MS        30000
#define PASSWD_BYTES     4096 /* of an entry of the user database */

static void let_go(struct serve *s)
{
	if (--s->n_held > 0)
		return;
	free(s->database);
	free(s);
}

static void close_if_quiet(struct serve *s)
{
	if (!s->closed || s->n_jobs > 0 || s->on_closed == NULL)
		return;
	s->on_closed(s->closed_data);
	s->on_closed = NULL;
}

/* ---- answers ---- */

void answer_object(struct server_request *req, int status, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	char *line = mem_printf("%s\n", text);

	server_answer_text(req, status, "application/json", line);
	free(line);
	free(text);
	json_decref(object);
}

static json_t *error_object(const char *fmt, va_list ap)
{
	char text[ERR_TEXT_BYTES];

	vsnprintf(text, sizeof text, fmt, ap);
	text[utf8_cut(text, sizeof text - 1)] = '\0';
	return json_pack("{s:s}", "error", text);
}

void answer_error(struct server_request *req, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	answer_object(req, status, error_object(fmt, ap));
	va_end(ap);
}

/* ---- bodies ---- */

static bool is_known(const char *name, const char *const *members)
{
	for (; *members != NULL; members++)
		if (strcmp(*members, name) == 0)
			return true;
	return false;
}

json_t *read_body(struct server_request *req, const char *const *members)
{
	const char *type = server_header(req, "Content-Type"), *name;
	json_error_t error;
	json_t *body, *value;
	size_t len;
	const char *text = server_content(req, &len);

	/* No page of another site can make a browser send this without asking first. */
	if (type == NULL || strcmp(type, "application/json") != 0) {
		answer_error(req, 415, "Content-Type must be application/json");
		return NULL;
	}
	body = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(body)) {
		answer_error(req, 400, "the body is no JSON object");
		json_decref(body);
		return NULL;
	}
	json_object_foreach(body, name, value)
	{
		if (is_known(name, members))
			continue;
		answer_error(req, 400, "%s: unknown", name);
		json_decref(body);
		return NULL;
	}
	return body;
}

/* ---- jobs ---- */

static void on_task_done(struct store_job *job, int rc)
{
	struct task *t = (struct task *)job;
	struct serve *s = t->serve;

	if (rc == 0 && t->answer != NULL) {
		answer_object(t->req, t->status, t->answer);
	} else {
		answer_error(t->req, 503, "the database fails: %s", job->err.text);
		json_decref(t->answer);
	}
	if (rc == 0 && t->removed && !s->closed)
		s->config.on_silence_ended(s->config.data);
	silence_clear(&t->silence);
	free(t);
	s->n_jobs--;
	close_if_quiet(s);
	let_go(s);
}

struct task *task_create(struct serve *s, struct server_request *req, store_run_cb run)
{
	struct task *t = mem_zalloc(sizeof *t);

	t->job = (struct store_job){.run = run, .on_done = on_task_done};
	t->serve = s;
	t->req = req;
	t->has_uid = server_peer(req, &t->uid);
	t->status = 200;
	return t;
}

void task_submit(struct task *t)
{
	t->serve->n_held++;
	t->serve->n_jobs++;
	store_submit(t->serve->config.store, &t->job);
}

void task_by(const struct task *t, char out[SERVE_BY_BYTES])
{
	char room[PASSWD_BYTES];
	struct passwd entry, *found = NULL;

	if (!t->has_uid)
		snprintf(out, SERVE_BY_BYTES, "unknown");
	else if (getpwuid_r(t->uid, &entry, room, sizeof room, &found) == 0 &&
		 found != NULL)
		snprintf(out, SERVE_BY_BYTES, "%s", found->pw_name);
	else
		snprintf(out, SERVE_BY_BYTES, "user %u", (unsigned)t->uid);
}

void task_refuse(struct task *t, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	t->status = status;
	t->answer = error_object(fmt, ap);
	va_end(ap);
}

/* ---- wishes ---- */

void serve_fulfil(struct serve_wish *w, int status, json_t *answer)
{
	struct serve *s = w->serve;

	answer_object(w->req, status, answer);
	free(w->account);
	free(w->sink);
	free(w->event);
	free(w);
	let_go(s);
}

void serve_refuse(struct serve_wish *w, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	serve_fulfil(w, status, error_object(fmt, ap));
	va_end(ap);
}

static struct serve_wish *wish_create(struct serve *s, struct server_request *req,
				      enum serve_wish_kind kind)
{
	struct serve_wish *w = mem_zalloc(sizeof *w);
	uid_t uid;

	w->kind = kind;
	w->serve = s;
	w->req = req;
	if (server_peer(req, &uid))
		snprintf(w->by, sizeof w->by, "user %u", (unsigned)uid);
	s->n_held++;
	return w;
}

static void wish(struct serve *s, struct server_request *req, enum serve_wish_kind kind)
{
	static const char *const members[] = {"account", NULL};
	json_t *body = read_body(req, members), *account;
	struct serve_wish *w;

	if (body == NULL)
		return;
	account = json_object_get(body, "account");
	if (!json_is_string(account) &&
	    (kind == SERVE_ACCEPT || (account != NULL && !json_is_null(account)))) {
		answer_error(req, 400, "account: expected a name");
		json_decref(body);
		return;
	}
	w = wish_create(s, req, kind);
	if (json_is_string(account))
		w->account = mem_strdup(json_string_value(account));
	json_decref(body);
	s->config.on_wish(w, s->config.data);
}

/* Of a sink; and of an event or a kind of alert, where there is a second member. */
static void wish_of_sink(struct serve *s, struct server_request *req,
			 enum serve_wish_kind kind, const char *const *members)
{
	json_t *body = read_body(req, members);
	struct serve_wish *w;

	if (body == NULL)
		return;
	for (size_t i = 0; members[i] != NULL; i++) {
		if (json_is_string(json_object_get(body, members[i])))
			continue;
		answer_error(req, 400, "%s: expected a text", members[i]);
		json_decref(body);
		return;
	}
	w = wish_create(s, req, kind);
	w->sink = mem_strdup(json_string_value(json_object_get(body, "sink")));
	if (members[1] != NULL)
		w->event =
			mem_strdup(json_string_value(json_object_get(body, members[1])));
	json_decref(body);
	s->config.on_wish(w, s->config.data);
}

static void wish_test(struct serve *s, struct server_request *req, const char *rest)
{
	static const char *const members[] = {"sink", NULL};

	(void)rest;
	wish_of_sink(s, req, SERVE_TEST, members);
}

static void wish_replay(struct serve *s, struct server_request *req, const char *rest)
{
	static const char *const members[] = {"sink", "event", NULL};

	(void)rest;
	wish_of_sink(s, req, SERVE_REPLAY, members);
}

static void wish_drill(struct serve *s, struct server_request *req, const char *rest)
{
	static const char *const members[] = {"sink", "kind", NULL};

	(void)rest;
	wish_of_sink(s, req, SERVE_DRILL, members);
}

static void wish_sweep(struct serve *s, struct server_request *req, const char *rest)
{
	(void)rest;
	wish(s, req, SERVE_SWEEP);
}

static void wish_accept(struct serve *s, struct server_request *req, const char *rest)
{
	(void)rest;
	wish(s, req, SERVE_ACCEPT);
}

/* ---- how it is ---- */

static int run_healthy(struct store_conn *c, struct store_job *job, struct err *err)
{
	(void)c;
	(void)err;
	((struct task *)job)->answer = json_pack("{s:s}", "status", "ok");
	return 0;
}

/* While the store answers, be it with an error: as the watchdog has it. */
static void healthy(struct serve *s, struct server_request *req, const char *rest)
{
	(void)rest;
	task_submit(task_create(s, req, run_healthy));
}

static void ready(struct serve *s, struct server_request *req, const char *rest)
{
	(void)rest;
	if (s->ready)
		answer_object(req, 200, json_pack("{s:s}", "status", "ready"));
	else
		answer_error(req, 503, "not ready yet");
}

/* ---- requests ---- */

/* A path that ends with a slash has something behind it. */
static const struct {
	const char *method, *path;
	void (*serve)(struct serve *s, struct server_request *req, const char *rest);
} rows[] = {
	{"GET", "/healthz", healthy},
	{"GET", "/readyz", ready},
	{"GET", "/api/v1/silences", silences_list},
	{"POST", "/api/v1/silences", silences_add},
	{"DELETE", "/api/v1/silences/", silences_remove},
	{"POST", "/api/v1/poll", wish_sweep},
	{"POST", "/api/v1/accept", wish_accept},
	{"POST", "/api/v1/test", wish_test},
	{"POST", "/api/v1/replay", wish_replay},
	{"POST", "/api/v1/drill", wish_drill},
};

/* What stands behind the row's path, NULL where it is another. */
static const char *behind(const char *row, const char *path)
{
	size_t len = strlen(row);

	if (strncmp(path, row, len) != 0)
		return NULL;
	if (row[len - 1] == '/')
		return path[len] != '\0' ? path + len : NULL;
	return path[len] == '\0' ? path + len : NULL;
}

static void on_request(struct server_request *req, void *data)
{
	struct serve *s = data;
	const char *database = server_header(req, SERVE_DATABASE_HEADER);
	bool found = false;

	if (database != NULL && strcmp(database, s->database) != 0) {
		answer_error(req, 409, "this phonewatchd writes another database");
		return;
	}
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *rest = behind(rows[i].path, server_path(req));

		if (rest == NULL)
			continue;
		found = true;
		if (strcmp(rows[i].method, server_method(req)) != 0)
			continue;
		rows[i].serve(s, req, rest);
		return;
	}
	if (found)
		answer_error(req, 405, "%s cannot be used with this", server_method(req));
	else
		answer_error(req, 404, "there is nothing of this name");
}

/* ---- open and close ---- */

int serve_open(const struct serve_config *config, struct serve **out, struct err *err)
{
	struct serve *s = mem_zalloc(sizeof *s);
	const struct server_config settings = {
		.address = config->address,
		.body_max_bytes = BODY_MAX_BYTES,
		.header_max_bytes = HEADER_MAX_BYTES,
		.connections_max = CONNECTIONS_MAX,
		.request_ms = REQUEST_MS,
		.answer_ms = ANSWER_MS,
		.on_request = on_request,
		.data = s,
	};

	s->config = *config;
	s->n_held = 1;
	s->database = mem_printf("%" PRId64, store_random(config->store));
	if (server_open(config->loop, &settings, &s->server, err) != 0) {
		let_go(s);
		return err->code;
	}
	*out = s;
	return 0;
}

void serve_set_ready(struct serve *s)
{
	s->ready = true;
}

void serve_close(struct serve *s, void (*on_closed)(void *data), void *data)
{
	if (s == NULL) {
		on_closed(data);
		return;
	}
	s->closed = true;
	s->on_closed = on_closed;
	s->closed_data = data;
	server_close(s->server);
	close_if_quiet(s);
	let_go(s);
}
