#include "api/pages.h"

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
