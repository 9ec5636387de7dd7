/* The lock that one daemon holds on its database: a POSIX record lock on PATH.lock, which the
 * kernel gives up however the holder ends. Private to store/sqlite. */
#ifndef STORE_SQLITE_LOCK_H
#define STORE_SQLITE_LOCK_H

#include <stdbool.h>

#include "base/err.h"

/* Take it; *fd keeps it until closed. ERR_STORE where another process holds it, named in err. */
int lock_take(const char *database, int *fd, struct err *err);
/* Whether a daemon holds it. Needs no right to write. No lock file: nobody does. */
bool lock_is_held(const char *database);

#endif
