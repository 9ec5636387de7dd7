/* How whoever watches steers the simulation over HTTP:
 *
 *   POST /sim           commands, one a line, run at once, or later where they begin with "at";
 *                       200 with a line each, or 400 with "line N: what is wrong"
 *   GET  /sim           the commands there are
 *   GET  /sim/devices   [{"id","status","name","site","type","extensionNumber",
 *                       "lastLocationReportTime"}, ...]: the truth now, of the first account or
 *                       of ?account=NAME, hidden devices left out; null where a device has none
 *   GET  /sim/accounts  [{"name","id","client_id","devices"}, ...] */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include <stdbool.h>

struct play;
struct server_request;
struct vendor;

/* Answer it, if it is for us. */
bool control_answer(struct play *p, const struct vendor *v, struct server_request *req);

#endif
