#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

#define SHA256_BYTES 32

void digest_key_init(struct digest_key *key, const void *secret, size_t secret_len,
		     const char *context)
{
	for (size_t i = 0; i < DIGEST_KEY_BYTES / SHA256_BYTES; i++) {
		char *text = mem_printf("%zu %s", i, context);
		unsigned int len;

		if (HMAC(EVP_sha256(), secret, (int)secret_len, (unsigned char *)text,
			 strlen(text), key->bytes + i * SHA256_BYTES, &len) == NULL)
			abort(); /* out of memory */
		free(text);
	}
}

void digest_of(unsigned char out[DIGEST_BYTES], const struct digest_key *key,
	       const void *data, size_t len)
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(
		&canonical,
		XXH3_128bits_withSecret(data, len, key->bytes, sizeof key->bytes));
	memcpy(out, canonical.digest, DIGEST_BYTES);
}

void digest_of_named(unsigned char out[DIGEST_BYTES], const struct digest_key *key,
		     const char *name, const void *data, size_t len)
{
	XXH128_canonical_t canonical;
	XXH3_state_t *state = XXH3_createState();

	if (state == NULL)
		abort(); /* out of memory */
	XXH3_128bits_reset_withSecret(state, key->bytes, sizeof key->bytes);
	XXH3_128bits_update(state, name, strlen(name) + 1);
	XXH3_128bits_update(state, data, len);
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
	XXH3_freeState(state);
	memcpy(out, canonical.digest, DIGEST_BYTES);
}

uint64_t digest_pieces(const struct digest_key *key, const struct digest_piece *pieces,
		       size_t n)
{
	XXH3_state_t *state = XXH3_createState();
	uint64_t digest;

	if (state == NULL)
		abort(); /* out of memory */
	XXH3_64bits_reset_withSecret(state, key->bytes, sizeof key->bytes);
	for (size_t i = 0; i < n; i++) {
		XXH3_64bits_update(state, &pieces[i].len, sizeof pieces[i].len);
		XXH3_64bits_update(state, pieces[i].data, pieces[i].len);
	}
	digest = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return digest != 0 ? digest : 1;
}

void digest_texts(char out[DIGEST_HEX_BYTES], const char *const *texts, size_t n)
{
	unsigned char sha[SHA256_BYTES];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		abort(); /* out of memory */
	for (size_t i = 0; i < n; i++)
		EVP_DigestUpdate(ctx, texts[i], strlen(texts[i]) + 1);
	EVP_DigestFinal_ex(ctx, sha, NULL);
	EVP_MD_CTX_free(ctx);
	for (size_t i = 0; i < sizeof sha; i++)
		snprintf(out + 2 * i, 3, "%02x", sha[i]);
}
