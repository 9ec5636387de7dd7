#include "model/field.h"

#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define PLAIN(member, name, type)               \
	{                                       \
		member, name, type, false, NULL \
	}
#define PERSONAL(member, name)                       \
	{                                            \
		member, name, FIELD_TEXT, true, NULL \
	}
#define NESTED(member, name, type, members)        \
	{                                          \
		member, name, type, false, members \
	}
#define END                                           \
	{                                             \
		NULL, NULL, FIELD_OPAQUE, false, NULL \
	}

static const struct field addon[] = {
	PLAIN("id", NULL, FIELD_ID), /* in the name */
	PLAIN("name", "name", FIELD_TEXT),
	PLAIN("count", "count", FIELD_ID), /* a string in 2021, an integer since */
	END,
};

static const struct field model[] = {
	PLAIN("id", "id", FIELD_ID),
	PLAIN("name", "name", FIELD_TEXT),
	NESTED("addons", "addons", FIELD_LIST, addon),
	PLAIN("features", "features", FIELD_SET),
	PLAIN("deviceClass", "device_class", FIELD_TEXT),
	PLAIN("lineCount", "line_count", FIELD_INTEGER),
	END,
};

static const struct field extension[] = {
	PLAIN("id", "id", FIELD_ID),
	PLAIN("uri", NULL, FIELD_TEXT),
	PLAIN("extensionNumber", "extension_number", FIELD_TEXT),
	PLAIN("partnerId", "partner_id", FIELD_TEXT),
	END,
};

/* The default, Australian, French and shipping forms, and what 2026 added. */
static const struct field address[] = {
	PERSONAL("street", "street"),
	PERSONAL("street2", "street2"),
	PERSONAL("city", "city"),
	PERSONAL("zip", "zip"),
	PERSONAL("customerName", "customer_name"),
	PERSONAL("state", "state"),
	PERSONAL("stateId", "state_id"),
	PERSONAL("stateIsoCode", "state_iso_code"),
	PERSONAL("stateName", "state_name"),
	PERSONAL("country", "country"),
	PERSONAL("countryId", "country_id"),
	PERSONAL("countryIsoCode", "country_iso_code"),
	PERSONAL("countryName", "country_name"),
	PERSONAL("streetType", "street_type"),
	PERSONAL("buildingName", "building_name"),
	PERSONAL("buildingNumber", "building_number"),
	PERSONAL("apartment", "apartment"),
	PERSONAL("floor", "floor"),
	PERSONAL("designation", "designation"),
	PERSONAL("taxId", "tax_id"),
	PERSONAL("customerEmail", "customer_email"),
	PERSONAL("additionalCustomerEmail", "additional_customer_email"),
	PERSONAL("additionalCustomerName", "additional_customer_name"),
	PERSONAL("customerPhone", "customer_phone"),
	PERSONAL("additionalCustomerPhone", "additional_customer_phone"),
	PLAIN("outOfCountry", "out_of_country", FIELD_BOOLEAN),
	PLAIN("lineProvisioningStatus", "line_provisioning_status", FIELD_TEXT),
	PLAIN("syncStatus", "sync_status", FIELD_TEXT),
	END,
};

static const struct field location[] = {
	PLAIN("id", "id", FIELD_ID),
	PLAIN("name", "name", FIELD_TEXT),
	PLAIN("addressFormatId", "address_format_id", FIELD_ID),
	PLAIN("addressFormatStatus", "address_format_status", FIELD_TEXT),
	END,
};

static const struct field emergency[] = {
	NESTED("address", "address", FIELD_OBJECT, address),
	NESTED("location", "location", FIELD_OBJECT, location),
	PLAIN("outOfCountry", "out_of_country", FIELD_BOOLEAN),
	PLAIN("addressStatus", "address_status", FIELD_TEXT),
	PLAIN("visibility", "visibility", FIELD_TEXT),
	PLAIN("syncStatus", "sync_status", FIELD_TEXT),
	PLAIN("addressEditableStatus", "address_editable_status", FIELD_TEXT),
	PLAIN("addressRequired", "address_required", FIELD_BOOLEAN),
	PLAIN("addressLocationOnly", "address_location_only", FIELD_BOOLEAN),
	END,
};

static const struct field id_and_name[] = {
	PLAIN("id", "id", FIELD_ID),
	PLAIN("name", "name", FIELD_TEXT),
	PLAIN("uri", NULL, FIELD_TEXT),
	END,
};

static const struct field shipping[] = {
	PLAIN("status", "status", FIELD_TEXT),
	PLAIN("carrier", "carrier", FIELD_TEXT),
	PLAIN("trackingNumber", "tracking_number", FIELD_TEXT),
	NESTED("method", "method", FIELD_OBJECT, id_and_name),
	NESTED("address", "address", FIELD_OBJECT, address),
	END,
};

static const struct field line_emergency[] = {
	PLAIN("required", "required", FIELD_BOOLEAN),
	PLAIN("localOnly", "local_only", FIELD_BOOLEAN),
	PLAIN("lineProvisioningStatus", "line_provisioning_status", FIELD_TEXT),
	END,
};

static const struct field phone_info[] = {
	PLAIN("id", "phone_info_id", FIELD_ID), /* beside the line's own id */
	PLAIN("phoneNumber", "phone_number", FIELD_TEXT),
	PLAIN("paymentType", "payment_type", FIELD_TEXT),
	PLAIN("type", "type", FIELD_TEXT),
	PLAIN("usageType", "usage_type", FIELD_TEXT),
	NESTED("country", "country", FIELD_OBJECT, id_and_name),
	PLAIN("label", "label", FIELD_TEXT),
	PLAIN("location", "location", FIELD_TEXT),
	PLAIN("status", "status", FIELD_TEXT),
	NESTED("extension", "extension", FIELD_OBJECT, extension),
	END,
};

static const struct field phone_line[] = {
	PLAIN("id", NULL, FIELD_ID), /* in the name */
	PLAIN("lineType", "line_type", FIELD_TEXT),
	NESTED("emergencyAddress", "emergency_address", FIELD_OBJECT, line_emergency),
	NESTED("phoneInfo", NULL, FIELD_INLINE, phone_info),
	END,
};

const struct field field_device[] = {
	PLAIN("uri", NULL, FIELD_TEXT), /* newer APIs stop returning it */
	PLAIN("id", NULL, FIELD_ID),    /* the key: it never changes */
	PLAIN("type", "type", FIELD_TEXT),
	PLAIN("sku", "sku", FIELD_TEXT),
	PLAIN("name", "name", FIELD_TEXT),
	PLAIN("serial", "serial", FIELD_TEXT),
	PLAIN("computerName", "computer_name", FIELD_TEXT),
	NESTED("model", "model", FIELD_OBJECT, model),
	NESTED("extension", "extension", FIELD_OBJECT, extension),
	NESTED("emergencyServiceAddress", "emergency_service_address", FIELD_OBJECT,
	       address),
	NESTED("emergency", "emergency", FIELD_OBJECT, emergency),
	NESTED("shipping", "shipping", FIELD_OBJECT, shipping),
	NESTED("phoneLines", "phone_lines", FIELD_LIST, phone_line),
	PLAIN("boxBillingId", "box_billing_id", FIELD_INTEGER),
	PLAIN("useAsCommonPhone", "use_as_common_phone", FIELD_BOOLEAN),
	PLAIN("hotDeskDevice", "hot_desk_device", FIELD_BOOLEAN),
	PLAIN("automaticVoicemailLogin", "automatic_voicemail_login", FIELD_BOOLEAN),
	PLAIN("linePooling", "line_pooling", FIELD_TEXT),
	PLAIN("inCompanyNet", "in_company_net", FIELD_BOOLEAN),
	NESTED("site", "site", FIELD_OBJECT, id_and_name),
	PLAIN("billingStatement", NULL, FIELD_OPAQUE), /* only in answers to updates */
	NESTED("costCenter", "cost_center", FIELD_OBJECT, id_and_name),
	END,
};

static bool is_whole(const json_t *value)
{
	double d;

	if (json_is_integer(value))
		return true;
	d = json_real_value(value); /* 0 for all that is none */
	return json_is_real(value) && d > -9e15 && d < 9e15 && d == (double)(int64_t)d;
}

static bool has_type(const json_t *value, enum field_type type)
{
	switch (type) {
	case FIELD_TEXT:
		return json_is_string(value);
	case FIELD_ID:
		return json_is_string(value) || is_whole(value);
	case FIELD_INTEGER:
		return is_whole(value);
	case FIELD_BOOLEAN:
		return json_is_boolean(value);
	case FIELD_SET:
	case FIELD_LIST:
		return json_is_array(value);
	case FIELD_OBJECT:
	case FIELD_INLINE:
		return json_is_object(value);
	case FIELD_OPAQUE:
		return true;
	}
	return false;
}

/* What was wrong so far. */
struct wrong {
	unsigned n;
	char first[FIELD_PATH_BYTES];
};

/* This member is the first that is wrong, or holds it. All names of a path fit. */
static void name_first(struct wrong *wrong, const char *member)
{
	size_t len = strlen(member), inner = strlen(wrong->first);

	assert(len + 1 + inner < FIELD_PATH_BYTES);
	if (inner > 0) {
		memmove(wrong->first + len + 1, wrong->first, inner + 1);
		wrong->first[len] = '.';
	}
	memcpy(wrong->first, member, inner > 0 ? len : len + 1);
}

static void clean_object(struct wrong *wrong, json_t *object, const struct field *fields);

/* Elements of a set are texts, of a list objects. */
static bool is_element(const json_t *element, const struct field *field)
{
	return field->type == FIELD_SET ? json_is_string(element)
					: json_is_object(element);
}

/* All at once: one by one, each would move what follows it. */
static void take_out_others(json_t *array, const struct field *field)
{
	json_t *fitting = json_array();

	for (size_t i = 0; i < json_array_size(array); i++)
		if (is_element(json_array_get(array, i), field))
			json_array_append(fitting, json_array_get(array, i));
	json_array_clear(array);
	json_array_extend(array, fitting);
	json_decref(fitting);
}

static void clean_array(struct wrong *wrong, json_t *array, const struct field *field)
{
	size_t n_others = 0;

	for (size_t i = 0; i < json_array_size(array); i++) {
		json_t *element = json_array_get(array, i);

		if (!is_element(element, field)) {
			wrong->n += !json_is_null(element);
			n_others++;
		} else if (field->type == FIELD_LIST) {
			clean_object(wrong, element, field->members);
		}
	}
	if (n_others > 0)
		take_out_others(array, field);
}

static void clean_member(struct wrong *wrong, json_t *object, const struct field *f)
{
	json_t *value = json_object_get(object, f->member);

	if (!has_type(value, f->type) || json_is_null(value)) {
		wrong->n += !json_is_null(value);
		json_object_del(object, f->member);
	} else if (f->type == FIELD_OBJECT || f->type == FIELD_INLINE) {
		clean_object(wrong, value, f->members);
	} else if (f->type == FIELD_SET || f->type == FIELD_LIST) {
		clean_array(wrong, value, f);
	}
}

static void clean_object(struct wrong *wrong, json_t *object, const struct field *fields)
{
	for (const struct field *f = fields; f->member != NULL; f++) {
		bool was_fine = wrong->n == 0;

		if (json_object_get(object, f->member) == NULL)
			continue;
		clean_member(wrong, object, f);
		if (was_fine && wrong->n > 0)
			name_first(wrong, f->member);
	}
}

unsigned field_clean(json_t *record, char first[FIELD_PATH_BYTES])
{
	struct wrong wrong = {0};

	clean_object(&wrong, record, field_device);
	if (first != NULL && wrong.n > 0)
		memcpy(first, wrong.first, FIELD_PATH_BYTES);
	return wrong.n;
}

static int compare_texts(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;

	return strcmp(json_string_value(*x), json_string_value(*y));
}

static json_t *sorted_set(const json_t *array)
{
	size_t n = json_array_size(array);
	json_t **texts = mem_alloc(n * sizeof *texts);
	json_t *set = json_array();

	for (size_t i = 0; i < n; i++)
		texts[i] = json_array_get(array, i);
	qsort(texts, n, sizeof *texts, compare_texts);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || compare_texts(&texts[i - 1], &texts[i]) != 0)
			json_array_append(set, texts[i]);
	}
	free(texts);
	return set;
}

static json_int_t whole(const json_t *value)
{
	return json_is_integer(value) ? json_integer_value(value)
				      : (json_int_t)json_real_value(value);
}

/* The value as it is told: ids as text, whole numbers as integers, sets in order, each once. */
static json_t *told(const json_t *value, enum field_type type)
{
	if (type == FIELD_SET)
		return sorted_set(value);
	if (type == FIELD_ID && !json_is_string(value))
		return json_sprintf("%" JSON_INTEGER_FORMAT, whole(value));
	if (type == FIELD_INTEGER)
		return json_integer(whole(value));
	return json_copy((json_t *)value); /* a copy of a scalar */
}

/* Takes name. */
static void add_value(struct field_list *list, char *name, const json_t *value,
		      const struct field *f)
{
	list->values = mem_grow(list->values, list->n, &list->cap, sizeof *list->values);
	list->values[list->n++] =
		(struct field_value){name, told(value, f->type), f->personal};
}

static void add_object(struct field_list *list, const char *prefix, const json_t *object,
		       const struct field *fields);

/* What names an element of a list: its id, else its number's, else its number, else its place.
 * Lines had no id in 2019 (ringcentral/api.md section 9.6). */
static char *key_of(const json_t *element, size_t place)
{
	const json_t *info = json_object_get(element, "phoneInfo");
	const json_t *ids[] = {json_object_get(element, "id"),
			       json_object_get(info, "id"),
			       json_object_get(info, "phoneNumber")};

	for (size_t i = 0; i < COUNT(ids); i++) {
		if (json_is_string(ids[i]))
			return mem_strdup(json_string_value(ids[i]));
		if (ids[i] != NULL)
			return mem_printf("%" JSON_INTEGER_FORMAT, whole(ids[i]));
	}
	return mem_printf("%zu", place);
}

static void add_list(struct field_list *list, const char *name, const json_t *array,
		     const struct field *fields)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *element = json_array_get(array, i);
		char *key = key_of(element, i);
		char *prefix = mem_printf("%s[%s].", name, key);

		add_object(list, prefix, element, fields);
		free(prefix);
		free(key);
	}
}

static void add_member(struct field_list *list, const char *prefix, const json_t *value,
		       const struct field *f)
{
	char *name;

	if (f->type == FIELD_INLINE) {
		add_object(list, prefix, value, f->members);
		return;
	}
	if (f->name == NULL)
		return;
	name = mem_printf(f->type == FIELD_OBJECT ? "%s%s." : "%s%s", prefix, f->name);
	if (f->type == FIELD_OBJECT) {
		add_object(list, name, value, f->members);
	} else if (f->type == FIELD_LIST) {
		add_list(list, name, value, f->members);
	} else {
		add_value(list, name, value, f);
		return; /* name is the list's now */
	}
	free(name);
}

static void add_object(struct field_list *list, const char *prefix, const json_t *object,
		       const struct field *fields)
{
	for (const struct field *f = fields; f->member != NULL; f++) {
		const json_t *value = json_object_get(object, f->member);

		if (value != NULL)
			add_member(list, prefix, value, f);
	}
}

/* By name; of the same name twice (a list that repeats an id) the same one is first each time,
 * in whatever order they came. */
static int compare_values(const void *a, const void *b)
{
	const struct field_value *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order == 0) {
		char *p = json_dumps(x->value, JSON_ENCODE_ANY);
		char *q = json_dumps(y->value, JSON_ENCODE_ANY);

		order = strcmp(p, q);
		free(p);
		free(q);
	}
	return order;
}

void field_list_init(struct field_list *list, const json_t *record)
{
	size_t n = 0;

	*list = (struct field_list){0};
	add_object(list, "", record, field_device);
	if (list->n > 1)
		qsort(list->values, list->n, sizeof *list->values, compare_values);
	for (size_t i = 0; i < list->n; i++) {
		struct field_value *v = &list->values[i];

		if (n > 0 && strcmp(list->values[n - 1].name, v->name) == 0) {
			free(v->name);
			json_decref(v->value);
		} else {
			list->values[n++] = *v;
		}
	}
	list->n = n;
}

void field_list_clear(struct field_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->values[i].name);
		json_decref(list->values[i].value);
	}
	free(list->values);
	*list = (struct field_list){0};
}
