/* A connection that bytes are written to, by TCP or TLS.
 *
 * libcurl makes it and verifies the peer; then it is ours. Bytes are taken when the peer's TCP has acknowledged them, and did not reset the connection then: what
 * our own side has merely buffered is lost with it. */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/transfer.h"

struct stream;

struct stream_config {
	struct transfers *transfers; /* borrowed, outlives us */
	const char *host;            /* a name or an address; IPv6 without brackets */
	const char *port;
	bool tls; /* 1.2 at least, verified */
	const char *
		ca_file; /* PEM; NULL: the system's authorities; borrowed for stream_open */
	int64_t connect_ms; /* until connected, TLS included */
	int64_t stall_ms;   /* the peer may take nothing of what is written for so long */
	/* What was acknowledged is taken if the connection still stands so long after: a peer that dies
	 * with bytes unread resets it. */
	int64_t settle_ms;
	size_t max_bytes; /* that may wait to be taken */

	/* Where else, and how, libcurl is to connect, as by SMTP with a login; then host, port and tls
	 * count for nothing. Called once, within stream_open. NULL: by TCP or TLS. */
	void (*set_address)(void *data, CURL *easy);

	/* So many bytes, of all that were ever written, are with the peer now. May be NULL. */
	void (*on_taken)(void *data, int64_t n_bytes);
	/* What the peer says, as it comes; NULL: it is thrown away. */
	void (*on_said)(void *data, const char *bytes, size_t n);
	/* It could not be opened, or is lost, the peer's ordinary close included: err says why. So many
	 * bytes were taken; the others may or may not have come. Nothing follows, and stream_close is
	 * the owner's. */
	void (*on_lost)(void *data, int64_t n_bytes, const struct err *err);
	void *data;
};

/* Begin to connect. The callbacks come from the loop only, never from within a function below. */
struct stream *stream_open(const struct stream_config *config);
/* Copied; may be called before it is connected. 0, or ERR_RETRY where it is lost, or more than
 * max_bytes would wait: err is not set, and nothing was written. */
int stream_write(struct stream *s, const void *data, size_t len);
/* Break it off: on_lost follows, at the latest then. */
void stream_abort(struct stream *s);
/* Without a word to the owner. Its memory goes in a later turn of the loop. NULL is fine. */
void stream_close(struct stream *s);

#endif
