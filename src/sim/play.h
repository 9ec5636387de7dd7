/* The whole simulation on a loop: a server, the vendor's API, a world with its life, a script,
 * and /sim, by which whoever watches steers it:
 *
 *   POST /sim           commands, one a line, run at once; 200 with a line each, or 400 with
 *                       "line N: what is wrong"
 *   GET  /sim           the commands there are
 *   GET  /sim/devices   [{"id","status","name","site","type","lastLocationReportTime"}, ...]:
 *                       the truth now; null where a device has none */
#ifndef SIM_PLAY_H
#define SIM_PLAY_H

#include <stdint.h>
#include <uv.h>

#include "sim/vendor.h"
#include "sim/world.h"

struct err;
struct play;

struct play_config {
	const char *address;    /* loopback only */
	const char *cert, *key; /* PEM texts; NULL: plain HTTP */
	struct world_config world;
	struct vendor_config vendor; /* without base_url */
	const struct play_limit {
		const char *group;
		unsigned max;
		int64_t window_ms;
	} * limits; /* instead of the defaults */
	size_t n_limits;
	double share;       /* of the devices that change each minute */
	double speed;       /* of life's clock */
	const char *script; /* path; NULL: none */
	const char *log;    /* path; NULL: none */
};

/* Returns 0 or ERR_CONFIG, ERR_FORMAT with what is wrong. Life begins with the first list that
 * is fetched, so that who fetches sees all of it; the script when play_start returns. */
int play_start(uv_loop_t *loop, const struct play_config *config, struct play **out,
	       struct err *err);
/* Its memory goes in later turns of the loop. */
void play_stop(struct play *p);

const char *play_url(const struct play *p);
/* Run commands, as POST /sim does. */
int play_command(struct play *p, const char *text, struct err *err);

#endif
