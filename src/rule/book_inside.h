/* The parts of a book, and what its files share. Nobody else includes this. */
#ifndef RULE_BOOK_INSIDE_H
#define RULE_BOOK_INSIDE_H

#include <sys/queue.h>

#include "rule/book.h"
#include "rule/due.h"
#include "rule/places.h"

#define BOOK_NONE UINT32_MAX

/* An alert that lives, or has ended in the run at hand. */
struct book_alert {
	struct alert alert;
	uint32_t device;         /* its place; BOOK_NONE: of a site or the account */
	struct book_alert *next; /* of the same device */
	bool queued, forget, over;
	enum book_tell tell;
	int64_t *listed;
	size_t n_listed;
	int64_t n_members;
	STAILQ_ENTRY(book_alert) entry;
};
STAILQ_HEAD(book_queue, book_alert);

struct book_device {
	int64_t device_id;
	int64_t turned_ms; /* since when it is, as far as is known, Online or Offline */
	int64_t location_ms;
	char *id;
	struct book_alert *alerts;
	uint32_t tag;
	uint16_t rule;
	uint8_t status,
		last_known; /* enum device_status; the last that was not Unknown */
	bool has_location, was_online, has_type, gone;
	bool looked; /* among those that the run looks at */
	bool turned; /* since the last run */
};

struct book {
	struct rules *rules;
	char *account;
	struct book_device *devices;
	uint32_t n_devices;
	size_t devices_cap;
	struct places by_device_id;
	struct due due;
	uint32_t *look; /* places of devices that the next run looks at */
	uint32_t n_look;
	size_t look_cap;
	struct book_queue queue;
	struct book_alert *next_decision;

	/* Of the run at hand. */
	const struct book_view *view;
	int64_t now_ms;
};

const struct rule_settings *book_settings(const struct book *b,
					  const struct book_device *d);
/* It is to be looked at by the run at hand, or else by the next. */
void book_look(struct book *b, uint32_t place);
bool book_is_fresh(const struct book *b, const struct book_device *d);

/* The device's alert of this kind; NULL. */
struct book_alert *book_find(const struct book_device *d, enum alert_kind kind);
/* A new one, pending. */
struct book_alert *book_begin(struct book *b, uint32_t place, enum alert_kind kind,
			      int64_t since_ms);
/* Its row is to be written. */
void book_note(struct book *b, struct book_alert *a);
void book_fire(struct book *b, struct book_alert *a);
/* It is over: told where it was firing, forgotten where it was not. */
void book_end(struct book *b, struct book_alert *a, enum alert_end end, int64_t at_ms);
/* Tell again of what lasts, where that is due and the sweep shows that it does. Returns when it is due
 * next, or DUE_NEVER. */
int64_t book_remind(struct book *b, struct book_alert *a, const struct rule_settings *s,
		    bool fresh);

/* How long something lasts; a clock that was set back makes nobody wait longer than from now on. And when
 * it has lasted for so long: where it has already, with the next run. */
int64_t book_lasts_ms(const struct book *b, int64_t since_ms);
int64_t book_due_ms(const struct book *b, int64_t since_ms, int64_t for_ms);

/* ---- the rules; each returns when it has to look at the device again, or DUE_NEVER ---- */

int64_t holddown_look(struct book *b, uint32_t place);

#endif
