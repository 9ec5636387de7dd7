/* The log of what was asked and what changed: one JSON object a line, on the disk before the
 * answer leaves. Neither tokens nor secrets are in it. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct trace;

/* Append to a file. Returns 0 or ERR_CONFIG. */
int trace_open(const char *path, struct trace **out, struct err *err);
void trace_close(struct trace *t); /* NULL is fine, here and below: no log is kept */

#define TRACE_ENDLESS UINT64_MAX

struct trace_request {
	uint64_t n; /* from 1 */
	const char *method, *path, *query;
	int status;        /* 0: no answer */
	const char *group; /* NULL: none, then remaining is not written */
	unsigned remaining;
	bool in_penalty;
	const char *fault; /* NULL: none */
	uint64_t
		bytes; /* of the body, as it is to be sent; TRACE_ENDLESS is written as null */
};

/* Shape  {"at_ms":..,"event":"request","n":..,"method":"GET","path":..,"query":..,"status":..,
 *         "group":"medium"|null,"remaining":39|null,"in_penalty":false,"fault":"hang"|null,
 *         "bytes":..|null} */
void trace_request(struct trace *t, int64_t at_ms, const struct trace_request *request);

/* Shape  {"at_ms":..,"event":"change","device":ID,"field":..,"from":..|null,"to":..|null} */
void trace_change(struct trace *t, int64_t at_ms, const char *device, const char *field,
		  const char *from, const char *to);

#endif
