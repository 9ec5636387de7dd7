/* Which alert is silenced, by which silence, until when. Pure, but for the time zone of windows
 * (model/window.h).
 *
 * For who tells of alerts:
 *
 *   - A silence changes nothing about an alert but that it is not told: it fires, lasts and is
 *     resolved all the same, and its row says by whom it is silenced (`silenced_by`).
 *   - Ask at the beginning and at each reminder. What was told is resolved aloud, silence or not:
 *     whoever heard of an outage hears of its end.
 *   - Where an alert that was silenced fires still and mute_find() finds nothing any more, it did not
 *     come back within the silence: all of those of one silence are one message.
 *   - What ends a silence of one alert ("until it clears") is its end: store_silences_cleared(), in
 *     the same transaction. */
#ifndef RULE_MUTE_H
#define RULE_MUTE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/alert.h"
#include "model/silence.h"

/* What an alert is about. All borrowed. */
struct mute_subject {
	const char *key; /* ACCOUNT/KIND/ID */
	const char *account;
	const char *kind;      /* "device_offline" */
	const char *device_id; /* NULL: of a site, or of an account */
	const json_t *facts;   /* the device's; else NULL */
	const char *site;      /* of a site; else NULL */
};

/* What an alert of this account is about; of a device with its id and facts. Borrows all of them. */
struct mute_subject mute_subject_of(const struct alert *a, const char *account,
				    const char *key, const char *device_id,
				    const json_t *facts);

/*
 * The silence that this alert is under; where there are several, the one that lasts longest. NULL:
 * none. *until_ms (where wanted) is when it ends; SILENCE_NO_END where that is not known.
 *
 * A pattern for what the subject lacks holds only where it matches the empty text: one for a phone's
 * name does not silence its site.
 */
const struct silence *mute_find(const struct silence *silences, size_t n,
				const struct mute_subject *subject, int64_t at_ms,
				int64_t *until_ms);

/* Whether all of these matches (as of a silence) hold for it; of none, yes. */
bool mute_matches(char *const *matches, size_t n, const struct mute_subject *subject);

/* When one of them begins or ends next: until then, the answers of mute_find() stay the same.
 * SILENCE_NO_END: never, as far as that is known. */
int64_t mute_next_ms(const struct silence *silences, size_t n, int64_t after_ms);

#endif
