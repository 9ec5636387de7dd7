/*
 * Online, one account after the other:
 *
 *   check_account -> auth_start -> on_token -> page asked -> on_page -> ... -> log_out -> on_out
 *        \-> within a penalty, refused, no answer: said, and on to the next account
 *
 * Asked for is what a sweep of the daemon asks for, but no more than shows what is there: by the
 * account's list, then the list of extensions, for the names in it; where the account's list is
 * refused, the list of extensions and the devices of the first of them.
 *
 * Each account has a loop of its own that runs until nothing is left to do: there is nobody
 * else here whom waiting would disturb.
 */
#include "check.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/auth.h"
#include "api/pages.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "check_seen.h"
#include "course.h"
#include "ledger.h"
#include "names.h"
#include "page.h"

#define USER_AGENT "phonewatch/" VERSION
#define SECOND_MS  1000
#define SHARE      100 /* percent of a limit: a check is rare */

struct check {
	const struct account_config *account;
	struct ledger *ledger;
	struct budget *auth_budget;
	char scope[LEDGER_SCOPE_BYTES];
	FILE *out;
	uv_loop_t loop;
	struct http_client *http;
	struct auth auth;
	struct http_request req;
	char *url;
	char *body;

	struct course course;
	struct budget *budget; /* of the request at hand */
	struct extensions extensions;
	char **ids; /* theirs */
	struct check_seen seen;
	bool asks_names; /* all else is said: it is only seen whether they can be had */
	int rc;
};

/* ---- the end ---- */

/* What the vendor says of its limits: the daemon, now or later, must know of a penalty. */
static void learn(struct check *k, struct budget *budget, const struct http_request *req,
		  const struct answer *answer)
{
	int64_t now_ms = clock_mono_ms();

	answer_tell_budget(budget, req, now_ms);
	ledger_obey(k->ledger, budget, k->account, answer, now_ms);
	/* What is left of the limit only a penalty tells the daemon, or the next check. */
	if (budget->remaining == 0)
		ledger_block(k->ledger, budget, budget_wait_ms(budget, SHARE, now_ms),
			     now_ms);
	ledger_answered(k->ledger, budget);
}

/* "Errors are to be ignored, not retried": ringcentral/api.md section 3.3. But a penalty is one. */
static void on_out(struct http_request *req, int rc)
{
	struct check *k = req->data;
	struct answer answer;

	answer_read(&answer, req, rc, ANSWER_OF_TOKEN, clock_utc_ms());
	learn(k, k->auth_budget, req, &answer);
	http_client_close(k->http, NULL, NULL);
}

/* End the session that we made: where the vendor lets us ask for that, which counts as a login
 * does. Else the session ends with its token, in an hour or so. */
static void log_out(struct check *k)
{
	const char *token = k->auth.access.text;
	char *encoded;

	if (token == NULL ||
	    ledger_wait_ms(k->ledger, k->auth_budget, SHARE, clock_mono_ms()) > 0) {
		http_client_close(k->http, NULL, NULL);
		return;
	}
	encoded = curl_easy_escape(NULL, token, 0);
	http_request_clear(&k->req);
	http_request_init(&k->req);
	free(k->url);
	k->url = mem_printf("%s/restapi/oauth/revoke", k->account->server);
	k->body = mem_printf("token=%s", encoded);
	curl_free(encoded);
	k->req.url = k->url;
	k->req.body = k->body;
	k->req.body_len = strlen(k->body);
	k->req.ca_file = k->account->ca_file;
	k->req.total_ms = 10 * SECOND_MS;
	k->req.on_done = on_out;
	k->req.data = k;
	auth_add_basic(&k->auth, &k->req);
	http_add_header(&k->req, "Content-Type: application/x-www-form-urlencoded");
	ledger_ask(k->ledger, k->auth_budget, 1, clock_mono_ms());
	http_start(k->http, &k->req);
}

static void cannot(struct check *k, const char *what, const char *why)
{
	fprintf(k->out, "  %s: %s\n", what, why);
	k->rc = ERR_DENIED;
	log_out(k);
}

static void refused(struct check *k, const char *what, const struct answer *answer)
{
	char text[ANSWER_TEXT_BYTES + CLOCK_TEXT_BYTES + 40], pause[CLOCK_TEXT_BYTES];

	clock_format_duration(pause, answer->wait_ms);
	snprintf(text, sizeof text, "%s%s%s", answer->text,
		 answer->wait_ms > 0 ? "; it wants no request for " : "",
		 answer->wait_ms > 0 ? pause : "");
	cannot(k, what, text);
}

static void summarize(struct check *k)
{
	const struct check_seen *seen = &k->seen;
	bool by_list = k->course.ask == ASK_LIST;

	fprintf(k->out, "  route: %s\n",
		by_list ? "account (one list of all devices)"
			: "extensions (devices without an extension cannot be seen)");
	if (!by_list)
		fprintf(k->out,
			"  devices: %" PRId64 " of the first %zu of %zu extensions\n",
			seen->n_devices, k->course.n, k->extensions.n);
	else if (seen->paging.total_elements >= 0 &&
		 seen->paging.total_elements != seen->n_devices)
		fprintf(k->out,
			"  devices: %" PRId64 " in the list; looked at the first %" PRId64
			"\n",
			seen->paging.total_elements, seen->n_devices);
	else
		fprintf(k->out, "  devices: %" PRId64 "\n", seen->n_devices);
	check_seen_print(seen, k->account, k->out);
}

/* ---- the extensions ---- */

/* The first page of them will do. */
static int read_extensions(struct check *k, struct err *err)
{
	struct names_page_job job;
	int rc;

	names_page_job_init(&job);
	job.into = &k->extensions;
	job.answer = k->req.answer; /* moves */
	buf_init(&k->req.answer, 0);
	rc = job.job.run(NULL, &job.job, err);
	if (rc == 0 && k->extensions.n == 0)
		rc = err_set(err, ERR_FORMAT, "it is empty");
	k->ids = mem_alloc(k->extensions.n * sizeof *k->ids);
	for (size_t i = 0; i < k->extensions.n; i++)
		k->ids[i] = k->extensions.rows[i].id;
	return rc;
}

/* ---- asking ---- */

static void on_page(struct http_request *req, int rc);

static const char *const asked_for[ASK_KINDS] = {
	[ASK_EXTENSIONS] = "list of extensions",
	[ASK_LIST] = "device list",
	[ASK_CHUNK] = "devices of extensions",
};

/* How long to wait for a request of this kind that counts as n. */
static int64_t wait_of(struct check *k, enum ask kind, int64_t n)
{
	return ledger_wait_kind_ms(k->ledger, k->scope, (int)kind, SHARE, n,
				   clock_mono_ms());
}

static void ask(struct check *k)
{
	char *path = course_path(&k->course);
	bool bulk = k->course.ask == ASK_CHUNK;
	int64_t n = bulk ? (int64_t)k->course.n : 1;

	free(k->url);
	k->url = mem_printf("%s%s", k->account->server, path);
	free(path);
	k->budget = ledger_of_kind(k->ledger, k->scope, (int)k->course.ask);
	pages_request(&k->req, k->url, k->auth.access.text,
		      bulk ? PAGES_ACCEPT_BULK : PAGES_ACCEPT, k->account->ca_file);
	k->req.on_done = on_page;
	k->req.data = k;
	if (wait_of(k, k->course.ask, n) >
	    0) { /* the daemon has been told so meanwhile, or we were */
		cannot(k, asked_for[k->course.ask], "the vendor wants no request now");
		return;
	}
	ledger_ask(k->ledger, k->budget, n, clock_mono_ms());
	http_start(k->http, &k->req);
}

static void print_group(const struct check *k, const struct http_request *req)
{
	const char *group = http_header(req, "X-Rate-Limit-Group");
	const char *limit = http_header(req, "X-Rate-Limit-Limit");
	const char *window = http_header(req, "X-Rate-Limit-Window");
	char safe[64] = "not told";

	if (group != NULL)
		log_escape(safe, sizeof safe, group);
	fprintf(k->out, "  rate group: %s", safe);
	if (limit != NULL && window != NULL)
		fprintf(k->out, " (%d requests per %d s)", (int)strtol(limit, NULL, 10),
			(int)strtol(window, NULL, 10));
	fprintf(k->out, "\n");
}

/* Whether the daemon would go on by extensions. */
static bool has_other_route(const struct check *k, const struct answer *answer)
{
	return k->course.ask == ASK_LIST && k->account->devices_via == VIA_AUTO &&
	       answer->next == ANSWER_REFUSED && answer->reason == REASON_PERMISSION;
}

/* By the account's list the extensions are needed for their names alone: what the daemon would do
 * without. It is asked where the list has left enough. */
static void ask_names(struct check *k)
{
	bool by_list = k->course.ask == ASK_LIST;

	if (by_list && budget_has_plenty(k->budget) &&
	    wait_of(k, ASK_EXTENSIONS, 1) == 0) {
		k->asks_names = true;
		course_extensions(&k->course);
		ask(k);
		return;
	}
	if (by_list)
		fprintf(k->out,
			"  extension names: not asked for: the limit is used up for"
			" now\n");
	log_out(k);
}

static void tell_names(struct check *k, const struct answer *answer)
{
	struct err err;

	if (answer->next != ANSWER_GOOD)
		fprintf(k->out,
			"  extension names: %s; phones are told without the name of who has"
			" them\n",
			answer->text);
	else if (read_extensions(k, &err) != 0)
		fprintf(k->out, "  extension names: %s\n", err.text);
	else
		fprintf(k->out, "  extension names: to be had\n");
	log_out(k);
}

static void on_page(struct http_request *req, int rc)
{
	struct check *k = req->data;
	const char *what = asked_for[k->course.ask];
	struct answer answer;
	struct err err;

	answer_read(&answer, req, rc,
		    k->course.ask == ASK_CHUNK ? ANSWER_OF_BULK : ANSWER_OF_LIST,
		    clock_utc_ms());
	learn(k, k->budget, req, &answer);
	if (k->asks_names) {
		tell_names(k, &answer);
	} else if (has_other_route(k, &answer)) {
		fprintf(k->out, "  %s: %s; looking by extensions\n", what, answer.text);
		course_extensions(&k->course);
		ask(k);
	} else if (answer.next == ANSWER_SMALLER && course_halve(&k->course)) {
		ask(k);
	} else if (answer.next != ANSWER_GOOD) {
		refused(k, what, &answer);
	} else if (k->course.ask == ASK_EXTENSIONS) {
		if (read_extensions(k, &err) != 0) {
			cannot(k, what, err.text);
			return;
		}
		course_devices(&k->course, ROUTE_EXTENSIONS, k->ids, k->extensions.n);
		ask(k);
	} else if (check_seen_answer(&k->seen, &k->req.answer,
				     k->course.ask == ASK_CHUNK ? k->ids : NULL,
				     k->course.n, &err) != 0) {
		cannot(k, what, err.text);
	} else {
		if (k->course.page == 1)
			print_group(k, req);
		/* The daemon needs its share: another page only where as much is left. */
		if (k->course.ask == ASK_LIST &&
		    k->course.page < k->seen.paging.total_pages &&
		    budget_has_plenty(k->budget)) {
			k->course.page++;
			ask(k);
		} else {
			summarize(k);
			ask_names(k);
		}
	}
}

static void on_token(struct auth *auth)
{
	struct check *k = auth->data;
	char safe[256] = "not told";

	learn(k, k->auth_budget, &auth->req, &auth->answer);
	if (auth->answer.next != ANSWER_GOOD) {
		refused(k, "login", &auth->answer);
		return;
	}
	if (auth->scope != NULL)
		log_escape(safe, sizeof safe, auth->scope);
	fprintf(k->out, "  grant: JWT, accepted\n  app permissions: %s\n", safe);
	if (k->account->devices_via == VIA_EXTENSIONS)
		course_extensions(&k->course);
	else
		course_devices(&k->course, ROUTE_ACCOUNT, NULL, 0);
	ask(k);
}

/* Whether we may ask now; else for how long not is said. */
static bool may_ask(struct check *k)
{
	int64_t now_ms = clock_mono_ms();
	int64_t auth_ms = ledger_wait_ms(k->ledger, k->auth_budget, SHARE, now_ms);
	int64_t list_ms = ledger_wait_all_ms(k->ledger, k->scope, SHARE, now_ms);
	int64_t wait_ms = auth_ms > list_ms ? auth_ms : list_ms;
	bool blocked = ledger_blocked_ms(k->auth_budget, now_ms) > 0 ||
		       ledger_all_blocked_ms(k->ledger, k->scope, now_ms) > 0;
	char text[CLOCK_TEXT_BYTES];

	if (wait_ms == 0)
		return true;
	clock_format_duration(text, wait_ms);
	fprintf(k->out, "  not asked: %s; try again in %s\n",
		blocked ? "the vendor wants no request with these credentials now"
			: "the vendor's limit of requests is used up for now",
		text);
	return false;
}

static int check_account(const struct account_config *a, struct ledger *ledger, FILE *out)
{
	struct check k = {.account = a, .ledger = ledger, .out = out};
	struct auth_settings settings = {a->server, a->client_id, &a->client_secret,
					 &a->jwt, a->ca_file};
	char auth_scope[LEDGER_SCOPE_BYTES];

	fprintf(out, "account %s, %s\n", a->name, a->server);
	ledger_scope(k.scope, a);
	ledger_auth_scope(auth_scope, a);
	k.auth_budget =
		ledger_budget(ledger, auth_scope, LEDGER_AUTH_GROUP, BUDGET_AUTH_LIMIT);
	if (!may_ask(&k))
		return ERR_DENIED;
	course_init(&k.course);
	uv_loop_init(&k.loop);
	k.http = http_client_create(&k.loop, USER_AGENT);
	http_request_init(&k.req);
	auth_init(&k.auth, &k.loop, &settings, NULL);
	k.auth.data = &k;
	ledger_ask(ledger, k.auth_budget, 1, clock_mono_ms());
	auth_start(&k.auth, k.http, on_token);
	uv_run(&k.loop, UV_RUN_DEFAULT);
	http_request_clear(&k.req);
	auth_clear(&k.auth);
	check_seen_clear(&k.seen);
	extensions_clear(&k.extensions);
	free(k.ids);
	free(k.url);
	if (k.body != NULL)
		explicit_bzero(k.body, strlen(k.body));
	free(k.body);
	uv_loop_close(&k.loop);
	return k.rc;
}

/* NULL where the daemon's user, or root, has yet to make the database's folder: that has been said. */
static struct penalties *open_penalties(const struct config *config, FILE *out)
{
	char *path = penalties_path(config->database);
	struct penalty_now now = {clock_utc_ms(), clock_mono_ms()};
	struct penalties *penalties = NULL;
	struct err err;

	if (penalties_join(path, now, &penalties, &err) != 0 && check_has_folder(config))
		fprintf(out,
			"%s: should the vendor ask for a pause, phonewatchd will not know"
			" of it\n",
			err.text);
	free(path);
	return penalties;
}

int check_online(const struct config *config, FILE *out)
{
	struct penalties *penalties = open_penalties(config, out);
	struct ledger *ledger = ledger_create(penalties);
	struct store_conn *c = check_open_database(config);
	struct err err;
	int rc = 0;

	if (c != NULL && ledger_load(ledger, c, &err) != 0)
		fprintf(out, "%s: what the daemon has learned of budgets is not known\n",
			err.text);
	for (size_t i = 0; i < config->n_accounts; i++) {
		if (check_account(&config->accounts[i], ledger, out) != 0)
			rc = ERR_DENIED;
		fflush(out);
	}
	store_close_reader(c);
	ledger_destroy(ledger);
	penalties_close(penalties);
	return rc;
}
