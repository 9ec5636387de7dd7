#include "sink/owed.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sink/merge.h"

static int write_saves(struct owed *o, struct store_conn *c, struct err *err)
{
	if (o->n_saves == 0)
		return 0;
	if (store_begin(c, err) != 0)
		return err->code;
	for (size_t i = 0; i < o->n_saves; i++) {
		if (store_outbox_save(c, o->sink_id, &o->saves[i], err) != 0)
			return err->code;
	}
	if (store_commit(c, err) != 0)
		return err->code;
	o->saved = true;
	return 0;
}

/* Deliveries of one subject go in order; a subject is one account's. */
static char *subject_of(const struct event *ev)
{
	return mem_printf("%s\n%s", ev->account, event_subject(ev));
}

static struct item *item_of(const struct owed *o, const struct store_delivery *d,
			    const struct event *ev)
{
	struct item *i = item_create(d->sequence, ev->id, subject_of(ev));
	struct buf data;
	int64_t wait_ms;

	i->retry = (struct retry){.attempts = d->attempts,
				  .first_at_ms = d->first_at_ms,
				  .next_at_ms = d->next_at_ms};
	wait_ms = retry_left_ms(&i->retry, o->rules, d->code, clock_utc_ms());
	if (wait_ms > 0)
		i->due_ms = clock_mono_ms() + wait_ms;
	i->pauses_all = retry_was_asked(&i->retry, o->rules, d->code, wait_ms);
	buf_init(&data, OWED_EVENT_MAX_BYTES);
	if (o->ops->render(o->sink, ev, &data) == 0) {
		i->data = data.data;
		i->len = data.len;
	} else {
		buf_clear(&data);
	}
	return i;
}

void owed_take(struct owed *o, const struct store_delivery *d, const struct event *ev)
{
	struct item *i;

	if (o->is_cut || o->n_bytes > OWED_READ_BYTES) {
		o->is_cut = true;
		return;
	}
	i = item_of(o, d, ev);
	o->n_rows++;
	o->n_bytes += i->len;
	TAILQ_INSERT_TAIL(&o->rows, i, entry);
}

static void on_row(const struct store_delivery *d, const struct event *ev, void *arg)
{
	owed_take(arg, d, ev);
}

static int recall(struct owed *o, struct store_conn *c, struct err *err)
{
	o->sent_at_ms = mem_resize(NULL, o->recall, sizeof *o->sent_at_ms);
	return store_outbox_lately(c, o->sink_id, clock_utc_ms() - GATHER_RATE_MS,
				   o->sent_at_ms, o->recall, &o->n_sent, err);
}

static int run(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct owed *o = OWNER_OF(job, struct owed, job);

	if (write_saves(o, c, err) != 0)
		return err_wrap(err, "write deliveries");
	if (!o->read)
		return 0;
	if (o->recall > 0)
		return recall(o, c, err) == 0 ? 0
					      : err_wrap(err, "read when it was told");
	if (o->gather != NULL)
		return merge_read(o, c, err) == 0 ? 0 : err_wrap(err, "gather events");
	if (store_outbox_each(c, o->sink_id, o->after, OWED_READ_MAX, on_row, o, err) !=
	    0)
		return err_wrap(err, "read deliveries");
	if (o->n_rows == OWED_READ_MAX)
		o->is_cut = true;
	return 0;
}

void owed_init(struct owed *o, int64_t sink_id, const struct sink_ops *ops,
	       const void *sink, const struct retry_rules *rules, store_done_cb on_done)
{
	*o = (struct owed){
		.job = {.run = run, .on_done = on_done},
		.sink_id = sink_id,
		.ops = ops,
		.sink = sink,
		.rules = rules,
	};
	TAILQ_INIT(&o->rows);
}

void owed_clear(struct owed *o)
{
	struct item *i;

	while ((i = owed_take_row(o)) != NULL)
		item_destroy(i);
	while (o->n_saves > 0)
		free(o->saves[--o->n_saves].error);
	o->read = false;
	o->saved = false;
	o->n_rows = 0;
	o->n_bytes = 0;
	o->is_cut = false;
	o->again = false;
	o->n_in_hand = 0;
	o->recall = 0;
	free(o->sent_at_ms);
	o->sent_at_ms = NULL;
	o->n_sent = 0;
}

void owed_free(struct owed *o)
{
	owed_clear(o);
	free(o->saves);
	free(o->in_hand);
	o->saves = NULL;
	o->in_hand = NULL;
}

void owed_add_save(struct owed *o, const struct item *i)
{
	o->saves = mem_grow(o->saves, o->n_saves, &o->saves_cap, sizeof *o->saves);
	o->saves[o->n_saves++] = (struct store_delivery){
		.sequence = i->sequence,
		.state = i->state,
		.attempts = i->retry.attempts,
		.first_at_ms = i->retry.first_at_ms,
		.next_at_ms = i->retry.next_at_ms,
		.ended_at_ms = i->ended_at_ms,
		.code = i->code,
		.error = i->error != NULL ? mem_strdup(i->error) : NULL,
	};
}

struct item *owed_take_row(struct owed *o)
{
	struct item *i = TAILQ_FIRST(&o->rows);

	if (i != NULL)
		TAILQ_REMOVE(&o->rows, i, entry);
	return i;
}
