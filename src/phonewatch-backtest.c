/* phonewatch-backtest: phonewatch, as it reads the rules of a configuration. No program for people:
 * phonewatch starts it for its command backtest. Whoever reads a whole configuration needs libraries
 * that would slow the start of every other command. */
#include "cli/cli.h"
#include "config.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv, config_database_path, config_load_rules);
}
