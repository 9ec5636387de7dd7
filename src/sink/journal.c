/*
 *   send -> write_entry (on a worker) -> on_written -> the dispatch's on_done
 *     \-> cancel: an entry that no worker has yet is not written, so on_written follows at once
 *
 * A worker, since the write blocks while the journal's queue is full.
 */
#include "sink/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
/* Our entries have no line of code to name. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#endif

#include "base/log.h"
#include "base/mem.h"
#include "sink/facts.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define IDENTIFIER     "phonewatchd"
#define ENTRY_MAX      16 /* fields */
#define ESCAPED        4  /* bytes that log_escape makes of one */

struct journal {
	uv_loop_t *loop;
	char *socket;
	enum event_personal personal;
};

/* A send under way. */
struct entry {
	uv_work_t work;
	const char *socket;
	struct sink_send *send;
	int rc; /* 0 or -errno */
};

bool journal_is_there(void)
{
#ifdef HAVE_SYSTEMD
	return access(JOURNAL_SOCKET, F_OK) == 0;
#else
	return false;
#endif
}

static void destroy(void *sink)
{
	struct journal *j = sink;

	if (j == NULL)
		return;
	free(j->socket);
	free(j);
}

static int create(const struct sink_settings *settings, const struct sink_env *env,
		  void **out, struct err *err)
{
	struct journal *j;

#ifndef HAVE_SYSTEMD
	return err_set(err, ERR_CONFIG, "this program was built without systemd");
#else
	(void)err;
#endif
	j = mem_zalloc(sizeof *j);
	j->loop = env->loop;
	j->socket = mem_strdup(settings->address != NULL ? settings->address
							 : JOURNAL_SOCKET);
	j->personal = settings->personal;
	*out = j;
	return 0;
}

/* A field and the NUL behind it. */
static int add_field(struct buf *out, const char *name, const char *text)
{
	int rc = buf_printf(out, "%s=%s", name, text);

	return rc != 0 ? rc : buf_add(out, "", 1);
}

/* journalctl shows a message with control characters as "blob data". */
static int add_message(struct buf *out, const struct event *ev)
{
	char *summary = event_summary(ev);
	size_t size = strlen(summary) * ESCAPED + 1;
	char *safe = mem_alloc(size);
	int rc;

	log_escape(safe, size, summary);
	rc = add_field(out, "MESSAGE", safe);
	free(safe);
	free(summary);
	return rc;
}

static int add_facts(struct buf *out, const struct event *ev)
{
	struct facts f;
	int rc = 0;

	facts_of(&f, ev);
	for (size_t i = 0; rc == 0 && i < f.n; i++) {
		if (f.list[i].field != NULL)
			rc = add_field(out, f.list[i].field, f.list[i].text);
	}
	return rc;
}

static int render(const void *sink, const struct event *ev, struct buf *out)
{
	const struct journal *j = sink;
	const char priority[] = {(char)('0' + facts_priority(ev)), '\0'};
	char *json;
	int rc;

	if (add_message(out, ev) != 0 || add_field(out, "PRIORITY", priority) != 0 ||
	    add_field(out, "MESSAGE_ID", event_message_id(ev->type)) != 0 ||
	    add_field(out, "SYSLOG_IDENTIFIER", IDENTIFIER) != 0 ||
	    add_facts(out, ev) != 0)
		return ERR_FORMAT;
	json = event_render(ev, j->personal);
	rc = add_field(out, "PHONEWATCH_JSON", json);
	free(json);
	return rc;
}

#ifdef HAVE_SYSTEMD
static void write_entry(uv_work_t *work)
{
	struct entry *e = work->data;
	const char *field = e->send->data, *end = field + e->send->len;
	struct iovec fields[ENTRY_MAX];
	int n = 0;

	/* Where there is no journal libsystemd says that all went well. */
	if (access(e->socket, F_OK) != 0) {
		e->rc = -errno;
		return;
	}
	for (; field < end && n < ENTRY_MAX; n++) {
		size_t len = strlen(field);

		fields[n] = (struct iovec){(void *)field, len};
		field += len + 1;
	}
	e->rc = sd_journal_sendv(fields, n);
}
#else
static void write_entry(uv_work_t *work)
{
	(void)work; /* create has failed */
}
#endif

static void on_written(uv_work_t *work, int status)
{
	struct entry *e = work->data;
	struct sink_send *s = e->send;

	if (status == UV_ECANCELED) {
		s->end = SINK_CANCELED;
		err_set(&s->err, ERR_CANCELED, "canceled");
	} else if (e->rc == 0) {
		s->end = SINK_DELIVERED;
	} else {
		/* Too large, or a field that the journal does not take: no retry changes that. */
		s->end = e->rc == -EINVAL || e->rc == -E2BIG ? SINK_DEAD : SINK_LATER;
		err_set(&s->err, ERR_RETRY, "the journal: %s", strerror(-e->rc));
	}
	free(e);
	s->on_done(s); /* the dispatch may free s here */
}

static enum sink_progress send_event(void *sink, struct sink_send *s)
{
	struct journal *j = sink;
	struct entry *e = mem_zalloc(sizeof *e);

	e->work.data = e;
	e->send = s;
	e->socket = j->socket;
	s->state = e;
	if (uv_queue_work(j->loop, &e->work, write_entry, on_written) != 0)
		abort(); /* only for a missing callback */
	return SINK_UNDER_WAY;
}

static void cancel(void *sink, struct sink_send *s)
{
	struct entry *e = s->state;

	(void)sink;
	/* Under way already: it ends as it would. */
	(void)uv_cancel((uv_req_t *)&e->work);
}

const struct sink_ops journal_ops = {
	.name = "journal",
	.max_under_way = 1,
	.rules = RETRY_RULES(60 * 1000),
	.create = create,
	.destroy = destroy,
	.render = render,
	.send = send_event,
	.cancel = cancel,
};
