#include "query/e911.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/match.h"
#include "model/member.h"
#include "query/fleet.h"

const char *e911_address_name(enum e911_address address)
{
	static const char *const names[] = {
		[E911_VALID] = "valid",
		[E911_INVALID] = "invalid",
		[E911_UNKNOWN] = "unknown",
	};

	return names[address];
}

/* ---- what a record says ---- */

static char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? mem_strdup(text) : NULL;
}

static enum e911_answer answer_of(const json_t *value)
{
	if (!json_is_boolean(value))
		return E911_SILENT;
	return json_is_true(value) ? E911_YES : E911_NO;
}

static enum e911_answer not(enum e911_answer answer) {
	return answer == E911_YES  ? E911_NO
	       : answer == E911_NO ? E911_YES
				   : E911_SILENT;
}

/* The older answers have the address only where the newer ones have it, too. */
static char *country_of(const json_t *record, const json_t *emergency)
{
	static const char *const names[] = {"countryIsoCode", "country", "countryName"};
	const json_t *addresses[] = {
		json_object_get(emergency, "address"),
		json_object_get(record, "emergencyServiceAddress"),
	};

	for (size_t i = 0; i < COUNT(addresses); i++)
		for (size_t k = 0; k < COUNT(names); k++) {
			char *country = text_of(addresses[i], names[k]);

			if (country != NULL)
				return country;
		}
	return NULL;
}

static void read_record(struct e911_device *d, const json_t *record)
{
	const json_t *emergency = json_object_get(record, "emergency");

	d->address_status = text_of(emergency, "addressStatus");
	if (d->address_status == NULL)
		d->address = E911_UNKNOWN;
	else
		d->address = strcmp(d->address_status, "Valid") == 0 ? E911_VALID
								     : E911_INVALID;
	d->country = country_of(record, emergency);
	d->out_of_country = answer_of(json_object_get(emergency, "outOfCountry"));
	d->off_network = not(answer_of(json_object_get(record, "inCompanyNet")));
}

/* ---- all devices ---- */

static void add_device(struct e911 *e, const struct fleet_device *f, const json_t *record)
{
	const struct store_device *row = f->device;
	struct e911_device *d;

	e->devices =
		mem_grow(e->devices, e->n_devices, &e->devices_cap, sizeof *e->devices);
	d = &e->devices[e->n_devices++];
	*d = (struct e911_device){
		.account = mem_strdup(f->account->name),
		.id = mem_strdup(row->id),
		.facts = mem_strdup(row->facts),
		.site = device_fact(row->facts, "site"),
		.name = device_fact(row->facts, "name"),
		.location_ms = row->has_location ? row->location_ms : 0,
	};
	if (row->vendor_status != NULL)
		d->vendor_status = mem_strdup(row->vendor_status);
	read_record(d, record);
}

static int on_device(struct fleet_device *f, void *arg, struct err *err)
{
	struct store_device row = {.device_id = f->device->device_id};
	struct e911 *e = arg;
	json_t *record;

	if (f->device->removed_at_ms != 0 || !fleet_is_meant(f, e->matches, e->n_matches))
		return 0;
	if (store_device_load_doc(f->c, &row, err) != 0)
		return err->code;
	record = row.doc != NULL ? json_loads(row.doc, 0, NULL) : NULL;
	add_device(e, f, record);
	json_decref(record);
	store_device_clear(&row);
	return 0;
}

static void on_progress(int64_t n, void *arg)
{
	const struct e911 *e = arg;

	e->on_progress(n, e->arg);
}

/* ---- by site ---- */

static int by_site(const void *a, const void *b)
{
	const struct e911_device *x = a, *y = b;
	int order = strcmp(x->account, y->account);

	if (order == 0)
		order = strcmp(x->site, y->site);
	if (order == 0)
		order = strcmp(x->name, y->name);
	return order != 0 ? order : strcmp(x->id, y->id);
}

static struct e911_site *site_of(struct e911 *e, const struct e911_device *d)
{
	struct e911_site *last = e->n_sites > 0 ? &e->sites[e->n_sites - 1] : NULL;

	if (last != NULL && strcmp(last->account, d->account) == 0 &&
	    strcmp(last->site, d->site) == 0)
		return last;
	e->sites = mem_grow(e->sites, e->n_sites, &e->sites_cap, sizeof *e->sites);
	last = &e->sites[e->n_sites++];
	*last = (struct e911_site){.account = d->account, .site = d->site};
	return last;
}

static void count_device(struct e911 *e, const struct e911_device *d)
{
	struct e911_site *s = site_of(e, d);

	s->n_devices++;
	s->n_valid += d->address == E911_VALID;
	s->n_invalid += d->address == E911_INVALID;
	s->n_unknown += d->address == E911_UNKNOWN;
	s->n_off_network += d->off_network == E911_YES;
	s->n_out_of_country += d->out_of_country == E911_YES;
	s->n_without_location += d->location_ms == 0;
}

int e911_run(struct e911 *e, struct store_conn *c, int64_t now_at_ms, struct err *err)
{
	const struct fleet_walk walk = {
		.each = on_device,
		.on_progress = e->on_progress != NULL ? on_progress : NULL,
		.arg = e,
	};

	if (fleet_each(&walk, c, now_at_ms, err) != 0)
		return err->code;
	if (e->n_devices > 1)
		qsort(e->devices, e->n_devices, sizeof *e->devices, by_site);
	for (size_t i = 0; i < e->n_devices; i++)
		count_device(e, &e->devices[i]);
	return 0;
}

void e911_clear(struct e911 *e)
{
	for (size_t i = 0; i < e->n_devices; i++) {
		struct e911_device *d = &e->devices[i];

		free(d->account);
		free(d->id);
		free(d->facts);
		free(d->vendor_status);
		free(d->site);
		free(d->name);
		free(d->address_status);
		free(d->country);
	}
	free(e->devices);
	free(e->sites);
	e->devices = NULL;
	e->sites = NULL;
	e->n_devices = e->n_sites = 0;
}

/* ---- as JSON ---- */

static void member_answer(json_t *object, const char *name, enum e911_answer answer)
{
	json_object_set_new(object, name,
			    answer == E911_SILENT ? json_null()
						  : json_boolean(answer == E911_YES));
}

json_t *e911_device_object(const struct e911_device *d)
{
	json_t *o = json_object(), *facts = json_loads(d->facts, 0, NULL);

	json_object_set_new(o, "device",
			    device_object(d->account, d->id, facts, d->vendor_status));
	member_text(o, "address", e911_address_name(d->address));
	member_text(o, "address_status", d->address_status);
	member_text(o, "country", d->country);
	member_answer(o, "off_network", d->off_network);
	member_answer(o, "out_of_country", d->out_of_country);
	member_time_or_null(o, "last_location_report_time", d->location_ms);
	json_decref(facts);
	return o;
}

json_t *e911_site_object(const struct e911_site *s)
{
	json_t *o = json_object();

	member_text(o, "account", s->account);
	member_text(o, "site", s->site);
	member_number(o, "devices", s->n_devices);
	member_number(o, "valid", s->n_valid);
	member_number(o, "invalid", s->n_invalid);
	member_number(o, "unknown", s->n_unknown);
	member_number(o, "off_network", s->n_off_network);
	member_number(o, "out_of_country", s->n_out_of_country);
	member_number(o, "without_location_report", s->n_without_location);
	return o;
}
