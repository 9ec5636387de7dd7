/* The daemon in this process: what no configuration that was checked can bring about. The rest is
 * in tests/scenario/. */
#include "daemon.h"

#include "lib/suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"

#define LOG_MAX_BYTES 65536

static struct {
	struct config *config;
	int log; /* what is written to stderr can be read here */
	struct buf said;
	bool told_to_stop;
} w;

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert(fputs(text, f) >= 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(name, 0600), 0);
}

/* An account whose vendor is not there, and a syslog. */
static void open_world(void)
{
	struct config_report report = {0};
	struct err err = {0};

	memset(&w, 0, sizeof w);
	buf_init(&w.said, LOG_MAX_BYTES);
	ck_assert_int_eq(chdir(suite_dir()), 0);
	write_file("s", "hunter2");
	write_file(
		"t.conf",
		"database = \"x.db\" accounts: { acme: { server = \"http://127.0.0.1:1\""
		" client_id = \"x\" client_secret_file = \"s\" jwt_file = \"s\" } }"
		" sinks: { central: { kind = \"syslog\" } }");
	ck_assert_msg(config_load("t.conf", &w.config, &report, &err) == 0, "%s",
		      err.text);
}

static void close_world(void)
{
	buf_clear(&w.said);
	ck_assert_int_eq(chdir("/"), 0); /* so that the folder can go */
}

/* Read the log to its end; once the daemon says what it watches it is told to stop. */
static void read_log(void *unused)
{
	char part[4096];
	ssize_t n;

	(void)unused;
	while ((n = read(w.log, part, sizeof part)) > 0) {
		buf_add(&w.said, part, (size_t)n);
		if (!w.told_to_stop && strstr(buf_text(&w.said), ": watching ") != NULL) {
			w.told_to_stop = true;
			kill(getpid(), SIGTERM);
		}
	}
}

/* Run the daemon, all that it says into w.said. Returns what it returned. */
static int run(void)
{
	struct err err = {0};
	int ends[2], nowhere = open("/dev/null", O_WRONLY), rc;
	uv_thread_t reader;

	ck_assert_int_eq(pipe(ends), 0);
	w.log = ends[0];
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	ck_assert_int_eq(uv_thread_create(&reader, read_log, NULL), 0);
	rc = daemon_run(w.config, &err);
	ck_assert_int_eq(dup2(nowhere, STDERR_FILENO), STDERR_FILENO);
	uv_thread_join(&reader);
	close(nowhere);
	close(w.log);
	return rc;
}

static size_t n_said(const char *text)
{
	const char *p = buf_text(&w.said);
	size_t n = 0;

	while ((p = strstr(p, text)) != NULL) {
		p += strlen(text);
		n++;
	}
	return n;
}

START_TEST(a_sink_that_cannot_be_had_is_said_once_and_harms_nobody)
{
	free(w.config->sinks[0].address);
	w.config->sinks[0].address = mem_strdup("nowhere");
	ck_assert_int_eq(run(), 0);
	ck_assert_uint_eq(
		n_said("error: sink central: not an address; write unix:PATH, "
		       "udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT, an IPv6 "
		       "address in brackets; its events wait until that is corrected and reloaded\n"),
		1);
	ck_assert_uint_eq(n_said("central"), 1);
	ck_assert_uint_eq(n_said(": watching 1 account, telling 0 sinks; "), 1);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_sink_that_cannot_be_had_is_said_once_and_harms_nobody, 1},
	};

	return suite_run("daemon", tests, COUNT(tests), open_world, close_world);
}
