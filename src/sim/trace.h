/* The log of what was asked and what changed: one JSON object a line, on the disk before the
 * answer leaves. Neither tokens nor secrets are in it. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct hook_delivery;
struct trace;
struct world_change;

/* Append to a file. Returns 0 or ERR_CONFIG. */
int trace_open(const char *path, struct trace **out, struct err *err);
void trace_close(struct trace *t); /* NULL is fine, here and below: no log is kept */

#define TRACE_ENDLESS UINT64_MAX

struct trace_request {
	uint64_t n;          /* from 1 */
	const char *account; /* whose; NULL: nobody knows */
	const char *method, *path, *query;
	int status;        /* 0: no answer */
	const char *group; /* NULL: none, then remaining is not written */
	unsigned remaining;
	bool in_penalty;
	const char *fault; /* NULL: none */
	uint64_t
		bytes; /* of the body, as it is to be sent; TRACE_ENDLESS is written as null */
};

/* Shape  {"at_ms":..,"event":"request","n":..,"account":"1"|null,"method":"GET","path":..,"query":..,"status":..,
 *         "group":"medium"|null,"remaining":39|null,"in_penalty":false,"fault":"hang"|null,
 *         "bytes":..|null} */
void trace_request(struct trace *t, int64_t at_ms, const struct trace_request *request);

/* Shape  {"at_ms":..,"event":"change","account":..,"device":ID,"field":..,"from":..|null,
 *         "to":..|null}; "extension" instead of "device" where that changed
 * It is on the disk after the next trace_flush() or trace_request(): many changes at a time cost
 * one write. */
void trace_change(struct trace *t, int64_t at_ms, const char *account,
		  const struct world_change *change);
/* Shape  {"at_ms":..,"event":"delivery","n":..,"status":..,"fault":..|null,"id":..|null,
 *         "type":..|null,"subject":..|null,"attempt":..,"signature":"good","timestamp":"good",
 *         "body":"new","bytes":..} */
void trace_delivery(struct trace *t, int64_t at_ms, const struct trace_request *request,
		    const struct hook_delivery *delivery);
void trace_flush(struct trace *t);

#endif
