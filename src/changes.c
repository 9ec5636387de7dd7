#include "changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/diff.h"

int changes_begin(struct changes *x)
{
	if (x->begun)
		return 0;
	x->begun = true;
	return store_begin(x->c, x->err);
}

int changes_mark(struct changes *x, int64_t device_id, const struct store_mark *mark)
{
	return changes_begin(x) == 0 ? store_device_mark(x->c, device_id, mark, x->err)
				     : x->err->code;
}

/* ---- what is told ---- */

static struct event event_of(const struct changes *x, enum event_type type,
			     const struct store_device *row, json_t *facts,
			     int64_t not_before_ms)
{
	return (struct event){
		.type = type,
		.at_ms = x->arrived_at_ms,
		.account = x->watch->name,
		.device_id = row->id,
		.facts = facts,
		.status = row->status,
		.vendor_status = row->vendor_status,
		.has_location = row->has_location,
		.location_ms = row->location_ms,
		.not_before_ms = not_before_ms,
	};
}

static int tell(struct changes *x, struct event *ev, const struct store_device *row)
{
	x->n_events++;
	return watch_tell(x->watch, x->c, ev, row->device_id, row->version_id,
			  x->audience, x->err);
}

/* ---- what the rules are given ---- */

static struct watch_note *add_note(struct changes *x)
{
	x->notes = mem_grow(x->notes, x->n_notes, &x->notes_cap, sizeof *x->notes);
	return &x->notes[x->n_notes++];
}

static void note(struct changes *x, const struct known_device *known,
		 const struct store_device *row, bool is_other)
{
	*add_note(x) = (struct watch_note){
		.device_id = row->device_id,
		.place = (uint32_t)(known - x->watch->known.devices),
		.status = row->status,
		.at_ms = row->observed_at_ms,
		.has_location = row->has_location,
		.location_ms = row->location_ms,
		.is_other = is_other,
	};
}

static void note_gone(struct changes *x, int64_t device_id)
{
	*add_note(x) = (struct watch_note){
		.device_id = device_id, .at_ms = x->arrived_at_ms, .is_gone = true};
}

/* ---- records ---- */

static json_t *one_time_change(bool had, int64_t from_ms, bool has, int64_t to_ms)
{
	char from[CLOCK_TEXT_BYTES], to[CLOCK_TEXT_BYTES];

	clock_format(from, from_ms);
	clock_format(to, to_ms);
	return json_pack("{s:s, s:o, s:o}", "field", "last_location_report_time", "from",
			 had ? json_string(from) : json_null(), "to",
			 has ? json_string(to) : json_null());
}

/* What is the same whether the device is new or known. digest: NULL where it was not read. */
static void fill_state(const struct changes *x, struct store_device *row,
		       struct device *d, const unsigned char *digest)
{
	row->status = d->status;
	if (d->status != DEVICE_UNKNOWN)
		row->last_known = d->status;
	free(row->vendor_status);
	row->vendor_status = d->vendor_status;
	d->vendor_status = NULL;
	row->missed = 0;
	row->shown_at_ms = x->arrived_at_ms;
	row->seen_at_ms = digest != NULL ? x->sent_at_ms : 0;
	row->lapsed = digest == NULL;
	/* What is flawed is read again after a restart: it is counted. */
	row->has_digest = digest != NULL && !device_is_flawed(d);
	if (row->has_digest)
		memcpy(row->digest, digest, DIGEST_BYTES);
}

static char *dump(const json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	if (text == NULL)
		abort(); /* out of memory: the parser made sure that all strings are UTF-8 */
	return text;
}

static bool is_listed(const struct store_device *row)
{
	return row->device_id != 0 && row->removed_at_ms == 0;
}

/* Whether no record of it could be read yet. */
static bool is_unread(const struct store_device *row)
{
	return is_listed(row) && row->seen_at_ms == 0;
}

/* When the last list was asked for that did not have it: a whole one, or where none ever was, the
 * last with every page, which took no longer than an interval. */
static int64_t last_without(const struct changes *x)
{
	const struct store_account *a = &x->watch->account;

	if (a->whole_sent_at_ms != 0)
		return a->whole_sent_at_ms;
	return a->last_sweep_at_ms != 0 ? a->last_sweep_at_ms - a->interval_ms
					: x->sent_at_ms;
}

/* Since when lists have lacked one that is new: the first one did, or, where it is not known when that
 * was, the last. */
static int64_t absent_since(const struct changes *x, const struct store_device *row)
{
	const struct store_account *a = &x->watch->account;

	if (!a->swept)
		return 0;
	return a->swept_sent_at_ms != 0 ? a->swept_sent_at_ms : row->not_before_ms;
}

static json_t *facts_of(const struct changes *x, const struct device *d)
{
	json_t *facts = device_facts(d);

	(void)watch_name_extension(x->watch, facts);
	return facts;
}

/* Its first record; digest NULL where it could not be read. It is news where the device is in the
 * list for the first time, or again after it was removed, and the first sweep is over. */
static int add_device(struct changes *x, struct device *d, struct store_device *row,
		      const unsigned char *digest)
{
	json_t *facts = facts_of(x, d);
	const struct store_account *a = &x->watch->account;
	bool is_news = a->swept && !is_listed(row);
	int rc;

	row->account_id = a->account_id;
	free(row->id);
	row->id = mem_strdup(d->id);
	free(row->doc);
	row->doc = dump(d->record);
	free(row->facts);
	row->facts = dump(facts);
	row->version_id = 0;
	row->removed_at_ms = 0;
	row->last_known = DEVICE_UNKNOWN;
	row->has_location = d->has_location;
	row->location_ms = d->location_ms;
	row->observed_at_ms = x->arrived_at_ms;
	row->not_before_ms = watch_not_before(last_without(x), x->arrived_at_ms);
	row->absent_since_ms = absent_since(x, row);
	fill_state(x, row, d, digest);
	rc = store_device_save(x->c, row, x->err);
	if (rc == 0 && is_news) {
		struct event ev =
			event_of(x, EVENT_DEVICE_ADDED, row, facts, row->not_before_ms);

		rc = tell(x, &ev, row);
	}
	json_decref(facts);
	return rc;
}

static enum event_type transition_to(enum device_status status)
{
	switch (status) {
	case DEVICE_ONLINE:
		return EVENT_DEVICE_ONLINE;
	case DEVICE_OFFLINE:
		return EVENT_DEVICE_OFFLINE;
	case DEVICE_UNKNOWN:
		break;
	}
	return EVENT_DEVICE_UNKNOWN;
}

/* How the record at hand differs from the stored one. */
struct change {
	enum device_status previous;
	int64_t not_before_ms;
	json_t *offline;        /* how long it was, where it is online again; or NULL */
	json_t *location;       /* change of last_location_report_time, or NULL */
	bool location_is_early; /* one was told just before */
	bool location_is_gone;
	json_t *fields; /* changes of all else; empty for none */
};

static int tell_changes(struct changes *x, const struct change *change,
			const struct store_device *row, json_t *facts)
{
	struct event ev;
	int rc = 0;

	if (row->status != change->previous) {
		ev = event_of(x, transition_to(row->status), row, facts,
			      change->not_before_ms);
		ev.previous = change->previous;
		ev.detail = change->offline;
		rc = tell(x, &ev, row);
	}
	if (rc == 0 && change->location != NULL && !change->location_is_gone &&
	    !change->location_is_early) {
		x->location_told = true;
		ev = event_of(x, EVENT_DEVICE_LOCATION, row, facts,
			      change->not_before_ms);
		ev.detail = json_pack("{s:[O]}", "changes", change->location);
		rc = tell(x, &ev, row);
		json_decref(ev.detail);
	}
	if (change->location_is_gone)
		json_array_append(change->fields, change->location);
	if (rc == 0 && json_array_size(change->fields) > 0) {
		ev = event_of(x, EVENT_DEVICE_CHANGED, row, facts, change->not_before_ms);
		ev.detail = json_pack("{s:O}", "changes", change->fields);
		rc = tell(x, &ev, row);
		json_decref(ev.detail);
	}
	return rc;
}

/* Compare the location report and take over the new one. One that cannot be read changes
 * nothing; another spelling of the same instant is no change. */
static void compare_location(const struct changes *x, struct change *change,
			     struct store_device *row, const struct device *d)
{
	if (d->bad_location ||
	    (row->has_location == d->has_location && row->location_ms == d->location_ms))
		return;
	if (!x->other_route || (row->has_location && d->has_location)) {
		change->location = one_time_change(row->has_location, row->location_ms,
						   d->has_location, d->location_ms);
		change->location_is_gone = !d->has_location;
	}
	row->has_location = d->has_location;
	row->location_ms = d->location_ms;
}

/* Take out what only one of the two lists shows. */
static void keep_common(json_t *fields)
{
	for (size_t i = json_array_size(fields); i > 0; i--) {
		const json_t *change = json_array_get(fields, i - 1);

		if (json_is_null(json_object_get(change, "from")) ||
		    json_is_null(json_object_get(change, "to")))
			json_array_remove(fields, i - 1);
	}
}

/* Compare all other fields; row->doc is NULL afterwards where it is to stay as it is. */
static void compare_record(const struct changes *x, struct change *change,
			   struct store_device *row, const struct device *d)
{
	char *doc = dump(d->record);
	json_t *was;

	if (strcmp(doc, row->doc) != 0) {
		was = json_loads(row->doc, 0, NULL);
		json_decref(change->fields);
		change->fields = diff_records(was, d->record);
		if (x->other_route)
			keep_common(change->fields);
		json_decref(was);
		free(row->doc);
		row->doc = doc;
	} else {
		free(row->doc);
		row->doc = NULL;
		free(doc);
	}
}

/* Point to other facts where they have changed. */
static void compare_facts(struct store_device *row, const json_t *facts)
{
	char *text = dump(facts);

	if (strcmp(text, row->facts) != 0)
		row->version_id = 0;
	free(row->facts);
	row->facts = text;
}

/* Before the row is changed. */
static int find_offline(struct changes *x, struct change *change,
			const struct store_device *row, const struct device *d)
{
	int64_t interval_ms = x->watch->account.interval_ms;
	bool is_gap = store_is_gap(interval_ms, change->not_before_ms, x->arrived_at_ms);
	int64_t until_ms = is_gap ? change->not_before_ms : x->arrived_at_ms;
	bool was_reached;

	if (row->status != DEVICE_OFFLINE || d->status != DEVICE_ONLINE ||
	    until_ms < row->observed_at_ms) /* a clock that was set */
		return 0;
	if (store_span_was_reached(x->c, row->device_id, row->observed_at_ms,
				   &was_reached, x->err) != 0)
		return x->err->code;
	change->offline = event_offline_detail(
		until_ms - row->observed_at_ms,
		is_gap || !was_reached ? EVENT_OFFLINE_OR_LONGER : EVENT_OFFLINE_FOR);
	return 0;
}

static bool is_early(const struct changes *x, const struct known_device *known)
{
	return known->location_told_at_ms != 0 &&
	       x->arrived_at_ms - known->location_told_at_ms <
		       x->watch->location_every_ms;
}

static int change_device(struct changes *x, struct device *d, struct store_device *row,
			 const struct known_device *known, const unsigned char *digest)
{
	struct change change = {.previous = row->status,
				.location_is_early = is_early(x, known),
				.fields = json_array()};
	bool is_other = false, is_noted, had_location = row->has_location;
	int64_t location_ms = row->location_ms;
	json_t *facts;
	int rc;

	change.not_before_ms = watch_not_before(known->seen_at_ms, x->arrived_at_ms);
	rc = find_offline(x, &change, row, d);
	compare_location(x, &change, row, d);
	if (d->record != NULL) {
		compare_record(x, &change, row, d);
		facts = facts_of(x, d);
		compare_facts(row, facts);
		is_other = row->doc != NULL || row->version_id == 0;
	} else { /* known to be as it was */
		facts = audience_asks_facts(x->audience) ? json_loads(row->facts, 0, NULL)
							 : NULL;
	}
	if (d->status != row->status) {
		row->not_before_ms = change.not_before_ms;
		row->observed_at_ms = x->arrived_at_ms;
	}
	is_noted = is_other || d->status != change.previous ||
		   had_location != row->has_location || location_ms != row->location_ms;
	fill_state(x, row, d, digest);
	if (rc == 0)
		rc = store_device_save(x->c, row, x->err);
	if (rc == 0)
		rc = tell_changes(x, &change, row, facts);
	if (is_noted)
		note(x, known, row, is_other);
	json_decref(change.offline);
	json_decref(change.location);
	json_decref(change.fields);
	json_decref(facts);
	return rc;
}

static bool is_ignored_type(const struct watch *w, const char *type)
{
	for (size_t i = 0; type != NULL && i < w->n_ignore_types; i++)
		if (strcmp(type, w->ignore_types[i]) == 0)
			return true;
	return false;
}

/* A known device whose record is as it was is ignored as it was. */
static bool is_ignored(const struct changes *x, const struct known_device *known,
		       const struct device *d)
{
	return d->record != NULL ? is_ignored_type(x->watch, device_text(d, "type"))
				 : known->ignored;
}

/* Whether it was stored as one that is not ignored now. Of one that was never read, nobody has
 * heard. */
static bool was_watched(const struct changes *x, const struct store_device *row)
{
	json_t *facts = json_loads(row->facts, 0, NULL);
	bool ignored = is_ignored_type(x->watch,
				       json_string_value(json_object_get(facts, "type")));

	json_decref(facts);
	return !ignored && !is_unread(row);
}

static int ignore_device(struct changes *x, const struct known_device *known,
			 int64_t *device_id)
{
	struct store_device row;
	bool watched;

	*device_id = known->device_id;
	if (known->device_id == 0)
		return 0;
	if (store_device_load_by_id(x->c, known->device_id, &row, x->err) != 0)
		return x->err->code;
	watched = was_watched(x, &row);
	store_device_clear(&row);
	if (watched)
		return 0; /* the sweep misses it */
	*device_id = 0;
	note_gone(x, known->device_id);
	return changes_mark(x, known->device_id,
			    &(struct store_mark){.seen_at_ms = known->seen_at_ms,
						 .removed_at_ms = x->arrived_at_ms});
}

/* What is stored of it; doc only where there is a record to compare it with. */
static int load_row(struct changes *x, const struct known_device *known,
		    const struct device *d, struct store_device *row)
{
	if (known->device_id == 0)
		return store_device_load(x->c, x->watch->account.account_id, d->id, row,
					 x->err);
	if (store_device_load_by_id(x->c, known->device_id, row, x->err) != 0)
		return x->err->code;
	return d->record != NULL ? store_device_load_doc(x->c, row, x->err) : 0;
}

int changes_record(struct changes *x, const struct known_device *known, struct device *d,
		   const unsigned char *digest, int64_t *device_id, bool *ignored)
{
	struct store_device row = {0};
	bool is_new;
	int rc;

	x->location_told = false;
	*ignored = is_ignored(x, known, d);
	if (*ignored)
		return ignore_device(x, known, device_id);
	if (changes_begin(x) != 0)
		return x->err->code;
	rc = load_row(x, known, d, &row);
	is_new = !is_listed(&row) || is_unread(&row);
	if (rc == 0)
		rc = is_new ? add_device(x, d, &row, digest)
			    : change_device(x, d, &row, known, digest);
	if (rc == 0 && is_new)
		note(x, known, &row, true);
	*device_id = row.device_id;
	store_device_clear(&row);
	return rc;
}

int changes_unread(struct changes *x, const char *id, int64_t *device_id)
{
	struct device nothing = {.id = mem_strdup(id), .record = json_object()};
	struct store_device row = {0};
	int rc = changes_begin(x);

	if (rc == 0)
		rc = store_device_load(x->c, x->watch->account.account_id, id, &row,
				       x->err);
	if (rc == 0)
		rc = add_device(x, &nothing, &row, NULL);
	*device_id = row.device_id;
	store_device_clear(&row);
	device_clear(&nothing);
	return rc;
}
