/* Transfers: whatever libcurl does over a network, by its multi-socket interface on the loop.
 *
 * What all of them share: names, connections and TLS sessions that are kept and used again,
 * certificates that are always verified, and errors in our own terms. What a transfer is of, its
 * owner sets on its easy handle: net/http.h, net/stream.h. */
#ifndef NET_TRANSFER_H
#define NET_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "base/err.h"

struct transfers;
struct transfer;

/* It is over, exactly once, never from within transfer_start or transfer_cancel. t->err.code is 0 or
 *
 *   ERR_RETRY     the network, or a time-out
 *   ERR_FORMAT    an answer that breaks the protocol, or its owner's refusal of it
 *   ERR_DENIED    the server's certificate does not hold, or it refuses the login
 *   ERR_CONFIG    it cannot be begun: a bad URL, an unreadable CA file
 *   ERR_CANCELED  transfer_cancel came first */
typedef void (*transfer_ended_cb)(struct transfer *t);

/* Embedded in the owner's struct, all zero at first. */
struct transfer {
	/* Set by the owner. */
	CURL *easy; /* his from transfer_open to transfer_clear; NULL: it cannot be begun */
	/* A connection that is to be used when its transfer has ended well: the handle stays with
	 * curl until transfer_clear. */
	bool stays;
	transfer_ended_cb on_ended;

	/* To be read when it is over. What the owner has set before, stays. */
	struct err err;
	int64_t ended_at_ms; /* UTC: when the last byte was there */

	/* Private. */
	struct transfers *all; /* NULL unless under way, or where it stays */
	enum { TRANSFER_IDLE, TRANSFER_RUNNING, TRANSFER_ENDED } state;
	TAILQ_ENTRY(transfer) entry;
	char curl_error[CURL_ERROR_SIZE];
};

/* They must be closed before the loop is. */
struct transfers *transfers_create(uv_loop_t *loop);
uv_loop_t *transfers_loop(const struct transfers *all);
/* Every transfer must have ended, and those that stay be cleared. on_closed (may be NULL) runs once
 * the loop has let go of all handles; the transfers are freed before it. */
void transfers_close(struct transfers *all, void (*on_closed)(void *data), void *data);

/* A new easy handle for it, with what all transfers have in common. ca_file: PEM; NULL: the system's
 * authorities. Sets t->err and leaves t->easy NULL where there is none to be had. */
void transfer_open(struct transfers *all, struct transfer *t, const char *ca_file);
/* Start it; on_ended follows in any case, at once where t->err is set. */
void transfer_start(struct transfers *all, struct transfer *t);
/* End it early; on_ended follows with ERR_CANCELED, unless it was over already. Does nothing to one
 * that is not under way. */
void transfer_cancel(struct transfer *t);
/* Free its handle. It must not be under way. */
void transfer_clear(struct transfer *t);

#endif
