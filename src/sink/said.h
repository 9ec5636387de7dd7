/* What a receiver says of it that it does not take an event: for the log, and for whoever asks later
 * why. Pure. */
#ifndef SINK_SAID_H
#define SINK_SAID_H

#include "base/err.h"

#define SAID_BYTES 200 /* of its words, before they are escaped */

/*
 * Put ": " and its words behind the error's text, as in "HTTP 400: invalid_payload".
 *
 * text  as it came, which may be anything. On one line, with single blanks, cut at a whole character,
 *       and escaped for the log; nothing is put there of what is empty, or markup: a page for
 *       browsers says no more than its number does.
 */
void said_add(struct err *err, const char *text);

#endif
