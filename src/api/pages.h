/* The request of one page of the account's device list.
 *
 * Source  ringcentral/api.md section 4.1 and 7. Page URLs are built from the page number, never
 *         taken from a link: no foreign host, no loop. */
#ifndef API_PAGES_H
#define API_PAGES_H

#include <stdint.h>

#include "net/http.h"

#define PAGES_PER_PAGE 1000 /* the vendor's most */
/* Until its answers name another: the worst that was seen. */
#define PAGES_GROUP "heavy"

/* The URL of a page (from 1). The caller frees it. */
char *pages_url(const char *server, int64_t page);

/* In what form the answer may come. */
#define PAGES_ACCEPT      "application/json"
#define PAGES_ACCEPT_BULK "application/vnd.ringcentral.multipart+json, application/json"

/* Make req ready for http_start. url and token are borrowed until it is over. */
void pages_request(struct http_request *req, const char *url, const char *token,
		   const char *accept, const char *ca_file);

#endif
