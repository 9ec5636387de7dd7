#include "api/pages.h"

#include <inttypes.h>

#include "base/mem.h"

char *pages_url(const char *server, int64_t page)
{
	return mem_printf("%s/restapi/v1.0/account/~/device?page=%" PRId64 "&perPage=%d",
			  server, page, PAGES_PER_PAGE);
}

void pages_request(struct http_request *req, const char *url, const char *token,
		   const char *accept, const char *ca_file)
{
	http_request_clear(req);
	http_request_init(req);
	req->url = url;
	req->ca_file = ca_file;
	http_add_header(req, "Authorization: Bearer %s", token);
	http_add_header(req, "Accept: %s", accept);
	http_add_header(req, "Accept-Encoding: gzip");
}
