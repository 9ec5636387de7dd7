/* The rules over stored history, in simulated time: what would have been told, against what was.
 *
 * A book (rule/book.h) is given what the spans and events of an account say, in their order, and runs
 * when a sweep ended: behind what one sweep changed, when an alert is known to have been told, and in
 * between once an interval; never in a time in which nobody looked. So a time of what would have been
 * told is right to an interval. What is not stored is not known: how long the sweeps of quiet times took,
 * emergency addresses as they were, silences, and other rules or intervals than those at hand. Nothing
 * is written. */
#ifndef CLI_BACKTEST_H
#define CLI_BACKTEST_H

#include "model/alert.h"
#include "rule/rule.h"
#include "store/store.h"

enum backtest_verdict {
	BACKTEST_SAME,
	BACKTEST_NOT_TOLD,   /* it would have been, and was not */
	BACKTEST_ONLY_TOLD,  /* it was told, and would not have been */
	BACKTEST_NOT_TESTED, /* it was told, and nothing can be said of it */
};
/* "same", "not_told", "only_told", "not_tested". */
const char *backtest_verdict_name(enum backtest_verdict verdict);

/* An alert that fired, or would have. */
struct backtest_row {
	char *key;
	enum alert_kind kind;
	int64_t fired_ms, resolved_ms;               /* as it was; 0: not */
	int64_t would_fire_ms, would_be_resolved_ms; /* as it would have been */
	enum backtest_verdict verdict;
};

struct backtest {
	/* Asked for. */
	const struct rules *rules;
	int64_t since_ms, until_ms;
	/* The answer: by key, then by time. */
	struct backtest_row *rows;
	size_t n_rows, rows_cap;
};

/* Returns 0 or ERR_STORE; backtest_clear frees the answer either way. */
int backtest_run(struct backtest *b, struct store_conn *c, int64_t now_at_ms,
		 struct err *err);
void backtest_clear(struct backtest *b);

#endif
