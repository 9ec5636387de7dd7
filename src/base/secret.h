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

/* All zero: none. Its address may change (the text does not move), its text may not. */
struct secret {
	char *text; /* len bytes and a NUL behind them; NULL while there is none */
	size_t len;
};

/* Whose word it is that the file is safe. */
enum secret_place {
	SECRET_ANYWHERE,      /* the file's mode must say so */
	SECRET_OF_THE_SYSTEM, /* $CREDENTIALS_DIRECTORY: the service manager says so */
};

/* Copy len bytes, at most SECRET_MAX_BYTES. What was there is wiped. */
void secret_set(struct secret *s, const char *text, size_t len);
/* Wipe and free; ready for reuse. */
void secret_clear(struct secret *s);
bool secret_same(const struct secret *a, const struct secret *b);

/*
 * Read a secret from its file: one line of text; a newline at its end is taken off.
 *
 * path    may be a symbolic link; what it leads to must be a regular file of 1 byte to
 *         SECRET_MAX_BYTES. SECRET_ANYWHERE: nobody but its owner may have any right to it, save
 *         that our own effective group may read it (root:phonewatch 0640).
 * into    replaced; unchanged on error.
 *
 * Returns 0 or
 *   ERR_RETRY   there is no such file; err says why without the path, which may be a secret
 *               that somebody wrote where its file's name belongs
 *   ERR_CONFIG  it cannot be read or is unfit; err names the path, and what mends it, as in
 *               "/etc/phonewatch/acme.jwt is open to others; chmod 600 /etc/phonewatch/acme.jwt"
 */
int secret_read(struct secret *into, const char *path, enum secret_place place,
		struct err *err);

/* No core dumps of this process, and no debugger of another of the same user. For main to call
 * before the first secret is read. */
void secret_forbid_dumps(void);

#endif
