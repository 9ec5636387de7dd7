/*
 * Online, one account after the other:
 *
 *   check_account -> auth_start -> on_token -> page asked -> on_page -> ... -> log_out -> on_out
 *        \-> within a penalty, refused, no answer: said, and on to the next account
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
#include "api/decode.h"
#include "api/pages.h"
#include "api/scan.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/unpack.h"
#include "course.h"
#include "ledger.h"
#include "page.h"

#define USER_AGENT       "phonewatch/" VERSION
#define DEVICES_PER_PAGE PAGES_PER_PAGE
#define SECOND_MS        1000
#define MAX_LISTED       20 /* types and sites named; the rest in one line */

/* ---- the forecast ---- */

static void forecast(const struct account_config *a, int64_t n_devices, int64_t limit,
		     int64_t window_ms, const char *group, FILE *out)
{
	struct budget b;
	int64_t pages = (n_devices + DEVICES_PER_PAGE - 1) / DEVICES_PER_PAGE;
	int64_t allowance, needed_ms, interval_ms;
	char wanted[CLOCK_TEXT_BYTES], real[CLOCK_TEXT_BYTES];

	budget_init(&b, limit, window_ms);
	allowance = budget_allowance(&b, a->budget_share);
	pages = pages > 0 ? pages : 1;
	needed_ms = (pages * window_ms + allowance - 1) / allowance;
	interval_ms = needed_ms > a->interval_ms ? needed_ms : a->interval_ms;
	clock_format_duration(wanted, a->interval_ms);
	clock_format_duration(real, interval_ms);
	fprintf(out,
		"  %" PRId64 " devices: %" PRId64
		" request%s a sweep; we may send %" PRId64 " per %" PRId64
		" s (%d %% of %" PRId64 ", group %s)\n",
		n_devices, pages, pages == 1 ? "" : "s", allowance, window_ms / SECOND_MS,
		a->budget_share, limit, group);
	if (interval_ms > a->interval_ms)
		fprintf(out,
			"  a sweep every %s, not every %s: the budget does not allow more\n",
			real, wanted);
	else
		fprintf(out, "  a sweep every %s, %" PRId64 " %% of our share\n", real,
			100 * needed_ms / interval_ms);
}

/* What the database knows of the account; false where it knows nothing. */
static bool forecast_seen(const struct account_config *a, struct store_conn *c, FILE *out)
{
	struct store_account *all;
	struct store_budget b;
	struct err err;
	size_t n;
	bool seen = false, found;

	if (store_accounts(c, &all, &n, &err) != 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!seen && strcmp(all[i].name, a->name) == 0 && all[i].swept &&
		    all[i].budget_scope != NULL &&
		    store_budget_load(c, all[i].budget_scope, all[i].budget_group, &b,
				      &found, &err) == 0 &&
		    found) {
			forecast(a, all[i].n_devices, b.limit, b.window_ms, b.group, out);
			seen = true;
		}
		store_account_clear(&all[i]);
	}
	free(all);
	return seen;
}

/* NULL where there is none yet, or none that we may read. */
static struct store_conn *open_database(const struct config *config)
{
	struct store_conn *c;
	struct err err;

	return store_open_reader(config->database, &c, &err) == 0 ? c : NULL;
}

void check_forecast(const struct config *config, FILE *out)
{
	struct store_conn *c = open_database(config);

	for (size_t i = 0; i < config->n_accounts; i++) {
		const struct account_config *a = &config->accounts[i];

		fprintf(out, "account %s\n", a->name);
		if (c != NULL && forecast_seen(a, c, out))
			continue;
		fprintf(out, "  not seen yet; for every 1,000 devices, at worst:\n");
		forecast(a, DEVICES_PER_PAGE, BUDGET_HEAVY_LIMIT, BUDGET_WINDOW_MS,
			 "unknown until the first answer", out);
	}
	store_close_reader(c);
}

/* ---- online ---- */

/* How many devices have each name of something. */
struct tally {
	struct {
		char *name;
		int64_t n, online;
	} * rows;
	size_t n, cap;
};

struct check {
	const struct account_config *account;
	struct ledger *ledger;
	struct budget *auth_budget, *list_budget;
	char scope[LEDGER_SCOPE_BYTES];
	FILE *out;
	uv_loop_t loop;
	struct http_client *http;
	struct auth auth;
	struct http_request req;
	char *url;
	char *body;
	int64_t page;
	struct known_paging paging;
	struct tally types, sites;
	int64_t n_devices, n_refused;
	int rc;
};

static void tally_add(struct tally *t, const char *name, enum device_status status)
{
	size_t i = 0;

	while (i < t->n && strcmp(t->rows[i].name, name) != 0)
		i++;
	if (i == t->n) {
		t->rows = mem_grow(t->rows, t->n, &t->cap, sizeof *t->rows);
		t->rows[t->n].name = mem_strdup(name);
		t->rows[t->n].n = t->rows[t->n].online = 0;
		t->n++;
	}
	t->rows[i].n++;
	t->rows[i].online += status == DEVICE_ONLINE;
}

static void tally_print(const struct tally *t, const char *title, FILE *out)
{
	fprintf(out, "  %s:", title);
	for (size_t i = 0; i < t->n && i < MAX_LISTED; i++) {
		char safe[128];

		log_escape(safe, sizeof safe, t->rows[i].name);
		fprintf(out, "%s %s %" PRId64 " (%" PRId64 " online)", i > 0 ? "," : "",
			safe, t->rows[i].n, t->rows[i].online);
	}
	if (t->n > MAX_LISTED)
		fprintf(out, " and %zu more", t->n - MAX_LISTED);
	fprintf(out, "\n");
}

static void tally_clear(struct tally *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->rows[i].name);
	free(t->rows);
}

static void on_out(struct http_request *req, int rc)
{
	struct check *k = req->data;

	(void)rc; /* "errors are to be ignored, not retried": ringcentral/api.md section 3.3 */
	http_client_close(k->http, NULL, NULL);
}

/* End the session that we made: where the vendor lets us ask for that, which counts as a login
 * does. Else the session ends with its token, in an hour or so. */
static void log_out(struct check *k)
{
	const char *token = k->auth.access.text;
	char *encoded;

	if (token == NULL ||
	    ledger_wait_ms(k->ledger, k->auth_budget, 100, clock_mono_ms()) > 0) {
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
	http_start(k->http, &k->req);
}

static void cannot(struct check *k, const char *what, const char *why)
{
	fprintf(k->out, "  %s: %s\n", what, why);
	k->rc = ERR_DENIED;
	log_out(k);
}

static void summarize(struct check *k)
{
	fprintf(k->out, "  route: account (one list of all devices)\n");
	if (k->paging.total_elements >= 0 && k->paging.total_elements != k->n_devices)
		fprintf(k->out,
			"  devices: %" PRId64 " in the list; looked at the first %" PRId64
			"\n",
			k->paging.total_elements, k->n_devices);
	else
		fprintf(k->out, "  devices: %" PRId64 "\n", k->n_devices);
	if (k->n_refused > 0)
		fprintf(k->out, "  records that cannot be read: %" PRId64 "\n",
			k->n_refused);
	tally_print(&k->types, "by type", k->out);
	tally_print(&k->sites, "by site", k->out);
	log_out(k);
}

static void count_record(struct check *k, const struct scan_record *r)
{
	struct device d = {0};
	struct err err;
	const char *type, *site;

	if (decode_device(&d, r->text, r->len, &err) != 0) {
		k->n_refused++;
		return;
	}
	type = device_text(&d, "type");
	site = json_string_value(
		json_object_get(json_object_get(d.record, "site"), "name"));
	tally_add(&k->types, type != NULL ? type : "(no type)", d.status);
	tally_add(&k->sites, site != NULL ? site : "(no site)", d.status);
	k->n_devices++;
	device_clear(&d);
}

static int count_page(struct check *k, struct err *err)
{
	struct buf text;
	struct scan_page page = {0};
	struct buf *answer = &k->req.answer;
	int rc = 0;

	buf_init(&text, PAGE_MAX_BYTES);
	if (unpack_is_gzip(answer->data, answer->len))
		rc = unpack_gzip(&text, answer->data, answer->len, err);
	else
		buf_add(&text, buf_text(answer),
			answer->len); /* within the cap already */
	if (rc == 0)
		rc = scan_page(&page, buf_text(&text), text.len, err);
	for (size_t i = 0; rc == 0 && i < page.n_records; i++)
		count_record(k, &page.records[i]);
	k->paging = page.paging;
	scan_clear(&page);
	buf_clear(&text);
	return rc;
}

/* What the vendor says of its limits: the daemon, now or later, must know of a penalty. */
static void learn(struct check *k, struct budget *budget, const struct http_request *req,
		  const struct answer *answer)
{
	int64_t now_ms = clock_mono_ms();

	budget_told(budget, http_header(req, "X-Rate-Limit-Limit"),
		    http_header(req, "X-Rate-Limit-Remaining"),
		    http_header(req, "X-Rate-Limit-Window"), now_ms);
	if (answer->next == ANSWER_WAIT)
		ledger_obey(k->ledger, budget, k->account, answer, now_ms);
}

static void on_token(struct auth *auth);

static void on_page(struct http_request *req, int rc)
{
	struct check *k = req->data;
	struct answer answer;
	struct err err;

	answer_read(&answer, req, rc, ANSWER_OF_LIST, clock_utc_ms());
	learn(k, k->list_budget, req, &answer);
	if (answer.next != ANSWER_GOOD) {
		cannot(k, "device list", answer.text);
		return;
	}
	if (count_page(k, &err) != 0) {
		cannot(k, "device list", err.text);
		return;
	}
	if (k->page == 1) {
		const char *group = http_header(req, "X-Rate-Limit-Group");
		const char *limit = http_header(req, "X-Rate-Limit-Limit");
		const char *window = http_header(req, "X-Rate-Limit-Window");
		char safe[64] = "not told";

		if (group != NULL)
			log_escape(safe, sizeof safe, group);
		fprintf(k->out, "  rate group: %s", safe);
		if (limit != NULL && window != NULL)
			fprintf(k->out, " (%d requests per %d s)",
				(int)strtol(limit, NULL, 10),
				(int)strtol(window, NULL, 10));
		fprintf(k->out, "\n");
	}
	/* The daemon needs its share: another page only where as much is left. */
	if (k->page < k->paging.total_pages && budget_has_plenty(k->list_budget)) {
		k->page++;
		on_token(&k->auth);
	} else {
		summarize(k);
	}
}

/* The token is there: ask for the page at hand. */
static void on_token(struct auth *auth)
{
	struct check *k = auth->data;

	if (k->page == 1)
		learn(k, k->auth_budget, &auth->req, &auth->answer);
	if (auth->answer.next != ANSWER_GOOD) {
		cannot(k, "login", auth->answer.text);
		return;
	}
	if (k->page == 1) {
		char safe[256] = "not told";

		if (auth->scope != NULL)
			log_escape(safe, sizeof safe, auth->scope);
		fprintf(k->out, "  grant: JWT, accepted\n  app permissions: %s\n", safe);
	}
	free(k->url);
	k->url = pages_url(k->account->server, k->page);
	pages_request(&k->req, k->url, auth->access.text, PAGES_ACCEPT,
		      k->account->ca_file);
	k->req.on_done = on_page;
	k->req.data = k;
	budget_spend(k->list_budget, clock_mono_ms());
	http_start(k->http, &k->req);
}

/* Whether we may ask now; else for how long not is said. */
static bool may_ask(struct check *k)
{
	int64_t now_ms = clock_mono_ms();
	int64_t auth_ms = ledger_wait_ms(k->ledger, k->auth_budget, 100, now_ms);
	int64_t list_ms = ledger_wait_all_ms(k->ledger, k->scope, 100, now_ms);
	int64_t wait_ms = auth_ms > list_ms ? auth_ms : list_ms;
	bool blocked = ledger_blocked_ms(k->auth_budget, now_ms) > 0 ||
		       ledger_blocked_ms(k->list_budget, now_ms) > 0;
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

static void open_budgets(struct check *k)
{
	char scope[LEDGER_SCOPE_BYTES];
	ledger_auth_scope(scope, k->account);
	k->auth_budget =
		ledger_budget(k->ledger, scope, LEDGER_AUTH_GROUP, BUDGET_AUTH_LIMIT);
	ledger_scope(scope, k->account);
	k->list_budget = ledger_named(k->ledger, scope, ASK_LIST);
	if (k->list_budget == NULL)
		k->list_budget = ledger_budget(k->ledger, k->scope, PAGES_GROUP,
					       BUDGET_HEAVY_LIMIT);
}

static int check_account(const struct account_config *a, struct ledger *ledger, FILE *out)
{
	struct check k = {.account = a, .ledger = ledger, .out = out, .page = 1};
	struct auth_settings settings = {a->server, a->client_id, &a->client_secret,
					 &a->jwt, a->ca_file};

	fprintf(out, "account %s, %s\n", a->name, a->server);
	open_budgets(&k);
	if (!may_ask(&k))
		return ERR_DENIED;
	uv_loop_init(&k.loop);
	k.http = http_client_create(&k.loop, USER_AGENT);
	http_request_init(&k.req);
	auth_init(&k.auth, &k.loop, &settings, NULL);
	k.auth.data = &k;
	budget_spend(k.auth_budget, clock_mono_ms());
	auth_start(&k.auth, k.http, on_token);
	uv_run(&k.loop, UV_RUN_DEFAULT);
	http_request_clear(&k.req);
	auth_clear(&k.auth);
	tally_clear(&k.types);
	tally_clear(&k.sites);
	free(k.url);
	if (k.body != NULL)
		explicit_bzero(k.body, strlen(k.body));
	free(k.body);
	uv_loop_close(&k.loop);
	return k.rc;
}

/* NULL where the daemon's user, or root, has yet to make the database's folder. */
static struct penalties *open_penalties(const struct config *config, FILE *out)
{
	char *path = penalties_path(config->database);
	struct penalties *penalties = NULL;
	struct err err;

	if (penalties_join(path, &penalties, &err) != 0)
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
	struct store_conn *c = open_database(config);
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
