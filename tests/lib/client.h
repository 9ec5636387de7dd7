/* A libcurl client that runs on the loop of the server it asks, in one thread: each turn waits
 * for whichever of the two has something to do. */
#ifndef TESTS_CLIENT_H
#define TESTS_CLIENT_H

#include <curl/curl.h>
#include <stdbool.h>
#include <uv.h>

#include "base/buf.h"

struct client {
	uv_loop_t *loop;
	CURLM *multi;
};

struct client_call {
	CURL *easy; /* options may be set between client_start() and the first turn */
	struct curl_slist *lines;
	bool done;
	CURLcode result; /* once done */
	long status;
	struct buf headers; /* as they came */
	struct buf body;    /* as curl gives it: unpacked where it was asked to unpack */
};

void client_open(struct client *c, uv_loop_t *loop);
void client_close(struct client *c);

/* Begin a request. body is for POST, copied; NULL: none, and GET. */
void client_start(struct client *c, struct client_call *call, const char *url,
		  const char *body);
/* Add a header line to it, "Name: value". */
void client_line(struct client_call *call, const char *line);
/* One turn: wait until the loop or curl has work, and let both do it. */
void client_turn(struct client *c);
/* Turns until the call is done. */
void client_wait(struct client *c, struct client_call *call);
/* Leave in the middle, or after the end; frees everything. */
void client_end(struct client *c, struct client_call *call);

/* Start and wait. */
void client_ask(struct client *c, struct client_call *call, const char *url,
		const char *body);

/* A header's value, good until the next call of this; NULL where there is none. */
const char *client_header(const struct client_call *call, const char *name);

#endif
