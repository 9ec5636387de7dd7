#include "sink/syslog_address.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/mem.h"

#define PATH_BYTES (sizeof((struct sockaddr_un *)NULL)->sun_path - 1)

/* What follows the scheme; NULL where the text has another. */
static const char *behind(const char *text, const char *scheme)
{
	size_t n = strlen(scheme);

	return strncasecmp(text, scheme, n) == 0 ? text + n : NULL;
}

static int read_path(struct syslog_address *into, const char *path, struct err *err)
{
	if (path[0] != '/')
		return err_set(err, ERR_CONFIG,
			       "the path is not absolute; write unix:/dev/log");
	if (strlen(path) > PATH_BYTES)
		return err_set(
			err, ERR_CONFIG,
			"the path is longer than a socket's may be; %zu bytes at most",
			PATH_BYTES);
	*into = (struct syslog_address){.path = mem_strdup(path)};
	return 0;
}

/* As curl writes it, "[::1]" with the zone apart; as the resolver wants it, "::1%eth0". */
static char *host_of(const char *host, const char *zone)
{
	size_t len = strlen(host);

	if (host[0] != '[')
		return mem_strdup(host);
	return mem_printf("%.*s%s%s", (int)len - 2, host + 1, zone != NULL ? "%" : "",
			  zone != NULL ? zone : "");
}

/* Takes the parts of a URL. False: one that must be there is not. */
static bool take_parts(struct syslog_address *into, CURLU *u)
{
	char *host = NULL, *port = NULL, *zone = NULL;
	bool fine = curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_PORT, &port, 0) == CURLUE_OK &&
		    strcmp(port, "0") != 0;

	if (fine) {
		(void)curl_url_get(u, CURLUPART_ZONEID, &zone, 0); /* most have none */
		*into = (struct syslog_address){.host = host_of(host, zone),
						.port = mem_strdup(port)};
	}
	curl_free(zone);
	curl_free(port);
	curl_free(host);
	return fine;
}

/* What is left and right of a colon, with nothing else around: curl takes it apart. */
static bool read_host_and_port(struct syslog_address *into, const char *url,
			       const char *host_and_port)
{
	CURLU *u = curl_url();
	bool fine = u != NULL && strpbrk(host_and_port, "/?#@") == NULL &&
		    curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) ==
			    CURLUE_OK &&
		    take_parts(into, u);

	curl_url_cleanup(u);
	return fine;
}

int syslog_address_read(struct syslog_address *into, const char *text, struct err *err)
{
	static const struct {
		const char *scheme;
		enum syslog_transport transport;
	} schemes[] = {
		{"udp://", SYSLOG_UDP},
		{"tcp://", SYSLOG_TCP},
		{"tls://", SYSLOG_TLS},
	};
	const char *path = behind(text, "unix:");

	if (path != NULL)
		return read_path(into, path, err);
	for (size_t i = 0; i < COUNT(schemes); i++) {
		const char *rest = behind(text, schemes[i].scheme);

		if (rest == NULL || !read_host_and_port(into, text, rest))
			continue;
		into->transport = schemes[i].transport;
		return 0;
	}
	return err_set(
		err, ERR_CONFIG,
		"not an address; write unix:PATH, udp://HOST:PORT, tcp://HOST:PORT or "
		"tls://HOST:PORT, an IPv6 address in brackets");
}

void syslog_address_clear(struct syslog_address *a)
{
	free(a->path);
	free(a->host);
	free(a->port);
	*a = (struct syslog_address){0};
}
