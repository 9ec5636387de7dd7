#include "query/events.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/match.h"

#define BATCH 256 /* events a read */

static bool is_of_type(const struct events_walk *walk, const char *name)
{
	for (size_t i = 0; i < walk->n_types; i++)
		if (fnmatch(walk->types[i], name, 0) == 0)
			return true;
	return walk->n_types == 0;
}

#define TYPES_MAX 32 /* the filter's bits */

bool events_have_type(const char *pattern)
{
	for (unsigned n = 0; n < TYPES_MAX; n++) {
		const char *name = event_type_name((enum event_type)n);

		if (name != NULL && fnmatch(pattern, name, 0) == 0)
			return true;
	}
	return false;
}

char *events_type_names(void)
{
	struct buf b;

	buf_init(&b, 4096);
	for (unsigned n = 0; n < TYPES_MAX; n++) {
		const char *name = event_type_name((enum event_type)n);

		if (name != NULL)
			buf_printf(&b, "%s%s", b.len > 0 ? ", " : "", name);
	}
	return b.data;
}

static void make_filter(struct events_walk *walk)
{
	walk->filter = (struct store_event_filter){.since_at_ms = walk->since_at_ms,
						   .until_at_ms = walk->until_at_ms,
						   .before = INT64_MAX};
	for (unsigned n = 0; n < TYPES_MAX; n++) {
		const char *name = event_type_name((enum event_type)n);

		if (name != NULL && is_of_type(walk, name))
			walk->filter.types |= 1u << n;
	}
}

int events_start(struct events_walk *walk, struct store_conn *c, struct err *err)
{
	make_filter(walk);
	walk->next = 1;
	if (walk->since_at_ms != INT64_MIN &&
	    store_sequence_at(c, walk->since_at_ms, &walk->next, err) != 0)
		return err->code;
	if (walk->next <= walk->after)
		walk->next = walk->after + 1;
	return 0;
}

/* Whoever asks for the events of a site wants none of the whole account; a sink does. */
bool events_is_of(char *const *matches, size_t n, const struct event *ev)
{
	const json_t *facts = event_facts(ev);

	return match_asks_all(matches, n, ev->device_id, facts) &&
	       match_all(matches, n, ev->account, ev->device_id, facts);
}

static bool is_meant(const struct events_walk *walk, const struct event *ev)
{
	return events_is_of(walk->matches, walk->n_matches, ev);
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

/* One state of the database: what is committed between the two questions comes next time. */
static int read_batch(struct batch *b, struct store_conn *c, struct err *err)
{
	struct events_walk *walk = b->walk;
	int64_t last;

	if (store_events_select(c, &walk->filter, walk->next, BATCH, on_event, b, err) !=
	    0)
		return err->code;
	if (b->n == BATCH)
		return 1;
	/* Those behind the last one that the filter let pass have been looked at, too. */
	if (store_last_sequence(c, &last, err) != 0)
		return err->code;
	if (walk->next <= last)
		walk->next = last + 1;
	return 0;
}

int events_next(struct events_walk *walk, struct store_conn *c,
		void (*each)(const struct event *ev, void *arg), void *arg,
		struct err *err)
{
	struct batch b = {walk, each, arg, 0};
	int64_t version;
	int rc;

	if (store_reader_version(c, &version, err) != 0 || store_begin_read(c, err) != 0)
		return err->code;
	rc = read_batch(&b, c, err);
	store_end_read(c);
	return rc;
}

/* Those of one stretch that are meant. */
struct stretch {
	const struct events_walk *walk;
	int64_t n;
	int64_t sequences[BATCH];
};

static void on_stretch(const struct event *ev, void *arg)
{
	struct stretch *s = arg;

	if (is_meant(s->walk, ev))
		s->sequences[s->n++] = ev->sequence;
}

int events_start_last(struct events_walk *walk, struct store_conn *c, int64_t n,
		      struct err *err)
{
	struct stretch s = {.walk = walk};
	struct store_event_filter filter;
	int64_t first, stop;

	make_filter(walk);
	filter = walk->filter;
	if (store_last_sequence(c, &first, err) != 0)
		return err->code;
	/* Backwards, a stretch at a time, until enough are found. */
	stop = first > EVENTS_LOOK_BACK ? first - EVENTS_LOOK_BACK + 1 : 1;
	walk->next = ++first;
	while (n > 0 && first > stop) {
		filter.before = first;
		s.n = 0;
		first = first - BATCH > stop ? first - BATCH : stop;
		if (store_events_select(c, &filter, first, BATCH, on_stretch, &s, err) !=
		    0)
			return err->code;
		if (s.n > 0)
			walk->next = s.sequences[s.n > n ? s.n - n : 0];
		n -= s.n;
	}
	return 0;
}

/* ---- one of them ---- */

struct search {
	const char *id; /* NULL: its sequence will do */
	void (*each)(const struct event *ev, void *arg);
	void *arg;
	int n;
};

static void on_found(const struct event *ev, void *arg)
{
	struct search *s = arg;

	if (s->id != NULL && strcmp(ev->id, s->id) != 0)
		return;
	s->n++;
	s->each(ev, s->arg);
}

/* The last digits of an id are its sequence (model/event.h). 0: the text is neither. */
static int64_t sequence_of(const char *text, bool *is_id)
{
	size_t len = strlen(text);

	*is_id = len == EVENT_ID_BYTES - 1;
	if (*is_id)
		return strtoll(text + len - 10, NULL, 16);
	return strspn(text, "0123456789") == len ? strtoll(text, NULL, 10) : 0;
}

int events_find(struct store_conn *c, const char *id,
		void (*each)(const struct event *ev, void *arg), void *arg,
		struct err *err)
{
	struct search s = {.each = each, .arg = arg};
	struct store_event_filter filter = {
		.types = UINT32_MAX, .since_at_ms = INT64_MIN, .until_at_ms = INT64_MAX};
	int64_t sequence, version;
	bool is_id;
	int rc;

	sequence = sequence_of(id, &is_id);
	if (sequence <= 0)
		return 0;
	s.id = is_id ? id : NULL;
	filter.before = sequence < INT64_MAX ? sequence + 1 : sequence;
	if (store_reader_version(c, &version, err) != 0 || store_begin_read(c, err) != 0)
		return err->code;
	rc = store_events_select(c, &filter, sequence, 1, on_found, &s, err);
	store_end_read(c);
	return rc != 0 ? rc : s.n;
}
