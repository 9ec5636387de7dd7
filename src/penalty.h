/* Penalties, kept in a mapped file: from the moment that one is noted it outlives a kill.
 *
 * The database has them too, a few milliseconds later, and outlives a power cut. Within these
 * milliseconds a daemon that is killed and started again would send the one request that starts
 * the penalty anew (ringcentral/api.md section 8). The same where it is killed while the answer
 * that tells of a penalty is on its way: so each request under way is noted as refused until its
 * answer is here.
 *
 * Both clocks tell when a penalty ends, since either may be another by then: the monotonic one begins
 * anew with the machine, and the time of day may be set. Where both can be right, the later end
 * counts; and no penalty lasts longer from whenever on than it did when it was noted.
 *
 * Format  PENALTY_SLOTS times four numbers of 8 bytes, in the machine's order: XXH3 (64 bits) of the
 *         scope, with its last bit as PENALTY_ASKED says; the end by the monotonic clock, 0 for a
 *         free slot, and in UTC, both in milliseconds; how long it lasted when it was noted. A file
 *         of another size is begun anew. Who uses it has a shared lock on it. */
#ifndef PENALTY_H
#define PENALTY_H

#include <stdint.h>

#include "base/err.h"

#define PENALTY_SLOTS 2048 /* a thousand credentials */

struct penalties;

/* The two clocks (base/clock.h) at one moment. */
struct penalty_now {
	int64_t at_ms, now_ms;
};

/* Beside the database, whose file name this is; the caller's. */
char *penalties_path(const char *database);
/* Open or make the file: one process at a time, that which sends the requests for years. What an
 * earlier one has asked and had no answer to is taken for refused. Returns 0 or ERR_STORE: it cannot
 * be used. */
int penalties_open(const char *path, struct penalty_now now, struct penalties **out,
		   struct err *err);
/* Open it beside that process, to see its penalties and to note more; where it does not run, its
 * requests without an answer are as refused. A new file is the folder's owner's. */
int penalties_join(const char *path, struct penalty_now now, struct penalties **out,
		   struct err *err);
/* NULL is fine. */
void penalties_close(struct penalties *p);

/* No request of this scope for so long: of all its groups, since which one a request will count in
 * is known for sure only after its answer. A later end at hand stands. NULL is fine: then it is
 * not kept. */
void penalties_note(struct penalties *p, const char *scope, int64_t wait_ms,
		    struct penalty_now now);
/* A request of this scope is sent. Where this run ends before its answer is here, the next run
 * takes it for refused, with a penalty that lasts so long from now on. */
void penalties_ask(struct penalties *p, const char *scope, int64_t wait_ms,
		   struct penalty_now now);
/* The answers to all requests of this scope are here. */
void penalties_answered(struct penalties *p, const char *scope);
/* How long the penalty still lasts; 0: none is known. NULL is fine: none is. */
int64_t penalties_find(const struct penalties *p, const char *scope,
		       struct penalty_now now);
/* The same, of what another process has noted since; 0 where it was this one, or an earlier run. */
int64_t penalties_find_others(const struct penalties *p, const char *scope,
			      struct penalty_now now);

#endif
