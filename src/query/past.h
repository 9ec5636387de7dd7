/* What a device was at each moment: its spans, with the gaps laid over them.
 *
 * Before its first span nothing is known of it: nobody had looked, or it is forgotten. That is Unknown,
 * as if unobserved; that it was not there, only a span says.
 *
 * A gap hides what the span says. Where a status changed before the device was seen again, the gap
 * lasts until the new status was: what lies between is of neither.
 *
 * Pure, but for past_load and past_load_account. */
#ifndef QUERY_PAST_H
#define QUERY_PAST_H

#include <stdbool.h>
#include <stdint.h>

#include "model/device.h"
#include "store/store.h"

/* Why a status is Unknown. */
enum status_why {
	WHY_NONE,       /* it is not */
	WHY_NO_STATUS,  /* the vendor gives none, or a word that we do not understand */
	WHY_NOT_LISTED, /* the last whole list lacked the device */
	WHY_UNOBSERVED, /* we do not look: see accounts_is_observed(); or its page, or its
			 * record, has not been readable for three intervals */
};

/* "no_status", "not_listed", "unobserved"; NULL for WHY_NONE. */
const char *status_why_name(enum status_why why);

/* All of one device, by time. A gap that lasts ends at PAST_OPEN. */
#define PAST_OPEN INT64_MAX
/* Where what is known begins: nobody knows when. */
#define PAST_BEGIN INT64_MIN
struct past {
	struct store_spans spans;
	struct store_gaps device_gaps;
	const struct store_gaps *account_gaps; /* borrowed */
	int64_t shown_ms;                      /* past_last_shown() */
	int64_t since_ms;                      /* that it was loaded from */
};

/* The gaps of an account; the caller frees all. Returns 0 or ERR_STORE. */
int past_load_account(struct store_conn *c, const struct store_account *a,
		      int64_t now_at_ms, struct store_gaps *into, struct err *err);
/* What is needed to say what the device was from since_ms to until_ms, and how that began. p is
 * all zero at first and used again from device to device. Returns 0 or ERR_STORE. */
int past_load(struct past *p, struct store_conn *c, const struct store_account *a,
	      const struct store_gaps *account_gaps, const struct store_device *d,
	      int64_t since_ms, int64_t until_ms, int64_t now_at_ms, struct err *err);
void past_clear(struct past *p);

/* When the request was sent whose answer last showed the device as it is stored. */
int64_t past_last_shown(const struct store_account *a, const struct store_device *d);
/* Since when a device that is not seen any more has not been. */
int64_t past_unseen_since(const struct store_account *a, const struct store_device *d);
/* Whether it is not, and why: WHY_NONE where it is. The account is observed. */
enum status_why past_unseen_why(const struct store_account *a,
				const struct store_device *d, int64_t now_at_ms);

/* A time in which nothing changes: one span and no gap, or one gap. */
struct past_step {
	int64_t from_ms, to_ms;
	const struct store_span *span; /* the one in force */
	const struct store_span *next; /* the one behind it; NULL: none */
	int64_t doubt_from_ms; /* from then on it may be something else already: when it was last
				* asked for and still so */
	enum status_why why; /* of a gap; WHY_NONE: none */
};

struct past_walk {
	const struct past *past;
	int64_t at_ms, until_ms;
	size_t span;    /* the one in force */
	size_t gaps[2]; /* the first that ends later: of the account, of the device */
	int64_t gap_ended_ms; /* the end of the last gap; and why it was */
	enum status_why gap_why;
};

/* From since_ms, or from the first span where that is later, until until_ms. */
void past_begin(struct past_walk *w, const struct past *p, int64_t since_ms,
		int64_t until_ms);
/* False at the end. */
bool past_step(struct past_walk *w, struct past_step *step);

/* The status of a step: DEVICE_UNKNOWN, and why, or what the span says. Of a span that is
 * SPAN_GONE it has none, and the step is not part of the fleet. */
bool past_is_gone(const struct past_step *step);
enum device_status past_status(const struct past_step *step, enum status_why *why);

/* How much of the step lies where the status may have been another one already: the next one, or
 * where nobody has looked since, any. */
int64_t past_doubt_ms(const struct past_step *step);

/* How much of a time is hidden by gaps, of the account or of the device. */
int64_t past_unobserved_ms(const struct store_gaps *of_account,
			   const struct store_gaps *of_device, int64_t from_ms,
			   int64_t to_ms);

/* A run of steps with one status. */
struct past_piece {
	enum device_status status;
	enum status_why why;
	bool gone;
	int64_t from_ms, from_not_before_ms; /* PAST_BEGIN: nobody knows */
	int64_t to_ms, to_not_before_ms;     /* PAST_OPEN: it lasts */
	const struct store_span *span; /* that it begins with; NULL: before the first */
};

/* All that was loaded until now, in order. */
void past_pieces(const struct past *p, int64_t now_at_ms,
		 void (*each)(const struct past_piece *piece, void *arg), void *arg);

/*
 * Shape  {"account", "device_id", "status", "why", "from", "from_not_before", "to",
 *         "to_not_before", "duration_ms"}; to and to_not_before are null where it lasts, and
 *         duration_ms is until now then; of what lies before the first span the others are
 * Returns a text, the caller's.
 */
char *past_text(const struct past_piece *piece, const char *account,
		const char *device_id, int64_t now_at_ms);

#endif
