/* What curl and OpenSSL say of a connection that failed, in words for whoever looks after
 * telephones. Pure. */
#ifndef NET_EXPLAIN_H
#define NET_EXPLAIN_H

#include <curl/curl.h>

/* What this failure means and what to look at; text is curl's own. NULL where that says it as well
 * as can be. */
const char *explain_failure(CURLcode code, const char *text);

#endif
