/* What the records of one page change of what is stored: rows, events and outbox, in one
 * transaction that begins with the first change.
 *
 *   decoded record -> new, or compared with its row -> row -> events
 *
 * Ignored types are neither stored nor told. A device that was stored and becomes one is to the
 * sweep as one that the list lacks: gone and told so after two whole lists, unless it is back by
 * then, or too many are missing at once; and added where it comes back later. One that is ignored
 * because the configuration has changed is put aside without a word: it is where it was.
 *
 * Part of a page job. It reads the memory behind the fences; what changes there is the page's to
 * write, once all is committed. */
#ifndef CHANGES_H
#define CHANGES_H

#include "model/audience.h"
#include "model/device.h"
#include "store/store.h"
#include "watch.h"

struct changes {
	struct watch *watch;
	struct audience *audience;
	struct store_conn *c;
	struct err *err; /* of everything here that returns ERR_STORE */
	bool other_route; /* than the sweep before: what a list does not show is no change */
	int64_t sent_at_ms;    /* UTC: of the page's request */
	int64_t arrived_at_ms; /* UTC: when its answer was whole */
	bool begun;            /* the transaction is open */
	int64_t n_events;      /* told */
	bool location_told;    /* of the last record */
	/* For the rules: to be taken by the watch once all is committed. The caller frees them. */
	struct watch_note *notes;
	size_t n_notes, notes_cap;
};

/* The functions return 0 or ERR_STORE. */
int changes_begin(struct changes *x);

/*
 * A record that was read.
 *
 * known      what was known of its device before; its device_id is 0 where it is not stored
 * d          emptied in part. Its record is NULL where all of it but status and location report is
 *            known to be as it was
 * digest     of the record's bytes
 * device_id  set to the row's; 0: there is none
 * ignored    set where its type is; it was not seen then
 */
int changes_record(struct changes *x, const struct known_device *known, struct device *d,
		   const unsigned char *digest, int64_t *device_id, bool *ignored);

/* One that could not be, of an id that is not stored: listed, and nothing is known of it. Sets
 * device_id. */
int changes_unread(struct changes *x, const char *id, int64_t *device_id);

/* A record that was not read. */
int changes_mark(struct changes *x, int64_t device_id, const struct store_mark *mark);

#endif
