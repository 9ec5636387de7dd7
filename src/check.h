/* phonewatchd --check: what is wrong with a configuration, and what it will cost. */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stdio.h>

#include "config.h"
#include "store/store.h"

/* The database as any reader opens it; NULL where there is none yet, or none that we may read. */
struct store_conn *check_open_database(const struct config *config);

/* Whether the daemon will be able to write its database: its folder, and who owns what. Says what is
 * wrong. Returns 0 or ERR_STORE. */
int check_database(const struct config *config, FILE *out);

/* Whether the folder of the database is there. */
bool check_has_folder(const struct config *config);

/* Forecast what each account costs of its budget: from the database where it has been seen, else
 * per 1,000 devices. */
void check_forecast(const struct config *config, FILE *out);

/*
 * Log in to every account, look at its device list, log out, and say: grant, permissions, route,
 * rate group, devices by type and site, or what is wrong and what to do about it.
 *
 * Makes a session of its own and ends it; the database is only read, for what the daemon has
 * learned of its budgets. Nothing is sent within a penalty, and one that begins is noted for the
 * daemon. Pages behind the first are asked for only while half of the limit is left.
 *
 * Returns 0, or ERR_DENIED where an account cannot be watched.
 */
int check_online(const struct config *config, FILE *out);

#endif
