/* What a check by asking the vendor has seen of an account's devices: counted, by type and by site. */
#ifndef CHECK_SEEN_H
#define CHECK_SEEN_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "config.h"
#include "model/known.h"

/* How many devices have each name of something. */
struct check_breakdown {
	struct {
		char *name;
		int64_t n, online;
	} * rows;
	size_t n, cap;
};

/* All zero: nothing yet. */
struct check_seen {
	struct check_breakdown types, sites;
	int64_t n_devices;
	int64_t n_refused;          /* records that cannot be read */
	int64_t n_unanswered;       /* extensions */
	struct known_paging paging; /* of the list */
};

/*
 * Count an answer.
 *
 * ids  NULL: it is a page of the account's list; else it has the devices of these extensions
 *
 * Returns 0, or ERR_FORMAT where it cannot be read.
 */
int check_seen_answer(struct check_seen *s, const struct buf *answer, char *const *ids,
		      size_t n_ids, struct err *err);
/* What there is besides their number. */
void check_seen_print(const struct check_seen *s, const struct account_config *account,
		      FILE *out);
void check_seen_clear(struct check_seen *s);

#endif
