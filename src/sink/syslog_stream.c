/*
 *   send -> (opens the stream) -> written -> on_taken: it is with the receiver -> the dispatch's on_done
 *                                    \-> on_lost: all that was not taken goes later
 *     \-> cancel: a part of it may be written, so the stream is broken off, and on_lost follows
 *
 * One connection for all sends. They are written in the order of the sends, so that what is taken
 * ends the first of them.
 */
#include "sink/syslog_stream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "net/stream.h"
#include "sink/syslog_address.h"
#include "sink/syslog_format.h"

#define UNDER_WAY   1000 /* so many wait for the receiver's acknowledgment */
#define COUNT_BYTES 8    /* in front of a message: "1234 " */
#define CONNECT_MS  10000
#define STALL_MS    30000
#define SETTLE_MS   200

/* One message that was written, or waits for the connection. */
struct frame {
	struct sink_send *send;
	int64_t end; /* of the bytes of this connection, where it ends */
	bool canceled;
	TAILQ_ENTRY(frame) entry;
};

TAILQ_HEAD(frame_list, frame);

struct syslog_stream {
	struct transfers *transfers;
	struct syslog_origin from;
	char own_host[SYSLOG_HOST_BYTES];
	struct syslog_address to;
	char *ca_file;

	struct stream *stream; /* NULL: none */
	int64_t n_written;     /* bytes, to this connection */
	struct frame_list frames;
};

static void destroy(void *sink)
{
	struct syslog_stream *l = sink;

	if (l == NULL)
		return;
	stream_close(l->stream);
	syslog_address_clear(&l->to);
	free(l->ca_file);
	free(l);
}

static int create(const struct sink_settings *settings, const struct sink_env *env,
		  void **out, struct err *err)
{
	struct syslog_stream *l = mem_zalloc(sizeof *l);

	l->transfers = http_client_transfers(env->http);
	TAILQ_INIT(&l->frames);
	l->from = syslog_origin_here(l->own_host);
	if (syslog_address_read(&l->to, settings->address, err) != 0) {
		destroy(l);
		return err->code;
	}
	if (settings->ca_file != NULL)
		l->ca_file = mem_strdup(settings->ca_file);
	*out = l;
	return 0;
}

static int render(const void *sink, const struct event *ev, struct buf *out)
{
	const struct syslog_stream *l = sink;
	struct buf message;
	int rc;

	buf_init(&message, SYSLOG_UNIX_BYTES);
	syslog_format(&message, ev, &l->from, SYSLOG_UNIX_BYTES);
	rc = buf_printf(out, "%zu %s", message.len, buf_text(&message));
	buf_clear(&message);
	return rc;
}

/* ---- how sends end ---- */

/* NULL: well. */
static void end_frame(struct frame *f, const struct err *why)
{
	struct sink_send *s = f->send;

	s->end = why == NULL ? SINK_DELIVERED : f->canceled ? SINK_CANCELED : SINK_LATER;
	if (why != NULL)
		s->err = *why;
	free(f);
	s->on_done(s); /* may send the next */
}

/* Those that are with the receiver, of a connection's frames. */
static void end_taken(struct frame_list *frames, int64_t n_bytes)
{
	struct frame *f;

	while ((f = TAILQ_FIRST(frames)) != NULL && f->end <= n_bytes) {
		TAILQ_REMOVE(frames, f, entry);
		end_frame(f, NULL);
	}
}

static void on_taken(void *data, int64_t n_bytes)
{
	struct syslog_stream *l = data;

	end_taken(&l->frames, n_bytes);
}

/* Whoever sends from within opens another connection. */
static void on_lost(void *data, int64_t n_bytes, const struct err *why)
{
	struct syslog_stream *l = data;
	struct frame_list lost = TAILQ_HEAD_INITIALIZER(lost);
	struct frame *f;
	struct err err;

	err_set(&err, ERR_RETRY, "%s: %s", l->to.host, why->text);
	TAILQ_CONCAT(&lost, &l->frames, entry);
	stream_close(l->stream);
	l->stream = NULL;
	l->n_written = 0;
	end_taken(&lost, n_bytes);
	while ((f = TAILQ_FIRST(&lost)) != NULL) {
		TAILQ_REMOVE(&lost, f, entry);
		end_frame(f, &err);
	}
}

/* ---- sending ---- */

static void open_stream(struct syslog_stream *l)
{
	const struct stream_config config = {
		.transfers = l->transfers,
		.host = l->to.host,
		.port = l->to.port,
		.tls = l->to.transport == SYSLOG_TLS,
		.ca_file = l->ca_file,
		.connect_ms = CONNECT_MS,
		.stall_ms = STALL_MS,
		.settle_ms = SETTLE_MS,
		.max_bytes = (size_t)2 * UNDER_WAY * (SYSLOG_UNIX_BYTES + COUNT_BYTES),
		.on_taken = on_taken,
		.on_lost = on_lost,
		.data = l,
	};

	l->stream = stream_open(&config);
}

static enum sink_progress send_event(void *sink, struct sink_send *s)
{
	struct syslog_stream *l = sink;
	struct frame *f;

	if (l->stream == NULL)
		open_stream(l);
	if (stream_write(l->stream, s->data, s->len) != 0) {
		s->end = SINK_LATER; /* it is lost, and on_lost on its way */
		err_set(&s->err, ERR_RETRY, "%s: the connection broke", l->to.host);
		return SINK_ENDED;
	}
	l->n_written += (int64_t)s->len;
	f = mem_zalloc(sizeof *f);
	f->send = s;
	f->end = l->n_written;
	s->state = f;
	TAILQ_INSERT_TAIL(&l->frames, f, entry);
	return SINK_UNDER_WAY;
}

static void cancel(void *sink, struct sink_send *s)
{
	struct syslog_stream *l = sink;
	struct frame *f = s->state;

	f->canceled = true;
	stream_abort(l->stream);
}

const struct sink_ops syslog_stream_ops = {
	.name = "syslog",
	.max_under_way = UNDER_WAY,
	.rules = RETRY_RULES(60 * 1000),
	.create = create,
	.destroy = destroy,
	.render = render,
	.send = send_event,
	.cancel = cancel,
};
