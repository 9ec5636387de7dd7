/* Where a server listens. */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include <stddef.h>

#include "base/err.h"

enum listen_reach {
	LISTEN_LOOPBACK, /* refuse to listen where other machines could come */
	LISTEN_ANY,
};

#define LISTEN_URL_BYTES 80

/*
 * Listen.
 *
 * address  "127.0.0.1:8080", "[::1]:0"; port 0: any that is free
 *
 * Returns 0 and sets *fd (non-blocking), or ERR_CONFIG: no such address, not loopback, in use.
 */
int listen_open(const char *address, enum listen_reach reach, int *fd, struct err *err);

/* Where that is, as in "https://127.0.0.1:4711". */
void listen_url(char out[LISTEN_URL_BYTES], int fd, const char *scheme);

#endif
