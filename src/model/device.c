#include "model/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "model/compact.h"

void device_clear(struct device *d)
{
	free(d->id);
	free(d->vendor_status);
	json_decref(d->record);
	*d = (struct device){0};
}

bool device_is_flawed(const struct device *d)
{
	return d->n_wrong > 0 || d->bad_location;
}

const char *device_status_name(enum device_status status)
{
	switch (status) {
	case DEVICE_ONLINE:
		return "Online";
	case DEVICE_OFFLINE:
		return "Offline";
	case DEVICE_UNKNOWN:
		break;
	}
	return "Unknown";
}

enum device_status device_status_of(const char *vendor_status)
{
	if (vendor_status == NULL)
		return DEVICE_UNKNOWN;
	if (strcmp(vendor_status, "Online") == 0)
		return DEVICE_ONLINE;
	if (strcmp(vendor_status, "Offline") == 0)
		return DEVICE_OFFLINE;
	return DEVICE_UNKNOWN;
}

char *device_status_word(const char *text, size_t len)
{
	/* One byte more: by it utf8_cut sees that there is more. */
	char *word = mem_strndup(
		text, len <= DEVICE_STATUS_MAX_BYTES ? len : DEVICE_STATUS_MAX_BYTES + 1);

	word[utf8_cut(word, DEVICE_STATUS_MAX_BYTES)] = '\0';
	return word;
}

const char *device_text(const struct device *d, const char *member)
{
	return json_string_value(json_object_get(d->record, member));
}

/* object.member as it came, or null. A null object has none. */
static json_t *member_or_null(const json_t *object, const char *member)
{
	json_t *value = json_object_get(object, member);

	return value != NULL ? json_incref(value) : json_null();
}

/* An id is text for us, whatever it was. */
static json_t *id_or_null(const json_t *object)
{
	json_t *id = json_object_get(object, "id");

	if (json_is_integer(id))
		return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(id));
	if (json_is_real(id))
		return json_sprintf("%.0f", json_real_value(id));
	return member_or_null(object, "id");
}

static int compare_numbers(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Sorted: the vendor's order of lines is not known to be stable. */
static json_t *phone_numbers(const json_t *lines)
{
	size_t n = 0;
	const char **numbers = mem_alloc(json_array_size(lines) * sizeof *numbers);
	json_t *array = json_array();

	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *info =
			json_object_get(json_array_get(lines, i), "phoneInfo");
		const char *number =
			json_string_value(json_object_get(info, "phoneNumber"));

		if (number != NULL)
			numbers[n++] = number;
	}
	qsort(numbers, n, sizeof *numbers, compare_numbers);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_string(numbers[i]));
	free(numbers);
	return array;
}

json_t *device_facts(const struct device *d)
{
	const json_t *extension = json_object_get(d->record, "extension");
	const json_t *site = json_object_get(d->record, "site");
	const json_t *model = json_object_get(d->record, "model");
	json_t *facts = json_object();

	json_object_set_new(facts, "name", member_or_null(d->record, "name"));
	json_object_set_new(facts, "type", member_or_null(d->record, "type"));
	json_object_set_new(facts, "serial", member_or_null(d->record, "serial"));
	json_object_set_new(facts, "sku", member_or_null(d->record, "sku"));
	json_object_set_new(facts, "model", member_or_null(model, "name"));
	json_object_set_new(facts, "extension_number",
			    member_or_null(extension, "extensionNumber"));
	json_object_set_new(facts, "extension_id", id_or_null(extension));
	json_object_set_new(facts, "extension_name", json_null()); /* not in this list */
	json_object_set_new(facts, "phone_numbers",
			    phone_numbers(json_object_get(d->record, "phoneLines")));
	json_object_set_new(facts, "site", member_or_null(site, "name"));
	json_object_set_new(facts, "site_id", id_or_null(site));
	return facts;
}

const char *device_emergency_flaw(const json_t *record)
{
	const json_t *emergency = json_object_get(record, "emergency");
	const char *status =
		json_string_value(json_object_get(emergency, "addressStatus"));

	if (status != NULL && strcmp(status, "Valid") != 0)
		return "address_status";
	if (json_is_true(json_object_get(emergency, "outOfCountry")))
		return "out_of_country";
	return json_is_false(json_object_get(record, "inCompanyNet")) ? "off_network"
								      : NULL;
}

/* Any fact, by a parser. */
static char *parse_fact(const char *facts, const char *name)
{
	json_t *object = json_loads(facts, 0, NULL);
	const char *text = json_string_value(json_object_get(object, name));
	char *copy = mem_strdup(text != NULL ? text : "");

	json_decref(object);
	return copy;
}

char *device_fact(const char *facts, const char *name)
{
	char member[40];
	const char *text, *end;

	/* Within a text the quotes would have backslashes before them. */
	snprintf(member, sizeof member, "\"%s\":\"", name);
	text = strstr(facts, member);
	if (text == NULL)
		return mem_strdup("");
	text += strlen(member);
	end = text + strcspn(text, "\"\\");
	return *end == '"' ? mem_strndup(text, (size_t)(end - text))
			   : parse_fact(facts, name);
}

json_t *device_object(const char *account, const char *id, json_t *facts,
		      const char *vendor_status)
{
	json_t *device = json_object();

	json_object_set_new(device, "account", json_string(account));
	json_object_set_new(device, "id", json_string(id));
	json_object_update(device, facts);
	json_object_set_new(device, "vendor_status",
			    vendor_status != NULL ? json_string(vendor_status)
						  : json_null());
	return device;
}

void device_print(struct buf *b, const char *member, const char *account, const char *id,
		  const json_t *facts, const char *vendor_status)
{
	const char *name;
	json_t *value;

	compact_open(b, member, '{');
	compact_text(b, "account", account);
	compact_text(b, "id", id);
	json_object_foreach((json_t *)facts, name, value)
	{
		compact_json(b, name, value);
	}
	compact_text(b, "vendor_status", vendor_status);
	compact_close(b, '}');
}
