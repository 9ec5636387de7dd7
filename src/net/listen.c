#include "net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

#define BACKLOG 128

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >>
			       24 ==
		       127;
	return address->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* "127.0.0.1:80" or "[::1]:80" to an address; the caller frees it by freeaddrinfo(). */
static int resolve(const char *text, struct addrinfo **out, struct err *err)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	const char *colon = strrchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;
	char *host;
	int rc;

	if (len == 0)
		return err_set(err, ERR_CONFIG, "expected ADDRESS:PORT");
	if (text[0] == '[' && text[len - 1] == ']')
		host = mem_strndup(text + 1, len - 2);
	else
		host = mem_strndup(text, len);
	rc = getaddrinfo(host, colon + 1, &hints, out);
	free(host);
	if (rc != 0)
		return err_set(err, ERR_CONFIG, "%s", gai_strerror(rc));
	return 0;
}

int listen_open(const char *address, enum listen_reach reach, int *out, struct err *err)
{
	struct addrinfo *info = NULL;
	int fd = -1, one = 1;

	if (resolve(address, &info, err) != 0)
		goto fail;
	if (reach == LISTEN_LOOPBACK && !is_loopback(info->ai_addr)) {
		err_set(err, ERR_CONFIG, "not a loopback address");
		goto fail;
	}
	fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	    bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
		err_set(err, ERR_CONFIG, "%s", strerror(errno));
		goto fail;
	}
	freeaddrinfo(info);
	*out = fd;
	return 0;

fail:
	if (fd >= 0)
		close(fd);
	if (info != NULL)
		freeaddrinfo(info);
	return err_wrap(err, "listen on %s", address);
}

void listen_url(char out[LISTEN_URL_BYTES], int fd, const char *scheme)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof address;
	char host[NI_MAXHOST], port[NI_MAXSERV];

	getsockname(fd, (struct sockaddr *)&address, &len);
	getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port,
		    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(out, LISTEN_URL_BYTES,
		 address.ss_family == AF_INET6 ? "%s://[%.45s]:%.5s" : "%s://%.45s:%.5s",
		 scheme, host, port);
}
