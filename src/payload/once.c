#include "payload/once.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "payload/frame.h"
#include "payload/payload.h"

#define NOT_OPEN (-1)

struct once {
	pid_t pid;
	int to, from; /* pipes; NOT_OPEN */
	bool late;
	int64_t until_ms; /* monotonic */
	struct buf answer;
};

/* ---- the process ---- */

/* Its own default for every signal, none blocked; two pipes and nothing else: what it inherits it
 * closes itself. */
static int spawn_between(const char *command, int in, int out, pid_t *pid)
{
	char *arguments[] = {mem_strdup(command), NULL}, *nothing[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	int rc;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
				 POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	rc = posix_spawn(pid, command, &files, &attributes, arguments, nothing);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	free(arguments[0]);
	return rc;
}

static void close_pipe(int *fd)
{
	if (*fd != NOT_OPEN)
		close(*fd);
	*fd = NOT_OPEN;
}

static int begin(struct once *o, struct err *err)
{
	int in[2] = {NOT_OPEN, NOT_OPEN}, out[2] = {NOT_OPEN, NOT_OPEN}, rc;
	char *command = payload_command();

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		rc = errno;
	else
		rc = spawn_between(command, in[0], out[1], &o->pid);
	o->to = in[1];
	o->from = out[0];
	close_pipe(&in[0]);
	close_pipe(&out[1]);
	if (rc != 0) {
		o->pid = 0;
		err_set(err, ERR_RETRY, "%s cannot be started: %s", command,
			strerror(rc));
	}
	free(command);
	return rc == 0 ? 0 : ERR_RETRY;
}

/* Reap it, and say what it died of: what is dead cannot be killed. */
static int end(struct once *o, struct err *err)
{
	int status = 0;

	kill(o->pid, SIGKILL);
	close_pipe(&o->to);
	close_pipe(&o->from);
	while (waitpid(o->pid, &status, 0) < 0 && errno == EINTR)
		;
	o->pid = 0;
	return frame_of_end(o->late, WIFEXITED(status) ? WEXITSTATUS(status) : 0,
			    WIFSIGNALED(status) ? WTERMSIG(status) : 0, err);
}

/* ---- questions and answers ---- */

/* False when the time is over. */
static bool wait_until(struct once *o, int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left_ms;

	do {
		left_ms = o->until_ms - clock_mono_ms();
		if (left_ms > 0 && poll(&p, 1, (int)left_ms) > 0)
			return true;
	} while (left_ms > 0);
	o->late = true;
	return false;
}

/* False where it ended, or took no more. */
static bool write_all(struct once *o, const struct buf *b)
{
	size_t n = 0;

	while (n < b->len) {
		/* A pipe that is ready takes so much without a wait. */
		size_t piece = b->len - n < PIPE_BUF ? b->len - n : PIPE_BUF;
		ssize_t put = -1;

		if (wait_until(o, o->to, POLLOUT))
			put = write(o->to, b->data + n, piece);
		if (put < 0 && !o->late && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		n += (size_t)put;
	}
	return true;
}

/* Returns 1 where an answer has come, 0 where it ended, or ERR_FORMAT. */
static int read_answer(struct once *o, struct frame_head *head)
{
	char piece[4096];
	int rc;

	o->answer.len = 0;
	while ((rc = frame_read(&o->answer, head)) == 0) {
		ssize_t got = -1;

		if (wait_until(o, o->from, POLLIN))
			got = read(o->from, piece, sizeof piece);
		if (got < 0 && !o->late && errno == EINTR)
			continue;
		if (got <= 0)
			return 0;
		buf_add(&o->answer, piece,
			(size_t)got); /* fits: frame_read() sees to it */
	}
	return rc;
}

/* Send the frames in b and take the one answer. failed is the code of a failure that it tells. */
static int ask(struct once *o, const struct buf *b, int failed, struct buf *out,
	       struct err *err)
{
	struct frame_head head;
	int rc;

	o->until_ms = clock_mono_ms() + FRAME_PATIENCE_MS;
	rc = write_all(o, b) ? read_answer(o, &head) : 0;
	if (rc == 0) {
		rc = end(o, err);
		return rc == ERR_FORMAT ? err->code = failed : rc;
	}
	if (rc < 0)
		return err_set(err, ERR_RETRY, "phonewatch-jq answers nonsense");
	if (head.kind == FRAME_FAILED)
		return frame_fail(err, failed, &o->answer, &head);
	return out != NULL ? buf_add(out, o->answer.data + sizeof head, head.len) : 0;
}

static void wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->len);
	buf_clear(b);
}

int payload_once(const char *program, const struct secret *secret, const char *event,
		 size_t len, struct buf *out, struct err *err)
{
	struct once o = {.to = NOT_OPEN, .from = NOT_OPEN};
	struct buf request;
	struct err ignored;
	int rc;

	buf_init(&request, 2 * FRAME_MAX_BYTES);
	buf_init(&o.answer, 2 * FRAME_MAX_BYTES);
	rc = begin(&o, err);
	if (rc == 0) {
		frame_add_program(&request, program, secret);
		rc = ask(&o, &request, ERR_CONFIG, NULL, err);
	}
	wipe(&request);
	if (rc == 0 && event != NULL) {
		frame_add(&request, FRAME_EVENT, event, len);
		rc = ask(&o, &request, ERR_FORMAT, out, err);
	}
	wipe(&request);
	if (o.pid != 0)
		end(&o, &ignored);
	close_pipe(&o.to);
	close_pipe(&o.from);
	buf_clear(&o.answer);
	return rc;
}
