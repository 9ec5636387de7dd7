/* A digest: one event that stands for several, told to one sink in their place. Pure. */
#ifndef MODEL_DIGEST_TEXT_H
#define MODEL_DIGEST_TEXT_H

#include <jansson.h>

#include "base/buf.h"
#include "model/event.h"

#define DIGEST_LISTED 50

/* What a digest says of one of its events: {"id", "type", "subject", "time", "severity", "summary"}. The
 * caller's. */
json_t *digest_item(const struct event *ev);

/*
 * The detail of its event.
 *
 * items  digest_item() of each, in order; borrowed
 *
 * Shape  {"digest": {"reason", "since", "until", "count", "types": {TYPE: n}, "over", "firing",
 *         "severity", "events", "more"}}. An alert that fires and is over within the digest counts as
 *         over, and is not among events; of the others those beyond DIGEST_LISTED are more. firing
 *         are alerts that fire and are not over; severity is the gravest of the others.
 * Returns a new object, the caller's.
 */
json_t *digest_detail(const char *reason, const json_t *items);

enum event_severity digest_text_severity(const struct event *ev);
/* "acme: 12 events while it was quiet: 8 device.offline, 4 device.online; 2 alerts fire" */
void digest_text_summary(struct buf *b, const struct event *ev);

#endif
