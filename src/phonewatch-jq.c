/* phonewatch-jq: what a jq program makes of events. No program for people: phonewatchd and
 * phonewatch start it, one for each program (payload/shaper.h).
 *
 * libjq can neither be interrupted nor be kept from aborting, and its programs may be anybody's: so
 * it runs here, in a process without files, environment or anything else to lose, which a bad
 * program takes with it. Time and memory are limited by the kernel. */
#include <errno.h>
#include <jq.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "payload/frame.h"

#define FIRST_FREE_FD 3
/* Of a secret, in a message: so much of it gives it away. jq cuts the values in its messages. */
#define TELLTALE_BYTES 6

struct work {
	jq_state *jq;   /* NULL until there is a program */
	char *secret;   /* NULL: none */
	struct buf why; /* what jq says of a program that does not compile */
};

/* ---- confinement ---- */

#ifdef __SANITIZE_ADDRESS__
/* What ends us ends us as it does without the sanitizer, which itself needs terabytes: so only what
 * is asked for at once is limited. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "handle_segv=0:detect_leaks=0:allocator_may_return_null=1:"
	       "max_allocation_size_mb=256";
}
#endif

static bool set_limit(__rlimit_resource_t resource, rlim_t value)
{
	const struct rlimit limit = {value, value};

	return setrlimit(resource, &limit) == 0;
}

/* Nothing can be opened or begun from here on, and nothing that we were not given is open. Without
 * files jq finds no modules, and its local time is UTC. */
static bool confine(void)
{
	static char *nothing[] = {NULL};
	struct err err;

	environ = nothing; /* not NULL: jq 1.6 goes through it without a look */
	return close_range(FIRST_FREE_FD, ~0U, 0) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       secret_forbid_dumps(&err) == 0 &&
#ifndef __SANITIZE_ADDRESS__
	       set_limit(RLIMIT_AS, FRAME_MEMORY_BYTES) &&
#endif
	       set_limit(RLIMIT_FSIZE, 0) && set_limit(RLIMIT_NPROC, 0) &&
	       set_limit(RLIMIT_NOFILE, 0);
}

/* SIGPROF comes after so much of the processor's time, and nobody handles it. A busy machine takes
 * nothing off it, as it would by the clock. 0: no more. */
static void limit_time(int seconds)
{
	const struct itimerval limit = {.it_value = {.tv_sec = seconds}};

	setitimer(ITIMER_PROF, &limit, NULL);
}

static void on_no_memory(void *data)
{
	(void)data;
	_exit(FRAME_EXIT_MEMORY);
}

/* ---- frames ---- */

/* False at the end of the input, which may come before a frame only. */
static bool read_bytes(void *into, size_t len)
{
	size_t n = 0;

	while (n < len) {
		ssize_t got = read(STDIN_FILENO, (char *)into + n, len - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0 && n == 0)
			return false;
		if (got <= 0)
			_exit(FRAME_EXIT_TALK);
		n += (size_t)got;
	}
	return true;
}

static void write_bytes(const void *from, size_t len)
{
	size_t n = 0;

	while (n < len) {
		ssize_t put = write(STDOUT_FILENO, (const char *)from + n, len - n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			_exit(FRAME_EXIT_TALK);
		n += (size_t)put;
	}
}

/* The time that was allowed is for what is answered; what follows has its own. */
static void answer(enum frame_kind kind, const void *data, size_t len)
{
	const struct frame_head head = {.kind = kind, .len = (uint32_t)len};

	limit_time(0);
	write_bytes(&head, sizeof head);
	write_bytes(data, len);
}

static void fail(const struct work *w, const char *why)
{
	if (w->secret != NULL && secret_is_in(why, w->secret, TELLTALE_BYTES))
		why = "it failed, with a message that shows its secret";
	answer(FRAME_FAILED, why, utf8_cut(why, FRAME_MAX_REASON));
}

/* ---- the program ---- */

/* jq's messages come several lines each, the first of which says it: "jq: error: syntax error,
 * unexpected $end (Unix shell quoting issues?) at <top-level>, line 1:". There is no shell here. */
static void on_message(void *data, jv message)
{
	static const char head[] = "jq: error: ",
			  shell[] = " (Unix shell quoting issues?)";
	struct work *w = data;
	jv formatted = jq_format_error(message);
	const char *text = jv_string_value(formatted), *at;
	size_t len;

	if (strncmp(text, head, strlen(head)) == 0)
		text += strlen(head);
	len = strcspn(text, "\n");
	at = strstr(text, shell);
	if (w->why.len == 0 && at != NULL && at < text + len) {
		buf_printf(&w->why, "%.*s%.*s", (int)(at - text), text,
			   (int)(text + len - at - (ssize_t)strlen(shell)),
			   at + strlen(shell));
	} else if (w->why.len == 0) {
		buf_add(&w->why, text, len);
	}
	jv_free(formatted);
}

static void compile(struct work *w, const char *program)
{
	jv secret = w->secret != NULL ? jv_string(w->secret) : jv_null();
	bool fine;

	jv_nomem_handler(on_no_memory, NULL);
	w->jq = jq_init();
	if (w->jq == NULL)
		_exit(FRAME_EXIT_MEMORY);
	jq_set_nomem_handler(w->jq, on_no_memory, NULL);
	jq_set_error_cb(w->jq, on_message, w);
	/* jq 1.6 leaves what these are to chance. */
	jq_set_input_cb(w->jq, NULL, NULL);
	jq_set_debug_cb(w->jq, NULL, NULL);
	jq_set_attr(w->jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
	limit_time(FRAME_CPU_S);
	fine = jq_compile_args(w->jq, program,
			       jv_object_set(jv_object(), jv_string("secret"), secret));
	if (fine)
		answer(FRAME_DONE, "", 0);
	else
		fail(w, w->why.len > 0 ? w->why.data : "it does not compile");
}

/* ---- events ---- */

/* What an invalid value says; the caller frees it. NULL: nothing, it is the end. */
static char *message_of(jv value)
{
	jv message = jv_invalid_get_msg(value);
	char *text = NULL;

	if (jv_get_kind(message) == JV_KIND_STRING)
		text = mem_strdup(jv_string_value(message));
	else if (jv_is_valid(message) && jv_get_kind(message) != JV_KIND_NULL)
		text = mem_strdup("it failed, with a message that is no text");
	jv_free(message);
	return text;
}

/* What is wrong with what came behind the only payload; NULL: nothing did. */
static char *find_more(jq_state *jq)
{
	jv next = jq_next(jq);

	if (jv_is_valid(next)) {
		jv_free(next);
		return mem_strdup("it makes more than one payload");
	}
	return message_of(next);
}

/* Takes value: the payload, or why there is none, which the caller frees. */
static char *check_first(jq_state *jq, jv value)
{
	jv_kind kind = jv_get_kind(value);
	char *why;

	if (kind == JV_KIND_INVALID) {
		why = message_of(value);
		return why != NULL ? why
				   : mem_strdup("it makes no payload of this event");
	}
	jv_free(value);
	if (kind != JV_KIND_OBJECT && kind != JV_KIND_ARRAY)
		return mem_printf("it makes a %s; a payload is an object or an array",
				  jv_kind_name(kind));
	return find_more(jq);
}

/* Write the payload down. Takes it. Returns what is wrong with it, which the caller frees. */
static char *dump(struct buf *into, jv payload)
{
	jv text = jv_dump_string(payload, 0);
	size_t len = (size_t)jv_string_length_bytes(jv_copy(text));
	char *why = NULL;

	if (buf_add(into, jv_string_value(text), len) != 0)
		why = mem_printf("it makes %zu bytes; a payload has at most %u", len,
				 FRAME_MAX_PAYLOAD);
	jv_free(text);
	return why;
}

/* Run the program. Returns why there is no payload, which the caller frees, or NULL. */
static char *run(const struct work *w, jv input, struct buf *payload)
{
	jv first;
	char *why;

	jq_start(w->jq, input, 0);
	first = jq_next(w->jq);
	why = check_first(w->jq, jv_copy(first));
	if (why == NULL && jq_halted(w->jq))
		why = mem_strdup("it halts");
	if (why == NULL)
		why = dump(payload, jv_copy(first));
	jv_free(first);
	/* What the run has left behind goes now: where that crashes, it was this event's doing. */
	jq_start(w->jq, jv_null(), 0);
	return why;
}

static void shape(const struct work *w, const char *event, size_t len)
{
	struct buf payload;
	jv input;
	char *why;

	buf_init(&payload, FRAME_MAX_PAYLOAD);
	limit_time(FRAME_CPU_S);
	input = jv_parse_sized(event, (int)len);
	if (jv_is_valid(input)) {
		why = run(w, input, &payload);
	} else {
		jv_free(input);
		why = mem_strdup("the event is no JSON");
	}
	if (why == NULL)
		answer(FRAME_DONE, payload.data, payload.len);
	else
		fail(w, why);
	free(why);
	buf_clear(&payload);
}

/* ---- the way of a frame ---- */

static void take_frame(struct work *w, enum frame_kind kind, char *data, size_t len)
{
	if (kind == FRAME_SECRET && w->secret == NULL)
		w->secret = mem_strdup(data);
	else if (kind == FRAME_PROGRAM && w->jq == NULL)
		compile(w, data);
	else if (kind == FRAME_EVENT && w->jq != NULL)
		shape(w, data, len);
	else
		_exit(FRAME_EXIT_TALK);
}

int main(int argc, char **argv)
{
	struct work w = {0};
	struct frame_head head;

	(void)argv;
	if (argc > 1 || isatty(STDIN_FILENO)) {
		fputs("phonewatch-jq is no program for people: phonewatchd starts it\n",
		      stderr);
		return FRAME_EXIT_TALK;
	}
	if (!confine())
		return FRAME_EXIT_LIMITS;
	buf_init(&w.why, FRAME_MAX_BYTES);
	while (read_bytes(&head, sizeof head)) {
		char *data;

		if (head.len > FRAME_MAX_BYTES)
			_exit(FRAME_EXIT_TALK);
		data = mem_alloc((size_t)head.len + 1);
		if (head.len > 0 && !read_bytes(data, head.len))
			_exit(FRAME_EXIT_TALK);
		data[head.len] = '\0';
		take_frame(&w, (enum frame_kind)head.kind, data, head.len);
		free(data);
	}
	_exit(EXIT_SUCCESS); /* what is left goes with us */
}
