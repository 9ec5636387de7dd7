/* The daemon's door, by its real socket: a request as it is written, or, where the first byte is a
 * digit, a body for one of the rows below. Each gets one answer, in JSON; nothing that is asked for
 * makes the database fail; and a silence that was made can be removed.
 *
 *   visit -> on_connected -> written -> on_read: all that is answered, to its end
 *     \-> of LEAVES our end is closed
 */
#include "serve/serve.h"

#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lib/fuzz.h"

#define FOLDER         "fuzz_serve.d" /* of the build tree */
#define ADDRESS        "unix:" FOLDER "/phonewatch.sock"
#define SOCKET         FOLDER "/phonewatch.sock"
#define ANSWER_MAX     (1u << 20)
#define HEAD_END       "\r\n\r\n"
#define LINES          " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
#define STATUS_CREATED 201

/* Of the loop, within which a request is read. libmicrohttpd does not see an end that comes with the last
 * bytes, and waits its time out. */
#define TURNS 5

static const char *const rows[] = {"/api/v1/silences", "/api/v1/poll",   "/api/v1/accept",
				   "/api/v1/test",     "/api/v1/replay", "/api/v1/drill"};

static uv_loop_t loop;
static struct store *store;
static struct serve *serve;

/* ---- one visit ---- */

/* Who stays asks for the end of the connection behind the answer; who leaves may get none. */
enum manner { STAYS, LEAVES };

struct visit {
	enum manner manner;
	uv_pipe_t pipe;
	uv_connect_t connect;
	uv_write_t write;
	uv_shutdown_t shutdown;
	const struct buf *request;
	struct buf answer;
	bool over;
};

static void on_over(uv_handle_t *handle)
{
	struct visit *v = handle->data;

	v->over = true;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *into)
{
	struct visit *v = handle->data;

	buf_reserve(&v->answer, v->answer.len + suggested);
	*into = uv_buf_init(v->answer.data + v->answer.len, (unsigned)suggested);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *into)
{
	struct visit *v = stream->data;

	(void)into;
	if (n < 0) {
		uv_close((uv_handle_t *)stream, on_over);
		return;
	}
	v->answer.len += (size_t)n;
	v->answer.data[v->answer.len] = '\0';
}

/* Whoever is refused early may not take all of it. */
static void on_written(uv_write_t *write, int rc)
{
	(void)write;
	(void)rc;
}

static void on_shut(uv_shutdown_t *shutdown, int rc)
{
	(void)shutdown;
	(void)rc;
}

static void on_connected(uv_connect_t *connect, int rc)
{
	struct visit *v = connect->handle->data;
	uv_stream_t *stream = (uv_stream_t *)&v->pipe;
	uv_buf_t out = uv_buf_init(v->request->data, (unsigned)v->request->len);

	REQUIRE(rc == 0);
	REQUIRE(uv_read_start(stream, on_alloc, on_read) == 0);
	REQUIRE(uv_write(&v->write, stream, &out, 1, on_written) == 0);
}

/* What is answered to it goes to answer, which is for buf_clear(). */
static void visit(enum manner manner, const struct buf *request, struct buf *answer)
{
	struct visit v = {.manner = manner, .request = request};

	buf_init(&v.answer, ANSWER_MAX);
	uv_pipe_init(&loop, &v.pipe, 0);
	v.pipe.data = &v;
	uv_pipe_connect(&v.connect, &v.pipe, SOCKET, on_connected);
	for (int i = 0; i < TURNS && !v.over; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	if (manner == LEAVES && !uv_is_closing((uv_handle_t *)&v.pipe))
		uv_shutdown(&v.shutdown, (uv_stream_t *)&v.pipe, on_shut);
	while (!v.over)
		uv_run(&loop, UV_RUN_ONCE);
	*answer = v.answer;
}

/* ---- what is asked ---- */

static void post(struct buf *request, const char *path, const uint8_t *body, size_t len)
{
	buf_printf(request,
		   "POST %s" LINES "Content-Type: application/json\r\n"
		   "Content-Length: %zu" HEAD_END,
		   path, len);
	buf_add(request, body, len);
}

/* One answer and no more: returns its status. */
static int check_answer(const struct buf *answer, json_t **body)
{
	const char *text = buf_text(answer), *end = strstr(text, HEAD_END);
	int status = 0;

	REQUIRE(sscanf(text, "HTTP/1.1 %d ", &status) == 1);
	REQUIRE(end != NULL);
	*body = json_loads(end + strlen(HEAD_END), 0, NULL);
	REQUIRE(json_is_object(*body));
	REQUIRE(status < 500); /* 503: the database fails */
	return status;
}

static void remove_silence(json_int_t id)
{
	struct buf request, answer;
	json_t *body;

	buf_init(&request, ANSWER_MAX);
	buf_printf(&request, "DELETE /api/v1/silences/%" JSON_INTEGER_FORMAT LINES "\r\n",
		   id);
	visit(STAYS, &request, &answer);
	REQUIRE(check_answer(&answer, &body) == 200);
	json_decref(body);
	buf_clear(&answer);
	buf_clear(&request);
}

static void ask_row(const char *path, const uint8_t *data, size_t len)
{
	struct buf request, answer;
	json_t *body;

	buf_init(&request, ANSWER_MAX);
	post(&request, path, data, len);
	visit(STAYS, &request, &answer);
	if (check_answer(&answer, &body) == STATUS_CREATED)
		remove_silence(json_integer_value(json_object_get(body, "id")));
	json_decref(body);
	buf_clear(&answer);
	buf_clear(&request);
}

/* Where nothing was understood the connection may be closed without a word. */
static void ask_raw(const uint8_t *data, size_t len)
{
	struct buf request, answer;

	buf_init(&request, ANSWER_MAX);
	buf_add(&request, data, len);
	visit(LEAVES, &request, &answer);
	REQUIRE(answer.len == 0 || strncmp(answer.data, "HTTP/1.", 7) == 0);
	buf_clear(&answer);
	buf_clear(&request);
}

/* ---- the door ---- */

static void on_wish(struct serve_wish *wish, void *data)
{
	(void)data;
	serve_fulfil(wish, 200, json_object());
}

static void open_door(void)
{
	struct err err = {0};
	struct serve_config config = {
		.loop = &loop, .address = ADDRESS, .on_wish = on_wish};

	mkdir(FOLDER, 0700); /* it may be there */
	REQUIRE(uv_loop_init(&loop) == 0);
	if (store_open(FOLDER "/phonewatch.db", &loop, &store, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	config.store = store;
	REQUIRE(serve_open(&config, &serve, &err) == 0);
	serve_set_ready(serve);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t row = len > 0 ? (size_t)data[0] - '0' : COUNT(rows);

	if (serve == NULL)
		open_door();
	if (row < COUNT(rows))
		ask_row(rows[row], data + 1, len - 1);
	else if (len > 0)
		ask_raw(data, len);
	return 0;
}
