/* The request of a page of one of the vendor's lists.
 *
 * Source  ringcentral/api.md sections 4, 5 and 7. URLs are built from the page number (course.h),
 *         never taken from a link: no foreign host, no loop. */
#ifndef API_PAGES_H
#define API_PAGES_H

#include <stdint.h>

#include "net/http.h"

#define PAGES_PER_PAGE 1000 /* the vendor's most */
/* Until its answers name another: the worst that was seen. */
#define PAGES_GROUP "heavy"

/* In what form the answer may come. */
#define PAGES_ACCEPT      "application/json"
#define PAGES_ACCEPT_BULK "application/vnd.ringcentral.multipart+json, application/json"

/* Make req ready for http_start. url and token are borrowed until it is over. */
void pages_request(struct http_request *req, const char *url, const char *token,
		   const char *accept, const char *ca_file);

#endif
