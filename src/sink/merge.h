/* The part of the dispatch's job that gathers (sink/gather.h): it looks at all that the sink is owed,
 * writes the digests that are due, each in place of what it stands for, marks what is told as it is as
 * begun (first_at_ms), so that it comes in no digest any more, and reads what is to be told. */
#ifndef SINK_MERGE_H
#define SINK_MERGE_H

#include "sink/owed.h"

#define MERGE_MAX 2000 /* events looked at at a time; a full digest is of so many */

/* o->gather is not NULL. Sets o->again, o->due_at_ms and its rows. Returns 0 or ERR_STORE. */
int merge_read(struct owed *o, struct store_conn *c, struct err *err);

#endif
