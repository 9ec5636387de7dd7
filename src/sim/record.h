/* One device as the vendor writes it. Pure.
 *
 * Shape   the good answers' records, from full desk phones (about 2.2 KB) to placeholders
 * Source  api.md section 9: the union of its columns; ids have its JSON types */
#ifndef SIM_RECORD_H
#define SIM_RECORD_H

struct buf;
struct world;
struct world_device;

/* Links in records name the vendor's own host, as ours would differ with each start. */
#define RECORD_HOME "https://platform.ringcentral.com/restapi/v1.0"

/* Append the record of d, compact, as its edits leave it. */
void record_add(struct buf *b, const struct world *w, const struct world_device *d);

/* Append text as a JSON string, with its quotes. Bytes that are no UTF-8 go through as they are:
 * to play a vendor who sends such. NULL becomes null. */
void record_add_string(struct buf *b, const char *text);

#endif
