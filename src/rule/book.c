#include "rule/book.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rule/book_inside.h"

/* ---- the book ---- */

struct book *book_create(const struct rules *rules, const char *account)
{
	struct book *b = mem_zalloc(sizeof *b);

	b->rules = rules_copy(rules);
	b->account = mem_strdup(account);
	TAILQ_INIT(&b->queue);
	b->scopes = mem_grow(b->scopes, 0, &b->scopes_cap, sizeof *b->scopes);
	b->scopes[b->n_scopes++] =
		(struct book_scope){.rule = rule_of_site(b->rules, account, NULL)};
	return b;
}

static void destroy_device(struct book_device *d)
{
	struct book_alert *next;

	for (struct book_alert *a = d->alerts; a != NULL; a = next) {
		next = a->next;
		book_destroy_alert(a);
	}
	free(d->id);
}

void book_destroy(struct book *b)
{
	if (b == NULL)
		return;
	book_done(b);
	for (uint32_t i = 0; i < b->n_devices; i++)
		destroy_device(&b->devices[i]);
	for (uint32_t i = 0; i < b->n_scopes; i++) {
		book_destroy_alert(b->scopes[i].outage);
		free(b->scopes[i].id);
		free(b->scopes[i].name);
	}
	book_destroy_alert(b->blind);
	places_clear(&b->by_device_id);
	places_clear(&b->by_site);
	free(b->scopes);
	due_clear(&b->due);
	rules_release(b->rules);
	free(b->devices);
	free(b->account);
	free(b->look);
	free(b);
}

bool book_is_of(const struct book *b, const struct rules *rules)
{
	return b->rules->serial == rules->serial;
}

const struct rule_settings *book_settings(const struct book *b,
					  const struct book_device *d)
{
	return &b->rules->rules[d->rule].settings;
}

const struct rule_settings *book_scope_settings(const struct book *b,
						const struct book_scope *s)
{
	return &b->rules->rules[s->rule].settings;
}

void book_look(struct book *b, uint32_t place)
{
	struct book_device *d = &b->devices[place];

	b->scopes[d->site].looked = true;
	b->scopes[BOOK_ACCOUNT].looked = true;
	if (d->looked)
		return;
	d->looked = true;
	b->look = mem_grow(b->look, b->n_look, &b->look_cap, sizeof *b->look);
	b->look[b->n_look++] = place;
}

bool book_counts_as(const struct book_device *d, enum device_status status)
{
	return !d->gone && d->has_type && d->was_online && d->last_known == status;
}

bool book_is_listed(const struct book *b, const struct book_device *d)
{
	return !d->gone && b->view->is_fresh(b->view->arg, d->device_id, d->tag);
}

bool book_is_fresh(const struct book *b, const struct book_device *d)
{
	return d->status != DEVICE_UNKNOWN && book_is_listed(b, d);
}

/* ---- sites ---- */

/* FNV-1a; one site in 2^64 is taken for another. */
static uint64_t digest_of(const char *text)
{
	uint64_t digest = UINT64_C(0xcbf29ce484222325);

	for (; *text != '\0'; text++)
		digest = (digest ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return digest;
}

uint32_t book_site(struct book *b, const char *id, const char *name)
{
	uint32_t scope = places_find(&b->by_site, digest_of(id));
	struct book_scope *s;

	if (scope == PLACES_NONE) {
		scope = b->n_scopes++;
		b->scopes = mem_grow(b->scopes, scope, &b->scopes_cap, sizeof *b->scopes);
		b->scopes[scope] = (struct book_scope){.id = mem_strdup(id)};
		places_add(&b->by_site, digest_of(id), scope);
	}
	s = &b->scopes[scope];
	if (s->name == NULL || strcmp(s->name, name) != 0) {
		free(s->name);
		s->name = mem_strdup(name);
		s->rule = rule_of_site(b->rules, b->account, name);
	}
	return scope;
}

/* By its id, or where there is none by its name. */
static uint32_t site_of(struct book *b, const char *facts)
{
	char *id = device_fact(facts, "site_id"), *name = device_fact(facts, "site");
	uint32_t scope = BOOK_ACCOUNT;

	if (id[0] != '\0' || name[0] != '\0')
		scope = book_site(b, id[0] != '\0' ? id : name, name);
	free(id);
	free(name);
	return scope;
}

/* ---- devices ---- */

/* One more, or with -1 one less, of those that its scopes count. */
static void count(struct book *b, const struct book_device *d, int64_t one)
{
	struct book_scope *site = &b->scopes[d->site],
			  *account = &b->scopes[BOOK_ACCOUNT];

	if (book_counts_as(d, DEVICE_ONLINE)) {
		account->n_online += one;
		site->n_online += site != account ? one : 0;
	} else if (book_counts_as(d, DEVICE_OFFLINE)) {
		account->n_offline += one;
		site->n_offline += site != account ? one : 0;
	}
}

static uint32_t place_of(struct book *b, int64_t device_id)
{
	uint32_t place = places_find(&b->by_device_id, (uint64_t)device_id);

	if (place != PLACES_NONE)
		return place;
	b->devices =
		mem_grow(b->devices, b->n_devices, &b->devices_cap, sizeof *b->devices);
	place = b->n_devices++;
	b->devices[place] = (struct book_device){.device_id = device_id, .gone = true};
	places_add(&b->by_device_id, (uint64_t)device_id, place);
	return place;
}

static void set_facts(struct book *b, struct book_device *d,
		      const struct book_device_state *state)
{
	/* Only rules with matches ask more than the type. */
	json_t *facts = b->rules->n > 1 ? json_loads(state->facts, 0, NULL) : NULL;
	char *type = device_fact(state->facts, "type");

	d->rule = (uint16_t)rule_of_device(b->rules, b->account, state->id, facts);
	d->has_type = rule_has_type(book_settings(b, d), type);
	d->emergency_flaw = state->emergency_flaw;
	d->site = site_of(b, state->facts);
	json_decref(facts);
	free(type);
	free(d->id);
	d->id = mem_strdup(state->id);
}

static void set_status(struct book_device *d, const struct book_device_state *state)
{
	d->status = (uint8_t)state->status;
	if (state->status == DEVICE_UNKNOWN || state->status == d->last_known)
		return;
	d->last_known = (uint8_t)state->status;
	d->turned_ms = state->at_ms;
	d->turned = true;
	d->was_online |= state->status == DEVICE_ONLINE;
}

static void set_state(struct book *b, struct book_device *d,
		      const struct book_device_state *state)
{
	if (d->gone) { /* what was before it was added counts no more */
		d->gone = false;
		d->was_online = false;
		d->last_known = DEVICE_UNKNOWN;
	}
	d->tag = state->tag;
	d->has_location = state->has_location;
	d->location_ms = state->location_ms;
	if (state->facts != NULL)
		set_facts(b, d, state);
	set_status(d, state);
}

void book_change(struct book *b, const struct book_device_state *state)
{
	uint32_t place = place_of(b, state->device_id);
	bool was_online;

	/* Of one that the book does not know there is nothing to be had but by its facts. */
	if (b->devices[place].gone && state->facts == NULL)
		return;
	book_look(b, place); /* where it was */
	count(b, &b->devices[place], -1);
	was_online = book_counts_as(&b->devices[place], DEVICE_ONLINE);
	set_state(b, &b->devices[place], state);
	count(b, &b->devices[place], 1);
	b->n_fell += was_online && book_counts_as(&b->devices[place], DEVICE_OFFLINE);
	book_look(b, place);
}

void book_remove(struct book *b, int64_t device_id, int64_t at_ms)
{
	uint32_t place = place_of(b, device_id);
	struct book_device *d = &b->devices[place];

	if (d->gone)
		return;
	count(b, d, -1);
	d->gone = true;
	d->turned_ms = at_ms;
	book_look(b, place);
}

/* ---- what is stored ---- */

/* The last that is known, and since when; what was before it was added does not count. */
static void set_past(struct book_device *d, const struct book_span *spans, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct book_span *s = &spans[i];

		if (s->gone) {
			d->was_online = false;
			d->last_known = DEVICE_UNKNOWN;
			continue;
		}
		d->was_online |= s->status == DEVICE_ONLINE;
		if (s->status == DEVICE_UNKNOWN || s->status == d->last_known)
			continue;
		d->last_known = (uint8_t)s->status;
		d->turned_ms = s->from_ms;
	}
}

void book_load_device(struct book *b, const struct book_device_state *state,
		      const struct book_span *spans, size_t n_spans)
{
	uint32_t place = place_of(b, state->device_id);
	struct book_device *d = &b->devices[place];

	set_state(b, d, state);
	if (n_spans > 0)
		d->last_known = DEVICE_UNKNOWN;
	set_past(d, spans, n_spans);
	d->turned = false;
	count(b, d, 1);
	/* The others are looked at where something about them changes. */
	if (book_counts_as(d, DEVICE_OFFLINE) || d->emergency_flaw != NULL)
		book_look(b, place);
	if (d->has_location && book_settings(b, d)->location_stale_after_ms > 0)
		due_add(&b->due,
			d->location_ms + book_settings(b, d)->location_stale_after_ms,
			place);
}

static void load_of_device(struct book *b, struct book_alert *a)
{
	struct book_device *d;

	a->device = place_of(b, a->alert.device_id);
	d = &b->devices[a->device];
	a->next = d->alerts;
	d->alerts = a;
	book_look(b, a->device);
}

/* Its name may have changed since: that of its devices counts, which are here by now. */
static uint32_t stored_site(struct book *b, const struct alert *stored)
{
	uint32_t scope = places_find(&b->by_site, digest_of(stored->subject));

	if (scope != PLACES_NONE)
		return scope;
	return book_site(b, stored->subject, stored->name != NULL ? stored->name : "");
}

static void load_of_scope(struct book *b, struct book_alert *a)
{
	const struct alert *stored = &a->alert;

	a->device = BOOK_NONE;
	a->scope = BOOK_ACCOUNT;
	if (stored->kind == ALERT_SITE_OUTAGE)
		a->scope = stored_site(b, stored);
	if (stored->kind == ALERT_MONITOR_BLIND)
		b->blind = a;
	else
		b->scopes[a->scope].outage = a;
	b->scopes[a->scope].looked = true;
}

void book_load_alert(struct book *b, struct alert *take)
{
	struct book_alert *a = mem_zalloc(sizeof *a);

	a->alert = *take;
	*take = (struct alert){0};
	if (a->alert.device_id != 0)
		load_of_device(b, a);
	else
		load_of_scope(b, a);
}

void book_load_end(struct book *b)
{
	b->is_new = true;
	for (uint32_t i = 0; i < b->n_devices; i++) {
		struct book_alert *a = book_find(&b->devices[i], ALERT_DEVICE_OFFLINE);

		if (a == NULL)
			continue;
		a->parent = book_outage(b, a->alert.absorbed_by);
		if (a->parent != NULL)
			a->parent->n_open++;
	}
}
