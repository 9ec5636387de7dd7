/* Rules: which changes are worth telling. Pure: no clock, no I/O; time is an argument.
 *
 * An alert has a life. PENDING: its condition holds, and nobody is told; it may end without a word.
 * FIRING: it is told (or silenced); what ends it may hold for a while (`over_ms`) before it is
 * RESOLVED, which those are told who were told of it. All three are rows; so a restart, a kill or a
 * reload tells nothing twice and forgets no end.
 *
 *   device_offline     PENDING where a device was seen Online since it was added, and is Offline.
 *                      FIRING after offline_for, where the sweep at hand shows it so.
 *                      RESOLVED where it is Online, for online_for. Unknown is neither.
 *   device_flapping    FIRING with flap_changes turns within flap_within, RESOLVED where there are no
 *                      more than flap_clear_changes. Meanwhile device_offline of it stays as it is.
 *   site_outage        PENDING where the share and number of a site's devices that were online have
 *   account_outage     gone offline within a time; FIRING where that holds of those alone that have
 *                      been offline for offline_for. Its devices' alerts are its members then: those
 *                      not told stay PENDING under it, those told are RESOLVED (`absorbed`). Who goes
 *                      offline later is a member too. RESOLVED where the last is back; or where most
 *                      have been for as long as the outage may take to spread: the others did not
 *                      come back, and have alerts of their own again. An account's is one of several
 *                      sites, or of devices without one, and absorbs those of sites.
 *   location_stale     FIRING where the last location report of a device that is Online is too old.
 *   emergency_invalid  PENDING where a device's emergency address is not valid or not in the country.
 *   monitor_blind      FIRING where no page came for five intervals; a timer's, not a sweep's.
 *   silence_over       no rule's: what silences have left (muting.h).
 *
 * How they read what is stored, and what it costs. A `book` (book.h) holds what the rules know of one
 * account: of each device its status, since when, its site and its rule; and the alerts that live. It
 * is read from the store once, which is also what makes good a crash between a page and its rules:
 * what is stored is compared with the alerts' rows. From then on each committed page hands over the
 * devices that it changed. A run at the end of a sweep looks at these, and at what is due: a heap of
 * the times at which a hold-down, a flapping, an outage or a reminder has to be looked at again. So
 * a quiet sweep looks at nobody, and a storm at each device once. Only an account of which many are
 * offline is counted through, once a run. When a device has turned is read from its spans, and only of
 * one that has just turned. What a run decides is written in one transaction; where that fails the
 * book is thrown away and read again.
 *
 * Where most of an account goes offline within one sweep the run decides nothing, and asks for another
 * sweep at once.
 *
 * Nothing here but `now_ms` and the book's owner knows whether it is today: who lets the same devices
 * change at the same times finds the same alerts. */
#ifndef RULE_RULE_H
#define RULE_RULE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The keys of the section `alerts`, and of each of `rules`. */
struct rule_settings {
	char **types; /* of devices that alerts are about */
	size_t n_types;
	int64_t offline_for_ms, online_for_ms;
	int site_outage_share, site_outage_min; /* percent; devices */
	int64_t site_outage_within_ms;
	int flap_changes, flap_clear_changes;
	int64_t flap_within_ms;
	int64_t location_stale_after_ms;  /* 0: never */
	int64_t emergency_invalid_for_ms; /* 0: never */
	int64_t remind_every_ms;          /* 0: never */
	int remind_max;
};

struct rule {
	char *name; /* its title; of the last one, "alerts" */
	char **matches;
	size_t n_matches;
	struct rule_settings settings;
};

/* All rules at one time, in order; the last holds for everything. Never changed once made, shared by
 * the jobs that need them. */
struct rules {
	unsigned n_users; /* touched by the loop only */
	unsigned serial;  /* another with each configuration; the owner's */
	size_t n;         /* at least one */
	struct rule rules[];
};

/* Room for n rules, one user. The caller fills them in; rule_copy copies what it is given. */
struct rules *rules_create(size_t n);
void rule_copy(struct rule *into, const char *name, char *const *matches,
	       size_t n_matches, const struct rule_settings *settings);
/* Another one of the same, with one user. */
struct rules *rules_copy(const struct rules *r);
struct rules *rules_share(struct rules *r);
void rules_release(struct rules *r);

/* The first that holds for a device; for a site, or for the account where site is NULL, the first
 * whose matches are all about site and account. An index of r->rules. */
size_t rule_of_device(const struct rules *r, const char *account, const char *device_id,
		      const json_t *facts);
size_t rule_of_site(const struct rules *r, const char *account, const char *site);

/* Whether some rule asks for emergency addresses. */
bool rules_ask_emergency(const struct rules *r);
bool rule_has_type(const struct rule_settings *s, const char *type);

#endif
