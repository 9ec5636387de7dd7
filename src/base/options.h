/* Wrong use of a command line, in the same words by every program: what getopt_long(3) refused. */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <getopt.h>
#include <stddef.h>

/*
 * Say what getopt_long() has just refused: "--bogus: no such option", "-c: needs a value".
 *
 * out     gets at most size bytes, as it was typed: not escaped
 * letter  what it returned: '?' or ':'. Its own words are off: opterr is 0, and a colon stands
 *         in front of the short options
 * longs   each short option has a long one of the same val
 */
void options_explain(char *out, size_t size, int letter, char *const *argv,
		     const struct option *longs);

#endif
