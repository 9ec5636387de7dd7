/* The sample configuration, etc/phonewatch.conf, as the table of keys has it: every key, commented, at
 * its default, with its help. */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include <stdio.h>

void sample_print(FILE *out);

#endif
