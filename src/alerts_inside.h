/* The parts of the rules' transaction, and what its files share. Nobody else includes this. */
#ifndef ALERTS_INSIDE_H
#define ALERTS_INSIDE_H

#include "alerts.h"

/* A device's spans as a book has them. All zero at first. */
struct alerts_past {
	struct store_spans stored;
	struct book_span *spans; /* stored.n of them */
	size_t cap;
};
int alerts_past_load(struct alerts_past *p, struct store_conn *c, int64_t device_id,
		     int64_t since_ms, struct err *err);
void alerts_past_clear(struct alerts_past *p);

/* alerts_read.c: read the account's book where that is not done yet; and what its pages have changed
 * since. */
int alerts_load_book(struct alerts_run *r, struct store_conn *c, struct err *err);
int alerts_take_notes(struct alerts_run *r, struct store_conn *c, struct err *err);

#endif
