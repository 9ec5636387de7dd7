/* A program of the user's, run for each event.
 *
 * It gets the CloudEvent and a newline on its standard input and nothing else: no shell, no argument
 * but its own, no environment but PATH and LANG, no other descriptor. What it prints is thrown away;
 * the first line of its standard error says why it failed.
 *
 * Exit 0: delivered. 75 (EX_TEMPFAIL), a signal, or no program to be run: later. Any other: this event
 * is refused, as by a receiver that answers 400. */
#ifndef SINK_EXEC_H
#define SINK_EXEC_H

#include "sink/sink.h"

extern const struct sink_ops exec_ops;

#endif
