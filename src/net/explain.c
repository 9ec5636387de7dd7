#include "net/explain.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

#define NOT_TLS                                                                           \
	"what answers there speaks no TLS: look at the address and its port, or at what " \
	"stands in between"

/* The first that fits. */
static const struct {
	CURLcode code;
	const char *has; /* part of the text; NULL: whatever it says */
	const char *meaning;
} rows[] = {
	{CURLE_PEER_FAILED_VERIFICATION, "issuer certificate",
	 "the server's certificate is of an issuer that is not known here: of a proxy that looks "
	 "into TLS, or of a private CA, whose certificate must be among the trusted ones"},
	{CURLE_PEER_FAILED_VERIFICATION, "self-signed",
	 "the server's certificate is of an issuer that is not known here: of a proxy that looks "
	 "into TLS, or of a private CA, whose certificate must be among the trusted ones"},
	{CURLE_PEER_FAILED_VERIFICATION, "has expired",
	 "the server's certificate has expired, or this machine's clock is wrong"},
	{CURLE_PEER_FAILED_VERIFICATION, "not yet valid",
	 "the server's certificate is not valid yet, or this machine's clock is wrong"},
	{CURLE_PEER_FAILED_VERIFICATION, "subject name",
	 "the server's certificate is of another host: look at the address"},
	{CURLE_PEER_FAILED_VERIFICATION, NULL,
	 "the server's certificate is not to be trusted"},
	{CURLE_SSL_CONNECT_ERROR, "wrong version number", NOT_TLS},
	{CURLE_SSL_CONNECT_ERROR, "packet length too long", NOT_TLS},
	{CURLE_SSL_CONNECT_ERROR, "http request", NOT_TLS},
	{CURLE_SSL_CONNECT_ERROR, "Connection reset",
	 "the connection was cut before it was secured, by the server or by a firewall in "
	 "between"},
	{CURLE_SSL_CONNECT_ERROR, "unexpected eof",
	 "the connection was cut before it was secured, by the server or by a firewall in "
	 "between"},
	{CURLE_SSL_CONNECT_ERROR, NULL,
	 "the server and we have found no way to speak TLS with each other"},
	{CURLE_LOGIN_DENIED, NULL, "the server refuses the login"},
	{CURLE_USE_SSL_FAILED, NULL, "the server does not offer STARTTLS"},
	{CURLE_SSL_CACERT_BADFILE, NULL,
	 "the file of trusted certificates (ca_file) cannot be read"},
	{CURLE_RECV_ERROR, "SSL", "the connection was cut before the answer was whole"},
	{CURLE_SEND_ERROR, "SSL", "the connection was cut while we were asking"},
};

const char *explain_failure(CURLcode code, const char *text)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].code == code &&
		    (rows[i].has == NULL || strstr(text, rows[i].has) != NULL))
			return rows[i].meaning;
	return NULL;
}
