#include "lib/told.h"

#include "lib/suite.h"

#include "lib/turn.h"

void told_device(struct event *ev)
{
	*ev = (struct event){
		.sequence = 4711,
		.id = TOLD_ID,
		.type = EVENT_DEVICE_OFFLINE,
		.at_ms = INT64_C(1795370462345),
		.account = mem_strdup("acme"),
		.device_id = mem_strdup("802398804016"),
		.facts = json_pack("{s:s, s:s, s:s, s:s}", "name", "Lobby phone", "type",
				   "HardPhone", "extension_number", "101", "site",
				   "Denver"),
		.status = DEVICE_OFFLINE,
		.previous = DEVICE_ONLINE,
		.vendor_status = mem_strdup("Offline"),
		.not_before_ms = INT64_C(1795370402101),
	};
}

void told_account(struct event *ev)
{
	*ev = (struct event){
		.sequence = 4712,
		.id = TOLD_ID,
		.type = EVENT_ACCOUNT_UNREACHABLE,
		.at_ms = INT64_C(1795370462345),
		.account = mem_strdup("acme"),
		.detail = json_pack("{s:s}", "reason", "credentials"),
	};
}

void told_rename(struct event *ev, const char *name)
{
	json_object_set_new(ev->facts, "name", json_string(name));
}

static void on_done(struct sink_send *s)
{
	struct told *t = s->owner;

	ck_assert(!t->done);
	t->done = true;
}

void told_begin(struct told *t, const struct sink_ops *ops, void *sink,
		const struct event *ev)
{
	*t = (struct told){0};
	buf_init(&t->data, 1u << 20);
	ck_assert_int_eq(ops->render(sink, ev, &t->data), 0);
	t->send = (struct sink_send){
		.event_id = ev->id,
		.data = t->data.data,
		.len = t->data.len,
		.on_done = on_done,
		.owner = t,
	};
	if (ops->send(sink, &t->send) == SINK_ENDED)
		t->done = true;
	else
		ck_assert(!t->done); /* never from within send */
}

void told_wait(struct told *t, uv_loop_t *loop)
{
	TURN_UNTIL(loop, t->done);
}

void told_clear(struct told *t)
{
	buf_clear(&t->data);
}
