/* The poll of one account: token, pages, sweep, and the waits between them. */
#ifndef POLL_H
#define POLL_H

#include <sys/queue.h>
#include <uv.h>

#include "api/answer.h"
#include "base/clock.h"
#include "base/log.h"
#include "config.h"
#include "ledger.h"
#include "model/audience.h"
#include "net/http.h"
#include "rule/rule.h"
#include "store/store.h"

struct poll;

/* What all polls share. Borrowed, outlives them. */
struct poll_env {
	uv_loop_t *loop;
	struct http_client *http;
	struct store *store;
	struct ledger *ledger;
	struct clock_watch clock;
	struct audience *audience;     /* who wants which event now; polls share it */
	struct rules *rules;           /* what is worth telling now; likewise */
	const char *state_folder;      /* where token files go */
	int64_t began_ms;              /* what the places in intervals count from */
	struct lasting store_failure;  /* one line, however many accounts meet it */
	void (*on_events)(void *data); /* a commit has added events */
	/* The account has had a good sweep: of a whole list, and of one that has not shrunk. */
	void (*on_swept)(void *data, const struct account_config *account);
	void *data;
};

/* config is borrowed until poll_destroy, or until another is given by poll_adopt. place: see
 * schedule.h. */
struct poll *poll_create(struct poll_env *env, const struct account_config *config,
			 unsigned place);

/* Begin, as one of so many that begin now. */
void poll_start(struct poll *p, size_t n_accounts);

/* The same settings from another place, after a reload. Where the credentials had been refused,
 * they are tried once more. */
void poll_adopt(struct poll *p, const struct account_config *config);

const struct account_config *poll_config(const struct poll *p);

/* Somebody who wants a sweep now. */
enum poll_wish {
	POLL_SWEEP,
	POLL_ACCEPT, /* a list that has shrunk is right: who is missing is gone; and a sweep */
};

/* What has come of it. */
struct poll_found {
	enum { POLL_SWEPT, POLL_FAILED, POLL_REFUSED } how;
	char text[ANSWER_TEXT_BYTES + 64]; /* why not */
	/* Of a sweep; sweep.h. */
	bool whole, shrunk;
	int64_t n_devices; /* listed */
	int64_t n_missing, n_removed, n_events;
	int64_t took_ms;
};

struct poll_asker {
	enum poll_wish wish;
	/* Exactly once, perhaps from within poll_ask. */
	void (*on_done)(struct poll_asker *a, const struct poll_found *found);
	void *data;

	/* Private. */
	bool waits; /* for the sweep behind that at hand */
	bool accepted;
	TAILQ_ENTRY(poll_asker) entry;
};

/* Begin a sweep as soon as the budget allows; one that has asked for devices already ends first, since
 * what it has seen may be older than the question. Refused where the vendor wants no request. */
void poll_ask(struct poll *p, struct poll_asker *a);

/* Somebody has ended a silence: begin a sweep at once where one held something back. One at hand looks at
 * the silences as it ends. */
void poll_silence_ended(struct poll *p);

/* Send no more; an answer under way has two seconds to come, and a transaction at hand is finished.
 * on_stopped follows in a later turn of the loop, exactly once; the poll may be destroyed in it. */
void poll_stop(struct poll *p, void (*on_stopped)(struct poll *p, void *data),
	       void *data);
void poll_destroy(struct poll *p);

#endif
