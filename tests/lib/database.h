/* A database for tests, written through the store as the daemon writes it. */
#ifndef TESTS_DATABASE_H
#define TESTS_DATABASE_H

#include <stdint.h>
#include <uv.h>

#include "store/store.h"

struct database {
	uv_loop_t loop;
	struct store *store;
};

/* Open or make it; a failure fails the test. */
void database_open(struct database *db, const char *path);
/* Close it as a daemon that stops; the loop must be empty then. */
void database_close(struct database *db);

/* Run fn as a job of the store, to its end. Returns what it returned. */
typedef int (*database_cb)(struct store_conn *c, void *arg, struct err *err);
int database_run(struct database *db, database_cb fn, void *arg, struct err *err);
/* The same in a transaction of its own; a failure fails the test. */
void database_write(struct database *db, database_cb fn, void *arg);

/* Ready rows. Texts are borrowed; what is 0 or NULL gets a usable value. */
struct database_device {
	const char *account, *id, *name, *extension, *site, *model, *type, *number;
	const char *more;    /* members of its record beside these: a JSON object */
	int64_t location_ms; /* its last location report; 0: none */
	enum device_status status;
	const char *vendor_status;     /* of DEVICE_UNKNOWN */
	enum device_status last_known; /* where status is not */
	int64_t observed_at_ms;
	int64_t seen_at_ms;
	int64_t absent_since_ms; /* of a new one: store_device's */
	int missed;              /* then it lapsed, too */
	bool lapsed;             /* its row or its page could not be read */
};

/* Save an account as it is; made where it is new (name). */
void database_set_account(struct database *db, const struct store_account *a);
/* Add a device, or change one to this. */
void database_set_device(struct database *db, const struct database_device *d);
/* Let a device change its status: its state, the event and one outbox row per sink are written
 * together. Returns the sequence. */
int64_t database_transition(struct database *db, const char *account, const char *id,
			    enum device_status to, int64_t not_before_ms, int64_t at_ms);

#endif
