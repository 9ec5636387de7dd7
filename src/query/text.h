/* Members of a JSON object as text, for answers of many thousand lines: a third of the time that
 * objects take which are made to be written. What is written is what jansson writes. */
#ifndef QUERY_TEXT_H
#define QUERY_TEXT_H

#include <stdint.h>

#include "base/buf.h"

/* Each adds a member, behind a comma where b does not end with a brace. */

/* Any text, or NULL for null. */
void text_string(struct buf *b, const char *name, const char *text);
/* A word of ours, which needs no escapes, or NULL for null. */
void text_word(struct buf *b, const char *name, const char *word);
void text_time(struct buf *b, const char *name, int64_t at_ms);
/* 0 is null. */
void text_time_or_null(struct buf *b, const char *name, int64_t at_ms);
void text_number(struct buf *b, const char *name, int64_t number);

#endif
