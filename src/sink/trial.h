/* A trial of one sink: a drill of an alert that fires and is over, told once each and without a word
 * to the database. Whoever looks there sees whether the sink can be reached, and how it looks. */
#ifndef SINK_TRIAL_H
#define SINK_TRIAL_H

#include "sink/sink.h"

struct trial;

struct trial_found {
	enum sink_end end;
	int code; /* the last answer's; 0: there was none */
	const char
		*text; /* what is to be said of it; "": nothing. Borrowed for the call */
	int64_t took_ms;
};

/* It is over, exactly once, never from within trial_start or trial_cancel; the trial is gone. */
typedef void (*trial_done_cb)(void *data, const struct trial_found *found);

/* settings are copied. account: in whose name. Returns 0, or ERR_CONFIG where there can be no such
 * sink; then on_done does not come. */
int trial_start(const struct sink_settings *settings, const struct sink_env *env,
		const char *account, trial_done_cb on_done, void *data,
		struct trial **out, struct err *err);
/* End it early: on_done follows with SINK_CANCELED. */
void trial_cancel(struct trial *t);

#endif
