/* Every known member of the vendor's device record: a row each.
 *
 * Source  ringcentral/api.md section 9: the union of SipRegistrationDeviceInfo and
 *         DeviceResource in all revisions, under the names of the first (dotted). */
#ifndef MODEL_FIELD_H
#define MODEL_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/device.h"

enum field_type {
	FIELD_TEXT,
	FIELD_ID,      /* decimal text or a whole number: the same thing by place */
	FIELD_INTEGER, /* a whole number, also written 2.0 or 1e3 */
	FIELD_BOOLEAN,
	FIELD_SET,    /* an array of texts in no order */
	FIELD_OBJECT, /* members below */
	FIELD_INLINE, /* an object whose members are told as its parent's */
	FIELD_LIST,   /* an array of objects, told by their ids: name[ID].member */
	FIELD_OPAQUE, /* kept, never told */
};

struct field {
	const char *member; /* the vendor's name; NULL ends a table */
	const char *name;   /* ours; NULL: kept, never told */
	enum field_type type;
	bool personal; /* told without values, unless somebody may see them */
	const struct field *members; /* of FIELD_OBJECT, FIELD_INLINE, FIELD_LIST */
};

extern const struct field field_device[];

/* One told field of one record. */
struct field_value {
	char *name; /* "emergency.address_status", "phone_lines[110491008].phone_number" */
	json_t *value; /* text, integer, boolean, or an array of texts in order; owned */
	bool personal;
};

struct field_list {
	struct field_value *values; /* by name, each once */
	size_t n, cap;
};

/* All told fields of a record, sorted by name. All zero is an empty list. */
void field_list_init(struct field_list *list, const json_t *record);
void field_list_clear(struct field_list *list);

/* Take members of a wrong type out of the record, nulls too (null is absent). Returns how many
 * were wrong; nulls do not count. first gets the vendor's name of the first of them, as in
 * "phoneLines.phoneInfo.country"; it is left alone where there is none, and may be NULL. */
#define FIELD_PATH_BYTES DEVICE_FLAW_BYTES
unsigned field_clean(json_t *record, char first[FIELD_PATH_BYTES]);

#endif
