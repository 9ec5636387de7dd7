#include "base/base64.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/err.h"

#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

void base64_encode(char *out, const void *data, size_t len)
{
	EVP_EncodeBlock((unsigned char *)out, data, (int)len);
}

int base64_decode(void *out, size_t size, size_t *len, const char *text)
{
	size_t n_chars = strspn(text, ALPHABET);
	size_t padding = strspn(text + n_chars, "=");
	size_t n_text = n_chars + padding, n;
	unsigned char *to = out, last[3];

	if (text[n_text] != '\0' || padding > 2 || n_text % 4 != 0)
		return ERR_FORMAT;
	n = n_text / 4 * 3 - padding;
	if (n > size)
		return ERR_FORMAT;
	for (size_t i = 0; i < n; i += 3) {
		/* Cannot fail: the text was looked at. Padding counts as zero bits. */
		EVP_DecodeBlock(last, (const unsigned char *)text + i / 3 * 4, 4);
		memcpy(to + i, last, n - i < 3 ? n - i : 3);
	}
	OPENSSL_cleanse(last, sizeof last);
	*len = n;
	return 0;
}
