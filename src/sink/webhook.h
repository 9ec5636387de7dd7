/* Webhooks: one CloudEvent (structured mode) a POST, signed as Standard Webhooks has it.
 *
 *   Content-Type: application/cloudevents+json; charset=utf-8
 *   webhook-id: the event's id
 *   webhook-timestamp: when it is sent, in seconds since 1970
 *   webhook-signature: v1,BASE64 for each secret; not there without secrets
 *
 * Only the last two differ in a repeat. */
#ifndef SINK_WEBHOOK_H
#define SINK_WEBHOOK_H

#include "sink/sink.h"

#define WEBHOOK_UNDER_WAY 4
#define WEBHOOK_TOTAL_MS  30000

extern const struct sink_ops webhook_ops;

#endif
