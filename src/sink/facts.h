/* What those are told of an event who do not read JSON: a list of short texts. Pure. */
#ifndef SINK_FACTS_H
#define SINK_FACTS_H

#include <stddef.h>

#include "model/event.h"

#define FACTS_MAX 12

struct fact {
	const char *key;   /* of syslog: "device" */
	const char *field; /* of the journal: "PHONEWATCH_DEVICE_ID"; NULL: not there */
	const char
		*text; /* any text of the vendor's; good until the event or f changes */
};

struct facts {
	struct fact list[FACTS_MAX];
	size_t n; /* what the event does not have is left out */
	char sequence[24];
};

/* f is filled; it may not be moved then. */
void facts_of(struct facts *f, const struct event *ev);

/* The priority of syslog(3): info 6, warning 4, error 3, critical 2. */
int facts_priority(const struct event *ev);

#endif
