#include "store/sqlite/conn.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define INDEX_TRIES    100
#define INDEX_PAUSE_MS 2

/* The event's columns in the order of conn_read_event. */
#define EVENT_COLUMNS                                                               \
	"e.sequence, e.type, e.at_ms, a.name, d.id, v.facts, e.status, e.previous," \
	" e.vendor_status, e.location_ms, e.not_before_ms, e.detail"
#define EVENT_TABLES                                       \
	" JOIN account a ON a.account_id = e.account_id"   \
	" LEFT JOIN device d ON d.device_id = e.device_id" \
	" LEFT JOIN device_version v ON v.version_id = e.version_id"

#define DEVICE_COLUMNS                                                                   \
	"d.device_id, d.account_id, d.id, s.status, s.last_known, s.vendor_status,"      \
	" s.not_before_ms, s.observed_ms, s.location_ms, s.seen_ms, s.lapsed, s.missed," \
	" s.digest, d.removed_ms, d.version_id"

#define ACCOUNT_COLUMNS                                                                \
	"account_id, name, state, reason, detail, since_ms, swept, whole_sent_ms,"     \
	" last_sweep_ms, last_page_ms, shrunk_since_ms, interval_ms, pages_unchanged," \
	" records_unchanged, records_parsed, records_bad, budget_scope, budget_group," \
	" route, route_tried_ms, swept_sent_ms"

/* The last lists have shown it, one since ?2 at least; else its status is unknown. */
#define SEEN "s.missed = 0 AND (s.lapsed = 0 OR s.seen_ms >= ?2)"
#define ALERT_COLUMNS                                                                \
	"account_id, kind, state, subject, device_id, since_ms, over_ms, fired_ms,"  \
	" resolved_ms, reason, why, rule, name, count, absorbed_by, fired_sequence," \
	" resolved_sequence, told_ms, repeats, silenced_by, hold_ms"
#define ALERTS                                                                            \
	"SELECT l.alert_id, a.name, l.kind, l.state, l.subject, l.device_id, l.since_ms," \
	" l.over_ms, l.fired_ms, l.resolved_ms, l.reason, l.why, l.rule, l.name,"         \
	" l.count, l.absorbed_by, l.fired_sequence, l.resolved_sequence, l.told_ms,"      \
	" l.repeats, l.silenced_by, l.hold_ms FROM alert l JOIN account a USING (account_id)"

/* The order of the joins is the order of the answer: nothing is sorted, however long it is. */
#define OWED_AFTER(condition)                                                         \
	"SELECT CASE WHEN d.sequence IS NULL THEN 0 ELSE coalesce(t.state, 1) END,"   \
	" coalesce(o.attempts, t.attempts, 1), o.first_ms, o.next_ms,"                \
	" e.at_ms + d.took_ms, coalesce(o.code, d.code), coalesce(o.error, t.error)," \
	" k.sink_id, k.name, e.sequence, e.at_ms FROM event e CROSS JOIN sink k"      \
	" LEFT JOIN outbox o ON o.sink_id = k.sink_id AND o.sequence = e.sequence"    \
	" LEFT JOIN delivery d ON d.sequence = e.sequence AND d.sink_id = k.sink_id"  \
	" LEFT JOIN trouble t ON t.sequence = d.sequence AND t.sink_id = d.sink_id"   \
	" WHERE e.sequence >= ?1 AND (e.sequence > ?1 OR k.sink_id > ?2)" condition
#define OWED_ORDER " ORDER BY e.sequence, k.sink_id LIMIT ?3"

/* Every statement the daemon runs. store_open() prepares them all, so one that does not fit the
 * schema stops the start and every test, not the first night that needs it. */
static const char *const sql[N_STMTS] = {
	[STMT_BEGIN] = "BEGIN IMMEDIATE",
	[STMT_BEGIN_READ] = "BEGIN",
	[STMT_COMMIT] = "COMMIT",
	[STMT_ROLLBACK] = "ROLLBACK",
	[STMT_DATA_VERSION] = "PRAGMA data_version",
	[STMT_META] = "SELECT random, secret, days_end FROM meta",

	[STMT_ACCOUNT_ADD] =
		"INSERT INTO account (name) VALUES (?) ON CONFLICT DO NOTHING",
	[STMT_ACCOUNT_LOAD] = "SELECT " ACCOUNT_COLUMNS " FROM account WHERE name = ?",
	[STMT_ACCOUNTS] = "SELECT " ACCOUNT_COLUMNS " FROM account ORDER BY name",
	[STMT_ACCOUNT_SAVE] =
		"UPDATE account SET state = ?, reason = ?, detail = ?, since_ms = ?, swept = ?,"
		" whole_sent_ms = ?, last_sweep_ms = ?, last_page_ms = ?, shrunk_since_ms = ?,"
		" interval_ms = ?, pages_unchanged = ?, records_unchanged = ?,"
		" records_parsed = ?, records_bad = ?, budget_scope = ?, budget_group = ?,"
		" route = ?, route_tried_ms = ?, swept_sent_ms = ?"
		" WHERE account_id = ?",
	[STMT_ACCOUNT_COUNT] = "SELECT count(*),"
			       " count(*) FILTER (WHERE s.status = 1 AND " SEEN "),"
			       " count(*) FILTER (WHERE s.status = 2 AND " SEEN ")"
			       " FROM device d JOIN device_state s USING (device_id)"
			       " WHERE d.account_id = ?1 AND d.removed_ms IS NULL",

	[STMT_EXTENSIONS] =
		"SELECT id, name FROM extension WHERE account_id = ? ORDER BY id",
	[STMT_EXTENSION_SAVE] =
		"INSERT OR REPLACE INTO extension (account_id, id, name) VALUES (?, ?, ?)",
	[STMT_EXTENSION_REMOVE] = "DELETE FROM extension WHERE account_id = ? AND id = ?",

	[STMT_DEVICES_KNOWN] = "SELECT " DEVICE_COLUMNS
			       " FROM device d JOIN device_state s USING (device_id)"
			       " WHERE d.account_id = ? AND d.removed_ms IS NULL",
	[STMT_DEVICES_AFTER] =
		"SELECT " DEVICE_COLUMNS ", v.facts"
		" FROM device d JOIN device_state s USING (device_id)"
		" JOIN device_version v ON v.version_id = d.version_id"
		" WHERE d.account_id = ? AND d.id > ? AND d.removed_ms IS NULL"
		" ORDER BY d.id LIMIT ?",
	[STMT_DEVICES_EVER_AFTER] =
		"SELECT " DEVICE_COLUMNS ", v.facts"
		" FROM device d JOIN device_state s USING (device_id)"
		" JOIN device_version v ON v.version_id = d.version_id"
		" WHERE d.account_id = ? AND d.id > ? ORDER BY d.id LIMIT ?",
	[STMT_DEVICE_LOAD] = "SELECT " DEVICE_COLUMNS ", v.facts"
			     " FROM device d JOIN device_state s USING (device_id)"
			     " JOIN device_version v ON v.version_id = d.version_id"
			     " WHERE d.account_id = ? AND d.id = ?",
	[STMT_DEVICE_LOAD_BY_ID] = "SELECT " DEVICE_COLUMNS ", v.facts"
				   " FROM device d JOIN device_state s USING (device_id)"
				   " JOIN device_version v ON v.version_id = d.version_id"
				   " WHERE d.device_id = ?",
	[STMT_DEVICE_DOC] = "SELECT doc FROM device WHERE device_id = ?",
	[STMT_DEVICE_ADD] = "INSERT INTO device (account_id, id, doc, version_id)"
			    " VALUES (?, ?, ?, 0)",
	[STMT_DEVICE_SET_DOC] = "UPDATE device SET doc = ? WHERE device_id = ?",
	[STMT_DEVICE_SET_VERSION] =
		"UPDATE device SET version_id = ? WHERE device_id = ?",
	[STMT_DEVICE_SET_REMOVED] =
		"UPDATE device SET removed_ms = ?1 WHERE device_id = ?2"
		" AND removed_ms IS NOT ?1",
	[STMT_VERSION_ADD] =
		"INSERT INTO device_version (device_id, facts) VALUES (?, ?)",
	[STMT_STATE_SAVE] =
		"INSERT OR REPLACE INTO device_state (device_id, status, last_known,"
		" vendor_status, not_before_ms, observed_ms, location_ms, seen_ms, lapsed,"
		" missed, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[STMT_STATE_MARK] = "UPDATE device_state SET seen_ms = ?, lapsed = ?, missed = ?"
			    " WHERE device_id = ?",

	[STMT_STATE_BEFORE] =
		"SELECT s.status, s.observed_ms, s.seen_ms, s.lapsed, s.missed, d.removed_ms,"
		" d.account_id, a.interval_ms FROM device_state s JOIN device d USING (device_id)"
		" JOIN account a USING (account_id) WHERE s.device_id = ?",
	/* Behind the last one, wherever the clock may stand. */
	[STMT_SPAN_ADD] =
		"INSERT INTO span (device_id, from_ms, lead_ms, state)"
		" SELECT ?1, at_ms, at_ms - min(?3, at_ms), ?4 FROM (SELECT max(?2, coalesce("
		"(SELECT max(from_ms) + 1 FROM span WHERE device_id = ?1), ?2)) AS at_ms)",
	[STMT_SPANS] = "SELECT from_ms, lead_ms, state FROM span WHERE device_id = ?1"
		       " AND from_ms >= coalesce((SELECT max(from_ms) FROM span"
		       " WHERE device_id = ?1 AND from_ms <= ?2), ?2) ORDER BY from_ms",
	/* Behind the last one: none overlaps another. */
	[STMT_GAP_ADD] =
		"INSERT INTO gap (account_id, device_id, from_ms, to_ms, why)"
		" SELECT ?1, ?2, begin_ms, ?4, ?5 FROM (SELECT max(?3, coalesce((SELECT to_ms"
		" FROM gap WHERE account_id = ?1 AND device_id = ?2 ORDER BY from_ms DESC"
		" LIMIT 1), ?3)) AS begin_ms) WHERE begin_ms < ?4",
	/* All of the device are looked at: there are few, and mostly none. */
	[STMT_GAPS] = "SELECT from_ms, to_ms, why FROM gap WHERE account_id = ?1"
		      " AND device_id = ?2 AND to_ms > ?3 ORDER BY from_ms",

	/* A run has 32 days at most: no earlier one reaches into what is asked for. */
	[STMT_DAYS] = "SELECT first_day, place_id, n_days, sums FROM days"
		      " WHERE device_id = ?1 AND first_day > ?2 - 32 AND first_day < ?3"
		      " AND first_day + n_days > ?2 ORDER BY first_day",
	[STMT_DAYS_LAST] = "SELECT first_day, place_id, n_days, sums FROM days"
			   " WHERE device_id = ? ORDER BY first_day DESC LIMIT 1",
	[STMT_DAYS_SAVE] =
		"INSERT OR REPLACE INTO days (device_id, first_day, place_id, n_days, sums)"
		" VALUES (?, ?, ?, ?, ?)",
	[STMT_DAYS_REMOVE] = "DELETE FROM days WHERE device_id = ? AND first_day >= ?",
	[STMT_DAYS_NOTE] = "UPDATE meta SET days_end = ?",
	[STMT_DAYS_DEVICES] = "SELECT device_id FROM device WHERE account_id = ?",
	[STMT_PLACE_ADD] = "INSERT INTO place (account_id, site, model) VALUES (?, ?, ?)"
			   " ON CONFLICT DO NOTHING",
	[STMT_PLACE_LOAD] = "SELECT place_id FROM place WHERE account_id = ? AND site = ?"
			    " AND model = ?",
	[STMT_PLACES] = "SELECT place_id, site, model FROM place ORDER BY place_id",

	[STMT_EVENT_ADD] =
		"INSERT INTO event (type, at_ms, account_id, device_id, version_id,"
		" status, previous, vendor_status, not_before_ms, location_ms,"
		" detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[STMT_EVENTS] = "SELECT " EVENT_COLUMNS " FROM event e" EVENT_TABLES
			" WHERE e.sequence >= ? ORDER BY e.sequence LIMIT ?",
	[STMT_EVENTS_SELECT] = "SELECT " EVENT_COLUMNS " FROM event e" EVENT_TABLES
			       " WHERE e.sequence >= ? AND (? >> e.type) & 1 = 1"
			       " AND e.at_ms >= ? AND e.at_ms < ? AND e.sequence < ?"
			       " ORDER BY e.sequence LIMIT ?",
	[STMT_LAST_SEQUENCE] = "SELECT coalesce(max(sequence), 0) FROM event",
	[STMT_SEQUENCE_AT] =
		"SELECT coalesce(min(sequence), 1 + coalesce((SELECT"
		" max(sequence) FROM event), 0)) FROM event WHERE at_ms >= ?",

	[STMT_SINK_ADD] = "INSERT INTO sink (name) VALUES (?) ON CONFLICT DO NOTHING",
	[STMT_SINK_LOAD] = "SELECT sink_id FROM sink WHERE name = ?",
	[STMT_OUTBOX_ADD] = "INSERT INTO outbox (sink_id, sequence) VALUES (?, ?)",
	[STMT_OUTBOX_OWED] =
		"SELECT 0, o.attempts, o.first_ms, o.next_ms, NULL, o.code, o.error, " EVENT_COLUMNS
		" FROM outbox o JOIN event e ON e.sequence = o.sequence" EVENT_TABLES
		" WHERE o.sink_id = ? AND o.sequence > ?"
		" ORDER BY o.sequence LIMIT ?",
	[STMT_OWED_AFTER] = OWED_AFTER(
		" AND coalesce(o.sequence, d.sequence) IS NOT NULL") OWED_ORDER,
	[STMT_FAILED_AFTER] =
		OWED_AFTER(" AND (t.state = 2 OR t.state = 1 AND t.error IS NOT NULL"
			   " OR o.error IS NOT NULL)") OWED_ORDER,
	[STMT_OUTBOX_SAVE] =
		"UPDATE outbox SET attempts = ?3, first_ms = ?4, next_ms = ?5, code = ?6,"
		" error = ?7 WHERE sink_id = ?1 AND sequence = ?2",
	[STMT_OUTBOX_AGAIN] = "INSERT OR IGNORE INTO outbox (sink_id, sequence)"
			      " VALUES (?, ?)",
	[STMT_DELIVERY_REMOVE] =
		"DELETE FROM delivery WHERE sink_id = ? AND sequence = ?",
	[STMT_OUTBOX_REMOVE] = "DELETE FROM outbox WHERE sink_id = ? AND sequence = ?",
	[STMT_DELIVERY_SAVE] =
		"INSERT OR REPLACE INTO delivery (sequence, sink_id, took_ms, code)"
		" SELECT sequence, ?1, ?3 - at_ms, ?4 FROM event WHERE sequence = ?2",
	[STMT_TROUBLE_SAVE] =
		"INSERT OR REPLACE INTO trouble (sequence, sink_id, state, attempts, error)"
		" VALUES (?2, ?1, ?3, ?4, ?5)",
	[STMT_TROUBLE_REMOVE] =
		"DELETE FROM trouble WHERE sequence = ?2 AND sink_id = ?1",
	[STMT_CANCEL_DELIVERY] =
		"INSERT OR REPLACE INTO delivery (sequence, sink_id, took_ms, code)"
		" SELECT o.sequence, o.sink_id, ?2 - e.at_ms, o.code FROM outbox o"
		" JOIN event e USING (sequence) WHERE o.sink_id = ?1",
	[STMT_CANCEL_TROUBLE] =
		"INSERT OR REPLACE INTO trouble (sequence, sink_id, state, attempts, error)"
		" SELECT sequence, sink_id, 3, attempts, error FROM outbox WHERE sink_id = ?",
	[STMT_CANCEL_OUTBOX] = "DELETE FROM outbox WHERE sink_id = ?",
	[STMT_OUTBOX_ANSWERED] =
		"SELECT o.sink_id, k.name, count(*) FROM outbox o JOIN sink k USING (sink_id)"
		" GROUP BY o.sink_id HAVING max(o.code IS ?) = 1 ORDER BY k.name",
	[STMT_OUTBOX_SINKS] = "SELECT DISTINCT sink_id FROM outbox",
	/* Canceled is what a digest has told, which is a delivery itself. */
	[STMT_OUTBOX_LATELY] =
		"SELECT at_ms FROM (SELECT first_ms AS at_ms FROM outbox"
		" WHERE sink_id = ?1 AND attempts > 0 UNION ALL"
		" SELECT e.at_ms + d.took_ms FROM"
		" (SELECT * FROM delivery ORDER BY sequence DESC LIMIT ?4) d"
		" JOIN event e USING (sequence) LEFT JOIN trouble t USING (sequence, sink_id)"
		" WHERE d.sink_id = ?1 AND t.state IS NOT 3)"
		" WHERE at_ms > ?2 ORDER BY at_ms DESC LIMIT ?3",

	[STMT_FIRST_EVENT] = "SELECT coalesce(min(sequence), 0) FROM event",
	[STMT_FIRST_DELIVERY] = "SELECT coalesce(min(sequence), 0) FROM delivery",
	[STMT_EVENT_NEXT] = "SELECT sequence, at_ms FROM event WHERE sequence >= ?"
			    " ORDER BY sequence LIMIT 1",
	[STMT_FORGET_DELIVERIES] =
		"DELETE FROM delivery WHERE sequence >= ?1 AND sequence < ?2 AND took_ms +"
		" (SELECT at_ms FROM event e WHERE e.sequence = delivery.sequence) < ?3"
		" AND NOT EXISTS (SELECT 1 FROM alert l WHERE l.state = 2"
		" AND l.fired_sequence = delivery.sequence)",
	[STMT_FORGET_TROUBLE] =
		"DELETE FROM trouble WHERE sequence >= ?1 AND sequence < ?2 AND NOT EXISTS"
		" (SELECT 1 FROM delivery d WHERE d.sequence = trouble.sequence"
		" AND d.sink_id = trouble.sink_id)",
	[STMT_FORGET_EVENTS] =
		"DELETE FROM event WHERE sequence >= ? AND sequence < ? AND at_ms < ?"
		" AND sequence < (SELECT max(sequence) FROM event)"
		" AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.sequence = event.sequence)"
		" AND NOT EXISTS (SELECT 1 FROM sink k CROSS JOIN outbox o"
		" ON o.sink_id = k.sink_id AND o.sequence = event.sequence)"
		" AND NOT EXISTS (SELECT 1 FROM alert l WHERE l.state = 2"
		" AND l.fired_sequence = event.sequence)",
	[STMT_DEVICE_NEXT] = "SELECT device_id FROM device WHERE device_id > ?"
			     " ORDER BY device_id LIMIT 1",
	/* The one in force then stays, and so do the last two, and what no sum of a day stands
	 * for yet; not too many at once. */
	[STMT_FORGET_SPANS] =
		"DELETE FROM span WHERE device_id = ?1 AND from_ms < min((SELECT max(from_ms)"
		" FROM span WHERE device_id = ?1 AND from_ms <= min(?2, coalesce((SELECT"
		" (first_day + n_days) * 86400000 FROM days WHERE device_id = ?1"
		" ORDER BY first_day DESC LIMIT 1), -9223372036854775808))), (SELECT from_ms FROM span"
		" WHERE device_id = ?1 ORDER BY from_ms DESC LIMIT 1 OFFSET 1), coalesce("
		"(SELECT from_ms FROM span WHERE device_id = ?1 ORDER BY from_ms LIMIT 1"
		" OFFSET ?3), 9223372036854775807))",
	/* Only those before its first span: a span without its gaps would claim too much. */
	[STMT_FORGET_GAPS] =
		"DELETE FROM gap WHERE account_id = (SELECT account_id FROM device"
		" WHERE device_id = ?1) AND device_id = ?1 AND to_ms <= (SELECT min(from_ms)"
		" FROM span WHERE device_id = ?1)",
	/* The last run tells up to where there are sums. */
	[STMT_FORGET_DAYS] =
		"DELETE FROM days WHERE device_id = ?1 AND (first_day + n_days) * 86400000 <= ?2"
		" AND first_day < (SELECT max(first_day) FROM days WHERE device_id = ?1)",

	[STMT_EVENT_SINKS] = "SELECT k.sink_id FROM sink k CROSS JOIN outbox o"
			     " ON o.sink_id = k.sink_id AND o.sequence = ?1"
			     " UNION SELECT sink_id FROM delivery WHERE sequence = ?1",
	[STMT_ALERT_ADD] =
		"INSERT INTO alert (" ALERT_COLUMNS
		") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[STMT_ALERT_SAVE] =
		"UPDATE alert SET (state, since_ms, over_ms, fired_ms, resolved_ms, reason,"
		" why, name, count, absorbed_by, fired_sequence, resolved_sequence, told_ms,"
		" repeats, silenced_by, hold_ms) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		" ?, ?)"
		" WHERE alert_id = ?",
	[STMT_ALERT_FORGET] = "DELETE FROM alert WHERE alert_id = ?",
	[STMT_ALERTS_LIVE] = ALERTS " WHERE l.state < 3 AND (?1 = 0 OR l.account_id = ?1)"
				    " ORDER BY a.name, l.alert_id",
	[STMT_ALERTS_ALL] = ALERTS " WHERE ?1 = 0 OR l.account_id = ?1"
				   " ORDER BY a.name, l.alert_id",
	[STMT_FORGET_ALERTS] =
		"DELETE FROM alert WHERE alert_id IN (SELECT alert_id FROM alert"
		" WHERE state = 3 AND resolved_ms < ? LIMIT ?)",

	[STMT_BUDGETS] = "SELECT scope, grp, max, window_ms, remaining, told_ms,"
			 " blocked_until_ms, sent, kinds, blocked_at_ms FROM budget",
	[STMT_BUDGET_LOAD] = "SELECT scope, grp, max, window_ms, remaining, told_ms,"
			     " blocked_until_ms, sent, kinds, blocked_at_ms FROM budget"
			     " WHERE scope = ? AND grp = ?",
	[STMT_BUDGET_SAVE] =
		"INSERT OR REPLACE INTO budget (scope, grp, max, window_ms, remaining, told_ms,"
		" blocked_until_ms, sent, kinds, blocked_at_ms)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[STMT_BUDGETS_CUT] =
		"UPDATE budget SET blocked_until_ms = blocked_until_ms - blocked_at_ms + ?1,"
		" blocked_at_ms = ?1 WHERE blocked_at_ms > ?1",

	[STMT_SILENCE_ADD] =
		"INSERT INTO silence (matches, alert, from_ms, until_ms, every, reason,"
		" made_ms, made_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[STMT_SILENCES] =
		"SELECT silence_id, matches, alert, from_ms, until_ms, every, reason, made_ms,"
		" made_by, ended_ms, ended_by FROM silence WHERE ended_ms IS NULL"
		" AND coalesce(until_ms, 9223372036854775807) > ? ORDER BY silence_id",
	[STMT_SILENCE_END] = "UPDATE silence SET ended_ms = ?, ended_by = ?"
			     " WHERE silence_id = ? AND ended_ms IS NULL"
			     " AND coalesce(until_ms, 9223372036854775807) > ?",
	[STMT_SILENCES_CLEARED] =
		"UPDATE silence SET ended_ms = ? WHERE alert = ? AND ended_ms IS NULL",
	[STMT_FORGET_SILENCES] =
		"DELETE FROM silence WHERE silence_id IN (SELECT silence_id FROM silence"
		" WHERE coalesce(ended_ms, until_ms) < ? LIMIT ?)",
};

int conn_error(struct store_conn *c, struct err *err)
{
	return err_set(err, ERR_STORE, "%s", sqlite3_errmsg(c->db));
}

bool conn_passes(int rc, int *n_tries)
{
	if (rc != SQLITE_READONLY_RECOVERY && rc != SQLITE_READONLY_CANTINIT)
		return false;
	if ((*n_tries)++ == INDEX_TRIES)
		return false;
	sqlite3_sleep(INDEX_PAUSE_MS);
	return true;
}

static int prepare(struct store_conn *c, enum stmt stmt, struct err *err)
{
	int n_tries = 0, rc;

	if (c->stmts[stmt] != NULL)
		return 0;
	do
		rc = sqlite3_prepare_v3(c->db, sql[stmt], -1, SQLITE_PREPARE_PERSISTENT,
					&c->stmts[stmt], NULL);
	while (conn_passes(rc, &n_tries));
	return rc == SQLITE_OK ? 0 : conn_error(c, err);
}

int conn_prepare_all(struct store_conn *c, struct err *err)
{
	for (enum stmt s = 0; s < N_STMTS; s++) {
		if (prepare(c, s, err) != 0)
			return err_wrap(err, "statement %d", s);
	}
	return 0;
}

sqlite3_stmt *conn_bind(struct store_conn *c, enum stmt stmt, struct err *err,
			const char *types, ...)
{
	sqlite3_stmt *st;
	va_list ap;

	if (prepare(c, stmt, err) != 0)
		return NULL;
	st = c->stmts[stmt];
	va_start(ap, types);
	for (int n = 1; types[n - 1] != '\0'; n++) {
		char type = types[n - 1];
		int there = 1;

		if (type == 't') {
			sqlite3_bind_text(st, n, va_arg(ap, const char *), -1,
					  SQLITE_STATIC);
		} else if (type == 'b') {
			const void *bytes = va_arg(ap, const void *);

			sqlite3_bind_blob(st, n, bytes, va_arg(ap, int), SQLITE_STATIC);
		} else {
			int64_t value;

			if (type == 'o')
				there = va_arg(ap, int);
			value = va_arg(ap, int64_t);
			if (there == 0 || (type == 'z' && value == 0))
				sqlite3_bind_null(st, n);
			else
				sqlite3_bind_int64(st, n, value);
		}
	}
	va_end(ap);
	return st;
}

int conn_step(struct store_conn *c, sqlite3_stmt *st, struct err *err)
{
	int n_tries = 0, rc = sqlite3_step(st);

	while (conn_passes(rc, &n_tries)) {
		sqlite3_reset(st);
		rc = sqlite3_step(st);
	}
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		conn_error(c, err);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc == SQLITE_DONE ? 0 : err->code;
}

int conn_run(struct store_conn *c, sqlite3_stmt *st, struct err *err)
{
	if (st == NULL)
		return err->code;
	return conn_step(c, st, err);
}

int conn_number(struct store_conn *c, sqlite3_stmt *st, int64_t *out, struct err *err)
{
	if (st == NULL || conn_step(c, st, err) != 1)
		return err->code != 0 ? err->code : err_set(err, ERR_STORE, "no row");
	*out = sqlite3_column_int64(st, 0);
	return conn_run(c, st, err);
}

char *conn_text(sqlite3_stmt *st, int column)
{
	const char *text = (const char *)sqlite3_column_text(st, column);

	return text != NULL ? mem_strdup(text) : NULL;
}

const char *conn_stored_vendor_status(enum device_status status, const char *word)
{
	return status == DEVICE_UNKNOWN ? word : NULL;
}

char *conn_vendor_status(sqlite3_stmt *st, int column, enum device_status status)
{
	if (status != DEVICE_UNKNOWN)
		return mem_strdup(device_status_name(status));
	return conn_text(st, column);
}

void conn_read_event(struct store_conn *c, sqlite3_stmt *st, int n, struct event *into)
{
	*into = (struct event){
		.sequence = sqlite3_column_int64(st, n),
		.type = (enum event_type)sqlite3_column_int(st, n + 1),
		.at_ms = sqlite3_column_int64(st, n + 2),
		.account = conn_text(st, n + 3),
		.device_id = conn_text(st, n + 4),
		.status = (enum device_status)sqlite3_column_int(st, n + 6),
		.previous = (enum device_status)sqlite3_column_int(st, n + 7),
		.has_location = sqlite3_column_type(st, n + 9) != SQLITE_NULL,
		.location_ms = sqlite3_column_int64(st, n + 9),
		.not_before_ms = sqlite3_column_int64(st, n + 10),
	};
	if (into->device_id != NULL) {
		into->vendor_status = conn_vendor_status(st, n + 8, into->status);
		into->facts =
			json_loads((const char *)sqlite3_column_text(st, n + 5), 0, NULL);
	}
	if (sqlite3_column_type(st, n + 11) != SQLITE_NULL)
		into->detail = json_loads((const char *)sqlite3_column_text(st, n + 11),
					  0, NULL);
	event_id(into->id, into->at_ms, c->random, into->sequence);
}

int conn_exec(struct store_conn *c, const char *text, struct err *err)
{
	if (sqlite3_exec(c->db, text, NULL, NULL, NULL) != SQLITE_OK)
		return conn_error(c, err);
	return 0;
}

void conn_close(struct store_conn *c)
{
	for (enum stmt s = 0; s < N_STMTS; s++) {
		sqlite3_finalize(c->stmts[s]);
		c->stmts[s] = NULL;
	}
	sqlite3_close(c->db);
	c->db = NULL;
}
