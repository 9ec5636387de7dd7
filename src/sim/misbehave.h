/* Answers that are sent badly: cut off, slow, endless, or not at all. */
#ifndef SIM_MISBEHAVE_H
#define SIM_MISBEHAVE_H

#include <stdint.h>
#include <uv.h>

struct fault;
struct server_body;
struct server_request;

/* How many bytes of body misbehave_answer() will send at most; UINT64_MAX: as many as are taken. */
uint64_t misbehave_bytes(const struct fault *fault, const struct server_body *body);

/*
 * Answer as the fault says. One that is not about sending is answered well.
 * body  what a good answer would have sent; held as long as needed; NULL: nothing
 */
void misbehave_answer(struct server_request *req, uv_loop_t *loop,
		      const struct fault *fault, int status, struct server_body *body);

#endif
