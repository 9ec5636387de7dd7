/* Which alerts are silenced now: what a row says is only that one began within a silence. */
#ifndef CLI_SILENCED_H
#define CLI_SILENCED_H

#include "cli/cli.h"
#include "query/alerts.h"

/* Take out those for which --match does not hold, and set silenced_by of each to the silence that is in force for it; 0: none. Part of a read. Returns 0 or
 * ERR_STORE. */
int silenced_mark(struct cli *cli, struct store_conn *c, struct alert_rows *rows);

#endif
