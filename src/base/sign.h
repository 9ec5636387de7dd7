/* Signatures of webhooks, as Standard Webhooks has them: version 1, HMAC-SHA256.
 * Source: github.com/standard-webhooks/standard-webhooks, spec, "Signature scheme". */
#ifndef BASE_SIGN_H
#define BASE_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#define SIGN_KEY_MIN_BYTES 24
#define SIGN_KEY_MAX_BYTES 64

/*
 * The key within a secret.
 *
 * Shape  "whsec_" and the base64 of 24 to 64 bytes
 * key    replaced; unchanged on error
 *
 * Returns 0 or ERR_CONFIG; err says nothing of the secret.
 */
int sign_read_key(struct secret *key, const struct secret *from, struct err *err);

/*
 * The value of the header webhook-signature: one signature per key, "v1,BASE64 v1,BASE64".
 *
 * What is signed is id.timestamp.body; at_s is the timestamp, in seconds since 1970.
 * Returns the text, the caller's; NULL where there is no key.
 */
char *sign_webhook(const struct secret *keys, size_t n_keys, const char *id, int64_t at_s,
		   const void *body, size_t len);

#endif
