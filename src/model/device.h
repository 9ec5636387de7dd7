/* A device: what the vendor's list says of it.
 *
 * The vendor's record is kept as it came (JSON), less what changes often: its status and its
 * last location report, which stand beside it. Known members of a wrong type are taken out, so
 * that they count as absent; unknown members stay. */
#ifndef MODEL_DEVICE_H
#define MODEL_DEVICE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* The numbers are stored in the database: they never change. */
enum device_status { DEVICE_UNKNOWN = 0, DEVICE_ONLINE = 1, DEVICE_OFFLINE = 2 };

#define DEVICE_FLAW_BYTES  64
#define DEVICE_TIME_MEMBER "lastLocationReportTime"

struct device {
	char *id; /* the vendor's, decimal text as a rule; never empty */
	enum device_status status;
	char *vendor_status; /* the vendor's word; NULL where there is none */
	bool has_location;   /* a usable lastLocationReportTime */
	bool bad_location;   /* one that cannot be read: the old value stands */
	int64_t location_ms; /* UTC, 0 unless has_location */
	json_t *record;      /* object: the rest */
	unsigned n_wrong;    /* members taken out for their type */
	/* The vendor's name of the first that cannot be used, its last location report's too, as
	 * in "model.name"; "": all can, or it is not known which cannot. */
	char flaw[DEVICE_FLAW_BYTES];
};

/* Whether there is something in its record that cannot be used. */
bool device_is_flawed(const struct device *d);

/* Free what it holds; ready for reuse. An all-zero device is fine. */
void device_clear(struct device *d);

/* "Online", "Offline", "Unknown". */
const char *device_status_name(enum device_status status);
/* The status that the vendor's word means; any other word, or NULL, is DEVICE_UNKNOWN. Words are
 * case-sensitive (ringcentral/api.md section 12). */
enum device_status device_status_of(const char *vendor_status);

/* The vendor's word as it is kept: a long one is cut at a whole character. The caller's. */
#define DEVICE_STATUS_MAX_BYTES 256
char *device_status_word(const char *text, size_t len);

/* A string member of the record, as in device_text(d, "serial"); NULL where absent. Borrowed. */
const char *device_text(const struct device *d, const char *member);

/*
 * What an event tells of the device, besides account, id and status.
 *
 * Shape  {"name", "type", "serial", "sku", "model", "extension_number", "extension_id",
 *         "extension_name", "phone_numbers": [...], "site", "site_id"}, null where absent;
 *         phone numbers are sorted.
 * Returns a new object, the caller's.
 */
json_t *device_facts(const struct device *d);

/*
 * What is wrong with the emergency address in a record: "address_status" (not Valid),
 * "out_of_country", or "off_network" (inCompanyNet says that it is not where the address is for);
 * NULL where nothing is, or the vendor says nothing of it. Source: ringcentral/api.md section 9.4.
 */
const char *device_emergency_flaw(const json_t *record);

/* The text of one fact out of the compact JSON of device_facts(), without a parser: "" where it is
 * null or absent. The caller's. */
char *device_fact(const char *facts, const char *name);

/*
 * What is told of it, in an event and in the answers to queries.
 *
 * Shape  {"account", "id", the facts ..., "vendor_status"}
 * Returns a new object, the caller's.
 */
json_t *device_object(const char *account, const char *id, json_t *facts,
		      const char *vendor_status);
/* The same, printed as this member: compact.h. */
void device_print(struct buf *b, const char *member, const char *account, const char *id,
		  const json_t *facts, const char *vendor_status);

#endif
