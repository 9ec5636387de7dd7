#include "lib/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/device.h"

/* Not Check's: this runs in helper processes too. */
static void require(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "# %s\n", what);
	abort();
}

void database_open(struct database *db, const char *path)
{
	struct err err = {0};

	require(uv_loop_init(&db->loop) == 0, "uv_loop_init");
	require(store_open(path, &db->loop, &db->store, &err) == 0, err.text);
}

void database_close(struct database *db)
{
	store_close(db->store);
	uv_run(&db->loop, UV_RUN_DEFAULT);
	require(uv_loop_close(&db->loop) == 0, "a handle was forgotten");
}

/* ---- jobs ---- */

struct job {
	struct store_job job;
	database_cb fn;
	void *arg;
	int rc;
	int done;
};

static int on_run(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct job *j = (struct job *)job;

	return j->fn(c, j->arg, err);
}

static void on_done(struct store_job *job, int rc)
{
	struct job *j = (struct job *)job;

	j->rc = rc;
	j->done++;
}

int database_run(struct database *db, database_cb fn, void *arg, struct err *err)
{
	struct job j = {.job = {.run = on_run, .on_done = on_done}, .fn = fn, .arg = arg};

	store_submit(db->store, &j.job);
	uv_run(&db->loop, UV_RUN_DEFAULT);
	require(j.done == 1, "on_done came not exactly once");
	if (err != NULL)
		*err = j.job.err;
	return j.rc;
}

struct write {
	database_cb fn;
	void *arg;
};

static int run_write(struct store_conn *c, void *arg, struct err *err)
{
	struct write *w = arg;

	if (store_begin(c, err) != 0 || w->fn(c, w->arg, err) != 0)
		return err->code;
	return store_commit(c, err);
}

void database_write(struct database *db, database_cb fn, void *arg)
{
	struct write w = {fn, arg};
	struct err err = {0};

	require(database_run(db, run_write, &w, &err) == 0, err.text);
}

/* ---- rows ---- */

static int save_account(struct store_conn *c, void *arg, struct err *err)
{
	struct store_account a = *(const struct store_account *)arg, stored;

	if (store_account_load(c, a.name, &stored, err) != 0)
		return err->code;
	a.account_id = stored.account_id;
	store_account_clear(&stored);
	return store_account_save(c, &a, err);
}

void database_set_account(struct database *db, const struct store_account *a)
{
	database_write(db, save_account, (void *)a);
}

static void set_nested(json_t *record, const char *object, const char *member,
		       const char *text)
{
	if (text != NULL)
		json_object_set_new(record, object, json_pack("{s:s}", member, text));
}

static json_t *record_of(const struct database_device *d)
{
	json_t *record = json_pack("{s:s, s:s?, s:s}", "id", d->id, "name", d->name,
				   "type", d->type != NULL ? d->type : "HardPhone");

	set_nested(record, "extension", "extensionNumber", d->extension);
	set_nested(record, "site", "name", d->site);
	set_nested(record, "model", "name", d->model);
	if (d->number != NULL)
		json_object_set_new(
			record, "phoneLines",
			json_pack("[{s:{s:s}}]", "phoneInfo", "phoneNumber", d->number));
	if (d->more != NULL) {
		json_t *more = json_loads(d->more, 0, NULL);

		require(more != NULL, "more of a record is no JSON");
		json_object_update(record, more);
		json_decref(more);
	}
	return record;
}

static int save_device(struct store_conn *c, void *arg, struct err *err)
{
	const struct database_device *d = arg;
	struct device device = {.id = (char *)d->id, .record = record_of(d)};
	json_t *facts = device_facts(&device);
	struct store_account account;
	struct store_device row;
	int rc;

	if (store_account_load(c, d->account, &account, err) != 0 ||
	    store_device_load(c, account.account_id, d->id, &row, err) != 0)
		return err->code;
	free(row.doc);
	free(row.facts);
	free(row.vendor_status);
	if (row.id == NULL)
		row.id = mem_strdup(d->id);
	row.account_id = account.account_id;
	row.doc = json_dumps(device.record, JSON_COMPACT);
	row.facts = json_dumps(facts, JSON_COMPACT);
	row.version_id = 0;
	row.status = d->status;
	row.last_known = d->status != DEVICE_UNKNOWN ? d->status : d->last_known;
	row.vendor_status =
		d->vendor_status != NULL ? mem_strdup(d->vendor_status) : NULL;
	row.not_before_ms = row.observed_at_ms = d->observed_at_ms;
	row.absent_since_ms = d->absent_since_ms;
	row.seen_at_ms = d->seen_at_ms != 0 ? d->seen_at_ms : d->observed_at_ms;
	row.has_location = d->location_ms != 0;
	row.location_ms = d->location_ms;
	row.missed = d->missed;
	row.lapsed = d->lapsed || d->missed > 0;
	rc = store_device_save(c, &row, err);
	store_device_clear(&row);
	store_account_clear(&account);
	json_decref(facts);
	json_decref(device.record);
	return rc;
}

void database_set_device(struct database *db, const struct database_device *d)
{
	database_write(db, save_device, (void *)d);
}

struct transition {
	const char *account, *id;
	enum device_status to;
	int64_t not_before_ms, at_ms, sequence;
};

static int save_transition(struct store_conn *c, void *arg, struct err *err)
{
	struct transition *t = arg;
	struct event ev = {.at_ms = t->at_ms,
			   .account = (char *)t->account,
			   .device_id = (char *)t->id,
			   .status = t->to,
			   .not_before_ms = t->not_before_ms,
			   .type = t->to == DEVICE_ONLINE    ? EVENT_DEVICE_ONLINE
				   : t->to == DEVICE_OFFLINE ? EVENT_DEVICE_OFFLINE
							     : EVENT_DEVICE_UNKNOWN};
	struct store_account account;
	struct store_device d;
	int rc;

	if (store_account_load(c, t->account, &account, err) != 0 ||
	    store_device_load(c, account.account_id, t->id, &d, err) != 0)
		return err->code;
	ev.previous = d.status;
	d.status = t->to;
	d.last_known = t->to != DEVICE_UNKNOWN ? t->to : d.last_known;
	d.not_before_ms = t->not_before_ms;
	d.observed_at_ms = d.seen_at_ms = t->at_ms;
	rc = store_device_save(c, &d, err);
	if (rc == 0)
		rc = store_event_add(c, &ev, d.account_id, d.device_id, d.version_id,
				     NULL, 0, err);
	t->sequence = ev.sequence;
	store_device_clear(&d);
	store_account_clear(&account);
	return rc;
}

int64_t database_transition(struct database *db, const char *account, const char *id,
			    enum device_status to, int64_t not_before_ms, int64_t at_ms)
{
	struct transition t = {account, id, to, not_before_ms, at_ms, 0};

	database_write(db, save_transition, &t);
	return t.sequence;
}
