/* The account that is played: its sites and devices, and what is true of them now. Pure.
 *
 * All that is in a new world follows from its seed and the day. Everything that changes goes
 * through a function here, which notes it and tells whoever watches. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORLD_ID_BYTES     16
#define WORLD_STATUS_BYTES 32
#define WORLD_NO_SITE      UINT32_MAX
#define WORLD_NO_REPORT    INT64_MIN
#define WORLD_ACCOUNT_ID   "400131008"

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

struct world_site {
	char *id;
	char *name;
	char *address; /* its emergency address as JSON members, without braces */
};

struct world_device {
	uint64_t number;  /* 0, 1, ... in order of creation; never given twice */
	uint64_t version; /* of the world when it last changed */
	uint64_t
		seed; /* what never changes of it (model, numbers ...) is thrown from this */
	enum world_type type;
	bool assigned; /* to an extension; else it is in stock */
	char id[WORLD_ID_BYTES];
	char status[WORLD_STATUS_BYTES]; /* "": the record has none */
	char *name;
	uint32_t site;        /* or WORLD_NO_SITE */
	int64_t report_at_ms; /* lastLocationReportTime, or WORLD_NO_REPORT */
	size_t place;         /* in the list */
};

struct world_config {
	size_t n_devices;
	uint32_t n_sites; /* at least 1 */
	uint64_t seed;
	int64_t at_ms; /* only its day matters: location reports were before its midnight */
};

struct world;

struct world *world_create(const struct world_config *config);
void world_destroy(struct world *w);

/*
 * Something changed, or is about to go: device is as it is after the change.
 * field     "status", "name", "site", "lastLocationReportTime", "added", "removed", "place"
 * from, to  its old and new value as text; NULL where there is none
 */
typedef void (*world_changed_cb)(const struct world_device *device, const char *field,
				 const char *from, const char *to, void *data);
void world_watch(struct world *w, world_changed_cb on_changed, void *data);

/* The list, in the vendor's order. */
size_t world_count(const struct world *w);
struct world_device *world_at(const struct world *w, size_t place);
/* NULL where there is none. */
struct world_device *world_find(const struct world *w, const char *id);

uint32_t world_n_sites(const struct world *w);
const struct world_site *world_site(const struct world *w, uint32_t site);
/* By name; WORLD_NO_SITE where there is none. */
uint32_t world_find_site(const struct world *w, const char *name);

/* A number that grows with each change of the devices at n places from first on, or of the
 * order or length of the list. */
uint64_t world_version(const struct world *w, size_t first, size_t n);

const char *world_type_name(enum world_type type);

/* Changes; setting what is already so is none. */
void world_set_status(struct world *w, struct world_device *d, const char *status);
void world_set_name(struct world *w, struct world_device *d, const char *name);
void world_set_site(struct world *w, struct world_device *d, uint32_t site);
void world_set_report(struct world *w, struct world_device *d, int64_t at_ms);
/* A new desk phone, Online, at the end of the list. */
struct world_device *world_add(struct world *w, uint32_t site);
void world_remove(struct world *w, struct world_device *d); /* d is freed */
void world_shuffle(struct world *w);

#endif
