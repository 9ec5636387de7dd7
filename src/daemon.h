/* The daemon: the polls and the dispatches of one configuration, from start over reloads to
 * stop. */
#ifndef DAEMON_H
#define DAEMON_H

#include "base/err.h"
#include "config.h"

/*
 * Run until SIGTERM or SIGINT. SIGHUP reads the configuration again: what is the same goes on
 * undisturbed; a bad one is refused and the old one goes on.
 *
 * config  is taken over, on failure too.
 *
 * Returns 0, ERR_CONFIG or ERR_STORE; err says why it could not start.
 */
int daemon_run(struct config *config, struct err *err);

#endif
