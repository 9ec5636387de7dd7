/* The account that is played: its sites and devices, and what is true of them now. Pure.
 *
 * All that is in a new world follows from its seed and the day. Everything that changes goes
 * through a function here, which notes it and tells whoever watches. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/edit.h"

#define WORLD_ID_BYTES        16
#define WORLD_STATUS_BYTES    32
#define WORLD_NO_SITE         UINT32_MAX
#define WORLD_NO_EXTENSION    UINT32_MAX
#define WORLD_NO_REPORT       INT64_MIN
#define WORLD_FIRST_EXTENSION 101 /* the lowest extension number */

enum world_type {
	WORLD_HARD_PHONE,
	WORLD_SOFT_PHONE,
	WORLD_OTHER_PHONE,
	WORLD_PAGING,
	WORLD_WEB_PHONE,
	WORLD_ROOM,
	WORLD_MOBILE_DEVICE,
	WORLD_BLA,
	WORLD_WEBRTC, /* a placeholder: always Offline in the vendor's lists */
	WORLD_N_TYPES,
};

enum world_extension_status {
	WORLD_EXTENSION_ENABLED,
	WORLD_EXTENSION_DISABLED,
	WORLD_EXTENSION_FROZEN,
	WORLD_EXTENSION_NOT_ACTIVATED,
	WORLD_EXTENSION_UNASSIGNED, /* has no extension number */
	WORLD_N_EXTENSION_STATUSES,
};

struct world_site {
	char *id;
	char *name;
	char *address; /* its emergency address as JSON members, without braces */
};

struct world_device {
	uint64_t version; /* of the world when it last changed */
	uint64_t
		seed; /* what never changes of it (model, floor ...) is thrown from this */
	int64_t report_at_ms; /* lastLocationReportTime, or WORLD_NO_REPORT */
	char *name;
	struct edits *edits;        /* of its record; NULL: none */
	struct world_device *other; /* the next of the same extension */
	size_t place;               /* among all that were not removed */
	uint32_t number;    /* 0, 1, ... in order of creation; never given twice */
	uint32_t extension; /* whose it is, or WORLD_NO_EXTENSION */
	uint32_t site;      /* or WORLD_NO_SITE */
	enum world_type type;
	bool in_stock; /* ordered, and nobody's yet */
	bool hidden;   /* not in the list, for now */
	char id[WORLD_ID_BYTES];
	char status[WORLD_STATUS_BYTES]; /* "": the record has none */
};

struct world_extension {
	uint64_t version;
	uint64_t id;
	uint32_t number; /* of the device with which it came */
	enum world_extension_status status;
	const char *type; /* NULL: it was removed */
	char *name;
	struct world_device *devices; /* the first, its others follow */
};

struct world_config {
	size_t n_devices;
	uint32_t n_sites; /* at least 1 */
	uint64_t seed;
	int64_t at_ms; /* only its day matters: location reports were before its midnight */
	uint32_t account; /* 0, 1, ...: no two have an id in common */
};

struct world;

struct world *world_create(const struct world_config *config);
void world_destroy(struct world *w);

/* One change. Good for the call. */
struct world_change {
	const char *thing; /* "device" or "extension" */
	const char *id;    /* its */
	/* Of a device: "status", "name", "site", "lastLocationReportTime", "extension", "listed",
	 * "added", "removed" or the path of an edit; of an extension: "name", "status",
	 * "removed". */
	const char *field;
	const char *from,
		*to; /* its old and new value as text; NULL where there is none */
};
typedef void (*world_changed_cb)(const struct world_change *change, void *data);
void world_watch(struct world *w, world_changed_cb on_changed, void *data);

/* The account's own id, as in paths. */
const char *world_account_id(const struct world *w);

/* The list, in the vendor's order; without what is hidden. */
size_t world_count(const struct world *w);
struct world_device *world_at(const struct world *w, size_t place);
/* Listed or hidden; NULL where there is none. */
struct world_device *world_find(const struct world *w, const char *id);
/* All that there are, hidden ones too; NULL behind the last. The first is of NULL. */
struct world_device *world_next(const struct world *w, const struct world_device *d);

uint32_t world_n_sites(const struct world *w);
const struct world_site *world_site(const struct world *w, uint32_t site);
/* By name; WORLD_NO_SITE where there is none. */
uint32_t world_find_site(const struct world *w, const char *name);

/* The extensions, by their ids. */
size_t world_n_extensions(const struct world *w);
struct world_extension *world_extension_at(const struct world *w, size_t place);
/* By id or extension number; NULL where there is none. */
struct world_extension *world_find_extension(const struct world *w, const char *id);
/* That of a device; NULL where it has none. */
struct world_extension *world_extension_of(const struct world *w,
					   const struct world_device *d);

/* A number that grows with each change of what stands at n places from first on, or of the
 * order or length of the list. */
uint64_t world_version(const struct world *w, size_t first, size_t n);
uint64_t world_extensions_version(const struct world *w, size_t first, size_t n);

const char *world_type_name(enum world_type type);
const char *world_extension_status_name(enum world_extension_status status);

/* Changes; setting what is already so is none. */
void world_set_status(struct world *w, struct world_device *d, const char *status);
void world_set_name(struct world *w, struct world_device *d, const char *name);
void world_set_site(struct world *w, struct world_device *d, uint32_t site);
void world_set_report(struct world *w, struct world_device *d, int64_t at_ms);
/* Take it out of the list, or let it come back to its place. */
void world_hide(struct world *w, struct world_device *d);
void world_show(struct world *w, struct world_device *d);
/* Each belongs to the other's extension from now on. */
void world_swap(struct world *w, struct world_device *a, struct world_device *b);
/* Its record says this at a path (struct edit); text NULL: nothing. */
void world_edit(struct world *w, struct world_device *d, const char *path,
		const char *text);
/* Its record is as it was before any edit. */
void world_unedit(struct world *w, struct world_device *d);

enum world_end { WORLD_LAST, WORLD_FIRST };
/* A new desk phone with an extension of its own, Online, at an end of the list. */
struct world_device *world_add(struct world *w, uint32_t site, enum world_end end);
void world_remove(struct world *w, struct world_device *d); /* d is freed */
void world_shuffle(struct world *w);

void world_set_extension_name(struct world *w, struct world_extension *e,
			      const char *name);
void world_set_extension_status(struct world *w, struct world_extension *e,
				enum world_extension_status status);
/* Its devices have none from now on. */
void world_remove_extension(struct world *w, struct world_extension *e);

#endif
