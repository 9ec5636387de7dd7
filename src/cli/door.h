/* The daemon's door, for commands that ask it for something (serve/serve.h).
 *
 * A blocking client of its own: libcurl would cost every command 6 ms of its start, and a whole answer
 * by a unix socket is one line, a header and what follows until the end. */
#ifndef CLI_DOOR_H
#define CLI_DOOR_H

#include <jansson.h>

#include "cli/cli.h"

/*
 * Ask, and wait for the answer.
 *
 * body    the request's; taken over; NULL: none
 * answer  the caller's; only where CLI_OK is returned
 *
 * Returns an exit status, and has said what is wrong: CLI_DATABASE where it cannot be told which daemon
 * is meant, CLI_DAEMON where that cannot be reached, CLI_USAGE where it finds the request wrong,
 * CLI_REFUSED where it does not do it.
 */
int door_ask(struct cli *cli, const char *method, const char *path, json_t *body,
	     json_t **answer);

/* A text of an answer, borrowed; "" where it has none. */
const char *door_text(const json_t *answer, const char *name);

#endif
