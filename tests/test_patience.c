/* A server on a unix socket, and clients that mean it ill, or do not know better. */
#include "net/patience.h"

#include "lib/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/client.h"
#include "net/local.h"
#include "net/server.h"

#define CONNECTIONS_MAX 20
#define CROWD           1000
#define HEADER_MAX      4096
#define ASK             "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"

static uv_loop_t loop;
static struct client client;
static struct server *server;
static struct err err;
static char path[400], address[410];

/* What the handler saw, and how it answers. */
static enum { ANSWER_AT_ONCE, ANSWER_LATER, ANSWER_LARGE, ANSWER_STREAM } how;
static unsigned n_requests, n_stream_ended;
static struct server_request *owed[CONNECTIONS_MAX + 1];
static uid_t seen_uid = (uid_t)-2;

static ssize_t read_stream(void *data, uint64_t at, char *out, size_t max)
{
	(void)data;
	(void)at;
	memset(out, 'x', max);
	return (ssize_t)max; /* without end */
}

static void stream_done(void *data)
{
	(void)data;
	n_stream_ended++;
}

static void on_request(struct server_request *req, void *data)
{
	static const struct server_stream stream = {read_stream, stream_done};
	struct server_body *large;

	(void)data;
	n_requests++;
	if (!server_peer(req, &seen_uid))
		seen_uid = (uid_t)-1;
	switch (how) {
	case ANSWER_AT_ONCE:
		server_answer_text(req, 200, "text/plain", server_path(req));
		break;
	case ANSWER_LATER:
		owed[n_requests - 1] = req;
		break;
	case ANSWER_LARGE:
		large = server_body_create(NULL, 8 << 20);
		memset(large->data, 'x', large->len);
		server_answer(req, 200, large);
		server_body_drop(large);
		break;
	case ANSWER_STREAM:
		server_answer_stream(req, 200, SERVER_LENGTH_UNKNOWN, &stream, NULL);
		break;
	}
}

static struct server_config config(void)
{
	return (struct server_config){
		.address = address,
		.body_max_bytes = 1000,
		.header_max_bytes = HEADER_MAX,
		.connections_max = CONNECTIONS_MAX,
		.on_request = on_request,
	};
}

static void begin(int64_t request_ms, int64_t answer_ms)
{
	struct server_config c = config();

	c.request_ms = request_ms;
	c.answer_ms = answer_ms;
	ck_assert_msg(server_open(&loop, &c, &server, &err) == 0, "%s", err.text);
}

static void name_socket(const char *name)
{
	snprintf(path, sizeof path, "%s/%s", suite_dir(), name);
	snprintf(address, sizeof address, "unix:%s", path);
}

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	name_socket("it.sock");
	uv_loop_init(&loop);
	client_open(&client, &loop);
}

static void teardown(void)
{
	server_close(server);
	client_close(&client);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

/* ---- clients ---- */

static int connect_raw(void)
{
	int fd;

	ck_assert_msg(local_connect(path, &fd, &err) == 0, "%s", err.text);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 (ssize_t)strlen(text));
}

static char heard[65536];

/* Turns until the other end closes, or this many answers are there; what it said is in heard. */
static void listen_for(int fd, unsigned n_answers)
{
	size_t n = 0;

	for (;;) {
		ssize_t got = read(fd, heard + n, sizeof heard - 1 - n);
		unsigned answers = 0;

		if (got == 0 || (got < 0 && errno == ECONNRESET))
			break;
		if (got < 0)
			client_turn(&client);
		else
			n += (size_t)got;
		heard[n] = '\0';
		for (const char *at = heard; (at = strstr(at, "HTTP/1.1 ")) != NULL; at++)
			answers++;
		if (n_answers > 0 && answers == n_answers)
			break;
	}
	heard[n] = '\0';
}

static void listen_to_end(int fd)
{
	listen_for(fd, 0);
}

/* Somebody who asks as one should. */
static void expect_service(void)
{
	struct client_call call;

	how = ANSWER_AT_ONCE;
	client_start(&client, &call, "http://localhost/fine", NULL);
	curl_easy_setopt(call.easy, CURLOPT_UNIX_SOCKET_PATH, path);
	client_wait(&client, &call);
	ck_assert_int_eq(call.result, CURLE_OK);
	ck_assert_int_eq(call.status, 200);
	ck_assert_str_eq(buf_text(&call.body), "/fine");
	client_end(&client, &call);
}

/* ---- who asks ---- */

START_TEST(who_asks_is_known)
{
	begin(0, 0);
	expect_service();
	ck_assert_uint_eq(seen_uid, getuid());
}
END_TEST

/* ---- deadlines ---- */

static const char *const halves[] = {
	"",
	"G",
	"GET / HTTP/1.1\r\nHost:",
	"GET / HTTP/1.1\r\nHost: x\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
};

START_TEST(half_a_request_is_not_waited_for)
{
	int fd;

	begin(50, 0);
	fd = connect_raw();
	say(fd, halves[_i]);
	listen_to_end(fd);
	close(fd);
	ck_assert_uint_eq(n_requests, 0);
	expect_service();
}
END_TEST

/* It is never silent for long: what is sent to it is so, byte by byte. */
START_TEST(a_request_byte_by_byte_is_not_waited_for)
{
	char bytes[1] = "x";
	int fd;

	begin(200, 0);
	fd = connect_raw();
	say(fd, _i == 0 ? "GET / HTTP/1.1\r\nX: "
			: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
	for (unsigned n = 0; n < HEADER_MAX / 2; n++) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

		if (send(fd, bytes, 1, MSG_NOSIGNAL) < 0)
			break;
		poll(&poll_fd, 1, 5); /* ten minutes, were each in time for the next */
		uv_run(&loop, UV_RUN_NOWAIT);
		ck_assert_uint_lt(n, 900); /* else it had all that it asked for */
	}
	listen_to_end(fd);
	close(fd);
	ck_assert_uint_eq(n_requests, 0);
}
END_TEST

START_TEST(a_connection_that_is_kept_is_not_kept_for_ever)
{
	int fd;

	begin(50, 0);
	fd = connect_raw();
	say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	listen_to_end(fd);
	close(fd);
	ck_assert_uint_eq(n_requests, 1);
	ck_assert_ptr_nonnull(strstr(heard, "200 OK"));
}
END_TEST

static void on_passed(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
}

START_TEST(an_answer_that_takes_long_is_none_of_the_clients_fault)
{
	struct client_call call;
	uv_timer_t timer;

	begin(50, 50);
	how = ANSWER_LATER;
	client_start(&client, &call, "http://localhost/fine", NULL);
	curl_easy_setopt(call.easy, CURLOPT_UNIX_SOCKET_PATH, path);
	while (n_requests < 1)
		client_turn(&client);
	/* Both deadlines pass, were they in force. */
	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, on_passed, 200, 0);
	while (!uv_is_closing((uv_handle_t *)&timer))
		client_turn(&client);
	ck_assert(!call.done);
	server_answer_text(owed[0], 200, "text/plain", "at last");
	client_wait(&client, &call);
	ck_assert_int_eq(call.result, CURLE_OK);
	ck_assert_str_eq(buf_text(&call.body), "at last");
	client_end(&client, &call);
}
END_TEST

START_TEST(an_answer_that_is_not_read_is_taken_back)
{
	int fd;

	begin(0, 50);
	how = _i == 0 ? ANSWER_LARGE : ANSWER_STREAM;
	fd = connect_raw();
	say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	while (n_requests < 1)
		client_turn(&client);
	for (struct pollfd gone = {.fd = fd, .events = POLLRDHUP};
	     poll(&gone, 1, 0) == 0 || (gone.revents & POLLHUP) == 0;)
		client_turn(&client);
	while (how == ANSWER_STREAM && n_stream_ended < 1)
		client_turn(&client);
	expect_service();
	close(fd);
}
END_TEST

/* ---- too much ---- */

START_TEST(a_header_that_is_too_large_is_refused)
{
	char text[2 * HEADER_MAX];
	int fd;

	begin(0, 0);
	fd = connect_raw();
	memset(text, 'x', sizeof text);
	memcpy(text, "GET / HTTP/1.1\r\nX: ", 19);
	text[sizeof text - 1] = '\0';
	say(fd, text);
	listen_to_end(fd);
	close(fd);
	ck_assert_uint_eq(n_requests, 0);
	ck_assert_ptr_null(strstr(heard, "200 OK"));
	expect_service();
}
END_TEST

START_TEST(a_crowd_at_the_door_keeps_nobody_out)
{
	struct rlimit files;
	static int fds[CROWD];

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	begin(0, 0); /* they could stay for ever */
	for (int i = 0; i < CROWD; i++) {
		fds[i] = connect_raw();
		if (_i == 1)
			say(fds[i], "GET / HTTP/1.1\r\n");
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	expect_service();
	for (int i = 0; i < CROWD; i++)
		close(fds[i]);
	ck_assert_uint_eq(n_requests, 1);
}
END_TEST

START_TEST(who_is_being_served_stays_and_the_newcomer_goes)
{
	int fds[CONNECTIONS_MAX + 1];

	begin(0, 0);
	how = ANSWER_LATER;
	for (int i = 0; i < CONNECTIONS_MAX; i++) {
		fds[i] = connect_raw();
		say(fds[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
		while (n_requests < (unsigned)i + 1)
			client_turn(&client);
	}
	fds[CONNECTIONS_MAX] = connect_raw();
	listen_to_end(fds[CONNECTIONS_MAX]);
	close(fds[CONNECTIONS_MAX]);
	/* One leaves, and there is room; what it was owed goes nowhere. */
	close(fds[0]);
	for (unsigned turn = 0; turn < 3; turn++)
		client_turn(&client);
	expect_service();
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		server_answer_text(owed[i], 200, "text/plain", "late");
	for (int i = 1; i < CONNECTIONS_MAX; i++) {
		listen_for(fds[i], 1);
		ck_assert_ptr_nonnull(strstr(heard, "late"));
		close(fds[i]);
	}
}
END_TEST

/* ---- otherwise strange ---- */

START_TEST(requests_in_one_breath_are_answered_in_turn)
{
	char text[2000] = "", wanted[8];
	const char *at = heard;
	int fd;

	begin(1000, 1000);
	for (int i = 0; i < 20; i++)
		sprintf(text + strlen(text), ASK, i);
	fd = connect_raw();
	say(fd, text);
	listen_for(fd, 20);
	while (strstr(heard, "/19") == NULL) /* the last one's body */
		listen_for(fd, 1);
	for (int i = 0; i < 19; i++) {
		sprintf(wanted, "/%d", i);
		at = strstr(at, wanted);
		ck_assert_msg(at != NULL, "%s", wanted);
	}
	close(fd);
	ck_assert_uint_eq(n_requests, 20);
}
END_TEST

START_TEST(who_is_cut_off_is_forgotten)
{
	begin(0, 0);
	for (size_t i = 0; i < COUNT(halves); i++) {
		int fd = connect_raw();

		say(fd, halves[i]);
		client_turn(&client);
		close(fd);
	}
	expect_service();
	ck_assert_uint_eq(n_requests, 1);
}
END_TEST

START_TEST(the_server_may_close_in_any_of_it)
{
	int fds[2 + COUNT(halves)];

	begin(1000, 1000);
	how = ANSWER_LATER;
	fds[0] = connect_raw();
	say(fds[0], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	while (n_requests < 1)
		client_turn(&client);
	how = ANSWER_LARGE;
	fds[1] = connect_raw();
	say(fds[1], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	while (n_requests < 2)
		client_turn(&client);
	for (size_t i = 0; i < COUNT(halves); i++) {
		fds[2 + i] = connect_raw();
		say(fds[2 + i], halves[i]);
		client_turn(&client);
	}
	server_close(server);
	server = NULL;
	server_answer_text(owed[0], 200, "text/plain", "too late");
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

/* ---- its place ---- */

START_TEST(the_socket_is_open_to_the_folders_group)
{
	struct stat st, folder;

	begin(0, 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(stat(suite_dir(), &folder), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0660);
	ck_assert_uint_eq(st.st_gid, folder.st_gid);
}
END_TEST

/* A socket that somebody has listened at, as a killed process leaves it. */
static int leave_socket(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%.100s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(fd, 0), 0);
	return fd;
}

START_TEST(what_a_killed_process_has_left_is_replaced)
{
	close(leave_socket());
	begin(0, 0);
	expect_service();
}
END_TEST

static void expect_refusal(const char *why)
{
	struct server_config c = config();

	ck_assert_int_eq(server_open(&loop, &c, &server, &err), ERR_CONFIG);
	ck_assert_ptr_null(server);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.text, address));
}

START_TEST(where_somebody_listens_nobody_else_does)
{
	int fd = leave_socket();

	expect_refusal("another process listens there already");
	expect_refusal("another process listens there already"); /* its queue is full */
	ck_assert_int_eq(access(path, F_OK), 0);
	close(fd);
}
END_TEST

START_TEST(what_is_no_socket_stays)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	close(fd);
	expect_refusal("no socket");
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_named)
{
	name_socket("none/it.sock");
	expect_refusal("No such file or directory");
}
END_TEST

START_TEST(a_long_path_is_as_good_as_a_short_one)
{
	char name[220];
	int fd;

	memset(name, 'd', 100);
	name[100] = '\0';
	name_socket(name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	strcat(name, "/");
	memset(name + 101, 's', 60);
	name[161] = '\0';
	name_socket(name);
	begin(0, 0);
	fd = connect_raw();
	say(fd, "GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
	listen_for(fd, 1);
	ck_assert_ptr_nonnull(strstr(heard, "/long"));
	close(fd);
	ck_assert_str_eq(server_url(server), address);
}
END_TEST

START_TEST(where_nobody_listens_nobody_connects)
{
	int fd;

	ck_assert_int_eq(local_connect(path, &fd, &err), ERR_RETRY);
	close(leave_socket());
	ck_assert_int_eq(local_connect(path, &fd, &err), ERR_RETRY);
	ck_assert_str_eq(err.text, "Connection refused");
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{who_asks_is_known, 1},
		{half_a_request_is_not_waited_for, COUNT(halves)},
		{a_request_byte_by_byte_is_not_waited_for, 2},
		{a_connection_that_is_kept_is_not_kept_for_ever, 1},
		{an_answer_that_takes_long_is_none_of_the_clients_fault, 1},
		{an_answer_that_is_not_read_is_taken_back, 2},
		{a_header_that_is_too_large_is_refused, 1},
		{a_crowd_at_the_door_keeps_nobody_out, 2},
		{who_is_being_served_stays_and_the_newcomer_goes, 1},
		{requests_in_one_breath_are_answered_in_turn, 1},
		{who_is_cut_off_is_forgotten, 1},
		{the_server_may_close_in_any_of_it, 1},
		{the_socket_is_open_to_the_folders_group, 1},
		{what_a_killed_process_has_left_is_replaced, 1},
		{where_somebody_listens_nobody_else_does, 1},
		{what_is_no_socket_stays, 1},
		{a_folder_that_is_not_there_is_named, 1},
		{a_long_path_is_as_good_as_a_short_one, 1},
		{where_nobody_listens_nobody_connects, 1},
	};

	return suite_run("patience", tests, COUNT(tests), setup, teardown);
}
