/* The manual page and the help of phonewatch-sim are true: they name all that there is, and what
 * they show as an example runs. */
#include "sim/command.h"

#include "lib/suite.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "lib/playing.h"
#include "lib/program.h"
#include "sim/fault.h"
#include "sim/rules.h"
#include "sim/script.h"
#include "sim/verbs.h"

#define MANUAL    "../../man/phonewatch-sim.1" /* from the tests' data */
#define MAX_WORDS 32

static char *manual;

static void setup(void)
{
	playing_setup();
	manual = suite_data(MANUAL, NULL);
}

static void teardown(void)
{
	playing_teardown();
	free(manual);
}

/* ---- names ---- */

/* Whether the manual names a command word: after Cm, alone or among others, or at the end of an
 * option. */
static bool names(const char *macro, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = manual; (at = strstr(at, name)) != NULL; at += len) {
		const char *line = at;
		char before = at > manual ? at[-1] : '\n';

		while (line > manual && line[-1] != '\n')
			line--;
		if (line[0] == '.' && strstr(line, macro) != NULL &&
		    strstr(line, macro) < at && (before == ' ' || before == '-') &&
		    strchr(" \n", at[len]) != NULL)
			return true;
	}
	return false;
}

START_TEST(the_manual_names_every_word)
{
	for (size_t i = 0; i < verbs_n; i++)
		ck_assert_msg(names("Cm", verbs[i].name), "verb %s", verbs[i].name);
	for (size_t i = 0; i < rules_n; i++)
		ck_assert_msg(names("Cm", rule_rows[i].name), "rule %s",
			      rule_rows[i].name);
	for (size_t i = 0; i < act_n_rows; i++)
		ck_assert_msg(names("Cm", act_rows[i].name), "fault %s",
			      act_rows[i].name);
	for (size_t i = 0; i < ENDPOINT_N; i++)
		ck_assert_msg(names("Cm", endpoints[i].name), "endpoint %s",
			      endpoints[i].name);
	ck_assert(!names("Cm", "nonsense"));
}
END_TEST

/* What stands in the help between two lines, line by line: the first word of each that is
 * indented so far. */
static void check_help_lines(const char *help, const char *from, const char *to,
			     const char *indent, const char *macro)
{
	const char *at = strstr(help, from), *end = strstr(help, to);
	unsigned n = 0;

	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_nonnull(end);
	for (; at < end; at = strchr(at, '\n') + 1) {
		char word[64];

		if (strncmp(at, indent, strlen(indent)) != 0 ||
		    sscanf(at + strlen(indent), "%63[^ \n]", word) != 1)
			continue;
		ck_assert_msg(names(macro, word), "%s", word);
		n++;
	}
	ck_assert_uint_gt(n, 5);
}

/* ---- the program ---- */

/* Cut a line of a shell without anything special in it, and put more behind it. */
static pid_t launch_line(const char *line, const char *const *more, FILE **out)
{
	char *list[MAX_WORDS + 1] = {0};
	struct words w;
	struct err err;
	pid_t pid;

	ck_assert_int_eq(words_split(&w, line, strcspn(line, "&\n"), &err), 0);
	for (; *more != NULL; more++)
		words_add(&w, *more);
	ck_assert_uint_le(w.n, MAX_WORDS);
	for (size_t i = 0; i < w.n; i++)
		list[i] = w.list[i];
	pid = program_start(list, out);
	words_clear(&w);
	return pid;
}

/* All that it prints, for free(); it must end well. */
static char *output_of(const char *line, const char *const *more)
{
	struct buf text;
	char block[4096];
	FILE *out;
	pid_t pid = launch_line(line, more, &out);
	size_t n;

	buf_init(&text, (size_t)1 << 20);
	while ((n = fread(block, 1, sizeof block, out)) > 0)
		buf_add(&text, block, n);
	fclose(out);
	ck_assert_msg(program_status(pid) == 0, "%s: %s", line, buf_text(&text));
	return text.data != NULL ? text.data : mem_strdup("");
}

static const char *const nothing[] = {NULL};

START_TEST(the_manual_names_every_option_and_action_of_the_help)
{
	char *help = output_of("phonewatch-sim --help", nothing);

	check_help_lines(help, "\nWhere\n", "\nHow the vendor behaves", "  --", "Fl");
	check_help_lines(help, "\nHow the vendor behaves", "\nCommands, one a line",
			 "  --", "Cm");
	check_help_lines(help, "ACTION is one of\n", "CHOICE is ", "      ", "Cm");
	free(help);
}
END_TEST

/* ---- examples ---- */

/* A line of the manual as it is shown. */
static void unroff(struct buf *out, const char *line, size_t len)
{
	static const struct {
		const char *roff;
		char shown;
	} escapes[] = {{"\\(dq", '"'}, {"\\(aq", '\''}, {"\\e", '\\'}};

	for (size_t i = 0; i < len;) {
		size_t e = 0;

		while (e < COUNT(escapes) &&
		       strncmp(line + i, escapes[e].roff, strlen(escapes[e].roff)) != 0)
			e++;
		if (e < COUNT(escapes)) {
			buf_add(out, &escapes[e].shown, 1);
			i += strlen(escapes[e].roff);
		} else {
			buf_add(out, &line[i++], 1);
		}
	}
	buf_add_text(out, "\n");
}

/* The next script of the manual from *at on, for buf_clear(); false behind the last. */
static bool next_script(const char **at, struct buf *script)
{
	static const char mark[] = "\n.\\\" script\n";

	*at = strstr(*at, mark);
	if (*at == NULL)
		return false;
	*at += sizeof mark - 1;
	buf_init(script, 1 << 20);
	while (**at != '.' && **at != '$') {
		size_t len = strcspn(*at, "\n");

		unroff(script, *at, len);
		*at += len + 1;
	}
	(*at)--; /* the next one may follow at once */
	return true;
}

/* All of its commands, whenever they are due, at once. */
static void run_all(const struct buf *text)
{
	struct script s;
	struct buf line;
	struct err err;

	ck_assert_msg(script_read(&s, text->data, text->len, &err) == 0, "%s in\n%s",
		      err.text, text->data);
	ck_assert_uint_gt(s.n, 0);
	for (size_t i = 0; i < s.n; i++) {
		buf_init(&line, 1 << 16);
		for (size_t word = 0; word < s.commands[i].words.n; word++)
			buf_printf(&line, "'%s' ", s.commands[i].words.list[word]);
		playing_command("%s", line.data);
		buf_clear(&line);
	}
	script_clear(&s);
}

START_TEST(every_script_of_the_manual_runs)
{
	const char *at = manual;
	struct buf script;
	unsigned n = 0;

	playing_start();
	while (next_script(&at, &script)) {
		run_all(&script);
		buf_clear(&script);
		n++;
	}
	ck_assert_uint_ge(n, 7);
}
END_TEST

START_TEST(every_command_line_of_the_manual_starts)
{
	static const char begin[] = "\n$ phonewatch-sim --";
	static const char *const shortly[] = {"--listen", "127.0.0.1:0", "--for", "50ms",
					      NULL};
	char *script = playing_file("outage.txt", "shuffle\n");
	unsigned n = 0;

	ck_assert_int_eq(chdir(suite_dir()), 0);
	for (const char *at = manual; (at = strstr(at, begin)) != NULL; n++) {
		char *line = mem_strndup(at + 3, strcspn(at + 3, "\n")), *text;

		at += sizeof begin - 1;
		if (strstr(line, "--tell") != NULL) {
			free(line);
			continue;
		}
		text = output_of(line, shortly);
		ck_assert_msg(strstr(text, "listening on ") == text, "%s", text);
		free(text);
		free(line);
	}
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_uint_ge(n, 4);
	free(script);
}
END_TEST

/* What somebody does who reads the first lines of the help: Denver falls, and returns. */
START_TEST(the_first_example_of_the_help_is_a_power_cut_in_denver)
{
	static const char example[] = "A power cut in Denver, for a minute:\n";
	static const char *const anywhere[] = {"--listen", "127.0.0.1:0", NULL};
	char *help = output_of("phonewatch-sim --help", nothing), *answer;
	const char *at = strstr(help, example);
	char greeting[128], told[256], where[64];
	FILE *out;
	pid_t pid;

	ck_assert_ptr_nonnull(at);
	at += strlen(example);
	pid = launch_line(at, anywhere, &out);
	ck_assert_ptr_nonnull(fgets(greeting, sizeof greeting, out));
	ck_assert_int_eq(sscanf(greeting, "listening on %63s", where), 1);
	for (int i = 0; i < 2; i++) {
		at = strchr(at, '\n') + 1;
		ck_assert_ptr_eq(strstr(at, "  phonewatch-sim --tell 127.0.0.1:8080 "),
				 at);
		snprintf(told, sizeof told, "phonewatch-sim --tell %s %.*s", where,
			 (int)strcspn(at + 39, "\n"), at + 39);
		answer = output_of(told, nothing);
		if (i == 0)
			ck_assert_ptr_nonnull(strstr(answer, " changed to Offline\n"));
		else
			ck_assert_str_eq(answer, "1 later\n");
		ck_assert_int_eq(atoi(answer) > 20, i == 0);
		free(answer);
	}
	kill(pid, SIGTERM);
	fclose(out);
	ck_assert_int_eq(program_status(pid), 0);
	free(help);
}
END_TEST

/* ---- telling ---- */

static const struct {
	const char *words;
	int status;
	const char *answer;
} tellings[] = {
	{"device first name \"A new name\"", 0, "changed\n"},
	{"\"device first name Other\"", 0, "changed\n"},
	{"site Nowhere offline", 2, "line 1: no site \"Nowhere\"\n"},
	{"bogus", 2, "line 1: no command \"bogus\""},
};

START_TEST(a_simulator_is_told)
{
	static const char *const anywhere[] = {"--listen", "127.0.0.1:0", NULL};
	char line[256], where[64], answer[256] = "";
	FILE *out, *told;
	pid_t pid = launch_line("phonewatch-sim", anywhere, &out), teller;

	ck_assert_ptr_nonnull(fgets(line, sizeof line, out));
	ck_assert_int_eq(sscanf(line, "listening on http://%63s", where), 1);
	snprintf(line, sizeof line, "phonewatch-sim --tell %s %s", where,
		 tellings[_i].words);
	teller = launch_line(line, nothing, &told);
	ck_assert_ptr_nonnull(fgets(answer, sizeof answer, told));
	ck_assert_msg(strstr(answer, tellings[_i].answer) != NULL, "%s", answer);
	fclose(told);
	ck_assert_int_eq(program_status(teller), tellings[_i].status);
	kill(pid, SIGTERM);
	fclose(out);
	ck_assert_int_eq(program_status(pid), 0);
}
END_TEST

START_TEST(nobody_to_tell_is_status_1)
{
	FILE *out;
	pid_t pid =
		launch_line("phonewatch-sim --tell 127.0.0.1:1 shuffle", nothing, &out);
	char line[256];

	ck_assert_ptr_nonnull(fgets(line, sizeof line, out));
	ck_assert_ptr_eq(strstr(line, "phonewatch-sim: 127.0.0.1:1: "), line);
	fclose(out);
	ck_assert_int_eq(program_status(pid), 1);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{the_manual_names_every_word, 1},
		{the_manual_names_every_option_and_action_of_the_help, 1},
		{every_script_of_the_manual_runs, 1},
		{every_command_line_of_the_manual_starts, 1},
		{the_first_example_of_the_help_is_a_power_cut_in_denver, 1},
		{a_simulator_is_told, COUNT(tellings)},
		{nobody_to_tell_is_status_1, 1},
	};

	return suite_run("manual", tests, COUNT(tests), setup, teardown);
}
