#include "sim/tell.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/http.h"

struct telling {
	struct http_request req;
	bool done;
	int rc;
};

static void on_done(struct http_request *req, int rc)
{
	struct telling *t = req->data;

	t->rc = rc;
	t->done = true;
}

/* The whole URL, for free(). */
static char *url_of(const char *where)
{
	size_t len = strlen(where);

	while (len > 0 && where[len - 1] == '/')
		len--;
	return mem_printf("%s%.*s/sim", strstr(where, "://") == NULL ? "http://" : "",
			  (int)len, where);
}

static int read_answer(const struct http_request *req, struct buf *results,
		       struct err *err)
{
	const char *text = buf_text(&req->answer);

	if (req->status == 200)
		return buf_add(results, text, req->answer.len);
	if (req->status == 400)
		return err_set(err, ERR_FORMAT, "%.*s", (int)strcspn(text, "\n"), text);
	return err_set(err, ERR_RETRY, "HTTP %ld: is that a phonewatch-sim?",
		       req->status);
}

int tell(const char *where, const char *ca_file, const char *text, struct buf *results,
	 struct err *err)
{
	struct telling t = {0};
	char *url = url_of(where);
	struct http_client *client;
	uv_loop_t loop;
	int rc;

	uv_loop_init(&loop);
	client = http_client_create(&loop, "phonewatch-sim");
	http_request_init(&t.req);
	t.req.url = url;
	t.req.ca_file = ca_file;
	t.req.body = text;
	t.req.body_len = strlen(text);
	t.req.on_done = on_done;
	t.req.data = &t;
	http_start(client, &t.req);
	while (!t.done)
		uv_run(&loop, UV_RUN_ONCE);
	rc = t.rc != 0 ? err_set(err, t.rc, "%s", t.req.err.text)
		       : read_answer(&t.req, results, err);
	http_request_clear(&t.req);
	http_client_close(client, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	free(url);
	return rc;
}
