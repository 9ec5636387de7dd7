/* Rows of devices, and the versions of their records. */
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/conn.h"

void store_device_clear(struct store_device *d)
{
	free(d->id);
	free(d->doc);
	free(d->facts);
	free(d->vendor_status);
	*d = (struct store_device){0};
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
				  conn_stored_vendor_status(d->status, d->vendor_status),
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
