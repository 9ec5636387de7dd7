#include "net/server.h"

#include "lib/suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "lib/client.h"

#define BODY_MAX 1000

/* ---- the server under test, and what its handler saw ---- */

static uv_loop_t loop;
static struct client client;
static struct server *server;
static struct err err;

static enum {
	ANSWER_ECHO,
	ANSWER_LATER,
	ANSWER_SHARED,
	ANSWER_NEVER,
	ANSWER_CLOSE,
	ANSWER_LARGE,
	ANSWER_STREAM,
} how;
static unsigned n_requests;
static char seen[4096]; /* the last request, as text */
static struct server_request *owed[4];
static unsigned n_owed;
static struct server_body *shared;

/* What the stream sends, and how it went. */
static struct {
	uint64_t len;      /* told beforehand */
	ssize_t script[8]; /* one for each read: so many bytes, or SERVER_STREAM_... */
	unsigned at, n_done;
	struct server_request *req;
} stream;

static ssize_t read_stream(void *data, uint64_t at, char *out, size_t max)
{
	ssize_t n = stream.script[stream.at++];

	ck_assert_ptr_eq(data, &stream);
	(void)at;
	if (n > 0) {
		ck_assert_uint_le((size_t)n, max);
		memset(out, 'a' + (int)stream.at - 1, (size_t)n);
	}
	return n;
}

static void stream_done(void *data)
{
	ck_assert_ptr_eq(data, &stream);
	stream.n_done++;
}

static const struct server_stream stream_calls = {read_stream, stream_done};

static const char *or_none(const char *text)
{
	return text != NULL ? text : "none";
}

static void note(const struct server_request *req)
{
	const char *body = server_content(req, NULL);

	snprintf(seen, sizeof seen, "%s %s ?%s a=%s b=%s X-Thing=%s body=%s",
		 server_method(req), server_path(req), server_query(req),
		 or_none(server_arg(req, "a")), or_none(server_arg(req, "b")),
		 or_none(server_header(req, "x-thing")), body);
}

static void on_request(struct server_request *req, void *data)
{
	struct server_body *large;

	ck_assert_ptr_eq(data, &n_requests);
	n_requests++;
	note(req);
	switch (how) {
	case ANSWER_ECHO:
		server_add_header(req, "X-Answer", "yes");
		server_answer_text(req, 201, "text/plain", seen);
		break;
	case ANSWER_LATER:
		owed[n_owed++] = req;
		break;
	case ANSWER_SHARED:
		server_answer(req, 200, shared);
		break;
	case ANSWER_NEVER:
		server_answer_never(req);
		break;
	case ANSWER_CLOSE:
		server_answer_close(req);
		break;
	case ANSWER_LARGE:
		large = server_body_create(NULL, 3 << 20);
		memset(large->data, 'x', large->len);
		server_answer(req, 200, large);
		server_body_drop(large);
		break;
	case ANSWER_STREAM:
		stream.req = req;
		server_answer_stream(req, 200, stream.len, &stream_calls, &stream);
		break;
	}
}

static struct server_config config_at(const char *address)
{
	return (struct server_config){
		.address = address,
		.body_max_bytes = BODY_MAX,
		.on_request = on_request,
		.data = &n_requests,
	};
}

static const char *url(const char *path)
{
	static char text[4096];

	snprintf(text, sizeof text, "%s%s", server_url(server), path);
	return text;
}

static unsigned n_handles;

static void count_handle(uv_handle_t *handle, void *data)
{
	(void)handle;
	(void)data;
	n_handles++;
}

static unsigned count_handles(void)
{
	n_handles = 0;
	uv_walk(&loop, count_handle, NULL);
	return n_handles;
}

static void setup(void)
{
	struct server_config config = config_at("127.0.0.1:0");

	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&loop);
	client_open(&client, &loop);
	ck_assert_int_eq(server_open(&loop, &config, &server, &err), 0);
}

static void teardown(void)
{
	server_close(server);
	client_close(&client);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

/* ---- asking ---- */

START_TEST(a_request_reaches_the_handler_whole)
{
	struct client_call call;

	client_start(&client, &call, url("/some%20where?a=1%2F2&b&c=%3"), "the body");
	client_line(&call, "X-Thing: it");
	client_wait(&client, &call);
	ck_assert_int_eq(call.result, CURLE_OK);
	ck_assert_int_eq(call.status, 201);
	ck_assert_str_eq(buf_text(&call.body),
			 "POST /some where ?a=1%2F2&b&c=%3 a=1/2 b= X-Thing=it "
			 "body=the body");
	ck_assert_str_eq(client_header(&call, "X-Answer"), "yes");
	ck_assert_str_eq(client_header(&call, "Content-Type"), "text/plain");
	client_end(&client, &call);
}
END_TEST

START_TEST(what_was_not_sent_is_missing)
{
	struct client_call call;

	client_ask(&client, &call, url("/"), NULL);
	ck_assert_str_eq(buf_text(&call.body),
			 "GET / ? a=none b=none X-Thing=none body=");
	client_end(&client, &call);
}
END_TEST

START_TEST(a_connection_is_kept_for_the_next_request)
{
	struct client_call call;
	long connects;

	for (int i = 0; i < 3; i++) {
		client_ask(&client, &call, url("/"), i == 1 ? "body" : NULL);
		ck_assert_int_eq(call.status, 201);
		curl_easy_getinfo(call.easy, CURLINFO_NUM_CONNECTS, &connects);
		ck_assert_int_eq(connects, i == 0 ? 1 : 0);
		client_end(&client, &call);
	}
}
END_TEST

START_TEST(a_body_of_the_limit_passes_and_one_more_byte_does_not)
{
	char text[BODY_MAX + 2];
	struct client_call call;

	memset(text, 'x', sizeof text);
	text[BODY_MAX] = '\0';
	client_ask(&client, &call, url("/"), text);
	ck_assert_int_eq(call.status, 201);
	client_end(&client, &call);
	ck_assert_uint_eq(n_requests, 1);

	text[BODY_MAX] = 'x';
	text[BODY_MAX + 1] = '\0';
	client_ask(&client, &call, url("/"), text);
	ck_assert_int_eq(call.status, 413);
	client_end(&client, &call);
	ck_assert_uint_eq(n_requests, 1);
}
END_TEST

START_TEST(chunks_beyond_the_limit_are_cut_off)
{
	char text[BODY_MAX + 2];
	struct client_call call;

	memset(text, 'x', sizeof text);
	text[BODY_MAX + 1] = '\0';
	client_start(&client, &call, url("/"), text);
	client_line(&call, "Transfer-Encoding: chunked");
	client_wait(&client, &call);
	ck_assert(call.result == CURLE_GOT_NOTHING || call.result == CURLE_RECV_ERROR ||
		  call.result == CURLE_SEND_ERROR);
	client_end(&client, &call);
	ck_assert_uint_eq(n_requests, 0);
}
END_TEST

static int connect_raw(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)atoi(strrchr(server_url(server), ':') + 1));
	connect(fd, (struct sockaddr *)&to, sizeof to); /* goes on by itself */
	return fd;
}

/* Turns until the other end closes; what it said is in seen. */
static void read_to_end(int fd)
{
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, seen + n, sizeof seen - 1 - n)) != 0) {
		if (got > 0)
			n += (size_t)got;
		else
			client_turn(&client);
	}
	seen[n] = '\0';
}

START_TEST(nonsense_is_refused_without_the_handler)
{
	int fd = connect_raw();
	const char *text = "this is not HTTP\r\n\r\n";

	client_turn(&client);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	read_to_end(fd);
	close(fd);
	ck_assert_uint_eq(n_requests, 0);
	ck_assert_ptr_eq(strstr(seen, "200"), NULL);
}
END_TEST

START_TEST(a_client_that_leaves_within_its_request_is_forgotten)
{
	int fd = connect_raw();
	const char *text = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc";
	struct client_call call;

	client_turn(&client);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	client_turn(&client);
	close(fd);
	client_ask(&client, &call, url("/"), NULL); /* the server works on */
	ck_assert_int_eq(call.status, 201);
	client_end(&client, &call);
	ck_assert_uint_eq(n_requests, 1);
}
END_TEST

START_TEST(a_silent_connection_is_closed)
{
	struct server_config config = config_at("127.0.0.1:0");
	int fd;

	server_close(server);
	config.idle_s = 1;
	ck_assert_int_eq(server_open(&loop, &config, &server, &err), 0);
	fd = connect_raw();
	read_to_end(fd); /* by the test's time limit */
	close(fd);
}
END_TEST

/* ---- answering later ---- */

START_TEST(an_answer_may_come_later_and_in_any_order)
{
	struct client_call first, second;

	how = ANSWER_LATER;
	client_start(&client, &first, url("/1"), NULL);
	while (n_owed < 1)
		client_turn(&client);
	client_start(&client, &second, url("/2"), NULL);
	while (n_owed < 2)
		client_turn(&client);
	server_answer_text(owed[1], 200, "text/plain", "two");
	client_wait(&client, &second);
	ck_assert(!first.done);
	ck_assert_str_eq(buf_text(&second.body), "two");
	server_answer_text(owed[0], 200, "text/plain", "one");
	client_wait(&client, &first);
	ck_assert_str_eq(buf_text(&first.body), "one");
	client_end(&client, &first);
	client_end(&client, &second);
}
END_TEST

START_TEST(an_answer_to_one_who_left_is_thrown_away)
{
	struct client_call call;

	how = ANSWER_LATER;
	client_start(&client, &call, url("/"), NULL);
	while (n_owed < 1)
		client_turn(&client);
	client_end(&client, &call);
	client_close(&client); /* and its connections */
	client_open(&client, &loop);
	server_answer_text(owed[0], 200, "text/plain", "too late");
	how = ANSWER_ECHO;
	client_ask(&client, &call, url("/"), NULL);
	ck_assert_int_eq(call.status, 201);
	client_end(&client, &call);
}
END_TEST

START_TEST(an_answer_after_the_server_closed_is_thrown_away)
{
	struct server_config config = config_at("127.0.0.1:0");
	struct client_call call;

	how = ANSWER_LATER;
	client_start(&client, &call, url("/"), NULL);
	while (n_owed < 1)
		client_turn(&client);
	server_close(server);
	client_wait(&client, &call);
	ck_assert_int_ne(call.result, CURLE_OK);
	client_end(&client, &call);
	server_answer_text(owed[0], 200, "text/plain", "too late");
	ck_assert_int_eq(server_open(&loop, &config, &server, &err), 0);
}
END_TEST

/* ---- bodies ---- */

START_TEST(a_shared_body_is_held_while_it_is_sent)
{
	struct client_call call;

	how = ANSWER_SHARED;
	shared = server_body_create("shared", 6);
	for (int i = 0; i < 3; i++) {
		client_ask(&client, &call, url("/"), NULL);
		ck_assert_str_eq(buf_text(&call.body), "shared");
		client_end(&client, &call);
	}
	while (shared->n_refs > 1)
		client_turn(&client);
	server_body_drop(shared);
}
END_TEST

START_TEST(a_slow_client_holds_nobody_up)
{
	struct client_call slow, quick;

	how = ANSWER_LARGE;
	client_start(&client, &slow, url("/slow"), NULL);
	curl_easy_setopt(slow.easy, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)4 << 20);
	while (slow.body.len == 0)
		client_turn(&client);
	how = ANSWER_ECHO;
	client_ask(&client, &quick, url("/quick"), NULL);
	ck_assert_int_eq(quick.status, 201);
	ck_assert(!slow.done);
	client_wait(&client, &slow);
	ck_assert_int_eq(slow.result, CURLE_OK);
	ck_assert_uint_eq(slow.body.len, 3 << 20);
	client_end(&client, &slow);
	client_end(&client, &quick);
}
END_TEST

/* ---- streams ---- */

static const struct {
	uint64_t len;
	ssize_t script[8];
	CURLcode result;
	const char *body;
} streams[] = {
	{6, {1, 2, 3}, CURLE_OK, "abbccc"},
	{SERVER_LENGTH_UNKNOWN, {2, 1, SERVER_STREAM_END}, CURLE_OK, "aab"},
	{SERVER_LENGTH_UNKNOWN, {SERVER_STREAM_END}, CURLE_OK, ""},
	{6, {2, SERVER_STREAM_BREAK}, CURLE_PARTIAL_FILE, "aa"},
	{6, {SERVER_STREAM_BREAK}, CURLE_PARTIAL_FILE, ""},
	{SERVER_LENGTH_UNKNOWN, {2, SERVER_STREAM_BREAK}, CURLE_PARTIAL_FILE, "aa"},
};

START_TEST(a_stream_sends_what_it_reads)
{
	struct client_call call;

	how = ANSWER_STREAM;
	stream.len = streams[_i].len;
	memcpy(stream.script, streams[_i].script, sizeof stream.script);
	client_ask(&client, &call, url("/"), NULL);
	ck_assert_int_eq(call.status, 200);
	ck_assert_int_eq(call.result, streams[_i].result);
	ck_assert_str_eq(buf_text(&call.body), streams[_i].body);
	client_end(&client, &call);
	while (stream.n_done == 0)
		client_turn(&client);
	ck_assert_uint_eq(stream.n_done, 1);
}
END_TEST

START_TEST(a_stream_that_waits_goes_on_when_resumed)
{
	static const ssize_t script[] = {1, SERVER_STREAM_WAIT, 2, SERVER_STREAM_WAIT, 3};
	struct client_call call;

	how = ANSWER_STREAM;
	stream.len = 6;
	memcpy(stream.script, script, sizeof script);
	client_start(&client, &call, url("/"), NULL);
	while (call.body.len < 1 || stream.at < 2)
		client_turn(&client);
	server_stream_resume(stream.req);
	while (call.body.len < 3)
		client_turn(&client);
	server_stream_resume(stream.req);
	client_wait(&client, &call);
	ck_assert_int_eq(call.result, CURLE_OK);
	ck_assert_str_eq(buf_text(&call.body), "acceee");
	client_end(&client, &call);
}
END_TEST

START_TEST(a_stream_that_waits_ends_when_its_client_leaves)
{
	static const ssize_t script[] = {1, SERVER_STREAM_WAIT};
	struct client_call call;

	how = ANSWER_STREAM;
	stream.len = 6;
	memcpy(stream.script, script, sizeof script);
	client_start(&client, &call, url("/"), NULL);
	while (call.body.len < 1 || stream.at < 2)
		client_turn(&client);
	client_end(&client, &call);
	while (stream.n_done == 0)
		client_turn(&client);
	ck_assert_uint_eq(stream.at, 2);
	ck_assert_uint_eq(stream.n_done, 1);
}
END_TEST

START_TEST(a_stream_ends_with_the_server)
{
	static const ssize_t script[] = {1, SERVER_STREAM_WAIT};
	struct server_config config = config_at("127.0.0.1:0");
	struct client_call call;

	how = ANSWER_STREAM;
	stream.len = 6;
	memcpy(stream.script, script, sizeof script);
	client_start(&client, &call, url("/"), NULL);
	while (call.body.len < 1 || stream.at < 2)
		client_turn(&client);
	server_close(server);
	ck_assert_uint_eq(stream.n_done, 1);
	client_end(&client, &call);
	ck_assert_int_eq(server_open(&loop, &config, &server, &err), 0);
}
END_TEST

/* ---- failing on purpose ---- */

START_TEST(a_connection_is_closed_without_a_word)
{
	struct client_call call;

	how = ANSWER_CLOSE;
	client_ask(&client, &call, url("/"), NULL);
	ck_assert_int_eq(call.result, CURLE_GOT_NOTHING);
	client_end(&client, &call);
}
END_TEST

START_TEST(a_client_without_an_answer_is_kept_until_it_leaves)
{
	unsigned before = count_handles();
	struct client_call call;

	how = ANSWER_NEVER;
	client_start(&client, &call, url("/"), NULL);
	curl_easy_setopt(call.easy, CURLOPT_TIMEOUT_MS, 100L);
	while (count_handles() == before) /* one that watches for its end */
		client_turn(&client);
	client_wait(&client, &call);
	ck_assert_int_eq(call.result, CURLE_OPERATION_TIMEDOUT);
	client_end(&client, &call);
	while (count_handles() > before)
		client_turn(&client);
}
END_TEST

START_TEST(one_without_an_answer_ends_with_the_server)
{
	struct server_config config = config_at("127.0.0.1:0");
	struct client_call call;

	how = ANSWER_NEVER;
	client_start(&client, &call, url("/"), NULL);
	while (n_requests < 1)
		client_turn(&client);
	server_close(server);
	client_wait(&client, &call);
	ck_assert_int_eq(call.result, CURLE_GOT_NOTHING);
	client_end(&client, &call);
	ck_assert_int_eq(server_open(&loop, &config, &server, &err), 0);
}
END_TEST

/* ---- where it listens ---- */

static const struct {
	const char *address, *text;
} addresses[] = {
	{"", "listen on : expected ADDRESS:PORT"},
	{"8080", "listen on 8080: expected ADDRESS:PORT"},
	{":8080", "listen on :8080: expected ADDRESS:PORT"},
	{"localhost:8080", "listen on localhost:8080: Name or service not known"},
	{"127.0.0.1:http", "listen on 127.0.0.1:http: "},
	{"0.0.0.0:0", "listen on 0.0.0.0:0: not a loopback address"},
	{"192.0.2.1:0", "listen on 192.0.2.1:0: not a loopback address"},
	{"[::]:0", "listen on [::]:0: not a loopback address"},
};

START_TEST(a_bad_address_is_named)
{
	struct server_config config = config_at(addresses[_i].address);
	struct server *other = NULL;

	ck_assert_int_eq(server_open(&loop, &config, &other, &err), ERR_CONFIG);
	ck_assert_ptr_null(other);
	ck_assert_msg(strncmp(err.text, addresses[_i].text, strlen(addresses[_i].text)) ==
			      0,
		      "%s", err.text);
}
END_TEST

START_TEST(an_address_in_use_is_named)
{
	struct server_config config = config_at(strrchr(server_url(server), '/') + 1);
	struct server *other = NULL;

	ck_assert_int_eq(server_open(&loop, &config, &other, &err), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "Address already in use"));
}
END_TEST

/* ---- TLS ---- */

static void add_name(X509 *cert)
{
	X509_EXTENSION *name =
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");

	ck_assert_ptr_nonnull(name);
	X509_add_ext(cert, name, -1);
	X509_EXTENSION_free(name);
}

static char *pem_text(BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);
	char *text = mem_strndup(data, (size_t)len);

	BIO_free(bio);
	return text;
}

/* A certificate for 127.0.0.1 that signs itself. */
static void make_certificate(char **cert_text, char **key_text)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());

	ck_assert_ptr_nonnull(key);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	add_name(cert);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
				   (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	ck_assert_int_ne(X509_sign(cert, key, EVP_sha256()), 0);
	PEM_write_bio_X509(bio, cert);
	*cert_text = pem_text(bio);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	*key_text = pem_text(bio);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void ask_tls(const char *cert, CURLcode *result, long *status)
{
	struct curl_blob ca = {.data = (void *)(uintptr_t)cert, .len = strlen(cert)};
	struct client_call call;

	client_start(&client, &call, url("/"), "secret");
	curl_easy_setopt(call.easy, CURLOPT_CAINFO_BLOB, &ca);
	client_wait(&client, &call);
	*result = call.result;
	*status = call.status;
	client_end(&client, &call);
}

START_TEST(tls_is_spoken_where_there_is_a_certificate)
{
	struct server_config config = config_at("127.0.0.1:0");
	char *cert, *key, *other_cert, *other_key;
	CURLcode result;
	long status;

	make_certificate(&cert, &key);
	make_certificate(&other_cert, &other_key);
	config.cert = cert;
	config.key = key;
	server_close(server);
	ck_assert_int_eq(server_open(&loop, &config, &server, &err), 0);
	ck_assert_ptr_eq(strstr(server_url(server), "https://"), server_url(server));
	ask_tls(cert, &result, &status);
	ck_assert_int_eq(result, CURLE_OK);
	ck_assert_int_eq(status, 201);
	ask_tls(other_cert, &result, &status);
	ck_assert_int_eq(result, CURLE_PEER_FAILED_VERIFICATION);
	free(cert);
	free(key);
	free(other_cert);
	free(other_key);
}
END_TEST

START_TEST(a_large_body_goes_through_tls)
{
	struct server_config config = config_at("127.0.0.1:0");
	char *cert, *key;
	CURLcode result;
	long status;

	make_certificate(&cert, &key);
	config.cert = cert;
	config.key = key;
	server_close(server);
	how = ANSWER_LARGE;
	ck_assert_int_eq(server_open(&loop, &config, &server, &err), 0);
	ask_tls(cert, &result, &status);
	ck_assert_int_eq(result, CURLE_OK);
	ck_assert_int_eq(status, 200);
	free(cert);
	free(key);
}
END_TEST

START_TEST(a_certificate_that_is_none_is_refused)
{
	struct server_config config = config_at("127.0.0.1:0");
	struct server *other = NULL;

	config.cert = "no certificate";
	config.key = "no key";
	ck_assert_int_eq(server_open(&loop, &config, &other, &err), ERR_CONFIG);
	ck_assert_ptr_null(other);
	ck_assert_uint_gt(strlen(err.text), strlen("serve https://127.0.0.1:65535: "));
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_request_reaches_the_handler_whole, 1},
		{what_was_not_sent_is_missing, 1},
		{a_connection_is_kept_for_the_next_request, 1},
		{a_body_of_the_limit_passes_and_one_more_byte_does_not, 1},
		{chunks_beyond_the_limit_are_cut_off, 1},
		{nonsense_is_refused_without_the_handler, 1},
		{a_client_that_leaves_within_its_request_is_forgotten, 1},
		{a_silent_connection_is_closed, 1},
		{an_answer_may_come_later_and_in_any_order, 1},
		{an_answer_to_one_who_left_is_thrown_away, 1},
		{an_answer_after_the_server_closed_is_thrown_away, 1},
		{a_shared_body_is_held_while_it_is_sent, 1},
		{a_slow_client_holds_nobody_up, 1},
		{a_stream_sends_what_it_reads, COUNT(streams)},
		{a_stream_that_waits_goes_on_when_resumed, 1},
		{a_stream_that_waits_ends_when_its_client_leaves, 1},
		{a_stream_ends_with_the_server, 1},
		{a_connection_is_closed_without_a_word, 1},
		{a_client_without_an_answer_is_kept_until_it_leaves, 1},
		{one_without_an_answer_ends_with_the_server, 1},
		{a_bad_address_is_named, COUNT(addresses)},
		{an_address_in_use_is_named, 1},
		{tls_is_spoken_where_there_is_a_certificate, 1},
		{a_large_body_goes_through_tls, 1},
		{a_certificate_that_is_none_is_refused, 1},
	};

	return suite_run("server", tests, COUNT(tests), setup, teardown);
}
