/* The parts of a backtest, and what its files share. Nobody else includes this. */
#ifndef CLI_BACKTEST_INSIDE_H
#define CLI_BACKTEST_INSIDE_H

#include "cli/backtest.h"
#include "rule/book.h"

/* A device, as it is at the simulated time. */
struct unit {
	int64_t device_id;
	char *id, *facts;
	struct book_span *spans;
	size_t n_spans, n_past; /* n_past have begun */
	bool has_location;
	int64_t location_ms;
};

struct change {
	int64_t at_ms;
	size_t order, unit;
	enum change_kind { CHANGE_STATUS, CHANGE_FACTS, CHANGE_LOCATION } kind;
	char *facts;         /* of CHANGE_FACTS */
	int64_t location_ms; /* of CHANGE_LOCATION */
};

/* Which unit a device is. */
struct place {
	int64_t device_id;
	size_t unit;
};

/* A time in which the account could not be reached. */
struct blind {
	int64_t from_ms, told_ms, to_ms;
	char *why;
};

struct history {
	struct backtest *test;
	const struct store_account *account;
	struct store_conn *c;
	struct store_gaps gaps; /* of the account */
	struct unit *units;     /* by id */
	size_t n_units, units_cap;
	struct place *places;   /* by device_id */
	struct change *changes; /* by time */
	size_t n_changes, changes_cap;
	struct blind *blinds;
	size_t n_blinds, blinds_cap;
	int64_t *marks; /* when sweeps ended that told of an alert */
	size_t n_marks, marks_cap;
	int64_t interval_ms, next_alert_id;
	struct err err; /* of a read within the simulation */
};

/* ---- backtest_history.c: what is stored of an account ---- */

/* Of a history whose test, account and c are set. Returns 0 or ERR_STORE; backtest_history_clear() frees
 * it either way. */
int backtest_history_read(struct history *h, int64_t now_at_ms, struct err *err);
void backtest_history_clear(struct history *h);
/* Whether nobody saw the account then. */
bool backtest_history_has_gap(const struct history *h, int64_t at_ms);

/* ---- backtest_play.c: the rules over it ---- */

/* Adds the alerts that would have fired to the test's rows. A read that fails is told in h->err. */
void backtest_play(struct history *h);

#endif
