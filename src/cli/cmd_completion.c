/* phonewatch completion: scripts for shells, out of the tables of commands and options. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/commands.h"

static bool takes(const struct cli_command *command, const struct cli_option *option)
{
	return option->code == 0 || strchr(command->options, option->code) != NULL;
}

/* Values that can be told, of options that have only a few. */
static const char *values_of(const struct cli_option *option)
{
	if (strcmp(option->name, "output") == 0)
		return "table json ndjson csv";
	if (strcmp(option->name, "by") == 0)
		return "device site model account";
	if (strcmp(option->name, "match") == 0)
		return "account= site= type= model= device= name=";
	if (option->argument != NULL && strcmp(option->argument, "T") == 0)
		return "now today yesterday monday tuesday wednesday thursday friday saturday"
		       " sunday -1h -1d -7d -30d";
	return NULL;
}

/* What can stand behind a command, where that is one of a few words; else "". */
static const char *words_of(const struct cli_command *command)
{
	if (strcmp(command->name, "completion") == 0)
		return "bash zsh fish";
	if (strcmp(command->name, "drill") == 0)
		return "device_offline device_flapping site_outage account_outage"
		       " location_stale emergency_invalid monitor_blind";
	return strcmp(command->name, "silence") == 0 ? "add list remove" : "";
}

/* What is completed is only the beginning: a pattern follows. */
static bool goes_on(const struct cli_option *option)
{
	return strcmp(option->name, "match") == 0;
}

static bool is_file(const struct cli_option *option)
{
	return option->argument != NULL && strcmp(option->argument, "FILE") == 0;
}

/* ---- bash ---- */

static void bash_commands(void)
{
	for (size_t i = 0; i < cli_n_commands; i++)
		printf("%s%s", i > 0 ? " " : "", cli_commands[i].name);
}

static void bash_options(const struct cli_command *command)
{
	printf("\t%s) words=\"", command->name);
	for (size_t i = 0; i < cli_n_options; i++)
		if (takes(command, &cli_options[i]))
			printf("--%s ", cli_options[i].name);
	printf("%s\" ;;\n", words_of(command));
}

static void bash_values(void)
{
	for (size_t i = 0; i < cli_n_options; i++) {
		const struct cli_option *o = &cli_options[i];

		if (o->argument == NULL)
			continue;
		printf("\t--%s", o->name);
		if (o->letter != 0)
			printf("|-%c", o->letter);
		if (is_file(o))
			puts(") COMPREPLY=($(compgen -f -- \"$now\")); return ;;");
		else if (values_of(o) != NULL)
			printf(") COMPREPLY=($(compgen -W \"%s\" -- \"$now\"))%s; return ;;\n",
			       values_of(o), goes_on(o) ? "; compopt -o nospace" : "");
		else
			puts(") return ;;");
	}
}

static void bash(void)
{
	puts("# bash completion of phonewatch(1)\n_phonewatch() {\n"
	     "\tlocal now=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}"
	     " words word command=\n\tCOMPREPLY=()\n\tcase $before in");
	bash_values();
	printf("\tesac\n\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	       "\t\tcase \" ");
	bash_commands();
	puts(" \" in *\" $word \"*) command=$word; break ;; esac\n\tdone\n"
	     "\tcase $command in");
	for (size_t i = 0; i < cli_n_commands; i++)
		bash_options(&cli_commands[i]);
	printf("\t*) words=\"");
	bash_commands();
	for (size_t i = 0; i < cli_n_options; i++)
		if (cli_options[i].code == 0)
			printf(" --%s", cli_options[i].name);
	puts("\" ;;\n\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$now\"))\n}\n"
	     "complete -F _phonewatch phonewatch");
}

/* ---- zsh ---- */

/* A help text within single quotes and brackets. */
static void zsh_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (strchr("[]:\\", *text) != NULL)
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void zsh_name(const struct cli_option *o)
{
	bool again = strcmp(o->name, "match") == 0 || strcmp(o->name, "type") == 0;

	if (o->letter != 0)
		printf("'(-%c --%s)'{-%c,--%s}'", o->letter, o->name, o->letter, o->name);
	else
		printf("'%s--%s", again ? "*" : "", o->name);
}

static void zsh_option(const struct cli_option *o)
{
	printf("\t\t");
	zsh_name(o);
	printf("[");
	zsh_text(o->help);
	printf("]");
	if (is_file(o))
		printf(":file:_files");
	else if (goes_on(o))
		printf(":%s:compadd -S \"\" -- %s", o->name, values_of(o));
	else if (o->argument != NULL && values_of(o) != NULL)
		printf(":%s:(%s)", o->name, values_of(o));
	else if (o->argument != NULL)
		printf(":%s: ", o->name);
	puts("' \\");
}

static void zsh_commands(void)
{
	puts("\tcommands=(");
	for (size_t i = 0; i < cli_n_commands; i++) {
		printf("\t\t'%s:", cli_commands[i].name);
		zsh_text(cli_commands[i].summary);
		puts("'");
	}
	puts("\t)");
}

/* What stands in the place of words that are no options. */
static void zsh_words(const struct cli_command *command)
{
	if (words_of(command)[0] != '\0')
		printf("\t\t'*:what:(%s)' ;;\n", words_of(command));
	else if (command->arguments != NULL && strcmp(command->arguments, "FILE") == 0)
		puts("\t\t'*:file:_files' ;;");
	else
		puts("\t\t'*: :()' ;;");
}

static void zsh(void)
{
	puts("#compdef phonewatch\n# zsh completion of phonewatch(1)\n_phonewatch() {\n"
	     "\tlocal -a commands\n\tlocal word command state line");
	zsh_commands();
	puts("\tfor word in \"${(@)words[2,CURRENT-1]}\"; do\n"
	     "\t\tif (( ${commands[(I)$word:*]} )); then command=$word; break; fi\n"
	     "\tdone\n\tcase $command in");
	for (size_t i = 0; i < cli_n_commands; i++) {
		printf("\t%s) _arguments \\\n", cli_commands[i].name);
		for (size_t k = 0; k < cli_n_options; k++)
			if (takes(&cli_commands[i], &cli_options[k]))
				zsh_option(&cli_options[k]);
		zsh_words(&cli_commands[i]);
	}
	puts("\t*) _arguments \\");
	for (size_t k = 0; k < cli_n_options; k++)
		if (cli_options[k].code == 0)
			zsh_option(&cli_options[k]);
	puts("\t\t'*: :->commands'\n"
	     "\t\tif [[ $state == commands ]]; then _describe command commands; fi ;;\n"
	     "\tesac\n}\n"
	     "if [ \"$funcstack[1]\" = _phonewatch ]; then _phonewatch; else compdef"
	     " _phonewatch phonewatch; fi");
}

/* ---- fish ---- */

static void fish_text(const char *text)
{
	putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('\'');
}

static void fish_option(const struct cli_option *o)
{
	printf("complete -c phonewatch");
	if (o->code != 0) {
		printf(" -n '__fish_seen_subcommand_from");
		for (size_t i = 0; i < cli_n_commands; i++)
			if (takes(&cli_commands[i], o))
				printf(" %s", cli_commands[i].name);
		printf("'");
	}
	printf(" -l %s", o->name);
	if (o->letter != 0)
		printf(" -s %c", o->letter);
	if (is_file(o))
		printf(" -rF");
	else if (o->argument != NULL)
		printf(" -x");
	if (values_of(o) != NULL)
		printf(" -a '%s'", values_of(o));
	printf(" -d ");
	fish_text(o->help);
	puts("");
}

static void fish(void)
{
	puts("# fish completion of phonewatch(1)\ncomplete -c phonewatch -f");
	for (size_t i = 0; i < cli_n_commands; i++) {
		printf("complete -c phonewatch -n __fish_use_subcommand -a %s -d ",
		       cli_commands[i].name);
		fish_text(cli_commands[i].summary);
		puts("");
	}
	for (size_t i = 0; i < cli_n_commands; i++)
		if (words_of(&cli_commands[i])[0] != '\0')
			printf("complete -c phonewatch -n '__fish_seen_subcommand_from %s' -a"
			       " '%s'\n",
			       cli_commands[i].name, words_of(&cli_commands[i]));
	for (size_t i = 0; i < cli_n_options; i++)
		fish_option(&cli_options[i]);
}

int cmd_completion(struct cli *cli)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

	for (size_t i = 0; i < COUNT(shells); i++) {
		if (strcmp(cli->arguments[0], shells[i].name) == 0) {
			shells[i].print();
			return fflush(stdout) == 0 ? CLI_OK : CLI_OUTPUT;
		}
	}
	return cli_usage("completion %s: not bash, zsh or fish", cli->arguments[0]);
}
