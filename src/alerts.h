/* The rules' transaction: at the end of a sweep, from what is stored to alerts, their events and
 * outbox rows. Part of a sweep's job, behind its own transaction: a crash in between is made good by
 * the next sweep, since the book is then read anew. rule/rule.h says what is decided.
 *
 * Who is told: of an alert that fires, whoever wants it. Of its reminders and its end, those who were
 * told of it, as the outbox has them, whatever they want by now; and nobody else. */
#ifndef ALERTS_H
#define ALERTS_H

#include "model/audience.h"
#include "rule/book.h"
#include "rule/mute.h"
#include "rule/rule.h"
#include "watch.h"

/* The silences, where they are needed: loaded once a run. */
struct muting {
	bool loaded;
	struct silence *silences;
	size_t n;
};

struct alerts_run {
	struct watch *watch;
	const struct audience *audience;
	const struct rules *rules;
	int64_t at_ms; /* UTC: the sweep's end */

	/* Of alerts_run_blind(): why no page comes, and since when. */
	const char *why;
	int64_t since_ms;
	struct muting muting; /* all zero; the run's */

	bool confirm; /* nothing was decided: another sweep at once */
	/* UTC: when what silences hold back may be due: another sweep then. 0: they hold nothing back. */
	int64_t unmuted_at_ms;
	int64_t n_events;
};

/* In a job, outside of a transaction. 0 or ERR_STORE: nothing has changed, and the watch is to be
 * doubted. */
int alerts_run(struct alerts_run *r, struct store_conn *c, struct err *err);
/* The same where no page has come for too long: nothing else is decided. */
int alerts_run_blind(struct alerts_run *r, struct store_conn *c, struct err *err);

/* In a transaction: the alerts of accounts that are not among these are over, since nobody looks. */
int alerts_end_others(struct store_conn *c, char *const *accounts, size_t n_accounts,
		      const struct audience *audience, int64_t at_ms, struct err *err);

/* Within a transaction: tell what a decision says, and save its alert. */
int alerts_write(struct alerts_run *r, struct store_conn *c,
		 const struct book_decision *d, struct err *err);

#endif
