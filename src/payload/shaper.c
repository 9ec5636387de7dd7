/*
 *   shaper_start -> on_turn -> spawn -> the program -> on_answer -> the event -> on_answer -> on_turn
 *     -> the owner's on_done
 *     \-> the process ends (on_exit), the job under way with it; what waits gets a new one
 *     \-> no answer (on_deadline): the process is killed, so on_exit follows
 *     \-> shaper_cancel: the job ends in the next turn; an answer that still comes is for nobody
 *
 * One frame at a time is on its way, so that it is known which one a process has died of.
 *
 *   child:  spawn -> on_exit -> on_child_closed, which frees it
 *
 * Its handles are closed when it was reaped, and not before. A shaper that has no use for it any
 * more lets go of it (leave) and kills it.
 */
#include "payload/shaper.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "payload/frame.h"

enum stage {
	CHILD_COMPILING, /* the program is on its way */
	CHILD_READY,
	CHILD_SHAPING, /* an event is */
};

struct child {
	struct shaper *shaper; /* NULL: it was left */
	enum stage stage;
	bool late; /* we killed it, since it did not answer */
	uv_process_t process;
	uv_pipe_t in, out;
	unsigned n_open; /* handles */
	uv_write_t write;
	struct buf request, answer;
};

TAILQ_HEAD(job_queue, shaper_job);

struct shaper {
	uv_loop_t *loop;
	char *command;
	char *program;
	struct secret secret;

	struct job_queue waiting, over;
	struct shaper_job *current; /* what the child works for; NULL: nobody */
	struct child *child;        /* NULL: none */
	uv_timer_t turn;            /* something is to be done, from the loop */
	uv_timer_t clock; /* the child's deadline, or when it has been idle for long */
	unsigned n_open;  /* timers */
};

static void on_turn(uv_timer_t *timer);

static void wake(struct shaper *s)
{
	uv_timer_start(&s->turn, on_turn, 0, 0);
}

/* ---- the end of jobs ---- */

static void end_job(struct shaper *s, struct shaper_job *job, int rc)
{
	job->rc = rc;
	TAILQ_INSERT_TAIL(&s->over, job, entry);
	wake(s);
}

/* The one under way, if somebody still waits for it. All zero: it went well. */
static void end_current(struct shaper *s, const struct err *err)
{
	struct shaper_job *job = s->current;

	if (job == NULL)
		return;
	s->current = NULL;
	job->err = *err;
	end_job(s, job, err->code);
}

/* ---- the child ---- */

static void on_child_closed(uv_handle_t *handle)
{
	struct child *c = handle->data;

	if (--c->n_open > 0)
		return;
	if (c->request.data != NULL)
		explicit_bzero(c->request.data, c->request.size); /* it had the secret */
	buf_clear(&c->request);
	buf_clear(&c->answer);
	free(c);
}

static void close_child(struct child *c)
{
	uv_close((uv_handle_t *)&c->process, on_child_closed);
	uv_close((uv_handle_t *)&c->in, on_child_closed);
	uv_close((uv_handle_t *)&c->out, on_child_closed);
}

static void on_exit_of_child(uv_process_t *process, int64_t status, int signal)
{
	struct child *c = process->data;
	struct shaper *s = c->shaper;
	struct err err;
	int rc = frame_of_end(c->late, status, signal, &err);

	if (s != NULL) {
		s->child = NULL;
		uv_timer_stop(&s->clock);
		/* A program that cannot be compiled shapes no event at all. */
		if (rc == ERR_FORMAT && c->stage == CHILD_COMPILING)
			err.code = ERR_CONFIG;
		end_current(s, &err);
		wake(s);
	}
	close_child(c);
}

/* No more use for it. */
static void leave(struct shaper *s)
{
	struct child *c = s->child;

	if (c == NULL)
		return;
	s->child = NULL;
	c->shaper = NULL;
	uv_timer_stop(&s->clock);
	uv_process_kill(&c->process, SIGKILL);
}

static void on_deadline(uv_timer_t *timer)
{
	struct shaper *s = timer->data;

	s->child->late = true;
	uv_process_kill(&s->child->process, SIGKILL);
}

static void on_idle(uv_timer_t *timer)
{
	leave(timer->data);
}

/* ---- answers ---- */

/* Its program does not compile, or it talks nonsense: nothing more is to be had of it. */
static void give_up(struct shaper *s, const struct err *err)
{
	leave(s);
	end_current(s, err);
}

static void take_failure(struct child *c, const struct frame_head *head)
{
	struct err err;

	if (c->stage == CHILD_COMPILING) {
		frame_fail(&err, ERR_CONFIG, &c->answer, head);
		give_up(c->shaper, &err);
	} else {
		frame_fail(&err, ERR_FORMAT, &c->answer, head);
		c->stage = CHILD_READY;
		end_current(c->shaper, &err);
	}
}

static void take_payload(struct child *c, const struct frame_head *head)
{
	static const struct err none;
	struct shaper_job *job = c->shaper->current;
	bool compiled = c->stage == CHILD_COMPILING;

	c->stage = CHILD_READY;
	if (job == NULL || (compiled && job->event != NULL))
		return; /* its event follows */
	if (!compiled)
		buf_add(&job->payload, c->answer.data + sizeof *head, head->len);
	end_current(c->shaper, &none);
}

/* What was asked for has come. */
static void take_answer(struct child *c, int rc, const struct frame_head *head)
{
	struct shaper *s = c->shaper;
	struct err err;

	if (rc < 0) {
		err_set(&err, ERR_RETRY, "phonewatch-jq answers nonsense");
		give_up(s, &err);
	} else if (head->kind == FRAME_DONE) {
		take_payload(c, head);
	} else {
		take_failure(c, head);
	}
	c->answer.len = 0; /* nothing comes unasked */
	if (s->child == c)
		uv_timer_start(&s->clock, on_idle, SHAPER_IDLE_MS, 0);
	wake(s);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *into)
{
	struct child *c = handle->data;

	(void)suggested;
	buf_reserve(&c->answer, c->answer.len + 65536);
	*into = uv_buf_init(c->answer.data + c->answer.len,
			    (unsigned)(c->answer.size - c->answer.len));
}

static bool is_asked(const struct child *c)
{
	return c->shaper != NULL && c->stage != CHILD_READY;
}

static void on_answer(uv_stream_t *stream, ssize_t n, const uv_buf_t *from)
{
	struct child *c = stream->data;
	struct frame_head head;
	int rc;

	(void)from;
	if (n < 0) { /* it ends, and on_exit_of_child follows */
		uv_read_stop(stream);
		return;
	}
	c->answer.len += (size_t)n;
	rc = is_asked(c) ? frame_read(&c->answer, &head) : 0;
	if (rc != 0)
		take_answer(c, rc, &head);
}

/* ---- questions ---- */

/* Send what is in the request. Where that fails the child has ended, or never answers: both are
 * seen. */
static void send_request(struct shaper *s, enum stage stage)
{
	struct child *c = s->child;
	uv_buf_t bytes = uv_buf_init(c->request.data, (unsigned)c->request.len);

	c->stage = stage;
	c->answer.len = 0;
	(void)uv_write(&c->write, (uv_stream_t *)&c->in, &bytes, 1, NULL);
	uv_timer_start(&s->clock, on_deadline, FRAME_PATIENCE_MS, 0);
}

static void send_program(struct shaper *s)
{
	frame_add_program(&s->child->request, s->program, &s->secret);
	send_request(s, CHILD_COMPILING);
}

static void send_event(struct shaper *s)
{
	struct buf *b = &s->child->request;

	/* The program has been answered, so its bytes are written. */
	explicit_bzero(b->data, b->len);
	b->len = 0;
	frame_add(b, FRAME_EVENT, s->current->event, s->current->len);
	send_request(s, CHILD_SHAPING);
}

/* ---- its beginning ---- */

static void open_child(struct shaper *s, struct child *c)
{
	c->shaper = s;
	buf_init(&c->request, 2 * FRAME_MAX_BYTES);
	buf_init(&c->answer, 2 * FRAME_MAX_BYTES);
	uv_pipe_init(s->loop, &c->in, 0);
	uv_pipe_init(s->loop, &c->out, 0);
	c->process.data = c->in.data = c->out.data = c;
	c->n_open = 3;
}

/* Without an environment, in the root folder, with its two pipes; what it says to stderr is jq's
 * and nobody's. */
static int spawn(struct shaper *s, struct child *c)
{
	char *arguments[] = {s->command, NULL}, *nothing[] = {NULL};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
		 .data.stream = (uv_stream_t *)&c->in},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		 .data.stream = (uv_stream_t *)&c->out},
		{.flags = UV_IGNORE},
	};
	const uv_process_options_t options = {
		.exit_cb = on_exit_of_child,
		.file = s->command,
		.args = arguments,
		.env = nothing,
		.cwd = "/",
		.stdio = stdio,
		.stdio_count = COUNT(stdio),
	};

	return uv_spawn(s->loop, &c->process, &options);
}

/* Where it cannot be had the job under way ends. */
static void begin_child(struct shaper *s)
{
	struct child *c = mem_zalloc(sizeof *c);
	struct err err;
	int rc;

	open_child(s, c);
	rc = spawn(s, c);
	if (rc == 0) {
		s->child = c;
		uv_read_start((uv_stream_t *)&c->out, on_alloc, on_answer);
		send_program(s);
		return;
	}
	c->shaper = NULL;
	close_child(c);
	err_set(&err, ERR_RETRY, "%s cannot be started: %s", s->command, uv_strerror(rc));
	end_current(s, &err);
}

/* ---- the turn ---- */

/* A job whose program was all that was asked for may find it compiled. */
static void begin_job(struct shaper *s)
{
	static const struct err none;

	if (s->child == NULL)
		begin_child(s);
	else if (s->current->event == NULL)
		end_current(s, &none);
	else
		send_event(s);
}

static void advance(struct shaper *s)
{
	bool busy = s->child != NULL && s->child->stage != CHILD_READY;

	if (busy)
		return;
	if (s->current == NULL) {
		s->current = TAILQ_FIRST(&s->waiting);
		if (s->current == NULL)
			return;
		TAILQ_REMOVE(&s->waiting, s->current, entry);
	}
	begin_job(s);
}

static void on_turn(uv_timer_t *timer)
{
	struct shaper *s = timer->data;
	struct job_queue over = TAILQ_HEAD_INITIALIZER(over);
	struct shaper_job *job;

	advance(s);
	TAILQ_CONCAT(&over, &s->over, entry);
	while ((job = TAILQ_FIRST(&over)) != NULL) {
		TAILQ_REMOVE(&over, job, entry);
		job->on_done(
			job,
			job->rc); /* the owner may free it, and the shaper with the last */
	}
}

/* ---- for the owner ---- */

struct shaper *shaper_create(uv_loop_t *loop, const char *command, const char *program,
			     const struct secret *secret)
{
	struct shaper *s = mem_zalloc(sizeof *s);

	s->loop = loop;
	s->command = mem_strdup(command);
	s->program = mem_strdup(program);
	if (secret != NULL && secret->len > 0)
		secret_set(&s->secret, secret->text, secret->len);
	TAILQ_INIT(&s->waiting);
	TAILQ_INIT(&s->over);
	uv_timer_init(loop, &s->turn);
	uv_timer_init(loop, &s->clock);
	s->turn.data = s->clock.data = s;
	s->n_open = 2;
	return s;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct shaper *s = handle->data;

	if (--s->n_open > 0)
		return;
	secret_clear(&s->secret);
	free(s->program);
	free(s->command);
	free(s);
}

void shaper_destroy(struct shaper *s)
{
	if (s == NULL)
		return;
	leave(s);
	uv_close((uv_handle_t *)&s->turn, on_timer_closed);
	uv_close((uv_handle_t *)&s->clock, on_timer_closed);
}

void shaper_start(struct shaper *s, struct shaper_job *job)
{
	buf_init(&job->payload, FRAME_MAX_PAYLOAD);
	job->err = (struct err){0};
	TAILQ_INSERT_TAIL(&s->waiting, job, entry);
	wake(s);
}

static bool is_in(const struct job_queue *queue, const struct shaper_job *job)
{
	const struct shaper_job *j;

	TAILQ_FOREACH(j, queue, entry)
	{
		if (j == job)
			return true;
	}
	return false;
}

void shaper_cancel(struct shaper *s, struct shaper_job *job)
{
	struct err err;

	err_set(&err, ERR_CANCELED, "canceled");
	if (s->current == job) {
		end_current(s, &err);
	} else if (is_in(&s->waiting, job)) {
		TAILQ_REMOVE(&s->waiting, job, entry);
		job->err = err;
		end_job(s, job, ERR_CANCELED);
	}
}

void shaper_job_clear(struct shaper_job *job)
{
	buf_clear(&job->payload);
}
