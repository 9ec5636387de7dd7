/*
 *   trial_start -> on_turn: fires -> on_sent -> on_turn: is over -> on_sent -> on_closed -> on_done
 *                                      \-> not delivered, canceled: straight to on_closed
 *
 * A sink may end a send at once; so each is begun from the loop, by a timer of no time.
 */
#include "sink/trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "model/alert_text.h"
#include "sink/owed.h"

struct trial {
	const struct sink_ops *ops;
	void *sink;
	char *account;
	uv_timer_t timer;
	int64_t at_ms, began_ms;
	enum event_type type; /* the next, or the one that is being told */
	char event_id[EVENT_ID_BYTES];
	struct buf data;
	struct sink_send send;
	bool under_way, canceled;
	trial_done_cb on_done;
	void *done_data;
};

/* ---- what is told ---- */

static void make_event(const struct trial *t, struct event *ev)
{
	*ev = (struct event){
		.type = t->type,
		.at_ms = t->at_ms,
		.account = mem_strdup(t->account),
		.device_id = mem_strdup("drill"),
		.facts = json_pack("{s:s, s:s}", "name", "Drill", "type", "HardPhone"),
		.status = t->type == EVENT_ALERT_FIRING ? DEVICE_OFFLINE : DEVICE_ONLINE,
		.detail = alert_drill_detail(ALERT_DEVICE_OFFLINE, t->type, t->account,
					     t->at_ms),
	};
	event_id(ev->id, t->at_ms, (int64_t)random_u32(), t->type);
}

static int render(struct trial *t)
{
	struct event ev;
	int rc;

	make_event(t, &ev);
	memcpy(t->event_id, ev.id, sizeof t->event_id);
	buf_clear(&t->data);
	rc = t->ops->render(t->sink, &ev, &t->data);
	event_clear(&ev);
	return rc;
}

/* ---- telling ---- */

static void on_closed(uv_handle_t *handle)
{
	struct trial *t = handle->data;
	const struct trial_found found = {
		.end = t->send.end,
		.code = t->send.code,
		.text = t->send.err.text,
		.took_ms = clock_mono_ms() - t->began_ms,
	};

	t->on_done(t->done_data, &found);
	t->ops->destroy(t->sink);
	buf_clear(&t->data);
	free(t->account);
	free(t);
}

static void on_turn(uv_timer_t *timer);

static void go_on(struct trial *t)
{
	t->under_way = false;
	if (t->send.end == SINK_DELIVERED && t->type == EVENT_ALERT_FIRING &&
	    !t->canceled) {
		t->type = EVENT_ALERT_RESOLVED;
		uv_timer_start(&t->timer, on_turn, 0, 0);
	} else {
		uv_close((uv_handle_t *)&t->timer, on_closed);
	}
}

static void on_sent(struct sink_send *s)
{
	go_on(s->owner);
}

static void on_turn(uv_timer_t *timer)
{
	struct trial *t = timer->data;

	t->send = (struct sink_send){.on_done = on_sent, .owner = t};
	if (t->canceled || render(t) != 0) {
		t->send.end = t->canceled ? SINK_CANCELED : SINK_DEAD;
		err_set(&t->send.err, ERR_FORMAT,
			t->canceled ? "canceled" : "it cannot be written");
		go_on(t);
		return;
	}
	t->send.event_id = t->event_id;
	t->send.data = t->data.data;
	t->send.len = t->data.len;
	t->under_way = true;
	if (t->ops->send(t->sink, &t->send) == SINK_ENDED)
		go_on(t);
}

int trial_start(const struct sink_settings *settings, const struct sink_env *env,
		const char *account, trial_done_cb on_done, void *data,
		struct trial **out, struct err *err)
{
	struct trial *t = mem_zalloc(sizeof *t);

	t->ops = sink_ops_of(settings);
	if (t->ops->create(settings, env, &t->sink, err) != 0) {
		free(t);
		return err->code;
	}
	t->account = mem_strdup(account);
	t->at_ms = clock_utc_ms();
	t->began_ms = clock_mono_ms();
	t->type = EVENT_ALERT_FIRING;
	t->on_done = on_done;
	t->done_data = data;
	buf_init(&t->data, OWED_EVENT_MAX_BYTES);
	uv_timer_init(env->loop, &t->timer);
	t->timer.data = t;
	uv_timer_start(&t->timer, on_turn, 0, 0);
	*out = t;
	return 0;
}

void trial_cancel(struct trial *t)
{
	t->canceled = true;
	if (t->under_way)
		t->ops->cancel(t->sink, &t->send);
}
