/* JSON printed at once, member by member, as jansson prints it with JSON_COMPACT: what is printed by the
 * thousand needs no object of each.
 *
 * A member gets the comma before it where it is not the first. Each function is one of member.h, for a
 * text. The buffer must have room for all. */
#ifndef MODEL_COMPACT_H
#define MODEL_COMPACT_H

#include <jansson.h>
#include <stdint.h>

#include "base/buf.h"

/* Open an object ('{') or an array ('['), and close it ('}', ']'). name NULL: it is no member. */
void compact_open(struct buf *b, const char *name, char bracket);
void compact_close(struct buf *b, char bracket);

/* UTF-8; NULL is null. */
void compact_text(struct buf *b, const char *name, const char *text);
/* RFC 3339, UTC, milliseconds. */
void compact_time(struct buf *b, const char *name, int64_t at_ms);
void compact_number(struct buf *b, const char *name, int64_t number);
/* Any value. */
void compact_json(struct buf *b, const char *name, const json_t *value);

#endif
