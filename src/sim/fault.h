/* What is done badly, and to which requests: a choice and up to four acts, and the queue of them.
 *
 * Each kind of act is one row: what it is called, and the one function by which it acts. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "sim/choice.h"

struct act;
struct buf;
struct err;
struct exchange;
struct sender;
struct server_body;
struct words;

#define FAULT_MAX_ACTS 4

struct act_row {
	const char *name;
	const char *args; /* its arguments' form; "": none */
	const char *help;
	/* Read the arguments; NULL: there are none. Returns 0 or ERR_FORMAT. */
	int (*read)(struct act *act, struct words *w, struct err *err);
	/* One of these, or the first and the last: make the answer instead of a good one; ... */
	void (*instead)(const struct act *act, struct exchange *x);
	/* ... say before a good one is made how it lies; ... */
	void (*lie)(const struct act *act, struct exchange *x);
	/* ... change the one that was made; ... */
	void (*change)(const struct act *act, struct exchange *x);
	/* ... send it in another way. */
	void (*send)(const struct act *act, struct sender *sender, struct exchange *x);
	uint64_t (*bytes)(const struct act *act,
			  uint64_t len); /* that send sends, of len */
};
extern const struct act_row act_rows[];
extern const size_t act_n_rows;

/* What the members are, the row says. */
struct act {
	const struct act_row *row;
	uint64_t number;
	char *name, *value;
	char *retry_after;
	struct server_body *body; /* held */
};

struct fault {
	struct choice choice;
	struct act acts[FAULT_MAX_ACTS];
	size_t n_acts;
};

/* Read "CHOICE KIND ... [and KIND ...]". Returns 0, or ERR_FORMAT; then *into is all zero. */
int fault_read(struct fault *into, struct words *w, const struct account *of,
	       int64_t now_ms, struct err *err);
void fault_clear(struct fault *f);
/* Append its acts' names, as "status+delay". */
void fault_name(const struct fault *f, struct buf *out);

struct faults {
	struct fault **list;
	size_t n, cap;
};

void faults_take_add(struct faults *faults,
		     struct fault *fault); /* takes all of *fault */
void faults_clear(struct faults *faults);

/*
 * Count a request, and say how it is to be answered.
 * Every fault that fits counts the request; the first that is due answers it. NULL: none.
 * Good until faults change, which they do not before the next request.
 */
const struct fault *faults_take(struct faults *faults, const struct asked *asked,
				struct dice *dice);

#endif
