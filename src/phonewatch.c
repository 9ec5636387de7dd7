/* phonewatch: who asks from a shell. */
#include "cli/cli.h"
#include "config.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv, config_database_path, NULL);
}
