#include "model/route.h"

#include <fnmatch.h>
#include <stdlib.h>

#include "base/mem.h"
#include "model/match.h"

struct routes *routes_create(size_t n)
{
	struct routes *r = mem_zalloc(sizeof *r + n * sizeof *r->routes);

	r->n_users = 1;
	r->n = n;
	return r;
}

static char **copy_texts(char *const *texts, size_t n)
{
	char **copy = mem_alloc(n * sizeof *copy);

	for (size_t i = 0; i < n; i++)
		copy[i] = mem_strdup(texts[i]);
	return copy;
}

static void free_texts(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

void route_copy(struct route *into, int64_t sink_id, char *const *events, size_t n_events,
		char *const *matches, size_t n_matches)
{
	*into = (struct route){
		.sink_id = sink_id,
		.events = copy_texts(events, n_events),
		.n_events = n_events,
		.matches = copy_texts(matches, n_matches),
		.n_matches = n_matches,
	};
}

struct routes *routes_share(struct routes *r)
{
	r->n_users++;
	return r;
}

void routes_release(struct routes *r)
{
	if (r == NULL || --r->n_users > 0)
		return;
	for (size_t i = 0; i < r->n; i++) {
		free_texts(r->routes[i].events, r->routes[i].n_events);
		free_texts(r->routes[i].matches, r->routes[i].n_matches);
	}
	free(r);
}

static bool wants_type(const struct route *route, const char *type)
{
	for (size_t i = 0; i < route->n_events; i++)
		if (fnmatch(route->events[i], type, 0) == 0)
			return true;
	return false;
}

bool routes_ask_facts(const struct routes *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->routes[i].n_matches > 0)
			return true;
	return false;
}

size_t routes_for(const struct routes *r, const struct event *ev, int64_t *ids)
{
	const char *type = event_type_name(ev->type);
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct route *route = &r->routes[i];

		if (wants_type(route, type) &&
		    match_all(route->matches, route->n_matches, ev->account,
			      ev->device_id, ev->facts))
			ids[n++] = route->sink_id;
	}
	return n;
}
