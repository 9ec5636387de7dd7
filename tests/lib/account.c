#include "lib/account.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "days.h"
#include "lib/suite.h"
#include "model/alert_text.h"
#include "store/sqlite/conn.h"

#define MAX_EVENTS 1000000

/* ---- open, close ---- */

static int load_sink(struct store_conn *c, void *arg, struct err *err)
{
	return store_sink_load(c, "sink", arg, err);
}

static void open_all(struct account *a)
{
	char *everything[] = {"*"};
	int64_t sink_id = 0;

	database_open(&a->db, a->path);
	free(account_ask_text(a, "PRAGMA synchronous=OFF")); /* nobody pulls the plug */
	database_write(&a->db, load_sink, &sink_id);
	a->audience = audience_create(1);
	audience_copy(&a->audience->listeners[0], sink_id, everything, 1, NULL, 0);
	watch_init(&a->watch, "acme", a->ignore, a->ignore[0] != NULL,
		   store_secret(a->db.store));
}

static void close_all(struct account *a)
{
	audience_release(a->audience);
	watch_clear(&a->watch);
	database_close(&a->db);
}

void account_open(struct account *a, const char *path, char *ignore_type)
{
	*a = (struct account){.ignore = {ignore_type}, .path = mem_strdup(path)};
	open_all(a);
}

void account_open_here(struct account *a, char *ignore_type)
{
	char *path = mem_printf("%s/phonewatch.db", suite_dir());

	account_open(a, path, ignore_type);
	free(path);
}

void account_close(struct account *a)
{
	close_all(a);
	rules_release(a->rules);
	free(a->events);
	free(a->path);
}

void account_take_rules(struct account *a, struct rules *rules)
{
	rules_release(a->rules);
	a->rules = rules;
}

void account_restart(struct account *a)
{
	close_all(a);
	open_all(a);
}

/* ---- jobs ---- */

static int64_t slowly(const struct account *a, int64_t ms)
{
	return a->slow != 0 ? a->slow * ms : ms;
}

int64_t account_sent_ms(const struct account *a, int64_t page)
{
	return ACCOUNT_T0 + a->clock_set_ms +
	       slowly(a, (a->n_sweeps - 1) * ACCOUNT_SWEEP_MS +
				 (page - 1) * ACCOUNT_PAGE_MS);
}

int64_t account_arrived_ms(const struct account *a, int64_t page)
{
	return account_sent_ms(a, page) + slowly(a, ACCOUNT_ANSWER_MS);
}

static int last_rc;
static int n_done;

static void on_done(struct store_job *job, int rc)
{
	(void)job;
	last_rc = rc;
	n_done++;
}

static int run_job(struct account *a, struct store_job *job)
{
	n_done = 0;
	job->on_done = on_done;
	store_submit(a->db.store, job);
	uv_run(&a->db.loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(n_done, 1);
	ck_assert_int_eq(last_rc, job->err.code);
	return last_rc;
}

/* Those that are asked for stand in the list of them. */
static void list_extensions(struct account *a)
{
	struct extensions *x = &a->watch.extensions;

	for (size_t i = 0; a->route == ROUTE_EXTENSIONS && i < a->n_ids; i++) {
		if (extensions_find(x, a->ids[i]) != NULL)
			continue;
		extensions_add(x, a->ids[i], NULL);
		extensions_sort(x);
	}
}

int account_page(struct account *a, int64_t page, const char *body, size_t len)
{
	struct page_job *p = &a->page;
	int rc;

	if (page == 1)
		a->n_sweeps++;
	snprintf(a->url, sizeof a->url, ACCOUNT_URL "%lld", (long long)page);
	page_job_init(p);
	p->watch = &a->watch;
	p->audience = a->audience;
	p->page = page;
	p->begins = page == 1;
	p->route = a->route;
	p->ids_are_fresh = a->route == ROUTE_EXTENSIONS && !a->ids_are_old;
	p->ids = a->ids;
	p->n_ids = a->n_ids;
	p->url = a->url;
	p->sent_at_ms = account_sent_ms(a, page);
	p->arrived_at_ms = account_arrived_ms(a, page);
	p->clock_set_ms = a->clock_set_ms;
	buf_init(&p->answer, PAGE_MAX_BYTES);
	ck_assert_int_eq(buf_add(&p->answer, body, len), 0);
	rc = run_job(a, &p->job);
	list_extensions(a);
	return rc;
}

int account_page_text(struct account *a, int64_t page, const char *body)
{
	return account_page(a, page, body, strlen(body));
}

static int run_sweep(struct account *a, int64_t n_pages, int64_t ended_at_ms)
{
	struct sweep_job *s = &a->sweep;

	s->watch = &a->watch;
	s->audience = a->audience;
	s->wants_counts = true;
	s->rules = a->rules;
	s->n_pages = n_pages;
	s->ended_at_ms = ended_at_ms;
	s->clock_set_ms = a->clock_set_ms;
	s->interval_ms = slowly(a, ACCOUNT_SWEEP_MS);
	return run_job(a, &s->job);
}

int account_sweep_at(struct account *a, int64_t n_pages, int64_t ended_at_ms)
{
	sweep_job_init(&a->sweep);
	return run_sweep(a, n_pages, ended_at_ms);
}

int account_sweep_partial(struct account *a, int64_t n_pages)
{
	sweep_job_init_partial(&a->sweep);
	return run_sweep(a, n_pages, account_arrived_ms(a, n_pages));
}

int account_sweep(struct account *a, int64_t n_pages)
{
	return account_sweep_at(a, n_pages, account_arrived_ms(a, n_pages));
}

struct telling_state {
	struct account *a;
	const char *reason;
};

static int tell_unreachable(struct store_conn *c, void *arg, struct err *err)
{
	struct telling_state *t = arg;
	struct account *a = t->a;

	if (watch_load(&a->watch, c, err) != 0 ||
	    watch_tell_state(&a->watch, c, ACCOUNT_UNREACHABLE, t->reason, "in a test",
			     account_arrived_ms(a, 1), a->audience, err) != 0)
		return err->code;
	return store_account_save(c, &a->watch.account, err);
}

void account_tell_unreachable(struct account *a, const char *reason)
{
	struct telling_state t = {a, reason};

	database_write(&a->db, tell_unreachable, &t);
}

void account_list(struct account *a, const char *body)
{
	int rc = account_page_text(a, 1, body);

	ck_assert_msg(rc == 0, "page: %s", a->page.job.err.text);
	rc = account_sweep(a, 1);
	ck_assert_msg(rc == 0, "sweep: %s", a->sweep.job.err.text);
}

struct summing {
	struct days_walk walk;
	int64_t now_at_ms;
};

static int sum_up_days(struct store_conn *c, void *arg, struct err *err)
{
	struct summing *s = arg;
	int rc;

	do
		rc = days_step(&s->walk, c, s->now_at_ms, err);
	while (rc == 1);
	return rc;
}

int64_t account_sum_up_days(struct account *a, int64_t now_at_ms)
{
	struct summing s = {.now_at_ms = now_at_ms};
	struct err err = {0};

	ck_assert_msg(database_run(&a->db, sum_up_days, &s, &err) == 0, "%s", err.text);
	days_clear(&s.walk);
	return s.walk.n_days;
}

/* ---- records ---- */

char *account_json(const char *text)
{
	char *copy = mem_strdup(text);

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	return copy;
}

/* Objects that begin with an id and are no member's value. */
static int count_ids(const char *records)
{
	int n = 0;

	for (const char *p = records; (p = strstr(p, "{'id'")) != NULL; p++)
		n += p == records || p[-1] != ':';
	return n;
}

char *account_page_of(const char *records, int page, int n_pages, int total)
{
	char *text = mem_printf("{'records':[%s],'paging':{'page':%d,'perPage':1000,"
				"'totalPages':%d,'totalElements':%d},'navigation':{}}",
				records, page, n_pages, total);
	char *json = account_json(text);

	free(text);
	return json;
}

void account_records(struct account *a, const char *records)
{
	char *body = account_page_of(records, 1, 1, count_ids(records));

	account_list(a, body);
	free(body);
}

int account_records_page(struct account *a, const char *records, int page, int n_pages,
			 int total)
{
	char *body = account_page_of(records, page, n_pages, total);
	int rc = account_page_text(a, page, body);

	free(body);
	return rc;
}

/* ---- events ---- */

struct telling {
	struct account *a;
	struct buf out;
	int64_t n;
};

/* Seconds since T0, without what is zero behind the point. */
static void write_time(struct buf *out, int64_t at_ms)
{
	int64_t ms = at_ms - ACCOUNT_T0;
	const char *sign = ms < 0 ? "-" : "";

	ms = ms < 0 ? -ms : ms;
	buf_printf(out, "%s%lld", sign, (long long)(ms / 1000));
	if (ms % 1000 != 0)
		buf_printf(out, ".%03lld", (long long)(ms % 1000));
}

static void write_word(struct buf *out, const char *prefix, const struct event *ev)
{
	buf_printf(out, "%s%s", prefix, device_status_name(ev->status));
	if (ev->status == DEVICE_UNKNOWN && ev->vendor_status != NULL)
		buf_printf(out, "(%s)", ev->vendor_status);
}

static void write_detail(struct buf *out, const struct event *ev)
{
	const json_t *reason = json_object_get(ev->detail, "reason");
	const json_t *changes = json_object_get(ev->detail, "changes");
	char *text;

	if (json_is_string(reason))
		buf_printf(out, " %s", json_string_value(reason));
	if (changes == NULL)
		return;
	text = json_dumps(changes, JSON_COMPACT);
	buf_printf(out, " %s", text);
	free(text);
}

static void write_list(struct buf *out, const char *name, const json_t *list)
{
	buf_printf(out, " %s", name);
	for (size_t i = 0; i < json_array_size(list); i++)
		buf_printf(out, "%s%s", i == 0 ? " " : ",",
			   json_string_value(
				   json_object_get(json_array_get(list, i), "id")));
}

static void write_alert(struct buf *out, const struct event *ev)
{
	const json_t *alert = json_object_get(ev->detail, "alert");
	const json_t *not_back = json_object_get(alert, "not_back");
	int64_t since_ms = 0, count = json_integer_value(json_object_get(alert, "count"));
	int64_t repeat = json_integer_value(json_object_get(alert, "repeat"));

	buf_printf(out, "%s %s (", strchr(event_type_name(ev->type), '.') + 1,
		   event_subject(ev));
	write_time(out, ev->at_ms);
	buf_add_text(out, "] since ");
	ck_assert_int_eq(clock_parse(alert_text_member(ev, "since"), &since_ms), 0);
	write_time(out, since_ms);
	if (ev->type == EVENT_ALERT_RESOLVED) {
		buf_add_text(out, " for ");
		write_time(out, ACCOUNT_T0 + json_integer_value(json_object_get(
						     alert, "duration_ms")));
	}
	if (alert_text_member(ev, "reason") != NULL)
		buf_printf(out, " %s", alert_text_member(ev, "reason"));
	if (count != 1)
		buf_printf(out, " of %lld", (long long)count);
	if (repeat > 0)
		buf_printf(out, " again %lld", (long long)repeat);
	if (json_array_size(not_back) > 0)
		write_list(out, "without", not_back);
	buf_add_text(out, "\n");
}

static void on_event(const struct event *ev, void *arg)
{
	struct telling *t = arg;
	struct buf *out = &t->out;

	t->a->told = ev->sequence;
	t->n++;
	if (event_is_alert(ev)) {
		write_alert(out, ev);
		return;
	}
	buf_add_text(out, strchr(event_type_name(ev->type), '.') + 1);
	if (ev->device_id != NULL)
		buf_printf(out, " %s", ev->device_id);
	if (ev->type <= EVENT_DEVICE_UNKNOWN)
		buf_printf(out, " %s", device_status_name(ev->previous));
	if (ev->type <= EVENT_DEVICE_UNKNOWN)
		write_word(out, "->", ev);
	if (ev->type == EVENT_DEVICE_ADDED || ev->type == EVENT_DEVICE_REMOVED)
		write_word(out, " ", ev);
	buf_add_text(out, " (");
	if (ev->device_id != NULL) {
		write_time(out, ev->not_before_ms);
		buf_add_text(out, ", ");
	}
	write_time(out, ev->at_ms);
	buf_add_text(out, "]");
	write_detail(out, ev);
	buf_add_text(out, "\n");
}

static int read_events(struct store_conn *c, void *arg, struct err *err)
{
	struct telling *t = arg;

	return store_events_each(c, t->a->told + 1, MAX_EVENTS, on_event, t, err);
}

const char *account_events(struct account *a)
{
	struct telling t = {.a = a};

	buf_init(&t.out, PAGE_MAX_BYTES);
	ck_assert_int_eq(database_run(&a->db, read_events, &t, NULL), 0);
	free(a->events);
	a->events = mem_strdup(buf_text(&t.out));
	buf_clear(&t.out);
	return a->events;
}

int64_t account_n_events(struct account *a)
{
	struct telling t = {.a = a};

	buf_init(&t.out, PAGE_MAX_BYTES);
	ck_assert_int_eq(database_run(&a->db, read_events, &t, NULL), 0);
	buf_clear(&t.out);
	return t.n;
}

void account_check_events(struct account *a, const char *expected)
{
	const char *told = account_events(a);

	ck_assert_msg(strcmp(told, expected) == 0, "told:\n%sexpected:\n%s", told,
		      expected);
}

void account_check_parsed(const struct account *a, int64_t parsed, int64_t recognised,
			  int64_t pages_unchanged)
{
	const struct store_account *row = &a->watch.account;

	ck_assert_int_eq(row->records_parsed, parsed);
	ck_assert_int_eq(row->records_unchanged, recognised);
	ck_assert_int_eq(row->pages_unchanged, pages_unchanged);
}

/* ---- the database ---- */

struct question {
	const char *sql;
	char *text;
};

static int ask(struct store_conn *c, void *arg, struct err *err)
{
	struct question *q = arg;
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(c->db, q->sql, -1, &st, NULL) != SQLITE_OK)
		return conn_error(c, err);
	if (sqlite3_step(st) == SQLITE_ROW)
		q->text = conn_text(st, 0);
	sqlite3_finalize(st);
	return 0;
}

char *account_ask_text(struct account *a, const char *sql)
{
	struct question q = {.sql = sql};
	struct err err = {0};

	ck_assert_msg(database_run(&a->db, ask, &q, &err) == 0, "%s", err.text);
	return q.text;
}

int64_t account_ask(struct account *a, const char *sql)
{
	char *text = account_ask_text(a, sql);
	int64_t number;

	ck_assert_msg(text != NULL, "%s: nothing", sql);
	number = strtoll(text, NULL, 10);
	free(text);
	return number;
}
