#include "cli/help.h"

#include <stdio.h>
#include <string.h>

static void print_options(const char *codes)
{
	for (size_t i = 0; i < cli_n_options; i++) {
		char left[40], letter[8] = "    ";
		const char *argument = cli_options[i].argument;
		bool of_all = cli_options[i].code == 0;

		if (codes == NULL ? !of_all
				  : !of_all && strchr(codes, cli_options[i].code) == NULL)
			continue;
		if (cli_options[i].letter != 0)
			snprintf(letter, sizeof letter, "-%c, ", cli_options[i].letter);
		snprintf(left, sizeof left, "%s--%s%s%s", letter, cli_options[i].name,
			 argument != NULL ? " " : "", argument != NULL ? argument : "");
		printf("  %-26s %s\n", left, cli_options[i].help);
	}
}

static int end(void)
{
	return fflush(stdout) == 0 ? CLI_OK : CLI_OUTPUT;
}

int help_all(void)
{
	puts("Usage: phonewatch [-c FILE | -d FILE] [-o FORMAT] COMMAND [OPTION ...]\n"
	     "Tell how the phones are and were. Reads the database, whether phonewatchd\n"
	     "runs or not, and changes nothing: what changes something asks phonewatchd.\n\n"
	     "Commands:");
	for (size_t i = 0; i < cli_n_commands; i++)
		printf("  %-26s %s\n", cli_commands[i].name, cli_commands[i].summary);
	puts("\nOptions:");
	print_options(NULL);
	puts("\nphonewatch COMMAND --help tells of one command, phonewatch(1) of all.");
	return end();
}

int help_command(const struct cli_command *command)
{
	printf("Usage: phonewatch %s%s%s [OPTION ...]\n", command->name,
	       command->arguments != NULL ? " " : "",
	       command->arguments != NULL ? command->arguments : "");
	printf("%s\n\nOptions:\n", command->help);
	print_options(command->options);
	return end();
}

int help_version(void)
{
	puts("phonewatch " PACKAGE_VERSION);
	return end();
}
