/* A connection to SQLite and its statements. Private to store/sqlite. */
#ifndef STORE_SQLITE_CONN_H
#define STORE_SQLITE_CONN_H

#include <sqlite3.h>

#include "store/store.h"

enum stmt {
	STMT_BEGIN,
	STMT_BEGIN_READ,
	STMT_COMMIT,
	STMT_ROLLBACK,
	STMT_DATA_VERSION,
	STMT_META,
	STMT_ACCOUNT_ADD,
	STMT_ACCOUNT_LOAD,
	STMT_ACCOUNTS,
	STMT_ACCOUNT_SAVE,
	STMT_ACCOUNT_COUNT,
	STMT_EXTENSIONS,
	STMT_EXTENSION_SAVE,
	STMT_EXTENSION_REMOVE,
	STMT_DEVICES_KNOWN,
	STMT_DEVICES_AFTER,
	STMT_DEVICES_EVER_AFTER,
	STMT_DEVICE_LOAD,
	STMT_DEVICE_LOAD_BY_ID,
	STMT_DEVICE_DOC,
	STMT_DEVICE_ADD,
	STMT_DEVICE_SET_DOC,
	STMT_DEVICE_SET_VERSION,
	STMT_DEVICE_SET_REMOVED,
	STMT_VERSION_ADD,
	STMT_STATE_SAVE,
	STMT_STATE_MARK,
	STMT_STATE_BEFORE,
	STMT_SPAN_ADD,
	STMT_SPANS,
	STMT_GAP_ADD,
	STMT_GAPS,
	STMT_DAYS,
	STMT_DAYS_LAST,
	STMT_DAYS_SAVE,
	STMT_DAYS_REMOVE,
	STMT_DAYS_NOTE,
	STMT_DAYS_DEVICES,
	STMT_PLACE_ADD,
	STMT_PLACE_LOAD,
	STMT_PLACES,
	STMT_EVENT_ADD,
	STMT_EVENTS,
	STMT_EVENTS_SELECT,
	STMT_LAST_SEQUENCE,
	STMT_SEQUENCE_AT,
	STMT_SINK_ADD,
	STMT_SINK_LOAD,
	STMT_OUTBOX_ADD,
	STMT_OUTBOX_OWED,
	STMT_OWED_AFTER,
	STMT_FAILED_AFTER,
	STMT_OUTBOX_SAVE,
	STMT_OUTBOX_REMOVE,
	STMT_OUTBOX_AGAIN,
	STMT_DELIVERY_REMOVE,
	STMT_DELIVERY_SAVE,
	STMT_TROUBLE_SAVE,
	STMT_TROUBLE_REMOVE,
	STMT_CANCEL_DELIVERY,
	STMT_CANCEL_TROUBLE,
	STMT_CANCEL_OUTBOX,
	STMT_OUTBOX_SINKS,
	STMT_OUTBOX_LATELY,
	STMT_OUTBOX_ANSWERED,
	STMT_FIRST_EVENT,
	STMT_FIRST_DELIVERY,
	STMT_EVENT_NEXT,
	STMT_FORGET_DELIVERIES,
	STMT_FORGET_TROUBLE,
	STMT_FORGET_EVENTS,
	STMT_DEVICE_NEXT,
	STMT_FORGET_SPANS,
	STMT_FORGET_GAPS,
	STMT_FORGET_DAYS,
	STMT_EVENT_SINKS,
	STMT_ALERT_ADD,
	STMT_ALERT_SAVE,
	STMT_ALERT_FORGET,
	STMT_ALERTS_LIVE,
	STMT_ALERTS_ALL,
	STMT_FORGET_ALERTS,
	STMT_BUDGETS,
	STMT_BUDGET_LOAD,
	STMT_BUDGET_SAVE,
	STMT_BUDGETS_CUT,
	STMT_SILENCE_ADD,
	STMT_SILENCES,
	STMT_SILENCE_END,
	STMT_SILENCES_CLEARED,
	STMT_FORGET_SILENCES,
	N_STMTS
};

struct store_conn {
	sqlite3 *db;
	sqlite3_stmt
		*stmts[N_STMTS]; /* prepared at open, or where first used by a reader */
	int64_t random;          /* the database's */
	int64_t days_end; /* of a writer: no device has a sum of this day or a later one */
	unsigned char secret[STORE_SECRET_BYTES];
	int wal_pages;    /* in the log after the last commit */
	char *path;       /* of a reader: to open it again */
	bool immutable;   /* a reader of a database that nobody writes */
	int64_t reopened; /* how often a reader was opened again */
};

/* SQLite's message as an ERR_STORE. */
int conn_error(struct store_conn *c, struct err *err);
/* Whether a statement that ended so is to be tried again, after a pause: a reader that may not
 * write the log's index has come upon it while somebody else did. For a while; what a crash has left
 * stays as it is. n_tries: 0 at first. */
bool conn_passes(int rc, int *n_tries);

/* Where the statements are; all of them, so that one that does not fit the schema stops the
 * start. */
int conn_prepare_all(struct store_conn *c, struct err *err);

/*
 * Bind values to a statement, one letter each in order of its parameters:
 *   i  int64_t
 *   t  const char *, NULL for null
 *   z  int64_t, null where it is 0
 *   o  int (whether there is one), int64_t
 *   b  const void *, int (bytes); NULL for null
 * Returns NULL where it cannot be prepared.
 */
sqlite3_stmt *conn_bind(struct store_conn *c, enum stmt stmt, struct err *err,
			const char *types, ...);

/* 1 for a row, 0 for the end, else ERR_STORE; after the last two the statement is reset. */
int conn_step(struct store_conn *c, sqlite3_stmt *st, struct err *err);
/* Run a statement without rows. NULL (of conn_bind) is an error already told. */
int conn_run(struct store_conn *c, sqlite3_stmt *st, struct err *err);

/* The one number that a statement answers with. NULL (of conn_bind) is an error already told. */
int conn_number(struct store_conn *c, sqlite3_stmt *st, int64_t *out, struct err *err);

/* A column's text, copied; NULL for null. */
char *conn_text(sqlite3_stmt *st, int column);

/* The vendor's word for a status: the column has it only where the status does not say it. The
 * caller frees it; NULL where there was none. */
char *conn_vendor_status(sqlite3_stmt *st, int column, enum device_status status);
/* What that column is to have: the word, or NULL. */
const char *conn_stored_vendor_status(enum device_status status, const char *word);

/* Every event query has these columns, from this one on; see STMT_EVENTS. */
void conn_read_event(struct store_conn *c, sqlite3_stmt *st, int column,
		     struct event *into);

/* In a transaction, ahead of what changes a device's row: write what that makes of its past. */
int past_of_device(struct store_conn *c, const struct store_device *d, struct err *err);
int past_of_mark(struct store_conn *c, int64_t device_id, const struct store_mark *mark,
		 struct err *err);

/* In a transaction: the past of a device, or with device_id 0 of all of the account, is written from
 * this time on. Sums of its days are wrong then. */
int days_void(struct store_conn *c, int64_t account_id, int64_t device_id,
	      int64_t from_ms, struct err *err);
/* Read what stands in its blob. False where it is damaged. */
bool days_decode(struct store_days *into, const void *bytes, size_t len);

int conn_exec(struct store_conn *c, const char *sql, struct err *err);
void conn_close(struct store_conn *c);

/* Whether the database at path is one that a daemon may open: ours, of a schema that we know or
 * can bring up to date, or empty. Looks without the right to write, so that another program's
 * stays as it is. What cannot be looked at so is not refused here. */
int reader_check(const char *path, struct err *err);

/* Bring the schema up to date, or make it. */
int migrate(struct store_conn *c, struct err *err);
/* Whether migrate() could. */
int migrate_is_possible(struct store_conn *c, struct err *err);
/* Whether this is a database of phonewatch of the schema that we know. */
int migrate_check(struct store_conn *c, struct err *err);

#endif
