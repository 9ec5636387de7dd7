/* The programs that we build, run by a test. */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <stdio.h>
#include <sys/types.h>

/* Start the program that words[0] names, from $TEST_BIN or here; its stdout and stderr are read
 * from *out, which is for fclose(). */
pid_t program_start(char *const words[], FILE **out);
/* Wait for its end. Returns its exit status; a signal that ends it fails the test. */
int program_status(pid_t pid);

#endif
