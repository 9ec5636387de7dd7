/* Unix sockets at a path: to listen there, and to connect. */
#ifndef NET_LOCAL_H
#define NET_LOCAL_H

#include "base/err.h"

/*
 * Listen at a path, mode 0660, of the group of its folder. What a killed process has left there is
 * replaced.
 *
 * Returns 0 and sets *fd (non-blocking), or ERR_CONFIG: somebody listens there, something else has
 * that name, or the folder does not let us.
 */
int local_listen(const char *path, int *fd, struct err *err);
/* Remove what local_listen has put there. What remains, the next start replaces. */
void local_unlink(const char *path);

/* Connect and wait for it. Returns 0 and sets *fd (blocking), or
 *   ERR_RETRY   nobody listens there, or nothing is there
 *   ERR_DENIED  its mode, or that of a folder, does not let us */
int local_connect(const char *path, int *fd, struct err *err);

#endif
