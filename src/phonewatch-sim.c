/* phonewatch-sim: plays the vendor, or tells one that plays already. */
#include <signal.h>
#include <stdio.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "sim/launch.h"
#include "sim/play.h"
#include "sim/tell.h"

#define ANSWER_MAX_BYTES ((size_t)64 << 20)

/*
 *   main -> play_start -> on_signal or on_end -> stop -> all handles close, the loop ends
 */
struct running {
	struct play *play;
	uv_signal_t term, interrupt;
	uv_timer_t end;
};

static void stop(struct running *r)
{
	if (r->play == NULL)
		return;
	play_stop(r->play);
	r->play = NULL;
	uv_close((uv_handle_t *)&r->term, NULL);
	uv_close((uv_handle_t *)&r->interrupt, NULL);
	uv_close((uv_handle_t *)&r->end, NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	stop(handle->data);
}

static void on_end(uv_timer_t *timer)
{
	stop(timer->data);
}

static void wait_for_end(struct running *r, uv_loop_t *loop, int64_t for_ms)
{
	r->term.data = r->interrupt.data = r->end.data = r;
	uv_signal_init(loop, &r->term);
	uv_signal_init(loop, &r->interrupt);
	uv_timer_init(loop, &r->end);
	uv_signal_start(&r->term, on_signal, SIGTERM);
	uv_signal_start(&r->interrupt, on_signal, SIGINT);
	if (for_ms > 0)
		uv_timer_start(&r->end, on_end, (uint64_t)for_ms, 0);
}

static int run(const struct launch *l)
{
	struct running r = {0};
	uv_loop_t loop;
	struct err err;
	int rc;

	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&loop);
	if (play_start(&loop, &l->play, &r.play, &err) != 0) {
		fprintf(stderr, "phonewatch-sim: %s\n", err.text);
		uv_loop_close(&loop);
		return LAUNCH_USE_STATUS;
	}
	wait_for_end(&r, &loop, l->for_ms);
	printf("listening on %s\n", play_url(r.play));
	fflush(stdout);
	uv_run(&loop, UV_RUN_DEFAULT);
	rc = uv_loop_close(&loop);
	return rc == 0 ? 0 : 1;
}

static int run_tell(const struct launch *l)
{
	struct buf results;
	struct err err;
	int rc;

	buf_init(&results, ANSWER_MAX_BYTES);
	rc = tell(l->tell, l->ca_file, buf_text(&l->told), &results, &err);
	if (rc == 0)
		fputs(buf_text(&results), stdout);
	else
		fprintf(stderr, "phonewatch-sim: %s: %s\n", l->tell, err.text);
	buf_clear(&results);
	return rc == 0 ? 0 : rc == ERR_FORMAT ? LAUNCH_USE_STATUS : 1;
}

int main(int argc, char **argv)
{
	struct launch launch;
	int status = launch_read(&launch, argc, argv);

	if (status < 0)
		status = launch.tell != NULL ? run_tell(&launch) : run(&launch);
	launch_clear(&launch);
	return status;
}
