/* A window of time that comes again every week, by the clock on the wall. Pure, but for the
 * process's time zone.
 *
 * Where the clock is changed: a time that it leaves out is the moment at which it is changed; of a
 * time that it shows twice the first begins a window, and the second ends it. So a window is in
 * force once, never twice, and never not at all but where the clock leaves out all of it. */
#ifndef MODEL_WINDOW_H
#define MODEL_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define WINDOW_TEXT_BYTES 64

struct window {
	unsigned days; /* on which it begins: bit 0 is Sunday */
	int begin_min; /* minutes after midnight, 0 to 1439 */
	int end_min;   /* of the same midnight: up to a day after begin_min */
};

/*
 * Read a window.
 *
 * Shape  "[DAYS ]HH:MM-HH:MM". DAYS are names, ranges of them, or several with commas between:
 *        "Mon-Fri", "sat,sun", "Monday,Thu"; without: every day. An end that is not behind the
 *        beginning is of the day after: "22:00-06:00"; "00:00-24:00" is a whole day.
 *
 * Returns 0, or ERR_FORMAT with what is wrong with it; into is unchanged then.
 */
int window_parse(struct window *into, const char *text, struct err *err);
/* The same text for all spellings of it. */
void window_format(char out[WINDOW_TEXT_BYTES], const struct window *w);

/* Whether it is in force; if so *until_ms is when it ends, or, where one follows upon the other for
 * longer than a week, a time for which it lasts at least. */
bool window_covers(const struct window *w, int64_t at_ms, int64_t *until_ms);
/* When it begins next, after that time. */
int64_t window_next_ms(const struct window *w, int64_t after_ms);

#endif
