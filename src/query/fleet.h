/* Every device that ever was, with what its past needs. */
#ifndef QUERY_FLEET_H
#define QUERY_FLEET_H

#include "query/past.h"
#include "store/store.h"

/* One device. All is borrowed for the call. */
struct fleet_device {
	struct store_conn *c;
	const struct store_account *account;
	const struct store_gaps *account_gaps;
	const struct store_device *device; /* removed ones too; doc is NULL */
	int64_t now_at_ms;
	struct past past; /* empty; whoever fills it need not clear it */
};

/* What is wanted of them. */
struct fleet_walk {
	/* NULL, or called ahead of all. Returns 0, or ERR_STORE, which ends the walk. */
	int (*begin)(struct store_conn *c, void *arg, struct err *err);
	/* The same for each. */
	int (*each)(struct fleet_device *f, void *arg, struct err *err);
	/* NULL, or told now and then how many there were. */
	void (*on_progress)(int64_t n, void *arg);
	void *arg;
};

/* Call each for all, by account and id, in one state of the database. Returns 0 or ERR_STORE. */
int fleet_each(const struct fleet_walk *walk, struct store_conn *c, int64_t now_at_ms,
	       struct err *err);

/* Whether all matches (model/match.h) hold for it. */
bool fleet_is_meant(const struct fleet_device *f, char *const *matches, size_t n);

/* Fill in the past of one. Returns 0 or ERR_STORE. */
int fleet_load(struct fleet_device *f, int64_t since_ms, int64_t until_ms,
	       struct err *err);

#endif
