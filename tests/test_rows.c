/* What the store keeps is what it was given: rows, in their order. */
#include "store/store.h"

#include "lib/suite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "lib/database.h"
#include "store/sqlite/conn.h"

#define T0 INT64_C(1795370462345) /* 2026-11-22T18:01:02.345Z */

static char path[300];
static struct database db;

static void open_fresh(void)
{
	snprintf(path, sizeof path, "%s/phonewatch.db", suite_dir());
	database_open(&db, path);
}

static void close_it(void)
{
	database_close(&db);
}

static void reopen(void)
{
	database_close(&db);
	database_open(&db, path);
}

/* Run a step of a test on the worker. The steps use ck_assert themselves. */
static void step(database_cb fn, void *arg)
{
	database_write(&db, fn, arg);
}

static void ok(int rc, const struct err *err)
{
	ck_assert_msg(rc == 0, "%s", err->text);
}

static int64_t account_of(struct store_conn *c, const char *name)
{
	struct store_account a;
	struct err err = {0};
	int64_t id;

	ok(store_account_load(c, name, &a, &err), &err);
	id = a.account_id;
	store_account_clear(&a);
	return id;
}

/* ---- accounts ---- */

static int save_and_load_account(struct store_conn *c, void *arg, struct err *err)
{
	const struct store_account *a = arg;
	struct store_account b;

	ok(store_account_load(c, a->name, &b, err), err);
	ck_assert_int_eq(b.state, a->state);
	ck_assert_pstr_eq(b.reason, a->reason);
	ck_assert_pstr_eq(b.detail, a->detail);
	ck_assert_int_eq(b.since_at_ms, a->since_at_ms);
	ck_assert_int_eq(b.swept, a->swept);
	ck_assert_int_eq(b.whole_sent_at_ms, a->whole_sent_at_ms);
	ck_assert_int_eq(b.last_sweep_at_ms, a->last_sweep_at_ms);
	ck_assert_int_eq(b.last_page_at_ms, a->last_page_at_ms);
	ck_assert_int_eq(b.shrunk_since_at_ms, a->shrunk_since_at_ms);
	ck_assert_int_eq(b.interval_ms, a->interval_ms);
	ck_assert_int_eq(b.pages_unchanged, a->pages_unchanged);
	ck_assert_int_eq(b.records_unchanged, a->records_unchanged);
	ck_assert_int_eq(b.records_parsed, a->records_parsed);
	ck_assert_int_eq(b.records_bad, a->records_bad);
	ck_assert_pstr_eq(b.budget_scope, a->budget_scope);
	ck_assert_pstr_eq(b.budget_group, a->budget_group);
	store_account_clear(&b);
	return 0;
}

START_TEST(an_account_is_kept_as_it_is)
{
	struct store_account empty = {.name = (char *)"acme"};
	struct store_account full = {.name = (char *)"acme",
				     .state = ACCOUNT_UNREACHABLE,
				     .reason = (char *)"network",
				     .detail = (char *)"no route to host",
				     .since_at_ms = 1,
				     .swept = true,
				     .whole_sent_at_ms = 2,
				     .last_sweep_at_ms = 3,
				     .last_page_at_ms = 4,
				     .shrunk_since_at_ms = 5,
				     .interval_ms = 6,
				     .pages_unchanged = 7,
				     .records_unchanged = 8,
				     .records_parsed = 9,
				     .records_bad = 10,
				     .budget_scope = (char *)"scope",
				     .budget_group = (char *)"heavy"};

	step(save_and_load_account, &empty); /* a new one is empty */
	database_set_account(&db, &full);
	step(save_and_load_account, &full);
	reopen();
	step(save_and_load_account, &full);
	database_set_account(&db, &empty);
	step(save_and_load_account, &empty);
}
END_TEST

static int look_at_counts(struct store_conn *c, void *arg, struct err *err)
{
	struct store_account *all;
	size_t n;

	(void)arg;
	ok(store_accounts(c, &all, &n, err), err);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(all[0].name, "acme");
	ck_assert_int_eq(all[0].n_devices, 3);
	ck_assert_int_eq(all[0].n_online, 1);
	ck_assert_int_eq(all[0].n_offline, 1);
	ck_assert_str_eq(all[1].name, "globex");
	ck_assert_int_eq(all[1].n_devices, 0);
	for (size_t i = 0; i < n; i++)
		store_account_clear(&all[i]);
	free(all);
	return 0;
}

static int remove_device(struct store_conn *c, void *arg, struct err *err)
{
	struct store_device d;

	ok(store_device_load(c, account_of(c, "acme"), arg, &d, err), err);
	d.removed_at_ms = T0;
	ok(store_device_save(c, &d, err), err);
	store_device_clear(&d);
	return 0;
}

START_TEST(accounts_come_by_name_with_their_counts)
{
	database_set_account(&db, &(struct store_account){.name = (char *)"globex"});
	for (int i = 0; i < 4; i++) {
		const char *const ids[] = {"1", "2", "3", "4"};
		const enum device_status now[] = {DEVICE_ONLINE, DEVICE_OFFLINE,
						  DEVICE_UNKNOWN, DEVICE_ONLINE};

		database_set_device(&db, &(struct database_device){.account = "acme",
								   .id = ids[i],
								   .status = now[i]});
	}
	step(remove_device, (void *)"4");
	step(look_at_counts, NULL);
}
END_TEST

/* ---- devices ---- */

static struct store_device full_device(int64_t account_id)
{
	struct store_device d = {.account_id = account_id,
				 .id = mem_strdup("802398804016"),
				 .doc = mem_strdup("{\"name\":\"Lobby phone\"}"),
				 .facts = mem_strdup("{\"name\":\"Lobby phone\"}"),
				 .status = DEVICE_OFFLINE,
				 .last_known = DEVICE_OFFLINE,
				 .vendor_status = mem_strdup("Offline"),
				 .not_before_ms = 1,
				 .observed_at_ms = 2,
				 .has_location = true,
				 .location_ms = 3,
				 .seen_at_ms = 4,
				 .lapsed = true,
				 .missed = 5,
				 .has_digest = true};

	memset(d.digest, 0xd1, sizeof d.digest);
	return d;
}

static void same_device(struct store_conn *c, const struct store_device *d)
{
	struct store_device e, f;
	struct err err = {0};

	ok(store_device_load(c, d->account_id, d->id, &e, &err), &err);
	ok(store_device_load_by_id(c, e.device_id, &f, &err), &err);
	ck_assert_int_eq(e.device_id, d->device_id);
	ck_assert_int_eq(e.version_id, d->version_id);
	ck_assert_int_eq(e.account_id, d->account_id);
	ck_assert_str_eq(e.id, d->id);
	ck_assert_str_eq(e.doc, d->doc);
	ck_assert_str_eq(e.facts, d->facts);
	ck_assert_int_eq(e.status, d->status);
	ck_assert_int_eq(e.last_known, d->last_known);
	ck_assert_pstr_eq(e.vendor_status, d->vendor_status);
	ck_assert_int_eq(e.not_before_ms, d->not_before_ms);
	ck_assert_int_eq(e.observed_at_ms, d->observed_at_ms);
	ck_assert_int_eq(e.has_location, d->has_location);
	ck_assert_int_eq(e.location_ms, d->location_ms);
	ck_assert_int_eq(e.seen_at_ms, d->seen_at_ms);
	ck_assert_int_eq(e.lapsed, d->lapsed);
	ck_assert_int_eq(e.missed, d->missed);
	ck_assert_int_eq(e.removed_at_ms, d->removed_at_ms);
	ck_assert_int_eq(e.has_digest, d->has_digest);
	if (d->has_digest)
		ck_assert_int_eq(memcmp(e.digest, d->digest, sizeof d->digest), 0);
	ck_assert_str_eq(f.id, d->id);
	ck_assert_str_eq(f.facts, d->facts);
	ck_assert_ptr_null(f.doc);
	ok(store_device_load_doc(c, &f, &err), &err);
	ck_assert_str_eq(f.doc, d->doc);
	store_device_clear(&e);
	store_device_clear(&f);
}

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = text != NULL ? mem_strdup(text) : NULL;
}

static int save_and_load_device(struct store_conn *c, void *arg, struct err *err)
{
	struct store_device d = full_device(account_of(c, "acme"));
	int64_t version;

	(void)arg;
	ok(store_device_save(c, &d, err), err);
	ck_assert_int_gt(d.device_id, 0);
	ck_assert_int_gt(d.version_id, 0);
	same_device(c, &d);

	/* A word of the vendor's that we do not understand is kept. */
	d.status = DEVICE_UNKNOWN;
	set_text(&d.vendor_status, "Initial");
	ok(store_device_save(c, &d, err), err);
	same_device(c, &d);
	set_text(&d.vendor_status, NULL);
	d.has_location = false;
	d.location_ms = 0;
	d.has_digest = false;
	d.removed_at_ms = T0;
	ok(store_device_save(c, &d, err), err);
	same_device(c, &d);
	d.removed_at_ms = 0; /* it is back */
	ok(store_device_save(c, &d, err), err);
	same_device(c, &d);

	/* The document only where there is one, the facts only where they are new. */
	set_text(&d.doc, NULL);
	ok(store_device_save(c, &d, err), err);
	set_text(&d.doc, "{\"name\":\"Lobby phone\"}");
	same_device(c, &d);
	set_text(&d.facts, "{\"name\":\"Front desk\"}");
	version = d.version_id;
	d.version_id = 0;
	ok(store_device_save(c, &d, err), err);
	ck_assert_int_ne(d.version_id, version);
	ck_assert_int_gt(d.version_id, 0);
	same_device(c, &d);
	store_device_clear(&d);
	return 0;
}

START_TEST(a_device_is_kept_as_it_is)
{
	step(save_and_load_device, NULL);
}
END_TEST

static int mark_device(struct store_conn *c, void *arg, struct err *err)
{
	struct store_device d = full_device(account_of(c, "acme"));
	struct store_mark mark = {.seen_at_ms = 11, .missed = 12};

	(void)arg;
	ok(store_device_save(c, &d, err), err);
	d.seen_at_ms = 11;
	d.lapsed = false;
	d.missed = 12;
	ok(store_device_mark(c, d.device_id, &mark, err), err);
	same_device(c, &d);
	mark = (struct store_mark){14, true, 0, T0, 0};
	d.seen_at_ms = 14;
	d.lapsed = true;
	d.missed = 0;
	d.removed_at_ms = T0;
	ok(store_device_mark(c, d.device_id, &mark, err), err);
	same_device(c, &d);
	d.removed_at_ms = mark.removed_at_ms = 0;
	ok(store_device_mark(c, d.device_id, &mark, err), err);
	same_device(c, &d);
	store_device_clear(&d);
	return 0;
}

START_TEST(a_mark_changes_what_it_names_and_nothing_else)
{
	step(mark_device, NULL);
}
END_TEST

static int look_for_strangers(struct store_conn *c, void *arg, struct err *err)
{
	struct store_device d = {.device_id = 5};

	(void)arg;
	ok(store_device_load(c, account_of(c, "acme"), "nobody", &d, err), err);
	ck_assert_int_eq(d.device_id, 0);
	ok(store_device_load_by_id(c, 12345, &d, err), err);
	ck_assert_int_eq(d.device_id, 0);
	return 0;
}

START_TEST(a_device_that_is_not_there_is_none)
{
	step(look_for_strangers, NULL);
}
END_TEST

struct ids {
	char text[4096];
	int n;
	bool with_facts;
};

static void on_device(const struct store_device *d, void *arg)
{
	struct ids *ids = arg;

	ck_assert_ptr_null(d->doc);
	ck_assert_int_eq(d->facts != NULL, ids->with_facts);
	strcat(ids->text, d->id);
	strcat(ids->text, " ");
	ids->n++;
}

static int walk_devices(struct store_conn *c, void *arg, struct err *err)
{
	int64_t account_id = account_of(c, "acme");
	struct ids all = {0}, some = {.with_facts = true};

	(void)arg;
	ok(store_devices_each(c, account_id, on_device, &all, err), err);
	ck_assert_int_eq(all.n, 3);
	ok(store_devices_after(c, account_id, "", 2, on_device, &some, err), err);
	ck_assert_str_eq(some.text, "10 100 ");
	ok(store_devices_after(c, account_id, "100", 2, on_device, &some, err), err);
	ck_assert_str_eq(some.text, "10 100 9 ");
	ok(store_devices_after(c, account_id, "9", 2, on_device, &some, err), err);
	ck_assert_str_eq(some.text, "10 100 9 ");
	return 0;
}

START_TEST(listed_devices_come_in_order)
{
	static const char *const ids[] = {"9", "10", "5", "100"};

	for (size_t i = 0; i < COUNT(ids); i++)
		database_set_device(
			&db, &(struct database_device){.account = "acme", .id = ids[i]});
	database_set_device(&db,
			    &(struct database_device){.account = "globex", .id = "50"});
	step(remove_device, (void *)"5");
	step(walk_devices, NULL);
}
END_TEST

/* ---- events ---- */

static char *first_rendered;

static void on_render(const struct event *ev, void *arg)
{
	(void)arg;
	free(first_rendered);
	first_rendered = event_render(ev, EVENT_WITH_PERSONAL);
}

static int tell_of_lobby(struct store_conn *c, void *arg, struct err *err)
{
	char **rendered = arg;
	int64_t account_id = account_of(c, "acme");
	struct store_device d;
	struct event ev = {.type = EVENT_DEVICE_UNKNOWN,
			   .at_ms = T0,
			   .account = (char *)"acme",
			   .device_id = (char *)"1",
			   .status = DEVICE_UNKNOWN,
			   .previous = DEVICE_ONLINE,
			   .vendor_status = (char *)"Initial",
			   .has_location = true,
			   .location_ms = T0 - 1,
			   .not_before_ms = T0 - 2};

	ok(store_device_load(c, account_id, "1", &d, err), err);
	ev.facts = json_loads(d.facts, 0, NULL);
	ev.detail = json_pack("{s:[{s:s, s:n, s:s}]}", "changes", "field", "sku", "from",
			      "to", "HP-1");
	ok(store_event_add(c, &ev, account_id, d.device_id, d.version_id, NULL, 0, err),
	   err);
	ck_assert_int_eq(ev.sequence, 1);
	*rendered = event_render(&ev, EVENT_WITH_PERSONAL);
	json_decref(ev.facts);
	json_decref(ev.detail);
	store_device_clear(&d);
	return 0;
}

static int read_first(struct store_conn *c, void *arg, struct err *err)
{
	(void)arg;
	ok(store_events_each(c, 1, 1, on_render, NULL, err), err);
	return 0;
}

START_TEST(an_event_stays_as_it_was_told)
{
	struct database_device lobby = {.account = "acme",
					.id = "1",
					.name = "Lobby phone",
					.site = "Denver",
					.number = "+15555550101",
					.status = DEVICE_ONLINE};
	char *told = NULL;

	database_set_device(&db, &lobby);
	step(tell_of_lobby, &told);
	step(read_first, NULL);
	ck_assert_str_eq(first_rendered, told);

	lobby.name = "Front desk"; /* which it was not, then */
	lobby.site = "Austin";
	database_set_device(&db, &lobby);
	database_transition(&db, "acme", "1", DEVICE_OFFLINE, T0, T0 + 5);
	step(remove_device, (void *)"1");
	reopen();
	step(read_first, NULL);
	ck_assert_str_eq(first_rendered, told);
	ck_assert_ptr_nonnull(strstr(told, "Lobby phone"));
	free(told);
	free(first_rendered);
}
END_TEST

static int tell_of_account(struct store_conn *c, void *arg, struct err *err)
{
	struct event ev = {.type = EVENT_ACCOUNT_UNREACHABLE,
			   .at_ms = T0,
			   .account = (char *)"acme"};
	char **told = arg;

	ev.detail = json_pack("{s:s, s:s}", "reason", "network", "detail", "no route");
	ok(store_event_add(c, &ev, account_of(c, "acme"), 0, 0, NULL, 0, err), err);
	*told = event_render(&ev, EVENT_WITH_PERSONAL);
	json_decref(ev.detail);
	return 0;
}

START_TEST(an_event_of_an_account_has_no_device)
{
	char *told = NULL;

	step(tell_of_account, &told);
	step(read_first, NULL);
	ck_assert_str_eq(first_rendered, told);
	ck_assert_ptr_null(strstr(told, "device"));
	free(told);
	free(first_rendered);
}
END_TEST

struct seen {
	int64_t sequences[64];
	int n;
};

static void on_sequence(const struct event *ev, void *arg)
{
	struct seen *seen = arg;

	seen->sequences[seen->n++] = ev->sequence;
}

static int walk_events(struct store_conn *c, void *arg, struct err *err)
{
	struct seen seen = {0};
	int64_t n;

	(void)arg;
	ok(store_last_sequence(c, &n, err), err);
	ck_assert_int_eq(n, 10);
	ok(store_events_each(c, 4, 3, on_sequence, &seen, err), err);
	ck_assert_int_eq(seen.n, 3);
	ck_assert_int_eq(seen.sequences[0], 4);
	ck_assert_int_eq(seen.sequences[2], 6);
	ok(store_events_each(c, 9, 100, on_sequence, &seen, err), err);
	ck_assert_int_eq(seen.n, 5);
	ok(store_events_each(c, 11, 100, on_sequence, &seen, err), err);
	ck_assert_int_eq(seen.n, 5);

	ok(store_sequence_at(c, T0, &n, err), err); /* event i is at T0 + 10 i */
	ck_assert_int_eq(n, 1);
	ok(store_sequence_at(c, T0 + 40, &n, err), err);
	ck_assert_int_eq(n, 4);
	ok(store_sequence_at(c, T0 + 41, &n, err), err);
	ck_assert_int_eq(n, 5);
	ok(store_sequence_at(c, T0 + 101, &n, err), err);
	ck_assert_int_eq(n, 11);
	return 0;
}

static int none_yet(struct store_conn *c, void *arg, struct err *err)
{
	int64_t n;

	(void)arg;
	ok(store_last_sequence(c, &n, err), err);
	ck_assert_int_eq(n, 0);
	ok(store_sequence_at(c, T0, &n, err), err);
	ck_assert_int_eq(n, 1);
	return 0;
}

START_TEST(events_are_found_by_sequence_and_time)
{
	step(none_yet, NULL);
	database_set_device(&db, &(struct database_device){.account = "acme", .id = "1"});
	for (int i = 1; i <= 10; i++)
		ck_assert_int_eq(database_transition(&db, "acme", "1", DEVICE_ONLINE, T0,
						     T0 + 10 * i),
				 i);
	step(walk_events, NULL);
}
END_TEST

static int forget_last(struct store_conn *c, void *arg, struct err *err)
{
	(void)arg;
	return conn_exec(c, "DELETE FROM event WHERE sequence >= 2", err);
}

START_TEST(a_sequence_is_never_used_twice)
{
	database_set_device(&db, &(struct database_device){.account = "acme", .id = "1"});
	for (int i = 1; i <= 3; i++)
		database_transition(&db, "acme", "1", DEVICE_ONLINE, T0, T0);
	step(forget_last, NULL);
	reopen();
	ck_assert_int_eq(database_transition(&db, "acme", "1", DEVICE_ONLINE, T0, T0), 4);
}
END_TEST

/* ---- what is owed ---- */

static int owe(struct store_conn *c, void *arg, struct err *err)
{
	int64_t sinks[3], account_id = account_of(c, "acme");

	(void)arg;
	ok(store_sink_load(c, "ops", &sinks[0], err), err);
	ok(store_sink_load(c, "central", &sinks[1], err), err);
	ok(store_sink_load(c, "gone", &sinks[2], err), err);
	ok(store_sink_load(c, "ops", &sinks[1], err), err);
	ck_assert_int_eq(sinks[0], sinks[1]); /* the same name, the same number */
	ok(store_sink_load(c, "central", &sinks[1], err), err);
	for (int i = 0; i < 4; i++) {
		struct event ev = {.type = EVENT_ACCOUNT_REACHABLE,
				   .at_ms = T0 + i,
				   .account = (char *)"acme"};

		/* The third is owed to nobody. */
		ok(store_event_add(c, &ev, account_id, 0, 0, sinks, i == 2 ? 0 : 3, err),
		   err);
	}
	return 0;
}

struct owed {
	char text[1024];
};

static void on_outbox(const struct store_delivery *d, const struct event *ev, void *arg)
{
	struct owed *o = arg;

	ck_assert_int_eq(d->sequence, ev->sequence);
	ck_assert_int_eq(d->state, DELIVERY_PENDING);
	ck_assert_str_eq(ev->account, "acme");
	sprintf(o->text + strlen(o->text), "%d/%d/%s ", (int)d->sequence, d->attempts,
		d->error != NULL ? d->error : "-");
}

static void on_owed(const struct store_owed_event *e, void *arg)
{
	struct owed *o = arg;

	ck_assert_uint_eq(strlen(e->event_id), 36);
	sprintf(o->text + strlen(o->text), "%d:%s:%s ", (int)e->delivery.sequence,
		e->sink, store_delivery_state_name(e->delivery.state));
}

static int deliver(struct store_conn *c, void *arg, struct err *err)
{
	int64_t ops, central, gone, n;
	struct owed o = {""};

	(void)arg;
	ok(store_sink_load(c, "ops", &ops, err), err);
	ok(store_sink_load(c, "central", &central, err), err);
	ok(store_sink_load(c, "gone", &gone, err), err);
	ok(store_outbox_each(c, ops, 0, 100, on_outbox, &o, err), err);
	ck_assert_str_eq(o.text, "1/0/- 2/0/- 4/0/- ");
	ok(store_outbox_save(c, ops,
			     &(struct store_delivery){.sequence = 1,
						      .state = DELIVERY_DELIVERED,
						      .attempts = 1,
						      .ended_at_ms = T0,
						      .code = 204},
			     err),
	   err);
	ok(store_outbox_save(c, ops,
			     &(struct store_delivery){.sequence = 2,
						      .attempts = 3,
						      .first_at_ms = T0,
						      .next_at_ms = T0 + 500,
						      .code = 503,
						      .error = (char *)"HTTP 503"},
			     err),
	   err);
	ok(store_outbox_save(c, central,
			     &(struct store_delivery){.sequence = 4,
						      .state = DELIVERY_DEAD,
						      .attempts = 9,
						      .ended_at_ms = T0,
						      .error = (char *)"gave up"},
			     err),
	   err);
	o.text[0] = '\0';
	ok(store_outbox_each(c, ops, 0, 100, on_outbox, &o, err), err);
	ck_assert_str_eq(o.text, "2/3/HTTP 503 4/0/- ");
	o.text[0] = '\0';
	ok(store_outbox_each(c, ops, 2, 1, on_outbox, &o, err), err);
	ck_assert_str_eq(o.text, "4/0/- ");

	ok(store_outbox_cancel_others(c, (int64_t[]){ops, central}, 2, T0, &n, err), err);
	ck_assert_int_eq(n, 3);
	ok(store_outbox_cancel_others(c, (int64_t[]){ops, central}, 2, T0, &n, err), err);
	ck_assert_int_eq(n, 0);

	o.text[0] = '\0';
	ok(store_owed_after(c, STORE_OWED_ALL, 0, 0, 100, on_owed, &o, err), err);
	ck_assert_str_eq(o.text, "1:ops:delivered 1:central:pending 1:gone:canceled "
				 "2:ops:pending 2:central:pending 2:gone:canceled "
				 "4:ops:pending 4:central:dead 4:gone:canceled ");
	o.text[0] = '\0';
	ok(store_owed_after(c, STORE_OWED_ALL, 1, central, 3, on_owed, &o, err), err);
	ck_assert_str_eq(o.text, "1:gone:canceled 2:ops:pending 2:central:pending ");
	o.text[0] = '\0';
	ok(store_owed_after(c, STORE_OWED_FAILED, 0, 0, 100, on_owed, &o, err), err);
	ck_assert_str_eq(o.text, "2:ops:pending 4:central:dead ");
	return 0;
}

START_TEST(what_is_owed_stays_so_until_it_is_over)
{
	step(owe, NULL);
	reopen();
	step(deliver, NULL);
}
END_TEST

static int ending;

/* How the first event's delivery to ops goes on; what is 0 or NULL is not said. */
static const struct {
	struct store_delivery steps[2];
	bool cancel; /* behind the first step, at T0 + 7000 */
	const char *reads;
} endings[] = {
	{{{.state = DELIVERY_DELIVERED,
	   .attempts = 1,
	   .ended_at_ms = T0 + 40,
	   .code = 204}},
	 false,
	 "delivered 1 0 0 40 204 -"},
	{{{.state = DELIVERY_DELIVERED, .attempts = 1, .ended_at_ms = T0 - 3600000}},
	 false,
	 "delivered 1 0 0 -3600000 0 -"},
	{{{.attempts = 1,
	   .first_at_ms = T0 + 5,
	   .next_at_ms = T0 + 505,
	   .code = 503,
	   .error = (char *)"HTTP 503"}},
	 false,
	 "pending 1 5 505 0 503 HTTP 503"},
	{{{.attempts = 1,
	   .first_at_ms = T0 + 5,
	   .next_at_ms = T0 + 505,
	   .code = 503,
	   .error = (char *)"HTTP 503"},
	  {.state = DELIVERY_DELIVERED,
	   .attempts = 2,
	   .ended_at_ms = T0 + 600,
	   .code = 200}},
	 false,
	 "delivered 2 0 0 600 200 -"},
	{{{.state = DELIVERY_DEAD,
	   .attempts = 4,
	   .ended_at_ms = T0 + 60000,
	   .code = 400,
	   .error = (char *)"HTTP 400"}},
	 false,
	 "dead 4 0 0 60000 400 HTTP 400"},
	{{{.attempts = 3,
	   .first_at_ms = T0 + 5,
	   .next_at_ms = T0 + 505,
	   .code = 503,
	   .error = (char *)"HTTP 503"}},
	 true,
	 "canceled 3 0 0 7000 503 HTTP 503"},
	/* It was on its way when it was canceled, and came. */
	{{{0},
	  {.state = DELIVERY_DELIVERED,
	   .attempts = 1,
	   .ended_at_ms = T0 + 600,
	   .code = 200}},
	 true,
	 "delivered 1 0 0 600 200 -"},
};

static int64_t since_t0(int64_t at_ms)
{
	return at_ms != 0 ? at_ms - T0 : 0;
}

static void on_ending(const struct store_owed_event *e, void *arg)
{
	const struct store_delivery *d = &e->delivery;

	if (strcmp(e->sink, "ops") != 0 || d->sequence != 1)
		return;
	sprintf(arg, "%s %d %d %d %d %d %s", store_delivery_state_name(d->state),
		d->attempts, (int)since_t0(d->first_at_ms), (int)since_t0(d->next_at_ms),
		(int)since_t0(d->ended_at_ms), d->code,
		d->error != NULL ? d->error : "-");
}

static int end_delivery(struct store_conn *c, void *arg, struct err *err)
{
	int64_t ops, n;
	char text[200] = "";

	(void)arg;
	ok(store_sink_load(c, "ops", &ops, err), err);
	for (int i = 0; i < 2; i++) {
		struct store_delivery d = endings[ending].steps[i];

		d.sequence = 1;
		if (d.attempts > 0)
			ok(store_outbox_save(c, ops, &d, err), err);
		if (i == 0 && endings[ending].cancel)
			ok(store_outbox_cancel_others(c, NULL, 0, T0 + 7000, &n, err),
			   err);
	}
	ok(store_owed_after(c, STORE_OWED_ALL, 0, 0, 100, on_ending, text, err), err);
	ck_assert_str_eq(text, endings[ending].reads);
	return 0;
}

START_TEST(how_a_delivery_ended_reads_as_it_was_written)
{
	ending = _i;
	step(owe, NULL);
	step(end_delivery, NULL);
}
END_TEST

static int tell_lately(struct store_conn *c, void *arg, struct err *err)
{
	const struct store_delivery told[] = {
		{.sequence = 1,
		 .state = DELIVERY_DELIVERED,
		 .attempts = 1,
		 .ended_at_ms = T0 + 100},
		{.sequence = 2, .state = DELIVERY_CANCELED, .ended_at_ms = T0 + 200},
		{.sequence = 4, .attempts = 0, .first_at_ms = T0 + 300}, /* begun */
		{.sequence = 4, .attempts = 1, .first_at_ms = T0 + 400},
	};
	static const size_t n_after[] = {1, 1, 1, 2};
	int64_t ops, gone, at_ms[3];
	size_t n;

	(void)arg;
	ok(store_sink_load(c, "ops", &ops, err), err);
	ok(store_sink_load(c, "gone", &gone, err), err);
	for (size_t i = 0; i < COUNT(told); i++) {
		ok(store_outbox_save(c, ops, &told[i], err), err);
		ok(store_outbox_lately(c, ops, T0, at_ms, 3, &n, err), err);
		ck_assert_uint_eq(n, n_after[i]);
	}
	ck_assert_int_eq(at_ms[0], T0 + 400);
	ck_assert_int_eq(at_ms[1], T0 + 100);
	ok(store_outbox_lately(c, ops, T0, at_ms, 1, &n, err), err);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(at_ms[0], T0 + 400);
	ok(store_outbox_lately(c, ops, T0 + 400, at_ms, 3, &n, err), err);
	ck_assert_uint_eq(n, 0);
	ok(store_outbox_lately(c, gone, T0, at_ms, 3, &n, err), err);
	ck_assert_uint_eq(n, 0);
	return 0;
}

START_TEST(what_was_told_lately_is_what_was_tried_and_is_in_no_digest)
{
	step(owe, NULL);
	step(tell_lately, NULL);
}
END_TEST

/* ---- budgets ---- */

static int n_budgets;

static void on_budget(const struct store_budget *b, void *arg)
{
	(void)arg;
	(void)b;
	n_budgets++;
}

static int save_and_load_budget(struct store_conn *c, void *arg, struct err *err)
{
	struct store_budget b = {.group = "heavy",
				 .limit = 10,
				 .window_ms = 60000,
				 .remaining = -1,
				 .told_at_ms = 1,
				 .blocked_until_ms = 3,
				 .blocked_at_ms = 2,
				 .kinds = 5},
			    read;
	bool found;

	(void)arg;
	memset(b.scope, 'f', 64);
	ok(store_budget_load(c, b.scope, "heavy", &read, &found, err), err);
	ck_assert(!found);
	for (int round = 0; round < 3; round++) {
		b.n_slots = round == 0 ? 0 : round == 1 ? 3 : STORE_BUDGET_SLOTS;
		for (size_t i = 0; i < b.n_slots; i++)
			b.slots[i] = (struct store_budget_slot){T0 + (int64_t)i, 7};
		ok(store_budget_save(c, &b, err), err);
		ok(store_budget_load(c, b.scope, "heavy", &read, &found, err), err);
		ck_assert(found);
		ck_assert_int_eq(memcmp(&read, &b, sizeof b), 0);
	}
	strcpy(b.group, "light");
	ok(store_budget_save(c, &b, err), err);
	ok(store_budgets_each(c, on_budget, NULL, err), err);
	ck_assert_int_eq(n_budgets, 2);
	return 0;
}

START_TEST(a_budget_is_kept_as_it_is)
{
	step(save_and_load_budget, NULL);
}
END_TEST

static int save_and_cut_budgets(struct store_conn *c, void *arg, struct err *err)
{
	struct store_budget sooner = {.scope = "sooner",
				      .blocked_until_ms = T0 + 9,
				      .blocked_at_ms = T0},
			    later = {.scope = "later",
				     .blocked_until_ms = T0 + 900,
				     .blocked_at_ms = T0 + 860},
			    read;
	bool found;

	(void)arg;
	ok(store_budget_save(c, &sooner, err), err);
	ok(store_budget_save(c, &later, err), err);
	ok(store_budgets_cut(c, T0 + 1, err), err);
	ok(store_budget_load(c, "sooner", "", &read, &found, err), err);
	ck_assert_int_eq(read.blocked_until_ms, T0 + 9);
	ck_assert_int_eq(read.blocked_at_ms, T0);
	ok(store_budget_load(c, "later", "", &read, &found, err), err);
	ck_assert_int_eq(read.blocked_until_ms, T0 + 1 + 40);
	ck_assert_int_eq(read.blocked_at_ms, T0 + 1);
	return 0;
}

START_TEST(a_wait_that_is_told_in_the_future_is_told_now)
{
	step(save_and_cut_budgets, NULL);
}
END_TEST

/* ---- extensions ---- */

static struct buf extensions;

static void on_extension(const struct extension *x, void *arg)
{
	(void)arg;
	buf_printf(&extensions, "%s=%s ", x->id, x->name != NULL ? x->name : "(none)");
}

static int save_and_read_extensions(struct store_conn *c, void *arg, struct err *err)
{
	static const struct extension saved[] = {
		{(char *)"2", (char *)"Front desk"},
		{(char *)"1", NULL},
		{(char *)"3", (char *)"Gone"},
		{(char *)"2", (char *)"Reception"},
	};
	struct store_account a, b;

	(void)arg;
	buf_init(&extensions, 1000);
	ok(store_account_load(c, "acme", &a, err), err);
	ok(store_account_load(c, "other", &b, err), err);
	for (size_t i = 0; i < COUNT(saved); i++)
		ok(store_extension_save(c, a.account_id, &saved[i], err), err);
	ok(store_extension_save(c, b.account_id, &saved[0], err), err);
	ok(store_extension_remove(c, a.account_id, "3", err), err);
	ok(store_extensions_each(c, a.account_id, on_extension, NULL, err), err);
	ck_assert_str_eq(extensions.data, "1=(none) 2=Reception ");
	buf_clear(&extensions);
	store_account_clear(&a);
	store_account_clear(&b);
	return 0;
}

START_TEST(the_names_of_extensions_are_kept)
{
	step(save_and_read_extensions, NULL);
}
END_TEST

/* ---- plans ---- */

/* Those that walk through what may be long: without sorting, and without looking at it all. */
static const enum stmt walks[] = {
	STMT_DEVICES_AFTER, STMT_EVENTS,      STMT_EVENTS_SELECT, STMT_OWED_AFTER,
	STMT_FAILED_AFTER,  STMT_OUTBOX_OWED, STMT_LAST_SEQUENCE, STMT_DEVICE_LOAD};

static int explain(struct store_conn *c, void *arg, struct err *err)
{
	enum stmt stmt = *(const enum stmt *)arg;
	char *sql = mem_printf("EXPLAIN QUERY PLAN %s", sqlite3_sql(c->stmts[stmt]));
	sqlite3_stmt *st;
	int n = 0;

	(void)err;
	ck_assert_int_eq(sqlite3_prepare_v2(c->db, sql, -1, &st, NULL), 0);
	while (sqlite3_step(st) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(st, 3);

		n++;
		ck_assert_msg(strstr(line, "TEMP B-TREE") == NULL, "%s: %s", sql, line);
		/* Sinks are few. */
		ck_assert_msg(strncmp(line, "SCAN", 4) != 0 ||
				      strcmp(line, "SCAN k") == 0,
			      "%s: %s", sql, line);
	}
	ck_assert_int_gt(n, 0);
	sqlite3_finalize(st);
	free(sql);
	return 0;
}

START_TEST(long_walks_follow_an_index)
{
	step(explain, (void *)&walks[_i]);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{an_account_is_kept_as_it_is, 1},
		{accounts_come_by_name_with_their_counts, 1},
		{a_device_is_kept_as_it_is, 1},
		{a_mark_changes_what_it_names_and_nothing_else, 1},
		{a_device_that_is_not_there_is_none, 1},
		{listed_devices_come_in_order, 1},
		{an_event_stays_as_it_was_told, 1},
		{an_event_of_an_account_has_no_device, 1},
		{events_are_found_by_sequence_and_time, 1},
		{a_sequence_is_never_used_twice, 1},
		{what_is_owed_stays_so_until_it_is_over, 1},
		{how_a_delivery_ended_reads_as_it_was_written, COUNT(endings)},
		{what_was_told_lately_is_what_was_tried_and_is_in_no_digest, 1},
		{a_budget_is_kept_as_it_is, 1},
		{a_wait_that_is_told_in_the_future_is_told_now, 1},
		{the_names_of_extensions_are_kept, 1},
		{long_walks_follow_an_index, COUNT(walks)},
	};

	return suite_run("rows", tests, COUNT(tests), open_fresh, close_it);
}
