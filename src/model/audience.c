#include "model/audience.h"

#include <fnmatch.h>
#include <stdlib.h>

#include "base/mem.h"
#include "model/match.h"

struct audience *audience_create(size_t n)
{
	struct audience *a = mem_zalloc(sizeof *a + n * sizeof *a->listeners);

	a->n_users = 1;
	a->n = n;
	return a;
}

void audience_copy(struct listener *into, int64_t sink_id, char *const *events,
		   size_t n_events, char *const *matches, size_t n_matches)
{
	*into = (struct listener){
		.sink_id = sink_id,
		.events = mem_copy_texts(events, n_events),
		.n_events = n_events,
		.matches = mem_copy_texts(matches, n_matches),
		.n_matches = n_matches,
	};
}

struct audience *audience_share(struct audience *a)
{
	a->n_users++;
	return a;
}

void audience_release(struct audience *a)
{
	if (a == NULL || --a->n_users > 0)
		return;
	for (size_t i = 0; i < a->n; i++) {
		mem_free_texts(a->listeners[i].events, a->listeners[i].n_events);
		mem_free_texts(a->listeners[i].matches, a->listeners[i].n_matches);
	}
	free(a);
}

static bool wants_type(const struct listener *listener, const char *type)
{
	for (size_t i = 0; i < listener->n_events; i++)
		if (fnmatch(listener->events[i], type, 0) == 0)
			return true;
	return false;
}

bool audience_asks_facts(const struct audience *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->listeners[i].n_matches > 0)
			return true;
	return false;
}

size_t audience_for(const struct audience *a, const struct event *ev, int64_t *ids)
{
	const char *type = event_type_name(ev->type);
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct listener *listener = &a->listeners[i];

		if (wants_type(listener, type) &&
		    match_all(listener->matches, listener->n_matches, ev->account,
			      ev->device_id, event_facts(ev)))
			ids[n++] = listener->sink_id;
	}
	return n;
}
