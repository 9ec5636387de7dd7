/* Accounts that nobody watches: what is stored of their devices is old, and every answer that shows
 * it says so. */
#ifndef CLI_UNWATCHED_H
#define CLI_UNWATCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/*
 * Since when and why an account is not observed, and what to do, as in "not watched since 19:01:02
 * (6 min): phonewatchd does not run". has_daemon is store_reader_has_daemon(). The caller's.
 */
char *unwatched_why(const struct store_account *a, bool has_daemon, int64_t now_at_ms);

#endif
