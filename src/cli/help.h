/* What phonewatch says of itself, out of the tables of commands and options. Each returns an exit
 * status. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/commands.h"

int help_all(void);
int help_command(const struct cli_command *command);
int help_version(void);

#endif
