/* Base64 with padding, as RFC 4648 section 4 has it; by libcrypto. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>

/* Room that the text of len bytes needs, its NUL included. */
#define BASE64_TEXT_BYTES(len) (((len) + 2) / 3 * 4 + 1)

void base64_encode(char *out, const void *data, size_t len);

/* Decode the whole text, at most size bytes. Strict: no blanks, no other alphabet, padding where
 * it belongs. Returns 0 and sets *len, or ERR_FORMAT; out may be changed then. */
int base64_decode(void *out, size_t size, size_t *len, const char *text);

#endif
