#include "base/sign.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"

#define PREFIX          "whsec_"
#define SIGNATURE_BYTES 32 /* of SHA-256 */

int sign_read_key(struct secret *key, const struct secret *from, struct err *err)
{
	unsigned char bytes[SIGN_KEY_MAX_BYTES];
	size_t len;
	int rc = 0;

	if (from->text == NULL || strncmp(from->text, PREFIX, strlen(PREFIX)) != 0 ||
	    base64_decode(bytes, sizeof bytes, &len, from->text + strlen(PREFIX)) != 0 ||
	    len < SIGN_KEY_MIN_BYTES)
		rc = err_set(err, ERR_CONFIG,
			     "a webhook secret is \"" PREFIX
			     "\" and the base64 of %d to %d bytes",
			     SIGN_KEY_MIN_BYTES, SIGN_KEY_MAX_BYTES);
	else
		secret_set(key, (const char *)bytes, len);
	explicit_bzero(bytes, sizeof bytes);
	return rc;
}

static void add_signature(struct buf *to, const struct secret *key,
			  const struct buf *content)
{
	unsigned char mac[SIGNATURE_BYTES];
	char text[BASE64_TEXT_BYTES(SIGNATURE_BYTES)];

	if (HMAC(EVP_sha256(), key->text, (int)key->len,
		 (const unsigned char *)content->data, content->len, mac, NULL) == NULL)
		abort(); /* out of memory: nothing else can fail */
	base64_encode(text, mac, sizeof mac);
	buf_printf(to, "%sv1,%s", to->len > 0 ? " " : "", text); /* no cap to pass */
}

char *sign_webhook(const struct secret *keys, size_t n_keys, const char *id, int64_t at_s,
		   const void *body, size_t len)
{
	struct buf content, signatures;

	buf_init(&content, SIZE_MAX / 4);
	buf_init(&signatures, SIZE_MAX / 4);
	buf_printf(&content, "%s.%" PRId64 ".", id, at_s);
	buf_add(&content, body, len);
	for (size_t i = 0; i < n_keys; i++)
		add_signature(&signatures, &keys[i], &content);
	buf_clear(&content);
	return signatures.data;
}
