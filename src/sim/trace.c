#include "sim/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sim/hook.h"
#include "sim/record.h"
#include "sim/world.h"

#define LINE_MAX_BYTES ((size_t)8 << 20)

struct trace {
	FILE *file;
	struct buf line;
};

int trace_open(const char *path, struct trace **out, struct err *err)
{
	FILE *file = fopen(path, "ae");

	if (file == NULL)
		return err_set(err, ERR_CONFIG, "open %s: %s", path, strerror(errno));
	*out = mem_zalloc(sizeof **out);
	(*out)->file = file;
	buf_init(&(*out)->line, LINE_MAX_BYTES);
	return 0;
}

void trace_close(struct trace *t)
{
	if (t == NULL)
		return;
	fclose(t->file);
	buf_clear(&t->line);
	free(t);
}

static void begin(struct trace *t, int64_t at_ms, const char *event)
{
	t->line.len = 0;
	buf_printf(&t->line, "{\"at_ms\":%" PRId64 ",\"event\":\"%s\"", at_ms, event);
}

static void add_text(struct trace *t, const char *name, const char *text)
{
	buf_printf(&t->line, ",\"%s\":", name);
	record_add_string(&t->line, text);
}

/* A line that cannot be written is lost: there is nobody to tell but the tests that miss it. */
static void end(struct trace *t)
{
	buf_add_text(&t->line, "}\n");
	fwrite(t->line.data, 1, t->line.len, t->file);
}

void trace_request(struct trace *t, int64_t at_ms, const struct trace_request *r)
{
	if (t == NULL)
		return;
	begin(t, at_ms, "request");
	buf_printf(&t->line, ",\"n\":%" PRIu64, r->n);
	add_text(t, "account", r->account);
	add_text(t, "method", r->method);
	add_text(t, "path", r->path);
	add_text(t, "query", r->query);
	buf_printf(&t->line, ",\"status\":%d", r->status);
	add_text(t, "group", r->group);
	if (r->group != NULL)
		buf_printf(&t->line, ",\"remaining\":%u", r->remaining);
	else
		buf_add_text(&t->line, ",\"remaining\":null");
	buf_printf(&t->line, ",\"in_penalty\":%s", r->in_penalty ? "true" : "false");
	add_text(t, "fault", r->fault);
	if (r->bytes != TRACE_ENDLESS)
		buf_printf(&t->line, ",\"bytes\":%" PRIu64, r->bytes);
	else
		buf_add_text(&t->line, ",\"bytes\":null");
	end(t);
	trace_flush(t);
}

void trace_change(struct trace *t, int64_t at_ms, const char *account,
		  const struct world_change *change)
{
	if (t == NULL)
		return;
	begin(t, at_ms, "change");
	add_text(t, "account", account);
	add_text(t, change->thing, change->id);
	add_text(t, "field", change->field);
	add_text(t, "from", change->from);
	add_text(t, "to", change->to);
	end(t);
}

void trace_delivery(struct trace *t, int64_t at_ms, const struct trace_request *r,
		    const struct hook_delivery *d)
{
	if (t == NULL)
		return;
	begin(t, at_ms, "delivery");
	buf_printf(&t->line, ",\"n\":%" PRIu64 ",\"status\":%d", r->n, r->status);
	add_text(t, "fault", r->fault);
	add_text(t, "id", d->id);
	add_text(t, "type", d->type);
	add_text(t, "subject", d->subject);
	buf_printf(&t->line, ",\"attempt\":%" PRIu64, d->attempt);
	add_text(t, "signature", d->signature);
	add_text(t, "timestamp", d->timestamp);
	add_text(t, "body", d->body);
	buf_printf(&t->line, ",\"bytes\":%zu", d->bytes);
	end(t);
	trace_flush(t);
}

void trace_flush(struct trace *t)
{
	if (t != NULL)
		fflush(t->file);
}
