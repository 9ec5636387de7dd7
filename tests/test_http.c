#include "net/http.h"

#include "lib/suite.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <openssl/x509_vfy.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/receiver.h"
#include "lib/tls.h"
#include "lib/turn.h"
#include "net/explain.h"

static struct {
	uv_loop_t loop;
	struct http_client *http;
	struct receiver *receiver;
	struct tls_ca *ca, *other_ca;
	/* How the receiver answers: these bytes, and then. */
	const char *raw;
	size_t raw_len; /* 0: that of the string */
	enum then { KEEP, HANG_UP, HOLD } then;
	struct receiver_request *held;
	unsigned n_asked;
	char *head, *body;
	size_t body_len;
} w;

/* ---- a resolver that hangs where asked to ---- */

#define SLOW_HOST "slow.example"

static uv_sem_t resolver_may_end;
static unsigned n_slow;

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
		    struct addrinfo **) =
		(int (*)(const char *, const char *, const struct addrinfo *,
			 struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");

	if (host != NULL && strcmp(host, SLOW_HOST) == 0) {
		__atomic_add_fetch(&n_slow, 1, __ATOMIC_SEQ_CST);
		uv_sem_wait(&resolver_may_end);
		return EAI_NONAME;
	}
	return real(host, port, hints, out);
}

/* ---- folders of authorities, of which none may be read ---- */

static unsigned n_folders;

int X509_STORE_load_path(X509_STORE *store, const char *path)
{
	(void)store;
	(void)path;
	n_folders++;
	return 1;
}

/* ---- other programs ---- */

/* A program that is a server for us, and what it says of itself. */
static struct {
	uv_process_t process;
	uv_pipe_t out;
	char text[65536];
	size_t len;
	bool started, exited;
} x;

static void on_exit_(uv_process_t *process, int64_t status, int term_signal)
{
	(void)process;
	(void)status;
	(void)term_signal;
	x.exited = true;
}

static void on_text_block(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	(void)handle;
	(void)suggested;
	*out = uv_buf_init(x.text + x.len, (unsigned)(sizeof x.text - 1 - x.len));
}

static void on_text(uv_stream_t *stream, ssize_t n, const uv_buf_t *block)
{
	(void)stream;
	(void)block;
	if (n > 0)
		x.len += (size_t)n;
	x.text[x.len] = '\0';
}

/* Start it and wait until it says this. False where there is no such program. */
static bool start_program(char **args, const char *ready)
{
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_IGNORE},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		 .data.stream = (uv_stream_t *)&x.out},
	};
	const uv_process_options_t options = {.exit_cb = on_exit_,
					      .file = args[0],
					      .args = args,
					      .stdio = stdio,
					      .stdio_count = 3};

	uv_pipe_init(&w.loop, &x.out, 0);
	if (uv_spawn(&w.loop, &x.process, &options) != 0) {
		uv_close((uv_handle_t *)&x.out, NULL);
		return false;
	}
	x.started = true;
	uv_read_start((uv_stream_t *)&x.out, on_text_block, on_text);
	TURN_UNTIL(&w.loop, strstr(x.text, ready) != NULL || x.exited);
	ck_assert_msg(!x.exited, "%s ended: %s", args[0], x.text);
	return true;
}

static void end_program(void)
{
	if (!x.started)
		return;
	uv_process_kill(&x.process, SIGKILL);
	TURN_UNTIL(&w.loop, x.exited);
	uv_close((uv_handle_t *)&x.process, NULL);
	uv_close((uv_handle_t *)&x.out, NULL);
}

/* ---- the world ---- */

static void on_request(struct receiver_request *req, void *data)
{
	(void)data;
	w.n_asked++;
	free(w.head);
	free(w.body);
	w.head = mem_strdup(req->head);
	w.body_len = req->body_len;
	w.body = mem_alloc(req->body_len + 1);
	memcpy(w.body, req->body, req->body_len + 1);
	if (w.raw != NULL)
		receiver_write(req, w.raw, w.raw_len != 0 ? w.raw_len : strlen(w.raw));
	if (w.then == HANG_UP)
		receiver_hang_up(req);
	else if (w.then == KEEP)
		receiver_done(req);
	else
		w.held = req;
}

static void open_world(void)
{
	memset(&w, 0, sizeof w);
	memset(&x, 0, sizeof x);
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("HTTPS_PROXY");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	unsetenv("no_proxy");
	unsetenv("NO_PROXY");
	uv_sem_init(&resolver_may_end, 0);
	n_slow = 0;
	n_folders = 0;
	turn_open(&w.loop);
	w.http = http_client_create(&w.loop, "phonewatch/test");
	w.receiver = receiver_open(&w.loop, on_request, NULL);
	w.raw = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK";
}

static void on_client_closed(void *data)
{
	*(bool *)data = true;
}

static void close_world(void)
{
	bool closed = false;

	free(w.head);
	free(w.body);
	end_program();
	tls_ca_destroy(w.ca);
	tls_ca_destroy(w.other_ca);
	receiver_close(w.receiver);
	http_client_close(w.http, on_client_closed, &closed);
	turn_close(&w.loop);
	ck_assert(closed);
	uv_sem_destroy(&resolver_may_end);
}

/* A request and how it ended. */
struct ask {
	struct http_request req;
	char *url;
	int rc;
	bool done;
};

static void on_done(struct http_request *req, int rc)
{
	struct ask *a = req->data;

	ck_assert(!a->done);
	ck_assert_int_eq(rc, req->err.code);
	a->done = true;
	a->rc = rc;
}

/* rest: a path of the receiver, or a URL. */
static void prepare(struct ask *a, const char *rest)
{
	*a = (struct ask){0};
	a->url = rest[0] == '/' ? mem_printf("%s%s", receiver_url(w.receiver), rest)
				: mem_strdup(rest);
	http_request_init(&a->req);
	a->req.url = a->url;
	a->req.on_done = on_done;
	a->req.data = a;
}

static void start(struct ask *a)
{
	http_start(w.http, &a->req);
	ck_assert(!a->done); /* never from within */
}

static void finish(struct ask *a)
{
	TURN_UNTIL(&w.loop, a->done);
}

static void run(struct ask *a)
{
	start(a);
	finish(a);
}

static void clear(struct ask *a)
{
	http_request_clear(&a->req);
	free(a->url);
}

static int get(const char *rest)
{
	struct ask a;

	prepare(&a, rest);
	run(&a);
	clear(&a);
	return a.rc;
}

static const char *asked_header(const char *name)
{
	struct receiver_request req = {.head = w.head};

	return receiver_header(&req, name);
}

/* ---- what is sent ---- */

START_TEST(a_get_asks_for_what_it_should)
{
	struct ask a;
	int64_t before_ms = clock_utc_ms();

	prepare(&a, "/path?a=b%20c");
	http_add_header(&a.req, "Accept: %s", "application/json");
	http_add_header(&a.req, "Authorization: Bearer %d", 12);
	run(&a);
	ck_assert_int_eq(a.rc, 0);
	ck_assert_int_eq(a.req.status, 200);
	ck_assert_str_eq(buf_text(&a.req.answer), "OK");
	ck_assert_int_eq(strncmp(w.head, "GET /path?a=b%20c HTTP/1.1\r\n", 28), 0);
	ck_assert_str_eq(asked_header("Accept"), "application/json");
	ck_assert_str_eq(asked_header("Authorization"), "Bearer 12");
	ck_assert_str_eq(asked_header("User-Agent"), "phonewatch/test");
	ck_assert_ptr_null(asked_header("Accept-Encoding"));
	ck_assert_int_ge(a.req.sent_at_ms, before_ms);
	ck_assert_int_ge(a.req.done_at_ms, a.req.sent_at_ms);
	ck_assert_int_le(a.req.done_at_ms, clock_utc_ms());
	clear(&a);
}
END_TEST

START_TEST(a_post_sends_the_bytes_it_was_given)
{
	static const char bytes[] = "a\0b\r\n\r\nc";
	struct ask a;

	prepare(&a, "/");
	a.req.body = bytes;
	a.req.body_len = sizeof bytes - 1;
	http_add_header(&a.req, "Content-Type: application/json");
	run(&a);
	ck_assert_int_eq(a.rc, 0);
	ck_assert_int_eq(strncmp(w.head, "POST / HTTP/1.1\r\n", 17), 0);
	ck_assert_uint_eq(w.body_len, sizeof bytes - 1);
	ck_assert_mem_eq(w.body, bytes, sizeof bytes - 1);
	ck_assert_str_eq(asked_header("Content-Type"), "application/json");
	ck_assert_ptr_null(asked_header("Expect"));
	clear(&a);
}
END_TEST

START_TEST(a_large_post_does_not_wait_for_leave)
{
	struct ask a;
	size_t len = 2u << 20;
	char *bytes = mem_zalloc(len);

	prepare(&a, "/");
	a.req.body = bytes;
	a.req.body_len = len;
	run(&a);
	ck_assert_int_eq(a.rc, 0);
	ck_assert_uint_eq(w.body_len, len);
	ck_assert_ptr_null(asked_header("Expect"));
	clear(&a);
	free(bytes);
}
END_TEST

/* ---- what is understood ---- */

static const struct {
	const char *raw;
	enum then then;
	int rc;
	long status;
} answers[] = {
	{"HTTP/1.1 204 No Content\r\n\r\n", KEEP, 0, 204},
	{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", KEEP, 0, 404},
	{"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", KEEP, 0, 500},
	{"HTTP/1.1 301 Moved\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", KEEP, 0,
	 301},
	{"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
	 KEEP, 0, 307},
	{"HTTP/1.0 200 OK\r\n\r\nto the end", HANG_UP, 0, 200},
	{"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", KEEP,
	 0, 200},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 7\r\n\r\n",
	 KEEP, 0, 200},
	{"", HANG_UP, ERR_RETRY, 0},
	{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", HANG_UP, ERR_RETRY, 200},
	{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", HANG_UP, ERR_RETRY, 200},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", HANG_UP,
	 ERR_RETRY, 200},
	{"SSH-2.0-OpenSSH_9.2p1 Debian\r\n", HANG_UP, ERR_FORMAT, 0},
	{"220 mail.example ESMTP\r\n", HANG_UP, ERR_FORMAT, 0},
	{"\x15\x03\x03\x00\x02\x02\x46", HANG_UP, ERR_FORMAT, 0}, /* a TLS alert */
};

START_TEST(an_answer_is_taken_as_it_is)
{
	struct ask a;

	w.raw = answers[_i].raw;
	w.then = answers[_i].then;
	prepare(&a, "/");
	run(&a);
	ck_assert_msg(a.rc == answers[_i].rc, "%d %s", a.rc, a.req.err.text);
	ck_assert_int_eq(a.req.status, answers[_i].status);
	ck_assert_uint_eq(w.n_asked, 1); /* nothing is followed, nothing repeated */
	clear(&a);
}
END_TEST

/* A receiver that dies while it answers has not said that it has the event. */
START_TEST(an_answer_that_is_cut_at_any_byte_is_none)
{
	const char whole[] = "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nOK";

	w.then = HANG_UP;
	w.raw = whole;
	for (w.raw_len = 1; w.raw_len < sizeof whole - 1; w.raw_len++) {
		struct ask a;

		prepare(&a, "/");
		run(&a);
		ck_assert_msg(a.rc == ERR_RETRY || (w.raw_len < 5 && a.rc == ERR_FORMAT),
			      "%zu bytes: %d %s", w.raw_len, a.rc, a.req.err.text);
		clear(&a);
	}
}
END_TEST

START_TEST(a_header_is_found_and_the_last_one_counts)
{
	struct ask a;

	w.raw = "HTTP/1.1 200 OK\r\nX-Group: light\r\nRetry-After:   7  \r\n"
		"x-group: heavy\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n";
	prepare(&a, "/");
	ck_assert_ptr_null(http_header(&a.req, "Retry-After"));
	run(&a);
	ck_assert_str_eq(http_header(&a.req, "Retry-After"), "7");
	ck_assert_str_eq(http_header(&a.req, "retry-after"), "7");
	ck_assert_str_eq(http_header(&a.req, "X-Group"), "heavy");
	ck_assert_str_eq(http_header(&a.req, "X-Empty"), "");
	ck_assert_ptr_null(http_header(&a.req, "X-Other"));
	clear(&a);
	ck_assert_ptr_null(http_header(&a.req, "X-Group"));
}
END_TEST

START_TEST(what_comes_packed_stays_packed)
{
	static const char raw[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
				  "Content-Length: 25\r\n\r\n"
				  "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0"
				  "\x86\xa6\x10\x36\x05\0\0\0";
	struct ask a;

	w.raw = raw;
	w.raw_len = sizeof raw - 1;
	prepare(&a, "/");
	http_add_header(&a.req, "Accept-Encoding: gzip");
	run(&a);
	ck_assert_int_eq(a.rc, 0);
	ck_assert_uint_eq(a.req.answer.len, 25);
	ck_assert_mem_eq(a.req.answer.data, raw + sizeof raw - 1 - 25, 25);
	ck_assert_str_eq(http_header(&a.req, "Content-Encoding"), "gzip");
	ck_assert_str_eq(asked_header("Accept-Encoding"), "gzip");
	clear(&a);
}
END_TEST

/* ---- limits ---- */

static const struct {
	const char *raw;
	int rc;
} sizes[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", 0},
	{"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789a", ERR_FORMAT},
	{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n0", ERR_FORMAT},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n",
	 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n"
	 "1\r\n0\r\n0\r\n\r\n",
	 ERR_FORMAT},
};

START_TEST(an_answer_beyond_the_limit_is_refused)
{
	struct ask a;

	w.raw = sizes[_i].raw;
	prepare(&a, "/");
	a.req.max_bytes = 10;
	run(&a);
	ck_assert_int_eq(a.rc, sizes[_i].rc);
	ck_assert_int_eq(a.req.status, 200);
	ck_assert_uint_le(a.req.answer.len, 10);
	clear(&a);
}
END_TEST

START_TEST(endless_headers_are_refused)
{
	struct buf b;
	struct ask a;

	buf_init(&b, 32u << 20);
	buf_add_text(&b, "HTTP/1.1 200 OK\r\n");
	while (b.len < 16u << 20)
		buf_printf(&b, "X-%zu: %0*d\r\n", b.len, 1000, 0);
	w.raw = b.data;
	w.then = HOLD;
	prepare(&a, "/");
	run(&a);
	ck_assert_int_ne(a.rc, 0);
	clear(&a);
	buf_clear(&b);
}
END_TEST

static const char *const pauses[] = {
	NULL, /* no answer at all */
	"HTTP/1.1 200 OK\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
};

START_TEST(an_answer_that_stops_coming_ends_in_time)
{
	int64_t begun_ms = clock_mono_ms();
	struct ask a;

	w.raw = pauses[_i / 2];
	w.then = HOLD;
	prepare(&a, "/");
	if (_i % 2 == 0)
		a.req.total_ms = 50;
	else
		a.req.stall_ms = 1000;
	run(&a);
	ck_assert_int_eq(a.rc, ERR_RETRY);
	ck_assert_int_ge(clock_mono_ms() - begun_ms, _i % 2 == 0 ? 50 : 1000);
	ck_assert_int_lt(clock_mono_ms() - begun_ms, 10000);
	clear(&a);
}
END_TEST

START_TEST(a_handshake_that_nobody_answers_ends_in_time)
{
	int64_t begun_ms = clock_mono_ms();
	struct ask a;
	char *url = mem_printf("https%s", receiver_url(w.receiver) + 4);

	prepare(&a, url);
	a.req.connect_ms = 50;
	run(&a);
	ck_assert_int_eq(a.rc, ERR_RETRY);
	ck_assert_int_lt(clock_mono_ms() - begun_ms, 10000);
	ck_assert_uint_eq(receiver_n_connections(w.receiver), 1);
	clear(&a);
	free(url);
}
END_TEST

/* ---- who is asked ---- */

static const struct {
	const char *url;
	bool is;
} loopbacks[] = {
	{"http://127.0.0.1/", true},
	{"http://127.8.9.10:80/x", true},
	{"http://127.1/", true},
	{"http://2130706433/", true},
	{"https://[::1]:8443/", true},
	{"http://localhost", true},
	{"http://LocalHost/", true},
	{"http://localhost.example.com/", false},
	{"http://127.0.0.1.example.com/", false},
	{"http://127.0.0.1@example.com/", false},
	{"http://example.com/127.0.0.1", false},
	{"http://example.com#@127.0.0.1/", false},
	{"http://128.0.0.1/", false},
	{"http://0.0.0.0/", false},
	{"http://[::2]/", false},
	{"127.0.0.1", false},
	{"", false},
};

START_TEST(this_machine_is_known_from_its_url)
{
	ck_assert_int_eq(http_is_loopback(loopbacks[_i].url), loopbacks[_i].is);
}
END_TEST

static const char *const refused_urls[] = {
	"http://phones.example/",
	"http://192.0.2.1:8080/",
	"http://127.0.0.1@192.0.2.1/",
	"ftp://127.0.0.1/",
	"file:///etc/passwd",
	"gopher://127.0.0.1/",
	"127.0.0.1",
	"http://",
	"not a url",
	"",
};

START_TEST(what_must_not_be_asked_is_not)
{
	struct ask a;

	prepare(&a, refused_urls[_i]);
	run(&a);
	ck_assert_int_eq(a.rc, ERR_CONFIG);
	ck_assert_int_eq(a.req.status, 0);
	ck_assert_str_ne(a.req.err.text, "");
	clear(&a);
}
END_TEST

START_TEST(a_proxy_is_asked_for_what_is_elsewhere)
{
	struct ask a;

	setenv("http_proxy", receiver_url(w.receiver), 1);
	setenv("https_proxy", receiver_url(w.receiver), 1);
	prepare(&a, "http://phones.example/list");
	a.req.allow_plain = true;
	run(&a);
	ck_assert_msg(a.rc == 0, "%s", a.req.err.text);
	ck_assert_int_eq(
		strncmp(w.head, "GET http://phones.example/list HTTP/1.1\r\n", 41), 0);
	clear(&a);

	w.raw = "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n";
	ck_assert_int_eq(get("https://phones.example/list"), ERR_RETRY);
	ck_assert_int_eq(strncmp(w.head, "CONNECT phones.example:443 HTTP/1.1\r\n", 37),
			 0);

	setenv("no_proxy", SLOW_HOST, 1);
	uv_sem_post(&resolver_may_end);
	ck_assert_int_eq(get("https://" SLOW_HOST "/"), ERR_RETRY);
	ck_assert_uint_eq(w.n_asked, 2);
}
END_TEST

START_TEST(a_proxy_is_not_asked_for_this_machine)
{
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	ck_assert_int_eq(get("/"), 0);
	ck_assert_uint_eq(w.n_asked, 1);
	ck_assert_int_eq(strncmp(w.head, "GET / HTTP", 10), 0);
}
END_TEST

static const char *const bad_proxies[] = {
	"http://user:SECRET@127.0.0.1:1",
	"user:SECRET@[::1",
	"nonsense://user:SECRET@127.0.0.1:1",
	"http://user:SECRET@127.0.0.1:99999",
	"https://user:SECRET@/",
};

START_TEST(an_error_does_not_tell_the_proxys_password)
{
	struct ask a;

	setenv("https_proxy", bad_proxies[_i], 1);
	prepare(&a, "https://user:SECRET@phones.example/SECRET?SECRET");
	run(&a);
	ck_assert_int_ne(a.rc, 0);
	ck_assert_msg(strstr(a.req.err.text, "SECRET") == NULL, "%s", a.req.err.text);
	clear(&a);
}
END_TEST

/* ---- connections ---- */

START_TEST(a_connection_is_used_again)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(get("/"), 0);
	ck_assert_uint_eq(receiver_n_connections(w.receiver), 1);
	w.raw = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
	w.then = HANG_UP;
	ck_assert_int_eq(get("/"), 0);
	ck_assert_int_eq(get("/"), 0);
	ck_assert_uint_eq(receiver_n_connections(w.receiver), 2);
	ck_assert_uint_eq(w.n_asked, 5);
}
END_TEST

START_TEST(a_connection_that_died_while_idle_is_made_anew)
{
	int port = receiver_port(w.receiver);

	ck_assert_int_eq(get("/"), 0);
	receiver_close(w.receiver);
	for (int i = 0; i < 3; i++)
		uv_run(&w.loop, UV_RUN_NOWAIT);
	w.receiver = receiver_open_at(&w.loop, port, on_request, NULL);
	ck_assert_int_eq(get("/"), 0);
	ck_assert_uint_eq(w.n_asked, 2);
}
END_TEST

START_TEST(one_that_hangs_holds_up_no_other)
{
	struct ask slow;

	w.then = HOLD;
	w.raw = NULL;
	prepare(&slow, "/slow");
	start(&slow);
	TURN_UNTIL(&w.loop, w.held != NULL);
	w.then = KEEP;
	w.raw = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(get("/"), 0);
	ck_assert(!slow.done);
	receiver_answer(w.held, 200, "", "late");
	finish(&slow);
	ck_assert_int_eq(slow.rc, 0);
	ck_assert_str_eq(buf_text(&slow.req.answer), "late");
	clear(&slow);
}
END_TEST

struct chain {
	struct ask a;
	int left;
	int rc; /* of each */
};

static void on_link(struct http_request *req, int rc)
{
	struct chain *c = req->data;

	ck_assert_int_eq(rc, c->rc);
	http_request_clear(req);
	if (--c->left > 0)
		http_start(w.http, req);
	else
		c->a.done = true;
}

START_TEST(the_next_may_be_started_where_one_ended)
{
	struct chain c = {.left = 5};

	prepare(&c.a, "/");
	c.a.req.on_done = on_link;
	c.a.req.data = &c;
	http_start(w.http, &c.a.req);
	finish(&c.a);
	ck_assert_uint_eq(w.n_asked, 5);
	free(c.a.url);
}
END_TEST

START_TEST(one_that_fails_at_once_again_and_again_holds_up_no_other)
{
	struct chain c = {.left = INT32_MAX, .rc = ERR_CONFIG};

	prepare(&c.a, "not a url");
	c.a.req.on_done = on_link;
	c.a.req.data = &c;
	http_start(w.http, &c.a.req);
	ck_assert_int_eq(get("/"), 0);
	c.left = 1;
	finish(&c.a);
	free(c.a.url);
}
END_TEST

/* ---- canceling ---- */

START_TEST(a_request_can_be_canceled_at_each_step)
{
	struct ask a;
	int steps = _i / 3;

	w.raw = pauses[_i % 3];
	w.then = HOLD;
	prepare(&a, "/");
	start(&a);
	for (int i = 0; i < steps; i++)
		uv_run(&w.loop, UV_RUN_NOWAIT);
	http_cancel(&a.req);
	ck_assert(!a.done);  /* never from within */
	http_cancel(&a.req); /* again does nothing */
	finish(&a);
	ck_assert_int_eq(a.rc, ERR_CANCELED);
	http_cancel(&a.req); /* nor when over */
	clear(&a);
	/* The client is as good as new. */
	w.raw = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	w.then = KEEP;
	ck_assert_int_eq(get("/"), 0);
}
END_TEST

START_TEST(a_request_can_be_canceled_before_it_could_not_be_sent)
{
	struct ask a;

	prepare(&a, "not a url");
	start(&a);
	http_cancel(&a.req);
	finish(&a);
	ck_assert_int_eq(a.rc, ERR_CONFIG); /* it had ended */
	clear(&a);
}
END_TEST

START_TEST(a_request_can_be_canceled_while_its_name_is_resolved)
{
	int64_t begun_ms = clock_mono_ms();
	struct ask a;

	prepare(&a, "https://" SLOW_HOST "/");
	start(&a);
	TURN_UNTIL(&w.loop, __atomic_load_n(&n_slow, __ATOMIC_SEQ_CST) == 1);
	http_cancel(&a.req);
	finish(&a);
	ck_assert_int_eq(a.rc, ERR_CANCELED);
	clear(&a);
	ck_assert_int_lt(clock_mono_ms() - begun_ms, 5000);
	uv_sem_post(&resolver_may_end);
}
END_TEST

START_TEST(a_name_that_is_not_resolved_in_time_is_given_up)
{
	struct ask a;

	prepare(&a, "https://" SLOW_HOST "/");
	a.req.connect_ms = 50;
	run(&a);
	ck_assert_int_eq(a.rc, ERR_RETRY);
	clear(&a);
	uv_sem_post(&resolver_may_end);
}
END_TEST

/* ---- TLS ---- */

static char *write_file(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", suite_dir(), name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static int tls_port;
static char tls_said[ERR_TEXT_BYTES]; /* of the last failure */

/* Start a TLS server with a certificate of w.ca for these names: openssl's, since its faults are
 * not ours. Where there is none, false. */
static bool open_tls(const char *names, int days)
{
	char *cert, *key, *cert_path, *key_path;
	bool there;

	w.ca = tls_ca_create("The right one");
	w.other_ca = tls_ca_create("Another one");
	tls_make_cert(w.ca, names, days, &cert, &key);
	cert_path = write_file("cert.pem", cert);
	key_path = write_file("key.pem", key);
	there = start_program((char *[]){(char *)"openssl", (char *)"s_server",
					 (char *)"-accept", (char *)"127.0.0.1:0",
					 (char *)"-www", (char *)"-cert", cert_path,
					 (char *)"-key", key_path, NULL},
			      "ACCEPT 127.0.0.1:");
	if (there) {
		TURN_UNTIL(&w.loop, strchr(strstr(x.text, "ACCEPT"), '\n') != NULL);
		tls_port = atoi(strstr(x.text, "ACCEPT 127.0.0.1:") + 17);
	} else {
		printf("# skipped: no openssl(1)\n");
	}
	free(cert);
	free(key);
	free(cert_path);
	free(key_path);
	return there;
}

/* The CA's certificate as a file; the caller frees its path. */
static char *ca_file(const struct tls_ca *ca, const char *name)
{
	char *pem = tls_ca_cert(ca), *path = write_file(name, pem);

	free(pem);
	return path;
}

/* Ask the TLS server, by this host, with this CA file. */
static int get_tls(const char *host, const char *file)
{
	char *url = mem_printf("https://%s:%d/", host, tls_port);
	struct ask a;

	prepare(&a, url);
	a.req.ca_file = file;
	run(&a);
	snprintf(tls_said, sizeof tls_said, "%s", a.req.err.text);
	clear(&a);
	free(url);
	return a.rc;
}

START_TEST(a_certificate_must_be_of_the_ca_that_is_named)
{
	char *right, *wrong;

	if (!open_tls("IP:127.0.0.1", 30))
		return;
	right = ca_file(w.ca, "right.pem");
	wrong = ca_file(w.other_ca, "wrong.pem");
	ck_assert_int_eq(get_tls("127.0.0.1", NULL), ERR_DENIED);
	ck_assert_int_eq(get_tls("127.0.0.1", wrong), ERR_DENIED);
	ck_assert_ptr_nonnull(
		strstr(tls_said, "is of an issuer that is not known here: "));
	ck_assert_ptr_nonnull(strstr(tls_said, " (SSL certificate problem: "));
	ck_assert_int_eq(get_tls("127.0.0.1", right), 0);
	ck_assert_int_eq(get_tls("127.0.0.1", wrong), ERR_DENIED); /* the kept one too */
	ck_assert_int_eq(get_tls("127.0.0.1", NULL), ERR_DENIED);
	free(right);
	free(wrong);
}
END_TEST

START_TEST(a_ca_file_that_is_replaced_counts_at_once)
{
	char *file;

	if (!open_tls("IP:127.0.0.1", 30))
		return;
	file = ca_file(w.other_ca, "ca.pem");
	ck_assert_int_eq(get_tls("127.0.0.1", file), ERR_DENIED);
	free(file);
	file = ca_file(w.ca, "ca.pem");
	ck_assert_int_eq(get_tls("127.0.0.1", file), 0);
	free(file);
}
END_TEST

START_TEST(a_ca_file_stands_instead_of_the_systems)
{
	char *right;

	if (!open_tls("IP:127.0.0.1", 30))
		return;
	right = ca_file(w.ca, "right.pem");
	ck_assert_int_eq(get_tls("127.0.0.1", right), 0);
	ck_assert_uint_eq(n_folders, 0); /* they would be trusted besides */
	free(right);
}
END_TEST

#define OF_ANOTHER \
	"the server's certificate is of another host: look at the address (SSL: "

static const struct {
	const char *names, *host;
	int days;
	int rc;
	const char *said; /* how the error begins */
} certs[] = {
	{"IP:127.0.0.1", "127.0.0.1", 30, 0, ""},
	{"DNS:localhost", "localhost", 30, 0, ""},
	{"DNS:localhost", "127.0.0.1", 30, ERR_DENIED, OF_ANOTHER},
	{"IP:127.0.0.1", "localhost", 30, ERR_DENIED, OF_ANOTHER},
	{"IP:127.0.0.2", "127.0.0.1", 30, ERR_DENIED, OF_ANOTHER},
	{"IP:127.0.0.1", "127.0.0.1", -1, ERR_DENIED,
	 "the server's certificate has expired, or this machine's clock is wrong (SSL "
	 "certificate problem: "},
};

START_TEST(a_certificate_must_be_valid_and_of_the_host)
{
	char *right;

	if (!open_tls(certs[_i].names, certs[_i].days))
		return;
	right = ca_file(w.ca, "right.pem");
	ck_assert_int_eq(get_tls(certs[_i].host, right), certs[_i].rc);
	ck_assert_msg(strncmp(tls_said, certs[_i].said, strlen(certs[_i].said)) == 0,
		      "%s", tls_said);
	free(right);
}
END_TEST

START_TEST(a_ca_file_that_cannot_be_read_is_a_mistake_of_the_configuration)
{
	char *path = mem_printf("%s/none.pem", suite_dir());

	if (!open_tls("IP:127.0.0.1", 30))
		return;
	ck_assert_int_eq(get_tls("127.0.0.1", path), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(tls_said, "(ca_file) cannot be read (error "));
	free(path);
}
END_TEST

static const struct {
	CURLcode code;
	const char *text;
	const char *has; /* of the meaning; NULL: it has none */
} failures[] = {
	{CURLE_SSL_CONNECT_ERROR,
	 "OpenSSL/3.0.22: error:0A00010B:SSL routines::wrong version number",
	 "speaks no TLS"},
	{CURLE_SSL_CONNECT_ERROR,
	 "OpenSSL SSL_connect: Connection reset by peer in connection to a.example:443",
	 "cut before it was secured"},
	{CURLE_SSL_CONNECT_ERROR,
	 "OpenSSL/3.0.22: error:0A000410:SSL routines::sslv3 alert handshake failure",
	 "no way to speak TLS"},
	{CURLE_PEER_FAILED_VERIFICATION, "SSL certificate problem: something else",
	 "not to be trusted"},
	{CURLE_RECV_ERROR,
	 "OpenSSL SSL_read: error:0A000126:SSL routines::unexpected eof while reading, "
	 "errno 0",
	 "cut before the answer was whole"},
	{CURLE_RECV_ERROR, "Recv failure: Connection reset by peer", NULL},
	{CURLE_COULDNT_RESOLVE_HOST, "Could not resolve host: a.example", NULL},
	{CURLE_COULDNT_CONNECT, "Failed to connect to a.example port 443", NULL},
};

START_TEST(what_openssl_says_has_a_meaning)
{
	const char *meaning = explain_failure(failures[_i].code, failures[_i].text);

	if (failures[_i].has == NULL)
		ck_assert_ptr_null(meaning);
	else
		ck_assert_msg(meaning != NULL &&
				      strstr(meaning, failures[_i].has) != NULL,
			      "%s", meaning);
}
END_TEST

START_TEST(a_plain_server_is_no_tls_server)
{
	char *url = mem_printf("https%s", receiver_url(w.receiver) + 4);
	struct ask a;

	/* It hangs up on what is no request. */
	prepare(&a, url);
	a.req.total_ms = 200;
	run(&a);
	ck_assert_int_eq(a.rc, ERR_RETRY);
	ck_assert_uint_eq(w.n_asked, 0);
	clear(&a);
	free(url);
}
END_TEST

/* ---- HTTP/2 ---- */

#define NGHTTPX "/usr/sbin/nghttpx"

/* A port of loopback that nobody has. */
static int free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

/* nghttpx, which speaks HTTP/2 to us and HTTP/1.1 to the receiver. */
static bool start_nghttpx(int port)
{
	char *front = mem_printf("-f127.0.0.1,%d", port), *cert, *key, *cert_path,
	     *key_path;
	char *back = mem_printf("-b127.0.0.1,%d", receiver_port(w.receiver));
	bool there;

	w.ca = tls_ca_create("The right one");
	tls_make_cert(w.ca, "IP:127.0.0.1", 30, &cert, &key);
	cert_path = write_file("cert.pem", cert);
	key_path = write_file("key.pem", key);
	there = start_program((char *[]){(char *)"/usr/sbin/nghttpx", front, back,
					 (char *)"--single-thread",
					 (char *)"--conf=/dev/null",
					 (char *)"--errorlog-file=/dev/stdout", key_path,
					 cert_path, NULL},
			      "Listening on");
	if (!there)
		printf("# skipped: no nghttpx (nghttp2-proxy)\n");
	free(front);
	free(back);
	free(cert);
	free(key);
	free(cert_path);
	free(key_path);
	return there;
}

START_TEST(http_2_is_spoken_where_it_is_offered)
{
	struct ask asks[3];
	int port = free_port();
	char *url = mem_printf("https://127.0.0.1:%d/h2", port), *file;

	if (!start_nghttpx(port)) {
		free(url);
		return;
	}
	file = ca_file(w.ca, "right.pem");
	for (size_t i = 0; i < COUNT(asks); i++) {
		prepare(&asks[i], url);
		asks[i].req.ca_file = file;
		asks[i].req.body = "{}";
		asks[i].req.body_len = 2;
		run(&asks[i]);
		ck_assert_msg(asks[i].rc == 0, "%s", asks[i].req.err.text);
		ck_assert_int_eq(asks[i].req.status, 200);
		ck_assert_str_eq(asked_header("Via"), "2 nghttpx");
		ck_assert_str_eq(w.body, "{}");
		ck_assert_ptr_nonnull(http_header(&asks[i].req, "Via"));
		clear(&asks[i]);
	}
	/* One is canceled, and the connection goes on. */
	w.then = HOLD;
	w.raw = NULL;
	prepare(&asks[0], url);
	asks[0].req.ca_file = file;
	start(&asks[0]);
	TURN_UNTIL(&w.loop, w.held != NULL);
	http_cancel(&asks[0].req);
	finish(&asks[0]);
	ck_assert_int_eq(asks[0].rc, ERR_CANCELED);
	clear(&asks[0]);
	free(file);
	free(url);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_get_asks_for_what_it_should, 1},
		{a_post_sends_the_bytes_it_was_given, 1},
		{a_large_post_does_not_wait_for_leave, 1},
		{an_answer_is_taken_as_it_is, COUNT(answers)},
		{an_answer_that_is_cut_at_any_byte_is_none, 1},
		{a_header_is_found_and_the_last_one_counts, 1},
		{what_comes_packed_stays_packed, 1},
		{an_answer_beyond_the_limit_is_refused, COUNT(sizes)},
		{endless_headers_are_refused, 1},
		{an_answer_that_stops_coming_ends_in_time, 2 * COUNT(pauses)},
		{a_handshake_that_nobody_answers_ends_in_time, 1},
		{this_machine_is_known_from_its_url, COUNT(loopbacks)},
		{what_must_not_be_asked_is_not, COUNT(refused_urls)},
		{a_proxy_is_asked_for_what_is_elsewhere, 1},
		{a_proxy_is_not_asked_for_this_machine, 1},
		{an_error_does_not_tell_the_proxys_password, COUNT(bad_proxies)},
		{a_connection_is_used_again, 1},
		{a_connection_that_died_while_idle_is_made_anew, 1},
		{one_that_hangs_holds_up_no_other, 1},
		{the_next_may_be_started_where_one_ended, 1},
		{one_that_fails_at_once_again_and_again_holds_up_no_other, 1},
		{a_request_can_be_canceled_at_each_step, 3 * 8},
		{a_request_can_be_canceled_before_it_could_not_be_sent, 1},
		{a_request_can_be_canceled_while_its_name_is_resolved, 1},
		{a_name_that_is_not_resolved_in_time_is_given_up, 1},
		{a_certificate_must_be_of_the_ca_that_is_named, 1},
		{a_ca_file_that_is_replaced_counts_at_once, 1},
		{a_ca_file_stands_instead_of_the_systems, 1},
		{a_certificate_must_be_valid_and_of_the_host, COUNT(certs)},
		{a_ca_file_that_cannot_be_read_is_a_mistake_of_the_configuration, 1},
		{what_openssl_says_has_a_meaning, COUNT(failures)},
		{a_plain_server_is_no_tls_server, 1},
		{http_2_is_spoken_where_it_is_offered, 1},
	};

	return suite_run("http", tests, COUNT(tests), open_world, close_world);
}
