/* The schema, as the steps that lead to it. A step never changes once released. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/sqlite/conn.h"

#define APPLICATION_ID \
	1886871924 /* "pwat", for file(1) and for us: PRAGMA application_id */

/* Times are UTC milliseconds; a null time is "never". */
static const char *const migrations[] = {
	/* 0 -> 1 */
	"CREATE TABLE meta ("
	"  one INTEGER PRIMARY KEY CHECK (one = 1),"
	"  random INTEGER NOT NULL," /* 34 bits, in every event's id */
	"  secret BLOB NOT NULL"     /* keys the digests */
	") STRICT;"

	"CREATE TABLE account ("
	"  account_id INTEGER PRIMARY KEY,"
	"  name TEXT NOT NULL UNIQUE,"        /* its title in the configuration */
	"  state INTEGER NOT NULL DEFAULT 0," /* enum account_state */
	"  reason TEXT, detail TEXT,"         /* why it is unreachable */
	"  since_ms INTEGER,"                 /* of the state */
	"  swept INTEGER NOT NULL DEFAULT 0," /* the first sweep is over */
	"  whole_sent_ms INTEGER,"            /* start of the last whole sweep */
	"  last_sweep_ms INTEGER,"            /* end of the last sweep with every page */
	"  last_page_ms INTEGER,"
	"  shrunk_since_ms INTEGER,"
	"  interval_ms INTEGER NOT NULL DEFAULT 0,"     /* effective */
	"  pages_unchanged INTEGER NOT NULL DEFAULT 0," /* these four of the last sweep */
	"  records_unchanged INTEGER NOT NULL DEFAULT 0,"
	"  records_parsed INTEGER NOT NULL DEFAULT 0,"
	"  records_bad INTEGER NOT NULL DEFAULT 0,"
	"  budget_scope TEXT, budget_group TEXT" /* of the device list */
	") STRICT;"

	/* What rarely changes of a device ... */
	"CREATE TABLE device ("
	"  device_id INTEGER PRIMARY KEY,"
	"  account_id INTEGER NOT NULL REFERENCES account,"
	"  id TEXT NOT NULL,"            /* the vendor's */
	"  doc TEXT NOT NULL,"           /* its record, JSON, without what state has */
	"  version_id INTEGER NOT NULL," /* its facts now */
	"  removed_ms INTEGER,"
	"  UNIQUE (account_id, id)"
	") STRICT;"

	/* ... its facts at a time, which events point to ... */
	"CREATE TABLE device_version ("
	"  version_id INTEGER PRIMARY KEY,"
	"  device_id INTEGER NOT NULL REFERENCES device,"
	"  facts TEXT NOT NULL" /* JSON */
	") STRICT;"

	/* ... and what changes often. */
	"CREATE TABLE device_state ("
	"  device_id INTEGER PRIMARY KEY REFERENCES device,"
	"  status INTEGER NOT NULL,"        /* enum device_status */
	"  last_known INTEGER NOT NULL,"    /* the last that was not Unknown */
	"  vendor_status TEXT,"             /* only where status does not say it */
	"  not_before_ms INTEGER NOT NULL," /* of the last transition */
	"  observed_ms INTEGER NOT NULL,"
	"  location_ms INTEGER,"
	"  seen_ms INTEGER NOT NULL,"
	"  lapsed INTEGER NOT NULL," /* the last whole sweep did not show it */
	"  missed INTEGER NOT NULL," /* whole lists in a row without it */
	"  digest BLOB"              /* of its record's bytes */
	") STRICT;"

	"CREATE TABLE event ("
	"  sequence INTEGER PRIMARY KEY AUTOINCREMENT," /* never used twice */
	"  type INTEGER NOT NULL,"                      /* enum event_type */
	"  at_ms INTEGER NOT NULL,"                     /* observed_at */
	"  account_id INTEGER NOT NULL REFERENCES account,"
	"  device_id INTEGER REFERENCES device,"
	"  version_id INTEGER REFERENCES device_version,"
	"  status INTEGER, previous INTEGER,"
	"  vendor_status TEXT," /* only where status does not say it */
	"  not_before_ms INTEGER, location_ms INTEGER,"
	"  detail TEXT" /* JSON */
	") STRICT;"

	"CREATE TABLE sink ("
	"  sink_id INTEGER PRIMARY KEY,"
	"  name TEXT NOT NULL UNIQUE"
	") STRICT;"

	"CREATE TABLE outbox ("
	"  sink_id INTEGER NOT NULL REFERENCES sink,"
	"  sequence INTEGER NOT NULL REFERENCES event,"
	"  state INTEGER NOT NULL DEFAULT 0," /* enum delivery_state */
	"  attempts INTEGER NOT NULL DEFAULT 0,"
	"  first_ms INTEGER, next_ms INTEGER, ended_ms INTEGER,"
	"  code INTEGER, error TEXT,"
	"  PRIMARY KEY (sink_id, sequence)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX outbox_owed ON outbox (sink_id, sequence) WHERE state = 0;"

	"CREATE TABLE budget ("
	"  scope TEXT NOT NULL,"  /* hex digest of who shares it */
	"  grp TEXT NOT NULL,"    /* the vendor's name of the group */
	"  max INTEGER NOT NULL," /* requests a window */
	"  window_ms INTEGER NOT NULL,"
	"  remaining INTEGER NOT NULL," /* -1: never told */
	"  told_ms INTEGER,"
	"  blocked_until_ms INTEGER,"
	"  sent BLOB," /* pairs of time and number, int64 in the machine's order */
	"  PRIMARY KEY (scope, grp)"
	") STRICT, WITHOUT ROWID;",

	/* 1 -> 2 */
	"ALTER TABLE account ADD COLUMN route INTEGER NOT NULL DEFAULT 0;" /* enum
									      store_route */
	"ALTER TABLE account ADD COLUMN route_tried_ms INTEGER;"
	"ALTER TABLE budget ADD COLUMN kinds INTEGER NOT NULL DEFAULT 0;" /* of requests,
									      a bit each */
	"CREATE TABLE extension ("
	"  account_id INTEGER NOT NULL REFERENCES account,"
	"  id TEXT NOT NULL," /* the vendor's */
	"  name TEXT,"
	"  PRIMARY KEY (account_id, id)"
	") STRICT, WITHOUT ROWID;",

	/* 2 -> 3: what was. By device, so that the past of one lies together. */
	"CREATE TABLE span ("
	"  device_id INTEGER NOT NULL REFERENCES device,"
	"  from_ms INTEGER NOT NULL," /* observed_at of the transition */
	"  lead_ms INTEGER NOT NULL," /* its not_before was so long before */
	"  state INTEGER NOT NULL,"   /* enum store_span_state */
	"  PRIMARY KEY (device_id, from_ms)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE gap ("
	"  account_id INTEGER NOT NULL REFERENCES account,"
	"  device_id INTEGER NOT NULL," /* 0: all of the account */
	"  from_ms INTEGER NOT NULL,"
	"  to_ms INTEGER NOT NULL,"
	"  why INTEGER NOT NULL," /* enum store_gap_why */
	"  PRIMARY KEY (account_id, device_id, from_ms)"
	") STRICT, WITHOUT ROWID;"
	/* When nobody looked was not written down until now: the past begins with what was last
	 * seen. */
	"INSERT INTO span SELECT device_id, shown_ms, shown_ms - min(not_before_ms, shown_ms),"
	" status FROM (SELECT s.device_id, s.status, s.not_before_ms, max(s.observed_ms,"
	" s.seen_ms, CASE WHEN s.lapsed = 0 THEN coalesce(a.whole_sent_ms, 0) ELSE 0 END)"
	" AS shown_ms FROM device_state s JOIN device d USING (device_id)"
	" JOIN account a USING (account_id) WHERE d.removed_ms IS NULL);",
	/* 3 -> 4 */
	"CREATE TABLE silence ("
	"  silence_id INTEGER PRIMARY KEY AUTOINCREMENT," /* never used twice */
	"  matches TEXT NOT NULL," /* a JSON array of "KEY=PATTERN" */
	"  alert TEXT,"            /* the key of the only one it is of */
	"  from_ms INTEGER NOT NULL,"
	"  until_ms INTEGER," /* null: no end */
	"  every TEXT,"       /* model/window.h; null: always */
	"  reason TEXT,"
	"  made_ms INTEGER NOT NULL, made_by TEXT NOT NULL,"
	"  ended_ms INTEGER, ended_by TEXT" /* before its time */
	") STRICT;",

	/* 4 -> 5: the sums of days, a month or so of one device in a row. */
	"CREATE TABLE place ("
	"  place_id INTEGER PRIMARY KEY,"
	"  account_id INTEGER NOT NULL REFERENCES account,"
	"  site TEXT NOT NULL, model TEXT NOT NULL," /* empty: none */
	"  UNIQUE (account_id, site, model)"
	") STRICT;"
	"CREATE TABLE days ("
	"  device_id INTEGER NOT NULL REFERENCES device,"
	"  first_day INTEGER NOT NULL," /* days since 1970, UTC */
	"  place_id INTEGER NOT NULL REFERENCES place,"
	"  n_days INTEGER NOT NULL," /* in a row, 32 at most */
	"  sums BLOB NOT NULL,"      /* see days.c */
	"  PRIMARY KEY (device_id, first_day)"
	") STRICT, WITHOUT ROWID;"
	"ALTER TABLE meta ADD COLUMN days_end INTEGER NOT NULL DEFAULT 0;", /* all are
									       before */
	/* 5 -> 6: alerts, the living and those that were told. */
	"CREATE TABLE alert ("
	"  alert_id INTEGER PRIMARY KEY,"
	"  account_id INTEGER NOT NULL REFERENCES account,"
	"  kind INTEGER NOT NULL,"     /* enum alert_kind */
	"  state INTEGER NOT NULL,"    /* enum alert_state */
	"  subject TEXT NOT NULL,"     /* the ID of its key */
	"  device_id INTEGER,"         /* null: of a site or an account */
	"  since_ms INTEGER NOT NULL," /* when its condition was first seen */
	"  over_ms INTEGER,"           /* since when it does not hold any more */
	"  fired_ms INTEGER, resolved_ms INTEGER,"
	"  reason INTEGER," /* enum alert_end */
	"  why TEXT,"       /* of monitor_blind */
	"  rule TEXT NOT NULL,"
	"  name TEXT,"              /* of the site */
	"  count INTEGER NOT NULL," /* devices */
	"  absorbed_by INTEGER,"    /* the alert that is told instead */
	"  fired_sequence INTEGER, resolved_sequence INTEGER," /* events */
	"  told_ms INTEGER,"                                   /* last */
	"  repeats INTEGER NOT NULL,"                          /* reminders */
	"  silenced_by INTEGER"
	") STRICT;"
	"CREATE UNIQUE INDEX alert_live ON alert (account_id, kind, subject) WHERE state < 3;"
	"CREATE INDEX alert_told ON alert (fired_sequence) WHERE state = 2;"
	"CREATE INDEX alert_over ON alert (resolved_ms) WHERE state = 3;",

	/* 6 -> 7: only what is owed stays in outbox. */
	"CREATE TABLE delivery ("
	"  sequence INTEGER NOT NULL REFERENCES event,"
	"  sink_id INTEGER NOT NULL REFERENCES sink,"
	"  took_ms INTEGER NOT NULL," /* it ended so long after the event's time */
	"  code INTEGER,"
	"  PRIMARY KEY (sequence, sink_id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE trouble (" /* of a delivery; none: delivered at the first attempt */
	"  sequence INTEGER NOT NULL,"
	"  sink_id INTEGER NOT NULL,"
	"  state INTEGER NOT NULL," /* enum delivery_state */
	"  attempts INTEGER NOT NULL,"
	"  error TEXT,"
	"  PRIMARY KEY (sequence, sink_id),"
	"  FOREIGN KEY (sequence, sink_id) REFERENCES delivery"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO delivery SELECT o.sequence, o.sink_id, o.ended_ms - e.at_ms, o.code"
	" FROM outbox o JOIN event e USING (sequence) WHERE o.state <> 0"
	" ORDER BY o.sequence, o.sink_id;"
	"INSERT INTO trouble SELECT sequence, sink_id, state, attempts, error FROM outbox"
	" WHERE state > 1 OR (state = 1 AND (attempts <> 1 OR error IS NOT NULL))"
	" ORDER BY sequence, sink_id;"
	"ALTER TABLE outbox RENAME TO outbox_before;"
	"CREATE TABLE outbox ("
	"  sink_id INTEGER NOT NULL REFERENCES sink,"
	"  sequence INTEGER NOT NULL REFERENCES event,"
	"  attempts INTEGER NOT NULL DEFAULT 0,"
	"  first_ms INTEGER, next_ms INTEGER,"
	"  code INTEGER, error TEXT,"
	"  PRIMARY KEY (sink_id, sequence)"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO outbox SELECT sink_id, sequence, attempts, first_ms, next_ms, code, error"
	" FROM outbox_before WHERE state = 0;"
	"DROP TABLE outbox_before;",

	/* 7 -> 8: when a penalty was told. Until now it was an hour at most. */
	("ALTER TABLE budget ADD COLUMN blocked_at_ms INTEGER;"
	 "UPDATE budget SET blocked_at_ms = blocked_until_ms - 3600000;"),

	/* 8 -> 9: the start of the sweep with which the first one was over; null: not known. */
	"ALTER TABLE account ADD COLUMN swept_sent_ms INTEGER;",

	/* 9 -> 10: how long what an alert waits for has to last; null: not known. */
	"ALTER TABLE alert ADD COLUMN hold_ms INTEGER;",
};

#define SCHEMA_VERSION ((int)COUNT(migrations))

static int pragma_number(struct store_conn *c, const char *sql, int64_t *out,
			 struct err *err)
{
	sqlite3_stmt *st = NULL;
	int n_tries = 0, rc;

	*out = 0;
	do {
		rc = sqlite3_prepare_v2(c->db, sql, -1, &st, NULL);
		if (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
			*out = sqlite3_column_int64(st, 0);
		if (rc == SQLITE_OK)
			rc = sqlite3_finalize(st);
	} while (conn_passes(rc, &n_tries));
	return rc == SQLITE_OK ? 0 : conn_error(c, err);
}

static int read_version(struct store_conn *c, int64_t *version, int64_t *n_tables,
			struct err *err)
{
	int64_t application;

	if (pragma_number(c, "PRAGMA application_id", &application, err) != 0 ||
	    pragma_number(c, "PRAGMA user_version", version, err) != 0 ||
	    pragma_number(c, "SELECT count(*) FROM sqlite_schema", n_tables, err) != 0)
		return err->code;
	if (application != APPLICATION_ID && (*version != 0 || *n_tables > 0))
		return err_set(err, ERR_STORE, "another program's database");
	if (*version > SCHEMA_VERSION)
		return err_set(
			err, ERR_STORE,
			"its schema is version %d, this program knows up to %d; it was"
			" written by a newer phonewatch",
			(int)*version, SCHEMA_VERSION);
	return 0;
}

static int add_meta(struct store_conn *c, struct err *err)
{
	unsigned char secret[STORE_SECRET_BYTES];
	int64_t random;
	sqlite3_stmt *st;
	int rc;

	random_bytes(&random, sizeof random);
	random_bytes(secret, sizeof secret);
	if (sqlite3_prepare_v2(c->db,
			       "INSERT INTO meta (one, random, secret) VALUES (1, ?, ?)",
			       -1, &st, NULL) != SQLITE_OK)
		return conn_error(c, err);
	sqlite3_bind_int64(st, 1, random & INT64_C(0x3ffffffff));
	sqlite3_bind_blob(st, 2, secret, sizeof secret, SQLITE_TRANSIENT);
	rc = sqlite3_step(st);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : conn_error(c, err);
}

static int apply(struct store_conn *c, int version, struct err *err)
{
	char mark[96];

	sqlite3_snprintf(sizeof mark, mark,
			 "PRAGMA user_version=%d; PRAGMA application_id=%d", version + 1,
			 APPLICATION_ID);
	if (conn_exec(c, "BEGIN IMMEDIATE", err) != 0)
		return err->code;
	if (conn_exec(c, migrations[version], err) == 0 &&
	    (version > 0 || add_meta(c, err) == 0) && conn_exec(c, mark, err) == 0 &&
	    conn_exec(c, "COMMIT", err) == 0)
		return 0;
	err_wrap(err, "migration %d", version + 1);
	sqlite3_exec(c->db, "ROLLBACK", NULL, NULL,
		     NULL); /* the first error is the one told */
	return err->code;
}

int migrate_is_possible(struct store_conn *c, struct err *err)
{
	int64_t version, n_tables;

	return read_version(c, &version, &n_tables, err);
}

int migrate(struct store_conn *c, struct err *err)
{
	int64_t version, n_tables;

	if (read_version(c, &version, &n_tables, err) != 0)
		return err->code;
	for (; version < SCHEMA_VERSION; version++) {
		if (apply(c, (int)version, err) != 0)
			return err->code;
	}
	return 0;
}

int migrate_check(struct store_conn *c, struct err *err)
{
	int64_t version, n_tables;

	if (read_version(c, &version, &n_tables, err) != 0)
		return err->code;
	if (version == 0)
		return err_set(err, ERR_STORE,
			       "empty: no phonewatchd has written it yet");
	if (version < SCHEMA_VERSION)
		return err_set(
			err, ERR_STORE,
			"its schema is version %d, this program needs %d; start this"
			" version's phonewatchd once",
			(int)version, SCHEMA_VERSION);
	return 0;
}
