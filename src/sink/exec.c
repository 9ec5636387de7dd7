/*
 *   send -> spawned -> on_exited -> on_closed (of all handles) -> the dispatch's on_done
 *     \         \-> on_deadline: SIGTERM to its group, soon SIGKILL, so on_exited follows
 *      \-> cannot be run: straight to on_closed
 *   cancel: as on_deadline
 *
 * Its input is a file in memory, so that it may read as much of it as it likes, when it likes.
 * Programs that it has started, and left behind, keep nobody waiting.
 */
#include "sink/exec.h"

#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "sink/said.h"

#define UNDER_WAY      4
#define GRACE_MS       2000 /* from SIGTERM to SIGKILL */
#define SAID_MAX_BYTES 512  /* of its standard error */

struct exec {
	uv_loop_t *loop;
	char **command; /* NULL-terminated, as execvp(3) wants it */
	size_t n_command;
	int64_t time_limit_ms;
	enum event_personal personal;
};

/* A send under way. */
struct run {
	const struct exec *sink;
	struct sink_send *send;
	uv_process_t process;
	uv_pipe_t said; /* its standard error */
	uv_timer_t deadline;
	unsigned n_open; /* of these three, while they are being closed */
	bool ends;       /* SIGTERM was sent */
	bool late, canceled;
	char text[SAID_MAX_BYTES];
	size_t len;
};

static void destroy(void *sink)
{
	struct exec *x = sink;

	if (x == NULL)
		return;
	mem_free_texts(x->command, x->n_command);
	free(x);
}

static int create(const struct sink_settings *settings, const struct sink_env *env,
		  void **out, struct err *err)
{
	struct exec *x;

	if (settings->n_command == 0)
		return err_set(err, ERR_CONFIG, "no program to run");
	x = mem_zalloc(sizeof *x);
	x->loop = env->loop;
	x->time_limit_ms = settings->time_limit_ms;
	x->personal = settings->personal;
	x->n_command = settings->n_command;
	x->command = mem_resize(mem_copy_texts(settings->command, x->n_command),
				x->n_command + 1, sizeof *x->command);
	x->command[x->n_command] = NULL;
	*out = x;
	return 0;
}

static int render(const void *sink, const struct event *ev, struct buf *out)
{
	const struct exec *x = sink;
	char *body = event_render(ev, x->personal);
	int rc = buf_printf(out, "%s\n", body);

	free(body);
	return rc;
}

/* ---- how it ends ---- */

static void on_closed(uv_handle_t *handle)
{
	struct run *r = handle->data;
	struct sink_send *s = r->send;

	if (--r->n_open > 0)
		return;
	free(r);
	s->on_done(s); /* the dispatch may free s here */
}

static void close_one(struct run *r, uv_handle_t *handle)
{
	r->n_open++;
	uv_close(handle, on_closed);
}

static void close_all(struct run *r)
{
	if (r->process.type == UV_PROCESS) /* else it came never so far */
		close_one(r, (uv_handle_t *)&r->process);
	close_one(r, (uv_handle_t *)&r->said);
	close_one(r, (uv_handle_t *)&r->deadline);
}

/* The first line that it said. */
static void add_said(struct run *r)
{
	r->text[r->len] = '\0';
	r->text[strcspn(r->text, "\r\n")] = '\0';
	said_add(&r->send->err, r->text);
}

static void judge(struct run *r, int64_t status, int signal)
{
	struct sink_send *s = r->send;
	const char *program = r->sink->command[0];

	s->code = (int)status;
	if (r->canceled) {
		s->end = SINK_CANCELED;
		err_set(&s->err, ERR_CANCELED, "canceled");
	} else if (r->late) {
		s->end = SINK_LATER;
		err_set(&s->err, ERR_RETRY, "%s: it took longer than time_limit",
			program);
	} else if (signal != 0) {
		s->end = SINK_LATER;
		err_set(&s->err, ERR_RETRY, "%s: ended by %s", program,
			strsignal(signal));
	} else if (status != 0) {
		s->end = status == EX_TEMPFAIL ? SINK_LATER : SINK_REFUSED;
		err_set(&s->err, ERR_RETRY, "%s: exit %d", program, (int)status);
	} else {
		s->end = SINK_DELIVERED;
	}
}

/* What it said is read already: libuv looks at signals last. Who else holds the other end of that
 * pipe is not waited for. Of what was ended nothing stays behind. */
static void on_exited(uv_process_t *process, int64_t status, int signal)
{
	struct run *r = process->data;

	if (r->ends)
		(void)uv_kill(-process->pid, SIGKILL);
	judge(r, status, signal);
	if (r->send->end != SINK_DELIVERED)
		add_said(r);
	close_all(r);
}

/* ---- ending it ---- */

static void on_deadline(uv_timer_t *timer);

static void end(struct run *r)
{
	/* Its group, of which it is the leader. */
	(void)uv_kill(-r->process.pid, r->ends ? SIGKILL : SIGTERM);
	r->ends = true;
	uv_timer_start(&r->deadline, on_deadline, GRACE_MS, 0);
}

static void on_deadline(uv_timer_t *timer)
{
	struct run *r = timer->data;

	r->late = true;
	end(r);
}

/* ---- running it ---- */

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
	static char away[4096]; /* used within the callback that follows only */
	struct run *r = handle->data;
	size_t left = sizeof r->text - 1 - r->len;

	(void)size;
	*buf = left > 0 ? uv_buf_init(r->text + r->len, (unsigned)left)
			: uv_buf_init(away, sizeof away);
}

static void on_said(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct run *r = stream->data;

	if (n > 0 && buf->base == r->text + r->len)
		r->len += (size_t)n;
	else if (n < 0)
		uv_read_stop(stream);
}

/* Where the body can be read from, once and from its beginning; -1: nowhere. */
static int file_of(const struct sink_send *s)
{
	int fd = memfd_create("event", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (write(fd, s->data, s->len) == (ssize_t)s->len && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Real files, no sockets: what uv would make of a pipe cannot be opened as /dev/stdin. */
static int spawn_with(struct run *r, int in, int said)
{
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", lang[] = "LANG=C.UTF-8";
	char *environment[] = {path, lang, NULL};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_INHERIT_FD, .data.fd = in},
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = said},
	};
	const uv_process_options_t options = {
		.exit_cb = on_exited,
		.file = r->sink->command[0],
		.args = r->sink->command,
		.env = environment,
		.cwd = "/",
		.flags = UV_PROCESS_DETACHED, /* a group of its own */
		.stdio = stdio,
		.stdio_count = COUNT(stdio),
	};

	/* Libraries open sockets that a child would have too. Where this kernel knows no
	 * close_range(2), it has them. */
	(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	return uv_spawn(r->sink->loop, &r->process, &options);
}

/* Returns 0 or an error of uv's. */
static int spawn(struct run *r)
{
	uv_file pipe[2];
	int in = file_of(r->send), rc;

	if (in < 0)
		return UV_ENFILE;
	rc = uv_pipe(pipe, UV_NONBLOCK_PIPE, 0);
	if (rc == 0) {
		(void)uv_pipe_open(&r->said, pipe[0]);
		rc = spawn_with(r, in, pipe[1]);
		close(pipe[1]);
	}
	close(in);
	return rc;
}

static enum sink_progress send_event(void *sink, struct sink_send *s)
{
	struct exec *x = sink;
	struct run *r = mem_zalloc(sizeof *r);
	int rc;

	r->sink = x;
	r->send = s;
	s->state = r;
	uv_timer_init(x->loop, &r->deadline);
	uv_pipe_init(x->loop, &r->said, 0);
	r->process.data = r->said.data = r->deadline.data = r;
	rc = spawn(r);
	if (rc != 0) {
		s->end = SINK_LATER;
		err_set(&s->err, ERR_RETRY, "%s cannot be run: %s", x->command[0],
			uv_strerror(rc));
		close_all(r);
		return SINK_UNDER_WAY;
	}
	uv_timer_start(&r->deadline, on_deadline, (uint64_t)x->time_limit_ms, 0);
	uv_read_start((uv_stream_t *)&r->said, on_alloc, on_said);
	return SINK_UNDER_WAY;
}

static void cancel(void *sink, struct sink_send *s)
{
	struct run *r = s->state;

	(void)sink;
	r->canceled = true;
	if (!uv_is_closing(
		    (uv_handle_t *)&r->deadline)) /* else it ends, or never began */
		end(r);
}

const struct sink_ops exec_ops = {
	.name = "exec",
	.max_under_way = UNDER_WAY,
	.rules = RETRY_RULES(3600 * 1000),
	.create = create,
	.destroy = destroy,
	.render = render,
	.send = send_event,
	.cancel = cancel,
};
