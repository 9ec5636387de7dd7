/* phonewatchd --check: what is wrong with a configuration, and what it will cost. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

#include "config.h"

/* Forecast what each account costs of its budget: from the database where it has been seen, else
 * per 1,000 devices. */
void check_forecast(const struct config *config, FILE *out);

/*
 * Log in to every account, look at its device list, log out, and say: grant, permissions, route,
 * rate group, devices by type and site, or what is wrong and what to do about it.
 *
 * Makes a session of its own and ends it; the database is only read, for what the daemon has
 * learned of penalties. At most the account's share of one window of requests is used.
 *
 * Returns 0, or ERR_DENIED where an account cannot be watched.
 */
int check_online(const struct config *config, FILE *out);

#endif
