#include "watch.h"

#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/decode.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#define CONTEXT_MAX_BYTES (64u * 1024)

/* What the same bytes mean depends on these: with one of them changed, nothing is recognised. */
static void init_key(struct watch *w, const unsigned char *secret)
{
	struct buf context;

	buf_init(&context, CONTEXT_MAX_BYTES);
	buf_printf(&context, "account %zu %s decoder %d ignore", strlen(w->name), w->name,
		   DECODE_VERSION);
	for (size_t i = 0; i < w->n_ignore_types; i++)
		buf_printf(&context, " %zu %s", strlen(w->ignore_types[i]),
			   w->ignore_types[i]);
	digest_key_init(&w->key, secret, STORE_SECRET_BYTES, buf_text(&context));
	buf_clear(&context);
}

void watch_init(struct watch *w, const char *name, char *const *ignore_types,
		size_t n_ignore_types, const unsigned char *secret)
{
	*w = (struct watch){.name = mem_strdup(name), .n_ignore_types = n_ignore_types};
	w->ignore_types = mem_copy_texts(ignore_types, n_ignore_types);
	known_init(&w->known);
	init_key(w, secret);
}

void watch_clear(struct watch *w)
{
	store_account_clear(&w->account);
	known_clear(&w->known);
	extensions_clear(&w->extensions);
	book_destroy(w->book);
	free(w->notes);
	mem_free_texts(w->ignore_types, w->n_ignore_types);
	free(w->name);
}

static void on_device(const struct store_device *d, void *arg)
{
	struct watch *w = arg;
	uint32_t place = known_add(&w->known, d->id);
	struct known_device *k = &w->known.devices[place];

	k->device_id = d->device_id;
	k->seen_at_ms = d->seen_at_ms;
	/* The last whole sweep showed it too, unless it says otherwise. */
	if (!d->lapsed && w->account.whole_sent_at_ms > k->seen_at_ms)
		k->seen_at_ms = w->account.whole_sent_at_ms;
	k->lapsed = d->lapsed;
	k->missed = (uint8_t)(d->missed < UINT8_MAX ? d->missed : UINT8_MAX);
	if (w->account.shrunk_since_at_ms != 0 && d->missed > 0)
		w->shrunk_by++;
	if (d->has_digest)
		known_set_digest(&w->known, place, d->digest);
}

static void on_extension(const struct extension *x, void *arg)
{
	struct watch *w = arg;

	extensions_add(&w->extensions, x->id, x->name);
}

bool watch_name_extension(const struct watch *w, json_t *facts)
{
	const char *id = json_string_value(json_object_get(facts, "extension_id"));
	const char *was = json_string_value(json_object_get(facts, "extension_name"));
	const struct extension *x =
		id != NULL ? extensions_find(&w->extensions, id) : NULL;
	const char *name = x != NULL ? x->name : NULL;

	if (name == NULL ? was == NULL : was != NULL && strcmp(name, was) == 0)
		return false;
	json_object_set_new(facts, "extension_name",
			    name != NULL ? json_string(name) : json_null());
	return true;
}

int watch_load(struct watch *w, struct store_conn *c, struct err *err)
{
	if (w->loaded)
		return 0;
	store_account_clear(&w->account);
	known_clear(&w->known);
	extensions_clear(&w->extensions);
	w->names_are_told = false;
	w->shrunk_by = 0;
	/* What a sweep at hand has seen is lost with it: it can say nothing any more. */
	w->sweep = (struct sweep){.number = w->sweep.number, .last = KNOWN_NONE};
	if (store_account_load(c, w->name, &w->account, err) != 0 ||
	    store_extensions_each(c, w->account.account_id, on_extension, w, err) != 0 ||
	    store_devices_each(c, w->account.account_id, on_device, w, err) != 0)
		return err->code;
	w->loaded = true;
	return 0;
}

static void forget_book(struct watch *w)
{
	book_destroy(w->book);
	w->book = NULL;
	w->n_notes = 0;
}

void watch_doubt(struct watch *w)
{
	w->loaded = false;
	forget_book(w);
}

void watch_take_note(struct watch *w, const struct watch_note *note)
{
	if (w->book == NULL) /* it will be read from what is stored */
		return;
	w->notes = mem_grow(w->notes, w->n_notes, &w->notes_cap, sizeof *w->notes);
	w->notes[w->n_notes++] = *note;
}

static void move(int64_t *at_ms, int64_t step_ms)
{
	if (*at_ms != 0)
		*at_ms += step_ms;
}

void watch_clock_set(struct watch *w, int64_t set_ms)
{
	int64_t step_ms = set_ms - w->clock_set_ms;

	w->clock_set_ms = set_ms;
	w->unnoted_ms += step_ms;
	move(&w->account.shrunk_since_at_ms, step_ms);
	if (step_ms >= 0)
		return;
	forget_book(w); /* its times are of the old clock */
	move(&w->account.swept_sent_at_ms, step_ms);
	move(&w->account.whole_sent_at_ms, step_ms);
	move(&w->account.last_page_at_ms, step_ms);
	move(&w->sweep.sent_at_ms, step_ms);
	for (uint32_t i = 0; i < w->known.n; i++) {
		move(&w->known.devices[i].seen_at_ms, step_ms);
		move(&w->known.devices[i].location_told_at_ms, step_ms);
	}
}

int watch_note_page(struct watch *w, struct store_conn *c, int64_t at_ms, int64_t step_ms,
		    struct err *err)
{
	struct store_account *a = &w->account;
	/* As it was on the clock of its time. */
	int64_t last_ms = a->last_page_at_ms - (step_ms < 0 ? step_ms : 0);
	bool begun = a->last_page_at_ms != 0;

	a->last_page_at_ms = at_ms;
	if (!begun || (step_ms == 0 && at_ms >= last_ms &&
		       !store_is_gap(a->interval_ms, last_ms, at_ms)))
		return 0;
	return at_ms >= last_ms
		       ? store_account_gap(c, a->account_id, last_ms, at_ms, err)
		       : store_account_gap(c, a->account_id, at_ms, last_ms, err);
}

int64_t watch_not_before(int64_t seen_at_ms, int64_t at_ms)
{
	return seen_at_ms < at_ms ? seen_at_ms : at_ms;
}

int watch_tell(struct watch *w, struct store_conn *c, struct event *ev, int64_t device_id,
	       int64_t version_id, const struct audience *audience, struct err *err)
{
	int64_t *ids = mem_alloc((audience->n + 1) * sizeof *ids);
	size_t n = audience_for(audience, ev, ids);
	int rc = store_event_add(c, ev, w->account.account_id, device_id, version_id, ids,
				 n, err);

	free(ids);
	return rc;
}

static json_t *state_detail(const struct store_account *a, const char *reason,
			    const char *detail)
{
	char since[CLOCK_TEXT_BYTES];
	json_t *object = json_object();

	clock_format(since, a->since_at_ms);
	json_object_set_new(object, "reason",
			    reason != NULL ? json_string(reason) : json_null());
	json_object_set_new(object, "detail",
			    detail != NULL ? json_string(detail) : json_null());
	json_object_set_new(object, "since", json_string(since));
	if (a->state == ACCOUNT_REACHABLE)
		json_object_set_new(object, "counts",
				    json_pack("{s:I, s:I, s:I, s:I}", "devices",
					      (json_int_t)a->n_devices, "online",
					      (json_int_t)a->n_online, "offline",
					      (json_int_t)a->n_offline, "unknown",
					      (json_int_t)(a->n_devices - a->n_online -
							   a->n_offline)));
	return object;
}

static void replace(char **text, const char *with)
{
	free(*text);
	*text = with != NULL ? mem_strdup(with) : NULL;
}

/* An account is out of sight since its last page came; a list that has shrunk is a list. */
static int64_t since_ms(const struct store_account *a, const char *reason, int64_t at_ms)
{
	bool no_page = a->state == ACCOUNT_UNREACHABLE &&
		       strcmp(reason, reason_name(REASON_LIST_SHRUNK)) != 0;

	return no_page && a->last_page_at_ms != 0 ? a->last_page_at_ms : at_ms;
}

int watch_tell_state(struct watch *w, struct store_conn *c, enum account_state state,
		     const char *reason, const char *detail, int64_t at_ms,
		     const struct audience *audience, struct err *err)
{
	struct store_account *a = &w->account;
	struct event ev = {
		.type = state == ACCOUNT_REACHABLE ? EVENT_ACCOUNT_REACHABLE
						   : EVENT_ACCOUNT_UNREACHABLE,
		.at_ms = at_ms,
		.account = w->name,
	};
	int rc;

	w->sweep.is_back = false;
	a->state = state;
	a->since_at_ms = since_ms(a, reason, at_ms);
	replace(&a->reason, reason);
	replace(&a->detail, detail);
	if (store_account_count(c, a, err) != 0)
		return err->code;
	ev.detail = state_detail(a, reason, detail);
	rc = watch_tell(w, c, &ev, 0, 0, audience, err);
	json_decref(ev.detail);
	return rc;
}
