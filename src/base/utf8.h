/* UTF-8, as RFC 3629 has it. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

/*
 * The length of the character at text (NUL-terminated), or 0 where it must not be shown as it
 * is: not UTF-8, a control character (C0, DEL, C1), a line or paragraph separator, or one that
 * turns the direction of what follows.
 */
size_t utf8_printable(const unsigned char *text);

/* The length of the longest start of text that is at most max bytes and ends with a whole
 * character. */
size_t utf8_cut(const char *text, size_t max);

#endif
