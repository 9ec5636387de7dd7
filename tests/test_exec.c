#include "sink/exec.h"

#include "lib/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/told.h"
#include "lib/turn.h"

#define LONG_MS 3600000

static struct {
	uv_loop_t loop;
	void *sink;
	struct event ev;
} w;

static void open_world(void)
{
	memset(&w, 0, sizeof w);
	turn_open(&w.loop);
	told_device(&w.ev);
	ck_assert_int_eq(chdir(suite_dir()), 0);
}

static void close_world(void)
{
	exec_ops.destroy(w.sink);
	event_clear(&w.ev);
	turn_close(&w.loop);
	ck_assert_int_eq(chdir("/"), 0); /* so that the folder can go */
}

static void open_sink(char *const *command, size_t n, int64_t time_limit_ms)
{
	const struct sink_env env = {.loop = &w.loop};
	const struct sink_settings settings = {
		.name = "program",
		.kind = SINK_EXEC,
		.command = command,
		.n_command = n,
		.time_limit_ms = time_limit_ms,
	};
	struct err err = {0};

	ck_assert_msg(exec_ops.create(&settings, &env, &w.sink, &err) == 0, "%s",
		      err.text);
}

/* A sink that runs this script in our folder, which is its first argument. */
static void open_script(const char *script, int64_t time_limit_ms)
{
	char *whole = mem_printf("cd \"$1\"\n%s", script);
	char *command[] = {(char *)"/bin/sh", (char *)"-c", whole, (char *)"sh",
			   (char *)suite_dir()};

	open_sink(command, COUNT(command), time_limit_ms);
	free(whole); /* it has its own */
}

static struct sink_send tell(void)
{
	struct told t;

	told_begin(&t, &exec_ops, w.sink, &w.ev);
	told_wait(&t, &w.loop);
	told_clear(&t);
	return t.send;
}

/* What a program wrote into our folder. The caller frees it. */
static char *text_of(const char *name)
{
	FILE *f = fopen(name, "r");
	char *text = mem_zalloc(65536);

	ck_assert_msg(f != NULL, "%s: %s", name, strerror(errno));
	ck_assert_uint_lt(fread(text, 1, 65535, f), 65535);
	fclose(f);
	return text;
}

static void assert_text(const char *name, const char *expected)
{
	char *text = text_of(name);

	ck_assert_str_eq(text, expected);
	free(text);
}

static const struct {
	const char *script;
	enum sink_end end;
	int code;
	const char *text; /* the error */
} ends[] = {
	{"exit 0", SINK_DELIVERED, 0, ""},
	{"cat > /dev/null", SINK_DELIVERED, 0, ""},
	{"echo no >&2; exit 0", SINK_DELIVERED, 0, ""},
	{"exit 1", SINK_REFUSED, 1, "/bin/sh: exit 1"},
	{"exit 75", SINK_LATER, 75, "/bin/sh: exit 75"},
	{"printf 'the pager is\\033[31m out\\nmore\\n' >&2; exit 75", SINK_LATER, 75,
	 "/bin/sh: exit 75: the pager is [31m out"},
	{"echo no > /dev/stderr; exit 2", SINK_REFUSED, 2, "/bin/sh: exit 2: no"},
	{"kill -KILL $$", SINK_LATER, 0, "/bin/sh: ended by Killed"},
	{"head -c 10000000 /dev/zero", SINK_DELIVERED, 0, ""},
	{"head -c 10000000 /dev/zero >&2; exit 3", SINK_REFUSED, 3, "/bin/sh: exit 3"},
};

START_TEST(how_it_ends_says_what_becomes_of_the_event)
{
	struct sink_send s;

	open_script(ends[_i].script, LONG_MS);
	s = tell();
	ck_assert_msg(s.end == ends[_i].end, "%d %s", s.end, s.err.text);
	ck_assert_int_eq(s.code, ends[_i].code);
	ck_assert_str_eq(s.err.text, ends[_i].text);
}
END_TEST

START_TEST(it_reads_the_event_and_a_newline)
{
	char *body = event_render(&w.ev, EVENT_WITHOUT_PERSONAL);
	char *expected = mem_printf("%s\n", body);

	open_script(_i == 0 ? "cat > got" : "cat /dev/stdin > got", LONG_MS);
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	assert_text("got", expected);
	free(expected);
	free(body);
}
END_TEST

START_TEST(it_gets_nothing_of_ours)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD, 200); /* not closed by itself */

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setenv("SECRET", "SECRET", 1), 0);
	/* 10 is the shell's own, while it redirects; and of a pipe it may still have an end. */
	open_script("tr '\\0' '\\n' < /proc/$$/environ > environ;"
		    " ls /proc/$$/fd > open; grep -vx 10 open > fds",
		    LONG_MS);
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	assert_text("environ", "PATH=/usr/local/bin:/usr/bin:/bin\nLANG=C.UTF-8\n");
	assert_text("fds", "0\n1\n2\n");
	close(fd);
}
END_TEST

START_TEST(arguments_are_what_was_written)
{
	char *command[] = {(char *)"/bin/sh",
			   (char *)"-c",
			   (char *)"cd \"$1\"; shift; printf '%s|' \"$@\" > got",
			   (char *)"sh",
			   (char *)suite_dir(),
			   (char *)"a b",
			   (char *)"$(id)",
			   (char *)"*",
			   (char *)""};

	open_sink(command, COUNT(command), LONG_MS);
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	assert_text("got", "a b|$(id)|*||");
}
END_TEST

static const struct {
	const char *path, *text;
} missing[] = {
	{"/nonexistent/program",
	 "/nonexistent/program cannot be run: no such file or directory"},
	{"/etc/passwd", "/etc/passwd cannot be run: permission denied"},
};

START_TEST(what_cannot_be_run_is_tried_later)
{
	char *command[] = {(char *)missing[_i].path};
	struct sink_send s;

	open_sink(command, 1, LONG_MS);
	s = tell();
	ck_assert_int_eq(s.end, SINK_LATER);
	ck_assert_str_eq(s.err.text, missing[_i].text);
}
END_TEST

/* Until nobody has it open for writing any more. */
static void wait_closed(int fifo)
{
	char c;

	ck_assert_int_eq(fcntl(fifo, F_SETFL, 0), 0);
	ck_assert_int_eq(read(fifo, &c, 1), 0);
	close(fifo);
}

static int open_fifo(void)
{
	int fd;

	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	fd = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static const char *const slow[] = {
	"exec 3> fifo; sleep 600",
	"exec 3> fifo; sleep 600 & wait",
	"exec 3> fifo; trap '' TERM; sleep 600; sleep 600",
	"exec 3> fifo; (trap '' TERM; sleep 600) & wait",
};

START_TEST(too_long_ends_it_and_what_it_has_started)
{
	int fifo = open_fifo();
	struct sink_send s;

	open_script(slow[_i], 20);
	s = tell();
	ck_assert_int_eq(s.end, SINK_LATER);
	ck_assert_str_eq(s.err.text, "/bin/sh: it took longer than time_limit");
	wait_closed(fifo);
}
END_TEST

START_TEST(what_it_leaves_behind_keeps_nobody_waiting)
{
	char *pid;

	open_script("sleep 600 & echo $! > pid; echo half >&2; exit 1", LONG_MS);
	ck_assert_str_eq(tell().err.text, "/bin/sh: exit 1: half");
	pid = text_of("pid");
	ck_assert_int_eq(kill((pid_t)strtol(pid, NULL, 10), SIGKILL),
			 0); /* it is there */
	free(pid);
}
END_TEST

START_TEST(a_send_can_be_canceled_at_each_step)
{
	int fifo = open_fifo();
	struct told t;

	open_script("exec 3> fifo; sleep 600", LONG_MS);
	told_begin(&t, &exec_ops, w.sink, &w.ev);
	for (int i = 0; i < _i; i++)
		uv_run(&w.loop, UV_RUN_NOWAIT);
	exec_ops.cancel(w.sink, &t.send);
	ck_assert(!t.done); /* never from within */
	told_wait(&t, &w.loop);
	ck_assert_int_eq(t.send.end, SINK_CANCELED);
	told_clear(&t);
	wait_closed(fifo);
}
END_TEST

START_TEST(a_send_that_could_not_begin_can_be_canceled)
{
	struct rlimit files, none;
	struct told t;

	open_script("exit 0", LONG_MS);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	none = (struct rlimit){0, files.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	told_begin(&t, &exec_ops, w.sink, &w.ev);
	exec_ops.cancel(w.sink, &t.send); /* ends nobody: not us, either */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	told_wait(&t, &w.loop);
	ck_assert_int_eq(t.send.end, SINK_LATER);
	ck_assert_ptr_nonnull(strstr(t.send.err.text, "cannot be run"));
	told_clear(&t);
}
END_TEST

START_TEST(without_a_program_there_is_no_sink)
{
	const struct sink_env env = {.loop = &w.loop};
	const struct sink_settings settings = {.name = "program", .kind = SINK_EXEC};
	struct err err = {0};

	ck_assert_int_eq(exec_ops.create(&settings, &env, &w.sink, &err), ERR_CONFIG);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{how_it_ends_says_what_becomes_of_the_event, COUNT(ends)},
		{it_reads_the_event_and_a_newline, 2},
		{it_gets_nothing_of_ours, 1},
		{arguments_are_what_was_written, 1},
		{what_cannot_be_run_is_tried_later, COUNT(missing)},
		{too_long_ends_it_and_what_it_has_started, COUNT(slow)},
		{what_it_leaves_behind_keeps_nobody_waiting, 1},
		{a_send_can_be_canceled_at_each_step, 4},
		{a_send_that_could_not_begin_can_be_canceled, 1},
		{without_a_program_there_is_no_sink, 1},
	};

	return suite_run("exec", tests, COUNT(tests), open_world, close_world);
}
