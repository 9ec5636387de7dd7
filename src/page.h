/* The page job: one answer of the device list -> what changed, in one transaction.
 *
 *   unpack -> recognise -> decode what changed -> diff -> device state, events, outbox, ledger
 *
 * Runs on the store's worker. The fences, cheapest first: a page whose bytes are those of the
 * sweep before is not even unpacked; a record whose bytes are known, wherever it stands, is not
 * parsed. What is skipped is seen all the same. */
#ifndef PAGE_H
#define PAGE_H

#include "base/buf.h"
#include "model/audience.h"
#include "store/store.h"
#include "watch.h"

#define PAGE_MAX_BYTES   (64u << 20) /* unpacked */
#define PAGE_BUDGETS_MAX 2

struct page_job {
	struct store_job job;

	/* Set by the owner. */
	struct watch *watch;
	struct audience *audience;
	int64_t page; /* from 1; of extensions: which chunk of them */
	bool begins;  /* a sweep */
	enum store_route route;
	bool ids_are_fresh; /* by extensions: their list came with this sweep */
	char *const *ids; /* by extensions: whose devices it is of; borrowed until done */
	size_t n_ids;
	const char *url;       /* borrowed until done */
	struct buf answer;     /* the body as it came: the job's from now on */
	int64_t sent_at_ms;    /* UTC: of the request */
	int64_t arrived_at_ms; /* UTC: when the answer was whole */
	int64_t clock_set_ms;  /* by how much the clock was set, altogether */
	struct store_budget budgets[PAGE_BUDGETS_MAX]; /* saved with the page */
	size_t n_budgets;

	/* To be read when done. */
	struct known_paging paging;
	int64_t n_records;
	int64_t n_fresh;      /* of them not seen before in this sweep */
	int64_t n_events;     /* told */
	int64_t n_unanswered; /* extensions whose part is missing or an error */
	int64_t n_refused;    /* records that could not be read */
	/* The first of them: "record 17 (id 802398804016): id: empty". */
	char refused[320];
};

/* Set the job up; the rest is the owner's. */
void page_job_init(struct page_job *p);

/*
 * The job's results:
 *   0           committed
 *   ERR_FORMAT  the answer is unusable as a whole; nothing has changed
 *   ERR_STORE   the database failed; nothing has changed, and the sweep is to be begun again
 */
int page_run(struct store_conn *c, struct store_job *job, struct err *err);

#endif
