/* Evidence of emergency addresses: what the vendor says of each device's, site by site.
 *
 * An address is valid where the vendor's list calls it Valid; with any other word, as Invalid or
 * Provisioning, it is not; where the list says nothing of it, it is unknown, which proves nothing
 * either way. Beside that stand a device that is off the network that its address is for, and an
 * address out of its country; where the vendor is silent about them they are unknown, too. */
#ifndef QUERY_E911_H
#define QUERY_E911_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

enum e911_address { E911_VALID, E911_INVALID, E911_UNKNOWN };
/* "valid", "invalid", "unknown". */
const char *e911_address_name(enum e911_address address);

/* What the vendor says of something, or does not. */
enum e911_answer { E911_SILENT, E911_NO, E911_YES };

struct e911_device {
	char *account, *id, *facts, *vendor_status;
	char *site, *name;    /* "" where it has none */
	char *address_status; /* the vendor's word; NULL: none */
	char *country;        /* of the address, as the vendor writes it; NULL */
	enum e911_address address;
	enum e911_answer off_network, out_of_country;
	int64_t location_ms; /* its last location report; 0: none */
};

/* Devices counted together: those of a site. */
struct e911_site {
	const char *account, *site; /* of its first device */
	int64_t n_devices, n_valid, n_invalid, n_unknown;
	int64_t n_off_network, n_out_of_country;
	int64_t n_without_location;
};

struct e911 {
	/* Asked for. */
	char *const *matches; /* model/match.h; borrowed */
	size_t n_matches;
	/* NULL, or told now and then how many devices have been looked at. */
	void (*on_progress)(int64_t n, void *arg);
	void *arg;

	/* The answer: by account, site, name and id. */
	struct e911_device *devices;
	size_t n_devices, devices_cap;
	struct e911_site *sites; /* of devices, in their order */
	size_t n_sites, sites_cap;
};

/* Of the devices that are listed. Returns 0 or ERR_STORE; e911_clear frees the answer either way. */
int e911_run(struct e911 *e, struct store_conn *c, int64_t now_at_ms, struct err *err);
void e911_clear(struct e911 *e);

/*
 * Shape  {"device": {as in an event}, "address": "valid", "address_status", "country",
 *         "off_network", "out_of_country", "last_location_report_time"}; null where the vendor says
 *         nothing
 * Returns a new object, the caller's.
 */
json_t *e911_device_object(const struct e911_device *d);

/*
 * Shape  {"account", "site", "devices", "valid", "invalid", "unknown", "off_network",
 *         "out_of_country", "without_location_report"}
 * Returns a new object, the caller's.
 */
json_t *e911_site_object(const struct e911_site *s);

#endif
