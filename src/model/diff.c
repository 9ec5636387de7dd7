#include "model/diff.h"

#include <string.h>

#include "model/field.h"

static json_t *or_null(const struct field_value *v)
{
	return v != NULL ? json_incref(v->value) : json_null();
}

static void add_change(json_t *changes, const struct field_value *from,
		       const struct field_value *to)
{
	const struct field_value *either = to != NULL ? to : from;
	json_t *change = json_object();

	json_object_set_new(change, "field", json_string(either->name));
	json_object_set_new(change, "from", or_null(from));
	json_object_set_new(change, "to", or_null(to));
	if (either->personal)
		json_object_set_new(change, "personal", json_true());
	json_array_append_new(changes, change);
}

json_t *diff_records(const json_t *from, const json_t *to)
{
	struct field_list a, b;
	json_t *changes = json_array();
	size_t i = 0, k = 0;

	field_list_init(&a, from);
	field_list_init(&b, to);
	while (i < a.n || k < b.n) {
		const struct field_value *x = i < a.n ? &a.values[i] : NULL;
		const struct field_value *y = k < b.n ? &b.values[k] : NULL;
		int order = x == NULL ? 1 : y == NULL ? -1 : strcmp(x->name, y->name);

		if (order < 0)
			add_change(changes, x, NULL);
		else if (order > 0)
			add_change(changes, NULL, y);
		else if (!json_equal(x->value, y->value))
			add_change(changes, x, y);
		i += order <= 0;
		k += order >= 0;
	}
	field_list_clear(&a);
	field_list_clear(&b);
	return changes;
}
