/* Turning the loop until something has happened. */
#ifndef TESTS_TURN_H
#define TESTS_TURN_H

#include <uv.h>

/* A loop of the test's process that can be waited with. */
void turn_open(uv_loop_t *loop);
/* Run what is left and close it; a handle that was forgotten fails the test. */
void turn_close(uv_loop_t *loop);

/* uv_run(UV_RUN_ONCE) alone would not do: it runs timers first and then waits for something
 * else, whatever they did. Here a heartbeat ends the wait. */
#define TURN_UNTIL(loop, condition)                \
	do {                                       \
		while (!(condition))               \
			uv_run(loop, UV_RUN_ONCE); \
	} while (0)

#endif
