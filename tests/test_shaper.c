#include "payload/shaper.h"

#include "lib/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "lib/turn.h"

#define MAX_JOBS 8
#define GOOD     "{\"n\":1}"
#define BAD      "{\"bad\":true}"

/* A job and how it ended. */
struct asked {
	struct shaper_job job;
	int rc;
	bool done;
	unsigned place; /* among those that ended */
};

static struct {
	uv_loop_t loop;
	struct shaper *shaper;
	char *command;
	struct asked asked[MAX_JOBS];
	unsigned n_done;
} w;

static void open_world(void)
{
	char *dir = realpath(getenv("TEST_BIN") != NULL ? getenv("TEST_BIN") : ".", NULL);

	memset(&w, 0, sizeof w);
	signal(SIGPIPE, SIG_IGN);
	turn_open(&w.loop);
	w.command = mem_printf("%s/phonewatch-jq", dir); /* absolute: it begins in "/" */
	free(dir);
}

static void close_world(void)
{
	for (size_t i = 0; i < MAX_JOBS; i++)
		shaper_job_clear(&w.asked[i].job);
	shaper_destroy(w.shaper);
	free(w.command);
	turn_close(&w.loop);
}

static void open_shaper(const char *program)
{
	w.shaper = shaper_create(&w.loop, w.command, program, NULL);
}

static void on_done(struct shaper_job *job, int rc)
{
	struct asked *a = job->data;

	ck_assert(!a->done);
	a->done = true;
	a->rc = rc;
	a->place = ++w.n_done;
}

static void ask(size_t i, const char *event)
{
	struct asked *a = &w.asked[i];

	shaper_job_clear(&a->job);
	*a = (struct asked){.job = {.event = event, .on_done = on_done, .data = a}};
	a->job.len = event != NULL ? strlen(event) : 0;
	shaper_start(w.shaper, &a->job);
	ck_assert(!a->done); /* never from within */
}

static struct asked *wait_for(size_t i)
{
	TURN_UNTIL(&w.loop, w.asked[i].done);
	return &w.asked[i];
}

static void expect_payload(size_t i, const char *payload)
{
	struct asked *a = wait_for(i);

	ck_assert_msg(a->rc == 0, "%d %s", a->rc, a->job.err.text);
	ck_assert_str_eq(buf_text(&a->job.payload), payload);
}

static void expect_failure(size_t i, int rc, const char *why)
{
	struct asked *a = wait_for(i);

	ck_assert_msg(a->rc == rc && strstr(a->job.err.text, why) != NULL, "%d %s", a->rc,
		      a->job.err.text);
	ck_assert_int_eq(a->job.err.code, rc);
}

/* The process at work; 0: none. */
static pid_t find_child(void)
{
	char path[64];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

START_TEST(events_are_shaped_by_one_process)
{
	pid_t first;

	open_shaper("{a: .n, b: [.n, \"\\u00e9\"]}");
	ck_assert_int_eq(find_child(), 0); /* there is nothing to do yet */
	ask(0, GOOD);
	ask(1, "{\"n\":null}");
	expect_payload(0, "{\"a\":1,\"b\":[1,\"é\"]}");
	first = find_child();
	expect_payload(1, "{\"a\":null,\"b\":[null,\"é\"]}");
	ask(0, "{\"n\":2}");
	expect_payload(0, "{\"a\":2,\"b\":[2,\"é\"]}");
	ck_assert_int_ne(first, 0);
	ck_assert_int_eq(find_child(), first);
}
END_TEST

/* What a program makes of a bad event, and what is said of it. */
static const struct {
	const char *nasty;
	const char *why;
} nasties[] = {
	{"def f: f; f", "it takes longer than a second"},
	{"reduce range(40) as $i (\"12345678\"; . + .)",
	 "it needs more than 256 MiB of memory"},
	{"[limit(1e9; repeat(1))] | length", "it "},
	{"\"x\" * 100000000", "it "},
	{"[\"x\" * 2000000]", "it makes 2000004 bytes; a payload has at most 1048576"},
	{"empty", "it makes no payload of this event"},
	{"{}, {}", "it makes more than one payload"},
	{"{}, error(\"late\")", "late"},
	{"1", "it makes a number; a payload is an object or an array"},
	{"\"text\"", "it makes a string"},
	{"null", "it makes a null"},
	{"error(\"no\\nmore\")", "no\nmore"},
	{"error({a: 1})", "it failed, with a message that is no text"},
	{"error(null)", "it makes no payload of this event"},
	{".bad + 1", "boolean (true) and number (1) cannot be added"},
	{"input", "break"},
	{"\"x\" | modulemeta", "module not found: x"},
	{"halt", "it makes no payload of this event"},
	{"{}, halt", "it halts"},
	{"\"x\" | halt_error", "it makes no payload of this event"},
	{"reduce range(1000000) as $i (1; [.])", "jq "},
};

START_TEST(a_nasty_program_costs_that_event_alone)
{
	char *program = mem_printf("if .bad then (%s) else {n} end", nasties[_i].nasty);

	open_shaper(program);
	ask(0, GOOD);
	ask(1, BAD);
	ask(2, GOOD);
	ask(3, BAD);
	ask(4, GOOD);
	expect_payload(4, "{\"n\":1}");
	expect_payload(0, "{\"n\":1}");
	expect_payload(2, "{\"n\":1}");
	expect_failure(1, ERR_FORMAT, nasties[_i].why);
	expect_failure(3, ERR_FORMAT, nasties[_i].why);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(w.asked[i].place, i + 1);
	free(program);
}
END_TEST

/* What there is nothing to be had from. */
static const struct {
	const char *program, *payload;
} harmless[] = {
	{"{env: env, ENV: $ENV}", "{\"env\":{},\"ENV\":{}}"},
	{"[inputs]", "[]"},
	{"[input_filename, get_search_list]", "[null,[]]"},
	{"[0 | strflocaltime(\"%Z %H\")]", "[\"UTC 00\"]"},
	{"debug | stderr | {n}", "{\"n\":1}"},
	{"{k: $secret}", "{\"k\":null}"},
};

START_TEST(there_is_nothing_around_a_program)
{
	open_shaper(harmless[_i].program);
	ask(0, GOOD);
	expect_payload(0, harmless[_i].payload);
}
END_TEST

static const struct {
	const char *program, *why;
} mistakes[] = {
	{".a |", "syntax error, unexpected $end at <top-level>, line 1:"},
	{"\n\n{a: nothing}", "nothing/0 is not defined at <top-level>, line 3:"},
	{"$foo", "$foo is not defined"},
	{"import \"x\" as x; {}", "module not found: x"},
	{"include \"x\"; {}", "module not found: x"},
};

START_TEST(a_program_that_does_not_compile_says_why)
{
	open_shaper(mistakes[_i].program);
	ask(0, NULL);
	ask(1, GOOD);
	expect_failure(0, ERR_CONFIG, mistakes[_i].why);
	expect_failure(1, ERR_CONFIG, mistakes[_i].why);
}
END_TEST

/* Of files that jq would find, if it could open any. */
#define IMPORT_DATA "import \"x\" as $x {search: \"%s\"}; {n: $x}"
#define IMPORT_CODE "import \"x\" as x {search: \"%s\"}; {n: x::f}"

START_TEST(a_program_reads_no_file)
{
	char *json = mem_printf("%s/x.json", suite_dir());
	char *module = mem_printf("%s/x.jq", suite_dir());
	char *program = mem_printf(_i == 0 ? IMPORT_DATA : IMPORT_CODE, suite_dir());
	FILE *f = fopen(json, "w");

	fputs("1", f);
	fclose(f);
	f = fopen(module, "w");
	fputs("def f: 1;", f);
	fclose(f);
	open_shaper(program);
	ask(0, GOOD);
	wait_for(0);
	ck_assert_int_ne(w.asked[0].rc, 0);
	free(program);
	free(module);
	free(json);
}
END_TEST

START_TEST(a_program_can_be_compiled_without_an_event)
{
	open_shaper("error(\"never\")");
	ask(0, NULL);
	ask(1, NULL);
	expect_payload(0, "");
	expect_payload(1, "");
}
END_TEST

START_TEST(a_secret_is_in_the_payload_and_in_no_message)
{
	static const char *const tellers[] = {"error($secret)", "$secret + 1",
					      "error(\"so: \" + $secret[3:9])",
					      "error($secret | explode | implode)"};
	char *program =
		mem_printf("if .bad then (%s) else {k: $secret} end", tellers[_i]);
	struct secret secret = {0};

	secret_set(&secret, "HUSHHUSH\"\\12345", 15);
	w.shaper = shaper_create(&w.loop, w.command, program, &secret);
	ask(0, GOOD);
	ask(1, BAD);
	expect_payload(0, "{\"k\":\"HUSHHUSH\\\"\\\\12345\"}");
	expect_failure(1, ERR_FORMAT, "with a message that shows its secret");
	ck_assert_ptr_null(strstr(w.asked[1].job.err.text, "HUSH"));
	secret_clear(&secret);
	free(program);
}
END_TEST

START_TEST(who_is_killed_is_replaced_and_makes_the_same)
{
	char *first;
	pid_t pid;

	open_shaper(
		"if .bad then (def f: f; f) else {a: .n, b: [.[]], \"c\": \"\\(.)\"} end");
	ask(0, GOOD);
	first = mem_strdup(buf_text(&wait_for(0)->job.payload));
	pid = find_child();
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ask(1, GOOD);
	wait_for(1);
	if (w.asked[1].rc != 0) { /* it was killed with the event in its hands */
		expect_failure(1, ERR_RETRY, "ended by somebody else");
		ask(1, GOOD);
	}
	expect_payload(1, first);
	ck_assert_int_ne(find_child(), pid);
	ask(2, BAD);
	ask(3, GOOD);
	expect_failure(2, ERR_FORMAT, "longer than a second");
	expect_payload(3, first);
	free(first);
}
END_TEST

START_TEST(a_job_can_be_canceled_at_each_step)
{
	open_shaper("{n}");
	ask(0, GOOD);
	ask(1, GOOD);
	for (int i = 0; i < _i && !w.asked[0].done; i++)
		uv_run(&w.loop, UV_RUN_ONCE);
	if (w.asked[0].done)
		ask(0, GOOD);
	shaper_cancel(w.shaper, &w.asked[0].job);
	ck_assert(!w.asked[0].done); /* never from within */
	ck_assert_int_eq(wait_for(0)->rc, ERR_CANCELED);
	expect_payload(1, "{\"n\":1}");
	ask(0, "{\"n\":3}");
	expect_payload(
		0, "{\"n\":3}"); /* what came of the canceled one is not taken for it */
}
END_TEST

START_TEST(a_shaper_can_go_at_each_step)
{
	open_shaper("{n}");
	ask(0, GOOD);
	for (int i = 0; i < _i && !w.asked[0].done; i++)
		uv_run(&w.loop, UV_RUN_ONCE);
	shaper_cancel(w.shaper, &w.asked[0].job);
	wait_for(0);
	shaper_destroy(w.shaper);
	w.shaper = NULL;
}
END_TEST

START_TEST(a_large_event_goes_through)
{
	size_t len = 900000;
	char *text = mem_alloc(len + 1), *event;

	memset(text, 'x', len);
	text[len] = '\0';
	event = mem_printf("{\"t\":\"%s\"}", text);
	open_shaper(".");
	ask(0, event);
	expect_payload(0, event);
	shaper_job_clear(&w.asked[0].job);
	free(event);
	free(text);
}
END_TEST

static void write_command(const char *script)
{
	FILE *f;

	free(w.command);
	w.command = mem_printf("%s/command", suite_dir());
	f = fopen(w.command, "w");
	fputs(script, f);
	fclose(f);
	ck_assert_int_eq(chmod(w.command, 0700), 0);
}

static const struct {
	const char *script, *why;
} impostors[] = {
	{"#!/bin/sh\nexit 0\n", "phonewatch-jq ended"},
	{"#!/bin/sh\nexit 3\n", "phonewatch-jq cannot limit itself"},
	{"#!/bin/sh\nkill -9 $$\n", "phonewatch-jq was ended by somebody else"},
	{"#!/bin/sh\necho 0123456789012345678901234567890123456789\nread x\n",
	 "phonewatch-jq answers nonsense"},
	{"#!/bin/sh\nexec >&-\nexit 1\n", "phonewatch-jq ended"},
	{"#!/none\n", "cannot be started: no such file or directory"},
};

START_TEST(an_event_waits_for_a_process_that_works)
{
	write_command(impostors[_i].script);
	open_shaper("{n}");
	ask(0, GOOD);
	ask(1, GOOD);
	expect_failure(0, ERR_RETRY, impostors[_i].why);
	expect_failure(1, ERR_RETRY, impostors[_i].why);
}
END_TEST

/* Not JSON, or what jq has its own mind about. */
static const char *const events[] = {"",     "{",           "nonsense", "{} {}",
				     "[1,2", "\"\\ud800\"", "nan",      "\xff\xfe"};

START_TEST(a_program_that_crashes_as_it_compiles_shapes_no_event)
{
	write_command("#!/bin/sh\nkill -SEGV $$\n");
	open_shaper("{n}");
	ask(0, GOOD);
	expect_failure(0, ERR_CONFIG, "jq crashed (SIGSEGV)");
}
END_TEST

START_TEST(an_event_that_is_none_ends_nothing)
{
	open_shaper("{a: .}");
	ask(0, events[_i]);
	wait_for(0);
	ck_assert_int_ne(w.asked[0].rc, ERR_RETRY);
	ask(1, "[7]");
	expect_payload(1, "{\"a\":[7]}");
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{events_are_shaped_by_one_process, 1},
		{a_nasty_program_costs_that_event_alone, COUNT(nasties)},
		{there_is_nothing_around_a_program, COUNT(harmless)},
		{a_program_that_does_not_compile_says_why, COUNT(mistakes)},
		{a_program_reads_no_file, 2},
		{a_program_can_be_compiled_without_an_event, 1},
		{a_secret_is_in_the_payload_and_in_no_message, 4},
		{who_is_killed_is_replaced_and_makes_the_same, 1},
		{a_job_can_be_canceled_at_each_step, 10},
		{a_shaper_can_go_at_each_step, 10},
		{a_large_event_goes_through, 1},
		{an_event_waits_for_a_process_that_works, COUNT(impostors)},
		{a_program_that_crashes_as_it_compiles_shapes_no_event, 1},
		{an_event_that_is_none_ends_nothing, COUNT(events)},
	};

	return suite_run("shaper", tests, COUNT(tests), open_world, close_world);
}
