/* Digests that recognise what was seen before: XXH3, 128 bits, keyed by a secret, so that nobody
 * who can name a phone can choose two records with one digest. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_BYTES     16
#define DIGEST_KEY_BYTES 192
#define DIGEST_HEX_BYTES 65

struct digest_key {
	unsigned char bytes[DIGEST_KEY_BYTES];
};

/* A key that depends on the secret and on every byte of the context (HMAC-SHA256, counted). */
void digest_key_init(struct digest_key *key, const void *secret, size_t secret_len,
		     const char *context);

void digest_of(unsigned char out[DIGEST_BYTES], const struct digest_key *key,
	       const void *data, size_t len);
/* Of a name and bytes that came under it: the same bytes under another name are others. */
void digest_of_named(unsigned char out[DIGEST_BYTES], const struct digest_key *key,
		     const char *name, const void *data, size_t len);

/* A shorter one, of n pieces, told apart from others that join to the same bytes; never 0. */
struct digest_piece {
	const void *data;
	size_t len;
};
uint64_t digest_pieces(const struct digest_key *key, const struct digest_piece *pieces,
		       size_t n);

/* SHA-256 of n texts, each with its NUL, in hex: tells credentials apart without showing them. */
void digest_texts(char out[DIGEST_HEX_BYTES], const char *const *texts, size_t n);

#endif
