#include "lib/turn.h"

#include "lib/suite.h"

#define BEAT_MS 5

static uv_timer_t heart;

static void on_beat(uv_timer_t *timer)
{
	(void)timer;
}

void turn_open(uv_loop_t *loop)
{
	ck_assert_int_eq(uv_loop_init(loop), 0);
	uv_timer_init(loop, &heart);
	uv_timer_start(&heart, on_beat, BEAT_MS, BEAT_MS);
	uv_unref((uv_handle_t *)&heart);
}

void turn_close(uv_loop_t *loop)
{
	uv_close((uv_handle_t *)&heart, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(loop), 0);
}
