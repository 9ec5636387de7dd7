#include "sink/dispatch.h"

#include "lib/suite.h"

#include <fnmatch.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "lib/receiver.h"
#include "lib/turn.h"

#define MAX_ASKED   4096
#define MAX_SINKS   2
#define N_DEVICES   16
#define SEED_PLACES 64

/* Of the same kind as the real ones, a hundred times as fast. */
static const struct retry_rules quick = {
	.first_ms = 5, .max_ms = 1000, .refused_ms = 20, .give_up_ms = 60000};
/* Too slow for a test: what waits, waits for something else. */
static const struct retry_rules slow = {.first_ms = 3600000,
					.max_ms = 3600000,
					.refused_ms = 3600000,
					.give_up_ms = INT64_MAX / 2};

/* What a receiver was asked. */
struct asked {
	char id[EVENT_ID_BYTES];
	char *body;
	char *subject;
	int64_t sequence;
	int64_t at_ms;
	bool accepted;
};

/* How a receiver answers. */
struct post;
typedef void (*answer_cb)(struct post *p, struct receiver_request *req, struct asked *a);

/* A receiver and what it got. */
struct post {
	struct receiver *receiver;
	answer_cb answer;
	struct asked asked[MAX_ASKED];
	size_t n_asked;
	size_t n_accepted;
	unsigned n_held, most_held; /* requests without an answer at a time */
	struct receiver_request *held[SEED_PLACES];
};

static struct {
	uv_loop_t loop;
	struct store *store;
	struct http_client *http;
	struct post posts[MAX_SINKS];
	struct dispatch *dispatches[MAX_SINKS];
	int64_t sink_ids[MAX_SINKS];
	size_t n_sinks;
	unsigned n_stopped;
	int64_t last_sequence;
	unsigned random;
} w;

/* ---- turning the loop ---- */

struct job {
	struct store_job job;
	int (*fn)(struct store_conn *c, void *arg, struct err *err);
	void *arg;
	int rc;
	bool done;
};

static int on_run(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct job *j = (struct job *)job;

	if (store_begin(c, err) != 0 || j->fn(c, j->arg, err) != 0)
		return err->code;
	return store_commit(c, err);
}

static void on_done(struct store_job *job, int rc)
{
	struct job *j = (struct job *)job;

	j->rc = rc;
	j->done = true;
}

/* Run fn in a transaction of its own, to its end. */
static void with_store(int (*fn)(struct store_conn *c, void *arg, struct err *err),
		       void *arg)
{
	struct job j = {.job = {.run = on_run, .on_done = on_done}, .fn = fn, .arg = arg};

	store_submit(w.store, &j.job);
	TURN_UNTIL(&w.loop, j.done);
	ck_assert_msg(j.rc == 0, "%s", j.job.err.text);
}

/* ---- events ---- */

struct transitions {
	int64_t first, n;
	unsigned n_devices;
};

static int find_device(struct store_conn *c, int64_t account_id, unsigned number,
		       struct store_device *d, struct err *err)
{
	char id[16];

	snprintf(id, sizeof id, "%u", 100 + number);
	if (store_device_load(c, account_id, id, d, err) != 0 || d->device_id != 0)
		return err->code;
	store_device_clear(d);
	*d = (struct store_device){
		.account_id = account_id,
		.id = mem_strdup(id),
		.doc = mem_printf("{\"id\":\"%s\"}", id),
		.facts = mem_printf("{\"name\":\"Phone %u\"}", number),
		.not_before_ms = 1,
		.observed_at_ms = 1,
		.seen_at_ms = 1,
	};
	return store_device_save(c, d, err);
}

static int add_transition(struct store_conn *c, int64_t account_id, int64_t n,
			  unsigned device, struct err *err)
{
	struct store_device d = {0};
	struct event ev = {
		.type = n % 2 != 0 ? EVENT_DEVICE_OFFLINE : EVENT_DEVICE_ONLINE,
		.at_ms = 1000 + n,
		.account = (char *)"acme",
		.status = n % 2 != 0 ? DEVICE_OFFLINE : DEVICE_ONLINE,
		.previous = n % 2 != 0 ? DEVICE_ONLINE : DEVICE_OFFLINE,
	};
	int rc = find_device(c, account_id, device, &d, err);

	if (rc == 0)
		rc = store_event_add(c, &ev, account_id, d.device_id, d.version_id,
				     w.sink_ids, w.n_sinks, err);
	w.last_sequence = ev.sequence;
	store_device_clear(&d);
	return rc;
}

static int add_transitions(struct store_conn *c, void *arg, struct err *err)
{
	const struct transitions *t = arg;
	struct store_account account;
	int rc = store_account_load(c, "acme", &account, err);

	for (int64_t n = 0; rc == 0 && n < t->n; n++)
		rc = add_transition(c, account.account_id, n,
				    (unsigned)(t->first + n) % t->n_devices, err);
	store_account_clear(&account);
	return rc;
}

/* Owe n events to every sink, of n_devices in turn, device `first` being the first one's. */
static void owe(int64_t n, unsigned n_devices, int64_t first)
{
	struct transitions t = {.first = first, .n = n, .n_devices = n_devices};

	with_store(add_transitions, &t);
}

/* ---- what the outbox says ---- */

struct summing {
	size_t sink;
	unsigned n[4]; /* by state */
	struct store_delivery last;
	int64_t of; /* the sequence that last is to be of; 0: any */
};

static char error_text[ERR_TEXT_BYTES]; /* of the last delivery */

static void count(const struct store_owed_event *o, void *arg)
{
	struct summing *t = arg;

	if (o->sink_id != w.sink_ids[t->sink])
		return;
	t->n[o->delivery.state]++;
	if (t->of != 0 && o->delivery.sequence != t->of)
		return;
	t->last = o->delivery;
	snprintf(error_text, sizeof error_text, "%s",
		 o->delivery.error != NULL ? o->delivery.error : "");
	if (t->last.error != NULL)
		t->last.error = error_text;
}

static int run_tally(struct store_conn *c, void *arg, struct err *err)
{
	return store_owed_after(c, STORE_OWED_ALL, 0, 0, 1000000, count, arg, err);
}

/* How many deliveries of the sink are in each state. */
static void tally(struct summing *t, size_t sink)
{
	*t = (struct summing){.sink = sink, .of = t->of};
	with_store(run_tally, t);
}

static unsigned n_in(size_t sink, enum delivery_state state)
{
	struct summing t = {0};

	tally(&t, sink);
	return t.n[state];
}

static struct store_delivery delivery_of(size_t sink, int64_t sequence)
{
	struct summing t = {.of = sequence};

	tally(&t, sink);
	return t.last;
}

/* ---- receivers ---- */

static void accept_it(struct post *p, struct receiver_request *req, struct asked *a)
{
	a->accepted = true;
	p->n_accepted++;
	receiver_answer(req, 204, "", "");
}

/* Keep it without an answer. */
static void hold(struct post *p, struct receiver_request *req, struct asked *a)
{
	(void)a;
	ck_assert_uint_lt(p->n_held, SEED_PLACES);
	p->held[p->n_held++] = req;
	if (p->n_held > p->most_held)
		p->most_held = p->n_held;
}

static char *member(const json_t *o, const char *name)
{
	return mem_strdup(json_string_value(json_object_get(o, name)));
}

static void on_request(struct receiver_request *req, void *data)
{
	struct post *p = data;
	struct asked *a = &p->asked[p->n_asked];
	json_t *event = json_loads(req->body, 0, NULL);

	ck_assert_uint_lt(p->n_asked++, MAX_ASKED);
	ck_assert_ptr_nonnull(event);
	a->at_ms = req->at_ms;
	a->body = mem_strdup(req->body);
	a->subject = member(event, "subject");
	a->sequence = json_integer_value(
		json_object_get(json_object_get(event, "data"), "sequence"));
	snprintf(a->id, sizeof a->id, "%s", receiver_header(req, "webhook-id"));
	ck_assert_str_eq(a->id, json_string_value(json_object_get(event, "id")));
	json_decref(event);
	p->answer(p, req, a);
}

/* Each subject's events were accepted in order, each once, and every repeat had the same body. */
static void check_order(const struct post *p)
{
	for (size_t i = 0; i < p->n_asked; i++) {
		const struct asked *a = &p->asked[i];

		for (size_t k = 0; k < i; k++) {
			const struct asked *b = &p->asked[k];

			if (strcmp(a->subject, b->subject) != 0)
				continue;
			ck_assert_int_le(b->sequence, a->sequence);
			if (b->sequence != a->sequence)
				continue;
			ck_assert_msg(!b->accepted, "event %s was told again", a->id);
			ck_assert_str_eq(a->id, b->id);
			ck_assert_str_eq(a->body, b->body);
		}
	}
}

/* ---- the world ---- */

static int load_sinks(struct store_conn *c, void *arg, struct err *err)
{
	static const char *const names[MAX_SINKS] = {"ops", "other"};
	int rc = 0;

	(void)arg;
	for (size_t i = 0; rc == 0 && i < w.n_sinks; i++)
		rc = store_sink_load(c, names[i], &w.sink_ids[i], err);
	return rc;
}

static void open_store(size_t n_sinks)
{
	char *path = mem_printf("%s/dispatch.db", suite_dir());
	struct err err = {0};

	ck_assert_msg(store_open(path, &w.loop, &w.store, &err) == 0, "%s", err.text);
	free(path);
	w.n_sinks = n_sinks;
	with_store(load_sinks, NULL);
}

static void close_store(void)
{
	store_close(w.store);
	w.store = NULL;
}

static void open_receiver(size_t n, answer_cb answer)
{
	w.posts[n].answer = answer;
	w.posts[n].receiver = receiver_open(&w.loop, on_request, &w.posts[n]);
}

static void start(size_t n, const struct retry_rules *rules)
{
	struct err err = {0};
	char *url =
		mem_printf("%s/hook?key=SECRET",
			   w.posts[n].receiver != NULL ? receiver_url(w.posts[n].receiver)
						       : "http://127.0.0.1:1");
	const struct dispatch_config config = {
		.loop = &w.loop,
		.store = w.store,
		.http = w.http,
		.sink_id = w.sink_ids[n],
		.settings = {.name = n == 0 ? "ops" : "other",
			     .kind = SINK_WEBHOOK,
			     .url = url},
		.rules = rules,
	};

	ck_assert_int_eq(dispatch_create(&config, &w.dispatches[n], &err), 0);
	free(url);
	dispatch_wake(w.dispatches[n]);
}

static void on_stopped(struct dispatch *d, void *data)
{
	(void)data;
	w.n_stopped++;
	dispatch_destroy(d);
}

static void stop(size_t n)
{
	unsigned before = w.n_stopped;

	if (w.dispatches[n] == NULL)
		return;
	dispatch_stop(w.dispatches[n], on_stopped, NULL);
	ck_assert_uint_eq(w.n_stopped, before); /* never from within */
	TURN_UNTIL(&w.loop, w.n_stopped > before);
	w.dispatches[n] = NULL;
}

static void open_world(void)
{
	memset(&w, 0, sizeof w);
	log_set_level(LOG_LEVEL_ERROR); /* the lines are not looked at */
	turn_open(&w.loop);
	w.http = http_client_create(&w.loop, "phonewatch/test");
}

static void close_world(void)
{
	for (size_t i = 0; i < MAX_SINKS; i++) {
		stop(i);
		if (w.posts[i].receiver != NULL)
			receiver_close(w.posts[i].receiver);
		for (size_t k = 0; k < w.posts[i].n_asked; k++) {
			free(w.posts[i].asked[k].body);
			free(w.posts[i].asked[k].subject);
		}
	}
	close_store();
	http_client_close(w.http, NULL, NULL);
	turn_close(&w.loop);
}

/* ---- the log ---- */

static char log_path[512];

static void keep_log(void)
{
	snprintf(log_path, sizeof log_path, "%s/log", suite_dir());
	ck_assert_ptr_nonnull(freopen(log_path, "w", stderr));
	log_set_level(LOG_LEVEL_INFO);
}

/* All that was logged since: lines as shell patterns, without their times. */
static void check_log(const char *const *lines, size_t n)
{
	FILE *f = fopen(log_path, "r");
	char line[1024];
	size_t i = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f) != NULL) {
		const char *text = line + strcspn(line, " ") + 1;

		line[strcspn(line, "\n")] = '\0';
		ck_assert_msg(i < n, "too much: %s", text);
		ck_assert_msg(fnmatch(lines[i], text, 0) == 0, "%s, not %s", text,
			      lines[i]);
		ck_assert_ptr_null(strstr(line, "SECRET"));
		i++;
	}
	fclose(f);
	ck_assert_uint_eq(i, n);
}

/* How many lines hold this. */
static unsigned n_logged(const char *text)
{
	FILE *f = fopen(log_path, "r");
	char line[1024];
	unsigned n = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f) != NULL)
		n += strstr(line, text) != NULL;
	fclose(f);
	return n;
}

/* ---- a store that fails ---- */

static void run_sql(const char *sql)
{
	char *path = mem_printf("%s/dispatch.db", suite_dir()), *fault = NULL;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	sqlite3_exec(db, sql, NULL, NULL, &fault);
	ck_assert_msg(fault == NULL, "%s", fault);
	sqlite3_close(db);
	free(path);
}

/* No result can be written from now on. */
static void fill_disk(void)
{
	run_sql("CREATE TRIGGER full BEFORE UPDATE ON outbox"
		" BEGIN SELECT RAISE(ABORT, 'disk full'); END");
	run_sql("CREATE TRIGGER full_too BEFORE DELETE ON outbox"
		" BEGIN SELECT RAISE(ABORT, 'disk full'); END");
}

static void empty_disk(void)
{
	run_sql("DROP TRIGGER full");
	run_sql("DROP TRIGGER full_too");
}

/* ---- order ---- */

START_TEST(what_is_owed_is_told_in_order)
{
	struct post *p = &w.posts[0];

	open_store(1);
	open_receiver(0, accept_it);
	owe(200, N_DEVICES, 0);
	start(0, NULL);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 200);
	check_order(p);
	ck_assert_uint_eq(p->n_asked, 200);
}
END_TEST

START_TEST(what_comes_later_is_told_when_woken)
{
	struct store_delivery d;

	open_store(1);
	open_receiver(0, accept_it);
	start(0, NULL);
	for (int i = 1; i <= 3; i++) {
		owe(1, 1, 0);
		ck_assert_uint_eq(w.posts[0].n_asked, (unsigned)i - 1);
		dispatch_wake(w.dispatches[0]);
		TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == (unsigned)i);
	}
	d = delivery_of(0, w.last_sequence);
	ck_assert_int_eq(d.attempts, 1);
	ck_assert_int_eq(d.code, 204);
	ck_assert_ptr_null(d.error);
}
END_TEST

/* A round through store and loop, in which what could happen would. */
static void let_time_pass(void)
{
	for (int i = 0; i < 5; i++)
		(void)n_in(0, DELIVERY_DELIVERED);
}

static struct receiver_request *take_held(struct post *p, size_t n)
{
	struct receiver_request *req = p->held[n];

	ck_assert_uint_lt(n, p->n_held);
	p->held[n] = p->held[--p->n_held];
	return req;
}

START_TEST(four_requests_at_a_time_and_one_of_a_subject)
{
	struct post *p = &w.posts[0];

	open_store(1);
	open_receiver(0, hold);
	owe(2, 1, 0);  /* of device 0 */
	owe(10, 5, 0); /* of devices 0 to 4 */
	start(0, NULL);
	TURN_UNTIL(&w.loop, p->n_held == 4);
	let_time_pass();
	ck_assert_uint_eq(p->n_asked, 4);
	check_order(p); /* four subjects, then */
	p->answer = accept_it;
	while (p->n_held > 0)
		receiver_answer(take_held(p, 0), 200, "", "");
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 12);
	check_order(p);
	ck_assert_uint_eq(p->n_asked, 12);
	ck_assert_uint_eq(p->most_held, 4);
}
END_TEST

/* ---- failures ---- */

static void close_in_the_middle(struct receiver_request *req)
{
	static const char half[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";

	receiver_write(req, half, sizeof half - 1);
	receiver_hang_up(req);
}

static void fail_half(struct post *p, struct receiver_request *req, struct asked *a)
{
	switch (rand_r(&w.random) % 8) {
	case 0:
		receiver_answer(req, 500, "", "no");
		break;
	case 1:
		receiver_hang_up(req);
		break;
	case 2:
		close_in_the_middle(req);
		break;
	case 3:
		receiver_answer(req, 302, "Location: /elsewhere\r\n", "");
		break;
	default:
		accept_it(p, req, a);
	}
}

START_TEST(a_receiver_that_fails_half_of_the_time_gets_all_in_order)
{
	struct post *p = &w.posts[0];

	w.random = (unsigned)clock_utc_ms() + (unsigned)_i;
	printf("# seed %u\n", w.random);
	fflush(stdout);
	open_store(1);
	open_receiver(0, fail_half);
	owe(300, N_DEVICES, 0);
	start(0, &quick);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 300);
	check_order(p);
	ck_assert_uint_eq(p->n_accepted, 300);
	ck_assert_uint_gt(p->n_asked, 300);
}
END_TEST

static void say_gone(struct post *p, struct receiver_request *req, struct asked *a)
{
	(void)p;
	(void)a;
	receiver_answer(req, 410, "", "");
}

START_TEST(a_receiver_that_is_gone_is_left_alone_until_a_new_dispatch)
{
	struct post *p = &w.posts[0];
	struct store_delivery d;
	size_t n_asked;

	open_store(1);
	open_receiver(0, say_gone);
	owe(20, 1, 0);
	start(0, &quick);
	TURN_UNTIL(&w.loop, dispatch_is_gone(w.dispatches[0]));
	n_asked = p->n_asked;
	owe(1, 20, 19);
	dispatch_wake(w.dispatches[0]);
	let_time_pass();
	ck_assert_uint_eq(p->n_asked, n_asked);
	stop(0);
	ck_assert_uint_eq(n_in(0, DELIVERY_PENDING), 21);
	d = delivery_of(0, 1);
	ck_assert_int_eq(d.code, 410);
	ck_assert_str_eq(d.error, "HTTP 410");

	p->answer = accept_it;
	start(0, &quick);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 21);
	check_order(p);
}
END_TEST

static const int refusals[] = {400, 413, 422};

static void refuse_the_first(struct post *p, struct receiver_request *req,
			     struct asked *a)
{
	if (a->sequence == 1)
		receiver_answer(req, refusals[w.random], "", "what is this?");
	else
		accept_it(p, req, a);
}

START_TEST(a_refused_event_does_not_hold_up_the_recovery_behind_it)
{
	struct post *p = &w.posts[0];
	struct store_delivery d;

	w.random = (unsigned)_i;
	open_store(1);
	open_receiver(0, refuse_the_first);
	owe(2, 1, 0);
	start(0, &quick);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 1);
	check_order(p);
	ck_assert_uint_eq(p->n_asked, 4 + 1);
	d = delivery_of(0, 1);
	ck_assert_int_eq(d.state, DELIVERY_DEAD);
	ck_assert_int_eq(d.attempts, 4);
	ck_assert_int_eq(d.code, refusals[_i]);
	ck_assert_int_ge(d.ended_at_ms, d.first_at_ms);
}
END_TEST

static const int busy[] = {429, 503};

static void be_busy_once(struct post *p, struct receiver_request *req, struct asked *a)
{
	if (p->n_asked == 1)
		receiver_answer(req, busy[w.random], "Retry-After: 1\r\n", "");
	else
		accept_it(p, req, a);
}

START_TEST(who_asks_to_be_left_alone_is_left_alone_by_all)
{
	struct post *p = &w.posts[0];

	w.random = (unsigned)_i;
	open_store(1);
	open_receiver(0, be_busy_once);
	owe(1, 1, 0);
	start(0, &quick);
	TURN_UNTIL(&w.loop, p->n_asked == 1);
	TURN_UNTIL(&w.loop,
		   n_in(0, DELIVERY_PENDING) == 1 && delivery_of(0, 1).attempts == 1);
	owe(5, 5, 0);
	dispatch_wake(w.dispatches[0]);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 6);
	for (size_t i = 1; i < p->n_asked; i++)
		ck_assert_int_ge(p->asked[i].at_ms - p->asked[0].at_ms, 1000);
	check_order(p);
}
END_TEST

START_TEST(the_longest_wait_that_was_asked_for_counts)
{
	struct post *p = &w.posts[0];
	int64_t asked_ms;

	open_store(1);
	open_receiver(0, hold);
	owe(2, 2, 0);
	start(0, &quick);
	TURN_UNTIL(&w.loop, p->n_held == 2);
	p->answer = accept_it;
	asked_ms = clock_mono_ms();
	receiver_answer(take_held(p, 0), 503, "Retry-After: 2\r\n", "");
	TURN_UNTIL(&w.loop, delivery_of(0, 1).attempts + delivery_of(0, 2).attempts == 1);
	receiver_answer(take_held(p, 0), 503, "Retry-After: 1\r\n", "");
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 2);
	ck_assert_int_ge(p->asked[2].at_ms - asked_ms, 2000);
	ck_assert_int_ge(p->asked[3].at_ms - asked_ms, 2000);
}
END_TEST

static void be_busy_for_hours(struct post *p, struct receiver_request *req,
			      struct asked *a)
{
	(void)p;
	(void)a;
	receiver_answer(req, 429, "Retry-After: 18000\r\n", "");
}

START_TEST(hours_are_obeyed_too_and_over_a_restart)
{
	struct post *p = &w.posts[0];
	struct store_delivery d;

	open_store(1);
	open_receiver(0, be_busy_for_hours);
	owe(1, 1, 0);
	start(0, NULL);
	TURN_UNTIL(&w.loop, delivery_of(0, 1).attempts == 1);
	d = delivery_of(0, 1);
	ck_assert_int_ge(d.next_at_ms, d.first_at_ms + 18000000);
	stop(0);
	owe(1, 2, 1); /* for another device: it was said of all */
	start(0, NULL);
	let_time_pass();
	ck_assert_uint_eq(p->n_asked, 1);
	ck_assert_int_eq(delivery_of(0, 1).next_at_ms, d.next_at_ms);
	ck_assert_int_eq(delivery_of(0, 2).attempts, 0);
}
END_TEST

static void be_busy_for_the_first(struct post *p, struct receiver_request *req,
				  struct asked *a)
{
	if (a->sequence == 1)
		receiver_answer(req, 503, "Retry-After: 1\r\n", "");
	else
		accept_it(p, req, a);
}

START_TEST(who_asks_is_left_alone_also_where_that_was_the_last_try)
{
	struct post *p = &w.posts[0];
	struct retry_rules rules = quick;
	size_t n;

	rules.give_up_ms = 1000;
	open_store(1);
	open_receiver(0, be_busy_for_the_first);
	owe(1, 1, 0);
	start(0, &rules);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DEAD) == 1);
	owe(1, 1, 0);
	dispatch_wake(w.dispatches[0]);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 1);
	n = p->n_asked;
	ck_assert_uint_ge(n,
			  3); /* the clock on the wall may say 999 ms at the second try */
	ck_assert_uint_le(n, 4);
	ck_assert_int_ge(p->asked[n - 1].at_ms - p->asked[n - 2].at_ms, 1000);
}
END_TEST

START_TEST(a_sink_that_hangs_delays_no_other)
{
	open_store(2);
	open_receiver(0, hold);
	open_receiver(1, accept_it);
	owe(50, 8, 0);
	start(0, NULL);
	start(1, NULL);
	TURN_UNTIL(&w.loop, n_in(1, DELIVERY_DELIVERED) == 50);
	ck_assert_uint_eq(n_in(0, DELIVERY_PENDING), 50);
	ck_assert_uint_eq(w.posts[0].n_held, 4);
}
END_TEST

START_TEST(who_was_not_there_is_told_once_there)
{
	int port;

	open_store(1);
	open_receiver(0, accept_it);
	port = receiver_port(w.posts[0].receiver);
	owe(20, 20, 0);
	receiver_close(w.posts[0].receiver);
	start(0, &quick);
	w.posts[0].receiver = NULL;
	TURN_UNTIL(&w.loop, delivery_of(0, 1).attempts >= 2);
	ck_assert_uint_eq(n_in(0, DELIVERY_PENDING), 20);
	w.posts[0].receiver = receiver_open_at(&w.loop, port, on_request, &w.posts[0]);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 20);
	check_order(&w.posts[0]);
}
END_TEST

static void refuse_all(struct post *p, struct receiver_request *req, struct asked *a)
{
	(void)p;
	(void)a;
	receiver_answer(req, 500, "", "");
}

static size_t n_subjects(const struct post *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_asked; i++) {
		size_t k = 0;

		while (strcmp(p->asked[k].subject, p->asked[i].subject) != 0)
			k++;
		n += k == i;
	}
	return n;
}

START_TEST(a_receiver_that_is_down_is_not_asked_for_each_event)
{
	struct post *p = &w.posts[0];

	open_store(1);
	open_receiver(0, refuse_all);
	owe(500, 500, 0);
	start(0, &quick);
	TURN_UNTIL(&w.loop, p->n_asked >= 40);
	ck_assert_uint_le(n_subjects(p),
			  12); /* it takes 8 failures, and 4 are under way */
	p->answer = accept_it;
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 500);
	check_order(p);
}
END_TEST

START_TEST(once_it_is_not_down_any_more_nobody_waits_on)
{
	struct post *p = &w.posts[0];
	struct retry_rules rules = quick;

	open_store(1);
	open_receiver(0, refuse_all);
	owe(3, 3, 0);
	start(0, &slow);
	TURN_UNTIL(&w.loop, delivery_of(0, 3).attempts == 1);
	stop(0);

	rules.max_ms = slow.max_ms; /* so that the three wait for an hour */
	owe(3, 6, 3);
	start(0, &rules);
	TURN_UNTIL(&w.loop, p->n_asked >= 3 + 12);
	ck_assert_uint_eq(n_subjects(p), 6);
	p->answer = accept_it;
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 6);
	check_order(p);
}
END_TEST

/* Seven of eight subjects fail for good. */
static void refuse_most(struct post *p, struct receiver_request *req, struct asked *a)
{
	if (a->sequence % 8 != 0)
		receiver_answer(req, 500, "", "");
	else
		accept_it(p, req, a);
}

START_TEST(subjects_that_fail_leave_room_for_those_that_do_not)
{
	struct post *p = &w.posts[0];

	open_store(1);
	open_receiver(0, refuse_most);
	owe(2000, 2000, 0); /* 1,750 of them fail: more than fit into memory */
	start(0, &slow);
	TURN_UNTIL(&w.loop, p->n_accepted == 250);
	check_order(p);
}
END_TEST

START_TEST(one_subjects_many_events_leave_room_for_others)
{
	struct post *p = &w.posts[0];

	open_store(1);
	open_receiver(0, hold);
	owe(1100, 1, 0);
	owe(3, 4, 1);
	start(0, &quick);
	TURN_UNTIL(&w.loop,
		   p->n_held == 4); /* while the first of the many is under way */
	p->answer = accept_it;
	while (p->n_held > 0)
		receiver_answer(take_held(p, 0), 200, "", "");
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 1103);
	check_order(p);
}
END_TEST

/* ---- restarts ---- */

START_TEST(a_restart_in_the_middle_goes_on_where_it_was)
{
	struct post *p = &w.posts[0];

	open_store(1);
	open_receiver(0, accept_it);
	owe(300, N_DEVICES, 0);
	start(0, NULL);
	TURN_UNTIL(&w.loop, p->n_accepted >= 100);
	p->answer = hold;
	TURN_UNTIL(&w.loop, p->n_held == 4); /* all answers before these have come */
	stop(0);
	close_store();
	ck_assert_uint_eq(p->n_accepted + p->n_held, p->n_asked);

	p->answer = accept_it;
	open_store(1);
	start(0, NULL);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 300);
	check_order(p); /* nothing that was accepted was told again */
	ck_assert_uint_eq(p->n_accepted, 300);
}
END_TEST

START_TEST(what_could_not_be_written_is_told_again_with_the_same_bytes)
{
	struct post *p = &w.posts[0];

	open_store(1);
	open_receiver(0, accept_it);
	owe(40, 40, 0);
	fill_disk();
	start(0, NULL);
	TURN_UNTIL(&w.loop, p->n_accepted == 40);
	stop(0);
	close_store();

	open_store(1);
	ck_assert_uint_eq(n_in(0, DELIVERY_PENDING), 40);
	empty_disk();
	start(0, NULL);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 40);
	ck_assert_uint_eq(p->n_asked, 80);
	for (size_t i = 40; i < p->n_asked; i++) {
		const struct asked *a = &p->asked[i];
		size_t k = 0;

		while (p->asked[k].sequence != a->sequence)
			k++;
		ck_assert_str_eq(p->asked[k].body, a->body);
		ck_assert_str_eq(p->asked[k].id, a->id);
	}
}
END_TEST

START_TEST(the_schedule_survives_a_restart)
{
	struct post *p = &w.posts[0];
	struct store_delivery d;

	open_store(1);
	open_receiver(0, refuse_all);
	owe(1, 1, 0);
	start(0, &slow);
	TURN_UNTIL(&w.loop, delivery_of(0, 1).attempts == 1);
	stop(0);
	close_store();

	p->answer = accept_it;
	open_store(1);
	owe(1, 2, 1);
	owe(1, 1, 0);
	start(0, &slow);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 1); /* of the other subject */
	let_time_pass();
	ck_assert_uint_eq(p->n_asked, 2);
	d = delivery_of(0, 1);
	ck_assert_int_eq(d.attempts, 1);
	ck_assert_int_gt(d.next_at_ms, clock_utc_ms() + 2000000);
	ck_assert_int_eq(d.code, 500);
}
END_TEST

static void answer_somehow(struct post *p, struct receiver_request *req, struct asked *a)
{
	if (p->n_asked % 3 == 0)
		receiver_answer(req, 500, "", "");
	else
		accept_it(p, req, a);
}

START_TEST(a_stop_at_any_step_loses_nothing)
{
	struct post *p = &w.posts[0];

	open_store(1);
	open_receiver(0, answer_somehow);
	owe(12, 3, 0);
	start(0, &quick);
	for (int i = 0; i < _i && p->n_accepted < 12; i++)
		uv_run(&w.loop, UV_RUN_ONCE);
	stop(0);
	close_store();

	open_store(1);
	start(0, &quick);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 12);
	for (size_t i = 0; i < p->n_asked; i++) /* a canceled one may come again */
		p->asked[i].accepted = false;
	check_order(p);
}
END_TEST

START_TEST(tries_are_counted_over_restarts)
{
	struct store_delivery before, after;

	open_store(1);
	open_receiver(0, refuse_all);
	owe(1, 1, 0);
	start(0, &quick);
	TURN_UNTIL(&w.loop, delivery_of(0, 1).attempts >= 3);
	stop(0);
	before = delivery_of(0, 1);
	start(0, &quick);
	TURN_UNTIL(&w.loop, delivery_of(0, 1).attempts != before.attempts);
	after = delivery_of(0, 1);
	ck_assert_int_gt(after.attempts, before.attempts);
	ck_assert_int_eq(after.first_at_ms, before.first_at_ms);
}
END_TEST

START_TEST(a_stop_does_not_wait_for_a_receiver_that_hangs)
{
	int64_t begun_ms;

	open_store(1);
	open_receiver(0, hold);
	owe(8, 8, 0);
	start(0, NULL);
	TURN_UNTIL(&w.loop, w.posts[0].n_held == 4);
	begun_ms = clock_mono_ms();
	stop(0);
	ck_assert_int_lt(clock_mono_ms() - begun_ms, 5000);
	ck_assert_uint_eq(n_in(0, DELIVERY_PENDING), 8);
	ck_assert_int_eq(delivery_of(0, 1).attempts, 0); /* it does not count */
}
END_TEST

START_TEST(a_dispatch_never_woken_may_be_stopped_or_not)
{
	const struct dispatch_config config = {
		.loop = &w.loop,
		.http = w.http,
		.settings = {.name = "ops", .kind = SINK_WEBHOOK, .url = "http://[::1]/"},
	};
	struct err err = {0};
	struct dispatch *d;

	open_store(0);
	ck_assert_int_eq(dispatch_create(&config, &d, &err), 0);
	dispatch_destroy(d);
	ck_assert_int_eq(dispatch_create(&config, &w.dispatches[0], &err), 0);
	dispatch_destroy(NULL);
}
END_TEST

/* ---- a store that fails ---- */

START_TEST(results_outlive_a_store_that_fails)
{
	struct post *p = &w.posts[0];

	open_store(1);
	open_receiver(0, accept_it);
	owe(1, 1, 0);
	fill_disk();
	keep_log();
	log_set_level(LOG_LEVEL_DEBUG);
	start(0, NULL);
	TURN_UNTIL(&w.loop, n_logged("disk full") == 1);
	ck_assert_uint_eq(n_in(0, DELIVERY_PENDING), 1);
	for (int64_t end_ms = clock_mono_ms() + 300; clock_mono_ms() < end_ms;)
		uv_run(&w.loop, UV_RUN_ONCE);
	ck_assert_uint_eq(n_logged("disk full"), 1); /* it is left alone for a while */
	dispatch_wake(w.dispatches[0]);              /* reads it again, as still owed */
	let_time_pass();
	empty_disk();
	owe(1, 1, 0);
	dispatch_wake(w.dispatches[0]);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 2);
	ck_assert_uint_eq(p->n_asked, 2);
	check_order(p);
}
END_TEST

/* ---- what is told ---- */

static void be_unavailable(struct post *p, struct receiver_request *req, struct asked *a)
{
	(void)p;
	(void)a;
	receiver_answer(req, 503, "Retry-After: 8\r\n", "");
}

START_TEST(a_lasting_failure_is_told_once_with_what_happens_next)
{
	static const char *const lines[] = {
		"warning: sink ops: HTTP 503; 12 events wait; trying again in 8 s",
	};
	struct post *p = &w.posts[0];
	struct retry_rules rules = quick;

	rules.max_ms = 8000;
	open_store(1);
	open_receiver(0, be_unavailable);
	owe(12, 1, 0);
	keep_log();
	start(0, &rules);
	TURN_UNTIL(&w.loop, p->n_asked == 1 && delivery_of(0, 1).attempts == 1);
	check_log(lines, COUNT(lines));
}
END_TEST

START_TEST(the_end_of_a_failure_is_told_with_its_length)
{
	static const char *const lines[] = {
		"warning: sink ops: HTTP 500; 1 event waits; trying again in *",
		"info: sink ops: answering again after 1 failures (1 s)",
	};
	struct post *p = &w.posts[0];
	struct retry_rules rules = quick;

	rules.first_ms = rules.max_ms = 1300;
	open_store(1);
	open_receiver(0, refuse_all);
	owe(1, 1, 0);
	keep_log();
	start(0, &rules);
	TURN_UNTIL(&w.loop, p->n_asked == 1);
	p->answer = accept_it;
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 1);
	check_log(lines, COUNT(lines));
}
END_TEST

static void fail_once(struct post *p, struct receiver_request *req, struct asked *a)
{
	if (p->n_asked == 1)
		receiver_hang_up(req);
	else
		accept_it(p, req, a);
}

static void refuse_the_first_device(struct post *p, struct receiver_request *req,
				    struct asked *a)
{
	if (strcmp(a->subject, "100") == 0)
		receiver_answer(req, 500, "", "");
	else
		accept_it(p, req, a);
}

START_TEST(a_subject_that_fails_while_others_do_not_is_told_once)
{
	static const char *const lines[] = {
		"warning: sink ops: HTTP 500; * events wait; trying again in *",
	};

	open_store(1);
	open_receiver(0, refuse_the_first_device);
	owe(40, 10, 0);
	keep_log();
	start(0, &slow);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 36);
	check_log(lines, COUNT(lines));
}
END_TEST

START_TEST(what_is_over_within_a_second_is_not_told)
{
	open_store(1);
	open_receiver(0, fail_once);
	owe(3, 3, 0);
	keep_log();
	start(0, &quick);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 3);
	check_log(NULL, 0);
}
END_TEST

START_TEST(who_is_not_there_and_what_is_given_up_are_told)
{
	static const char *const lines[] = {
		"warning: sink ops: Failed to connect to 127.0.0.1 port 1 *; 1 event waits;"
		" trying again in *",
		"warning: sink ops: event *-*-7*-*-* is given up after 2 tries: Failed to *",
	};
	struct retry_rules rules = quick;

	rules.first_ms = rules.max_ms = 1300;
	rules.give_up_ms = 100;
	open_store(1);
	owe(1, 1, 0);
	keep_log();
	start(0, &rules);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DEAD) == 1);
	check_log(lines, COUNT(lines));
}
END_TEST

START_TEST(a_receiver_that_is_gone_is_an_error)
{
	static const char *const lines[] = {
		"error: sink ops: HTTP 410: the receiver wants no more; 3 events wait; *reload",
	};

	open_store(1);
	open_receiver(0, say_gone);
	owe(3, 1, 0);
	keep_log();
	start(0, &quick);
	TURN_UNTIL(&w.loop, dispatch_is_gone(w.dispatches[0]));
	check_log(lines, COUNT(lines));
}
END_TEST

START_TEST(a_store_that_fails_is_for_others_to_tell)
{
	/* Nothing louder than debug. */
	static const char *const lines[] = {
		"debug: sink ops: event *: delivered",
		"debug: sink ops: write deliveries: disk full; trying again in 30 s",
		"debug: sink ops: write deliveries: disk full; trying again in 30 s",
	};

	open_store(1);
	open_receiver(0, accept_it);
	owe(1, 1, 0);
	fill_disk();
	keep_log();
	log_set_level(LOG_LEVEL_DEBUG);
	start(0, NULL);
	TURN_UNTIL(&w.loop, n_logged("disk full") == 1);
	dispatch_wake(w.dispatches[0]);
	let_time_pass();
	empty_disk();
	dispatch_wake(w.dispatches[0]);
	TURN_UNTIL(&w.loop, n_in(0, DELIVERY_DELIVERED) == 1);
	check_log(lines, COUNT(lines));
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{what_is_owed_is_told_in_order, 1},
		{what_comes_later_is_told_when_woken, 1},
		{four_requests_at_a_time_and_one_of_a_subject, 1},
		{a_receiver_that_fails_half_of_the_time_gets_all_in_order, 3},
		{a_receiver_that_is_gone_is_left_alone_until_a_new_dispatch, 1},
		{a_refused_event_does_not_hold_up_the_recovery_behind_it,
		 COUNT(refusals)},
		{who_asks_to_be_left_alone_is_left_alone_by_all, COUNT(busy)},
		{the_longest_wait_that_was_asked_for_counts, 1},
		{hours_are_obeyed_too_and_over_a_restart, 1},
		{who_asks_is_left_alone_also_where_that_was_the_last_try, 1},
		{a_sink_that_hangs_delays_no_other, 1},
		{who_was_not_there_is_told_once_there, 1},
		{a_receiver_that_is_down_is_not_asked_for_each_event, 1},
		{once_it_is_not_down_any_more_nobody_waits_on, 1},
		{subjects_that_fail_leave_room_for_those_that_do_not, 1},
		{one_subjects_many_events_leave_room_for_others, 1},
		{a_restart_in_the_middle_goes_on_where_it_was, 1},
		{what_could_not_be_written_is_told_again_with_the_same_bytes, 1},
		{the_schedule_survives_a_restart, 1},
		{a_stop_at_any_step_loses_nothing, 30},
		{tries_are_counted_over_restarts, 1},
		{a_stop_does_not_wait_for_a_receiver_that_hangs, 1},
		{a_dispatch_never_woken_may_be_stopped_or_not, 1},
		{results_outlive_a_store_that_fails, 1},
		{a_lasting_failure_is_told_once_with_what_happens_next, 1},
		{the_end_of_a_failure_is_told_with_its_length, 1},
		{a_subject_that_fails_while_others_do_not_is_told_once, 1},
		{what_is_over_within_a_second_is_not_told, 1},
		{who_is_not_there_and_what_is_given_up_are_told, 1},
		{a_receiver_that_is_gone_is_an_error, 1},
		{a_store_that_fails_is_for_others_to_tell, 1},
	};

	return suite_run("dispatch", tests, COUNT(tests), open_world, close_world);
}
