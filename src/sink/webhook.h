/* Webhooks: one event a POST, signed as Standard Webhooks has it: the CloudEvent (structured mode),
 * or what a jq program makes of it.
 *
 *   Content-Type: application/cloudevents+json; charset=utf-8, or application/json of a program's
 *   webhook-id: the event's id
 *   webhook-timestamp: when it is sent, in seconds since 1970
 *   webhook-signature: v1,BASE64 for each secret; not there without secrets
 *
 * Only the last two differ in a repeat. An event of which the program makes nothing that can be sent
 * is dead at once. */
#ifndef SINK_WEBHOOK_H
#define SINK_WEBHOOK_H

#include "sink/sink.h"

#define WEBHOOK_UNDER_WAY 4
#define WEBHOOK_TOTAL_MS  30000

extern const struct sink_ops webhook_ops;

#endif
