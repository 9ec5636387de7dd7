/* Members of the JSON that is told: the same for events and for the answers to queries. */
#ifndef MODEL_MEMBER_H
#define MODEL_MEMBER_H

#include <jansson.h>
#include <stdint.h>

/* Each sets object.name; the name is borrowed. */

/* NULL is null. */
void member_text(json_t *object, const char *name, const char *text);
/* RFC 3339, UTC, milliseconds. */
void member_time(json_t *object, const char *name, int64_t at_ms);
/* The same; 0 is null: never. */
void member_time_or_null(json_t *object, const char *name, int64_t at_ms);
void member_number(json_t *object, const char *name, int64_t number);

#endif
