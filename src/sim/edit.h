/* Members of a JSON text that are set or taken out, by their path: what a vendor who drifts sends.
 * Pure.
 *
 * Shape   a path is names and places divided by dots, as "records.0.site.name"; "last" is the
 *         last place of an array. What is set stands there byte for byte as it was given, be it
 *         JSON or not: 0042, NaN, or "a","id":"b" for a name that comes twice. */
#ifndef SIM_EDIT_H
#define SIM_EDIT_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct edit {
	char *path;
	char *text; /* NULL: the member is taken out */
};

struct edits {
	struct edit *list;
	size_t n, cap;
};

/* From now on path is this; NULL: not there. It replaces what was put there before. */
void edits_put(struct edits *edits, const char *path, const char *text);
void edits_clear(struct edits *edits);

/* Rewrite a text. Objects that a path leads through are made where they are missing; a path that
 * leads through anything else changes nothing. Returns false, and leaves the text, where it is
 * no JSON. */
bool edits_apply(const struct edits *edits, struct buf *text);

#endif
