/* What commands do: one row for each verb. */
#ifndef SIM_VERBS_H
#define SIM_VERBS_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct stage;
struct words;

struct verb {
	const char *name;
	const char *args; /* their form */
	const char *help;
	/* Called behind its word. Reads its arguments, and acts where the stage has a vendor.
	 * Returns 0 or ERR_FORMAT. */
	int (*run)(struct stage *stage, struct words *w, struct err *err);
	bool is_option; /* too: --VERB VALUE */
};
extern const struct verb verbs[];
extern const size_t verbs_n;

/* The result of what has none. Returns 0. */
int verb_say_done(struct stage *stage);
/* What is for all accounts cannot be for one. */
int verb_refuse_only(const struct stage *stage, struct err *err);

#endif
