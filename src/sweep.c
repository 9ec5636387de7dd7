#include "sweep.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts.h"
#include "api/answer.h"
#include "base/mem.h"

#define LISTS_TO_REMOVE 2

void sweep_job_init(struct sweep_job *s)
{
	*s = (struct sweep_job){.job = {.run = sweep_run}};
}

void sweep_job_init_partial(struct sweep_job *s)
{
	*s = (struct sweep_job){.job = {.run = sweep_run_partial}};
}

int64_t sweep_most_missing(int64_t n_devices)
{
	return n_devices / 20 > 5 ? n_devices / 20 : 5;
}

/* ---- whole or not ---- */

/* A list that says nowhere how many there are, and whose last page claims no more. */
static bool has_no_totals(const struct sweep *s)
{
	return !s->has_totals && !s->has_next && s->total_pages != KNOWN_UNUSABLE &&
	       s->total_pages <= s->pages_seen;
}

/* Every page came, or there would be no job. */
static bool is_sound(const struct sweep *s)
{
	return s->n_duplicates == 0 && s->n_nameless == 0 && s->n_empty == 0;
}

static bool is_whole(const struct watch *w)
{
	const struct sweep *s = &w->sweep;

	/* One that moves from one extension to the other is listed twice. */
	if (s->route == ROUTE_EXTENSIONS)
		return s->ids_are_fresh && s->n_unanswered == 0 && s->n_nameless == 0;
	return is_sound(s) && (s->total_elements == s->n_listed ||
			       (w->n_without_totals >= SWEEP_HABIT && s->n_listed > 0));
}

/* Whether an account that was not swept is so now: who is told as new later must not have been
 * there all along. */
static bool ends_first(struct sweep_job *s)
{
	struct watch *w = s->watch;

	w->n_unsettled++;
	return s->whole || w->n_unsettled >= SWEEP_HABIT ||
	       (has_no_totals(&w->sweep) && is_sound(&w->sweep));
}

/* ---- removal ---- */

/* Whoever is stored and of a type that is ignored by now is to us as one that is not listed. */
static bool is_unlisted(const struct watch *w, uint32_t place)
{
	const struct known_device *d = &w->known.devices[place];

	return d->id != NULL &&
	       (d->sweep != w->sweep.number || (d->ignored && d->device_id != 0));
}

/* All of them, by one walk: there may be a million devices, and few that are not listed. */
static void find_unlisted(struct sweep_job *s)
{
	const struct known *known = &s->watch->known;
	size_t cap = 0;

	for (uint32_t i = 0; i < known->n; i++) {
		s->n_stored +=
			known->devices[i].id != NULL && known->devices[i].device_id != 0;
		if (!is_unlisted(s->watch, i))
			continue;
		s->unlisted =
			mem_grow(s->unlisted, s->n_unlisted, &cap, sizeof *s->unlisted);
		s->unlisted[s->n_unlisted++] = i;
	}
}

static void forget_unlisted(struct sweep_job *s)
{
	free(s->unlisted);
	s->unlisted = NULL;
	s->n_unlisted = 0;
}

/* Not listed, though by this route it could be. */
static bool is_missing(const struct watch *w, uint32_t place)
{
	return is_unlisted(w, place) && !(w->sweep.route == ROUTE_EXTENSIONS &&
					  w->known.devices[place].lone == KNOWN_LONE);
}

/* Whether an extension that there is now has it. One that lost its extension may still be there, and
 * cannot be listed by any. */
static bool has_extension(const struct watch *w, const json_t *facts)
{
	const char *id = json_string_value(json_object_get(facts, "extension_id"));

	return id != NULL && extensions_find(&w->extensions, id) != NULL;
}

/* By extensions: who of the missing has none, and cannot be listed. */
static int find_lone(struct sweep_job *s, struct store_conn *c, struct err *err)
{
	struct watch *w = s->watch;

	for (size_t i = 0; w->sweep.route == ROUTE_EXTENSIONS && i < s->n_unlisted; i++) {
		struct known_device *d = &w->known.devices[s->unlisted[i]];
		struct store_device row;
		json_t *facts;

		if (!is_missing(w, s->unlisted[i]) || d->device_id == 0 ||
		    d->lone != KNOWN_LONE_UNKNOWN)
			continue;
		if (store_device_load_by_id(c, d->device_id, &row, err) != 0)
			return err->code;
		facts = json_loads(row.facts, 0, NULL);
		d->lone = has_extension(w, facts) ? KNOWN_NOT_LONE : KNOWN_LONE;
		json_decref(facts);
		store_device_clear(&row);
	}
	return 0;
}

/* Lists by the one route and by the other are not in a row. */
static int change_route(struct sweep_job *s, struct store_conn *c, struct err *err)
{
	struct watch *w = s->watch;
	int rc = 0;

	if (w->account.route == w->sweep.route)
		return 0;
	w->account.route = w->sweep.route;
	for (uint32_t i = 0; rc == 0 && i < w->known.n; i++) {
		struct known_device *d = &w->known.devices[i];

		if (d->missed == 0 || d->device_id == 0)
			continue;
		d->missed = 0; /* should this not be committed, all is read again */
		rc = store_device_mark(c, d->device_id,
				       &(struct store_mark){.seen_at_ms = d->seen_at_ms,
							    .lapsed = d->lapsed},
				       err);
	}
	return rc;
}

struct counts {
	int64_t missing;
	int64_t newly; /* missing that the last whole list had */
};

static struct counts count_missing(const struct sweep_job *s)
{
	struct counts n = {0, 0};

	for (size_t i = 0; i < s->n_unlisted; i++) {
		const struct known_device *d = &s->watch->known.devices[s->unlisted[i]];

		if (d->device_id == 0 || !is_missing(s->watch, s->unlisted[i]))
			continue;
		n.missing++;
		n.newly += d->missed == 0;
	}
	return n;
}

/* Too many at once: until whole lists have agreed for a day. They agree where they lack the same
 * devices: none newly, and as many as before. A day that has yet to begin is of an earlier run's
 * clock, which was wrong. */
static bool is_shrunk(struct sweep_job *s, struct counts n)
{
	struct watch *w = s->watch;
	struct store_account *a = &w->account;
	bool few = n.missing <= sweep_most_missing(s->n_stored);

	if (a->shrunk_since_at_ms == 0 || a->shrunk_since_at_ms > s->ended_at_ms ||
	    n.newly > 0 || n.missing != w->shrunk_by)
		a->shrunk_since_at_ms = s->ended_at_ms;
	if (few || s->ended_at_ms - a->shrunk_since_at_ms >= SWEEP_SHRUNK_MS) {
		a->shrunk_since_at_ms = 0;
		w->shrunk_by = 0;
		return false;
	}
	w->shrunk_by = n.missing;
	return true;
}

/* One that could never be read is known to have been there when it was first listed. */
static int64_t last_listed(const struct store_device *row)
{
	return row->seen_at_ms != 0 ? row->seen_at_ms : row->not_before_ms;
}

static int tell_removed(struct sweep_job *s, struct store_conn *c, int64_t device_id,
			struct err *err)
{
	struct store_device row;
	struct event ev;
	int rc;

	if (store_device_load_by_id(c, device_id, &row, err) != 0)
		return err->code;
	ev = (struct event){
		.type = EVENT_DEVICE_REMOVED,
		.at_ms = s->ended_at_ms,
		.account = s->watch->name,
		.device_id = row.id,
		.facts = json_loads(row.facts, 0, NULL),
		.status = row.status,
		.vendor_status = row.vendor_status,
		.has_location = row.has_location,
		.location_ms = row.location_ms,
		.not_before_ms = watch_not_before(last_listed(&row), s->ended_at_ms),
	};
	rc = watch_tell(s->watch, c, &ev, device_id, row.version_id, s->audience, err);
	json_decref(ev.facts);
	store_device_clear(&row);
	watch_take_note(s->watch, &(struct watch_note){.device_id = device_id,
						       .at_ms = s->ended_at_ms,
						       .is_gone = true});
	s->n_events++;
	s->n_removed++;
	return rc;
}

/* One more whole list that lacks it. The row is written where that changes what is known. */
static int miss(struct sweep_job *s, struct store_conn *c, struct known_device *d,
		struct err *err)
{
	int missed = d->missed < LISTS_TO_REMOVE ? d->missed + 1 : LISTS_TO_REMOVE;
	bool gone = missed >= LISTS_TO_REMOVE && !s->shrunk;
	const struct store_mark mark = {
		.seen_at_ms = d->seen_at_ms,
		.lapsed = true,
		.missed = missed,
		.removed_at_ms = gone ? s->ended_at_ms : 0,
	};

	if (!gone && missed == d->missed && d->lapsed)
		return 0;
	if (store_device_mark(c, d->device_id, &mark, err) != 0)
		return err->code;
	return gone ? tell_removed(s, c, d->device_id, err) : 0;
}

static int miss_all(struct sweep_job *s, struct store_conn *c, struct err *err)
{
	struct watch *w = s->watch;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->n_unlisted; i++) {
		struct known_device *d = &w->known.devices[s->unlisted[i]];

		if (is_missing(w, s->unlisted[i]) && d->device_id != 0)
			rc = miss(s, c, d, err);
	}
	return rc;
}

/* What miss() has written, after its commit. */
static void remember_missed(struct sweep_job *s)
{
	struct known *known = &s->watch->known;

	for (size_t i = 0; i < s->n_unlisted; i++) {
		struct known_device *d = &known->devices[s->unlisted[i]];

		if (!is_missing(s->watch, s->unlisted[i]))
			continue;
		if (d->device_id == 0 ||
		    (d->missed + 1 >= LISTS_TO_REMOVE && !s->shrunk)) {
			known_remove(known, s->unlisted[i]);
			continue;
		}
		d->missed = (uint8_t)(d->missed < LISTS_TO_REMOVE ? d->missed + 1
								  : LISTS_TO_REMOVE);
		d->lapsed = true;
	}
}

/* ---- what no page has shown for long ---- */

/* One that is not listed. */
static bool is_stale(const struct sweep_job *s, uint32_t place)
{
	const struct known_device *d = &s->watch->known.devices[place];

	if (d->device_id == 0 || d->lapsed)
		return false;
	/* Behind a list that proves absence all the others count as seen. */
	return s->proves_absence
		       ? !is_missing(s->watch, place)
		       : store_is_gap(s->interval_ms, d->seen_at_ms, s->ended_at_ms);
}

/* Their rows tell when they were seen last. */
static int lapse_stale(struct sweep_job *s, struct store_conn *c, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->n_unlisted; i++) {
		const struct known_device *d = &s->watch->known.devices[s->unlisted[i]];
		const struct store_mark mark = {
			.seen_at_ms = d->seen_at_ms,
			.lapsed = true,
			.missed = d->missed,
		};

		if (!is_stale(s, s->unlisted[i]))
			continue;
		s->n_lapsed++;
		rc = store_device_mark(c, d->device_id, &mark, err);
	}
	return rc;
}

/* What lapse_stale() has written, after its commit. */
static void remember_lapsed(struct sweep_job *s)
{
	for (size_t i = 0; i < s->n_unlisted; i++) {
		if (is_stale(s, s->unlisted[i]))
			s->watch->known.devices[s->unlisted[i]].lapsed = true;
	}
}

/* ---- the account ---- */

static bool was_shrunk(const struct store_account *a)
{
	return a->state == ACCOUNT_UNREACHABLE &&
	       strcmp(a->reason, reason_name(REASON_LIST_SHRUNK)) == 0;
}

/* Reachable for the first time, or again. */
static bool is_reachable_now(const struct sweep_job *s)
{
	const struct watch *w = s->watch;

	return (w->account.state == ACCOUNT_NEW && w->account.swept) ||
	       w->sweep.is_back || (was_shrunk(&w->account) && s->whole && !s->shrunk);
}

static int tell_reachable(struct sweep_job *s, struct store_conn *c, struct err *err)
{
	s->n_events++;
	return watch_tell_state(s->watch, c, ACCOUNT_REACHABLE, NULL, NULL,
				s->ended_at_ms, s->audience, err);
}

static int tell_state(struct sweep_job *s, struct store_conn *c, struct err *err)
{
	struct watch *w = s->watch;
	char detail[128];

	/* Only from a list that proves it: any other does not know how many it lacks. */
	if (s->shrunk && s->proves_absence && !was_shrunk(&w->account)) {
		snprintf(detail, sizeof detail,
			 "the list lacks %" PRId64
			 " devices at once; nobody is removed until"
			 " whole lists have agreed for 24 hours",
			 s->n_missing);
		s->n_events++;
		return watch_tell_state(w, c, ACCOUNT_UNREACHABLE,
					reason_name(REASON_LIST_SHRUNK), detail,
					s->ended_at_ms, s->audience, err);
	}
	return is_reachable_now(s) ? tell_reachable(s, c, err) : 0;
}

static void copy_text(char **to, const char *from)
{
	free(*to);
	*to = mem_strdup(from);
}

static void fill_account(struct sweep_job *s)
{
	struct store_account *a = &s->watch->account;
	const struct sweep *sweep = &s->watch->sweep;

	a->last_sweep_at_ms = s->ended_at_ms;
	a->last_page_at_ms = s->ended_at_ms;
	/* From it a restart concludes that each device was seen, unless its row says otherwise:
	 * so only where the rows of those that were not have been written. */
	if (s->proves_absence)
		a->whole_sent_at_ms = sweep->sent_at_ms;
	a->interval_ms = s->interval_ms;
	a->route_tried_at_ms = s->route_tried_at_ms;
	a->pages_unchanged = sweep->pages_unchanged;
	a->records_unchanged = sweep->records_unchanged;
	a->records_parsed = sweep->records_parsed;
	a->records_bad = sweep->n_set_aside + sweep->n_nameless + sweep->n_flawed;
	copy_text(&a->budget_scope, s->budget_scope);
	copy_text(&a->budget_group, s->budget_group);
}

static int run(struct sweep_job *s, struct store_conn *c, struct err *err)
{
	struct watch *w = s->watch;
	struct counts n;

	w->n_without_totals = has_no_totals(&w->sweep) ? w->n_without_totals + 1 : 0;
	/* A page with a record set aside proves no absence. */
	s->whole = is_whole(w);
	s->proves_absence = s->whole && w->sweep.n_set_aside == 0;
	s->first = !w->account.swept && ends_first(s);
	if (store_begin(c, err) != 0 || change_route(s, c, err) != 0 ||
	    find_lone(s, c, err) != 0)
		return err->code;
	s->wants_ids = w->sweep.route == ROUTE_EXTENSIONS &&
		       (w->sweep.n_unanswered > 0 || count_missing(s).missing > 0);
	if (s->proves_absence) {
		n = count_missing(s);
		s->n_missing = n.missing;
		/* A first list is compared with parts of lists. */
		s->shrunk = !s->first && is_shrunk(s, n);
		if (miss_all(s, c, err) != 0)
			return err->code;
	} else {
		s->shrunk = w->account.shrunk_since_at_ms != 0;
	}
	if (lapse_stale(s, c, err) != 0)
		return err->code;
	fill_account(s);
	if (s->first) {
		w->account.swept = true;
		w->account.swept_sent_at_ms = w->sweep.sent_at_ms;
	}
	if (tell_state(s, c, err) != 0 || store_account_save(c, &w->account, err) != 0 ||
	    (s->wants_counts && store_account_count(c, &w->account, err) != 0) ||
	    store_commit(c, err) != 0)
		return err->code;
	remember_lapsed(s);
	if (s->proves_absence)
		remember_missed(s);
	return 0;
}

/* What only a sweep's end can decide. The first one tells nothing. */
static int run_rules(struct sweep_job *s, struct store_conn *c, struct err *err)
{
	struct alerts_run r = {
		.watch = s->watch,
		.audience = s->audience,
		.rules = s->rules,
		.at_ms = s->ended_at_ms,
	};

	if (s->rules == NULL || s->first || !s->watch->account.swept)
		return 0;
	if (alerts_run(&r, c, err) != 0)
		return err->code;
	s->confirm = r.confirm;
	s->unmuted_at_ms = r.unmuted_at_ms;
	s->n_events += r.n_events;
	return 0;
}

static int interrupted(struct err *err)
{
	return err_set(err, ERR_RETRY, "what it has seen was voided meanwhile");
}

int sweep_run(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct sweep_job *s = (struct sweep_job *)job;
	int rc;

	/* Read anew since the sweep began: what it has seen is forgotten, and it says nothing. */
	if (!s->watch->loaded || s->watch->sweep.pages_seen != s->n_pages)
		return interrupted(err);
	watch_clock_set(s->watch, s->clock_set_ms);
	find_unlisted(s);
	rc = run(s, c, err);
	forget_unlisted(s);
	if (rc == 0)
		rc = run_rules(s, c, err);
	if (rc != 0)
		watch_doubt(s->watch);
	return rc;
}

static int run_partial(struct sweep_job *s, struct store_conn *c, struct err *err)
{
	struct watch *w = s->watch;

	/* Whoever reads must know that pages do come. */
	w->account.interval_ms = s->interval_ms;
	if (store_begin(c, err) != 0 || lapse_stale(s, c, err) != 0 ||
	    (w->sweep.is_back && tell_reachable(s, c, err) != 0) ||
	    store_account_save(c, &w->account, err) != 0 || store_commit(c, err) != 0)
		return err->code;
	remember_lapsed(s);
	return 0;
}

int sweep_run_partial(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct sweep_job *s = (struct sweep_job *)job;
	int rc;

	if (!s->watch->loaded)
		return interrupted(err);
	watch_clock_set(s->watch, s->clock_set_ms);
	find_unlisted(s);
	rc = run_partial(s, c, err);
	forget_unlisted(s);
	if (rc == 0)
		rc = run_rules(s, c, err);
	if (rc != 0)
		watch_doubt(s->watch);
	return rc;
}
