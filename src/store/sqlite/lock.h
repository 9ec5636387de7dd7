/* The lock that one daemon holds on its database: a record lock on PATH.lock, which the kernel
 * gives up however the holder ends. Private to store/sqlite.
 *
 * It belongs to the open file, not to the process (F_OFD_SETLK): the kernel drops a process's
 * POSIX locks when it closes any file of that name, as a reader within the daemon does after it
 * has looked. Such a lock does not tell its holder, so the file does: its process id. */
#ifndef STORE_SQLITE_LOCK_H
#define STORE_SQLITE_LOCK_H

#include <stdbool.h>

#include "base/err.h"

/* Take it; *fd keeps it until closed. ERR_STORE where another holds it, named in err. */
int lock_take(const char *database, int *fd, struct err *err);
/* Whether a daemon holds it. Needs no right to write. No lock file: nobody does. */
bool lock_is_held(const char *database);

#endif
