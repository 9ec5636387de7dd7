/* How phonewatch-sim was started: its command line, and its help. */
#ifndef SIM_LAUNCH_H
#define SIM_LAUNCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sim/play.h"

#define LAUNCH_USE_STATUS 2

struct launch {
	struct play_config play;
	int64_t for_ms;      /* stop after it; 0: when told to */
	const char *tell;    /* whom to tell what follows; NULL: nobody, play */
	const char *ca_file; /* of the one who is told; NULL: none was given */
	struct buf told;     /* commands, one a line */

	/* Private: what play points to. */
	struct buf setup; /* what rules and the like became: commands */
	char *cert, *key;
	char *secret, *jwt; /* read from files; NULL: not */
	char **webhook_secrets;
	size_t n_webhook_secrets, webhook_secrets_cap;
};

/* Read the arguments, which outlive *into. Returns -1 to go on, or the status to exit with: help
 * was asked for, or they are wrong and that was said on stderr. launch_clear() in any case. */
int launch_read(struct launch *into, int argc, char **argv);
void launch_clear(struct launch *l);

#endif
