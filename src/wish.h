/* What somebody at the door wishes of the polls: a sweep now, be it of one account or of all. */
#ifndef WISH_H
#define WISH_H

#include <stddef.h>

#include "poll.h"
#include "serve/serve.h"

/*
 * Ask them; the answer follows when the last one is done.
 *
 * Answer  {"items": [{"account", "result": "swept", "failed" or "refused", "error", "whole", "shrunk",
 *         "devices", "missing", "removed", "events", "duration_ms"}], "next": null}; error is why
 *         there was no sweep, else null, and all behind it is null where there was none.
 */
void wish_grant(struct serve_wish *wish, struct poll *const *polls, size_t n);

#endif
