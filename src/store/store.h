/* The memory: what was seen, what was told, what is still owed. The only door to the database.
 *
 * Every use of the database by the daemon is a job: a function that runs with the connection on
 * a worker thread, one at a time, in the order of submission, and comes back to the loop. The
 * command line program opens a reader of its own and calls the reading functions directly.
 *
 * All texts are UTF-8. Times are UTC milliseconds since 1970. Functions return 0 or ERR_STORE
 * (the database failed; err says how) unless they say otherwise. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "base/err.h"
#include "model/alert.h"
#include "model/event.h"
#include "model/extensions.h"
#include "model/silence.h"
#include "model/tally.h"

struct store;      /* the loop's side */
struct store_conn; /* one connection: only within a job, or a reader's own */

/* ---- the loop's side ---- */

struct store_job;
typedef int (*store_run_cb)(struct store_conn *c, struct store_job *job, struct err *err);
typedef void (*store_done_cb)(struct store_job *job, int rc);

/* Embedded in the owner's struct, which it must not outlive. run touches only that struct, and
 * nobody else does until on_done. */
struct store_job {
	store_run_cb run; /* on the worker; its result goes to on_done */
	store_done_cb
		on_done; /* on the loop, exactly once, never from within store_submit */
	struct err err;  /* run's, for on_done */
	int rc;          /* private */
	TAILQ_ENTRY(store_job) entry;
};

/*
 * Open or create the database at path for the daemon, bring its schema up to date and take its
 * lock. Blocks: call it before the loop runs.
 *
 * The folder must exist. New files get mode 0640.
 * Returns 0 or ERR_STORE: held by another daemon (err names it), newer than this program, not a
 * database of phonewatch, or unusable.
 */
int store_open(const char *path, uv_loop_t *loop, struct store **out, struct err *err);

/* Close files and give up the lock. No job may be left. A checkpoint of our own may be under way:
 * it ends first, so the loop must turn until it is empty. NULL is fine. */
void store_close(struct store *s);

void store_submit(struct store *s, struct store_job *job);
/* Before all that wait: for what must be remembered at once. */
void store_submit_first(struct store *s, struct store_job *job);

/* The database's random number (event_id) and its secret (keys of digests). Borrowed. */
#define STORE_SECRET_BYTES 32
int64_t store_random(const struct store *s);
const unsigned char *store_secret(const struct store *s);

/* ---- readers ---- */

/*
 * Open the database at path read-only, as any member of its group can: while the daemon runs,
 * after it stopped, and after it was killed. Nothing is changed, and no file is made.
 * Returns 0 or ERR_STORE: missing, not readable, not a database of phonewatch, of another
 * schema.
 */
int store_open_reader(const char *path, struct store_conn **out, struct err *err);
void store_close_reader(struct store_conn *c);

/* A number that differs whenever another connection has committed since the last call. Whatever
 * reads for long asks for it between its reads: it also sees that a daemon has come to a
 * database at rest, or that another file has taken its place, and then opens it again. After an
 * error it may be asked again, and nothing else. */
int store_reader_version(struct store_conn *c, int64_t *version, struct err *err);

/* The database's random number, by which one that took the place of another is told apart. */
int64_t store_reader_random(const struct store_conn *c);

/* Whether a daemon of this version could use this file, as far as its head shows: one that is not
 * there or empty, yes. Reads only. Returns 0 or ERR_STORE. */
int store_probe(const char *path, struct err *err);

/* Whether a daemon holds the database at this moment, or might: whoever may not look at its lock
 * cannot know. */
bool store_reader_has_daemon(const struct store_conn *c);

/* A reader sees one state of the database from store_begin_read to store_end_read. */
int store_begin_read(struct store_conn *c, struct err *err);
void store_end_read(struct store_conn *c);

/* ---- transactions ---- */

int store_begin(struct store_conn *c, struct err *err);
/* On failure nothing of the transaction has happened, or, after a failing disk, it is not known
 * which: what was derived from it must be read again. */
int store_commit(struct store_conn *c, struct err *err);
void store_rollback(struct store_conn *c);

/* ---- accounts ---- */

enum account_state { ACCOUNT_NEW = 0, ACCOUNT_REACHABLE = 1, ACCOUNT_UNREACHABLE = 2 };
/* "new", "reachable", "unreachable". */
const char *store_account_state_name(enum account_state state);

/* How its devices are asked for: by the account's list, or by its extensions. The numbers are
 * stored in the database: they never change. */
enum store_route { ROUTE_ACCOUNT = 0, ROUTE_EXTENSIONS = 1 };
/* "account", "extensions". */
const char *store_route_name(enum store_route route);

struct store_account {
	int64_t account_id;
	char *name;
	enum account_state state;
	char *reason;        /* why it is unreachable; else NULL */
	char *detail;        /* in words; else NULL */
	int64_t since_at_ms; /* of the state; 0: never */
	bool swept;          /* the first sweep is over: what comes from now on is new */
	int64_t swept_sent_at_ms; /* when the sweep began with which it was; 0: not known */
	int64_t whole_sent_at_ms; /* when the last whole sweep sent its first request; 0: never */
	int64_t last_sweep_at_ms; /* when the last sweep ended that saw every page; 0: never */
	int64_t last_page_at_ms; /* when the last page arrived; 0: never */
	int64_t shrunk_since_at_ms; /* whole lists lack too many since then; 0: they do not */
	int64_t interval_ms;        /* effective; 0: not known yet */
	enum store_route route;     /* of the last sweep */
	int64_t route_tried_at_ms; /* by extensions: when the other was last refused; else 0 */
	/* Of the last sweep. Bad are records that could not be read, or of which a part cannot be
	 * used: a member of a wrong type, a time. */
	int64_t pages_unchanged, records_unchanged, records_parsed, records_bad;
	/* Whose budget it uses: see store_budget. NULL: none yet. */
	char *budget_scope, *budget_group;
	/* Counted by store_accounts and store_account_count only. Online and offline are those that
	 * the last lists have shown so. */
	int64_t n_devices, n_online, n_offline;
};

void store_account_clear(struct store_account *a);
/* Find it by name, or make it. */
int store_account_load(struct store_conn *c, const char *name, struct store_account *into,
		       struct err *err);
/* Write all but name and counts. */
int store_account_save(struct store_conn *c, const struct store_account *a,
		       struct err *err);
/* Fill in the counts. */
int store_account_count(struct store_conn *c, struct store_account *a, struct err *err);
/* Every account by name, counts included; the caller clears each and frees the array. */
int store_accounts(struct store_conn *c, struct store_account **out, size_t *n,
		   struct err *err);
/* The same without counts, for which every device is looked at. */
int store_accounts_uncounted(struct store_conn *c, struct store_account **out, size_t *n,
			     struct err *err);

/* ---- extensions ---- */

/* By id; each borrows it. */
int store_extensions_each(struct store_conn *c, int64_t account_id,
			  void (*each)(const struct extension *x, void *arg), void *arg,
			  struct err *err);
int store_extension_save(struct store_conn *c, int64_t account_id,
			 const struct extension *x, struct err *err);
int store_extension_remove(struct store_conn *c, int64_t account_id, const char *id,
			   struct err *err);

/* ---- devices ---- */

#define STORE_DIGEST_BYTES 16

struct store_device {
	int64_t device_id; /* ours; 0: not stored yet */
	int64_t account_id;
	char *id;           /* the vendor's */
	char *doc;          /* device.record, compact JSON */
	char *facts;        /* device_facts(), compact JSON */
	int64_t version_id; /* of facts; 0: to be stored anew */
	enum device_status status;
	enum device_status
		last_known;    /* the last that was not Unknown; Unknown: none yet */
	char *vendor_status;   /* NULL where there is none */
	int64_t not_before_ms; /* of the last transition, or of the first sight */
	int64_t observed_at_ms;
	bool has_location;
	int64_t location_ms;
	/* A time when the list still showed what is here; 0: it is listed, and its record could
	 * never be read. Where lapsed is false, the account's whole_sent_at_ms is another, and
	 * the later of them counts. */
	int64_t seen_at_ms;
	bool lapsed;           /* the last whole sweep did not show it */
	int missed;            /* whole lists in a row that lacked it */
	int64_t removed_at_ms; /* 0: it is listed */
	bool has_digest;
	unsigned char digest[STORE_DIGEST_BYTES]; /* of its record's bytes */
	/* To be saved: when the answer that shows it was there, as the end of a gap; 0: with
	 * what else is known of it. */
	int64_t shown_at_ms;
	/* Of a new one, to be saved: lists lacked it from then on, as far as there were any. 0: nobody
	 * knows whether it was there before. */
	int64_t absent_since_ms;
};

void store_device_clear(struct store_device *d);

/* What the fences need to know of every device, removed ones left out. each is called per
 * device with d->doc and d->facts NULL; d is borrowed for the call. */
int store_devices_each(struct store_conn *c, int64_t account_id,
		       void (*each)(const struct store_device *d, void *arg), void *arg,
		       struct err *err);
/* The listed devices whose id comes after (all do after ""), by id, at most max of them. each
 * borrows d, whose doc is NULL. */
int store_devices_after(struct store_conn *c, int64_t account_id, const char *after,
			int64_t max,
			void (*each)(const struct store_device *d, void *arg), void *arg,
			struct err *err);
/* The same of all that ever were, removed ones too. */
int store_devices_ever_after(struct store_conn *c, int64_t account_id, const char *after,
			     int64_t max,
			     void (*each)(const struct store_device *d, void *arg),
			     void *arg, struct err *err);
/* All of one, removed ones too. Found or not: into->device_id is 0 where there is none. */
int store_device_load(struct store_conn *c, int64_t account_id, const char *id,
		      struct store_device *into, struct err *err);
/* The same without doc, which is large, and seldom asked for: it is NULL, until
 * store_device_load_doc() reads it. */
int store_device_load_by_id(struct store_conn *c, int64_t device_id,
			    struct store_device *into, struct err *err);
int store_device_load_doc(struct store_conn *c, struct store_device *d, struct err *err);
/* A new one: sets device_id and version_id. Else what changed: doc where not NULL, facts where
 * version_id is 0 (then set), and the state. */
int store_device_save(struct store_conn *c, struct store_device *d, struct err *err);

/* Whether and when the list showed a device, where nothing else is known of it: the members of
 * store_device, under their names. All else of its row stays as it is. */
struct store_mark {
	int64_t seen_at_ms;
	bool lapsed;
	int missed;
	int64_t removed_at_ms;
	int64_t shown_at_ms; /* when the answer was there that says so; 0: seen_at_ms */
};
int store_device_mark(struct store_conn *c, int64_t device_id,
		      const struct store_mark *mark, struct err *err);

/* ---- the past ---- */

/* What a device was, from a transition to the next. Written where a device's state is saved, in
 * the same transaction. The numbers are stored in the database: they never change. */
enum store_span_state {
	SPAN_UNKNOWN = DEVICE_UNKNOWN,
	SPAN_ONLINE = DEVICE_ONLINE,
	SPAN_OFFLINE = DEVICE_OFFLINE,
	/* No part of the fleet: removed, not watched any more, or not yet listed by lists that we saw. Only
	 * this says that it was not there: of the time before its first span nothing is known. */
	SPAN_GONE = 3,
};
struct store_span {
	int64_t from_ms;       /* when the answer that first showed it was there */
	int64_t not_before_ms; /* when the request that last showed the one before was sent */
	enum store_span_state state;
};
struct store_spans {
	struct store_span *all;
	size_t n, cap;
};
/* Of one device by time: the one in force at since_ms, those that begin later, and of those that
 * begin at until_ms or later the first. Replaces what is in into, which is all zero at first;
 * the caller frees all. */
int store_spans_load(struct store_conn *c, int64_t device_id, int64_t since_ms,
		     int64_t until_ms, struct store_spans *into, struct err *err);

/* Whether a transition led to the status that a device has had since from_ms: not where it was
 * first seen so, or again after it was removed. */
int store_span_was_reached(struct store_conn *c, int64_t device_id, int64_t from_ms,
			   bool *was_reached, struct err *err);

/* A time in which a device, or a whole account, was not observed. It is written when it is over;
 * one that lasts shows in the rows of device and account. */
enum store_gap_why { GAP_UNOBSERVED = 1, GAP_NOT_LISTED = 2 };
struct store_gap {
	int64_t from_ms, to_ms;
	enum store_gap_why why;
};
struct store_gaps {
	struct store_gap *all;
	size_t n, cap;
};
/* The gaps of a device, or with device_id 0 those of the whole account, that end after since_ms;
 * by time, and none overlaps another. As store_spans_load() otherwise. */
int store_gaps_load(struct store_conn *c, int64_t account_id, int64_t device_id,
		    int64_t since_ms, struct store_gaps *into, struct err *err);
/* Nothing of the account was observed between the two. */
int store_account_gap(struct store_conn *c, int64_t account_id, int64_t from_ms,
		      int64_t to_ms, struct err *err);

/* Whether so long a time without an observation is a gap: more than three effective intervals
 * (0: not known yet). */
#define STORE_GAP_INTERVALS 3
int64_t store_gap_ms(int64_t interval_ms); /* what is longer is one */
bool store_is_gap(int64_t interval_ms, int64_t from_ms, int64_t to_ms);

/* ---- the sums of days ---- */

/* What a device was on each UTC day, under the site and model that it had when the day was summed
 * up. Whoever sums up days answers for it that what is observed later cannot change them; where the
 * past of such a day is written all the same (a clock was set), its sum is gone, and so are those
 * of the days behind it. */
#define STORE_DAY_MS INT64_C(86400000)
/* The day of a time: since 1970. */
int64_t store_day_of(int64_t at_ms);

/* Days in a row of one device at one place. */
#define STORE_RUN_DAYS 32
struct store_days {
	int64_t place_id;
	int64_t first_day;
	size_t n;
	struct tally sums[STORE_RUN_DAYS];
};
/* Those of the device with a day in first_day <= day < end_day, by time. each borrows it. */
int store_days_each(struct store_conn *c, int64_t device_id, int64_t first_day,
		    int64_t end_day,
		    void (*each)(const struct store_days *days, void *arg), void *arg,
		    struct err *err);
/* The day behind the last one of the device that has a sum; INT64_MIN: none has. */
int store_days_end(struct store_conn *c, int64_t device_id, int64_t *day,
		   struct err *err);
/* Add these; none of them has a sum, nor has a day behind them. */
int store_days_add(struct store_conn *c, int64_t device_id, const struct store_days *days,
		   struct err *err);

/* Where a device is: an account's site and model, each "" where it has none. */
struct store_place {
	int64_t place_id;
	const char *site, *model;
};
/* The number of the place; made where it is new. */
int store_place_load(struct store_conn *c, int64_t account_id, const char *site,
		     const char *model, int64_t *place_id, struct err *err);
/* All, by number. each borrows it. */
int store_places_each(struct store_conn *c,
		      void (*each)(const struct store_place *place, void *arg), void *arg,
		      struct err *err);

/* ---- events ---- */

/* Add the event with one outbox row per sink. Sets ev->sequence and ev->id. version_id and
 * device_id are the row's, 0 in account events. */
int store_event_add(struct store_conn *c, struct event *ev, int64_t account_id,
		    int64_t device_id, int64_t version_id, const int64_t *sink_ids,
		    size_t n_sinks, struct err *err);

/* Events with first <= sequence, in order, at most max of them. each borrows the event. */
int store_events_each(struct store_conn *c, int64_t first, int64_t max,
		      void (*each)(const struct event *ev, void *arg), void *arg,
		      struct err *err);
/* The same of those that are wanted. What is not costs a hundredth of what is. */
struct store_event_filter {
	uint32_t types;                   /* bit n is for type n */
	int64_t since_at_ms, until_at_ms; /* since <= time < until */
	int64_t before;                   /* sequence < before */
};
int store_events_select(struct store_conn *c, const struct store_event_filter *filter,
			int64_t first, int64_t max,
			void (*each)(const struct event *ev, void *arg), void *arg,
			struct err *err);
/* The last event's sequence; 0: none. */
int store_last_sequence(struct store_conn *c, int64_t *sequence, struct err *err);
/* The first event whose time is at_ms or later: its sequence, or one past the last. */
int store_sequence_at(struct store_conn *c, int64_t at_ms, int64_t *sequence,
		      struct err *err);

/* ---- sinks and what is owed to them ---- */

enum delivery_state {
	DELIVERY_PENDING = 0,
	DELIVERY_DELIVERED = 1,
	DELIVERY_DEAD = 2,
	DELIVERY_CANCELED = 3,
};
const char *store_delivery_state_name(enum delivery_state state);

struct store_delivery {
	int64_t sequence;
	enum delivery_state state;
	int attempts;
	int64_t first_at_ms; /* of the first attempt; 0: none yet, or it has ended */
	int64_t next_at_ms;  /* not before; 0: at once */
	int64_t ended_at_ms; /* 0 while pending */
	int code;            /* the last answer's status, or 0 */
	char *error;         /* why it failed last; NULL */
};

/* The number of the sink of this name; made where it is new. */
int store_sink_load(struct store_conn *c, const char *name, int64_t *sink_id,
		    struct err *err);
/* What is still owed to sinks that are not among these is canceled. Sets how many. */
int store_outbox_cancel_others(struct store_conn *c, const int64_t *sink_ids,
			       size_t n_sinks, int64_t now_at_ms, int64_t *n_canceled,
			       struct err *err);

/* Owed to the sink, sequence > after, in order, at most max; each borrows both. */
int store_outbox_each(struct store_conn *c, int64_t sink_id, int64_t after, int64_t max,
		      void (*each)(const struct store_delivery *d, const struct event *ev,
				   void *arg),
		      void *arg, struct err *err);
/* What each sink is or was owed, by sequence, then by sink; for people. */
enum store_owed {
	STORE_OWED_ALL,
	STORE_OWED_FAILED, /* pending or delivered with an error, or dead */
};
struct store_owed_event {
	int64_t sink_id;
	const char *sink; /* its name; borrowed for the call, as all here */
	const char *event_id;
	struct store_delivery delivery;
};
/* Those after (sequence, sink_id), at most max. */
int store_owed_after(struct store_conn *c, enum store_owed which, int64_t sequence,
		     int64_t sink_id, int64_t max,
		     void (*each)(const struct store_owed_event *o, void *arg), void *arg,
		     struct err *err);

/* The sinks, by name, of which a delivery is pending that was last answered with this code, and how
 * many are pending there. sink is borrowed for the call. */
int store_sinks_answered(struct store_conn *c, int code,
			 void (*each)(int64_t sink_id, const char *sink,
				      int64_t n_pending, void *arg),
			 void *arg, struct err *err);

/* Owe the event to the sink once more, as if it never had been. *was_owed: it is still, and all stays
 * as it is. */
int store_outbox_again(struct store_conn *c, int64_t sink_id, int64_t sequence,
		       bool *was_owed, struct err *err);
/* When the sink was told lately: of each event that it was tried to tell, in at_ms, newest first, the
 * last max of those since then. Among the last STORE_LATELY_MAX deliveries to all sinks it finds each. */
#define STORE_LATELY_MAX 100000
int store_outbox_lately(struct store_conn *c, int64_t sink_id, int64_t since_at_ms,
			int64_t *at_ms, size_t max, size_t *n, struct err *err);
/* Write how an attempt ended. */
int store_outbox_save(struct store_conn *c, int64_t sink_id,
		      const struct store_delivery *d, struct err *err);

/* Those that are or were owed the event: at most max of them. Returns 0 or ERR_STORE; *n is how
 * many. */
int store_event_sinks(struct store_conn *c, int64_t sequence, int64_t *sink_ids,
		      size_t max, size_t *n, struct err *err);

/* ---- alerts ---- */

/* A new one: sets alert_id. */
int store_alert_save(struct store_conn *c, int64_t account_id, struct alert *a,
		     struct err *err);
/* One that was never told. */
int store_alert_forget(struct store_conn *c, int64_t alert_id, struct err *err);
/* Those of an account, or with account_id 0 of all, by the account's name and then in the order in
 * which they began. each may empty the alert, to keep what is in it. */
enum store_alerts { STORE_ALERTS_LIVE, STORE_ALERTS_ALL };
int store_alerts_each(struct store_conn *c, enum store_alerts which, int64_t account_id,
		      void (*each)(struct alert *a, const char *account, void *arg),
		      void *arg, struct err *err);

/* ---- the budgets ---- */

#define STORE_BUDGET_SLOTS 64

struct store_budget {
	char scope[65]; /* who shares it: hex digest of server and credentials */
	char group[64]; /* the vendor's name; opaque */
	int64_t limit;  /* requests per window; 0: not known */
	int64_t window_ms;
	int64_t remaining;        /* as last told; -1: never told */
	int64_t told_at_ms;       /* when it was */
	int64_t blocked_until_ms; /* no request before; 0: none */
	int64_t blocked_at_ms;    /* when that was told */
	int64_t kinds; /* bit n: requests of kind n count in it; the ledger's */
	/* Requests that may still count, oldest first: so many, the last of them then. */
	size_t n_slots;
	struct store_budget_slot {
		int64_t at_ms;
		int64_t n;
	} slots[STORE_BUDGET_SLOTS];
};

int store_budgets_each(struct store_conn *c,
		       void (*each)(const struct store_budget *b, void *arg), void *arg,
		       struct err *err);
int store_budget_load(struct store_conn *c, const char *scope, const char *group,
		      struct store_budget *into, bool *found, struct err *err);
int store_budget_save(struct store_conn *c, const struct store_budget *b,
		      struct err *err);
/* The clock was set back: a wait that is said to have been told later than now lasts from now on as
 * long as it did then. */
int store_budgets_cut(struct store_conn *c, int64_t now_at_ms, struct err *err);

/* ---- silences ---- */

/* A new one: sets id. */
int store_silence_add(struct store_conn *c, struct silence *s, struct err *err);
/* Those that are not over then (INT64_MIN: that nobody has ended), by id; store_silences_free frees
 * them. */
int store_silences(struct store_conn *c, int64_t at_ms, struct silence **out, size_t *n,
		   struct err *err);
void store_silences_free(struct silence *silences, size_t n);
/* Somebody removes it. *found is false where there is none that is not over yet. */
int store_silence_end(struct store_conn *c, int64_t id, int64_t at_ms, const char *by,
		      bool *found, struct err *err);
/* The alert with this key is resolved: the silences of it alone are over. */
int store_silences_cleared(struct store_conn *c, const char *key, int64_t at_ms,
			   struct err *err);

/* ---- care, by a reader ---- */

/* Call each with whatever is wrong with the database: what the engine finds damaged, and what the
 * rest of the program takes for granted and is not so. A finding is a line in words; borrowed.
 * on_progress may be NULL; it is called a few times a second. Returns 0, or ERR_STORE where it
 * cannot be looked at. */
int store_check(struct store_conn *c, void (*each)(const char *finding, void *arg),
		void (*on_progress)(void *arg), void *arg, struct err *err);

/* Write a copy of the database as it is now to a new file at path, whether somebody writes it or
 * not, and check it; the file appears when it is whole, sound and on disk. on_progress may be NULL.
 * Returns 0; ERR_FORMAT: the file exists or cannot be written; ERR_STORE: the database cannot be
 * read, or the copy is not sound. */
int store_backup(struct store_conn *c, const char *path,
		 void (*on_progress)(int done, int all, void *arg), void *arg,
		 struct err *err);

/* ---- housekeeping ---- */

/* What is forgotten: whatever ended before these times (0: nothing), but for an event that is still
 * owed, the one of an alert that fires, the last one, and of each device the last two spans, those of
 * days that have no sum yet, and the last run of days. Alerts and silences that are over
 * go with the events. The rest is the walk's: all zero to begin with. */
struct store_forget {
	int64_t events_before_ms, spans_before_ms, deliveries_before_ms, days_before_ms;
	int64_t most_ms; /* of a transaction: what takes longer is left to the next */
	int stage;
	int64_t at; /* the first sequence, or the device before the first, not looked at */
	int64_t n_forgotten; /* rows */
};
/* Forget a few hundred rows, or what there is time for, in a transaction of its own. Returns 1 while there
 * is more to look at, 0 at the end, or ERR_STORE. */
int store_forget_some(struct store_conn *c, struct store_forget *f, struct err *err);

/* Move what the log holds into the database where it has grown: a job of its own. */
int store_checkpoint(struct store_conn *c, struct err *err);

#endif
