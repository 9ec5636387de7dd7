/* The reading and writing of rows: what store.h promises, statement by statement. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sqlite/conn.h"

/* Else we would go on writing, for nobody, to a file that has no name any more. */
static int check_place(struct store_conn *c, struct err *err)
{
	int moved = 0;

	if (sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) ==
		    SQLITE_OK &&
	    moved)
		return err_set(err, ERR_STORE,
			       "its file was deleted or moved; put it back, or restart"
			       " phonewatchd to begin a new one");
	return 0;
}

int store_begin(struct store_conn *c, struct err *err)
{
	if (check_place(c, err) != 0)
		return err->code;
	return conn_run(c, conn_bind(c, STMT_BEGIN, err, ""), err);
}

int store_commit(struct store_conn *c, struct err *err)
{
	return conn_run(c, conn_bind(c, STMT_COMMIT, err, ""), err);
}

void store_rollback(struct store_conn *c)
{
	struct err err; /* why we roll back has been told already */

	if (!sqlite3_get_autocommit(c->db))
		conn_run(c, conn_bind(c, STMT_ROLLBACK, &err, ""), &err);
}

int store_begin_read(struct store_conn *c, struct err *err)
{
	return conn_run(c, conn_bind(c, STMT_BEGIN_READ, err, ""), err);
}

void store_end_read(struct store_conn *c)
{
	store_rollback(c);
}

/* ---- accounts ---- */

const char *store_account_state_name(enum account_state state)
{
	static const char *const names[] = {"new", "reachable", "unreachable"};

	return names[state];
}

const char *store_route_name(enum store_route route)
{
	return route == ROUTE_EXTENSIONS ? "extensions" : "account";
}

void store_account_clear(struct store_account *a)
{
	free(a->name);
	free(a->reason);
	free(a->detail);
	free(a->budget_scope);
	free(a->budget_group);
	*a = (struct store_account){0};
}

static void read_account(sqlite3_stmt *st, struct store_account *into)
{
	*into = (struct store_account){
		.account_id = sqlite3_column_int64(st, 0),
		.name = conn_text(st, 1),
		.state = (enum account_state)sqlite3_column_int(st, 2),
		.reason = conn_text(st, 3),
		.detail = conn_text(st, 4),
		.since_at_ms = sqlite3_column_int64(st, 5),
		.swept = sqlite3_column_int(st, 6) != 0,
		.whole_sent_at_ms = sqlite3_column_int64(st, 7),
		.last_sweep_at_ms = sqlite3_column_int64(st, 8),
		.last_page_at_ms = sqlite3_column_int64(st, 9),
		.shrunk_since_at_ms = sqlite3_column_int64(st, 10),
		.interval_ms = sqlite3_column_int64(st, 11),
		.route = (enum store_route)sqlite3_column_int(st, 18),
		.route_tried_at_ms = sqlite3_column_int64(st, 19),
		.swept_sent_at_ms = sqlite3_column_int64(st, 20),
		.pages_unchanged = sqlite3_column_int64(st, 12),
		.records_unchanged = sqlite3_column_int64(st, 13),
		.records_parsed = sqlite3_column_int64(st, 14),
		.records_bad = sqlite3_column_int64(st, 15),
		.budget_scope = conn_text(st, 16),
		.budget_group = conn_text(st, 17),
	};
}

int store_account_load(struct store_conn *c, const char *name, struct store_account *into,
		       struct err *err)
{
	sqlite3_stmt *st;

	if (conn_run(c, conn_bind(c, STMT_ACCOUNT_ADD, err, "t", name), err) != 0)
		return err->code;
	st = conn_bind(c, STMT_ACCOUNT_LOAD, err, "t", name);
	if (st == NULL || conn_step(c, st, err) != 1)
		return err->code != 0
			       ? err->code
			       : err_set(err, ERR_STORE, "account %s: no row", name);
	read_account(st, into);
	return conn_run(c, st, err);
}

int store_account_save(struct store_conn *c, const struct store_account *a,
		       struct err *err)
{
	return conn_run(
		c,
		conn_bind(c, STMT_ACCOUNT_SAVE, err, "ittzizzzziiiiittizzi",
			  (int64_t)a->state, a->reason, a->detail, a->since_at_ms,
			  (int64_t)a->swept, a->whole_sent_at_ms, a->last_sweep_at_ms,
			  a->last_page_at_ms, a->shrunk_since_at_ms, a->interval_ms,
			  a->pages_unchanged, a->records_unchanged, a->records_parsed,
			  a->records_bad, a->budget_scope, a->budget_group,
			  (int64_t)a->route, a->route_tried_at_ms, a->swept_sent_at_ms,
			  a->account_id),
		err);
}

int store_account_count(struct store_conn *c, struct store_account *a, struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_ACCOUNT_COUNT, err, "ii", a->account_id,
				     a->last_page_at_ms - store_gap_ms(a->interval_ms));

	if (st == NULL || conn_step(c, st, err) != 1)
		return err->code;
	a->n_devices = sqlite3_column_int64(st, 0);
	a->n_online = sqlite3_column_int64(st, 1);
	a->n_offline = sqlite3_column_int64(st, 2);
	return conn_run(c, st, err);
}

static void clear_accounts(struct store_account *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		store_account_clear(&all[i]);
	free(all);
}

int store_accounts_uncounted(struct store_conn *c, struct store_account **out, size_t *n,
			     struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_ACCOUNTS, err, "");
	struct store_account *all = NULL;
	size_t count = 0, cap = 0;
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		all = mem_grow(all, count, &cap, sizeof *all);
		read_account(st, &all[count++]);
	}
	if (rc != 0) {
		clear_accounts(all, count);
		return rc;
	}
	*out = all;
	*n = count;
	return 0;
}

int store_accounts(struct store_conn *c, struct store_account **out, size_t *n,
		   struct err *err)
{
	struct store_account *all;
	size_t count;
	int rc = store_accounts_uncounted(c, &all, &count, err);

	if (rc != 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = store_account_count(c, &all[i], err);
	if (rc != 0) {
		clear_accounts(all, count);
		return rc;
	}
	*out = all;
	*n = count;
	return 0;
}

/* ---- devices ---- */

void store_device_clear(struct store_device *d)
{
	free(d->id);
	free(d->doc);
	free(d->facts);
	free(d->vendor_status);
	*d = (struct store_device){0};
}

/* See conn_vendor_status(). */
static const char *stored_vendor_status(enum device_status status, const char *word)
{
	return status == DEVICE_UNKNOWN ? word : NULL;
}

/* DEVICE_COLUMNS of conn.c. */
static void read_device(sqlite3_stmt *st, struct store_device *into)
{
	const void *digest = sqlite3_column_blob(st, 12);

	*into = (struct store_device){
		.device_id = sqlite3_column_int64(st, 0),
		.account_id = sqlite3_column_int64(st, 1),
		.id = conn_text(st, 2),
		.status = (enum device_status)sqlite3_column_int(st, 3),
		.last_known = (enum device_status)sqlite3_column_int(st, 4),
		.not_before_ms = sqlite3_column_int64(st, 6),
		.observed_at_ms = sqlite3_column_int64(st, 7),
		.has_location = sqlite3_column_type(st, 8) != SQLITE_NULL,
		.location_ms = sqlite3_column_int64(st, 8),
		.seen_at_ms = sqlite3_column_int64(st, 9),
		.lapsed = sqlite3_column_int(st, 10) != 0,
		.missed = sqlite3_column_int(st, 11),
		.removed_at_ms = sqlite3_column_int64(st, 13),
		.version_id = sqlite3_column_int64(st, 14),
	};
	into->vendor_status = conn_vendor_status(st, 5, into->status);
	if (digest != NULL && sqlite3_column_bytes(st, 12) == STORE_DIGEST_BYTES) {
		into->has_digest = true;
		memcpy(into->digest, digest, STORE_DIGEST_BYTES);
	}
}

int store_devices_each(struct store_conn *c, int64_t account_id,
		       void (*each)(const struct store_device *d, void *arg), void *arg,
		       struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_DEVICES_KNOWN, err, "i", account_id);
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		struct store_device d;

		read_device(st, &d);
		each(&d, arg);
		store_device_clear(&d);
	}
	return rc;
}

/* Steps st, which may be NULL, to its end. */
static int each_device(struct store_conn *c, sqlite3_stmt *st,
		       void (*each)(const struct store_device *d, void *arg), void *arg,
		       struct err *err)
{
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		struct store_device d;

		read_device(st, &d);
		d.facts = conn_text(st, 15);
		each(&d, arg);
		store_device_clear(&d);
	}
	return rc;
}

int store_devices_after(struct store_conn *c, int64_t account_id, const char *after,
			int64_t max,
			void (*each)(const struct store_device *d, void *arg), void *arg,
			struct err *err)
{
	return each_device(
		c, conn_bind(c, STMT_DEVICES_AFTER, err, "iti", account_id, after, max),
		each, arg, err);
}

int store_devices_ever_after(struct store_conn *c, int64_t account_id, const char *after,
			     int64_t max,
			     void (*each)(const struct store_device *d, void *arg),
			     void *arg, struct err *err)
{
	return each_device(
		c,
		conn_bind(c, STMT_DEVICES_EVER_AFTER, err, "iti", account_id, after, max),
		each, arg, err);
}

static int load_device(struct store_conn *c, sqlite3_stmt *st, struct store_device *into,
		       struct err *err)
{
	int rc = st != NULL ? conn_step(c, st, err) : err->code;

	*into = (struct store_device){0};
	if (rc != 1)
		return rc;
	read_device(st, into);
	into->facts = conn_text(st, 15);
	return conn_run(c, st, err);
}

int store_device_load_doc(struct store_conn *c, struct store_device *d, struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_DEVICE_DOC, err, "i", d->device_id);
	int rc = st != NULL ? conn_step(c, st, err) : err->code;

	if (rc != 1)
		return rc;
	free(d->doc);
	d->doc = conn_text(st, 0);
	return conn_run(c, st, err);
}

int store_device_load(struct store_conn *c, int64_t account_id, const char *id,
		      struct store_device *into, struct err *err)
{
	int rc = load_device(c, conn_bind(c, STMT_DEVICE_LOAD, err, "it", account_id, id),
			     into, err);

	if (rc == 0)
		rc = store_device_load_doc(c, into, err);
	if (rc != 0)
		store_device_clear(into);
	return rc;
}

int store_device_load_by_id(struct store_conn *c, int64_t device_id,
			    struct store_device *into, struct err *err)
{
	return load_device(c, conn_bind(c, STMT_DEVICE_LOAD_BY_ID, err, "i", device_id),
			   into, err);
}

static int save_version(struct store_conn *c, struct store_device *d, struct err *err)
{
	if (conn_run(c, conn_bind(c, STMT_VERSION_ADD, err, "it", d->device_id, d->facts),
		     err) != 0)
		return err->code;
	d->version_id = sqlite3_last_insert_rowid(c->db);
	return conn_run(c,
			conn_bind(c, STMT_DEVICE_SET_VERSION, err, "ii", d->version_id,
				  d->device_id),
			err);
}

static int save_state(struct store_conn *c, const struct store_device *d, struct err *err)
{
	return conn_run(c,
			conn_bind(c, STMT_STATE_SAVE, err, "iiitiioiiib", d->device_id,
				  (int64_t)d->status, (int64_t)d->last_known,
				  stored_vendor_status(d->status, d->vendor_status),
				  d->not_before_ms, d->observed_at_ms,
				  (int)d->has_location, d->location_ms, d->seen_at_ms,
				  (int64_t)d->lapsed, (int64_t)d->missed,
				  d->has_digest ? d->digest : NULL, STORE_DIGEST_BYTES),
			err);
}

static int set_removed(struct store_conn *c, int64_t device_id, int64_t removed_at_ms,
		       struct err *err)
{
	return conn_run(c,
			conn_bind(c, STMT_DEVICE_SET_REMOVED, err, "zi", removed_at_ms,
				  device_id),
			err);
}

int store_device_save(struct store_conn *c, struct store_device *d, struct err *err)
{
	bool is_new = d->device_id == 0;

	if (!is_new && past_of_device(c, d, err) != 0)
		return err->code;
	if (is_new) {
		if (conn_run(c,
			     conn_bind(c, STMT_DEVICE_ADD, err, "itt", d->account_id,
				       d->id, d->doc),
			     err) != 0)
			return err->code;
		d->device_id = sqlite3_last_insert_rowid(c->db);
	} else if (d->doc != NULL && conn_run(c,
					      conn_bind(c, STMT_DEVICE_SET_DOC, err, "ti",
							d->doc, d->device_id),
					      err) != 0) {
		return err->code;
	}
	if (d->version_id == 0 && save_version(c, d, err) != 0)
		return err->code;
	if (is_new ? past_of_device(c, d, err) != 0
		   : set_removed(c, d->device_id, d->removed_at_ms, err) != 0)
		return err->code;
	return save_state(c, d, err);
}

int store_device_mark(struct store_conn *c, int64_t device_id,
		      const struct store_mark *mark, struct err *err)
{
	if (past_of_mark(c, device_id, mark, err) != 0 ||
	    set_removed(c, device_id, mark->removed_at_ms, err) != 0)
		return err->code;
	return conn_run(c,
			conn_bind(c, STMT_STATE_MARK, err, "iiii", mark->seen_at_ms,
				  (int64_t)mark->lapsed, (int64_t)mark->missed,
				  device_id),
			err);
}

/* ---- events ---- */

static int add_event_row(struct store_conn *c, const struct event *ev, int64_t account_id,
			 int64_t device_id, int64_t version_id, const char *detail,
			 struct err *err)
{
	int of_device = device_id != 0;

	return conn_run(c,
			conn_bind(c, STMT_EVENT_ADD, err, "iiizzootoot",
				  (int64_t)ev->type, ev->at_ms, account_id, device_id,
				  version_id, of_device, (int64_t)ev->status, of_device,
				  (int64_t)ev->previous,
				  stored_vendor_status(ev->status, ev->vendor_status),
				  of_device, ev->not_before_ms, (int)ev->has_location,
				  ev->location_ms, detail),
			err);
}

int store_event_add(struct store_conn *c, struct event *ev, int64_t account_id,
		    int64_t device_id, int64_t version_id, const int64_t *sink_ids,
		    size_t n_sinks, struct err *err)
{
	char *detail = ev->detail != NULL ? json_dumps(ev->detail, JSON_COMPACT) : NULL;
	int rc = add_event_row(c, ev, account_id, device_id, version_id, detail, err);

	free(detail);
	if (rc != 0)
		return rc;
	ev->sequence = sqlite3_last_insert_rowid(c->db);
	event_id(ev->id, ev->at_ms, c->random, ev->sequence);
	for (size_t i = 0; rc == 0 && i < n_sinks; i++)
		rc = conn_run(c,
			      conn_bind(c, STMT_OUTBOX_ADD, err, "ii", sink_ids[i],
					ev->sequence),
			      err);
	return rc;
}

/* Steps st, which may be NULL, to its end. */
static int each_event(struct store_conn *c, sqlite3_stmt *st,
		      void (*each)(const struct event *ev, void *arg), void *arg,
		      struct err *err)
{
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		struct event ev;

		conn_read_event(c, st, 0, &ev);
		each(&ev, arg);
		event_clear(&ev);
	}
	return rc;
}

int store_events_each(struct store_conn *c, int64_t first, int64_t max,
		      void (*each)(const struct event *ev, void *arg), void *arg,
		      struct err *err)
{
	return each_event(c, conn_bind(c, STMT_EVENTS, err, "ii", first, max), each, arg,
			  err);
}

int store_events_select(struct store_conn *c, const struct store_event_filter *filter,
			int64_t first, int64_t max,
			void (*each)(const struct event *ev, void *arg), void *arg,
			struct err *err)
{
	return each_event(c,
			  conn_bind(c, STMT_EVENTS_SELECT, err, "iiiiii", first,
				    (int64_t)filter->types, filter->since_at_ms,
				    filter->until_at_ms, filter->before, max),
			  each, arg, err);
}

int store_last_sequence(struct store_conn *c, int64_t *sequence, struct err *err)
{
	return conn_number(c, conn_bind(c, STMT_LAST_SEQUENCE, err, ""), sequence, err);
}

int store_sequence_at(struct store_conn *c, int64_t at_ms, int64_t *sequence,
		      struct err *err)
{
	return conn_number(c, conn_bind(c, STMT_SEQUENCE_AT, err, "i", at_ms), sequence,
			   err);
}

/* ---- extensions ---- */

int store_extensions_each(struct store_conn *c, int64_t account_id,
			  void (*each)(const struct extension *x, void *arg), void *arg,
			  struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_EXTENSIONS, err, "i", account_id);
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		struct extension x = {conn_text(st, 0), conn_text(st, 1)};

		each(&x, arg);
		free(x.id);
		free(x.name);
	}
	return rc;
}

int store_extension_save(struct store_conn *c, int64_t account_id,
			 const struct extension *x, struct err *err)
{
	return conn_run(
		c,
		conn_bind(c, STMT_EXTENSION_SAVE, err, "itt", account_id, x->id, x->name),
		err);
}

int store_extension_remove(struct store_conn *c, int64_t account_id, const char *id,
			   struct err *err)
{
	return conn_run(c, conn_bind(c, STMT_EXTENSION_REMOVE, err, "it", account_id, id),
			err);
}

/* ---- budgets ---- */

static void read_budget(sqlite3_stmt *st, struct store_budget *into)
{
	size_t bytes = (size_t)sqlite3_column_bytes(st, 7);

	*into = (struct store_budget){
		.limit = sqlite3_column_int64(st, 2),
		.window_ms = sqlite3_column_int64(st, 3),
		.remaining = sqlite3_column_int64(st, 4),
		.told_at_ms = sqlite3_column_int64(st, 5),
		.blocked_until_ms = sqlite3_column_int64(st, 6),
		.kinds = sqlite3_column_int64(st, 8),
		.blocked_at_ms = sqlite3_column_int64(st, 9),
	};
	sqlite3_snprintf(sizeof into->scope, into->scope, "%s",
			 sqlite3_column_text(st, 0));
	sqlite3_snprintf(sizeof into->group, into->group, "%s",
			 sqlite3_column_text(st, 1));
	if (bytes > sizeof into->slots)
		bytes = sizeof into->slots;
	into->n_slots = bytes / sizeof *into->slots;
	if (bytes > 0)
		memcpy(into->slots, sqlite3_column_blob(st, 7), bytes);
}

int store_budgets_each(struct store_conn *c,
		       void (*each)(const struct store_budget *b, void *arg), void *arg,
		       struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_BUDGETS, err, "");
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		struct store_budget b;

		read_budget(st, &b);
		each(&b, arg);
	}
	return rc;
}

int store_budget_load(struct store_conn *c, const char *scope, const char *group,
		      struct store_budget *into, bool *found, struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_BUDGET_LOAD, err, "tt", scope, group);
	int rc = st != NULL ? conn_step(c, st, err) : err->code;

	*found = rc == 1;
	if (rc != 1)
		return rc;
	read_budget(st, into);
	return conn_run(c, st, err);
}

int store_budget_save(struct store_conn *c, const struct store_budget *b, struct err *err)
{
	return conn_run(c,
			conn_bind(c, STMT_BUDGET_SAVE, err, "ttiiizzbiz", b->scope,
				  b->group, b->limit, b->window_ms, b->remaining,
				  b->told_at_ms, b->blocked_until_ms,
				  b->n_slots > 0 ? b->slots : NULL,
				  (int)(b->n_slots * sizeof *b->slots), b->kinds,
				  b->blocked_at_ms),
			err);
}

int store_budgets_cut(struct store_conn *c, int64_t now_at_ms, struct err *err)
{
	return conn_run(c, conn_bind(c, STMT_BUDGETS_CUT, err, "i", now_at_ms), err);
}
