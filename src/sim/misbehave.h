/* Answers that are sent badly: cut off, slow, late, endless, or not at all. Each is what a row of
 * fault.c sends by: the answer is the exchange's, its headers are with the request already. */
#ifndef SIM_MISBEHAVE_H
#define SIM_MISBEHAVE_H

#include <stdint.h>
#include <uv.h>

struct act;
struct delayed;
struct exchange;

struct sender {
	uv_loop_t *loop;
	struct delayed *delayed; /* answers that wait; NULL: none */
};

/* Send what waits at once; before the server is closed. */
void sender_stop(struct sender *sender);

void misbehave_delay(const struct act *act, struct sender *sender, struct exchange *x);
void misbehave_slow(const struct act *act, struct sender *sender, struct exchange *x);
void misbehave_truncate(const struct act *act, struct sender *sender, struct exchange *x);
void misbehave_close(const struct act *act, struct sender *sender, struct exchange *x);
void misbehave_hang(const struct act *act, struct sender *sender, struct exchange *x);
void misbehave_huge(const struct act *act, struct sender *sender, struct exchange *x);
void misbehave_bomb(const struct act *act, struct sender *sender, struct exchange *x);

/* How many bytes of a body of len they send. */
uint64_t misbehave_all(const struct act *act, uint64_t len);
uint64_t misbehave_some(const struct act *act, uint64_t len);
uint64_t misbehave_none(const struct act *act, uint64_t len);
uint64_t misbehave_endless(const struct act *act, uint64_t len);

#endif
