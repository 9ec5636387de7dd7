#include "query/events.h"

#include <fnmatch.h>
#include <string.h>

#include "model/match.h"

#define BATCH 256 /* events a read */

int events_start(struct events_walk *walk, struct store_conn *c, struct err *err)
{
	walk->next = 1;
	if (walk->since_at_ms == INT64_MIN)
		return 0;
	return store_sequence_at(c, walk->since_at_ms, &walk->next, err);
}

static bool is_of_type(const struct events_walk *walk, const struct event *ev)
{
	const char *name = event_type_name(ev->type);

	for (size_t i = 0; i < walk->n_types; i++)
		if (fnmatch(walk->types[i], name, 0) == 0)
			return true;
	return walk->n_types == 0;
}

/* match_all asks an event of an account for its account only. Whoever asks for the events of a
 * site wants no others; a sink does. */
static bool can_match(const struct events_walk *walk, const struct event *ev)
{
	for (size_t i = 0; ev->device_id == NULL && i < walk->n_matches; i++)
		if (strncmp(walk->matches[i], "account=", strlen("account=")) != 0)
			return false;
	return true;
}

/* Order is the sequence, never the time: a clock may have been set back in between. */
static bool is_meant(const struct events_walk *walk, const struct event *ev)
{
	return ev->at_ms >= walk->since_at_ms && ev->at_ms < walk->until_at_ms &&
	       is_of_type(walk, ev) && can_match(walk, ev) &&
	       match_all(walk->matches, walk->n_matches, ev->account, ev->device_id,
			 ev->facts);
}

struct batch {
	struct events_walk *walk;
	void (*each)(const struct event *ev, void *arg);
	void *arg;
	int64_t n;
};

static void on_event(const struct event *ev, void *arg)
{
	struct batch *b = arg;

	b->n++;
	b->walk->next = ev->sequence + 1;
	if (is_meant(b->walk, ev))
		b->each(ev, b->arg);
}

int events_next(struct events_walk *walk, struct store_conn *c,
		void (*each)(const struct event *ev, void *arg), void *arg,
		struct err *err)
{
	struct batch b = {walk, each, arg, 0};
	int64_t version;
	int rc;

	if (store_reader_version(c, &version, err) != 0)
		return err->code;
	rc = store_events_each(c, walk->next, BATCH, on_event, &b, err);
	return rc != 0 ? rc : b.n == BATCH;
}

/* Those of one stretch that are meant. */
struct stretch {
	const struct events_walk *walk;
	int64_t end; /* exclusive: where numbers are missing, a read reaches beyond it */
	int64_t n;
	int64_t sequences[BATCH];
};

static void on_stretch(const struct event *ev, void *arg)
{
	struct stretch *s = arg;

	if (ev->sequence < s->end && is_meant(s->walk, ev))
		s->sequences[s->n++] = ev->sequence;
}

int events_start_last(struct events_walk *walk, struct store_conn *c, int64_t n,
		      struct err *err)
{
	struct stretch s = {.walk = walk};
	int64_t first;

	if (store_last_sequence(c, &first, err) != 0)
		return err->code;
	/* Backwards, a stretch at a time, until enough are found. */
	walk->next = ++first;
	while (n > 0 && first > 1) {
		s.end = first;
		s.n = 0;
		first = first > BATCH ? first - BATCH : 1;
		if (store_events_each(c, first, s.end - first, on_stretch, &s, err) != 0)
			return err->code;
		if (s.n > 0)
			walk->next = s.sequences[s.n > n ? s.n - n : 0];
		n -= s.n;
	}
	return 0;
}
