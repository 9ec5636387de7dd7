/* The table of commands, and that of options: for whoever reads the command line, and whoever
 * writes of it. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"

#define CLI_MAX_OPTIONS 32 /* struct cli has a bit for each */

struct cli_option {
	char letter; /* 0: it has none */
	char code;   /* in struct cli_command.options; 0: every command takes it */
	const char *name;
	const char *argument; /* NULL: none */
	const char *help;
	size_t at; /* offset in struct cli: of a text, or of a bool where it has no argument */
	size_t n_at; /* of one that may be repeated: at is of a list, this of its length; or 0 */
};

extern const struct cli_command cli_commands[];
extern const size_t cli_n_commands;
extern const struct cli_option cli_options[];
extern const size_t cli_n_options;

#endif
