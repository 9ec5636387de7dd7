/* The heartbeat: a GET after each good sweep, for a watcher elsewhere who tells when it stays away.
 *
 * Each account may have a URL of its own, asked for when a whole list of it was seen; the one of all
 * accounts is asked for when each of them has had a good sweep since it was asked for last. Where a
 * request is under way the next is left out: what counts is that some come. */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H

#include "config.h"
#include "net/http.h"

struct heartbeat;

/* http is borrowed, outlives it. */
struct heartbeat *heartbeat_create(struct http_client *http);
/* Whose URLs they are, from now on. config is not kept. */
void heartbeat_adopt(struct heartbeat *h, const struct config *config);
/* This account has had a good sweep. */
void heartbeat_swept(struct heartbeat *h, const char *account);
/* What is under way is canceled. on_closed follows once, perhaps at once; it is freed before. */
void heartbeat_close(struct heartbeat *h, void (*on_closed)(void *data), void *data);

#endif
