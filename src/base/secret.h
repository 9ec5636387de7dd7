/* Secrets: kept out of core dumps and the swap as far as the system lets us, wiped when done.
 *
 * There is no function that prints one, and none may be written. No error of this module holds
 * any part of a secret. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define SECRET_MAX_BYTES 65536

/* All zero: none. The struct may be moved as bytes: the text stays where it is. */
struct secret {
	char *text; /* len bytes and a NUL behind them; NULL while there is none */
	size_t len;
};

/* Who says that nobody else reads the file. */
enum secret_place {
	SECRET_ANYWHERE,      /* its mode */
	SECRET_OF_THE_SYSTEM, /* the service manager: it is in $CREDENTIALS_DIRECTORY */
};

/* Copy len bytes, at most SECRET_MAX_BYTES. What was there is wiped. */
void secret_set(struct secret *s, const char *text, size_t len);
/* Wipe and free; ready for reuse. */
void secret_clear(struct secret *s);
bool secret_same(const struct secret *a, const struct secret *b);
/* Whether the text shows so many bytes in a row of what is secret, or all of it where it is shorter. */
bool secret_is_in(const char *text, const char *secret, size_t n_bytes);

/*
 * Read a secret from its file: one line of text; a newline at its end is taken off.
 *
 * path    may be a symbolic link; what it leads to must be a regular file of 1 to
 *         SECRET_MAX_BYTES. SECRET_ANYWHERE: only its owner may have a right to it, save that
 *         our own effective group may read it (root:phonewatch 0640).
 * into    replaced; unchanged on error.
 *
 * Returns 0 or ERR_CONFIG; err names the path and what mends it, as in "/etc/acme.jwt is open to
 * others (mode 0644); chmod 600 /etc/acme.jwt". Where there is no such file err does not name
 * it: the path may be a secret that somebody wrote where the name of its file belongs.
 */
int secret_read(struct secret *into, const char *path, enum secret_place place,
		struct err *err);

/* No core dump of this process, and no debugger of the same user. For main to call before the
 * first secret is read. Returns 0, or ERR_DENIED: nothing that should stop a start. */
int secret_forbid_dumps(struct err *err);

#endif
