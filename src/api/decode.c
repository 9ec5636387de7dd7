#include "api/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/field.h"

char *decode_id(const json_t *id, struct err *err)
{
	const char *text = json_string_value(id);

	if (json_is_integer(id))
		return mem_printf("%" JSON_INTEGER_FORMAT, json_integer_value(id));
	if (text == NULL)
		err_set(err, ERR_FORMAT, "id: %s",
			id == NULL || json_is_null(id) ? "missing" : "expected a string");
	else if (text[0] == '\0')
		err_set(err, ERR_FORMAT, "id: empty");
	else if (strlen(text) > DECODE_MAX_ID_BYTES)
		err_set(err, ERR_FORMAT, "id: longer than %d bytes", DECODE_MAX_ID_BYTES);
	else
		return mem_strdup(text);
	return NULL;
}

/* The vendor's word; of another type its JSON text; NULL for null and absent. */
static char *decode_status_word(const json_t *status)
{
	char *text, *word;

	if (status == NULL || json_is_null(status))
		return NULL;
	if (json_is_string(status))
		return device_status_word(json_string_value(status),
					  json_string_length(status));
	text = json_dumps(status, JSON_ENCODE_ANY | JSON_COMPACT);
	word = device_status_word(text, strlen(text));
	free(text);
	return word;
}

static void decode_location(struct device *d, const json_t *time)
{
	if (time == NULL || json_is_null(time))
		return;
	if (json_is_string(time) &&
	    clock_parse(json_string_value(time), &d->location_ms) == 0)
		d->has_location = true;
	else
		d->bad_location = true;
}

int decode_device(struct device *into, const char *record, size_t len, struct err *err)
{
	struct device d = {0};
	json_error_t why;

	if (len > DECODE_MAX_BYTES)
		return err_set(err, ERR_FORMAT, "larger than %u bytes", DECODE_MAX_BYTES);
	d.record = json_loadb(record, len, 0, &why);
	if (d.record == NULL)
		return err_set(err, ERR_FORMAT, "%s", why.text);
	d.id = decode_id(json_object_get(d.record, "id"), err);
	if (d.id == NULL) {
		device_clear(&d);
		return err->code;
	}
	d.vendor_status = decode_status_word(json_object_get(d.record, "status"));
	if (json_is_string(json_object_get(d.record, "status")))
		d.status = device_status_of(d.vendor_status);
	decode_location(&d, json_object_get(d.record, DEVICE_TIME_MEMBER));
	json_object_del(d.record, "status");
	json_object_del(d.record, DEVICE_TIME_MEMBER);
	if (d.bad_location)
		snprintf(d.flaw, sizeof d.flaw, DEVICE_TIME_MEMBER);
	d.n_wrong = field_clean(d.record, d.flaw);
	*into = d;
	return 0;
}
