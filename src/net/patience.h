/* How long a server waits for its clients, and for how many.
 *
 * A time-out for silence does not do: who sends a byte a second is never silent. So each connection
 * has a deadline for a whole request and one for taking what it is answered, however it spends them;
 * and where there are too many, the one that has owed a request for longest makes room, so that
 * whoever asks at once is served however many only hold the door. A connection is dropped by
 * shutting it down: its owner sees its end, as if the client had left. */
#ifndef NET_PATIENCE_H
#define NET_PATIENCE_H

#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

struct patient;

struct patience {
	/* Set by the owner. */
	uv_loop_t *loop;
	unsigned max;                   /* connections; one more makes another go */
	int64_t request_ms;             /* 0: any time */
	int64_t answer_ms;              /* 0: any time */
	void (*on_dropped)(void *data); /* a connection was shut down: look at it */
	void *data;

	/* Private. */
	unsigned n;
	TAILQ_HEAD(, patient) owing; /* a request; the one that has for longest first */
};

/* The owner has set what is his. */
void patience_init(struct patience *p);

/* A connection is there, and owes a request. */
struct patient *patience_connected(struct patience *p, int fd);
/* It is gone, or will be at once; its memory goes in a later turn of the loop. NULL is fine, here
 * and below. */
void patience_gone(struct patient *c);

/* It owes another request. */
void patience_owes(struct patient *c);
/* The request has wholly come: now it waits for us. */
void patience_waits(struct patient *c);
/* It is to take an answer, or more of one. */
void patience_takes(struct patient *c);

#endif
