#include "sink/syslog.h"

#include "lib/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "lib/told.h"
#include "lib/turn.h"
#include "sink/syslog_address.h"
#include "sink/syslog_format.h"

static const struct syslog_origin from = {.host = "pbx", .pid = 815};

static struct {
	uv_loop_t loop;
	void *sink;
	struct event ev;
	struct buf out;
	char *path;
	int fd; /* the receiver's; -1: none */
} w;

/* ---- the resolver: ours stands in for the C library's ---- */

#define SLOW_HOST "slow.example"
#define NO_HOST   "nowhere.example"
#define HOST      "here.example"

static uv_sem_t resolver_may_end;
static unsigned n_resolved;
static char last_host[64];

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		struct addrinfo **out)
{
	struct sockaddr_in *to;

	(void)hints;
	n_resolved++;
	snprintf(last_host, sizeof last_host, "%s", host);
	if (strcmp(host, SLOW_HOST) == 0)
		uv_sem_wait(&resolver_may_end);
	if (strcmp(host, NO_HOST) == 0)
		return EAI_NONAME;
	*out = mem_zalloc(sizeof **out);
	to = mem_zalloc(sizeof *to);
	to->sin_family = AF_INET;
	to->sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	to->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(*out)->ai_addr = (struct sockaddr *)to;
	(*out)->ai_addrlen = sizeof *to;
	return 0;
}

void freeaddrinfo(struct addrinfo *found)
{
	if (found != NULL)
		free(found->ai_addr);
	free(found);
}

/* ---- the world ---- */

static void open_world(void)
{
	memset(&w, 0, sizeof w);
	setenv("TZ", "UTC-5:30", 1); /* five and a half hours before UTC */
	tzset();
	turn_open(&w.loop);
	told_device(&w.ev);
	buf_init(&w.out, 65536);
	w.path = mem_printf("%s/log", suite_dir());
	w.fd = -1;
	n_resolved = 0;
	uv_sem_init(&resolver_may_end, 0);
}

static void close_world(void)
{
	syslog_ops.destroy(w.sink);
	event_clear(&w.ev);
	buf_clear(&w.out);
	free(w.path);
	if (w.fd >= 0)
		close(w.fd);
	turn_close(&w.loop);
	uv_sem_destroy(&resolver_may_end);
}

static int create(const char *address, struct err *err)
{
	const struct sink_settings settings = {
		.name = "central", .kind = SINK_SYSLOG, .address = address};
	const struct sink_env env = {.loop = &w.loop};

	return syslog_ops.create(&settings, &env, &w.sink, err);
}

static void open_sink(const char *address)
{
	struct err err = {0};

	ck_assert_msg(create(address, &err) == 0, "%s", err.text);
}

static void open_unix_sink(void)
{
	char *address = mem_printf("unix:%s", w.path);

	open_sink(address);
	free(address);
}

static struct sink_send tell(void)
{
	struct told t;

	told_begin(&t, &syslog_ops, w.sink, &w.ev);
	TURN_UNTIL(&w.loop, t.done);
	told_clear(&t);
	return t.send;
}

/* Listen on the path. */
static void listen_unix(int type)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	if (w.fd >= 0)
		close(w.fd);
	unlink(w.path);
	snprintf(to.sun_path, sizeof to.sun_path, "%s", w.path);
	w.fd = socket(AF_UNIX, type, 0);
	ck_assert_int_ge(w.fd, 0);
	ck_assert_int_eq(bind(w.fd, (struct sockaddr *)&to, sizeof to), 0);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(w.fd, 8), 0);
}

/* A UDP receiver; returns the address to it by this name. */
static char *listen_udp(const char *host)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	socklen_t len = sizeof to;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	w.fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(w.fd, (struct sockaddr *)&to, len), 0);
	ck_assert_int_eq(getsockname(w.fd, (struct sockaddr *)&to, &len), 0);
	return mem_printf("udp://%s:%d", host, ntohs(to.sin_port));
}

/* The next message that came. */
static const char *received(int fd)
{
	static char text[SYSLOG_UNIX_BYTES * 2];
	ssize_t n = recv(fd, text, sizeof text - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

/* ---- RFC 5424 ---- */

START_TEST(an_event_is_a_message_of_the_rfc)
{
	syslog_format(&w.out, &w.ev, &from, SYSLOG_UDP_BYTES);
	ck_assert_str_eq(
		w.out.data,
		"<28>1 2026-11-22T18:01:02.345Z pbx phonewatchd - device.offline"
		" [phonewatch@32473 id=\"" TOLD_ID "\" sequence=\"4711\" account=\"acme\""
		" device=\"802398804016\" status=\"Offline\" previous_status=\"Online\""
		" name=\"Lobby phone\" site=\"Denver\" type=\"device.offline\"]"
		" Lobby phone (ext 101, Denver) is offline");
}
END_TEST

START_TEST(an_account_has_a_reason_and_no_device)
{
	event_clear(&w.ev);
	told_account(&w.ev);
	syslog_format(&w.out, &w.ev, &(struct syslog_origin){.host = "", .pid = 1},
		      SYSLOG_UDP_BYTES);
	ck_assert_str_eq(
		w.out.data,
		"<27>1 2026-11-22T18:01:02.345Z - phonewatchd - account.unreachable"
		" [phonewatch@32473 id=\"" TOLD_ID "\" sequence=\"4712\" account=\"acme\""
		" type=\"account.unreachable\" reason=\"credentials\"]"
		" account acme cannot be watched (credentials)");
}
END_TEST

START_TEST(a_repeat_of_another_process_has_the_same_bytes)
{
	char *first;

	syslog_format(&w.out, &w.ev, &from, SYSLOG_UNIX_BYTES);
	first = mem_strdup(w.out.data);
	syslog_format(&w.out, &w.ev,
		      &(struct syslog_origin){.host = from.host, .pid = 816},
		      SYSLOG_UNIX_BYTES);
	ck_assert_str_eq(w.out.data, first);
	free(first);
}
END_TEST

static const struct {
	enum event_type type;
	const char *pri;
} priorities[] = {
	{EVENT_DEVICE_ONLINE, "<30>"},
	{EVENT_DEVICE_OFFLINE, "<28>"},
	{EVENT_ACCOUNT_UNREACHABLE, "<27>"},
};

START_TEST(severity_is_that_of_the_event)
{
	w.ev.type = priorities[_i].type;
	syslog_format(&w.out, &w.ev, &from, SYSLOG_UDP_BYTES);
	ck_assert_int_eq(strncmp(w.out.data, priorities[_i].pri, 4), 0);
}
END_TEST

static const struct {
	const char *name, *value, *text;
} names[] = {
	{"a \"quoted\" ]one[ \\ here", "a \\\"quoted\\\" \\]one[ \\\\ here",
	 "a \"quoted\" ]one[ \\ here"},
	{"line\r\nbreak\x1b[31m", "line\\\\x0d\\\\x0abreak\\\\x1b[31m",
	 "line\\x0d\\x0abreak\\x1b[31m"},
	{"Empfang Z\xc3\xbcrich", "Empfang Z\xc3\xbcrich",
	 "\xef\xbb\xbf"
	 "Empfang Z\xc3\xbcrich"},
	{"\xe2\x80\xaegnp.exe", "\\\\xe2\\\\x80\\\\xaegnp.exe",
	 "\\xe2\\x80\\xaegnp.exe"}, /* right to left: escaped, so all is ASCII */
};

START_TEST(text_of_the_vendors_can_do_no_harm)
{
	char *value = mem_printf(" name=\"%s\" ", names[_i].value);
	char *text = mem_printf("] %s (ext 101, Denver) is offline", names[_i].text);

	told_rename(&w.ev, names[_i].name);
	syslog_format(&w.out, &w.ev, &from, SYSLOG_UDP_BYTES);
	ck_assert_msg(strstr(w.out.data, value) != NULL, "%s", w.out.data);
	ck_assert_msg(strstr(w.out.data, text) != NULL, "%s", w.out.data);
	free(value);
	free(text);
}
END_TEST

/* The worst that can come: each text as long as can be, of what escapes to most. */
static void make_long(const char *piece)
{
	struct buf b;

	buf_init(&b, 8192);
	while (b.len < 4000)
		buf_add_text(&b, piece);
	told_rename(&w.ev, b.data);
	json_object_set_new(w.ev.facts, "site", json_string(b.data));
	json_object_set_new(w.ev.facts, "extension_number", json_string(b.data));
	free(w.ev.account);
	w.ev.account = mem_strdup(b.data);
	free(w.ev.device_id);
	w.ev.device_id = mem_strdup(b.data);
	w.ev.sequence = INT64_MAX;
	w.ev.type = EVENT_DEVICE_UNKNOWN;
	w.ev.status = DEVICE_UNKNOWN;
	free(w.ev.vendor_status);
	w.ev.vendor_status = mem_strdup(b.data);
	buf_clear(&b);
}

static const char *const long_pieces[] = {"x",
					  "\"",
					  "\\",
					  "\n",
					  "\xc3\xbc",
					  "\xf0\x9f\x93\x9e",
					  "\xe2\x80\xae",
					  "a\xc3\xbc",
					  "\"\"\"\"\"\"\xc3\xbc"};

static bool is_utf8(const char *text)
{
	while (*text != '\0') {
		size_t len = utf8_printable((const unsigned char *)text);

		if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
			len = 3;
		if (len == 0)
			return false;
		text += len;
	}
	return true;
}

START_TEST(what_is_too_long_is_cut_in_the_summary_at_a_whole_character)
{
	char host[65];

	memset(host, 'h', sizeof host);
	host[64] = '\0';
	make_long(long_pieces[_i]);
	syslog_format(&w.out, &w.ev,
		      &(struct syslog_origin){.host = host, .pid = 4194304},
		      SYSLOG_UDP_BYTES);
	ck_assert_uint_le(w.out.len, SYSLOG_UDP_BYTES);
	ck_assert(is_utf8(w.out.data));
	/* The data are whole, and something of the summary is left. */
	ck_assert_ptr_nonnull(strstr(w.out.data, "type=\"device.unknown\"] "));
	ck_assert_str_ne(strstr(w.out.data, "type=\"device.unknown\"] ") + 23, "");

	syslog_format_local(&w.out, &w.ev,
			    &(struct syslog_origin){.host = host, .pid = 4194304},
			    SYSLOG_UDP_BYTES);
	ck_assert_uint_le(w.out.len, SYSLOG_UDP_BYTES);
	ck_assert(is_utf8(w.out.data));
	ck_assert_str_eq(w.out.data + w.out.len - 20, " type=device.unknown");
}
END_TEST

START_TEST(the_byte_order_mark_counts_too)
{
	char host[65], name[300];

	memset(host, 'h', sizeof host);
	host[64] = '\0';
	memset(name, '"', sizeof name);
	memcpy(name, "\xc3\xbc", 2);
	name[sizeof name - 1] = '\0';
	make_long("\"");
	told_rename(&w.ev, name);
	syslog_format(&w.out, &w.ev,
		      &(struct syslog_origin){.host = host, .pid = 4194304},
		      SYSLOG_UDP_BYTES);
	ck_assert_uint_eq(w.out.len, SYSLOG_UDP_BYTES);
	ck_assert_ptr_nonnull(strstr(w.out.data, "] \xef\xbb\xbf\xc3\xbc"));
}
END_TEST

/* ---- the local form ---- */

START_TEST(dev_log_gets_the_local_form)
{
	syslog_format_local(&w.out, &w.ev, &from, SYSLOG_UNIX_BYTES);
	ck_assert_str_eq(w.out.data,
			 "<28>Nov 22 23:31:02 phonewatchd[815]:"
			 " Lobby phone (ext 101, Denver) is offline id=" TOLD_ID
			 " sequence=4711 account=acme device=802398804016 status=Offline"
			 " previous_status=Online name=\"Lobby phone\" site=Denver"
			 " type=device.offline");
	w.ev.at_ms -= INT64_C(17) * 24 * 3600 * 1000;
	told_rename(&w.ev, "say \"\\\n\"");
	json_object_set_new(w.ev.facts, "site", json_string(""));
	syslog_format_local(&w.out, &w.ev, &from, SYSLOG_UNIX_BYTES);
	ck_assert_str_eq(
		w.out.data,
		"<28>Nov  5 23:31:02 phonewatchd[815]:"
		" say \"\\\\x0a\" (ext 101) is offline id=" TOLD_ID
		" sequence=4711 account=acme device=802398804016 status=Offline"
		" previous_status=Online name=\"say \\\"\\\\\\\\x0a\\\"\" site=\"\""
		" type=device.offline");
}
END_TEST

static const struct {
	const char *address, *begin;
} forms[] = {
	{"unix:/dev/log", "<28>Nov 22 23:31:02 phonewatchd["},
	{"unix:/run/systemd/journal/dev-log", "<28>1 2026-11-22T18:01:02.345Z "},
	{"udp://127.0.0.1:514", "<28>1 2026-11-22T18:01:02.345Z "},
};

START_TEST(the_form_is_that_of_the_address)
{
	open_sink(forms[_i].address);
	ck_assert_int_eq(syslog_ops.render(w.sink, &w.ev, &w.out), 0);
	ck_assert_int_eq(strncmp(w.out.data, forms[_i].begin, strlen(forms[_i].begin)),
			 0);
}
END_TEST

/* ---- addresses ---- */

static const struct {
	const char *text;
	const char *path, *host, *port; /* all NULL: refused */
} addresses[] = {
	{"unix:/dev/log", "/dev/log", NULL, NULL},
	{"UNIX:/Run/Log", "/Run/Log", NULL, NULL},
	{"unix://run/log", "//run/log", NULL, NULL},
	{"unix:/a b/log/", "/a b/log/", NULL, NULL},
	{"udp://logs.example.com:514", NULL, "logs.example.com", "514"},
	{"UDP://logs.example.com:514", NULL, "logs.example.com", "514"},
	{"uDp://192.0.2.1:1", NULL, "192.0.2.1", "1"},
	{"udp://host:65535", NULL, "host", "65535"},
	{"udp://host:00514", NULL, "host", "514"},
	{"udp://[::1]:514", NULL, "::1", "514"},
	{"udp://[2001:db8::1]:514", NULL, "2001:db8::1", "514"},
	{"udp://[fe80::1%25eth0]:514", NULL, "fe80::1%eth0", "514"},
	{"udp://[fe80::1%eth0]:514", NULL, "fe80::1%eth0", "514"},
	{"", NULL, NULL, NULL},
	{"/dev/log", NULL, NULL, NULL},
	{"unix:", NULL, NULL, NULL},
	{"unix:log", NULL, NULL, NULL},
	{"unix", NULL, NULL, NULL},
	{"tcp://h:1", NULL, "h", "1"},
	{"TLS://[::1]:6514", NULL, "::1", "6514"},
	{"tcp://h", NULL, NULL, NULL},
	{"tls:h:1", NULL, NULL, NULL},
	{"ssl://h:1", NULL, NULL, NULL},
	{"host:514", NULL, NULL, NULL},
	{"udp:host:514", NULL, NULL, NULL},
	{"udp:/host:514", NULL, NULL, NULL},
	{"udp:///host:514", NULL, NULL, NULL},
	{"udp://", NULL, NULL, NULL},
	{"udp://host", NULL, NULL, NULL},
	{"udp://host:", NULL, NULL, NULL},
	{"udp://:514", NULL, NULL, NULL},
	{"udp://[]:514", NULL, NULL, NULL},
	{"udp://[::1]", NULL, NULL, NULL},
	{"udp://[::1", NULL, NULL, NULL},
	{"udp://[::1]514", NULL, NULL, NULL},
	{"udp://[::1]x:514", NULL, NULL, NULL},
	{"udp://[host]:514", NULL, NULL, NULL},
	{"udp://::1:514", NULL, NULL, NULL},
	{"udp://host:0", NULL, NULL, NULL},
	{"udp://host:65536", NULL, NULL, NULL},
	{"udp://host:-1", NULL, NULL, NULL},
	{"udp://host:+1", NULL, NULL, NULL},
	{"udp://host:syslog", NULL, NULL, NULL},
	{"udp://host:514/", NULL, NULL, NULL},
	{"udp://host:514/x", NULL, NULL, NULL},
	{"udp://host:514?", NULL, NULL, NULL},
	{"udp://host:514#", NULL, NULL, NULL},
	{"udp://host:514 ", NULL, NULL, NULL},
	{" udp://host:514", NULL, NULL, NULL},
	{"udp://ho st:514", NULL, NULL, NULL},
	{"udp://joe@host:514", NULL, NULL, NULL},
	{"udp://@host:514", NULL, NULL, NULL},
	{"udp://host:514,host:515", NULL, NULL, NULL},
};

static enum syslog_transport transport_of(const char *text)
{
	static const char *const schemes[] = {
		[SYSLOG_UNIX] = "unix",
		[SYSLOG_UDP] = "udp:",
		[SYSLOG_TCP] = "tcp:",
		[SYSLOG_TLS] = "tls:",
	};
	size_t i = 0;

	while (strncasecmp(text, schemes[i], 4) != 0)
		i++;
	return (enum syslog_transport)i;
}

START_TEST(an_address_is_a_path_or_a_host_and_a_port)
{
	struct syslog_address to = {.port = (char *)"as it was"};
	struct err err = {0};
	int rc = syslog_address_read(&to, addresses[_i].text, &err);

	if (addresses[_i].path != NULL || addresses[_i].host != NULL) {
		ck_assert_msg(rc == 0, "%s", err.text);
		ck_assert_pstr_eq(to.path, addresses[_i].path);
		ck_assert_pstr_eq(to.host, addresses[_i].host);
		ck_assert_pstr_eq(to.port, addresses[_i].port);
		ck_assert_int_eq(to.transport, transport_of(addresses[_i].text));
		syslog_address_clear(&to);
		ck_assert_ptr_null(to.host);
	} else {
		ck_assert_int_eq(rc, ERR_CONFIG);
		ck_assert_ptr_nonnull(strstr(err.text, "; write unix:"));
		ck_assert_str_eq(to.port, "as it was");
	}
}
END_TEST

START_TEST(a_sink_takes_what_is_an_address_and_nothing_else)
{
	struct err err = {0};
	bool good = addresses[_i].path != NULL || addresses[_i].host != NULL;

	ck_assert_int_eq(create(addresses[_i].text, &err), good ? 0 : ERR_CONFIG);
	ck_assert(good == (w.sink != NULL));
}
END_TEST

START_TEST(a_path_is_no_longer_than_a_sockets_may_be)
{
	struct sockaddr_un longest;
	char text[5 + sizeof longest.sun_path + 1] = "unix:/";
	struct syslog_address to;
	struct err err = {0};

	memset(text + 6, 'x', sizeof text - 8); /* with its NUL it fills sun_path */
	ck_assert_int_eq(syslog_address_read(&to, text, &err), 0);
	ck_assert_uint_eq(strlen(to.path), sizeof longest.sun_path - 1);
	syslog_address_clear(&to);
	text[sizeof text - 2] = 'x';
	ck_assert_int_eq(syslog_address_read(&to, text, &err), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "; 107 bytes at most"));
}
END_TEST

/* ---- unix sockets ---- */

START_TEST(a_datagram_socket_gets_a_datagram)
{
	listen_unix(SOCK_DGRAM);
	open_unix_sink();
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(tell().end, SINK_DELIVERED);
		ck_assert_ptr_nonnull(strstr(received(w.fd), "] Lobby phone (ext 101"));
	}
}
END_TEST

START_TEST(a_stream_socket_gets_a_nul_behind_each)
{
	const char *text;
	int fd;

	listen_unix(SOCK_STREAM);
	open_unix_sink();
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	fd = accept(w.fd, NULL, NULL);
	text = received(fd);
	ck_assert_int_eq(strncmp(text, "<28>1 ", 6), 0);
	ck_assert_ptr_nonnull(strstr(text, "is offline"));
	text += strlen(text) + 1;
	ck_assert_int_eq(strncmp(text, "<28>1 ", 6), 0);
	close(fd);
}
END_TEST

START_TEST(a_missing_socket_is_tried_again)
{
	struct sink_send s;
	char *text = mem_printf("%s: No such file or directory", w.path);

	open_unix_sink();
	s = tell();
	ck_assert_int_eq(s.end, SINK_LATER);
	ck_assert_str_eq(s.err.text, text);
	listen_unix(SOCK_DGRAM);
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	free(text);
}
END_TEST

static const int types[] = {SOCK_DGRAM, SOCK_STREAM};

START_TEST(a_receiver_that_starts_anew_loses_no_later_message)
{
	int fd = -1;

	listen_unix(types[_i]);
	open_unix_sink();
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	if (types[_i] == SOCK_STREAM) {
		fd = accept(w.fd, NULL, NULL);
		close(fd);
	}
	listen_unix(types[_i]);
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	if (types[_i] == SOCK_STREAM)
		fd = accept(w.fd, NULL, NULL);
	ck_assert_ptr_nonnull(strstr(received(fd >= 0 ? fd : w.fd), "Lobby phone"));
	close(w.fd);
	w.fd = -1;
	if (fd >= 0)
		close(fd);
	ck_assert_int_eq(tell().end, SINK_LATER);
}
END_TEST

/* Tell until one send is under way: the socket is full. Returns how many were taken before. */
static unsigned fill(struct told *t)
{
	for (unsigned n = 0;; n++) {
		ck_assert_uint_lt(n, 100000);
		told_begin(t, &syslog_ops, w.sink, &w.ev);
		if (!t->done)
			return n;
		ck_assert_int_eq(t->send.end, SINK_DELIVERED);
		told_clear(t);
	}
}

START_TEST(a_full_socket_is_waited_for_by_the_message_only)
{
	struct told t;
	unsigned n, n_received = 0;
	char byte;

	listen_unix(SOCK_DGRAM);
	open_unix_sink();
	n = fill(&t);
	ck_assert_uint_gt(n, 0);
	for (int i = 0; i < 5; i++)
		uv_run(&w.loop, UV_RUN_NOWAIT);
	ck_assert(!t.done);
	for (; n_received < n; n_received++)
		(void)received(w.fd);
	TURN_UNTIL(&w.loop, t.done);
	ck_assert_int_eq(t.send.end, SINK_DELIVERED);
	(void)received(w.fd);
	ck_assert_int_eq(recv(w.fd, &byte, 1, MSG_DONTWAIT), -1); /* none twice */
	told_clear(&t);
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
}
END_TEST

START_TEST(a_socket_that_stays_full_is_tried_again_later)
{
	char *text = mem_printf("%s: nobody reads from it", w.path);
	struct told t;

	listen_unix(types[_i]);
	open_unix_sink();
	(void)fill(&t);
	TURN_UNTIL(&w.loop, t.done);
	ck_assert_int_eq(t.send.end, SINK_LATER);
	ck_assert_str_eq(t.send.err.text, text);
	told_clear(&t);
	free(text);
}
END_TEST

START_TEST(a_receiver_that_leaves_ends_the_wait)
{
	struct told t;

	listen_unix(types[_i]);
	open_unix_sink();
	(void)fill(&t);
	listen_unix(types[_i]);
	TURN_UNTIL(&w.loop, t.done);
	ck_assert_int_eq(t.send.end, SINK_DELIVERED); /* to the new one */
	told_clear(&t);
}
END_TEST

START_TEST(a_send_can_be_canceled_while_it_waits_for_room)
{
	struct told t;

	listen_unix(types[_i]);
	open_unix_sink();
	(void)fill(&t);
	syslog_ops.cancel(w.sink, &t.send);
	ck_assert(!t.done);
	TURN_UNTIL(&w.loop, t.done);
	ck_assert_int_eq(t.send.end, SINK_CANCELED);
	told_clear(&t);
}
END_TEST

/* ---- UDP ---- */

START_TEST(udp_gets_a_datagram)
{
	char *address = listen_udp("127.0.0.1");

	open_sink(address);
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	ck_assert_ptr_nonnull(strstr(received(w.fd), "] Lobby phone (ext 101"));
	free(address);
}
END_TEST

START_TEST(an_address_of_ipv6_stands_in_brackets)
{
	char *address = listen_udp("[::1]");

	open_sink(address);
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	ck_assert_str_eq(last_host, "::1");
	free(address);
}
END_TEST

START_TEST(a_name_is_resolved_once_for_many)
{
	char *address = listen_udp(HOST);

	open_sink(address);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(tell().end, SINK_DELIVERED);
		ck_assert_ptr_nonnull(strstr(received(w.fd), "Lobby phone"));
	}
	ck_assert_uint_eq(n_resolved, 1);
	free(address);
}
END_TEST

START_TEST(a_name_that_is_none_is_tried_again)
{
	char *address = listen_udp(NO_HOST);
	struct sink_send s;

	open_sink(address);
	s = tell();
	ck_assert_int_eq(s.end, SINK_LATER);
	ck_assert_str_eq(s.err.text,
			 NO_HOST " cannot be resolved: unknown node or service");
	(void)tell();
	ck_assert_uint_eq(n_resolved, 2);
	free(address);
}
END_TEST

START_TEST(a_name_too_long_to_be_one_is_tried_again)
{
	char address[600] = "udp://";
	struct sink_send s;

	memset(address + 6, 'x', 300);
	memcpy(address + 306, ":514", 5);
	open_sink(address);
	s = tell();
	ck_assert_int_eq(s.end, SINK_LATER);
	ck_assert_ptr_nonnull(strstr(s.err.text, "cannot be resolved"));
}
END_TEST

START_TEST(nobody_listening_is_told_once_and_not_noticed)
{
	char *address = listen_udp("127.0.0.1");

	open_sink(address);
	close(w.fd);
	w.fd = -1;
	for (int i = 0; i < 5; i++) /* an answer "refused" to one must not end the next */
		ck_assert_int_eq(tell().end, SINK_DELIVERED);
	free(address);
}
END_TEST

START_TEST(a_send_can_be_canceled_while_its_name_is_resolved)
{
	char *address = listen_udp(SLOW_HOST);
	struct told t;

	open_sink(address);
	told_begin(&t, &syslog_ops, w.sink, &w.ev);
	if (_i > 0) /* the resolver has begun */
		TURN_UNTIL(&w.loop, n_resolved == 1);
	syslog_ops.cancel(w.sink, &t.send);
	ck_assert(!t.done);
	uv_sem_post(&resolver_may_end);
	TURN_UNTIL(&w.loop, t.done);
	ck_assert_int_eq(t.send.end, SINK_CANCELED);
	told_clear(&t);
	free(address);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{an_event_is_a_message_of_the_rfc, 1},
		{an_account_has_a_reason_and_no_device, 1},
		{a_repeat_of_another_process_has_the_same_bytes, 1},
		{severity_is_that_of_the_event, COUNT(priorities)},
		{text_of_the_vendors_can_do_no_harm, COUNT(names)},
		{what_is_too_long_is_cut_in_the_summary_at_a_whole_character,
		 COUNT(long_pieces)},
		{the_byte_order_mark_counts_too, 1},
		{dev_log_gets_the_local_form, 1},
		{the_form_is_that_of_the_address, COUNT(forms)},
		{an_address_is_a_path_or_a_host_and_a_port, COUNT(addresses)},
		{a_sink_takes_what_is_an_address_and_nothing_else, COUNT(addresses)},
		{a_path_is_no_longer_than_a_sockets_may_be, 1},
		{a_datagram_socket_gets_a_datagram, 1},
		{a_stream_socket_gets_a_nul_behind_each, 1},
		{a_missing_socket_is_tried_again, 1},
		{a_receiver_that_starts_anew_loses_no_later_message, COUNT(types)},
		{a_full_socket_is_waited_for_by_the_message_only, 1},
		{a_socket_that_stays_full_is_tried_again_later, COUNT(types)},
		{a_receiver_that_leaves_ends_the_wait, COUNT(types)},
		{a_send_can_be_canceled_while_it_waits_for_room, COUNT(types)},
		{udp_gets_a_datagram, 1},
		{an_address_of_ipv6_stands_in_brackets, 1},
		{a_name_is_resolved_once_for_many, 1},
		{a_name_that_is_none_is_tried_again, 1},
		{a_name_too_long_to_be_one_is_tried_again, 1},
		{nobody_listening_is_told_once_and_not_noticed, 1},
		{a_send_can_be_canceled_while_its_name_is_resolved, 2},
	};

	return suite_run("syslog", tests, COUNT(tests), open_world, close_world);
}
