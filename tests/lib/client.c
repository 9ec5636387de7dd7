#include "lib/client.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BODY_MAX_BYTES ((size_t)256 << 20)
#define TURN_MAX_MS    1000
#define CALL_MAX_MS    30000L

void client_open(struct client *c, uv_loop_t *loop)
{
	c->loop = loop;
	c->multi = curl_multi_init();
	ck_assert_ptr_nonnull(c->multi);
}

void client_close(struct client *c)
{
	curl_multi_cleanup(c->multi);
	c->multi = NULL;
}

static size_t on_body(char *data, size_t size, size_t n, void *to)
{
	struct client_call *call = to;

	return buf_add(&call->body, data, size * n) == 0 ? size * n : 0;
}

static size_t on_header(char *data, size_t size, size_t n, void *to)
{
	struct client_call *call = to;

	buf_add(&call->headers, data, size * n);
	return size * n;
}

void client_start(struct client *c, struct client_call *call, const char *url,
		  const char *body)
{
	*call = (struct client_call){.easy = curl_easy_init()};
	buf_init(&call->body, BODY_MAX_BYTES);
	buf_init(&call->headers, BODY_MAX_BYTES);
	curl_easy_setopt(call->easy, CURLOPT_URL, url);
	curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(call->easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, CALL_MAX_MS);
	curl_easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(call->easy, CURLOPT_PROXY, "");
	if (body != NULL)
		curl_easy_setopt(call->easy, CURLOPT_COPYPOSTFIELDS, body);
	ck_assert_int_eq(curl_multi_add_handle(c->multi, call->easy), CURLM_OK);
}

void client_line(struct client_call *call, const char *line)
{
	call->lines = curl_slist_append(call->lines, line);
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->lines);
}

static void take_results(struct client *c)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(c->multi, &left)) != NULL) {
		struct client_call *call;

		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		curl_easy_getinfo(msg->easy_handle, CURLINFO_RESPONSE_CODE,
				  &call->status);
		call->result = msg->data.result;
		call->done = true;
	}
}

void client_turn(struct client *c)
{
	struct curl_waitfd fd = {.fd = uv_backend_fd(c->loop),
				 .events = CURL_WAIT_POLLIN};
	int wait_ms = uv_backend_timeout(c->loop), running;

	curl_multi_perform(c->multi, &running);
	take_results(c);
	curl_multi_poll(c->multi, &fd, 1,
			wait_ms < 0 || wait_ms > TURN_MAX_MS ? TURN_MAX_MS : wait_ms,
			NULL);
	uv_run(c->loop, UV_RUN_NOWAIT);
	curl_multi_perform(c->multi, &running);
	take_results(c);
}

void client_wait(struct client *c, struct client_call *call)
{
	while (!call->done)
		client_turn(c);
}

void client_end(struct client *c, struct client_call *call)
{
	curl_multi_remove_handle(c->multi, call->easy);
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->lines);
	buf_clear(&call->body);
	buf_clear(&call->headers);
}

void client_ask(struct client *c, struct client_call *call, const char *url,
		const char *body)
{
	client_start(c, call, url, body);
	client_wait(c, call);
}

const char *client_header(const struct client_call *call, const char *name)
{
	static char value[512];
	size_t len = strlen(name);

	for (const char *line = buf_text(&call->headers); line != NULL;
	     line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (strncasecmp(line, name, len) != 0 || line[len] != ':')
			continue;
		line += len + 1;
		line += strspn(line, " ");
		snprintf(value, sizeof value, "%.*s", (int)strcspn(line, "\r\n"), line);
		return value;
	}
	return NULL;
}
