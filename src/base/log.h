/* The log: one line each, to stderr.
 *
 * error    the operator acts now
 * warning  nobody acts yet: what, why, what happens next
 * info     turning points, a few lines a day
 * debug    one request, one page, one decision
 *
 * Whoever decides what happens next logs, once; everything else returns its error. Where stderr
 * leads to the journal a line starts with its priority, as sd-daemon(3) has it; elsewhere with
 * the time and the level. Text from outside is escaped: a line stays a line. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Make text safe for a line of a terminal or a log: control characters, bytes that are not UTF-8
 * and characters that turn the direction of writing become \xNN of each byte.
 * out  gets at most size bytes with the NUL; cut where it does not fit.
 */
void log_escape(char *out, size_t size, const char *text);

/*
 * A failure that lasts is logged when it begins and hourly while it lasts; its end once.
 * All zero: nothing is wrong.
 */
struct lasting {
	int64_t since_ms; /* monotonic, of the first failure */
	int64_t logged_ms;
	unsigned n; /* failures since it began */
};

/* Count one failure; true where it is to be logged. */
bool lasting_failed(struct lasting *l, int64_t now_ms);
/* Something else about it has changed: the next failure is logged. */
void lasting_tell_again(struct lasting *l);
/* It works again; true where that ends a failure. The struct is ready for the next; copies of
 * what it was go to *was. */
bool lasting_ended(struct lasting *l, struct lasting *was);

#endif
