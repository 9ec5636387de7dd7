/* The parts of a book, and what its files share. Nobody else includes this. */
#ifndef RULE_BOOK_INSIDE_H
#define RULE_BOOK_INSIDE_H

#include <sys/queue.h>

#include "rule/book.h"
#include "rule/due.h"
#include "rule/places.h"

#define BOOK_NONE    UINT32_MAX
#define BOOK_ACCOUNT 0 /* its scope */

/* An alert that lives, or has ended in the run at hand. */
struct book_alert {
	struct alert alert;
	uint32_t device;           /* its place; BOOK_NONE: of a scope */
	uint32_t scope;            /* of an outage and of monitor_blind */
	struct book_alert *next;   /* of the same device */
	struct book_alert *parent; /* the outage that it is a member of; NULL: none */
	/* Of an outage: members that are still offline; when one was back last, 0: not known. */
	int64_t n_open, back_ms;
	bool queued, forget, over;
	enum book_tell tell;
	int64_t *listed;
	size_t n_listed;
	int64_t n_members;
	TAILQ_ENTRY(book_alert) entry;
};
TAILQ_HEAD(book_queue, book_alert);

struct book_device {
	int64_t device_id;
	int64_t turned_ms; /* since when it is, as far as is known, Online or Offline */
	int64_t loose_ms; /* it was the member of an outage until then, and may be one of another */
	int64_t location_ms;
	char *id;
	struct book_alert *alerts;
	const char *emergency_flaw; /* NULL: none */
	uint32_t tag;
	uint32_t site; /* a scope; BOOK_ACCOUNT: none */
	uint16_t rule;
	uint8_t status,
		last_known; /* enum device_status; the last that was not Unknown */
	bool has_location : 1, was_online : 1, has_type : 1, gone : 1;
	bool looked : 1; /* among those that the run looks at */
	bool turned : 1; /* since the last run */
};

/* A site, or the account: what can have an outage. Devices count of a type that alerts are about that
 * were online since they were added. */
struct book_scope {
	char *id, *name; /* of a site */
	size_t rule;
	int64_t n_online, n_offline; /* of those that count */
	struct book_alert *outage;   /* NULL: none */
	bool looked;

	/* Of the last count: those that fell since from_ms; those of them that the sweep shows so and that
	 * have been for long enough; those that have been for so long that they wait for nothing greater
	 * any more; and of how many sites they are. */
	bool counted;
	int64_t from_ms, n_fallen, n_lasting, n_overdue, first_ms;
	uint32_t some_site;
	bool is_of_several;
};

struct book {
	struct rules *rules;
	char *account;
	struct book_device *devices;
	uint32_t n_devices;
	size_t devices_cap;
	struct places by_device_id;
	struct book_scope *scopes; /* the first is the account's */
	uint32_t n_scopes;
	size_t scopes_cap;
	struct places by_site; /* scopes, by a digest of the site's id */
	struct book_alert *blind;
	struct due due;
	uint32_t *look; /* places of devices that the next run looks at */
	uint32_t n_look;
	size_t look_cap;
	struct book_queue queue;
	struct book_alert *next_decision;
	int64_t n_fell;  /* devices that went offline since the last run */
	bool confirming; /* the last run asked for another sweep */
	bool is_new;     /* no run has decided with it yet */

	/* Of the run at hand. */
	const struct book_view *view;
	int64_t now_ms;
};

/* ---- book.c: devices and scopes ---- */

const struct rule_settings *book_settings(const struct book *b,
					  const struct book_device *d);
const struct rule_settings *book_scope_settings(const struct book *b,
						const struct book_scope *s);
/* The scope of a site, made where it is new. */
uint32_t book_site(struct book *b, const char *id, const char *name);
/* It is to be looked at by the run at hand, or else by the next; with it its scopes. */
void book_look(struct book *b, uint32_t place);
/* Whether it counts, and is so. */
bool book_counts_as(const struct book_device *d, enum device_status status);
/* Whether the sweep shows it, and with a status. */
bool book_is_listed(const struct book *b, const struct book_device *d);
bool book_is_fresh(const struct book *b, const struct book_device *d);

/* ---- book_alert.c ---- */

void book_destroy_alert(struct book_alert *a);
/* The device's alert of this kind; NULL. */
struct book_alert *book_find(const struct book_device *d, enum alert_kind kind);
/* That of a scope with this number of the database; NULL, as for 0. */
struct book_alert *book_outage(const struct book *b, int64_t alert_id);
/* A new one, pending. */
struct book_alert *book_begin(struct book *b, uint32_t place, enum alert_kind kind,
			      int64_t since_ms);
struct book_alert *book_begin_scope(struct book *b, uint32_t scope, enum alert_kind kind,
				    int64_t since_ms);
/* Its row is to be written. */
void book_note(struct book *b, struct book_alert *a);
void book_fire(struct book *b, struct book_alert *a);
/* It is over: told where it was firing, forgotten where it was not. */
void book_end(struct book *b, struct book_alert *a, enum alert_end end, int64_t at_ms);
/* It is a member of this outage from now on; NULL: of none. Its row is written behind the outage's. */
void book_adopt(struct book *b, struct book_alert *member, struct book_alert *outage);
/* Tell again of what lasts, where that is due and the sweep shows that it does. Returns when it is due
 * next, or DUE_NEVER. */
int64_t book_remind(struct book *b, struct book_alert *a, const struct rule_settings *s,
		    bool fresh);

/* What it is waiting for has to last for so long. */
void book_hold(struct book *b, struct book_alert *a, int64_t for_ms);
/* How long something lasts; a clock that was set back makes nobody wait longer than from now on. And when
 * it has lasted for so long: where it has already, with the next run. */
int64_t book_lasts_ms(const struct book *b, int64_t since_ms);
int64_t book_due_ms(const struct book *b, int64_t since_ms, int64_t for_ms);

/* ---- the rules; those that look return when they have to look again, or DUE_NEVER ---- */

int64_t flap_look(struct book *b, uint32_t place);
/* What begins or ends without being told; then, behind the outages, what is told. */
void holddown_settle(struct book *b, uint32_t place);
int64_t holddown_look(struct book *b, uint32_t place);
/* All scopes that are looked at. */
void outage_run(struct book *b);
int64_t stale_look(struct book *b, uint32_t place);
int64_t emergency_look(struct book *b, uint32_t place);

/* What is due is a place of a device, or with this bit a scope. */
#define BOOK_DUE_SCOPE UINT32_C(0x80000000)

#endif
