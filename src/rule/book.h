/* What the rules know of one account: its devices, as far as rules ask, and the alerts that live.
 * Pure. rule.h says what is decided.
 *
 *   book_create -> book_load_device ... -> book_load_alert ... -> book_load_end: what is stored
 *   book_change ...: what a sweep's pages changed -> book_run (or book_blind): decisions ->
 *   book_next ...: to be written -> book_done
 *
 * Where what book_next gives cannot be written the book is to be destroyed and loaded anew. */
#ifndef RULE_BOOK_H
#define RULE_BOOK_H

#include "model/alert.h"
#include "model/device.h"
#include "rule/rule.h"

struct book;

/* A time from which on a device had a status; by time. */
struct book_span {
	int64_t from_ms;
	enum device_status status;
	bool gone; /* it was not listed; status says nothing */
};
/* Of what is stored: it was not on the list any more, or it had this status. */
static inline struct book_span book_span_of(int64_t from_ms, bool gone,
					    enum device_status status)
{
	return (struct book_span){from_ms, gone ? DEVICE_UNKNOWN : status, gone};
}

/* What a run asks its owner. */
struct book_view {
	void *arg;
	int64_t began_ms; /* when the sweep at hand did */
	/* Whether the sweep at hand has shown this device as it is known. tag: as it was given. */
	bool (*is_fresh)(void *arg, int64_t device_id, uint32_t tag);
	/* The spans of a device, at least those from since_ms on and the one before. Good until the next
	 * call. Returns how many. */
	size_t (*spans)(void *arg, int64_t device_id, int64_t since_ms,
			const struct book_span **spans);
};

/* Both are copied. */
struct book *book_create(const struct rules *rules, const char *account);
void book_destroy(struct book *b);
/* Whether it was made for these rules. */
bool book_is_of(const struct book *b, const struct rules *rules);

/* A device as it is now. */
struct book_device_state {
	int64_t device_id;
	uint32_t tag;      /* the owner's, for is_fresh */
	const char *id;    /* the vendor's; NULL with facts: as before */
	const char *facts; /* device_facts(), compact JSON */
	enum device_status status;
	int64_t at_ms; /* when it was first seen with this status */
	bool has_location;
	int64_t location_ms;
	const char
		*emergency_flaw; /* device_emergency_flaw(); asked only by some rules */
};

/* Stored, with its spans since it was added: these say whether it was ever Online, and since when it
 * is Offline. They may be left out for one that is Online. */
void book_load_device(struct book *b, const struct book_device_state *state,
		      const struct book_span *spans, size_t n_spans);
/* One that lives; moves into the book. */
void book_load_alert(struct book *b, struct alert *take);
void book_load_end(struct book *b);

/* It is new, or something about it has changed. */
void book_change(struct book *b, const struct book_device_state *state);
/* It is not listed any more. */
void book_remove(struct book *b, int64_t device_id, int64_t at_ms);

/* An alert that lives is under another silence now: what it is stored with. */
void book_take_silence(struct book *b, const struct alert *stored);

/* Decide, at the end of a sweep. */
enum book_verdict {
	BOOK_DECIDED,
	BOOK_CONFIRM, /* nothing was decided: another sweep first, at once */
};
enum book_verdict book_run(struct book *b, const struct book_view *view, int64_t now_ms);

/* No page has come for too long, for this reason: decide that, and nothing else. */
void book_blind(struct book *b, const char *why, int64_t since_ms, int64_t now_ms);

/* What is to be told of an alert. */
enum book_tell {
	BOOK_TELL_NOTHING,
	BOOK_TELL_FIRING,
	BOOK_TELL_AGAIN,
	BOOK_TELL_RESOLVED,
};

/* One alert whose row has changed. */
struct book_decision {
	struct alert *alert; /* the book's; the owner sets alert_id and sequences */
	bool forget;         /* it ended without a word: its row is to go */
	enum book_tell tell;
	/* Of an outage: its members as it fires, or who did not come back as it ends; of those listed at
	 * most ALERT_LISTED. */
	const int64_t *listed; /* device_ids */
	size_t n_listed;
	int64_t n_members;
};

/* The next decision, in the order in which they are to be written; false at the end. */
bool book_next(struct book *b, struct book_decision *out);
/* All are written: what is over is forgotten. */
void book_done(struct book *b);

#endif
