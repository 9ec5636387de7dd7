/* One account as its jobs see it: its row, the memory behind the fences, and how far the sweep
 * at hand is. Touched by one job at a time, and by the loop only between jobs. */
#ifndef WATCH_H
#define WATCH_H

#include "base/digest.h"
#include "model/audience.h"
#include "model/known.h"
#include "rule/book.h"
#include "store/store.h"

/* A device that a committed page has changed, as far as rules ask. */
struct watch_note {
	int64_t device_id;
	uint32_t place;
	enum device_status status;
	int64_t at_ms; /* when it was first seen with this status */
	bool has_location;
	int64_t location_ms;
	bool is_other; /* new, or something else about it has changed, too */
	bool is_gone;
};

/* One pass over all pages, so far. */
struct sweep {
	uint32_t number; /* of this process, from 1; 0: none yet */
	enum store_route route;
	bool ids_are_fresh;   /* by extensions: those are known that there are now */
	int64_t n_unanswered; /* extensions whose devices did not come, or not all */
	int64_t sent_at_ms;   /* when its first request was sent */
	int64_t n_listed;     /* ids seen, each once, ignored ones too */
	int64_t n_duplicates; /* copies behind the first */
	int64_t n_set_aside;  /* refused records whose id could be told */
	int64_t n_nameless;   /* refused records whose id could not */
	int64_t n_empty;      /* pages without a record that claim others behind them */
	int64_t n_flawed;     /* records of which a part cannot be used */
	char flaw
		[256]; /* one of them that was read: "page 1, record 17 (id 802398804016): name" */
	int64_t total_elements; /* as every page said; negative: they did not agree on one */
	int64_t total_pages;    /* as the last page said, or KNOWN_UNSAID */
	bool has_totals; /* a page said how many elements there are, or what cannot be read */
	bool has_next; /* the last page named a next one */
	bool is_back; /* a page came since the account was told as unreachable: to be told */
	int64_t pages_seen;
	int64_t pages_unchanged, records_unchanged, records_parsed;
	uint32_t
		last; /* the place that the page before ended with; KNOWN_NONE: not known */
};

struct watch {
	struct store_account account;
	struct known known;
	struct extensions extensions; /* as their list last said */
	bool names_are_told;          /* the facts of all devices have their names */
	int64_t clock_set_ms; /* of clock_watch, what this knows; the owner's to begin with */
	int64_t unnoted_ms; /* of it, since the last page that was committed */
	struct digest_key key;
	struct sweep sweep;
	bool nothing_silenced; /* no alert is silenced, nor told of as left by a silence */
	bool loaded; /* known is what the database says; else it is read again first */
	int64_t shrunk_by; /* devices that the last whole list lacked too many of; 0: it did not */
	/* Sweeps with every page, in a row: of an account before it was swept; without totals. */
	unsigned n_unsettled, n_without_totals;
	struct book
		*book; /* what the rules know; NULL: it is read before their next run */
	struct watch_note *notes; /* of the pages since their last one */
	size_t n_notes, notes_cap;
	char *name;
	char **ignore_types;
	size_t n_ignore_types;
	int64_t location_every_ms; /* at most so often a device's report is told; the owner's */
};

/* ignore_types are copied. secret: the database's. */
void watch_init(struct watch *w, const char *name, char *const *ignore_types,
		size_t n_ignore_types, const unsigned char *secret);
void watch_clear(struct watch *w);

/* In a job: read row and devices where that is not done yet. */
int watch_load(struct watch *w, struct store_conn *c, struct err *err);

/* Forget what the database may not have: after a commit that failed. */
void watch_doubt(struct watch *w);

/* A change that is committed, or will be with what is at hand; else watch_doubt() follows. */
void watch_take_note(struct watch *w, const struct watch_note *note);

/* In a job: the clock was set by so much altogether (clock_watch). Where it was set back since, what was seen before is moved with it, so that it stays before what is seen later; where
 * it was set forward, or stood still with the machine, the bounds of what comes next reach back
 * over that. A time that must pass is counted anew from where it stood. */
void watch_clock_set(struct watch *w, int64_t set_ms);

/* The bound of what was seen at at_ms and otherwise at seen_at_ms: never behind it, though the
 * clock may have been put back in between. */
int64_t watch_not_before(int64_t seen_at_ms, int64_t at_ms);

/* In a transaction: a page came, after watch_clock_set(). Where none had for three intervals, or
 * the clock was set since the last one, nobody knows what was in between. */
int watch_note_page(struct watch *w, struct store_conn *c, int64_t at_ms, int64_t step_ms,
		    struct err *err);

/* Set "extension_name" of a device's facts. True where it was another. */
bool watch_name_extension(const struct watch *w, json_t *facts);

/* In a transaction: add the event and owe it to those who want it. */
int watch_tell(struct watch *w, struct store_conn *c, struct event *ev, int64_t device_id,
	       int64_t version_id, const struct audience *audience, struct err *err);

/* In a transaction: the account's state is this from at_ms on, and that is told. reason and
 * detail are NULL for ACCOUNT_REACHABLE. What is told as `since` is when the last page came,
 * where none comes any more. */
int watch_tell_state(struct watch *w, struct store_conn *c, enum account_state state,
		     const char *reason, const char *detail, int64_t at_ms,
		     const struct audience *audience, struct err *err);

#endif
